"""One cell test, known in closed form, written as every lab's MACCOR writes it, comes back the same."""

import numpy as np
import pytest

from nacre.core.contracts import HEAD_BYTES, Head
from nacre.core.signal import Note
from nacre.readers.maccor import reader as maccor
from nacre.readers.reading import read
from readers_truth import CURRENT, Dialect, cell_test, export

NORWEGIAN = ("jan", "feb", "mars", "apr", "mai", "juni", "juli", "aug", "sep", "okt", "nov", "des")
GERMAN = ("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")

DIALECTS = {
    "one-line header, seconds, signed": Dialect(
        "rec cyc step time steptime q e i v state es date na",
        "Today's Date 03/19/2024  Date of Test:\t03/14/2024\t Filename:\tC:\\data\\cell 7.070 "
        "Procedure: rate.000\tComment/Barcode: A7\n"
        "Rec#\tCyc#\tStep\tTest (Sec)\tStep (Sec)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\tWF Chg Cap\n",
        signed=True,
        newline="\r\n",
        extra={"na": "N/A"},
    ),
    "three-line header, durations, aux with units": Dialect(
        "rec cyc step time steptime q e i v state es date aux c",
        "Today's Date:\t19 March 2024\tDate of Test:\t{start}\nFilename:\tcell_7\tTester Channel:\t7\n"
        "Procedure:\trate.000\tDescription:\t\n"
        "Rec#\tCyc#\tStep\tTestTime\tStepTime\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\tAux #1\t Units\n",
        time="duration",
        extra={"aux": "25.00100", "c": " C  "},
    ),
    "decimal comma, minutes without a unit": Dialect(
        "rec zero cyc step time steptime q e i v state es date",
        "Name:\tcell 7\nChannel:\t7\nTester\tMaccor #4\nProcedure\trate.000\nStarted\t{start}\nCh. max. V\t6,00 V\n\n"
        "Rec\tCycle P\tCycle C\tStep\tTestTime\tStepTime\tCap. [Ah]\tEner. [Wh]\tCurrent [A]\tVoltage [V]\tMd\tES\t"
        "DPT Time\n\n",
        comma=True,
        minutes=True,
        time="%.6f",
        dates="%d/%m/%Y %H:%M:%S",
        extra={"zero": "0"},
    ),
    "stray 0xFF, AM and PM, month first": Dialect(
        "rec zero cyc step time steptime q e i v state es date",
        "Name:\tcell 7\xff\xff\nChannel:\t7\nDescription\t\xff\nStarted\t{start}\n\n"
        "Rec\tCycle P\tCycle C\tStep\tTestTime\tStepTime\tCap. [Ah]\tEner. [Wh]\tCurrent [A]\tVoltage [V]\tMd\tES\t"
        "DPT Time\n\n",
        minutes=True,
        time="%.6f",
        dates="%m/%d/%Y %I:%M:%S %p",
        encoding="latin-1",
        extra={"zero": "0"},
    ),
    "milliamperes, millivolts under Volts, counter runs on": Dialect(
        "rec cyc step time steptime q e i v state es date empty",
        "Today''s Date\t03/28/2024 12:50:27 PM\n\nDate of Test:\t{start}\n\n"
        "Rec#\tCyc#\tStep\tTestTime\tStepTime\tmAmp-hr\tmWatt-hr\tmAmps\tVolts\tState\tES\tDPt Time\tUnnamed: 12\n",
        time="duration",
        milli=True,
        millivolt=True,
        signed=True,
        runs_on=True,
        dates="%m/%d/%Y %I:%M:%S %p",
        extra={"empty": ""},
    ),
    "minutes in the header": Dialect(
        "rec cyc step time steptime q e i v state es date",
        "Today's Date\t03/19/2024\n"
        "Rec#\tCyc#\tStep\tTest (Min)\tStep (Min)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\n",
        minutes=True,
        time="%.6f",
    ),
    "csv, bare units, month names": Dialect(
        "rec cyc step time steptime q e i v date temp",
        "Today's Date ,19-Mar-24\nDate of Test:,{start}\n"
        "Rec,Cycle C,Step,Test Time (sec),Step Time (sec),Capacity,Energy,Current,Voltage,DPT Time,Temp 1\n",
        separator=",",
        signed=True,
        dates="%d-%b-%y %I:%M:%S %p",
        extra={"temp": "22.2591"},
    ),
    "Norwegian month names": Dialect(
        "rec cyc step time steptime q e i v state es date",
        "Rec\tCycle\tStep\tTest Time\tStep Time\tCapacity\tEnergy\tCurrent\tVoltage\tMD\tES\tDPT Time\n",
        dates="%d.MONTH.%Y %H:%M:%S",
        months=NORWEGIAN,
        time="duration",
    ),
    "German month names in Windows-1252": Dialect(
        "rec cyc step time steptime q e i v state es date",
        "Rec\tCycle\tStep\tTestTime [min]\tStepTime [min]\tCap. [mAh]\tEner. [mWh]\tCurrent [mA]\tVoltage [V]\tMd\tES\t"
        "DPT Time\n",
        dates="%d. MONTH %Y %H:%M:%S",
        months=GERMAN,
        milli=True,
        comma=True,
        minutes=True,
        time="%.6f",
        encoding="cp1252",
        newline="\r\n",
    ),
    "UTF-16": Dialect(
        "rec cyc step time steptime q e i v state es date",
        "Rec#\tCyc#\tStep\tTest (Sec)\tStep (Sec)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\n",
        encoding="utf-16",
        newline="\r\n",
    ),
}


def write(folder, dialect, truth, name="cell 7 ü.txt"):
    path = folder / name
    path.write_bytes(export(truth, dialect))
    return path


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_tells_the_same_test(name, truth, tmp_path):
    path = write(tmp_path, DIALECTS[name], truth)
    data = path.read_bytes()
    assert maccor.sniff(Head(path, data[:HEAD_BYTES], len(data))) > 0.9
    (signal,) = read(path, maccor.READER)
    assert signal.kind == "cycling" and signal.origin == "measured"
    for column, tolerance in {
        "test_time_second": 0.006,
        "step_time_second": 0.006,
        "voltage_volt": 6e-6,
        "current_ampere": 6e-8,
        "unix_time_second": 1.0,
        "step_cumulative_capacity_ah": 2e-9,
        "step_cumulative_energy_wh": 2e-9,
        "cycle_count": 0,
        "step_count": 0,
        "step_id": 0,
        "record_index": 0,
    }.items():
        assert signal[column].unit == truth[column].unit
        np.testing.assert_allclose(signal[column].values, truth[column].values, atol=tolerance, rtol=0, err_msg=column)
    assert {note.level for note in signal.notes} <= {"info", "repair"}, signal.notes
    assert set(signal["step_type"].values) == {"REST", "CC_CHG", "CC_DCH"}


def test_capacity_and_energy_are_those_of_the_truth(truth, tmp_path):
    (signal,) = maccor.read(write(tmp_path, DIALECTS["decimal comma, minutes without a unit"], truth))
    step = signal["step_count"].values
    last = np.append(np.flatnonzero(np.diff(step)), len(step) - 1)
    charge = signal["step_cumulative_capacity_ah"].values[last]
    np.testing.assert_allclose(charge[1::3], 2 * CURRENT, rtol=1e-6)
    np.testing.assert_allclose(charge[3::3], 1.5 * CURRENT, rtol=1e-6)
    energy = signal["step_cumulative_energy_wh"].values[last]
    np.testing.assert_allclose(energy[1::3], 2 * CURRENT * 3.6, rtol=1e-6)


def notes(signal, level):
    return " | ".join(note.text for note in signal.notes if note.level == level)


def test_what_was_repaired_is_said(truth, tmp_path):
    (signal,) = maccor.read(write(tmp_path, DIALECTS["decimal comma, minutes without a unit"], truth))
    assert "'TestTime' names no unit; the wall clock proves minutes" in notes(signal, "repair")
    assert "currents bear no sign: the state D makes them negative" in notes(signal, "info")
    (signal,) = maccor.read(write(tmp_path, DIALECTS["stray 0xFF, AM and PM, month first"], truth))
    assert "3 stray bytes 0xFF were taken out of the text" in notes(signal, "repair")
    assert signal.metadata["name"] == "cell 7"
    (signal,) = maccor.read(write(tmp_path, DIALECTS["milliamperes, millivolts under Volts, counter runs on"], truth))
    assert "'Volts' is in mV: energy over charge is 0.001 of its mean; it is converted to V" in notes(signal, "repair")
    assert "'mAmp-hr' runs on at 3 step changes" in notes(signal, "info")


def test_metadata_and_unknown_columns_are_kept(truth, tmp_path):
    (signal,) = maccor.read(write(tmp_path, DIALECTS["three-line header, durations, aux with units"], truth))
    assert signal["Aux #1"].unit == "degC" and signal["Aux #1"].values[0] == 25.001
    assert signal.metadata["channel"] == "7" and signal.metadata["procedure"] == "rate.000"
    assert "kept under their own names: Aux #1" in notes(signal, "info")
    (signal,) = maccor.read(write(tmp_path, DIALECTS["one-line header, seconds, signed"], truth))
    assert signal.metadata["channel"] == "70" and signal.metadata["comment"] == "A7"
    assert np.isnan(signal["WF Chg Cap"].values).all()
    (signal,) = maccor.read(write(tmp_path, DIALECTS["csv, bare units, month names"], truth))
    assert signal["temperature_t1_celsius"].values[0] == 22.2591
    assert "'Current' names no unit: A is taken" in notes(signal, "info")


# --- day and month ------------------------------------------------------------------------------------------

KIT = DIALECTS["decimal comma, minutes without a unit"]
BARE = DIALECTS["minutes in the header"]


def dated(dialect, dates):
    return Dialect(**{**vars(dialect), "dates": dates, "header": dialect.header.replace("03/19/2024", "")})


def test_a_passed_midnight_proves_the_order_of_day_and_month(tmp_path):
    truth = cell_test("2024-05-06T21:30:00")
    for dates in ("%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"):
        (signal,) = maccor.read(write(tmp_path, dated(BARE, dates), truth))
        np.testing.assert_allclose(signal["unix_time_second"].values, truth["unix_time_second"].values, atol=1)
        assert "the other order makes the clock leave the test's own time" in notes(signal, "info")


def test_an_ambiguous_date_is_not_guessed(tmp_path):
    truth = cell_test("2024-05-06T03:00:00", cycles=1)
    path = write(tmp_path, dated(BARE, "%d/%m/%Y %H:%M:%S"), truth)
    (signal,) = maccor.read(path)
    assert "unix_time_second" not in signal
    assert signal["DPt Time"].values[0] == "06/05/2024 03:00:00"
    assert "day and month cannot be told apart in '06/05/2024 03:00:00'" in notes(signal, "warning")
    assert 'say date_order = "dmy" or "mdy"' in notes(signal, "warning")
    (signal,) = maccor.read(path, maccor.MaccorOptions(date_order="dmy"))
    np.testing.assert_allclose(signal["unix_time_second"].values, truth["unix_time_second"].values, atol=1)


def test_a_decimal_comma_decides_only_with_a_warning(tmp_path):
    truth = cell_test("2024-05-06T03:00:00", cycles=1)
    (signal,) = maccor.read(write(tmp_path, KIT, truth))
    np.testing.assert_allclose(signal["unix_time_second"].values, truth["unix_time_second"].values, atol=1)
    assert "day first: inferred, not proven: the file writes decimal commas" in notes(signal, "warning")


def test_a_header_that_can_be_read_in_one_way_decides(tmp_path):
    truth = cell_test("2024-05-06T03:00:00", cycles=1)
    dialect = Dialect(**{**vars(BARE), "header": "Date of Test:\t6 May 2024\n" + BARE.header.split("\n", 1)[1]})
    for dates in ("%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S"):
        (signal,) = maccor.read(write(tmp_path, Dialect(**{**vars(dialect), "dates": dates}), truth))
        np.testing.assert_allclose(signal["unix_time_second"].values, truth["unix_time_second"].values, atol=1)
        assert "the header's '6 May 2024' says so" in notes(signal, "info")


# --- units that a header gets wrong or leaves out -----------------------------------------------------------


def test_a_header_that_says_seconds_is_overruled_by_the_wall_clock(truth, tmp_path):
    dialect = Dialect(**{**vars(BARE), "header": BARE.header.replace("(Min)", "(Sec)")})
    (signal,) = maccor.read(write(tmp_path, dialect, truth))
    np.testing.assert_allclose(signal["test_time_second"].values, truth["test_time_second"].values, atol=1e-3)
    assert "'Test (Sec)' says seconds, but the wall clock proves minutes" in notes(signal, "repair")


def test_without_a_clock_the_charge_proves_the_unit_of_time(truth, tmp_path):
    header = "Rec#\tCyc#\tStep\tTestTime\tStepTime\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\n"
    dialect = Dialect("rec cyc step time steptime q e i v state es", header, minutes=True, time="%.6f")
    (signal,) = maccor.read(write(tmp_path, dialect, truth))
    assert signal["test_time_second"].values[-1] == pytest.approx(truth["test_time_second"].values[-1])
    assert "the capacity counter proves minutes" in notes(signal, "repair")


def test_a_counter_that_disagrees_with_the_current_is_reported(truth, tmp_path):
    header = "Rec#\tCyc#\tStep\tTest (Sec)\tStep (Sec)\tmAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\n"
    dialect = Dialect("rec cyc step time steptime q e i v state es date", header)
    (signal,) = maccor.read(write(tmp_path, dialect, truth))
    assert "the counter is used, and the two should be looked at" in notes(signal, "warning")


def test_a_clock_set_back_in_autumn_is_mended(tmp_path):
    truth = cell_test("2024-10-27T00:30:00")
    path = write(tmp_path, dated(BARE, "%d/%m/%Y %H:%M:%S"), truth)
    lines = path.read_text().splitlines()
    clock = truth["unix_time_second"].values
    at = int(np.searchsorted(clock, clock[0] + 9000))
    for i in range(at, len(lines) - 2):
        cells = lines[i + 2].split("\t")
        day, hour, rest = cells[-1][:11], int(cells[-1][11:13]), cells[-1][13:]
        if hour == 0:
            break
        lines[i + 2] = "\t".join([*cells[:-1], f"{day}{hour - 1:02d}{rest}"])
    path.write_text("\n".join(lines) + "\n")
    (signal,) = maccor.read(path)
    np.testing.assert_allclose(signal["unix_time_second"].values, clock, atol=1)
    assert f"the wall clock was set back by 1 h at row {at}" in notes(signal, "repair")
    assert all(isinstance(note, Note) for note in signal.notes)
