"""A test's place in its cell's life: tests that differ in name alone are one where content and place agree."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from nacre.core.display.wording import several
from nacre.evidence.contrasts.cell_tests import CellTest
from nacre.evidence.contrasts.rates import RateMap

FORMATION = 5  # cycles; a longer test at one rate is more than formation
ORDINALS = ("first", "second", "third", "fourth", "fifth")


def find_common_names(tests: Iterable[CellTest], rates: RateMap) -> tuple[dict[tuple[str, str], str], list[str]]:
    """({(owner, test): the name under which it is compared}, sentences on names taken as one).

    Two names are one where no cell has both, and where what the tests did, and which of the cell's cycling tests they
    were, agree. Other measurements (spectra, pictures) are known by their name alone.
    """
    tests = list(tests)
    cycled = [test for test in tests if test.parts]
    signatures = _sign(cycled, rates)
    owners: dict[str, set[str]] = defaultdict(set)
    for test in tests:
        owners[test.name].add(test.owner)
    names, told = {}, []
    for name in dict.fromkeys(test.name for test in sorted(cycled, key=lambda test: test.order)):
        known = next((other for other in names if names[other] == other and _agree(name, other, signatures)), name)
        united = {owner for other, common in names.items() if common == known for owner in owners[other]}
        names[name] = name if united & owners[name] else known
        if names[name] != name:
            content, place = signatures[name]
            which = f"{content}, {ORDINALS[place] if place < len(ORDINALS) else place + 1} of the cell's cycling tests"
            told.append(f"the tests {several([repr(known), repr(name)])} are compared as one: {which}")
    return {(test.owner, test.name): names.get(test.name, test.name) for test in tests}, told


def _agree(name: str, other: str, signatures: Mapping[str, tuple[str, int]]) -> bool:
    return signatures[name] == signatures[other]


def _sign(tests: list[CellTest], rates: RateMap) -> dict[str, tuple[str, int]]:
    """{name: (content, place among the cell's cycling tests)}, what most cells with a test of that name say."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    lives: dict[str, list[CellTest]] = defaultdict(list)
    for test in tests:
        lives[test.owner].append(test)
    for life in lives.values():
        dated = all(math.isfinite(test.start) for test in life)
        life.sort(key=lambda test: (test.start if dated else 0.0, test.order))
        for place, test in enumerate(life):
            found[test.name].append((describe(test, rates), place))
    return {name: Counter(each).most_common(1)[0][0] for name, each in found.items()}


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
