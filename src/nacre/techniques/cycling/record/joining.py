"""One test from its files: ordered by clock, joined by identity, overlaps left out and counted."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nacre.core.result import Check
from nacre.core.signal import Signal
from nacre.techniques.cycling.record.columns import FileRecord, read_file
from nacre.techniques.cycling.record.direction import judge_direction
from nacre.techniques.cycling.record.rows import CyclingRecord, concatenate, select_rows

HOUR = 3600.0
ALIKE = 0.005  # V: two exports of one record agree within it
FAR_APART = 180 * 24 * HOUR  # files of other channels further apart than this are not one test


def join_files(signals: Signal | Sequence[Signal]) -> CyclingRecord:
    """One test from its files, judged; test time, steps and the file's cycles run on where they restart.

    Files are put in the order of their clocks. Rows that an earlier file holds already are dropped and counted; a file
    that ran at the same time with other values, or elsewhere and long apart, is of another cell and is not joined.
    Raises NacreError where a column is missing or a file has no rows.
    """
    files = [signals] if isinstance(signals, Signal) else list(signals)
    where = ", ".join(signal.where for signal in files)
    pieces, checks = _order([read_file(signal) for signal in files])
    joined: list[FileRecord] = []
    for piece in pieces:
        kept, found = _fit_after(joined, piece)
        checks += found
        if kept is not None and len(kept.rows):
            rows = _shift_after([j.rows for j in joined], kept.rows) if joined else kept.rows
            joined.append(replace(kept, rows=rows))
    rows = concatenate([j.rows for j in joined])
    return judge_direction(replace(rows, checks=(*rows.checks, *checks), where=where))


def _order(files: list[FileRecord]) -> tuple[list[FileRecord], list[Check]]:
    """Files by their wall clocks, or by test times that run on from one to the next."""
    if len(files) < 2:
        return files, []
    if all(f.clock is not None for f in files):
        keys = [float(f.clock[0]) for f in files if f.clock is not None]
    else:
        keys = [float(f.rows.time[0]) for f in files]
        ends = [float(f.rows.time[-1]) for f in files]
        order = np.argsort(keys, kind="stable")
        runs_on = all(keys[b] >= ends[a] > 0 for a, b in itertools.pairwise(order))
        if not runs_on:
            return files, []
    order = np.argsort(keys, kind="stable")
    if np.array_equal(order, np.arange(len(files))):
        return files, []
    names = ", ".join(files[k].rows.where for k in order)
    return [files[k] for k in order], [Check("info", f"files were put in the order of their clocks: {names}")]


def _fit_after(before: list[FileRecord], piece: FileRecord) -> tuple[FileRecord | None, list[Check]]:
    """What of a file follows those before it: all of it, what they do not hold yet, or nothing."""
    if not before:
        return piece, []
    if _is_repeated(before, piece):
        text = f"{piece.rows.where} repeats {len(piece.rows)} records of a file before it; it was left out"
        return None, [Check("warn", text, "the test was exported twice")]
    if (stranger := _name_other_cell(before[-1], piece)) != "":
        cure = "give each cell its own files; only what comes first is used"
        return None, [Check("fail", f"{piece.rows.where} is not joined to {before[-1].rows.where}: {stranger}", cure)]
    return _leave_out_overlap(before, piece)


def _is_repeated(before: list[FileRecord], piece: FileRecord) -> bool:
    """Whether an earlier file holds all rows of this one; times may count from elsewhere."""
    rows = piece.rows
    for other in before:
        if len(other.rows) < len(rows):
            continue
        start = np.flatnonzero((other.rows.voltage == rows.voltage[0]) & (other.rows.current == rows.current[0]))
        for at in start.tolist():
            if at + len(rows) > len(other.rows):
                break
            if _is_same(select_rows(other.rows, np.arange(at, at + len(rows))), rows):
                return True
    return False


def _is_same(one: CyclingRecord, other: CyclingRecord) -> bool:
    """Whether two records say the same, wherever their clocks begin."""
    if not np.array_equal(one.voltage, other.voltage, equal_nan=True):
        return False
    # half cycles of other capacities may be alike in all but their intervals
    intervals = np.allclose(np.diff(one.time), np.diff(other.time), rtol=1e-6, atol=1e-3)
    return intervals and np.array_equal(one.current, other.current)


def _name_other_cell(last: FileRecord, piece: FileRecord) -> str:
    """Why a file is of another cell than the one before; "" where nothing says so."""
    other = [name for name in last.identity if name in piece.identity and last.identity[name] != piece.identity[name]]
    words = ", ".join(f"{name} {last.identity[name]} and {piece.identity[name]}" for name in other)
    if last.clock is None or piece.clock is None:
        return ""
    apart = float(piece.clock[0] - last.clock.max())
    if other and apart > FAR_APART:
        return f"{words}, {apart / 86400:.0f} days apart"
    if apart >= 0 or _is_clock_change(last, piece):
        return ""
    inside = piece.clock <= last.clock.max()
    volts = np.interp(piece.clock[inside], last.clock, np.nan_to_num(last.rows.voltage))
    if np.median(np.abs(volts - np.nan_to_num(piece.rows.voltage[inside]))) <= ALIKE:
        return ""
    where = f" ({words})" if words else ""
    return f"both ran at the same time, at other voltages{where}"


def _is_clock_change(last: FileRecord, piece: FileRecord) -> bool:
    """Whether local time was set back by an hour between two files whose test time runs on."""
    if last.clock is None or piece.clock is None:
        return False
    back = float(last.clock.max() - piece.clock[0])
    return 0 < back <= HOUR and 0 <= piece.rows.time[0] - last.rows.time[-1] < 2 * HOUR and piece.rows.time[0] > 0


def _leave_out_overlap(before: list[FileRecord], piece: FileRecord) -> tuple[FileRecord, list[Check]]:
    latest = max((float(b.clock.max()) for b in before if b.clock is not None), default=-np.inf)
    if piece.clock is None or _is_clock_change(before[-1], piece):
        return piece, []
    late = piece.clock > latest
    if late.all():
        return piece, []
    text = f"{piece.rows.where}: {int((~late).sum())} records lie before the end of the file before it"
    rows = select_rows(piece.rows, late)
    moved = tuple(int(np.count_nonzero(late[:row])) for row in piece.rows.lost if late[row])
    kept = replace(piece, rows=replace(rows, lost=moved), clock=piece.clock[late])
    return kept, [Check("warn", f"{text}; they were left out")]


def _shift_after(before: Sequence[CyclingRecord], rows: CyclingRecord) -> CyclingRecord:
    """The rows of a file that follows others: test time, steps and cycles run on where they restart."""
    last = before[-1]
    end = float(last.time[-1])
    # a file that restarts its clock is moved behind the one before; a gap in a running clock is kept
    shift = end - rows.time[0] if rows.time[0] < end else 0.0
    step = 0 if last.step is None else int(last.step[-1])
    steps = None if rows.step is None else rows.step - rows.step[0] + step + 1
    cycles = rows.cycle
    if cycles is not None and last.cycle is not None and cycles[0] <= last.cycle[-1] and cycles[0] <= 1:
        goes_on = np.sign(rows.current[0]) == np.sign(last.current[-1]) != 0
        cycles = cycles - cycles[0] + last.cycle[-1] + (0 if goes_on else 1)
    return replace(rows, time=rows.time + shift, step=steps, cycle=cycles)
