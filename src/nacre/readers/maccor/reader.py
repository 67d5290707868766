"""MACCOR text exports (MIMS Client, MacTest): cycling tables of any of the dialects in use.

Layout
------
Header lines, then one line of column names, perhaps a blank line, then one record per line. The header is one line
(`Today's Date 07/17/2019  Date of Test:<tab>...`), some `key<tab>value` lines, or three lines of several pairs.
Separators are tab, semicolon or comma; decimal marks point or comma; line ends LF or CRLF; encodings ASCII, UTF-8,
Windows-1252 or UTF-16, at times with stray 0xFF bytes. A file fetched while the test runs ends in a cut line.

Columns (any order; which dialect a file is in follows from these names and its numbers, never from the file's name)
-------
Rec# | Rec                          record_index            may begin late, where the start is in another file
Cyc# | Cycle | Cycle C              cycle_count             as the file has it; `Cycle P` is kept beside it
Step                                step_id                 the procedure's step number
TestTime | Test (Sec) | Test (Min)  test_time_second        numbers in s, min or h, or `0d 00:00:05.0`
StepTime | Step (Sec)               step_time_second
Amp-hr | mAmp-hr | Cap. [Ah]        step_cumulative_capacity_ah
Watt-hr | mWatt-hr | Ener. [Wh]     step_cumulative_energy_wh
Amps | mAmps | Current [A]          current_ampere          mostly without sign: State tells charge from discharge
Volts | Voltage [V]                 voltage_volt            in mV in some exports that say `Volts`
State | MD | Md                     C charge, D discharge, R rest, P pause, S suspended; others are kept as they are
ES                                  end status: 0 begin of step, 1-127 in it, from 128 its last record
DPt Time                            unix_time_second        wall clock without time zone, taken as UTC
Temp 1, Temperature ...             temperature_t1_celsius
Aux #n with Units                   kept, with the unit of the column beside it
anything else                       kept under its own name

The Amp-hr counter restarts with each step in some files and runs on through steps of one direction in others; each
step change is decided by the numbers, and the result always counts from the step's start. step_count and step_type
are derived. A row whose line is cut is kept as far as its cells are whole, the others being NaN.

Uncertainty: none is stated in these files. Resolution is that of the printed digits; the clock's is 1 s.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import option
from nacre.core.signal import Note, Signal, Variable
from nacre.readers.maccor import header, units
from nacre.readers.maccor import table as maccor_table
from nacre.readers.maccor.careful import read_carefully
from nacre.readers.maccor.header import Layout
from nacre.readers.maccor.table import RawTable
from nacre.readers.maccor.writer import write
from nacre.readers.text import text_file

_EXPORT = (
    "open it in MACCOR's software (MIMS Client or MacTest) and export it as text (tab separated), with Rec, Cycle, "
    "Step, Test Time, Step Time, Amp-hr, Watt-hr, Amps, Volts, State, ES and DPt Time; then put the .txt in its place"
)


@dataclass(frozen=True)
class MaccorOptions:
    """What a person knows better than the file; each is decided from the file where it is left out."""

    date_order: str = option("auto", "which comes first in dates like 06/05/2021", choices=("auto", "dmy", "mdy"))
    time_unit: str = option("auto", "unit of the test time", choices=("auto", "s", "min", "h"))
    voltage_unit: str = option("auto", "unit of the voltage", choices=("auto", "V", "mV"))
    current_unit: str = option("auto", "unit of current and capacity", choices=("auto", "A", "mA"))
    cut_row: str = option("keep", "whether a cut last row stays, its missing cells NaN", choices=("keep", "drop"))


def sniff(head: Head) -> float:
    """Sure where a line names MACCOR's own columns."""
    data, _, _ = text_file.to_utf8(head.start)
    return 0.95 if header.find_layout(data) else 0.0


def refuse(head: Head) -> str:
    """Names MACCOR's binary raw files (NAME.081, numbered by channel) and its procedures, and the way out."""
    numbered = re.fullmatch(r"\.\d{3}", head.suffix) is not None
    if b"MaccorTestProcedure" in head.start[:4096]:
        return "this is a MACCOR procedure, which holds no data: take it out, or give its data file instead"
    if head.looks_binary and (numbered or b"maccor" in head.start[:8192].lower()):
        return f"this looks like a raw MACCOR file, which is binary: {_EXPORT}"
    return ""


def read(path: Path, options: MaccorOptions | None = None) -> list[Signal]:
    """One signal of kind "cycling" on the axis `record`. Raises ReadError."""
    options = options or MaccorOptions()
    path = Path(path)
    text = text_file.load(path)
    layout, raw = _records(text.data, options, path.name)
    table = units.normalise(raw, layout, options, path.name)
    notes = (*_text_notes(text), *raw.notes, *table.notes)
    variables = {
        name: Variable(np.asarray(values), unit, ("record",)) for name, (values, unit) in table.columns.items()
    }
    return [
        Signal(
            "cycling",
            variables,
            metadata={**layout.metadata, **table.metadata, "encoding": text.encoding},
            notes=notes,
            name=path.stem,
        )
    ]


def _records(data: bytes, options: MaccorOptions, where: str) -> tuple[Layout, RawTable]:
    """The records: fast where every line is plain, else by the core that accounts for each. Raises ReadError."""
    layout = header.find_layout(data)
    if layout is not None:
        raw = maccor_table.read_table(data, layout, where, keep_cut=options.cut_row == "keep")
        if raw is not None:
            return layout, raw
    found = read_carefully(data, where)
    if found is None:
        raise ReadError(
            "no line names MACCOR's columns",
            where=where,
            found=f"text that begins {data[:60].decode(errors='replace')!r}",
            expected="columns such as Rec#, Cyc#, Step, TestTime, Amp-hr, Amps, Volts, State, DPt Time",
            do=f"export the file again as text, or, if it is not a MACCOR file, say so: {_EXPORT}",
        )
    return found


def _text_notes(text: text_file.RawText) -> list[Note]:
    if not text.stray:
        return []
    return [Note("repair", f"{text.stray} stray bytes 0xFF were taken out of the text")]


READER = Reader(
    name="maccor",
    words="MACCOR text export",
    kinds=("cycling",),
    suffixes=(".txt", ".csv", ".001"),
    sniff=sniff,
    read=read,
    options=MaccorOptions,
    write=write,
    refuse=refuse,
)
