"""Decimal and thousands marks: which conventions the numbers of a table allow, and what its cells then mean.

A file is written by one program, so all its numbers prove the marks together: `0,5` or `1,25` can only be a decimal
comma, `1,234,567` or `1,234.5` only a thousands comma. The one spelling that two conventions read as two numbers is
`1,234` (or `1.234`). Where nothing else in a file decides about a comma, it is refused with both readings; a lone
point is read as decimal, as everybody does.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from nacre.core.errors import ReadError


@dataclass(frozen=True)
class NumberMarks:
    """One convention; thousands is "" where digits are not grouped."""

    decimal: str = "."
    thousands: str = ""

    @property
    def pattern(self) -> str:
        """A regular expression of all numbers of this convention, for Python and for Rust."""
        d, t = re.escape(self.decimal), re.escape(self.thousands)
        grouped = rf"|[1-9][0-9]{{0,2}}(?:{t}[0-9]{{3}})+" if t else ""
        whole = rf"(?:[0-9]+{grouped})"
        # nobody groups the digits of a number in scientific notation
        powers = rf"(?:[0-9]+(?:{d}[0-9]*)?|{d}[0-9]+)[eEdD][+-]?[0-9]+"
        return rf"^[+-]?(?:{whole}(?:{d}[0-9]*)?|{d}[0-9]+|{powers})$"


CONVENTIONS = tuple(
    NumberMarks(*pair)
    for pair in ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"), (",", "'"))
)
NUMBER_LIKE = r"^[+-]?[.,]?[0-9][0-9.,']*(?: [0-9]{3})*(?:[.,][0-9]*)?(?:[eEdD][+-]?[0-9]+)?$"
_LONE_COMMA = r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"
_ODD = {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-", "\u2013": "-"}
_ODD_LETTERS = "".join(_ODD)


def plain(cells: pl.Series) -> pl.Series:
    """Cells with the blanks, apostrophes and minus signs that ASCII has, and without blanks around them."""
    cells = cells.str.strip_chars()
    if cells.str.contains(f"[{_ODD_LETTERS}]").any():
        cells = cells.str.replace_many(list(_ODD), list(_ODD.values()))
    return cells


def plain_text(cell: str) -> str:
    """As `plain`, of one cell."""
    return cell.translate(str.maketrans(_ODD_LETTERS, "".join(_ODD.values()))).strip()


@dataclass(frozen=True)
class DecidedMarks:
    """What the numbers of a table allow.

    best : the conventions under which most of them (all, where `proved`) are numbers. doubt : a cell that the best
    ones read as two numbers, "" where they agree.
    """

    best: tuple[NumberMarks, ...]
    proved: bool = True
    doubt: str = ""

    @property
    def marks(self) -> NumberMarks:
        """The convention to read by; of equals the one with a decimal point."""
        return self.best[0]


def decide_marks(cells: Iterable[str], decimal: str = "", clock_mark: str = "") -> DecidedMarks:
    """
    Decides on the marks of numbers that one program wrote.

    Parameters
    ----------
    cells : the numbers as text (see `plain`), each spelling once at least
    decimal : the decimal mark, where a person or the format says it
    clock_mark : the mark before the tenths of a second of clock times beside them, which is the decimal mark, too
    """
    cells = pl.Series("", list(cells), dtype=pl.String)
    cells = cells.filter(cells.str.contains("[.,' ]"))
    known = decimal or clock_mark
    options = [marks for marks in CONVENTIONS if not known or marks.decimal == known]
    fits = {marks: int(cells.str.contains(marks.pattern).sum()) for marks in options}
    most = max(fits.values())
    best = tuple(marks for marks in options if fits[marks] == most)
    differ = len({marks.decimal for marks in best}) > 1
    comma = next(iter(cells.filter(cells.str.contains(_LONE_COMMA))), "")
    return DecidedMarks(best, most == len(cells), comma if differ else "")


def refuse_doubt(cell: str, where: str, column: str = "") -> ReadError:
    """The error of a number that can be read in two ways, with both."""
    whole, part = cell.replace(",", ""), cell.replace(",", ".")
    of = f" in column '{column}'" if column else ""
    return ReadError(
        f"the comma{of} may be a decimal or a thousands mark, and no number of the file decides",
        where=where,
        found=f"'{cell}', which is {whole} or {part}",
        do="say which: decimal = ',' or '.' in reader_options, or export with more digits or another mark",
    )


def to_floats(cells: pl.Series, marks: NumberMarks) -> pl.Series:
    """Numbers of this convention as floats, null for all other cells. cells : see `plain`."""
    cells = pl.select(pl.when(cells.str.contains(marks.pattern)).then(cells)).to_series()
    if marks.thousands:
        cells = cells.str.replace_all(marks.thousands, "", literal=True)
    if marks.decimal != ".":
        cells = cells.str.replace(marks.decimal, ".", literal=True)
    if cells.str.contains("[dD]").any():
        cells = cells.str.replace("[dD]", "e")
    return cells.cast(pl.Float64, strict=False)
