"""Ageing of one cell: its cycles, the quantities that speak of them, and these again up to an earlier cycle."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nacre.core.quantity import Z95, Quantity
from nacre.core.result import Entry
from nacre.evidence.contrasts.cell_tests import CellTest
from nacre.evidence.contrasts.units import Value

RETENTION = "capacity_retention"
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

    def value(self, name: str, last: int) -> Value | None:
        """The value up to `last` cycles after the first; None where the table does not give it."""
        entry = self.own.get(name)
        if entry is None:
            return None
        if last == self.length:
            return self._name_value(entry, entry.quantity)
        asked = int(self.numbers[0]) + last
        if name == RETENTION and asked in self.at:
            return self.asked_value(asked)
        if not self.gives_back(name):
            return None
        return self._name_value(entry, _change_value(name, entry.quantity, self._compute(name, last)))

    def asked_value(self, cycle: int) -> Value:
        """Retention at a cycle that was asked for."""
        return self._name_value(self.at[cycle], self.at[cycle].quantity)

    def _name_value(self, entry: Entry, quantity: Quantity) -> Value:
        result = self.test.result
        failed = any(check.status == "fail" for check in result.checks)
        return Value(result.entry_id(entry), quantity, result.subject.cell, failed=failed)

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
    for entry in test.result.entries:
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
