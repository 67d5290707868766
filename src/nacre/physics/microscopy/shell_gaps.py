"""Which part of a particle's edge is covered: counts of the coating's element along the contour, piece by piece.

A mixture of stretches that bear the coating's counts, stretches that bear the background's, and stretches between. No
gap among n: at most 1 - 0.05^(1/n) is bare, the "rule of three" (J. A. Hanley, A. Lippman-Hand, JAMA 249 (1983) 1743).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln
from scipy.stats import beta

_EVIDENCE = 6.0  # log-likelihood by which a gap must beat the coating
_THIN = 0.01  # of the stretches with a coating, those where it is thinner than it varies elsewhere
_ENDS = 0.7  # of the coating's counts, below which a stretch beside a gap belongs to its end
_BESIDE = 10.0  # nm of coating beside a gap against which it is measured


@dataclass(frozen=True)
class ShellCoverage:
    """Covered part of a contour with its 95 % interval, and its gaps: rows of begin and end (nm), lengths (nm).

    A gap's length is that of the coating that is missing between its begin and end, where the counts are low.
    shortest : a gap below this length (nm) lacks too few counts to be seen.
    """

    share: float
    low: float
    high: float
    gaps: np.ndarray
    lengths: np.ndarray
    shortest: float


def measure_coverage(
    z: np.ndarray, gap: np.ndarray, coated: np.ndarray, step: float, gap_length: float
) -> ShellCoverage:
    """The covered part of a contour, from pieces of `step` nm of it.

    z (n,) : effective counts of each piece in the band of the coating; gap, coated (n,) : the means expected of a piece
    without and with coating. gap_length : length (nm) within which pieces are not independent, where gaps are shorter.

    Stretches of two pieces are bare, or covered (their counts scatter more than Poisson, as the thickness does, by a
    dispersion that is fitted; one in a hundred is thinner than that allows), or hold a gap's end and are covered in
    part. A gap is where stretches that are not covered beat coating by a log-likelihood of 6 together. Its ends are
    blurred: it reaches as far (up to two stretches) as counts are below 0.7 of the coating's, and a piece further. Its
    length is that of the coating that is missing there, against the coating beside it, which blur does not change. The
    interval is that of a share of n independent pieces (C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404), n the
    length of the contour over that of the gaps (each weighted with its length, as long gaps make pieces alike).
    """
    z, length = np.maximum(z, 0), step * z.size
    mixture = _fit_mixture(*(_sum_pairs(values) for values in (z, gap, coated)))
    shortest = 2 * step * max(_EVIDENCE / max(mixture.power, 1e-9), 1.0)
    dim = _sum_pairs(z - gap) < _ENDS * _sum_pairs(coated - gap)
    marked = np.zeros(z.size, bool)
    for begin, end in _find_runs(mixture.covered < 0.5):
        if mixture.evidence[begin:end].sum() > _EVIDENCE:
            before, behind = (_count_dim(dim, at) for at in (range(begin - 1, -1, -1), range(end, dim.size)))
            marked[max(2 * (begin - before) - 1, 0) : 2 * (end + behind) + 1] = True
    runs = _find_runs(marked)
    if not runs:  # no gap is seen: all of the 5 % goes to the lower bound
        return ShellCoverage(1.0, 0.05 ** min(gap_length / length, 1.0), 1.0, np.zeros((0, 2)), np.zeros(0), shortest)
    lengths = np.array([_measure_missing_length(z - gap, coated - gap, marked, run, mixture, step) for run in runs])
    alike = max(gap_length, float(np.sum(lengths**2)) / max(float(lengths.sum()), 1e-9))
    share, number = 1 - float(lengths.sum()) / length, max(length / alike, 1.0)
    low = float(beta.ppf(0.025, share * number, (1 - share) * number + 1)) if share > 0 else 0.0
    high = float(beta.ppf(0.975, share * number + 1, (1 - share) * number)) if share < 1 else 1.0
    return ShellCoverage(share, low, high, step * np.array(runs, float), lengths, shortest)


def _count_dim(dim: np.ndarray, places: range) -> int:
    """How many of the places (at most two) are dim, up to the first that is not."""
    reach = 0
    for place in places[:2]:
        if not dim[place]:
            break
        reach += 1
    return reach


def _measure_missing_length(seen, full, marked, run, mixture: "_CoverageMixture", step: float) -> float:
    """Length (nm) without coating in a run of pieces, against the coating within 10 nm on both sides.

    Its level is drawn to that of the whole contour by the gamma distribution of levels.
    """
    begin, end = run
    reach = round(_BESIDE / step)
    near = np.zeros(seen.size, bool)
    near[max(begin - reach, 0) : end + reach] = True
    near &= ~marked
    level, shape = mixture.level, mixture.shape
    level *= (shape + seen[near].sum()) / (shape + level * full[near].sum())
    missing = 1 - seen[begin:end].sum() / max(level * full[begin:end].sum(), 1e-9)
    return float(np.clip(missing, 0, 1)) * (end - begin) * step


@dataclass(frozen=True)
class _CoverageMixture:
    """covered, evidence (n,): probability that a stretch is covered, log-likelihood of not covered against covered.

    level, shape : of the gamma distribution of the coating's counts over those expected; power : mean evidence that
    stretches without any coating would give.
    """

    covered: np.ndarray
    evidence: np.ndarray
    level: float
    shape: float
    power: float


def _fit_mixture(z: np.ndarray, gap: np.ndarray, coated: np.ndarray) -> _CoverageMixture:
    def full(p: np.ndarray, z: np.ndarray, thin: np.ndarray) -> np.ndarray:
        usual = _log_gamma_poisson(z, np.maximum(coated * math.exp(p[2]), gap + 1e-9), math.exp(p[3]))
        return np.logaddexp(usual + math.log(1 - _THIN), thin + math.log(_THIN))

    def components(p: np.ndarray) -> np.ndarray:
        shares = np.array([0.0, p[0], p[1]])
        return (shares - np.logaddexp.reduce(shares))[:, None] + np.vstack([full(p, z, thin), lacking])

    def misfit(p: np.ndarray) -> float:
        # weak ties: a dim coating is not a gap, and the ends of gaps are fewer than stretches
        ties = (p[2] / 0.15) ** 2 + ((p[3] - 3.5) / 1.5) ** 2 + ((p[0] + 4) / 2) ** 2 + ((p[1] + 4) / 4) ** 2
        return 0.5 * float(ties) - float(np.logaddexp.reduce(components(p)).sum())

    (thin, *lacking), (none_thin, *none) = (_compute_stretch_likelihoods(at, gap, coated) for at in (z, gap))
    start = np.array([-4.0, -3.0, 0.0, 3.0])
    p = minimize(misfit, start, method="Nelder-Mead", options={"maxfev": 1500, "xatol": 1e-3, "fatol": 1e-4}).x
    logs = components(p)
    evidence = np.logaddexp(*lacking) - math.log(2) - full(p, z, thin)
    power = np.logaddexp(*none) - math.log(2) - full(p, gap, none_thin)
    covered = np.exp(logs[0] - np.logaddexp.reduce(logs))
    return _CoverageMixture(covered, evidence, math.exp(p[2]), math.exp(p[3]), float(power.mean()))


def _compute_stretch_likelihoods(z: np.ndarray, gap: np.ndarray, coated: np.ndarray) -> np.ndarray:
    """Log-likelihoods (3, n) of stretches with a thin coating, with the end of a gap, and bare."""

    def between(low: float, high: float) -> np.ndarray:
        parts = np.arange(low, high, 0.1)[:, None]
        return np.logaddexp.reduce(_log_poisson(z, gap + parts * (coated - gap)), axis=0) - math.log(len(parts))

    return np.array([between(0.35, 0.9), between(0.05, 0.3), _log_poisson(z, gap)])


def _sum_pairs(values: np.ndarray) -> np.ndarray:
    """Sums of two neighbours; the last of an odd number joins the pair before it."""
    return np.add.reduceat(values, np.arange(0, max(values.size - 1, 1), 2))


def _find_runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """(begin, end) of every unbroken run, the end not in it."""
    steps = np.diff(np.concatenate([[0], mask.astype(int), [0]]))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def _log_poisson(z: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return z * np.log(np.maximum(mean, 1e-9)) - mean - gammaln(z + 1)


def _log_gamma_poisson(z: np.ndarray, mean: np.ndarray, shape: float) -> np.ndarray:
    """Poisson counts whose mean scatters with a relative variance of 1 / shape."""
    ways = gammaln(z + shape) - gammaln(shape) - gammaln(z + 1)
    return ways + shape * np.log(shape / (shape + mean)) + z * np.log(mean / (shape + mean))
