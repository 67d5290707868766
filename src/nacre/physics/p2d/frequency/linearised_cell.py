"""The cell linearised about a state, and its impedance. Equations: docs/physics.md; kernels: `spectrum`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nacre.physics.constants import VACUUM_PERMITTIVITY
from nacre.physics.p2d.cell import Electrode, Mesh, SolverCell
from nacre.physics.p2d.frequency import spectrum as at
from nacre.physics.p2d.pack import surface_weights
from nacre.physics.p2d.solve import BEST, Prepared, State, prepare

NOTHING = np.empty((0, 0))
_NAMES = "cathode", "anode"


@dataclass(frozen=True, eq=False)
class LinearElectrode:
    """An electrode about a state; arrays are (classes, nodes) unless said otherwise, areas are of true contact.

    inner, outer (classes, nodes, shells - 1): x of the next cell outwards = inner x + outer q, with q the flux between
    them; volume (shells); surface (3): weights of the last three cells in x_s, outermost first; source: q of the
    surface per j, with j in A/m2; transfer dG/dj and slope dG/dx_s without the films, ohm m2 and V; coating and
    interphase ohm m2, their capacities F/m2; area per plan area; j A/m2, x_s, per = 1 / (2 i0) in m2/A and growth
    d(ln i0)/dx_s at the state; electrolyte and solid (nodes + 1): resistances between nodes, the ends are half cells,
    ohm m2 of plan area.
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
    x_s: np.ndarray
    per: np.ndarray
    growth: np.ndarray
    electrolyte: np.ndarray
    solid: np.ndarray


@dataclass(frozen=True, eq=False)
class Linear:
    """A cell linearised about a state. `arrays` are the kernels', for each electrode."""

    prepared: Prepared
    arrays: tuple[np.ndarray, np.ndarray]

    @cached_property
    def cathode(self) -> LinearElectrode:
        mesh = self.prepared.mesh
        return _electrode(self.prepared.cell.cathode, self.arrays[0], mesh.cathode_nodes, mesh.cathode_shells, mesh)

    @cached_property
    def anode(self) -> LinearElectrode:
        mesh = self.prepared.mesh
        return _electrode(self.prepared.cell.anode, self.arrays[1], mesh.anode_nodes, mesh.anode_shells, mesh)

    def impedance(self, s: np.ndarray) -> np.ndarray:
        """Z in ohm m2 of plan area at Laplace variables s in 1/s (2 pi i f for a spectrum), any shape."""
        s = np.ascontiguousarray(s, complex)
        z = np.empty(s.size, complex)
        _respond(self.prepared, (NOTHING, NOTHING), self.arrays, 0.0, False, s.ravel(), z)
        return z.reshape(s.shape)


def linearise(prepared: Prepared, state: State | None = None, current: float = 0.0) -> Linear:
    """The cell about a state (default: particles even at the cell's stoichiometries) while `current` (A/m2) flows.

    Raises ValueError where a stoichiometry lies outside the range of its open-circuit potential, the state does not
    fit the mesh, or no consistent currents exist.
    """
    return _linearised(prepared, state, current, np.empty(0, complex))[0]


def impedance(
    cell: SolverCell | Prepared,
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
    return _linearised(prepared, state, current, 2j * np.pi * frequencies.ravel())[1].reshape(frequencies.shape)


def _linearised(prepared: Prepared, state: State | None, current: float, s: np.ndarray) -> tuple[Linear, np.ndarray]:
    cell, mesh = prepared.cell, prepared.mesh
    shapes = (
        (len(cell.cathode.radii), mesh.cathode_nodes, mesh.cathode_shells),
        (len(cell.anode.radii), mesh.anode_nodes, mesh.anode_shells),
    )
    given = (None, None) if state is None else (state.cathode, state.anode)
    starts = tuple([_start(x, shape, name) for x, shape, name in zip(given, shapes, _NAMES, strict=True)])
    arrays = tuple([np.empty(at.sizes_of(*shape)[-1]) for shape in shapes])
    z = np.empty(s.size, complex)
    outcome = _respond(prepared, starts, arrays, current, True, s, z)
    if outcome == at.OUTSIDE:
        raise ValueError(_outside(cell, given))
    if outcome == at.NO_CURRENTS:
        raise ValueError(f"no consistent currents were found at this state and {current:g} A/m2")
    return Linear(prepared, arrays), z


def _respond(prepared: Prepared, starts, arrays, current: float, fresh: bool, s: np.ndarray, z: np.ndarray) -> int:
    cell = prepared.cell
    c, a = cell.cathode, cell.anode
    bulk = cell.separator_thickness / cell.separator_conductivity + cell.contact_resistance
    return at.respond(
        *prepared.pointers,
        (cell.resistance, float(c.stoichiometry), float(a.stoichiometry), float(current), float(fresh)),
        starts,
        (_films(c), _films(a)) if fresh else (NOTHING, NOTHING),
        arrays,
        tuple([(float(e.double_layer), float(e.double_layer_exponent)) for e in (c, a)]),
        (bulk, float(cell.grain_boundary_resistance), float(cell.grain_boundary_capacitance),
         float(cell.grain_boundary_exponent)),
        s,
        z,
    )  # fmt: skip


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


def _start(x, shape, name: str) -> np.ndarray:
    if x is None:
        return NOTHING
    if x.shape != shape:
        raise ValueError(f"the {name}'s state has shape {x.shape}; this cell and mesh need {shape}")
    return np.ascontiguousarray(x, float).reshape(-1, shape[2])


def _outside(cell: SolverCell, given) -> str:
    found = []
    for name, state in zip(_NAMES, given, strict=True):
        electrode = getattr(cell, name)
        x, low, high = (
            np.array(electrode.stoichiometry) if state is None else state,
            electrode.ocp.low,
            electrode.ocp.high,
        )
        if not ((x >= low - 1e-6) & (x <= high + 1e-6)).all():
            span = f"{x.min():.6g} to {x.max():.6g}"
            found.append(f"the {name}'s stoichiometries, {span}, leave the window {low:g} to {high:g} that its "
                         "open-circuit potential covers")  # fmt: skip
    return "; ".join(found)


def _films(e: Electrode) -> np.ndarray:
    """(nodes or 1, 4): resistance and capacitance of the coating, then of the interphase, per true contact area."""
    thick = e.interphase_thickness
    made = np.zeros((np.size(thick), 4))
    made[:, 0] = e.coating_thickness / e.coating_conductivity
    made[:, 2] = thick * e.interphase_resistivity
    if e.coating_thickness > 0.0:
        made[:, 1] = VACUUM_PERMITTIVITY * e.coating_permittivity / e.coating_thickness
    if e.interphase_permittivity > 0.0:  # where there is no interphase its resistance is zero, whatever is beside it
        made[:, 3] = VACUUM_PERMITTIVITY * e.interphase_permittivity / np.maximum(thick, 1e-30)
    return made


def _electrode(e: Electrode, array: np.ndarray, nodes: int, shells: int, mesh: Mesh) -> LinearElectrode:
    classes = len(e.radii)
    table, volume, rails, _ = at.sizes_of(classes, nodes, shells)
    chain = np.moveaxis(array[:table].reshape(-1, shells, 2, at.LANES), 3, 1).reshape(-1, shells, 2)
    inner, outer = (chain[: classes * nodes, :-1, k].reshape(classes, nodes, shells - 1) for k in range(2))
    rows = array[table:volume].reshape(classes, nodes, at.COLUMNS)
    electrolyte, solid = array[rails:].reshape(2, nodes + 1)
    return LinearElectrode(
        inner=inner,
        outer=outer,
        volume=array[volume : volume + shells],
        surface=np.array(surface_weights(shells, mesh.grading, mesh.quadratic)),
        source=rows[..., at.SOURCE],
        transfer=rows[..., at.TRANSFER],
        slope=rows[..., at.SLOPE],
        coating=rows[..., at.COATING],
        coating_capacity=rows[..., at.COATING_CAPACITY],
        interphase=rows[..., at.INTERPHASE],
        interphase_capacity=rows[..., at.INTERPHASE_CAPACITY],
        area=rows[..., at.AREA],
        j=rows[..., at.CURRENT],
        x_s=rows[..., at.XS],
        per=rows[..., at.PER],
        growth=rows[..., at.GROWTH],
        electrolyte=electrolyte,
        solid=solid,
    )
