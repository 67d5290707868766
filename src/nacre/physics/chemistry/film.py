"""A coating as a film on powder: thickness from mass, density and area, as a band; nanoparticle layers.

SI units: m, m3 per kg of powder, m2 per kg of powder. Functions of numbers take arrays too. A mass of coating
fixes one number only, its volume; "the" thickness follows with the area it lies on, the part of that area that
is covered, and how densely it is packed there. What is not measured is given as a range, and the answer is a band.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

HEXAGONAL = math.pi / math.sqrt(12)  # area fraction of one close-packed layer of equal spheres, 0.9069
LAYER_SPACING = math.sqrt(2 / 3)  # distance of close-packed layers over the sphere's diameter


class FilmError(ValueError):
    """A film that cannot be."""


@dataclass(frozen=True)
class Band:
    """The lowest and the highest value that the ranges of the inputs allow. Not a confidence interval."""

    low: float
    high: float


def sphere_area(diameter, density):
    """Specific surface, m2/kg, of smooth spheres: 6/(density x diameter)."""
    return 6 / (_positive("density", density) * _positive("diameter", diameter))


def sphere_diameter(specific_area, density):
    """Diameter of the smooth spheres that have a specific surface (m2/kg)."""
    return 6 / (_positive("density", density) * _positive("specific area", specific_area))


def coating_volume(mass_fractions: Sequence, densities: Sequence):
    """Volume of the solids of a coating, m3 per kg of powder, from mass fractions (n,) and densities (n,)."""
    if len(mass_fractions) != len(densities):
        raise FilmError(f"{len(mass_fractions)} mass fractions and {len(densities)} densities; expected one each")
    return sum(w / _positive("density", rho) for w, rho in zip(mass_fractions, densities, strict=True))


def film_thickness(volume, specific_area, packing=1.0, coverage=1.0):
    """Thickness where there is a film: volume / (area x coverage x packing).

    Without the last two it is that of a dense film on the whole area: the least that this volume can have.
    """
    return volume / (
        _positive("specific area", specific_area) * _part("coverage", coverage) * _part("packing", packing)
    )


def shell_thickness(volume, diameter, density):
    """Thickness of a dense shell on smooth spheres, curvature included; `volume` in m3 per kg of core."""
    growth = np.log1p(volume * _positive("density", density)) / 3
    return _positive("diameter", diameter) / 2 * np.expm1(growth)


def film_area(volume, thickness):
    """Area, m2 per kg of powder, that a dense film of this thickness would cover: volume / thickness."""
    return volume / _positive("thickness", thickness)


def thickness_band(volume, area: Sequence, packing: Sequence = (1.0, 1.0), coverage: Sequence = (1.0, 1.0)) -> Band:
    """Thickness where there is a film, over ranges (low, high) of specific area, packing and coverage."""
    (a0, a1), (p0, p1), (c0, c1) = (
        _range(name, pair) for name, pair in (("specific area", area), ("packing", packing), ("coverage", coverage))
    )
    return Band(film_thickness(volume, a1, p1, c1), film_thickness(volume, a0, p0, c0))


def coverage_times_packing(volume, specific_area, thickness):
    """Coverage x packing that a thickness seen in one place implies: volume / (area x thickness).

    Above 1 the volume does not fit under a film of that thickness: the area is larger (roughness) or the
    place is thin.
    """
    return film_thickness(volume, specific_area) / _positive("thickness", thickness)


def coverage_bound(volume, specific_area, thickness, least_packing):
    """The largest part of the area that a film of this thickness and at least this packing can cover, at most 1."""
    product = coverage_times_packing(volume, specific_area, thickness)
    return np.minimum(1.0, product / _part("packing", least_packing))


def nanoparticle_layers(thickness, diameter) -> Band:
    """Layers of equal nanoparticles in a film: from one upon another (thickness/diameter) to close-packed."""
    ratio = thickness / _positive("diameter of the nanoparticles", diameter)
    return Band(ratio, 1 + (ratio - 1) / LAYER_SPACING if ratio > 1 else ratio)


def monolayers(volume, specific_area, diameter):
    """Nanoparticles on the surface, counted in close-packed monolayers (below 1: they cannot cover it)."""
    shadow = 1.5 * volume / (_positive("specific area", specific_area) * _positive("diameter", diameter))
    return shadow / HEXAGONAL


def _positive(what: str, value):
    if not np.all(np.asarray(value, float) > 0):
        raise FilmError(f"{what} is {value}; expected a number above 0")
    return value


def _part(what: str, value):
    array = np.asarray(value, float)
    if not np.all((array > 0) & (array <= 1)):
        raise FilmError(f"{what} is {value}; expected a part above 0 and up to 1, not in %")
    return value


def _range(what: str, pair: Iterable) -> tuple:
    low, high = pair
    if not low <= high:
        raise FilmError(f"the range of {what} runs from {low} to {high}; expected (low, high)")
    return low, high
