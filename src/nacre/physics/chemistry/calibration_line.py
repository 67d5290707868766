"""Straight calibration lines: weighted fit, inverse prediction, limits of detection and quantification.

Signal y = a + b x, x the content of a standard (its error is thought small beside that of y). Arrays are 1-d and in
any unit; weights are inverse variances up to a common factor, which the residuals give.

Sources: D. L. Massart et al., Handbook of Chemometrics and Qualimetrics A (1997), chapter 8 (weighted lines, inverse
prediction); E. C. Fieller, J. R. Stat. Soc. B 16 (1954) 175 (interval of a ratio); DIN 32645:2008-11 and L. A.
Currie, Pure Appl. Chem. 67 (1995) 1699 (decision limit, detection limit, quantification limit).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize
from scipy.stats import chi2
from scipy.stats import f as fisher
from scipy.stats import t as student


class CalibrationError(ValueError):
    """Standards that make no calibration, or a signal that one cannot turn into a content."""


@dataclass(frozen=True)
class CalibrationLine:
    """y = intercept + slope x, with what inverse prediction needs.

    scale : standard deviation of a signal of weight 1; dof : degrees of freedom; x, y, weights : the points, (n,).
    """

    slope: float
    intercept: float
    scale: float
    dof: int
    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray

    @property
    def total_weight(self) -> float:
        return float(self.weights.sum())

    @property
    def centre(self) -> tuple[float, float]:
        """Weighted mean of x and of y."""
        return float(self.weights @ self.x / self.total_weight), float(self.weights @ self.y / self.total_weight)

    @property
    def spread(self) -> float:
        """Weighted sum of squares of x about its mean."""
        return float(self.weights @ (self.x - self.centre[0]) ** 2)

    @property
    def slope_std(self) -> float:
        return self.scale / math.sqrt(self.spread)

    def residuals(self) -> np.ndarray:
        """Residuals over their own standard deviation, (n,).

        Returns
        -------
        np.ndarray
            Standardised residuals, shape (n,).
        """
        return (self.y - self.intercept - self.slope * self.x) * np.sqrt(self.weights) / (self.scale or 1.0)


@dataclass(frozen=True)
class InversePrediction:
    """Content of a signal: `std` to first order, `lo` and `hi` by Fieller at the level asked for; `half` = t std."""

    x: float
    std: float
    half: float
    lo: float
    hi: float
    dof: int


def fit_line(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> CalibrationLine:
    """Weighted least squares.

    Parameters
    ----------
    x : ArrayLike
        Contents of the standards, shape (n,).
    y : ArrayLike
        Signals of the standards, shape (n,), in any unit.
    weights : ArrayLike | None, optional
        Inverse variances up to a common factor, shape (n,); None: all equal.

    Returns
    -------
    CalibrationLine
        Slope, intercept and what inverse prediction needs.

    Raises
    ------
    CalibrationError
        For fewer than three points (no residual is left to tell an error from), for standards of one content only,
        and for weights or values that are not finite and positive.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    w = np.ones_like(x) if weights is None else np.asarray(weights, float)
    if not x.shape == y.shape == w.shape or x.ndim != 1:
        raise CalibrationError(f"contents {x.shape}, signals {y.shape} and weights {w.shape} do not fit each other")
    if x.size < 3:
        raise CalibrationError(
            f"a calibration of {x.size} points cannot tell its own error; at least three are needed, better five"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.isfinite(w).all() and (w > 0).all()):
        raise CalibrationError("contents, signals and weights must be finite, and weights above 0")
    if np.ptp(x) == 0:
        raise CalibrationError(f"all standards have the content {x[0]:g}: that makes no line")
    total = w.sum()
    mean_x, mean_y = w @ x / total, w @ y / total
    slope = float(w @ ((x - mean_x) * (y - mean_y)) / (w @ (x - mean_x) ** 2))
    intercept = float(mean_y - slope * mean_x)
    dof = x.size - 2
    scale = math.sqrt(float(w @ (y - intercept - slope * x) ** 2) / dof)
    return CalibrationLine(slope, intercept, scale, dof, x, y, w)


def predict_inverse(
    line: CalibrationLine, signal: float, weight: float = 1.0, level: float = 0.95
) -> InversePrediction:
    """Content of a signal of the given weight (for the mean of m readings: m times that of one).

    The first-order error is eq. 8.28 of Massart et al.; the interval solves Fieller's quadratic. Raises
    CalibrationError where the slope is not different from 0 at that level.

    Parameters
    ----------
    line : CalibrationLine
        A fitted calibration line.
    signal : float
        The signal, in the unit of the standards.
    weight : float, optional
        Weight of the signal on the scale of the standards' weights.
    level : float, optional
        Confidence level of the interval, 0 to 1.

    Returns
    -------
    InversePrediction
        The content with its errors and interval.
    """
    mean_x, mean_y = line.centre
    limit = float(student.ppf((1 + level) / 2, line.dof))
    g = (limit * line.slope_std / line.slope) ** 2 if line.slope else math.inf
    if g >= 1:
        raise CalibrationError(
            f"the slope {line.slope:.4g} is not different from 0 within its error {line.slope_std:.2g} "
            f"({line.dof} degrees of freedom): no content can be told"
        )
    rise = (signal - mean_y) / line.slope
    own = 1 / weight + 1 / line.total_weight
    std = line.scale / abs(line.slope) * math.sqrt(own + rise**2 / line.spread)
    middle = mean_x + rise / (1 - g)
    reach = limit * line.scale / abs(line.slope) * math.sqrt((1 - g) * own + rise**2 / line.spread) / (1 - g)
    return InversePrediction(mean_x + rise, std, limit * std, middle - reach, middle + reach, line.dof)


def _estimate_blank_error(line: CalibrationLine, x: float, weight: float) -> float:
    """Standard error of an inverse prediction about content x."""
    own = 1 / weight + 1 / line.total_weight
    return line.scale / abs(line.slope) * math.sqrt(own + (x - line.centre[0]) ** 2 / line.spread)


def decision_limit(line: CalibrationLine, alpha: float = 0.05, weight: float = 1.0) -> float:
    """Content above which a signal is more than the blank's (DIN 32645 "Nachweisgrenze"), from the line itself.

    Parameters
    ----------
    line : CalibrationLine
        A fitted calibration line.
    alpha : float, optional
        Chance of a false decision, 0 to 1.
    weight : float, optional
        Weight of the signal on the scale of the standards' weights.

    Returns
    -------
    float
        Content, in the unit of the standards.
    """
    return float(student.ppf(1 - alpha, line.dof)) * _estimate_blank_error(line, 0.0, weight)


def detection_limit(line: CalibrationLine, alpha: float = 0.05, weight: float = 1.0) -> float:
    """Content that is found with a probability 1 - alpha (DIN 32645 "Erfassungsgrenze" for equal errors): twice
    the decision limit.

    Parameters
    ----------
    line : CalibrationLine
        A fitted calibration line.
    alpha : float, optional
        Chance of a false decision, 0 to 1.
    weight : float, optional
        Weight of the signal on the scale of the standards' weights.

    Returns
    -------
    float
        Content, in the unit of the standards.
    """
    return 2 * decision_limit(line, alpha, weight)


def quantification_limit(line: CalibrationLine, alpha: float = 0.05, k: float = 3.0, weight: float = 1.0) -> float:
    """Content whose interval's half-width is 1/k of it (DIN 32645 "Bestimmungsgrenze").

    Parameters
    ----------
    line : CalibrationLine
        A fitted calibration line.
    alpha : float, optional
        Chance of a false decision, 0 to 1.
    k : float, optional
        Content over the half-width of its interval.
    weight : float, optional
        Weight of the signal on the scale of the standards' weights.

    Returns
    -------
    float
        Content, in the unit of the standards.

    Raises
    ------
    CalibrationError
        Where no content within a hundred calibrated ranges is known so well.
    """
    limit = float(student.ppf(1 - alpha / 2, line.dof))

    def excess(x: float) -> float:
        return x - k * limit * _estimate_blank_error(line, x, weight)

    top = 100 * float(np.abs(line.x).max())
    if excess(top) <= 0:
        raise CalibrationError(f"no content is known to 1/{k:g} of itself: the calibration scatters too much")
    return float(brentq(excess, 0.0, top))


def fit_variance_law(signal: ArrayLike, variance: ArrayLike, readings: ArrayLike) -> tuple[float, float]:
    """(s0, r) of the law variance = s0^2 + (r signal)^2, from repeated readings of several solutions.

    signal, variance, readings : mean signal, variance of single readings and their number, (n,). The variances of few
    readings scatter as chi-squared does: their likelihood is maximised.

    Parameters
    ----------
    signal : ArrayLike
        Mean signal of each solution, shape (n,).
    variance : ArrayLike
        Variance of single readings of each solution, shape (n,).
    readings : ArrayLike
        Number of readings of each solution, shape (n,).

    Returns
    -------
    tuple[float, float]
        S0 in the unit of the signal, and the relative r.

    Raises
    ------
    CalibrationError
        Where no solution was read at least twice.
    """
    y, s2, m = (np.asarray(a, float) for a in (signal, variance, readings))
    known = np.isfinite(y) & np.isfinite(s2) & (s2 > 0) & (m > 1)
    if not known.any():
        raise CalibrationError("no solution was read twice: how signals scatter cannot be told")
    y, s2, dof = y[known], s2[known], m[known] - 1
    start = np.log([np.quantile(s2, 0.1), np.quantile(s2 / np.maximum(y**2, 1e-300), 0.3)])

    def cost(p: np.ndarray) -> float:
        v = np.exp(p[0]) + np.exp(p[1]) * y**2
        return float(np.sum(dof * (np.log(v) + s2 / v)))

    best = minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-8, "maxiter": 4000})
    return float(np.exp(best.x[0] / 2)), float(np.exp(best.x[1] / 2))


@dataclass(frozen=True)
class RandomEffectsMean:
    """Mean of several determinations: `between` is their scatter beyond their own errors, `p` how likely as much
    scatter is without it."""

    mean: float
    std: float
    between: float
    p: float
    weights: np.ndarray


def pool_means(values: ArrayLike, stds: ArrayLike, dof: float = math.inf) -> RandomEffectsMean:
    """Mean weighted by 1/(std^2 + between^2), between^2 by the method of moments.

    R. DerSimonian, N. Laird, Control. Clin. Trials 7 (1986) 177. values, stds : (n,), stds above 0; `dof` : the degrees
    of freedom from which the stds themselves are known, all together (F instead of chi-squared for p).

    Parameters
    ----------
    values : ArrayLike
        The determinations, shape (n,).
    stds : ArrayLike
        Their standard deviations, shape (n,), above 0.
    dof : float, optional
        Degrees of freedom from which the standard deviations are known.

    Returns
    -------
    RandomEffectsMean
        Mean, its standard deviation and the scatter beyond the errors.
    """
    v, s = np.asarray(values, float), np.asarray(stds, float)
    w = 1 / s**2
    mean = w @ v / w.sum()
    q = float(w @ (v - mean) ** 2)
    if v.size == 1:
        return RandomEffectsMean(float(v[0]), float(s[0]), 0.0, 1.0, np.ones(1))
    spare = w.sum() - (w**2).sum() / w.sum()
    between2 = max(0.0, (q - (v.size - 1)) / spare)
    w = 1 / (s**2 + between2)
    return RandomEffectsMean(
        float(w @ v / w.sum()),
        float(w.sum() ** -0.5),
        math.sqrt(between2),
        float(chi2.sf(q, v.size - 1) if math.isinf(dof) else fisher.sf(q / (v.size - 1), v.size - 1, dof)),
        w / w.sum(),
    )
