"""How the numbers of a cell and of its protocol change with a parameter: the tangents that sensitivities start from.

What is differentiated here is formulas only (a diameter to areas and time constants, a temperature to conductivities),
by differences of the arrays that they give; solutions of the model are never differenced.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from nacre.physics.ocp import StoichiometryCurve
from nacre.physics.p2d import layout as at
from nacre.physics.p2d.cell import Electrode, Mesh, SolverCell
from nacre.physics.p2d.layout import BUNDLE, LANES
from nacre.physics.p2d.pack import pack
from nacre.physics.p2d.solve import SolverStep

# planes of a bundle: 1/s per A/m2, m2/m2, ohm m2, d ln(D/R^2), d ln i0
T_SOURCE, T_AREA, T_FILM, T_SCALE, T_EXCHANGE = range(5)
TANGENT_PLANES = 5
T_BUNDLE = TANGENT_PLANES * LANES
# numbers of an electrode: 2RT/F, powers of the exchange current density, which tables (-1: none)
Q_THERMAL, Q_ALPHA, Q_BETA, Q_DIFFUSION, Q_SURFACE = range(5)
TANGENT_NUMBERS = 5
GRID = 512  # intervals of d ln D where the cell's own D is no table
EVEN_TO = 1e-9  # a change of ln D that varies less than this over x is one number
EPS = float(np.finfo(float).eps)

Made = tuple[SolverCell, tuple[SolverStep, ...]]


@dataclass(frozen=True, eq=False)
class ElectrodeTangent:
    """Derivatives of an electrode's packed arrays: lanes (bundles, planes, LANES), nodes (2, stride), numbers; ln D as
    a table (values, slopes times step) or None; U and ln of the extra factor in i0 as a table of four columns or None;
    stoichiometry at the start."""

    lanes: np.ndarray
    nodes: np.ndarray
    numbers: np.ndarray
    diffusion: np.ndarray | None
    surface: np.ndarray | None
    start: float


@dataclass(frozen=True, eq=False)
class Tangent:
    """Derivatives of everything by one parameter. rows (steps, 7): of the protocol's steps, as `Step.row`."""

    cathode: ElectrodeTangent
    anode: ElectrodeTangent
    resistance: float
    rows: np.ndarray


def tangent(make: Callable[[float], Made], value: float, size: float, side: int = 0, mesh: Mesh | None = None):
    """The tangent at `value` of a parameter, where make(value) gives the cell and the steps of its protocol.

    size: how far to vary it (the error is of the order of its square); side: 0 varies it both ways, 1 and -1 one way
    only, where `value` stands at the end of what is allowed. Raises ValueError where the change is none of numbers.
    """
    offsets, weights = STENCILS[side]
    made = [make(value + size * offset) for offset in offsets]
    return combine(made, np.array(weights) / size, make(value)[0], mesh or Mesh())


STENCILS = {
    0: ((-1.0, 1.0), (-0.5, 0.5)),
    1: ((0.0, 1.0, 2.0), (-1.5, 2.0, -0.5)),
    -1: ((0.0, -1.0, -2.0), (1.5, -2.0, 0.5)),
}


def weigh(weights: np.ndarray, values: Sequence) -> np.ndarray:
    """The sum of weights times values (a number or an array each), where the weights add up to nothing.

    Summed are the differences to the first value: what does not change gives exactly zero, in whatever order the
    algebra library adds and whether or not it rounds each product.
    """
    values = np.asarray(values, float)
    return np.tensordot(weights[1:], values[1:] - values[0], 1)


def combine(made: Sequence[Made], weights: np.ndarray, base: SolverCell, mesh: Mesh) -> Tangent:
    """The weighted sum of the numbers of several cells and protocols; the weights add up to nothing."""
    cells = [cell for cell, _ in made]
    packed = list(zip(*[pack(cell, mesh) for cell in cells], strict=True))
    sides = [
        _electrode([getattr(cell, part) for cell in cells], arrays, weights, getattr(base, part))
        for part, arrays in zip(("cathode", "anode"), packed, strict=True)
    ]
    rows = np.array([[step.row for step in steps] for _, steps in made], float)
    if (rows[:, :, 0] != rows[0, :, 0]).any():
        raise ValueError("the modes of the protocol's steps change with the parameter: there is no derivative")
    rows = np.where(np.isfinite(rows), rows, 0.0)
    resistance = float(weigh(weights, [cell.resistance for cell in cells]))
    return Tangent(sides[0], sides[1], resistance, weigh(weights, rows))


def _electrode(electrodes: Sequence[Electrode], arrays: Sequence[tuple], weights, base: Electrode) -> ElectrodeTangent:
    if any(len(e.radii) != len(base.radii) for e in electrodes):
        raise ValueError("the number of particle classes changes with the parameter: there is no derivative")
    uniform, table = _diffusion(electrodes, weights, base)
    sizes = arrays[0][0]
    numbers = np.zeros(TANGENT_NUMBERS)
    for k, place in ((Q_THERMAL, at.S_THERMAL), (Q_ALPHA, at.S_ALPHA), (Q_BETA, at.S_BETA)):
        numbers[k] = weigh(weights, [e[1][place] for e in arrays])
    lanes = np.zeros((sizes[at.N_BUNDLES], TANGENT_PLANES, LANES))
    for k, plane in ((T_SOURCE, at.SOURCE), (T_AREA, at.AREA), (T_FILM, at.FILM), (T_SCALE, at.SCALE)):
        each = [e[4].reshape(-1, BUNDLE // LANES, LANES)[:, plane] for e in arrays]
        lanes[:, k] = weigh(weights, each)
    lanes[:, T_SCALE] += uniform
    lanes[:, T_EXCHANGE] = weigh(weights, np.log([e.exchange.reference for e in electrodes]))
    stride = sizes[at.N_STRIDE]
    nodes = weigh(weights, [e[3][: 2 * stride].reshape(2, stride) for e in arrays])
    start = float(weigh(weights, [e.stoichiometry for e in electrodes]))
    return ElectrodeTangent(lanes, nodes, numbers, table, _surface(electrodes, weights, base), start)


def diffusion_grid(base: Electrode) -> tuple[float, float, int]:
    """(first, last, intervals) of the table of d ln D: the one of the cell's own D where that is a table."""
    curve = base.diffusivity.log_curve
    return (curve.low, curve.high, curve.value.size - 1) if curve is not None else (0.0, 1.0, GRID)


def _diffusion(electrodes, weights, base: Electrode) -> tuple[float, np.ndarray | None]:
    """d ln D: one number for all x, and a table where it varies."""
    low, high, intervals = diffusion_grid(base)
    x = np.linspace(low, high, intervals + 1)
    logs = np.log([e.diffusivity(x) for e in electrodes])
    value = weigh(weights, logs)
    # ln D goes through exp and log: each rounds it by its last bit
    rounding = 4.0 * EPS * np.abs(logs).max() * np.abs(weights).sum()
    if np.ptp(value) <= EVEN_TO * np.abs(value).max() + rounding:
        return float(value.mean()), None
    curves = [e.diffusivity.log_curve for e in electrodes]
    if all(c is not None and (c.low, c.high, c.value.size) == (low, high, x.size) for c in curves):
        slope = weigh(weights, [c.slope for c in curves])
    else:
        slope = CubicSpline(x, value)(x, 1)
    return 0.0, np.column_stack([value, slope * (high - low) / intervals])


def _surface(electrodes, weights, base: Electrode) -> np.ndarray | None:
    """d U and d ln(factor) on the grid of the cell's own U, or None where neither changes."""
    same = all(e.ocp is base.ocp and e.exchange.log_factor is base.exchange.log_factor for e in electrodes)
    if same:
        return None
    x = base.ocp.x
    step = (base.ocp.high - base.ocp.low) / (x.size - 1)
    potential = weigh(weights, [e.ocp(x) for e in electrodes])
    factor = weigh(weights, [_logs(e.exchange.log_factor, x) for e in electrodes])
    slopes = [CubicSpline(x, column)(x, 1) * step for column in (potential, factor)]
    return np.column_stack([potential, slopes[0], factor, slopes[1]])


def _logs(curve: StoichiometryCurve | None, x: np.ndarray) -> np.ndarray:
    return np.zeros_like(x) if curve is None else curve(x)
