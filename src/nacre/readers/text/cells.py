"""Cells of tables: each is a number, a limit, a clock time, a date, text, or missing for a reason."""

import re
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from nacre.readers.text import marks as number_marks
from nacre.readers.text.marks import CONVENTIONS, NUMBER_LIKE, DecidedMarks, NumberMarks

VALUE, BELOW, ABOVE, MISSING = range(4)
_REASONS = {
    "empty": " - -- --- ---- ----- . .. ... – — *",
    "not available": "n/a na n.a. n.a none null nil k.a. k.a unknown",
    "not a number": "nan -nan +nan nan(ind) -nan(ind) nan(snan) inf -inf +inf infinity -infinity 1.#inf #num",
    "overload": "overload ol +ol -ol ovl ovld +ovld -ovld over overflow ovrflw overrange overld sat saturated",
    "error of the program": "#n/a #na #nv #div/0! #value! #wert! #ref! #bezug! #num! #zahl! #name? #null! err error",
    "not detected": "nd n.d. n.d bdl lod <lod <loq n.n. n.n nn",
}
_WORDS = {word: reason for reason, words in _REASONS.items() for word in words.split()} | {"": "empty"}
_NO_NUMBER = re.compile(r"[+-]?[0-9][.,]#(?:IND|QNAN|SNAN|INF|J)[0-9]*", re.IGNORECASE)
_LIMIT = re.compile(r"([<>≤≥])\s*=?\s*([+-]?[0-9., ']*[0-9][0-9.,]*(?:[eEdD][+-]?[0-9]+)?)")
CLOCK = r"^(?:[0-9]+(?:[. ]|\s*[dD]\s*))?[0-9]+:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?$"
_CLOCK = re.compile(r"(?:([0-9]+)(?:[. ]|\s*[dD]\s*))?([0-9]+):([0-9]{2}):([0-9]{2})(?:([.,])([0-9]+))?")
DATE = (
    r"^(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}"
    r"|[0-9]{1,2}[-/. ]\s?(?:[0-9]{1,2}|\p{L}{3,9}\.?)[-/. ]\s?(?:[0-9]{4}|[0-9]{2})"
    r"|\p{L}{3,9}\.? [0-9]{1,2},? [0-9]{4})(?:[ T_]\s*[0-9]{1,2}[:.][0-9]{2}.*)?$"
)
_DATE = re.compile(DATE.replace(r"\p{L}", r"[^\W\d_]"))
_NUMBER = re.compile(NUMBER_LIKE)
_LONGEST = 60


def kind_of(cell: str) -> str:
    """'number' (also limits, clock times and dates), 'missing', or 'text': what a cell looks like."""
    if not cell or cell.lower() in _WORDS:
        return "missing"
    if len(cell) > _LONGEST:
        return "text"
    cell = number_marks.plain_text(cell)
    if _NUMBER.match(cell) or _LIMIT.fullmatch(cell) or _CLOCK.fullmatch(cell) or _DATE.match(cell):
        return "number"
    return "missing" if _NO_NUMBER.fullmatch(cell) else "text"


def reason_missing(cell: str) -> str:
    """Why a cell holds no number: 'empty', 'overload' ..., or that it is not understood."""
    if found := _WORDS.get(cell.strip().lower()):
        return found
    return "not a number" if _NO_NUMBER.fullmatch(cell.strip()) else "not understood"


def read_clock(cell: str) -> float:
    """Seconds of `26:03:05`, `1.04:03:05`, `2:03:05,5` or `0d 02:03:05`; NaN for anything else."""
    found = _CLOCK.fullmatch(number_marks.plain_text(cell))
    if found is None:
        return float("nan")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:4])
    if minutes > 59 or seconds > 59 or (found[1] and hours > 23):
        return float("nan")
    return float(f"{days * 86400 + hours * 3600 + minutes * 60 + seconds}.{found[6] or 0}")


@dataclass(frozen=True)
class TextColumn:
    """
    One column of a table.

    Attributes
    ----------
    heading, unit : as the file has them; unit from a row of units, else "" (headings keep theirs: 'U [V]')
    kind : 'number', 'clock' (values in s), 'date' or 'text' (no values: use `texts`)
    texts : the cells as written, one per row
    values : float per row, NaN where the cell is no value
    status : per row VALUE, BELOW, ABOVE (a limit) or MISSING
    limits : the bound of each limit, by row; reasons : why a cell is missing, by row
    marks : the decimal and thousands marks that were read
    """

    heading: str
    unit: str
    kind: str
    texts: list[str]
    values: np.ndarray
    status: np.ndarray
    limits: dict[int, float] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    marks: NumberMarks = CONVENTIONS[0]

    @property
    def is_plain(self) -> bool:
        """Whether every cell is a value."""
        return not self.status.any()


@dataclass
class RawColumn:
    """The cells of a column before they are read."""

    heading: str
    unit: str
    texts: list[str]

    def __post_init__(self):
        self.cells = number_marks.plain(pl.Series("", self.texts, dtype=pl.String))
        self.numbers = self.cells.str.contains(NUMBER_LIKE)
        lower = self.cells.str.to_lowercase()
        self.missing = lower.is_in(list(_WORDS)) | self.cells.str.contains("^[+-]?[0-9][.,]#")
        self.kind = self._kind()

    def _kind(self) -> str:
        """What most of its cells are that are there."""
        there = self.cells.filter(~self.missing)
        least = max(1.0, 0.5 * len(there))
        if not len(there) or int((self.numbers & ~self.missing).sum()) >= least:
            return "number"
        if there.str.contains(CLOCK).sum() >= least:
            return "clock"
        if there.str.contains(DATE).sum() >= least:
            return "date"
        limits = there.str.contains(r"^[<>≤≥]").sum() + int((self.numbers & ~self.missing).sum())
        return "number" if limits >= least else "text"

    def spellings(self) -> list[str]:
        """The numbers of a column of numbers, and the bounds of its limits, each once."""
        if self.kind != "number":
            return []
        limits = self.cells.filter(self.cells.str.contains("^[<>≤≥]")).to_list()
        bounds = [found[2] for cell in limits if (found := _LIMIT.fullmatch(cell))]
        return self.cells.filter(self.numbers & self.cells.str.contains("[.,' ]")).unique().to_list() + bounds

    def clock_mark(self) -> str:
        """The mark before the tenths of seconds, "" where there are none."""
        if self.kind != "clock":
            return ""
        found = (match[5] for cell in self.cells if (match := _CLOCK.fullmatch(cell)) and match[5])
        return next(found, "")


def read_column(raw: RawColumn, decided: DecidedMarks) -> TextColumn:
    """The cells of a column as values, limits and missing ones."""
    n = len(raw.texts)
    if raw.kind in ("text", "date"):
        status = np.where(raw.missing.to_numpy(), MISSING, VALUE).astype(np.uint8)
        return TextColumn(raw.heading, raw.unit, raw.kind, raw.texts, np.full(n, np.nan), status)
    if raw.kind == "clock":
        found = pl.Series(map(read_clock, raw.cells), dtype=pl.Float64)
        numbers = found.set(found.is_nan(), None)
    else:
        numbers = number_marks.to_floats(raw.cells, decided.marks)
    values = numbers.fill_null(float("nan")).to_numpy().copy()
    status = np.where(np.isfinite(values), VALUE, MISSING).astype(np.uint8)
    column = TextColumn(raw.heading, raw.unit, raw.kind, raw.texts, values, status, marks=decided.marks)
    for row in np.flatnonzero(~np.isfinite(values)).tolist():
        values[row] = np.nan
        _judge_cell(column, row, raw.cells[row])
    return column


def _judge_cell(column: TextColumn, row: int, cell: str) -> None:
    """Marks a cell that is no value as a limit, or as missing with its reason."""
    limit = _LIMIT.fullmatch(cell)
    if limit:
        bound = number_marks.to_floats(pl.Series([limit[2].strip()]), column.marks)[0]
        if bound is not None:
            column.limits[row] = bound
            column.status[row] = BELOW if limit[1] in "<≤" else ABOVE
            return
    column.reasons[row] = reason_missing(cell)
