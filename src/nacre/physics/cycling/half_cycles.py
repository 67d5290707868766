"""Half cycles of a galvanostatic test: where they begin and end, and what passed in each.

A half cycle is an unbroken stretch of one current direction; rests, constant-voltage parts and interruptions
inside it belong to it. Everything here is vectorised over the rows of a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

AT_LIMIT = 0.01  # V: how near to its limit a half cycle ends
PAIR = 0.05  # of the largest charge: two like stretches of opposite directions below it are a resistance test
THROUGH = 0.6  # of the voltage window: what a weak half cycle runs through, and no pulse


@dataclass(frozen=True)
class HalfCycleRuns:
    """Half cycles as rows `first` to `last` (both included) and `sign` (+1 charge, -1 discharge), each (n,)."""

    first: np.ndarray
    last: np.ndarray
    sign: np.ndarray

    def __len__(self) -> int:
        return len(self.sign)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum of `values` (rows,) over each half cycle (n,).

        Parameters
        ----------
        values : np.ndarray
            One value per row, shape (rows,).

        Returns
        -------
        np.ndarray
            One sum per half cycle, shape (n,).
        """
        if not len(self):
            return np.zeros(0)
        edges = np.column_stack((self.first, self.last + 1)).ravel()
        return np.add.reduceat(np.append(values, 0.0), edges)[::2]


def find_directions(current: np.ndarray, floor: float = 1e-3) -> np.ndarray:
    """+1 where the cell is charged, -1 where it is discharged, 0 at rest (rows,), int8.

    Rest is where the current is below `floor` of its 99th percentile; a missing current counts as rest.

    Parameters
    ----------
    current : np.ndarray
        Current, A, shape (rows,), positive on charge.
    floor : float, optional
        Part of the 99th percentile below which a current counts as rest.

    Returns
    -------
    np.ndarray
        Directions, int8, shape (rows,).
    """
    size = np.nan_to_num(np.abs(current))
    flowing = size[size > 0]
    if not flowing.size:
        return np.zeros(len(current), np.int8)
    level = floor * np.percentile(flowing, 99)
    return np.where(size > level, np.sign(np.nan_to_num(current)), 0).astype(np.int8)


def integrate_charge(
    time: np.ndarray, current: np.ndarray, sign: np.ndarray, breaks: Sequence[int] | np.ndarray = ()
) -> np.ndarray:
    """Charge in C that passed between each row and the one before, >= 0 (rows,): trapezoids of I dt.

    time in s, current in A. A step begins at the record that ended the step before, so its first row
    takes its own current over that interval, which is capped at the longest interval inside a half cycle.
    `breaks` are rows before which the record was interrupted: nothing is known to have passed there.

    Parameters
    ----------
    time : np.ndarray
        Time, s, shape (rows,).
    current : np.ndarray
        Current, A, shape (rows,), positive on charge.
    sign : np.ndarray
        Direction of the current, +1, 0 or -1, shape (rows,).
    breaks : Sequence[int] | np.ndarray, optional
        Rows before which the record was interrupted.

    Returns
    -------
    np.ndarray
        Charge, C, shape (rows,), never below 0.
    """
    size = np.nan_to_num(np.abs(current))
    interval = np.clip(np.diff(time, prepend=time[:1]), 0, None)
    interval[list(breaks)] = 0.0
    inside = np.append(False, (sign[1:] == sign[:-1]) & (sign[1:] != 0))
    before = np.append(0.0, size[:-1])
    cap = interval[inside].max(initial=0.0)
    passed = np.where(inside, 0.5 * (size + before) * interval, size * np.minimum(interval, cap))
    return np.where(sign != 0, passed, 0.0)


def split_half_cycles(
    sign: np.ndarray, passed: np.ndarray, smallest: float = 0.01, voltage: np.ndarray | None = None
) -> tuple[HalfCycleRuns, HalfCycleRuns]:
    """Half cycles from directions and charge per row, and the pulses that are none.

    A stretch that passes less than `smallest` of the largest one is a pulse (a resistance test, noise about zero): it
    ends no half cycle; so is one of up to 5 % with a like one of the other direction beside it. One that runs from
    limit to limit of the voltage is a half cycle however little it passes: the cell is weak there. Returns (half
    cycles, pulses); half cycles alternate in sign.

    Parameters
    ----------
    sign : np.ndarray
        Direction of the current, +1, 0 or -1, shape (rows,).
    passed : np.ndarray
        Charge between each row and the one before, C, shape (rows,).
    smallest : float, optional
        Part of the largest charge below which a stretch may be a pulse.
    voltage : np.ndarray | None, optional
        Voltage, V, NaN where it was not recorded, shape (rows,); None: every small stretch is a pulse.

    Returns
    -------
    tuple[HalfCycleRuns, HalfCycleRuns]
        Half cycles, and pulses.
    """
    every = _find_stretches(sign)
    charge = every.sums(passed)
    small = charge < PAIR * charge.max(initial=0.0)
    weak = np.zeros(len(every), bool) if voltage is None else _find_weak(every, ~small, voltage)
    kept = weak | ((charge >= smallest * charge.max(initial=0.0)) & ~_find_pairs(charge, small & ~weak))
    pulses = HalfCycleRuns(every.first[~kept], every.last[~kept], every.sign[~kept])
    sign, first, last = every.sign[kept], every.first[kept], every.last[kept]
    if not sign.size:
        return HalfCycleRuns(first, last, sign), pulses
    opens = np.append(True, sign[1:] != sign[:-1])
    closes = np.append(opens[1:], True)
    return HalfCycleRuns(first[opens], last[closes], sign[opens]), pulses


def _find_pairs(charge: np.ndarray, small: np.ndarray) -> np.ndarray:
    """Small stretches beside one that took back what they gave: pulses of a resistance test (n,)."""
    most = np.maximum(charge[1:], charge[:-1])
    alike = small[1:] & small[:-1] & (np.abs(np.diff(charge)) < 0.25 * most)
    return (np.append(alike, False) | np.append(False, alike))[: len(charge)]


def _find_weak(every: HalfCycleRuns, large: np.ndarray, voltage: np.ndarray) -> np.ndarray:
    """Small stretches that run from one limit of the large ones to the other (n,)."""
    weak = np.zeros(len(every), bool)
    ends = voltage[every.last]
    reached = [ends[large & (every.sign == sign) & np.isfinite(ends)] for sign in (1, -1)]
    if large.all() or not all(len(volts) for volts in reached):
        return weak
    top, bottom = (float(np.median(volts)) for volts in reached)
    limit = np.where(every.sign > 0, top, bottom)
    at_limit = every.sign * (limit - ends) < max(AT_LIMIT, 0.01 * (top - bottom))
    before = np.append(voltage[every.first[:1]], ends[:-1])
    # a pulse begins where the cell stands; a weak half cycle where the one before it ended
    return ~large & at_limit & (np.abs(ends - before) > THROUGH * (top - bottom))


def _find_stretches(sign: np.ndarray) -> HalfCycleRuns:
    rows = np.flatnonzero(sign)
    active = sign[rows]
    if not rows.size:
        return HalfCycleRuns(rows, rows, active)
    opens = np.append(True, active[1:] != active[:-1])
    closes = np.append(opens[1:], True)
    return HalfCycleRuns(rows[opens], rows[closes], active[opens])


def exclude_runs(rows: np.ndarray, runs: HalfCycleRuns) -> np.ndarray:
    """`rows` (charge per row) with nothing counted inside `runs`.

    Parameters
    ----------
    rows : np.ndarray
        Charge per row, shape (rows,).
    runs : HalfCycleRuns
        Half cycles as first and last rows.

    Returns
    -------
    np.ndarray
        Charge per row, shape (rows,).
    """
    marks = np.zeros(len(rows) + 1, np.int64)
    np.add.at(marks, runs.first, 1)
    np.add.at(marks, runs.last + 1, -1)
    return np.where(np.cumsum(marks[:-1]) > 0, 0.0, rows)


def integrate_energy(voltage: np.ndarray, passed: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Energy in J between each row and the one before (rows,): mean voltage of the two times the charge.

    Parameters
    ----------
    voltage : np.ndarray
        Voltage, V, shape (rows,).
    passed : np.ndarray
        Charge between each row and the one before, C, shape (rows,).
    sign : np.ndarray
        Direction of the current, +1, 0 or -1, shape (rows,).

    Returns
    -------
    np.ndarray
        Energy, J, shape (rows,).
    """
    before = np.append(voltage[:1], voltage[:-1])
    inside = np.append(False, sign[1:] == sign[:-1])
    return passed * np.where(inside, 0.5 * (voltage + before), voltage)


def find_typical_current(current: np.ndarray, passed: np.ndarray, runs: HalfCycleRuns) -> np.ndarray:
    """Current in A at which half the charge of each half cycle had passed (n,), >= 0.

    Weighting by charge makes it the constant current of a CC-CV charge, whatever the logging.

    Parameters
    ----------
    current : np.ndarray
        Current, A, shape (rows,), positive on charge.
    passed : np.ndarray
        Charge between each row and the one before, C, shape (rows,).
    runs : HalfCycleRuns
        Half cycles as first and last rows.

    Returns
    -------
    np.ndarray
        Current, A, shape (n,), never below 0.
    """
    found = np.zeros(len(runs))
    for k, (first, last) in enumerate(zip(runs.first, runs.last, strict=True)):
        size, weight = np.abs(current[first : last + 1]), passed[first : last + 1]
        order = np.argsort(size)
        total = np.cumsum(weight[order])
        found[k] = size[order[min(np.searchsorted(total, 0.5 * total[-1]), len(order) - 1)]]
    return found


def thin_curve(x: np.ndarray, y: np.ndarray, most: int = 400) -> np.ndarray:
    """Rows of a curve (n,) that draw it with at most `most` points, equally spaced along its drawn length.

    Parameters
    ----------
    x : np.ndarray
        Abscissae of the curve, shape (n,).
    y : np.ndarray
        Ordinates of the curve, shape (n,).
    most : int, optional
        Most points to keep.

    Returns
    -------
    np.ndarray
        Rows to keep, rising.
    """
    if len(x) <= most:
        return np.arange(len(x))
    dx, dy = (np.abs(np.diff(v)) / (np.ptp(v) or 1.0) for v in (x, y))
    length = np.append(0.0, np.cumsum(np.hypot(dx, dy)))
    wanted = np.linspace(0.0, length[-1], most)
    return np.unique(np.clip(np.searchsorted(length, wanted), 0, len(x) - 1))
