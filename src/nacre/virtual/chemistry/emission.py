"""A virtual ICP-OES: a run of standards, blanks, drift checks, digests and spiked digests of known content.

The record adds what an analysis does not model: a sensitivity that warms up along an exponential and wanders, a matrix
of acid and metals that presses the signal of digests down, a calibration that bends a little, standards that were
pipetted with an error, and a foreign line beneath one of the lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from nacre.core.signal import Signal, table


@dataclass(frozen=True)
class EmissionLine:
    """An emission line: element, wavelength in nm, counts per s and mg/L, background in counts per s.

    foreign : (element, part): so many mg/L of signal per mg/L of another element beneath it.
    """

    element: str
    wavelength: float
    sensitivity: float
    background: float
    foreign: tuple[str, float] = ("", 0.0)


LINES = (
    EmissionLine("Hf", 264.141, 21000.0, 260.0),
    EmissionLine("Hf", 277.336, 30500.0, 330.0),
    EmissionLine("Zr", 343.823, 95000.0, 420.0),
    EmissionLine("Li", 670.784, 310000.0, 900.0),
    EmissionLine("Ni", 231.604, 17500.0, 190.0),
    EmissionLine("Co", 228.616, 23800.0, 210.0),
    EmissionLine("Mn", 257.610, 166000.0, 350.0),
)
TRACE = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Digest:
    """A powder brought into solution: contents in wt% by element, mass in g, volume in mL, factor of dilution.

    spike : mg/L added (in the solution measured) of the element `spiked`.
    """

    label: str
    contents: Mapping[str, float]
    mass: float
    volume: float = 50.0
    dilution: float = 10.0
    spiked: str = ""
    spike: float = 0.0


@dataclass(frozen=True)
class EmissionFlaws:
    """What the record does to the truth (relative unless said).

    drift : loss of sensitivity once warm; wander : random walk per solution; matrix : loss per 100 mg/L of dissolved
    metal; curvature : loss at 5 mg/L; pipetting : of each standard; noise : of a reading; shot : counts per s.
    assay : content of the stock standard over what its label says. weighing in mg, flask of the volumes.
    """

    drift: float = 0.025
    wander: float = 0.001
    matrix: float = 0.02
    curvature: float = 0.001
    pipetting: float = 0.002
    noise: float = 0.006
    shot: float = 12.0
    assay: float = 1.0
    weighing: float = 0.1
    flask: float = 0.001
    readings: int = 3


@dataclass(frozen=True)
class EmissionSpectrometer:
    """The lines it is set to, what its standards hold in mg/L of every element, and its flaws."""

    lines: tuple[EmissionLine, ...] = LINES
    standards: tuple[float, ...] = TRACE
    flaws: EmissionFlaws = field(default_factory=EmissionFlaws)


def measure_emission(
    digests: tuple[Digest, ...], spectrometer: EmissionSpectrometer | None = None, seed: int = 0
) -> Signal:
    """One run (kind "emission", origin "synthetic"): blank, standards, then digests between drift checks."""
    spectrometer = spectrometer or EmissionSpectrometer()
    flaws, rng = spectrometer.flaws, np.random.default_rng(seed)
    solutions = _arrange_sequence(digests, spectrometer, rng)
    gain = _compute_gain(len(solutions), flaws, rng)
    rows = [
        _write_row(solution, line, gain[i], i, flaws, rng)
        for i, solution in enumerate(solutions)
        for line in spectrometer.lines
    ]
    names = ("label", "type", "element")
    columns = {name: (np.array([row[name] for row in rows], str), "1") for name in names}
    for name, unit in (
        ("wavelength", "nm"),
        ("intensity", "cps"),
        ("intensity_std", "cps"),
        ("readings", "1"),
        ("concentration", "mg/L"),
        ("added", "mg/L"),
        ("mass", "g"),
        ("volume", "mL"),
        ("dilution", "1"),
        ("time", "s"),
    ):
        columns[name] = (np.array([row[name] for row in rows], float), unit)
    return table("emission", columns, origin="synthetic", name="virtual")


def _arrange_sequence(digests, spectrometer: EmissionSpectrometer, rng) -> list[dict]:
    """Every solution in the order it is sucked in: what is in it (mg/L) and what the run's table says of it."""
    flaws, elements = spectrometer.flaws, dict.fromkeys(line.element for line in spectrometer.lines)
    zero = dict.fromkeys(elements, 0.0)
    check = {"label": "Drift check", "type": "drift", "inside": dict.fromkeys(elements, 2.0 * flaws.assay)}
    made = [check, {"label": "Cal blank", "type": "blank", "inside": zero, "concentration": 0.0}]
    for i, held in enumerate(spectrometer.standards):
        true = {e: held * flaws.assay * (1 + flaws.pipetting * rng.normal()) for e in elements}
        made.append({"label": f"Std {i + 1}", "type": "standard", "inside": true, "concentration": held})
    made += [check, {"label": "Digest blank", "type": "blank", "inside": zero, "loaded": 0.0}]
    for i, digest in enumerate(digests):
        made.append(_digest(digest, flaws, rng))
        if i % 3 == 2:
            made.append(check)
    return made if made[-1] is check else [*made, check]


def _digest(digest: Digest, flaws: EmissionFlaws, rng) -> dict:
    mass = digest.mass + 1e-3 * flaws.weighing * rng.normal()
    volume = digest.volume * (1 + flaws.flask * rng.normal())
    dilution = digest.dilution * (1 + flaws.flask * rng.normal())
    inside = {e: 10 * share * mass / volume / dilution * 1e3 for e, share in digest.contents.items()}
    loaded = sum(inside.values())
    if digest.spiked:
        inside[digest.spiked] = inside.get(digest.spiked, 0.0) + digest.spike * flaws.assay
    told = {"mass": digest.mass, "volume": digest.volume, "dilution": digest.dilution}
    kind = {"label": digest.label, "type": "spike" if digest.spiked else "sample", "added": digest.spike}
    return {**kind, **told, "inside": inside, "loaded": loaded, "element": digest.spiked}


def _compute_gain(n: int, flaws: EmissionFlaws, rng) -> np.ndarray:
    """Sensitivity of every solution against that of the first."""
    warm = 1 - flaws.drift * (1 - np.exp(-np.arange(n) / (0.6 * n)))
    return warm * np.exp(np.cumsum(rng.normal(0, flaws.wander, n)))


def _write_row(solution: dict, line: EmissionLine, gain: float, i: int, flaws: EmissionFlaws, rng) -> dict:
    held = solution["inside"].get(line.element, 0.0) + line.foreign[1] * solution["inside"].get(line.foreign[0], 0.0)
    pressed = 1 - flaws.matrix * solution.get("loaded", 0.0) / 100
    bent = held * (1 - flaws.curvature * held / 5)
    true = gain * (line.background + line.sensitivity * bent * pressed)
    readings = rng.normal(true, np.hypot(flaws.shot, flaws.noise * true), flaws.readings)
    spiked = solution.get("element", "") == line.element
    return {
        "label": solution["label"],
        "type": solution["type"],
        "element": line.element,
        "wavelength": line.wavelength,
        "intensity": readings.mean(),
        "intensity_std": readings.std(ddof=1),
        "readings": flaws.readings,
        "concentration": solution.get("concentration", np.nan),
        "added": solution["added"] if spiked else np.nan,
        "mass": solution.get("mass", np.nan),
        "volume": solution.get("volume", np.nan),
        "dilution": solution.get("dilution", np.nan),
        "time": 90.0 * i,
    }
