"""MACCOR files that come back whole from our own writer, cut anywhere, damaged, or from other labs."""

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.contracts import HEAD_BYTES, Head, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import resolve
from nacre.readers.maccor import reader as maccor
from nacre.readers.reading import read
from readers_truth import Dialect, cell_test, export

PLAIN = Dialect(
    "rec cyc step time steptime q e i v state es date",
    "Today's Date\t03/19/2024\n"
    "Rec#\tCyc#\tStep\tTest (Sec)\tStep (Sec)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\n",
)


def notes(signal, level):
    return " | ".join(note.text for note in signal.notes if note.level == level)


# --- the writer ---------------------------------------------------------------------------------------------


def test_what_is_written_is_read_back(truth, tmp_path):
    path = tmp_path / "virtual.txt"
    maccor.READER.write(truth, path)
    (signal,) = read(path)
    for name in truth.variables:
        tolerance = {"unix_time_second": 1.0, "test_time_second": 1e-5, "step_time_second": 1e-5}.get(name, 5e-6)
        np.testing.assert_allclose(signal[name].values, truth[name].values, atol=tolerance, rtol=0, err_msg=name)
    assert signal.origin == "synthetic"
    assert "NACRE VIRTUAL" in signal.metadata["description"]
    assert Head(path, path.read_bytes()[:HEAD_BYTES], 1).is_virtual
    assert registry.reader_for(path, registry.readers()).name == "maccor"


def test_a_measured_signal_is_not_marked_virtual(truth, tmp_path):
    path = tmp_path / "copy.txt"
    maccor.READER.write(type(truth)(truth.kind, truth.variables, truth.metadata), path)
    assert read(path)[0].origin == "measured"


def test_the_writer_derives_what_a_simulation_leaves_out(truth, tmp_path):
    few = ("test_time_second", "voltage_volt", "current_ampere", "cycle_count", "step_count")
    bare = type(truth)("cycling", {n: truth[n] for n in few}, {"start": "2024-03-14T21:30:00"}, origin="synthetic")
    maccor.READER.write(bare, tmp_path / "few.txt")
    (signal,) = maccor.read(tmp_path / "few.txt")
    ends = np.flatnonzero(np.diff(signal["step_count"].values))
    charge = signal["step_cumulative_capacity_ah"].values[ends]
    np.testing.assert_allclose(charge, truth["step_cumulative_capacity_ah"].values[ends], atol=3e-7)


def test_the_writer_wants_a_clock(truth, tmp_path):
    clockless = type(truth)("cycling", {n: truth[n] for n in truth.variables if n != "unix_time_second"})
    with pytest.raises(NacreError, match=r"needs a wall clock; expected unix_time_second.*Add metadata"):
        maccor.READER.write(clockless, tmp_path / "x.txt")


# --- cut anywhere -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def virtual_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("cut") / "virtual.txt"
    maccor.READER.write(cell_test(cycles=1, every=300.0), path)
    return path.read_bytes(), maccor.read(path)[0]


def check_cut(data, whole, path, keep):
    """A cut file gives its whole rows exactly, and of the cut one nothing that the file does not say."""
    path.write_bytes(data)
    try:
        (signal,) = maccor.read(path, maccor.MaccorOptions(cut_row=keep))
    except ReadError as error:
        return str(error)
    rows = len(signal["test_time_second"].values)
    complete = data[data.index(b"Rec\t") :].count(b"\r\n") - 2
    assert complete <= rows <= complete + 1
    for name in ("test_time_second", "voltage_volt", "current_ampere", "step_cumulative_capacity_ah", "cycle_count"):
        got, true = signal[name].values, whole[name].values[:rows]
        if rows > complete and got.dtype.kind == "f":
            assert np.isnan(got[-1]) or abs(got[-1] - true[-1]) < 1e-9, (name, got[-1], true[-1])
            got, true = got[:-1], true[:-1]
        np.testing.assert_allclose(got, true, atol=1e-12, err_msg=name)
    if rows > complete and not data.endswith(b"\r"):
        assert any("the last line is cut at column" in n.text for n in signal.notes) or np.isfinite(
            signal["voltage_volt"].values[-1]
        )
    return ""


@pytest.mark.parametrize("keep", ["keep", "drop"])
def test_a_file_cut_anywhere_reads_its_whole_rows_or_says_why_not(virtual_file, tmp_path, keep):
    data, whole = virtual_file
    start = data.index(b"\r\n\r\n1\t")
    places = [*range(1, start + 300, 7), *range(start + 300, len(data), 97), len(data) - 1]
    words = {check_cut(data[:place], whole, tmp_path / "cut.txt", keep) for place in places}
    # the first record alone, at time zero, cannot tell minutes from seconds
    known = (
        "no line names MACCOR's columns",
        "holds no records",
        "is missing",
        "the unit of 'TestTime' cannot be told",
    )
    assert [text for text in words if text and not any(part in text for part in known)] == []


def test_the_cut_row_is_kept_as_far_as_it_is_whole(virtual_file, tmp_path):
    data, whole = virtual_file
    lines = data.split(b"\r\n")
    cells = lines[-2].split(b"\t")
    cut = b"\r\n".join([*lines[:-2], b"\t".join(cells[:8]) + b"\t0,0015"])
    path = tmp_path / "cut.txt"
    path.write_bytes(cut)
    (signal,) = maccor.read(path)
    assert len(signal["test_time_second"].values) == len(whole["test_time_second"].values)
    assert signal["test_time_second"].values[-1] == whole["test_time_second"].values[-1]
    assert np.isnan(signal["current_ampere"].values[-1]) and np.isnan(signal["voltage_volt"].values[-1])
    assert "the last line is cut at column 'Current [A]': its 8 whole cells are kept" in notes(signal, "repair")
    (dropped,) = maccor.read(path, maccor.MaccorOptions(cut_row="drop"))
    assert len(dropped["voltage_volt"].values) == len(whole["voltage_volt"].values) - 1
    assert "that record is left out" in notes(dropped, "repair")


# --- bad input ----------------------------------------------------------------------------------------------


def refused(path, content, match, options=None):
    path.write_bytes(content)
    with pytest.raises(ReadError, match=match) as caught:
        maccor.read(path, options)
    return str(caught.value)


def test_an_empty_file(tmp_path):
    words = refused(tmp_path / "e.txt", b"", "the file is empty; found 0 bytes. Export it again")
    assert words.startswith("e.txt")
    refused(tmp_path / "e.txt", b"\r\n \r\n", "the file is empty")


def test_an_absent_file(tmp_path):
    with pytest.raises(ReadError, match="cannot open the file"):
        maccor.read(tmp_path / "nowhere.txt")


def test_binary_junk(tmp_path):
    junk = np.random.default_rng(1).integers(0, 256, 40_000, dtype=np.uint8).tobytes()
    refused(tmp_path / "j.txt", junk, "the file is binary, not text")


def test_another_text_is_refused_with_the_export_that_would_do(tmp_path):
    words = refused(tmp_path / "a.txt", b"hello\nworld\n", "no line names MACCOR's columns")
    assert "found text that begins 'hello" in words and "export it as text (tab separated)" in words


def test_a_missing_column_is_named(truth, tmp_path):
    text = export(truth, PLAIN).replace(b"Volts", b"Vlts")
    words = refused(tmp_path / "v.txt", text, "a column is missing: voltage")
    assert "v.txt:2" in words and "Vlts" in words and "expected Volts, Voltage [V]" in words


def test_a_unit_of_time_that_cannot_be_told(truth, tmp_path):
    header = "Rec#\tCyc#\tStep\tTestTime\tAmps\tVolts\tState\tES\n"
    text = export(truth, Dialect("rec cyc step time i v state es", header))
    words = refused(tmp_path / "t.txt", text, "the unit of 'TestTime' cannot be told")
    assert 'reader_options = { time_unit = "min" }' in words
    options, _ = resolve(maccor.MaccorOptions, ("study.toml", {"time_unit": "s"}))
    (signal,) = maccor.read(tmp_path / "t.txt", options)
    assert signal["test_time_second"].values[-1] == truth["test_time_second"].values[-1]
    assert "the charge of each step is the integral of I dt" in notes(signal, "warning")


def test_an_unknown_unit_in_the_options():
    with pytest.raises(
        NacreError, match=r"option 'time_unit': not one of the choices; found 'mins'.*Did you mean 'min'"
    ):
        resolve(maccor.MaccorOptions, ("study.toml", {"time_unit": "mins"}))


def test_a_table_without_records(tmp_path):
    header = PLAIN.header.encode()
    refused(tmp_path / "h.txt", header, "the file holds no records; found a header of 2 lines")


def test_damaged_cells_are_counted_not_hidden(truth, tmp_path):
    lines = export(truth, PLAIN).split(b"\n")
    for i in (10, 20):
        cells = lines[i].split(b"\t")
        cells[8] = b"3.7x"
        lines[i] = b"\t".join(cells)
    (tmp_path / "d.txt").write_bytes(b"\n".join(lines))
    (signal,) = maccor.read(tmp_path / "d.txt")
    assert np.isnan(signal["voltage_volt"].values).sum() == 2
    assert "2 cells hold no number: 2 not understood (first '3.7x' of 'Volts', line 11): taken as missing" in notes(
        signal, "warning"
    )


def test_thousands_and_blank_lines_do_no_harm(truth, tmp_path):
    lines = export(truth, PLAIN).decode().split("\n")
    for i in range(2, len(lines) - 1):
        cells = lines[i].split("\t")
        cells[3] = f"{float(cells[3]):,.4f}"
        lines[i] = "\t".join(cells) + "\n"
    (tmp_path / "k.txt").write_text("\n".join(lines))
    (signal,) = maccor.read(tmp_path / "k.txt")
    np.testing.assert_allclose(signal["test_time_second"].values, truth["test_time_second"].values)


def test_lines_without_a_time_are_reported_and_many_are_refused(truth, tmp_path):
    lines = export(truth, PLAIN).split(b"\n")
    lines.insert(40, b"\t\t\t\t\t\t\t\tremark\t\t\t")
    (tmp_path / "l.txt").write_bytes(b"\n".join(lines))
    (signal,) = maccor.read(tmp_path / "l.txt")
    assert "line 41 is left out, not understood: 'remark'" in notes(signal, "warning")
    np.testing.assert_array_equal(signal["record_index"].values, truth["record_index"].values)
    spoilt = [line if i % 3 else b"\t\t\t\t\t\t\t\tremark\t\t\t" for i, line in enumerate(lines[2:])]
    refused(tmp_path / "l.txt", b"\n".join(lines[:2] + spoilt), "the records cannot be told apart")


def test_unknown_states_with_current_and_reversed_signs_are_reported(truth, tmp_path):
    text = export(truth, Dialect(**{**vars(PLAIN), "signed": True}))
    odd = text.replace(b"\tC\t", b"\tX\t", 3)
    (tmp_path / "o.txt").write_bytes(odd)
    (signal,) = maccor.read(tmp_path / "o.txt")
    assert "3 records in state X bear a current: its sign is the file's own" in notes(signal, "warning")
    turned = text.replace(b"\tC\t", b"\t?\t").replace(b"\tD\t", b"\tC\t").replace(b"\t?\t", b"\tD\t")
    (tmp_path / "r.txt").write_bytes(turned)
    (signal,) = maccor.read(tmp_path / "r.txt")
    assert "currents are negative on charge: all signs are turned" in notes(signal, "repair")


def test_two_readers_that_fit_are_both_named(truth, tmp_path):
    path = tmp_path / "two.txt"
    path.write_bytes(export(truth, PLAIN))
    twin = Reader("twin", "", ("cycling",), (".txt",), maccor.sniff, maccor.read)
    with pytest.raises(ReadError, match=r"2 readers fit this file equally well; found 'maccor' and 'twin'"):
        registry.reader_for(path, {"maccor": maccor.READER, "twin": twin})


def test_a_raw_binary_file_is_named_with_its_export(tmp_path):
    path = tmp_path / "KIT-cell-7.081"
    path.write_bytes(b"\x01\x00\x02\x00Maccor\x00" * 4000)
    with pytest.raises(ReadError, match="no reader knows this format") as caught:
        registry.reader_for(path, {"maccor": maccor.READER})
    assert "raw MACCOR file, which is binary: open it in MACCOR's software" in str(caught.value)
    procedure = tmp_path / "rate.000"
    procedure.write_bytes(b"<?xml version='1.0'?><MaccorTestProcedure>")
    assert "holds no data" in maccor.refuse(registry.head(procedure))
    assert maccor.refuse(Head(tmp_path / "x.0", b"\0opus", 5)) == ""


# --- other people's files -----------------------------------------------------------------------------------

EXPECTED = {
    "cellpy/maccor_one.txt": (4459, 123012.75, {0: (9.53584, 12.21217)}),
    "cellpy/maccor_two.txt": (214, 12780.0, {1: (0.0, 0.0)}),
    "cellpy/maccor_three.txt": (
        4009,
        326843.42,
        {0: (0.850928, 0.906112), 1: (0.846961, 0.854429), 2: (0.843942, 0.849317)},
    ),
    "beep/xTESLADIAG_000019_CH70.070": (11669, 136344.95, {0: (0.124731, 0), 1: (88.538871, None), 2: (0.539896, 0)}),
    "beep/PredictionDiagnostics_000109_tztest.010": (
        2165,
        1837417.86,
        {86: (1.937758, None), 87: (1.839455, None), 88: (1.746085, None)},
    ),
    "pyprobe/sample_data_maccor.csv": (15, 13.06, {1: (0.0, 0.024)}),
}


def totals(signal, cycle):
    """(discharged, charged) Ah of a cycle, from the last record of each of its steps."""
    step = signal["step_count"].values
    last = np.append(np.flatnonzero(np.diff(step)), len(step) - 1)
    sums = np.array([np.nansum(signal["current_ampere"].values[step == n]) for n in step[last]])
    charge = signal["step_cumulative_capacity_ah"].values[last]
    here = signal["cycle_count"].values[last] == cycle
    return charge[here & (sums < 0)].sum(), charge[here & (sums > 0)].sum()


@pytest.mark.realdata
@pytest.mark.parametrize("name", EXPECTED)
def test_rows_times_and_capacities_of_real_files(name, realdata):
    rows, time, cycles = EXPECTED[name]
    path = realdata / "cycling" / name
    assert registry.reader_for(path, registry.readers()).name == "maccor"
    (signal,) = maccor.read(path)
    assert len(signal["test_time_second"].values) == rows
    assert signal["test_time_second"].values.max() == pytest.approx(time, abs=0.005)
    for cycle, expected in cycles.items():
        for got, value in zip(totals(signal, cycle), expected, strict=True):
            assert value is None or got == pytest.approx(value, abs=6e-7)


@pytest.mark.realdata
def test_real_counters_agree_with_the_integral(realdata):
    for name in EXPECTED:
        (signal,) = maccor.read(realdata / "cycling" / name)
        assert "should be looked at" not in notes(signal, "warning"), name


@pytest.mark.realdata
def test_what_is_said_of_real_files(realdata):
    (kit,) = maccor.read(realdata / "cycling/cellpy/maccor_two.txt")
    assert "the wall clock proves minutes" in notes(kit, "repair")
    assert "the last line is cut at column 'Current [A]': its 8 whole cells are kept" in notes(kit, "repair")
    assert kit.metadata["channel"] == "81" and kit.metadata["procedure"] == "SIMBA.000"
    assert np.isnan(kit["voltage_volt"].values).sum() == 1
    (wmg,) = maccor.read(realdata / "cycling/cellpy/maccor_three.txt")
    assert "'Volts' is in mV" in notes(wmg, "repair") and wmg["voltage_volt"].values.max() < 4
    assert "'mAmp-hr' runs on at 15 step changes" in notes(wmg, "info")
    assert len(np.unique(wmg["cycle_count"].values)) == 15
    (late,) = maccor.read(realdata / "cycling/beep/PredictionDiagnostics_000109_tztest.010")
    assert "the file begins at record 405649" in notes(late, "info")
    assert "the wall clock was set back by 1 h" in notes(late, "repair")
    (tri,) = maccor.read(realdata / "cycling/beep/xTESLADIAG_000019_CH70.070")
    assert tri.metadata["channel"] == "70"
