"""Retention, fade, sums and means of ageing, over the cycles that all cells of both samples have.

A sum over 100 cycles is no sum over 30, and a retention after 100 none after 30. Cells that aged as long as all others
keep their own values; those of the others are taken again from their tables of cycles, up to the last common cycle.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nacre.core.display.wording import name_words, several
from nacre.evidence.contrasts.stretches import RETENTION, Stretch
from nacre.evidence.contrasts.units import Value

NOT_GIVEN_BACK = "since their tables of cycles do not give back the value of the whole test"


@dataclass(frozen=True)
class Spanned:
    """One quantity of ageing over the common cycles: state, values by sample, and words where a span was cut."""

    name: str
    state: Mapping[str, Any]
    values: Mapping[str, list[Value]]
    note: str = ""


def compare_span(stretches: Mapping[str, list[Stretch]], state: Mapping[str, Any]) -> tuple[list[Spanned], list[str]]:
    """(quantities of ageing of samples over the cycles that all their cells have, sentences on what was cut).

    stretches : by sample, the reference first. state : without cycles. Where cells have but their first cycle in
    common, nothing is compared.
    """
    every = [stretch for mine in stretches.values() for stretch in mine]
    last = int(max(set.intersection(*(set((s.numbers - s.numbers[0]).tolist()) for s in every))))
    cut = [stretch for stretch in every if stretch.length != last]
    if last == 0:
        return [], [_say_nothing_in_common(stretches)]
    first = next(iter(stretches.values()))[0]
    note = f"over {last + 1} cycles of ageing, the last that all cells have" if cut else ""
    number = int(first.numbers[0]) + last
    repeated = {"to_cycle": number} if any("to_cycle" in e.state for s in every for e in s.own.values()) else {}
    state, told = {**state, **repeated}, _say_cut(stretches, last) if cut else []
    found = [
        Spanned(name, {**state, "cycle": number} if name == RETENTION else state, values, note)
        for name, values in _take_values(stretches, last).items()
    ]
    return [*found, *_compare_asked(stretches, state, number)], [*told, *_say_left_out(every, last)]


def _take_values(stretches: Mapping[str, list[Stretch]], last: int) -> dict[str, dict[str, list[Value]]]:
    """{quantity: {sample: values}} of quantities that all samples have."""
    names = dict.fromkeys(name for mine in stretches.values() for stretch in mine for name in stretch.own)
    found = {name: {sample: _values_of(name, mine, last) for sample, mine in stretches.items()} for name in names}
    return {name: values for name, values in found.items() if all(values.values())}


def _say_left_out(every: list[Stretch], last: int) -> list[str]:
    """Cells whose tables do not give back what their quantities say."""
    told = []
    for name in dict.fromkeys(name for stretch in every for name in stretch.own):
        lost = sum(name in stretch.own and stretch.value(name, last) is None for stretch in every)
        if lost:
            told.append(f"{name_words(name)}: {lost} of {len(every)} cells are left out, {NOT_GIVEN_BACK}")
    return told


def _values_of(name: str, stretches: Iterable[Stretch], last: int) -> list[Value]:
    return [value for stretch in stretches if (value := stretch.value(name, last)) is not None]


def _compare_asked(stretches: Mapping[str, list[Stretch]], state: Mapping[str, Any], last: int) -> list[Spanned]:
    """Retention at the cycles that were asked for, of the cells that reached them."""
    asked = sorted({cycle for mine in stretches.values() for s in mine for cycle in s.at} - {last})
    found = []
    for cycle in asked:
        values = {sample: [s.asked_value(cycle) for s in mine if cycle in s.at] for sample, mine in stretches.items()}
        if all(values.values()):
            found.append(Spanned(RETENTION, {**state, "cycle": cycle}, values))
    return found


def _say_cut(stretches: Mapping[str, list[Stretch]], last: int) -> list[str]:
    spans = "; ".join(f"{sample}: {_name_spans(mine)}" for sample, mine in stretches.items())
    text = (
        f"ageing of {several(list(stretches))} is compared over {last + 1} cycles, the last that all cells have: "
        f"retention, sums and means of longer tests were taken again from their tables ({spans})"
    )
    return [text]


def _say_nothing_in_common(stretches: Mapping[str, list[Stretch]]) -> str:
    spans = "; ".join(f"{sample}: {_name_spans(mine)}" for sample, mine in stretches.items())
    return f"ageing of {several(list(stretches))} is not compared: the cells have no whole cycle in common ({spans})"


def _name_spans(stretches: Iterable[Stretch]) -> str:
    """`2 cells with 30 cycles, 1 with 100`, without check-ups."""
    counts: dict[int, int] = defaultdict(int)
    for stretch in stretches:
        counts[stretch.length + 1] += 1
    words = [f"{n} cell{'s' * (n > 1)} with {cycles} cycles" for cycles, n in sorted(counts.items())]
    return ", ".join(words)
