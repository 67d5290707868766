"""The linearised cell against the cell in time."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.physics.p2d import BEST, EVEN, Mesh, Step, prepare, rest, uniform
from nacre.physics.p2d.fields import shell_weights
from nacre.physics.p2d.linear import impedance, linearise
from physics.p2d.cells import CATHODE, CELL, with_cathode

CELLS = {"one size": CELL, "two sizes": with_cathode(radii=(1.5e-6, 3e-6), volume_fractions=(0.2, 0.2), active=0.9)}


def talbot(image, t, terms=32):
    """Inverse Laplace transform at time t (A. Talbot, J. Inst. Math. Appl. 23 (1979) 97; fixed contour)."""
    r = 2.0 * terms / (5.0 * t)
    theta = np.arange(1, terms) * np.pi / terms
    cot = 1.0 / np.tan(theta)
    s = r * theta * (cot + 1j)
    sigma = theta + (theta * cot - 1.0) * cot
    values = image(np.concatenate([[r + 0j], s]))
    inner = (np.exp(t * s) * values[1:] * (1 + 1j * sigma)).real.sum()
    return r / terms * (0.5 * np.exp(r * t) * values[0].real + inner)


@pytest.mark.parametrize("mesh", [EVEN, BEST, Mesh(1, 3, 1, 2)])
@pytest.mark.parametrize("name", CELLS)
def test_a_small_step_of_current_is_the_inverse_transform_of_the_impedance(name, mesh):
    cell, small = CELLS[name], 1e-3
    p, state = prepare(cell, mesh), uniform(cell, mesh)
    times = np.array([0.01, 1.0, 30.0, 300.0, 3000.0])
    v = p.run(Step("current", small, seconds=3000.0), times=[times], tolerance=1e-9).sampled[0][:, 1]
    at_rest = p.run(rest(0.0)).voltage[0]
    wanted = [small * talbot(lambda s: impedance(p, state, s) / s, t) for t in times]
    assert v - at_rest == pytest.approx(wanted, rel=2e-4)


@pytest.mark.parametrize("current", [0.0, -15.0])
def test_the_limit_of_high_frequency_is_the_slope_at_an_instant(current):
    p = prepare(CELL)
    state = p.run(Step("current", -20.0, seconds=900.0)).final
    step = 1e-3
    v = [p.run(Step("current", current + d, seconds=0.0), state).voltage[0] for d in (-step, step)]
    z = impedance(p, state, np.array([1e12j]), current)[0]
    assert z.real == pytest.approx((v[1] - v[0]) / (2 * step), rel=1e-5)
    assert abs(z.imag) < 1e-6 * z.real


def test_jacobians_conserve_lithium():
    p = prepare(CELL)
    state = p.run(Step("current", -20.0, seconds=900.0)).final
    for e in linearise(p, state, -20.0):
        share = shell_weights(p.mesh, e.diagonal.shape[-1])
        flow = share * e.diagonal
        flow[..., 1:] += (share * e.upper)[..., :-1]
        flow[..., :-1] += (share * e.lower)[..., 1:]
        assert np.abs(flow).max() < 1e-12 * np.abs(e.diagonal).max()


def test_a_full_particle_has_a_finite_impedance():
    full = replace(CELL, cathode=replace(CATHODE, stoichiometry=1.0))
    p = prepare(full)
    z = impedance(p, uniform(full), np.array([1e3j]))
    assert np.isfinite(z).all()
