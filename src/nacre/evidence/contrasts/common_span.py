"""Retention, fade, sums and means of ageing, over the cycles that all cells of both samples have.

A sum over 100 cycles is no sum over 30, and a retention after 100 none after 30. Cells that aged as long as all others
keep their own values; those of the others are taken again from their tables of cycles, up to the last common cycle.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nacre.core.display.wording import name_words, several
from nacre.core.quantity import Z95, Quantity
from nacre.core.result import Entry
from nacre.evidence.contrasts.cell_tests import CellTest
from nacre.evidence.contrasts.units import Value

RETENTION = "capacity_retention"
NOT_GIVEN_BACK = "since their tables of cycles do not give back the value of the whole test"
TOLERANCE = 1e-6  # relative; a table gives back the value of its own test, or something else was meant


def _keep(q: np.ndarray, efficiency: np.ndarray) -> float:
    return 100.0 * q[-1] / q[0]


def _lose(q: np.ndarray, efficiency: np.ndarray) -> float:
    return q[0] - q[-1]


def _average(q: np.ndarray, efficiency: np.ndarray) -> float:
    return float(np.nanmean(efficiency[1:]))


def _add_up(q: np.ndarray, efficiency: np.ndarray) -> float:
    return float(np.nansum(q[1:] * (100.0 / efficiency[1:] - 1.0)))


SUMS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    RETENTION: _keep,
    "capacity_lost": _lose,
    "mean_coulombic_efficiency": _average,
    "cumulative_inefficiency": _add_up,
}
SPANNED = (*SUMS, "fade_rate")
# columns of the table of cycles that a retention may be about: negative-electrode half cells count charges
CAPACITIES = (
    "discharge_capacity",
    "areal_discharge_capacity",
    "discharge_charge",
    "charge_capacity",
    "areal_charge_capacity",
    "charge_charge",
)


@dataclass(frozen=True)
class Stretch:
    """Ageing of one cell: a part of its test, and the quantities that speak of it.

    `capacity` is the column of the table of cycles that its retention is about; `own` are quantities up to its last
    cycle, by name, `at` retentions that were asked for, by cycle.
    """

    test: CellTest
    part: Any
    capacity: str
    own: Mapping[str, Entry]
    at: Mapping[int, Entry]

    @cached_property
    def _mask(self) -> np.ndarray:
        columns = self.test.columns
        return np.isin(columns["cycle"], self.part.cycles) & np.isfinite(columns[self.capacity])

    @cached_property
    def numbers(self) -> np.ndarray:
        """Numbers of the cycles with a whole half cycle of that capacity."""
        return self.test.columns["cycle"][self._mask].astype(int)

    @property
    def length(self) -> int:
        """Cycles from the first to the last."""
        return int(self.numbers[-1] - self.numbers[0])

    def value(self, name: str, last: int) -> tuple[str, Quantity] | None:
        """(id, value) up to `last` cycles after the first; None where the table does not give it."""
        entry = self.own.get(name)
        if entry is None:
            return None
        result = self.test.cycling
        if last == self.length:
            return result.entry_id(entry), entry.quantity
        asked = self.at.get(int(self.numbers[0]) + last) if name == RETENTION else None
        if asked is not None:
            return result.entry_id(asked), asked.quantity
        if not self.gives_back(name):
            return None
        return result.entry_id(entry), _change_value(name, entry.quantity, self._compute(name, last))

    def gives_back(self, name: str) -> bool:
        """Whether the table gives back the cell's own value."""
        return bool(np.isclose(self._compute(name, self.length), self.own[name].quantity.value, rtol=TOLERANCE))

    def _compute(self, name: str, last: int) -> float:
        inside = self.numbers - self.numbers[0] <= last
        capacity = self.test.columns[self.capacity][self._mask][inside]
        efficiency = self.test.columns["coulombic_efficiency"][self._mask][inside]
        if name == "fade_rate":
            return (100.0 - _keep(capacity, efficiency)) / last
        return SUMS[name](capacity, efficiency)


def _change_value(name: str, known: Quantity, value: float) -> Quantity:
    """Another value of the same ageing: ratios in percent keep their error, what is per mass keeps it relatively."""
    if known.std is None:
        return Quantity(value, known.unit, basis="none", origin=known.origin)
    ratio = name in (RETENTION, "mean_coulombic_efficiency")
    scale = 1.0 if ratio or not known.value else abs(value / known.value)
    parts = {source: scale * part for source, part in known.parts.items()}
    std = scale * known.std
    return replace(known, value=value, std=std, lo95=value - Z95 * std, hi95=value + Z95 * std, parts=parts)


def find_stretches(test: CellTest) -> list[Stretch]:
    """The ageing of one cell's test, with the quantities that speak of each stretch; none without such quantities."""
    found = []
    for part in test.ageing:
        tried = [_read_stretch(test, part, column) for column in CAPACITIES if column in test.columns]
        known = [stretch for stretch in tried if stretch and RETENTION in stretch.own]
        found += [stretch for stretch in known if all(map(stretch.gives_back, stretch.own))][:1] or known[:1]
    return found


def _read_stretch(test: CellTest, part: Any, capacity: str) -> Stretch | None:
    """A stretch by one of the columns of capacities; None where it has no two cycles with that."""
    stretch = Stretch(test, part, capacity, {}, {})
    if len(stretch.numbers) < 2:
        return None
    last, own, asked = int(stretch.numbers[-1]), {}, {}
    for entry in test.cycling.entries:
        if entry.name not in SPANNED or not _speaks_of(entry, part.state, last):
            continue
        if entry.name == RETENTION and entry.state.get("cycle") != last:
            asked[entry.state["cycle"]] = entry
        else:
            own[entry.name] = entry
    return replace(stretch, own=own, at=asked)


def _speaks_of(entry: Entry, state: Mapping[str, Any], last: int) -> bool:
    mine = dict(entry.state)
    mine.pop("cycle", None)
    return mine.pop("to_cycle", last) == last and mine == dict(state)


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
    found, told = [], _say_cut(stretches, last) if cut else []
    for name in dict.fromkeys(name for stretch in every for name in stretch.own):
        lost = sum(name in s.own and s.value(name, last) is None for s in every)
        if lost:
            told.append(f"{name_words(name)}: {lost} of {len(every)} cells are left out, {NOT_GIVEN_BACK}")
        values = {sample: _values_of(name, mine, last) for sample, mine in stretches.items()}
        if not all(values.values()):
            continue
        at = {"cycle": number} if name == RETENTION else {}
        found.append(Spanned(name, {**state, **repeated, **at}, values, note))
    return [*found, *_compare_asked(stretches, state | repeated, number)], told


def _values_of(name: str, stretches: Iterable[Stretch], last: int) -> list[Value]:
    made = []
    for stretch in stretches:
        value = stretch.value(name, last)
        if value is not None:
            result = stretch.test.cycling
            failed = any(check.status == "fail" for check in result.checks)
            made.append(Value(value[0], value[1], result.subject.cell, failed=failed))
    return made


def _compare_asked(stretches: Mapping[str, list[Stretch]], state: Mapping[str, Any], last: int) -> list[Spanned]:
    """Retention at the cycles that were asked for, of the cells that reached them."""
    asked = sorted({cycle for mine in stretches.values() for s in mine for cycle in s.at} - {last})
    found = []
    for cycle in asked:
        values: dict[str, list[Value]] = defaultdict(list)
        for sample, mine in stretches.items():
            for stretch in mine:
                if cycle in stretch.at:
                    entry, result = stretch.at[cycle], stretch.test.cycling
                    values[sample].append(Value(result.entry_id(entry), entry.quantity, result.subject.cell))
        if len(values) == len(stretches):
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
