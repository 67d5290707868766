"""`nacre simulate`: what it writes, what it says, and what it refuses."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from nacre.cell import cell_toml
from nacre.cli.app import app
from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import NacreError
from nacre.pipeline.modelling import simulate

STUDY = Path(__file__).parents[3] / "studies" / "lho-ncm85"
CYCLE = "charge at 0.5C to 2.75 V; discharge at 0.5C to 1.35 V"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulation")
    words = ["simulate", str(STUDY), "--protocol", CYCLE, "--out", str(folder), "--points", "300"]
    return folder, CliRunner().invoke(app, words)


def test_the_verb_runs_every_sample_and_says_so(made):
    folder, done = made
    assert done.exit_code == 0, done.output
    assert "bare: all 2 steps ran" in done.output and "lho: all 2 steps ran" in done.output
    names = {path.name for path in folder.iterdir()}
    assert {"report.html", "results.json", "lho_cell.toml", "lho_virtual_maccor.txt"} <= names
    assert {f"simulation_bare_{n}.parquet" for n in ("record", "steps", "fields", "parameters")} <= names
    drawn = {path.name for path in (folder / "figures").iterdir()}
    assert {"simulation-record.svg", "fields-lho-1.svg", "fields-lho-2.svg", "first-cycle.svg"} <= drawn


def test_predictions_are_never_taken_for_measurements(made):
    folder, _ = made
    results = json.loads((folder / "results.json").read_text("utf-8"))
    assert {q["origin"] for q in results["quantities"]} == {"predicted"}  # and no published value beside them
    page = (folder / "report.html").read_text("utf-8")
    assert "<title>Predicted by a cell model, not measured: " in page
    assert "Predicted by the cell model, not measured." in page
    assert VIRTUAL_MARK in (folder / "lho_virtual_maccor.txt").read_text("cp1252")[:2000]
    assert "predicted" in (folder / "figures" / "first-cycle.svg").read_text("utf-8")


def test_tables_tell_every_step_and_number(made):
    folder, _ = made
    steps = pl.read_parquet(folder / "simulation_lho_steps.parquet")
    assert steps["ended"].to_list() == ["the upper voltage was reached", "the lower voltage was reached"]
    assert steps["last_voltage / V"].to_list() == pytest.approx([2.75, 1.35], abs=1e-6)
    numbers = pl.read_parquet(folder / "simulation_lho_parameters.parquet")
    assert numbers["status"].is_in(["declared", "paper", "computed", "literature", "fitted", "assumed"]).all()
    fields = pl.read_parquet(folder / "simulation_lho_fields.parquet")
    assert set(fields["electrode"]) == {"cathode", "anode"} and fields["mean"].is_between(0, 1).all()


def test_the_cell_file_it_writes_gives_the_same_again(made, tmp_path):
    folder, _ = made
    (tmp_path / "protocol.txt").write_text(CYCLE.replace("; ", "\n"), encoding="utf-8")
    file = str(folder / "lho_cell.toml")
    words = ["simulate", file, "--protocol", str(tmp_path / "protocol.txt"), "--out", str(tmp_path / "out"), "-q"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    first, second = (
        pl.read_parquet(place / "simulation_lho_steps.parquet")["capacity / mAh/g"].to_list()
        for place in (folder, tmp_path / "out")
    )
    assert first == pytest.approx(second, rel=1e-9)


def test_a_cell_that_stops_early_ends_with_1_and_keeps_its_files(tmp_path):
    subjects = simulate.find(STUDY, ["lho"], "rest for 1 h")
    cell_toml.save(subjects.cells["lho"][0], tmp_path / "cell.toml")
    words = ["simulate", str(tmp_path / "cell.toml"), "--protocol", "rest for 1 h; charge at 0.5C for 100 h"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1 and "stopped in step 2 (charge at 0.5C for 100 h): depleted" in done.output
    assert (tmp_path / "simulation" / "simulation_lho_record.parquet").exists()


def test_a_cell_that_cannot_be_does_not_stop_the_others(tmp_path):
    subjects = simulate.find(STUDY, [], CYCLE)
    broken = subjects.cells["bare"][0].changed({"cathode.stoichiometry": "0.001"})
    subjects.cells["bare"] = broken, CYCLE
    outcome, made = simulate.simulate(subjects)
    assert list(made) == ["lho"] and outcome.failures[0].what == "simulation of bare"
    assert "the cathode starts at a filling of 0.001" in outcome.failures[0].error


@pytest.mark.parametrize(
    ("samples", "protocol", "words"),
    [
        (["loh"], CYCLE, "--sample: unknown sample 'loh'. Did you mean 'lho'?"),
        ([], "nowhere.txt", "nowhere.txt: no such protocol file"),
        ([], "", "200 times"),
    ],
)
def test_what_it_refuses_and_where_the_protocol_comes_from(samples, protocol, words):
    if words == "200 times":  # the study's own
        assert words in simulate.find(STUDY, samples, protocol).cells["lho"][1]
        return
    with pytest.raises(NacreError) as caught:
        simulate.find(STUDY, samples, protocol)
    assert words in str(caught.value)


def test_a_cell_without_a_protocol_says_how_to_give_one(tmp_path):
    subjects = simulate.find(STUDY, ["lho"], CYCLE)
    file = cell_toml.save(subjects.cells["lho"][0], tmp_path / "cell.toml")
    with pytest.raises(NacreError, match=r'no protocol is given; expected --protocol "charge at 0.1C to 2.75 V'):
        simulate.find(file, [], "")
    with pytest.raises(NacreError, match="unknown sample 'x'"):
        simulate.find(file, ["x"], CYCLE)


def test_the_model_of_a_study_is_used_and_its_mistakes_are_named_with_the_study(tmp_path):
    text = (STUDY / "study.toml").read_text("utf-8").partition("[[measurement]]")[0]
    (tmp_path / "study.toml").write_text(text + '[model.sample.bare.cathode]\ncontact = "0.2"\n', "utf-8")
    cells = simulate.find(tmp_path, [], "").cells
    assert [cells[n][0].value("cathode.contact") for n in ("bare", "lho")] == [0.2, 1.0]
    (tmp_path / "study.toml").write_text(text + '[model.cathode]\ncontct = "0.2"\n', "utf-8")
    with pytest.raises(NacreError, match=r"study.toml:\d+: .*unknown parameter 'cathode.contct'"):
        simulate.find(tmp_path, [], "")


@pytest.mark.parametrize("protocol", ["rest for 1 h", CYCLE])
def test_a_cell_that_passes_no_charge_is_still_reported(protocol):
    subjects = simulate.find(STUDY, ["lho"], protocol)
    subjects.cells["lho"] = subjects.cells["lho"][0].changed({"cathode.contact": "1e-6"}), protocol
    outcome, made = simulate.simulate(subjects)
    assert not outcome.failures and outcome.results[0].technique == "simulation"
    assert made["lho"].words.startswith("all ")
