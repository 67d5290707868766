"""What a record of time, voltage and current says against itself: repeated rows, clocks, gaps, resolution, sign."""

from dataclasses import dataclass

import numpy as np

HOUR = 3600.0
NEIGHBOURS = 12  # intervals on either side that say what an interval between records usually is
GAP = 5.0  # an interval so many times the 90th percentile of its half cycle's is a gap
LEAST_GAP = 0.01  # of the half cycle's time: a shorter gap is within what a capacity is known to
MOST_DIGITS = 9
ADVERSE = 0.4  # of the voltage window: polarisation and relaxation move a voltage back by less


def find_repeated(*columns: np.ndarray) -> np.ndarray:
    """Rows that say the same as an earlier one.

    Parameters
    ----------
    columns : np.ndarray
        The columns to compare, each of shape (rows,).

    Returns
    -------
    np.ndarray
        True at the repetitions, shape (rows,).
    """
    rows = np.column_stack([np.nan_to_num(np.asarray(c, float), nan=-1e99) for c in columns])
    _, first = np.unique(rows, axis=0, return_index=True)
    repeated = np.ones(len(rows), bool)
    repeated[first] = False
    return repeated


def order_blocks(time: np.ndarray) -> np.ndarray | None:
    """The order of rows by time, where the file is made of blocks out of order.

    Blocks begin where time falls. They are out of order where their spans of time do not overlap: a clock that was
    set back runs again through times that it has shown before.

    Parameters
    ----------
    time : np.ndarray
        Time, s, shape (rows,).

    Returns
    -------
    np.ndarray or None
        Row numbers in the order of time, shape (rows,); None where time never falls or blocks overlap.
    """
    falls = np.flatnonzero(np.diff(time) < 0) + 1
    if not falls.size:
        return None
    first = np.append(0, falls)
    last = np.append(falls, len(time)) - 1
    by_start = np.argsort(time[first], kind="stable")
    if np.any(time[first[by_start[1:]]] < time[last[by_start[:-1]]]):
        return None
    return np.concatenate([np.arange(first[b], last[b] + 1) for b in by_start])


@dataclass(frozen=True)
class ClockRepair:
    """A clock that fell, run on: time in s (rows,), rows where whole hours were proven, rows whose interval is lost."""

    time: np.ndarray
    proven: tuple[tuple[int, float], ...]
    lost: tuple[int, ...]


def run_clock_on(time: np.ndarray, current: np.ndarray) -> ClockRepair:
    """Time that never falls.

    A clock set back by whole hours is set right where just one number of hours gives an interval like its
    neighbours'. Elsewhere the interval is unknown: the usual one stands in for it, and the row is listed as lost.

    Parameters
    ----------
    time : np.ndarray
        Time, s, shape (rows,).
    current : np.ndarray
        Current, A, shape (rows,).

    Returns
    -------
    ClockRepair
        The time, and what was done to it.
    """
    interval = np.diff(time, prepend=time[:1])
    proven, lost = [], []
    for k in np.flatnonzero(interval < 0).tolist():
        usual = _list_usual_intervals(interval, current, k)
        hours = _find_hours(interval[k], usual)
        if hours:
            proven.append((k, hours))
            interval[k] += hours * HOUR
        else:
            lost.append(k)
            interval[k] = float(np.median(usual)) if len(usual) else 0.0
    return ClockRepair(time[0] + np.cumsum(interval), tuple(proven), tuple(lost))


def _list_usual_intervals(interval: np.ndarray, current: np.ndarray, k: int) -> np.ndarray:
    """Positive intervals about row `k` under a current of the same direction."""
    rows = np.arange(max(k - NEIGHBOURS, 1), min(k + NEIGHBOURS + 1, len(interval)))
    like = (np.sign(current[rows]) == np.sign(current[k])) & (np.sign(current[rows - 1]) == np.sign(current[k]))
    return interval[rows][like & (interval[rows] > 0) & (rows != k)]


def _find_hours(fall: float, usual: np.ndarray) -> int:
    """The one number of whole hours that makes an interval like its neighbours; 0 where there is none or several."""
    if len(usual) < 3:
        return 0
    low, high = 0.8 * usual.min(), 1.25 * usual.max()
    most, least = int(np.floor((high - fall) / HOUR)), int(np.ceil((low - fall) / HOUR))
    return most if most == least and most > 0 else 0


def find_gaps(time: np.ndarray, flowing: np.ndarray) -> np.ndarray:
    """Rows of one half cycle before which records are missing while current flowed.

    Parameters
    ----------
    time : np.ndarray
        Time of the half cycle, s, shape (rows,).
    flowing : np.ndarray
        Whether current flows at each row, shape (rows,).

    Returns
    -------
    np.ndarray
        Row numbers within the half cycle.
    """
    interval = np.diff(time, prepend=time[:1])
    inside = np.append(False, flowing[1:] & flowing[:-1])
    if inside.sum() < 5:
        return np.zeros(0, int)
    usual = np.percentile(interval[inside], 90)
    long = inside & (interval > GAP * usual) & (interval > LEAST_GAP * interval[inside].sum())
    return np.flatnonzero(long)


def find_resolution(values: np.ndarray) -> float:
    """The last digit that a column is written to, from the values themselves; 0 where it is finer than can be seen.

    Parameters
    ----------
    values : np.ndarray
        A column, any unit, shape (n,).

    Returns
    -------
    float
        The last digit, in the unit of `values`.
    """
    size = np.unique(np.abs(values[np.isfinite(values) & (values != 0)]))
    if not size.size:
        return 0.0
    largest = float(size[-1])
    for digits in range(MOST_DIGITS):
        last = 10.0 ** (np.floor(np.log10(largest)) - digits)
        steps = size / last
        if np.all(np.abs(steps - np.round(steps)) < 1e-6 * np.maximum(steps, 1.0)):
            return float(last)
    return 0.0


def find_adverse(voltage: np.ndarray, sign: int) -> float:
    """How far a voltage moves against the direction of its current.

    Parameters
    ----------
    voltage : np.ndarray
        Voltages of one half cycle under current, V, shape (rows,).
    sign : int
        +1 on charge, -1 on discharge.

    Returns
    -------
    float
        The largest move back, V, never below 0.
    """
    run = sign * voltage[np.isfinite(voltage)]
    return float(np.max(np.maximum.accumulate(run) - run)) if run.size else 0.0


def trace_directions(voltage: np.ndarray, least: float) -> list[tuple[int, int, int]]:
    """Where a voltage is on its way up and where down, between turning points.

    Parameters
    ----------
    voltage : np.ndarray
        Voltage, V, shape (rows,), without NaN.
    least : float
        The least move between two turning points, V.

    Returns
    -------
    list of (int, int, int)
        First row, last row and direction (+1 up, -1 down) of each way; none where the voltage never moves so far.
    """
    turns: list[tuple[int, int]] = []
    near = 0.02 * least  # the plateau of a constant voltage ends with its last row, not with its noisiest
    top = bottom = float(voltage[0])
    high = low = way = 0
    for k, v in enumerate(voltage.tolist()):
        top, bottom = max(top, v), min(bottom, v)
        high = k if v >= top - near else high
        low = k if v <= bottom + near else low
        if way >= 0 and top - v >= least:
            turns += [(high, 1)] if way or high else []
            way, bottom, low = -1, v, k
            top = v
        elif way <= 0 and v - bottom >= least:
            turns += [(low, -1)] if way or low else []
            way, top, high = 1, v, k
            bottom = v
    return _list_ways(turns, way, len(voltage))


def _list_ways(turns: list[tuple[int, int]], way: int, rows: int) -> list[tuple[int, int, int]]:
    """The ways between turning points; the last runs to the end of the record."""
    found, start = [], 0
    for last, direction in (*turns, (rows - 1, way)):
        if direction and last >= start:
            found.append((start, last, direction))
        start = last + 1
    return found
