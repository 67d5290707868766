"""Competing explanations, fitted alike and judged alike; and whether a further number earns its place.

    [[calibration.rival]]
    name = "film only"
    words = "a film that does not depend on the state of charge"
    without = ["ageing.contact_loss"]                  # numbers not fitted; they take their neutral value (here 0)
    fixed = { "bare:cathode.contact" = "1" }           # what holds instead, of one sample or of all
    parameter = [{ name = "...", range = [...] }]      # numbers fitted besides
    control = true                                     # must be excluded, else the calibration cannot tell anything

Verdicts go by BIC, tolerances met and the probability of chi2: `excluded` (far behind, chi2 says it cannot be, and
searches agree on it), `disfavoured` (behind, or a tolerance missed), `equal rival` (the evidence cannot choose). A
rival that only fits a number more `earns its place` where AICc falls, else it `does not pay`. A verdict holds for
the rival as stated: with more numbers it may pass.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.stats import chi2 as chi2_distribution

from nacre.cell.ageing.plugins import load_names
from nacre.cell.parameters import find_name
from nacre.core.errors import NacreError, unknown
from nacre.core.quantity import parse
from nacre.core.study import Study
from nacre.evidence.calibrate.fit import Fit, Progress, fit, polished, silent
from nacre.evidence.calibrate.identify import Candidate, candidates
from nacre.evidence.calibrate.model import Model
from nacre.evidence.calibrate.observed import Observed
from nacre.evidence.calibrate.problem import Problem
from nacre.evidence.calibrate.settings import Free, free_of, only

KEYS = ("name", "words", "without", "fixed", "parameter", "control")
FAR, NEAR = 10.0, 6.0  # differences of BIC: very strong, strong (R. E. Kass, A. E. Raftery, J. Am. Stat. Assoc. 1995)
IMPOSSIBLE = 1e-3
STARTS, MORE = 1, 4  # local searches beside the warm one; and where those disagree


@dataclass(frozen=True)
class Rival:
    """Another explanation: what is not fitted, what holds instead, what is fitted besides."""

    name: str
    words: str = ""
    without: tuple[str, ...] = ()
    fixed: Mapping[str, float] = field(default_factory=dict)
    free: tuple[Free, ...] = ()
    control: bool = False

    @property
    def nested(self) -> bool:
        """Whether it is the calibration with more numbers."""
        return bool(self.free) and not self.without and not self.fixed


@dataclass(frozen=True, eq=False)
class Judged:
    """A rival fitted: its fit, verdict, the observables it misses, and the error of what was left out and predicted
    (root mean square in standard deviations; NaN where nothing was); what it predicts of measurements not made."""

    rival: Rival
    fit: Fit
    verdict: str
    missed: tuple[str, ...]
    delta: float
    probability: float
    left_out: float
    candidates: tuple[Candidate, ...] = ()

    @property
    def words(self) -> str:
        c = self.fit.criteria
        text = f"{self.rival.name}: {self.verdict} ({c.k} numbers, chi2 {c.chi2:.3g}, BIC {self.delta:+.1f}"
        text += f", AICc {c.aicc:.1f}" if self.rival.nested else ""
        text += f", the shifts left out {self.left_out:.2g} sd" if math.isfinite(self.left_out) else ""
        text += "" if _agree(self.fit) else ", its searches disagree: a better fit may exist"
        if not self.missed:
            return f"{text}; every tolerance met)"
        named = f"misses {', '.join(self.missed[:3])}"
        return f"{text}; {named}{f' and {len(self.missed) - 3} more' if len(self.missed) > 3 else ''})"


def read_rivals(study: Study) -> tuple[Rival, ...]:
    """The rivals of a study. Raises NacreError with place and cure."""
    rows = (study.extra.get("calibration") or {}).get("rival", [])
    mine = {row.get("name", "") for row in (study.extra.get("calibration") or {}).get("parameter", [])}
    return tuple(_rival(row, study, mine, f"study.toml [calibration], rival {k}") for k, row in enumerate(rows, 1))


def _rival(raw: Mapping, study: Study, mine: set[str], where: str) -> Rival:
    only(raw, KEYS, where)
    if not raw.get("name"):
        raise NacreError("a rival without a name", where=where, expected='name = "..."')
    known = load_names(study.folder)
    for name in raw.get("without", ()):
        if name not in mine:
            raise unknown("fitted parameter", name, mine, where)
        fixes = any(key.rpartition(":")[2] == name for key in raw.get("fixed", {}))
        if known[name].default is None and not fixes:
            raise NacreError(f"{name} is not fitted by '{raw['name']}', and has no neutral value", where=where,
                             do=f'say what holds instead: fixed = {{ "{name}" = "..." }}')  # fmt: skip
    fixed = {}
    for key, text in raw.get("fixed", {}).items():
        sample, colon, name = key.rpartition(":")
        if colon and sample not in study.samples:
            raise unknown("sample", sample, study.samples, where)
        fixed[key] = parse(text, find_name(name, where, known).unit, where=f"{where}, {key}").value
    free = tuple(free_of(row, study, f"{where}, parameter {k}") for k, row in enumerate(raw.get("parameter", []), 1))
    return Rival(
        raw["name"], raw.get("words", ""), tuple(raw.get("without", ())), fixed, free, bool(raw.get("control"))
    )


def problem_of(rival: Rival, base: Problem) -> Problem:
    """The problem of a rival: same evidence, same tests, other numbers."""
    kept = [f for f in base.free if f.name not in rival.without]
    replaced = {(f.name, f.sample) for f in rival.free}
    defaults = {f"{f.sample}:{f.name}".lstrip(":"): base.model.names[f.name].default
                for f in base.free if f.name in rival.without}  # fmt: skip
    neutral = {name: value for name, value in defaults.items() if value is not None}
    free = [f for f in kept if (f.name, f.sample) not in replaced] + list(rival.free)
    m = base.model
    model = Model(m.cells, free, m.plan, m.ageing, {**m.constant, **neutral, **rival.fixed}, m.fine)
    return Problem(model, base.observed, base.jacobian_of)


def warm_start(problem: Problem, found: Fit) -> np.ndarray:
    """A start from another fit: its numbers, else the value that its cells held, else the middle of the range."""
    known = {(f.name, f.sample): v for f, v in zip(found.problem.free, found.values, strict=True)}
    half = problem.model.values(np.full(len(problem.free), 0.5))
    values = []
    for free, middle in zip(problem.free, half, strict=True):
        held = known.get((free.name, free.sample), _held(problem, free))
        values.append(held if free.low <= held <= free.high else middle)
    return problem.model.unit(np.array(values))


def _held(problem: Problem, free: Free) -> float:
    """The value of a number in the cell of its sample (shared: in the first)."""
    return problem.model.cells[free.sample or next(iter(problem.model.cells))].value(free.name)


def judge(
    rivals: Sequence[Rival],
    found: Fit,
    hidden: Sequence[Observed] = (),
    workers: int = 1,
    progress: Progress = silent,
    starts: int = STARTS,
) -> tuple[Judged, ...]:
    """Every rival fitted to the evidence of `found` and judged against it; `hidden` observables are left out in a
    second fit and predicted. Searches begin at what `found` has in common, and at `starts` points besides."""
    rows = []
    for number, rival in enumerate(rivals, 1):
        problem = problem_of(rival, found.problem)
        made = _searched(problem, found, starts, found.seed + number, workers)
        rows.append(_judged(rival, made, found, left_out_error(made, hidden, workers)))
        progress(rival.name, number, len(rivals))
    return tuple(rows)


def _searched(problem: Problem, found: Fit, starts: int, seed: int, workers: int) -> Fit:
    """The best of a rival: where searches disagree, or chi2 speaks narrowly against it, there are more of them, for
    none is to fall by a bad search."""
    begun = [warm_start(problem, found)]
    made = polished(fit(problem, starts, seed, begun, workers))
    if starts and (made.same < 2 or _narrow(made)):
        more = fit(problem, MORE, seed + 1000, (), workers)
        both = sorted((*made.searches, *more.searches), key=lambda local: local.chi2)
        made = polished(replace(made, u=both[0].u, searches=tuple(both)))
    return made


def _judged(rival: Rival, made: Fit, found: Fit, error: float) -> Judged:
    missed = tuple(o.title for o, ok in zip(made.problem.observed, made.met, strict=True) if not ok)
    delta = made.criteria.bic - found.criteria.bic
    chance = _chance(made)
    if rival.nested:
        verdict = "earns its place" if made.criteria.aicc < found.criteria.aicc else "does not pay"
    elif missed and delta > FAR and chance < IMPOSSIBLE and _agree(made):
        verdict = "excluded"
    elif missed or delta > NEAR:
        verdict = "disfavoured"
    else:
        verdict = "equal rival"
    weighed = candidates(made) if verdict in ("disfavoured", "equal rival") else ()
    return Judged(rival, made, verdict, missed, delta, chance, error, weighed)


def _chance(made: Fit) -> float:
    """The probability of a chi2 as large, if the explanation were right."""
    return float(chi2_distribution.sf(made.criteria.chi2, max(1, made.criteria.freedom)))


def _narrow(made: Fit) -> bool:
    """Whether a somewhat better fit would not be excluded."""
    return IMPOSSIBLE**2 < _chance(made) < IMPOSSIBLE


def _agree(made: Fit) -> bool:
    """Whether two searches, where there were two, ended alike: else a better fit may hide.

    Two optima may have the same chi2, so where the verdict is narrow the residuals must be the same too, to a standard
    deviation; where chi2 is beyond all hope, many searches that find nothing better are enough.
    """
    if len(made.searches) > MORE and _chance(made) <= IMPOSSIBLE**2:
        return True
    if made.same < 2 or not _narrow(made):
        return made.same >= min(2, len(made.searches))
    others = [made.problem.residuals(s.u) - made.residuals for s in made.searches[1 : made.same]]
    return any(float(apart @ apart) < 1.0 for apart in others)


def without(problem: Problem, hidden: Sequence[Observed]) -> Problem:
    """The same problem with some observables left out."""
    keys = {o.key for o in hidden}
    return replace(problem, observed=tuple(o for o in problem.observed if o.key not in keys))


def left_out_error(found: Fit, hidden: Sequence[Observed], workers: int = 1) -> float:
    """Root mean square residual of observables left out of the fit and predicted; NaN where there are none."""
    if not hidden:
        return math.nan
    made = fit(without(found.problem, hidden), 0, found.seed, [found.u], workers)
    predicted = Problem(made.problem.model, tuple(hidden)).predicted(made.u)
    z = [o.residual(p) if math.isfinite(p) else math.inf for o, p in zip(hidden, predicted, strict=True)]
    return math.sqrt(sum(v * v for v in z) / len(z))
