"""Largest Poisson (quasi-)likelihood of counts under normal priors, by damped Fisher scoring.

The likelihood is z ln mu - mu (R. W. M. Wedderburn, Biometrika 61 (1974) 439); parameters q are in units of the widths
of their priors, from their middles. The expected information is positive definite wherever the fit stands; it is
damped as in D. W. Marquardt, J. Soc. Ind. Appl. Math. 11 (1963) 431.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nacre.physics.differences import differentiate_centrally

FLOOR = 1e-9
_STEP = 1e-5


@dataclass(frozen=True)
class Optimum:
    """Parameters q (k,) at the largest posterior, their covariance (k, k), and the log-likelihood of the counts."""

    q: np.ndarray
    covariance: np.ndarray
    likelihood: float


def log_likelihood(z: np.ndarray, mu: np.ndarray) -> float:
    """Quasi log-likelihood of effective counts z under means mu, of one shape."""
    mu = np.maximum(mu, FLOOR)
    return float(np.sum(z * np.log(mu) - mu))


def maximise_posterior(
    z: np.ndarray,
    model: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    *,
    slopes: Callable[[np.ndarray], np.ndarray] | None = None,
    longest: Callable[[np.ndarray], float] | None = None,
    most: int = 60,
    close: float = 1e-7,
) -> Optimum:
    """The optimum for counts z (n,) of means model(q) (n,), from q = start (k,).

    slopes : d model / d q (n, k), by differences where it is not given; longest : the size of a step (k,), which is
    kept to one; close : the gain of the last step below which the search ends, at most after `most` steps.
    """
    slopes = slopes or (lambda q: differentiate_centrally(model, q, np.full(q.size, _STEP)))

    def misfit(q: np.ndarray) -> float:
        return -log_likelihood(z, model(q)) + 0.5 * float(q @ q)

    q, damping = start.copy(), 1e-2
    value = misfit(q)
    for _ in range(most):
        gradient, information = _build_normal_equations(z, model(q), slopes(q), q)
        scale = np.diag(np.diag(information))
        while damping < 1e9:
            step = np.linalg.solve(information + damping * scale, gradient)
            if longest:
                step *= min(1.0, 1.0 / max(longest(step), 1e-12))
            trial = misfit(q + step)
            if trial <= value:
                break
            damping *= 6
        else:
            break
        done = value - trial < close and damping < 1e-3
        q, value, damping = q + step, trial, max(damping / 5, 1e-9)
        if done:
            break
    mu = model(q)
    return Optimum(q, np.linalg.inv(_build_normal_equations(z, mu, slopes(q), q)[1]), log_likelihood(z, mu))


def _build_normal_equations(
    z: np.ndarray, mu: np.ndarray, jacobian: np.ndarray, q: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(gradient of the posterior, expected information with that of the priors)."""
    mu = np.maximum(mu, FLOOR)
    return jacobian.T @ (z / mu - 1) - q, (jacobian / mu[:, None]).T @ jacobian + np.eye(q.size)
