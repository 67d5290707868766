"""Predictions of observables that were left out of the fit: what the model knows without being told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nacre.evidence.calibrate.fit import Fit, Progress, fit, silent
from nacre.evidence.calibrate.observed import Observed
from nacre.evidence.calibrate.problem import Problem
from nacre.evidence.calibrate.rivals import without
from nacre.materials.transitions import find_followed
from nacre.physics import inference

GROUPS = (
    (f"the shifts of {find_followed().name}", lambda o, plan: o.name == find_followed().shift),
    ("0.5C", lambda o, plan: o.name == "discharge_capacity" and o.state.get("rate_C") == 0.5),
    ("the last cycle", lambda o, plan: o.name == "capacity_retention" and o.state.get("cycle") == plan.ageing_cycles),
    ("the resistances", lambda o, plan: o.name == "r_cam_se"),
)


@dataclass(frozen=True)
class Predicted:
    """An observable left out: its prediction with standard deviation, and whether it lies within the tolerance."""

    group: str
    observed: Observed
    value: float
    std: float
    within: bool

    @property
    def words(self) -> str:
        o = self.observed
        verdict = "within its tolerance" if self.within else "outside its tolerance"
        text = f"{o.title} left out and predicted: {self.value:.4g} +- {self.std:.2g} {o.unit}, stated {o.value:g}"
        if not self.within and self.std > 2 * o.std:
            verdict += " (the rest of the evidence hardly says anything of it)"
        return f"{text}, {verdict}"


def leave_out(
    found: Fit, seed: int = 0, workers: int = 1, progress: Progress = silent, starts: int = 0
) -> tuple[Predicted, ...]:
    """Every group of observables left out in turn, the rest fitted anew from the best point (and from fresh starts)."""
    rows: list[Predicted] = []
    plan = found.problem.plan
    groups = [(name, [o for o in found.problem.observed if test(o, plan)]) for name, test in GROUPS]
    groups = [(name, hidden) for name, hidden in groups if 0 < len(hidden) < len(found.problem.observed)]
    for number, (name, hidden) in enumerate(groups, 1):
        made = fit(without(found.problem, hidden), starts, found.seed + seed + 100 * number, [found.u], workers)
        rows += _predicted(name, made, hidden)
        progress(f"without {name}", number, len(groups))
    return tuple(rows)


def _predicted(name: str, made: Fit, hidden: Sequence[Observed]) -> list[Predicted]:
    values, slopes = Problem(made.problem.model, tuple(hidden)).slopes(made.u, hidden)
    covariance = inference.compute_covariance(made.jacobian)
    rows = []
    for o, value, slope in zip(hidden, values, slopes, strict=True):
        std = math.sqrt(max(0.0, float(slope @ covariance @ slope))) if np.isfinite(slope).all() else math.nan
        rows.append(Predicted(name, o, float(value), std, o.within(value)))
    return rows
