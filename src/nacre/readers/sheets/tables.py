"""Tables of text files, read once for all readers: `read_tables`.

Every line of a file is accounted for: taken as a row, heading or unit row, one of the lines above (header), a comment,
blank, or left out with its number and a reason. Every cell is a value, a limit or missing with its reason (`cells`).
Marks of numbers are those that all numbers of the file allow together (`marks`). A second table, below or beside, is
a table of its own. See docs/readers-core.md.
"""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from nacre.core.errors import ReadError
from nacre.core.signal import Note
from nacre.readers.sheets import account
from nacre.readers.sheets.account import LeftOutLine
from nacre.readers.sheets.beside import RawPart, part_columns
from nacre.readers.sheets.line_scan import LineScan, TableHints
from nacre.readers.text import lines as text_lines
from nacre.readers.text import marks as number_marks
from nacre.readers.text.cells import RawColumn, TextColumn, read_column
from nacre.readers.text.marks import DecidedMarks


@dataclass(frozen=True)
class TextTable:
    """
    One table.

    Attributes
    ----------
    columns : in the file's order
    lines : number of each row's line, from 1, shape (rows,)
    heading_line : 0 where no line names the columns
    place : 'first', 'below' or 'beside' another
    breaks : rows before which the heading came again
    misfit : what is wrong between headings and rows ("6 cells a row under 3 headings"); the headings are then empty
    """

    columns: tuple[TextColumn, ...]
    lines: np.ndarray
    heading_line: int = 0
    place: str = "first"
    breaks: tuple[int, ...] = ()
    misfit: str = ""

    @property
    def headings(self) -> list[str]:
        return [column.heading for column in self.columns]

    @property
    def rows(self) -> int:
        return len(self.lines)

    def values(self) -> np.ndarray:
        """All columns as numbers, NaN where there are none, shape (rows, columns)."""
        return np.array([column.values for column in self.columns]).T

    def describe(self) -> str:
        """Where a table is and what it holds, for a note."""
        names = ", ".join(name for name in self.headings if name) or f"{len(self.columns)} columns without names"
        return f"{self.place} (lines {self.lines[0]} to {self.lines[-1]}: {names})" if self.rows else names


@dataclass(frozen=True)
class TextSheet:
    """
    What a text file or a sheet of a workbook holds.

    Attributes
    ----------
    tables : in the file's order, perhaps none
    header : lines above the first table, without blank ones
    left_out : lines in and below the tables that are not understood
    comments : how many lines begin with a mark of comments
    stated : the number of rows that the header states, None where it states none
    """

    tables: tuple[TextTable, ...]
    header: tuple[str, ...] = ()
    left_out: tuple[LeftOutLine, ...] = ()
    comments: int = 0
    stated: int | None = None

    @property
    def main(self) -> TextTable | None:
        """The table with most cells."""
        return max(self.tables, key=lambda t: t.rows * len(t.columns), default=None)

    def notes(self, used: "list[TextTable] | tuple[TextTable, ...] | None" = None, columns=None) -> list[Note]:
        """
        Notes on all that did not become a number: lines, cells, other tables, a count that is not met.

        used : the tables that the reader took, by default the main one. columns : of them, those that the reader
        took (TextColumn), by default all.
        """
        used = [self.main] if used is None else list(used)
        used = [table for table in used if table is not None]
        taken = [column for table in used for column in table.columns] if columns is None else list(columns)
        notes = account.lines_note(self.left_out)
        for table in used:
            mine = [column for column in table.columns if any(column is other for other in taken)]
            notes += account.cells_notes(mine, table.lines)
        others = [table for table in self.tables if not any(table is mine for mine in used)]
        notes += [Note("warning", f"another table is not read: {table.describe()}") for table in others]
        return notes + account.count_note(self.stated, used[0].rows if used else 0)


# --- reading --------------------------------------------------------------------------------------------------


def read_tables(text: str, where: str = "", hints: TableHints | None = None) -> TextSheet:
    """
    Reads the tables of a text.

    Parameters
    ----------
    text : with `\\n` line ends, as `text_file.load` gives it
    where : name of the file, for errors
    hints : what the format says of its tables

    Raises
    ------
    ReadError
        Where numbers can be read in two ways and nothing in the file decides; both readings are named.
    """
    hints = hints or TableHints()
    lines = text.split("\n")
    ended = not lines[-1]
    if ended:
        lines.pop()
    separator = hints.separator or text_lines.find_separator(lines[hints.skip :])
    if not separator:
        return TextSheet((), tuple(line for line in lines if line.strip()))
    comments = [hints.commented and text_lines.is_comment(line, separator) for line in lines]
    cells = [text_lines.split(line, separator) if line.strip() else [] for line in lines]
    scan = LineScan(lines, cells, comments, separator, ended, hints)
    return _finish(scan, where)


def read_grid(rows: list[list[str]], where: str = "", hints: TableHints | None = None) -> TextSheet:
    """As `read_tables`, of the rows of a workbook's sheet (rows may lack the empty cells at their end)."""
    width = max(map(len, rows), default=0)
    cells = [row + [""] * (width - len(row)) if any(row) else [] for row in rows]
    lines = ["\t".join(row) for row in rows]
    comments = [bool(row) and text_lines.is_comment(row[0], "\t") and sum(map(bool, row)) < 2 for row in cells]
    return _finish(LineScan(lines, cells, comments, "", True, hints or TableHints()), where)


def _finish(scan: LineScan, where: str) -> TextSheet:
    blocks = scan.find_blocks()
    raw = [part for block in blocks for part in part_columns(block)]
    decided = _decide(raw, scan.hints, where)
    tables = tuple(_read_part(part, decided, scan.hints.decimal) for part in raw)
    tables, left = _without_misfits(tables, scan.left_out)
    header = tuple(line for line in scan.lines[: blocks[0].top if blocks else len(scan.lines)] if line.strip())
    return TextSheet(tables, header, tuple(sorted(left)), scan.comment_count, account.stated_count(header))


def _decide(parts: list[RawPart], hints: TableHints, where: str) -> DecidedMarks:
    """The marks of all numbers of a file."""
    raws = [raw for part in parts for raw in part.columns]
    clock = next((mark for raw in raws if (mark := raw.clock_mark())), "")
    cells = [cell for raw in raws for cell in raw.spellings()]
    decided = number_marks.decide_marks(cells, hints.decimal, clock)
    if decided.doubt:
        column = next(raw.heading for raw in raws if raw.kind == "number" and decided.doubt in raw.spellings())
        raise number_marks.refuse_doubt(decided.doubt, where, column)
    return decided


def _read_part(part: RawPart, decided: DecidedMarks, decimal: str) -> TextTable:
    columns = tuple(_read_own(raw, decided, decimal) for raw in part.columns)
    lines = np.array([part.block.lines[r] for r in part.kept], np.int64)
    place = {r: k for k, r in enumerate(part.kept)}
    breaks = tuple(place[r] for r in part.block.breaks if r in place)
    return TextTable(columns, lines, part.block.heading_line, part.place, breaks, part.block.misfit)


def _read_own(raw: RawColumn, decided: DecidedMarks, decimal: str) -> TextColumn:
    """A column by the file's marks, or by its own where the file's do not fit."""
    if not decided.proved and raw.kind == "number":
        own = number_marks.decide_marks(raw.spellings(), decimal)
        if own.proved and not own.doubt and decided.marks not in own.best:
            return read_column(raw, own)
    return read_column(raw, decided)


def _without_misfits(tables, left_out):
    """Rows of which more than half of the cells are not understood are no rows: they are left out."""
    made, left = [], list(left_out)
    for table in tables:
        bad = _misfits(table)
        if 0 < len(bad) < table.rows:
            left += [LeftOutLine(int(table.lines[r]), _row_text(table, r)) for r in bad]
            table = _without_rows(table, set(bad))
        made.append(table)
    return tuple(made), left


def _misfits(table: TextTable) -> list[int]:
    numeric = [column for column in table.columns if column.kind in ("number", "clock")]
    odd = Counter(row for column in numeric for row, why in column.reasons.items() if why == "not understood")
    return sorted(row for row, n in odd.items() if n > 0.5 * len(numeric))


def _row_text(table: TextTable, row: int) -> str:
    return " ".join(column.texts[row] for column in table.columns)


def _without_rows(table: TextTable, rows: set[int]) -> TextTable:
    keep = np.array([r for r in range(table.rows) if r not in rows])
    place = {int(r): k for k, r in enumerate(keep)}
    columns = tuple(
        replace(
            column,
            texts=[column.texts[r] for r in keep],
            values=column.values[keep],
            status=column.status[keep],
            limits={place[r]: bound for r, bound in column.limits.items() if r in place},
            reasons={place[r]: why for r, why in column.reasons.items() if r in place},
        )
        for column in table.columns
    )
    breaks = tuple(int(np.searchsorted(keep, b)) for b in table.breaks)
    return replace(table, columns=columns, lines=table.lines[keep], breaks=breaks)


def main_table(sheet: TextSheet, where: str, expected: str = "a table of numbers") -> TextTable:
    """The main table of a sheet. Raises ReadError where there is none, or its headings and rows do not fit."""
    table = sheet.main
    if table is None or not table.rows:
        first = sheet.header[0][:60] if sheet.header else ""
        raise ReadError("the file holds no table", where=where, found=f"text that begins {first!r}", expected=expected)
    if table.misfit:
        raise ReadError(
            "the rows of the table have more cells than it has headings",
            where=f"{where}:{table.lines[0]}",
            found=table.misfit,
            do="a comma may be the decimal mark and the separator: export with semicolons or tabs, or with points",
        )
    return table
