"""Loss of active mass: interphase-assisted fracture isolates particles, d ln f / dn = - Lambda growth.

n counts cycles, or, where `swing` is given, the way of the mean filling in units of that of one cycle (there and back):
the volume strain of a layered oxide, which cracks its particles (A. O. Kondrakov et al.), goes with its filling. That
the interphase assists is an assumption. What drops out keeps the lithium that it holds.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from nacre.cell.ageing.slow_states import Drive, SlowState
from nacre.cell.parameters import CellParameters


@dataclass(frozen=True)
class Fracture:
    """rate: Lambda per cycle and growth; swing: filling swung through in one direction of the cycle that Lambda is
    stated for (0: every cycle counts alike)."""

    rate: float
    swing: float = 0.0

    name: ClassVar[str] = "fracture"
    words: ClassVar[str] = "particles break off from the electrolyte, the more the thicker their interphase"
    citation: ClassVar[str] = "A. O. Kondrakov et al., J. Phys. Chem. C 121 (2017) 3286"

    @staticmethod
    def of(p: CellParameters) -> "Fracture | None":
        rate = p.value("ageing.fracture")
        return Fracture(rate, p.value("ageing.fracture_swing")) if rate else None

    def advance(self, before: SlowState, after: SlowState, drive: Drive) -> SlowState:
        cycles = drive.swing / (2.0 * self.swing) if self.swing else 0.5 * drive.half_cycles
        thick = 0.5 * (before.growth + after.growth)
        return after.changed(active=after.active * math.exp(-self.rate * thick * cycles))


MECHANISM = Fracture
