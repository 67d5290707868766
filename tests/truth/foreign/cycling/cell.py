"""A small physical cell: open-circuit voltage, resistance, a diffusion lag and fade; and what a cycler runs on it.

Units: mAh, mA, V, h. One particle holds lithium in two shells that exchange it with a time constant: the outer one is
what the voltage sees.
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Cell:
    """State and constants of one cell. `kind` picks the open-circuit voltage: "layered" or "anode"."""

    capacity: float
    resistance: float  # V per mA
    lag: float  # h
    kind: str = "layered"
    loss: float = 0.0005  # of the capacity per cycle
    leak: float = 0.002  # of the charge that goes in: side reaction
    outer: float = 0.98
    inner: float = 0.98
    cycles: int = 0
    window: tuple[float, float] = (2.8, 4.3)

    def open_circuit(self, x: float) -> float:
        """Voltage at filling `x` of the positive electrode (1: discharged)."""
        x = min(max(x, 1e-6), 1 - 1e-6)
        if self.kind == "anode":
            return 0.09 + 0.05 * (1 - x) + 0.9 * np.exp(-14 * x) + 0.03 * np.tanh((0.5 - x) * 20)
        ends = 0.02 * np.log((1 - x) / x) - 0.9 * np.exp(-28 * (1 - x))
        return 4.35 - 0.75 * x + 0.03 * np.tanh((0.62 - x) * 18) + ends

    def volts(self, current: float) -> float:
        """Terminal voltage under a current in mA, positive on charge."""
        return self.open_circuit(self.outer) + self.resistance * current

    def step(self, current: float, hours: float) -> None:
        """Charge goes into the outer shell (a fifth) and from there inwards."""
        moved = current * hours / self.capacity
        # the side reaction takes charge while the electrode is driven to its limit
        if (current < 0) == (self.kind == "anode"):
            moved *= 1 - self.leak
        flow = (self.inner - self.outer) * (1 - np.exp(-hours / self.lag))
        self.outer += -moved / 0.2 + 0.8 * flow
        self.inner += -0.2 * flow


@dataclass
class Record:
    """What the cycler wrote, row by row: hours, V, mA, step, cycle; the charge in mAh that each row passed, signed."""

    hours: list[float] = field(default_factory=list)
    volts: list[float] = field(default_factory=list)
    current: list[float] = field(default_factory=list)
    step: list[int] = field(default_factory=list)
    cycle: list[int] = field(default_factory=list)
    passed: list[float] = field(default_factory=list)


class Bench:
    """A cycler: runs constant currents, held voltages and rests on a cell, and logs by time and by voltage."""

    def __init__(self, cell: Cell, rng: np.random.Generator, rows: int = 40):
        self.cell, self.rng, self.rows = cell, rng, rows
        self.record, self.now, self.number, self.count = Record(), 0.0, 0, 1

    def _log(self, current: float, passed: float) -> None:
        r = self.record
        r.hours.append(self.now)
        r.volts.append(self.cell.volts(current))
        r.current.append(current)
        r.step.append(self.number)
        r.cycle.append(self.count)
        r.passed.append(passed)

    def rest(self, hours: float) -> None:
        """No current."""
        self.number += 1
        self._log(0.0, 0.0)
        for _ in range(4):
            self.cell.step(0.0, hours / 4)
            self.now += hours / 4
            self._log(0.0, 0.0)

    def constant_current(self, rate: float, sign: int, limit: float | None = None, hours: float = 1e9) -> float:
        """A current of `rate` times the first capacity until a voltage or a time; returns what passed in mAh, >= 0."""
        self.number += 1
        current = sign * rate * self.nominal
        target = (self.cell.window[1] if sign > 0 else self.cell.window[0]) if limit is None else limit
        interval, total = 1.0 / rate / self.rows, 0.0
        self._log(current, 0.0)
        fine = 8
        while hours > 0:
            since, done = 0.0, 0.0
            for _ in range(fine):
                small, over = self._step_towards(current, min(interval / fine, hours), target)
                hours -= small
                since += small
                done += current * small
                if over or hours <= 1e-12:
                    hours = 0.0
                    break
            self.now += since
            total += abs(done)
            self._log(current, done)
            if not 0.002 < self.cell.outer < 0.998:
                break
        return total

    def _step_towards(self, current: float, hours: float, target: float) -> tuple[float, bool]:
        """A step that ends where the voltage reaches the target: its hours, and whether it did."""
        before = self.cell.outer, self.cell.inner
        sign = 1 if current > 0 else -1
        for _ in range(5):
            self.cell.step(current, hours)
            if sign * (self.cell.volts(current) - target) < 0:
                return hours, False
            if hours < 1e-5 / abs(current) * self.nominal:
                break
            self.cell.outer, self.cell.inner = before
            low, high = 0.0, hours
            for _ in range(14):
                hours = 0.5 * (low + high)
                self.cell.step(current, hours)
                low, high = (hours, high) if sign * (self.cell.volts(current) - target) < 0 else (low, hours)
                self.cell.outer, self.cell.inner = before
            self.cell.step(current, high)
            return high, True
        return hours, True

    def hold(self, rate: float, least: float) -> float:
        """The upper voltage, held until the current has fallen to `least` of the first capacity."""
        self.number += 1
        target, total, interval = self.cell.window[1], 0.0, 0.5 / rate / self.rows
        current = rate * self.nominal
        for _ in range(60):
            fine = 0.0
            since = 0.0
            for _ in range(16):
                if current < least * self.nominal:
                    break
                self.cell.step(current, interval / 16)
                since += interval / 16
                fine += current * interval / 16
                current = max((target - self.cell.open_circuit(self.cell.outer)) / self.cell.resistance, 1e-6)
                current = min(current, rate * self.nominal)
            self.now += since
            total += fine
            self._log(current, fine)
            if current < least * self.nominal:
                break
        return total

    @property
    def nominal(self) -> float:
        return self._nominal

    def set_nominal(self, value: float) -> None:
        """The capacity that 1C refers to."""
        self._nominal = value

    def age(self) -> None:
        """A cycle is over."""
        self.cell.capacity *= 1 - self.cell.loss
        self.cell.resistance *= 1 + 1.5 * self.cell.loss
        self.count += 1
