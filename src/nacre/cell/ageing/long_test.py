"""A cell on its way through a long test: steps in pieces, slow states between them, books of lithium and charge.

A step is cut where a slow state would change by more than a set part. Over a piece contact, film, diffusivity and
series resistance run in straight lines between the states that the mechanisms foresee (see `p2d.Course`); what the
piece really did then gives the state behind it. The active share is constant over a piece, at the middle of its change.

Particles that drop out take along the lithium they hold at that instant, at the mean filling of their electrode; the
rest carries the current. Charge of side reactions passes the cathode's surface without its lithium: the cathode sees
the current less that of side reactions and of the leak, and the lithium of the former reaches the anode from the
electrolyte.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from nacre.cell.ageing.half_cycle import ChargeBalance, HalfCycleRecord, join_drives, lump_electrodes, scale_drive
from nacre.cell.ageing.slow_states import Ageing, Drive, SlowState
from nacre.cell.parameters import CellParameters
from nacre.cell.protocol import ProtocolStep
from nacre.core.errors import NacreError
from nacre.physics import p2d
from nacre.physics.constants import FARADAY, GAS
from nacre.physics.p2d import Course, Mesh, SolverCell, State, StepOutcome

# against 20 nodes and 40 shells: capacities at 0.2C within 0.05 % (bare at 1C: 1 %), peaks within 0.3 mV (one: 1.1)
COARSE = Mesh(1, 8, 20, 4, 4.0)
# the active share stands still over a piece, where the others run: the first order of its error wants shorter pieces
WEIGHTS = {"contact": 1.0, "active": 4.0, "diffusivity": 1.0}
TOO_LONG = 1.3  # a piece may last so much longer than foreseen
MOST_PIECES = 400
MOST_STEPS = 3000  # of the solver in a piece: a larger table costs more to hand over than a half cycle to solve


@dataclass(frozen=True)
class LongTestAccuracy:
    """mesh and tolerance of the solver; part: most change of a slow state in one piece (of its value; of the film's, in
    units of 2RT/F at the step's current)."""

    mesh: Mesh = COARSE
    tolerance: float = 5e-4
    part: float = 0.05


@dataclass(eq=False)
class LongTest:
    """The cell as it stands. `start_test` makes one; `run` takes it through a step, `leap` over many cycles."""

    parameters: CellParameters
    ageing: Ageing
    how: LongTestAccuracy
    cell: SolverCell
    prepared: p2d.Prepared
    course: p2d.Drifting
    aged: SlowState
    state: State
    active: float  # share of the fresh cell's particles that work now: at most `aged.active`'s at a piece's middle
    isolated: float = 0.0
    drawn: float = 0.0
    passed: float = 0.0
    leaked: float = 0.0
    foreseen: dict = field(default_factory=dict)
    first_charge_due: float = 0.0

    def __post_init__(self):
        mesh, c, a, p = self.how.mesh, self.cell.cathode, self.cell.anode, self.parameters
        self.weights = {
            "cathode": _compute_weights(c, mesh, mesh.cathode_nodes, mesh.cathode_shells),
            "anode": _compute_weights(a, mesh, mesh.anode_nodes, mesh.anode_shells),
        }
        self.sites = {
            part: FARADAY * e.c_max * e.thickness * sum(e.volume_fractions) * e.active
            for part, e in (("cathode", c), ("anode", a))
        }
        # the cathode's true contact area of the fresh cell, per plan area
        self.contact_area = sum(3 * v / r for v, r in zip(c.volume_fractions, c.radii, strict=True)) * c.thickness
        self.contact_area *= c.contact * c.active
        self.thermal = 2 * GAS * self.cell.temperature / FARADAY
        self.area, self.usual = p.area, 0.2 * p.one_c / p.area
        self.volts = [p.value(f"cell.{end}_voltage") for end in ("lower", "upper")]
        self._anode = math.nan, math.nan
        self._steps = (), 0.0, []
        self._means = None, {}

    # --- the books ---

    def mean(self, part: str) -> float:
        """Mean filling of an electrode; worked out once for a state."""
        if self._means[0] is not self.state:
            self._means = self.state, {}
        known = self._means[1]
        if part not in known:
            known[part] = float(getattr(self.state, part).ravel() @ self.weights[part])
        return known[part]

    @property
    def anode_potential(self) -> float:
        """At rest and mean filling, V against Li+/Li."""
        filling = self.mean("anode")
        if not abs(filling - self._anode[0]) < 1e-3:
            self._anode = filling, self.cell.anode.ocp.at(filling)
        return self._anode[1]

    @property
    def books(self) -> ChargeBalance:
        cathode = self.sites["cathode"] * self.active * self.mean("cathode")
        anode = self.sites["anode"] * self.mean("anode")
        return ChargeBalance(cathode, anode, self.isolated, self.drawn, self.passed, self.leaked)

    def _lose(self, active: float, filling: float | None = None) -> None:
        """Particles drop out until a share of the fresh ones works; filling: theirs, where it is not that of now."""
        lost = self.sites["cathode"] * (self.active - active)
        if lost <= 0.0:
            return
        here = self.mean("cathode")
        taken = here if filling is None else filling
        self.isolated += lost * taken
        self._fill_anode(lost * (here - taken))
        self.passed += lost * (here - taken)
        self.active = active

    def _fill_anode(self, charge: float) -> None:
        if charge:
            anode = self.state.anode + charge / self.sites["anode"]
            if anode.max() > 1.0 or anode.min() < 0.0:
                raise NacreError(
                    "the anode cannot take the lithium of the side reactions", where=self.parameters.name,
                    found=f"a filling of {anode.max():.3g}", expected="from 0 to 1",
                    do="check the side charges and the anode's mass",
                )  # fmt: skip
            self.state = State(self.state.cathode, anode)

    # --- one step ---

    def run(self, step: ProtocolStep, times: int = 0) -> HalfCycleRecord:
        """Take the cell through a step; `times`: how many records to keep."""
        key = _make_key(step)
        whole, last = self.foreseen.get(key) or (self._guess(step), None)
        turn = 1.0 if step.kind in ("charge", "discharge") else 0.0
        pieces, done, moved, counted, records = [], 0.0, 0.0, 0.0, []
        if self.first_charge_due and step.kind == "charge":
            pieces.append(self._side_first(step))
        for _ in range(MOST_PIECES):
            left = max(whole - done, 0.05 * whole)
            after, seconds = self._foresee(step, left, last, turn / whole)
            longest = seconds if seconds < left else TOO_LONG * left
            limit = math.inf if step.until_time is None else step.until_time - done
            solution, extra = self._solve(step, after, seconds, min(longest, limit), times)
            seconds = float(solution.time[-1]) if solution.time.size else 0.0
            over = solution.outcome is not StepOutcome.TIME_REACHED or longest >= limit
            part = max(1.0 - counted, 0.0) if over else min(seconds / whole, 0.95 - counted)
            part *= turn if done + seconds > 0.0 else 0.0
            drive = self._drive(solution, seconds, part, abs(float(solution.charge[-1])) if seconds else 0.0)
            if times:
                records.append(_collect_records(solution, done, moved, extra))
            pieces.append(self._close(solution, seconds, drive, extra))
            moved += pieces[-1][1]
            done, counted, last = done + seconds, counted + part, drive if seconds else last
            if over:
                break
        half = _make_record(step, solution.outcome, pieces, np.vstack(records) if records else None)
        if done > 0.0:
            self.foreseen[key] = done, last
        return half

    def run_all(self, steps: Sequence[ProtocolStep]) -> tuple[list[HalfCycleRecord], Drive] | None:
        """Several steps as one piece: quicker. None, and nothing done, where they change too much, are not known from a
        run before, or do not all end in order."""
        key = tuple(_make_key(step) for step in steps)
        known = self.foreseen.get(key) or self._foreseen_all(key)
        if known is None or self.first_charge_due:
            return None
        seconds, last = known
        after = self.ageing.advance(self.aged, last)
        if self.change(self.aged, after, steps[0]) > self.how.part:
            return None
        marks = self.marks()
        shares = self._shares(after, len(steps))
        extra = self._set(after, seconds, shares[0])
        kept = [1.0, *(b / a for a, b in pairwise(shares))]
        wanted = self._wanted(tuple(steps), extra)
        solution = self.prepared.run(wanted, self.state, self.how.tolerance, max_steps=MOST_STEPS, kept=kept)
        if not solution.complete or len(solution.outcomes) < len(steps) or solution.ends[-1] > TOO_LONG * seconds:
            self.back(marks)
            return None
        halves = _split_records(steps, solution, extra)
        self._lose_within(halves, shares, extra)
        swing = sum(abs(h.charged - h.discharged - extra * h.seconds) for h in halves)
        turns = sum(s.kind in ("charge", "discharge") for s in steps)
        seconds = float(solution.ends[-1])
        drive = self._drive(solution, seconds, turns, swing)
        self._book(solution, seconds, drive, extra)
        self.foreseen[key] = seconds, drive
        return halves, drive

    def _wanted(self, steps: tuple[ProtocolStep, ...], extra: float) -> list[p2d.SolverStep]:
        if self._steps[:2] != (steps, extra):
            long = [math.inf if s.until_time is None else s.until_time for s in steps]
            made = [make_piece(s, self.area, extra, t) for s, t in zip(steps, long, strict=True)]
            self._steps = steps, extra, made
        return self._steps[2]

    def _shares(self, after: SlowState, count: int) -> list[float]:
        """The active shares in the middle of equal parts of a piece, never above that of now."""
        rate = math.log(after.active / self.aged.active)
        found = [self.aged.active * math.exp(rate * (k + 0.5) / count) for k in range(count)]
        return [min(share, self.active) for share in found]

    def _lose_within(self, halves: list["HalfCycleRecord"], shares: list[float], extra: float) -> None:
        """Book the particles that dropped out between the steps of a piece, at the filling of those instants."""
        filling = self.mean("cathode")
        for half, here, after in zip(halves, shares, shares[1:], strict=False):
            sites = self.sites["cathode"]
            filling -= (half.charged - half.discharged - extra * half.seconds) / (sites * here)
            self.isolated += sites * (here - after) * filling
        self.active = shares[-1]

    def _foreseen_all(self, key) -> tuple[float, Drive] | None:
        parts = [self.foreseen.get(one) for one in key]
        if None in parts:
            return None
        turns = sum(one[0] in ("charge", "discharge") for one in key)
        whole = join_drives([scale_drive(drive, seconds, 0.0) for seconds, drive in parts])
        return whole.seconds, replace(whole, half_cycles=turns)

    def _guess(self, step: ProtocolStep) -> float:
        if step.kind in ("charge", "discharge"):
            current = abs(step.current if step.current is not None else step.power / 2.0) / self.area
            whole = 0.6 * self.sites["cathode"] * self.active / current
        else:
            whole = 3600.0
        return min(whole, step.until_time) if step.until_time is not None else whole

    def _foresee(self, step: ProtocolStep, seconds: float, last: Drive | None, turn: float) -> tuple[SlowState, float]:
        """The slow state after a piece, and how long it may be."""
        last = last or self._unknown(step, seconds)
        for _ in range(60):
            after = self.ageing.advance(self.aged, scale_drive(last, seconds, turn * seconds))
            change = self.change(self.aged, after, step)
            if change <= self.how.part:
                break
            seconds *= min(max(0.9 * self.how.part / change, 0.05), 0.8)
        return after, seconds

    def _unknown(self, step: ProtocolStep, seconds: float) -> Drive:
        """The drive of a step never run before: from where it starts."""
        potential = 0.5 * sum(self.volts) + self.anode_potential
        means = {name: float(v[0]) for name, v in self.ageing.senses(np.array([potential])).items()}
        swing = 0.5 if step.kind in ("charge", "discharge") else 0.0
        return Drive(seconds, self.cell.temperature, potential, swing, 0.0, means)

    def change(self, a: SlowState, b: SlowState, step: ProtocolStep | None = None) -> float:
        """How far two slow states lie apart: the largest of the relative changes and of the film's."""
        logs = [w * abs(math.log(getattr(b, n) / getattr(a, n))) for n, w in WEIGHTS.items()]
        current = abs(step.current or 0.0) / self.area if step is not None else 0.0
        current = current or self.usual
        c = self.cell.cathode
        film = c.interphase_resistivity * abs(b.interphase - a.interphase) / (self.contact_area * b.contact * b.active)
        return max(*logs, (film + abs(b.series - a.series)) * current / self.thermal)

    def _solve(self, step: ProtocolStep, after: SlowState, seconds: float, longest: float, times: int):
        """Run one piece; returns the solution and the current that passes beside the cathode's lithium, A/m2."""
        extra = self._set(after, seconds, min(math.sqrt(self.aged.active * after.active), self.active))
        wanted = make_piece(step, self.area, extra, longest)
        asked = [np.linspace(0.0, seconds * TOO_LONG, times + 2)[1:-1]] if times else None
        return self.prepared.run(wanted, self.state, self.how.tolerance, times=asked, max_steps=MOST_STEPS), extra

    def _set(self, after: SlowState, seconds: float, active: float) -> float:
        """Send the solver's arrays on their course to a state; returns the current beside the cathode's lithium."""
        a, c = self.aged, self.cell.cathode
        self._lose(active)
        film = [c.film + c.interphase_resistivity * s.interphase for s in (a, after)]
        contact = c.contact * a.contact, c.contact * after.contact
        self.course.set(Course(contact, c.active * self.active, film, (a.diffusivity, after.diffusivity)), seconds)
        slope = (after.series - a.series) / seconds if seconds > 0.0 else 0.0
        self.prepared.series[:] = self.cell.resistance + a.series, slope
        due = after.side_charge - self.drawn_by_law
        return a.leak + (due / seconds if seconds > 0.0 else 0.0)

    @property
    def drawn_by_law(self) -> float:
        """What of the side charge the laws ask for has passed by now."""
        return self.drawn - (self.ageing.first_charge - self.first_charge_due)

    def _drive(self, solution, seconds: float, part: float, moved: float) -> Drive:
        """What a piece did; moved: C/m2 of lithium, both ways added."""
        swing = moved / (self.sites["cathode"] * self.active)
        time, volts = solution.time, solution.voltage
        ohmic = solution.current * self.cell.resistance
        potential = volts - ohmic + self.anode_potential
        if seconds > 0.0:
            widths = (time[1:] - time[:-1]) / seconds
            sensed = {n: _average_weighted(widths, v) for n, v in self.ageing.senses(potential).items()}
            mean = _average_weighted(widths, potential)
        else:
            mean = float(potential[0]) if potential.size else math.nan
            sensed = {n: float(v[0]) for n, v in self.ageing.senses(potential[:1]).items()}
        return Drive(seconds, self.cell.temperature, mean, swing, part, sensed)

    def _close(self, solution, seconds: float, drive: Drive, extra: float):
        """Book a piece and move on; returns its drive, charge and energy."""
        total = self._book(solution, seconds, drive, extra)
        return drive, total, _integrate_trapezoid(solution.time, solution.voltage * (solution.current + extra))

    def _book(self, solution, seconds: float, drive: Drive, extra: float) -> float:
        """Book the charges of a piece and age by it; returns the charge that passed outside."""
        self.state = solution.final
        side = extra - self.aged.leak
        inner = float(solution.charge[-1]) if solution.charge.size else 0.0
        self._fill_anode(side * seconds)
        self.drawn += side * seconds
        self.leaked += self.aged.leak * seconds
        total = inner + extra * seconds
        self.passed += total
        self.aged = self.ageing.advance(self.aged, drive)
        return total

    def _side_first(self, step: ProtocolStep):
        """Before the first lithium moves, side reactions take the whole current."""
        if step.current is None:
            raise NacreError(
                "the first charge must be at a constant current", where=self.parameters.name, found=step.text,
                do="begin with a charge at a C-rate, or set ageing.first_charge to 0",
            )  # fmt: skip
        charge, self.first_charge_due = self.first_charge_due, 0.0
        seconds = charge / (step.current / self.area)
        unknown = self._unknown(step, seconds)
        drive = replace(unknown, swing=0.0)
        volts = float(self.cell.cathode.ocp(self.mean("cathode")) - self.cell.anode.ocp(self.mean("anode")))
        self.drawn += charge
        self.passed += charge
        self._fill_anode(charge)
        self.aged = self.ageing.advance(self.aged, drive)
        return drive, charge, charge * volts

    # --- many cycles ---

    def leap(self, course: Sequence[Drive], filling: float) -> None:
        """Age by the drives of cycles that are not simulated; filling: of the particles that drop out meanwhile."""
        for drive in course:
            before = self.aged
            self.aged = self.ageing.advance(before, drive)
            self.leaked += before.leak * drive.seconds
            self.passed += before.leak * drive.seconds
        side = self.aged.side_charge - self.drawn_by_law
        self._fill_anode(side)
        self.drawn += side
        self.passed += side
        self._lose(min(self.aged.active, self.active), filling)

    def refill(self, cathode: np.ndarray) -> None:
        """Put other fillings into the cathode's particles (same shape); the lithium comes from the anode."""
        before = self.mean("cathode")
        self.state = State(np.clip(cathode, 0.0, 1.0), self.state.anode)
        moved = self.sites["cathode"] * self.active * (before - self.mean("cathode"))
        self._fill_anode(moved)
        self.passed += moved

    def marks(self) -> dict:
        """What `back` returns to."""
        names = ("aged", "state", "active", "isolated", "drawn", "passed", "leaked", "first_charge_due")
        return {**{name: getattr(self, name) for name in names}, "foreseen": dict(self.foreseen)}

    def back(self, marks: dict) -> None:
        for name, value in marks.items():
            setattr(self, name, value)


def start_test(parameters: CellParameters, ageing: Ageing, how: LongTestAccuracy) -> LongTest:
    """A fresh cell at the beginning of its test."""
    cell = lump_electrodes(parameters.cell(), how.mesh)
    prepared = p2d.prepare(cell, how.mesh)
    course = p2d.Drifting(prepared.cathode, cell.cathode)
    state = p2d.uniform(cell, how.mesh)
    return LongTest(
        parameters, ageing, how, cell, prepared, course, ageing.start, state, 1.0,
        first_charge_due=ageing.first_charge,
    )  # fmt: skip


def _make_key(step: ProtocolStep) -> tuple:
    return step.kind, step.current, step.power, step.voltage, step.until_voltage, step.until_time


def _split_records(steps: Sequence[ProtocolStep], solution, extra: float) -> list[HalfCycleRecord]:
    """The steps of a run in one piece, each with its charge and energy."""
    time, charge = solution.time, solution.charge
    power = solution.voltage * (solution.current + extra)
    done = np.empty(time.size)
    done[0] = 0.0
    np.cumsum(0.5 * (power[1:] + power[:-1]) * (time[1:] - time[:-1]), out=done[1:])
    last = [*(np.flatnonzero(solution.step[1:] != solution.step[:-1])).tolist(), time.size - 1]
    found, first = [], 0
    for step, outcome, end in zip(steps, solution.outcomes, last, strict=True):
        seconds = float(time[end] - time[first])
        total, energy = float(charge[end] - charge[first]) + extra * seconds, float(done[end] - done[first])
        sums = (total, 0.0, energy, 0.0) if total > 0.0 else (0.0, -total, 0.0, -energy)
        found.append(HalfCycleRecord(step, outcome, seconds, *sums, None))
        first = end + 1
    return found


def _compute_weights(e, mesh: Mesh, nodes: int, shells: int) -> np.ndarray:
    """The share of every shell, node and class in the volume of an electrode's particles, flat."""
    classes = np.asarray(e.volume_fractions) / sum(e.volume_fractions) / nodes
    return (classes[:, None, None] * np.ones((1, nodes, 1)) * p2d.shell_weights(mesh, shells)).ravel()


def make_piece(step: ProtocolStep, area: float, extra: float, longest: float) -> p2d.SolverStep:
    """A piece of a protocol's step per m2 of plan area, with `extra` A/m2 passing beside the cathode's lithium."""
    if step.kind == "rest":
        return p2d.SolverStep("current", -extra, seconds=longest)
    if step.kind == "hold":
        cut = max((step.until_current or 0.0) / area - abs(extra), 0.0)
        return p2d.SolverStep("voltage", step.voltage, seconds=longest, current_below=cut)
    ends = {}
    if step.until_voltage is not None:
        ends["highest" if step.kind == "charge" else "lowest"] = step.until_voltage
    if step.power is not None:
        return p2d.SolverStep("power", step.power / area, seconds=longest, **ends)
    return p2d.SolverStep("current", step.current / area - extra, seconds=longest, **ends)


def _integrate_trapezoid(time, values) -> float:
    return float((0.5 * (values[1:] + values[:-1])) @ (time[1:] - time[:-1])) if time.size > 1 else 0.0


def _average_weighted(widths, values) -> float:
    return float((0.5 * (values[1:] + values[:-1])) @ widths)


def _collect_records(solution, done: float, moved: float, extra: float) -> np.ndarray:
    """Records of a piece that begins `done` s and `moved` C/m2 after its step."""
    own = np.column_stack([solution.time, solution.voltage, solution.current, solution.charge])
    rows = np.vstack([own, *solution.sampled])
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    rows[:, 3] += extra * rows[:, 0] + moved
    rows[:, 2] += extra
    rows[:, 0] += done
    return rows


def _make_record(step: ProtocolStep, outcome: StepOutcome, pieces, records) -> HalfCycleRecord:
    drives, charges, energies = zip(*pieces, strict=True)
    drive = join_drives(drives)
    return HalfCycleRecord(
        step, outcome, drive.seconds,
        sum(q for q in charges if q > 0), -sum(q for q in charges if q < 0),
        sum(e for q, e in zip(charges, energies, strict=True) if q > 0),
        -sum(e for q, e in zip(charges, energies, strict=True) if q < 0),
        drive, records,
    )  # fmt: skip
