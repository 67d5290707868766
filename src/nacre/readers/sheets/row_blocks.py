"""Rows of tables as cells: their width, and whether they go together."""

import re
from dataclasses import dataclass, field

from nacre.readers.text.cells import kind_of


@dataclass
class RowBlock:
    """Lines of one table, and of others beside it: headings, units, cells of each row."""

    width: int
    top: int
    headings: list[str]
    units: list[str]
    heading_line: int
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    misfit: str = ""
    place: str = "first"


def to_width(cells: list[str], width: int) -> list[str] | None:
    """A row of as many cells, without empty ones too many; None where it has others."""
    if len(cells) == width:
        return cells
    if len(cells) > width and not any(cells[width:]):
        return cells[:width]
    return None


def begins_number(cells: list[str]) -> bool:
    """A quick look whether most cells begin like numbers."""
    found = sum(1 for cell in cells if cell[:1].isdigit() or (cell[:1] in "+-.,<>−" and cell[1:2].isdigit()))
    there = sum(1 for cell in cells if cell)
    return found > 0.6 * there


def goes_with(cells: list[str], rows: list[list[str]]) -> bool:
    """Whether most cells are of the kind that the first rows have in their columns, and one is a number."""
    kinds = list(map(kind_of, cells))
    words = [all(kind_of(row[c]) == "text" for row in rows[:5]) for c in range(len(cells))] if rows else []
    fitting = sum(kind != "text" or word for kind, word in zip(kinds, words, strict=False))
    return "number" in kinds and fitting > 0.6 * len(cells)


def settle_width(block: RowBlock, sample: list[list[str]]) -> None:
    """Headings and rows to one width: a separator at the end of lines makes one empty cell more."""
    used = max((_used(cells) for cells in sample), default=block.width)
    named = _used(block.headings)
    if not block.headings:
        block.width = max(used, 1)
        return
    fitting = [cells for cells in sample if _used(cells) <= max(named, 1)]
    if named > 1 and 2 * len(fitting) > len(sample):
        used = max(map(_used, fitting))  # a few rows with more cells are left out one by one
        block.width = len(block.headings)
    if len(block.headings) < used or (named < used and len(block.headings) < block.width):
        block.misfit = f"{used} cells a row under {named} headings"
        block.headings, block.width = [], used
        return
    block.width = max(named, used)
    block.headings = (block.headings + [""] * block.width)[: block.width]
    block.units = (block.units + [""] * block.width)[: block.width] if block.units else []


def _used(cells: list[str]) -> int:
    """How many cells there are without the empty ones at the end."""
    return max((i for i, cell in enumerate(cells, 1) if cell), default=0)


def same(cells: list[str], others: list[str]) -> bool:
    """Whether two lines have the same cells, but for empty ones at the end."""
    if not others or not cells or cells[0] != others[0]:
        return False
    n = _used(others)
    return n > 0 and _used(cells) == n and cells[:n] == others[:n]


def fits(heading: list[str], row: list[str]) -> bool:
    """Whether a line may name the columns of a row: as many cells, but for empty ones at the end."""
    longer, shorter = max(len(heading), len(row)), min(len(heading), len(row))
    return longer == shorter or (_used(heading) <= len(row) and _used(row) <= len(heading) and longer - shorter <= 1)


def near(heading: list[str], row: list[str]) -> bool:
    """Whether a line names columns, though not as many as a row has: 3 headings over 6 cells."""
    return len(heading) > 2 and len(row) <= 3 * len(heading)


def is_cut(cells: list[str], rows: list[list[str]]) -> bool:
    """Whether the last cell of a file without a last line end has fewer digits than its column always has."""
    others = {_decimals(row[-1]) for row in rows[-64:]}
    last = _decimals(cells[-1])
    return len(others) == 1 and None not in others and last is not None and last not in others


def _decimals(cell: str) -> str | None:
    """The digits after the mark, counted, and the letters of an exponent."""
    found = re.fullmatch(r"[+-]?[0-9]*(?:[.,]([0-9]*))?((?:[eE][+-]?[0-9]*)?)", cell)
    return f"{len(found[1] or '')}/{len(found[2])}" if found and cell else None


def row_pattern(rows: list[list[str]], separator: str) -> re.Pattern | None:
    """What the lines of a table look like whose cells are all plain: numbers where the first rows have numbers.

    A line that fits needs no other look. None where the separator is blanks, or too few columns are numbers.
    """
    if not separator.strip(" "):
        return None
    number = re.compile(r"[+-]?[0-9][0-9.,']*(?:[eE][+-]?[0-9]+)?")
    plain = [all(number.fullmatch(row[c]) for row in rows) for c in range(len(rows[0]))]
    if sum(plain) <= 0.5 * len(plain) or not plain[0]:
        return None
    mark = re.escape(separator.strip(" "))
    cells = [rf" *{number.pattern} *" if each else rf"[^{mark}\"]*" for each in plain]
    return re.compile(mark.join(cells) + rf"(?:{mark} *)?")
