"""Any delimited text table, its columns named by the study.

A file is never taken by this reader on its own: the measurement says `reader = "table"` and what the columns are,

    [[measurement]]
    files = "raw/cell_3*.dat"
    reader = "table"
    reader_options = { columns = ["time = Time (h) [h]", "voltage = U [V]", "current = I [mA]"], decimal = "," }

Each entry is `name = column [unit]`. The name is ours: time, step_time, voltage, current, cycle, step, record,
capacity, energy, temperature, clock (unix time) for cycling, any machine-readable name of the Battery Data Format, or
any other word for other kinds of data. The column is the file's own heading, or its number from 1 (`#3`). The unit in
the last brackets is the column's; it is converted to the one the name asks for, and may be left out where the values
have none. Columns that no entry names are left out.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nacre.core import units
from nacre.core.contracts import Head, Reader
from nacre.core.errors import NacreError, ReadError, did_you_mean
from nacre.core.options import option
from nacre.core.signal import Note, Signal, table
from nacre.readers.cycling import bdf_names
from nacre.readers.cycling.bdf import number_steps
from nacre.readers.sheets import grids, tables
from nacre.readers.sheets.tables import TableHints, TextSheet, TextTable
from nacre.readers.text import text_file
from nacre.readers.text.cells import TextColumn

_SHORT = {
    "time": "test_time_second",
    "step_time": "step_time_second",
    "voltage": "voltage_volt",
    "current": "current_ampere",
    "cycle": "cycle_count",
    "step": "step_id",
    "record": "record_index",
    "capacity": "step_cumulative_capacity_ah",
    "energy": "step_cumulative_energy_wh",
    "temperature": "temperature_t1_celsius",
    "clock": "unix_time_second",
}
_ENTRY = re.compile(r"\s*(?P<name>[^=]+?)\s*=\s*(?P<column>.+?)\s*(?:\[(?P<unit>[^\[\]]*)\]\s*)?$")
_SEPARATORS = {"auto": "", "tab": "\t", "comma": ",", "semicolon": ";", "space": " "}


@dataclass(frozen=True)
class TableOptions:
    """How a table is laid out."""

    columns: tuple[str, ...] = option((), "what the columns are: 'name = column [unit]', like 'voltage = U [V]'")
    kind: str = option("cycling", "what the table holds: cycling, spectrum, pattern ...")
    separator: str = option("auto", "what stands between columns", choices=tuple(_SEPARATORS))
    decimal: str = option("auto", "the decimal mark", choices=("auto", ".", ","))
    skip: int = option(0, "lines above the line of column names", lo=0)
    headed: bool = option(True, "whether a line names the columns")
    positive_current: str = option("charge", "what a positive current does", choices=("charge", "discharge"))


@dataclass(frozen=True)
class Entry:
    """One named column: `source` is its heading or `#number` in the file."""

    name: str
    source: str
    unit: str


def sniff(head: Head) -> float:
    """Never: a table says nothing of what it holds."""
    return 0.0


def read(path: Path, options: TableOptions) -> list[Signal]:
    """One signal of kind `options.kind` with the columns named. Raises ReadError."""
    path = Path(path)
    entries = [read_entry(text, path.name) for text in options.columns]
    if not entries:
        raise ReadError(
            "the columns of the table are not named",
            where=path.name,
            expected='reader_options = { columns = ["time = Time (s) [s]", "voltage = U [V]", "current = I [mA]"] }',
        )
    sheet = _sheet(path, options)
    found = tables.main_table(sheet, path.name) if not sheet.tables else _wanted(sheet, entries, path.name)
    sources = {entry.name: _source(entry, found, options, path.name) for entry in entries}
    columns = {entry.name: _in_its_unit(entry, sources[entry.name], path.name) for entry in entries}
    notes = sheet.notes([found], sources.values())
    if options.kind == "cycling":
        columns, more = _as_cycling(columns, options, path.name)
        notes.extend(more)
    return [table(options.kind, columns, notes=tuple(notes), name=path.stem)]


def read_entry(text: str, where: str = "") -> Entry:
    """`voltage = U [V]` as an Entry. Raises ReadError."""
    match = _ENTRY.fullmatch(text)
    if match is None:
        raise ReadError(
            "cannot read what a column is", where=where, found=f"'{text}'", expected="like 'voltage = U [V]'"
        )
    unit = (match["unit"] or "").strip() or "1"
    try:
        units.check_unit(unit)
    except NacreError as error:
        raise ReadError(error.what, where=where, found=f"'{text}'", do=error.do) from None
    return Entry(_SHORT.get(match["name"], match["name"]), match["column"], unit)


def _sheet(path: Path, options: TableOptions) -> TextSheet:
    """All tables of a text file or of the first sheet of a workbook."""
    decimal = "" if options.decimal == "auto" else options.decimal
    hints = TableHints(_SEPARATORS[options.separator], decimal, options.skip, headed=options.headed)
    if grids.is_workbook(path):
        return tables.read_grid(grids.load(path).rows, path.name, hints)
    text = text_file.load(path)
    lines = text.data.count(b"\n") + 1
    if lines <= options.skip:
        raise ReadError("the file ends before its table", where=path.name, found=f"{lines} lines", do="lower skip")
    return tables.read_tables(text.data.decode(errors="replace"), path.name, hints)


def _wanted(sheet: TextSheet, entries: list[Entry], where: str) -> TextTable:
    """The table that has the columns named; of several the largest. Raises ReadError where none has them all."""
    fitting = [t for t in sheet.tables if all(_place(entry, t) is not None for entry in entries)]
    if fitting:
        return max(fitting, key=lambda t: t.rows)
    best = tables.main_table(sheet, where)
    entry = next(entry for entry in entries if _place(entry, best) is None)
    raise ReadError(
        f"there is no column '{entry.source}'",
        where=where,
        found=", ".join(best.headings) if any(best.headings) else f"{len(best.columns)} columns without names",
        do=did_you_mean(entry.source, best.headings),
    )


def _place(entry: Entry, found: TextTable) -> int | None:
    """The place of an entry's column in a table, None where the table has none."""
    number = re.fullmatch(r"#(\d+)", entry.source)
    if number and 0 < int(number[1]) <= len(found.columns):
        return int(number[1]) - 1
    return found.headings.index(entry.source) if entry.source in found.headings else None


def _source(entry: Entry, found: TextTable, options: TableOptions, where: str) -> TextColumn:
    """The column of an entry. Raises ReadError where it holds no numbers."""
    column = found.columns[_place(entry, found)]
    there = [row for row, text in enumerate(column.texts) if text.strip()]
    if column.kind in ("number", "clock") and (np.isfinite(column.values).any() or not there):
        return column
    row = there[0] if there else 0
    mark = {",": "a decimal comma", ".": "a decimal point"}.get(options.decimal, "a decimal point or comma")
    raise ReadError(
        f"column '{entry.source}' holds something that is not a number",
        where=f"{where}:{found.lines[row]}",
        found=f"'{column.texts[row]}' in row {row + 1}",
        expected=f"numbers with {mark}, or clock times such as 12:34:56",
        do="set decimal, separator or skip in reader_options",
    )


def _in_its_unit(entry: Entry, column: TextColumn, where: str) -> tuple[np.ndarray, str]:
    """The values of a column in the unit that its name asks for."""
    values = column.values
    if column.kind == "clock":
        entry = replace(entry, unit="s")  # a clock time is in seconds, whatever stands in its heading
    if entry.name not in bdf_names.LABELS:
        return values, entry.unit
    wanted = bdf_names.unit_of(entry.name)
    if entry.unit == "1" and wanted != "1":
        raise ReadError(
            f"column '{entry.source}' is given without its unit",
            where=where,
            found=f"'{entry.name} = {entry.source}'",
            expected=f"'{entry.name} = {entry.source} [{wanted}]'",
        )
    try:
        values = units.convert(values, entry.unit, wanted)
    except NacreError as error:
        raise error.at(f"{where}: {entry.name}") from None
    whole = wanted == "1" and np.all(np.isfinite(values)) and np.all(values == np.round(values))
    return (values.astype(np.int64) if whole else values), wanted


def _as_cycling(columns: dict, options: TableOptions, where: str) -> tuple[dict, list[Note]]:
    missing = [name for name in bdf_names.REQUIRED if name not in columns]
    if missing:
        short = {long: word for word, long in _SHORT.items()}
        raise ReadError(
            f"cycling needs more columns: {', '.join(short[name] for name in missing)}",
            where=where,
            found=", ".join(columns),
            do=f"add '{short[missing[0]]} = ... [{bdf_names.unit_of(missing[0])}]' to columns",
        )
    if options.positive_current == "discharge":
        columns["current_ampere"] = (-columns["current_ampere"][0], "A")
    return number_steps(columns)


READER = Reader(
    name="table",
    words="any delimited table, its columns named in study.toml",
    kinds=("cycling",),
    suffixes=(".csv", ".txt", ".dat"),
    sniff=sniff,
    read=read,
    options=TableOptions,
)
