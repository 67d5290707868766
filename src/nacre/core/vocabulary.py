"""The names that quantities, states and inputs may have, with unit, words and meaning.

A vocabulary is a value: that of the package, or that of a study, which knows the words of the study's plugins as well.
Two studies in one process may use one word for different things. What is done for a study is done under its
vocabulary (`using`), and the functions of this module look words up there; elsewhere they know the package's words.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from nacre.core import units
from nacre.core.errors import NacreError, unknown

KINDS = ("quantity", "state", "input", "technique")
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Word:
    """One vocabulary entry. For inputs: `where` is study, sample or cell; `each` says that cells which share the
    declared value have each their own error (every pellet is weighed anew), not one in common (the die). For
    quantities: `chapter` (coating, material, cell or cause) is the question of the report's first page that it answers,
    with `coating_only` for the elements of a declared coating alone; `compared` is false where it describes the
    measurement, not of the sample (a detection limit). `words` and `symbol` may hold states in braces; `scale` is log
    where values scatter by factors (resistances) and are compared by their ratio.
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
    scale: str = "linear"

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


@dataclass(frozen=True)
class Vocabulary:
    """Words by kind (quantity, state, input, technique) and name."""

    tables: Mapping[str, Mapping[str, Word]]

    def words(self, kind: str) -> Mapping[str, Word]:
        """All words of a kind. Raises NacreError with did-you-mean."""
        if kind not in self.tables:
            raise unknown("kind of word", kind, self.tables)
        return self.tables[kind]

    def word(self, kind: str, name: str, where: str = "") -> Word:
        """One word. Raises NacreError with did-you-mean."""
        known = self.words(kind)
        if name not in known:
            raise unknown(f"{kind} name", name, known, where)
        return known[name]

    def extended(self, kind: str, rows: Mapping[str, Mapping[str, Any]]) -> "Vocabulary":
        """A vocabulary that knows these words too. A word keeps its first meaning, and never changes its unit.

        Raises NacreError where a row is no word, or gives one that is known a unit of another kind.
        """
        known = dict(self.words(kind))
        for name, row in rows.items():
            known.setdefault(name, _check_same_unit(known.get(name), _make_word(name, row)))
        return Vocabulary({**self.tables, kind: known})


def _make_word(name: str, row: Mapping[str, Any]) -> Word:
    try:
        word = Word(name, **row)
    except TypeError:
        found = ", ".join(row) or "nothing"
        raise NacreError(f"'{name}' is not a word", found=found, expected="unit, words, meaning, symbol") from None
    units.check_unit(word.unit)
    return word


def _check_same_unit(known: Word | None, word: Word) -> Word:
    if known and not units.same_kind(known.unit, word.unit):
        raise NacreError(f"'{word.name}' is already a word, in {known.unit}", found=word.unit)
    return word


@lru_cache(maxsize=1)
def packaged() -> Vocabulary:
    """The words of vocabulary.toml, without those that techniques bring."""
    raw = tomllib.loads(files("nacre.core").joinpath("vocabulary.toml").read_text(encoding="utf-8"))
    found = {kind: {name: Word(name, **row) for name, row in rows.items()} for kind, rows in raw.items()}
    return Vocabulary({kind: found.get(kind, {}) for kind in KINDS})


_ACTIVE: ContextVar[Vocabulary | None] = ContextVar("vocabulary", default=None)


@contextmanager
def using(vocabulary: Vocabulary | None) -> Iterator[None]:
    """Within the block words are those of `vocabulary`; None leaves them as they are."""
    token = _ACTIVE.set(vocabulary or _ACTIVE.get())
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def current() -> Vocabulary:
    """The vocabulary in use: that of the study at hand, else the package's with the words of all its techniques."""
    from nacre.core import registry  # which knows the techniques, and needs this module

    return _ACTIVE.get() or registry.vocabulary()


def words(kind: str) -> Mapping[str, Word]:
    """All words of a kind: quantity, state, input or technique."""
    return current().words(kind)


def word(kind: str, name: str, where: str = "") -> Word:
    """One word. Raises NacreError with did-you-mean."""
    known = packaged().tables.get(kind, {})
    if _ACTIVE.get() is None and name in known:  # so that a plain word asks for no technique to be imported
        return known[name]
    return current().word(kind, name, where)


def check_name(name: str, unit: str) -> None:
    """Raises NacreError where `name` is not a quantity name or `unit` measures something else."""
    known = word("quantity", name)
    if not units.same_kind(known.unit, unit):
        raise NacreError(f"'{name}' is given in '{unit}'", expected=f"a unit like '{known.unit}'")


def check_state(state: Mapping) -> None:
    """Raises NacreError where a key is no state's name."""
    for name in state:
        word("state", name)
