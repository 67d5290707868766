"""From cycling signals to half cycles and cycles: what the techniques on cycling data share."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Subject
from nacre.core.study import Segment
from nacre.physics.cycling import half_cycles as seg
from nacre.techniques.cycling.record import charge as charge_of
from nacre.techniques.cycling.record import ends
from nacre.techniques.cycling.record.joining import join_files
from nacre.techniques.cycling.record.rows import CyclingRecord

__all__ = ["CyclingRecord", "join_files"]
FORMATION = ("formation", "first", "initial", "activation")
C_PER_MAH = 3.6


@dataclass(frozen=True)
class HalfCycles:
    """The half cycles of a test (n,): charge in C, energy in J, current in A, `cycle` their cycle's number.

    `doubt` is the standard uncertainty of the charge in C that the file itself shows: where a counter and the integral
    of I dt differ, their distance (taken as the half-width of a rectangle); without a counter the logging interval at
    both ends and the last digit of the current. `complete` is False for one whose charge is not the whole of a half
    cycle, or cannot be determined: it is in no number, and a check says why.
    """

    rows: CyclingRecord
    runs: seg.HalfCycleRuns
    passed: np.ndarray
    charge: np.ndarray
    energy: np.ndarray
    doubt: np.ndarray
    cycle: np.ndarray
    complete: np.ndarray
    counted: bool
    checks: tuple[Check, ...] = field(default=())

    @cached_property
    def current(self) -> np.ndarray:
        return seg.find_typical_current(self.rows.current, self.passed, self.runs)

    @cached_property
    def seconds(self) -> np.ndarray:
        return self.rows.time[self.runs.last] - self.rows.time[self.runs.first]

    @cached_property
    def limit(self) -> np.ndarray:
        """Voltage in V that each half cycle got to: its highest on charge, its lowest on discharge."""
        edges = zip(self.runs.first, self.runs.last, self.runs.sign, strict=True)
        return np.array([_find_limit(self.rows.voltage[a : b + 1], s) for a, b, s in edges])

    def curve(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Charge since its start in C and voltage in V along half cycle `k`, rests left out."""
        rows = np.arange(self.runs.first[k], self.runs.last[k] + 1)
        rows = rows[(self.passed[rows] > 0) | (np.sign(self.rows.current[rows]) == self.runs.sign[k])]
        charge, voltage = np.cumsum(self.passed[rows]), self.rows.voltage[rows]
        there = np.isfinite(voltage)
        return (charge, voltage) if not there.any() else (charge[there], voltage[there])

    def which(self, cycle: int, sign: int) -> np.ndarray:
        """Half cycles of one cycle and direction."""
        return np.flatnonzero((self.cycle == cycle) & (self.runs.sign == sign))


def _find_limit(voltage: np.ndarray, sign: int) -> float:
    """The voltage furthest in the direction of a half cycle; NaN where none was recorded."""
    run = sign * voltage[np.isfinite(voltage)]
    return float(sign * run.max()) if run.size else float("nan")


def find_half_cycles(
    rows: CyclingRecord, *, starts_with: str = "auto", cycles: str = "current", smallest: float = 0.01
) -> HalfCycles:
    """Half cycles of a test, numbered. `cycles` = "file" takes the file's own cycle counter as it is."""
    sign = seg.find_directions(rows.current)
    if rows.stopped:  # nothing can be said of the cell
        sign = np.zeros_like(sign)
    integral = seg.integrate_charge(rows.time, rows.current, sign, rows.breaks)
    runs, pulses = seg.split_half_cycles(sign, charge_of.choose_rows(rows, integral, sign), smallest, rows.voltage)
    judged = charge_of.judge_charge(rows, runs, pulses, integral, sign)
    number, notes = _number_cycles(rows, runs, judged.charge, starts_with, cycles)
    joules = runs.sums(seg.integrate_energy(rows.voltage, judged.passed, sign))
    whole = ends.judge_ends(rows, runs, judged.charge, number)
    checks = (*_report_stopped(rows), *rows.checks, *notes, *_report_pulses(pulses), *judged.report(number, runs))
    return HalfCycles(
        rows,
        runs,
        judged.passed,
        judged.charge,
        joules,
        judged.doubt,
        number,
        whole.complete & judged.sound,
        bool(judged.counter),
        (*checks, *whole.checks),
    )


def _report_stopped(rows: CyclingRecord) -> tuple[Check, ...]:
    if not rows.stopped:
        return ()
    return (
        Check("fail", f"{rows.stopped}: no capacity can be determined", "give each test of each cell its own file"),
    )


def _number_cycles(
    rows: CyclingRecord, runs: seg.HalfCycleRuns, charge, starts_with: str, cycles: str
) -> tuple[np.ndarray, tuple[Check, ...]]:
    """Cycle number of each half cycle. What comes before the half cycle that opens cycles is in cycle 0.

    A first discharge well short of the next one empties a cell that came part-charged: it opens no cycle.
    """
    if not len(runs):
        return np.zeros(0, int), ()
    if cycles == "file":
        return _require_counter(rows, runs)[runs.last].astype(int), ()
    # a first discharge well short of the next one empties a cell that came part-charged
    partial = runs.sign[0] < 0 and len(runs) > 2 and charge[0] < 0.9 * charge[2]
    opening = {"auto": 1 if partial else runs.sign[0], "charge": 1, "discharge": -1}[starts_with]
    number = np.cumsum(runs.sign == opening)
    if number[0] == 0:
        word = "discharge" if runs.sign[0] < 0 else "charge"
        return number, (Check("info", f"the {word} before the first cycle is called cycle 0"),)
    return number, ()


def _require_counter(rows: CyclingRecord, runs: seg.HalfCycleRuns) -> np.ndarray:
    """The file's own cycle counter. Raises NacreError where it has none, or one that never moves."""
    do = 'set cycles = "current" to count by the current\'s direction'
    if rows.cycle is None:
        raise NacreError("the file has no cycle counter", where=rows.where, do=do)
    if len(runs) > 2 and np.ptp(rows.cycle) == 0:
        raise NacreError("the cycle counter never moves", where=rows.where, do=do)
    return np.asarray(rows.cycle)


def _report_pulses(pulses: seg.HalfCycleRuns) -> tuple[Check, ...]:
    if not len(pulses):
        return ()
    return (Check("info", f"{len(pulses)} short pulses of current are no half cycles; their charge is not counted"),)


@dataclass(frozen=True)
class ProtocolPart:
    """A part of a protocol: its cycles, all at one rate; `name` where study.toml names it."""

    cycles: tuple[int, ...]
    rate: float | None = None
    name: str = ""

    @property
    def title(self) -> str:
        span = f"cycles {self.cycles[0]} to {self.cycles[-1]}" + (f" at {self.rate:g}C" if self.rate else "")
        return f"'{self.name}' ({span})" if self.name else span

    @property
    def state(self) -> dict:
        return ({"rate_C": self.rate} if self.rate else {}) | ({"segment": self.name} if self.name else {})


def round_rate(rate: float) -> float:
    """A rate to two significant digits, and to one where that is within 5 %: 0.197C was set as 0.2C."""
    # 0.197C was set as 0.2C, but 0.33C was not set as 0.3C
    one, two = float(f"{rate:.0e}"), float(f"{rate:.1e}")
    return one if abs(one - rate) <= 0.05 * rate else two


def estimate_rates(half: HalfCycles, context: Context) -> dict[int, float]:
    """C-rate of each cycle, rounded; {} if unknown."""
    return {cycle: round_rate(rate) for cycle, rate in measure_rates(half, context).items()}


def measure_rates(half: HalfCycles, context: Context) -> dict[int, float]:
    """C-rate of each cycle (of its discharge, where there is one), from current / (1C x mass); {} if unknown."""
    one_c, mass = context.find("one_c", "A/g"), context.find("cam_mass", "g")
    if one_c is None or mass is None:
        return {}
    found: dict[int, float] = {}
    for k in np.argsort(-half.runs.sign, kind="stable"):  # discharges last: they decide
        found[int(half.cycle[k])] = float(half.current[k] / (one_c.value * mass.value))
    return dict(sorted(found.items()))


def divide_by_charges(half: HalfCycles, context: Context) -> list[ProtocolPart]:
    """The runs of cycles whose charges began at one C-rate; [] where rates are unknown."""
    one_c, mass = context.find("one_c", "A/g"), context.find("cam_mass", "g")
    if one_c is None or mass is None:
        return []
    rates: dict[int, float] = {}
    for k in np.flatnonzero((half.runs.sign > 0) & half.complete).tolist():
        inside = slice(half.runs.first[k], half.runs.last[k] + 1)
        # the current of the constant-current part, however short the constant voltage left it
        current = float(np.max(half.rows.current[inside]))
        rates[int(half.cycle[k])] = round_rate(current / (one_c.value * mass.value))
    return _group_by_rate(sorted(rates), rates)


def divide_protocol(half: HalfCycles, context: Context) -> tuple[list[ProtocolPart], tuple[Check, ...]]:
    """The parts of a test in order: those declared, and between them runs of cycles at one rate."""
    seen = estimate_rates(half, context)
    cycles = sorted({int(c) for c in half.cycle})
    declared = context.measurement.segments if context.measurement else ()
    found: list[ProtocolPart] = []
    checks: list[Check] = []
    for segment in declared:
        inside = [c for c in cycles if segment.first <= c <= (segment.last or cycles[-1])]
        if inside:
            found += _follow_declared(segment, inside, seen, checks)
        else:
            checks.append(_report_missing_segment(segment, cycles[-1]))
    taken = {c for part in found for c in part.cycles}
    found += _group_by_rate([c for c in cycles if c not in taken], seen)
    has_guessed = any(part.rate and not part.name for part in found)
    has_rate = any(part.rate for part in found)
    if seen and has_guessed:
        checks.append(Check("info", "rates follow from the current, 1C and the active mass, rounded"))
    if not seen and not has_rate:
        checks.append(Check("info", "no C-rates: 1C is not given", 'add one_c = "... mA/g" to the cell'))
    return sorted(found, key=lambda part: part.cycles), tuple(checks)


def _report_missing_segment(segment: Segment, last: int) -> Check:
    span = f"cycles {segment.first} to {segment.last or 'the end'}"
    return Check("warn", f"segment '{segment.name}' ({span}) is not in the file: it ends at cycle {last}")


def is_first_test(found: Sequence[ProtocolPart]) -> bool:
    """Whether cycle 1 is the cell's first: nothing declared says that the test goes on from another."""
    part = next((part for part in found if 1 in part.cycles), None)
    return part is not None and (not part.name or part.name.lower().startswith(FORMATION))


def _follow_declared(
    segment: Segment, inside: list[int], seen: dict[int, float], checks: list[Check]
) -> list[ProtocolPart]:
    """A declared segment; cycles at another rate in it (check-ups) are a part of their own."""
    rate = _find_usual_rate(inside, seen) if segment.rate is None else segment.rate.to("C-rate").value
    if rate is None:
        return [replace(part, name=segment.name) for part in _group_by_rate(inside, seen)]
    odd = [c for c in inside if c in seen and abs(seen[c] / rate - 1) > 0.1]
    if 2 * len(odd) > len(inside):
        # most cycles disagree with the declaration: it is the declaration that is doubtful, not the cycles
        typical = float(np.median([seen[c] for c in odd]))
        text = f"segment '{segment.name}' is declared as {rate:g}C, but its current is {typical:g}C of the given 1C"
        cure = "another definition of 1C was used, or the active mass is not this cell's"
        checks.append(Check("warn", text, cure))
        odd = []
    if odd:
        count = f"{len(odd)} cycles in segment '{segment.name}'"
        text = f"{count} ran at another rate than {rate:g}C (first: cycle {odd[0]}); they are kept apart from it"
        checks.append(Check("info", text))
    main = ProtocolPart(tuple(c for c in inside if c not in odd), rate, segment.name)
    return [main, *(replace(part, name=segment.name) for part in _group_by_rate(odd, seen))]


def _find_usual_rate(cycles: list[int], seen: dict[int, float]) -> float | None:
    """The rate at which more than half of the cycles ran; None where there is no such rate."""
    found = [seen[c] for c in cycles if c in seen]
    usual = max(set(found), key=found.count, default=None)
    return usual if usual is not None and 2 * found.count(usual) > len(cycles) else None


def _group_by_rate(cycles: list[int], seen: dict[int, float]) -> list[ProtocolPart]:
    found: list[ProtocolPart] = []
    for c in cycles:
        if found and found[-1].rate == seen.get(c) and found[-1].cycles[-1] == c - 1:
            found[-1] = replace(found[-1], cycles=(*found[-1].cycles, c))
        else:
            found.append(ProtocolPart((c,), seen.get(c)))
    return found


def make_charges(half: HalfCycles, source: str, gain: float | None, offset: float | None) -> list[Quantity]:
    """Charge of each half cycle in mAh, with what is known of its error.

    gain : relative standard uncertainty of the current reading, one for the whole test (it cancels in
    ratios). offset : standard uncertainty of its zero in A: it lengthens charges and shortens discharges.
    None where it is not stated: then the error is unknown but for the file's own evidence (`doubt`), in ratios too,
    since an accuracy that is not stated may drift.
    """
    origin, found = half.rows.origin, []
    for k in range(len(half.runs)):
        value, own = half.charge[k] / C_PER_MAH, half.doubt[k] / C_PER_MAH
        # how far the charge moves per unit of the gain's and of the zero's error
        moves = {
            f"current gain:{source}": (gain, float(value)),
            f"current offset:{source}": (offset, float(half.runs.sign[k] * half.seconds[k] / C_PER_MAH)),
        }
        named = {f"charge {k}:{source}": float(own)}
        named |= {name: size * move for name, (size, move) in moves.items() if size is not None}
        named = {name: v for name, v in named.items() if v}
        missing = {name: move for name, (size, move) in moves.items() if size is None}
        if missing:  # nobody said that what is unknown stays the same from one half cycle to the next
            missing[f"current drift {k}:{source}"] = 1.0
        std = None if missing else float(np.sqrt(sum(v * v for v in named.values())))
        basis = "resolution" if missing else "propagated"
        found.append(Quantity(float(value), "mAh", std, basis=basis, origin=origin, parts=named, missing=missing))
    return found


def make_subject(context: Context) -> Subject:
    """Sample, cell and measurement of a context."""
    cell, sample, measurement = context.cell, context.sample, context.measurement
    name = cell.sample if cell else ""
    return Subject(
        sample.name if sample else name,
        cell.name if cell else "",
        measurement.name if measurement else "",
    )
