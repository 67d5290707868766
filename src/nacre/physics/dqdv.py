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

FINEST = 2.5e-4  # V: a charge between two equal readings lies within this
POWERS = np.arange(4)
FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))


@dataclass(frozen=True)
class Passed:
    """Charge that passed below each voltage: a broken line of knots (m,) in V, rising, and charge (m,)."""

    knots: np.ndarray
    below: np.ndarray

    def between(self, lo: float, hi: float) -> float:
        """Charge that passed between two voltages."""
        a, b = np.interp((lo, hi), self.knots, self.below)
        return float(b - a)


@dataclass(frozen=True)
class Density:
    """dQ/dV on a grid: voltage (n,) in V, rising in equal steps; slope (n,) in charge per V, smoothed.

    raw (n,) is what was smoothed, by a Gaussian of `kernel` steps.
    """

    voltage: np.ndarray
    slope: np.ndarray
    raw: np.ndarray
    kernel: float


def passed(voltage: np.ndarray, charge: np.ndarray) -> Passed:
    """Charge by voltage. voltage, charge : (n,) along a half cycle; charge counts from its start and never falls."""
    lo, hi = np.minimum(voltage[1:], voltage[:-1]), np.maximum(voltage[1:], voltage[:-1])
    widen = np.clip(FINEST - (hi - lo), 0, None) / 2
    lo, hi = lo - widen, hi + widen
    rate = np.diff(charge) / (hi - lo)
    knots = np.concatenate((lo, hi))
    order = np.argsort(knots, kind="stable")
    knots = knots[order]
    slope = np.cumsum(np.concatenate((rate, -rate))[order])
    return Passed(knots, np.append(0.0, np.cumsum(slope[:-1] * np.diff(knots))))


def density(line: Passed, step: float, smoothing: float) -> Density:
    """dQ/dV on a grid of `step` V, smoothed to a standard deviation of `smoothing` V in all (the grid's included)."""
    first, last = np.floor(line.knots[0] / step), np.ceil(line.knots[-1] / step)
    edges = step * np.arange(first - 1, last + 2)
    slope = np.diff(np.interp(edges, line.knots, line.below)) / step
    kernel = np.sqrt(max(smoothing**2 - step**2 / 12, 0.0)) / step
    smooth = gaussian_filter1d(slope, kernel, mode="reflect", truncate=5.0)
    return Density(0.5 * (edges[1:] + edges[:-1]), smooth, slope, kernel)


def maxima(found: Density, prominence: float, margin: float) -> np.ndarray:
    """Indices of maxima that rise by `prominence` of the highest above their surroundings, `margin` V off the ends."""
    v, f = found.voltage, found.slope
    inside = (v > v[0] + margin) & (v < v[-1] - margin)
    if inside.sum() < 3:
        return np.zeros(0, int)
    tops = np.flatnonzero((f[1:-1] > f[:-2]) & (f[1:-1] >= f[2:])) + 1
    least = prominence * f[inside].max()
    return np.array([i for i in tops if inside[i] and _prominence(f, i) >= least], int)


def _prominence(f: np.ndarray, i: int) -> float:
    """Height of the maximum `i` above the higher of the lowest points towards a higher curve on either side."""
    sides = f[:i][::-1], f[i + 1 :]
    lows = []
    for side in sides:
        higher = np.flatnonzero(side > f[i])
        lows.append(side[: higher[0] if higher.size else None].min(initial=f[i]))
    return float(f[i] - max(lows))


def valleys(found: Density, places: np.ndarray, margin: float) -> np.ndarray:
    """Indices of the lowest points left of, between, and right of the maxima (len(places) + 1,), `margin` V inside."""
    off = max(1, round(margin / (found.voltage[1] - found.voltage[0])))
    ends = [off, *places.tolist(), len(found.slope) - 1 - off]
    return np.array([a + int(np.argmin(found.slope[a : b + 1])) for a, b in pairwise(ends)])


def above(found: Density, i: int, part: float, lo: int, hi: int) -> tuple[float, float, bool, bool]:
    """Voltages left and right of the maximum `i` at which dQ/dV falls to `part` of it, and whether each was reached.

    The search ends at the indices `lo` and `hi`, which then stand for the voltage.
    """
    v, f = found.voltage, found.slope
    level = part * f[i]
    left = i - np.flatnonzero(f[lo : i + 1][::-1] <= level)[:1]
    right = i + np.flatnonzero(f[i : hi + 1] <= level)[:1]
    a = _crossing(v, f, level, left[0], left[0] + 1) if left.size else v[lo]
    b = _crossing(v, f, level, right[0] - 1, right[0]) if right.size else v[hi]
    return float(a), float(b), bool(left.size), bool(right.size)


def _crossing(v, f, level, i, j) -> float:
    return v[i] + (level - f[i]) / (f[j] - f[i]) * (v[j] - v[i])


@dataclass(frozen=True)
class Top:
    """A maximum: place in V, height in charge per V, and the variance of its place in V^2 from the record itself."""

    place: float
    height: float
    variance: float


def top(found: Density, lo: float, hi: float) -> Top | None:
    """The maximum of the cubic fitted to log dQ/dV between `lo` and `hi` V; None where it has none inside."""
    inside = (found.voltage >= lo - 1e-9) & (found.voltage <= hi + 1e-9)
    v, f, raw = found.voltage[inside], found.slope[inside], found.raw[inside]
    if len(v) <= len(POWERS) + 1 or f.min() <= 0:
        return None
    middle, span = 0.5 * (v[0] + v[-1]), v[-1] - v[0]
    x = (v - middle) / span
    design = x[:, None] ** POWERS
    inverse = np.linalg.pinv(design)
    values = np.log(f)
    beta = inverse @ values
    place = _maximum(beta, x[0], x[-1])
    if place is None:
        return None
    bend = 2 * beta[2] + 6 * beta[3] * place
    pull = -(np.array([0.0, 1.0, 2 * place, 3 * place**2]) @ inverse) / bend
    residual = raw / np.exp(design @ beta) - 1
    variance = _variance(pull, residual - design @ (inverse @ residual), found.kernel)
    return Top(float(middle + place * span), float(np.exp(place**POWERS @ beta)), variance * span**2)


def _maximum(beta, lo, hi) -> float | None:
    a, b, c = 3 * beta[3], 2 * beta[2], beta[1]
    roots = np.roots([a, b, c])
    real = [float(r.real) for r in roots if abs(r.imag) < 1e-12 and lo < r.real < hi and b + 2 * a * r.real < 0]
    return min(real, key=abs) if real else None


def _variance(pull: np.ndarray, residual: np.ndarray, kernel: float) -> float:
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
