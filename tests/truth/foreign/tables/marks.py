"""Numbers as people write them: decimal and thousands marks, and whether a set of spellings proves them."""

import re
from decimal import Decimal, InvalidOperation

# (decimal, thousands); "" is no thousands mark
MARKS = ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"), (",", "'"))
SPACES = {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"}


def group(digits: str, mark: str) -> str:
    """`1234567` as `1,234,567`."""
    first = len(digits) % 3 or 3
    parts = [digits[:first], *(digits[i : i + 3] for i in range(first, len(digits), 3))]
    return mark.join(parts)


def spell(value: Decimal, decimals: int, marks: tuple[str, str], scientific: bool = False) -> str:
    """A number with these marks; scientific numbers have no thousands."""
    decimal, thousands = marks
    if scientific:
        return f"{value:.{decimals}E}".replace(".", decimal)
    whole, _, part = f"{abs(value):.{decimals}f}".partition(".")
    whole = group(whole, thousands) if thousands else whole
    sign = "-" if value < 0 and (whole + part).strip("0.,' ") else ""
    return sign + whole + (decimal + part if part else "")


def value_of(text: str, marks: tuple[str, str]) -> Decimal | None:
    """What a spelling means under these marks, or None where it cannot be meant so."""
    decimal, thousands = marks
    for odd, plain in SPACES.items():
        text = text.replace(odd, plain)
    whole = r"\d+"
    if thousands:
        whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}})+)"
    fits = re.fullmatch(rf"([+-]?)({whole})?(?:{re.escape(decimal)}(\d*))?(?:[eE]([+-]?\d+))?", text.strip())
    if not fits or not (fits[2] or fits[3]):
        return None
    digits = (fits[2] or "0").replace(thousands, "") if thousands else (fits[2] or "0")
    try:
        return Decimal(f"{fits[1]}{digits}.{fits[3] or '0'}E{fits[4] or 0}")
    except InvalidOperation:
        return None


def consistent(spellings) -> list[tuple[str, str]]:
    """The marks under which every spelling is a number."""
    return [marks for marks in MARKS if all(value_of(text, marks) is not None for text in spellings)]


def readings(spellings) -> list[tuple[Decimal, ...]]:
    """The different sets of values that the spellings can mean together."""
    found = {tuple(value_of(text, marks) for text in spellings) for marks in consistent(spellings)}
    return sorted(found)


LONE_COMMA = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
LONE_MARK = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")


def ambiguity(spellings) -> str:
    """'' where the marks are proved, 'comma' where every spelling is like 1,234, 'weak' where habit alone decides."""
    spellings = list(spellings)
    if not any(LONE_MARK.fullmatch(text) for text in spellings):
        return ""  # the only spelling that two conventions read as two numbers
    if len(readings(spellings)) < 2:
        return ""
    return "comma" if all(LONE_COMMA.fullmatch(text) for text in spellings) else "weak"
