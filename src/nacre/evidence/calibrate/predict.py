"""Predictions of a calibrated model for cells that nobody has built, with intervals from the calibration.

    [[calibration.prediction]]
    name = "3 nm"
    sample = "new"
    change = { "cathode.coating_thickness" = "3 nm" }     # as in cell.toml; and `loading`, `coverage`, `n_over_p`

`loading = "2"` is twice the cathode on the same area; `coverage = "80 %"` of a coating that was calibrated as closed;
`n_over_p = "1.2"` another anode. Intervals hold the error of the calibration alone: what a change rests on that no
evidence varied is said beside it, by the status of the numbers it brings in.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nacre.cell.ageing.plugins import load_names
from nacre.cell.parameters import NAMES, CellParameters, ModelParameter, ParameterSpec, find_name, read_number
from nacre.core.errors import NacreError, unknown
from nacre.core.quantity import Quantity, parse
from nacre.core.study import Study
from nacre.evidence.calibrate.fit import Progress, silent
from nacre.evidence.calibrate.model import Model, SampleTests
from nacre.evidence.calibrate.observed import KINDS, Observed, value_of
from nacre.evidence.calibrate.settings import only
from nacre.evidence.calibrate.simulated_tests import Failed, Plan

KEYS = ("name", "sample", "change")
DRAWS = 48
EXTRA = ("loading", "coverage", "n_over_p")
RESTS_ON = {
    "cathode.coating_thickness": ("cathode.coating_conductivity",),
    "cathode.coating_conductivity": ("cathode.coating_thickness",),
    "cell.temperature": (
        "cathode.activation_diffusivity", "cathode.activation_exchange", "separator.activation",
        "cathode.activation_ionic_conductivity",
    ),
    "loading": ("cathode.ionic_conductivity", "cathode.electronic_conductivity"),
    "cathode.thickness": ("cathode.ionic_conductivity", "cathode.electronic_conductivity"),
    "n_over_p": ("anode.ionic_conductivity",),
    "coverage": ("cathode.contact",),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A change to one sample's cell, by parameter or by one of the words of `EXTRA`, as text with units."""

    name: str
    sample: str
    change: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Prediction:
    """A case with its observables: value of the best fit, ends of 95 % of the draws; what it rests on, in words."""

    case: Case
    observed: tuple[Observed, ...]
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    std: np.ndarray
    draws: int
    doubts: tuple[str, ...]
    failed: str = ""


def read_cases(study: Study) -> tuple[Case, ...]:
    """The cases of study.toml. Raises NacreError with place and cure."""
    rows = (study.extra.get("calibration") or {}).get("prediction", [])
    return tuple(_case(row, study, f"study.toml [calibration], prediction {k}") for k, row in enumerate(rows, 1))


def _case(raw: Mapping, study: Study, where: str) -> Case:
    only(raw, KEYS, where)
    sample = str(raw.get("sample", ""))
    if sample not in study.samples:
        raise unknown("sample", sample, study.samples, where)
    return checked(
        Case(str(raw.get("name", "")) or "changed", sample, dict(raw.get("change", {}))),
        where,
        load_names(study.folder),
    )


def parse_case(text: str, sample: str, where: str = "--case", known: Mapping[str, ParameterSpec] = NAMES) -> Case:
    """`3 nm: cathode.coating_thickness = 3 nm; loading = 2`, the name in front being optional; known: numbers of the
    cell."""
    name, colon, rest = text.partition(":")
    body = rest if colon else text
    change = {}
    for part in body.split(";"):
        key, equals, value = part.partition("=")
        if not equals:
            raise NacreError("cannot read a change", where=where, found=f"'{part.strip()}'",
                             expected="PARAMETER = VALUE, set apart by ;")  # fmt: skip
        change[key.strip()] = value.strip()
    return checked(Case(name.strip() if colon else body.strip(), sample, change), where, known)


def checked(case: Case, where: str, known: Mapping[str, ParameterSpec] = NAMES) -> Case:
    """The case itself. Raises NacreError where a word or a value cannot be."""
    for key, text in case.change.items():
        if key in EXTRA:
            value = parse(str(text), "1", where=f"{where}, {key}").value
            if not value > 0 or (key == "coverage" and value > 1):
                raise NacreError(f"{key} cannot be", where=where, found=str(text), expected="above 0"
                                 + (", at most 100 %" if key == "coverage" else ""))  # fmt: skip
        else:
            row = find_name(key, where, known)
            value = parse(str(text), row.unit, where=f"{where}, {key}").value
            if not row.low <= value <= row.high:
                raise NacreError(f"{key} ({row.words}) cannot be", where=where, found=str(text),
                                 expected=f"{row.low:g} to {row.high:g} {row.unit}")  # fmt: skip
    return case


def changed(cell: CellParameters, case: Case) -> CellParameters:
    """The cell of a case."""
    numbers = dict(cell.numbers)
    source = f"predicted case '{case.name}'"

    def put(name: str, value: float, unit: str) -> None:
        numbers[name] = ModelParameter(Quantity(value, unit), "assumed", source)

    for key, text in case.change.items():
        if key == "loading":
            factor = parse(str(text), "1").value
            for name, unit in (("cathode.thickness", "um"), ("cell.cam_mass", "mg")):
                put(name, factor * cell.value(name, unit), unit)
        elif key == "coverage":
            slowing = cell.value("ageing.slowing")
            put("ageing.slowing", 1.0, "1")
            put("ageing.coverage", parse(str(text), "1").value, "1")
            put("ageing.coating_leak", min(1.0, slowing**2), "1")
        elif key == "n_over_p":
            ratio = cell.sites("anode") / cell.sites("cathode")
            put("anode.thickness", cell.value("anode.thickness") * parse(str(text), "1").value / ratio, "um")
        else:
            numbers[key] = read_number(key, str(text), "assumed", source, case.name, cell.names)
    return replace(cell, numbers=numbers)


# --- the observables of a prediction ---------------------------------------------------------------------------


def asked(sample: str, plan: Plan, ageing: bool) -> tuple[Observed, ...]:
    """What is predicted of a cell: capacities by rate, the first efficiency, fading and resistances."""
    first, *others = plan.rates
    rows: list[tuple[str, dict[str, Any]]] = [
        ("discharge_capacity", {"cycle": 1, "rate_C": first}),
        ("coulombic_efficiency", {"cycle": 1, "rate_C": first}),
    ]
    rows += [("discharge_capacity", {"rate_C": rate, "segment": "rate"}) for rate in others]
    if ageing:
        last: dict[str, Any] = {"cycle": plan.ageing_cycles, "rate_C": plan.ageing_rate, "segment": "ageing"}
        rows += [("capacity_retention", last), ("discharge_capacity", last)]
        rows += [("r_cam_se", {"cycle": n, "at": "end of discharge"}) for n in (1, plan.ageing_cycles)]
    return tuple(Observed(sample, name, state, 0.0, 1.0, KINDS[name].unit) for name, state in rows)


def predict(
    model: Model,
    u: np.ndarray,
    covariance: np.ndarray,
    case: Case,
    seed: int,
    draws: int = DRAWS,
    progress: Progress = silent,
) -> Prediction:
    """One case: at the best fit, and at draws from the calibration's covariance (kept inside the ranges)."""
    sample = case.sample
    observed = asked(sample, model.plan, sample in model.ageing)
    best, why = _observables(model, u, case, observed)
    random = np.random.default_rng(seed)
    points = np.clip(random.multivariate_normal(u, covariance, draws), 0.0, 1.0)
    rows = []
    for number, point in enumerate(points if not why else (), 1):
        row, _ = _observables(model, point, case, observed)
        rows.append(row)
        progress(case.name, number, draws)
    table = np.array([row for row in rows if np.isfinite(row).all()]).reshape(-1, len(observed))
    if len(table) < 10:
        empty = np.full(len(observed), math.nan)
        return Prediction(
            case, observed, best, empty, empty, empty, len(table), _doubts(model, u, case), why or "too few draws"
        )
    low, high = np.percentile(table, [2.5, 97.5], axis=0)
    return Prediction(case, observed, best, low, high, table.std(axis=0, ddof=1), len(table), _doubts(model, u, case))


def _observables(model: Model, u, case: Case, observed: Sequence[Observed]) -> tuple[np.ndarray, str]:
    values = model.values(u)
    try:
        cell = changed(model.parameters(values, case.sample), case)
        tests = SampleTests(*model.of_cell(cell, case.sample))
        return np.array([value_of(o, {case.sample: tests}, model.plan) for o in observed]), ""
    except (Failed, NacreError, ValueError) as error:
        return np.full(len(observed), math.nan), str(error)


def _doubts(model: Model, u: np.ndarray, case: Case) -> tuple[str, ...]:
    """What a case rests on that the evidence never varied."""
    cell = model.parameters(model.values(u), case.sample)
    fitted = {f.name: f for f in model.free if f.sample in ("", case.sample)}
    found = []
    for key in case.change:
        rests = [n for n in RESTS_ON.get(key, ()) if n not in fitted]
        words = ", ".join(f"{n} ({cell.numbers[n].status})" for n in rests if n in cell.numbers)
        text = f"extrapolated: no evidence varies {key}"
        found.append(f"{text}; it rests on {words}" if words else text)
        if key == "cell.temperature" and not cell.value("ageing.activation_growth"):
            found.append("how ageing goes with temperature is not known: it is taken as at the temperature of the test")
        if key == "coverage":
            found.append("the coating was calibrated as closed; bare patches age as the uncoated sample, their contact"
                         " at the start is not told")  # fmt: skip
    return tuple(found)
