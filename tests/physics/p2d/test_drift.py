"""Slow changes while a step runs: closed forms, scaling, conservation, order of convergence."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.physics.constants import FARADAY
from nacre.physics.p2d import EVEN, Course, Drifting, Mesh, SolverStep, filling, prepare
from physics.p2d.cells import CATHODE, CELL, ONE_C

MESH = Mesh(4, 4, 12, 6)
FRESH = Course((CATHODE.contact,) * 2, CATHODE.active, (CATHODE.film,) * 2)
DISCHARGE = SolverStep("current", -ONE_C, seconds=1500.0)
TIMES = [np.linspace(0.0, 1400.0, 15)]


def run(course, step=DISCHARGE, series=(0.0, 0.0), cell=CELL, mesh=MESH, seconds=1000.0, **options):
    prepared = prepare(cell, mesh)
    Drifting(prepared.cathode, cell.cathode).set(course, seconds)
    prepared.series[:] += series
    return prepared.run(step, **{"tolerance": 1e-7, "times": TIMES, **options})


def test_a_course_that_stands_still_changes_nothing():
    plain = prepare(CELL, MESH).run(DISCHARGE, tolerance=1e-7, times=TIMES)
    still = run(FRESH)
    assert still.sampled[0][:, 1] == pytest.approx(plain.sampled[0][:, 1], abs=1e-12)
    # nor do the same values given as those of another cell
    other = replace(CELL, cathode=replace(CATHODE, contact=0.3, active=0.7, coating_thickness=20e-9))
    course = Course((0.3, 0.3), 0.7, (other.cathode.film,) * 2, (0.5, 0.5))
    wanted = replace(other, cathode=replace(other.cathode, diffusivity=CATHODE.diffusivity.times(0.5)))
    plain = prepare(wanted, MESH).run(DISCHARGE, tolerance=1e-7, times=TIMES)
    assert run(course).sampled[0][:, 1] == pytest.approx(plain.sampled[0][:, 1], abs=1e-9)


def test_resistances_that_grow_add_their_voltage():
    plain, t = run(FRESH).sampled[0][:, 1], TIMES[0]
    grown = run(FRESH, series=(1e-4, 2e-7)).sampled[0][:, 1]
    assert grown - plain == pytest.approx(-ONE_C * (1e-4 + 2e-7 * t), abs=1e-9)
    # a film on one node: every particle carries the same current
    single, film = Mesh(1, 1, 12, 6), CATHODE.film
    area = 3 * CATHODE.volume_fractions[0] / CATHODE.radii[0] * CATHODE.thickness * CATHODE.contact
    plain = run(FRESH, mesh=single).sampled[0][:, 1]
    thick = run(Course(FRESH.contact, 1.0, (film, film + 1e-2)), mesh=single).sampled[0][:, 1]
    assert thick - plain == pytest.approx(-ONE_C / area * 1e-5 * t, abs=1e-9)


def test_half_of_the_particles_at_half_of_the_current():
    step = SolverStep("current", -ONE_C, lowest=1.35)
    quick = replace(CELL, separator_thickness=0.0, grain_boundary_resistance=0.0, cathode=replace(
        CATHODE, ionic_conductivity=1e5, electronic_conductivity=1e5), anode=replace(
        CELL.anode, thickness=0.1, ionic_conductivity=1e6, electronic_conductivity=1e6))  # fmt: skip
    whole = run(Course(FRESH.contact, 1.0, FRESH.film), step, cell=quick, times=None)
    half = run(Course(FRESH.contact, 0.5, FRESH.film), replace(step, value=-ONE_C / 2), cell=quick, times=None)
    assert half.charge[-1] == pytest.approx(0.5 * whole.charge[-1], rel=1e-3)


def test_lithium_is_conserved_while_contact_film_and_diffusivity_run():
    course = Course((0.6, 0.1), 0.8, (1e-3, 5e-2), (1.0, 0.3))
    steps = (
        DISCHARGE,
        SolverStep("voltage", 2.0, seconds=500.0),
        SolverStep("current", 2 * ONE_C, seconds=300.0, highest=2.6),
    )
    prepared = prepare(CELL, MESH)
    Drifting(prepared.cathode, CATHODE).set(course, 3000.0)
    s = prepared.run(steps, tolerance=1e-4)
    x = filling(MESH, s.final.cathode).mean()
    sites = FARADAY * CATHODE.c_max * CATHODE.thickness * CATHODE.volume_fractions[0] * 0.8
    assert sites * (CATHODE.stoichiometry - x) == pytest.approx(s.charge[-1], rel=1e-10)


def test_a_straight_line_is_met_by_many_short_steps():
    """The course against a staircase of middles, which converges to it (diffusion: with the width to the power 1.5)."""
    step = replace(DISCHARGE, value=-0.3 * ONE_C)
    begin, end = (0.6, 1e-3, 1.0), (0.3, 2e-3, 0.7)
    whole = run(_course(begin, end), step, seconds=1500.0, times=None)
    wanted = whole.voltage[-1]
    errors = []
    for n in (4, 8, 16):
        prepared, state = prepare(CELL, MESH), None
        drifting = Drifting(prepared.cathode, CATHODE)
        width = 1500.0 / n
        for k in range(n):
            middle, b = (_at(begin, end, (k + s) / n) for s in (0.5, 1.0))
            drifting.set(_course(middle, middle), width)
            s = prepared.run(replace(step, seconds=width), state, tolerance=1e-8)
            state = s.final
        # what the last stair lacks at its end: the film and contact of the end, not of the middle
        drifting.set(_course(b, b), width)
        last = prepared.run(SolverStep("current", step.value, seconds=0.0), state, times=[np.zeros(1)])
        errors.append(abs(last.sampled[0][0, 1] - wanted))
    assert errors[-1] < 2e-4 and errors[1] < 0.4 * errors[0] and errors[2] < 0.4 * errors[1]


def _at(begin, end, t):
    """Contact and film on a straight line, diffusivity on that of its logarithm."""
    (c0, f0, d0), (c1, f1, d1) = begin, end
    return c0 + t * (c1 - c0), f0 + t * (f1 - f0), d0 * (d1 / d0) ** t


def _course(begin, end):
    (c0, f0, d0), (c1, f1, d1) = begin, end
    return Course((c0, c1), 1.0, (f0, f1), (d0, d1))


def test_values_by_node_and_a_cathode_of_constant_diffusivity():
    cathode = replace(CATHODE, diffusivity=CELL.anode.diffusivity)
    cell = replace(CELL, cathode=cathode)
    nodes = np.linspace(0.2, 0.6, 4)
    course = Course((nodes, nodes), 1.0, (np.full(4, 1e-3),) * 2, (2.0, 2.0))
    made = replace(cathode, contact=nodes, diffusivity=cathode.diffusivity.times(2.0), coating_conductivity=np.inf,
                   interphase_thickness=1e-3, interphase_resistivity=1.0)  # fmt: skip
    plain = prepare(replace(cell, cathode=made), MESH).run(DISCHARGE, tolerance=1e-7, times=TIMES)
    assert run(course, cell=cell).sampled[0][:, 1] == pytest.approx(plain.sampled[0][:, 1], abs=1e-8)


def test_the_anode_may_drift_too():
    prepared = prepare(CELL, EVEN)
    drifting = Drifting(prepared.anode, CELL.anode)
    drifting.set(Course((1.0, 0.5), 1.0, (0.0, 0.0)), 1000.0)
    s = prepared.run(DISCHARGE, tolerance=1e-7)
    assert s.voltage[-1] < prepare(CELL, EVEN).run(DISCHARGE, tolerance=1e-7).voltage[-1] - 1e-3
