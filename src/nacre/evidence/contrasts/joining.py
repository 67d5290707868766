"""Values of several samples that may be compared: alike in technique, test, quantity, state and voltage window.

What is alike is decided by meaning, not by names and rounded numbers: nominal rates over all cells (`rates`), a test's
place in its cell's life (`places`), voltage windows (`windows`), ageing over the common cycles (`common_span`).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from nacre.core.display.wording import several
from nacre.core.quantity import Quantity
from nacre.core.result import Entry, Result, Subject
from nacre.core.study import Study
from nacre.core.vocabulary import word
from nacre.evidence.contrasts import rate_slope
from nacre.evidence.contrasts.cell_tests import find_tests, name_test
from nacre.evidence.contrasts.common_span import compare_span
from nacre.evidence.contrasts.places import find_common_names
from nacre.evidence.contrasts.rates import find_nominal_rates
from nacre.evidence.contrasts.stretches import CAPACITIES, SPANNED, Stretch, find_stretches
from nacre.evidence.contrasts.units import Value, split_state
from nacre.evidence.contrasts.unjoined import TECHNIQUES, Held, say_unjoined
from nacre.evidence.contrasts.windows import Window, Windows, divide_by_window, name_window


@dataclass(frozen=True)
class Joined:
    """What may be compared: a quantity in a state, from one technique and one test of a cell's life, by sample.

    `note` says what was done to make it comparable; "" where nothing was.
    """

    technique: str
    measurement: str
    name: str
    state: Mapping[str, Any]
    values: Mapping[str, list[Value]]
    note: str = ""


def join(
    study: Study, results: Iterable[Result], groups: Iterable[tuple[str, ...]] | None = None
) -> tuple[list[Joined], list[str]]:
    """(all values of samples, those together that may be compared, in the order of the results; sentences).

    The sentences say what was taken as alike although its names differ, and what could not be compared and why, with
    counts. Two techniques that measure one quantity are not each other's replicates, and two tests of a cell are never
    one state. A quantity that tells of the measurement, not of the sample, is left out.

    groups : samples that are compared with each other, since their ageing has to have a common span; None: the pairs
    of the study.
    """
    results = list(results)
    return _Joining(study, results, list(study.contrasts if groups is None else groups)).join(results)


@dataclass
class _Group:
    """Values under one key, each with the voltage window it was measured in."""

    state: dict[str, Any]
    values: list[tuple[str, Window, Value]] = field(default_factory=list)


class _Joining:
    """The names under which tests, rates and windows of one study are compared."""

    def __init__(self, study: Study, results: list[Result], groups: list[tuple[str, ...]]):
        self.groups = groups
        tests = find_tests(study, results)
        self.samples = {key: test.sample for key, test in tests.items()}
        self.rates, told = find_nominal_rates(study, tests.values())
        self.names, more = find_common_names(tests.values(), self.rates)
        self.windows = Windows(tests.values())
        self.told = [*told, *more]
        self.stretches = {key: find_stretches(test) for key, test in tests.items() if test.cycling}

    def join(self, results: list[Result]) -> tuple[list[Joined], list[str]]:
        groups = self._collect(results)
        joined = [one for key, group in groups.items() for one in _divide_by_window(key, group)]
        spans, cut = self._join_spans()
        slopes, missing = self._join_slopes(joined)
        alone = []
        for pair in (group for group in self.groups if len(group) == 2):
            alone += say_unjoined(*pair, _list_held(groups, joined, pair))
        return [*joined, *spans, *slopes], [*self.told, *cut, *alone, *missing]

    def _collect(self, results: list[Result]) -> dict[tuple, _Group]:
        """Values by technique, test, quantity and state, but those of ageing (see `_join_spans`)."""
        found: dict[tuple, _Group] = {}
        for result in results:
            failed = any(check.status == "fail" for check in result.checks)
            for entry in result.entries:
                subject = entry.subject or result.subject
                if not _is_compared(subject, entry) or self._is_spanned(result, subject, entry):
                    continue
                state, repeat = split_state(entry.state)
                state = self._name_state(subject, state)
                key = result.technique, self._name_test(subject), entry.name, tuple(sorted(state.items()))
                value = _in_vocabulary_unit(entry)
                made = Value(result.entry_id(entry), value, subject.cell, str(repeat.get("batch", "")), failed)
                owner, test = subject.cell or subject.sample, name_test(subject)
                window = self.windows.find(owner, test, entry.state)
                found.setdefault(key, _Group(state)).values.append((subject.sample, window, made))
        return found

    def _is_spanned(self, result: Result, subject: Subject, entry: Entry) -> bool:
        if entry.name not in SPANNED or result.technique != "cycling":
            return False
        mine = self.stretches.get((subject.cell or subject.sample, name_test(subject)), ())
        return any(entry is own for s in mine for own in (*s.own.values(), *s.at.values()))

    def _name_test(self, subject: Subject) -> str:
        name = name_test(subject)
        return self.names.get((subject.cell or subject.sample, name), name)

    def _name_state(self, subject: Subject, state: Mapping[str, Any]) -> dict[str, Any]:
        """The state with the study's nominal rate."""
        rate = state.get("rate_C")
        if not isinstance(rate, (int, float)):
            return dict(state)
        key = subject.cell or subject.sample, name_test(subject), float(rate)
        return {**state, "rate_C": self.rates.get(key, rate)}

    def _join_spans(self) -> tuple[list[Joined], list[str]]:
        """Quantities of ageing, group by group of samples."""
        joined, told = [], []
        for group, ((name, kind, _), stretches) in product(self.groups, self._gather_stretches().items()):
            for window, mine in divide_by_window(stretches).items():
                by_sample = {sample: [s for s in mine if s.test.sample == sample] for sample in group}
                aged = {sample: found for sample, found in by_sample.items() if found}
                if len(aged) < 2:
                    continue
                spanned, cut = compare_span(aged, _add_window(dict(kind), window))
                joined += [Joined("cycling", name, s.name, s.state, s.values, s.note) for s in spanned]
                told += [*cut, *self._say_unaged(name, dict(kind), aged)]
        return joined, told

    def _gather_stretches(self) -> dict[tuple, list[tuple[Window, Stretch]]]:
        """Stretches of ageing with their windows, by test, state and place among their like in the test."""
        found: dict[tuple, list[tuple[Window, Stretch]]] = defaultdict(list)
        for (owner, name), mine in self.stretches.items():
            seen: dict[tuple, int] = defaultdict(int)
            for stretch in mine:
                state = stretch.part.state
                window = self.windows.find(owner, name, state)
                if "rate_C" in state:
                    state = {**state, "rate_C": self.rates.get((owner, name, state["rate_C"]), state["rate_C"])}
                kind = tuple(sorted(state.items()))
                seen[kind] += 1
                found[self.names[owner, name], kind, seen[kind]].append((window, stretch))
        return found

    def _say_unaged(self, name: str, state: Mapping[str, Any], group: Mapping[str, list[Stretch]]) -> list[str]:
        """Cells that had the test and not this ageing."""
        aged = {stretch.test.owner for mine in group.values() for stretch in mine}
        lost = [
            key[0]
            for key, mine in self.stretches.items()
            if self.names[key] == name and key[0] not in aged and self.samples[key] in group and not mine
        ]
        if not lost:
            return []
        where = f" of '{state['segment']}'" if "segment" in state else ""
        return [f"{', '.join(lost)}: too few cycles{where}, without retention; the other cells are compared"]

    def _join_slopes(self, joined: list[Joined]) -> tuple[list[Joined], list[str]]:
        """The slope of the capacity over the rate, group by group, of tests that are rate tests for its samples."""
        tests: dict[str, list[Joined]] = defaultdict(list)
        for one in joined:
            if one.technique == "rate" and one.name == "discharge_capacity" and "rate_C" in one.state:
                tests[one.measurement].append(one)
        found, told = [], []
        for group, (name, rows) in product(self.groups, tests.items()):
            cells = _capacities_by_cell(rows, group)
            samples = list(dict.fromkeys(sample for sample, _ in cells))
            if len(samples) < 2:
                continue
            slopes, rates = rate_slope.fit_slopes(list(cells.values()))
            if not slopes:
                told.append(_say_no_slope(samples, rates))
                continue
            values: dict[str, list[Value]] = {sample: [] for sample in samples}
            for (sample, cell), (id_, slope) in zip(cells, slopes, strict=True):
                values[sample].append(Value(id_, slope, cell))
            note = f"slope over the logarithm of {len(rates)} rates in each cell"
            found.append(Joined("rate", name, rate_slope.NAME, {}, values, note))
        return found, told


def _say_no_slope(samples: list[str], rates: list[float]) -> str:
    names = ", ".join(f"{rate:g}C" for rate in rates) or "none"
    text = f"whether the difference of {several(samples)} depends on the rate cannot be determined"
    return f"{text}: the cells have too few rates in common ({names})"


def _capacities_by_cell(rows: Iterable[Joined], group: tuple[str, ...]) -> dict[tuple[str, str], dict]:
    """{(sample, cell): {C-rate: (id, capacity)}} of cells with enough rates for a slope."""
    cells: dict[tuple[str, str], dict] = defaultdict(dict)
    for row in rows:
        for sample in group:
            for value in row.values.get(sample, ()):
                cells[sample, value.cell][row.state["rate_C"]] = value.id, value.quantity
    return {key: found for key, found in cells.items() if len(found) >= rate_slope.LEAST}


def _divide_by_window(key: tuple, group: _Group) -> list[Joined]:
    """One for each voltage window that tells values apart; the state names it where there are several."""
    made = []
    for window, items in divide_by_window((w, (sample, value)) for sample, w, value in group.values).items():
        values: dict[str, list[Value]] = {}
        for sample, value in items:
            values.setdefault(sample, []).append(value)
        made.append(Joined(key[0], key[1], key[2], _add_window(group.state, window), values))
    return made


def _add_window(state: Mapping[str, Any], window: Window) -> dict[str, Any]:
    return dict(state) if window == (None, None) else {**state, "window": name_window(window)}


def _list_held(groups: Mapping[tuple, _Group], joined: list[Joined], pair: tuple[str, str]) -> list[Held]:
    """Under which conditions the cells of two samples were cycled, and where they met."""
    held: dict[tuple, Held] = {}
    cycled = {(test, state) for technique, test, name, state in groups if name in CAPACITIES}
    for (technique, test, _, state), group in groups.items():
        if technique not in TECHNIQUES or (test, state) not in cycled:
            continue
        one = held.setdefault((test, state), Held(test, group.state))
        for sample, window, value in group.values:
            if value.cell:
                one.counts[sample] += 1
                one.windows[sample].add(window)
    met = {
        (one.measurement, tuple(sorted((k, v) for k, v in one.state.items() if k != "window")))
        for one in joined
        if one.technique in TECHNIQUES and all(sample in one.values for sample in pair)
    }
    for key, one in held.items():
        one.met = key in met
    return list(held.values())


def _is_compared(subject: Subject, entry: Entry) -> bool:
    known = subject.sample and word("quantity", entry.name).compared
    return bool(known) and math.isfinite(entry.quantity.value)


def _in_vocabulary_unit(entry: Entry) -> Quantity:
    return entry.quantity.to(word("quantity", entry.name).unit)
