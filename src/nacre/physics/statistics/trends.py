"""A quantity over three and more ordered doses: does it rise or fall with the dose, and is a line enough to say how?

The test is the contrast of D. A. Williams' and T. R. Jonckheere's kind that needs no shape: isotonic means (M. Ayer et
al., Ann. Math. Stat. 26 (1955) 641) explain more of the scatter than a permutation of the doses would by chance
(D. J. Barlow, H. D. Brunk: E-bar-squared test, by permutation). The slope is that of ordinary least squares.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy import stats

DRAWS = 999  # of the order of the values: a p value of 0.05 is then known to 0.007


@dataclass(frozen=True)
class Trend:
    """What three and more doses say. direction: +1 rising, -1 falling; p: of no trend, two-sided; means: isotonic, one
    per dose; slope per unit of dose with its interval; p_lack: that a line is enough (None where it cannot be tested);
    linear: whether nothing speaks against the line."""

    doses: tuple[float, ...]
    means: tuple[float, ...]
    isotonic: tuple[float, ...]
    direction: int
    p: float
    slope: float
    slope_lo95: float
    slope_hi95: float
    df: float
    p_lack: float | None

    @property
    def linear(self) -> bool:
        return self.p_lack is None or self.p_lack > 0.05


def fit_trend(doses: Sequence[float], values: Sequence[float], seed: int = 0) -> Trend:
    """The trend of values over their doses.

    Parameters
    ----------
    doses, values : shape (n,); at least three different doses, and more values than doses.
    seed : of the permutations where there are too many to try all.

    Raises
    ------
    ValueError where there are fewer than three doses, or no dose has two values (nothing is known of the scatter).
    """
    x, y = np.asarray(doses, float), np.asarray(values, float)
    levels, index = np.unique(x, return_inverse=True)
    if len(levels) < 3:
        raise ValueError(f"a trend needs three doses; found {len(levels)}")
    if len(y) <= len(levels):
        raise ValueError("no dose has two values: their scatter is unknown")
    counts = np.bincount(index)
    means = np.bincount(index, y) / counts
    rising, falling = fit_isotonic_means(means, counts), -fit_isotonic_means(-means, counts)
    gains = [_compute_explained(fit, y, counts) for fit in (rising, falling)]
    direction = 1 if gains[0] >= gains[1] else -1
    line = stats.linregress(x, y)
    df = len(y) - 2
    half = float(stats.t.ppf(0.975, df)) * line.stderr
    return Trend(
        tuple(levels),
        tuple(means),
        tuple(rising if direction > 0 else falling),
        direction,
        _permute_for_p(index, y, counts, max(gains), seed),
        float(line.slope),
        float(line.slope - half),
        float(line.slope + half),
        df,
        _test_lack_of_fit(x, y, index, means, line),
    )


def fit_isotonic_means(means: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The nondecreasing values nearest to `means` in weighted squares, shape (n,): neighbours that fall are pooled.

    Parameters
    ----------
    means : np.ndarray
        Group means in order of dose, shape (k,).
    weights : np.ndarray
        Weights of the groups, shape (k,).

    Returns
    -------
    np.ndarray
        Fitted means, shape (k,).
    """
    blocks: list[list[float]] = []
    for mean, weight in zip(means, weights, strict=True):
        blocks.append([float(mean), float(weight), 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            m2, w2, n2 = blocks.pop()
            m1, w1, n1 = blocks.pop()
            blocks.append([(m1 * w1 + m2 * w2) / (w1 + w2), w1 + w2, n1 + n2])
    return np.concatenate([np.full(int(n), m) for m, _, n in blocks])


def _compute_explained(fit: np.ndarray, y: np.ndarray, counts: np.ndarray) -> float:
    """Share of the scatter about the grand mean that isotonic means explain."""
    total = float(((y - y.mean()) ** 2).sum())
    return float((counts * (fit - y.mean()) ** 2).sum()) / total if total else 0.0


def _permute_for_p(index: np.ndarray, y: np.ndarray, counts: np.ndarray, found: float, seed: int) -> float:
    """Chance that values dealt to the doses at random are explained as well, in either direction."""

    def statistic(order: np.ndarray) -> float:
        means = np.bincount(index, y[list(order)]) / counts
        up, down = fit_isotonic_means(means, counts), -fit_isotonic_means(-means, counts)
        return max(_compute_explained(up, y, counts), _compute_explained(down, y, counts))

    n = len(y)
    if math.factorial(n) <= DRAWS:
        hits = [statistic(np.array(order)) >= found - 1e-12 for order in permutations(range(n))]
        return float(np.mean(hits))
    rng = np.random.default_rng(seed)
    count = sum(statistic(rng.permutation(n)) >= found - 1e-12 for _ in range(DRAWS))
    return (count + 1) / (DRAWS + 1)


def _test_lack_of_fit(x: np.ndarray, y: np.ndarray, index: np.ndarray, means: np.ndarray, line) -> float | None:
    """p value of the F test that the dose means lie on the line; None where nothing scatters within doses."""
    inside = float(((y - means[index]) ** 2).sum())
    off = float(((means[index] - line.intercept - line.slope * x) ** 2).sum())
    levels = len(means)
    if inside == 0.0 or levels < 3:
        return None
    ratio = off / (levels - 2) / (inside / (len(y) - levels))
    return float(stats.f.sf(ratio, levels - 2, len(y) - levels))
