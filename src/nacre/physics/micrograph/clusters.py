"""Fractions over pictures, and differences of differences between groups of pictures.

A fraction over several pictures is a ratio of sums (crack area over particle area). Its variance is that of the
linearised ratio between the clusters, not between pixels or particles: what lies in one picture, or one cell, is alike
(W. G. Cochran, Sampling Techniques, 3rd ed., Wiley 1977, sections 6.4 and 9A). Degrees of freedom of sums of such
variances: F. E. Satterthwaite, Biometrics Bull. 2 (1946) 110.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class ClusterEstimate:
    """A value with its sampling variance and degrees of freedom; both None from a single cluster."""

    value: float
    variance: float | None
    df: float | None
    clusters: int

    @property
    def std(self) -> float | None:
        return None if self.variance is None else float(np.sqrt(self.variance))

    def interval(self, level: float = 0.95, extra: float = 0.0) -> tuple[float, float] | None:
        """Student's interval; `extra` is a variance from other sources, known well."""
        if self.variance is None:
            return None
        total = self.variance + extra
        df = self.df * (total / self.variance) ** 2 if self.variance > 0 else np.inf
        half = stats.t.ppf(0.5 + level / 2, df) * np.sqrt(total)
        return self.value - half, self.value + half


def estimate_ratio(part: np.ndarray, whole: np.ndarray, cluster: Sequence | None = None) -> ClusterEstimate:
    """sum(part) / sum(whole) over pictures (n,), with the variance between clusters (default: each picture).

    Raises ValueError where `whole` sums to nothing.
    """
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    if not whole.sum() > 0:
        raise ValueError("nothing to divide by: the pictures hold none of the whole")
    value = float(part.sum() / whole.sum())
    names = np.arange(part.size) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    n = int(names.max()) + 1
    if n < 2:
        return ClusterEstimate(value, None, None, n)
    left = np.bincount(names, part - value * whole, n) / (whole.sum() / n)
    # leaving one cluster out moves a ratio a little more than its linear form says
    size = np.bincount(names, whole, n) / whole.sum()
    left = left / np.maximum(1 - size, 0.05) * (1 - 1 / n)
    return ClusterEstimate(value, float(left @ left / (n * (n - 1))), float(n - 1), n)


def combine_estimates(weights: Sequence[float], estimates: Sequence[ClusterEstimate]) -> ClusterEstimate:
    """A weighted sum of independent estimates; without variance where one of them has none."""
    value = float(sum(w * e.value for w, e in zip(weights, estimates, strict=True)))
    clusters = min(e.clusters for e in estimates)
    if any(e.variance is None for e in estimates):
        return ClusterEstimate(value, None, None, clusters)
    terms = np.array([w * w * e.variance for w, e in zip(weights, estimates, strict=True)])
    total = float(terms.sum())
    freedom = np.array([e.df for e in estimates])
    df = total**2 / float((terms**2 / freedom).sum()) if total > 0 else float(freedom.sum())
    return ClusterEstimate(value, total, df, clusters)


def estimate_difference_of_differences(
    before0: ClusterEstimate, after0: ClusterEstimate, before1: ClusterEstimate, after1: ClusterEstimate
) -> ClusterEstimate:
    """(after1 - before1) - (after0 - before0): what a treatment (1) changed of a change, against the reference (0)."""
    return combine_estimates((1, -1, -1, 1), (after1, before1, after0, before0))
