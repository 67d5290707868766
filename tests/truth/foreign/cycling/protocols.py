"""Tests as labs run them, on the foreign cell, and the tables that cyclers write of them."""

from dataclasses import dataclass, field

import numpy as np

from truth.foreign.cycling.cell import Bench, Cell, Record

PROTOCOLS = ("rates", "long", "check_ups", "charge_rates", "asymmetric", "held", "pulses", "half_cell")
COUNTERS = ("none", "step", "step_pair", "cycle_pair", "total_pair", "signed_step", "net", "cumulative")


@dataclass
class Drawn:
    """A test: what the cycler wrote (columns in BDF names), and the truth: mAh by cycle and direction."""

    columns: dict[str, np.ndarray]
    truth: dict[tuple[int, int], float]
    protocol: str
    counter: str
    nominal: float  # mAh
    starts: list[tuple[int, int]] = field(default_factory=list)  # first and last row of each half cycle


def draw_cell(rng: np.random.Generator, kind: str) -> Cell:
    """A cell of 0.5 to 5 mAh with 30 to 120 mV of polarisation at 1C."""
    capacity = rng.uniform(0.5, 5.0)
    window = {"layered": (2.9, 4.3), "anode": (0.02, 1.0)}[kind]
    cell = Cell(capacity, rng.uniform(0.03, 0.12) / capacity, rng.uniform(0.03, 0.15), kind, window=window)
    cell.loss, cell.leak = rng.uniform(0.0002, 0.004), rng.uniform(0.0005, 0.006)
    return cell


def draw_test(rng: np.random.Generator, counter: str = "") -> Drawn:
    """One test of one protocol, written in one habit."""
    protocol = str(rng.choice(PROTOCOLS))
    kind = "anode" if protocol == "half_cell" else "layered"
    cell = draw_cell(rng, kind)
    bench = Bench(cell, rng, int(rng.integers(25, 60)))
    bench.set_nominal(0.9 * cell.capacity)
    truth: dict[tuple[int, int], float] = {}
    starts: list[tuple[int, int]] = []
    rest = rng.uniform(0.05, 0.3) if rng.random() < 0.7 else 0.0

    def run(sign: int, rate: float, hold: float = 0.0) -> None:
        first = len(bench.record.hours)
        passed = bench.constant_current(rate, sign)
        passed += bench.hold(rate, hold) if hold else 0.0
        truth[bench.count, sign] = passed
        starts.append((first, len(bench.record.hours) - 1))
        if rest:
            bench.rest(rest)

    if kind == "anode":
        cell.outer = cell.inner = 0.03
    first_sign = -1 if kind == "anode" else 1
    for charge, discharge, hold, pulse in _plan(protocol, rng):
        run(first_sign, charge if first_sign > 0 else discharge, hold if first_sign > 0 else 0.0)
        if pulse:
            for sign in (-1, 1):
                bench.constant_current(1.0, sign, hours=10 / 3600)
        run(-first_sign, discharge if first_sign > 0 else charge)
        bench.age()
    habit = counter or str(rng.choice(COUNTERS))
    return Drawn(write(bench.record, habit, rng), truth, protocol, habit, bench.nominal, starts)


def _plan(protocol: str, rng: np.random.Generator) -> list[tuple[float, float, float, bool]]:
    """Charge rate, discharge rate, end of a held voltage (0: none) and whether a pulse follows, of each cycle."""
    base = float(rng.choice([0.1, 0.2, 0.3]))
    each = int(rng.integers(2, 4))
    if protocol == "rates":
        return [(r, r, 0.0, False) for r in (base, 0.5, 1.0, base) for _ in range(each)]
    if protocol == "charge_rates":
        return [(r, base, 0.0, False) for r in (base, 0.5, 1.0) for _ in range(each)]
    if protocol == "asymmetric":
        return [(base, r, 0.0, False) for r in (base, 0.5, 1.0) for _ in range(each)]
    if protocol == "check_ups":
        return [(0.1 if i % 5 == 0 else 0.5,) * 2 + (0.0, False) for i in range(11)]
    if protocol == "held":
        return [(base, base, 0.05, False) for _ in range(6)]
    if protocol == "pulses":
        return [(base, base, 0.0, True) for _ in range(5)]
    if protocol == "half_cell":
        return [(base, base, 0.0, False) for _ in range(5)]
    return [(0.1, 0.1, 0.0, False)] * 2 + [(0.5, 0.5, 0.0, False)] * int(rng.integers(8, 16))


def write(record: Record, habit: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The cycler's table: quantised, noisy, a gain of its own; counters in the maker's habit."""
    current, passed = np.array(record.current), np.array(record.passed)
    flowing = current != 0
    digit = 10.0 ** np.floor(np.log10(np.abs(current[flowing]).min() / 300))
    noisy = np.where(flowing, current * (1 + rng.normal(0, 2e-4, current.size)), 0.0)
    step = np.array(record.step)
    columns = {
        "test_time_second": np.round(np.array(record.hours) * 3600, 2),
        "voltage_volt": np.round(np.array(record.volts) + rng.normal(0, 1e-4, current.size), 4),
        "current_ampere": np.round(noisy / digit) * digit / 1000,
        "step_count": step,
        "cycle_count": np.array(record.cycle),
        "unix_time_second": 1.7e9 + np.round(np.array(record.hours) * 3600, 2),
    }
    return columns | {name: np.round(v / 1000, 9) for name, v in _count(habit, passed, step, record.cycle).items()}


def _count(habit: str, passed: np.ndarray, step: np.ndarray, cycle: list[int]) -> dict[str, np.ndarray]:
    charge, discharge = np.clip(passed, 0, None), np.clip(-passed, 0, None)

    def within(values: np.ndarray, group: np.ndarray) -> np.ndarray:
        total = np.cumsum(values)
        first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
        base = np.append(0.0, total)[first]
        return total - np.repeat(base, np.diff(np.append(first, len(group))))

    cycles = np.array(cycle)
    return {
        "none": {},
        "step": {"step_cumulative_capacity_ah": within(np.abs(passed), step)},
        "step_pair": {
            "step_charging_capacity_ah": within(charge, step),
            "step_discharging_capacity_ah": within(discharge, step),
        },
        "cycle_pair": {
            "cycle_charging_capacity_ah": within(charge, cycles),
            "cycle_discharging_capacity_ah": within(discharge, cycles),
        },
        "total_pair": {"charging_capacity_ah": np.cumsum(charge), "discharging_capacity_ah": np.cumsum(discharge)},
        "signed_step": {"step_cumulative_capacity_ah": within(passed, step)},
        "net": {"net_capacity_ah": np.cumsum(passed)},
        "cumulative": {"cumulative_capacity_ah": np.cumsum(np.abs(passed))},
    }[habit]
