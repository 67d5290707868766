"""BDF in and out, and tables whose columns the study names."""

import numpy as np
import polars as pl
import pytest

from nacre.core import registry
from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import resolve
from nacre.readers.cycling import bdf, table
from nacre.readers.reading import read


@pytest.mark.parametrize("name", ["cell 7.bdf.csv", "cell 7.bdf.parquet"])
def test_what_is_written_as_bdf_is_read_back(name, truth, tmp_path):
    path = tmp_path / name
    bdf.READER.write(truth, path)
    assert registry.reader_for(path, registry.readers()).name == "bdf"
    (signal,) = read(path)
    assert set(signal.variables) == {*truth.variables, VIRTUAL_MARK}
    for column in truth.variables:
        np.testing.assert_allclose(signal[column].values, truth[column].values, rtol=1e-14, err_msg=column)
        assert signal[column].unit == truth[column].unit
    assert signal.origin == "synthetic" and not signal.notes


def test_labels_are_the_preferred_ones(truth, tmp_path):
    bdf.READER.write(truth, tmp_path / "x.bdf.csv")
    head = (tmp_path / "x.bdf.csv").read_text().splitlines()[0].split(",")
    assert head[:6] == [
        "Test Time / s",
        "Voltage / V",
        "Current / A",
        "Unix Time / s",
        "Cycle Count / 1",
        "Step Count / 1",
    ]
    assert "Step Cumulative Capacity / Ah" in head and "Step ID" in head


def test_machine_names_former_names_other_units_and_unknown_columns(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(
        "test_time_second,Voltage / mV,current_ampere,step_index,Step Capacity / Ah,Stack Force / N,note\n"
        "0,3700,0.1,1,0,5,a\n10,3710,0.1,1,0.0002778,5,b\n20,3600,-0.1,2,0,6,\n30,3590,-0.1,2,0.0002778,6,c\n"
    )
    (signal,) = bdf.read(path)
    np.testing.assert_allclose(signal["voltage_volt"].values, [3.7, 3.71, 3.6, 3.59])
    np.testing.assert_array_equal(signal["step_id"].values, [1, 1, 2, 2])
    np.testing.assert_array_equal(signal["step_count"].values, [1, 1, 2, 2])
    assert signal["step_cumulative_capacity_ah"].unit == "Ah"
    assert signal["Stack Force"].unit == "N" and list(signal["note"].values) == ["a", "b", "", "c"]


def test_cycles_and_steps_are_counted_where_the_file_has_none(tmp_path):
    current = [0, 1, 1, 0, -1, -1, 1, 1, -1, 0, 1]
    rows = "\n".join(f"{i},3.7,{value}" for i, value in enumerate(current))
    (tmp_path / "c.bdf.csv").write_text(f"Test Time / s,Voltage / V,Current / A\n{rows}\n")
    (signal,) = bdf.read(tmp_path / "c.bdf.csv")
    np.testing.assert_array_equal(signal["cycle_count"].values, [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3])
    np.testing.assert_array_equal(signal["step_count"].values, [1, 2, 2, 3, 4, 4, 5, 5, 6, 7, 8])
    assert "the file numbers no cycles: they are counted" in signal.notes[0].text


def test_bdf_words_for_bad_files(tmp_path):
    path = tmp_path / "b.bdf.csv"
    path.write_text("Test Time / s,Voltage / V,Curent / A\n0,3.7,0.1\n")
    with pytest.raises(ReadError, match=r"a required column is missing: Current / A.*Did you mean 'Curent / A'"):
        bdf.read(path)
    path.write_text("Test Time / s,Voltage / V,Current / A\n")
    with pytest.raises(ReadError, match="the file holds no records"):
        bdf.read(path)
    path.write_text("Test Time / s;Voltage / V;Current / A\n0;3,7;0,1\n1;3,6;0,1\n")
    assert bdf.read(path)[0]["voltage_volt"].values.tolist() == [3.7, 3.6]
    path.write_text("Test Time / s,Voltage / V,Current / A\n0,high,0.1\n1,low,0.1\n")
    with pytest.raises(ReadError, match=r"'Voltage / V' holds text; found 'high'; expected numbers in V"):
        bdf.read(path)
    path.write_text("Test Time / s,Voltage / V,Current / A\n0,3.7,0.1\n1,3.6,0.1\n2,3.5")
    (signal,) = bdf.read(path)
    assert len(signal["voltage_volt"].values) == 2
    assert "line 4 is left out, the file is cut there" in signal.notes[0].text
    parquet = tmp_path / "b.bdf.parquet"
    pl.DataFrame({"Test Time / s": [0.0]}).write_parquet(parquet)
    parquet.write_bytes(parquet.read_bytes()[:-40])
    with pytest.raises(ReadError, match="the parquet file cannot be read"):
        bdf.read(parquet)


@pytest.mark.realdata
def test_the_reference_bdf_file(realdata):
    path = realdata / "cycling/bdf/sample.bdf.csv"
    assert registry.reader_for(path, registry.readers()).name == "bdf"
    (signal,) = bdf.read(path)
    np.testing.assert_array_equal(signal["voltage_volt"].values, [3.7, 3.6, 3.5])


# --- table --------------------------------------------------------------------------------------------------


def options(**given):
    return resolve(table.TableOptions, ("study.toml", given))[0]


GERMAN = "Prüfung 7\nZeit (h);U [V];I [mA];Zyklus\n0;3,70;1,5;1\n0,5;3,90;1,5;1\n0,75;3,10;-1,5;1\n"


def test_a_table_is_read_as_the_study_names_it(tmp_path):
    path = tmp_path / "lab.dat"
    path.write_text(GERMAN, encoding="cp1252")
    columns = ["time = Zeit (h) [h]", "voltage = U [V] [V]", "current = I [mA] [mA]", "cycle = #4", "x = #1 [h]"]
    (signal,) = table.read(path, options(columns=columns, skip=1))
    np.testing.assert_allclose(signal["test_time_second"].values, [0, 1800, 2700])
    np.testing.assert_allclose(signal["voltage_volt"].values, [3.7, 3.9, 3.1])
    np.testing.assert_allclose(signal["current_ampere"].values, [0.0015, 0.0015, -0.0015])
    assert signal["x"].unit == "h"
    np.testing.assert_array_equal(signal["step_count"].values, [1, 1, 2])
    (turned,) = table.read(path, options(columns=columns, skip=1, positive_current="discharge"))
    assert turned["current_ampere"].values[0] == -0.0015


def test_a_table_of_another_kind_and_without_headings(tmp_path):
    path = tmp_path / "s.dat"
    path.write_text("  10.0   5 \n  10.5   7 \n")
    given = {"columns": ["two_theta = #1 [deg]", "intensity = #2 [counts]"], "kind": "pattern", "headed": False}
    (signal,) = table.read(path, options(**given))
    assert signal.kind == "pattern" and signal["two_theta"].unit == "deg"
    np.testing.assert_array_equal(signal["intensity"].values, [5, 7])


def test_a_cut_table_loses_its_cut_row_only(tmp_path):
    path = tmp_path / "lab.csv"
    given = options(columns=["x = #1 [nm]", "y = #2 [1]"], kind="profile")
    for text, rows in (("a,b\n1.0,2.0\n2.0,3.", 1), ("a,b\n1.0,2.0\n2.0,3.0", 2), ("a b\n1.0 2.0\n2.0", 1)):
        path.write_text(text)
        (signal,) = table.read(path, given)
        assert len(signal["x"].values) == rows
        assert bool(signal.notes) == (rows == 1)


def test_a_table_is_never_taken_unasked(tmp_path):
    path = tmp_path / "lab.dat"
    path.write_text(GERMAN)
    with pytest.raises(ReadError, match="no reader knows this format"):
        registry.reader_for(path, registry.readers())
    assert registry.reader_for(path, registry.readers(), "table").name == "table"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "the columns of the table are not named"),
        ({"columns": ["voltage U"]}, "cannot read what a column is; found 'voltage U'; expected like 'voltage = U"),
        ({"columns": ["voltage = U [Vlt]"]}, "unknown unit 'Vlt'"),
        ({"columns": ["voltage = U"], "skip": 1}, "there is no column 'U'; found Zeit \\(h\\), U \\[V\\], I \\[mA\\]"),
        ({"columns": ["voltage = U [V] [h]"], "skip": 1}, "lab.dat: voltage_volt: 'h' cannot become 'V'"),
        ({"columns": ["voltage = #2"], "skip": 1}, "given without its unit.*expected 'voltage_volt = #2 \\[V\\]'"),
        ({"columns": ["voltage = #2 [V]"], "skip": 1}, "cycling needs more columns: time, current"),
        (
            {"columns": ["voltage = #2 [V]"], "skip": 1, "decimal": "."},
            "holds something that is not a number; found '3,70' in row 1; expected numbers with a decimal point",
        ),
        ({"columns": ["voltage = #2 [V]"], "skip": 9}, "the file ends before its table"),
    ],
)
def test_table_words_for_mistakes(given, words, tmp_path):
    path = tmp_path / "lab.dat"
    path.write_text(GERMAN, encoding="utf-8")
    with pytest.raises(NacreError, match=words):
        table.read(path, options(**given))
