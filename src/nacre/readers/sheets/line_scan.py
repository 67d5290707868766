"""The blocks of rows among the lines of a file, and an account of all other lines."""

import itertools
import re
from dataclasses import dataclass

from nacre.readers.sheets.account import LeftOutLine
from nacre.readers.sheets.row_blocks import (
    RowBlock,
    begins_number,
    fits,
    goes_with,
    is_cut,
    near,
    row_pattern,
    same,
    settle_width,
    to_width,
)
from nacre.readers.sheets.unit_rows import is_unit_row, share_with_units
from nacre.readers.text import lines as text_lines
from nacre.readers.text.lines import LineShape, shape_of

_NEIGHBOURS = 12  # lines within which a table's rows must begin to follow each other
_PATTERN_ROWS = 200  # after which the look of a table's lines is known


@dataclass(frozen=True)
class TableHints:
    """
    What a format says of its tables; nothing of it is needed.

    Attributes
    ----------
    separator : "\\t", ";", ",", "|", " " or "  " (two blanks or more), "" to find it
    decimal : the decimal mark, "" to find it
    skip : lines above which nothing is looked at
    heading_line : the number, from 1, of the line that names the columns; 0 to find it
    headed : False where no line names them
    commented : False where the format has no comments, so that no mark makes a line one
    """

    separator: str = ""
    decimal: str = ""
    skip: int = 0
    heading_line: int = 0
    headed: bool = True
    commented: bool = True


class LineScan:
    """Goes through the lines of a file once and gathers its blocks of rows."""

    def __init__(self, lines, cells, comments, separator, ended, hints):
        self.lines, self.cells, self.comments = lines, cells, comments
        self.separator, self.ended, self.hints = separator, ended, hints
        self.left_out: list[LeftOutLine] = []
        self.comment_count = 0
        self._shapes: dict[int, LineShape] = {}

    def shape(self, i: int) -> LineShape:
        if i not in self._shapes:
            empty = not self.cells[i] or self.comments[i]
            self._shapes[i] = LineShape(0, 0, 0, 0) if empty else shape_of(self.cells[i])
        return self._shapes[i]

    def is_row(self, i: int) -> bool:
        shape = self.shape(i)
        return shape.may_be_row if self._wordy else shape.is_row

    def find_blocks(self) -> list[RowBlock]:
        """All blocks, in the file's order.

        Tables of mostly words are looked for only where the line of headings is known, or where there is no other.
        """
        for wordy in (True,) if self.hints.heading_line else (False, True):
            self._wordy = wordy
            blocks: list[RowBlock] = []
            at = self.hints.skip
            self.left_out, self.comment_count = [], 0
            while (start := self._find_start(at, bool(blocks))) is not None:
                block, at = self._take(start, at)
                block.place = "below" if blocks else "first"
                if block.rows:
                    blocks.append(block)
            if blocks:
                break
        return blocks

    def _find_start(self, at: int, below: bool) -> int | None:
        """The line of the first row of the next table."""
        headed = bool(self.hints.heading_line) and not below
        if headed:
            self._leave_out_above(at)
            at = self.hints.heading_line
        for i in range(at, len(self.lines)):
            if self.is_row(i) and (headed or self._heading_above(i, at) or self._has_company(i)):
                return i
            if below and self.cells[i] and not self._is_above_table(i):
                self._leave_out(i, "")
        return None

    def _leave_out_above(self, at: int) -> None:
        """Rows that stand above the line of headings: moved there, or of another table."""
        width = len(self.cells[self.hints.heading_line - 1])
        for i in range(at, self.hints.heading_line - 1):
            if self.shape(i).may_be_row and self.shape(i).width == width > 2:
                self._leave_out(i, "above the headings")

    def _has_company(self, i: int) -> bool:
        """Whether a row of the same width follows, not far below."""
        width, found = self.shape(i).width, 0
        for j in range(i + 1, min(i + 1 + _NEIGHBOURS, len(self.lines))):
            found += self.is_row(j) and self.shape(j).width == width
        return found >= 1

    def _next_rows(self, i: int) -> int | None:
        """The next line that is not blank, a comment or a row of units."""
        for j in range(i + 1, min(i + 4, len(self.lines))):
            if self.cells[j] and not self.comments[j] and not is_unit_row(self.cells[j]):
                return j
        return None

    def _is_above_table(self, i: int) -> bool:
        """Whether a line is the heading (or unit row) of a table whose rows follow."""
        j = self._next_rows(i)
        if j is None or self.comments[i] or not self.is_row(j):
            return False
        if is_unit_row(self.cells[i]) and i:
            return True
        return self._is_heading(i) and fits(self.cells[i], self.cells[j])

    def _is_heading(self, i: int) -> bool:
        shape = self.shape(i)
        return shape.width > 1 and shape.texts > 1 and shape.numbers <= 0.25 * shape.texts

    def _heading_above(self, i: int, top: int) -> bool:
        return self._headings(i, top)[2] >= 0

    def _headings(self, i: int, top: int):
        """(headings, units, index of the line, index of the uppermost line, repeated lines) above row i."""
        units_: list[str] = []
        repeats: list[int] = []
        if not self.hints.headed:
            return [], units_, -1, i, repeats
        found: list[str] = []
        line, upper = -1, i
        for j in range(i - 1, max(top, i - 8) - 1, -1):
            cells = self.cells[j]
            if not cells or self.comments[j]:
                continue
            if not found and not units_ and is_unit_row(cells) and fits(cells, self.cells[i]):
                units_, upper = cells, j
            elif not found and units_ and not all(self.cells[j + 1 : upper]):
                break  # a blank line between: what looks like units are names such as t and U
            elif not found and (self._is_heading(j) or j == self.hints.heading_line - 1):
                found, line, upper = cells, j, j
            elif found and same(cells, found):
                repeats.append(line)
                line = upper = j
            elif found or sum(map(bool, cells)) > 1:
                break
        if found and (fits(found, self.cells[i]) or near(found, self.cells[i])):
            return found, units_, line, upper, repeats
        if units_ and not found:
            return units_, [], upper, upper, []
        return self._hidden_headings(i, top)

    def _hidden_headings(self, i: int, top: int):
        """As `_headings`, from the comments right above."""
        hidden = []
        for j in range(i - 1, max(top, i - 4) - 1, -1):
            if not self.comments[j]:
                break
            cells = text_lines.split(text_lines.without_mark(self.lines[j]), self.separator or "\t")
            if not fits(cells, self.cells[i]):
                cells = text_lines.split(self.lines[j], self.separator or "\t")
            if not fits(cells, self.cells[i]) or shape_of(cells).texts < 1:
                break
            hidden.append((j, cells))
        units_ = hidden.pop(0)[1] if len(hidden) > 1 and is_unit_row(hidden[0][1]) else []
        again = [j for (j, cells), (_, above) in itertools.pairwise(hidden) if same(cells, above)]
        if not hidden:
            return [], [], -1, i, []
        line, found = hidden[len(again)]
        return found, units_, line, line, again

    # --- one block ---

    def _take(self, start: int, top: int) -> tuple[RowBlock, int]:
        """The block that begins with row `start`, and the line after it."""
        headings, units_, line, upper, repeats = self._headings(start, top)
        width = len(self.cells[start])
        block = RowBlock(width, upper, headings, units_, line + 1)
        for j in repeats:
            self._leave_out(j, "the heading again")
        for j in range(upper, start):
            self._count_between(j, {line, *repeats}, block)
        settle_width(block, [self.cells[j] for j in range(start, min(start + 40, len(self.lines))) if self.is_row(j)])
        pattern: re.Pattern | None = None
        looked = False
        for i in range(start, len(self.lines)):
            if not self.cells[i]:
                continue
            if len(block.rows) == _PATTERN_ROWS and not looked:
                pattern, looked = row_pattern(block.rows, self.separator), True
            if pattern and i + 1 < len(self.lines) and pattern.fullmatch(self.lines[i]):
                block.rows.append(self.cells[i][: block.width])
                block.lines.append(i + 1)
            elif self.comments[i]:
                self._take_comment(i, block)
            elif not self._take_row(i, block):
                if i > start and self._starts_another(i, block):
                    return block, i
                self._leave_out(i, self._why(i, block))
        return block, len(self.lines)

    def _count_between(self, j: int, known: set[int], block: RowBlock) -> None:
        """A line between heading and rows that is neither."""
        if self.comments[j] and j not in known:
            self.comment_count += 1
        elif self.cells[j] and j not in known and not same(self.cells[j], block.units):
            self._leave_out(j, "")

    def _take_comment(self, i: int, block: RowBlock) -> None:
        again = block.headings and text_lines.split(text_lines.without_mark(self.lines[i]), self.separator or "\t")
        if again and same(again, block.headings):
            self._leave_out(i, "the heading again")
            block.breaks.append(len(block.rows))
        self.comment_count += 1

    def _take_row(self, i: int, block: RowBlock) -> bool:
        cells = to_width(self.cells[i], block.width)
        if cells is None or same(self.cells[i], block.headings):
            return False
        if not begins_number(cells) and not self.is_row(i) and not goes_with(cells, block.rows):
            return False
        if i == len(self.lines) - 1 and not self.ended and is_cut(cells, block.rows):
            return False
        block.rows.append(cells)
        block.lines.append(i + 1)
        return True

    def _starts_another(self, i: int, block: RowBlock) -> bool:
        """Whether another table begins here: a heading of its own, or three rows of another width."""
        if same(self.cells[i], block.headings):
            return False
        blank_above = i > 0 and not self.cells[i - 1]
        if self._is_above_table(i):
            as_wide = len(self.cells[i]) == block.width
            return not as_wide or blank_above or share_with_units(self.cells[i]) >= 0.5
        if not self.is_row(i):
            return False
        width = self.shape(i).width
        j, others = i, 0
        while j < len(self.lines) and others < 3:
            if self.cells[j] and not self.comments[j]:
                if not self.is_row(j) or self.shape(j).width != width:
                    return False
                others += 1
            j += 1
        return others == 3 and abs(width - block.width) > 0 and width > 1

    def _why(self, i: int, block: RowBlock) -> str:
        """Why a line is no row of its table."""
        if same(self.cells[i], block.headings):
            block.breaks.append(len(block.rows))
            return "the heading again"
        if same(self.cells[i], block.units):
            return "the units again"
        is_short = self.shape(i).numbers or 1 < len(self.cells[i]) < block.width
        if i == len(self.lines) - 1 and not self.ended and is_short:
            return "the file is cut there"
        if self.is_row(i):
            return f"{len(self.cells[i])} cells instead of {block.width}"
        return ""

    def _leave_out(self, i: int, reason: str) -> None:
        if self.comments[i] and not reason:
            self.comment_count += 1
        else:
            self.left_out.append(LeftOutLine(i + 1, self.lines[i].strip(), reason))
