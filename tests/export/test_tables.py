"""Tables side by side, and what LaTeX and Word make of them."""

import csv
import io
import re
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from nacre.core.display import comparison_tables
from nacre.core.quantity import Quantity
from nacre.core.result import Entry
from nacre.export import latex, word
from nacre.export.write import write_all
from report.demo_outcome import demo

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def made(technique, outcome=None):
    return next(table for table in comparison_tables.tables(outcome or demo()) if table.key == technique)


def test_samples_stand_side_by_side_in_the_study_s_order():
    table = made("impedance")
    assert table.place == "Tab. S4"
    assert table.columns == ("Bare-NCM85", "LHO-NCM85")
    line = next(line for line in table.lines if line.name == "r_cam_se")
    bare, lho = (q.value for q in line.cells)
    assert bare > 800 > 100 > lho
    assert line.head == "cathode interfacial resistance / Ω cm², cycle 200"


def test_samples_that_swap_swap_their_columns():
    right, wrong = (
        next(line for line in made("impedance", demo(swapped=s)).lines if line.name == "r_cam_se")
        for s in (False, True)
    )
    assert right.cells[0].value == wrong.cells[1].value


def test_cells_of_one_sample_have_columns_of_their_own():
    columns = made("cycling", demo(replicates=3)).columns
    assert len(columns) == 6
    assert columns[0] == "Bare-NCM85, bare-1"


def test_what_one_sample_lacks_is_a_dash():
    outcome = demo()
    first = next(r for r in outcome.results if r.technique == "impedance")
    extra = replace(first, entries=(*first.entries, Entry("r_gb", Quantity(3.0, "ohm cm2", 0.5), {"cycle": 7})))
    results = tuple(extra if r is first else r for r in outcome.results)
    line = next(line for line in made("impedance", replace(outcome, results=results)).lines if line.state == "cycle 7")
    assert sorted(line.texts) == ["3.0(5)", "–"]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Li₂HfO₃ & 5 %", r"Li$_{2}$HfO$_{3}$ \& 5 \%"),
        ("Ω cm²", r"$\Omega$ cm$^{2}$"),
        ("−3.0(5) × 10⁻¹²", r"$-$3.0(5) $\times$ 10$^{-12}$"),
        ("a_b {c} $ \\", r"a\_b \{c\} \$ \textbackslash{}"),
    ],
)
def test_latex_spells_what_journals_print(text, source):
    assert latex.escape(text) == source


def test_a_latex_table_is_whole():
    source = latex.table(made("impedance"))
    begun, ended = re.findall(r"\\begin{(\w+)}", source), re.findall(r"\\end{(\w+)}", source)
    assert sorted(begun) == sorted(ended) == ["table", "tabular"]
    rows = [line for line in source.splitlines() if line.endswith(r"\\")]
    assert {row.count(" & ") for row in rows} == {2}
    assert "virtual data" in source


def test_a_word_document_holds_every_cell_and_is_the_same_twice():
    tables = comparison_tables.tables(demo())
    data = word.document(tables)
    assert data == word.document(tables)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        body = ElementTree.fromstring(archive.read("word/document.xml"))
    found = body.findall(f".//{W}tbl")
    assert len(found) == len(tables)
    for drawn, table in zip(found, tables, strict=True):
        cells = [["".join(t.itertext()) for t in row.iter(f"{W}tc")] for row in drawn.iter(f"{W}tr")]
        assert cells[0] == ["", *table.columns]
        assert cells[1:] == [[line.head, *line.texts] for line in table.lines]


def test_the_results_folder_holds_them(tmp_path):
    write_all(demo(), tmp_path)
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert {"tables.docx", "tab_s4_impedance.tex", "tab_s4_impedance.csv"} <= names
    rows = list(csv.reader(io.StringIO((tmp_path / "tables" / "tab_s4_impedance.csv").read_text("utf-8-sig"))))
    assert rows[0] == ["quantity", "unit", "state", "Bare-NCM85", "Bare-NCM85 (std)", "LHO-NCM85", "LHO-NCM85 (std)"]
    line = next(line for line in made("impedance").lines if line.name == "r_cam_se")
    row = next(row for row in rows if row[0] == "cathode interfacial resistance")
    assert [float(row[3]), float(row[5])] == [q.value for q in line.cells]
