"""From the cell's dataclasses to the solver's arrays (see `layout`)."""

import math
from functools import lru_cache

import numpy as np

from nacre.physics.constants import FARADAY, GAS
from nacre.physics.ocp import StoichiometryCurve
from nacre.physics.p2d import layout as at
from nacre.physics.p2d.cell import Electrode, Mesh, SolverCell
from nacre.physics.p2d.layout import BUNDLE, ROW
from nacre.physics.p2d.stamp import entry

EDGE = 1e-7  # closest approach of a surface to empty or full


@lru_cache(maxsize=64)
def shell_geometry(shells: int, grading: float) -> tuple[np.ndarray, np.ndarray]:
    """Faces (shells + 1) and centres (shells) in r/R."""
    s = np.arange(shells + 1) / shells
    faces = s if grading == 0.0 else 1.0 - np.expm1(grading * (1.0 - s)) / math.expm1(grading)
    if grading == 0.0:
        return faces, 0.5 * (faces[1:] + faces[:-1])
    return faces, 0.75 * np.diff(faces**4) / np.diff(faces**3)


@lru_cache(maxsize=64)
def _shells(shells: int, grading: float) -> np.ndarray:
    faces, centres = shell_geometry(shells, grading)
    table = np.zeros((3, shells))
    table[at.SHELL_FACE, :-1] = faces[1:-1] ** 2 / np.diff(centres)
    table[at.SHELL_INV] = 3.0 / np.diff(faces**3)
    widths = np.diff(faces)
    table[at.SHELL_MEAN, :-1] = widths[:-1] / (widths[:-1] + widths[1:])
    return table


@lru_cache(maxsize=64)
def surface_weights(shells: int, grading: float, quadratic: bool) -> tuple[float, float, float]:
    """Weights of the last cells, outermost first, in the polynomial through them at the surface."""
    _, centres = shell_geometry(shells, grading)
    count = min(shells, 3 if quadratic else 2)
    near = centres[::-1][:count]
    weights = [math.prod((1.0 - m) / (c - m) for m in near if m != c) for c in near]
    return tuple(weights + [0.0] * (3 - count))


_TABLES: dict = {}


def _surface_table(ocp: StoichiometryCurve, extra: StoichiometryCurve | None) -> np.ndarray:
    """Columns U, U' h, ln g, (ln g)' h; kept for the curves used last."""
    key = (id(ocp), id(extra))
    if key in _TABLES and _TABLES[key][0] is ocp and _TABLES[key][1] is extra:
        return _TABLES[key][2]
    step = (ocp.high - ocp.low) / (ocp.value.size - 1)
    table = np.zeros((ocp.value.size, 4))
    table[:, 0], table[:, 1] = ocp.value, ocp.slope * step
    if extra is not None:
        table[:, 2] = extra(ocp.x)
        table[:, 3] = np.gradient(table[:, 2], edge_order=2)
    if len(_TABLES) > 32:
        _TABLES.clear()
    _TABLES[key] = (ocp, extra, table)
    return table


_NO_TABLE = np.zeros((2, 2))


@entry
def _expand(e, thickness, ionic, electronic, c_max, radii, volumes, contact, active, film):
    """Fill lanes and nodes from the electrode's numbers (contact, active, film: one per node)."""
    sizes, sc, shells, k, lanes = e[0], e[1], e[2], e[3], e[4]
    n, count = sizes[at.N_NODES], sizes[at.N_LANES]
    width = thickness / n
    for f in range(n + 1):
        part = 0.5 if f == 0 or f == n else 1.0
        k[at.K_RE * sizes[at.N_STRIDE] + f] = part * width / ionic
        k[at.K_RS * sizes[at.N_STRIDE] + f] = part * width / electronic
    for lane in range(sizes[at.N_BUNDLES] * at.LANES):
        base = (lane // at.LANES) * BUNDLE + lane % at.LANES
        real = min(lane, count - 1)
        node, size = real % n, real // n
        ghost = lane >= count
        radius = radii[size]
        source = contact[node] / (radius * FARADAY * c_max)
        area = 3.0 * volumes[size] * active[node] * contact[node] / radius * width
        lanes[base + at.AREA * at.LANES] = 0.0 if ghost else area
        lanes[base + at.RAREA * at.LANES] = 0.0 if ghost else 1.0 / area
        lanes[base + at.FILM * at.LANES] = film[node]
        lanes[base + at.SOURCE * at.LANES] = -source * shells[at.SHELL_INV, sizes[at.N_SHELLS] - 1]
        lanes[base + at.SCALE * at.LANES] = -2.0 * math.log(radius)
        lanes[base + at.MASK * at.LANES] = 0.0 if ghost else 1.0
        lanes[base + at.LNG * at.LANES] = 1.0
        if sizes[at.N_DMODE] == at.D_CONSTANT:
            d = math.exp(sc[at.S_P0] - 2.0 * math.log(radius))
            lanes[base + at.DLANE * at.LANES] = d
    sc[at.S_CC] = math.nan


def _scalars(electrode: Electrode, temperature: float, weights) -> np.ndarray:
    sc = np.zeros(at.SCALARS)
    ocp, curve = electrode.ocp, electrode.diffusivity.log_curve
    sc[at.S_THERMAL] = 2.0 * GAS * temperature / FARADAY
    sc[at.S_I0] = electrode.exchange.reference
    sc[at.S_ALPHA], sc[at.S_BETA] = electrode.exchange.oxidation, electrode.exchange.reduction
    sc[at.S_LOW], sc[at.S_HIGH] = max(ocp.low, EDGE), min(ocp.high, 1.0 - EDGE)
    sc[at.S_UX], sc[at.S_UH] = ocp.low, (ocp.value.size - 1) / (ocp.high - ocp.low)
    sc[at.S_W1], sc[at.S_W2], sc[at.S_W3] = weights
    if curve is None:
        sc[at.S_P0 : at.S_P0 + len(electrode.diffusivity.log_polynomial)] = electrode.diffusivity.log_polynomial
    else:
        sc[at.S_DX], sc[at.S_DH] = curve.low, (curve.value.size - 1) / (curve.high - curve.low)
    return sc


def _per_node(value, nodes: int, name: str) -> np.ndarray:
    value = np.asarray(value, float)
    if value.ndim and value.shape != (nodes,):
        raise ValueError(f"{name} has shape {value.shape}; the mesh has {nodes} nodes: give one number or one per node")
    return np.full(nodes, value) if value.ndim == 0 else np.ascontiguousarray(value)


def _diffusion_table(curve: StoichiometryCurve | None) -> np.ndarray:
    if curve is None:
        return _NO_TABLE
    step = (curve.high - curve.low) / (curve.value.size - 1)
    return np.column_stack([curve.value, curve.slope * step])


def pack_electrode(electrode: Electrode, nodes: int, shells: int, mesh: Mesh, temperature: float) -> tuple:
    """The electrode's arrays; its particles are empty until `fill`."""
    classes = len(electrode.radii)
    count = nodes * classes
    bundles = -(-count // at.LANES)
    weights = surface_weights(shells, mesh.grading, mesh.quadratic)
    varied = at.D_TABLE if electrode.diffusivity.log_curve is not None else at.D_POLYNOMIAL
    mode = at.D_CONSTANT if electrode.diffusivity.constant else varied
    stride = -(-(nodes + 1) // at.LANES) * at.LANES + at.LANES
    plain = electrode.exchange.plain
    sizes = np.array([bundles, shells, nodes, count, mode, plain, classes, stride, 0], np.int64)
    e = (
        sizes,
        _scalars(electrode, temperature, weights),
        _shells(shells, mesh.grading),
        np.zeros(at.NODE_ROWS * stride),
        np.zeros(bundles * BUNDLE),
        np.zeros((bundles * shells + 1) * ROW),
        _surface_table(electrode.ocp, electrode.exchange.log_factor),
        _diffusion_table(electrode.diffusivity.log_curve),
    )
    _expand(
        e,
        electrode.thickness,
        electrode.ionic_conductivity,
        electrode.electronic_conductivity,
        electrode.c_max,
        np.array(electrode.radii, float),
        np.array(electrode.volume_fractions, float),
        _per_node(electrode.contact, nodes, "contact"),
        _per_node(electrode.active, nodes, "active"),
        _per_node(electrode.film, nodes, "interphase_thickness"),
    )
    return e


def pack(cell: SolverCell, mesh: Mesh) -> tuple[tuple, tuple]:
    """(cathode, anode) as arrays."""
    return (
        pack_electrode(cell.cathode, mesh.cathode_nodes, mesh.cathode_shells, mesh, cell.temperature),
        pack_electrode(cell.anode, mesh.anode_nodes, mesh.anode_shells, mesh, cell.temperature),
    )


def addresses(e: tuple) -> tuple[int, ...]:
    """An electrode for the kernels: the addresses of its eight arrays, and the intervals of its two tables.

    Whoever keeps them must keep the arrays.
    """
    return (*(array.ctypes.data for array in e), e[6].shape[0] - 1, e[7].shape[0] - 1)


def unframe(e: tuple, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stoichiometries (..., classes, nodes, shells) and current densities (..., classes, nodes) from saved frames."""
    sizes = e[0]
    bundles, shells, count = sizes[at.N_BUNDLES], sizes[at.N_SHELLS], sizes[at.N_LANES]
    shape = sizes[at.N_CLASSES], sizes[at.N_NODES]
    size = bundles * shells * at.LANES
    x = frame[..., :size].reshape(*frame.shape[:-1], bundles, shells, at.LANES)
    x = np.moveaxis(x, -1, -2).reshape(*frame.shape[:-1], bundles * at.LANES, shells)[..., :count, :]
    j = frame[..., size : size + bundles * at.LANES][..., :count]
    return x.reshape(*frame.shape[:-1], *shape, shells), j.reshape(*frame.shape[:-1], *shape)
