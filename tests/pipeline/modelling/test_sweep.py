"""Sweeps and tables of cells: what is run, in what order, what it gives, what fails alone, and what is refused."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from nacre.cell.simulate import SimulationSettings, simulate_protocol
from nacre.cli.app import app
from nacre.core.errors import NacreError
from nacre.physics.p2d import Mesh
from nacre.pipeline.modelling import simulate, sweep_result
from nacre.pipeline.modelling.sweep import plan, read_batch, read_sweep, run_all

STUDY = Path(__file__).parents[3] / "studies" / "lho-ncm85"
CYCLE = "charge at 0.5C to 2.75 V; discharge at 0.5C to 1.35 V"
SMALL = SimulationSettings(points=50, mesh=Mesh(4, 4, 6, 4))


def values(text):
    return [float(v.split()[0]) for v in read_sweep(text).values]


def test_ranges_and_lists_with_their_units():
    assert values("cathode.contact=0.01:1:3:log") == pytest.approx([0.01, 0.1, 1])
    assert values("cathode.contact=0.2:1:5") == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert read_sweep("cathode.particle_diameter=1:5:2 um").values == ("1.0 um", "5.0 um")
    assert read_sweep("cathode.particle_diameter=1 um:5 um:2:log").values[0] == "1.0 um"
    assert read_sweep("cathode.particle_diameter = 1, 500 nm").values == ("1.0 nm", "500.0 nm")
    assert read_sweep("cell.temperature=-10,25 degC").values == ("-10.0 degC", "25.0 degC")
    assert read_sweep("cathode.contact=0.01,1").log and not read_sweep("cathode.contact=0.1,1").log


def test_the_order_is_a_grid_with_the_last_fastest_or_in_step():
    two = [read_sweep("cathode.contact=0.1,0.2"), read_sweep("cathode.active=0.5,1")]
    cases = plan(["a", "b"], two)
    first = [(c.number, c.cell, *c.changes.values()) for c in cases[:3]]
    assert len(cases) == 8 and first == [(1, "a", "0.1", "0.5"), (2, "a", "0.1", "1.0"), (3, "a", "0.2", "0.5")]
    assert [tuple(c.changes.values()) for c in plan(["a"], two, paired=True)] == [("0.1", "0.5"), ("0.2", "1.0")]
    rows = [("x", "a", {"cathode.contact": "0.3"}), ("y", "", {})]
    made = [(c.name, c.cell, dict(c.changes)) for c in plan(["a", "b"], [], rows)]
    assert made == [("x", "a", {"cathode.contact": "0.3"}), ("y", "a", {}), ("y", "b", {})]


def test_every_run_is_that_of_the_cell_alone_whatever_the_threads():
    subjects = simulate.find(STUDY, ["lho"], CYCLE)
    cases = plan(["lho"], [read_sweep("cathode.particle_diameter=3:9:4 um")])
    one, three = (run_all(subjects, cases, SMALL, threads) for threads in (1, 3))
    for case, a, b in zip(cases, one, three, strict=True):
        alone = simulate_protocol(subjects.cells["lho"][0].changed(case.changes), CYCLE, SMALL)
        assert a.case is case and [s.charge for s in a.steps] == [s.charge for s in b.steps]
        assert [s.charge for s in a.steps] == [s.charge for s in alone.steps]
    charges = [d.steps[1].charge for d in one]
    assert charges == sorted(charges, reverse=True)  # the larger the particle, the less it gives


def test_the_verb_writes_tables_figures_and_a_summary(tmp_path):
    words = ["simulate", str(STUDY), "--protocol", CYCLE, "--sweep", "cathode.contact=0.05:1:3:log", "--curves"]
    done = CliRunner().invoke(app, [*words, "--sample", "lho", "--points", "50", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "last discharge / mAh/g" in done.output and done.output.count("all 2 steps ran") == 3
    table = pl.read_parquet(tmp_path / "sweep_runs.parquet")
    assert table["run"].to_list() == [1, 1, 2, 2, 3, 3] and table["kind"].to_list() == ["charge", "discharge"] * 3
    assert table["cathode.contact"].to_list()[::2] == pytest.approx([0.05, np.sqrt(0.05), 1.0])
    assert (table["capacity / mAh/g"] > 50).all() and (table["energy / mWh/g"] > 50).all()
    assert table["last_voltage / V"].to_list() == pytest.approx([2.75, 1.35] * 3, abs=1e-6)
    assert not table["failed"].any()
    record = pl.read_parquet(tmp_path / "sweep_records.parquet")
    assert set(record["run"]) == {1, 2, 3} and "voltage_volt / V" in record.columns
    assert (tmp_path / "figures" / "sweep-cathode.contact.svg").exists()
    assert "Predicted by a cell model, not measured" in (tmp_path / "report.html").read_text("utf-8")


def test_what_fails_fails_alone_and_is_named(tmp_path):
    (tmp_path / "cells.csv").write_text(
        "name;sample;cathode.contact;cathode.particle_diameter / um\nfirst;lho;0.5;5\nbroken;lho;2;5\nthird;bare;;4\n",
        "utf-8",
    )
    words = ["simulate", str(STUDY), "--protocol", CYCLE, "--batch", str(tmp_path / "cells.csv"), "--points", "50"]
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "FAILED run 2 (broken, cathode.contact = 2, cathode.particle_diameter = 5 um): " in done.output
    assert "cathode.contact (the true over the geometric contact area) cannot be; found 2" in done.output
    table = pl.read_parquet(tmp_path / "out" / "sweep_runs.parquet")
    assert table["name"].to_list() == ["first", "first", "broken", "third", "third"]
    assert table["failed"].to_list() == [False, False, True, False, False]
    assert table["step"].to_list()[2] == 0 and "cannot be; found 2" in table["outcome"][2]


def test_a_run_that_stops_early_counts_as_failed():
    subjects = simulate.find(STUDY, ["lho"], "charge at 0.5C for 100 h")
    done = run_all(subjects, plan(["lho"], [read_sweep("cathode.contact=0.5,1")]), SMALL)
    assert all(d.failed and d.steps for d in done) and "depleted" in done[0].words
    outcome = sweep_result.outcome_of(subjects.study, done, [])
    assert len(outcome.failures) == 2 and outcome.results[0].checks[0].text.startswith("0 of 2 runs")


def test_two_parameters_make_a_figure_each():
    subjects = simulate.find(STUDY, ["lho"], CYCLE)
    sweeps = [read_sweep("cathode.contact=0.1,1"), read_sweep("cathode.particle_diameter=3,6 um")]
    figures = sweep_result.figures(run_all(subjects, plan(["lho"], sweeps), SMALL), sweeps)
    assert [f.key for f in figures] == ["sweep-cathode.contact", "sweep-cathode.particle_diameter"]
    assert [s.label for s in figures[0].panels[0].series] == ["3 um", "6 um"]
    assert all(s.x.size == 2 for f in figures for s in f.panels[0].series)


BAD = {
    "cathode.contct=0.1:1:3": "unknown parameter 'cathode.contct'. Did you mean 'cathode.contact",
    "cathode.contact=0.1:2:3": "cathode.contact (the true over the geometric contact area) cannot be; found 1.05",
    "cathode.contact=0:1:3:log": "a logarithmic range must not touch zero; found 0 to 1",
    "cathode.contact=1:1:3": "a range of no width; found 1 to 1",
    "cathode.contact=0.1:1": "cannot read the sweep; found 2 numbers; expected NAME=LOW:HIGH:COUNT",
    "cathode.contact=0.1:1:2.5": "the number of values; found 2.5",
    "cathode.contact=0.1:1:3:lgo": "cannot read the sweep; found 4 numbers",
    "cathode.contact": "cannot read the sweep; expected NAME=LOW:HIGH:COUNT",
    "cathode.particle_diameter=1:5:3": "a number without a unit",
    "cathode.particle_classes=1:4:3": "cathode.particle_classes must be a whole number; found 2.5",
}


@pytest.mark.parametrize("text", BAD)
def test_a_sweep_that_cannot_be_is_refused(text):
    with pytest.raises(NacreError) as caught:
        read_sweep(text)
    assert BAD[text] in str(caught.value) and str(caught.value).startswith("--sweep ")


def test_plans_and_tables_that_cannot_be_are_refused(tmp_path):
    contact, active = read_sweep("cathode.contact=0.1:1:400"), read_sweep("cathode.active=0.1:1:400")
    with pytest.raises(NacreError, match="too many runs; found 160000; expected at most 100000"):
        plan(["a"], [contact, active])
    with pytest.raises(NacreError, match=r"cathode.contact is swept twice"):
        plan(["a"], [contact, contact])
    with pytest.raises(NacreError, match=r"--paired: sweeps in step need as many values each; found 400 of cath"):
        plan(["a"], [contact, read_sweep("cathode.active=0.1,1")], paired=True)
    for text, words in (
        ("name,cathode.contct\na,1\n", r"cells.csv:1: unknown column 'cathode.contct'. Did you mean 'cathode.contact"),
        ("name,sample\na,loh\n", r"cells.csv:2: unknown sample 'loh'. Did you mean 'lho'"),
        ("name\na,1,2\n", r"cells.csv:2: 3 values for 1 columns"),
        ("name\n", "a table without rows"),
    ):
        (tmp_path / "cells.csv").write_text(text, "utf-8")
        with pytest.raises(NacreError, match=words):
            read_batch(tmp_path / "cells.csv", ["lho", "bare"])
    done = CliRunner().invoke(app, ["simulate", str(STUDY), "--sample", "loh", "--sweep", "cathode.contact=0.1,1"])
    assert isinstance(done.exception, NacreError) and "unknown sample 'loh'. Did you mean 'lho'?" in str(done.exception)


def test_export_and_import_on_the_command_line(tmp_path):
    def nacre(*words):
        return CliRunner().invoke(app, [str(word) for word in words])

    file, back = tmp_path / "lho.json", tmp_path / "cell.toml"
    done = nacre("export", "bpx", STUDY, "--sample", "lho", "--out", file)
    assert done.exit_code == 0 and "only in the User-defined block: cathode.coating_thickness = 12 nm" in done.output
    assert nacre("import", "bpx", file, "--out", back).exit_code == 0
    again = nacre("export", "bpx", back, "--out", tmp_path / "again.json")
    assert again.exit_code == 0 and (tmp_path / "again.json").read_bytes() == file.read_bytes()
    plain = nacre("import", "bpx", file, "--take", "standard", "--set", "cell.cam_mass=8.3 mg", "--out", back)
    assert "'User-defined' is left out" in plain.output
    done = nacre("export", "pybamm", back, "--out", tmp_path / "pybamm.json")
    assert done.exit_code == 0 and '"Cation transference number": 1.0' in (tmp_path / "pybamm.json").read_text("utf-8")
    which = nacre("export", "bpx", STUDY)
    assert "which sample?; expected bare, lho. Give --sample NAME." in str(which.exception)
    assert "cannot read --set; found 'x'" in str(nacre("import", "bpx", file, "--set", "x").exception)
