"""Titration curves as tables: csv or tab-separated text, whatever the ending says (.xls that are text), or a workbook.

Layout
------
Any number of lines `name <tab or comma> value` above the table; a line of headings; rows of numbers. Columns are
known by their headings, in any order, units in brackets:

volume       Volume, Titrant Volume, Acid Volume, Cumulative Volume, V; mL where no unit is told
pH           pH
potential    Measured value [mV], Potential, EMF, E, pH_mV; mV
temperature  Temperature, T; degC
time         Time, t; s

Of the lines above, these are kept where their values are numbers: Sample Volume (the titrated volume, mL), Titrant
normality or Titrant concentration (mol/L of acid), Sample Mass or Weight (g), and all others as found. The table may
hold further columns; they are left out, and a note says so. Decimal points, or commas where commas do not separate.

A curve of several titrations below each other is not told apart: the volume must not go down. Result: one signal of
kind "titration". Uncertainty: none is stated.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import option
from nacre.core.signal import Note, Signal, table
from nacre.readers.sheets import grids, workbooks
from nacre.readers.sheets.headings import in_unit, number, read_heading, roles, written_unit

SYNONYMS = {
    "acid_volume": ("volume", "titrantvolume", "acidvolume", "cumulativevolume", "cummulativevolume", "v", "vhcl"),
    "ph": ("ph", "phvalue"),
    "emf": ("measuredvalue", "potential", "emf", "e", "u", "phmv"),
    "temperature": ("temperature", "temp", "t"),
    "time": ("time",),
}
UNITS = {"acid_volume": "mL", "ph": "1", "emf": "mV", "temperature": "degC", "time": "s"}
ABOVE = {
    "samplevolume": ("titrated_volume", "mL"),
    "titratedvolume": ("titrated_volume", "mL"),
    "titrantnormality": ("titrant_concentration", "mol/L"),
    "titrantconcentration": ("titrant_concentration", "mol/L"),
    "acidconcentration": ("titrant_concentration", "mol/L"),
    "samplemass": ("sample_mass", "g"),
    "sampleweight": ("sample_mass", "g"),
    "weight": ("sample_mass", "g"),
}


@dataclass(frozen=True)
class TitrationTableOptions:
    """What a person knows better than the table."""

    sheet: str = option("", "the sheet of a workbook; the first where none is named")


def sniff(head: Head) -> float:
    """Sure of a line of headings that names a volume and a pH or potential; a workbook is only guessed at."""
    if workbooks.is_workbook(head.start):
        return 0.1 if head.suffix in workbooks.SUFFIXES else 0.0
    if head.looks_binary:
        return 0.0
    for line in head.text.splitlines()[:60]:
        for mark in ("\t", ";", ","):
            if mark in line and _is_header([cell.strip().strip('"') for cell in line.split(mark)]):
                return 0.8
    return 0.0


def _is_header(cells: list[str]) -> bool:
    found = roles([_plain(cell) for cell in cells], SYNONYMS)
    return "acid_volume" in found and bool({"ph", "emf"} & set(found))


def _plain(cell: str) -> str:
    """`pH_mV` and `V / mL` as headings that say their unit in brackets."""
    match = re.fullmatch(r"(.*\S)\s*/\s*(\S+)", cell)
    return f"{match[1]} ({match[2]})" if match else cell


def read(path: Path, options: TitrationTableOptions | None = None) -> list[Signal]:
    """The curve. Raises ReadError."""
    options, path = options or TitrationTableOptions(), Path(path)
    grid = grids.load(path, options.sheet)
    at = next((i for i, row in enumerate(grid.rows[:200]) if _is_header(row)), None)
    if at is None:
        raise ReadError(
            "no line of headings of a titration",
            where=path.name,
            found=f"{len(grid.rows)} lines, the first: {', '.join(grid.rows[0][:6]) if grid.rows else 'nothing'}",
            expected="columns like 'Volume (mL)' and 'pH', or 'Volume (mL)' and 'Measured value (mV)'",
            do="export it with these headings, or name the columns with reader = 'table'",
        )
    found = roles([_plain(cell) for cell in grid.rows[at]], SYNONYMS)
    measured = "ph" if "ph" in found else "emf"
    rows = [[number(cell) for cell in row] for row in grid.rows[at + 1 :]]
    needed = [found["acid_volume"][0], found[measured][0]]
    whole = [row for row in rows if max(needed) < len(row) and not np.isnan([row[i] for i in needed]).any()]
    if not whole:
        raise ReadError("the titration holds no rows", where=path.name, found=f"{len(rows)} lines below the headings")
    columns = {}
    for role, (i, heading) in found.items():
        values = np.array([row[i] if i < len(row) else np.nan for row in whole])
        columns[role] = (in_unit(values, heading, UNITS[role], path.name), UNITS[role])
    notes = list(grid.notes)
    if len(whole) < len(rows):
        notes.append(Note("info", f"{len(rows) - len(whole)} lines without a volume and a {measured} are left out"))
    above = sum(_is_point(row, needed) for row in grid.rows[:at])
    if above:
        notes.append(Note("warning", f"{above} rows of numbers stand above the headings, and are left out"))
    left = len(grid.rows[at]) - len(found)
    if left > 0:
        notes.append(Note("info", f"{left} further columns are left out"))
    metadata = grids.lines_above(grid.rows, at) | _above(grid.rows[:at], path.name)
    return [table("titration", columns, metadata=metadata, notes=tuple(notes), name=path.stem)]


def _is_point(row: list[str], needed: list[int]) -> bool:
    """Whether a row holds numbers where the volume and what was measured stand, and in its first cell no name."""
    return max(needed) < len(row) and not any(np.isnan(number(row[i])) for i in (0, *needed))


def _above(rows: list[list[str]], where: str) -> dict[str, object]:
    """The named values above the table."""
    found: dict[str, object] = {}
    for row in rows:
        if len(row) < 2 or not row[0]:
            continue
        heading = read_heading(_plain(row[0]))
        name, unit = ABOVE.get(heading.key, ("", ""))
        value = number(row[1])
        if name and not np.isnan(value):
            told = heading.unit or (written_unit(row[2]) if len(row) > 2 else "")
            found[name] = float(in_unit(np.array(value), type(heading)(heading.words, told), unit, where))
        else:
            found[row[0]] = row[1]
    return found


READER = Reader(
    name="titration_table",
    words="titration curve as csv, text or workbook",
    kinds=("titration",),
    suffixes=(".csv", ".txt", ".tsv", ".xls", ".xlsx", ".ods"),
    sniff=sniff,
    read=read,
    options=TitrationTableOptions,
)
