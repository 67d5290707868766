"""What the evidence tells of the fitted numbers, what it does not, and which measurement would tell most."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from nacre.core.quantity import Z95
from nacre.evidence.calibrate.fit import Fit
from nacre.evidence.calibrate.observed import KINDS, Observed
from nacre.evidence.calibrate.problem import Problem, fine_cycles
from nacre.evidence.calibrate.settings import Free
from nacre.physics import differences, inference

UNTOLD = 0.2  # a standard deviation of so much of the range: 95 % of it is three quarters of all that is possible
PART = 0.35  # a number takes part in a direction by at least so much
SLOW = 0.02  # C: the rate of a check-up


@dataclass(frozen=True)
class Told:
    """One fitted number: value and 95 % interval in its unit, whether the data tell it, what pins it most."""

    free: Free
    value: float
    low: float
    high: float
    std: float
    told: bool
    pinned_by: tuple[str, ...]

    @property
    def words(self) -> str:
        name = self.free.label
        if not self.told:
            seen = f"{self.low:.3g} to {self.high:.3g} {self.free.unit}".removesuffix(" 1")
            return f"{name} cannot be told: anything from {seen} describes the evidence alike"
        return f"{name} is pinned by {', '.join(self.pinned_by)}"


@dataclass(frozen=True)
class Direction:
    """A combination of numbers and its singular value; `told` where the evidence says more than the ranges."""

    value: float
    parts: tuple[tuple[str, float], ...]
    told: bool

    @property
    def words(self) -> str:
        ups = [name for name, part in self.parts if part > 0]
        downs = [name for name, part in self.parts if part < 0]
        if not downs or not ups:
            return " and ".join(ups or downs)
        return f"{' and '.join(ups)} up with {' and '.join(downs)} down"


@dataclass(frozen=True)
class Candidate:
    """A measurement not made: its prediction with standard deviation, and the part of each number's variance that it
    would take away, if it came with its tolerance."""

    observed: Observed
    words: str
    value: float
    std: float
    reduction: Mapping[str, float]

    @property
    def best(self) -> tuple[str, float]:
        return max(self.reduction.items(), key=lambda item: item[1])

    @property
    def mean(self) -> float:
        return math.fsum(self.reduction.values()) / len(self.reduction)


def told(found: Fit) -> tuple[Told, ...]:
    """A row per fitted number."""
    low, high = found.intervals
    shares = inference.compute_pinning(found.jacobian)
    titles = _titles(found.problem)
    rows = []
    for k, free in enumerate(found.problem.free):
        order = [int(i) for i in np.argsort(shares[:, k])[::-1][:2] if shares[i, k] > 0.05]
        pinned = tuple(titles[i] for i in order) or ("no single observable",)
        known = bool(found.std[k] < UNTOLD)
        rows.append(
            Told(free, float(found.values[k]), float(low[k]), float(high[k]), float(found.std[k]), known, pinned)
        )
    return tuple(rows)


def _titles(problem: Problem) -> list[str]:
    return [o.title for o in problem.observed] + [f"the prior of {f.label}" for f in problem.free if f.prior]


def directions(found: Fit) -> tuple[Direction, ...]:
    """Singular directions of the Jacobian over the unit box, the sloppiest last."""
    made = inference.find_directions(found.jacobian)
    labels = [f.label for f in found.problem.free]
    rows = []
    for value, row, known in zip(made.values, made.rows, made.told, strict=True):
        order = np.argsort(-np.abs(row))
        sign = 1.0 if row[order[0]] > 0 else -1.0
        parts = tuple((labels[k], float(sign * row[k])) for k in order if abs(row[k]) >= PART)
        rows.append(Direction(float(value), parts, bool(known)))
    return tuple(rows)


def redundancy(found: Fit) -> tuple[tuple[str, float, float], ...]:
    """(observable, sd predicted from all others in standard deviations of its own, residual)."""
    sd = inference.predict_from_the_rest(found.jacobian)
    return tuple(zip(_titles(found.problem), map(float, sd), map(float, found.residuals), strict=True))


# --- which measurement would tell ----------------------------------------------------------------------------


def candidates(found: Fit, tolerance: float = 0.05) -> tuple[Candidate, ...]:
    """Measurements that the tests could give and the evidence lacks, those that would tell most first."""
    plan = found.problem.plan
    asked = [c for c in _wanted(found.problem, tolerance) if c[0].key not in {o.key for o in found.problem.observed}]
    cycles = fine_cycles([o for o, _ in asked])
    model = found.problem.model.with_plan(replace(plan, checkup_rate=plan.checkup_rate or SLOW), cycles)
    problem = Problem(model, found.problem.observed, found.problem.jacobian_of)
    values, slopes = problem.slopes(found.u, [o for o, _ in asked])
    labels = [f.label for f in found.problem.free]
    rows = []
    for (o, words), value, slope in zip(asked, values, slopes, strict=True):
        if not np.isfinite(value) or not np.isfinite(slope).all():
            continue
        std = abs(value) * tolerance / Z95
        gain = inference.compute_reduction(found.covariance, slope / std)
        spread = math.sqrt(slope @ found.covariance @ slope)
        rows.append(
            Candidate(
                replace(o, value=value, std=std), words, float(value), spread, dict(zip(labels, gain, strict=True))
            )
        )
    return tuple(sorted(rows, key=lambda c: -c.mean))


def _wanted(problem: Problem, tolerance: float):
    """(observable, words) of the measurements that are weighed up, for every sample that ages."""
    plan, half = problem.plan, problem.plan.ageing_cycles // 4
    rows = []
    for sample in sorted(problem.model.ageing):

        def ask(name, state, words, sample=sample):
            rows.append((Observed(sample, name, state, 0.0, 1.0, KINDS[name].unit), f"{words} of {sample}"))

        ask("r_cam_se", {"cycle": 1, "at": "end of discharge"}, "impedance of the fresh cell")
        for cycle in (half, 2 * half):
            state = {"cycle": cycle, "rate_C": plan.ageing_rate, "segment": "ageing"}
            ask("discharge_capacity", state, f"capacity at cycle {cycle}")
        ask(
            "discharge_capacity",
            {"cycle": plan.ageing_cycles + 1, "segment": "check-up"},
            f"a cycle at {SLOW:g}C after ageing",
        )
        for rate in plan.rates:
            ask(
                "discharge_capacity",
                {"rate_C": rate, **({"cycle": 1} if rate == plan.rates[0] else {"segment": "rate"})},
                f"capacity at {rate:g}C",
            )
    return rows


# --- profiles ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Profile:
    """chi2 along one number, all others fitted anew at each of its values; `low`, `high`: where it has risen by 3.84
    (95 %), NaN where it has not within the range."""

    free: Free
    values: np.ndarray
    chi2: np.ndarray
    low: float
    high: float


def profile(found: Fit, k: int, reach: float = 3.0, points: int = 4) -> Profile:
    """The profile likelihood of number k (S. A. Murphy, A. W. van der Vaart, J. Am. Stat. Assoc. 95 (2000) 449)."""
    problem, best = found.problem, found.criteria.chi2
    at, chi2 = [found.u[k]], [best]
    slope = found.covariance[:, k] / found.covariance[k, k]
    for sign in (-1, 1):
        start = found.u.copy()
        for step in np.linspace(0, reach, points + 1)[1:]:
            here = found.u[k] + sign * step * found.std[k]
            if not 0.0 <= here <= 1.0:
                here = float(np.clip(here, 0.0, 1.0))
            guess = np.clip(start + slope * (here - start[k]), 0.0, 1.0)
            start, value = _fitted_at(problem, k, here, guess)
            at.append(here)
            chi2.append(value)
            if value > best + 8 or here in (0.0, 1.0):
                break
    order = np.argsort(at)
    u, c = np.array(at)[order], np.array(chi2)[order]
    ends = [_crossing(u, c, best + Z95**2, sign, found.u[k]) for sign in (-1, 1)]
    scaled = [float(_one(problem, found.u, k, e)) if np.isfinite(e) else math.nan for e in ends]
    return Profile(problem.free[k], np.array([_one(problem, found.u, k, e) for e in u]), c, *scaled)


def _one(problem: Problem, u: np.ndarray, k: int, at: float) -> float:
    other = u.copy()
    other[k] = at
    return float(problem.model.values(other)[k])


def _fitted_at(problem: Problem, k: int, at: float, guess: np.ndarray) -> tuple[np.ndarray, float]:
    rest = np.arange(len(guess)) != k

    def whole(part):
        u = np.empty(len(guess))
        u[rest], u[k] = part, at
        return u

    def residuals(part):
        return problem.residuals(whole(part))

    local = inference.search_from_starts(residuals, differences.make_inward_jacobian(residuals), [guess[rest]], 12)[0]
    return whole(local.u), local.chi2


def _crossing(u: np.ndarray, chi2: np.ndarray, level: float, sign: int, centre: float) -> float:
    """Where chi2 first rises through a level, going from the centre; NaN where it does not."""
    side = u >= centre if sign > 0 else u <= centre
    x, y = (u[side], chi2[side]) if sign > 0 else (u[side][::-1], chi2[side][::-1])
    root = np.sqrt(np.clip(y - y[0], 0, None))  # nearly straight in u
    want = math.sqrt(max(level - y[0], 0.0))
    above = np.flatnonzero(root >= want)
    if not above.size or above[0] == 0:
        return math.nan
    i = above[0]
    return float(x[i - 1] + (want - root[i - 1]) / (root[i] - root[i - 1]) * (x[i] - x[i - 1]))
