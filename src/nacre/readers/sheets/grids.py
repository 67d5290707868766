"""Small tables as grids of text cells, whether they come as delimited text or as a workbook (.xlsx, .xls, .ods).

Formulas count with the value that was saved with them.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from nacre.core.errors import ReadError
from nacre.core.signal import Note
from nacre.readers.sheets import workbooks
from nacre.readers.text import text_file


@dataclass(frozen=True)
class Grid:
    """Rows of text cells, in the file's order."""

    rows: list[list[str]]
    notes: tuple[Note, ...] = ()


def load(path: Path, sheet: str = "") -> Grid:
    """The cells of a file. Raises ReadError where it is neither text nor a workbook, or empty."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ReadError("cannot open the file", where=path.name, found=error.strerror or str(error)) from None
    if raw[:4] == workbooks.ZIP or raw[:8] == workbooks.OLE:
        return Grid(workbooks.read(raw, path.name, sheet))
    return Grid(*_delimited(text_file.load(path).data))


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook by its first bytes. Raises ReadError where it cannot be opened."""
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
    except OSError as error:
        raise ReadError("cannot open the file", where=path.name, found=error.strerror or str(error)) from None
    return start[:4] == workbooks.ZIP or start == workbooks.OLE


def lines_above(rows: list[list[str]], at: int) -> dict[str, str]:
    """What stands above the headings of a table in row `at`, as metadata; nothing where nothing does."""
    text = "\n".join(" ".join(cell for cell in row if cell) for row in rows[:at])
    return {"above": text} if text.strip() else {}


def _delimited(data: bytes) -> tuple[list[list[str]], tuple[Note, ...]]:
    lines = [line for line in data.decode(errors="replace").split("\n") if line.strip()]
    separator = _separator(lines)
    columns = max((len(row) for row in csv.reader(lines, delimiter=separator)), default=1)
    end = text_file.mend_end(data, separator, columns) if lines else None
    notes: tuple[Note, ...] = ()
    if end is not None and end.kept is not None:
        lines = [line for line in end.whole.decode(errors="replace").split("\n") if line.strip()]
        notes = (Note("repair", "the file ends within its last line: that row is left out"),)
    rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)
    return [[cell.strip() for cell in row] for row in rows], notes


def _separator(lines: list[str]) -> str:
    """The mark that splits most lines into the same number of cells."""
    best, most = ",", 1
    for mark in ("\t", ";", ","):
        widths = [line.count(mark) + 1 for line in lines[:200]]
        width = max(set(widths), key=lambda w: (w > 1, widths.count(w)), default=1)
        score = widths.count(width) * (width > 1)
        if score > most * 1.2:
            best, most = mark, score
    return best
