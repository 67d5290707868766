"""What the data can tell about each parameter of a fitted circuit, and what they cannot.

Three looks: all starts, and how far apart the parameters are of those that fit as well as the best; the condition
number of the scaled Jacobian; and the profile likelihood (Raue et al., Bioinformatics 25 (2009) 1923): one parameter is
held away from its best value, the others are fitted again, and the walk goes on until the fit is significantly worse.
A profile that meets a bound before that does not close: the data set no limit on that side.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from .fit import CircuitFit, compute_log_values, draw_start_variables, sort_variables

STRONG_CORRELATION = 0.98
WIDE = np.log(2.0)
_FURTHEST = np.log(1e4)


@dataclass(frozen=True)
class LikelihoodProfile:
    """Profile likelihood of one parameter: limits (None where it does not close), and the walk (rising value, chi2)."""

    name: str
    low: float | None
    high: float | None
    value: np.ndarray
    chi2: np.ndarray

    @property
    def closed(self):
        return self.low is not None and self.high is not None


@dataclass(frozen=True)
class Identifiability:
    """condition: of the Jacobian with columns of unit length; agreeing: share of starts that met at the minimum;
    spread: by parameter, ratio of the largest to the smallest value among starts that fit as well as the best;
    undetermined: parameter -> why in words.
    """

    condition: float
    agreeing: float
    n_starts: int
    spread: dict[str, float]
    profiles: dict[str, LikelihoodProfile]
    correlated: tuple[tuple[str, str, float], ...]
    undetermined: dict[str, str]


def compute_threshold(fit: CircuitFit, level=0.95):
    """Chi-square above which one parameter is significantly worse than at the minimum."""
    t = stdtrit(fit.dof, 0.5 + level / 2)
    return fit.chi2 + t * t * fit.variance_scale


def identify_parameters(fit: CircuitFit, level=0.95, starts=40, seed=1) -> Identifiability:
    """Report on a fit. Takes of the order of 0.1 s for nine parameters and sixty points."""
    profiles = {
        name: profile_likelihood(fit, name, level) for name, _ in fit.problem.map.variables if name in fit.names
    }
    agreeing, spread = _measure_spread(fit, compute_threshold(fit, level), starts, seed)
    correlation = fit.correlation()
    n = len(fit.names)
    correlated = tuple(
        (fit.names[i], fit.names[j], float(correlation[i, j]))
        for i in range(n)
        for j in range(i)
        if abs(correlation[i, j]) > STRONG_CORRELATION and fit.names[i] not in fit.known.ties
    )
    undetermined = {
        name: why for name in fit.names if (why := _explain_undetermined(fit, name, profiles.get(name), spread[name]))
    }
    return Identifiability(_compute_condition(fit), agreeing, starts, spread, profiles, correlated, undetermined)


def profile_likelihood(fit: CircuitFit, name, level=0.95) -> LikelihoodProfile:
    """Profile likelihood of one free parameter."""
    k = next(i for i, (variable, _) in enumerate(fit.problem.map.variables) if variable == name)
    limit = compute_threshold(fit, level)
    down, low = _walk_profile(fit, k, limit, -1.0)
    up, high = _walk_profile(fit, k, limit, 1.0)
    walk = np.array([*down[::-1], (fit.variables[k], fit.chi2), *up])
    value = np.sign(fit.value(name)) * np.exp(walk[:, 0])
    ends = [None if end is None else float(np.exp(end) * np.sign(fit.value(name))) for end in (low, high)]
    return LikelihoodProfile(name, ends[0], ends[1], value, walk[:, 1])


def _walk_profile(fit, k, limit, side):
    """Points (variable, chi2) to one side, and where chi2 crosses the limit (None if it never does)."""
    m, points = fit.problem.map, []
    start = fit.variables.copy()
    at, chi2 = start[k], fit.chi2
    step = 0.5 * min(max(fit.relative_std(m.variables[k][0]), 1e-4), 0.5)
    end = m.low[k] if side < 0 else m.high[k]
    end = max(end, at - _FURTHEST) if side < 0 else min(end, at + _FURTHEST)
    while side * (end - at) > 1e-9:
        target = at + side * min(step, side * (end - at))
        low, high = m.low.copy(), m.high.copy()
        low[k] = high[k] = start[k] = target
        start, cost = fit.problem.refine(start, low, high)
        points.append((target, 2 * cost))
        if 2 * cost > limit:
            return points, _interpolate_crossing(at, chi2, target, 2 * cost, limit, fit.chi2)
        step *= 1.5 if 2 * cost - chi2 < 0.25 * (limit - fit.chi2) else 1.0
        at, chi2 = target, 2 * cost
    return points, None


def _interpolate_crossing(a, chi2_a, b, chi2_b, limit, least):
    """Where the root of chi2 - least, nearly straight, meets that of the limit."""
    ra, rb, rl = (np.sqrt(max(value - least, 0.0)) for value in (chi2_a, chi2_b, limit))
    return a + (b - a) * (rl - ra) / (rb - ra)


def _measure_spread(fit, limit, starts, seed):
    rng = np.random.default_rng(seed)
    begin = draw_start_variables(fit.problem.map, fit.circuit, fit.known, fit.frequency, fit.impedance, starts, rng)
    found, cost, _ = fit.problem.minimise(begin, starts + 1)
    good = [sort_variables(fit.problem, fit.known, phi) for phi in found[2 * cost <= limit]]
    logs = np.array([compute_log_values(fit.problem.map, phi)[0] for phi in [*good, fit.variables]])
    ratio = np.exp(np.minimum(np.ptp(logs, axis=0), 700.0))
    return len(good) / starts, dict(zip(fit.names, ratio.tolist(), strict=True))


def _compute_condition(fit):
    a = fit.problem.curvature(fit.variables)
    scale = np.sqrt(np.diag(a))
    if not np.all(scale > 0):
        return np.inf
    values = np.linalg.eigvalsh(a / np.outer(scale, scale))
    return float(np.sqrt(values[-1] / values[0])) if values[0] > 0 else np.inf


def _explain_undetermined(fit, name, walked, spread):
    if name in fit.known.fixed:
        return ""
    if name in fit.at_bound:
        return f"stopped at the bound {fit.value(name):.3g}"
    if walked is not None and not walked.closed:
        sides = " and ".join(word for word, end in (("below", walked.low), ("above", walked.high)) if end is None)
        return f"its profile does not close {sides}: the data set no limit there"
    if fit.relative_std(name) > WIDE:
        return f"known only within a factor {np.exp(min(fit.relative_std(name), 700.0)):.3g}"
    if spread > 4.0 and np.log(spread) > 6 * fit.relative_std(name):
        return f"fits of equal quality give values that differ by a factor {spread:.3g}"
    return ""
