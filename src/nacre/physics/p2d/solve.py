"""Simulate a cell: `prepare` once, `run` as often as wanted; `simulate` does both; `simulate_many` uses threads.

Equations, symbols and sources: docs/physics.md. Discretisation as in J. Newman's porous electrode (finite volumes);
time: see `bdf`. Every way a step can end is an `StepOutcome`.
"""

import enum
import math
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from nacre.physics.p2d import time_stepping
from nacre.physics.p2d.bdf import AMPERE
from nacre.physics.p2d.cell import Mesh, SolverCell
from nacre.physics.p2d.drift import isolate
from nacre.physics.p2d.kinetics import CONSTANT_CURRENT, CONSTANT_POWER, CONSTANT_VOLTAGE
from nacre.physics.p2d.layout import LANES, N_BUNDLES, N_CLASSES, N_DRIFT, N_LANES, N_NODES, N_SHELLS, ROW, SLOTS
from nacre.physics.p2d.pack import addresses, pack, unframe
from nacre.physics.p2d.simd import INNER, get, get_integer, put
from nacre.physics.p2d.stamp import entry

TIGHTEST, LOOSEST, DEFAULT = 1e-9, 1e-3, 2e-4
BEST = Mesh()


class StepOutcome(enum.IntEnum):
    """How a step of the protocol ended. The first five are what protocols ask for; after them the march goes on."""

    TIME_REACHED = time_stepping.TIME_REACHED
    LOW_VOLTAGE = time_stepping.LOW_VOLTAGE
    HIGH_VOLTAGE = time_stepping.HIGH_VOLTAGE
    CURRENT_CUT_OFF = time_stepping.CURRENT_CUT
    CHARGE_CUT_OFF = time_stepping.CHARGE_CUT
    CATHODE_EMPTY = time_stepping.CATHODE_LOW
    CATHODE_FULL = time_stepping.CATHODE_HIGH
    ANODE_EMPTY = time_stepping.ANODE_LOW
    ANODE_FULL = time_stepping.ANODE_HIGH
    POWER_IMPOSSIBLE = time_stepping.POWER_IMPOSSIBLE
    STUCK = time_stepping.STUCK
    STEP_LIMIT = time_stepping.STEP_LIMIT
    BEYOND_AT_START = time_stepping.BEYOND_AT_START

    @property
    def normal(self) -> bool:
        return self <= time_stepping.LAST_NORMAL

    @property
    def words(self) -> str:
        return _WORDS[self]


_END = "reached the {} end of the stoichiometries that its open-circuit potential covers, before any cut-off"
_WORDS = {
    StepOutcome.TIME_REACHED: "the time was reached",
    StepOutcome.LOW_VOLTAGE: "the lower voltage was reached",
    StepOutcome.HIGH_VOLTAGE: "the upper voltage was reached",
    StepOutcome.CURRENT_CUT_OFF: "the current fell to its cut-off",
    StepOutcome.CHARGE_CUT_OFF: "the charge was reached",
    StepOutcome.CATHODE_EMPTY: f"depleted: a cathode particle's surface {_END.format('empty')}",
    StepOutcome.CATHODE_FULL: f"depleted: a cathode particle's surface {_END.format('full')}",
    StepOutcome.ANODE_EMPTY: f"depleted: an anode particle's surface {_END.format('empty')}",
    StepOutcome.ANODE_FULL: f"depleted: an anode particle's surface {_END.format('full')}",
    StepOutcome.POWER_IMPOSSIBLE: "infeasible: no current gives this power (it is beyond the cell's maximum)",
    StepOutcome.STUCK: "infeasible: no consistent currents were found however short the time step",
    StepOutcome.STEP_LIMIT: "stopped: the largest number of time steps was used; what was reached is kept",
    StepOutcome.BEYOND_AT_START: "infeasible: at the first instant the voltage is already beyond the cut-off",
}


@dataclass(frozen=True)
class SolverStep:
    """One step of a protocol, per m2 of plan area: mode (`current` A/m2, `voltage` V, `power` W/m2; positive charges),
    and what ends it: seconds, voltages, |current| (A/m2), |charge| (C/m2)."""

    mode: str
    value: float
    seconds: float = math.inf
    lowest: float = -math.inf
    highest: float = math.inf
    current_below: float = 0.0
    charge: float = math.inf

    def __post_init__(self):
        if self.mode not in _MODES:
            raise ValueError(f"a step's mode is {self.mode!r}; it must be one of {', '.join(_MODES)}")
        if not math.isfinite(self.value):
            raise ValueError(f"a step's {self.mode} is {self.value}; it must be a finite number")
        if not (self.seconds >= 0.0 and self.charge >= 0.0 and self.current_below >= 0.0):
            raise ValueError("a step's seconds, charge and current_below must not be negative")
        if not self.lowest < self.highest:
            raise ValueError(f"a step's lowest voltage {self.lowest} is not below its highest {self.highest}")
        ends = self.seconds < math.inf or self.charge < math.inf or self.current_below > 0.0
        if not ends and (self.mode == "voltage" or self.value == 0.0):
            raise ValueError(f"a step at {self.mode} {self.value} would never end; give it seconds, or current_below")

    @cached_property
    def row(self) -> tuple:
        cuts = self.lowest, self.highest, self.current_below, self.charge
        return (_MODES[self.mode], self.value, self.seconds, *cuts)


_MODES = {"current": CONSTANT_CURRENT, "voltage": CONSTANT_VOLTAGE, "power": CONSTANT_POWER}


def rest(seconds: float) -> SolverStep:
    return SolverStep("current", 0.0, seconds)


def charge_and_hold(current: float, voltage: float, current_below: float) -> tuple[SolverStep, SolverStep]:
    """CCCV: constant current to a voltage, which is then held until the current has fallen (all positive to charge)."""
    limit = {"highest": voltage} if current > 0 else {"lowest": voltage}
    return SolverStep("current", current, **limit), SolverStep("voltage", voltage, current_below=current_below)


@dataclass(frozen=True, eq=False)
class State:
    """Stoichiometries (classes, nodes, shells) in every particle of both electrodes."""

    cathode: np.ndarray
    anode: np.ndarray


@dataclass(frozen=True, eq=False)
class Solution:
    """What happened. Arrays over the solver's own time points: time s (of the whole run), voltage V, current A/m2,
    charge C/m2 (of the whole run, positive charges), step (number of the protocol's step, from 0).

    outcomes, one per step marched (fewer than asked where one ended out of order); ends: time at the end of each.
    sampled: (times, 4) time within the step, voltage, current, charge at the asked times that were reached, step by
    step; states: at the same instants, per step and electrode, stoichiometries (times, classes, nodes, shells) and
    current densities on true contact area (times, classes, nodes), A/m2. trace: where asked for, per time point the
    order of the formula (0 at the start of a step) and the solver's own picture of the state.
    """

    time: np.ndarray
    voltage: np.ndarray
    current: np.ndarray
    charge: np.ndarray
    step: np.ndarray
    outcomes: tuple[StepOutcome, ...]
    ends: np.ndarray
    sampled: tuple[np.ndarray, ...]
    states: tuple[tuple[np.ndarray, np.ndarray], ...]
    final: State
    solves: int
    trace: np.ndarray

    @property
    def outcome(self) -> StepOutcome:
        return self.outcomes[-1]

    @property
    def complete(self) -> bool:
        return all(outcome.normal for outcome in self.outcomes)


@njit(**INNER)
def _put_start(e, x, even):
    """Stoichiometries into slot 0: x by lane and shell, or where x is empty the same one everywhere.

    Returns whether all lie from 0 to 1.
    """
    shells, count, inside = get_integer(e[0], N_SHELLS), get_integer(e[0], N_LANES), True
    for bundle in range(get_integer(e[0], N_BUNDLES)):
        for shell in range(shells):
            for i in range(LANES):
                lane = min(bundle * LANES + i, count - 1)
                value = x[lane, shell] if x.shape[0] else even
                inside = inside and 0.0 <= value <= 1.0
                put(e[5], (bundle * shells + shell) * ROW + i, value)
    return inside


@njit(**INNER)
def _get_final(e, slot, x):
    shells = x.shape[1]
    for lane in range(x.shape[0]):
        for shell in range(shells):
            x[lane, shell] = get(e[5], ((lane // LANES) * shells + shell) * ROW + slot * LANES + lane % LANES)


@entry
def _march(cathode, anode, numbers, rows, kept, starts, finals, steps, ends, asked, bounds, sampled, frames, traces):
    """All steps of a protocol in turn; returns how many were marched: none where the start lies outside 0 to 1.

    numbers: series resistance and its slope per second of the run, tolerance, even stoichiometry of cathode and anode;
    kept: share of the cathode's particles that each step leaves working; starts, finals: stoichiometries of cathode
    and anode by lane and shell; `ends` gets (outcome, last row, times given,
    solves) per step.
    """
    history = np.zeros((4, SLOTS))
    ring = np.arange(SLOTS)
    inside = _put_start(cathode, starts[0], numbers[3])
    if not _put_start(anode, starts[1], numbers[4]) or not inside:
        return 0
    count, guess, done, time, charge = 0, 0.0, 0, 0.0, 0.0
    for number in range(rows.shape[0]):
        a, b = bounds[number], bounds[number + 1]
        if kept[number] != 1.0:
            isolate(cathode, kept[number])
        outcome, count, given, solves = time_stepping.segment(
            cathode, anode, (numbers[0], numbers[1], time), rows[number], numbers[2], guess, history, ring, steps,
            count, (number, time, charge), asked[a:b], sampled[a:b], frames[a:b], traces,
        )  # fmt: skip
        ends[number, 0], ends[number, 1], ends[number, 2], ends[number, 3] = outcome, count, given, solves
        guess = history[AMPERE, ring[0]]
        if count > 0:
            time, charge = steps[count - 1, 0], steps[count - 1, 3]
        done += 1
        if outcome > time_stepping.LAST_NORMAL:
            break
    _get_final(cathode, ring[0], finals[0])
    _get_final(anode, ring[0], finals[1])
    return done


_NOTHING = np.empty((0, 0))


@dataclass(frozen=True, eq=False)
class Prepared:
    """A cell in the solver's arrays. Not to be run by two threads at once.

    series: resistance in series, ohm m2, and its slope per second of a run; it and the electrodes' arrays may drift
    (see `drift`), while `cell` stays as it was.
    """

    cell: SolverCell
    mesh: Mesh
    cathode: tuple
    anode: tuple
    pointers: tuple
    series: np.ndarray

    def run(
        self,
        steps: SolverStep | Iterable[SolverStep],
        state: State | None = None,
        tolerance: float = DEFAULT,
        times: Sequence[np.ndarray] | None = None,
        profiles: bool = False,
        max_steps: int | None = None,
        trace: bool = False,
        kept: Sequence[float] | None = None,
    ) -> Solution:
        """March through a protocol from a state (default: particles even at the cell's stoichiometries).

        tolerance: allowed local error of a time step in stoichiometry, and in voltage 1.5 V times that. times: per
        step, increasing instants (s within the step) at which to sample; profiles: keep the full states there too.
        max_steps: most time steps in the whole run (default 3000 for each step of the protocol). trace: keep the state
        at every time step, for `sensitivities`. kept: per step, the share of the particles of a drifting cathode (see
        `drift`) that goes on working when it begins.
        Raises ValueError where the request is malformed; whatever happens physically is an `StepOutcome`.
        """
        steps = (steps,) if isinstance(steps, SolverStep) else tuple(steps)
        if not steps:
            raise ValueError("the protocol has no steps")
        if not TIGHTEST <= tolerance <= LOOSEST:
            raise ValueError(f"the tolerance is {tolerance:g}; it must lie from {TIGHTEST:g} to {LOOSEST:g}")
        asked, bounds = _asked(times, len(steps))
        shapes = _shape(self.cathode), _shape(self.anode)
        width = _frame_width(self.cathode) + _frame_width(self.anode) if profiles else 0
        finals = tuple(np.empty((classes * nodes, shells)) for classes, nodes, shells in shapes)
        table, ends = np.empty((max_steps or 3000 * len(steps), 5)), np.empty((len(steps), 4), np.int64)
        sampled, frames = np.empty((asked.size, 4)), np.empty((asked.size if profiles else 0, width))
        cell = self.cell
        traces = _NOTHING
        if trace:
            if kept is not None or self.series[1] or any(e[0][N_DRIFT] for e in (self.cathode, self.anode)):
                raise ValueError("a run whose electrodes change as it goes keeps no trace: its sensitivities would lie")
            traces = np.empty((table.shape[0], 1 + _frame_width(self.cathode) + _frame_width(self.anode)))
        done = _march(
            *self.pointers,
            (*self.series.tolist(), tolerance, cell.cathode.stoichiometry, cell.anode.stoichiometry),
            np.array([step.row for step in steps]),
            np.ones(len(steps)) if kept is None else np.asarray(kept, float),
            (_NOTHING, _NOTHING) if state is None else _start_of(state, shapes),
            finals,
            table,
            ends,
            asked,
            bounds,
            sampled,
            frames,
            traces,
        )
        if not done:
            raise _outside(state if state is not None else uniform(cell, self.mesh))
        return self._solution(ends[:done].tolist(), table, finals, shapes, bounds, sampled, frames, traces)

    def _solution(self, ends, table, finals, shapes, bounds, sampled, frames, traces) -> Solution:
        table = table[: ends[-1][1]].copy()
        given = [slice(bounds[k], bounds[k] + end[2]) for k, end in enumerate(ends)]
        cut = _frame_width(self.cathode) if frames.shape[0] else 0
        return Solution(
            time=table[:, 0],
            voltage=table[:, 1],
            current=table[:, 2],
            charge=table[:, 3],
            step=table[:, 4],
            outcomes=tuple([StepOutcome(end[0]) for end in ends]),
            ends=np.array([table[end[1] - 1, 0] if end[1] else 0.0 for end in ends]),
            sampled=tuple([sampled[part] for part in given]),
            states=tuple(
                [(unframe(self.cathode, frames[part, :cut]), unframe(self.anode, frames[part, cut:])) for part in given]
                if frames.shape[0]
                else []
            ),
            final=State(finals[0].reshape(shapes[0]), finals[1].reshape(shapes[1])),
            solves=sum([end[3] for end in ends]),
            trace=traces[: len(table)],
        )


def _shape(e) -> tuple[int, int, int]:
    return int(e[0][N_CLASSES]), int(e[0][N_NODES]), int(e[0][N_SHELLS])


def _start_of(state: State, shapes) -> tuple[np.ndarray, np.ndarray]:
    lanes = []
    for x, shape, name in ((state.cathode, shapes[0], "cathode"), (state.anode, shapes[1], "anode")):
        if x.shape != shape:
            raise ValueError(f"the {name}'s state has shape {x.shape}; this cell and mesh need {shape}")
        lanes.append(np.ascontiguousarray(x, float).reshape(-1, shape[2]))
    return lanes[0], lanes[1]


def _outside(state: State) -> ValueError:
    for name in ("cathode", "anode"):
        x = getattr(state, name)
        if not (x.min() >= 0.0 and x.max() <= 1.0):
            break
    return ValueError(f"the {name}'s stoichiometries must lie from 0 to 1; found {x.min()} to {x.max()}")


def _frame_width(e) -> int:
    return int(e[0][N_BUNDLES] * (e[0][N_SHELLS] + 1) * LANES)


def _asked(times, count):
    if times is None:
        return np.empty(0), np.zeros(count + 1, np.int64)
    if len(times) != count:
        raise ValueError(f"times has {len(times)} entries; give one array (it may be empty) for each of {count} steps")
    parts = [np.asarray(part, float) for part in times]
    if any((np.diff(part) < 0).any() for part in parts):
        raise ValueError("the times to sample at must not decrease within a step")
    return np.concatenate(parts), np.concatenate([[0], np.cumsum([part.size for part in parts])])


def uniform(cell: SolverCell, mesh: Mesh = BEST) -> State:
    """Particles even at the cell's stoichiometries."""
    cathode = len(cell.cathode.radii), mesh.cathode_nodes, mesh.cathode_shells
    anode = len(cell.anode.radii), mesh.anode_nodes, mesh.anode_shells
    return State(np.full(cathode, cell.cathode.stoichiometry), np.full(anode, cell.anode.stoichiometry))


def prepare(cell: SolverCell, mesh: Mesh = BEST) -> Prepared:
    cathode, anode = pack(cell, mesh)
    pointers = addresses(cathode), addresses(anode)
    return Prepared(cell, mesh, cathode, anode, pointers, np.array([cell.resistance, 0.0]))


def simulate(cell: SolverCell, steps, mesh: Mesh = BEST, **options) -> Solution:
    """Prepare and run once; options as for `Prepared.run`."""
    return prepare(cell, mesh).run(steps, **options)


def simulate_many(
    cells: Sequence[SolverCell], protocols: Sequence, mesh: Mesh = BEST, threads: int | None = None, **options
) -> list[list[Solution]]:
    """Every protocol on every cell, each from the cell's own start; a list of solutions per cell.

    The solver works without Python's global lock, so that threads (default: one per processor) run side by side.
    """

    def job(chunk):
        done = []
        for cell in chunk:
            prepared = prepare(cell, mesh)
            done.append([prepared.run(protocol, **options) for protocol in protocols])
        return done

    threads = threads or os.cpu_count() or 1
    if threads == 1 or len(cells) < 2:
        return job(cells)
    size = max(1, -(-len(cells) // (4 * threads)))
    chunks = [cells[i : i + size] for i in range(0, len(cells), size)]
    with ThreadPoolExecutor(threads) as pool:
        return [item for part in pool.map(job, chunks) for item in part]
