"""A calibration from a study's words to all it found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nacre.core.errors import NacreError
from nacre.core.result import Result
from nacre.core.study import Study
from nacre.evidence.calibrate import identify, posterior
from nacre.evidence.calibrate.calibration import Calibration
from nacre.evidence.calibrate.evidence_set import gather
from nacre.evidence.calibrate.fit import Fit, Progress, fit, silent
from nacre.evidence.calibrate.leave_out import leave_out
from nacre.evidence.calibrate.model import Model, cells_of
from nacre.evidence.calibrate.observed import Observed
from nacre.evidence.calibrate.problem import Problem, ageing_samples, fine_cycles
from nacre.evidence.calibrate.rivals import judge, read_rivals
from nacre.evidence.calibrate.settings import Settings, read_settings
from nacre.materials.transitions import find_followed


@dataclass(frozen=True)
class Ask:
    """What to do beside the fit. starts: 0 takes those of the study; workers: threads (the solver lets them run
    side by side)."""

    starts: int = 0
    rivals: bool = True
    left_out: bool = True
    profiles: bool = False
    posterior: bool = False
    workers: int = 1


def check(study: Study) -> None:
    """Raises NacreError with the first thing that is wrong in [calibration]."""
    settings = read_settings(study)
    if settings is None:
        return
    read_rivals(study)
    if settings.evidence == "reported":
        gather(study, settings)


def prepare(study: Study, results: Iterable[Result] = ()) -> tuple[Settings, Problem]:
    """The problem of a study: its evidence and its model. Raises NacreError where there is no [calibration]."""
    settings = read_settings(study)
    if settings is None:
        raise NacreError("the study says nothing of a calibration", where=str(study.folder / "study.toml"),
                         expected="[calibration] with parameters and observables",
                         do="see docs/calibration.md, or the reference study")  # fmt: skip
    observed = gather(study, settings, results)
    cells = {name: cell for name, cell in cells_of(study).items() if name in _samples(settings, observed)}
    model = Model(cells, settings.free, settings.plan, ageing_samples(observed), fine=fine_cycles(observed))
    must_age(model)
    return settings, Problem(model, observed)


def must_age(model: Model) -> None:
    """Raises NacreError where a sample's ageing is observed, and nothing of its model ages."""
    for sample in sorted(model.ageing):
        names = [*model.cells[sample].numbers, *(f.name for f in model.free if f.sample in ("", sample))]
        if not any(name.startswith("ageing.") for name in names):
            raise NacreError(f"the evidence shows how {sample} ages, and its model does not age",
                             where="study.toml [calibration]", expected="a parameter such as ageing.fracture",
                             do="fit one, or declare it under [model.ageing]")  # fmt: skip


def _samples(settings: Settings, observed: Sequence[Observed]) -> set[str]:
    return (
        {o.sample for o in observed}
        | {o.against for o in observed if o.against}
        | {f.sample for f in settings.free if f.sample}
    )


def calibrate(
    study: Study, results: Iterable[Result] = (), ask: Ask | None = None, progress: Progress = silent
) -> Calibration:
    """Fit a study's cell model to its evidence, and say what that is worth.

    results : of the study's own files, where the evidence is `files`. Raises NacreError where [calibration] cannot be
    used; a search that does not converge is said in the result, which holds the best that was found.
    """
    ask, results = ask or Ask(), list(results)
    settings, problem = prepare(study, results)

    def tell(what: str):
        return lambda text, done, total: progress(f"{what}: {text}", done, total)

    found = fit(problem, ask.starts or settings.starts, settings.seed, workers=ask.workers, progress=tell("fitting"))
    virtual = settings.evidence == "files" and any(r.origin == "synthetic" for r in results)
    return assess(study, found, ask, progress, settings.evidence, virtual)


def assess(
    study: Study, found: Fit, ask: Ask, progress: Progress = silent, evidence: str = "reported", virtual: bool = False
) -> Calibration:
    """What a fit tells: identifiability, what was left out, rivals, every cycle simulated."""

    def tell(what: str):
        return lambda text, done, total: progress(f"{what}: {text}", done, total)

    progress("what the evidence tells", 0, 1)
    hidden = [o for o in found.problem.observed if o.name == find_followed().shift]
    usable = np.isfinite(found.predicted).all()
    profiles = []
    for k, free in enumerate(found.problem.free if ask.profiles and usable else ()):
        progress(f"profile of {free.label}", k, len(found.problem.free))
        profiles.append(identify.profile(found, k))
    return Calibration(
        found,
        identify.told(found),
        identify.directions(found),
        identify.redundancy(found),
        identify.candidates(found) if usable else (),
        leave_out(found, workers=ask.workers, progress=tell("left out")) if ask.left_out and usable else (),
        judge(read_rivals(study), found, hidden, ask.workers, tell("rival")) if ask.rivals and usable else (),
        tuple(profiles),
        _in_full(found),
        posterior.sample(found, progress=tell("posterior")) if ask.posterior else None,
        evidence,
        virtual,
    )


def _in_full(found: Fit) -> np.ndarray | None:
    """The observables with every cycle simulated; None where that fails."""
    problem = found.problem
    predicted = Problem(problem.model.with_plan(problem.plan.in_full), problem.observed).predicted(found.u)
    return predicted if np.isfinite(predicted).all() else None
