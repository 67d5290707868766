"""Particles of a picture told apart, and their sizes without the bias of the field's edge.

Touching particles are parted by a watershed of the distance to the background (S. Beucher, F. Meyer, in Mathematical
Morphology in Image Processing, Dekker 1993). A large particle meets the edge of the field more often than a small one;
those that do are left out, and each other counts by the inverse of its chance to lie wholly inside (R. E. Miles,
in Stochastic Geometry, Wiley 1974; C. Lantuejoul, in Mikroskopie 37 (1980)).
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi
from scipy import stats


def split_particles(mask: np.ndarray, smallest: int, smooth: float = 2.0) -> np.ndarray:
    """Labels (rows, columns) 1..n of the particles in `mask`, 0 outside; `smallest` in pixels of area."""
    from skimage.feature import peak_local_max
    from skimage.segmentation import watershed

    # beyond the field the particle goes on: the edge of the picture is no background
    inside = np.pad(mask, 1, mode="edge")
    distance = ndi.distance_transform_edt(inside)[1:-1, 1:-1]
    distance = ndi.gaussian_filter(distance, smooth)
    apart = max(2, int(0.45 * np.sqrt(smallest / np.pi)))
    peaks = peak_local_max(distance, min_distance=apart, labels=ndi.label(mask)[0], exclude_border=False)
    peaks = _drop_double_peaks(peaks, distance)
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = _join_broad_necks(watershed(-distance, markers, mask=mask), distance)
    sizes = np.bincount(labels.ravel())
    keep = sizes >= smallest
    keep[0] = False
    return (np.cumsum(keep) * keep)[labels]


def _join_broad_necks(labels: np.ndarray, distance: np.ndarray, neck: float = 0.75) -> np.ndarray:
    """Labels with neighbours joined whose neck is as wide as `neck` of the thinner one: one particle, cut in two."""
    n = int(labels.max())
    top = np.append(0.0, ndi.maximum(distance, labels, np.arange(1, n + 1))) if n else np.zeros(1)
    saddles: dict[tuple[int, int], float] = {}
    for a, b, d in _find_borders(labels, distance):
        for i, j, height in zip(a.tolist(), b.tolist(), d.tolist(), strict=True):
            pair = (min(i, j), max(i, j))
            saddles[pair] = max(saddles.get(pair, 0.0), height)
    parent = np.arange(n + 1)
    for (i, j), height in sorted(saddles.items(), key=lambda item: -item[1]):
        if height > neck * min(top[i], top[j]):
            root_i, root_j = _find_root(parent, i), _find_root(parent, j)
            parent[max(root_i, root_j)] = min(root_i, root_j)
            top[min(root_i, root_j)] = max(top[root_i], top[root_j])
    return np.array([_find_root(parent, i) for i in range(n + 1)], labels.dtype)[labels]


def _find_borders(labels: np.ndarray, distance: np.ndarray):
    """(label, neighbour's label, distance) of pixels side by side in two particles, along rows and columns."""
    for axis in (0, 1):
        first, last = [slice(None)] * 2, [slice(None)] * 2
        first[axis], last[axis] = slice(None, -1), slice(1, None)
        a, b = labels[tuple(first)], labels[tuple(last)]
        meet = (a != b) & (a > 0) & (b > 0)
        yield a[meet], b[meet], np.minimum(distance[tuple(first)], distance[tuple(last)])[meet]


def _find_root(parent: np.ndarray, i: int) -> int:
    while parent[i] != i:
        i = int(parent[i])
    return i


def _drop_double_peaks(peaks: np.ndarray, distance: np.ndarray, part: float = 0.5) -> np.ndarray:
    """Peaks without those that lie within `part` of the radius of a greater one: one particle, two tops."""
    kept: list[np.ndarray] = []
    for peak in peaks:  # in falling order of distance
        reach = [part * (distance[tuple(p)] + 0.3 * distance[tuple(peak)]) for p in kept]
        if all(np.hypot(*(peak - p)) > r for p, r in zip(kept, reach, strict=True)):
            kept.append(peak)
    return np.array(kept, int).reshape(-1, 2)


@dataclass(frozen=True)
class Sizes:
    """Whole particles: equivalent diameters (in pixels), weights by the chance of being whole; cut ones counted."""

    diameters: np.ndarray
    weights: np.ndarray
    labels: np.ndarray
    cut: int


def measure_sizes(labels: np.ndarray) -> Sizes:
    """Equivalent circle diameters of the particles that no edge of the field cuts."""
    rows, columns = labels.shape
    found, weight, names, cut = [], [], [], 0
    for i, box in enumerate(ndi.find_objects(labels), 1):
        if box is None:
            continue
        (top, bottom), (left, right) = ((s.start, s.stop) for s in box)
        if top == 0 or left == 0 or bottom == rows or right == columns:
            cut += 1
            continue
        area = int((labels[box] == i).sum())
        found.append(2 * np.sqrt(area / np.pi))
        weight.append(rows * columns / ((rows - (bottom - top)) * (columns - (right - left))))
        names.append(i)
    return Sizes(np.array(found), np.array(weight), np.array(names, int), cut)


def compute_percentile(values: np.ndarray, weights: np.ndarray, part: float) -> float:
    """Weighted quantile (0..1), linear between the middles of the weights."""
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    at = (np.cumsum(weights) - 0.5 * weights) / weights.sum()
    return float(np.interp(part, at, values))


def compute_percentiles(values, weights, parts) -> list[tuple[float, float | None, float | None]]:
    """(value, lo95, hi95) per part: the interval lies between two of the sorted values, whatever their distribution.

    Binomial limits of the order statistics (H. A. David, H. N. Nagaraja, Order Statistics, 3rd ed., Wiley 2003, 7.1);
    None where an end would lie beyond the smallest or largest value, as for D10 of fewer than 36 particles.
    """
    n, found = len(values), []
    for part in parts:
        low, high = stats.binom.ppf((0.025, 0.975), n, part)
        ends = [compute_percentile(values, weights, (k - 0.5) / n) if 1 <= k <= n else None for k in (low, high + 1)]
        found.append((compute_percentile(values, weights, part), *ends))
    return found


def compute_cumulative(values, weights, at) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(part of the weight below each of `at` (n,), its lo95, its hi95), after C. J. Clopper, E. S. Pearson (1934)."""
    share = weights @ (values[:, None] < at) / weights.sum()
    n = weights.sum() ** 2 / (weights**2).sum()
    lo, hi = (stats.beta.ppf(q, n * share + 1 - k, n * (1 - share) + k) for q, k in ((0.025, 1), (0.975, 0)))
    return share, np.where(share > 0, lo, 0.0), np.where(share < 1, hi, 1.0)
