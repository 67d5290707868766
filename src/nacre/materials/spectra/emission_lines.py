"""Emission lines used in ICP-OES: is a wavelength one of its element's, and what line lies beside it?"""

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

SAME = 0.02  # nm: what tables and instruments round differently
BESIDE = 0.05  # nm: a few widths of a line in a spectrometer of medium resolution


@lru_cache(maxsize=1)
def _load_raw() -> dict:
    return tomllib.loads(files("nacre.materials.spectra").joinpath("emission_lines.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=2)
def load_lines(weaker: bool = True) -> dict[str, tuple[float, ...]]:
    """Lines (nm) by element; without the `weaker` ones, which are there as neighbours of others, the strong alone."""
    parts = [_load_raw()[name] for name in ("line", "unread", "also")[: 3 if weaker else 2]]
    found: dict[str, tuple[float, ...]] = {}
    for element in sorted(set().union(*parts)):
        found[element] = tuple(at for part in parts for at in part.get(element, ()))
    return found


def list_unread(elements: Iterable[str]) -> list[str]:
    """Which of the elements have lines in the table that were not read at its source."""
    return sorted(set(elements) & set(_load_raw()["unread"]))


def list_known(element: str, wavelength: float) -> bool | None:
    """Whether a wavelength (nm) is a line of the element here; None for an element that is not in the table."""
    lines = load_lines().get(element)
    return None if lines is None else any(abs(line - wavelength) <= SAME for line in lines)


def list_neighbours(
    element: str, wavelength: float, others: Iterable[str], within: float = BESIDE, weaker: bool = True
) -> list[tuple[str, float]]:
    """(element, nm) of lines of other elements within `within` nm, nearest first."""
    lines = load_lines(weaker)
    rows = [(other, line) for other in others if other != element for line in lines.get(other, ())]
    near = [row for row in rows if abs(row[1] - wavelength) <= within]
    return sorted(near, key=lambda row: abs(row[1] - wavelength))
