"""One file's cycling record from its signal: what is missing, repeated or out of order is found and named."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nacre.core.errors import NacreError
from nacre.core.result import Check
from nacre.core.signal import Signal
from nacre.physics.cycling import counters, record_checks
from nacre.techniques.cycling.record.rows import CyclingRecord, select_rows

NEEDED = {"test_time_second": "s", "voltage_volt": "V", "current_ampere": "A"}
# a cycler's counters, the finest first: one column for both directions, or a pair
COUNTERS: tuple[tuple[str, ...], ...] = (
    ("step_cumulative_capacity_ah",),
    ("step_capacity_ah",),
    ("step_charging_capacity_ah", "step_discharging_capacity_ah"),
    ("step_net_capacity_ah",),
    ("cycle_charging_capacity_ah", "cycle_discharging_capacity_ah"),
    ("cycle_cumulative_capacity_ah",),
    ("cycle_net_capacity_ah",),
    ("schedule_charging_capacity_ah", "schedule_discharging_capacity_ah"),
    ("charging_capacity_ah", "discharging_capacity_ah"),
    ("cumulative_capacity_ah",),
    ("net_capacity_ah",),
)
# columns that tell tests apart; `cell_id` and the like are words of some makers' files
IDENTITY = ("test_id", "channel_id", "channel", "chan", "cell_id", "cellid", "barcode", "test_name")
LEAST_VOLTS = 1e-4  # a voltage below it beside others of volts was not recorded


@dataclass(frozen=True)
class FileRecord:
    """One file: its rows, its wall clock in s since 1970 (rows,) or None, what says whose it is."""

    rows: CyclingRecord
    clock: np.ndarray | None
    identity: dict[str, str]


def read_file(signal: Signal) -> FileRecord:
    """The rows of one file. Raises NacreError where a column is missing or there are no rows."""
    _check_columns(signal)
    rows, clock = _take_columns(signal)
    rows, clock = _leave_out_holes(rows, clock)
    rows, clock = _leave_out_repeated(rows, clock)
    rows, clock = _put_in_order(rows, clock)
    rows = _count(signal, _run_clock_on(rows))
    rows = replace(rows, checks=(*rows.checks, *_check_numbering(signal, rows)))
    metadata = {str(k): str(v) for k, v in signal.metadata.items() if k in ("channel", "channel_serial", "barcode")}
    return FileRecord(_stop_at_several_tests(signal, rows), clock, metadata)


def _check_columns(signal: Signal) -> None:
    if signal.kind != "cycling":
        raise NacreError("not a cycling file", where=signal.where, found=f"'{signal.kind}'", expected="'cycling'")
    missing = [name for name in NEEDED if name not in signal]
    if missing:
        raise NacreError(
            f"no column {' and '.join(missing)}",
            where=signal.where,
            found=", ".join(signal.variables),
            do="export the file with time, voltage and current",
        )
    if not len(signal.array("test_time_second", "s")):
        raise NacreError("the file holds no records", where=signal.where)


def _take_columns(signal: Signal) -> tuple[CyclingRecord, np.ndarray | None]:
    time, voltage, current = (np.asarray(signal.array(name, unit), float) for name, unit in NEEDED.items())
    step, cycle = (signal.array(n, "1") if n in signal else None for n in ("step_count", "cycle_count"))
    clock = np.asarray(signal.array("unix_time_second", "s"), float) if "unix_time_second" in signal else None
    began = np.nan if clock is None or not np.isfinite(clock[0]) else float(clock[0])
    number = np.arange(1, len(time) + 1)
    rows = CyclingRecord(
        time,
        voltage,
        current,
        step=step,
        cycle=cycle,
        number=number,
        where=signal.where,
        origin=signal.origin,
        began=began,
    )
    return _blank_unrecorded_voltages(rows), clock


def _blank_unrecorded_voltages(rows: CyclingRecord) -> CyclingRecord:
    """A voltage of exactly 0 in a record of volts was not recorded: charge is known there, energy is not."""
    zero = rows.voltage == 0
    there = np.abs(rows.voltage[~zero & np.isfinite(rows.voltage)])
    # a cell that is cycled through 0 V passes it in single records, on either side of which are millivolts
    if not zero.any() or not there.size or np.percentile(there, 5) < 0.1:
        return rows
    first = int(rows.number[np.argmax(zero)]) if rows.number is not None else 0
    text = f"{rows.where}: the voltage is 0 in {zero.sum()} of {len(rows)} records (first: record {first})"
    cure = "it was not recorded there, or the cell was shorted: voltages and energies of those half cycles are unknown"
    return replace(rows, voltage=np.where(zero, np.nan, rows.voltage), checks=(*rows.checks, Check("fail", text, cure)))


def _leave_out_holes(rows: CyclingRecord, clock: np.ndarray | None) -> tuple[CyclingRecord, np.ndarray | None]:
    """Rows without time or current, or without a voltage that is not merely zero, are left out and counted."""
    whole = np.isfinite(rows.time) & np.isfinite(rows.current)
    if clock is not None:
        whole &= np.isfinite(clock)
    if whole.all():
        return rows, clock
    lost = np.flatnonzero(~whole)
    kept = select_rows(rows, whole)
    # the record that the end of a file cut has cells missing; its reader has said so
    if not np.array_equal(lost, [len(rows) - 1]):
        text = f"{rows.where}: {len(lost)} records lack a time or current (first: record {lost[0] + 1})"
        kept = replace(kept, checks=(*kept.checks, Check("info", f"{text}; they are left out")))
    return kept, None if clock is None else clock[whole]


def _leave_out_repeated(rows: CyclingRecord, clock: np.ndarray | None) -> tuple[CyclingRecord, np.ndarray | None]:
    """Rows that the file holds twice, counted once."""
    told = [rows.time, rows.voltage, rows.current, *(v for v in (rows.step, rows.cycle) if v is not None)]
    if clock is not None:
        told.append(clock)
    if np.all(np.diff(rows.time) > 0):
        return rows, clock
    repeated = record_checks.find_repeated(*told)
    if not repeated.any():
        return rows, clock
    kept = select_rows(rows, ~repeated)
    first = int(np.argmax(repeated)) + 1
    text = f"{rows.where}: {repeated.sum()} of {len(rows)} records repeat earlier ones (first: record {first})"
    # one record that closes a step and opens the next is how some cyclers write
    twice = np.count_nonzero(repeated) > 0.02 * len(rows)
    check = Check(
        "warn" if twice else "info", f"{text}; each was counted once", "the file was exported or joined twice"
    )
    return replace(kept, checks=(*kept.checks, check)), None if clock is None else clock[~repeated]


def _put_in_order(rows: CyclingRecord, clock: np.ndarray | None) -> tuple[CyclingRecord, np.ndarray | None]:
    order = record_checks.order_blocks(rows.time)
    if order is None:
        return rows, clock
    sorted_rows = select_rows(rows, order)
    at = int(np.argmax(np.diff(rows.time) < 0)) + 2
    text = (
        f"{rows.where}: blocks of records are out of order (time falls at record {at}); they were sorted by test time"
    )
    # the number of a cycle that a reader counted from the current falls where blocks were swapped: it is counted anew
    if sorted_rows.cycle is not None and np.any(np.diff(sorted_rows.cycle.astype(float)) < 0):
        sorted_rows = replace(sorted_rows, cycle=None)
    check = Check("warn", text, "look at how the file was put together")
    return replace(sorted_rows, checks=(*rows.checks, check)), None if clock is None else clock[order]


def _run_clock_on(rows: CyclingRecord) -> CyclingRecord:
    if np.all(np.diff(rows.time) >= 0):
        return rows
    mended = record_checks.run_clock_on(rows.time, rows.current)
    numbers = rows.number if rows.number is not None else np.arange(1, len(rows) + 1)
    checks = [
        Check(
            "warn",
            f"{rows.where}: the clock was set back by {hours:g} h at record {numbers[k]}; it was run on",
            "the interval there follows from its neighbours",
        )
        for k, hours in mended.proven
    ]
    for k in mended.lost[:3]:
        fall = rows.time[k - 1] - rows.time[k]
        text = f"{rows.where}: time falls by {fall:.6g} s at record {numbers[k]}"
        cure = "a restarted clock or joined tests: what passed at that record is known from a charge counter alone"
        checks.append(Check("warn", text, cure))
    return replace(rows, time=mended.time, lost=mended.lost, checks=(*rows.checks, *checks))


def _count(signal: Signal, rows: CyclingRecord) -> CyclingRecord:
    """The charge of every row by each of the file's counters."""
    places = (rows.number if rows.number is not None else np.arange(1, len(rows) + 1)) - 1
    size = np.abs(rows.current)
    interval = np.clip(np.diff(rows.time, prepend=rows.time[:1]), 0, None)
    expected = 0.5 * (size + np.append(size[:1], size[:-1])) * interval
    signs = np.sign(rows.current)
    fresh = np.append(True, signs[1:] != signs[:-1])
    if rows.step is not None:
        fresh |= np.append(True, rows.step[1:] != rows.step[:-1])
    counted, digits = {}, {}
    for names in COUNTERS:
        if not all(name in signal for name in names):
            continue
        columns = [np.asarray(signal.array(name, "C"), float)[places] for name in names]
        if not any(np.nan_to_num(column).any() for column in columns):
            continue
        counted[" and ".join(names)] = counters.count_passed(columns, fresh, expected)
        digits[" and ".join(names)] = max(record_checks.find_resolution(column / 3600) for column in columns) * 3600
    return replace(rows, counted=counted, digits=digits)


def _check_numbering(signal: Signal, rows: CyclingRecord) -> list[Check]:
    """Holes in the file's own numbers of records and cycles."""
    checks = []
    if "record_index" in signal:
        index = np.asarray(signal.array("record_index", "1"), float)
        steps = np.diff(index)
        usual = np.median(steps) if len(steps) else 1.0
        holes = np.flatnonzero(steps > usual)
        if usual == 1.0 and holes.size:
            missing = int(np.sum(steps[holes] - 1))
            text = f"{signal.where}: {missing} records are missing by the file's own numbers"
            at = f"first between {index[holes[0]]:.0f} and {index[holes[0] + 1]:.0f}"
            checks.append(Check("warn", f"{text} ({at})", "a part of the file was left out at export"))
    return checks + _check_cycle_numbers(signal.where, rows)


def _check_cycle_numbers(where: str, rows: CyclingRecord) -> list[Check]:
    if rows.cycle is None or not len(rows):
        return []
    numbers = np.asarray(rows.cycle, float)
    checks = []
    holes = np.flatnonzero(np.diff(numbers) > 1)
    if holes.size:
        spans = ", ".join(f"{numbers[k] + 1:.0f} to {numbers[k + 1] - 1:.0f}" for k in holes[:3].tolist())
        text = f"{where}: the file's own cycle counter leaves out {spans}: cycles are missing"
        checks.append(Check("fail", text, "later cycles are counted here as if there had been none; export all cycles"))
    if numbers[0] > 1:
        checks.append(
            Check("info", f"{where} begins with the file's own cycle {numbers[0]:.0f}; cycles count from 1 here")
        )
    return checks


def _stop_at_several_tests(signal: Signal, rows: CyclingRecord) -> CyclingRecord:
    """A file of several channels or tests is none of one cell."""
    for name, variable in signal.variables.items():
        if name.strip().lower().replace(" ", "_") not in IDENTITY or variable.values.ndim != 1:
            continue
        found = _list_distinct(variable.values)
        if len(found) > 1:
            listed = ", ".join(found[:4])
            return replace(rows, stopped=f"{signal.where} holds {len(found)} tests ({name} {listed})")
    return rows


def _list_distinct(values: Sequence) -> list[str]:
    return [str(v) for v in dict.fromkeys(np.asarray(values).tolist()) if v == v and str(v).strip()]
