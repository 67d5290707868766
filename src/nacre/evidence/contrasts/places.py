"""A test's place in its cell's life: tests that differ in name alone are one where content and place agree."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from nacre.evidence.contrasts.cell_tests import CellTest
from nacre.evidence.contrasts.rates import RateMap

FORMATION = 5  # cycles; a longer test at one rate is more than formation
ORDINALS = ("first", "second", "third", "fourth", "fifth")


@dataclass
class _Kind:
    """Tests that are compared as one: their common name, what and when they were, the cells that have one."""

    name: str
    content: str
    place: int
    owners: set[str]

    def __str__(self) -> str:
        which = ORDINALS[self.place] if self.place < len(ORDINALS) else f"{self.place + 1}th"
        return f"{self.content}, {which} of the cell's cycling tests"


def find_common_names(tests: Iterable[CellTest], rates: RateMap) -> tuple[dict[tuple[str, str], str], list[str]]:
    """({(owner, test): the name under which it is compared}, sentences on names taken as one, or as two).

    Two names are one where no cell has both, and where what the tests did, and which of the cell's cycling tests they
    were, agree. Other measurements (spectra, pictures) are known by their name alone.
    """
    tests = list(tests)
    kinds: list[_Kind] = []
    names, told = {}, []
    for mine in _sign([test for test in tests if test.parts], rates):
        others = [kind for kind in kinds if kind.content == mine.content and not kind.owners & mine.owners]
        same = next((kind for kind in others if kind.place == mine.place), None)
        if same:
            told.append(f"the tests '{same.name}' and '{mine.name}' are compared as one: {same}")
            same.owners |= mine.owners
        else:
            told += [f"the tests '{o.name}' ({o}) and '{mine.name}' ({mine}) are not compared" for o in others]
            kinds.append(mine)
        names[mine.name] = (same or mine).name
    return {(test.owner, test.name): names.get(test.name, test.name) for test in tests}, told


def _sign(tests: list[CellTest], rates: RateMap) -> list[_Kind]:
    """What the tests of each name were for most cells, in the order of the study."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    owners: dict[str, set[str]] = defaultdict(set)
    lives: dict[str, list[CellTest]] = defaultdict(list)
    for test in sorted(tests, key=lambda test: test.order):
        found[test.name] = []
        owners[test.name].add(test.owner)
        lives[test.owner].append(test)
    for life in lives.values():
        if all(math.isfinite(test.start) for test in life):
            life.sort(key=lambda test: test.start)
        for place, test in enumerate(life):
            found[test.name].append((describe(test, rates), place))
    most = {name: Counter(each).most_common(1)[0][0] for name, each in found.items()}
    return [_Kind(name, content, place, owners[name]) for name, (content, place) in most.items()]


def describe(test: CellTest, rates: RateMap) -> str:
    """What a test did: formation, a rate test, ageing, or several of them."""
    aged = {cycle for part in test.ageing for cycle in part.cycles}
    others = [part for part in test.parts if not aged.issuperset(part.cycles)]
    different = {rates.get((test.owner, test.name, part.rate), part.rate) for part in others}
    words = []
    if len(different) > 2:
        words.append("rate test")
    elif others:
        words.append("formation" if sum(len(part.cycles) for part in others) <= FORMATION else "some cycles")
    return " and ".join([*words, *(["ageing"] if aged else [])])
