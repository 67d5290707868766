"""How voltages, charges, ends of steps and peaks of dQ/dV change with the cell's parameters, along a protocol.

Derivatives come forward through the solver (see docs/sensitivities.md), not from differences of runs. They hold for the
run itself: C-rates follow `cell.cam_mass` and `cell.one_c`, cut-offs are met by the changed cell too, and every step
starts from where the changed cell got to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nacre.cell.parameters import NAMES, CellParameters, ModelParameter
from nacre.cell.plausibility import refuse_if_impossible
from nacre.cell.protocol import ProtocolLoop, ProtocolStep, bind_to_cell, parse_protocol, unroll_steps
from nacre.cell.simulate import MOST_STEPS, SimulationSettings, choose_instants, make_solver_step
from nacre.core.errors import NacreError, unknown
from nacre.core.quantity import Quantity
from nacre.physics import p2d
from nacre.physics.cycling import dqdv_peak

VARIED = 1e-4  # part of a value by which formulas (never solutions) are differenced
TOLERANCE = 1e-5  # tighter than for a run: a derivative's error is ten times the solution's
_SCALES = ("cell.area", "cell.cam_mass", "cell.one_c")  # what a protocol's currents depend on
_INERT = ("cell.lower_voltage", "cell.upper_voltage")


@dataclass(frozen=True, eq=False)
class StepSensitivity:
    """One step. time s, voltage V, current A (positive on charge), charge Ah (positive) since its start, (n,).

    Derivatives per unit of each parameter (n, names): d_voltage, d_current and d_charge at fixed time since the start
    of the step, d_voltage_at_charge at fixed charge (NaN at rest). seconds: how long it took, capacity: its charge in
    Ah, specific_capacity in mAh/g, and their derivatives (names,), in which the shift of the end is included.
    voltage_slope dV/dt in V/s.
    """

    number: int
    step: ProtocolStep
    words: str
    names: tuple[str, ...]
    time: np.ndarray
    voltage: np.ndarray
    current: np.ndarray
    charge: np.ndarray
    voltage_slope: np.ndarray
    d_voltage: np.ndarray
    d_voltage_at_charge: np.ndarray
    d_current: np.ndarray
    d_charge: np.ndarray
    seconds: float
    d_seconds: np.ndarray
    capacity: float
    d_capacity: np.ndarray
    specific_capacity: float
    d_specific_capacity: np.ndarray

    def peak(self, low: float, high: float, smoothing: float = 6e-3) -> dqdv_peak.DifferentiatedPeak:
        """The maximum of dQ/dV between two voltages of the cell (V) and its derivatives; smoothing in V.

        Raises NacreError where there is none inside, or the records are too coarse for the smoothing.
        """
        try:
            return dqdv_peak.find_peak(self.voltage, self.charge, self.d_voltage_at_charge, low, high, smoothing)
        except ValueError as error:
            raise NacreError(str(error), where=f"step {self.number} ({self.step.text or self.step.kind})") from None


@dataclass(frozen=True, eq=False)
class Sensitivities:
    """names, units and values of the parameters, in the same order everywhere; one entry of `steps` per step run.

    A derivative's unit is that of the quantity per `units[k]` ("degC" stands for a difference in kelvin).
    """

    parameters: CellParameters
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: np.ndarray
    steps: tuple[StepSensitivity, ...]

    def __getitem__(self, number: int) -> StepSensitivity:
        """The step of that number, from 1 as in `simulate`."""
        if not 1 <= number <= len(self.steps):
            raise NacreError(f"there is no step {number}", expected=f"1 to {len(self.steps)}")
        return self.steps[number - 1]

    @property
    def d_capacity_relative(self) -> np.ndarray:
        """d ln(capacity) / d ln(parameter), (steps, names); 0 where a parameter's value is 0, NaN without capacity."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.array([s.d_capacity * self.values / s.capacity for s in self.steps])


def compute_sensitivities(
    parameters: CellParameters,
    protocol: str | Sequence[ProtocolStep | ProtocolLoop],
    names: Sequence[str],
    settings: SimulationSettings | None = None,
    state: p2d.State | None = None,
    times: Sequence[np.ndarray] | None = None,
) -> Sensitivities:
    """Run a protocol and differentiate it by parameters (names as in `nacre.cell.parameters.NAMES`).

    settings: as for `simulate.run` (points, tolerance, mesh), but a tolerance of 1e-5 where none are given. times: per
    step, increasing seconds since its start at which to give derivatives (default: as `simulate.run` records); the
    start and the end are always given. A state that is given does not depend on the parameters.

    Parameters
    ----------
    parameters : CellParameters
        The cell model.
    protocol : str | Sequence[ProtocolStep | ProtocolLoop]
        The protocol in words, or steps in A and V.
    names : Sequence[str]
        Numbers of the model, as in `nacre.cell.parameters.NAMES`.
    settings : SimulationSettings | None, optional
        Points, tolerance and mesh; None: a tolerance of 1e-5.
    state : p2d.State | None, optional
        State to begin with; it does not depend on the parameters.
    times : Sequence[np.ndarray] | None, optional
        Per step, increasing seconds since its start, shape (n,).

    Returns
    -------
    Sensitivities
        Derivatives along each step, per unit of each number.

    Raises
    ------
    NacreError
        For a name that is unknown, whole-numbered or without effect, a value at which no derivative exists, a
        protocol that cannot be read, and a step that ends out of order.
    """
    settings = settings or SimulationSettings(tolerance=TOLERANCE)
    refuse_if_impossible(parameters)
    names = tuple(names)
    for name in names:
        _check_name(parameters, name, state is not None)
    steps = _list_steps(parameters, protocol)
    if not 0 < len(steps) <= MOST_STEPS:
        raise NacreError(f"the protocol has {len(steps)} steps", expected=f"1 to {MOST_STEPS}", where=parameters.name)
    asked = _choose_times(parameters, steps, settings.points, times)
    prepared = p2d.prepare(parameters.cell(), settings.mesh)
    asked_of_solver = tuple(make_solver_step(step, parameters.area) for step in steps)
    varied = [_vary(parameters, protocol, name, prepared, asked_of_solver) for name in names]
    tangents = [v.tangent for v in varied]
    try:
        found = p2d.sensitivities(prepared, asked_of_solver, tangents, state, settings.tolerance, asked, MOST_STEPS)
    except ValueError as error:
        raise NacreError(str(error), where=parameters.name) from None
    made = tuple(
        _convert_step(parameters, k + 1, s, f, names, varied) for k, (s, f) in enumerate(zip(steps, found, strict=True))
    )
    values = np.array([parameters.value(name) for name in names])
    return Sensitivities(parameters, names, tuple(NAMES[name].unit for name in names), values, made)


def _list_steps(
    parameters: CellParameters, protocol: str | Sequence[ProtocolStep | ProtocolLoop]
) -> list[ProtocolStep]:
    orders = bind_to_cell(parse_protocol(protocol), parameters.scale) if isinstance(protocol, str) else protocol
    return list(unroll_steps(tuple(orders)))


def _choose_times(parameters: CellParameters, steps, points, times: Sequence[np.ndarray] | None) -> list[np.ndarray]:
    if times is None:
        return [np.append(0.0, choose_instants(parameters, step, points)) for step in steps]
    if len(times) != len(steps):
        raise NacreError(f"times has {len(times)} entries", expected=f"one array for each of {len(steps)} steps")
    parts = [np.asarray(part, float) for part in times]
    if any((np.diff(part) <= 0.0).any() or (part < 0.0).any() for part in parts):
        raise NacreError("the times of a step must increase from 0", where=parameters.name)
    return [np.append(0.0, part[part > 0.0]) for part in parts]


# --- parameters -----------------------------------------------------------------------------------------------


def _check_name(parameters: CellParameters, name: str, started: bool) -> None:
    if name not in NAMES:
        raise unknown("parameter", name, NAMES, parameters.name)
    if name.endswith("particle_classes"):
        raise NacreError(
            f"{name} is a whole number: it has no derivative", where=parameters.name,
            do="compare runs with other numbers of classes",
        )  # fmt: skip
    if name in _INERT:
        raise NacreError(
            f"{name} does not act in a run", where=parameters.name,
            do="the voltages stand in the protocol; differentiate by what shapes the cell",
        )  # fmt: skip
    if started and name.endswith(".stoichiometry"):
        raise NacreError(
            f"{name} has no effect where the run starts from a given state", where=parameters.name,
            do="leave the state out, or the parameter",
        )  # fmt: skip
    if not np.isfinite(parameters.value(name)):
        raise NacreError(
            f"{name} is infinite: it has no derivative there", where=parameters.name,
            do=f"give it a finite value in {NAMES[name].unit}",
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Varied:
    """The tangent of cell and protocol by one parameter; derivatives of area (m2) and mass (g)."""

    tangent: p2d.Tangent
    area: float
    mass: float


def _vary(
    parameters: CellParameters,
    protocol: str | Sequence[ProtocolStep | ProtocolLoop],
    name: str,
    prepared: p2d.Prepared,
    steps,
) -> _Varied:
    value, row = parameters.value(name), NAMES[name]
    size = VARIED * (abs(value) or 1.0)
    side = 0
    if value - size < row.low or (value - size == row.low and not row.at_low):
        side = 1
    elif value + size > row.high:
        side = -1
    offsets, stencil = p2d.STENCILS[side]
    weights = np.array(stencil) / size
    cells = [_change_value(parameters, name, value + size * offset) for offset in offsets]
    if name in _SCALES:
        made = [
            (prepared.cell, tuple(make_solver_step(s, cell.area) for s in _list_steps(cell, protocol)))
            for cell in cells
        ]
    else:
        made = [(cell.cell(), steps) for cell in cells]
    try:
        tangent = p2d.combine(made, weights, prepared.cell, prepared.mesh)
    except ValueError as error:
        raise NacreError(f"{name} = {value:g}: {error}", where=parameters.name) from None
    areas = [cell.area for cell in cells]
    masses = [cell.value("cell.cam_mass", "g") for cell in cells]
    return _Varied(tangent, *(float(p2d.weigh(weights, each)) for each in (areas, masses)))


def _change_value(parameters: CellParameters, name: str, value: float) -> CellParameters:
    made = ModelParameter(Quantity(value, NAMES[name].unit), "assumed", "varied to differentiate formulas")
    return replace(parameters, numbers={**parameters.numbers, name: made})


# --- one step -------------------------------------------------------------------------------------------------


def _convert_step(
    p: CellParameters, number: int, step: ProtocolStep, found, names: Sequence[str], varied
) -> StepSensitivity:
    """In A and Ah, with the end as the last record."""
    area, mass = p.area, p.value("cell.cam_mass", "g")
    d_area, d_mass = np.array([v.area for v in varied]), np.array([v.mass for v in varied])
    late = found.time < found.end[0] * (1.0 - 1e-9)

    def rows(sampled, end):
        return np.concatenate([sampled[late], np.asarray(end)[None]])

    last = found.own[-1]
    time, volts = rows(found.time, found.end[0]), rows(found.voltage, found.end[1])
    amps, charge = rows(found.current, found.end[2]), rows(found.charge, found.end[3])
    d_volts, d_amps, d_charge = (
        rows(sampled, last[:, k]) for k, sampled in enumerate((found.d_voltage, found.d_current, found.d_charge))
    )
    slope = rows(found.voltage_slope, found.end_slope[0])
    sign = np.sign(found.end[3]) or 1.0
    to_ah = sign * area / 3600.0
    capacity = float(to_ah * found.end[3])
    d_capacity = to_ah * found.d_end[3] + capacity / area * d_area
    d_current = area * d_amps + amps[:, None] * d_area
    d_passed = to_ah * d_charge + (sign / 3600.0 * charge)[:, None] * d_area
    current = area * amps
    with np.errstate(divide="ignore", invalid="ignore"):
        per_ah = np.where(current == 0.0, np.nan, slope / (sign * current / 3600.0))
    return StepSensitivity(
        number, step, found.outcome.words, tuple(names), time, volts, current, to_ah * charge, slope, d_volts,
        d_volts - per_ah[:, None] * d_passed, d_current, d_passed, float(found.end[0]), found.d_end[0], capacity,
        d_capacity, 1e3 * capacity / mass, 1e3 * (d_capacity - capacity / mass * d_mass) / mass,
    )  # fmt: skip
