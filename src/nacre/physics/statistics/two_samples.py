"""Two means of few values each: their difference with its interval, and whether it is one, or none that matters.

Where both sides have equally many values the variances are pooled: Student's t holds its level then even when the
variances differ (B. L. Welch, Biometrika 29 (1938) 350; G. E. P. Box, Ann. Math. Stat. 25 (1954) 290), and with three
values a side it has more power than Welch's test. Else the variances stay apart (B. L. Welch, Biometrika 34 (1947) 28).
That two means are equal within a margin is shown by two one-sided tests (D. J. Schuirmann, J. Pharmacokinet. Biopharm.
15 (1987) 657).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special


@dataclass(frozen=True)
class MeanDifference:
    """A difference of two means: estimate, standard error, degrees of freedom (inf: a normal law), how it was had."""

    estimate: float
    error: float
    df: float
    method: str

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The two-sided confidence interval of a level.

        Parameters
        ----------
        level : float, optional
            Confidence level, 0 to 1.

        Returns
        -------
        tuple[float, float]
            Lower and upper limit.
        """
        half = self.error * _quantile(0.5 + level / 2, self.df)
        return self.estimate - half, self.estimate + half

    def p_value(self) -> float:
        """Two-sided p value of the hypothesis that the true difference is zero.

        Returns
        -------
        float
            Two-sided p value.
        """
        if self.error == 0.0:
            return 1.0 if self.estimate == 0.0 else 0.0
        return 2.0 * _tail(abs(self.estimate) / self.error, self.df)

    def p_equal(self, lower: float, upper: float) -> float:
        """The larger p value of the two one-sided tests that the true difference lies outside of (lower, upper).

        At most 0.05 where the 90 % interval lies within the two.

        Parameters
        ----------
        lower : float
            Lower end of the margin.
        upper : float
            Upper end of the margin.

        Returns
        -------
        float
            Larger of the two one-sided p values.
        """
        if self.error == 0.0:
            return 0.0 if lower < self.estimate < upper else 1.0
        below = _tail((self.estimate - lower) / self.error, self.df)
        above = _tail((upper - self.estimate) / self.error, self.df)
        return max(below, above)

    def widened(self, std: float, df: float = math.inf) -> "MeanDifference":
        """The same with a further independent error, its degrees of freedom joined by Satterthwaite's rule.

        Parameters
        ----------
        std : float
            Standard deviation to add in quadrature.
        df : float, optional
            Its degrees of freedom.

        Returns
        -------
        'MeanDifference'
            The difference with the larger error.
        """
        if std == 0.0:
            return self
        error = math.hypot(self.error, std)
        parts = self.error**4 / self.df + std**4 / df
        return MeanDifference(self.estimate, error, error**4 / parts if parts else math.inf, self.method)


def _tail(t: float, df: float) -> float:
    """Chance that Student's t, or a normal value where df is infinite, exceeds t."""
    return float(special.ndtr(-t) if math.isinf(df) else special.stdtr(df, -t))


def _quantile(chance: float, df: float) -> float:
    return float(special.ndtri(chance) if math.isinf(df) else special.stdtrit(df, chance))


def compare_means(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> MeanDifference:
    """mean(b) - mean(a) of two or more independent values each.

    Parameters
    ----------
    a, b : values of the two sides, in one unit, shape (n_a,) and (n_b,).

    Returns
    -------
    Difference with Student's t where n_a = n_b, else Welch's.

    Raises
    ------
    ValueError where a side has fewer than two values.
    """
    n_a, n_b = len(a), len(b)
    if min(n_a, n_b) < 2:
        raise ValueError("a side has fewer than two values: its scatter is unknown")
    estimate = float(np.mean(b) - np.mean(a))
    var_a, var_b = float(np.var(a, ddof=1)), float(np.var(b, ddof=1))
    if n_a != n_b:
        var_a = max(var_a, var_b) if n_a == 2 else var_a
        var_b = max(var_a, var_b) if n_b == 2 else var_b
    part_a, part_b = var_a / n_a, var_b / n_b
    error = math.sqrt(part_a + part_b)
    if n_a == n_b:
        return MeanDifference(estimate, error, n_a + n_b - 2, "pooled t")
    if error == 0.0:
        return MeanDifference(estimate, 0.0, min(n_a, n_b) - 1, "Welch's t")
    df = (part_a + part_b) ** 2 / (part_a**2 / (n_a - 1) + part_b**2 / (n_b - 1))
    return MeanDifference(estimate, error, df, "Welch's t")


def compute_hedges_g(a: Sequence[float], b: Sequence[float]) -> float | None:
    """The difference in pooled standard deviations, freed of its small-sample bias; None where nothing scatters.

    L. V. Hedges, J. Educ. Stat. 6 (1981) 107.

    Parameters
    ----------
    a : Sequence[float]
        Values of the first group.
    b : Sequence[float]
        Values of the second group.

    Returns
    -------
    float | None
        Standardised difference.
    """
    n = len(a) + len(b)
    pooled = math.sqrt((np.var(a, ddof=1) * (len(a) - 1) + np.var(b, ddof=1) * (len(b) - 1)) / (n - 2))
    return float((np.mean(b) - np.mean(a)) / pooled * (1 - 3 / (4 * n - 9))) if pooled else None


MOST_REPLICATES = 1000


def count_replicates_to_show(effect: float, sd: float, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Values a side that show a true difference `effect` with the power asked; None beyond 1000 or without an effect.

    Exact for Student's t of two equal sides of one standard deviation `sd` (noncentral t).

    Parameters
    ----------
    effect : float
        Difference to show.
    sd : float
        Standard deviation of single values.
    alpha : float, optional
        Level of the test, 0 to 1.
    power : float, optional
        Wanted power, 0 to 1.

    Returns
    -------
    int | None
        Replicates per group.
    """
    if effect == 0.0 or sd <= 0.0:
        return None
    return _find_least(lambda n: _compute_power(abs(effect) / sd, n, alpha) >= power)


def _compute_power(effect: float, n: int, alpha: float) -> float:
    df, centre = 2 * n - 2, effect * math.sqrt(n / 2)
    return 1.0 - float(special.nctdtr(df, centre, special.stdtrit(df, 1 - alpha / 2)))


def count_replicates_to_equal(margin: float, sd: float, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Values a side that show equality within +- margin, where the truth is no difference, with the power asked.

    A bound that is slightly too large: both one-sided tests have to reject, each with half of the missing power.

    Parameters
    ----------
    margin : float
        Largest difference that counts as equal.
    sd : float
        Standard deviation of single values.
    alpha : float, optional
        Level of the test, 0 to 1.
    power : float, optional
        Wanted power, 0 to 1.

    Returns
    -------
    int | None
        Replicates per group.
    """
    if margin <= 0.0 or sd <= 0.0:
        return None

    def enough(n: int) -> bool:
        df, centre = 2 * n - 2, margin / sd * math.sqrt(n / 2)
        missed = float(special.nctdtr(df, centre, special.stdtrit(df, 1 - alpha)))
        return missed <= (1 - power) / 2

    return _find_least(enough)


def _find_least(enough) -> int | None:
    """The least number from 2 up for which `enough` holds, by doubling and halving; it holds for all larger ones."""
    top = 2
    while not enough(top):
        top *= 2
        if top > MOST_REPLICATES:
            return None
    low = top // 2
    while top - low > 1:
        middle = (low + top) // 2
        low, top = (low, middle) if enough(middle) else (middle, top)
    return top
