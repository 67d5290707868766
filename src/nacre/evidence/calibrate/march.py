"""The tests that a calibration compares with, simulated for one sample: a rate test of a fresh cell, and an ageing test.

The cell is solved on a mesh as coarse as the observables allow (`COARSE`; its error stands in docs/calibration.md).
Ageing follows the mean time t since the first charge: between the cycles simulated (`anchors`) the time of a cycle is
interpolated, and every law is applied for the whole stretch. With an anchor at every cycle all cycles are simulated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.integrate import cumulative_simpson, simpson

from nacre.cell.parameters import CellParameters, Name
from nacre.physics import dqdv, p2d
from nacre.physics.p2d import Mesh, Prepared, State

COARSE = Mesh(3, 8, 14, 2, 4.0)
TOLERANCE = 2e-4
RECORDS = 300
GRID, SMOOTHING = 1e-3, 6e-3  # V: smoothed as the dQ/dV of measured files is by default
AROUND = 8  # steps of the grid on either side of a maximum that its place is taken from
H1_M = 3.62, 4.02  # V against Li+/Li: where the H1-M maximum of a charge is sought


@dataclass(frozen=True)
class Plan:
    """Which tests are simulated: the rates of a rate test (C), the cycles at each after the first; the ageing test's
    rate and its first cycle's, its cycles, those simulated, and the rest (h) before its impedance."""

    rates: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0)
    cycles_per_rate: int = 2
    formation_rate: float = 0.1
    ageing_rate: float = 0.2
    ageing_cycles: int = 200
    anchors: tuple[int, ...] = (1, 2, 10, 25, 50, 75, 100, 125, 150, 175, 200)
    rest: float = 1.0
    checkup_rate: float = 0.0

    @property
    def in_full(self) -> "Plan":
        return replace(self, anchors=tuple(range(1, self.ageing_cycles + 1)))


AGEING = {
    "ageing.exponent": Name("1", "the power of time by which the interphase grows", high=2.0, default=0.5),
    "ageing.slowing": Name("1", "the factor of a coating on the growth of the interphase", default=1.0, at_low=True),
    "ageing.interphase_growth": Name("nm", "the interphase's thickness after one hour", default=0.0, at_low=True),
    "ageing.contact_loss": Name("1", "the loss of contact per growth", default=0.0, at_low=True),
    "ageing.fracture": Name("1", "the loss of active mass per cycle and growth", default=0.0, at_low=True),
    "ageing.diffusivity_loss": Name("1", "the loss of diffusivity per growth", default=0.0, at_low=True),
    "ageing.series_growth": Name("ohm cm2", "the growth of the series resistance per growth", default=0.0, at_low=True),
    "ageing.first_charge": Name("mAh/g", "what side reactions take before the first charge", default=0.0, at_low=True),
}


@dataclass(frozen=True)
class Laws:
    """How a cell ages. growth = slowing (t / 1 h)^exponent; 1/contact and 1/diffusivity grow by so much per growth,
    the series resistance (ohm cm2) and the interphase (nm) too; the active mass loses `fracture` x growth per cycle."""

    contact_loss: float = 0.0
    fracture: float = 0.0
    diffusivity_loss: float = 0.0
    interphase_growth: float = 0.0
    series_growth: float = 0.0
    exponent: float = 0.5
    slowing: float = 1.0


@dataclass(frozen=True, eq=False)
class Half:
    """A charge or discharge: capacity mAh/g, energy mWh/g, and its record: voltage V and charge mAh/g (n,)."""

    capacity: float
    energy: float
    voltage: np.ndarray
    passed: np.ndarray

    @cached_property
    def h1_m(self) -> float:
        """Voltage (V) of the H1-M maximum of dQ/dV; NaN where there is none."""
        return _peak(self.voltage, self.passed)


@dataclass(frozen=True, eq=False)
class Cycle:
    """One cycle: number, rate (C), its charge and discharge, hours of the test before it."""

    number: int
    rate: float
    charge: Half
    discharge: Half
    hours: float = 0.0


class Failed(Exception):
    """The simulation ended out of order: no observables of these parameters."""


class Cell:
    """A sample's cell in the solver, fresh or aged."""

    def __init__(self, parameters: CellParameters, mesh: Mesh = COARSE):
        self.parameters, self.mesh, self.fresh = parameters, mesh, parameters.cell()
        self.unit = parameters.one_c / parameters.area
        self.grams = parameters.value("cell.cam_mass", "g") / parameters.area  # per m2
        self.window = parameters.value("cell.lower_voltage"), parameters.value("cell.upper_voltage")
        self.counter = float(parameters.potentials["anode"].curve(0.5))

    def aged(self, lost: "Lost") -> Prepared:
        cathode = self.fresh.cathode
        changed = replace(
            cathode,
            contact=cathode.contact / (1.0 + lost.contact),
            active=cathode.active * lost.mass,
            diffusivity=cathode.diffusivity.times(1.0 / (1.0 + lost.diffusion)),
            interphase_thickness=cathode.interphase_thickness + lost.interphase * 1e-9,
        )
        series = self.fresh.contact_resistance + lost.series * 1e-4
        return p2d.prepare(replace(self.fresh, cathode=changed, contact_resistance=series), self.mesh)

    def cycle(self, prepared: Prepared, state: State | None, rate: float, number: int, hours: float = 0.0, fine=False):
        """One cycle from a state: the Cycle, and the state after it. Raises Failed."""
        low, high = self.window
        amps = rate * self.unit
        steps = p2d.Step("current", amps, highest=high), p2d.Step("current", -amps, lowest=low)
        longest = 320.0 * 3.6 * self.grams / amps  # s for 320 mAh/g, more than any layered oxide has
        times = [np.linspace(0, longest, RECORDS) if fine else np.empty(0), np.empty(0)]
        solution = prepared.run(steps, state, TOLERANCE, times=times)
        if not solution.complete or len(solution.outcomes) != 2:
            raise Failed(solution.outcome.words)
        halves = [self._half(solution, k) for k in (0, 1)]
        return Cycle(number, rate, *halves, hours), solution.final

    def _half(self, solution, k: int) -> Half:
        mine = solution.step == k
        rows = np.column_stack([solution.time[mine], solution.voltage[mine], solution.charge[mine]])
        start = solution.charge[solution.step == 0][-1] if k else 0.0
        if len(solution.sampled[k]):
            rows = np.vstack([rows, solution.sampled[k][:, [0, 1, 3]]])
            rows = rows[np.argsort(rows[:, 2], kind="stable")]
        passed = np.abs(rows[:, 2] - start) / self.grams / 3.6
        energy = float(np.trapezoid(rows[:, 1], passed))
        return Half(float(passed[-1]), energy, rows[:, 1] + self.counter, passed)

    def resistance(self, prepared: Prepared, state: State, hours: float) -> float:
        """R of the cathode's interfaces (ohm cm2 of plan area) after a rest: all local ones in parallel."""
        if hours:
            state = prepared.run(p2d.rest(3600.0 * hours), state, TOLERANCE).final
        cathode, _ = p2d.linearise(prepared, state)
        return 1e4 / float((cathode.area / (cathode.transfer + cathode.film)).sum())


@dataclass(frozen=True)
class Lost:
    """What ageing did so far: growth of 1/contact and of 1/D (shares), active mass left, interphase in nm, resistance
    in series in ohm cm2."""

    contact: float = 0.0
    mass: float = 1.0
    diffusion: float = 0.0
    interphase: float = 0.0
    series: float = 0.0


@dataclass(frozen=True, eq=False)
class Aged:
    """An ageing test: the cycles simulated, R before it and after, in ohm cm2, and what was lost at each."""

    cycles: dict[int, Cycle]
    fresh_resistance: float
    resistance: float
    lost: dict[int, Lost]

    checkup: Cycle | None = None

    def at(self, number: int) -> Cycle:
        """A cycle simulated. Raises KeyError where it was jumped over."""
        return self.cycles[number]

    def capacity(self, number: float) -> float:
        """Discharge capacity (mAh/g) at a cycle, interpolated between those simulated."""
        known = sorted(self.cycles)
        return float(np.interp(number, known, [self.cycles[n].discharge.capacity for n in known]))


def rate_test(cell: Cell, plan: Plan) -> dict[int, Cycle]:
    """The rate test of a fresh cell, by cycle. Raises Failed."""
    prepared, state, found = cell.aged(Lost()), None, {}
    numbers = [plan.rates[0]] + [rate for rate in plan.rates[1:] for _ in range(plan.cycles_per_rate)]
    for number, rate in enumerate(numbers, 1):
        found[number], state = cell.cycle(prepared, state, rate, number, fine=number == 1)
    return found


def ageing_test(cell: Cell, laws: Laws, plan: Plan, fine: Sequence[int] = (10, 200)) -> Aged:
    """The ageing test. Raises Failed."""
    prepared, now = cell.aged(Lost()), Lost()
    first, state = cell.cycle(prepared, None, plan.formation_rate, 0)
    hours, pace, last = _hours(first), None, 0
    cycles: dict[int, Cycle] = {}
    lost: dict[int, Lost] = {}
    fresh = 0.0
    for number in plan.anchors:
        if cycles:
            hours, now = _later(laws, now, hours, number - last, pace)
            prepared = cell.aged(now)
        cycle, state = cell.cycle(prepared, state, plan.ageing_rate, number, hours, fine=number in fine)
        took = _hours(cycle)
        pace = (took, 0.0) if pace is None else (took, (took - pace[0]) / max(number - last, 1))
        cycles[number], lost[number], last = cycle, now, number
        if len(cycles) == 1:
            fresh = cell.resistance(prepared, state, plan.rest)
    checkup = cell.cycle(prepared, state, plan.checkup_rate, last + 1)[0] if plan.checkup_rate else None
    return Aged(cycles, fresh, cell.resistance(prepared, state, plan.rest), lost, checkup)


def _hours(cycle: Cycle) -> float:
    return (cycle.charge.capacity + cycle.discharge.capacity) / (cycle.rate * 190.0)


def _later(laws: Laws, now: Lost, hours: float, count: int, pace) -> tuple[float, Lost]:
    """Hours and losses `count` cycles on: a cycle's time goes on as it changed last."""
    took, slope = pace
    n = np.linspace(0.0, count, 8 * count + 1)
    at = hours + cumulative_simpson(np.clip(took + slope * n, 0.1 * took, 3.0 * took), x=n, initial=0.0)
    growth = laws.slowing * at**laws.exponent
    mass = now.mass * float(np.exp(-laws.fracture * simpson(growth, x=n)))
    rates = laws.contact_loss, laws.diffusivity_loss, laws.interphase_growth, laws.series_growth
    contact, diffusion, interphase, series = (rate * float(growth[-1]) for rate in rates)
    return float(at[-1]), Lost(contact, mass, diffusion, interphase, series)


def _peak(voltage: np.ndarray, charge: np.ndarray) -> float:
    """The highest maximum of dQ/dV in the window: that of a quartic fitted to its logarithm there; NaN without one."""
    curve = dqdv.density(dqdv.passed(voltage, charge), GRID, SMOOTHING)
    inside = [i for i in dqdv.maxima(curve, 0.01, 2 * SMOOTHING) if H1_M[0] < curve.voltage[i] < H1_M[1]]
    if not inside:
        return float("nan")
    i = max(inside, key=lambda k: curve.slope[k])
    part = slice(max(0, i - AROUND), i + AROUND + 1)
    if curve.slope[part].min() <= 0:
        return float(curve.voltage[i])
    x = curve.voltage[part] - curve.voltage[i]
    fitted = np.polynomial.Polynomial.fit(x, np.log(curve.slope[part]), 4)
    roots = [r.real for r in fitted.deriv().roots() if abs(r.imag) < 1e-9 and x[0] <= r.real <= x[-1]]
    return float(curve.voltage[i] + (min(roots, key=abs) if roots else 0.0))
