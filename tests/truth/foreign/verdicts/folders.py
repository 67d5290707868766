"""Study folders as a laboratory leaves them: study.toml, cells.csv, raw files; the truth is handed back.

The numbers of the cells are those of `cells.draw_study`: a folder is the same study as the arrays, written out, so
that a rule can be asked of both.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from truth.foreign.verdicts.cells import Plan, draw_study
from truth.foreign.verdicts.cycler import HalfCycle, record_cell
from truth.foreign.verdicts.endpoints import FIRST, RETENTION
from truth.foreign.verdicts.habits import TABLE_COLUMNS, write_record
from truth.foreign.verdicts.spectra import FREQUENCIES, Pellet, draw_spectrum, write_spectrum
from truth.foreign.verdicts.study import Study, Truth

ONE_C = 0.190  # Ah/g
AREA = np.pi * 0.5**2  # cm2
RATES = {3: 0.2, 4: 0.5, 5: 1.0, 6: 2.0}
AGEING_FROM, AGEING_RATE = 7, 0.5
_NAMES = {"bdf": ("ref", "LHO", "{}_c{}"), "maccor": ("p", "c", "{}-{:02d}"), "table": ("Bare", "Coat", "{}{}")}
_FILES = {"bdf": "raw/{cell}.bdf.csv", "maccor": "raw/NCM85_{cell}_InLi.txt", "table": "raw/{cell}.dat"}
_SPECTRUM_ENDING = {"csv": "csv", "zplot": "z", "eclab": "mpt"}


@dataclass(frozen=True)
class CellTruth:
    """What one cell of a folder is.

    Attributes
    ----------
    name, sample
        As in study.toml.
    mass
        Weighed active material, mg, as in cells.csv.
    discharge, charge
        Of each cycle, mAh/g of the weighed mass, arrays (cycles,).
    values
        Single endpoints: capacities per rate, retention over the ageing cycles in %, resistances in ohm cm2.
    """

    name: str
    sample: str
    mass: float
    discharge: np.ndarray
    charge: np.ndarray
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Folder:
    """A written study and all that is true of it."""

    path: Path
    study: Study
    truth: Truth
    cells: tuple[CellTruth, ...]


def write_cycling_study(
    path: Path, plan: Plan, rng: np.random.Generator, habit: str = "bdf", impedance: str | None = None
) -> Folder:
    """A study of cells cycled: formation at 0.1C, one cycle at each of four rates, then 0.5C to the plan's last cycle.

    Parameters
    ----------
    habit
        "bdf", "maccor" or "table".
    impedance
        None, or the habit of the spectra ("csv", "zplot", "eclab"), fresh and aged, one file each.
    """
    if plan.cycles < AGEING_FROM + 1:
        raise ValueError(f"{plan.cycles} cycles: the test has six before ageing begins")
    study, truth = draw_study(plan, rng)
    (path / "raw").mkdir(parents=True)
    cells = []
    for side, sample in zip(study.sides, _NAMES[habit], strict=False):
        for k in range(side.values[FIRST].shape[0]):
            name = _NAMES[habit][2].format(sample, k + 1)
            values = {endpoint: float(array[k, 0]) for endpoint, array in side.values.items()}
            cells.append(_draw_cell(name, sample, values, plan.cycles, rng))
            _write_cell(path, cells[-1], habit, rng)
            if impedance:
                _write_spectra(path, cells[-1], impedance, rng)
    _write_study(path, habit, plan.cycles, impedance)
    _write_masses(path, cells, habit)
    return Folder(path, study, truth, tuple(cells))


def _draw_cell(name: str, sample: str, values: dict[str, float], cycles: int, rng: np.random.Generator) -> CellTruth:
    number = np.arange(1, cycles + 1)
    discharge = np.full(cycles, values[FIRST])
    discharge[1] = values[FIRST] * (1 - rng.uniform(0.001, 0.004))
    for cycle, rate in RATES.items():
        discharge[cycle - 1] = values[f"discharge_capacity@{rate:g}C"]
    ageing = number >= AGEING_FROM
    along = np.sqrt((number[ageing] - AGEING_FROM) / (cycles - AGEING_FROM))
    wander = rng.normal(0, 5e-4, along.size)
    wander[[0, -1]] = 0
    discharge[ageing] = values["discharge_capacity@0.5C"] * (1 - (1 - values[RETENTION] / 100) * along) * (1 + wander)
    efficiency = values["mean_coulombic_efficiency"] + rng.normal(0, 0.01, cycles)
    efficiency[0] = values["coulombic_efficiency"]
    mass = round(float(rng.normal(8.3, 0.12)), 2)
    return CellTruth(name, sample, mass, discharge, 100 * discharge / efficiency, values)


def _write_cell(path: Path, cell: CellTruth, habit: str, rng: np.random.Generator) -> None:
    halves = []
    ohm = cell.values["r_cam_se@fresh"] / AREA + cell.values["r_bulk"] / AREA
    for cycle, (charge, discharge) in enumerate(zip(cell.charge, cell.discharge, strict=True), 1):
        rate = _rate_of(cycle)
        current = 1e-3 * cell.mass * ONE_C
        share = float(rng.uniform(0.03, 0.06))
        charge_rate = min(rate, 0.5)
        halves.append(HalfCycle(cycle, True, charge * cell.mass * 1e-6, current * charge_rate, ohm, share))
        halves.append(HalfCycle(cycle, False, discharge * cell.mass * 1e-6, current * rate, ohm))
    name = _FILES[habit].replace("{cell}", cell.name)
    points = 30 if cell.discharge.size <= 200 else 18
    write_record(habit, record_cell(halves, rng, points), path / name, cell.name)


def _rate_of(cycle: int) -> float:
    if cycle < 3:
        return 0.1
    return RATES.get(cycle, AGEING_RATE)


def _write_spectra(path: Path, cell: CellTruth, habit: str, rng: np.random.Generator) -> None:
    for state in ("fresh", "aged"):
        interface = cell.values[f"r_cam_se@{state}"] / AREA
        z = draw_spectrum(Pellet(cell.values["r_bulk"] / AREA, 20.0, interface), rng, ends=1.0)
        write_spectrum(habit, FREQUENCIES, z, path / "raw" / f"{cell.name}_{state}.{_SPECTRUM_ENDING[habit]}")


def _write_study(path: Path, habit: str, cycles: int, impedance: str | None) -> None:
    reference, treated, _ = _NAMES[habit]
    reader = f'reader = "table"\nreader_options = {{ columns = {list(TABLE_COLUMNS)!r}, decimal = ",", skip = 1 }}\n'
    parts = [
        f'schema = 1\n\n[study]\nname = "our-coating"\ntitle = "Coated and bare NCM85"\nreference = "{reference}"\n',
        _SAMPLES.format(reference=reference, treated=treated),
        _CELL,
        f'[[measurement]]\nname = "cycling"\nfiles = "{_FILES[habit]}"\n' + (reader if habit == "table" else ""),
        _SEGMENTS.format(last=cycles),
    ]
    for state, cycle in (("fresh", 2), ("aged", cycles)) if impedance else ():
        parts.append(_spectrum_entry(state, cycle, _SPECTRUM_ENDING[impedance]))
    (path / "study.toml").write_text("\n".join(parts), encoding="utf-8")


def _spectrum_entry(state: str, cycle: int, ending: str) -> str:
    return (
        f'[[measurement]]\nname = "eis-{state}"\nfiles = "raw/{{cell}}_{state}.{ending}"\n'
        f"state = {{ cycle = {cycle} }}\n"
        'options = { impedance = { circuit = "R_bulk-(R_gb|Q_gb)-(R_cam_se|Q_cam_se)-Q_lf" } }\n'
    )


def _write_masses(path: Path, cells: list[CellTruth], habit: str) -> None:
    """English with commas, or German with semicolons and decimal commas."""
    lines = ["cell,sample,cam_mass / mg"] + [f"{c.name},{c.sample},{c.mass:.2f}(2)" for c in cells]
    text = "\n".join(lines) + "\n"
    (path / "cells.csv").write_text(
        text if habit != "table" else text.replace(",", ";").replace(".", ","), encoding="utf-8"
    )


_SAMPLES = """[[sample]]
name = "{reference}"
cam = "LiNi0.85Co0.10Mn0.05O2"

[[sample.step]]
do = "heating"
temperature = "750 degC"
time = "3 h"
gas = "oxygen"

[[sample]]
name = "{treated}"
like = "{reference}"

[[sample.step]]
do = "annealing"
temperature = "700 degC"
time = "2 h"
gas = "oxygen"
"""

_CELL = """[cell]
diameter = "10.0(1) mm"
one_c = "190 mA/g"
electrolyte = "Li6PS5Cl"
counter_electrode = "In/InLi"
counter_potential = "0.62 V"
lower_voltage = "2.0 V"
upper_voltage = "3.7 V"
temperature = "25 degC"
"""

_SEGMENTS = """segments = [
  {{ name = "formation", cycles = "1-2", rate = "0.1C" }},
  {{ name = "rate-0.2C", cycles = 3, rate = "0.2C" }},
  {{ name = "rate-0.5C", cycles = 4, rate = "0.5C" }},
  {{ name = "rate-1C", cycles = 5, rate = "1C" }},
  {{ name = "rate-2C", cycles = 6, rate = "2C" }},
  {{ name = "ageing", cycles = "7-{last}", rate = "0.5C" }},
]

[options.cycling]
current_gain_error = "0.02 %"
current_offset_error = "0.02 uA"
"""
