"""What every reader of cycler files does alike: count steps, bring counters to one meaning, check them.

All functions are pure and take arrays of one entry per record. Charge in Ah, energy in Wh, time in s, current in A
(positive charges the cell), voltage in V.
"""

from dataclasses import dataclass

import numpy as np

from nacre.core.signal import Note

_AGREES = 0.01  # relative: counter against integral, above it a warning
_CONSTANT_CURRENT = 0.01
_CONSTANT_VOLTAGE = 0.005  # V


def step_starts(step_id, cycle, step_time=None, ended=None) -> np.ndarray:
    """Whether a step begins at each record: its number or cycle changes, its clock falls, or the last one `ended`.

    `ended` (bool per record: the record closes its step) counts only where there is no step clock to see it by.
    """
    starts = np.zeros(len(step_id), bool)
    starts[:1] = True
    starts[1:] = (np.diff(step_id) != 0) | (np.diff(cycle) != 0)
    if step_time is not None:
        with np.errstate(invalid="ignore"):
            starts[1:] |= np.diff(step_time) < 0
    elif ended is not None:
        starts[1:] |= ended[:-1]
    return starts


def direction_starts(current) -> np.ndarray:
    """Step starts where a file numbers no steps: charge, discharge and rest follow each other."""
    sign = np.sign(np.nan_to_num(current))
    starts = np.zeros(len(sign), bool)
    starts[:1] = True
    starts[1:] = np.diff(sign) != 0
    return starts


def count_cycles(current) -> np.ndarray:
    """Cycle numbers where a file has none: from 1, the next begins when the first direction comes again."""
    sign = np.sign(np.nan_to_num(current)).astype(np.int64)
    active = np.flatnonzero(sign)
    if not len(active):
        return np.ones(len(sign), np.int64)
    turns = active[1:][(sign[active][1:] != sign[active][:-1]) & (sign[active][1:] == sign[active[0]])]
    cycles = np.zeros(len(sign), np.int64)
    cycles[turns] = 1
    return 1 + np.cumsum(cycles)


@dataclass(frozen=True)
class Counter:
    """A counter of charge or energy passed since the step began, and how the file's own counter behaved.

    values : >= 0, from 0 at the start of each step; continued, restarted : step changes at which the file's counter
    ran on, or began anew (only those at which the two can be told apart).
    """

    values: np.ndarray
    continued: int
    restarted: int


def step_counter(raw, starts, rate=None, step_time=None) -> Counter:
    """The charge (energy) passed within each step, from a counter that may run on over steps.

    A counter that falls at a step's start began anew. One that does not fall ran on, unless its first value is
    nearer to what flowed since the step began (`rate` in A or W times `step_time` in s) than its rise is.
    """
    raw = np.abs(np.asarray(raw, float))
    first = np.flatnonzero(starts)
    before = raw[first - 1]
    flowed = np.zeros(len(first))
    if rate is not None and step_time is not None:
        flowed = np.nan_to_num(np.abs(rate[first]) * step_time[first] / 3600)
    rise = raw[first] - before
    continues = (rise >= 0) & (np.abs(rise - flowed) <= np.abs(raw[first] - flowed)) & (before > 0)
    continues[:1] = False
    base = np.where(continues, before, 0.0)
    values = np.maximum(raw - np.repeat(base, np.diff(np.append(first, len(raw)))), 0.0)
    told_apart = before[1:] > 0
    return Counter(values, int(continues.sum()), int((told_apart & ~continues[1:]).sum()))


def passed(values, starts) -> np.ndarray:
    """What a step counter gained from the first to the last record of each step."""
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(values)) - 1
    return values[last] - values[first]


def integral(rate, time, starts) -> np.ndarray:
    """Integral of |rate| dt / 3600 over each step, from its first to its last record."""
    return passed(integral_within(rate, time, starts), starts)


def integral_within(rate, time, starts) -> np.ndarray:
    """Running integral of |rate| dt / 3600 within each step, trapezoidal, 0 at the step's first record."""
    area = np.zeros(len(time))
    size = np.abs(np.nan_to_num(rate))
    area[1:] = np.nan_to_num((size[1:] + size[:-1]) / 2 * np.diff(time) / 3600)
    area[starts] = 0
    total = np.cumsum(area)
    first = np.flatnonzero(starts)
    return total - np.repeat(total[first], np.diff(np.append(first, len(total))))


def check_counter(values, current, time, starts) -> tuple[Note, ...]:
    """Notes on the capacity counter against the integral of I dt, for charge and discharge."""
    counted, integrated = passed(values, starts), integral(current, time, starts)
    sums = np.add.reduceat(np.nan_to_num(current), np.flatnonzero(starts))
    notes = []
    for words, side in (("charge", sums > 0), ("discharge", sums < 0)):
        total, ours = np.nansum(counted[side]), np.nansum(integrated[side])
        if not total and not ours:
            continue
        differ = ours / total - 1 if total else np.inf
        text = f"{words}: the capacity counter gives {total:.6g} Ah, the integral of I dt {ours:.6g} Ah ({differ:+.2%})"
        if abs(differ) <= _AGREES:
            notes.append(Note("info", text))
        else:
            notes.append(Note("warning", f"{text}; the counter is used, and the two should be looked at"))
    return tuple(notes)


def mean_voltage_ratio(charge, energy, voltage, starts) -> float:
    """(energy counter) / (integral of V dQ over the capacity counter): 1 where volts are volts, 1e-3 where they are mV.

    NaN where too little charge flows to tell.
    """
    dq = np.diff(np.nan_to_num(charge))
    de = np.diff(np.nan_to_num(energy))
    within = ~starts[1:] & (dq > 0) & np.isfinite(voltage[1:]) & np.isfinite(voltage[:-1])
    expected = np.sum(((voltage[1:] + voltage[:-1]) / 2 * dq)[within])
    if within.sum() < 3 or expected == 0:
        return float("nan")
    return float(np.sum(de[within]) / expected)


def step_types(current, voltage, starts) -> np.ndarray:
    """BDF step types, one per step: REST, CC_CHG, CV_CHG, CHG, CC_DCH, CV_DCH, DCH.

    Constant current is a spread below 1 % after the first record, constant voltage one below 5 mV; CHG and DCH are
    steps that are neither throughout (constant current, then constant voltage), or too short to tell.
    """
    first = np.flatnonzero(starts)
    length = np.diff(np.append(first, len(current)))
    settled = first + (length > 2)
    current, voltage = np.nan_to_num(current), np.nan_to_num(voltage, nan=np.nanmean(voltage) if len(voltage) else 0)
    low, high = _extremes(current, settled, first, length)
    v_low, v_high = _extremes(voltage, settled, first, length)
    size = np.maximum(np.abs(low), np.abs(high))
    side = np.where(low + high > 0, "CHG", "DCH")
    long = length > 2
    constant_current = long & (high - low <= _CONSTANT_CURRENT * size)
    constant_voltage = long & (v_high - v_low <= _CONSTANT_VOLTAGE) & ~constant_current
    prefix = np.where(constant_current, "CC_", np.where(constant_voltage, "CV_", ""))
    return np.where(size == 0, "REST", np.char.add(prefix, side))


def _extremes(values, settled, first, length):
    """Least and greatest of each step's records from `settled` on."""
    edges = np.empty(2 * len(first), np.int64)
    edges[::2], edges[1::2] = settled, first + length
    padded = np.append(values, values[-1:])
    return np.minimum.reduceat(padded, edges)[::2], np.maximum.reduceat(padded, edges)[::2]
