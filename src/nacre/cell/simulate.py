"""A protocol run on a cell model: what a cycler would record, how every step ended, and fields over the depth.

Steps run one after the other; where one ends out of order, what was reached is kept and the outcome says why. A step
whose cut-off is passed at its first instant ends at once and the next begins, as on a cycler.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nacre.cell.parameters import CellParameters
from nacre.cell.plausibility import refuse_if_impossible
from nacre.cell.protocol import ProtocolLoop, ProtocolStep, bind_to_cell, parse_protocol, unroll_steps
from nacre.core.errors import NacreError
from nacre.core.notebook_hook import ShowsInNotebook
from nacre.core.result import Check
from nacre.core.signal import Note, Signal, table
from nacre.physics import p2d
from nacre.physics.p2d import Mesh, Prepared, State, StepOutcome

# D falls towards full particles, whose skin then decides: 20 shells are off by 1.6 % in capacity at 1C, these by 0.03 %
FINE = Mesh(20, 20, 40, 10, 4.0)
MOST_STEPS = 20_000
KEPT = 20  # steps at both ends whose states are kept for the fields
IDLE = 50  # steps in a row that end at once: the protocol no longer does anything


@dataclass(frozen=True)
class SimulationSettings:
    """points: records of a full charge or discharge; tolerance as for the solver; fields_of: steps (from 1) of which
    to keep the fields (None: the first and the last charge and discharge), at `instants`, fractions of their time."""

    points: int = 1000
    tolerance: float = 1e-4
    mesh: Mesh = FINE
    fields_of: tuple[int, ...] | None = None
    instants: tuple[float, ...] = (0.02, 0.25, 0.5, 0.75, 0.98)


@dataclass(frozen=True, eq=False)
class StepRun:
    """One step as it ran: number (from 1, loops run out), cycle, the step itself, its outcome; seconds, charge in Ah
    and energy in Wh (positive), voltages in V and the last current in A; the state before it, where it was kept."""

    number: int
    cycle: int
    step: ProtocolStep
    outcome: StepOutcome
    seconds: float
    charge: float
    energy: float
    first_voltage: float
    last_voltage: float
    last_current: float
    before: State | None

    def __repr__(self) -> str:
        """One line, as it holds the filling of every particle."""
        return f"<{self.words}>"

    @property
    def normal(self) -> bool:
        return self.outcome.normal or self.outcome is StepOutcome.BEYOND_AT_START

    @property
    def words(self) -> str:
        return f"step {self.number} ({self.step.text or self.step.kind}): {self.outcome.words}"


@dataclass(frozen=True, eq=False)
class DepthProfile:
    """Fields over the depth of one electrode at one instant: depth um from the separator, reaction A/cm3, electrolyte's
    potential mV against the separator's face, mean filling of the particles and that of their outermost shells."""

    step: int
    seconds: float
    part: str
    depth: np.ndarray
    reaction: np.ndarray
    electrolyte: np.ndarray
    mean: np.ndarray
    surface: np.ndarray


@dataclass(frozen=True, eq=False)
class Simulation(ShowsInNotebook):
    """All that a run gave. `signal` is of kind "cycling", origin "predicted"; `complete` says whether all steps ran."""

    parameters: CellParameters
    signal: Signal
    steps: tuple[StepRun, ...]
    fields: tuple[DepthProfile, ...]
    final: State
    complete: bool
    words: str
    checks: tuple[Check, ...] = ()

    def __repr__(self) -> str:
        """One line, as it holds the whole record."""
        return f"<Simulation of '{self.parameters.name}': {self.words}>"


def simulate_protocol(
    parameters: CellParameters,
    protocol: str | Sequence[ProtocolStep | ProtocolLoop],
    settings: SimulationSettings | None = None,
    state: State | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Simulation:
    """Run a protocol (its text, or steps in A and V) on a cell, from its own start or a state.

    Parameters
    ----------
    parameters : CellParameters
        The cell model.
    protocol : str | Sequence[ProtocolStep | ProtocolLoop]
        The protocol in words, or steps in A and V.
    settings : SimulationSettings | None, optional
        Points, tolerance, mesh and fields; None: the usual ones.
    state : State | None, optional
        State to begin with; None: the cell's own start.
    progress : Callable[[int, int], None], optional
        Called after each step with steps done and steps in all.

    Returns
    -------
    Simulation
        The record, how each step ended, fields over the depth.

    Raises
    ------
    NacreError
        Where the protocol cannot be read, or a check of the parameters fails; what happens in the cell is an
        outcome.
    """
    settings = settings or SimulationSettings()
    found = refuse_if_impossible(parameters)
    steps = bind_to_cell(parse_protocol(protocol), parameters.scale) if isinstance(protocol, str) else protocol
    flat = list(unroll_steps(tuple(steps)))
    if not 0 < len(flat) <= MOST_STEPS:
        raise NacreError(f"the protocol has {len(flat)} steps", expected=f"1 to {MOST_STEPS}", where=parameters.name)
    prepared = p2d.prepare(parameters.cell(), settings.mesh)
    state = state or p2d.uniform(prepared.cell, settings.mesh)
    ran, blocks, state = _run_steps(parameters, prepared, flat, state, settings, progress)
    complete = len(ran) == len(flat) and ran[-1].normal
    words = _describe_run(ran, flat, complete)
    notes = (Note("info", "predicted by the cell model; no instrument measured this"), Note("info", words))
    warmth = parameters.value("cell.temperature")
    meta = {"name": parameters.name, "tolerance": settings.tolerance, "temperature_degC": warmth}
    signal = table(
        "cycling", _join_columns(blocks), metadata=meta, notes=notes, origin="predicted", name=parameters.name
    )
    depths = tuple(d for r in _choose_steps(ran, settings) for d in _compute_fields(parameters, prepared, r, settings))
    return Simulation(parameters, signal, tuple(ran), depths, state, complete, words, tuple(found))


def make_solver_step(step: ProtocolStep, area: float) -> p2d.SolverStep:
    """A protocol's step per m2 of plan area."""
    ends = {"seconds": np.inf if step.until_time is None else step.until_time}
    if step.kind == "rest":
        return p2d.rest(ends["seconds"])
    if step.kind == "hold" and step.voltage is not None:
        return p2d.SolverStep("voltage", step.voltage, current_below=(step.until_current or 0.0) / area, **ends)
    if step.until_voltage is not None:
        ends["highest" if step.kind == "charge" else "lowest"] = step.until_voltage
    if step.power is not None:
        return p2d.SolverStep("power", step.power / area, **ends)
    assert step.current is not None  # a charge or discharge has a current or a power
    return p2d.SolverStep("current", step.current / area, **ends)


def _run_steps(
    p: CellParameters,
    prepared: Prepared,
    flat,
    state: State,
    settings: SimulationSettings,
    progress: Callable[[int, int], None],
):
    ran: list[StepRun] = []
    blocks: list[dict[str, np.ndarray]] = []
    clock, cycle, idle = 0.0, 1, 0
    for k, step in enumerate(flat):
        if step.kind == "charge" and any(r.cycle == cycle and r.step.kind == "discharge" for r in ran[-20:]):
            cycle += 1
        asked = choose_instants(p, step, settings.points)
        solution = prepared.run(
            make_solver_step(step, p.area), state, settings.tolerance, times=[asked], max_steps=MOST_STEPS
        )
        block = _record_step(solution, clock, p.area, k + 1, cycle, step.kind)
        ran.append(_summarise_step(k + 1, cycle, step, solution.outcome, block, state))
        blocks.append(block)
        _forget_states(ran, settings)
        state = solution.final
        clock += ran[-1].seconds
        idle = idle + 1 if ran[-1].seconds == 0.0 else 0
        progress(k + 1, len(flat))
        if not ran[-1].normal or idle >= IDLE:
            break
    return ran, blocks, state


def _forget_states(ran: list[StepRun], settings: SimulationSettings) -> None:
    """States are kept of the steps whose fields are wanted: those named, else some of the first and the last."""
    wanted = settings.fields_of
    k = len(ran) - 1 if wanted is not None else len(ran) - 1 - KEPT
    if k >= (0 if wanted is not None else KEPT) and (wanted is None or ran[k].number not in wanted):
        ran[k] = replace(ran[k], before=None)


def choose_instants(p: CellParameters, step: ProtocolStep, points: int) -> np.ndarray:
    """When to record within a step: evenly in charge at constant current, else ever more slowly."""
    longest = step.until_time if step.until_time is not None else 1e7
    if not longest > 0.0:
        return np.empty(0)
    if step.kind in ("charge", "discharge"):
        current = abs(step.current if step.current is not None else (step.power or 0.0) / 2.0)
        full = p.sites("cathode") / current
        return np.arange(full / points, min(longest, full), full / points)
    return np.geomspace(min(1.0, longest / 100), longest, 150)[:-1]


def _record_step(solution, clock: float, area: float, number: int, cycle: int, kind: str) -> dict[str, np.ndarray]:
    """The record of one step: the solver's own instants and those asked for, in order of time."""
    own = np.column_stack([solution.time, solution.voltage, solution.current, solution.charge])
    rows = np.vstack([own, *solution.sampled]) if len(own) else np.zeros((0, 4))
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    # a record closer than a nanosecond-fraction of the step to the one before says nothing new
    least = 1e-9 * (rows[-1, 0] if len(rows) else 0.0)
    keep = np.append(True, np.diff(rows[:, 0]) > least)[: len(rows)]
    if len(rows):
        keep[-1], rows[-1] = True, own[-1]
    time, voltage, current, charge = rows[keep].T
    n = len(time)
    return {
        "test_time_second": clock + time,
        "step_time_second": time,
        "voltage_volt": voltage,
        "current_ampere": current * area,
        "step_cumulative_capacity_ah": np.abs(charge) * area / 3600,
        "step_count": np.full(n, number),
        "cycle_count": np.full(n, cycle),
        "step_type": np.full(n, kind),
    }


def _summarise_step(number: int, cycle: int, step: ProtocolStep, outcome: StepOutcome, block, before: State) -> StepRun:
    time, volts, amps = (block[n] for n in ("step_time_second", "voltage_volt", "current_ampere"))
    if not len(time):
        return StepRun(number, cycle, step, outcome, 0.0, 0.0, 0.0, np.nan, np.nan, np.nan, before)
    energy = abs(float(np.trapezoid(volts * amps, time))) / 3600
    charge = float(block["step_cumulative_capacity_ah"][-1])
    ends = float(time[-1]), charge, energy, float(volts[0]), float(volts[-1]), float(amps[-1])
    return StepRun(number, cycle, step, outcome, *ends, before)


_UNITS = {
    "test_time_second": "s",
    "step_time_second": "s",
    "voltage_volt": "V",
    "current_ampere": "A",
    "step_cumulative_capacity_ah": "Ah",
}


def _join_columns(blocks) -> dict[str, tuple[np.ndarray, str]]:
    return {n: (np.concatenate([block[n] for block in blocks]), _UNITS.get(n, "1")) for n in blocks[0]}


def _describe_run(ran: list[StepRun], flat: list[ProtocolStep], complete: bool) -> str:
    at_once = [r.number for r in ran if r.outcome is StepOutcome.BEYOND_AT_START]
    tail = ""
    if at_once:
        tail = f"; the voltage was beyond the cut-off at once in step {', '.join(map(str, at_once[:5]))}"
        tail += " and more" if len(at_once) > 5 else ""
    if complete:
        return f"all {len(flat)} steps ran{tail}"
    if ran[-1].normal:
        return f"stopped after step {ran[-1].number} of {len(flat)}: {IDLE} steps in a row ended at once{tail}"
    return f"stopped in {ran[-1].words}; the {ran[-1].number - 1} steps before it and what it reached are kept{tail}"


# --- fields ---------------------------------------------------------------------------------------------------


def _choose_steps(ran: list[StepRun], settings: SimulationSettings) -> list[StepRun]:
    if settings.fields_of is not None:
        return [r for r in ran if r.number in settings.fields_of and r.seconds > 0]
    kept = [r for r in ran if r.before is not None]
    found: dict[int, StepRun] = {}
    for kind in ("charge", "discharge"):
        mine = [r for r in kept if r.step.kind == kind and r.seconds > 0]
        found |= {r.number: r for r in (*mine[:1], *mine[-1:])}
    return [found[number] for number in sorted(found)]


def _compute_fields(
    p: CellParameters, prepared: Prepared, r: StepRun, settings: SimulationSettings
) -> list[DepthProfile]:
    """The step run again from its start, with profiles at some instants."""
    times = r.seconds * np.asarray(settings.instants)
    solution = prepared.run(
        make_solver_step(r.step, p.area),
        r.before,
        settings.tolerance,
        times=[times],
        profiles=True,
        max_steps=MOST_STEPS,
    )
    found = []
    for part, (x, j) in zip(("cathode", "anode"), solution.states[0], strict=True):
        electrode = getattr(prepared.cell, part)
        weights = np.asarray(electrode.volume_fractions) / sum(electrode.volume_fractions)
        for k in range(len(x)):
            made = p2d.fields(electrode, j[k])
            mean, surface = p2d.filling(settings.mesh, x[k]), x[k][..., -1]
            columns = made.depth * 1e6, made.reaction * 1e-6, made.electrolyte * 1e3, weights @ mean, weights @ surface
            found.append(DepthProfile(r.number, float(times[k]), part, *columns))
    return found
