"""Derivatives of a cell's impedance by the numbers of its model, each in its own unit, at a fixed state.

Analytic, through the linear system (see nacre.physics.p2d.frequency.derivatives) and the chain from a number to the
solver's cell:
units, activation energies, the common factor of all particle sizes.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nacre.cell.impedance import PER_CM2, SWEEP, ImpedancePoint, _check_frequencies, linearise_cell
from nacre.cell.parameters import NAMES, CellParameters
from nacre.cell.simulate import FINE
from nacre.core.errors import NacreError, unknown
from nacre.core.quantity import Quantity
from nacre.physics import p2d
from nacre.physics.constants import GAS
from nacre.physics.p2d import Mesh

# number of the model -> number of the solver's electrode; those of the second line are factors of it
_PLAIN = {
    name: name
    for name in (
        "thickness", "c_max", "ionic_conductivity", "electronic_conductivity", "coating_thickness",
        "coating_conductivity", "coating_permittivity", "interphase_resistivity", "interphase_permittivity",
        "exchange_oxidation", "exchange_reduction", "double_layer", "double_layer_exponent",
    )
} | {"exchange_current": "exchange"}  # fmt: skip
_FACTORS = {
    "volume_fraction": "volume_fractions", "particle_diameter": "radii", "diffusivity": "diffusivity",
    "interphase_thickness": "interphase_thickness", "contact": "contact", "active": "active",
}  # fmt: skip
_ACTIVATED = {"diffusivity": "diffusivity", "exchange": "exchange_current", "ionic_conductivity": "ionic_conductivity",
              "coating_conductivity": "coating_conductivity"}  # fmt: skip
_CELL = {
    "cell.contact_resistance": "contact_resistance",
    "separator.thickness": "separator_thickness",
    "separator.conductivity": "separator_conductivity",
    "separator.grain_boundary_resistance": "grain_boundary_resistance",
    "separator.grain_boundary_capacitance": "grain_boundary_capacitance",
    "separator.grain_boundary_exponent": "grain_boundary_exponent",
}
_PARTS = ("cathode", "anode")
KNOWN = (
    *_CELL, "cell.temperature", "separator.activation",
    *(f"{p}.{n}" for p in _PARTS for n in (*_PLAIN, *_FACTORS, *(f"activation_{a}" for a in _ACTIVATED))),
)  # fmt: skip


def differentiate_impedance(
    p: CellParameters,
    names: Sequence[str],
    point: ImpedancePoint,
    frequencies: ArrayLike = SWEEP,
    mesh: Mesh = FINE,
) -> dict[str, np.ndarray]:
    """dZ/dp in ohm cm2 per unit of each number (as in `parameters.NAMES`), complex, one per frequency.

    The fillings of the particles stay as they are.cell.impedance.compute_impedance`.

    Parameters
    ----------
    p : CellParameters
        The cell model.
    names : Sequence[str]
        Numbers of the model, as in `KNOWN`.
    point : ImpedancePoint
        The state of the particles.
    frequencies : ArrayLike, optional
        Frequencies, Hz, shape (n,), above 0.
    mesh : Mesh, optional
        Mesh of the solver.

    Returns
    -------
    dict[str, np.ndarray]
        Derivatives by name, ohm cm2 per unit of the number, shape (n,).

    Raises
    ------
    NacreError
        For a name that is not in KNOWN, and as `nacre.
    """
    for name in names:
        if name not in KNOWN:
            raise unknown("parameter with a derivative", name, KNOWN, p.name)
    f = _check_frequencies(frequencies, p)
    raw = p2d.impedance_derivatives(linearise_cell(p, point, mesh), f)
    chain = _DerivativeChain(p, raw)
    return {name: PER_CM2 * chain(name) for name in names}


class _DerivativeChain:
    """From derivatives by the solver's numbers to those by the model's."""

    def __init__(self, p: CellParameters, raw: dict[str, np.ndarray]) -> None:
        self.p, self.raw, self.cell = p, raw, p.cell()

    def __call__(self, name: str) -> np.ndarray:
        part, _, own = name.partition(".")
        if name == "cell.temperature":
            return self._temperature()
        if name == "separator.activation":
            return self._per_energy(self._by_log("separator.conductivity") - self._by_log(_GRAINS))
        if own.startswith("activation_"):
            return self._per_energy(self._by_log(f"{part}.{_ACTIVATED[own.removeprefix('activation_')]}"))
        value = self.p.value(name)
        if value:
            return self._by_log(name) / value
        if own in _FACTORS:
            do = f'give it a value, like "1 {NAMES[name].unit}"'
            raise NacreError(f"{name} is 0: no derivative is known there", where=self.p.name, do=do)
        target = _CELL.get(name) or f"{part}.{_PLAIN.get(own) or _FACTORS[own]}"
        return self.raw[target] * (Quantity(1.0, NAMES[name].unit).to(_SI.get(NAMES[name].unit, "1")).value)

    def _by_log(self, name: str) -> np.ndarray:
        """By the logarithm of a number that the solver's is proportional to."""
        part, _, own = name.partition(".")
        if own in _FACTORS:
            return self.raw[f"{part}.{_FACTORS[own]}"]
        if name in _CELL:
            return self.raw[_CELL[name]] * getattr(self.cell, _CELL[name])
        electrode, target = getattr(self.cell, part), _PLAIN[own]
        value = electrode.exchange.reference if target == "exchange" else getattr(electrode, target, None)
        if target.startswith("exchange_"):
            value = self.p.value(name)
        return self.raw[f"{part}.{target}"] * (value if value is not None and np.isfinite(value) else 0.0)

    def _per_energy(self, by_log: np.ndarray) -> np.ndarray:
        """By an activation energy in kJ/mol."""
        reference = self.p.value("cell.reference_temperature", "K")
        return by_log * 1e3 / GAS * (1.0 / reference - 1.0 / self.cell.temperature)

    def _temperature(self) -> np.ndarray:
        per = 1.0 / (GAS * self.cell.temperature**2)
        total = self.raw["temperature"].copy()
        for part in _PARTS:
            for energy, name in _ACTIVATED.items():
                joules = self.p.value(f"{part}.activation_{energy}", "J/mol")
                total += joules * per * self._by_log(f"{part}.{name}") if joules else 0.0
        joules = self.p.value("separator.activation", "J/mol")
        return total + joules * per * (self._by_log("separator.conductivity") - self._by_log(_GRAINS))


_GRAINS = "separator.grain_boundary_resistance"
_SI = {"um": "m", "nm": "m", "uF/cm2": "F/m2", "ohm cm2": "ohm m2", "ohm cm": "ohm m", "S/cm": "S/m", "mS/cm": "S/m"}
