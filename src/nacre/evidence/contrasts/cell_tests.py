"""The tests of a study as contrasts see them: whose, by what name, and cycle by cycle how they were run."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from nacre.core.result import Result, Subject
from nacre.core.study import Study
from nacre.techniques.cycling.ageing import divide_table, find_ageing

SAME = 1e-9  # relative; a state's rate is the table's own number


def name_test(subject: Subject) -> str:
    """The measurement by its name within the cell or sample: `rate` of `lho-1:rate`."""
    return subject.measurement.removeprefix(f"{subject.cell or subject.sample}:")


@dataclass(frozen=True)
class CellTest:
    """One measurement of a cell or sample; `cycling` is its result with the table of cycles, None where it has none.

    `order` is its place in study.toml.
    """

    sample: str
    owner: str
    name: str
    order: int = 0
    cycling: Result | None = None
    rates: set[float] = field(default_factory=set, compare=False)  # C-rates that states of its quantities name

    @cached_property
    def columns(self) -> Mapping[str, np.ndarray]:
        """Columns of the table of cycles, (cycles,) each; empty where there is none."""
        if self.cycling is None:
            return {}
        return {name: np.asarray(values) for name, (values, _) in self.cycling.curve("cycles").columns.items()}

    @property
    def result(self) -> Result:
        """What cycling found of the test. Raises LookupError where it was not analysed."""
        if self.cycling is None:
            raise LookupError("the test was not analysed")
        return self.cycling

    @cached_property
    def start(self) -> float:
        """Wall clock in s since 1970, NaN where unknown."""
        start = self.columns.get("start")
        return float(start[0]) if start is not None and len(start) else math.nan

    @cached_property
    def parts(self) -> list:
        """Runs of cycles at one rate in one segment."""
        if not {"cycle", "rate_C", "segment"} <= self.columns.keys():
            return []
        return divide_table(*(self.columns[name].tolist() for name in ("cycle", "rate_C", "segment")))

    @cached_property
    def ageing(self) -> list:
        """The stretches of ageing among them."""
        return find_ageing(self.parts)

    def select(self, state: Mapping[str, Any]) -> np.ndarray:
        """Mask (cycles,) of the cycles that ran as a state says; a cycle stands for all of its segment and rate."""
        columns = self.columns
        mask = np.ones(len(columns["cycle"]), bool)
        here = columns["cycle"] == state.get("cycle", -1)
        if here.any():
            rate, segment = columns["rate_C"][here][0], columns["segment"][here][0]
        else:
            rate, segment = state.get("rate_C", math.nan), state.get("segment")
        if rate == rate:
            mask &= np.isclose(columns["rate_C"], rate, rtol=SAME)
        if segment is not None:
            mask &= columns["segment"] == segment
        return mask if mask.any() else np.ones(len(mask), bool)


def find_tests(study: Study, results: Iterable[Result]) -> dict[tuple[str, str], CellTest]:
    """{(cell or sample, name of the test): the test}, in the order of the results."""
    order = {m.name: i for i, m in enumerate(study.measurements)}
    found: dict[tuple[str, str], CellTest] = {}
    for result in results:
        for entry in result.entries:
            subject = entry.subject or result.subject
            test = _enter(found, subject, order)
            rate = entry.state.get("rate_C")
            if isinstance(rate, (int, float)):
                test.rates.add(float(rate))
        if result.technique == "cycling" and any(curve.name == "cycles" for curve in result.curves):
            test = _enter(found, result.subject, order)
            if test.cycling is None:
                found[test.owner, test.name] = CellTest(
                    test.sample, test.owner, test.name, test.order, result, test.rates
                )
    return found


def _enter(found: dict[tuple[str, str], CellTest], subject: Subject, order: Mapping[str, int]) -> CellTest:
    owner, name = subject.cell or subject.sample, name_test(subject)
    place = order.get(subject.measurement, len(order))
    return found.setdefault((owner, name), CellTest(subject.sample, owner, name, place))
