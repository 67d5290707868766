"""The linearised cell solved at many frequencies with all its currents: for causes and derivatives of the impedance."""

from dataclasses import dataclass

import numpy as np

from nacre.physics.p2d.cell import Electrode
from nacre.physics.p2d.frequency.linearised_cell import LinearElectrode


@dataclass(frozen=True, eq=False)
class Flows:
    """One electrode carrying the current 1 A/m2 of plan area, at Laplace variables s (frequencies, 1, 1).

    Arrays (frequencies, classes, nodes), per true contact area: h = x_s / j in m2/A; faradaic, layer and reaction: the
    impedance of reaction and diffusion, the double layer's admittance, and both side by side; coating, interphase;
    zeta: all in series; u: current density, A/m2. ionic (frequencies, nodes + 1): current in the electrolyte between
    nodes, A/m2; what remains of one is in the solid.
    """

    s: np.ndarray
    h: np.ndarray
    faradaic: np.ndarray
    layer: np.ndarray
    reaction: np.ndarray
    coating: np.ndarray
    interphase: np.ndarray
    zeta: np.ndarray
    u: np.ndarray
    ionic: np.ndarray

    @property
    def reacting(self) -> np.ndarray:
        """The part of u that reacts; the rest charges the double layer."""
        return self.u * self.reaction / self.faradaic


def flows(electrode: Electrode, e: LinearElectrode, s: np.ndarray) -> Flows:
    """Solve the electrode's network at Laplace variables s (frequencies,)."""
    h, s = particle_response(e, s), np.asarray(s, complex)[:, None, None]
    faradaic = e.transfer + e.slope * h
    layer = electrode.double_layer * s**electrode.double_layer_exponent
    reaction = faradaic / (1.0 + faradaic * layer)
    coating = e.coating / (1.0 + s * e.coating * e.coating_capacity)
    interphase = e.interphase / (1.0 + s * e.interphase * e.interphase_capacity)
    zeta = reaction + coating + interphase
    z = 1.0 / (e.area / zeta).sum(axis=1)
    ionic = _ladder(z, e.electrolyte, e.solid)
    u = (-np.diff(ionic) * z)[:, None, :] / zeta
    return Flows(s, h, faradaic, layer, reaction, coating, interphase, zeta, u, ionic)


def ladder_matrix(z: np.ndarray, rails: np.ndarray) -> np.ndarray:
    """The symmetric matrix of the ionic face currents: node impedances z (..., nodes), rails (nodes - 1)."""
    n = z.shape[-1]
    rows, inner = np.zeros((*z.shape[:-1], n - 1, n - 1), z.dtype), np.arange(n - 1)
    rows[..., inner, inner] = z[..., 1:] + z[..., :-1] + rails
    rows[..., inner[1:], inner[:-1]] = rows[..., inner[:-1], inner[1:]] = -z[..., 1:-1]
    return rows


def _ladder(z: np.ndarray, electrolyte: np.ndarray, solid: np.ndarray) -> np.ndarray:
    count, n = z.shape
    right = np.broadcast_to(solid[1:-1].astype(complex), (count, n - 1)).copy()
    right[:, :1] += z[:, :1][:, : n - 1]
    inside = np.linalg.solve(ladder_matrix(z, electrolyte[1:-1] + solid[1:-1]), right[..., None])[..., 0]
    return np.concatenate([np.ones((count, 1)), inside, np.zeros((count, 1))], axis=1)


def particle_response(e: LinearElectrode, s: np.ndarray) -> np.ndarray:
    """x_s / j of every lane, (frequencies, classes, nodes), at Laplace variables s (frequencies,)."""
    return response_and_slope(e, s)[0]


def response_and_slope(e: LinearElectrode, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x_s / j, and its derivative by ln D where D changes by the same factor everywhere."""
    s = np.asarray(s, complex)[:, None, None]
    x, q = np.ones((s.size, *e.j.shape), complex), s * e.volume[0] * np.ones(e.j.shape)
    dx, dq = np.zeros_like(x), np.zeros_like(x)
    last = [(x, dx)]
    for k in range(1, e.volume.size):
        inner, outer = e.inner[..., k - 1], e.outer[..., k - 1]
        x, dx = inner * x + outer * q, inner * dx + outer * (dq - q)
        q, dq = q + s * e.volume[k] * x, dq + s * e.volume[k] * dx
        scale = np.where(np.abs(x) > 1e60, 1e-60, 1.0)
        x, dx, q, dq = x * scale, dx * scale, q * scale, dq * scale
        last = [(a * scale, b * scale) for a, b in last[-2:]] + [(x, dx)]
    pairs = list(zip(e.surface, reversed(last), strict=False))
    surface, change = (sum(w * pair[k] for w, pair in pairs) for k in range(2))
    return e.source * surface / q, e.source * (change - surface * dq / q) / q
