"""The posterior by an ensemble of walkers (D. Foreman-Mackey et al., Publ. Astron. Soc. Pac. 125 (2013) 306)."""

import numpy as np

from nacre.core.errors import NacreError
from nacre.evidence.calibrate.fit import Fit, Progress, silent

STEPS, BURN = 400, 150


def sample(found: Fit, steps: int = STEPS, burn: int = BURN, progress: Progress = silent) -> np.ndarray:
    """Draws (m, k) of the fitted numbers in their units, the ranges being uniform priors. Raises NacreError where emcee
    is not installed."""
    try:
        import emcee
    except ImportError:
        raise NacreError("the posterior needs emcee", do="pip install emcee") from None
    problem, k = found.problem, len(found.u)
    walkers = max(2 * k + 2, 24)
    random = np.random.default_rng(found.seed)

    def log_probability(u: np.ndarray) -> float:
        if (u < 0).any() or (u > 1).any():
            return -np.inf
        r = problem.residuals(u)
        return -0.5 * float(r @ r)

    start = np.clip(random.multivariate_normal(found.u, found.covariance / 4, walkers), 1e-4, 1 - 1e-4)
    sampler = emcee.EnsembleSampler(walkers, k, log_probability)
    state = emcee.State(start, random_state=np.random.RandomState(found.seed).get_state())
    for done, _ in enumerate(sampler.sample(state, iterations=steps), 1):
        progress(f"{done} of {steps} steps", done, steps)
    flat = sampler.get_chain(discard=burn, thin=min(5, steps - burn), flat=True)
    return np.array([problem.model.values(u) for u in flat])
