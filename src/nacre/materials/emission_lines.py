"""Emission lines used in ICP-OES: is a wavelength one of its element's, and what strong line lies beside it?"""

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

SAME = 0.02  # nm: what tables and instruments round differently
BESIDE = 0.05  # nm: a few widths of a line in a spectrometer of medium resolution


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, tuple[float, ...]], str]:
    raw = tomllib.loads(files("nacre.materials").joinpath("emission_lines.toml").read_text(encoding="utf-8"))
    return {element: tuple(row) for element, row in raw["line"].items()}, raw["status"]


def status() -> str:
    """Whether the table was checked against its source."""
    return _table()[1]


def known(element: str, wavelength: float) -> bool | None:
    """Whether a wavelength (nm) is a strong line of the element; None for an element that is not in the table."""
    lines = _table()[0].get(element)
    return None if lines is None else any(abs(line - wavelength) <= SAME for line in lines)


def beside(element: str, wavelength: float, others: Iterable[str], within: float = BESIDE) -> list[tuple[str, float]]:
    """(element, nm) of strong lines of other elements within `within` nm, nearest first."""
    table = _table()[0]
    rows = [(other, line) for other in others if other != element for line in table.get(other, ())]
    near = [row for row in rows if abs(row[1] - wavelength) <= within]
    return sorted(near, key=lambda row: abs(row[1] - wavelength))
