"""Rows of units below the names of columns, and units in headings."""

import re

from nacre.core import units
from nacre.core.errors import NacreError

_UNITS = {
    "ohm",
    "ohms",
    "ω",
    "kω",
    "mω",
    "kohm",
    "mohm",
    "°",
    "°c",
    "grad",
    "sec",
    "secs",
    "hr",
    "hrs",
    "mins",
    "#",
    "v",
    "ppm",
}
_NO_UNIT = {"", "-", "1", "#", "a.u.", "[]", "()"}


def is_unit_row(cells: list[str]) -> bool:
    """Whether a line gives the units of columns: one at least, and nothing else."""
    return len(cells) > 1 and all(map(_may_be_unit, cells)) and any(cell not in _NO_UNIT for cell in cells)


def _may_be_unit(cell: str) -> bool:
    cell = cell.strip("[]() ")
    if cell in _NO_UNIT or cell.lower() in _UNITS:
        return True
    if len(cell) > 12 or not re.fullmatch(r"[^\d\W][^\s]*|°\w*|%|\w+ \w+\d?|<?\w+>?", cell):
        return False
    try:
        units.check_unit(cell)
    except NacreError:
        return False
    return True


def share_with_units(cells: list[str]) -> float:
    """The share of cells that end in a unit: `U [V]`, `I (mA)`, `f/Hz`."""
    return sum(bool(re.search(r"[\[(][^\[\]()]+[\])]$|\S/\S+$", cell)) for cell in cells) / max(1, len(cells))
