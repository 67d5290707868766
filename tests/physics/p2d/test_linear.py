"""The impedance of the linearised cell: against matrices written plainly, the cell in time, limits, and PyBaMM."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.physics.constants import FARADAY
from nacre.physics.p2d import (
    BEST,
    EVEN,
    Diffusivity,
    Exchange,
    Mesh,
    SolverStep,
    State,
    impedance,
    linearise,
    prepare,
    rest,
    uniform,
)
from nacre.physics.p2d.frequency.network import particle_response
from physics.p2d import plain
from physics.p2d.cells import ANODE, CATHODE, CELL, layered_oxide, titanate, with_cathode

LAYERED = replace(
    CELL,
    cathode=replace(CATHODE, double_layer=0.2, coating_permittivity=20.0, interphase_permittivity=10.0),
    anode=replace(ANODE, double_layer=0.1),
    grain_boundary_capacitance=1e-4,
)
DEPRESSED = replace(
    LAYERED,
    cathode=replace(LAYERED.cathode, radii=(1.5e-6, 3e-6), volume_fractions=(0.2, 0.2), active=0.9,
                    double_layer_exponent=0.85),
    grain_boundary_exponent=0.8,
)  # fmt: skip
CELLS = {"without": CELL, "capacitors": LAYERED, "two sizes, depressed": DEPRESSED}
F = np.geomspace(1e-4, 1e6, 61)


def discharged(p):
    return p.run(SolverStep("current", -20.0, seconds=900.0)).final


# --- truth ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mesh", [EVEN, BEST, Mesh(1, 3, 1, 2), Mesh(9, 2, 3, 5)])
@pytest.mark.parametrize("name", CELLS)
def test_the_kernel_does_what_matrices_do(name, mesh):
    p, s = prepare(CELLS[name], mesh), np.concatenate([2j * np.pi * F[::6], [1e-3 + 2j, 5 - 1j, -1e-5 + 1e-3j]])
    for state, current in ((uniform(p.cell, mesh), 0.0), (discharged(p), 0.0), (discharged(p), -20.0)):
        assert linearise(p, state, current).impedance(s) == pytest.approx(
            plain.impedance(p, state, s, current), rel=1e-8
        )


def test_random_cells_do_what_matrices_do():
    rng, s = np.random.default_rng(3), 2j * np.pi * np.geomspace(1e-6, 1e9, 11)
    span = rng.uniform
    for _ in range(20):
        electrodes = []
        for e in (CATHODE, ANODE):
            classes = int(rng.integers(1, 4))
            electrodes.append(replace(
                e, radii=tuple(10 ** rng.uniform(-7, -5, classes)), volume_fractions=(0.4 / classes,) * classes,
                contact=10 ** span(-3, 0), exchange=Exchange(10 ** span(-2, 2), 0.5, span(0.5, 1.5)),
                diffusivity=Diffusivity((np.log(10) * rng.uniform(-20, -13), rng.uniform(-6, 2))),
                double_layer=10 ** rng.uniform(-4, 1), double_layer_exponent=rng.uniform(0.5, 1.0),
                coating_thickness=10 ** rng.uniform(-9, -7), coating_permittivity=rng.uniform(0, 30),
                interphase_thickness=10 ** rng.uniform(-9, -7), interphase_permittivity=rng.uniform(0, 30),
                ionic_conductivity=10 ** rng.uniform(-4, 0), electronic_conductivity=10 ** rng.uniform(-4, 2),
            ))  # fmt: skip
        cell = replace(CELL, cathode=electrodes[0], anode=electrodes[1])
        mesh = Mesh(
            *(int(n) for n in rng.integers(1, 12, 2)), *(int(n) for n in rng.integers(1, 30, 2)), rng.uniform(0, 4)
        )
        p, even = prepare(cell, mesh), uniform(cell, mesh)
        noise = [np.clip(x + 0.02 * np.cumsum(rng.normal(size=x.shape), axis=-1) / x.shape[-1], 0.1, 0.9)
                 for x in (even.cathode, even.anode)]  # fmt: skip
        for state in (even, State(*noise)):
            assert impedance(p, state, s.imag / (2 * np.pi)) == pytest.approx(plain.impedance(p, state, s), rel=1e-7)


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
    """The model in time has no capacitances: they are charged (time constants below 10 ms) before the first instant."""
    cell, small, bound = CELLS[name], 1e-3, 2e-4 if name == "without" else 1e-3
    p, state = prepare(cell, mesh), uniform(cell, mesh)
    times = np.array([0.01, 1.0, 30.0, 300.0, 3000.0])[0 if name == "without" else 2 :]
    v = p.run(SolverStep("current", small, seconds=3000.0), times=[times], tolerance=1e-9).sampled[0][:, 1]
    at_rest = p.run(rest(0.0)).voltage[0]
    linear = linearise(p, state)
    wanted = [small * talbot(lambda s: linear.impedance(s) / s, t) for t in times]
    assert v - at_rest == pytest.approx(wanted, rel=bound)


@pytest.mark.parametrize("current", [0.0, -15.0])
def test_the_limit_of_high_frequency_is_the_slope_at_an_instant(current):
    p = prepare(CELL)
    state = discharged(p)
    step = 1e-3
    v = [p.run(SolverStep("current", current + d, seconds=0.0), state).voltage[0] for d in (-step, step)]
    z = impedance(p, state, [1e12], current=current)[0]
    assert z.real == pytest.approx((v[1] - v[0]) / (2 * step), rel=1e-5)
    assert abs(z.imag) < 1e-6 * z.real


def test_double_layers_short_the_reaction_at_high_frequency():
    cell = replace(LAYERED, contact_resistance=1e-4)
    porous = sum(e.thickness / (e.ionic_conductivity + e.electronic_conductivity) for e in (CATHODE, ANODE))
    z = impedance(cell, None, [1e14], Mesh(400, 400, 2, 2))[0]
    assert z == pytest.approx(800e-6 / 0.6 + 1e-4 + porous, rel=3e-3)


def without_pole(linear, omega):
    """Z s / (s + a) at s = i omega: as causal as Z, and finite at s = 0."""
    s = 1j * np.atleast_1d(omega)
    return linear.impedance(s) * s / (s + 1e-2)


def from_real_part(linear, omega, step=0.1, lowest=1e-10):
    """The imaginary part at omega by Kramers and Kronig from real parts: trapezoids in u = ln(w / omega) converge
    exponentially, as Z is analytic for |Im u| < pi/2; the grid straddles u = 0, where the integrand is smooth."""
    u = (np.arange(-450, 450) + 0.5) * step
    real = without_pole(linear, np.maximum(omega * np.exp(u), lowest)).real
    return step / np.pi * ((real - without_pole(linear, omega).real) / np.sinh(u)).sum()


@pytest.mark.parametrize("name", CELLS)
def test_kramers_and_kronig_hold(name):
    p = prepare(CELLS[name], EVEN)
    for state in (None, discharged(p), p.run([SolverStep("current", -20.0, seconds=900.0), rest(600.0)]).final):
        linear = linearise(p, state)
        for omega in (1e-3, 0.1, 10.0, 1e3, 1e6):
            z = without_pole(linear, omega)[0]
            assert abs(z.imag - from_real_part(linear, omega)) < 1e-8 * abs(z)


def test_the_limit_of_low_frequency_is_the_capacity():
    """The slopes of the open-circuit curves, with the double layers beside them."""
    slope, omega = 0.0, 1e-9
    for e in (LAYERED.cathode, LAYERED.anode):
        sites = FARADAY * e.c_max * e.volume_fractions[0] * e.thickness
        du = (e.ocp(e.stoichiometry + 1e-6) - e.ocp(e.stoichiometry - 1e-6)) / 2e-6
        area = 3.0 * e.volume_fractions[0] / e.radii[0] * float(e.contact) * e.thickness
        slope += 1.0 / (-sites / du + e.double_layer * area)
    z = impedance(LAYERED, None, [omega / (2 * np.pi)])[0]
    assert -z.imag * omega == pytest.approx(slope, rel=1e-7)


def test_a_full_particle_has_a_finite_impedance():
    full = replace(CELL, cathode=replace(CATHODE, stoichiometry=1.0))
    assert np.isfinite(impedance(full, None, F)).all()


def test_slow_particles_and_high_frequencies_stay_finite():
    slow = with_cathode(diffusivity=Diffusivity((np.log(1e-22),)), radii=(1e-5,))
    p = prepare(slow, Mesh(4, 4, 40, 20))
    z, s = impedance(p, None, [1e-6, 1.0, 1e12]), 2j * np.pi * np.array([1e-6, 1.0, 1e12])
    assert z == pytest.approx(plain.impedance(p, uniform(slow, p.mesh), s), rel=1e-7)


def test_responses_of_particles_are_those_of_the_kernel():
    p = prepare(CELL, EVEN)
    state, s = discharged(p), 2j * np.pi * F[::10]
    wanted = [plain.surface_response(plain.linearise(p, state)[0], v) for v in s]
    assert particle_response(linearise(p, state).cathode, s) == pytest.approx(np.array(wanted), rel=1e-8)


# --- the referee ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["without", "capacitors"])
def test_pybamm_agrees(name):
    pytest.importorskip("pybamm", reason="the referee is the optional extra pybamm")
    from physics.p2d import twin_spectrum

    p = prepare(CELLS[name], EVEN)
    simulation = twin_spectrum.spectrum_twin(p.cell, layered_oxide, titanate)
    fast = SolverStep("current", -20.0, seconds=900.0)
    protocols = [rest(0.0)], [fast], [fast, rest(3600.0)], [SolverStep("current", 5.0, seconds=600.0), rest(36.0)]
    for protocol in protocols:
        state = p.run(protocol).final
        twin_spectrum.put_state(simulation, state)
        wanted = np.asarray(simulation.solve(F).impedance)
        assert impedance(p, state, F) == pytest.approx(wanted, rel=1e-8)


# --- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan, np.inf])
def test_frequencies_must_be_positive(wrong):
    with pytest.raises(ValueError, match=f"frequencies must be positive and finite, in Hz; found {wrong:g}"):
        impedance(CELL, None, [1.0, wrong])


def test_there_must_be_frequencies():
    with pytest.raises(ValueError, match="there are no frequencies"):
        impedance(CELL, None, [])


def test_a_state_outside_the_window_is_refused():
    state = uniform(CELL)
    state.cathode[0, 3, 5] = 1.01
    with pytest.raises(
        ValueError, match=r"the cathode's stoichiometries, 0.25 to 1.01, leave the window 0 to 1 that its"
    ):
        impedance(CELL, state, F)


def test_a_state_of_another_mesh_is_refused():
    with pytest.raises(ValueError, match=r"the cathode's state has shape \(1, 20, 20\); this cell and mesh need"):
        impedance(CELL, uniform(CELL, EVEN), F)


@pytest.mark.parametrize("change, words", [
    ({"double_layer": -0.1}, "double_layer is -0.1; it must be finite and not negative"),
    ({"double_layer_exponent": 1.2}, "double_layer_exponent is 1.2; it must be above 0 and at most 1"),
    ({"coating_permittivity": np.inf}, "coating_permittivity is inf"),
])  # fmt: skip
def test_layers_are_checked(change, words):
    with pytest.raises(ValueError, match=words):
        with_cathode(**change)
    with pytest.raises(ValueError, match=r"grain_boundary_exponent is 0\.0; it must be above 0"):
        replace(CELL, grain_boundary_exponent=0.0)
