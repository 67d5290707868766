"""Analytic limits of the cell model."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from nacre.physics.constants import FARADAY, GAS
from nacre.physics.ocp import sample_function
from nacre.physics.p2d import (
    BEST,
    EVEN,
    Exchange,
    Mesh,
    SolverCell,
    SolverStep,
    StepOutcome,
    charge_and_hold,
    constant_diffusivity,
    prepare,
    rest,
    simulate,
    throughput,
    uniform,
)
from nacre.physics.p2d.pack import surface_weights
from physics.p2d.cells import ANODE, CATHODE, CELL, ONE_C, layered_oxide, titanate, with_cathode


def test_low_rate_is_the_difference_of_the_open_circuit_potentials():
    tiny = 1e-4 * ONE_C
    s = simulate(CELL, SolverStep("current", -tiny, lowest=1.35), tolerance=1e-6)
    cathode = CATHODE.volume_fractions[0] * CATHODE.thickness * CATHODE.c_max * FARADAY
    anode = ANODE.volume_fractions[0] * ANODE.thickness * ANODE.c_max * FARADAY
    x = CATHODE.stoichiometry - s.charge / cathode
    y = ANODE.stoichiometry + s.charge / anode
    inner = x < 0.97
    assert inner.sum() > 20
    assert np.abs(s.voltage - (layered_oxide(x) - titanate(y)))[inner].max() < 2e-3


def _flat(value):
    return sample_function(lambda x: value + 0.0 * x, 0.0, 1.0)


def _newman_tobias(e, transfer):
    """Resistance of a porous electrode with linear kinetics and fixed composition (J. Electrochem. Soc. 109, 1183)."""
    area = 3.0 * e.volume_fractions[0] / e.radii[0] * e.contact
    k, s = e.ionic_conductivity, e.electronic_conductivity
    nu = e.thickness * np.sqrt(area / transfer * (1 / k + 1 / s))
    return e.thickness / (k + s) * (1 + (2 + (s / k + k / s) * np.cosh(nu)) / (nu * np.sinh(nu)))


def test_first_instant_is_ohmic():
    cathode = replace(CATHODE, ocp=_flat(3.8), electronic_conductivity=0.1)
    anode = replace(ANODE, ocp=_flat(1.5))
    cell = replace(CELL, cathode=cathode, anode=anode)
    current = 1e-3
    s = simulate(cell, SolverStep("current", current, seconds=0.0), Mesh(400, 400, 2, 2))
    total = cell.resistance
    for e in (cathode, anode):
        i0 = float(e.exchange(e.stoichiometry))
        total += _newman_tobias(e, GAS * cell.temperature / FARADAY / i0 + e.film)
    assert s.voltage[0] - 2.3 == pytest.approx(current * total, rel=2e-5)


def _sphere(tau, terms=4000):
    """Surface rise over N R / D for a constant flux N into a sphere (Crank, The Mathematics of Diffusion, eq. 6.45)."""
    q = [brentq(lambda z: np.sin(z) - z * np.cos(z), n * np.pi + 1e-9, (n + 0.5) * np.pi) for n in range(1, terms)]
    q, tau = np.array(q), np.asarray(tau, float)
    return 3 * tau + 0.2 - 2 * np.sum(np.exp(-np.outer(tau, q * q)) / q**2, axis=1)


def _diffusion_cell(d):
    easy = {"ionic_conductivity": 1e6, "electronic_conductivity": 1e6, "exchange": Exchange(1e4)}
    cathode = replace(CATHODE, **easy, diffusivity=constant_diffusivity(d), ocp=_flat(3.8), contact=1.0)
    return replace(CELL, cathode=cathode, anode=replace(ANODE, **easy, ocp=_flat(1.5)))


@pytest.mark.parametrize(("mesh", "bound"), [(Mesh(1, 1, 60, 4), 1e-4), (Mesh(1, 1, 120, 4), 3e-5)])
def test_surface_follows_the_series_for_constant_flux(mesh, bound):
    d, current = 2e-15, -10.0
    cell = _diffusion_cell(d)
    radius = CATHODE.radii[0]
    area = 3.0 * CATHODE.volume_fractions[0] / radius * CATHODE.thickness
    flux = -current / area / (FARADAY * CATHODE.c_max)
    tau = np.array([0.003, 0.01, 0.03, 0.1, 0.3])
    wanted = CATHODE.stoichiometry + flux * radius / d * _sphere(tau)
    times = tau * radius**2 / d
    p = prepare(cell, mesh)
    s = p.run(SolverStep("current", current, seconds=times[-1] + 1), times=[times], profiles=True, tolerance=1e-6)
    x = s.states[0][0][0][:, 0, 0]
    # parabola through the last three cells, as the solver does
    weights = np.array(surface_weights(mesh.cathode_shells, mesh.grading, True))
    surface = x[:, ::-1][:, :3] @ weights
    assert np.abs(surface - wanted).max() < bound


def test_transition_time_is_that_of_diffusion():
    """Without a voltage cut-off a large current ends when the surface is full, long before the particle is."""
    d, current = 2e-15, -600.0
    cell = _diffusion_cell(d)
    radius = CATHODE.radii[0]
    area = 3.0 * CATHODE.volume_fractions[0] / radius * CATHODE.thickness
    flux = -current / area / (FARADAY * CATHODE.c_max)
    wanted = brentq(lambda tau: 0.25 + flux * radius / d * _sphere([tau])[0] - 1.0, 1e-5, 1.0) * radius**2 / d
    s = simulate(cell, SolverStep("current", current), Mesh(1, 1, 150, 10), tolerance=1e-6)
    assert s.outcome is StepOutcome.CATHODE_FULL
    assert s.ends[-1] == pytest.approx(wanted, rel=1e-3)
    # Sand's equation for a half-space holds while the boundary layer is thin
    short = np.pi / 4 * d * (0.75 / flux) ** 2
    assert 0.6 * short < wanted < short


PROTOCOLS = {
    "discharge": (SolverStep("current", -ONE_C, lowest=1.35),),
    "cccv": (SolverStep("current", -10.0, lowest=1.35), *charge_and_hold(10.0, 2.75, 1.0), rest(3600.0)),
    "power": (SolverStep("power", -40.0, lowest=1.35), SolverStep("voltage", 2.3, seconds=2000.0), rest(1e6)),
}


@pytest.mark.parametrize("mesh", [BEST, EVEN, Mesh(3, 5, 7, 2)])
@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
def test_lithium_and_charge_are_conserved(name, mesh, tolerance):
    s = simulate(CELL, PROTOCOLS[name], mesh, tolerance=tolerance)
    assert s.complete
    cathode, anode = throughput(CELL, mesh, uniform(CELL, mesh), s.final)
    scale = np.abs(s.charge).max()
    assert abs(cathode - s.charge[-1]) < 1e-9 * scale
    assert abs(anode - s.charge[-1]) < 1e-9 * scale


def test_coating_in_series_costs_its_resistance_on_the_true_contact_area():
    area = 3.0 * CATHODE.volume_fractions[0] / CATHODE.radii[0] * CATHODE.contact * CATHODE.thickness
    easy = {"ionic_conductivity": 1e6, "electronic_conductivity": 1e6}
    bare = with_cathode(coating_thickness=0.0, **easy)
    coated = with_cathode(coating_thickness=10e-9, coating_conductivity=1e-8, **easy)
    first = [simulate(cell, SolverStep("current", -5.0, seconds=0.0)).voltage[0] for cell in (bare, coated)]
    assert first[0] - first[1] == pytest.approx(5.0 * 1.0 / area, rel=1e-4)


def test_kinetics_are_asinh_and_not_a_resistor():
    """Ten times the current on a small contact area costs far less than ten times the overpotential."""
    cell = with_cathode(contact=0.01, coating_thickness=0.0, interphase_thickness=0.0)
    drop = []
    for current in (1.0, 10.0):
        full, poor = (simulate(c, SolverStep("current", -current, seconds=0.0)).voltage[0] for c in (CELL, cell))
        drop.append(full - poor)
    assert drop[1] < 4.0 * drop[0]


def test_arrhenius_warms_every_named_value():
    energies = {"diffusivity": 3e4, "exchange": 5e4, "ionic_conductivity": 3e4, "coating_conductivity": 6e4}
    energies["interphase_resistivity"] = 4e4
    cell = replace(with_cathode(activation=energies), separator_activation=3e4)
    warm = cell.at(cell.temperature + 10.0)

    def factor(energy):
        return np.exp(energy / GAS * (1 / cell.temperature - 1 / warm.temperature))

    assert warm.cathode.diffusivity(0.5) == pytest.approx(cell.cathode.diffusivity(0.5) * factor(3e4))
    assert warm.cathode.exchange.reference == pytest.approx(CATHODE.exchange.reference * factor(5e4))
    assert warm.cathode.interphase_resistivity == pytest.approx(CATHODE.interphase_resistivity / factor(4e4))
    assert warm.separator_conductivity == pytest.approx(cell.separator_conductivity * factor(3e4))
    assert isinstance(warm, SolverCell) and warm.anode.exchange.reference == ANODE.exchange.reference
    back = warm.at(cell.temperature)
    assert back.cathode.coating_conductivity == pytest.approx(CATHODE.coating_conductivity)
