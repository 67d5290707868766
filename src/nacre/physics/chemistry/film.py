"""A coating as a film on powder: thickness from mass, density and area.

SI units: m, m3 per kg of powder, m2 per kg of powder. Functions of numbers take arrays too. A mass of coating
fixes one number only, its volume; "the" thickness follows with the area it lies on, the part of that area that
is covered, and how densely it is packed there.
"""

from collections.abc import Sequence

import numpy as np


class FilmError(ValueError):
    """A film that cannot be."""


def sphere_area(diameter, density):
    """Specific surface, m2/kg, of smooth spheres: 6/(density x diameter)."""
    return 6 / (_require_positive("density", density) * _require_positive("diameter", diameter))


def compute_coating_volume(mass_fractions: Sequence, densities: Sequence):
    """Volume of the solids of a coating, m3 per kg of powder, from mass fractions (n,) and densities (n,)."""
    if len(mass_fractions) != len(densities):
        raise FilmError(f"{len(mass_fractions)} mass fractions and {len(densities)} densities; expected one each")
    return sum(w / _require_positive("density", rho) for w, rho in zip(mass_fractions, densities, strict=True))


def compute_film_thickness(volume, specific_area, packing=1.0, coverage=1.0):
    """Thickness where there is a film: volume / (area x coverage x packing).

    Without the last two it is that of a dense film on the whole area: the least that this volume can have.
    """
    return volume / (
        _require_positive("specific area", specific_area)
        * _require_part("coverage", coverage)
        * _require_part("packing", packing)
    )


def _require_positive(what: str, value):
    if not np.all(np.asarray(value, float) > 0):
        raise FilmError(f"{what} is {value}; expected a number above 0")
    return value


def _require_part(what: str, value):
    array = np.asarray(value, float)
    if not np.all((array > 0) & (array <= 1)):
        raise FilmError(f"{what} is {value}; expected a part above 0 and up to 1, not in %")
    return value
