"""What became of one damaged file: `judge(change, before, after)`.

fine           rows and words as they have to be
noted          fewer rows or other numbers than before, and a note that says so
refused        an error of the product with words of its own
silent prefix  fewer rows than the file still holds, more than the change accounts for, and no note
silent line    the lines that were touched are gone, and no note
silent zeros   a zero-filled tail was read as if it were measured, and no note
masked crash   an error of the product that only wraps a foreign exception or says that something crashed
escape         an exception that is not of the product, or a child that died
hang           no answer within the limit
"""

import re
from dataclasses import dataclass

from truth.foreign.tables.mutate import Change

OUTCOMES = (
    "fine",
    "noted",
    "refused",
    "silent line",
    "silent prefix",
    "silent zeros",
    "masked crash",
    "escape",
    "hang",
)
BAD = OUTCOMES[3:]
FOREIGN = re.compile(
    r"crashed at|Traceback|(?:Key|Index|Type|Value|Attribute|Unicode|Memory|Overflow|ZeroDivision|OS|EOF)\w*Error\b"
    r"|Compute\w*Error|PanicException|struct\.error|BadZipFile|could not convert string|invalid literal for"
    r"|index out of range|out of bounds|unpack requires|not enough values to unpack|too many values to unpack"
    r"|codec can't decode|object has no attribute|object is not|unsupported operand|cannot reshape|NoneType"
    r"|not specified in schema|unhashable|buffer size must be|could not parse|zero-size array|broadcast"
)


@dataclass(frozen=True)
class Reading:
    """What came of reading a file: status 'read', 'refused', 'escape', 'died' or 'hang'; rows of all signals together.

    digest : of all numbers, to see whether they changed.
    """

    status: str
    rows: int = 0
    notes: tuple[str, ...] = ()
    message: str = ""
    digest: str = ""


def plain(note: str) -> str:
    """A note without its figures: the same remark about other numbers."""
    return re.sub(r"[\d.,]+(?:e[-+]?\d+)?", "#", note)


def news(before: Reading, after: Reading) -> list[str]:
    """Notes that the undamaged file did not have; those that count lines also where only the count is new."""
    old, counts = {plain(note) for note in before.notes}, re.compile(r"left out|line|row|record|cut|point|lost|missing")
    fresh = [n for n in after.notes if plain(n) not in old]
    return fresh + [n for n in after.notes if n not in before.notes and n not in fresh and counts.search(n)]


def judge(change: Change, before: Reading, after: Reading, lines: int) -> str:
    """The outcome by its name. `lines`: how many lines the undamaged file has (0 for a binary file)."""
    if after.status in ("hang", "escape"):
        return after.status
    if after.status == "died":
        return "escape"
    if after.status == "refused":
        return "masked crash" if FOREIGN.search(after.message) else "refused"
    if news(before, after):
        return "noted"
    return judge_silent(change, before, after, lines)


def judge_silent(change: Change, before: Reading, after: Reading, lines: int) -> str:
    """A reading with nothing to say: are all rows there?"""
    if change.zeroed:
        return "silent zeros" if after.digest != before.digest else "fine"
    if not lines:
        return "silent prefix" if change.share < 1 and after.rows < before.rows else "fine"
    if before.rows < 3:
        return "fine"  # parameters, no table
    per_line = max(1.0, before.rows / lines)
    held = before.rows * (2 if change.doubled else 1) - change.gone * per_line
    short = held - after.rows
    if short <= 0:
        return "fine"
    return "silent line" if short <= change.touched * per_line else "silent prefix"
