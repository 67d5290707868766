"""A side reaction at the cathode at a steady current: electrolyte or carbon is oxidised, its lithium goes to the anode.

The cathode takes part less on charge and is discharged by it otherwise; the charge is lost for good. With a sensitivity
the current goes with the cathode's potential by Tafel's law.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nacre.cell.ageing.slow_states import Drive, SlowState, tafel_factor
from nacre.cell.parameters import CellParameters


@dataclass(frozen=True)
class SideReaction:
    """current: A/m2 of plan area at the reference potential, V; sensitivity and temperature of Tafel's law."""

    current: float
    sensitivity: float = 0.0
    volts: float = 4.0
    kelvin: float = 298.15

    name: ClassVar[str] = "side reaction"
    words: ClassVar[str] = "electrolyte and carbon are oxidised at the cathode"
    citation: ClassVar[str] = "G. F. Dewald et al., Chem. Mater. 31 (2019) 8328"

    @staticmethod
    def of(p: CellParameters) -> "SideReaction | None":
        current = p.value("ageing.side_current", "A/m2")
        sensitivity, volts = p.value("ageing.side_sensitivity"), p.value("ageing.reference_potential", "V")
        return SideReaction(current, sensitivity, volts, p.value("cell.temperature", "K")) if current else None

    @property
    def sense(self):
        """The factor of the potential on the current; None where there is none."""
        return self._tafel if self.sensitivity else None

    def _tafel(self, potential: np.ndarray) -> np.ndarray:
        return tafel_factor(self.sensitivity, potential, self.volts, self.kelvin)

    def advance(self, before: SlowState, after: SlowState, drive: Drive) -> SlowState:
        taken = self.current * drive.means.get(self.name, 1.0) * drive.seconds
        return after.changed(side_charge=after.side_charge + taken)


MECHANISM = SideReaction
