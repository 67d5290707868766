"""Gamry Framework data files (.DTA): impedance.

Layout
------
`EXPLAIN`, `TAG<tab>EISPOT` (or GALVEIS, HYBRIDEIS ...), then lines `KEY<tab>TYPE<tab>value<tab>words`, among which
tables `NAME<tab>TABLE<tab>rows`: each followed by a line of column names, one of units, and rows, all of which begin
with a tab. `NOTES` is followed by as many lines of text as it says. The spectrum is the table ZCURVE (one for each
spectrum); OCVCURVE before it holds the rest at open circuit and is left out. Decimal marks are those of the PC.

Columns of ZCURVE: Pt, Time [s], Freq [Hz], Zreal, Zimag, Zmod [ohm], Zphz [degrees], Idc [A], Vdc [V], Zsig, IERange,
and others, which are kept under their own names. Zimag is the true Im(Z). AREA is what was typed in; Gamry does not
divide by it, and its default of 1 cm2 is not taken for an area. VAC is an rms value in mV.

DATE and TIME are the PC's, in its own format: kept as metadata, not taken as a clock.

Result: one signal of kind "impedance" per ZCURVE. Uncertainty: none is stated.
"""

import re
from pathlib import Path

import numpy as np

from nacre.core import units
from nacre.core.contracts import Head, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal
from nacre.readers.impedance import spectra
from nacre.readers.sheets import account, tables
from nacre.readers.sheets.account import LeftOutLine
from nacre.readers.sheets.tables import TableHints
from nacre.readers.text import text_file

_NAMES = {
    "Freq": ("frequency_hertz", "Hz"),
    "Zreal": ("real_impedance_ohm", "ohm"),
    "Zimag": ("imaginary_impedance_ohm", "ohm"),
    "Zmod": ("absolute_impedance_ohm", "ohm"),
    "Zphz": ("phase_degree", "deg"),
    "Time": ("test_time_second", "s"),
    "Vdc": ("voltage_volt", "V"),
    "Idc": ("current_ampere", "A"),
    "Temp": ("temperature_t1_celsius", "degC"),
}
_KEYS = {"TITLE": "title", "DATE": "date", "TIME": "time_of_day", "PSTAT": "instrument", "TAG": "technique"}
_DEFAULT_AREA = 1.0


def sniff(head: Head) -> float:
    """Sure where Gamry's first two lines stand."""
    return 0.97 if re.match(r"\s*EXPLAIN\s*\n\s*TAG\t", head.text) else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """One signal per ZCURVE. Raises ReadError."""
    path = Path(path)
    text = text_file.load(path)
    lines = text.data.decode(errors="replace").splitlines()
    tables = [i for i, line in enumerate(lines) if re.match(r"ZCURVE\w*\tTABLE", line)]
    if not tables:
        others = [line.split("\t")[0] for line in lines if re.match(r"\w+\tTABLE", line)]
        raise ReadError(
            "the file holds no impedance: table ZCURVE is missing",
            where=path.name,
            found="tables " + ", ".join(others) if others else "no table",
            expected="ZCURVE",
            do="give the .DTA of an impedance measurement (it may have been stopped before its first frequency)",
        )
    notes: list[Note] = []
    columns = [_table(lines, at, path.name, notes) for at in tables]
    of = spectra.Origin(path.stem, tuple(notes), _metadata(lines[: tables[0]]))
    return [spectra.signal(part, of, i, len(columns)) for i, part in enumerate(columns, 1)]


def _table(lines: list[str], at: int, where: str, notes: list[Note]) -> dict[str, tuple[np.ndarray, str]]:
    """The columns of one table, whose lines keep their numbers; its head states how many rows it has."""
    end = next((i for i in range(at + 1, len(lines)) if re.match(r"\w+\t[A-Z]+\t", lines[i])), len(lines))
    kept = [""] * (at + 1) + [line.removeprefix("\t") for line in lines[at + 1 : end]] + [""] * (end < len(lines))
    sheet = tables.read_tables("\n".join(kept), where, TableHints("\t", commented=False))
    found = sheet.main
    if found is None or not {"Freq", "Zreal", "Zimag"} <= set(found.headings):
        names = kept[at + 1].split() if kept[at + 1 :] else []
        raise ReadError(
            "table ZCURVE is incomplete",
            where=f"{where}:{at + 1}",
            found=f"{found.rows if found else 0} rows of {', '.join(names) or 'nothing'}",
            expected="rows of Freq, Zreal, Zimag",
            do="copy the file again; if the measurement was stopped, repeat it",
        )
    notes += _note_rows_behind(lines, end, len(found.columns))
    stated = re.match(r"\w+\tTABLE\t(\d+)", lines[at])
    notes += sheet.notes([found]) + account.count_note(int(stated[1]) if stated else None, found.rows)
    columns: dict[str, tuple[np.ndarray, str]] = {}
    for column in found.columns:
        if column.kind == "number" and (np.isfinite(column.values).any() or column.heading in _NAMES):
            columns |= _column(column.heading, column.unit, column.values, where)
    lost = [name for name in ("Freq", "Zreal", "Zimag") if _NAMES[name][0] not in columns]
    if lost:
        raise ReadError(
            f"column '{lost[0]}' of ZCURVE holds something that is not a number",
            where=f"{where}:{at + 1}",
            do="copy the file again",
        )
    return columns


def _note_rows_behind(lines: list[str], end: int, width: int) -> list[Note]:
    """A warning on rows that follow the line which ends the table, without headings of their own."""
    odd = []
    for i in range(end + 1, len(lines)):
        cells = lines[i].split("\t")
        if lines[i][:1] != "\t" or _number(cells[1]) is None:
            break
        if len(cells) == width + 1:
            odd.append(LeftOutLine(i + 1, lines[i].strip(), "behind the end of the table"))
    return account.lines_note(odd)


def _number(cell: str) -> float | None:
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return None


def _column(name: str, unit: str, values: np.ndarray, where: str) -> dict[str, tuple[np.ndarray, str]]:
    if name not in _NAMES:
        try:
            return {name: (values, units.check_unit(unit if unit not in ("", "#") else "1"))}
        except NacreError:
            return {name: (values, "1")}
    ours, wanted = _NAMES[name]
    if name in ("Zphz", "Temp"):
        return {ours: (values, wanted)}
    try:
        return {ours: (units.convert(values, unit or wanted, wanted), wanted)}
    except NacreError as error:
        raise ReadError(error.what, where=f"{where}: {name}", found=f"'{unit}'", expected=wanted) from None


def _metadata(lines: list[str]) -> dict[str, str]:
    found = {}
    for i, line in enumerate(lines):
        cells = line.split("\t")
        if cells[0] == "TAG" and len(cells) > 1:
            found["technique"] = cells[1].strip()
        elif cells[0] in _KEYS and len(cells) > 2:
            found[_KEYS[cells[0]]] = cells[2].strip()
        elif cells[0] == "NOTES" and len(cells) > 2 and cells[2].isdigit():
            found["comment"] = "\n".join(text.strip() for text in lines[i + 1 : i + 1 + int(cells[2])]).strip()
        elif cells[0] == "VAC" and len(cells) > 2 and (value := _number(cells[2])) is not None:
            found["amplitude"] = f"{value:g} mV rms"
        elif cells[0] == "AREA" and len(cells) > 2 and (value := _number(cells[2])) not in (None, _DEFAULT_AREA):
            found["electrode_area"] = f"{value:g} cm2"
    return {key: value for key, value in found.items() if value}


READER = Reader(
    name="gamry",
    words="Gamry data file (.DTA), impedance",
    kinds=("impedance",),
    suffixes=(".dta",),
    sniff=sniff,
    read=read,
)
