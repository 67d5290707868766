"""The cell linearised about a state, and its impedance. Equations: docs/physics.md; kernels: `spectrum`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import spectrum as at
from .cell import VACUUM, Cell, Electrode, Mesh
from .solve import BEST, Prepared, State, prepare

NOTHING = np.empty((0, 0))


@dataclass(frozen=True, eq=False)
class LinearElectrode:
    """An electrode about a state; arrays are (classes, nodes) unless said otherwise, areas are of true contact.

    inner, outer (classes, nodes, shells - 1): x of the next cell outwards = inner x + outer q, with q the flux between
    them; volume (shells); surface (3): weights of the last three cells in x_s, outermost first; source: q of the
    surface per j, with j in A/m2; transfer dG/dj and slope dG/dx_s without the films, ohm m2 and V; coating and
    interphase ohm m2, their capacities F/m2; area per plan area; j A/m2 at the state; electrolyte and solid
    (nodes + 1): resistances between nodes, the ends are half cells, ohm m2 of plan area.
    """

    inner: np.ndarray
    outer: np.ndarray
    volume: np.ndarray
    surface: np.ndarray
    source: np.ndarray
    transfer: np.ndarray
    slope: np.ndarray
    coating: np.ndarray
    coating_capacity: np.ndarray
    interphase: np.ndarray
    interphase_capacity: np.ndarray
    area: np.ndarray
    j: np.ndarray
    electrolyte: np.ndarray
    solid: np.ndarray


@dataclass(frozen=True, eq=False)
class Linear:
    """A cell linearised about a state: its electrodes, and the kernels' arrays."""

    cell: Cell
    mesh: Mesh
    cathode: LinearElectrode
    anode: LinearElectrode
    tables: tuple

    def impedance(self, s: np.ndarray) -> np.ndarray:
        """Z in ohm m2 of plan area at Laplace variables s in 1/s (2 pi i f for a spectrum), any shape."""
        s = np.asarray(s, complex)
        z = np.empty(s.size, complex)
        cell = self.cell
        bulk = cell.separator_thickness / cell.separator_conductivity + cell.contact_resistance
        grains = cell.grain_boundary_resistance, cell.grain_boundary_capacitance, cell.grain_boundary_exponent
        at.sweep(*self.tables, (bulk, *grains), np.ascontiguousarray(s).ravel(), z)
        return z.reshape(s.shape)


def linearise(prepared: Prepared, state: State | None = None, current: float = 0.0) -> Linear:
    """The cell about a state (default: particles even at the cell's stoichiometries) while `current` (A/m2) flows.

    Raises ValueError where a stoichiometry lies outside the range of its open-circuit potential, the state does not
    fit the mesh, or no consistent currents exist.
    """
    cell, mesh = prepared.cell, prepared.mesh
    sides = ((cell.cathode, prepared.cathode, mesh.cathode_nodes, mesh.cathode_shells, "cathode"),
             (cell.anode, prepared.anode, mesh.anode_nodes, mesh.anode_shells, "anode"))  # fmt: skip
    starts, films, tables = [], [], []
    for electrode, _, nodes, shells, name in sides:
        classes = len(electrode.radii)
        starts.append(_start(electrode, state and getattr(state, name), (classes, nodes, shells), name))
        films.append(_films(electrode, nodes))
        lanes = classes * nodes
        double = np.array([electrode.double_layer, electrode.double_layer_exponent])
        arrays = (lanes, shells - 1, 2), shells, 3, (lanes, at.COLUMNS), (2, nodes + 1)
        tables.append((*(np.empty(shape) for shape in arrays), double))
    numbers = cell.resistance, cell.cathode.stoichiometry, cell.anode.stoichiometry, float(current)
    if not at.tabulate(*prepared.pointers, numbers, tuple(starts), tuple(films), tuple(tables)):
        raise ValueError(f"no consistent currents were found at this state and {current:g} A/m2")
    made = [_electrode(table, (len(e.radii), nodes)) for table, (e, _, nodes, _, _) in zip(tables, sides, strict=True)]
    return Linear(cell, mesh, *made, tuple(tables))


def impedance(
    cell: Cell | Prepared,
    state: State | None,
    frequencies: Sequence[float],
    mesh: Mesh = BEST,
    current: float = 0.0,
) -> np.ndarray:
    """Impedance of the cell at a state, complex, ohm m2 of plan area, one per frequency (Hz).

    state : None for particles even at the cell's stoichiometries. A prepared cell brings its own mesh. The state may
    be out of equilibrium: the small signal rides on it while it is held, with `current` (A/m2) flowing.
    Raises ValueError for frequencies that are not positive and as `linearise`.
    """
    frequencies = check_frequencies(frequencies)
    prepared = cell if isinstance(cell, Prepared) else prepare(cell, mesh)
    return linearise(prepared, state, current).impedance(2j * np.pi * frequencies)


def check_frequencies(frequencies) -> np.ndarray:
    """The frequencies as an array. Raises ValueError where there are none or one is not positive and finite."""
    f = np.asarray(frequencies, float)
    if not f.size:
        raise ValueError("there are no frequencies")
    wrong = ~((f > 0.0) & np.isfinite(f))
    if wrong.any():
        raise ValueError(
            f"frequencies must be positive and finite, in Hz; found {f[wrong].ravel()[0]:g} "
            "(the limit of zero frequency is the open-circuit curve's own slope, and no resistance)"
        )
    return f


def _start(electrode: Electrode, x, shape, name: str) -> np.ndarray:
    low, high = electrode.ocp.low, electrode.ocp.high
    given = np.array(electrode.stoichiometry) if x is None else x
    if x is not None and x.shape != shape:
        raise ValueError(f"the {name}'s state has shape {x.shape}; this cell and mesh need {shape}")
    if not ((given >= low - 1e-6) & (given <= high + 1e-6)).all():
        raise ValueError(
            f"the {name}'s stoichiometries, {given.min():.6g} to {given.max():.6g}, leave the window {low:g} to "
            f"{high:g} that its open-circuit potential covers"
        )
    return NOTHING if x is None else np.ascontiguousarray(x, float).reshape(-1, shape[2])


def _films(electrode: Electrode, nodes: int) -> np.ndarray:
    """(nodes, 4): resistance and capacitance of the coating, then of the interphase, per true contact area."""
    made = np.zeros((nodes, 4))
    thick = electrode.interphase_thickness
    made[:, 0] = electrode.coating_thickness / electrode.coating_conductivity
    made[:, 2] = np.multiply(thick, electrode.interphase_resistivity)
    if electrode.coating_thickness > 0.0:
        made[:, 1] = VACUUM * electrode.coating_permittivity / electrode.coating_thickness
    if electrode.interphase_permittivity > 0.0:
        with np.errstate(divide="ignore"):
            capacity = VACUUM * electrode.interphase_permittivity / np.asarray(thick, float)
        made[:, 3] = np.where(np.isfinite(capacity), capacity, 0.0)
    return made


def _electrode(arrays: tuple, shape: tuple[int, int]) -> LinearElectrode:
    chain, volume, surface, table, rails, _ = arrays
    inner, outer = (chain[..., k].reshape(*shape, -1) for k in range(2))
    columns = dict(
        zip(
            ("transfer", "slope", "coating", "coating_capacity", "interphase", "interphase_capacity", "area", "source"),
            (table[:, k].reshape(shape) for k in range(at.SAME)),
            strict=True,
        )
    )
    j = table[:, at.CURRENT].reshape(shape)
    return LinearElectrode(inner, outer, volume, surface, j=j, electrolyte=rails[0], solid=rails[1], **columns)


def particle_response(e: LinearElectrode, s: np.ndarray) -> np.ndarray:
    """x_s / j of every lane, (frequencies, classes, nodes), at Laplace variables s (frequencies,)."""
    s = s[:, None, None]
    x, q = np.ones((1, *e.j.shape), complex), s * e.volume[0] * np.ones(e.j.shape)
    last = [x]
    for k in range(1, e.volume.size):
        x = e.inner[..., k - 1] * x + e.outer[..., k - 1] * q
        q = q + s * e.volume[k] * x
        size = np.maximum(np.abs(x), math.ulp(0.0))
        big = np.where(size > 1e60, 1e-60, 1.0)
        last = [value * big for value in last[-2:]]
        x, q = x * big, q * big
        last.append(x)
    surface = sum(w * x for w, x in zip(e.surface, reversed(last), strict=False))
    return e.source * surface / q
