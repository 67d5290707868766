"""The account of a file's lines and cells in words: what was left out, what is no number, what a count says."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nacre.core.signal import Note
from nacre.readers.text.cells import TextColumn

_MOST = 12
_COUNT = re.compile(
    r"^\W*(?:(?:number|no\.?|nb|anzahl|zahl)\s*(?:of|der)?\s*)?(?:data\s*|mess|daten)?"
    r"(?:points|rows|records|samples|zeilen|punkte|datens[aä]tze)(?:\s*(?:count|number))?\s*[:=\t;,|]\s*\"?(\d+)\"?\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, order=True)
class LeftOutLine:
    """A line that did not become a row: its number from 1, its text, and why ("" where it is not understood)."""

    number: int
    text: str
    reason: str = ""


def lines_note(left_out: Sequence[LeftOutLine]) -> list[Note]:
    """One warning that counts the lines left out and gives their numbers."""
    if not left_out:
        return []
    shown = [str(line.number) for line in left_out[:_MOST]]
    more = f" and {len(left_out) - _MOST} more" if len(left_out) > _MOST else ""
    first = left_out[0]
    why = first.reason or "not understood"
    if len(left_out) == 1:
        return [Note("warning", f"line {first.number} is left out, {why}: '{first.text[:60]}'")]
    text = f"{len(left_out)} lines are left out: {', '.join(shown)}{more}; the first, {why}: '{first.text[:60]}'"
    return [Note("warning", text)]


def cells_notes(columns: Sequence[TextColumn], lines: np.ndarray) -> list[Note]:
    """Notes on limits, and on cells of columns of numbers that hold none."""
    notes = []
    numeric = [column for column in columns if column.kind in ("number", "clock") and not column.is_plain]
    limits = [(int(lines[row]), column.texts[row], column.heading) for column in numeric for row in column.limits]
    if limits:
        line, cell, name = min(limits)
        text = (
            f"{len(limits)} cells are limits, not values (first '{cell}' of '{name}', line {line}): they are no numbers"
        )
        notes.append(Note("warning", text))
    odd = _missing(numeric, lines)
    if odd:
        kinds = ", ".join(f"{n} {why}" for why, n in Counter(why for _, _, _, why in odd).most_common())
        line, cell, name, _ = min(odd)
        text = f"{len(odd)} cells hold no number: {kinds} (first '{cell}' of '{name}', line {line}): taken as missing"
        notes.append(Note("warning", text))
    empty = sum(why == "empty" and not c.texts[r].strip() for c in numeric for r, why in c.reasons.items())
    if empty:
        notes.append(Note("info", f"{empty} cells are empty"))
    return notes


def _missing(columns: Sequence[TextColumn], lines: np.ndarray) -> list[tuple[int, str, str, str]]:
    """(line, cell, heading, reason) of the cells that hold something, but no number."""
    return [
        (int(lines[row]), column.texts[row], column.heading, why)
        for column in columns
        for row, why in column.reasons.items()
        if column.texts[row].strip()
    ]


def count_note(stated: int | None, rows: int) -> list[Note]:
    """A warning where a file states more rows than were read."""
    if stated is None or stated <= rows:
        return []
    return [Note("warning", f"the file states {stated} rows, and {rows} are read: {stated - rows} are missing")]


def stated_count(header: Sequence[str]) -> int | None:
    """The number of rows that a header states, None where it states none or several."""
    found = {int(match[1]) for line in header if (match := _COUNT.match(line.strip("#!%; ")))}
    return found.pop() if len(found) == 1 else None
