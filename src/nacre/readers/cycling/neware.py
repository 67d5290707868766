"""Neware raw files (.nda, .ndax), through the package fastnda (BSD-3).

`.nda` begins with `NEWARE`; `.ndax` is a zip archive. fastnda decodes them; this reader names what it gives as the
Battery Data Format does and checks it. fastnda is not needed for anything else and is not installed with nacre.

Cycles are the file's own (fastnda's "raw" numbering) where it has them, and otherwise counted by fastnda. Current is
positive on charge. step_cumulative_capacity_ah is the size of the step's net charge, as Neware counts it from 0 in
each step. Step types `CC_DChg` become `CC_DCH` and so on. The wall clock is that of the file.

Uncertainty: none is stated; voltage, current and capacity have 4 bytes.
"""

import importlib
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal, table
from nacre.readers.cycling import bdf_names, records

_ZIP = b"PK\x03\x04"
_SIGNED = {"step_net_capacity_ah": "step_cumulative_capacity_ah", "step_net_energy_wh": "step_cumulative_energy_wh"}


def sniff(head: Head) -> float:
    """Sure where a .nda begins with its maker's name, or a .ndax is a zip archive."""
    if head.start.startswith(b"NEWARE"):
        return 0.97
    return 0.85 if head.suffix == ".ndax" and head.start.startswith(_ZIP) else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """One signal of kind "cycling". Raises ReadError, also where fastnda is not installed."""
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ReadError("cannot open the file", where=path.name, found=error.strerror or str(error)) from None
    frame = _decode(path)
    if not frame.height:
        raise ReadError("the file holds no records", where=path.name, found="0 records", do="take the file out")
    columns = {}
    for name in frame.columns:
        series = frame[name]
        if name == "step_type":
            columns[name] = (np.array([_step_type(str(text)) for text in series.to_list()]), "1")
        elif series.dtype.is_numeric():
            unit = bdf_names.unit_of(name) if name in bdf_names.LABELS else "1"
            kind = np.int64 if series.dtype.is_integer() else float
            columns[name] = (series.to_numpy().astype(kind), unit)
    return [_signal(columns, path, raw)]


def _decode(path: Path):
    try:
        fastnda = importlib.import_module("fastnda")
    except ImportError:
        raise ReadError(
            "Neware files need the package fastnda, which is not installed",
            where=path.name,
            do="run `pip install fastnda`, or export the test from BTSDA as csv and use reader = 'table'",
        ) from None
    try:
        return fastnda.read(path, cycle_mode="raw", columns="bdf")
    except Exception as error:  # fastnda raises many kinds on damaged files
        raise ReadError(
            "fastnda cannot decode the file",
            where=path.name,
            found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            do="copy the file again, update fastnda, or export the test from BTSDA as csv",
        ) from None


def _step_type(text: str) -> str:
    return "REST" if text in ("Rest", "OCV", "Pause") else text.upper().replace("DCHG", "DCH")


def _signal(columns: dict, path: Path, raw: bytes) -> Signal:
    missing = [name for name in bdf_names.REQUIRED if name not in columns]
    if missing:
        raise ReadError(
            "fastnda gives no " + ", ".join(missing),
            where=path.name,
            found=", ".join(columns),
            do="update fastnda: `pip install -U fastnda`",
        )
    notes: list[Note] = []
    time, current = columns["test_time_second"][0], columns["current_ampere"][0]
    if "cycle_count" not in columns:
        columns["cycle_count"] = (records.count_cycles(current), "1")
        notes.append(Note("warning", "the file numbers no cycles: they are counted from the direction of the current"))
    if "step_count" in columns:
        starts = np.append(True, np.diff(columns["step_count"][0]) != 0)
    else:
        starts = records.direction_starts(current)
        notes.append(Note("warning", "the file numbers no steps: they are taken from the direction of the current"))
        columns["step_count"] = (np.cumsum(starts), "1")
    for net, size in _SIGNED.items():
        if net in columns:
            columns[size] = (np.abs(columns[net][0]), columns[net][1])
    if "step_cumulative_capacity_ah" in columns:
        notes.extend(records.check_counter(columns["step_cumulative_capacity_ah"][0], current, time, starts))
    else:
        columns["step_cumulative_capacity_ah"] = (records.integral_within(current, time, starts), "Ah")
        notes.append(
            Note("warning", "the file has no capacity counter: the charge of each step is the integral of I dt")
        )
    columns = {name: columns[name] for name in bdf_names.REQUIRED} | columns
    return table("cycling", columns, notes=tuple(notes), name=path.stem)


READER = Reader(
    name="neware",
    words="Neware raw file (.nda, .ndax; needs fastnda)",
    kinds=("cycling",),
    suffixes=(".nda", ".ndax"),
    sniff=sniff,
    read=read,
)
