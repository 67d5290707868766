"""Arbin csv exports (MITS Pro, Data Watcher): cycling.

Layout
------
Perhaps lines of a report, then one line of column names, then one record per line; commas (semicolons or tabs where
the PC's list separator is one), decimal points or commas. Names have underscores (`Test_Time(s)`) or blanks
(`Test Time (s)`); the unit in brackets is that of the column.

Data_Point            record_index
Test_Time             test_time_second
Step_Time             step_time_second
Date_Time             unix_time_second    dates in any order (`2010-09-27 14:12:48`, `10/10/2023 16:09:14.661`),
                                          seconds since 1970, or days since 1899-12-30; local time, taken as UTC
Cycle_Index           cycle_count         as the file has it
Step_Index            step_id             the schedule's step number; step_count is counted from its changes
Current               current_ampere      negative on discharge
Voltage               voltage_volt
Charge_Capacity       schedule_charging_capacity_ah      counters that the schedule resets when it likes (mostly
Discharge_Capacity    schedule_discharging_capacity_ah   once a cycle, at times never)
Power                 power_watt
Internal_Resistance   internal_resistance_ohm
Aux_Temperature_n     temperature_tn_celsius
anything else         kept under its own name

step_cumulative_capacity_ah and step_cumulative_energy_wh are the counters' gains since the step began. A file whose
current has no sign gets it from the counter that rises.

Uncertainty: none is stated. The clock's resolution is 1 ms or 1 s.
"""

import io
import re
from pathlib import Path

import numpy as np
import polars as pl

from nacre.core import units
from nacre.core.contracts import Head, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal, table
from nacre.physics.cycling import counters
from nacre.readers.cycling import bdf_names, records
from nacre.readers.sheets import account, tables
from nacre.readers.sheets.account import LeftOutLine
from nacre.readers.sheets.tables import TableHints
from nacre.readers.text import clocks, row_widths, text_file
from nacre.readers.text.numbers import is_whole

_NAMES = {
    "data point": "record_index",
    "test time": "test_time_second",
    "step time": "step_time_second",
    "cycle index": "cycle_count",
    "step index": "step_id",
    "current": "current_ampere",
    "voltage": "voltage_volt",
    "charge capacity": "schedule_charging_capacity_ah",
    "discharge capacity": "schedule_discharging_capacity_ah",
    "power": "power_watt",
    "internal resistance": "internal_resistance_ohm",
    **{f"aux temperature {i}": f"temperature_t{i}_celsius" for i in range(1, 6)},
}
_CHARGE = ("schedule_charging_capacity_ah", "schedule_discharging_capacity_ah")
_ENERGY = ("Charge_Energy", "Discharge_Energy")
_HEADING = re.compile(r"^(?P<name>.*?)\s*(?:\((?P<unit>[^()]*)\))?$")
_WRITTEN = {"C": "degC", "Ohm": "ohm", "Ohms": "ohm", "Deg": "deg", "mAh": "mAh", "Amps": "A", "Volts": "V", "Sec": "s"}
_DAY_ZERO = -25569.0  # 1899-12-30, in days since 1970


def _read_name(cell: str) -> tuple[str, str, str]:
    """(name to look up, unit, the file's own name)."""
    text = cell.strip().strip('"').strip()
    match = _HEADING.match(text)
    name, unit = (match["name"].strip(), (match["unit"] or "").strip()) if match else (text, "")
    return " ".join(name.replace("_", " ").lower().split()), _WRITTEN.get(unit, unit), name


def _heading_line(lines: list[str]) -> int | None:
    for i, line in enumerate(lines[:60]):
        names = {_read_name(cell)[0] for cell in line.split(text_file.separator(line))}
        if {"test time", "current", "voltage"} <= names and names & {"cycle index", "step index"}:
            return i
    return None


def sniff(head: Head) -> float:
    """Sure where a line bears Arbin's names: Test_Time, Current, Voltage with Cycle_Index or Step_Index."""
    if head.looks_binary:
        return 0.0
    data, _, _ = text_file.to_utf8(head.start)
    return 0.93 if _heading_line(data.decode(errors="replace").splitlines()) is not None else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """One signal of kind "cycling". Raises ReadError."""
    path = Path(path)
    text = text_file.load(path)
    lines = text.data.split(b"\n", 60)
    at = _heading_line([line.decode(errors="replace") for line in lines])
    if at is None:
        raise ReadError(
            "no line names Arbin's columns",
            where=path.name,
            found=f"text that begins {text.data[:60].decode(errors='replace')!r}",
            expected="columns such as Test_Time(s), Step_Index, Cycle_Index, Current(A), Voltage(V)",
            do="export the channel's data again as csv",
        )
    notes: list[Note] = []
    heading = lines[at].decode(errors="replace")
    notes += _note_records_above(lines[:at], heading)
    frame = _frame(b"\n".join(lines[at + 1 :]), heading, at + 1, notes, path.name)
    columns = _columns(frame, heading, notes, path.name)
    _wall_clock(frame, heading, columns, notes)
    _steps(columns, notes)
    return [table("cycling", columns, metadata={"encoding": text.encoding}, notes=tuple(notes), name=path.stem)]


def _note_records_above(lines: list[bytes], heading: str) -> list[Note]:
    """A warning on lines like records that stand above the columns' names, and would be lost with the report there."""
    separator = text_file.separator(heading)
    width = len(heading.split(separator))
    found = []
    for i, line in enumerate(lines):
        text = line.decode(errors="replace").strip()
        cells = [cell.strip() for cell in text.split(separator)]
        numbers = sum(bool(re.fullmatch(r"[-+]?\d[\d.,eE+-]*", cell)) for cell in cells)
        if len(cells) >= 0.8 * width and numbers >= 3:
            found.append(LeftOutLine(i + 1, text, "above the columns' names"))
    return account.lines_note(found)


def _frame(body: bytes, heading: str, above: int, notes: list[Note], where: str) -> pl.DataFrame:
    separator = text_file.separator(heading)
    end = text_file.mend_end(body, separator)
    if end.kept is not None:
        notes.append(Note("repair", "the last line is cut: that record is left out"))
    whole = end.whole if end.whole.endswith(b"\n") else end.whole + b"\n"
    if not whole.strip():
        raise ReadError("the file holds no records", where=where, found="column names only", do="export it again")
    whole, odd = row_widths.set_apart(whole, separator)
    notes += account.lines_note([LeftOutLine(above + n, text, "another number of cells") for n, text in odd])
    count = len(heading.split(separator))
    first = whole.lstrip(b"\n").split(b"\n", 1)[0].decode(errors="replace")
    schema = {f"c{i}": pl.String for i in range(min(count, len(first.split(separator))))}
    try:
        frame = pl.read_csv(
            io.BytesIO(whole), separator=separator, has_header=False, schema=schema, truncate_ragged_lines=True
        )
        return row_widths.drop_empty(frame) if odd else frame
    except (pl.exceptions.PolarsError, ValueError):  # quotes or lengths that are not plain
        return _frame_of_odd_lines(heading, whole, separator, notes, where)


def _frame_of_odd_lines(heading: str, body: bytes, separator: str, notes: list[Note], where: str) -> pl.DataFrame:
    """The records that are whole, and notes on the lines that are none."""
    text = f"{heading}\n{body.decode(errors='replace')}"
    sheet = tables.read_tables(text, where, TableHints(separator, heading_line=1))
    found = tables.main_table(sheet, where, "records under the columns' names")
    notes += sheet.notes([found])
    return pl.DataFrame({f"c{i}": pl.Series(column.texts, dtype=pl.String) for i, column in enumerate(found.columns)})


def _columns(frame: pl.DataFrame, heading: str, notes: list[Note], where: str) -> dict[str, tuple[np.ndarray, str]]:
    columns: dict[str, tuple[np.ndarray, str]] = {}
    for i, cell in enumerate(heading.split(text_file.separator(heading))):
        key, unit, own = _read_name(cell)
        if f"c{i}" not in frame.columns or not own or key == "date time":
            continue
        cells = frame[f"c{i}"].str.strip_chars()
        values = cells.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
        name = _NAMES.get(key, own.replace(" ", "_"))
        if (values.is_null() & (cells.fill_null("") != "")).any():
            if name in bdf_names.LABELS:
                wrong = cells.filter(values.is_null() & (cells.fill_null("") != ""))[0]
                raise ReadError(
                    f"column '{cell}' holds something that is not a number", where=where, found=f"'{wrong}'"
                )
            columns.setdefault(name, (np.array(cells.fill_null("").to_list(), dtype=str), "1"))
            continue
        columns.setdefault(name, _in_unit(values.fill_null(float("nan")).to_numpy(), name, unit, cell, where))
    missing = [bdf_names.LABELS[name] for name in bdf_names.REQUIRED if name not in columns]
    if missing:
        raise ReadError("columns are missing", where=where, found=heading[:200], expected=", ".join(missing))
    return columns


def _in_unit(values: np.ndarray, name: str, unit: str, cell: str, where: str) -> tuple[np.ndarray, str]:
    if name in bdf_names.WHOLE_NUMBERS or name == "step_id":
        return (values.astype(np.int64) if is_whole(values) else values), "1"
    wanted = bdf_names.unit_of(name) if name in bdf_names.LABELS else ""
    try:
        if wanted:
            return units.convert(values, unit or wanted, wanted), wanted
        return values, units.check_unit(unit or "1")
    except NacreError:
        if wanted:
            raise ReadError(
                f"column '{cell}' has another unit", where=where, found=f"'{unit}'", expected=wanted
            ) from None
        return values, "1"


def _wall_clock(frame: pl.DataFrame, heading: str, columns: dict, notes: list[Note]) -> None:
    names = [_read_name(cell)[0] for cell in heading.split(text_file.separator(heading))]
    if "date time" not in names or f"c{names.index('date time')}" not in frame.columns:
        return
    cells = frame[f"c{names.index('date time')}"].str.strip_chars()
    time = columns["test_time_second"][0]
    plain = cells.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    if not plain.is_null().any():
        values = plain.to_numpy()
        seconds = (values + _DAY_ZERO) * 86400 if 2e4 < values[0] < 1e5 else values
    else:
        try:
            clock = clocks.read_clock(cells)
        except OverflowError:  # a damaged date of too many digits
            clock = None
        if clock is None:
            notes.append(Note("warning", f"Date_Time cannot be read: '{cells[0]}'"))
            return
        order, why = clocks.decide_order(clock, time, [], comma=False)
        if not order:
            notes.append(Note("warning", f"the order of day and month is not told: {why}; no wall clock is given"))
            return
        seconds = clock.seconds[order]
    seconds, more = clocks.against_test_time(seconds, time)
    notes.extend(more)
    columns["unix_time_second"] = (seconds, "s")


def _steps(columns: dict, notes: list[Note]) -> None:
    time, voltage = columns["test_time_second"][0], columns["voltage_volt"][0]
    current = _signed(columns, notes)
    step_time = columns["step_time_second"][0] if "step_time_second" in columns else None
    if "cycle_count" not in columns:
        columns["cycle_count"] = (records.count_cycles(current), "1")
        notes.append(Note("warning", "the file numbers no cycles: they are counted from the direction of the current"))
    if "step_id" in columns:
        starts = records.step_starts(columns["step_id"][0], columns["cycle_count"][0], step_time)
    else:
        starts = records.direction_starts(current)
        notes.append(Note("warning", "the file numbers no steps: they are taken from the direction of the current"))
    columns["step_count"] = (np.cumsum(starts), "1")
    charge = _gained(columns, _CHARGE, starts, "Ah")
    if charge is None:
        charge = records.integral_within(current, time, starts)
        notes.append(
            Note("warning", "the file has no capacity counter: the charge of each step is the integral of I dt")
        )
    else:
        notes.extend(records.check_counter(charge, current, time, starts))
    columns["step_cumulative_capacity_ah"] = (charge, "Ah")
    if (energy := _gained(columns, _ENERGY, starts, "Wh")) is not None:
        columns["step_cumulative_energy_wh"] = (energy, "Wh")
    types = records.step_types(current, voltage, starts)
    columns["step_type"] = (types[np.cumsum(starts) - 1], "1")


def _signed(columns: dict, notes: list[Note]) -> np.ndarray:
    current = columns["current_ampere"][0]
    if not np.any(current < 0) and _CHARGE[1] in columns:
        falling = np.append(0.0, np.diff(columns[_CHARGE[1]][0])) > 0
        if falling.any():
            notes.append(
                Note("repair", "currents bear no sign: where the discharge counter rises they are made negative")
            )
            current = np.where(falling, -current, current)
            columns["current_ampere"] = (current, "A")
    return current


def _gained(columns: dict, names: tuple[str, str], starts: np.ndarray, unit: str) -> np.ndarray | None:
    """What both counters gained since each step began; a counter that falls was reset, and counts from 0."""
    if any(name not in columns or not units.same_kind(columns[name][1], unit) for name in names):
        return None
    total = np.zeros(len(starts))
    for name in names:
        # a counter that is blank at rest stands where it stood
        counter, own = columns[name]
        values = counters.fill_blank(units.convert(counter, own, unit))
        gain = np.diff(values, prepend=0.0)
        gain[1:] = np.where(gain[1:] < 0, values[1:], gain[1:])
        gain[0] = 0.0
        total += gain
    running = np.cumsum(total)
    first = np.flatnonzero(starts)
    base = np.append(0.0, running[first[1:] - 1])
    return running - np.repeat(base, np.diff(np.append(first, len(running))))


READER = Reader(
    name="arbin_csv",
    words="Arbin csv export",
    kinds=("cycling",),
    suffixes=(".csv", ".txt"),
    sniff=sniff,
    read=read,
)
