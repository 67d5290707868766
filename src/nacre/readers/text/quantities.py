"""Single numbers with units as people write them in headers, cells and notes: `read_quantity("0,15406 nm", "length")`.

German and English spellings, any usual unit of the kind that is asked for. What can be read in two ways is refused with
both readings (`12,345 nm`, `12:30`, a length without a unit); so is everything that is no quantity of this kind.
Quantities of study files are read by `nacre.core.quantity.parse`, which also takes uncertainties.
"""

import itertools
import math
import re

from nacre.core.errors import ReadError
from nacre.readers.text import marks as number_marks
from nacre.readers.text.unit_spellings import KINDS, factor_of

_LONGEST = 80
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER = r"(?:[eE]([+-]?[0-9]+)(?![0-9A-Za-z]*\*)|\s*[·×x*]\s*10\s*(?:\^|\*\*)?\s*([+-]?[0-9]+))"
_TOKEN = re.compile(rf"([+-]?)((?:[0-9]|[.,](?=[0-9]))[0-9.,']*(?: [0-9]{{3}}(?![0-9])[0-9.,']*)*)(?:{_POWER})?")
_ONLY_POWER = re.compile(r"([+-]?)10(?:\^|\*\*)([+-]?[0-9]+)(?![0-9])")
_CLOCK = re.compile(r"(?:([0-9]+)(?:[. ]|\s*[dD]\s*))?([0-9]+):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?")
_TWO = re.compile(r"([0-9]+):([0-9]{2})")
_PART = re.compile(r"\s*([0-9]+(?:[.,][0-9]+)?)\s*([A-Za-z]+)\.?")
_MOST = {86400.0: math.inf, 3600.0: 24.0, 60.0: 60.0, 1.0: 60.0}  # of a part below another
_DILUTION = (
    re.compile(r"([0-9]+)\s*(?:[x×]|-?fold|-?fach)"),
    re.compile(r"[x×]\s*([0-9]+)"),
    re.compile(r"1\s*(?:[:/]|in|to|zu)\s*([0-9]+)"),
    re.compile(r"([0-9]+)"),
)
_PARTS = re.compile(r"1\s*\+\s*([0-9]+)")


def read_quantity(text: str, kind: str, where: str = "") -> float:
    """
    Reads a number with its unit.

    Parameters
    ----------
    text : as written: "0.15406 nm", "1 234,5 mA", "−3 °C", "2 h 30 min", "1:10", "4.1·10^-11 m"
    kind : 'length', 'angle', 'scattering vector', 'time', 'current', 'charge', 'energy', 'voltage', 'temperature',
        'pressure', 'mass', 'resistance', 'dilution' or 'number'
    where : the place of the text, for errors

    Returns
    -------
    The value in m, rad, 1/m, s, A, C, J, V, K, Pa, kg, ohm, or as a plain number.

    Raises
    ------
    ReadError
        Where the text is no quantity of this kind, or can be read in two ways; both are named.
    """
    plain = number_marks.plain_text(text)
    found = None
    if 0 < len(plain) <= _LONGEST and not re.search(r"\d", re.sub("[0-9]", "", plain)):
        special = {"time": _duration, "dilution": _dilution}.get(kind)
        found = special(plain, where) if special else None
        if found is None and kind != "dilution":
            found = _number_with_unit(plain, kind, where)
    if found is None or not math.isfinite(found):
        raise ReadError(
            f"this is no {'number' if kind == 'number' else kind} that can be read",
            where=where,
            found=f"'{text[:_LONGEST]}'",
            expected=KINDS[kind].example,
        )
    return found


def _two_readings(text: str, first: str, second: str, where: str, cure: str) -> ReadError:
    return ReadError(
        "this can be read in two ways", where=where, found=f"'{text}', which is {first} or {second}", do=cure
    )


# --- numbers ------------------------------------------------------------------------------------------------


def _number_with_unit(text: str, kind: str, where: str) -> float | None:
    values, rest = _read_number(text)
    if not values:
        return None
    unit = rest.translate(_SUPERSCRIPTS).strip()
    if not unit and kind == "length":
        cure = "write the unit"
        raise _two_readings(text, f"{values[0]:.12g} nm", f"{values[0]:.12g} Å", where, cure)
    factor = factor_of(unit, kind)
    if factor is None:
        return None
    slope, offset = factor
    if len(values) > 1:
        first, second = (f"{value:.12g} {unit}".strip() for value in values)
        raise _two_readings(text, first, second, where, "write it without a comma, or with more digits after it")
    return values[0] * slope + offset


def _read_number(text: str) -> tuple[list[float], str]:
    """(the values that the number at the start of a text can have, the rest of it)."""
    power = _ONLY_POWER.match(text)
    if power:
        return [float(f"{power[1]}1e{power[2]}")], text[power.end() :]
    fraction = re.match(rf"([+-]?)([0-9]*)\s?([{''.join(_FRACTIONS)}])", text)
    if fraction:
        value = float(fraction[2] or 0) + _FRACTIONS[fraction[3]]
        return [-value if fraction[1] == "-" else value], text[fraction.end() :]
    text = re.sub(r"(?<=10)[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda found: "^" + found[0].translate(_SUPERSCRIPTS), text)
    token = _TOKEN.match(text)
    if token is None:
        return [], text
    exponent = token[3] or token[4]
    digits = token[2].rstrip(" ")
    decided = number_marks.decide_marks([digits + (f"e{exponent}" if exponent else "")])
    if not decided.proved:
        return [], text
    size = f"e{exponent or 0}"
    values = {_value(digits, each) for each in decided.best} if decided.doubt else {_value(digits, decided.marks)}
    return sorted(float(f"{token[1]}{value}{size}") for value in values), text[token.end() :]


def _value(digits: str, marks: number_marks.NumberMarks) -> str:
    """A number in Python's spelling."""
    if marks.thousands:
        digits = digits.replace(marks.thousands, "")
    return digits.replace(marks.decimal, ".")


# --- times and dilutions ----------------------------------------------------------------------------------------


def _duration(text: str, where: str) -> float | None:
    """Seconds of a clock time or of a time in several units; None for a single number with a unit."""
    clock = _CLOCK.fullmatch(text)
    if clock:
        days, hours, minutes, seconds = (int(part or 0) for part in clock.groups()[:4])
        fits = minutes < 60 and seconds < 60 and (clock[1] is None or hours < 24)
        total = days * 86400 + hours * 3600 + minutes * 60 + seconds
        return float(f"{total}.{clock[5] or 0}") if fits else math.nan
    two = _TWO.fullmatch(text)
    if two:
        first, second = int(two[1]), int(two[2])
        as_hours, as_minutes = f"{first * 3600 + second * 60} s (h:min)", f"{first * 60 + second} s (min:s)"
        raise _two_readings(text, as_hours, as_minutes, where, "write h:min:s")
    return _several_parts(text)


def _several_parts(text: str) -> float | None:
    parts, at = [], 0
    while at < len(text) and (found := _PART.match(text, at)):
        factor = factor_of(found[2], "time")
        if factor is None:
            return None
        parts.append((float(found[1].replace(",", ".")), factor[0]))
        at = found.end()
    if at < len(text) or len(parts) < 2:
        return None
    falling = all(a[1] > b[1] for a, b in itertools.pairwise(parts))
    within = all(value < _MOST.get(unit, math.inf) for value, unit in parts[1:])
    return sum(value * unit for value, unit in parts) if falling and within else math.nan


def _dilution(text: str, _where: str) -> float | None:
    """How many times as much volume there is after diluting: 10 for `10x`, `1:10`, `1 in 10`, `10-fold`, `1+9`."""
    parts = _PARTS.fullmatch(text)
    if parts:
        return 1.0 + int(parts[1])
    found = next((match for form in _DILUTION if (match := form.fullmatch(text))), None)
    return float(found[1]) if found and int(found[1]) > 0 else None
