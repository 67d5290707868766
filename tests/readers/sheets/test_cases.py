"""Files that once gave a part of themselves, a wrong number or a library's words, re-made small."""

import numpy as np
import pytest

from nacre.core.errors import ReadError
from nacre.readers.cycling import bdf, table
from nacre.readers.impedance import eis_csv, gamry, relaxis
from nacre.readers.maccor import reader as maccor

F = [1e6 / 2**k for k in range(20)]
ROWS = [f"{f:.6g}\t{20 + 500 / (1 + f / 100):.5f}\t{500 * f / 1e4 / (1 + f * f / 1e4):.5f}" for f in F]
HEAD = "Frequency/Hz\tZ'/Ohm\t-Z''/Ohm"


def spectra_of(tmp_path, text):
    (tmp_path / "s.txt").write_text(text, newline="")
    return eis_csv.read(tmp_path / "s.txt")


def notes(signal):
    return " / ".join(note.text for note in signal.notes)


def joined(rows, end="\n"):
    return end.join([HEAD, *rows, ""])


def test_a_word_among_the_points_costs_its_line_only(tmp_path):
    for stray in ("Overload", "overload\toverload\toverload"):
        (signal,) = spectra_of(tmp_path, joined([*ROWS[:8], stray, *ROWS[8:]]))
        np.testing.assert_allclose(signal["frequency_hertz"].values, F, rtol=1e-5)
        assert "line 10 is left out" in notes(signal)


def test_blank_lines_are_nothing(tmp_path):
    (signal,) = spectra_of(tmp_path, joined([*ROWS[:8], "", *ROWS[8:]]))
    assert len(signal["frequency_hertz"].values) == 20 and "left out" not in notes(signal)


def test_line_ends_of_two_carriage_returns(tmp_path):
    (signal,) = spectra_of(tmp_path, joined(ROWS, "\r\r\n"))
    assert len(signal["frequency_hertz"].values) == 20


def test_thousands_of_hertz(tmp_path):
    rows = [f"{f:,.3f};{20 + 500 / (1 + f / 100):.3f};{500 * f / 1e4 / (1 + f * f / 1e4):.3f}" for f in F]
    (signal,) = spectra_of(tmp_path, "\n".join(["Frequency (Hz);Z' (Ohm);-Z'' (Ohm)", *rows, ""]))
    np.testing.assert_allclose(signal["frequency_hertz"].values, F, atol=1e-3)


def test_a_heading_that_comes_again_begins_the_next_spectrum(tmp_path):
    found = spectra_of(tmp_path, joined([*ROWS, HEAD, *ROWS[5:]]))
    assert [len(signal["frequency_hertz"].values) for signal in found] == [20, 15]
    assert "line 22 is left out, the heading again" in notes(found[0])


def test_two_spectra_side_by_side(tmp_path):
    rows = [f"{row}\t{row}" for row in ROWS]
    found = spectra_of(tmp_path, "\n".join([f"{HEAD}\t{HEAD}", *rows, ""]))
    assert [len(signal["frequency_hertz"].values) for signal in found] == [20, 20]


def test_rows_of_rest_and_frequencies_that_come_twice_are_read(tmp_path):
    (signal,) = spectra_of(tmp_path, joined(["0\t0\t0"] * 3 + ROWS))
    assert len(signal["frequency_hertz"].values) == 23
    (signal,) = spectra_of(tmp_path, joined([*ROWS[:9], ROWS[8], *ROWS[9:]]))
    assert len(signal["frequency_hertz"].values) == 21


def test_a_stray_line_in_an_export_of_relaxis(tmp_path):
    head = (
        "RelaxIS 3.0 Spectrum export\nDate: x\nData: Frequency\tData: Z'\tData: Z''\nDC=0, TM=25, J=0\tModel: \tcell\n"
    )
    (tmp_path / "r.txt").write_text(head + "\n".join([*ROWS[:8], "paused", *ROWS[8:], ""]))
    (signal,) = relaxis.read(tmp_path / "r.txt")
    assert len(signal["frequency_hertz"].values) == 20 and "line 13 is left out" in notes(signal)


def as_table(path, *columns):
    return table.read(path, table.TableOptions(columns=columns, kind="series"))[0]


def test_clock_times_and_quoted_cells_of_a_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('"Record","Time, s","U (V)"\n"1","0.00","3.0"\n"2","883.33","3.1"\n"3","1,766.65","3.2"\n')
    signal = as_table(path, "time = Time, s [s]", "voltage = U (V) [V]")
    assert signal["test_time_second"].values.tolist() == [0, 883.33, 1766.65]
    path.write_text("Record,Time,U(V)\n1,00:00:00.000,3.0\n2,00:14:43.327,3.1\n3,26:00:00.000,3.2\n")
    signal = as_table(path, "time = Time [h]", "voltage = U(V) [V]")
    np.testing.assert_allclose(signal["test_time_second"].values, [0, 883.327, 93600])


def test_commas_that_part_and_point_at_once_are_refused(tmp_path):
    (tmp_path / "c.csv").write_text("Time,U,I\n0,0,3,600,2,0\n0,5,3,610,2,0\n1,0,3,620,2,0\n")
    with pytest.raises(ReadError, match=r"c\.csv"):
        as_table(tmp_path / "c.csv", "time = Time [s]", "voltage = U [V]")


def test_a_blank_line_in_a_bdf_csv_changes_nothing(tmp_path):
    path = tmp_path / "c.bdf.csv"
    rows = [f"{i},3.{i},0.5,1" for i in range(9)]
    path.write_text("\n".join(["Test Time / s,Voltage / V,Current / A,Cycle Count / 1", *rows[:4], "", *rows[4:], ""]))
    (signal,) = bdf.read(path)
    assert signal["cycle_count"].values.dtype == np.int64 and len(signal["cycle_count"].values) == 9


@pytest.mark.parametrize("data", [b"PAR1" + b"\x15\xff" * 2000 + b"PAR1", b"PAR1" + bytes(4000) + b"\x10\x0f\0\0PAR1"])
def test_a_damaged_parquet_is_an_error_with_its_name(tmp_path, data):
    (tmp_path / "d.bdf.parquet").write_bytes(data)
    with pytest.raises(ReadError, match=r"d.bdf.parquet: the parquet file cannot be read"):
        bdf.read(tmp_path / "d.bdf.parquet")


MACCOR = "Rec#\tCyc#\tStep\tTest (Sec)\tStep (Sec)\tAmp-hr\tAmps\tVolts\tState\tDPt Time"
RECORDS = [
    f"{i + 1}\t0\t1\t{60 * i}.0\t{60 * i}.0\t{i / 60:.6f}\t1.000000\t{3 + i / 100:.4f}\tC\t03/14/2024 09:{i:02d}:00"
    for i in range(40)
]


def export(tmp_path, rows, head=MACCOR):
    (tmp_path / "m.txt").write_text("\n".join(["Today's Date\t03/14/2024", head, *rows, ""]))
    return maccor.read(tmp_path / "m.txt")[0]


def test_a_separator_at_the_end_of_each_record(tmp_path):
    plain, trailing = export(tmp_path, RECORDS), export(tmp_path, [f"{row}\t" for row in RECORDS])
    assert list(plain.variables) == list(trailing.variables)
    for name in plain.variables:
        np.testing.assert_array_equal(plain[name].values, trailing[name].values)


@pytest.mark.parametrize("cell", ["", "NaN", "-1.#IND00", "Overload", "<0.01"])
def test_one_cell_that_is_no_number_costs_itself(tmp_path, cell):
    odd = RECORDS[20].split("\t")
    odd[7] = cell
    signal = export(tmp_path, [*RECORDS[:20], "\t".join(odd), *RECORDS[21:]])
    assert np.flatnonzero(np.isnan(signal["voltage_volt"].values)).tolist() == [20]
    assert any(word in notes(signal) for word in ("empty", "hold no number", "are limits"))


def test_a_separator_of_blanks_or_bars(tmp_path):
    plain = export(tmp_path, RECORDS)
    for mark in ("  ", " | "):
        other = export(tmp_path, [row.replace("\t", mark) for row in RECORDS], MACCOR.replace("\t", mark))
        np.testing.assert_array_equal(plain["voltage_volt"].values, other["voltage_volt"].values)


def test_a_stray_line_in_a_curve_of_gamry_costs_itself(tmp_path):
    rows = [f"\t{i}\t" + row for i, row in enumerate(ROWS)]
    curve = ["ZCURVE\tTABLE\t20", "\tPt\tFreq\tZreal\tZimag", "\t#\tHz\tohm\tohm", *rows[:5], "overload", *rows[5:], ""]
    (tmp_path / "g.DTA").write_text("\n".join(["EXPLAIN", "TAG\tEISPOT", *curve]))
    (signal,) = gamry.read(tmp_path / "g.DTA")
    assert len(signal["frequency_hertz"].values) == 20 and "line 11 is left out" in notes(signal)
