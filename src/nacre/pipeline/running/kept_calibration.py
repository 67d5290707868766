"""The calibration kept beside a study, as the report shows it."""

from pathlib import Path

from nacre.cell.ageing.plugins import load_mechanisms
from nacre.core.result import Check, Result
from nacre.core.study import Study, in_its_words
from nacre.pipeline.running import cache_keys
from nacre.pipeline.running.store import loads

FOLDER = Path("results") / "calibration"
OLD = "the study has changed since it was calibrated: the kept calibration is left out"


def folder_of(study: Study) -> Path:
    return study.folder / FOLDER


def key_of(study: Study) -> str:
    """What a calibration depends on."""
    extra = {name: study.extra.get(name) for name in ("calibration", "model")}
    about = [study.samples, study.cells, study.inputs, study.materials, study.reported, study.seed, extra]
    if load_mechanisms(study.folder):
        about.append(cache_keys.plugins_hash(study.folder))
    return cache_keys.digest(about)[:40]


@in_its_words
def kept_results(study: Study) -> list[Result]:
    """Results of the kept calibration and predictions, for the report; a word where they are older than the study."""
    found: list[Result] = []
    for name in ("kept.npz", "predicted.npz"):
        try:
            key, results = loads((folder_of(study) / name).read_bytes())
        except Exception:  # there is none, or it is damaged: either way there is nothing to show
            continue
        if key == key_of(study):
            found += results
        elif name == "kept.npz":
            found.append(Result("calibration", "calibration", checks=(Check("warn", OLD, "run nacre calibrate"),),
                                origin="calibrated"))  # fmt: skip
    return found
