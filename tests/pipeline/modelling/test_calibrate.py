"""`nacre calibrate` and `nacre predict` on a reduced study: what is written, kept, shown, and refused."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nacre.cell import cell_toml
from nacre.cli.app import app
from nacre.core.errors import NacreError
from nacre.pipeline.loading.load import load, read
from nacre.pipeline.modelling import calibrate as calibrating
from nacre.pipeline.running.kept_calibration import kept_results
from nacre.pipeline.running.run import run

STUDY = Path(__file__).parents[3] / "studies" / "lho-ncm85" / "study.toml"
REDUCED = """
[model.cathode]
particle_spread = "0"
particle_classes = "1"
[calibration]
starts = 1
[calibration.tests]
rates = ["0.1C", "1C"]
cycles_per_rate = 1
[[calibration.parameter]]
name = "cathode.diffusivity"
range = ["5e-13 cm2/s", "2e-11 cm2/s"]
scale = "log"
[[calibration.parameter]]
name = "ageing.first_charge"
range = ["0 mAh/g", "40 mAh/g"]
[[calibration.observable]]
name = "discharge_capacity"
sample = "lho"
state = { cycle = 1 }
relative = "5 %"
[[calibration.observable]]
name = "discharge_capacity"
sample = "lho"
state = { rate_C = 1.0 }
relative = "5 %"
[[calibration.observable]]
name = "coulombic_efficiency"
sample = "lho"
state = { cycle = 1 }
absolute = "1 %"
[[calibration.prediction]]
name = "twice the loading"
sample = "lho"
change = { loading = "2" }
"""


def reduced(folder: Path, more: str = REDUCED) -> Path:
    """The reference study without files, ledger names or its own calibration, and with a small one."""
    text = STUDY.read_text(encoding="utf-8")
    text = text[: text.index("# --- the cell model against")]
    head, tail = text[: text.index("\n[[measurement]]")], text[text.index("\n[[reported]]") :]
    text = re.split(r"(?m)^# Which techniques must agree", head + tail)[0]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(text + more, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    folder = reduced(tmp_path_factory.mktemp("calibrated"))
    done = CliRunner().invoke(app, ["calibrate", str(folder), "--quiet", "-j", "1"])
    assert done.exit_code == 0, done.output
    return folder, done.output


def test_the_command_writes_numbers_cells_and_a_report(calibrated):
    folder, said = calibrated
    kept = folder / "results" / "calibration"
    raw = json.loads((kept / "calibration.json").read_text(encoding="utf-8"))
    assert raw["converged"] and raw["evidence"] == "reported" and raw["seed"] == 1
    assert {n["name"] for n in raw["numbers"]} == {"cathode.diffusivity", "ageing.first_charge"}
    assert raw["degrees_of_freedom"] == 1 and len(raw["starts"]) == 1
    assert "2 numbers fitted to 3 values: 1 degrees of freedom" in " ".join(said.split())
    cell = cell_toml.load(kept / "lho_cell.toml")
    assert cell.numbers["cathode.diffusivity"].status == "fitted"
    assert "calibration on the reported values, seed 1" in cell.numbers["cathode.diffusivity"].source
    assert cell.numbers["cathode.diffusivity"].quantity.std > 0
    assert "The model beside the evidence" in (kept / "report.html").read_text(encoding="utf-8")


def test_a_run_shows_the_kept_calibration_apart_from_what_was_measured(calibrated):
    folder, _ = calibrated
    outcome = run(folder)
    shown = [r for r in outcome.results if r.technique == "calibration"]
    assert [r.origin for r in shown][:1] == ["calibrated"]
    assert not outcome.contrasts  # a fitted value is nobody's replicate
    assert all(row.evidence in ("reported", "declared") for row in outcome.ledger)


def test_predictions_follow_the_calibration_and_are_kept(calibrated):
    folder, _ = calibrated
    done = CliRunner().invoke(app, ["predict", str(folder), "--draws", "20", "--quiet"])
    assert done.exit_code == 0 and "no evidence varies loading" in " ".join(done.output.split())
    shown = [r for r in kept_results(load(folder)) if r.technique == "prediction"]
    assert shown[0].get("discharge_capacity", rate_C=1.0, case="twice the loading").std > 0
    case = "thin: cathode.coating_thickness = 3 nm"
    outcome, made = calibrating.predict(folder, [case], "lho", 20)
    assert made[0].case.name == "thin" and outcome.results[0].origin == "predicted"
    with pytest.raises(NacreError, match="whose cell is to be changed"):
        calibrating.predict(folder, [case])


def test_a_calibration_older_than_its_study_is_not_used(calibrated, tmp_path):
    folder, _ = calibrated
    changed = reduced(tmp_path / "changed", REDUCED.replace('relative = "5 %"', 'relative = "4 %"'))
    kept = changed / "results" / "calibration"
    kept.mkdir(parents=True)
    for name in ("kept.npz", "calibration.json"):
        (kept / name).write_bytes((folder / "results" / "calibration" / name).read_bytes())
    results = kept_results(load(changed))
    assert len(results) == 1 and "has changed since it was calibrated" in results[0].checks[0].text
    with pytest.raises(NacreError, match="has changed since it was calibrated"):
        calibrating.predict(changed)


def test_words_for_a_study_that_cannot_be_calibrated(tmp_path):
    bare = reduced(tmp_path / "none", "")
    with pytest.raises(NacreError, match=r"says nothing of a calibration.*\[calibration\]"):
        calibrating.calibrate(bare)
    with pytest.raises(NacreError, match="has not been calibrated"):
        calibrating.predict(bare)
    wrong = reduced(tmp_path / "wrong", REDUCED.replace("cathode.diffusivity", "cathode.difusivity"))
    _, problems = read(wrong)
    assert "unknown parameter 'cathode.difusivity'" in str(problems.errors[0])
