"""Falling effective diffusivity: D = D_0 / (1 + k growth + k_t (t / 1 h)^p).

Cracks that a solid electrolyte does not fill lengthen the way of lithium (R. Ruess et al.): an effective number, not a
property of the lattice. The law is an assumption.
"""

from dataclasses import dataclass
from typing import ClassVar

from nacre.cell.ageing.slow_states import Drive, SlowState
from nacre.cell.parameters import CellParameters


@dataclass(frozen=True)
class DiffusivityLoss:
    """by_growth, by_time: k and k_t; exponent: p of the second."""

    by_growth: float
    by_time: float = 0.0
    exponent: float = 0.5

    name: ClassVar[str] = "diffusivity loss"
    words: ClassVar[str] = "lithium's way through cracked particles grows longer"
    citation: ClassVar[str] = "R. Ruess et al., J. Electrochem. Soc. 167 (2020) 100532"

    @staticmethod
    def of(p: CellParameters) -> "DiffusivityLoss | None":
        rates = p.value("ageing.diffusivity_loss"), p.value("ageing.diffusivity_loss_by_time")
        return DiffusivityLoss(*rates, p.value("ageing.exponent")) if any(rates) else None

    def advance(self, before: SlowState, after: SlowState, drive: Drive) -> SlowState:
        more = self.by_growth * (after.growth - before.growth)
        more += self.by_time * (after.hours**self.exponent - before.hours**self.exponent)
        return after.changed(diffusivity=1.0 / (1.0 / after.diffusivity + more))


MECHANISM = DiffusivityLoss
