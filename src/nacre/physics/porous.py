"""Pressed layers of mixed powders: densities, porosity, thickness, volume fractions, loading, capacity, current.

SI units: kg, m, m2, C, A; fractions of 1 (not %). Components are given by aligned sequences of mass fractions
and densities. Functions of plain numbers take arrays too.
"""

import math
from collections.abc import Sequence

import numpy as np


class LayerError(ValueError):
    """A layer that cannot be."""


def check_fractions(fractions: Sequence, names: Sequence[str] = (), tolerance: float = 1e-6) -> None:
    """Raises LayerError where a fraction is negative or they do not sum to 1 within `tolerance`."""
    for i, value in enumerate(fractions):
        if not value >= 0:
            raise LayerError(
                f"the fraction of {names[i] if names else f'component {i + 1}'} is {value}; expected 0 to 1"
            )
    total = math.fsum(fractions)
    if abs(total - 1) > tolerance:
        listed = f" ({', '.join(f'{n} {x:g}' for n, x in zip(names, fractions, strict=True))})" if names else ""
        raise LayerError(
            f"the fractions sum to {total:.6g}, not 1{listed}; a component is missing or a number is mistyped"
        )


def solid_density(mass_fractions: Sequence, densities: Sequence):
    """Density of the pore-free mixture, kg/m3: 1 / sum(w/rho). Raises LayerError for bad fractions."""
    check_fractions(mass_fractions)
    return 1 / _specific_volumes(mass_fractions, densities).sum()


def volume_fractions(mass_fractions: Sequence, densities: Sequence, porosity: float = 0.0) -> np.ndarray:
    """Volume fraction of each component (n,) in the layer, pores taken off; they sum to 1 - porosity."""
    check_fractions(mass_fractions)
    volumes = _specific_volumes(mass_fractions, densities)
    return volumes / volumes.sum() * (1 - _porosity(porosity))


def mass_fractions_from_volume(fractions: Sequence, densities: Sequence) -> np.ndarray:
    """Mass fractions (n,) from volume fractions of the solids (n,)."""
    check_fractions(fractions)
    masses = np.asarray(fractions, float) * np.asarray(densities, float)
    return masses / masses.sum()


def layer_thickness(areal_mass, density, porosity):
    """Thickness, m: areal mass (kg/m2) / (pore-free density x (1 - porosity))."""
    return areal_mass / (density * (1 - _porosity(porosity)))


def porosity_from_thickness(areal_mass, density, thickness):
    """Porosity from a measured thickness: 1 - areal mass / (density x thickness).

    Raises LayerError where it comes out negative: the layer weighs more than its solids can in that thickness.
    """
    value = 1 - areal_mass / (density * thickness)
    if np.any(np.asarray(value) < 0):
        raise LayerError(
            f"the porosity comes out as {float(np.min(value)):.3g}: "
            "areal mass, density and thickness contradict each other"
        )
    return value


def disc_area(diameter):
    """Area of a disc, m2."""
    return math.pi / 4 * diameter * diameter


def areal(amount, area):
    """An amount (mass, charge, current) per electrode area."""
    return amount / area


def capacity(active_mass, specific_capacity):
    """Charge, C, of an active mass (kg) at a specific capacity (C/kg)."""
    return active_mass * specific_capacity


def n_over_p(negative_capacity, positive_capacity):
    """Capacity of the negative electrode over that of the positive (same unit, same area)."""
    return negative_capacity / positive_capacity


def rate_current(active_mass, one_c, rate):
    """Current, A, at a rate: `one_c` is the specific current of 1C in A/kg of active material."""
    return active_mass * one_c * rate


def duration(specific_capacity, one_c, rate):
    """Time, s, that a specific capacity (C/kg) takes at a rate: capacity / (1C current x rate)."""
    return specific_capacity / (one_c * rate)


def _specific_volumes(mass_fractions: Sequence, densities: Sequence) -> np.ndarray:
    if len(mass_fractions) != len(densities):
        raise LayerError(f"{len(mass_fractions)} mass fractions and {len(densities)} densities; expected one each")
    rho = np.asarray(densities, float)
    if not np.all(rho > 0):
        raise LayerError(f"a density is {rho[~(rho > 0)][0]:g} kg/m3; expected a number above 0")
    return np.asarray(mass_fractions, float) / rho


def _porosity(value):
    array = np.asarray(value, float)
    if not np.all((array >= 0) & (array < 1)):
        raise LayerError(f"the porosity is {value}; expected a fraction from 0 to below 1, not in %")
    return value
