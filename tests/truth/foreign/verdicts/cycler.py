"""What a cycler records of one cell: uneven samples, quantised currents, counters, rests and constant-voltage steps.

Against In/InLi, 2.0 to 3.7 V. A discharge falls through a bend and a slope to a steep end; polarisation, the room's
temperature and the converter's noise come on top. The charge of each half cycle is given (that is the truth) and the
curve is laid over it, so that a counter or an integral must give it back.
"""

from dataclasses import dataclass

import numpy as np

LOWER, UPPER = 2.0, 3.7
CURRENT_STEP = 1e-7  # A, the last bit
COUNTER_STEP = 1e-8  # Ah
VOLTAGE_STEP = 1e-4  # V, likewise


@dataclass(frozen=True)
class HalfCycle:
    """One half cycle to be recorded: charge in Ah as the counter shall show it, current in A, both positive."""

    cycle: int
    charging: bool
    charge: float
    current: float
    resistance: float
    cv_share: float = 0.0


@dataclass(frozen=True)
class Step:
    """One step of the cycler's program as recorded; current is positive in charge, `counted` in Ah from its start."""

    cycle: int
    kind: str
    time: np.ndarray
    current: np.ndarray
    voltage: np.ndarray
    counted: np.ndarray


def record_cell(halves: list[HalfCycle], rng: np.random.Generator, points: int = 30) -> list[Step]:
    """The steps of one test, a rest before each half cycle. Times run on through the file, in s."""
    steps, clock, rested = [], 0.0, 2.35
    for half in halves:
        steps.append(_rest(half.cycle, clock, rested, rng))
        clock = float(steps[-1].time[-1])
        parts = [_constant_current(half, clock, points, rng)]
        if half.cv_share:
            parts.append(_constant_voltage(half, float(parts[0].time[-1]), rng))
        clock, rested = float(parts[-1].time[-1]), _relaxed(half)
        steps += parts
    return steps


def _relaxed(half: HalfCycle) -> float:
    return UPPER - 0.03 if half.charging else LOWER + 0.45


def _rest(cycle: int, clock: float, rested: float, rng: np.random.Generator) -> Step:
    time = clock + np.array([0.5, 60.0, 300.0, 600.0])
    toward = rested + (0.05 if rested < 3 else -0.02) * (1 - np.exp(-(time - clock) / 200))
    return Step(cycle, "R", time, np.zeros(4), _digitise(toward, rng), np.zeros(4))


def _constant_current(half: HalfCycle, clock: float, points: int, rng: np.random.Generator) -> Step:
    """Samples by time, and more of them where the voltage runs."""
    charge = half.charge * (1 - half.cv_share)
    share = _sample(points, rng)
    duration = 3600 * charge / half.current
    voltage = _charge_curve(share, half) if half.charging else _discharge_curve(share, half)
    sign = 1 if half.charging else -1
    current = np.full(share.size, half.current) + rng.normal(0, 0.6 * CURRENT_STEP, share.size)
    counted = np.round(charge * share / COUNTER_STEP) * COUNTER_STEP
    current = sign * np.round(current / CURRENT_STEP) * CURRENT_STEP
    return Step(
        half.cycle, "C" if half.charging else "D", clock + duration * share, current, _digitise(voltage, rng), counted
    )


def _constant_voltage(half: HalfCycle, clock: float, rng: np.random.Generator) -> Step:
    """The current decays to 30 % of its start, as an exponential that bears the charge left."""
    charge, last = half.charge * half.cv_share, half.current * 0.3
    tau = 3600 * charge / (half.current - last)
    time = np.linspace(0, tau * np.log(half.current / last), 16)[1:]
    current = half.current * np.exp(-time / tau)
    counted = tau * (half.current - current) / 3600
    current = np.round(current / CURRENT_STEP) * CURRENT_STEP
    counted = np.round(counted / COUNTER_STEP) * COUNTER_STEP
    return Step(half.cycle, "C", clock + time, current, _digitise(np.full(15, UPPER), rng), counted)


def _sample(points: int, rng: np.random.Generator) -> np.ndarray:
    """Shares of the step's duration, strictly rising, the last 1."""
    even = np.linspace(0, 1, points - 10)[1:-1]
    even = even + rng.uniform(-0.3, 0.3, even.size) / points
    ends = np.array([0.0004, 0.0015, 0.004, 0.01, 0.02, 0.96, 0.98, 0.99, 0.996, 1.0])
    return np.unique(np.concatenate([even[(even > 0.025) & (even < 0.95)], ends]))


def _open_curve(share: np.ndarray) -> np.ndarray:
    """From 1, charged, to 0: a bend early (H1-M), a slope, a steep end."""
    bend = 0.10 / (1 + np.exp((share - 0.22) / 0.035))
    slope = 0.55 - 0.33 * share**1.15
    end = 0.42 * (1 - np.exp((share - 1) / 0.03))
    raw = bend + slope + end
    return (raw - raw[-1]) / (1.07 - raw[-1])


def _discharge_curve(share: np.ndarray, half: HalfCycle) -> np.ndarray:
    start = UPPER - 0.01 - min(half.current * half.resistance, 0.6)
    return LOWER + (start - LOWER) * _open_curve(share)


def _charge_curve(share: np.ndarray, half: HalfCycle) -> np.ndarray:
    """The same way back, higher by the polarisation, up to the limit."""
    start = LOWER + 0.5 + min(half.current * half.resistance, 0.4)
    rise = 0.75 + 0.25 * share - 0.75 * np.exp(-share / 0.03)
    bend = 0.06 / (1 + np.exp(-(share - 0.78) / 0.035))
    raw = rise + bend
    return start + (UPPER - start) * raw / raw[-1]


def _digitise(voltage: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noisy = voltage + rng.normal(0, 1.5e-4, voltage.size)
    noisy[-1] = voltage[-1]
    return np.round(noisy / VOLTAGE_STEP) * VOLTAGE_STEP
