"""Differential capacity dQ/dV as the density of charge over voltage, and its maxima.

The charge between two records is spread evenly over the voltages between them, whichever way the voltage went, and
the whole is smoothed by a Gaussian. Charge is conserved and nothing is divided by a voltage difference, so noise
and a voltage that steps back do no harm. A maximum is placed by a cubic fitted to the logarithm of dQ/dV around it
(local likelihood: C. R. Loader, Ann. Stat. 1996, 24, 1602).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

FINEST = 2.5e-4  # V: a charge between two equal readings lies within this
POWERS = np.arange(4)
FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))


@dataclass(frozen=True)
class PassedCharge:
    """Charge that passed below each voltage: a broken line of knots (m,) in V, rising, and charge (m,)."""

    knots: np.ndarray
    below: np.ndarray

    def between(self, lo: float, hi: float) -> float:
        """Charge that passed between two voltages.

        Parameters
        ----------
        lo : float
            Lower voltage, V.
        hi : float
            Upper voltage, V.

        Returns
        -------
        float
            Charge, in the unit of the record.
        """
        a, b = np.interp((lo, hi), self.knots, self.below)
        return float(b - a)


@dataclass(frozen=True)
class ChargeDensity:
    """dQ/dV on a grid: voltage (n,) in V, rising in equal steps; slope (n,) in charge per V, smoothed.

    raw (n,) is what was smoothed, by a Gaussian of `kernel` steps.
    """

    voltage: np.ndarray
    slope: np.ndarray
    raw: np.ndarray
    kernel: float


def accumulate_charge(voltage: np.ndarray, charge: np.ndarray) -> PassedCharge:
    """Charge by voltage. voltage, charge : (n,) along a half cycle; charge counts from its start and never falls.

    Parameters
    ----------
    voltage : np.ndarray
        Voltage along a half cycle, V, shape (n,).
    charge : np.ndarray
        Charge since its start, shape (n,), never falling.

    Returns
    -------
    PassedCharge
        Knots in V and the charge below them.
    """
    lo, hi = np.minimum(voltage[1:], voltage[:-1]), np.maximum(voltage[1:], voltage[:-1])
    widen = np.clip(FINEST - (hi - lo), 0, None) / 2
    lo, hi = lo - widen, hi + widen
    rate = np.diff(charge) / (hi - lo)
    knots = np.concatenate((lo, hi))
    order = np.argsort(knots, kind="stable")
    knots = knots[order]
    slope = np.cumsum(np.concatenate((rate, -rate))[order])
    return PassedCharge(knots, np.append(0.0, np.cumsum(slope[:-1] * np.diff(knots))))


def compute_density(line: PassedCharge, step: float, smoothing: float) -> ChargeDensity:
    """dQ/dV on a grid of `step` V, smoothed to a standard deviation of `smoothing` V in all (the grid's included).

    Parameters
    ----------
    line : PassedCharge
        Charge below each voltage.
    step : float
        Step of the grid, V.
    smoothing : float
        Standard deviation of the smoothing, V, the grid's included.

    Returns
    -------
    ChargeDensity
        dQ/dV in charge per V.
    """
    first, last = np.floor(line.knots[0] / step), np.ceil(line.knots[-1] / step)
    edges = step * np.arange(first - 1, last + 2)
    slope = np.diff(np.interp(edges, line.knots, line.below)) / step
    kernel = np.sqrt(max(smoothing**2 - step**2 / 12, 0.0)) / step
    smooth = gaussian_filter1d(slope, kernel, mode="reflect", truncate=5.0) if kernel > 0.1 else slope
    return ChargeDensity(0.5 * (edges[1:] + edges[:-1]), smooth, slope, kernel)


def find_maxima(found: ChargeDensity, prominence: float, margin: float) -> np.ndarray:
    """Indices of maxima that rise by `prominence` of the highest above their surroundings, `margin` V off the ends.

    Parameters
    ----------
    found : ChargeDensity
        dQ/dV on a grid.
    prominence : float
        Least rise above the surroundings, as a part of the highest value.
    margin : float
        Distance from the ends, V.

    Returns
    -------
    np.ndarray
        Indices into the grid, shape (m,).
    """
    v, f = found.voltage, found.slope
    inside = (v > v[0] + margin) & (v < v[-1] - margin)
    if inside.sum() < 3:
        return np.zeros(0, int)
    tops = find_peaks(f, prominence=prominence * f[inside].max())[0]
    return tops[inside[tops]]


def find_valleys(found: ChargeDensity, places: np.ndarray, margin: float) -> np.ndarray:
    """Indices of the lowest points left of, between, and right of the maxima (len(places) + 1,), `margin` V inside.

    Parameters
    ----------
    found : ChargeDensity
        dQ/dV on a grid.
    places : np.ndarray
        Indices of the maxima, shape (m,).
    margin : float
        Distance from the ends, V.

    Returns
    -------
    np.ndarray
        Indices into the grid, shape (m + 1,).
    """
    off = max(1, round(margin / (found.voltage[1] - found.voltage[0])))
    ends = [off, *places.tolist(), len(found.slope) - 1 - off]
    return np.array([a + int(np.argmin(found.slope[a : b + 1])) for a, b in pairwise(ends)])


def find_level_crossings(
    found: ChargeDensity, i: int, part: float, lo: int, hi: int
) -> tuple[float, float, bool, bool]:
    """Voltages left and right of the maximum `i` at which dQ/dV falls to `part` of it, and whether each was reached.

    The search ends at the indices `lo` and `hi`, which then stand for the voltage.

    Parameters
    ----------
    found : ChargeDensity
        dQ/dV on a grid.
    i : int
        Index of the maximum.
    part : float
        Level as a part of the maximum.
    lo : int
        Index at which the search to the left ends.
    hi : int
        Index at which the search to the right ends.

    Returns
    -------
    tuple[float, float, bool, bool]
        Voltages left and right, V, and whether each was reached.
    """
    v, f = found.voltage, found.slope
    level = part * f[i]
    down, up = f[lo : i + 1][::-1] <= level, f[i : hi + 1] <= level
    left, right = i - int(down.argmax()), i + int(up.argmax())
    reached = bool(down.any()), bool(up.any())
    a = _interpolate_crossing(v, f, level, left, left + 1) if reached[0] else v[lo]
    b = _interpolate_crossing(v, f, level, right - 1, right) if reached[1] else v[hi]
    return float(a), float(b), *reached


def _interpolate_crossing(v: np.ndarray, f: np.ndarray, level: float, i: int, j: int) -> float:
    return v[i] + (level - f[i]) / (f[j] - f[i]) * (v[j] - v[i])


@dataclass(frozen=True)
class FittedMaximum:
    """A maximum: place in V, height in charge per V, and the cubic it is the maximum of."""

    place: float
    height: float
    cubic: "_LogCubic"

    @property
    def variance(self) -> float:
        """Variance of the place in V^2, from what the cubic leaves of the record."""
        return self.cubic.variance() * self.cubic.span**2


@dataclass(frozen=True)
class _LogCubic:
    """The fit of a cubic in x (n,) to log dQ/dV: its maximum is at `at`; raw (n,) is the unsmoothed dQ/dV."""

    x: np.ndarray
    beta: np.ndarray
    at: float
    span: float
    raw: np.ndarray
    kernel: float

    def variance(self) -> float:
        """Variance of `at`: the pull of every point of the curve on it, times what varies at that point."""
        design = self.x[:, None] ** POWERS
        inverse = np.linalg.pinv(design)
        bend = 2 * self.beta[2] + 6 * self.beta[3] * self.at
        pull = -(np.array([0.0, 1.0, 2 * self.at, 3 * self.at**2]) @ inverse) / bend
        residual = self.raw / np.exp(design @ self.beta) - 1
        return _estimate_variance(pull, residual - design @ (inverse @ residual), self.kernel)


def fit_maximum(found: ChargeDensity, lo: float, hi: float) -> FittedMaximum | None:
    """The maximum of the cubic fitted to log dQ/dV between `lo` and `hi` V; None where it has none inside.

    Parameters
    ----------
    found : ChargeDensity
        dQ/dV on a grid.
    lo : float
        Lower voltage, V.
    hi : float
        Upper voltage, V.

    Returns
    -------
    FittedMaximum | None
        Place in V, height in charge per V.
    """
    a, b = np.searchsorted(found.voltage, (lo - 1e-9, hi + 1e-9))
    v, f = found.voltage[a:b], found.slope[a:b]
    if len(v) <= len(POWERS) + 1 or f.min() <= 0:
        return None
    middle, span = 0.5 * (v[0] + v[-1]), v[-1] - v[0]
    x = (v - middle) / span
    design = np.stack((np.ones_like(x), x, x * x, x * x * x))
    beta = np.linalg.solve(design @ design.T, design @ np.log(f))  # |x| <= 1/2: well conditioned
    at = _find_cubic_maximum(beta)
    if at is None:
        return None
    height = float(np.exp(beta @ at**POWERS))
    return FittedMaximum(float(middle + at * span), height, _LogCubic(x, beta, at, span, found.raw[a:b], found.kernel))


def _find_cubic_maximum(beta: np.ndarray) -> float | None:
    """Where a cubic has its maximum between -1/2 and 1/2."""
    c, b, a = beta[1], 2 * beta[2], 3 * beta[3]
    inside = b * b - 4 * a * c
    if inside < 0:
        return None
    # of the two roots of a x^2 + b x + c, the one with a falling slope, in the form that does not cancel
    if b < 0:
        root = 2 * c / (-b + np.sqrt(inside))
    elif a:
        root = (-b - np.sqrt(inside)) / (2 * a)
    else:
        return None
    return float(root) if abs(root) < 0.5 else None


def _estimate_variance(pull: np.ndarray, residual: np.ndarray, kernel: float) -> float:
    """Variance of `pull @ smoothed residual`, for any phases of the unsmoothed residual's frequencies.

    The fit has taken away what varies less than twice over its window. There the error of the voltage, of which the
    residual is the derivative, is taken to be as large as at the frequencies next to it.
    """
    n = len(residual)
    size = 2 * n
    frequency = np.fft.rfftfreq(size)
    power = np.abs(np.fft.rfft(residual, size)) ** 2 / n
    derivative = 4 * np.sin(np.pi * frequency) ** 2
    low = min(len(POWERS), len(power) // 2)
    level = (power[low : 2 * low] / derivative[low : 2 * low]).mean()
    power[:low] = level * derivative[:low]
    gain = np.abs(np.fft.rfft(pull, size)) ** 2 * np.exp(-((2 * np.pi * frequency * kernel) ** 2))
    weight = np.full(len(power), 2.0)
    weight[0] = weight[-1] = 1.0
    return float(weight @ (power * gain)) / size
