"""Line shapes besides the Gaussian-Lorentzian sum, as tables that the photoelectron fit interpolates.

    product   exp(-4 ln2 (1 - m) c^2 u^2) / (1 + 4 m c^2 u^2)                  m from 0 (Gaussian) to 1 (Lorentzian)
    voigt     Gaussian (FWHM in proportion to 1 - m) convolved with Lorentzian (in proportion to m)
    tail      the sum (1 - m) G + m L, convolved with exp(-t/a)/a towards high binding energy, a in units of its FWHM

Each has unit area; product and Voigt have unit FWHM exactly (c and the scale of the Voigt are found for it); the tail's
FWHM and position are those of the line before the tail. The tail stands for the asymmetric lines of conductors and
vanishes with a. Doniach and Sunjic's own shape (J. Phys. C 3 (1970) 285) is left out: its area is infinite, so that a
step made by it depends on where the window ends.

Tables: with v = 1/2 + arctan(2u)/pi, the Lorentzian's own integral, every shape is f(u) = (2/pi)/(1 + 4u^2) R(v), R
smooth on (0, 1) and F the integral of R: one table reaches from minus to plus infinity. `make_tables()` (4, NODES, 2,
POINTS, 3): per table (product, voigt, tail of G, tail of L), node of the shape's parameter s (m, or a) and value or
derivative by s: R, dR/dv times the step in v, F at the points of v. Nodes are those of Chebyshev,
s_j = (1 - cos(pi j/(NODES - 1)))/2.
"""

import math
from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.special import erfcx, exp1, voigt_profile

NAMES = ("sum", "product", "voigt", "tail")  # the index is the kernel's code
NODES, POINTS = 65, 1025
MOST_TAIL = 1.0
_LN2 = math.log(2.0)
_SIGMA = 1.0 / (2.0 * math.sqrt(2.0 * _LN2))  # of a Gaussian of unit FWHM
_FAR = 1e5  # stands for infinity at the ends of v


def evaluate_product(u: np.ndarray, m: float) -> np.ndarray:
    """The product of Gaussian and Lorentzian, its FWHM 1; the area is not yet 1."""

    def above(c: float) -> float:
        return math.exp(-_LN2 * (1 - m) * c * c) / (1 + m * c * c) - 0.5

    x2 = (brentq(above, 0.5, 2.0, xtol=1e-14) * u) ** 2
    return np.exp(-4 * _LN2 * (1 - m) * x2) / (1 + 4 * m * x2)


def evaluate_voigt(u: np.ndarray, m: float) -> np.ndarray:
    """The Voigt profile of unit area and FWHM; Gaussian and Lorentzian widths as 1 - m to m."""

    def above(c: float) -> float:
        return (
            float(
                voigt_profile(0.5, c * (1 - m) * _SIGMA, c * m / 2)
                / voigt_profile(0.0, c * (1 - m) * _SIGMA, c * m / 2)
            )
            - 0.5
        )

    c = brentq(above, 0.8, 2.5, xtol=1e-14)
    return voigt_profile(u, c * (1 - m) * _SIGMA, c * m / 2)


def evaluate_tailed_gaussian(u: np.ndarray, a: float) -> np.ndarray:
    """The Gaussian of unit FWHM convolved with exp(-t/a)/a, t > 0 (exponentially modified Gaussian)."""
    normal = np.exp(-0.5 * (u / _SIGMA) ** 2)
    if a == 0:
        return normal / (_SIGMA * math.sqrt(2 * math.pi))
    z = (_SIGMA / a - u / _SIGMA) / math.sqrt(2)
    near = normal * erfcx(np.maximum(z, 0.0))
    # erfc(z) = 2 - erfc(-z), so that nothing overflows far down the tail
    power = np.minimum(0.5 * (_SIGMA / a) ** 2 - u / a, 700.0)
    far = 2 * np.exp(np.where(z < 0, power, -np.inf)) - normal * erfcx(np.maximum(-z, 0.0))
    return np.where(z < 0, far, near) / (2 * a)


def evaluate_tailed_lorentzian(u: np.ndarray, a: float) -> np.ndarray:
    """The Lorentzian of unit FWHM convolved with exp(-t/a)/a, t > 0: -Im[exp(z) E1(z)]/(pi a), z = (i/2 - u)/a."""
    if a == 0:
        return 2 / math.pi / (1 + 4 * u * u)
    z = (0.5j - u) / a
    far = np.abs(z) > 40.0
    inside = np.where(far, 1.0, z)
    scaled = np.exp(inside) * exp1(inside)
    term, series, outside = np.ones_like(z), np.zeros_like(z), np.where(far, z, 40.0)
    for k in range(1, 25):  # asymptotic; the smallest term is the fortieth
        series += term
        term = -term * k / outside
    return -np.where(far, series / outside, scaled).imag / (math.pi * a)


def place_nodes() -> np.ndarray:
    """The values of m, or of a, at which shapes are tabulated (NODES,)."""
    return 0.5 * (1 - np.cos(np.pi * np.arange(NODES) / (NODES - 1)))


@lru_cache(maxsize=1)
def make_tables() -> np.ndarray:
    """All tables (4, NODES, 2, POINTS, 3)."""
    v = np.linspace(0.0, 1.0, POINTS)
    u = np.tan(np.pi * (v[1:-1] - 0.5)) / 2
    u = np.concatenate(([-_FAR], u, [_FAR]))
    return np.ascontiguousarray(
        [
            _make_table(f, u, v)
            for f in (evaluate_product, evaluate_voigt, evaluate_tailed_gaussian, evaluate_tailed_lorentzian)
        ]
    )


def _make_table(shape, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    step = v[1] - v[0]
    density = np.array([shape(u, s) for s in place_nodes()]) * (math.pi / 2) * (1 + 4 * u * u)
    slope = CubicSpline(v, density, axis=1)(v, 1) * step
    cells = step * (0.5 * (density[:, 1:] + density[:, :-1]) + (slope[:, :-1] - slope[:, 1:]) / 12)
    total = np.concatenate((np.zeros((NODES, 1)), np.cumsum(cells, axis=1)), axis=1)
    entries = np.stack((density, slope, total), axis=-1) / total[:, -1, None, None]
    return np.stack((entries, CubicSpline(place_nodes(), entries, axis=0)(place_nodes(), 1)), axis=1)
