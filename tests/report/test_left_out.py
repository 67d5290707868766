"""A figure, table, section or file that is empty or fails costs itself, is named, and the report is written."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from nacre import api
from nacre.core import files
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.guard import Empty, Guard
from nacre.core.outcome import Outcome
from nacre.core.result import Result, Subject
from nacre.export import latex, print_figures, results_json, write
from nacre.report import findings, html, methods, plots, tables
from report.demo_outcome import demo

AXES = Axis("x", "V"), Axis("y", "A")


@pytest.fixture(autouse=True)
def no_plotly(monkeypatch):
    monkeypatch.setattr(html, "_read_plotly", lambda: "")


def small() -> Outcome:
    outcome = demo(cycles=3)
    return replace(outcome, results=(outcome.results[2], outcome.results[-1]))


def adding(*figures) -> Outcome:
    outcome = small()
    result = Result("shell", "added", Subject("lho"), outcome.results[-1].entries, figures=figures)
    return replace(outcome, results=(*outcome.results, result))


def written(outcome, tmp_path) -> tuple[Guard, str]:
    guard = Guard()
    return guard, api.write(outcome, tmp_path / "results", guard).read_text(encoding="utf-8")


def boom(*_):
    raise RuntimeError("no such thing")


def test_a_healthy_outcome_leaves_nothing_out_and_warns_of_nothing(tmp_path):
    guard, page = written(demo(cycles=3), tmp_path)
    assert guard.left_out == [] and not guard.failed
    assert "eft out:" not in page and "Not made" not in page and "could not be written" not in page
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        api.write(small(), tmp_path / "again")


NOTHING = Series("line", [], []), Series("points", [np.nan], [1.0]), Series("rule", [1.0], [])


@pytest.mark.parametrize("panels", [(), (Panel(*AXES),), (Panel(*AXES, NOTHING),)], ids=["none", "bare", "unknown"])
def test_a_figure_without_a_data_point_is_named_and_not_a_failure(tmp_path, panels):
    guard, page = written(adding(Figure("followed", "Peaks over cycling", panels)), tmp_path)
    (item,) = guard.left_out
    assert str(item) == "LEFT OUT figure 'Peaks over cycling': there is no data point to draw"
    assert not guard.failed
    assert "Left out: figure &#39;Peaks over cycling&#39;." in page and "Peaks over cycling.</b>" not in page
    assert not [*(tmp_path / "results" / "figures").glob("*followed*")]


def test_of_a_figure_only_the_empty_panel_goes(tmp_path):
    line = Panel(*AXES, (Series("line", [1.0, 2.0], [1.0, 2.0]),), title="full")
    guard, page = written(adding(Figure("two", "Two panels", (Panel(*AXES, title="hollow"), line))), tmp_path)
    assert [item.what for item in guard.left_out] == ["panel 'hollow' of figure 'Two panels'"]
    assert "Two panels.</b>" in page and [*(tmp_path / "results" / "figures").glob("*two.svg")]


def test_a_figure_that_cannot_be_drawn_costs_itself(tmp_path):
    crooked = Panel(*AXES, (Series("line", [1.0, 2.0, 3.0], [1.0, 2.0], lo=np.array([0.0])),))
    guard, page = written(adding(Figure("crooked", "Crooked", (crooked,))), tmp_path)
    assert guard.failed
    assert any(item.what == "print of figure 'Crooked'" and "Error at" in item.why for item in guard.left_out)
    assert "Not made, for something failed: print of figure" in page
    assert [*(tmp_path / "results" / "figures").glob("*eis.svg")]


FAULTS = {
    "page of a figure": (plots, "draw", "on the page"),
    "print": (print_figures, "draw", "print of figure"),
    "data of a figure": (print_figures, "table", "data of figure"),
    "LaTeX": (latex, "table", "LaTeX of table"),
    "csv": (write, "_write_csv", "csv of table"),
    "results.json": (results_json, "dumps", "results.json"),
    "checks": (tables, "checks", "section 'checks'"),
    "quantities": (tables, "row", "in the table"),
    "preparation": (methods, "preparation", "section 'experimental'"),
    "ledger graph": (html, "ledger_graph", "graph of the ledger"),
    "a finding": (findings, "_describe_technique", "finding of"),
    "what to do next": (findings, "_suggest_next", "findings 'What to do next'"),
    "all findings": (findings, "findings", "findings"),
    "options of provenance": (tables, "options", "section 'provenance'"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_fails_is_named_and_the_report_is_there(tmp_path, monkeypatch, fault):
    monkeypatch.setattr(print_figures, "draw", lambda *_: {"svg": b"<svg/>", "pdf": b"%PDF"})  # drawn in other tests
    module, name, words = FAULTS[fault]
    monkeypatch.setattr(module, name, boom)
    guard, page = written(small(), tmp_path)
    assert guard.failed and all(words in item.what for item in guard.left_out)
    assert "no such thing" in page and page.rstrip().endswith("</html>")
    assert "No quantity was determined" not in page
    assert (tmp_path / "results" / "results.json").exists() == (fault != "results.json")


def test_even_without_a_page_there_is_a_report(tmp_path, monkeypatch):
    monkeypatch.setattr(print_figures, "draw", lambda *_: {"svg": b"<svg/>"})
    monkeypatch.setattr(html, "_summarise", boom)
    guard, page = written(small(), tmp_path)
    assert [item.what for item in guard.left_out] == ["report page"]
    assert "could not be laid out" in page and "no such thing" in page


def test_a_file_that_is_held_open_costs_itself_and_is_not_left_outdated(tmp_path, monkeypatch):
    monkeypatch.setattr(print_figures, "draw", lambda *_: {"svg": b"<svg/>"})
    written(small(), tmp_path)
    real = files.write

    def held(path, data):
        if path.name == "tables.docx":
            raise PermissionError(13, "Permission denied", str(path))
        real(path, data)

    monkeypatch.setattr(files, "write", held)
    guard, page = written(small(), tmp_path)
    (item,) = guard.left_out
    assert str(item) == (
        "FAILED file tables/tables.docx: Permission denied. Is the file open in another program, or the disk full?"
    )
    assert "tables/tables.docx" in page and not (tmp_path / "results" / "tables" / "tables.docx").exists()
    assert "tables/tables.docx" not in json.loads((tmp_path / "results" / "files.json").read_text(encoding="utf-8"))


def test_a_script_is_warned(tmp_path):
    with pytest.warns(UserWarning, match="LEFT OUT figure 'Hollow'"):
        api.write(adding(Figure("hollow", "Hollow", ())), tmp_path)


def test_a_guard_names_each_thing_once_and_tells_empty_from_failed():
    def nothing():
        raise Empty("there is none")

    guard = Guard()
    for _ in range(2):
        assert guard.attempt("a", nothing, instead=3) == 3
        assert guard.each(lambda i: f"item {i}", lambda i: 1 / i, [1, 0, 2]) == [1.0, 0.5]
    assert [(item.what, item.failed) for item in guard.left_out] == [("a", False), ("item 0", True)]
    assert "ZeroDivisionError at test_left_out.py" in guard.left_out[1].why
