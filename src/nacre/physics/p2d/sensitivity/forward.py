"""Derivatives of a solution by parameters, forward in time along the recorded trajectory.

The sensitivity equations of the differential-algebraic system are solved by the staggered direct method: after each
accepted step the linearised system is factorised once and solved for every parameter (M. Caracotsios and W. E. Stewart,
Comput. Chem. Eng. 9 (1985) 359; T. Maly and L. R. Petzold, Appl. Numer. Math. 20 (1996) 57; W. F. Feehery, J. E. Tolsma
and P. I. Barton, Appl. Numer. Math. 25 (1997) 41). Where a step of the protocol ends on a condition, its end moves with
the parameter, and the next step starts from a state that moved with it (S. Galan, W. F. Feehery and P. I. Barton, Appl.
Numer. Math. 31 (1999) 17).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from nacre.physics.p2d.bdf import KAPPA, coefficients, combine
from nacre.physics.p2d.kinetics import CONSTANT_CURRENT, CONSTANT_VOLTAGE, CONVERGED, balance
from nacre.physics.p2d.layout import CELL_PLANES, LANES, N_BUNDLES, N_SHELLS, N_STRIDE, RHS, SLOTS
from nacre.physics.p2d.particle import fluxes, frozen_surface, rates
from nacre.physics.p2d.sensitivity.electrode_variation import (
    backward_tangent,
    densities,
    drift,
    forward_tangent,
    potential_tangent,
    surface_rate,
    surface_tangent,
)
from nacre.physics.p2d.sensitivity.linearised_electrode import (
    W_BUNDLE,
    WORK_PLANES,
    WORK_ROWS,
    blend,
    eliminate,
    react,
    recall,
)
from nacre.physics.p2d.sensitivity.tangent import (
    Q_DIFFUSION,
    Q_SURFACE,
    TANGENT_NUMBERS,
    TANGENT_PLANES,
    ElectrodeTangent,
    Tangent,
    diffusion_grid,
)
from nacre.physics.p2d.simd import INLINE, INNER, address
from nacre.physics.p2d.solve import DEFAULT, Prepared, Solution, SolverStep, State, StepOutcome
from nacre.physics.p2d.stamp import entry
from nacre.physics.p2d.time_stepping import I_CUT, LONGEST, MODE, Q_CUT, TARGET, V_HIGH, V_LOW


@njit(**INLINE)
def _weights(value):
    return value[0], value[1], value[2], value[3], value[4], value[5]


@njit(**INNER)
def _vary(c, a, cx, ax, p, mode, voltage, current, v1, numbers):
    """(dV/dp, dI/dp) from what potential_tangent needs; numbers: d target/dp and d resistance/dp."""
    v0 = potential_tangent(c, cx, p, -current) - potential_tangent(a, ax, p, current) + numbers[1] * current
    if mode == CONSTANT_CURRENT:
        change = numbers[0]
    elif mode == CONSTANT_VOLTAGE:
        change = (numbers[0] - v0) / v1
    else:
        change = (numbers[0] - current * v0) / (voltage + current * v1)
    return v0 + v1 * change, change


@njit(**INNER)
def _frozen(c, a, cx, ax, resistance):
    """Linearise the instant that stands in the prediction: dV/dI at fixed particles."""
    frozen_surface(c)
    frozen_surface(a)
    return resistance - react(c, cx) - react(a, ax)


@njit(**INNER)
def _first(c, a, cx, ax, mode, table, resistance, numbers, charges, made):
    """The first instant of a step: consistent dV, dI, and the rates of all sensitivities into the last slot."""
    v1 = _frozen(c, a, cx, ax, resistance)
    value, ring = np.zeros(SLOTS), np.zeros(SLOTS, np.int64)
    value[0] = 1.0
    weights = _weights(value)
    for p in range(made.shape[0]):
        surface_tangent(c, cx, p, ring, weights, 1)
        surface_tangent(a, ax, p, ring, weights, 1)
        made[p, 0], made[p, 1] = _vary(c, a, cx, ax, p, mode, table[1], table[2], v1, numbers[p])
        densities(c, cx, -made[p, 1])
        densities(a, ax, made[p, 1])
        drift(c, cx, p, 0, SLOTS - 1)
        drift(a, ax, p, 0, SLOTS - 1)
        made[p, 2], charges[p, 0], charges[p, SLOTS - 1] = 0.0, 0.0, made[p, 1]


@njit(**INNER)
def _step(c, a, cx, ax, mode, table, trace, at, resistance, numbers, charges, made, cc, ring, value, order, slot):
    """One implicit step of all sensitivities to the state recorded at `at`; value: weights of the past ones."""
    eliminate(a, ax, cc, trace, eliminate(c, cx, cc, trace, at))
    v1 = resistance - react(c, cx) - react(a, ax)
    weights = _weights(value)
    for p in range(made.shape[0]):
        forward_tangent(c, cx, p, ring, weights, order, slot)
        forward_tangent(a, ax, p, ring, weights, order, slot)
        made[p, 0], made[p, 1] = _vary(c, a, cx, ax, p, mode, table[1], table[2], v1, numbers[p])
        densities(c, cx, -made[p, 1])
        densities(a, ax, made[p, 1])
        backward_tangent(c, cx, p, slot)
        backward_tangent(a, ax, p, slot)
        made[p, 2] = (combine(charges[p], ring, order, value) + made[p, 1]) / cc
        charges[p, slot] = made[p, 2]


@njit(**INNER)
def _slopes(c, a, cx, ax, mode, voltage, current, v1, last):
    """(dV/dt, dI/dt) at the instant in the prediction: the parameter is time."""
    surface_rate(c, cx)
    surface_rate(a, ax)
    return _vary(c, a, cx, ax, last, mode, voltage, current, v1, np.zeros(2))


@njit(**INNER)
def _sample(c, a, cx, ax, row, resistance, numbers, charges, guess, ring, value, order, given, made):
    """Linearise an instant whose particles stand in the prediction, the currents solved for anew; `given` gets V, I
    and their slopes in time, `made` the sensitivities. Returns whether consistent currents were found."""
    frozen_surface(c)
    frozen_surface(a)
    mode, params = int(row[MODE]), made.shape[0]
    outcome, current, voltage = balance(c, a, mode, row[TARGET], resistance, guess, 1e-9, 200)
    if outcome != CONVERGED:
        return False
    rates(c)
    rates(a)
    v1 = _frozen(c, a, cx, ax, resistance)
    weights = _weights(value)
    for p in range(params):
        surface_tangent(c, cx, p, ring, weights, order)
        surface_tangent(a, ax, p, ring, weights, order)
        made[p, 0], made[p, 1] = _vary(c, a, cx, ax, p, mode, voltage, current, v1, numbers[p])
        made[p, 2] = combine(charges[p], ring, order, value)
    given[1], given[2] = voltage, current
    given[4], given[5] = _slopes(c, a, cx, ax, mode, voltage, current, v1, params)
    return True


@entry
def _sense(c, a, cx, ax, resistance, row, numbers, table, trace, asked, made, sampled, samples, ends):
    """Along one step of the protocol; returns how many asked instants were reached.

    numbers: (parameters + 1, 2) d target, d resistance, the last row is zero; table: time, voltage, current, charge;
    made: (rows, parameters, 3) dV, dI, dQ at the solver's points; sampled: (asked, 6) time, V, I, Q, dV/dt, dI/dt;
    samples: as made; ends: dV/dt, dI/dt at the end, where the rates are left in the cells.
    """
    params, width, start = made.shape[1], trace.shape[1], address(trace)
    mode, given = int(row[MODE]), 0
    times, charges, charge = np.zeros(SLOTS), np.zeros((params, SLOTS)), np.zeros(SLOTS)
    value, slope, ring = np.zeros(SLOTS), np.zeros(SLOTS), np.zeros(SLOTS, np.int64)
    for n in range(table.shape[0]):
        slot, order, at = n % SLOTS, int(trace[n, 0]), n * width + 1
        if n == 0:
            # of this elimination only what tables of d ln D need is used
            eliminate(a, ax, 1.0, start, eliminate(c, cx, 1.0, start, at))
            recall(a, start, recall(c, start, at))
            fluxes(c)
            fluxes(a)
            _first(c, a, cx, ax, mode, table[n], resistance, numbers, charges, made[n])
            order = 1
        else:
            for i in range(SLOTS):
                ring[i] = (n - 1 - i) % SLOTS
            step = table[n, 0] - table[n - 1, 0]
            if n == 1:  # the past is the state and its rate: the prediction is Euler's
                cc = (1.0 - KAPPA[1]) / step
                value[0], value[1] = cc, cc * step - 1.0
            else:
                cc = (1.0 - KAPPA[order]) * coefficients(times, ring, order, table[n, 0], value, slope)
                for i in range(order + 1):
                    value[i] = cc * value[i] - slope[i]
            _step(
                c, a, cx, ax, mode, table[n], start, at, resistance, numbers, charges, made[n], cc, ring, value, order,
                slot,
            )  # fmt: skip
        times[slot], charge[slot] = table[n, 0], table[n, 3]
        for i in range(SLOTS):
            ring[i] = (n - i) % SLOTS
        while given < asked.shape[0] and asked[given] <= table[n, 0]:
            if asked[given] == table[n, 0]:
                value[:] = 0.0
                value[0] = 1.0
            else:
                coefficients(times, ring, order, asked[given], value, slope)
            offset = at
            for e in (c, a):
                offset = blend(e, start, offset, width, value, min(order, n))
            sampled[given, 0], sampled[given, 3] = asked[given], combine(charge, ring, order, value)
            if not _sample(
                c, a, cx, ax, row, resistance, numbers, charges, table[n, 2], ring, value, order, sampled[given],
                samples[given],
            ):  # fmt: skip
                return -1
            given += 1
    last = table.shape[0] - 1
    recall(a, start, recall(c, start, last * width + 1))
    rates(c)
    rates(a)
    v1 = _frozen(c, a, cx, ax, resistance)
    ends[0], ends[1] = _slopes(c, a, cx, ax, mode, table[last, 1], table[last, 2], v1, params)
    return given


class _Side:
    """An electrode's work and tangents, and their addresses. `rest` repeats no tangent: its row stands for time."""

    def __init__(self, e: tuple, tangents: Sequence[ElectrodeTangent], grid: tuple[float, float, int]):
        sizes, params = e[0], len(tangents)
        bundles, rows, stride = int(sizes[N_BUNDLES]), int(sizes[N_BUNDLES] * sizes[N_SHELLS]), int(sizes[N_STRIDE])
        self.past = np.zeros((params, SLOTS, rows, LANES))
        lanes, nodes = np.zeros((params + 1, bundles, TANGENT_PLANES, LANES)), np.zeros((params + 1, 2, stride))
        numbers = np.zeros((params + 1, TANGENT_NUMBERS))
        numbers[:, [Q_DIFFUSION, Q_SURFACE]] = -1
        diffusion, surface = [], []
        for p, t in enumerate(tangents):
            lanes[p], nodes[p], numbers[p, :3] = t.lanes, t.nodes, t.numbers[:3]
            for place, table, found in ((Q_DIFFUSION, t.diffusion, diffusion), (Q_SURFACE, t.surface, surface)):
                if table is not None:
                    numbers[p, place] = len(found)
                    found.append(table.ravel() if place == Q_SURFACE else _with_support(table, grid))
            self.past[p, 0] = t.start
        low, high, intervals = grid
        work = np.zeros(bundles * W_BUNDLE), np.zeros(WORK_ROWS * stride), np.zeros((2, rows * WORK_PLANES * LANES))
        tables = (
            np.concatenate([[low, intervals / (high - low)], *diffusion]),
            np.concatenate([[0.0], *surface])[1:].copy(),
        )
        self._arrays = (*work[:2], *work[2], self.past, lanes, nodes, numbers, *tables)
        self.pointers = (*(array.ctypes.data for array in self._arrays), intervals, e[6].shape[0] - 1, len(diffusion))
        self._rates = e[5][: rows * CELL_PLANES * LANES].reshape(rows, CELL_PLANES, LANES)[:, RHS]

    def move(self, slot: int, shift: np.ndarray) -> None:
        """Begin the next step: the newest sensitivities, moved along the rates by the shift of the end."""
        self.past[:, 0] = self.past[:, slot] + shift[:, None, None] * self._rates


def _with_support(table: np.ndarray, grid: tuple[float, float, int]) -> np.ndarray:
    """A table of d ln D, with the x at which it begins and ends to differ from zero before it (beyond: all x)."""
    low, high, intervals = grid
    size = np.abs(table).max(axis=1)
    some = np.flatnonzero(size > 1e-13 * size.max())
    first, last = max(some[0] - 1, 0), min(some[-1] + 1, intervals)
    x = np.linspace(low, high, intervals + 1)
    ends = x[first] if first > 0 else -np.inf, x[last] if last < intervals else np.inf
    return np.concatenate([ends, table.ravel()])


@dataclass(frozen=True, eq=False)
class SolverStepSensitivity:
    """One step of the protocol. Times and charges count from its start; charge C/m2, current A/m2, positive charges.

    time, voltage, current, charge (n,) at the instants asked for that were reached; voltage_slope V/s and
    current_slope A/(m2 s) there; d_voltage, d_current, d_charge (n, parameters): derivatives at fixed time. end: time,
    voltage, current and charge at the end, d_end (4, parameters) their derivatives, with the shift of the end included;
    end_slope: dV/dt and dI/dt just before it. solution: as marched; own (points, parameters, 3): dV, dI, dQ at fixed
    time at the solver's own points.
    """

    outcome: StepOutcome
    time: np.ndarray
    voltage: np.ndarray
    current: np.ndarray
    charge: np.ndarray
    voltage_slope: np.ndarray
    current_slope: np.ndarray
    d_voltage: np.ndarray
    d_current: np.ndarray
    d_charge: np.ndarray
    end: np.ndarray
    d_end: np.ndarray
    end_slope: np.ndarray
    solution: Solution
    own: np.ndarray

    @property
    def d_voltage_at_charge(self) -> np.ndarray:
        """Derivatives of the voltage at fixed charge (n, parameters); NaN where no current flows."""
        with np.errstate(divide="ignore", invalid="ignore"):
            per_charge = np.where(self.current == 0.0, np.nan, self.voltage_slope / self.current)
        return self.d_voltage - per_charge[:, None] * self.d_charge


def sensitivities(
    prepared: Prepared,
    steps: SolverStep | Iterable[SolverStep],
    tangents: Sequence[Tangent],
    state: State | None = None,
    tolerance: float = DEFAULT,
    times: Sequence[np.ndarray] | None = None,
    max_steps: int | None = None,
) -> tuple[SolverStepSensitivity, ...]:
    """March through a protocol and differentiate along it by the parameters that the tangents belong to.

    Options as for `Prepared.run`. A state that is given does not depend on the parameters. A step whose cut-off is
    passed at its first instant ends at once, and the next begins. Raises ValueError where the request is malformed, or
    where a step ends out of order: there are no derivatives then.
    """
    steps = (steps,) if isinstance(steps, SolverStep) else tuple(steps)
    for t in tangents:
        if t.rows.shape[0] != len(steps):
            raise ValueError(f"a tangent was made for {t.rows.shape[0]} steps, but the protocol has {len(steps)}")
    if times is not None and len(times) != len(steps):
        raise ValueError(
            f"times has {len(times)} entries; give one array (it may be empty) for each of {len(steps)} steps"
        )
    sides = [
        _Side(
            getattr(prepared, part), [getattr(t, part) for t in tangents], diffusion_grid(getattr(prepared.cell, part))
        )
        for part in ("cathode", "anode")
    ]
    if state is not None:
        for side in sides:
            side.past[:] = 0.0
    done = []
    for k, step in enumerate(steps):
        solution = prepared.run(step, state, tolerance, max_steps=max_steps, trace=True)
        if not (solution.outcome.normal or solution.outcome is StepOutcome.BEYOND_AT_START):
            raise ValueError(
                f"step {k + 1} ended out of order, its derivatives cannot be told: {solution.outcome.words}"
            )
        asked = np.empty(0) if times is None else np.asarray(times[k], float)
        done.append(_along(prepared, step, solution, sides, tangents, k, asked))
        state = solution.final
    return tuple(done)


def _along(prepared, step, solution, sides, tangents, k, asked) -> SolverStepSensitivity:
    """Differentiate one step; leaves the sides ready for the next."""
    params, rows = len(tangents), len(solution.time)
    numbers = np.zeros((params + 1, 2))
    moved = np.array([t.rows[k] for t in tangents]).reshape(params, 7)
    numbers[:-1, 0], numbers[:-1, 1] = moved[:, TARGET], [t.resistance for t in tangents]
    table = np.column_stack([solution.time, solution.voltage, solution.current, solution.charge])
    made, ends = np.empty((rows, params, 3)), np.empty(2)
    sampled, samples = np.empty((asked.size, 6)), np.empty((asked.size, params, 3))
    given = _sense(
        *prepared.pointers, sides[0].pointers, sides[1].pointers, prepared.cell.resistance, np.array(step.row), numbers,
        table, solution.trace, asked, made, sampled, samples, ends,
    )  # fmt: skip
    if given < 0:
        raise ValueError(f"step {k + 1}: no consistent currents were found between two of its points")
    shift = _shift(solution, step, moved, made[-1], ends)
    end_slopes = np.array([1.0, ends[0], ends[1], table[-1, 2]])
    fixed = np.column_stack([np.zeros(params), made[-1]])
    for side in sides:
        side.move((rows - 1) % SLOTS, shift)
    sampled, samples = sampled[:given], samples[:given]
    return SolverStepSensitivity(
        solution.outcome, *sampled.T, *np.moveaxis(samples, 2, 0), table[-1].copy(),
        (fixed + shift[:, None] * end_slopes).T, ends, solution, made,
    )  # fmt: skip


def _shift(solution: Solution, step: SolverStep, moved, last, ends) -> np.ndarray:
    """d(end of the step)/dp: the condition that ended it stays met, dg/dp + dg/dt dt/dp = 0."""
    outcome, current, charge = solution.outcome, solution.current[-1], solution.charge[-1]
    if outcome is StepOutcome.TIME_REACHED:
        return moved[:, LONGEST]
    if len(solution.time) == 1:  # the end was passed at the first instant
        return np.zeros(len(moved))
    rows = {
        StepOutcome.LOW_VOLTAGE: (moved[:, V_LOW], last[:, 0], ends[0], 1.0),
        StepOutcome.HIGH_VOLTAGE: (moved[:, V_HIGH], last[:, 0], ends[0], 1.0),
        StepOutcome.CURRENT_CUT_OFF: (moved[:, I_CUT], last[:, 1], ends[1], np.sign(current)),
        StepOutcome.CHARGE_CUT_OFF: (moved[:, Q_CUT], last[:, 2], current, np.sign(charge)),
    }
    cut, here, slope, sign = rows[outcome]
    if slope == 0.0:
        raise ValueError(f"{outcome.words}, but it stood still there: how its end moves cannot be told")
    return (sign * cut - here) / slope
