"""Slips that a study file bears and no rule forbids: a mass in g, an electrode in cm, files that nobody analyses."""

import re

import pytest

import nacre
from nacre.core.errors import StudyError
from nacre.core.quantity import parse
from nacre.core.study import Cell, Measurement, Sample, Study
from nacre.pipeline.loading.load import read
from nacre.pipeline.running.check import check
from nacre.pipeline.running.graph import Graph
from nacre.pipeline.running.plausibility import doubts, idle
from pipeline import toys


def graph(tmp_path, masses=("8.3 mg", "8.2 mg", "8.4 mg"), measurements=(), **shared):
    inputs = {name: parse(text) for name, text in ({"diameter": "10 mm", "one_c": "190 mA/g"} | shared).items()}
    cells = {f"a-{i}": Cell(f"a-{i}", "a", {"cam_mass": parse(mass)} if mass else {}) for i, mass in enumerate(masses)}
    study = Study("s", tmp_path, inputs=inputs, samples={"a": Sample("a")}, cells=cells, measurements=measurements)
    return Graph(study, {}, {m.name: m.reader for m in measurements})


def test_cells_that_are_alike_raise_no_doubt(tmp_path):
    assert doubts(graph(tmp_path)) == []
    assert doubts(graph(tmp_path, ("4.2 mg", "8.4 mg", ""))) == []


@pytest.mark.parametrize("wrong", ["8.3 g", "0.83 mg", "83 mg"])
def test_one_mass_in_another_unit_is_named(tmp_path, wrong):
    found = doubts(graph(tmp_path, ("8.3 mg", wrong, "8.4 mg")))
    assert "cell 'a-1'" in found[0] and "of active material, where the cells of this study hold 8." in found[0]
    assert "Look at the unit and the decimal point in cells.csv" in found[0]


def test_a_loading_that_no_electrode_has_is_named_once_for_all_cells(tmp_path):
    (found,) = doubts(graph(tmp_path, diameter="10 cm", masses=("8.3 mg", "8.3 mg")))
    assert found.startswith("cells 'a-0' and 'a-1': 8.3 mg of active material on 78.5 cm2 are 0.106 mg/cm2")
    assert "Look at the units of mass and diameter" in found


def test_a_current_of_1c_in_another_unit_is_named(tmp_path):
    (found,) = doubts(graph(tmp_path, one_c="190 A/g"))
    assert found.startswith("one_c = 190000 mA/g") and "like 190 mA/g" in found


def test_a_copy_is_no_second_cell(tmp_path):
    for name, text in (("1.txt", "same"), ("2.txt", "same"), ("3.txt", "else")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    measurements = tuple(
        Measurement(f"a-{i}:rate", "a", f"a-{i}", (tmp_path / f"{i + 1}.txt",), reader="maccor") for i in range(3)
    )
    (found,) = doubts(graph(tmp_path, measurements=measurements))
    assert (
        found == "cells 'a-0' (1.txt) and 'a-1' (2.txt) have the same file, byte for byte: one cell is not two cells."
    )


def test_files_that_only_wait_to_be_asked_for_are_named_with_what_takes_them(tmp_path):
    measurements = (Measurement("bare:xrd", "a", reader="stoe"), Measurement("lho:xrd", "a", reader="xy"))
    (found,) = idle(graph(tmp_path, measurements=measurements))
    assert found.startswith("measurements 'bare:xrd' and 'lho:xrd': no analysis uses them. Ask for one")
    assert "[[analysis]]" in found and "rietveld" in found


@pytest.mark.parametrize("mass", ["-8.3 mg", "0 mg"])
def test_what_is_divided_by_is_above_zero(tmp_path, mass):
    folder = toys.make(tmp_path / "study")
    text = (folder / "study.toml").read_text(encoding="utf-8").replace("8.3(1) mg", mass)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    _, problems = read(folder)
    assert any("'cam_mass' is not above zero; found" in p.text and p.line for p in problems.errors)


def test_check_and_run_say_so(tmp_path):
    folder = toys.make(tmp_path / "study")
    text = (folder / "study.toml").read_text(encoding="utf-8").replace("190 mA/g", "190 A/g")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    found, _ = check(folder)
    assert any("one_c = 190000 mA/g" in p.text and p.level == "warning" for p in found)
    assert any("one_c = 190000 mA/g" in text for text in nacre.run(folder).doubts)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('label = "Bare"', "label = “Bare”", "Write plain quotes"),
        ('label = "Bare"', 'label = "Bare"\n    label = "b"', 'was said before: label = "b"'),
        ('one_c = "190 mA/g"', "one_c = 190 mA/g", 'in quotes, like diameter = "10 mm"'),
        ('label = "Bare"', 'label = "Bare', "Close the quotes that open in this line"),
        ('label = "Bare"', 'label = "raw\\data"', "Write Windows paths with /"),
    ],
)
def test_what_editors_do_to_toml_is_named_with_its_cure(tmp_path, old, new, words):
    folder = toys.make(tmp_path / "study")
    text = (folder / "study.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "study.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(StudyError, match=re.escape(words)):
        nacre.load(folder)


CELLS = 'schema = 1\n[study]\nname = "s"\n[[sample]]\nname = "a"\n[[measurement]]\nfiles = "raw/{cell}_eis.z"\n'


def errors(folder):
    return [p.text for p in read(folder)[1].errors]


def test_a_file_that_was_moved_is_found_and_no_other_cell_s_is_offered(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "study.toml").write_text(CELLS, encoding="utf-8")
    (tmp_path / "cells.csv").write_text("cell,sample\na-1,a\na-2,a\n", encoding="utf-8")
    (tmp_path / "raw" / "a-2_eis.z").write_text("x", encoding="utf-8")
    assert errors(tmp_path) == ["'raw/a-1_eis.z' matches no file below the study's folder."]
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a-1_eis.z").write_text("x", encoding="utf-8")
    assert errors(tmp_path)[0].endswith("A file of this name is at 'old/a-1_eis.z'.")


def test_a_workbook_of_cells_is_named(tmp_path):
    (tmp_path / "study.toml").write_text(CELLS, encoding="utf-8")
    (tmp_path / "cells.xlsx").write_bytes(b"PK")
    assert errors(tmp_path) == ["no cells are declared. cells.xlsx is not read: save it as CSV, cells.csv."]


def test_an_unknown_column_says_which_are_known(tmp_path):
    (tmp_path / "study.toml").write_text(CELLS, encoding="utf-8")
    (tmp_path / "cells.csv").write_text("cell,sample,Masse / mg\na-1,a,8.3\n", encoding="utf-8")
    assert "unknown column 'Masse'. Known are cell, sample, comment and inputs like cam_mass" in errors(tmp_path)[0]
