"""Lattice fringes of an image as spots of its windowed Fourier transform, and what known fringes say of the scale.

In the transform of noise the power at a place is exponentially distributed about its local mean, whatever the lens and
the camera did to that mean. So a spot is a maximum that noise alone would seldom make: the expected number of maxima
of such a field above a level is known (K. J. Worsley, Adv. Appl. Prob. 26 (1994) 13, chi-squared field of two degrees
of freedom), and the level is set by it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi
from scipy.optimize import brentq, least_squares

LEAST_SIDE = 24  # pixels
PADDED = 2  # the transform is taken on a grid so many times finer
SECTORS = 12  # of half a ring


@dataclass(frozen=True)
class Transform:
    """Power over its local mean (n, m), centre in the middle; spatial frequencies (n,), (m,) in 1/angstrom.

    spread : rms extent in angstrom of the window along y and x, which sets how broad a spot is.
    """

    ratio: np.ndarray
    gy: np.ndarray
    gx: np.ndarray
    spread: tuple[float, float]


@dataclass(frozen=True)
class Spots:
    """Spots (n, 2) as (x, y) in 1/angstrom, one of each opposite pair, strongest first.

    std : error in 1/angstrom of each coordinate; strength : power over the local mean; level : the least strength;
    expected : number of spots that noise alone makes above it.
    """

    at: np.ndarray
    std: np.ndarray
    strength: np.ndarray
    level: float
    expected: float


def transform_region(values: np.ndarray, pixel: float) -> Transform:
    """Transform of a region (rows, columns) with pixels of `pixel` angstrom: detrended, tapered, over its background.

    Raises ValueError where the region is too small or empty.
    """
    if min(values.shape) < LEAST_SIDE:
        raise ValueError(f"a region of {values.shape[1]} x {values.shape[0]} pixels is too small to transform")
    flat = _detrend(np.asarray(values, float))
    if not np.any(np.abs(flat) > 1e-9 * np.abs(values).max()):
        raise ValueError("the region holds no contrast at all")
    tapers = [np.hanning(n + 2)[1:-1] for n in values.shape]  # without the zeros at their ends
    shape = tuple(PADDED * n for n in values.shape)
    power = np.abs(np.fft.fftshift(np.fft.fft2(flat * np.outer(*tapers), shape))) ** 2
    gy, gx = (np.fft.fftshift(np.fft.fftfreq(n, pixel)) for n in shape)
    spread = (pixel * _measure_extent(tapers[0]), pixel * _measure_extent(tapers[1]))
    return Transform(power / _estimate_background(power, gy, gx, spread), gy, gx, spread)


def _detrend(values: np.ndarray) -> np.ndarray:
    """Values without the parabola that fits them best."""
    y, x = (np.linspace(-1, 1, n) for n in values.shape)
    y, x = y[:, None], x[None, :]
    parts = [np.broadcast_to(p, values.shape).ravel() for p in (1 + 0 * x * y, x, y, x * y, x**2, y**2)]
    basis = np.column_stack(parts)
    return values - (basis @ np.linalg.lstsq(basis, values.ravel(), rcond=None)[0]).reshape(values.shape)


def _measure_extent(taper: np.ndarray) -> float:
    """rms extent in pixels of a window, weighted by its power."""
    place = np.arange(taper.size) - (taper.size - 1) / 2
    return float(np.sqrt((place**2 * taper**2).sum() / (taper**2).sum()))


def _estimate_background(power: np.ndarray, gy: np.ndarray, gx: np.ndarray, spread: tuple[float, float]) -> np.ndarray:
    """Local mean of the power of noise, from medians in sectors of rings: it may differ with the direction.

    Astigmatism, drift and the camera make it an ellipse: log mean = a + b cos(2 phi) + c sin(2 phi) on each ring.
    """
    x, y = np.meshgrid(gx, gy)
    radius, angle = np.hypot(x, y), np.mod(np.arctan2(y, x), np.pi)
    step = 1 / (2 * np.pi * min(spread))
    ring = (radius / step).astype(int)
    sector = np.minimum((angle / np.pi * SECTORS).astype(int), SECTORS - 1)
    medians, counts = _compute_medians(power, ring * SECTORS + sector, (ring.max() + 1) * SECTORS)
    centres = (np.arange(SECTORS) + 0.5) * np.pi / SECTORS
    basis = np.column_stack((np.ones(SECTORS), np.cos(2 * centres), np.sin(2 * centres)))
    rows: list = []
    for row, number in zip(medians.reshape(-1, SECTORS), counts.reshape(-1, SECTORS), strict=True):
        rows.append(_fit_ellipse(row, number, basis, rows[-1] if rows else None))
    course = ndi.gaussian_filter1d(ndi.median_filter(np.array(rows), (3, 1), mode="nearest"), 1.0, 0, mode="nearest")
    level, b, c = (np.interp(radius / step - 0.5, np.arange(len(course)), part) for part in course.T)
    return np.exp(level + b * np.cos(2 * angle) + c * np.sin(2 * angle)) / np.log(2)


def _compute_medians(values: np.ndarray, label: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((values.ravel(), label.ravel()))
    counts = np.bincount(label.ravel(), minlength=number)
    first = np.cumsum(counts) - counts
    middle = np.minimum(first + counts // 2, values.size - 1)
    return np.where(counts > 0, values.ravel()[order][middle], np.nan), counts


def _fit_ellipse(medians: np.ndarray, counts: np.ndarray, basis: np.ndarray, last: np.ndarray | None) -> np.ndarray:
    """(a, b, c) of one ring; sectors that a spot fills are left out, and too short a ring has no course."""
    known = np.isfinite(medians) & (medians > 0)
    logs = np.log(np.where(known, medians, 1.0))
    middle = 0.0 if last is None else last[0]
    if known.any():
        middle = np.median(logs[known])
    if known.all() and counts.min() >= 6 * PADDED**2:
        fit = np.linalg.lstsq(basis, logs, rcond=None)[0]
        for _ in range(3):
            misses = logs - basis @ fit
            use = misses < 2.5 * 1.4826 * np.median(np.abs(misses)) + 0.1
            if use.sum() >= 6:
                fit = np.linalg.lstsq(basis[use], logs[use], rcond=None)[0]
        return fit
    return np.array([middle, *(last[1:] if last is not None else (0.0, 0.0))])


def find_spots(seen: Transform, low: float, high: float, false_spots: float = 0.1, most: int = 16) -> Spots:
    """Spots between two spatial frequencies (1/angstrom), at a level at which noise makes `false_spots` of them."""
    high = min(high, 0.9 * seen.gy.max(), 0.9 * seen.gx.max())
    level = _find_level(seen.spread, low, high, false_spots)
    gx, gy = np.meshgrid(seen.gx, seen.gy)
    radius = np.hypot(gx, gy)
    half = (gy > 0) | ((gy == 0) & (gx > 0))
    peaks = (seen.ratio == ndi.maximum_filter(seen.ratio, 2 * PADDED + 1)) & (seen.ratio > level) & half
    rows, columns = np.nonzero(peaks & (radius > low) & (radius < high))
    order = np.argsort(-seen.ratio[rows, columns])
    at: list[np.ndarray] = []
    std, strength = [], []
    for i, j in zip(rows[order], columns[order], strict=True):
        place, error = _refine_spot(seen, i, j)
        if any(_is_same_spot(place, other, seen.spread) for other in at):
            continue
        at.append(place)
        std.append(error)
        strength.append(seen.ratio[i, j])
    cut = slice(most)
    found = (np.array(at).reshape(-1, 2)[cut], np.array(std).reshape(-1, 2)[cut], np.array(strength)[cut])
    return Spots(*found, level, false_spots)


def _find_level(spread: tuple[float, float], low: float, high: float, expected: float) -> float:
    """Strength u above which noise has `expected` maxima on a half ring: area 2 pi sx sy (2 u - 1) exp(-u)."""
    cells = 0.5 * np.pi * (high**2 - low**2) * 2 * np.pi * spread[0] * spread[1]
    return float(brentq(lambda u: np.log(cells * (2 * u - 1)) - u - np.log(expected), 1.5, 60.0))


def _refine_spot(seen: Transform, i: int, j: int) -> tuple[np.ndarray, np.ndarray]:
    """(place, error) of a maximum from parabolas through the logarithm of its neighbours."""
    place, error = [], []
    for axis, grid, k in ((1, seen.gx, j), (0, seen.gy, i)):
        steps = np.array([-1, 0, 1])
        rows, columns = (np.full(3, i), j + steps) if axis else (i + steps, np.full(3, j))
        low, middle, high = np.log(seen.ratio[rows % seen.ratio.shape[0], columns % seen.ratio.shape[1]] + 1e-12)
        bend = max(2 * middle - low - high, 1e-3)
        step = grid[1] - grid[0]
        place.append(grid[k] + step * np.clip((high - low) / (2 * bend), -0.5, 0.5))
        error.append(step / np.sqrt(bend * seen.ratio[i, j]))
    return np.array(place), np.array(error)


def _is_same_spot(one: np.ndarray, two: np.ndarray, spread) -> bool:
    """Whether two places (or their opposites) are closer than a spot is broad."""
    apart = min(np.hypot(*(2 * np.pi * (one - sign * two) * spread[::-1])) for sign in (1, -1))
    return apart < 2.5


# --- the scale ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Distortion:
    """True spatial frequencies from those of the image: g = (1 + scale) g' + the strain [[p, q], [q, -p]] g'.

    values : (scale, p, q); covariance (3, 3); chi2 per degree of freedom of the fit, NaN where there is none left.
    """

    values: np.ndarray
    covariance: np.ndarray
    chi2: float = np.nan

    def apply(self, at: np.ndarray) -> np.ndarray:
        scale, p, q = self.values
        return np.asarray(at, float) @ np.array([[1 + scale + p, q], [q, 1 + scale - p]])

    def scale_error(self) -> float:
        """Relative error of a length, the worse direction counted."""
        return float(np.sqrt(self.covariance[0, 0] + max(self.covariance[1, 1], self.covariance[2, 2])))


def make_prior_distortion(scale: float, strain: float) -> Distortion:
    """Nothing but prior errors (relative)."""
    return Distortion(np.zeros(3), np.diag([scale, strain, strain]) ** 2)


def fit_distortion(
    at: np.ndarray, std: np.ndarray, true: np.ndarray, prior: Distortion, cell_error: float
) -> Distortion:
    """Distortion that brings spots (n, 2) onto the lattice `true` (n, 2) but for a rotation; prior errors included.

    cell_error : relative error of the known lattice, common to all spots; it is added to the scale's.
    """
    true = true if np.linalg.det(at.T @ true) >= 0 else true * [1, -1]
    angle = np.angle(np.sum((at[:, 0] - 1j * at[:, 1]) * (true[:, 0] + 1j * true[:, 1])))
    error = np.maximum(np.sqrt((std**2).sum(1) / 2), 1e-3 * np.hypot(*at.T))[:, None]
    priors = np.sqrt(np.diag(prior.covariance))

    def misses(unknown: np.ndarray) -> np.ndarray:
        c, s = np.cos(unknown[3]), np.sin(unknown[3])
        seen = Distortion(unknown[:3], prior.covariance).apply(at)
        return np.concatenate([((seen - true @ np.array([[c, -s], [s, c]])) / error).ravel(), unknown[:3] / priors])

    fit = least_squares(misses, [0.0, 0.0, 0.0, angle])
    free = 2 * len(at) - 4
    chi2 = float(np.sum(misses(fit.x)[:-3] ** 2) / free) if free > 0 else np.nan
    covariance = np.linalg.inv(fit.jac.T @ fit.jac)[:3, :3] * max(np.nan_to_num(chi2), 1.0)
    covariance[0, 0] += cell_error**2
    return Distortion(fit.x[:3], covariance, chi2)
