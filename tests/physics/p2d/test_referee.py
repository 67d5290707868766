"""Two independent solutions of the same equations: PyBaMM's, and a general-purpose integrator on a small cell."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from nacre.physics.constants import FARADAY, GAS
from nacre.physics.p2d import EVEN, Diffusivity, Exchange, Mesh, SolverStep, StepOutcome, prepare, simulate
from physics.p2d.cells import ANODE, CATHODE, CELL, ONE_C, layered_oxide, titanate


def _small(x, e, d, radius, flux, faces):
    """dx/dt of one particle, written plainly."""
    centres = 0.5 * (faces[1:] + faces[:-1])
    dd = d(x)
    mean = 2 * dd[1:] * dd[:-1] / (dd[1:] + dd[:-1])
    inner = faces[1:-1] ** 2 * mean * np.diff(x) / np.diff(centres) / radius**2
    flows = np.concatenate([[0.0], inner, [-flux / radius]])
    return 3.0 * np.diff(flows) / np.diff(faces**3)


def test_two_particle_sizes_against_a_general_integrator():
    """One node per electrode, two sizes in the cathode: explicit equations, no code in common with the solver."""
    cathode = replace(CATHODE, radii=(1.5e-6, 3.5e-6), volume_fractions=(0.15, 0.26), active=0.9)
    cell = replace(CELL, cathode=cathode)
    n, current, faces = 6, -15.0, np.linspace(0, 1, 7)
    thermal = 2 * GAS * cell.temperature / FARADAY

    def overpotential(e, x, j):
        return thermal * np.arcsinh(j / (2 * e.exchange.reference * np.sqrt(x * (1 - x)))) + e.film * j

    def at_surface(x):
        return 1.5 * x[-1] - 0.5 * x[-2]

    def split(x):
        """j of the two cathode classes at a common potential, and that potential."""
        surfaces = [at_surface(x[:n]), at_surface(x[n : 2 * n])]
        areas = [
            3 * v / r * 0.9 * CATHODE.contact * CATHODE.thickness
            for v, r in zip(cathode.volume_fractions, cathode.radii, strict=True)
        ]

        def of(phi):
            return [
                brentq(lambda j, s=s: layered_oxide(s) + overpotential(cathode, s, j) - phi, -500, 500, xtol=1e-14)
                for s in surfaces
            ]

        phi = brentq(lambda phi: np.dot(areas, of(phi)) - current, 1.0, 5.0, xtol=1e-14)
        return of(phi), phi

    anode_area = 3 * ANODE.volume_fractions[0] / ANODE.radii[0] * ANODE.thickness
    j_anode = -current / anode_area

    def rhs(t, x):
        (ja, jb), _ = split(x)
        parts = []
        for k, (e, r, j) in enumerate(
            ((cathode, 1.5e-6, ja), (cathode, 3.5e-6, jb), (cell.anode, ANODE.radii[0], j_anode))
        ):
            theta = CATHODE.contact if k < 2 else 1.0
            part = x[k * n : (k + 1) * n]
            parts.append(_small(part, e, e.diffusivity, r, theta * j / (FARADAY * e.c_max), faces))
        return np.concatenate(parts)

    start = np.concatenate([np.full(2 * n, CATHODE.stoichiometry), np.full(n, ANODE.stoichiometry)])
    times = np.array([1.0, 30.0, 300.0, 1200.0])
    reference = solve_ivp(rhs, (0, 1200.0), start, "LSODA", times, rtol=1e-8, atol=1e-10).y.T

    mesh = Mesh(1, 1, n, n, grading=0.0, quadratic=False)
    s = prepare(cell, mesh).run(
        SolverStep("current", current, seconds=1200.0), times=[times], profiles=True, tolerance=1e-8
    )
    (x_cathode, _), (x_anode, _) = s.states[0]
    assert np.abs(x_cathode[:, :, 0].reshape(4, -1) - reference[:, : 2 * n]).max() < 2e-7
    assert np.abs(x_anode[:, 0, 0] - reference[:, 2 * n :]).max() < 2e-7
    half = sum(e.thickness / 2 * (1 / e.ionic_conductivity + 1 / e.electronic_conductivity) for e in (cathode, ANODE))
    for k in range(4):
        y = at_surface(reference[k, 2 * n :])
        ohmic = current * (cell.resistance + half)
        wanted = split(reference[k])[1] - titanate(y) - overpotential(ANODE, y, j_anode) + ohmic
        assert s.sampled[0][k, 1] == pytest.approx(wanted, abs=2e-6)


@pytest.fixture(scope="module")
def twin():
    pytest.importorskip("pybamm", reason="the referee is the optional extra pybamm")
    from physics.p2d import twin

    model = twin.twin_discretised(CELL, layered_oxide, titanate)
    return lambda current: twin.twin_run(twin.twin_solver(), model, current, 1.35, 1e6)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5, 1.0])
def test_pybamm_agrees(twin, rate):
    time, voltage = twin(-rate * ONE_C)
    p, step = prepare(CELL, EVEN), SolverStep("current", -rate * ONE_C, lowest=1.35)
    for options, bound, relative in (({"tolerance": 1e-8}, 0.05e-3, 1e-7), ({}, 1e-3, 1e-4)):
        s = p.run(step, times=[time[:-1]], **options)
        assert s.outcome is StepOutcome.LOW_VOLTAGE
        assert s.ends[-1] == pytest.approx(time[-1], rel=relative)
        inside = s.sampled[0][:, 0] < 0.995 * time[-1]
        assert np.abs(s.sampled[0][inside, 1] - voltage[: len(inside)][inside]).max() < bound


@pytest.mark.parametrize("mesh", [EVEN, Mesh(8, 8, 12, 8)])
@pytest.mark.parametrize("rate", [-2.0, -1.0, -0.5, -0.1, -0.02, 0.1, 1.0])
def test_no_tolerance_that_is_accepted_gives_a_wrong_answer(mesh, rate):
    cell = CELL if rate < 0 else replace(CELL, cathode=replace(CATHODE, stoichiometry=0.8))
    step = SolverStep("current", rate * ONE_C, lowest=1.35, highest=2.75)
    p = prepare(cell, mesh)
    exact = p.run(step, tolerance=1e-9)
    times = np.linspace(0.0, 0.995 * exact.ends[-1], 60)
    fine = p.run(step, times=[times], tolerance=1e-9).sampled[0][:, 1]
    for tolerance in np.geomspace(1e-8, 1e-3, 21):
        s = p.run(step, times=[times], tolerance=tolerance)
        assert s.outcome is exact.outcome
        assert abs(s.charge[-1] / exact.charge[-1] - 1.0) < 2e-6 + tolerance
        assert np.abs(s.sampled[0][:, 1] - fine).max() < 2e-6 + 5.0 * tolerance


def _random_cell(rng):
    """A possible cell, mesh and current, drawn over decades."""
    classes, even = rng.integers(1, 4), rng.random() < 0.5
    cathode = replace(
        CATHODE,
        contact=10 ** rng.uniform(-3, 0),
        coating_conductivity=10 ** rng.uniform(-10, -5),
        exchange=Exchange(10 ** rng.uniform(-2, 2), 0.5, 0.5 if even else 1.5),
        ionic_conductivity=10 ** rng.uniform(-2.5, 0),
        electronic_conductivity=10 ** rng.uniform(-1, 2),
        diffusivity=Diffusivity((np.log(10) * rng.uniform(-16, -13), rng.uniform(-8, 2), -rng.uniform(0, 8))),
        radii=tuple(10 ** rng.uniform(-6.5, -5) * (1 + k) for k in range(classes)),
        volume_fractions=(0.4 / classes,) * classes,
        stoichiometry=rng.uniform(0.02, 0.98),
    )
    cell = replace(CELL, cathode=cathode, anode=replace(ANODE, stoichiometry=rng.uniform(0.02, 0.98)))
    mesh = Mesh(int(rng.integers(1, 9)), 4, int(rng.integers(2, 16)), 5, 0.0 if even else 2.0, not even)
    return prepare(cell, mesh), rng.choice([-1, 1]) * 10 ** rng.uniform(-1, 2)


def test_random_cells_at_loose_tolerances_are_near_their_converged_answers():
    """The answer lies within a few tolerances of the converged curve, in voltage or in charge (where V is steep)."""
    rng, seen, ratios = np.random.default_rng(5), 0, []
    for _ in range(250):
        p, current = _random_cell(rng)
        step = SolverStep("current", current, seconds=1e5, lowest=1.2, highest=3.0)
        exact = p.run(step, tolerance=1e-8)
        if exact.outcome is StepOutcome.BEYOND_AT_START:
            continue
        seen += 1
        cathode, end = p.cell.cathode, exact.ends[-1]
        full = FARADAY * cathode.c_max * 0.4 * cathode.thickness / abs(current)  # s
        times = np.linspace(0.0, end, 40)
        for tolerance in (1e-3, 1e-4):
            s = p.run(step, times=[times], tolerance=tolerance)
            assert abs(s.ends[-1] - end) < 2.0 * tolerance * full
            # two ends may lie closer together than the tolerance can tell
            assert s.outcome is exact.outcome or abs(s.ends[-1] - end) < 0.1 * tolerance * full
            window = 2.0 * tolerance * full * np.linspace(-1.0, 1.0, 9)
            near = np.clip(times[: len(s.sampled[0]), None] + window, 0.0, end)
            order = np.argsort(near, axis=None)
            fine = np.empty(near.size)
            fine[order] = p.run(step, times=[near.ravel()[order]], tolerance=1e-8).sampled[0][:, 1]
            fine = fine.reshape(near.shape)
            v = s.sampled[0][:, 1]
            ratios.append(np.maximum(fine.min(axis=1) - v, v - fine.max(axis=1)).max() / tolerance)
    assert seen > 80
    assert np.percentile(ratios, 95) < 0.2 and max(ratios) < 5.0


def test_the_mesh_converges():
    step = SolverStep("current", -ONE_C, lowest=1.35)
    charge = [simulate(CELL, step, Mesh(n, n, n, n), tolerance=1e-6).charge[-1] for n in (10, 20, 40, 80)]
    errors = np.abs(np.array(charge[:-1]) / charge[-1] - 1.0)
    assert errors[1] < 0.6 * errors[0] and errors[2] < 0.5 * errors[1]
    assert errors[1] < 5e-3
