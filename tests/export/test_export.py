"""Files that leave the program: the same numbers, whole, and of the same bytes each time."""

import csv
import io
import json
import re
import threading
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nacre import export
from nacre.core.display.style import palette
from nacre.core.figure import Axis, Figure, Panel, Series, columns, merge, of_cell
from nacre.core.outcome import Contrast, LedgerRow
from nacre.core.result import Check, Curve, Result, Subject
from nacre.export import curves, print_figures, results_json, write, write_all
from nacre.export.results_schema import ResultsDocument, results_schema
from report.demo_outcome import demo

NUMBER = (int, float, type(None))
QUANTITY = {
    "id": str, "sample": str, "cell": str, "measurement": str, "analysis": str, "technique": str, "name": str,
    "state": dict, "value": NUMBER, "std": NUMBER, "lo95": NUMBER, "hi95": NUMBER, "n": (int, type(None)),
    "unit": str, "basis": str, "origin": str,
}  # fmt: skip
CONTRAST = {
    "name": str, "state": dict, "measurement": str, "endpoint": str, "verdict": str, "reference": str, "treated": str,
    "difference": NUMBER, "lo95": NUMBER, "hi95": NUMBER, "p": NUMBER, "p_adjusted": NUMBER, "df": NUMBER,
    "margin": NUMBER, "ratio": NUMBER, "n_reference": int, "n_treated": int, "unit": str, "method": str,
    "quantities": list,
}  # fmt: skip
LEDGER = {
    "relation": str, "verdict": str, "computed": NUMBER, "stated": NUMBER, "unit": str, "sigma": NUMBER, "rule": str,
    "uses": list, "needs": str,
}  # fmt: skip


@pytest.fixture(scope="module")
def outcome():
    return demo(replicates=2, cycles=12)


@pytest.fixture(scope="module")
def drawn(outcome):
    figures = merge(figure for result in outcome.results for figure in result.figures)
    return figures, palette(outcome.study, figures)


def fits(row, schema):
    return all(isinstance(row[key], kind) for key, kind in schema.items())


def test_results_json_has_the_fields_of_its_contract(outcome):
    found = json.loads(results_json.dumps(outcome))
    assert list(found) == [
        "schema",
        "study",
        "quantities",
        "cycles",
        "contrasts",
        "trends",
        "preparations",
        "ledger",
        "checks",
    ]
    assert (found["schema"], found["study"]) == (2, "demo")
    assert all(fits(row, QUANTITY) for row in found["quantities"])
    assert all(fits(row, CONTRAST) for row in found["contrasts"])
    assert all(fits(row, LEDGER) for row in found["ledger"])
    assert ResultsDocument.model_validate(found, by_alias=True).schema_ == 2
    ids = [row["id"] for row in found["quantities"]]
    assert len(ids) == len(set(ids))
    assert all(set(row["quantities"]) <= set(ids) for row in found["contrasts"])


def test_a_document_of_another_schema_or_with_other_words_does_not_fit(outcome):
    found = json.loads(results_json.dumps(outcome))
    found["contrasts"][0]["verdict"] = "proven"
    with pytest.raises(ValueError, match="verdict"):
        ResultsDocument.model_validate(found, by_alias=True)
    with pytest.raises(ValueError, match="schema"):
        ResultsDocument.model_validate({**json.loads(results_json.dumps(outcome)), "schema": 1}, by_alias=True)
    assert results_schema()["properties"]["schema"] == {"const": 2, "title": "Schema", "type": "integer"}


def cycles_of(cell, sample, numbers, origin="measured"):
    rows = np.array(numbers)
    columns = {
        "cycle": (rows, "1"),
        "discharge_capacity": (190.0 - rows, "mAh/g"),
        "rate_C": (0.1 + 0.0 * rows, "C-rate"),
        "segment": (np.array(["rate"] * len(rows)), "1"),
        "whole": (rows < 3, "1"),
    }
    subject, curves = Subject(sample, cell, f"{cell}:rate"), (Curve("cycles", columns),)
    return Result("cycling", f"cycling:{cell}:rate", subject, curves=curves, origin=origin)


def test_all_cycles_of_all_tests_stand_in_one_table(outcome, tmp_path):
    made = replace(
        outcome, results=(cycles_of("bare-1", "bare", [1, 2]), cycles_of("lho-1", "lho", [1, 2, 3], "synthetic"))
    )
    paths = write_all(made, tmp_path)
    assert tmp_path / "cycles.parquet" in paths and not list(tmp_path.glob("cycling*.parquet"))
    frame = pl.read_parquet(tmp_path / "cycles.parquet")
    assert frame.columns[:7] == ["sample", "cell", "measurement", "cycle", "rate_C", "segment", "whole"]
    assert frame["cell"].to_list() == ["bare-1"] * 2 + ["lho-1"] * 3 and frame["whole"].to_list()[-1] is False
    assert frame["discharge_capacity / mAh/g"].to_list() == [189, 188, 189, 188, 187]
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["cycles"] == "cycles.parquet"


def test_published_values_are_quantities_of_their_own_origin(outcome):
    rows = {row["id"]: row for row in json.loads(results_json.dumps(outcome))["quantities"]}
    row = rows["reported:lho/discharge_capacity@cycle=1,rate_C=0.1"]
    assert (row["value"], row["unit"], row["origin"], row["sample"]) == (187.0, "mAh/g", "reported", "lho")
    assert "measured" not in {row["origin"] for row in rows.values()}


def test_failures_are_among_the_checks(outcome):
    failed = [row for row in json.loads(results_json.dumps(outcome))["checks"] if row["status"] == "fail"]
    assert [row["analysis"] for row in failed] == ["xps:<hf4f> & größer.vms"]
    assert "Export the spectrum again" in failed[0]["text"]


def test_order_of_results_does_not_matter(outcome):
    turned = replace(outcome, results=outcome.results[::-1], ledger=outcome.ledger[::-1])
    assert results_json.dumps(turned) == results_json.dumps(outcome)
    ids = [row["id"] for row in results_json.document(outcome)["quantities"] if "lho-1:ageing/discharge" in row["id"]]
    assert [int(i.split("cycle=")[1].split(",")[0]) for i in ids] == list(range(1, 13))


def test_what_is_not_finite_is_null(outcome):
    bad = (Contrast("ni_li", "bare", "lho", np.float64("nan"), "%", {"cycle": np.int64(3)}, ratio=float("inf")),)
    row = json.loads(results_json.dumps(replace(outcome, contrasts=bad)))["contrasts"][0]
    assert (row["difference"], row["ratio"], row["state"]) == (None, None, {"cycle": 3})


def test_verdicts_and_statuses_are_checked():
    with pytest.raises(ValueError, match="a verdict is one of"):
        LedgerRow("X", "", "maybe")
    with pytest.raises(ValueError, match="a check is one of"):
        Check("maybe", "")


def test_every_csv_holds_its_series_under_three_header_rows(drawn):
    figures, samples = drawn
    for figure in figures:
        rows = list(csv.reader(io.StringIO(print_figures.table(figure, samples))))
        wanted = columns(figure)
        assert rows[0] == [c.name for c in wanted]
        assert len({len(row) for row in rows}) == 1
        for i, column in enumerate(wanted):
            cells = [row[i] for row in rows[3:]][: len(column.values)]
            if column.values.dtype.kind in "USO":
                assert cells == column.values.tolist()
            else:
                np.testing.assert_array_equal(np.array(cells, float), column.values)
            assert not any(row[i] for row in rows[3 + len(column.values) :])
            assert "virtual data" in rows[2][i]
    assert any("mAh/g" in c.unit for figure in figures for c in columns(figure))


def test_print_figures_are_svg_and_pdf_of_journal_width(drawn):
    figures, samples = drawn
    for figure in figures:
        files = print_figures.draw(figure, samples)
        root = ET.fromstring(files["svg"])
        width = float(root.get("width").removesuffix("pt")) / 72
        assert width == pytest.approx(7.0 if figure.wide or len(figure.panels) > 1 else 3.3)
        words = "".join(root.itertext())
        assert "virtual data" in words
        assert "mathdefault" not in words
        assert files["pdf"].startswith(b"%PDF")


def test_only_figures_from_virtual_files_carry_the_tag(outcome):
    real = demo(origin="measured", cycles=3)
    figures = merge(figure for result in real.results for figure in result.figures)
    svg = print_figures.draw(figures[0], palette(real.study, figures))["svg"]
    assert b"virtual" not in svg
    assert "virtual" not in print_figures.table(figures[0], palette(real.study, figures))


def test_equal_figures_are_equal_files_from_any_thread(drawn):
    figures, samples = drawn
    found = []
    threads = [threading.Thread(target=lambda: found.append(print_figures.draw(figures[0], samples))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1] == found[2]


def test_every_kind_of_series_can_be_drawn(drawn):
    x = np.array([1.0, 2.0, 3.0])
    series = (
        Series("line", x, x, "a", style="dashed", group="g"),
        Series("steps", x, x, "b", right=True),
        Series("points", x, [1.0, np.nan, 2.0], "c", lo=x - 1, hi=x + 1, marker="open"),
        Series("band", x, [], "d", lo=x - 1, hi=x + 1),
        Series("rule", [], [2.0], "level"),
        Series("text", [1.0], [1.0], words=("$x_1$ <&> 50 %",)),
    )
    panel = Panel(Axis("x", "eV", reverse=True), Axis("y", scale="log"), series, right=Axis("r", "%"))
    bars = Panel(
        Axis("s", categories=("p", "q")), Axis("y"), (Series("bars", ["p"], [1.0]), Series("bars", ["z"], [2.0]))
    )
    figure = Figure("k", "t", (panel, bars))
    files = print_figures.draw(figure, drawn[1])
    words = "".join(ET.fromstring(files["svg"]).itertext())
    assert "$x_1$ <&> 50 %" in words
    assert all(name in words for name in ("p", "q", "z", "level"))


def test_curves_keep_their_units_and_say_that_they_are_virtual(outcome):
    name, result, curve = curves.named(outcome)[0]
    assert name == "cycling:bare-1:rate first cycle"
    data = curves.parquet(curve, result)
    frame = pl.read_parquet(io.BytesIO(data))
    assert frame.columns == ["capacity / mAh/g", "voltage / V"]
    np.testing.assert_array_equal(frame["voltage / V"], curve.columns["voltage"][0])
    assert pl.read_parquet_metadata(io.BytesIO(data))["nacre.data"] == "virtual data"


def test_the_folder_is_written_whole_and_cleared_of_what_is_gone(tmp_path, outcome):
    small = replace(outcome, results=outcome.results[:2])
    folder = tmp_path / "Ergebnisse für uns"
    paths = export.write_all(small, folder, lambda *_: "<!doctype html>")
    assert all(path.exists() for path in paths)
    assert (folder / "report.html").read_text(encoding="utf-8") == "<!doctype html>"
    assert (folder / "figures" / "fig_4a_first_cycle.svg").exists()
    assert not list(folder.rglob(".tmp-*"))
    own = folder / "figures" / "mine.svg"
    own.write_text("kept")
    stamp = (folder / "figures" / "fig_4f_long_term.svg").stat().st_mtime_ns
    export.write_all(replace(small, results=small.results[1:]), folder)
    assert not (folder / "figures" / "fig_4a_first_cycle.svg").exists()
    assert not (folder / "report.html").exists()
    assert own.exists()
    assert (folder / "figures" / "fig_4f_long_term.svg").stat().st_mtime_ns == stamp


def test_a_list_of_files_never_leads_out_of_the_folder(tmp_path, outcome):
    folder, victim = tmp_path / "results", tmp_path / "victim.txt"
    folder.mkdir()
    victim.write_text("kept")
    (folder / write.LIST).write_text(json.dumps({"../victim.txt": "0", str(victim): "0"}))
    export.write_all(replace(outcome, results=()), folder)
    assert victim.exists()


@pytest.mark.parametrize(
    ("name", "safe"),
    [("a:b/c <d>", "a_b_c_d"), ("größe µ", "größe_µ"), ("CON", "CON_"), ("...", "unnamed"), ("x" * 300, "x" * 100)],
)
def test_file_names_that_every_system_takes(name, safe):
    assert write.unique(name, set()) == safe


def test_file_names_differ_by_more_than_case():
    taken = set()
    assert [write.unique(name, taken) for name in ("Ab", "aB", "ab")] == ["Ab", "aB-2", "ab-3"]
    assert Path(write.unique("a/../b", taken)).name == "a_.._b"


def test_a_short_logarithmic_axis_has_plain_numbers():
    import matplotlib

    series = Series("line", np.array([2.0, 5.0]), np.array([1.0, 2.0]))
    figure = Figure("short", "short", (Panel(Axis("frequency", "Hz", "log"), Axis("R", "ohm"), (series,)),))
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        drawn = print_figures.draw(figure, palette(demo().study, [figure]))["svg"].decode()
    assert "mathdefault" not in drawn and "\\times" not in drawn


def test_a_picture_is_printed_without_axes():
    z = np.arange(12, dtype=np.uint8).reshape(3, 4)
    picture = Series("picture", [0.5, 1.5, 2.5, 3.5], [0.5, 1.5, 2.5], z=z)
    lines = (Series("line", [0.0, 2.0], [2.0, 2.0], legend=False), Series("text", [1.0], [2.0], words=("2 um",)))
    panel = Panel(Axis("across", "um", equal=True), Axis("down", "um", equal=True, reverse=True), (picture, *lines))
    figure = Figure("micrograph", "micrograph", (panel,))
    drawn = print_figures.draw(figure, palette(demo().study, [figure]))["svg"].decode()
    assert "<image" in drawn and "2 um" in drawn
    assert "across" not in drawn and "down" not in drawn


@pytest.mark.parametrize(("columns", "inches"), [(1, 3.3), (2, 7.0)])
def test_figures_in_one_and_two_columns(tmp_path, columns, inches):
    written = write.write_figures(demo(), tmp_path, columns)
    drawn = [path for path in written if path.suffix == ".svg"]
    assert drawn
    for path in drawn:
        width = float(re.search(r'width="([\d.]+)pt"', path.read_text(encoding="utf-8"))[1])
        assert width == pytest.approx(72 * inches, rel=0.01)


def test_words_far_outside_the_axes_do_not_squeeze_them():
    far = Series("text", [0.5, 4e4], [0.5, 2e4], words=("here", "far off"))
    line = Series("line", np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    x, y = (Axis(label, "ohm", limits=(0.0, 1.0), equal=True) for label in ("Re(Z)", "-Im(Z)"))
    figure = Figure("far", "far", (Panel(x, y, (line, far)), Panel(x, y, (line,))))
    print_figures.draw(figure, palette(demo().study, [figure]))  # a layout that collapses is a warning, thus an error


def test_the_csv_of_several_cells_says_whose_each_column_is_and_whether_it_is_the_fit():
    x = np.array([1.0, 2.0])
    drawn = (Series("points", x, x, "bare", "bare"), Series("line", x, x, "", "bare"))
    one = Figure("nyquist", "Nyquist", (Panel(Axis("Re(Z)", "ohm"), Axis("-Im(Z)", "ohm"), drawn),))
    (whole,) = merge([of_cell(one, "bare-1"), of_cell(one, "bare-2")])
    comments = [c.comment for c in columns(whole)][::2]
    assert comments == [f"bare, {cell}, {kind}" for cell in ("bare-1", "bare-2") for kind in ("points", "line")]
