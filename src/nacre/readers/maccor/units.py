"""From the columns of a MACCOR export to BDF names and units, each decision proved by the file or reported."""

import numpy as np
import polars as pl

from nacre.core import units
from nacre.core.errors import ReadError
from nacre.readers.cycling import records
from nacre.readers.maccor.columns import Columns, Table, text_array, to_numbers
from nacre.readers.maccor.header import Layout, read_unit
from nacre.readers.maccor.table import RawTable
from nacre.readers.maccor.times import clock_columns, read_wall_clock, times
from nacre.readers.text.numbers import unit_factor

_IMPOSSIBLE_VOLTAGE = 200.0  # V: no single cell, and no channel of a cell tester, comes near it
_TEMPERATURES = {
    "temperature": "temperature_t1_celsius",
    **{f"temperature_{i}": f"temperature_t{i}_celsius" for i in range(2, 6)},
    "ambient": "ambient_temperature_celsius",
}


def normalise(raw: RawTable, layout: Layout, options, where: str) -> Table:
    """The table under BDF names. Raises ReadError where the file does not tell what must be known."""
    source, table = Columns(raw, layout), Table()
    clock = read_wall_clock(source)
    time, step_time = times(source, table, clock, options, where)
    table.columns["test_time_second"] = (time, "s")
    clock_columns(source, table, clock, time, options)
    state = _states(source)
    starts = _steps(source, table, step_time)
    current = _current(source, table, state, starts, options)
    charge = _capacity(source, table, current, time, starts, step_time, options)
    energy = _energy(source, table, current, starts, step_time)
    voltage = _voltage(source, table, charge, energy, starts, options)
    if charge is not None:
        table.notes.extend(records.check_counter(charge, current, time, starts))
    types = records.step_types(current, voltage, starts)
    table.columns["step_type"] = (types[np.cumsum(starts) - 1], "1")
    _others(source, table)
    order = ["test_time_second", "voltage_volt", "current_ampere"]
    table.columns = {name: table.columns[name] for name in order} | table.columns
    return table


def _states(source: Columns) -> np.ndarray | None:
    series = source.series("state")
    return None if series is None or series.dtype != pl.String else text_array(series)


def _steps(source: Columns, table: Table, step_time) -> np.ndarray:
    record, cycle, step, end = (source.whole(role) for role in ("record", "cycle", "step", "end"))
    length = source.raw.frame.height
    if record is not None:
        table.columns["record_index"] = (record, "1")
        if record[0] > 1:
            table.note("info", f"the file begins at record {record[0]}: what came before is in another file")
    if cycle is None and (cycle := source.whole("cycle_p")) is not None:
        table.note("info", "cycles are those of the procedure ('Cycle P'): the file has no others")
    if step is None:
        starts = records.direction_starts(source.numbers("current"))
        table.note("warning", "the file numbers no steps: they are taken from the direction of the current")
    else:
        table.columns["step_id"] = (step, "1")
        ended = None if end is None else end >= 128
        starts = records.step_starts(step, np.zeros(length) if cycle is None else cycle, step_time, ended)
    if cycle is None:
        cycle = records.count_cycles(source.numbers("current"))
        table.note("warning", "the file numbers no cycles: they are counted from the direction of the current")
    elif (paused := source.whole("cycle_p")) is not None and source.series("cycle") is not None:
        table.columns["Cycle P"] = (paused, "1")
    table.columns["cycle_count"] = (cycle, "1")
    table.columns["step_count"] = (np.cumsum(starts), "1")
    if np.any(np.diff(cycle) < 0):
        table.note("warning", "the cycle number falls within the file; it is kept as the file has it")
    return starts


def _current(source: Columns, table: Table, state, starts, options) -> np.ndarray:
    current = _electric(source, table, "current", "A", options)
    if state is not None:
        table.columns[source.name("state")] = (state, "1")
        current = _signed(current, _within_step(state, starts), table)
    elif not np.any(current < 0):
        table.note(
            "warning", "no column tells charge from discharge, and no current is negative: all is taken as charge"
        )
    table.columns["current_ampere"] = (current, "A")
    return current


def _electric(source: Columns, table: Table, role: str, base: str, options) -> np.ndarray:
    """Current in A, charge in Ah."""
    values, unit = source.numbers(role), source.unit(role)
    if values is None:
        raise ReadError(f"the file has no column of the {role}", expected="it was looked for when the file was opened")
    if options.current_unit != "auto":
        unit = options.current_unit + base[1:]
    elif not unit:
        table.note("info", f"'{source.name(role)}' names no unit: {base} is taken, as MACCOR writes it")
    return values * units.linear(unit or base, base)[0]


def _within_step(state: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """A missing state (a cut last row) is that of the record before, if both are of one step."""
    return np.where((state == "") & ~starts, np.roll(state, 1), state)


def _signed(current: np.ndarray, state: np.ndarray, table: Table) -> np.ndarray:
    charge, discharge = state == "C", state == "D"
    sum_c, sum_d = np.nansum(current[charge]), np.nansum(current[discharge])
    odd = ~np.isin(state, ("C", "D", "R", "")) & (np.abs(np.nan_to_num(current)) > 0)
    if odd.any():
        kinds = ", ".join(sorted(set(state[odd])))
        table.note("warning", f"{odd.sum()} records in state {kinds} bear a current: its sign is the file's own")
    if sum_d > 0 and sum_c < 0:
        table.note("repair", "currents are negative on charge: all signs are turned, positive now charges the cell")
        return -current
    if sum_d > 0:
        table.note("info", "currents bear no sign: the state D makes them negative")
        untold = (state == "") & (current != 0)
        return np.where(untold, np.nan, np.where(discharge, -current, current))
    return current


def _capacity(source, table, current, time, starts, step_time, options) -> np.ndarray | None:
    if source.series("capacity") is None:
        table.note("warning", "the file has no capacity counter: the charge of each step is the integral of I dt")
        table.columns["step_cumulative_capacity_ah"] = (records.integral_within(current, time, starts), "Ah")
        return None
    raw = _electric(source, table, "capacity", "Ah", options)
    counter = records.step_counter(raw, starts, current, step_time)
    table.columns["step_cumulative_capacity_ah"] = (counter.values, "Ah")
    name = source.name("capacity")
    if counter.continued:
        table.note(
            "info",
            f"'{name}' runs on at {counter.continued} step changes and restarts at {counter.restarted}: "
            "it is counted anew from each step's start",
        )
    elif counter.restarted:
        table.note("info", f"'{name}' restarts with each step")
    return counter.values


def _energy(source, table, current, starts, step_time) -> np.ndarray | None:
    if source.series("energy") is None:
        return None
    values = source.numbers("energy") * units.linear(source.unit("energy") or "Wh", "Wh")[0]
    power = np.abs(current) * np.nan_to_num(source.numbers("voltage"))
    counter = records.step_counter(values, starts, power, step_time)
    table.columns["step_cumulative_energy_wh"] = (counter.values, "Wh")
    return counter.values


def _voltage(source, table, charge, energy, starts, options) -> np.ndarray:
    voltage, unit, name = source.numbers("voltage"), source.unit("voltage"), source.name("voltage")
    if options.voltage_unit != "auto":
        unit = options.voltage_unit
    voltage = voltage * units.linear(unit or "V", "V")[0]
    if options.voltage_unit == "auto":
        voltage = _in_volts(voltage, charge, energy, starts, name, table)
    table.columns["voltage_volt"] = (voltage, "V")
    return voltage


def _in_volts(voltage, charge, energy, starts, name, table) -> np.ndarray:
    have = charge is not None and energy is not None
    ratio = records.mean_voltage_ratio(charge, energy, voltage, starts) if have else float("nan")
    factor = unit_factor(ratio, (1.0, 1e-3, 1e3))
    if factor not in (None, 1.0):
        table.note(
            "repair",
            f"'{name}' is in {'mV' if factor < 1 else 'kV'}: energy over charge is {ratio:.4g} of its mean; "
            "it is converted to V",
        )
        return voltage * factor
    typical = float(np.nanmedian(np.abs(voltage))) if np.isfinite(voltage).any() else 0.0
    if factor is None and typical > _IMPOSSIBLE_VOLTAGE:
        table.note(
            "warning",
            f"'{name}' would be {typical:.4g} V, which no cell has: it is taken as mV (not proven by the file); "
            'say voltage_unit = "V" if it is not',
        )
        return voltage * 1e-3
    return voltage


def _others(source: Columns, table: Table) -> None:
    """Temperatures under BDF names, and every other column under its own."""
    columns = source.layout.columns
    done = {"record", "cycle", "cycle_p", "step", "test_time", "step_time", "capacity", "energy"}
    done |= {"current", "voltage", "state", "clock"}
    if source.layout.where("test_time") is None:
        done.add("prog_time")
    unknown = []
    skip: set[int] = set()
    for i, column in enumerate(columns):
        if (column.role in done and source.layout.where(column.role) == i) or i in skip:
            continue
        series = source.raw.frame[f"c{i}"]
        if column.role in _TEMPERATURES:
            table.columns[_TEMPERATURES[column.role]] = (to_numbers(series), column.unit or "degC")
            continue
        if not column.name or (column.name.startswith("Unnamed") and series.null_count() == len(series)):
            continue
        unit = column.unit
        if i + 1 < len(columns) and columns[i + 1].name.lower() == "units":
            written = source.raw.frame[f"c{i + 1}"].cast(pl.String).str.strip_chars().unique().drop_nulls().to_list()
            if len(written) <= 1:
                unit, skip = (read_unit(written[0]) if written else ""), skip | {i + 1}
        name = _free_name(column.name, table.columns)
        table.columns[name] = (
            (text_array(series), "1") if series.dtype == pl.String else (to_numbers(series), unit or "1")
        )
        if column.role != "end":
            unknown.append(name)
    if unknown:
        table.note("info", f"{len(unknown)} further columns are kept under their own names: {_listed(unknown)}")


def _free_name(name: str, taken) -> str:
    if name not in taken:
        return name
    return next(f"{name} ({i})" for i in range(2, 10_000) if f"{name} ({i})" not in taken)


def _listed(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 8 else ", ".join(names[:6]) + f" ... {names[-1]}"
