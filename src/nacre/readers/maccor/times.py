"""The times of a MACCOR export: the unit of its test time, and the reading of its wall clock."""

import numpy as np
import polars as pl

from nacre.core import units
from nacre.core.errors import ReadError
from nacre.readers.cycling import records
from nacre.readers.maccor.columns import Columns, Table, text_array, to_numbers
from nacre.readers.text import clocks
from nacre.readers.text.numbers import unit_factor

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_WORDS = {1.0: "seconds", 60.0: "minutes", 3600.0: "hours"}


def to_duration(series: pl.Series) -> np.ndarray:
    """Seconds of `0d 00:00:05.0`, `12:34:56` or `1d 02:00:00.5`."""
    text = series.str.strip_chars()
    days = pl.Series(np.zeros(len(text)))
    if text.str.contains("d", literal=True).any():
        both = text.str.splitn("d", 2).struct
        days = both.field("field_0").cast(pl.Float64, strict=False)
        text = both.field("field_1").str.strip_chars()
    fields = text.str.replace(",", ".", literal=True).str.splitn(":", 3).struct
    h, m, s = (to_numbers(fields.field(f"field_{i}")) for i in range(3))
    return to_numbers(days) * 86400 + h * 3600 + m * 60 + s


def read_wall_clock(source: Columns) -> clocks.Clock | None:
    """The clock of the file, None where it has none that can be read."""
    series = source.series("clock")
    return None if series is None or series.dtype != pl.String else clocks.read_clock(series)


def times(source: Columns, table: Table, clock, options, where: str):
    """(test time, step time or None) in s. Raises ReadError where the unit of the test time cannot be told."""
    role = "test_time" if source.series("test_time") is not None else "prog_time"
    series = source.series(role)
    if series is None:
        raise ReadError("the file has no test time", where=where, expected="a column of the test's time")
    text = series.dtype == pl.String
    number = to_duration(series) if text else to_numbers(series)
    if not np.isfinite(number).any():
        raise ReadError(
            "the test time cannot be read",
            where=where,
            found=f"'{series.drop_nulls().head(1).to_list()[0]}' in column '{source.name(role)}'",
            expected="a number, or a duration like '0d 00:00:05.0'",
        )
    factor = _time_factor(source, table, role, number, "s" if text else source.unit(role), clock, options, where)
    time = number * factor
    if np.any(np.diff(time[np.isfinite(time)]) < 0):
        at = int(np.flatnonzero(np.diff(time) < 0)[0]) + 1
        table.note("warning", f"the test time falls at row {at + 1}: are several tests joined in this file?")
    return time, _step_time(source, table, factor if not text else 1.0, source.unit(role))


def _step_time(source: Columns, table: Table, factor: float, unit: str) -> np.ndarray | None:
    series = source.series("step_time")
    if series is None:
        return None
    own = source.unit("step_time")
    if series.dtype == pl.String:
        step_time = to_duration(series)
    else:
        # a step's clock ticks in the unit of the test's, unless it names another
        step_time = to_numbers(series) * (factor if own == unit else _SECONDS.get(own, factor))
    table.columns["step_time_second"] = (step_time, "s")
    return step_time


def _time_factor(source, table, role, number, unit, clock, options, where) -> float:
    if options.time_unit != "auto":
        return _SECONDS[options.time_unit]
    stated = _SECONDS.get(unit)
    proven: float | None = clocks.rate(clock, number) if clock else None
    by = "the wall clock"
    if proven is None and stated is None:
        proven, by = _factor_by_charge(source, number), "the capacity counter"
    name = source.name(role)
    if proven is None and stated is not None:
        return stated
    if proven is None:
        raise ReadError(
            f"the unit of '{name}' cannot be told",
            where=where,
            found="no unit in its name, no wall clock, and no charge that flows",
            expected="seconds, minutes or hours",
            do='say which in study.toml: reader_options = { time_unit = "min" }',
        )
    if stated is None:
        table.note("repair", f"'{name}' names no unit; {by} proves {_WORDS[proven]}")
    elif proven != stated:
        table.note("repair", f"'{name}' says {_WORDS[stated]}, but {by} proves {_WORDS[proven]}")
    return proven


def _factor_by_charge(source: Columns, number: np.ndarray) -> float | None:
    charge, current, step = (source.numbers(role) for role in ("capacity", "current", "step"))
    if charge is None or step is None or current is None:
        return None
    starts = records.step_starts(step, np.zeros(len(step)))
    charge = charge * units.linear(source.unit("capacity") or "Ah", "Ah")[0]
    current = current * units.linear(source.unit("current") or "A", "A")[0]
    ours = np.nansum(records.integral(current, number, starts))
    return unit_factor(np.nansum(np.abs(records.passed(charge, starts))) / ours) if ours > 0 else None


def clock_columns(source: Columns, table: Table, clock, time, options) -> None:
    """Adds unix_time_second where day and month can be told apart, else the clock's text, and says which."""
    series = source.series("clock")
    if series is None:
        table.note("info", "the file has no wall clock: the unit of its test time is taken as its header says")
        return
    order, why = _order(source, clock, time, options)
    if clock is not None and clock.dated and order:
        seconds, notes = clocks.against_test_time(clock.seconds[order], time)
        table.columns["unix_time_second"] = (seconds, "s")
        table.metadata["start"] = str(np.datetime64(int(seconds[np.isfinite(seconds)][0]), "s"))
        table.notes.extend(notes)
        level = "warning" if "inferred" in why else "info"
        if not clock.one_reading or why:
            table.note(level, f"dates are read as {_named(order)}: {why}")
        table.note("info", "the wall clock bears no time zone: its times are taken as UTC")
        return
    if series.drop_nulls().len():
        table.columns[source.name("clock")] = (text_array(series.cast(pl.String)), "1")
    if clock is not None:
        any_order = clock.orders[0]
        table.notes.extend(clocks.against_test_time(clock.seconds[any_order], time)[1])
    if clock is not None and clock.dated:
        cure = 'say date_order = "dmy" or "mdy" in the measurement\'s reader_options'
        table.note("warning", f"day and month cannot be told apart in '{series.drop_nulls()[0]}': {why}; {cure}")
    else:
        table.note("info", "the clock gives no dates that can be read: there is no unix_time_second")


def _order(source: Columns, clock, time, options) -> tuple[str, str]:
    if clock is None or not clock.dated:
        return "", "there are no dates"
    if options.date_order != "auto":
        if options.date_order not in clock.orders:
            return "", f"date_order = '{options.date_order}' makes dates that do not exist"
        return options.date_order, "the study says so"
    header = [source.layout.metadata.get(key, "") for key in ("started", "exported")]
    return clocks.decide_order(clock, time, [text for text in header if text], source.raw.comma)


def _named(order: str) -> str:
    return "day first" if order == "dmy" else "month first"
