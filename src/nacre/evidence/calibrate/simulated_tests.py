"""The tests that a calibration compares with, simulated for one sample: a rate test and an ageing test, both ageing.

For the search the mesh is as coarse, and the jumps over cycles are as long, as the observables allow (`COARSE`,
`EVEN_JUMPS`; their error stands in docs/calibration.md). At the end every cycle is simulated (`Plan.in_full`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nacre.cell.ageing.jumping import JumpSettings
from nacre.cell.ageing.lifetime import KeptCycles, Lifetime, age
from nacre.cell.ageing.long_test import LongTestAccuracy
from nacre.cell.ageing.slow_states import Ageing, MechanismError
from nacre.cell.parameters import CellParameters
from nacre.core.errors import NacreError
from nacre.physics.p2d import Mesh

COARSE = LongTestAccuracy(Mesh(3, 8, 14, 2, 4.0), 2e-4, 0.2)
# never refused, so that jumps have the same lengths for all numbers: the observables are then smooth in them
EVEN_JUMPS = JumpSettings(tolerance=1.0, largest=60, first=10)


@dataclass(frozen=True)
class Plan:
    """Which tests are simulated: the rates of a rate test (C), the cycles at each after the first; the ageing test's
    rate and that of the cycle before it, its cycles, and the rest (h) before its impedance. checkup_rate: of a cycle
    after ageing, 0 for none; jump: None simulates every cycle."""

    rates: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0)
    cycles_per_rate: int = 2
    formation_rate: float = 0.1
    ageing_rate: float = 0.2
    ageing_cycles: int = 200
    rest: float = 1.0
    checkup_rate: float = 0.0
    how: LongTestAccuracy = COARSE
    jump: JumpSettings | None = EVEN_JUMPS

    @property
    def in_full(self) -> "Plan":
        return replace(self, jump=None)

    @cached_property
    def rate_of(self) -> dict[int, float]:
        """Cycle number of the rate test to its rate."""
        rates = [self.rates[0]] + [rate for rate in self.rates[1:] for _ in range(self.cycles_per_rate)]
        return dict(enumerate(rates, 1))


class Failed(Exception):
    """The simulation ended out of order: no observables of these parameters."""


def rate_test(parameters: CellParameters, plan: Plan) -> Lifetime:
    """The rate test of a fresh cell, which ages on the way. Raises Failed."""
    lines = "\n".join(_cycle(parameters, rate) for rate in plan.rate_of.values())
    return _aged(parameters, lines, plan, KeptCycles(curves=(1,)))


def ageing_test(parameters: CellParameters, plan: Plan, fine: Sequence[int] = ()) -> Lifetime:
    """The ageing test; fine: its cycles that are simulated, with their dQ/dV (1 is the first behind the formation).
    Raises Failed."""
    text = f"{_cycle(parameters, plan.formation_rate)}\n"
    text += f"repeat {plan.ageing_cycles} times: {_cycle(parameters, plan.ageing_rate)}\n"
    if plan.checkup_rate:
        text += _cycle(parameters, plan.checkup_rate)
    curves = tuple(1 + n for n in fine if n <= plan.ageing_cycles)
    watch = KeptCycles(curves, resistances=(2, 1 + plan.ageing_cycles), rest=3600.0 * plan.rest)
    return _aged(parameters, text, plan, watch)


def _cycle(p: CellParameters, rate: float) -> str:
    high, low = p.value("cell.upper_voltage"), p.value("cell.lower_voltage")
    return f"charge at {rate:.9g}C to {high:.9g} V; discharge at {rate:.9g}C to {low:.9g} V"


def _aged(parameters: CellParameters, text: str, plan: Plan, watch: KeptCycles) -> Lifetime:
    try:
        with np.errstate(all="ignore"):
            made = age(parameters, text, Ageing.of(parameters), plan.jump, plan.how, watch)
    except MechanismError:  # a mistake in its file: no search may take it for a cell that does not work
        raise
    except NacreError as error:
        raise Failed(str(error)) from error
    if not made.complete:
        raise Failed(made.words)
    return made
