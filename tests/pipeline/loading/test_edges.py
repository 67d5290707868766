"""What goes wrong in real studies: odd text, doubled measurements, readers of several kinds, plugins that change."""

import textwrap

import pytest

import nacre
from nacre.core.errors import NacreError
from nacre.core.quantity import covariance
from nacre.pipeline.loading.load import read
from nacre.pipeline.loading.problems import StudyProblems
from nacre.pipeline.running.run import Report, run
from pipeline import toys


@pytest.fixture
def folder(tmp_path):
    return toys.make(tmp_path / "study")


def write(folder, *changes, extra=""):
    text = toys.STUDY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "study.toml").write_text(textwrap.dedent(text + extra), encoding="utf-8")
    return folder


def problems(folder):
    with pytest.raises(StudyProblems) as caught:
        nacre.load(folder)
    return [str(problem) for problem in caught.value.problems]


def plugin(folder, name, old, new):
    path = folder / "plugins" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_conditions_of_a_step_may_be_words_that_begin_with_a_digit(folder):
    condition = 'temperature = "750 degC"'
    words = 'solvent = "2-propanol"\n    gas = "5 % H2 in Ar"\n    vessel = "100 mL beaker"\n    rate = "5 degC/min"'
    step = nacre.load(write(folder, (condition, words))).sample("bare").steps[0]
    assert step.conditions["solvent"] == "2-propanol" and step.conditions["gas"] == "5 % H2 in Ar"
    assert step.conditions["vessel"] == "100 mL beaker" and step.conditions["rate"].unit == "degC/min"
    for wrong, found in (("750 degZ", "unknown unit 'degZ'"), ("7,5 mg", "Use a decimal point")):
        assert any(found in p for p in problems(write(folder, (condition, f'temperature = "{wrong}"'))))


def test_names_that_begin_with_a_digit_are_names(folder):
    extra = '\n    counter_electrode = "50Li-In"\n    electrolyte = "1 wt% HfO2@X"'
    study = nacre.load(write(folder, ('one_c = "190 mA/g"', f'one_c = "190 mA/g"{extra}')))
    assert study.inputs["counter_electrode"] == "50Li-In" and study.inputs["electrolyte"] == "1 wt% HfO2@X"


def test_an_uncertain_condition_of_a_step_does_not_spoil_the_cache(folder):
    segments = 'segments = [{ name = "all", cycles = "1-", rate = "0.10(1)C" }]'
    files = 'files = "raw/{cell}.num"'
    write(folder, ('"750 degC"', '"750(5) degC"'), (files, f"{files}\n    {segments}"))
    run(folder)
    report = Report()
    run(folder, report=report)
    assert report.redone == {}


def test_rows_of_cells_csv_that_do_not_fit_their_heading(folder):
    (folder / "cells.csv").write_text("cell,sample,cam_mass / mg\nc1,bare,8,32\n", encoding="utf-8")
    assert problems(folder) == [
        "cells.csv:2: 4 columns under a heading of 3. Write a decimal point, or separate the columns by ;."
    ]


def test_cells_csv_in_utf_16_and_with_names_that_cannot_be(folder):
    (folder / "cells.csv").write_text("cell\tsample\nc1\tbare\n", encoding="utf-16")
    (folder / "raw/c1.num").write_text("NUMBERS\n1\n2\n", encoding="utf-8")
    assert "c1" in read(folder)[0].cells
    (folder / "cells.csv").write_text("cell,sample\na:b,bare\n", encoding="utf-8")
    assert any("cells.csv:2: a cell cannot be called 'a:b'" in p for p in problems(folder))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ('""', "no file is named"),
        ("[]", "no file is named"),
        ('"/"', "is not a pattern of file names"),
        ('"raw/{cel}.num"', "unknown template field '{cel}'"),
        ('"rwa/{cell}.num"', "matches no file"),
    ],
)
def test_patterns_that_name_nothing(folder, files, words):
    assert any(words in p for p in problems(write(folder, ('"raw/{cell}.num"', f'{files}\n    cell = "*"'))))


def test_raw_files_beside_the_study(folder):
    (folder.parent / "elsewhere").mkdir()
    for path in (folder / "raw").glob("*.num"):
        path.rename(folder.parent / "elsewhere" / path.name)
    for pattern in ("../elsewhere/{cell}.num", "../elsewhere/{cell}.*", "..\\\\elsewhere\\\\{cell}.n?m"):
        study = nacre.load(write(folder, ("raw/{cell}.num", pattern)))
        assert [m.files[0].name for m in study.measurements[:2]] == ["bare-1.num", "lho-1.num"]


def test_an_edited_plugin_reads_the_file_anew_in_the_same_process(folder):
    before = next(r for r in run(folder).results if r.analysis == "mean:bare-1:n")
    plugin(folder, "numbers.py", "float(line) for", "10 * float(line) for")
    after = next(r for r in run(folder).results if r.analysis == "mean:bare-1:n")
    ratio = after.get("mean_discharge_voltage").value / before.get("mean_discharge_voltage").value
    assert ratio == pytest.approx(10)


def test_a_reader_that_gives_nothing_or_something_else(folder):
    plugin(folder, "numbers.py", 'return [table("numbers", {"value": (values, "V")})]', "return []")
    errors = " ".join(f.error for f in run(folder).failures)
    assert "bare-1.num: the file holds no data. Export it again" in errors
    plugin(folder, "numbers.py", "return []", 'return table("numbers", {"value": (values, "V")})')
    errors = " ".join(f.error for f in run(folder).failures)
    assert "a reader gives a list of signals, not one" in errors


def test_a_format_of_several_kinds_reaches_the_techniques_of_its_kind_only(folder):
    plugin(folder, "numbers.py", '"toy numbers", ("numbers",)', '"toy numbers", ("numbers", "image")')
    outcome = run(folder)
    assert not outcome.failures
    assert not any(r.analysis == "darkness:bare-1:n" for r in outcome.results)
    write(folder, ('files = "raw/{cell}.num"', 'files = "raw/{cell}.num"\n    technique = ["darkness", "mean"]'))
    error = next(f.error for f in run(folder).failures if "darkness:bare-1:n" in f.what)
    assert error.startswith("bare-1.num: technique 'darkness' cannot take this; found data of kind 'numbers'; expected")


def test_an_override_of_an_unknown_technique_or_option_is_refused(folder):
    with pytest.raises(NacreError, match=r"--set: unknown technique 'meen'. Did you mean 'mean'"):
        run(folder, overrides={"meen": {"offset": "1"}})
    with pytest.raises(NacreError, match=r"--set: unknown option 'ofset'. Did you mean 'offset'"):
        run(folder, overrides={"mean": {"ofset": "1"}})


def test_a_technique_that_gives_an_entry_twice(folder):
    plugin(folder, "mean.py", "curves=(Curve", "checks=(), curves=(Curve")
    plugin(folder, "mean.py", "    return [Result(", "    return 2 * [Result(")
    error = next(f.error for f in run(folder).failures if "mean:bare-1" in f.what)
    assert "technique 'mean' gives 'mean:bare-1:n/mean_discharge_voltage@cycle=1' twice" in error


def test_what_is_run_again_stays_correlated_with_what_stood_on_it(folder):
    def shared(outcome):
        found = {r.analysis: r for r in outcome.results}
        standard = found["mean:bare-1:n"].get("mean_discharge_voltage")
        return covariance(standard, found["chain"].get("mean_charge_voltage"))

    first = run(folder)
    before = shared(first)
    assert before != 0
    key = next(r.provenance.key for r in first.results if r.analysis == "mean:bare-1:n")
    (folder / "results/.cache" / f"{key}.npz").unlink()
    report = Report()
    assert shared(run(folder, report=report)) == pytest.approx(before)
    assert report.redone == {"mean:bare-1:n": ["its stored results were lost"]}
