"""The impedance of a cell written plainly: matrices of the particles, slopes by differences, a dense ladder.

No code in common with the kernels but the geometry of the shells: one Thomas sweep per particle and frequency.
"""

from dataclasses import dataclass

import numpy as np

from nacre.physics.constants import FARADAY, GAS, VACUUM_PERMITTIVITY
from nacre.physics.p2d import Electrode, Prepared, SolverStep, State
from nacre.physics.p2d.pack import shell_geometry, surface_weights


@dataclass(frozen=True, eq=False)
class LinearElectrode:
    """Arrays over (classes, nodes), with a last axis of shells (centre first) where they belong to cells.

    lower, diagonal, upper: d(dx/dt)/dx of the cell before, itself, the cell after, 1/s; source: d(dx/dt)/dj of the
    outermost cell, m2/(A s); surface: weights of the last three cells in x_s, outermost first; slope: dG/dx_s at fixed
    j, V; transfer: dG/dj at fixed x_s without the films, ohm m2 of true contact area; area: true contact
    area per plan area; electrolyte, solid: resistances between nodes (nodes + 1; the ends are half cells), ohm m2 of
    plan area.
    """

    lower: np.ndarray
    diagonal: np.ndarray
    upper: np.ndarray
    source: np.ndarray
    surface: np.ndarray
    slope: np.ndarray
    transfer: np.ndarray
    area: np.ndarray
    electrolyte: np.ndarray
    solid: np.ndarray


def _slope(function, x, step=1e-6):
    low, high = np.clip(x - step, 1e-10, 1.0 - 1e-10), np.clip(x + step, 1e-10, 1.0 - 1e-10)
    return (function(high) - function(low)) / (high - low)


def _particles(electrode: Electrode, x, grading):
    """Jacobian of the finite volumes: (lower, diagonal, upper)."""
    faces, centres = shell_geometry(x.shape[-1], grading)
    radii = np.asarray(electrode.radii)[:, None, None]
    volume = np.diff(faces**3) / 3.0
    widths = np.diff(faces)
    d = electrode.diffusivity(x) / radii**2
    dd = _slope(electrode.diffusivity, x) / radii**2
    share = widths[:-1] / (widths[:-1] + widths[1:])
    da, db, step = d[..., :-1], d[..., 1:], np.diff(x)
    q = share * db + (1.0 - share) * da
    area = faces[1:-1] ** 2 / np.diff(centres)
    k = area * da * db / q
    inner = area * step * share * (db / q) ** 2 * dd[..., :-1] - k
    outer = area * step * (1.0 - share) * (da / q) ** 2 * dd[..., 1:] + k
    lower, diagonal, upper = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    diagonal[..., :-1] += inner
    upper[..., :-1] = outer
    diagonal[..., 1:] -= outer
    lower[..., 1:] = -inner
    return lower / volume, diagonal / volume, upper / volume


def _linear(electrode: Electrode, x, j, grading, quadratic, temperature) -> LinearElectrode:
    shells, nodes = x.shape[-1], x.shape[1]
    radii = np.asarray(electrode.radii)[:, None]
    contact = np.broadcast_to(electrode.contact, (nodes,))
    surface = np.array(surface_weights(shells, grading, quadratic))
    count = min(shells, 3)
    x_s = np.clip(x[..., ::-1][..., :count] @ surface[:count], 1e-9, 1.0 - 1e-9)
    i0, thermal = electrode.exchange(x_s), 2.0 * GAS * temperature / FARADAY
    z = j / (2.0 * i0)
    root = np.sqrt(1.0 + z * z)
    faces, _ = shell_geometry(shells, grading)
    width = electrode.thickness / nodes
    parts = np.r_[0.5, np.ones(nodes - 1), 0.5] * width
    share = np.asarray(electrode.volume_fractions)[:, None] * np.broadcast_to(electrode.active, (nodes,))
    return LinearElectrode(
        *_particles(electrode, x, grading),
        source=-contact / (radii * FARADAY * electrode.c_max) * 3.0 / (1.0 - faces[-2] ** 3),
        surface=surface,
        slope=_slope(electrode.ocp, x_s) - thermal * z / root * _slope(electrode.exchange, x_s) / i0,
        transfer=thermal / (2.0 * i0 * root),
        area=3.0 * share * contact / radii * width,
        electrolyte=parts / electrode.ionic_conductivity,
        solid=parts / electrode.electronic_conductivity,
    )


def linearise(prepared: Prepared, state: State, current: float = 0.0) -> tuple[LinearElectrode, LinearElectrode]:
    """(cathode, anode) about a state at an instant at which `current` (A/m2) flows.

    Raises ValueError where no consistent currents exist for that state.
    """
    instant = prepared.run(SolverStep("current", current, seconds=0.0), state, times=[np.zeros(1)], profiles=True)
    if not instant.states or not len(instant.states[0][0][0]):
        raise ValueError(f"the cell cannot be linearised there: {instant.outcome.words}")
    (xc, jc), (xa, ja) = instant.states[0]
    cell, mesh = prepared.cell, prepared.mesh
    how = mesh.grading, mesh.quadratic, cell.temperature
    return _linear(cell.cathode, xc[0], jc[0], *how), _linear(cell.anode, xa[0], ja[0], *how)


def surface_response(e: LinearElectrode, s: complex) -> np.ndarray:
    """x_s / j of every lane at the Laplace variable s (1/s): one Thomas sweep from the centre."""
    shells = e.diagonal.shape[-1]
    ratio = []
    before = 0.0
    for k in range(shells):
        pivot = s - e.diagonal[..., k] - e.lower[..., k] * before
        before = e.upper[..., k] / pivot
        ratio.append(before)
    x = e.source / pivot
    total = e.surface[0] * x
    for weight, k in zip(e.surface[1:], range(shells - 2, max(shells - 4, -1), -1), strict=False):
        x = ratio[k] * x
        total = total + weight * x
    return total


def _beside(r, y):
    return r / (1.0 + r * y)


def films(e: Electrode, s: complex, nodes: int) -> np.ndarray:
    """Coating and interphase, each beside its own capacitance, ohm m2 of true contact area, per node."""
    total = np.zeros(nodes, complex)
    if e.coating_thickness:
        total += _beside(
            e.coating_thickness / e.coating_conductivity,
            s * VACUUM_PERMITTIVITY * e.coating_permittivity / e.coating_thickness,
        )
    for k, thick in enumerate(np.broadcast_to(e.interphase_thickness, nodes)):
        if thick:
            total[k] += _beside(
                thick * e.interphase_resistivity, s * VACUUM_PERMITTIVITY * e.interphase_permittivity / thick
            )
    return total


def impedance(prepared: Prepared, state: State, s: np.ndarray, current: float = 0.0) -> np.ndarray:
    """Z of the cell in ohm m2 of plan area at Laplace variables s (1j times the angular frequency for a spectrum)."""
    cell, made = prepared.cell, linearise(prepared, state, current)
    series = cell.separator_thickness / cell.separator_conductivity + cell.contact_resistance
    found = []
    for value in np.atleast_1d(np.asarray(s, complex)):
        q, power = cell.grain_boundary_capacitance, cell.grain_boundary_exponent
        z = series + _beside(cell.grain_boundary_resistance, q * value**power)
        found.append(z + sum(_ladder(e, m, value) for e, m in zip((cell.cathode, cell.anode), made, strict=True)))
    return np.array(found).reshape(np.shape(s))


def _ladder(electrode: Electrode, e: LinearElectrode, s: complex) -> complex:
    """Impedance of one electrode: node impedances between the electrolyte's and the solid's line."""
    faradaic = e.transfer + e.slope * surface_response(e, s)
    layer = electrode.double_layer * s**electrode.double_layer_exponent
    zeta = _beside(faradaic, layer) + films(electrode, s, faradaic.shape[1])
    z = 1.0 / (e.area / zeta).sum(axis=0)
    n = z.size
    if n == 1:
        return z[0] + e.electrolyte[0] + e.solid[1]
    rows = np.diag(z[1:] + z[:-1] + e.electrolyte[1:-1] + e.solid[1:-1]).astype(complex)
    inner = np.arange(n - 2)
    rows[inner, inner + 1] = rows[inner + 1, inner] = -z[1:-1]
    right = e.solid[1:-1].astype(complex)
    right[0] += z[0]
    currents = np.linalg.solve(rows, right)
    return z[-1] * currents[-1] + e.electrolyte[0] + e.electrolyte[1:-1] @ currents + e.solid[-1]
