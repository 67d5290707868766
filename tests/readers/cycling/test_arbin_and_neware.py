"""Arbin csv and Neware files: known charge in, known charge out; and what is said where that cannot be."""

import datetime
import sys
import types

import numpy as np
import polars as pl
import pytest

from nacre.core import registry
from nacre.core.errors import ReadError
from nacre.readers.cycling import arbin_csv, neware

OLD = (
    "Data_Point,Test_Time(s),Date_Time,Step_Time(s),Step_Index,Cycle_Index,Current(A),Voltage(V),"
    "Charge_Capacity(Ah),Discharge_Capacity(Ah),Charge_Energy(Wh),Discharge_Energy(Wh),dV/dt(V/s),Is_FC_Data"
)
NEW = (
    "Data Point,Date Time,Test Time (s),Step Time (s),Cycle Index,Step Index,Current (A),Voltage (V),Power (W),"
    "Charge Capacity (Ah),Discharge Capacity (Ah),Charge Energy (Wh),Discharge Energy (Wh),Aux_Temperature_1 (C)"
)
START = datetime.datetime(2024, 3, 14, 23, 50, 0)


def cell_test(cycles: int = 2, reset: bool = True) -> pl.DataFrame:
    """Charge 1 h at 2 mA, rest 600 s, discharge 0.5 h at 2 mA; records every 100 s, the first 0.1 s into a step."""
    rows, clock, charged, discharged = [], 0.0, 0.0, 0.0
    for cycle in range(1, cycles + 1):
        if reset:
            charged = discharged = 0.0
        for step, current, length in ((1, 2e-3, 3600), (2, 0.0, 600), (3, -2e-3, 1800)):
            t = np.append(0.1, np.arange(100, length + 1, 100))
            for value in t:
                up = charged + max(current, 0) * value / 3600
                down = discharged + max(-current, 0) * value / 3600
                rows.append((clock + value, value, step, cycle, current, 3.7, up, down))
            clock, charged, discharged = clock + length, up, down
    names = ("time", "step_time", "step", "cycle", "current", "voltage", "up", "down")
    return pl.DataFrame(rows, schema=names, orient="row")


def old(frame: pl.DataFrame, signed: bool = True) -> str:
    lines = [OLD]
    for i, r in enumerate(frame.iter_rows(named=True), 1):
        stamp = (START + datetime.timedelta(seconds=r["time"])).strftime("%Y-%m-%d %H:%M:%S")
        current = r["current"] if signed else abs(r["current"])
        lines.append(
            f"{i},{r['time']},{stamp},{r['step_time']},{r['step']},{r['cycle']},{current},{r['voltage']},"
            f"{r['up']},{r['down']},{3.7 * r['up']},{3.7 * r['down']},0.0,0"
        )
    return "\n".join(lines) + "\n"


def new(frame: pl.DataFrame) -> str:
    lines = [NEW]
    for i, r in enumerate(frame.iter_rows(named=True), 1):
        stamp = (START + datetime.timedelta(seconds=r["time"])).strftime("%m/%d/%Y %H:%M:%S.%f")[:-3]
        lines.append(
            f"{i},\t{stamp},{r['time']},{r['step_time']},{r['cycle']},{r['step']},{r['current']},{r['voltage']},"
            f"{r['current'] * 3.7},{r['up']},{r['down']},{3.7 * r['up']},{3.7 * r['down']},45.5"
        )
    return "\n".join(lines) + "\n"


def save(tmp_path, content: str, name: str = "x.csv"):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


def texts(signal) -> str:
    return " | ".join(note.text for note in signal.notes)


@pytest.mark.parametrize("write", [old, new])
@pytest.mark.parametrize("reset", [True, False])
def test_arbin_gives_the_charge_of_each_step(write, reset, tmp_path):
    frame = cell_test(reset=reset)
    path = save(tmp_path, write(frame))
    assert registry.reader_for(path, registry.readers()).name == "arbin_csv"
    (signal,) = arbin_csv.read(path)
    assert signal.sizes == {"record": frame.height}
    charge, step = signal["step_cumulative_capacity_ah"].values, signal["step_count"].values
    ends = [charge[step == i].max() for i in range(1, 7)]
    np.testing.assert_allclose(ends[1:], [0, 1e-3, 2e-3, 0, 1e-3], atol=2e-7)
    # the first record comes 0.1 s after the start: what flowed before it is not in the file's gains
    assert ends[0] == pytest.approx(2e-3, abs=2e-7)
    np.testing.assert_allclose(signal["step_cumulative_energy_wh"].values, 3.7 * charge, rtol=1e-9, atol=1e-15)
    assert signal["unix_time_second"].values[0] == pytest.approx(
        START.replace(tzinfo=datetime.UTC).timestamp(), abs=1.0
    )
    assert list(signal["step_type"].values[[5, 40, 50]]) == ["CC_CHG", "REST", "CC_DCH"]
    assert "charge: the capacity counter gives 0.00399989 Ah" in texts(signal)
    assert not [note for note in signal.notes if note.level == "warning"]
    if write is new:
        assert signal["temperature_t1_celsius"].values[0] == 45.5 and signal["power_watt"].unit == "W"


def test_arbin_in_a_locale_with_decimal_commas(tmp_path):
    content = new(cell_test()).replace(",", ";").replace(".", ",")
    (signal,) = arbin_csv.read(save(tmp_path, content))
    assert signal["current_ampere"].values[3] == 2e-3 and signal["step_count"].values[-1] == 6


def test_arbin_without_sign_gets_it_from_the_counters(tmp_path):
    (signal,) = arbin_csv.read(save(tmp_path, old(cell_test(), signed=False)))
    np.testing.assert_array_equal(np.sign(signal["current_ampere"].values), np.sign(cell_test()["current"].to_numpy()))
    assert "where the discharge counter rises they are made negative" in texts(signal)


def test_arbin_counter_against_current(tmp_path):
    frame = cell_test().with_columns(pl.col("up") * 1.1)
    (signal,) = arbin_csv.read(save(tmp_path, old(frame)))
    assert "the counter is used, and the two should be looked at" in texts(signal)


def test_arbin_day_and_month_that_cannot_be_told(tmp_path):
    content = new(cell_test(cycles=1)).replace("03/14/2024", "03/04/2024").replace("03/15/2024", "03/04/2024")
    content = "\n".join(content.splitlines()[:8]) + "\n"
    (signal,) = arbin_csv.read(save(tmp_path, content))
    assert "unix_time_second" not in signal
    assert "the order of day and month is not told" in texts(signal)


def test_arbin_other_units_report_lines_and_a_cut_line(tmp_path):
    frame = cell_test(cycles=1).with_columns(pl.col("current") * 1e3)
    content = "TEST REPORT\nChannel,7\n\n" + old(frame).replace("Current(A)", "Current(mA)")
    (signal,) = arbin_csv.read(save(tmp_path, content[:-15]))
    assert signal["current_ampere"].values[3] == pytest.approx(2e-3)
    assert signal.sizes == {"record": frame.height - 1} and "the last line is cut" in texts(signal)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n", "no line names Arbin's columns"),
        (OLD + "\n", "the file holds no records; found column names only"),
        (old(cell_test()).replace(",3.7,", ",n/a,", 1), "column 'Voltage(V)' holds something that is not a number"),
        (old(cell_test()).replace("Voltage(V)", "Voltage(s)"), "column 'Voltage(s)' has another unit; found 's'"),
    ],
)
def test_arbin_files_that_say_what_is_wrong(content, words, tmp_path):
    with pytest.raises(ReadError) as error:
        arbin_csv.read(save(tmp_path, content))
    assert words in str(error.value) and "x.csv" in str(error.value)


def decoded() -> pl.DataFrame:
    """What fastnda gives for a test, with the columns its documentation names."""
    frame = cell_test()
    starts = frame["step"].diff().fill_null(1) != 0
    kinds = {1: "CC_Chg", 2: "Rest", 3: "CC_DChg"}
    return pl.DataFrame(
        {
            "record_index": pl.Series(range(1, frame.height + 1), dtype=pl.UInt32),
            "voltage_volt": frame["voltage"].cast(pl.Float32),
            "current_ampere": frame["current"].cast(pl.Float32),
            "unix_time_second": frame["time"] + 1.7e9,
            "step_time_second": frame["step_time"],
            "test_time_second": frame["time"],
            "cycle_count": frame["cycle"].cast(pl.UInt32),
            "step_count": starts.cast(pl.UInt32).cum_sum(),
            "step_id": frame["step"].cast(pl.UInt32),
            "step_type": frame["step"].replace_strict(kinds, return_dtype=pl.String).cast(pl.Categorical),
            "step_net_capacity_ah": (frame["current"] * frame["step_time"] / 3600).cast(pl.Float32),
        }
    )


def with_fastnda(monkeypatch, answer) -> None:
    module = types.ModuleType("fastnda")

    def read(path, cycle_mode, columns):
        assert (cycle_mode, columns) == ("raw", "bdf")
        return answer()

    module.read = read
    monkeypatch.setitem(sys.modules, "fastnda", module)


def test_neware_through_fastnda(monkeypatch, tmp_path):
    with_fastnda(monkeypatch, decoded)
    path = tmp_path / "x.nda"
    path.write_bytes(b"NEWARE" + bytes(2000))
    assert registry.reader_for(path, registry.readers()).name == "neware"
    (signal,) = neware.read(path)
    charge, step = signal["step_cumulative_capacity_ah"].values, signal["step_count"].values
    np.testing.assert_allclose([charge[step == i].max() for i in range(1, 7)], [2e-3, 0, 1e-3] * 2, rtol=1e-6)
    assert list(signal["step_type"].values[[5, 40, 50]]) == ["CC_CHG", "REST", "CC_DCH"]
    assert signal["current_ampere"].values.dtype == float and signal["cycle_count"].values[-1] == 2
    assert "charge: the capacity counter gives" in texts(signal)


def test_neware_without_fastnda_and_with_damaged_files(monkeypatch, tmp_path):
    path = tmp_path / "x.ndax"
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    assert registry.reader_for(path, registry.readers()).name == "neware"
    monkeypatch.setitem(sys.modules, "fastnda", None)
    with pytest.raises(ReadError, match="need the package fastnda, which is not installed") as error:
        neware.read(path)
    assert "Run `pip install fastnda`" in str(error.value)

    def broken():
        raise KeyError("data.ndc")

    with_fastnda(monkeypatch, broken)
    with pytest.raises(ReadError, match=r"fastnda cannot decode the file; found KeyError: 'data\.ndc'"):
        neware.read(path)
    with_fastnda(monkeypatch, lambda: decoded().drop("voltage_volt"))
    with pytest.raises(ReadError, match="fastnda gives no voltage_volt"):
        neware.read(path)
    with_fastnda(monkeypatch, lambda: decoded().clear())
    with pytest.raises(ReadError, match="the file holds no records"):
        neware.read(path)
