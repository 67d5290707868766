"""What is true of the cells that a virtual cycler tests, read from a study's truth.toml.

`[cycling.NAME]` holds the facts of one sample's cell, `[cycling.NAME.rates]` its discharge capacities by C-rate, and
`[cycling.every]` what is true of all of them. A fact is `{ value, unit, status, note }`; its status says whether a
publication states it (`paper`) or it was chosen (`assumed`).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class KnownFact:
    """A true value, its unit, and whether the paper states it (`paper`) or it was chosen (`assumed`)."""

    value: float
    unit: str
    status: str
    note: str = ""

    def __post_init__(self):
        if self.status not in ("paper", "assumed"):
            raise ValueError(f"a fact is 'paper' or 'assumed', not '{self.status}'")


@dataclass(frozen=True)
class CellTruth:
    """A cell of one sample.

    rates : discharge capacity by C-rate. first_efficiency, later_efficiency : of the first cycle, and of the others of
    a rate test. h1_m : voltage of the H1-M peak of the first charge at 0.1C, vs. the counter electrode. growth : its
    shift per unit of C-rate. ageing_shift : its shift between cycles 10 and 200 of ageing. knee : cycle at which fading
    accelerates, `fade_before` the fade per cycle until then (none: the fade is a straight line).
    """

    sample: str
    rates: Mapping[float, KnownFact]
    first_efficiency: KnownFact
    later_efficiency: KnownFact
    retention: KnownFact
    mean_efficiency: KnownFact
    h1_m: KnownFact
    growth: KnownFact
    ageing_shift: KnownFact
    cam_mass: KnownFact
    area: KnownFact
    one_c: KnownFact
    lower: KnownFact
    upper: KnownFact
    knee: KnownFact | None = None
    fade_before: KnownFact | None = None
    ageing_cycles: int = 200

    def facts(self) -> dict[str, KnownFact]:
        """All facts by name."""
        found = {f"discharge_capacity@{rate:g}C": fact for rate, fact in self.rates.items()}
        return found | {name: value for name, value in vars(self).items() if isinstance(value, KnownFact)}


def load_cells(path: Path) -> dict[str, CellTruth]:
    """The cells of a truth.toml, by sample. Raises ValueError where a fact is missing, unknown, or has no status."""
    shape = tomllib.loads(path.read_text(encoding="utf-8"))["cycling"]
    every = shape.pop("every", {})
    return {name: _read_cell(name, {**every, **facts}, path) for name, facts in shape.items()}


def _read_cell(name: str, facts: Mapping, path: Path) -> CellTruth:
    known = {f.name for f in fields(CellTruth)} - {"sample", "ageing_cycles"}
    needed = known - {"knee", "fade_before"}
    if not needed <= facts.keys() <= known:
        odd = sorted((needed - facts.keys()) | (facts.keys() - known))
        raise ValueError(f"{path.name}: [cycling.{name}] lacks, or does not know, {', '.join(odd)}")
    rates = {float(rate): KnownFact(**fact) for rate, fact in facts["rates"].items()}
    return CellTruth(name, rates, **{key: KnownFact(**fact) for key, fact in facts.items() if key != "rates"})


@dataclass(frozen=True)
class Programme:
    """A test: blocks of (C-rate, cycles). `fresh`: its first cycle is the cell's first; `ages`: it fades.

    held_fraction : part of each charge that passes at constant voltage.
    """

    name: str
    blocks: tuple[tuple[float, int], ...]
    fresh: bool = False
    ages: bool = False
    held_fraction: float = 0.0


@dataclass(frozen=True)
class CycleTruth:
    """Truth of one cycle: capacities in mAh/g, H1-M peak of the charge in V."""

    number: int
    rate: float
    charge: float
    discharge: float
    h1_m: float


FIRST = Programme("first", ((0.1, 1),), fresh=True)
RATE = Programme("rate", ((0.1, 1), (0.2, 1), (0.5, 1), (1.0, 1)), fresh=True)
AGEING = Programme("ageing", ((0.2, 200),), ages=True)
CHECK_UPS = (1, 10, 50, 100, 150, 200)


def plan_cycles(truth: CellTruth, programme: Programme) -> list[CycleTruth]:
    """The truth of every cycle of a test."""
    rates = [rate for rate, n in programme.blocks for _ in range(n)]
    fade, efficiency, shift = _compute_ageing(truth, len(rates)) if programme.ages else (None, None, None)
    found = []
    for i, rate in enumerate(rates):
        discharge = truth.rates[rate].value * (1.0 if fade is None else fade[i])
        ce = truth.later_efficiency.value if efficiency is None else efficiency[i]
        if programme.fresh and i == 0:
            ce = truth.first_efficiency.value
        peak = truth.h1_m.value + truth.growth.value / 1e3 * (rate - 0.1) + (0.0 if shift is None else shift[i])
        found.append(CycleTruth(i + 1, rate, 100 * discharge / ce, discharge, peak))
    return found


def _compute_ageing(truth: CellTruth, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kept fraction, Coulombic efficiency in % and shift of the H1-M peak in V, by cycle (n,)."""
    cycle, last = np.arange(1, n + 1), truth.ageing_cycles
    lost = 1 - truth.retention.value / 100
    fade = 1 - lost * (cycle - 1) / (last - 1)
    if truth.knee is not None:
        slow = truth.fade_before.value / 100
        bend = 5.0 * np.logaddexp(0.0, (cycle - truth.knee.value) / 5.0)
        bend = bend - bend[0]
        fade = 1 - slow * (cycle - 1) - (lost - slow * (last - 1)) * bend / bend[min(last, n) - 1]
    early = np.exp(-(cycle - 1) / 6.0)
    efficiency = truth.mean_efficiency.value - 0.6 * (early - early[1:last].mean())
    shift = truth.ageing_shift.value / 1e3 * (cycle - 10) / (last - 10)
    return fade, efficiency, shift
