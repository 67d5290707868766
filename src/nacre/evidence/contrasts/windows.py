"""Voltage windows: half cycles that ended at different limits are never compared."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from nacre.evidence.contrasts.cell_tests import CellTest

LIMITS = {"upper_limit": 0.04, "lower_limit": 0.1}  # V; limits nearer than this are one: steep ends overshoot
UNKNOWN = 0.05  # V; where half cycles of one part end further apart, no voltage ended them

Window = tuple[float | None, float | None]
Item = TypeVar("Item")


class Windows:
    """The voltage windows of a study, limits that are nearly the same taken as one."""

    def __init__(self, tests: Iterable[CellTest]):
        tests = [test for test in tests if LIMITS.keys() <= test.columns.keys()]
        self.tests = {(test.owner, test.name): test for test in tests}
        found: dict[str, list[float]] = {name: [] for name in LIMITS}
        for test in tests:
            for part in test.parts:
                mask = np.isin(test.columns["cycle"], part.cycles)
                for name in LIMITS:
                    found[name].append(_typical(test.columns[name][mask]))
        self.limits = {name: _middles(values, LIMITS[name]) for name, values in found.items()}

    def find(self, owner: str, test: str, state: Mapping[str, Any]) -> Window:
        """(lower, upper) limit in V of the cycles that a state is about; None where no voltage ended them."""
        mine = self.tests.get((owner, test))
        if mine is None:
            return None, None
        mask = mine.select(state)
        lower, upper = (
            self._nearest(name, _typical(mine.columns[name][mask])) for name in ("lower_limit", "upper_limit")
        )
        return lower, upper

    def _nearest(self, name: str, limit: float) -> float | None:
        if limit != limit:
            return None
        return min(self.limits[name], key=lambda middle: abs(middle - limit))


def _typical(limits: np.ndarray) -> float:
    """The limit that half cycles of one part share; NaN where they do not."""
    limits = limits[np.isfinite(limits)]
    if not limits.size:
        return math.nan
    low, middle, high = np.quantile(limits, (0.1, 0.5, 0.9))
    return float(middle) if high - low <= UNKNOWN else math.nan


def _middles(values: list[float], tolerance: float) -> list[float]:
    """Medians of the groups that values form: neighbours nearer than the tolerance are in one."""
    known = np.sort([value for value in values if value == value])
    groups = np.split(known, np.flatnonzero(np.diff(known) > tolerance) + 1) if len(known) else []
    return [round(float(np.median(group)), 2) for group in groups] or [math.nan]


def divide_by_window(items: Iterable[tuple[Window, Item]]) -> dict[Window, list[Item]]:
    """Items by window, as far as windows differ: a limit that is the same in all, or unknown, tells nothing apart."""
    items = list(items)
    known = [{window[i] for window, _ in items} - {None} for i in (0, 1)]
    found: dict[Window, list[Item]] = {}
    for window, item in items:
        lower, upper = (limit if len(of_all) > 1 else None for limit, of_all in zip(window, known, strict=True))
        found.setdefault((lower, upper), []).append(item)
    return found


def name_window(window: Window) -> str:
    """`2.5 to 4.2 V`, `up to 4.2 V`."""
    low, high = (None if limit is None else f"{limit:g}" for limit in window)
    if low and high:
        return f"{low} to {high} V"
    if high:
        return f"up to {high} V"
    return f"down to {low} V" if low else "unknown limits"
