"""Absorption in a capillary: the part of the diffracted intensity that a cylinder lets out.

A(2 theta, mu R) = 1/(pi R^2) * integral over the cross-section of exp(-mu (p + q)), p and q the ways in and out (beam
normal to the cylinder's axis): International Tables for Crystallography, volume C (2004), section 6.3.3. It is
integrated here, so that it holds for any mu R; approximations in use stop at mu R = 1 (K. D. Rouse, M. J. Cooper,
E. J. York, A. Chakera, Acta Cryst. A26 (1970) 682-691).
"""

from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline

LARGEST = 5.0


def compute_transmission(two_theta, mu_r: float) -> np.ndarray:
    """A of a cylinder at two_theta (deg, array) for mu R (1). Raises ValueError outside 0 ... 5."""
    if not 0 <= mu_r <= LARGEST:
        raise ValueError(f"mu R must lie between 0 and {LARGEST:g}, not {mu_r:g}")
    if mu_r == 0:
        return np.ones_like(np.asarray(two_theta, float))
    return _tabulate_transmission(float(mu_r))(np.abs(np.asarray(two_theta, float)))


@lru_cache(maxsize=32)
def _tabulate_transmission(mu_r: float) -> CubicSpline:
    angles = np.linspace(0.0, 180.0, 46)
    return CubicSpline(angles, [_integrate_transmission(angle, mu_r) for angle in np.radians(angles)])


def _integrate_transmission(two_theta: float, mu_r: float, n: int = 64) -> float:
    """Mean of exp(-mu (p + q)) over the disc: Gauss-Legendre in the square of the radius, equal steps around."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    radius = np.sqrt((nodes + 1) / 2)[:, None]
    around = (np.arange(4 * n) + 0.5)[None, :] * 2 * np.pi / (4 * n)
    x, y = radius * np.cos(around), radius * np.sin(around)
    way = _measure_to_edge(x, y, np.pi) + _measure_to_edge(x, y, two_theta)
    return float(np.sum(weights[:, None] / 2 * np.exp(-mu_r * way)) / (4 * n))


def _measure_to_edge(x, y, direction: float):
    """Distance from points in the unit disc to its edge, along a direction in rad."""
    along = x * np.cos(direction) + y * np.sin(direction)
    return -along + np.sqrt(np.maximum(along**2 + 1 - x * x - y * y, 0.0))


def estimate_b_shift(two_theta, wavelength: float, mu_r: float) -> float:
    """How much lower B (square angstrom) comes out where mu R is left out, from a fit of ln A over two_theta (deg).

    A rises with the angle as the Debye-Waller factor exp(-2 B s^2), s = sin(theta)/lambda, falls.
    """
    s2 = (np.sin(np.radians(np.asarray(two_theta, float) / 2)) / wavelength) ** 2
    slope = np.polyfit(s2, np.log(compute_transmission(two_theta, mu_r)), 1)[0]
    return float(slope / 2)
