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
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nacre.core import units
from nacre.core.contracts import Head, Reader
from nacre.core.errors import NacreError, ReadError, did_you_mean
from nacre.core.options import option
from nacre.core.signal import Note, Signal, table
from nacre.readers.cycling import bdf_names
from nacre.readers.cycling.bdf import number_steps
from nacre.readers.text import text_file

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
    text = text_file.load(path)
    headings, rows, notes = _rows(text, options, path.name)
    columns = {e.name: _column(e, headings, rows, options, path.name) for e in entries}
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


def _rows(text: text_file.RawText, options: TableOptions, where: str):
    """(headings, cells of every whole row, notes)."""
    lines = text.data.split(b"\n", options.skip)
    if len(lines) <= options.skip:
        raise ReadError("the file ends before its table", where=where, found=f"{len(lines)} lines", do="lower skip")
    body = lines[-1]
    first = body.lstrip(b"\n").split(b"\n", 1)[0].decode(errors="replace")
    separator = _SEPARATORS[options.separator] or (text_file.separator(first) if re.search(r"[\t;,]", first) else " ")
    rows, notes = _split(body, separator, len(first.split(separator)))
    headings = [cell.strip().strip('"') for cell in rows.pop(0)] if options.headed and rows else []
    if not rows:
        raise ReadError("the table holds no rows", where=where, found="column names only" if headings else "nothing")
    return headings or [f"#{i + 1}" for i in range(len(rows[0]))], rows, notes


def _split(body: bytes, separator: str, columns: int) -> tuple[list[list[str]], list[Note]]:
    left_out = Note("repair", "the file ends within its last line, or without a line end: that row is left out")
    if separator == " ":
        rows = [line.split() for line in body.decode(errors="replace").splitlines() if line.strip()]
        cut = len(rows) > 1 and not body.endswith(b"\n") and len(rows[-1]) < len(rows[-2])
        return (rows[:-1], [left_out]) if cut else (rows, [])
    end = text_file.mend_end(body, separator, columns)
    lines = end.whole.decode(errors="replace").splitlines()
    return [line.split(separator) for line in lines if line.strip()], [] if end.kept is None else [left_out]


def _column(entry: Entry, headings: list[str], rows, options: TableOptions, where: str) -> tuple[np.ndarray, str]:
    place = _place(entry, headings, where)
    cells = [row[place].strip() if place < len(row) else "" for row in rows]
    comma = options.decimal == "," or (options.decimal == "auto" and text_file.decimal_mark(cells) == ",")
    plain = [cell.replace(",", ".") for cell in cells] if comma else cells
    try:
        values = np.array([float(cell) if cell else np.nan for cell in plain])
    except ValueError:
        wrong = next((i, cell) for i, cell in enumerate(plain) if cell and not _is_number(cell))
        raise ReadError(
            f"column '{entry.source}' holds something that is not a number",
            where=where,
            found=f"'{cells[wrong[0]]}' in row {wrong[0] + 1}",
            expected=f"numbers with a decimal {'comma' if comma else 'point'}",
            do="set decimal, separator or skip in reader_options",
        ) from None
    return _in_its_unit(entry, values, where)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _place(entry: Entry, headings: list[str], where: str) -> int:
    number = re.fullmatch(r"#(\d+)", entry.source)
    if number and 0 < int(number[1]) <= len(headings):
        return int(number[1]) - 1
    if entry.source in headings:
        return headings.index(entry.source)
    raise ReadError(
        f"there is no column '{entry.source}'",
        where=where,
        found=", ".join(headings),
        do=did_you_mean(entry.source, headings),
    )


def _in_its_unit(entry: Entry, values: np.ndarray, where: str) -> tuple[np.ndarray, str]:
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
