"""A quantity over three and more ordered doses: does it rise, fall or turn with the dose, is a line enough?

Two statistics look for two shapes. The share of the scatter that isotonic means explain (M. Ayer et al., Ann. Math.
Stat. 26 (1955) 641; E-bar-squared of R. E. Barlow, H. D. Brunk) grows where values rise or fall with the dose; the
smaller of an inner dose's two t values against both end doses grows where values turn. The smaller of their two p
values is calibrated by dealing the values to the doses at random, which needs no shape of the scatter and holds where
each value is one unit (one cell): p is the chance that a quantity without any dependence on the dose looks as much
like one of the two. Which of them it is, is decided afterwards: a turn is claimed only where the inner dose differs
from both ends, a rise or fall only where the ends differ (t tests with the scatter of all doses).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from scipy import stats

DRAWS = 1999  # dealings where there are too many to try all: a p value of 0.05 is then known to 0.005
SMALL = 5000  # ways to deal the values that are all tried
MONOTONE = 2 / 3  # share of the level for what rises or falls, as doses mostly make it; the rest is for turns
LEVEL = 0.05
TIE = 1e-9  # statistics nearer than this are equal but for rounding
SHAPES = ("rises", "falls", "peak", "valley", "unclear")


@dataclass(frozen=True)
class Trend:
    """What three and more doses say.

    Attributes
    ----------
    doses, means, isotonic : shape (k,); the isotonic means are those of the direction that explains more.
    direction : +1 rising, -1 falling.
    p : that values do not depend on the dose; least_p: the smallest that so few values could have given.
    p_monotone : the same, looking for a rise or fall alone.
    p_turn : that values never turn (rise or fall or stay throughout); turn: the inner dose where they seem to.
    shape : rises, falls, peak, valley, or unclear; what p would have to allow it to be.
    slope, slope_lo95, slope_hi95, df : of the line, per unit of dose.
    p_lack : that the means lie on a line; None where no dose has two values.
    """

    doses: tuple[float, ...]
    means: tuple[float, ...]
    isotonic: tuple[float, ...]
    direction: int
    p: float
    least_p: float
    p_monotone: float
    p_turn: float | None
    turn: float | None
    shape: str
    slope: float
    slope_lo95: float
    slope_hi95: float
    df: float
    p_lack: float | None

    @property
    def linear(self) -> bool:
        """Whether a line is enough to say how: the ends differ, and nothing speaks against the line."""
        return self.shape in ("rises", "falls") and (self.p_lack is None or self.p_lack > LEVEL)


def fit_trend(doses: Sequence[float], values: Sequence[float] | np.ndarray, seed: int = 0) -> Trend:
    """The trend of values over their doses.

    Parameters
    ----------
    doses, values : shape (n,); one value per unit (cell, batch), at least three different doses.
    seed : of the dealings where there are too many to try all.

    Raises
    ------
    ValueError where there are fewer than three doses, or all values are equal.
    """
    x, y = np.asarray(doses, float), np.asarray(values, float)
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    levels, counts = np.unique(x, return_counts=True)
    if len(levels) < 3:
        raise ValueError(f"a trend needs three doses; found {len(levels)}")
    if np.ptp(y) <= TIE * np.abs(y).max():
        raise ValueError("all values are equal: nothing is known of their scatter")
    dealt = y[_dealings(tuple(int(n) for n in counts), seed)]
    p, least_p, p_monotone = _permute_for_p(dealt, counts)
    means = _level_means(y[None, :], counts)[0]
    rising, falling = fit_isotonic_means(means, counts), -fit_isotonic_means(-means, counts)
    direction = 1 if _between(rising, counts, y.mean()) >= _between(falling, counts, y.mean()) else -1
    p_turn, turn, sign = _turning(means, counts, y)
    line = stats.linregress(x, y)
    half = float(stats.t.ppf(0.975, len(y) - 2)) * line.stderr
    return Trend(
        tuple(levels.tolist()),
        tuple(means.tolist()),
        tuple((rising if direction > 0 else falling).tolist()),
        direction,
        p,
        least_p,
        p_monotone,
        p_turn,
        None if turn is None else float(levels[turn]),
        _shape(means, counts, y, p_turn, sign),
        float(line.slope),
        float(line.slope - half),
        float(line.slope + half),
        len(y) - 2,
        _test_lack_of_fit(x, y, counts, means, line),
    )


def fit_isotonic_means(means: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The nondecreasing values nearest to `means` in weighted squares.

    Parameters
    ----------
    means : shape (..., k); weights : shape (k,).

    Returns
    -------
    Shape (..., k), by the max-min formula: of all stretches that end at or after a level, the least mean, and of these
    the greatest over all that begin at or before it.
    """
    levels, weights = np.moveaxis(np.asarray(means, float), -1, 0), np.asarray(weights, float)
    out = np.full(levels.shape, -np.inf)
    for first in range(len(levels)):
        sums = np.cumsum(levels[first:] * weights[first:].reshape(-1, *[1] * (levels.ndim - 1)), axis=0)
        least = np.full(levels.shape[1:], np.inf)
        for last in reversed(range(first, len(levels))):
            least = np.minimum(least, sums[last - first] / weights[first : last + 1].sum())
            out[last] = np.maximum(out[last], least)
    return np.moveaxis(out, 0, -1)


# --- the chance of no dependence ----------------------------------------------------------------------------


def _permute_for_p(dealt: np.ndarray, counts: np.ndarray) -> tuple[float, float, float]:
    """(p of the better of both statistics, the least it could be, p of the isotonic one); row 0 is what was found."""
    means = _level_means(dealt, counts)
    centre = dealt[0].mean()
    isotonic = np.maximum(
        _between(fit_isotonic_means(means, counts), counts, centre),
        _between(fit_isotonic_means(-means, counts), counts, -centre),
    )
    each = np.array(
        [
            _tail(isotonic) / MONOTONE,
            _tail(_turn_statistic(means, counts, ((dealt[0] - centre) ** 2).sum(), centre)) / (1.0 - MONOTONE),
        ]
    )
    better = each.min(axis=0)
    p, least = (float((better <= bound * (1 + TIE)).mean()) for bound in (better[0], better.min()))
    return p, least, float(each[0, 0] * MONOTONE)


def _turn_statistic(means: np.ndarray, counts: np.ndarray, total: float, centre: float) -> np.ndarray:
    """The t value of the clearest turn in each dealing; 0 where no dose has two values, and nothing says how clear."""
    if counts.max() == 1:
        return np.zeros(len(means))
    within = total - _between(means, counts, centre)
    return _turn_values(means, counts).max(axis=(-2, -1)) / np.sqrt(np.maximum(within, TIE * within.max()))


def _tail(statistic: np.ndarray) -> np.ndarray:
    """For each dealing the share of all that are as large, shape as given."""
    slack = TIE * max(1e-300, float(np.abs(statistic).max()))
    ranked = np.sort(statistic)
    return 1.0 - np.searchsorted(ranked, statistic - slack) / len(statistic)


def _level_means(dealt: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Means per dose, shape (draws, k), of values that stand in the order of doses, shape (draws, n)."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.add.reduceat(dealt, starts, axis=1) / counts


def _between(means: np.ndarray, counts: np.ndarray, centre: float) -> np.ndarray:
    """Sum of squares of dose means about the grand mean."""
    return (counts * (means - centre) ** 2).sum(axis=-1)


def _turn_values(means: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """How far each inner dose lies above both ends (row 0) or below both (row 1), the lesser of the two distances in
    units of its error for a scatter of 1; shape (..., 2, k - 2)."""
    inner, ends = means[..., 1:-1, None], means[..., None, [0, -1]]
    apart = (inner - ends) / np.sqrt(1.0 / counts[1:-1, None] + 1.0 / counts[[0, -1]])
    return np.stack([apart.min(axis=-1), (-apart).min(axis=-1)], axis=-2)


@lru_cache(maxsize=16)
def _dealings(counts: tuple[int, ...], seed: int) -> np.ndarray:
    """Orders of the values, shape (draws, n), the order as found first: every way to deal them to the doses where these
    are few, else draws at random."""
    n = sum(counts)
    if _is_small(counts):
        return np.array(list(_all_dealings(tuple(range(n)), counts)))
    rng = np.random.default_rng(seed)
    drawn = rng.permuted(np.tile(np.arange(n), (DRAWS, 1)), axis=1)
    return np.concatenate([np.arange(n)[None, :], drawn])


def _all_dealings(left: tuple[int, ...], counts: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if len(counts) == 1:
        yield left
        return
    for chosen in combinations(left, counts[0]):
        rest = tuple(i for i in left if i not in chosen)
        for tail in _all_dealings(rest, counts[1:]):
            yield (*chosen, *tail)


def _ways(counts: Sequence[int]) -> int:
    return math.factorial(int(sum(counts))) // math.prod(math.factorial(int(n)) for n in counts)


def _is_small(counts: Sequence[int]) -> bool:
    return _ways(counts) <= SMALL


# --- shape --------------------------------------------------------------------------------------------------


def _scatter(means: np.ndarray, counts: np.ndarray, y: np.ndarray) -> tuple[float, int]:
    """(standard deviation within doses, its degrees of freedom); the first NaN where no dose has two values."""
    df = len(y) - len(means)
    within = float(((y - np.repeat(means, counts)) ** 2).sum())
    return (math.sqrt(within / df) if df > 0 else math.nan), df


def _turning(means: np.ndarray, counts: np.ndarray, y: np.ndarray) -> tuple[float | None, int | None, int]:
    """(p that values never turn, place of the turn, +1 peak or -1 valley).

    An inner dose has to differ from both ends, each at its level: where values never turn, one of the two differences
    is none. The inner doses and the two directions share the level.
    """
    sd, df = _scatter(means, counts, y)
    if df <= 0:
        return None, None, 0
    apart = _turn_values(means, counts)
    row, column = np.unravel_index(int(apart.argmax()), apart.shape)
    best = float(apart[row, column])
    if best <= 0.0:
        return 1.0, None, 0
    p = float(stats.t.sf(best / sd, df)) if sd > 0.0 else 0.0
    return min(1.0, apart.size * p), int(column) + 1, 1 - 2 * int(row)


def _shape(means: np.ndarray, counts: np.ndarray, y: np.ndarray, p_turn: float | None, sign: int) -> str:
    if p_turn is not None and p_turn <= LEVEL:
        return "peak" if sign > 0 else "valley"
    if not _ends_differ(means, counts, y):
        return "unclear"
    return "rises" if means[-1] > means[0] else "falls"


def _ends_differ(means: np.ndarray, counts: np.ndarray, y: np.ndarray) -> bool:
    """Whether the highest dose differs from the lowest; with one value a dose, whether all of them stand in order."""
    sd, df = _scatter(means, counts, y)
    if df <= 0:
        steps = np.diff(means)
        return bool((steps >= 0).all() or (steps <= 0).all())
    error = sd * math.sqrt(1.0 / counts[0] + 1.0 / counts[-1])
    return abs(means[-1] - means[0]) > float(stats.t.ppf(1 - LEVEL / 2, df)) * error


def _test_lack_of_fit(x: np.ndarray, y: np.ndarray, counts: np.ndarray, means: np.ndarray, line) -> float | None:
    """p value of the F test that the dose means lie on the line; None where nothing scatters within doses."""
    sd, df = _scatter(means, counts, y)
    if not sd > 0.0:
        return None
    levels = np.unique(x)
    off = float((counts * (means - line.intercept - line.slope * levels) ** 2).sum())
    return float(stats.f.sf(off / (len(levels) - 2) / sd**2, len(levels) - 2, df))
