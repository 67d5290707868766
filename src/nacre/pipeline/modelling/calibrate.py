"""`nacre calibrate` and `nacre predict`: run them on a study, keep what they found, and show it in the study's report.

`results/calibration/` holds calibration.json (numbers, covariance, seed: what `predict` starts from), the calibrated
cell.toml of every sample, and kept.npz (the results, for the report). A kept calibration counts while the study says
the same of its samples, cells, model and evidence; an older one is left out of the report, which says so.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nacre.cell import cell_toml
from nacre.cell.ageing.plugins import load_names
from nacre.core import files, vocabulary
from nacre.core.errors import NacreError
from nacre.core.outcome import Outcome
from nacre.core.result import Result
from nacre.core.study import Study
from nacre.evidence.calibrate import predict as predicting
from nacre.evidence.calibrate import run as calibrating
from nacre.evidence.calibrate.fit import Progress, silent
from nacre.evidence.calibrate.model import Model, cells_of
from nacre.evidence.calibrate.reporting.calibrated import Calibration, fitted, results_of
from nacre.evidence.calibrate.reporting.predicted import results_of as predictions
from nacre.evidence.calibrate.settings import read_settings
from nacre.pipeline.loading.load import load
from nacre.pipeline.running.dependencies import versions
from nacre.pipeline.running.kept_calibration import folder_of, key_of
from nacre.pipeline.running.run import run
from nacre.pipeline.running.store import dumps, loads


@dataclass(frozen=True, eq=False)
class Kept:
    """A calibration as `predict` needs it: samples that age, cycles whose dQ/dV counts, the fit and its covariance."""

    model: Model
    u: np.ndarray
    covariance: np.ndarray
    seed: int
    evidence: str
    converged: bool


def calibrate(
    path: str | Path, ask: calibrating.Ask | None = None, progress: Progress = silent, results: Sequence[Result] = ()
) -> tuple[Outcome, Calibration, list[Path]]:
    """Calibrate a study: an outcome of the calibration alone, all that was found, and the files written."""
    study = load(path)
    with vocabulary.using(study.vocabulary):
        made = calibrating.calibrate(study, results or _find_key_of_files(study), ask, progress)
        found = results_of(made)
    written = _keep(study, made, found)
    return Outcome(study, tuple(found), versions=versions()), made, written


def _find_key_of_files(study: Study) -> tuple[Result, ...]:
    """Results of the study's own files, where the calibration asks for them."""
    settings = read_settings(study)
    if settings is None or settings.evidence != "files":
        return ()
    return run(study).results


def _keep(study: Study, made: Calibration, found: list[Result]) -> list[Path]:
    folder, fit = folder_of(study), made.fit
    written = [folder / "kept.npz", folder / "calibration.json"]
    files.write(written[0], dumps([key_of(study), found]))
    files.write(written[1], json.dumps(document(study, made), indent=1) + "\n")
    for name in fit.problem.model.cells:
        written.append(cell_toml.save(cell_of(made, name), folder / f"{name}_cell.toml"))
    return written


def cell_of(made: Calibration, sample: str):
    """The calibrated cell of a sample: fitted numbers with their standard deviation."""
    fit, quantities = made.fit, fitted(made.fit)
    state = "" if fit.converged else ", which did not converge"
    source = f"calibration on the {made.evidence} values, seed {fit.seed}{state}"
    cell = fit.problem.model.parameters(list(fit.values), sample, source)
    numbers = dict(cell.numbers)
    for free in fit.problem.free:
        if free.sample in ("", sample):
            old = numbers[free.name]
            numbers[free.name] = type(old)(quantities[free.label], old.status, old.source)
    return replace(cell, numbers=numbers)


def document(study: Study, made: Calibration) -> dict[str, Any]:
    """calibration.json."""
    fit, model = made.fit, made.fit.problem.model
    numbers = [
        {"name": r.free.name, "sample": r.free.sample, "value": r.value, "lo95": r.low, "hi95": r.high,
         "unit": r.free.unit, "range": [r.free.low, r.free.high], "told": r.told, "pinned_by": list(r.pinned_by)}
        for r in made.told
    ]  # fmt: skip
    return {
        "schema": 1,
        "study": study.name,
        "key": key_of(study),
        "evidence": made.evidence,
        "converged": fit.converged,
        "words": fit.words,
        "seed": fit.seed,
        "starts": [{"from": s.start.tolist(), "to": s.u.tolist(), "chi2": s.chi2, "converged": s.converged}
                   for s in fit.searches],
        "chi2": fit.criteria.chi2,
        "degrees_of_freedom": fit.criteria.freedom,
        "numbers": numbers,
        "unit_box": fit.u.tolist(),
        "covariance": fit.covariance.tolist(),
        "ageing": sorted(model.ageing),
        "fine": list(model.fine),
    }  # fmt: skip


def is_kept(path: str | Path) -> bool:
    """Whether a study has a calibration that is not older than what it says."""
    study = load(path)
    try:
        key, _ = loads((folder_of(study) / "kept.npz").read_bytes())
    except Exception:  # there is none, or it is damaged
        return False
    return key == key_of(study)


# --- what was kept -------------------------------------------------------------------------------------------


def kept(study: Study) -> Kept:
    """The calibration that `predict` uses. Raises NacreError where there is none, or it is older than the study."""
    path = folder_of(study) / "calibration.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise NacreError(
            "this study has not been calibrated", where=str(path), do="run nacre calibrate first"
        ) from None
    settings = read_settings(study)
    if settings is None or raw.get("key") != key_of(study):
        raise NacreError(
            "the study has changed since it was calibrated", where=str(path), do="run nacre calibrate again"
        )
    model = Model(cells_of(study), settings.free, settings.plan, raw["ageing"], fine=raw["fine"])
    return Kept(
        model, np.array(raw["unit_box"]), np.array(raw["covariance"]), raw["seed"], raw["evidence"], raw["converged"]
    )


def predict(
    path: str | Path,
    cases: Sequence[str] = (),
    sample: str = "",
    draws: int = predicting.DRAWS,
    progress: Progress = silent,
) -> tuple[Outcome, list[predicting.Prediction]]:
    """Predict the cases given as text, or those of study.toml. Raises NacreError where no case is given."""
    study = load(path)
    use = kept(study)
    if cases:
        name = sample or (list(study.samples)[-1] if len(study.samples) == 1 else "")
        if name not in study.samples:
            raise NacreError("whose cell is to be changed?", where="--sample", expected=", ".join(study.samples))
        chosen = [predicting.parse_case(text, name, known=load_names(study.folder)) for text in cases]
    else:
        chosen = list(predicting.read_cases(study))
    if not chosen:
        raise NacreError(
            "no case is given", where=study.name, expected='--case "3 nm: cathode.coating_thickness = 3 nm"'
        )
    made = [predicting.predict(use.model, use.u, use.covariance, c, use.seed, draws, progress) for c in chosen]
    with vocabulary.using(study.vocabulary):
        found = predictions(made, use.converged)
    files.write(folder_of(study) / "predicted.npz", dumps([key_of(study), found]))
    return Outcome(study, tuple(found), versions=versions()), made
