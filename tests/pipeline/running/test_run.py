import shutil

import pytest

import nacre
from nacre.pipeline.running import cache_keys, dependencies
from nacre.pipeline.running.run import Report, run
from pipeline import toys


@pytest.fixture
def study(tmp_path):
    return toys.make(tmp_path / "Prüf stand ä")


def by_name(outcome):
    return {result.analysis: result for result in outcome.results}


def test_a_plugin_reader_and_technique_run_without_touching_core(study):
    results = by_name(nacre.run(study))
    mean = results["mean:lho-1:n"]
    assert mean.get("mean_discharge_voltage").value == pytest.approx(4.0)
    assert mean.subject.cell == "lho-1" and mean.subject.sample == "lho"
    assert mean.provenance.files[0][0] == "raw/lho-1.num" and mean.provenance.reader == "numbers"


def test_an_image_technique_brings_its_own_word(study):
    dark = by_name(nacre.run(study))["darkness:lho:sem"]
    assert dark.get("dark_part").value == pytest.approx(100 * 2 / 6)
    assert dark.figures[0].panels[0].series[0].z.shape == (2, 3)


def test_a_joint_analysis_speaks_of_two_samples_and_feeds_a_contrast(study):
    outcome = nacre.run(study)
    both = by_name(outcome)["both"]
    assert [entry.subject.sample for entry in both.entries] == ["bare", "lho"]
    contrast = next(c for c in outcome.contrasts if c.name == "mean_charge_voltage")
    assert contrast.difference == pytest.approx(2.0)
    assert contrast.lo95 is None and "one cell on a side" in contrast.method


def test_a_chain_uses_the_standards_result_and_its_error(study):
    chain = by_name(nacre.run(study))["chain"]
    ratio = chain.get("mean_charge_voltage")
    assert ratio.value == pytest.approx(4.0 / 2.0)
    standard_error = 1.0 / 3**0.5
    assert ratio.std == pytest.approx(((0.01 / 2) ** 2 + (4 / 4 * standard_error) ** 2) ** 0.5, rel=1e-4)


def test_a_second_run_redoes_nothing(study):
    run(study)
    report = Report()
    run(study, report=report)
    assert report.redone == {} and len(report.fresh) == 5


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


CHANGES = {
    "files": lambda s, m: edit(s / "raw/lho-1.num", "6.0", "7.0"),
    "cell": lambda s, m: edit(s / "study.toml", "8.1(1) mg", "8.2(1) mg"),
    "sample": lambda s, m: edit(s / "study.toml", 'like = "bare"', 'like = "bare"\nparticle_diameter = "5 um"'),
    "measurement": lambda s, m: edit(
        s / "study.toml", 'files = "raw/{cell}.num"', 'files = "raw/{cell}.num"\nstate = {stage = "new"}'
    ),
    "materials": lambda s, m: edit(s / "study.toml", "[cell]", '[material.HfO2]\ndensity = "3 g/cm3"\n[cell]'),
    "options": lambda s, m: edit(s / "study.toml", "[cell]", '[options.mean]\noffset = "10 mV"\n[cell]'),
    "seed": lambda s, m: edit(s / "study.toml", "seed = 3", "seed = 4"),
    "plugins": lambda s, m: edit(s / "plugins/mean.py", "too few", "far too few"),
    "nacre's code": lambda s, m: m.setattr(cache_keys, "package_hash", lambda: "other"),
    "dependencies": lambda s, m: m.setattr(dependencies, "all_versions", lambda: {"numpy": "0"}),
}


@pytest.mark.parametrize("part", CHANGES)
def test_a_change_in_each_part_of_the_key_is_seen(study, monkeypatch, part):
    run(study)
    CHANGES[part](study, monkeypatch)
    report = Report()
    run(study, report=report)
    assert any(f"changed: {part}" in why for why in report.redone["mean:lho-1:n"])


def test_a_corrected_mass_changes_the_capacity_of_its_cell_alone(study):
    before = by_name(run(study))
    edit(study / "study.toml", "8.1(1) mg", "8.2(1) mg")
    report = Report()
    after = by_name(run(study, report=report))
    assert "mean:bare-1:n" in report.fresh
    old, new = (r["mean:lho-1:n"].get("discharge_capacity").value for r in (before, after))
    assert new / old == pytest.approx(8.1 / 8.2)


def test_an_upstream_change_redoes_what_stands_on_it(study):
    run(study)
    edit(study / "raw/bare-1.num", "3.0", "3.5")
    report = Report()
    run(study, report=report)
    assert "changed: upstream results" in report.redone["chain"]
    assert "mean:lho-1:n" in report.fresh and "darkness:lho:sem" in report.fresh


def test_a_lost_or_damaged_store_is_made_again(study):
    run(study)
    for path in (study / "results/.cache").glob("*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    report = Report()
    assert len(by_name(run(study, report=report))) == 5
    assert len(report.redone) == 5
    shutil.rmtree(study / "results")
    assert len(by_name(run(study))) == 5


def test_one_bad_file_never_loses_the_others(study):
    (study / "raw/bare-1.num").write_text("NUMBERS\n1.0\nx\n", encoding="utf-8")
    outcome = run(study)
    assert set(by_name(outcome)) == {"mean:lho-1:n", "darkness:lho:sem"}
    words = {failure.what: failure.error for failure in outcome.failures}
    assert "bare-1.num: a line is not a number; found could not convert" in words["analysis 'mean:bare-1:n'"]
    assert "it needs 'mean:bare-1:n', which failed" in words["analysis 'chain'"]


def test_an_unknown_format_is_a_failure_with_a_cure(study):
    (study / "raw/bare-1.num").write_bytes(b"\x00\x01\x02" * 50)
    outcome = run(study)
    first = next(f for f in outcome.failures if f.what == "measurement 'bare-1:n'")
    assert "no reader knows this format" in first.error and "binary data" in first.error


def test_a_technique_that_crashes_is_named_with_its_line(study):
    (study / "raw/bare-1.num").write_text("NUMBERS\n1.0\n", encoding="utf-8")
    error = next(f.error for f in run(study).failures if "mean:bare-1" in f.what)
    assert "technique 'mean' crashed at mean.py:" in error and "ValueError: too few" in error
    assert "The other analyses are not affected." in error


def test_a_missing_mass_is_asked_for(study):
    edit(study / "study.toml", 'cam_mass = "8.3(1) mg"', "")
    outcome = run(study)
    error = next(f.error for f in outcome.failures if "mean:bare-1" in f.what)
    assert "cell 'bare-1': the mass of cathode active material is not given, and the toy mean needs it" in error
    assert "cells.csv" in error and 'composite_mass = "... mg" and cam_fraction = "... wt%"' in error
    assert "mean:lho-1:n" in by_name(outcome)


def test_a_virtual_file_makes_everything_synthetic(study):
    (study / "raw/lho-1.num").write_text("NUMBERS\nNACRE\nVIRTUAL\n2\n4\n", encoding="utf-8")
    assert by_name(run(study))["mean:lho-1:n"].origin == "measured"  # the mark is one line
    edit(study / "plugins/numbers.py", 'if line[0] not in "NAV"', 'if line[0] not in "NAV" and line != "VIRTUAL"')
    (study / "raw/lho-1.num").write_text("NUMBERS\nNACRE VIRTUAL\n2\n4\n", encoding="utf-8")
    results = by_name(run(study))
    assert results["mean:lho-1:n"].origin == "synthetic" and results["mean:lho-1:n"].figures[0].synthetic
    assert results["chain"].get("mean_charge_voltage").origin == "synthetic"
    assert results["mean:bare-1:n"].origin == "measured"


@pytest.mark.slow
def test_parallel_and_serial_runs_agree(study):
    serial = {k: [(e.key, e.quantity) for e in r.entries] for k, r in by_name(run(study)).items()}
    shutil.rmtree(study / "results")
    parallel = {k: [(e.key, e.quantity) for e in r.entries] for k, r in by_name(run(study, workers=2)).items()}
    assert serial == parallel


def test_two_studies_whose_plugins_clash_run_in_one_process(tmp_path):
    one, two = toys.make(tmp_path / "one"), toys.make(tmp_path / "two")
    edit(
        two / "plugins" / "darkness.py", '"unit": "%", "words": "dark part"', '"unit": "nm", "words": "depth of shade"'
    )
    edit(two / "plugins" / "darkness.py", '"%", n=pixels', '"nm", n=pixels')
    edit(two / "plugins" / "darkness.py", '"toy image technique"', '"depth by shade"')
    outcomes = {folder.name: nacre.run(folder) for folder in (one, two, one)}
    units = {name: by_name(o)["darkness:lho:sem"].get("dark_part").unit for name, o in outcomes.items()}
    assert units == {"one": "%", "two": "nm"} and not any(o.failures for o in outcomes.values())
    pages = {name: nacre.write(outcome).read_text(encoding="utf-8") for name, outcome in outcomes.items()}
    for name, words, title in (
        ("one", "dark part", "toy image technique"),
        ("two", "depth of shade", "depth by shade"),
    ):
        assert words in pages[name].lower() and title in pages[name].lower(), name
    assert "depth of shade" not in pages["one"].lower() and "toy image technique" not in pages["two"].lower()
