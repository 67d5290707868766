"""The names that quantities, states and inputs may bear, with unit, words and meaning."""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from nacre.core import units
from nacre.core.errors import NacreError, unknown

_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Word:
    """One vocabulary entry. For inputs: `where` is study, sample or cell; `each` says that cells which share the
    declared value have each their own error (every pellet is weighed anew), not one in common (the die). For
    quantities: `chapter` (coating, material, cell or cause) is the question of the report's first page that it answers,
    with `coating_only` for the elements of a declared coating alone; `compared` is false where it tells of the
    measurement, not of the sample (a detection limit). `words` and `symbol` may hold states in braces.
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
    coating_only: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The states that its words name."""
        return tuple(_FIELD.findall(self.words))

    def words_of(self, state: Mapping[str, Any]) -> str:
        """Its words in a state: `Hf content`. What the state does not say is called by its kind: `element content`."""
        return filled(self.words, state)

    def symbol_of(self, state: Mapping[str, Any]) -> str:
        """Its symbol in a state: `w(Hf)`."""
        return filled(self.symbol, state)

    def chapter_of(self, state: Mapping[str, Any], coating: Collection[str]) -> str:
        """Its chapter in a state, where the declared coatings bring the elements `coating`."""
        return "" if self.coating_only and state.get("element") not in coating else self.chapter


def filled(text: str, state: Mapping[str, Any]) -> str:
    """A text with the values of a state in place of `{key}`."""
    return _FIELD.sub(lambda key: str(state.get(key[1]) or key[1]), text)


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
