"""A coating as a film on powder: thickness from mass, density and area.

SI units: m, m3 per kg of powder, m2 per kg of powder. Functions of numbers take arrays too. A mass of coating
fixes one number only, its volume; "the" thickness follows with the area it lies on, the part of that area that
is covered, and how densely it is packed there.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np


class FilmError(ValueError):
    """A film that cannot be."""


def sphere_area(diameter: float, density: float) -> float:
    """Specific surface, m2/kg, of smooth spheres: 6/(density x diameter).

    Parameters
    ----------
    diameter : float
        Diameter of the spheres, m.
    density : float
        Density of the spheres, kg/m3.

    Returns
    -------
    float
        Area, m2 per kg.
    """
    return 6 / (_require_positive("density", density) * _require_positive("diameter", diameter))


def compute_coating_volume(mass_fractions: Sequence, densities: Sequence) -> float:
    """Volume of the solids of a coating, m3 per kg of powder, from mass fractions (n,) and densities (n,).

    Parameters
    ----------
    mass_fractions : Sequence
        Mass fraction of each phase, length n.
    densities : Sequence
        Density of each phase, kg/m3, length n.

    Returns
    -------
    float
        Volume of the solids, m3 per kg of powder.
    """
    if len(mass_fractions) != len(densities):
        raise FilmError(f"{len(mass_fractions)} mass fractions and {len(densities)} densities; expected one each")
    return sum(w / _require_positive("density", rho) for w, rho in zip(mass_fractions, densities, strict=True))


def compute_film_thickness(volume: float, specific_area: float, packing: float = 1.0, coverage: float = 1.0) -> float:
    """Thickness where there is a film: volume / (area x coverage x packing).

    Without the last two it is that of a dense film on the whole area: the least that this volume can have.

    Parameters
    ----------
    volume : float
        Volume of coating, m3 per kg of powder.
    specific_area : float
        Area of the powder, m2/kg.
    packing : float, optional
        Solid part of the film, above 0 and up to 1.
    coverage : float, optional
        Covered part of the area, above 0 and up to 1.

    Returns
    -------
    float
        Thickness, m.
    """
    return volume / (
        _require_positive("specific area", specific_area)
        * _require_part("coverage", coverage)
        * _require_part("packing", packing)
    )


def _require_positive(what: str, value: Any) -> Any:
    if not np.all(np.asarray(value, float) > 0):
        raise FilmError(f"{what} is {value}; expected a number above 0")
    return value


def _require_part(what: str, value: Any) -> Any:
    array = np.asarray(value, float)
    if not np.all((array > 0) & (array <= 1)):
        raise FilmError(f"{what} is {value}; expected a part above 0 and up to 1, not in %")
    return value
