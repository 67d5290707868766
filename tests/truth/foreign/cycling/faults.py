"""One fault in a cycler's table: clocks, gaps, signs, counters, resolution, cycles, copies."""

from collections.abc import Callable

import numpy as np

from truth.foreign.cycling.protocols import Drawn

Columns = dict[str, np.ndarray]
TIMES = ("test_time_second", "unix_time_second")
ABOUT = (*TIMES, "voltage_volt", "current_ampere", "step_count", "cycle_count")


def _middle(test: Drawn, rng: np.random.Generator) -> tuple[int, int]:
    """First and last row of a half cycle that is neither the first nor the last."""
    return test.starts[int(rng.integers(2, len(test.starts) - 1))]


def _keep(columns: Columns, rows: np.ndarray) -> Columns:
    return {name: v[rows] for name, v in columns.items()}


def set_clock_back(test: Drawn, rng: np.random.Generator) -> Columns:
    """The clock falls by 10 minutes to 3 hours inside a half cycle."""
    return _move_clock(test, rng, -float(rng.choice([600.0, 3600.0, 7200.0, rng.uniform(600, 1e4)])))


def jump_forward(test: Drawn, rng: np.random.Generator) -> Columns:
    """The clock jumps ahead by an hour inside a half cycle."""
    return _move_clock(test, rng, 3600.0)


def _move_clock(test: Drawn, rng: np.random.Generator, seconds: float) -> Columns:
    first, last = _middle(test, rng)
    at = int(first + (last - first) * rng.uniform(0.3, 0.7))
    return test.columns | {
        n: np.where(np.arange(len(test.columns[n])) >= at, seconds, 0) + test.columns[n] for n in TIMES
    }


def drop_block(test: Drawn, rng: np.random.Generator) -> Columns:
    """A fifth to a half of the rows of a half cycle are missing."""
    first, last = _middle(test, rng)
    width = int((last - first) * rng.uniform(0.2, 0.5))
    at = int(rng.integers(first + 2, last - width - 1))
    rows = np.arange(len(test.columns["voltage_volt"]))
    return _keep(test.columns, (rows < at) | (rows >= at + width))


def interrupt(test: Drawn, rng: np.random.Generator) -> Columns:
    """A half cycle is cut at 30 to 70 %; the test goes on with the next."""
    first, last = _middle(test, rng)
    at = int(first + (last - first) * rng.uniform(0.3, 0.7))
    rows = np.arange(len(test.columns["voltage_volt"]))
    return _keep(test.columns, (rows < at) | (rows > last))


def flip_all(test: Drawn, rng: np.random.Generator) -> Columns:
    """Positive current discharges."""
    return test.columns | {"current_ampere": -test.columns["current_ampere"]}


def flip_one(test: Drawn, rng: np.random.Generator) -> Columns:
    """One half cycle has the other sign."""
    first, last = _middle(test, rng)
    current = test.columns["current_ampere"].copy()
    current[first : last + 1] *= -1
    return test.columns | {"current_ampere": current}


def forget_sign(test: Drawn, rng: np.random.Generator) -> Columns:
    """Currents without a sign."""
    return test.columns | {"current_ampere": np.abs(test.columns["current_ampere"])}


def _counters(test: Drawn) -> list[str]:
    return [name for name in test.columns if name not in ABOUT]


def reset_counter(test: Drawn, rng: np.random.Generator) -> Columns:
    """A counter begins anew inside a half cycle."""
    first, last = _middle(test, rng)
    at = int(first + (last - first) * rng.uniform(0.3, 0.7))
    rows = np.arange(len(test.columns["voltage_volt"]))
    return test.columns | {
        n: np.where((rows >= at) & (rows <= last), test.columns[n] - test.columns[n][at - 1], test.columns[n])
        for n in _counters(test)
    }


def scale_counter(test: Drawn, rng: np.random.Generator) -> Columns:
    """A counter in another unit, or by another gain, than its heading says."""
    factor = float(rng.choice([1000.0, 1e-3, 3600.0, 1.2, 0.8]))
    return test.columns | {n: test.columns[n] * factor for n in _counters(test)}


def coarsen(test: Drawn, rng: np.random.Generator) -> Columns:
    """The current is written to one decimal digit, which is a third to a thirtieth of it."""
    current = test.columns["current_ampere"]
    digit = 10 ** np.floor(np.log10(np.abs(current).max() * 0.33))
    return test.columns | {"current_ampere": np.round(current / digit) * digit}


def silence(test: Drawn, rng: np.random.Generator) -> Columns:
    """The current is below its last digit: all read 0."""
    return test.columns | {"current_ampere": 0 * test.columns["current_ampere"]}


def lose_cycles(test: Drawn, rng: np.random.Generator) -> Columns:
    """Two whole cycles are missing."""
    cycle = test.columns["cycle_count"]
    at = int(rng.integers(2, cycle.max() - 1))
    return _keep(test.columns, (cycle < at) | (cycle > at + 1))


def copy_block(test: Drawn, rng: np.random.Generator) -> Columns:
    """A stretch of rows stands in the file twice."""
    n = len(test.columns["voltage_volt"])
    at, width = int(rng.integers(n // 4, n // 2)), n // 5
    return _keep(test.columns, np.r_[: at + width, at:n])


def swap_blocks(test: Drawn, rng: np.random.Generator) -> Columns:
    """Two parts of the file have changed places."""
    n = len(test.columns["voltage_volt"])
    at = int(rng.integers(n // 4, 3 * n // 4))
    return _keep(test.columns, np.r_[at:n, :at])


def blank_cells(test: Drawn, rng: np.random.Generator) -> Columns:
    """A few cells of every counter are empty."""
    columns = dict(test.columns)
    for name in _counters(test):
        values = columns[name].astype(float)
        values[rng.integers(0, len(values), 3)] = np.nan
        columns[name] = values
    return columns


def zero_volts(test: Drawn, rng: np.random.Generator) -> Columns:
    """The voltage of some steps was not recorded."""
    first, last = _middle(test, rng)
    volts = test.columns["voltage_volt"].copy()
    volts[first : last + 1] = 0.0
    return test.columns | {"voltage_volt": volts}


FAULTS: tuple[Callable[[Drawn, np.random.Generator], Columns], ...] = (
    set_clock_back, jump_forward, drop_block, interrupt, flip_all, flip_one, forget_sign, reset_counter, scale_counter,
    coarsen, silence, lose_cycles, copy_block, swap_blocks, blank_cells, zero_volts,
)  # fmt: skip
OF_COUNTERS = (reset_counter, scale_counter, blank_cells)
