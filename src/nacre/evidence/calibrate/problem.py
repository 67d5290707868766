"""The fit as mathematics sees it: residuals and their Jacobian over the unit box."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nacre.core.errors import NacreError
from nacre.evidence.calibrate.model import Model, SampleTests
from nacre.evidence.calibrate.observed import Observed, ages, value_of
from nacre.evidence.calibrate.settings import Free
from nacre.evidence.calibrate.simulated_tests import Plan
from nacre.physics import differences

WORST = 50.0  # a residual where the model has no value: far off, yet finite for the search
MOST = 300.0
JacobianOf = Callable[[Callable[[np.ndarray], np.ndarray]], Callable[[np.ndarray], np.ndarray]]


@dataclass(frozen=True, eq=False)
class Problem:
    """Observables and a model. `jacobian_of` makes the Jacobian from the residuals; any other source of
    sensitivities may stand in for it."""

    model: Model
    observed: tuple[Observed, ...]
    jacobian_of: JacobianOf = differences.make_inward_jacobian
    extra: Mapping[str, float] = field(default_factory=dict)

    @property
    def free(self) -> tuple[Free, ...]:
        return self.model.free

    @property
    def plan(self) -> Plan:
        return self.model.plan

    @property
    def count(self) -> int:
        """Residuals: observables and priors."""
        return len(self.observed) + sum(f.prior is not None for f in self.free)

    def predicted(self, u: np.ndarray) -> np.ndarray:
        """What the model says of every observable (n,), in its unit; NaN where it says nothing."""
        samples = self.model.tests(self.model.values(u))
        return np.array([_value(o, samples, self.plan) for o in self.observed])

    def residuals(self, u: np.ndarray) -> np.ndarray:
        """(n + priors,) in standard deviations."""
        model = self.predicted(u)
        rows = [o.residual(m) if np.isfinite(m) else WORST for o, m in zip(self.observed, model, strict=True)]
        values = self.model.values(u)
        rows += [(v - f.prior.value) / f.prior.std for f, v in zip(self.free, values, strict=True) if f.prior]
        return np.clip(np.array(rows, float), -MOST, MOST)

    def jacobian(self, u: np.ndarray) -> np.ndarray:
        return self.jacobian_of(self.residuals)(u)

    def slopes(self, u: np.ndarray, asked: Sequence[Observed]) -> tuple[np.ndarray, np.ndarray]:
        """Predictions (m,) of observables that are no evidence, and their slopes (m, k) in u."""
        other = Problem(self.model, tuple(asked))
        return other.predicted(u), differences.make_inward_jacobian(other.predicted)(u)

    def met(self, u: np.ndarray) -> list[bool]:
        return [o.within(m) for o, m in zip(self.observed, self.predicted(u), strict=True)]


def _value(o: Observed, samples: Mapping[str, SampleTests], plan: Plan) -> float:
    try:
        return value_of(o, samples, plan)
    except (KeyError, AttributeError, NacreError):  # a test that failed, or holds no such cycle
        return float("nan")


def ageing_samples(observed: Sequence[Observed]) -> set[str]:
    return {o.sample for o in observed if ages(o)} | {o.against for o in observed if ages(o) and o.against}


def fine_cycles(observed: Sequence[Observed]) -> tuple[int, ...]:
    """Cycles of the ageing test that are observed: these are simulated, never interpolated."""
    return tuple(sorted({o.state[key] for o in observed if ages(o) for key in ("cycle", "to_cycle") if key in o.state}))
