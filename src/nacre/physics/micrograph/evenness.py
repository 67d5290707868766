"""Is an element spread evenly? Counts per block against what counting alone would give.

A map of two counts per pixel looks mottled even where the element is perfectly even. Blocks of pixels are therefore
compared with the scatter that counting makes: with a reference element, the counts k of a block with m = k + n counts
of both are binomial (m, p) where the share is the same everywhere, whatever the topography and the beam did to both
(conditional test of two Poisson rates, J. Przyborowski, H. Wilenski, Biometrika 31 (1940) 313); without one, they are
Poisson in proportion to the area. What exceeds that scatter is the true variation,

    CV^2 = [sum (k - E)^2 - sum V] / sum E^2,

at the length scale of the block. Spatial order is told by Moran's I (P. A. P. Moran, Biometrika 37 (1950) 17; its
variance: A. D. Cliff, J. K. Ord, Spatial Processes, Pion 1981, p. 21).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi
from scipy import stats

LEAST_COUNTS = 5.0  # expected counts of a block, below which it tells nothing
LEAST_BLOCKS = 16


@dataclass(frozen=True)
class ScaleVariation:
    """Variation between blocks of `size` pixels: CV with its 95 % limits, p of "even", Moran's I and its p."""

    size: int
    blocks: int
    cv: float
    lo: float
    hi: float
    p: float
    moran: float
    moran_p: float


@dataclass(frozen=True)
class CountBlocks:
    """Counts k, expectation E and counting variance V of blocks (rows, columns); `valid` where enough is expected."""

    k: np.ndarray
    expected: np.ndarray
    variance: np.ndarray
    excess: np.ndarray
    valid: np.ndarray

    @property
    def residual(self) -> np.ndarray:
        """(k - E) / sqrt(V), NaN where not valid."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.valid, (self.k - self.expected) / np.sqrt(self.variance), np.nan)


def sum_blocks(values: np.ndarray, size: int) -> np.ndarray:
    """Sums over blocks of size x size pixels; what does not fill a block at the end is left out."""
    rows, columns = (n // size * size for n in values.shape)
    return values[:rows, :columns].reshape(rows // size, size, columns // size, size).sum(axis=(1, 3))


def count_blocks(counts: np.ndarray, size: int, reference: np.ndarray | None, area: np.ndarray) -> CountBlocks:
    """Blocks of a map; `area` (rows, columns) is 1 where a pixel belongs to the sample, else 0."""
    k = sum_blocks(counts * area, size)
    if reference is None:
        weight = sum_blocks(area, size)
        expected = weight * k.sum() / max(weight.sum(), 1e-300)
        with np.errstate(divide="ignore"):
            return CountBlocks(k, expected, expected, 2 + 1 / expected, expected >= LEAST_COUNTS)
    both = k + sum_blocks(reference * area, size)
    p = k.sum() / max(both.sum(), 1e-300)
    expected, variance = both * p, both * p * (1 - p)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = 2 + (1 - 6 * p * (1 - p)) / variance
    return CountBlocks(k, expected, variance, excess, (expected >= LEAST_COUNTS) & (both * (1 - p) >= LEAST_COUNTS))


def measure_variation(
    counts: np.ndarray, size: int, reference: np.ndarray | None = None, area=None
) -> ScaleVariation | None:
    """The variation at one block size; None where too few blocks hold enough counts."""
    area = np.ones_like(counts, float) if area is None else area
    found = count_blocks(counts, size, reference, area)
    n = int(found.valid.sum())
    if n < LEAST_BLOCKS:
        return None
    k, e, v = (part[found.valid] for part in (found.k, found.expected, found.variance))
    e, v = e * k.sum() / e.sum(), v * k.sum() / e.sum()
    chi2 = float(((k - e) ** 2 / v).sum())
    df = n - 1
    # the statistic's variance is not 2 df at few counts: a gamma law of its mean and variance
    spread = float(found.excess[found.valid].sum()) * df / n
    shape, width = df * df / spread, spread / df
    p = float(stats.gamma.sf(chi2, shape, scale=width))
    # the share of k in k + n moves less than the ratio k / n: by 1 - p
    share = float(np.mean(v / e)) if reference is not None else 1.0
    cv2, lo, hi = _estimate_variation(k, e, v, found.excess[found.valid])
    moran, moran_p = compute_morans_i(found.residual)
    cv, cv_lo, cv_hi = (float(np.sqrt(max(x, 0.0)) / share) for x in (cv2, lo, hi))
    return ScaleVariation(size, n, cv, cv_lo, cv_hi, p, moran, moran_p)


def _estimate_variation(k: np.ndarray, e: np.ndarray, v: np.ndarray, excess: np.ndarray) -> tuple[float, float, float]:
    """(CV^2, its 95 % limits) of blocks: the sum of squares as a chi-squared of as many degrees as it scatters like."""
    total, unit = float(((k - e) ** 2).sum()), float((e**2).sum())
    cv2 = (total - v.sum()) / unit
    single = v + max(cv2, 0.0) * e**2
    freedom = 2 * single.sum() ** 2 / float((2 * single**2 + (excess - 2) * v**2).sum())
    ends = (total * freedom / stats.chi2.ppf(q, freedom) for q in (0.975, 0.025))
    return (cv2, *((end - v.sum()) / unit for end in ends))


def measure_scales(
    counts: np.ndarray, reference: np.ndarray | None = None, area=None, smallest: int = 1
) -> list[ScaleVariation]:
    """Doubling block sizes, from where blocks hold enough counts to where they are few."""
    found, size = [], smallest
    while size <= min(counts.shape) // 4:
        one = measure_variation(counts, size, reference, area)
        if one is not None:
            found.append(one)
        size *= 2
    return found


def combine_p_values(found: Sequence[ScaleVariation]) -> float:
    """p of "even at every scale, without order": the smallest of all, times their number (Bonferroni)."""
    every = [p for scale in found for p in (scale.p, scale.moran_p)]
    return float(min(1.0, min(every) * len(every)))


def compute_morans_i(values: np.ndarray) -> tuple[float, float]:
    """(I, one-sided p) over blocks that share a side; NaN marks blocks that are left out."""
    known = np.isfinite(values)
    n = int(known.sum())
    z = np.where(known, values - values[known].mean(), 0.0)
    cross = pairs = 0.0
    degree = np.zeros(values.shape)
    for axis in (0, 1):
        a, b = np.roll(known, -1, axis) & known, np.roll(z, -1, axis)
        last: list[slice | int] = [slice(None)] * 2
        last[axis] = -1
        a[tuple(last)] = False
        cross += float((z * b)[a].sum())
        pairs += float(a.sum())
        degree += a + np.roll(a, 1, axis)
    square = float((z**2).sum())
    if pairs < LEAST_BLOCKS or square == 0:
        return 0.0, 1.0
    s0, s1, s2 = 2 * pairs, 4 * pairs, float(((2 * degree[known]) ** 2).sum())
    moran, mean = n / pairs * cross / square, -1.0 / (n - 1)
    variance = (n * n * s1 - n * s2 + 3 * s0**2) / ((n * n - 1) * s0**2) - mean**2
    return float(moran), float(stats.norm.sf((moran - mean) / np.sqrt(variance)))


def compute_counting_ratio(counts: np.ndarray) -> float:
    """Scatter between neighbouring pixels over that of counting: 1 for counts, below for smoothed or scaled maps."""
    a, b = counts[:, :-1], counts[:, 1:]
    mean = 0.5 * (a + b)
    return float(0.5 * ((a - b) ** 2).sum() / max(mean.sum(), 1e-300))


def compute_typical_ratio(counts: np.ndarray) -> float:
    """As `compute_counting_ratio`, by the median over pairs: edges of particles do not move it. NaN for few counts."""
    a, b = counts[:, :-1], counts[:, 1:]
    both = a + b
    enough = both >= 10.0
    if enough.sum() < 100:
        return float("nan")
    return float(np.median((a - b)[enough] ** 2 / both[enough]) / stats.chi2.ppf(0.5, 1))


def find_gaps(counts: np.ndarray) -> float:
    """Part of the whole numbers from the 10th to the 90th percentile that occur, over what is expected of counts.

    1 for counts; far below 1 where counts were stretched to fill the levels of a picture, which leaves levels empty.
    """
    seen = counts[counts > 0]
    if seen.size < 100:
        return 1.0
    low, high = np.percentile(seen, (10, 90))
    inside = seen[(seen >= low) & (seen <= high)]
    levels = high - low + 1
    return float(np.unique(inside).size / (levels * -np.expm1(-inside.size / levels)))


def correlate_with_picture(counts, picture, size: int, reference=None, area=None) -> tuple[float, float, float, int]:
    """(r, lo95, hi95, blocks) of an element's share with the brightness of a picture of the same size (Fisher's z)."""
    area = np.ones_like(counts, float) if area is None else area
    found = count_blocks(counts, size, reference, area)
    bright = sum_blocks(picture * area, size) / np.maximum(sum_blocks(area, size), 1e-9)
    share, seen = found.residual[found.valid], bright[found.valid]
    n = share.size
    if n < LEAST_BLOCKS or np.std(seen) == 0:
        return float("nan"), float("nan"), float("nan"), n
    r = float(np.corrcoef(share, seen)[0, 1])
    half = 1.959964 / np.sqrt(n - 3)
    return r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)), n


def find_sample_area(reference: np.ndarray, least: float = 0.2) -> np.ndarray:
    """1 where the reference element is, 0 where it is less than `least` of its usual count (holder, pores)."""
    smooth = ndi.uniform_filter(reference.astype(float), 5)
    return (smooth > least * np.percentile(smooth, 90)).astype(float)
