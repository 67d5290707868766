"""Open-circuit potentials (and other smooth functions of stoichiometry) as cubic tables on an even grid.

A `StoichiometryCurve` holds values and slopes at evenly spaced stoichiometries; between them it is the cubic Hermite polynomial.
It can be made from a function, from a measured table (monotone interpolation, F. N. Fritsch and R. E. Carlson,
SIAM J. Numer. Anal. 17 (1980) 238) or from a multi-species, multi-reaction model (M. Verbrugge et al.,
J. Electrochem. Soc. 164 (2017) E3243).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from nacre.physics.constants import FARADAY, GAS

INTERVALS = 4096


@dataclass(frozen=True, eq=False)
class StoichiometryCurve:
    """A function of stoichiometry on [low, high]: `value` and `slope` (per unit of x) at evenly spaced points."""

    low: float
    high: float
    value: np.ndarray
    slope: np.ndarray

    def __post_init__(self):
        if not 0.0 <= self.low < self.high <= 1.0:
            raise ValueError(
                f"a curve must lie within stoichiometries 0 to 1; this one spans {self.low} to {self.high}"
            )
        if self.value.shape != self.slope.shape or self.value.ndim != 1 or self.value.size < 2:
            raise ValueError(f"a curve needs as many slopes as values, two or more; found {self.value.shape}")
        if not (np.isfinite(self.value).all() and np.isfinite(self.slope).all()):
            raise ValueError(f"a curve must be finite all over its range {self.low} to {self.high}; shorten the range")

    @property
    def x(self) -> np.ndarray:
        return np.linspace(self.low, self.high, self.value.size)

    def __call__(self, x):
        """Value at x (any shape); straight lines beyond the ends."""
        x = np.asarray(x, float)
        step = (self.high - self.low) / (self.value.size - 1)
        free = (x - self.low) / step
        u = np.clip(free, 0.0, self.value.size - 1.0)
        k = np.minimum(u.astype(int), self.value.size - 2)
        s = u - k
        p, q = self.value[k], self.value[k + 1]
        m, n = self.slope[k] * step, self.slope[k + 1] * step
        c2, c3 = 3 * (q - p) - 2 * m - n, 2 * (p - q) + m + n
        return p + s * (m + s * (c2 + s * c3)) + (m + s * (2 * c2 + 3 * s * c3)) * (free - u)

    def at(self, x: float) -> float:
        """The same for one number, without the cost of arrays."""
        step = (self.high - self.low) / (self.value.size - 1)
        free = (x - self.low) / step
        u = min(max(free, 0.0), self.value.size - 1.0)
        k = min(int(u), self.value.size - 2)
        s = u - k
        p, q, m, n = (
            self.value.item(k),
            self.value.item(k + 1),
            self.slope.item(k) * step,
            self.slope.item(k + 1) * step,
        )
        c2, c3 = 3 * (q - p) - 2 * m - n, 2 * (p - q) + m + n
        return p + s * (m + s * (c2 + s * c3)) + (m + s * (2 * c2 + 3 * s * c3)) * (free - u)


def sample_function(function: Callable, low: float, high: float, intervals: int = INTERVALS) -> StoichiometryCurve:
    """Sample a smooth function of stoichiometry; slopes are those of its cubic spline."""
    x = np.linspace(low, high, intervals + 1)
    value = np.asarray(function(x), float) * np.ones_like(x)
    if not np.isfinite(value).all():
        raise ValueError(f"the function is not finite at x = {x[~np.isfinite(value)][0]:.4g}; shorten the range")
    return StoichiometryCurve(low, high, value, CubicSpline(x, value)(x, 1))


def interpolate_table(x, value, intervals: int = INTERVALS) -> StoichiometryCurve:
    """Monotone interpolation of a measured table; the range is the table's own."""
    x, value = np.asarray(x, float), np.asarray(value, float)
    if x.shape != value.shape or x.ndim != 1 or x.size < 2:
        raise ValueError(
            f"a table needs two columns of the same length, two rows or more; found {x.shape}, {value.shape}"
        )
    order = np.argsort(x)
    x, value = x[order], value[order]
    if not (np.isfinite(x).all() and np.isfinite(value).all()) or (np.diff(x) <= 0.0).any():
        raise ValueError("the stoichiometries of a table must be finite and all different")
    smooth = PchipInterpolator(x, value)
    grid = np.linspace(x[0], x[-1], intervals + 1)
    return StoichiometryCurve(float(x[0]), float(x[-1]), smooth(grid), smooth(grid, 1))


def compute_msmr_stoichiometry(potential, amounts, potentials, widths, temperature: float) -> np.ndarray:
    """x(U) = sum X_j / (1 + exp(F (U - U0_j) / (R T w_j))), Verbrugge et al. (2017) eq. (6). U in V, T in K."""
    u = np.asarray(potential, float)[..., None]
    z = np.clip(
        FARADAY / (GAS * temperature) * (u - np.asarray(potentials, float)) / np.asarray(widths, float), -700, 700
    )
    return (np.asarray(amounts, float) / (1.0 + np.exp(z))).sum(-1)


def invert_msmr(amounts, potentials, widths, temperature: float, low: float, high: float) -> StoichiometryCurve:
    """Invert the multi-species, multi-reaction model on [low, high]; amounts are normalised to sum to one."""
    amounts = np.asarray(amounts, float) / np.sum(amounts)
    potentials, widths = np.asarray(potentials, float), np.asarray(widths, float)
    if not 0.0 < low < high < 1.0:
        raise ValueError(f"the model reaches stoichiometries 0 and 1 only at infinite potential; found {low} to {high}")
    x = np.linspace(low, high, INTERVALS + 1)
    span = 60.0 * GAS * temperature / FARADAY * widths.max()
    below, above = np.full_like(x, potentials.min() - span), np.full_like(x, potentials.max() + span)
    for _ in range(64):  # bisection, all points at once, down to the last bit
        value = 0.5 * (below + above)
        more = compute_msmr_stoichiometry(value, amounts, potentials, widths, temperature) > x
        below, above = np.where(more, value, below), np.where(more, above, value)
    z = FARADAY / (GAS * temperature) * (value[:, None] - potentials) / widths
    inverse = -(
        amounts * FARADAY / (GAS * temperature) / widths * 0.25 / np.cosh(0.5 * np.clip(z, -700, 700)) ** 2
    ).sum(-1)
    return StoichiometryCurve(low, high, value, 1.0 / inverse)
