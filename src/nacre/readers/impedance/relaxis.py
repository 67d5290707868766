"""RelaxIS spectrum exports (text).

Layout
------
`RelaxIS 3.0 Spectrum export`, `Date: ...`, then for each spectrum a line of column names (`Data: Frequency`,
`Data: Z'`, `Data: Z''`, ...), a line `DC=..., TM=..., J=...<tab>Model: ...<tab>name`, and tab-separated numbers with
full digits. Fitted columns (`Fit: ...`) may follow the data and are left out. The date is that of the export, not of
the measurement; DC is the potential in V, TM the temperature in degC. RelaxIS names no units: Hz, ohm and degrees.

Result: one signal of kind "impedance" per spectrum, in the file's order of frequencies; Z'' is the true Im(Z).
"""

import re
from dataclasses import replace
from pathlib import Path

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal
from nacre.readers.impedance import eis_csv, eis_table, spectra
from nacre.readers.impedance.eis_table import Heading
from nacre.readers.sheets import tables
from nacre.readers.sheets.tables import TableHints, TextSheet
from nacre.readers.text import text_file

_SETTING = re.compile(r"\b(DC|TM|J|FV\d)=([-+\d.,Ee]+?)(?:, |\t|$)")
_UNITS = {"frequency": "Hz", "real": "ohm", "imaginary": "ohm", "modulus": "ohm", "phase": "deg"}
_NAMES = {"DC": ("potential_set", "V"), "TM": ("temperature", "degC")}


def sniff(head: Head) -> float:
    """Sure where RelaxIS names itself in the first line."""
    first = head.text.split("\n", 1)[0]
    return 0.97 if first.startswith("RelaxIS") and "export" in first else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """The spectra of one export. Raises ReadError."""
    path = Path(path)
    text = text_file.load(path)
    lines = text.data.decode(errors="replace").splitlines()
    heads = [i for i, line in enumerate(lines) if line.startswith("Data: Frequency")]
    if not heads:
        raise ReadError(
            "the export holds no spectrum",
            where=path.name,
            found="no line that begins 'Data: Frequency'",
            do="export it again from RelaxIS, with the data",
        )
    signals = []
    for index, (first, end) in enumerate(zip(heads, [*heads[1:], len(lines)], strict=True), 1):
        sheet = _sheet(lines, first, end, path.name)
        found = sheet.main
        if found is None:
            raise eis_table.none_found(path.name, f"spectrum {index} without numbers")
        headings = [
            heading and replace(heading, unit=heading.unit or _UNITS.get(heading.role, ""))
            for heading in (_data_heading(column.heading) for column in found.columns)
        ]
        if not eis_table.is_complete(headings):
            raise eis_table.none_found(path.name, f"spectrum {index} with columns {', '.join(found.headings)}")
        notes: list[Note] = []
        columns = eis_csv.to_columns(found.values(), headings, "auto", notes, path.name)
        taken = [column for column, heading in zip(found.columns, headings, strict=True) if heading]
        notes += sheet.notes([found], taken)
        of = spectra.Origin(path.stem, tuple(notes), _settings(lines[first + 1]))
        signals.append(spectra.signal(columns, of, index, len(heads)))
    return signals


def _sheet(lines: list[str], first: int, end: int, where: str) -> TextSheet:
    """One spectrum, whose lines keep their numbers; the line of settings below the headings is no row."""
    kept = [""] * first + [lines[first], ""] + lines[first + 2 : end] + [""]
    return tables.read_tables("\n".join(kept), where, TableHints("\t", heading_line=first + 1))


def _data_heading(cell: str) -> Heading | None:
    """What a column of data is; fitted ones are left out."""
    return eis_table.read_heading(cell) if cell.startswith("Data:") else None


def _settings(line: str) -> dict[str, str]:
    found = {}
    for key, value in _SETTING.findall(line):
        name, unit = _NAMES.get(key, (key, ""))
        found[name] = f"{value} {unit}".strip()
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) > 2 and cells[2]:
        found["title"] = cells[2]
    return found


READER = Reader(
    name="relaxis",
    words="RelaxIS spectrum export",
    kinds=("impedance",),
    suffixes=(".txt",),
    sniff=sniff,
    read=read,
)
