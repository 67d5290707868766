"""Headings of laboratory tables: what a column is, by its words, and in which unit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nacre.core import units
from nacre.core.errors import NacreError, ReadError

_UNIT = re.compile(r"[\[(]\s*([^\])]*?)\s*[\])]\s*$|\s/\s*(\S+)\s*$")
_WRITTEN = {
    "ppm": "mg/L",
    "ppb": "ug/L",
    "mg/l": "mg/L",
    "ug/l": "ug/L",
    "µg/l": "ug/L",
    "ml": "mL",
    "µl": "uL",
    "l": "L",
    "cts/s": "cps",
    "c/s": "cps",
    "counts/s": "cps",
    "°c": "degC",
    "min": "min",
    "eq/l": "mol/L",
    "n": "mol/L",
    "m": "mol/L",
}


@dataclass(frozen=True)
class Heading:
    """A heading without its unit, and the unit ("" where none is told)."""

    words: str
    unit: str

    @property
    def key(self) -> str:
        """Letters and digits only, in lower case: what synonyms are compared by."""
        return re.sub(r"[^a-z0-9%]", "", self.words.lower())


def read_heading(text: str) -> Heading:
    """`Weight (g)` as ("Weight", "g")."""
    match = _UNIT.search(text)
    if match is None:
        return Heading(text.strip(), "")
    return Heading(text[: match.start()].strip(), written_unit(match[1] or match[2] or ""))


def written_unit(text: str) -> str:
    """A unit as instruments write it, as this package writes it."""
    return _WRITTEN.get(text.strip().lower(), text.strip())


def roles(headings: list[str], synonyms: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[int, Heading]]:
    """Column and heading of every role found; the first that fits counts."""
    known = {word: role for role, words in synonyms.items() for word in words}
    found: dict[str, tuple[int, Heading]] = {}
    for i, text in enumerate(headings):
        heading = read_heading(text)
        role = known.get(heading.key)
        if role and role not in found:
            found[role] = (i, heading)
    return found


def number(text: str) -> float:
    """A cell as a number, decimal point or comma; NaN for what is none (blank, `-----`, `n.a.`)."""
    try:
        return float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return float("nan")


def in_unit(values: np.ndarray, heading: Heading, wanted: str, where: str) -> np.ndarray:
    """Values in the unit wanted; taken to be in it where the heading tells none. Raises ReadError."""
    try:
        return units.convert(values, heading.unit or wanted, wanted)
    except NacreError:
        raise ReadError(
            f"column '{heading.words}' is in another kind of unit",
            where=where,
            found=f"'{heading.unit}'",
            expected=f"one like '{wanted}'",
        ) from None
