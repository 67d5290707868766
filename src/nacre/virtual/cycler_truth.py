"""What is true of the cells that the virtual cycler tests: the paper's values, and the assumptions between them.

Paper: R. Zhang et al., "Conformal Li2HfO3/HfO2 Nanoparticle Coatings on Layered Ni-Rich Oxide Cathodes for
Stabilizing Interfaces in All-Solid-State Batteries".
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fact:
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

    rates : discharge capacity by C-rate. h1_m : voltage of the H1-M peak of the first charge at 0.1C, vs. the
    counter electrode. growth : its shift per unit of C-rate. ageing_shift : its shift between cycles 10 and 200
    of ageing. knee : cycle at which fading accelerates, `fade_before` the fade per cycle until then (none: the
    fade is a straight line).
    """

    sample: str
    rates: Mapping[float, Fact]
    first_efficiency: Fact
    retention: Fact
    mean_efficiency: Fact
    h1_m: Fact
    growth: Fact
    ageing_shift: Fact
    knee: Fact | None = None
    fade_before: Fact | None = None
    later_efficiency: Fact = Fact(99.3, "%", "assumed", "rate test, after the first cycle")
    cam_mass: Fact = Fact(8.316, "mg", "paper", "12 mg x 69.3 %")
    area: Fact = Fact(0.7854, "cm2", "paper", "10 mm")
    one_c: Fact = Fact(190.0, "mA/g", "paper")
    lower: Fact = Fact(1.35, "V", "paper")
    upper: Fact = Fact(2.75, "V", "paper")
    ageing_cycles: int = 200

    def facts(self) -> dict[str, Fact]:
        """All facts by name."""
        found = {f"discharge_capacity@{rate:g}C": fact for rate, fact in self.rates.items()}
        return found | {name: value for name, value in vars(self).items() if isinstance(value, Fact)}


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


def schedule(truth: CellTruth, programme: Programme) -> list[CycleTruth]:
    """The truth of every cycle of a test."""
    rates = [rate for rate, n in programme.blocks for _ in range(n)]
    fade, efficiency, shift = _ageing(truth, len(rates)) if programme.ages else (None, None, None)
    found = []
    for i, rate in enumerate(rates):
        discharge = truth.rates[rate].value * (1.0 if fade is None else fade[i])
        ce = truth.later_efficiency.value if efficiency is None else efficiency[i]
        if programme.fresh and i == 0:
            ce = truth.first_efficiency.value
        peak = truth.h1_m.value + truth.growth.value / 1e3 * (rate - 0.1) + (0.0 if shift is None else shift[i])
        found.append(CycleTruth(i + 1, rate, 100 * discharge / ce, discharge, peak))
    return found


def _ageing(truth: CellTruth, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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


def _paper(value, unit, note=""):
    return Fact(value, unit, "paper", note)


def _assumed(value, unit, note=""):
    return Fact(value, unit, "assumed", note)


LHO = CellTruth(
    "lho",
    rates={
        0.1: _paper(187.0, "mAh/g"),
        0.2: _paper(155.0, "mAh/g"),
        0.5: _paper(112.0, "mAh/g"),
        1.0: _paper(71.0, "mAh/g"),
    },
    first_efficiency=_paper(82.4, "%"),
    retention=_paper(81.4, "%", "200 cycles, 0.2C"),
    mean_efficiency=_paper(99.7, "%", "'about'"),
    h1_m=_assumed(2.110, "V", "read off no figure; the paper gives the difference only"),
    growth=_assumed(80.0, "mV", "per unit of C-rate"),
    ageing_shift=_assumed(8.0, "mV", "the paper: less than 10 mV"),
)
BARE = CellTruth(
    "bare",
    rates={
        0.1: _paper(162.0, "mAh/g"),
        0.2: _assumed(130.0, "mAh/g", "the paper: lower by about 25 mAh/g at any rate"),
        0.5: _assumed(87.0, "mAh/g", "the paper: lower by about 25 mAh/g at any rate"),
        1.0: _paper(46.0, "mAh/g"),
    },
    first_efficiency=_paper(78.6, "%"),
    retention=_paper(45.4, "%", "200 cycles, 0.2C"),
    mean_efficiency=_paper(99.5, "%", "'about'"),
    h1_m=_assumed(2.120, "V", "10 mV above the coated one, as the paper says"),
    growth=_assumed(110.0, "mV", "per unit of C-rate"),
    ageing_shift=_paper(60.0, "mV", "'about', cycles 10 to 200, 0.2C"),
    knee=_paper(50.0, "1", "'after around 50 cycles'"),
    fade_before=_assumed(0.10, "%", "of the first capacity, per cycle"),
)
PAPER = {"bare": BARE, "lho": LHO}
