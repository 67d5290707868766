"""What a least-squares fit tells: multistart search in a box, criteria to choose models by, identifiability.

Parameters u (k,) live in the unit box (0 and 1 are the ends of their ranges); residuals r (n,) are in units of their
standard deviations, so that chi2 = r @ r. A range counts as a uniform prior: variance 1/12 in u.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import qmc

RANGE_INFORMATION = 12.0  # 1 / variance of a uniform distribution over the unit interval
EDGE = 1e-3


@dataclass(frozen=True, eq=False)
class LocalSearch:
    """One local search: where it began and ended, chi2 there, whether it converged, evaluations."""

    start: np.ndarray
    u: np.ndarray
    chi2: float
    converged: bool
    evaluations: int


def spread_points(count: int, k: int, seed: int) -> np.ndarray:
    """Points (count, k) spread over the unit box (Latin hypercube)."""
    return qmc.LatinHypercube(k, rng=np.random.default_rng(seed)).random(count)


def search_from_starts(
    residuals: Callable[[np.ndarray], np.ndarray],
    jacobian: Callable[[np.ndarray], np.ndarray],
    starts: Sequence[np.ndarray],
    most: int = 60,
    workers: int = 1,
    done: Callable[[LocalSearch], None] = lambda local: None,
) -> list[LocalSearch]:
    """Bounded local searches (trust region, reflective; M. A. Branch et al., SIAM J. Sci. Comput. 21 (1999) 1) from
    every start, best first. `done` is told of each as it ends, so that what was found outlives a stop."""

    def search(start: np.ndarray) -> LocalSearch:
        inside = np.clip(start, EDGE, 1 - EDGE)
        found = least_squares(
            residuals, inside, jacobian, bounds=(0.0, 1.0), ftol=1e-4, xtol=1e-5, gtol=1e-6, max_nfev=most
        )
        local = LocalSearch(start, found.x, float(2 * found.cost), found.status > 0, int(found.nfev))
        done(local)
        return local

    if workers <= 1:
        found = [search(start) for start in starts]
    else:
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(search, starts))
    return sorted(found, key=lambda local: local.chi2)


# --- which model ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelCriteria:
    """chi2 and what it costs: AICc (N. Sugiura, Commun. Stat. A7 (1978) 13) and BIC (G. Schwarz, Ann. Stat. 6 (1978)
    461), of n residuals and k free numbers with known variances. AICc is infinite where n < k + 2."""

    chi2: float
    n: int
    k: int

    @property
    def freedom(self) -> int:
        return self.n - self.k

    @property
    def aicc(self) -> float:
        if self.n - self.k - 1 <= 0:
            return math.inf
        return self.chi2 + 2 * self.k + 2 * self.k * (self.k + 1) / (self.n - self.k - 1)

    @property
    def bic(self) -> float:
        return self.chi2 + self.k * math.log(self.n)


# --- what is told --------------------------------------------------------------------------------------------


def compute_information(jacobian: np.ndarray, priors: float = RANGE_INFORMATION) -> np.ndarray:
    """The information matrix (k, k) of the data and of the ranges."""
    return jacobian.T @ jacobian + priors * np.eye(jacobian.shape[1])


def compute_covariance(jacobian: np.ndarray, priors: float = RANGE_INFORMATION) -> np.ndarray:
    """Covariance (k, k) of u."""
    return np.linalg.inv(compute_information(jacobian, priors))


@dataclass(frozen=True, eq=False)
class SingularDirections:
    """Singular values (k,) of the Jacobian, falling, and directions (k, k) in u, one a row. Below sqrt(12) the data
    say less of a direction than the ranges do."""

    values: np.ndarray
    rows: np.ndarray

    @property
    def told(self) -> np.ndarray:
        return self.values > math.sqrt(RANGE_INFORMATION)


def find_directions(jacobian: np.ndarray) -> SingularDirections:
    _, values, rows = np.linalg.svd(jacobian, full_matrices=True)
    full = np.zeros(jacobian.shape[1])
    full[: len(values)] = values
    return SingularDirections(full, rows)


def predict_from_the_rest(jacobian: np.ndarray) -> np.ndarray:
    """Standard deviation (n,) of each residual as the others predict it: below 1 it is nearly predicted by them,
    far above 1 it pins something of its own."""
    whole = compute_information(jacobian)
    found = []
    for row in jacobian:
        found.append(math.sqrt(row @ np.linalg.solve(whole - np.outer(row, row), row)))
    return np.array(found)


def compute_pinning(jacobian: np.ndarray) -> np.ndarray:
    """(n, k): the share of each number's variance that would come in addition, were an observable left out."""
    whole = compute_information(jacobian)
    with_all = np.diag(np.linalg.inv(whole))
    rows = [np.diag(np.linalg.inv(whole - np.outer(row, row))) / with_all - 1.0 for row in jacobian]
    return np.array(rows)


def compute_reduction(covariance_matrix: np.ndarray, row: np.ndarray) -> np.ndarray:
    """(k,): the part of each number's variance that a further measurement takes away, with sensitivity `row` (k,) in
    units of its standard deviation."""
    gain = covariance_matrix @ row
    return gain**2 / (1.0 + row @ gain) / np.diag(covariance_matrix)
