"""A difference between two samples as it is printed: its size, both values with the digits that show it."""

import re

from nacre.core.display.wording import count, like, with_unit
from nacre.core.outcome import Contrast


def size_words(row: Contrast) -> str:
    """The size of the difference, without its sign."""
    size = abs(row.difference)
    if row.unit == "%":
        return f"{like(size, max(size, scale(row) / 1000))} percentage points"
    return with_unit(like(size, max(size, scale(row) / 100)), row.unit)


def scale(row: Contrast) -> float:
    """The largest number of the row: digits are chosen by it."""
    return max(abs(v) for v in (row.reference_value or 0.0, row.treated_value or 0.0, row.difference))


def value_pair(row: Contrast) -> tuple[str, str] | None:
    """Treated and reference value, with the digits that show their difference."""
    if row.reference_value is None or row.treated_value is None:
        return None
    new, old = row.treated_value, row.reference_value
    least = min(abs(new), abs(old)) or scale(row)
    digits = max(min(least, 10 * abs(row.difference) or least), least / 100)
    return like(new, max(digits, abs(new) / 1000)), like(old, max(digits, abs(old) / 1000))


def alike(row: Contrast) -> bool:
    """Whether the two values are the same as printed."""
    pair = value_pair(row)
    return pair[0] == pair[1] if pair else not re.search("[1-9]", size_words(row).split(" ")[0])


def within(row: Contrast) -> str:
    """What alone may make such a difference; "" where nothing known does."""
    size = abs(row.difference)
    if row.std is not None and size < 1.96 * row.std:
        return "within the uncertainty of the measurements"
    if row.scatter95 is not None and size < row.scatter95:
        return f"within the scatter of the other {count(max(row.n_reference, row.n_treated), 'cell')}"
    return ""
