"""The fit: many starts, the best of them, and what it is worth.

Starts are spread over the whole ranges (Latin hypercube), none near a known answer; the most promising are followed by
bounded least squares. A search that is stopped, or that does not converge, leaves the best point it saw.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nacre.core.quantity import Z95
from nacre.evidence.calibrate.problem import Problem
from nacre.physics import inference
from nacre.physics.inference import LocalSearch, ModelCriteria

SCREENED, LEAST = 12, 32  # points tried per local search, and in all
MOST = 60  # evaluations of a local search
SAME, ALIKE = 1.0, 0.02  # a chi2 within this, or this part, of the best is the same optimum, for all the data can tell

Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """No progress shown."""


@dataclass(frozen=True, eq=False)
class Fit:
    """The best point u (k,) of a problem, all local searches (best first), the seed they came from."""

    problem: Problem
    u: np.ndarray
    searches: tuple[LocalSearch, ...]
    seed: int
    stopped: bool = False

    @property
    def values(self) -> np.ndarray:
        """The fitted numbers (k,) in their units."""
        return self.problem.model.values(self.u)

    @cached_property
    def predicted(self) -> np.ndarray:
        return self.problem.predicted(self.u)

    @cached_property
    def residuals(self) -> np.ndarray:
        return self.problem.residuals(self.u)

    @cached_property
    def jacobian(self) -> np.ndarray:
        return self.problem.jacobian(self.u)

    @property
    def converged(self) -> bool:
        return bool(self.searches) and self.searches[0].converged and not self.stopped

    @property
    def same(self) -> int:
        """How many searches ended at the same optimum."""
        best = self.searches[0].chi2
        return sum(s.chi2 <= best + max(SAME, ALIKE * best) for s in self.searches)

    @cached_property
    def criteria(self) -> ModelCriteria:
        return ModelCriteria(float(self.residuals @ self.residuals), self.problem.count, len(self.u))

    @cached_property
    def covariance(self) -> np.ndarray:
        """(k, k) in u, ranges counted as uniform priors."""
        return inference.compute_covariance(self.jacobian)

    @property
    def std(self) -> np.ndarray:
        """(k,) in u."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def intervals(self) -> tuple[np.ndarray, np.ndarray]:
        """Ends (k,) of the 95 % intervals in the numbers' units, inside the ranges."""
        ends = (np.clip(self.u + sign * Z95 * self.std, 0.0, 1.0) for sign in (-1, 1))
        low, high = (self.problem.model.values(end) for end in ends)
        return low, high

    @property
    def met(self) -> list[bool]:
        return [o.within(m) for o, m in zip(self.problem.observed, self.predicted, strict=True)]

    @property
    def words(self) -> str:
        """How the search went, in a sentence."""
        count = len(self.searches)
        if self.converged:
            return f"{self.same} of {count} local searches ended at the same optimum (seed {self.seed})"
        why = "it was stopped" if self.stopped else f"no search settled within {MOST} evaluations"
        return f"the calibration did not converge: {why}; the best of {count} searches is kept (seed {self.seed})"


def fit(
    problem: Problem,
    starts: int = 8,
    seed: int = 0,
    warm: Sequence[np.ndarray] = (),
    workers: int = 1,
    most: int = MOST,
    progress: Progress = silent,
) -> Fit:
    """Fit a problem: `starts` local searches from the best of SCREENED times as many points, besides the `warm` ones.

    KeyboardInterrupt stops the search; what was found until then is kept.
    """
    done: list[LocalSearch] = []
    points = [np.asarray(w, float) for w in warm]
    stopped = False

    def told(local: LocalSearch) -> None:
        done.append(local)
        progress(f"chi2 {min(d.chi2 for d in done):.3g}", len(done), starts + len(warm))

    try:
        if starts:
            points += _promising(problem, starts, seed)
        inference.search_from_starts(problem.residuals, problem.jacobian, points, most, workers, told)
    except KeyboardInterrupt:
        stopped = True
        if not done:
            raise
    best = sorted(done, key=lambda local: local.chi2)
    return Fit(problem, best[0].u, tuple(best), seed, stopped)


def _promising(problem: Problem, starts: int, seed: int) -> list[np.ndarray]:
    points = inference.spread_points(max(LEAST, SCREENED * starts), len(problem.free), seed)
    cost = [float(np.sum(problem.residuals(u) ** 2)) for u in points]
    return [points[k] for k in np.argsort(cost, kind="stable")[:starts]]


def polished(found: Fit, most: int = MOST) -> Fit:
    """The fit continued from its best point."""
    again = fit(found.problem, 0, found.seed, [found.u], most=most)
    if again.searches[0].chi2 > found.searches[0].chi2:
        return found
    return replace(found, u=again.u, searches=(again.searches[0], *found.searches[1:]))
