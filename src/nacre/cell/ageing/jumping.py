"""Cycle jumping: simulate a cycle now and then, integrate the slow states between, control the error."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from nacre.cell.ageing.half_cycle import interpolate_drives, scale_drive
from nacre.cell.ageing.slow_states import Drive
from nacre.cell.protocol import ProtocolStep
from nacre.core.errors import NacreError

SETTLE = 1  # cycles after a jump whose particles still remember the cycle before it


@dataclass(frozen=True)
class JumpSettings:
    """tolerance: estimated error of a slow state (its logarithm) that one jump may bring; largest: cycles in one jump;
    first: that of the first jump; stride: cycles integrated at a time; least: a loop of so few cycles is not jumped."""

    tolerance: float = 2e-4
    largest: int = 40
    first: int = 6
    stride: int = 4
    least: int = 8

    def __post_init__(self):
        for name, low in (("tolerance", 0.0), ("largest", 2), ("first", 2), ("stride", 1), ("least", 4)):
            value = getattr(self, name)
            if (not value > low and value != low) or not value > 0:
                raise NacreError(f"the jump's {name} cannot be", found=f"{value:g}", expected=f"at least {low:g}")


@dataclass(frozen=True, eq=False)
class AnchorCycle:
    """A settled cycle that was simulated: its number, what it did, and the cathode's fillings at its end."""

    number: int
    drive: Drive
    cathode: np.ndarray


@dataclass(eq=False)
class CycleJumper:
    """One loop of `times` equal cycles. `log` is the record of the run with its walk."""

    log: object
    cycle: tuple[ProtocolStep, ...]
    times: int
    jump: JumpSettings
    tell: Callable[[], None]

    def __post_init__(self):
        self.first = self.log.count
        self.anchors: list[AnchorCycle] = []
        self.filling = None

    def run(self) -> bool:
        fine = self._run()
        self.log.fill(self.first)
        return fine

    def _run(self) -> bool:
        last, length = self.first + self.times, self.jump.first
        wanted = sorted(n for n in (*self.log.watch.curves, *self.log.watch.resistances) if self.first < n < last)
        for _ in range(1 + SETTLE + 1):
            if not self._simulate():
                return False
        del self.anchors[:SETTLE]  # the first cycles of a loop remember what was before it
        while self.log.count < last:
            stop = next((n for n in wanted if n > self.log.count), last)
            room = stop - self.log.count - 1 - SETTLE
            if room < 2:
                if not self._simulate():
                    return False
                continue
            outcome, length = self._leap(min(length, room), length)
            if not outcome:
                return False
            self.tell()
        return True

    def _simulate(self) -> bool:
        walk = self.log.walk
        before, isolated = walk.active, walk.isolated
        fine = self.log.cycle(self.cycle)
        self.anchors.append(self._anchor())
        if before > walk.active:
            self.filling = (walk.isolated - isolated) / (walk.sites["cathode"] * (before - walk.active))
        self.tell()
        return fine

    def _anchor(self) -> AnchorCycle:
        return AnchorCycle(self.log.count, self.log.drive, self.log.walk.state.cathode)

    def _leap(self, length: int, wish: int) -> tuple[bool, int]:
        """Jump, simulate, correct; or go back and say how far to jump instead: (went well, next length)."""
        log, walk = self.log, self.log.walk
        marks, begin, count = walk.marks(), walk.aged, log.count
        a, b = self.anchors[-2:]
        walk.leap(self._course(count, length, a, b), self._filling())
        walk.refill(b.cathode + (b.cathode - a.cathode) * (length / (b.number - a.number)))
        foreseen = walk.aged
        log.count += length
        for _ in range(SETTLE):
            if not log.cycle(self.cycle, record=False):
                return False, length
        settle = [log.drive]
        before, isolated = walk.active, walk.isolated
        fine = log.cycle(self.cycle)
        anchor = self._anchor()
        course = self._course(count, length, self.anchors[-1], anchor)
        corrected = begin
        for drive in course:
            corrected = walk.ageing.advance(corrected, drive)
        error = walk.change(corrected, foreseen) / 6.0
        if fine and error > self.jump.tolerance and length > 2:
            walk.back(marks)
            log.count, log.simulated = count, log.simulated - 1 - SETTLE
            log.rows.pop()
            for kept in (log.curves, log.resistances):
                kept.pop(anchor.number, None)
            return True, max(2, min(length // 2, int(length * 0.8 * (self.jump.tolerance / error) ** (1 / 3))))
        for drive in (*settle, anchor.drive):
            corrected = walk.ageing.advance(corrected, drive)
        walk.aged = corrected
        log.jump_error += error
        self.anchors.append(anchor)
        if before > walk.active:
            self.filling = (walk.isolated - isolated) / (walk.sites["cathode"] * (before - walk.active))
        grow = 0.8 * (self.jump.tolerance / max(error, 1e-12)) ** (1 / 3)
        return fine, int(min(max(length * min(grow, 3.0), 2), self.jump.largest, max(3 * wish, 2)))

    def _filling(self) -> float:
        return self.log.walk.mean("cathode") if self.filling is None else self.filling

    def _course(self, count: int, length: int, a: AnchorCycle, b: AnchorCycle) -> list[Drive]:
        """Drives of the cycles count + 1 ... count + length on a line through two simulated ones, a few at a time."""
        found = []
        for k in range(0, length, self.jump.stride):
            n = min(self.jump.stride, length - k)
            middle = count + k + 0.5 * (n + 1)
            one = interpolate_drives(a.drive, b.drive, (middle - a.number) / (b.number - a.number))
            found.append(scale_drive(one, n * one.seconds, n * one.half_cycles))
        return found


def fill_rows(rows: list[dict], columns: Collection[str]) -> list[dict]:
    """Rows of all cycles from those of the simulated ones, by a cubic spline over the root of the cycle (most laws
    begin with a root); the first is not settled: it stands."""
    first, *rows = rows
    numbers = np.array([row["cycle"] for row in rows])
    every = np.arange(numbers[0], numbers[-1] + 1)
    values = CubicSpline(np.sqrt(numbers), [[row[n] for n in columns] for row in rows])(np.sqrt(every)).tolist()
    known = {row["cycle"]: row for row in rows}
    return [first] + [
        known.get(cycle) or {"cycle": cycle, "simulated": False, **dict(zip(columns, values[k], strict=True))}
        for k, cycle in enumerate(every.tolist())
    ]
