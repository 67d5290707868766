"""Small study folders of cycled cells, as csv files in Battery Data Format, for asking what is compared with what."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import nacre
from nacre.core.outcome import Contrast, Outcome

ONE_C = 0.19  # Ah/g
HEAD = "Test Time / s,Voltage / V,Current / A,Cycle Count / 1,Step Count / 1,Step Cumulative Capacity / Ah"
_STUDY = """schema = 1
[study]
name = "like-with-like"
reference = "bare"
[cell]
diameter = "10 mm"
one_c = "190 mA/g"
"""


@dataclass(frozen=True)
class Test:
    """A test of one cell: C-rate and discharge capacity (mAh/g) of each cycle; `begins` is its day since the first."""

    __test__ = False
    rates: Sequence[float]
    capacities: Sequence[float]
    window: tuple[float, float] = (3.0, 4.2)
    efficiency: float = 99.0
    begins: float | None = None


def write_test(path: Path, test: Test, current_mass: float) -> None:
    """Write the file. current_mass : mg that the cycler's currents were meant for; charges follow it too."""
    lines = [HEAD + (",Unix Time / s" if test.begins is not None else "")]
    clock, step = 0.0, 0
    low, high = test.window
    for cycle, (rate, capacity) in enumerate(zip(test.rates, test.capacities, strict=True), 1):
        current = rate * ONE_C * current_mass * 1e-3
        discharged = capacity * current_mass * 1e-6
        for sign, charge in ((1, discharged / test.efficiency * 100), (-1, discharged)):
            step += 1
            share = np.linspace(0.0, 1.0, 7)
            volts = low + (high - low) * (share if sign > 0 else 1 - share)
            for x, u in zip(share, volts, strict=True):
                seconds = clock + 3600 * charge / current * x
                row = f"{seconds:.3f},{u:.4f},{sign * current:.9f},{cycle},{step},{charge * x:.12f}"
                unix = "" if test.begins is None else f",{1.7e9 + 86400 * test.begins + seconds:.3f}"
                lines.append(row + unix)
            clock += 3600 * charge / current + 60.0
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def run_cells(folder: Path, cells: dict[str, dict[str, Test]], masses: dict[str, float] | None = None, more: str = ""):
    """Run a study of cells named like `bare-1`, each with its tests by name. masses : weighed, mg; else 10."""
    (folder / "raw").mkdir(parents=True)
    text, tests = _STUDY, []
    for sample in dict.fromkeys(cell.split("-")[0] for cell in cells):
        text += f'[[sample]]\nname = "{sample}"\ncam = "LiNi0.85Co0.10Mn0.05O2"\n'
    for cell, mine in cells.items():
        mass = (masses or {}).get(cell, 10.0)
        text += f'[cell.{cell}]\nsample = "{cell.split("-")[0]}"\ncam_mass = "{mass}(1) mg"\n'
        for name, test in mine.items():
            write_test(folder / "raw" / f"{cell}_{name}.bdf.csv", test, 10.0)
            tests += [name] if name not in tests else []
    for name in tests:
        having = ", ".join(f'"{cell}"' for cell, mine in cells.items() if name in mine)
        text += f'[[measurement]]\nname = "{name}"\nfiles = "raw/{{cell}}_{name}.bdf.csv"\ncell = [{having}]\n{more}\n'
    (folder / "study.toml").write_text(text, encoding="utf-8")
    outcome = nacre.run(folder / "study.toml")
    assert not outcome.failures, outcome.failures
    return outcome


def find(outcome: Outcome, name: str, measurement: str = "", technique: str = "", **state) -> list[Contrast]:
    """Contrasts of a quantity in a test, by the technique that found it, where the state holds what is given."""
    return [
        row
        for row in outcome.contrasts
        if row.name == name
        and measurement in ("", row.measurement)
        and row.quantities[0].startswith(technique)
        and state.items() <= row.state.items()
    ]
