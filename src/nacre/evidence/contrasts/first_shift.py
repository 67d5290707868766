"""How much higher the reference's peak of the followed transition lies in the cell's first charge, in mV."""

from dataclasses import replace

from nacre.core.outcome import Contrast
from nacre.core.quantity import Quantity
from nacre.evidence.contrasts.units import words_of_measurement
from nacre.materials.transitions import find_followed
from nacre.techniques.cycling.half_cycles import FORMATION

MV = 1e3


def first_shift(rows: list[Contrast]) -> list[Contrast]:
    """The contrasts, and that of the first shift where its peaks are among them, as reference less treated.

    It is the peaks' own comparison in other words, and has their verdict.
    """
    first = [row for row in rows if _is_first_charge(row)]
    if not first:
        return rows
    peak = min(first, key=lambda row: row.state.get("rate_C", 0.0))
    low, high = (None if bound is None else -MV * bound for bound in (peak.hi95, peak.lo95))
    measured = Quantity(peak.difference, peak.unit, peak.std)
    shift = replace(
        peak,
        name=find_followed().shift,
        unit="mV",
        reference=peak.treated,
        treated=peak.reference,
        difference=-MV * peak.difference,
        lo95=low,
        hi95=high,
        std=None if peak.std is None else MV * peak.std,
        margin=None if peak.margin is None else MV * peak.margin,
        scatter95=None if peak.scatter95 is None else MV * peak.scatter95,
        ratio=None,
        effect=None if peak.effect is None else -peak.effect,
        method=peak.method.replace(words_of_measurement(measured), words_of_measurement(measured.to("mV"))),
        n_reference=peak.n_treated,
        n_treated=peak.n_reference,
        reference_value=None,
        treated_value=None,
    )
    return [*rows, shift]


def _is_first_charge(row: Contrast) -> bool:
    state = row.state
    in_formation = str(state.get("segment", FORMATION[0])).lower().startswith(FORMATION)
    return (
        row.name == find_followed().peak
        and state.get("cycle") == 1
        and state.get("direction") == "charge"
        and in_formation
    )
