"""What a written table holds: every cell as a value, a limit or missing, every line that is noise, every table.

Nothing here comes from the readers: it is the other side of the comparison. Line numbers count from 1 in lines as they
were meant, so `\\r\\r\\n` ends one line.
"""

from dataclasses import dataclass, field
from math import nan

# line kinds that a reader must account for in a note; blank lines, comments and the header need none
NOISE = ("stray", "page", "heading again", "cut", "footer")


@dataclass(frozen=True)
class Cell:
    """One cell. state: 'value', 'limit', 'missing', 'text', or 'undecided' (a date that nobody can order).

    value : in the column's unit; the bound of a limit; NaN where there is none. bound : '<' or '>' of a limit.
    reason : why it is missing ('empty', 'overload', 'not a number', 'error of the program', 'cut').
    """

    state: str
    value: float = nan
    bound: str = ""
    reason: str = ""
    text: str = ""


@dataclass(frozen=True)
class Column:
    """One column under the name a reader should give it (`voltage_volt`), in `unit`; `head` is what the file says."""

    name: str
    head: str
    unit: str
    written_unit: str
    kind: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """Columns of equal length; `lines` is the line of each row; `place` is 'main', 'below' or 'beside'."""

    columns: tuple[Column, ...]
    lines: tuple[int, ...]
    place: str = "main"

    @property
    def numeric(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.kind in ("number", "clock", "date"))

    @property
    def rows(self) -> int:
        return len(self.lines)


@dataclass(frozen=True)
class Line:
    number: int
    kind: str
    text: str = ""


@dataclass(frozen=True)
class Truth:
    """All of one draw.

    ambiguity : '' where the marks are decided; 'comma' where nobody can tell a decimal from a thousands mark (only
        refusal is right, and it names both of `readings`); 'weak' where only habit decides (the value and refusal are
        both right); 'separator' where an unquoted decimal comma is also the separator (value or refusal).
    stated : the number of rows that the head states, or None. habits : what was drawn, for the message of a failure.
    """

    kind: str
    tables: tuple[Table, ...]
    lines: tuple[Line, ...]
    ambiguity: str = ""
    readings: tuple[str, ...] = ()
    stated: int | None = None
    doubled_ends: bool = False
    habits: dict = field(default_factory=dict)

    @property
    def noise(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.kind in NOISE)


@dataclass(frozen=True)
class Draw:
    """A file as bytes, with the suffix it would bear, and its truth."""

    data: bytes
    suffix: str
    truth: Truth
