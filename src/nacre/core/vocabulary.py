"""The names that quantities, states and inputs may bear, with unit, words and meaning."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from nacre.core import units
from nacre.core.errors import NacreError, unknown


@dataclass(frozen=True)
class Word:
    """One vocabulary entry. For inputs: `where` is study, sample or cell; `each` says that cells which share the
    declared value have each their own error (every pellet is weighed anew), not one in common (the die). For
    quantities: `chapter` (coating, material, cell or cause) is the question of the report's first page that it answers;
    `compared` is false where it tells of the measurement, not of the sample (a detection limit).
    """

    name: str
    unit: str
    words: str
    meaning: str = ""
    where: str = ""
    symbol: str = ""
    each: bool = False
    chapter: str = ""
    compared: bool = True


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[str, Word]]:
    raw = tomllib.loads(files("nacre.core").joinpath("vocabulary.toml").read_text(encoding="utf-8"))
    return {kind: {name: Word(name, **row) for name, row in rows.items()} for kind, rows in raw.items()}


_EXTRA: dict[str, dict[str, Word]] = {"quantity": {}, "state": {}, "input": {}}


def extend(kind: str, rows: Mapping[str, Mapping[str, str]]) -> None:
    """Add words of a technique (kind: quantity, state or input). A word never changes its unit."""
    if kind not in _EXTRA:
        raise unknown("kind of word", kind, _EXTRA)
    for name, row in rows.items():
        try:
            word = Word(name, **row)
        except TypeError:
            found = ", ".join(row) or "nothing"
            raise NacreError(f"'{name}' is not a word", found=found, expected="unit, words, meaning, symbol") from None
        units.check_unit(word.unit)
        known = words(kind).get(name)
        if known and not units.same_kind(known.unit, word.unit):
            raise NacreError(f"'{name}' is already a word, in {known.unit}", found=word.unit)
        _EXTRA[kind].setdefault(name, word)


def words(kind: str) -> dict[str, Word]:
    """All words of a kind: quantity, state or input."""
    return {**_EXTRA[kind], **_tables()[kind]}


def word(kind: str, name: str, where: str = "") -> Word:
    """One word. Raises NacreError with did-you-mean."""
    found = _tables()[kind].get(name) or _EXTRA[kind].get(name)
    if found is None:
        raise unknown(f"{kind} name", name, words(kind), where)
    return found


def check_name(name: str, unit: str) -> None:
    """Raises NacreError where `name` is not a quantity name or `unit` measures something else."""
    known = word("quantity", name)
    if not units.same_kind(known.unit, unit):
        raise NacreError(f"'{name}' is given in '{unit}'", expected=f"a unit like '{known.unit}'")


def check_state(state: Mapping) -> None:
    for name in state:
        word("state", name)
