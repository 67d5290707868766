"""Growth of the interphase between active material and electrolyte.

growth = (time of bare contact at the reference / 1 h)^p; thickness = growth times that after the first hour. p = 1/2 is
diffusion through the layer, seen between layered oxides and a sulfide (T.-T. Zuo et al., Nat. Commun. 12 (2021) 6669).
The growth constant goes with temperature and with the cathode's potential, and by (1 - C) + C phi with a coating of
coverage C that lets a share phi through.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nacre.cell.ageing.slow_states import HOUR, Drive, SlowState, arrhenius_factor, tafel_factor
from nacre.cell.parameters import CellParameters


@dataclass(frozen=True)
class Interphase:
    """thickness: m after the first hour; exponent p; slowing: factor on `growth`; exposed: (1 - C) + C phi;
    activation J/mol of the growth constant and its reference, K; sensitivity to the potential and its reference, V;
    consumed: C per m of thickness and m2 of plan area."""

    thickness: float
    exponent: float = 0.5
    slowing: float = 1.0
    exposed: float = 1.0
    activation: float = 0.0
    kelvin: float = 298.15
    sensitivity: float = 0.0
    volts: float = 4.0
    consumed: float = 0.0

    name: ClassVar[str] = "interphase"
    words: ClassVar[str] = "an interphase grows between the active material and the electrolyte"
    citation: ClassVar[str] = "T.-T. Zuo et al., Nat. Commun. 12 (2021) 6669"

    @staticmethod
    def of(p: CellParameters) -> "Interphase":
        def get(name, unit="1"):
            return p.value(f"ageing.{name}", unit)

        coverage, surface = get("coverage"), 6 * p.value("cathode.volume_fraction") * p.value("cathode.thickness", "m")
        surface /= p.value("cathode.particle_diameter", "m")
        return Interphase(
            get("interphase_growth", "m"),
            get("exponent"),
            get("slowing"),
            1.0 - coverage + coverage * get("coating_leak"),
            get("activation_growth", "J/mol"),
            p.value("cell.reference_temperature", "K"),
            get("potential_sensitivity"),
            get("reference_potential", "V"),
            get("interphase_charge", "C/m3") * surface * p.value("cathode.active"),
        )

    @property
    def sense(self):
        """The factor of the potential on the growth constant; None where there is none."""
        return self._tafel if self.sensitivity else None

    def _tafel(self, potential: np.ndarray) -> np.ndarray:
        return tafel_factor(self.sensitivity, potential, self.volts, self.kelvin)

    def advance(self, before: SlowState, after: SlowState, drive: Drive) -> SlowState:
        power = 1.0 / self.exponent
        constant = self.slowing**power * self.exposed * drive.means.get(self.name, 1.0)
        if self.activation:
            constant *= arrhenius_factor(self.activation, drive.kelvin, self.kelvin)
        growth = (before.growth**power + constant * drive.seconds / HOUR) ** self.exponent
        grown = (growth - before.growth) * self.thickness
        return after.changed(
            growth=growth,
            interphase=before.interphase + grown,
            side_charge=after.side_charge + self.consumed * grown,
        )


MECHANISM = Interphase
