"""Writes a cycling signal as a MACCOR export: decimal commas, minutes, day first, as European MIMS clients do."""

import datetime
from pathlib import Path

import numpy as np
import polars as pl

from nacre.core import files
from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import NacreError
from nacre.core.signal import Signal
from nacre.readers.cycling.records import integral_within

_COLUMNS = (
    "Rec\tCycle P\tCycle C\tStep\tTestTime\tStepTime\tCap. [Ah]\tEner. [Wh]\tCurrent [A]\tVoltage [V]\tMd\tES\tDPT Time"
)
_ROW = "%d\t%d\t%d\t%d\t%.7f\t%.7f\t%.10f\t%.10f\t%.9f\t%.5f"


def write(signal: Signal, path: Path) -> None:
    """Writes the signal's records. Raises NacreError where it has no clock (unix_time_second or metadata `start`).

    Time, voltage, current, cycle_count and step_count must be there; step time, step charge and energy, state and
    end status are derived where they are not. Currents are written without sign, as the instrument does.
    """
    time = signal.array("test_time_second", "s")
    current, voltage = signal.array("current_ampere", "A"), signal.array("voltage_volt", "V")
    step = signal["step_count"].values
    starts = np.append(True, np.diff(step) != 0)
    first = np.flatnonzero(starts)
    step_time = _or(signal, "step_time_second", "s", time - np.repeat(time[first], _lengths(first, len(time))))
    charge = _or(signal, "step_cumulative_capacity_ah", "Ah", integral_within(current, time, starts))
    energy = _or(signal, "step_cumulative_energy_wh", "Wh", integral_within(current * voltage, time, starts))
    number = signal["step_id"].values if "step_id" in signal else step
    record = signal["record_index"].values if "record_index" in signal else np.arange(1, len(time) + 1)
    cycle = signal["cycle_count"].values
    state = np.where(current > 0, "C", np.where(current < 0, "D", "R"))
    end = np.where(starts, 0, 1)
    end[np.append(first[1:], len(time)) - 1] = np.where(state[first] == "R", 129, 133)
    size = np.abs(current)
    columns = (record, cycle, cycle, number, time / 60, step_time / 60, charge, energy, size, voltage)
    rows = zip(*(np.asarray(column).tolist() for column in columns), strict=True)
    numbers = [(_ROW % row).replace(".", ",") for row in rows]
    tails = zip(numbers, state.tolist(), end.tolist(), _dates(signal, time), strict=True)
    body = "\n".join(f"{row}\t{md}\t{es}\t{date}" for row, md, es, date in tails)
    head = "\n".join(_header(signal, time))
    files.write(path, f"{head}\n\n{_COLUMNS}\n\n{body}\n".replace("\n", "\r\n").encode("cp1252", errors="replace"))


def _or(signal: Signal, name: str, unit: str, otherwise: np.ndarray) -> np.ndarray:
    return signal.array(name, unit) if name in signal else otherwise


def _lengths(first: np.ndarray, length: int) -> np.ndarray:
    return np.diff(np.append(first, length))


def _clock(signal: Signal, time: np.ndarray) -> np.ndarray:
    if "unix_time_second" in signal:
        return signal.array("unix_time_second", "s")
    if "start" not in signal.metadata:
        raise NacreError(
            "a MACCOR file needs a wall clock",
            where=signal.where,
            expected="unix_time_second, or the start in its metadata",
            do='add metadata {"start": "2024-03-01T09:00:00"}',
        )
    start = datetime.datetime.fromisoformat(str(signal.metadata["start"])).replace(tzinfo=datetime.UTC)
    return start.timestamp() + time - time[0]


def _dates(signal: Signal, time: np.ndarray) -> list[str]:
    stamps = pl.Series(np.floor(_clock(signal, time)).astype(np.int64) * 1000).cast(pl.Datetime("ms"))
    return stamps.dt.strftime("%d/%m/%Y %H:%M:%S").to_list()


def _header(signal: Signal, time: np.ndarray) -> list[str]:
    meta = signal.metadata
    comment = str(meta.get("description", meta.get("comment", "")))
    if signal.origin == "synthetic" and VIRTUAL_MARK not in comment:
        comment = f"{VIRTUAL_MARK} {comment}".strip()
    return [
        f"Name:\t{meta.get('name', signal.name)}",
        f"Channel:\t{meta.get('channel', 1)}",
        f"Tester\t{meta.get('tester', 'virtual' if signal.origin == 'synthetic' else '')}",
        f"Procedure\t{meta.get('procedure', '')}",
        f"Description\t{comment}",
        f"Started\t{_dates(signal, time)[0]}",
    ]
