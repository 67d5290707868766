"""Derivatives of solutions: exact identities, limits that are known, differences of tight solutions, and bad input."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.physics.constants import FARADAY
from nacre.physics.ocp import sample_function
from nacre.physics.p2d import (
    BEST,
    Diffusivity,
    Exchange,
    Mesh,
    SolverStep,
    StepOutcome,
    charge_and_hold,
    combine,
    constant_diffusivity,
    prepare,
    rest,
    sensitivities,
    tangent,
)
from physics.p2d.cells import CATHODE, CELL, LOG_D, ONE_C, layered_oxide, titanate, with_anode, with_cathode

SMALL = Mesh(5, 4, 9, 6)
DISCHARGE = (SolverStep("current", -ONE_C, lowest=1.35),)
MIXED = (
    *DISCHARGE,
    *charge_and_hold(10.0, 2.75, 2.0),
    rest(1000.0),
    SolverStep("power", -40.0, lowest=1.4),
    SolverStep("current", 20.0, charge=20000.0),
)
LATER = (1.0, 30.0, 300.0, 900.0)
# value and cell of each parameter; all act through `Cell` but the rate
CELLS = {
    "contact": (0.6, lambda v: with_cathode(contact=v)),
    "diffusivity": (1.0, lambda v: with_cathode(diffusivity=CATHODE.diffusivity.times(v))),
    "shape of D": (2.2, lambda v: with_cathode(diffusivity=Diffusivity((LOG_D[0], LOG_D[1], v, LOG_D[3])))),
    "exchange": (2.0, lambda v: with_cathode(exchange=Exchange(v))),
    "power of x": (0.5, lambda v: with_cathode(exchange=Exchange(2.0, v, 0.5))),
    "cathode": (54e-6, lambda v: with_cathode(thickness=v)),
    "ionic": (0.04, lambda v: with_cathode(ionic_conductivity=v)),
    "radius": (2.5e-6, lambda v: with_cathode(radii=(v,))),
    "stoichiometry": (0.25, lambda v: with_cathode(stoichiometry=v)),
    "anode": (448e-6, lambda v: with_anode(thickness=v)),
    "anode's diffusivity": (2e-16, lambda v: with_anode(diffusivity=constant_diffusivity(v))),
    "temperature": (318.15, lambda v: replace(CELL, temperature=v)),
    "grain boundary": (2e-4, lambda v: replace(CELL, grain_boundary_resistance=v)),
}


def of(make, value, steps=DISCHARGE, mesh=SMALL, size=1e-4):
    return tangent(lambda v: (make(v), tuple(steps)), value, size * value if value else size, mesh=mesh)


def run(tangents, steps=DISCHARGE, mesh=SMALL, cell=CELL, times=None, tolerance=1e-7):
    return sensitivities(prepare(cell, mesh), steps, tangents, tolerance=tolerance, times=times)


# --- truth ----------------------------------------------------------------------------------------------------


def test_a_series_resistance_shifts_the_voltage_by_the_current():
    """To rounding: the cell's whole resistance, 1.5e-3 ohm m2, differenced over 4e-8, is known to 1e-11 of 1."""
    value, make = CELLS["grain boundary"]
    t = of(make, value)
    (found,) = run([t], times=[np.array([0.0, 1.0, 77.7, 1000.0])])
    assert found.d_voltage[:, 0] == pytest.approx(-ONE_C, rel=1e-9)
    assert found.own[:, 0, 0] == pytest.approx(-ONE_C, rel=1e-9)
    # the end comes when the voltage, lower by I dR, meets the cut-off
    assert found.d_end[0, 0] == pytest.approx(ONE_C / found.end_slope[0], rel=1e-9)
    assert found.d_end[3, 0] == pytest.approx(-ONE_C * found.d_end[0, 0], rel=1e-12)
    assert found.d_end[1, 0] == pytest.approx(0.0, abs=1e-9 * ONE_C)


def test_a_shift_of_the_anodes_potential_shifts_the_voltage():
    t = of(lambda v: with_anode(ocp=sample_function(lambda x: titanate(x) + v, 0.0, 1.0)), 0.0)
    (found,) = run([t], times=[np.array(LATER)])
    assert found.d_voltage[:, 0] == pytest.approx(-1.0, rel=1e-8)


def test_how_long_a_given_charge_takes_does_not_depend_on_the_cell():
    """Exactly, whatever came before: of a current and a charge that are given nothing is left to round."""
    (*_, last) = run([of(f, v, MIXED) for v, f in CELLS.values()], MIXED, times=[np.array(LATER)] * 6)
    assert last.outcome is StepOutcome.CHARGE_CUT_OFF and (last.d_voltage != 0.0).all()
    assert not last.d_end[[0, 2, 3]].any() and not last.d_current.any() and not last.d_charge.any()


def test_parameters_that_act_together_only():
    """R -> a R, D -> a^2 D, contact -> a contact leaves every equation as it is; so does i0 with i0's curve."""
    factor = sample_function(lambda x: 0.3 * x, 0.0, 1.0)
    cell = with_cathode(exchange=Exchange(2.0, 0.6, 0.4, factor))
    e = cell.cathode

    def changed(**changes):
        return replace(cell, cathode=replace(e, **changes))

    makers = (
        (lambda v: changed(radii=(v * e.radii[0],)), 1.0),
        (lambda v: changed(diffusivity=e.diffusivity.times(v)), 1.0),
        (lambda v: changed(contact=v * e.contact), 1.0),
        (lambda v: changed(exchange=replace(e.exchange, reference=2.0 * v)), 1.0),
        (lambda v: changed(exchange=replace(e.exchange, log_factor=sample_function(lambda x: 0.3 * x + v, 0, 1))), 0.0),
    )
    found = run([of(make, value, MIXED) for make, value in makers], MIXED, cell=cell, times=[np.array(LATER)] * 6)
    for step in found:
        for d in (step.d_voltage, step.d_current, step.d_end):
            radius, diffusion, contact, reference, curve = np.moveaxis(d, -1, 0)
            scale = np.abs(diffusion).max()
            assert radius + 2.0 * diffusion + contact == pytest.approx(0.0, abs=1e-6 * scale + 1e-12)
            assert reference == pytest.approx(curve, rel=1e-6, abs=1e-10)


def test_at_low_rate_it_is_the_slope_of_the_open_circuit_potentials():
    tiny = 1e-4 * ONE_C
    steps = (SolverStep("current", -tiny, lowest=1.35),)
    start, thickness = lambda v: with_cathode(stoichiometry=v), lambda v: with_cathode(thickness=v)
    t = [of(start, 0.25, steps), of(thickness, 54e-6, steps)]
    (found,) = run(t, steps, times=[np.linspace(1e6, 1.5e7, 8)])
    sites = CATHODE.volume_fractions[0] * CATHODE.thickness * CATHODE.c_max * FARADAY
    x = CATHODE.stoichiometry - found.charge / sites
    slope = (layered_oxide(x + 1e-6) - layered_oxide(x - 1e-6)) / 2e-6
    assert found.d_voltage[:, 0] == pytest.approx(slope, rel=2e-3)
    # x = x0 - Q / sites, and the sites grow with the thickness
    moved = slope * (CATHODE.stoichiometry - x) / CATHODE.thickness
    assert found.d_voltage[:, 1] == pytest.approx(moved, rel=2e-3)


def difference(make, value, steps, times, part=4e-3, tolerance=1e-9):
    """Fourth-order central difference of whole solutions: ends (time, charge), and voltages and currents at times."""
    runs = []
    for k in (-2, -1, 1, 2):
        cell, changed = make(value * (1.0 + k * part))
        p, state, rows = prepare(cell, SMALL), None, []
        for step, asked in zip(changed, times, strict=True):
            s = p.run(step, state, tolerance, times=[asked])
            state = s.final
            rows.append(np.concatenate([[s.time[-1], s.charge[-1]], s.sampled[0][:, 1], s.sampled[0][:, 2]]))
        runs.append(rows)
    h = part * value
    return [(a - 8 * b + 8 * c - d) / (12 * h) for a, b, c, d in zip(*runs, strict=True)]


# The solver finds the end of a step to 1e-11 of it; a difference over 4e-3 makes up to 4e-9 of that. A derivative of
# which 1e-4 is less than this cannot be compared with its own size, and a change of nothing is compared with this one.
LEAST = 4e-5


def compare(found, wanted, p, value):
    """Largest error of ends, voltages and currents per part of the value: relative to the largest derivative of that
    kind, where this is above what a difference can tell."""
    worst = 0.0
    n = len(found.time)
    mine = np.concatenate([found.d_end[[0, 3], p], found.d_voltage[:, p], found.d_current[:, p]])
    sizes = found.end[0], 3600.0 * ONE_C, 1.0, ONE_C
    for part, size in zip((slice(0, 1), slice(1, 2), slice(2, 2 + n), slice(2 + n, None)), sizes, strict=True):
        scale = max(np.abs(wanted[part]).max(), LEAST * size / value)
        worst = max(worst, np.abs(mine[part] - wanted[part]).max() / scale)
    return worst


@pytest.mark.slow
def test_differences_of_tight_solutions_agree():
    times = [np.array([1.0, 30.0, 300.0, 900.0])] * 2 + [np.array([1.0, 30.0, 300.0])] + [np.array(LATER)] * 3
    rate = lambda v: (CELL, tuple(replace(s, value=s.value * v) if s.mode == "current" else s for s in MIXED))  # noqa: E731
    makes = {name: (value, lambda v, f=f: (f(v), MIXED)) for name, (value, f) in CELLS.items()} | {"rate": (1.0, rate)}
    tangents = [tangent(make, value, 1e-4 * value, mesh=SMALL) for value, make in makes.values()]
    found = run(tangents, MIXED, times=times, tolerance=1e-9)
    outcomes = [step.outcome for step in found]
    assert outcomes == [StepOutcome.LOW_VOLTAGE, StepOutcome.HIGH_VOLTAGE, StepOutcome.CURRENT_CUT_OFF, StepOutcome.TIME_REACHED,
                        StepOutcome.LOW_VOLTAGE, StepOutcome.CHARGE_CUT_OFF]  # fmt: skip
    for p, (value, make) in enumerate(makes.values()):
        wanted = difference(make, value, MIXED, times)
        errors = [compare(step, w, p, value) for step, w in zip(found, wanted, strict=True)]
        assert max(errors) < 1e-4, (list(makes)[p], errors)


# --- behaviour ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mesh", [Mesh(1, 1, 1, 1), Mesh(1, 2, 2, 3), Mesh(9, 3, 7, 2), BEST])
def test_any_mesh_and_several_sizes_of_particles(mesh):
    """Conservation, differentiated: charge passed by then does not depend on what the particles are like."""
    cell = with_cathode(radii=(1e-6, 2e-6, 5e-6), volume_fractions=(0.1, 0.2, 0.11))

    def sized(v):
        return replace(cell, cathode=replace(cell.cathode, radii=tuple(v * r for r in cell.cathode.radii)))

    t = [of(sized, 1.0, MIXED, mesh), of(lambda v: replace(cell, contact_resistance=v), 1e-3, MIXED, mesh)]
    found = run(t, MIXED, mesh, cell, times=[np.array(LATER)] * 6)
    assert all(np.isfinite(a).all() for s in found for a in (s.own, s.d_end, s.d_voltage, s.d_current))
    assert found[0].d_charge == pytest.approx(np.zeros((len(found[0].time), 2)), abs=1e-9)
    assert found[5].d_end[3] == pytest.approx(0.0, abs=1e-9)


def test_equal_classes_are_one_class():
    two = with_cathode(radii=(2.5e-6, 2.5e-6), volume_fractions=(0.2, 0.21))
    makes = lambda cell: [lambda v: replace(cell, cathode=replace(cell.cathode, contact=v)),  # noqa: E731
                          lambda v: replace(cell, cathode=replace(cell.cathode, thickness=v))]  # fmt: skip
    one, both = (
        run([of(m, v, MIXED) for m, v in zip(makes(cell), (0.6, 54e-6), strict=True)], MIXED, cell=cell)
        for cell in (CELL, two)
    )
    for a, b in zip(one, both, strict=True):
        assert b.d_end == pytest.approx(a.d_end, rel=1e-4, abs=1e-6 * np.abs(a.d_end).max())


def test_asked_instants_lie_on_the_solvers_own():
    t = [of(f, v) for v, f in CELLS.values()]
    (plain,) = run(t)
    times = plain.solution.time[::7]
    (found,) = run(t, times=[times])
    assert found.time == pytest.approx(times)
    assert found.voltage == pytest.approx(plain.solution.voltage[::7], abs=1e-9)
    scale = np.abs(plain.own[:, :, 0]).max(0)
    assert np.abs(found.d_voltage - plain.own[::7, :, 0]).max(0) == pytest.approx(0.0 * scale, abs=1e-6 * scale.max())
    # the slope in time is that of the curve
    middle = slice(4, -4)
    curve = np.gradient(found.voltage, found.time)
    assert found.voltage_slope[middle] == pytest.approx(curve[middle], rel=0.2)


def test_the_default_tolerance_gives_nearly_the_same():
    values = np.array([v for v, _ in CELLS.values()])
    t = [of(f, v, MIXED) for v, f in CELLS.values()]
    tight, loose = (run(t, MIXED, tolerance=tolerance) for tolerance in (1e-8, 1e-4))
    # ends by voltage at constant current; at constant power a deviation feeds itself where the voltage falls steeply
    for k, bound in ((0, 2e-4), (1, 1e-3), (2, 3e-3), (4, 0.02)):
        a, b = (found[k].d_end[3] * values / found[k].end[3] for found in (tight, loose))
        assert np.abs(a - b).max() < bound * np.abs(a).max()


def test_a_cut_off_passed_at_once_takes_no_time():
    steps = (SolverStep("current", -ONE_C, lowest=1.35), SolverStep("current", -ONE_C, lowest=1.5), rest(10.0))
    found = run([of(CELLS["contact"][1], 0.6, steps)], steps, times=[np.array([5.0])] * 3)
    assert found[1].outcome is StepOutcome.BEYOND_AT_START
    assert found[1].end[0] == 0.0 and found[1].d_end[0, 0] == 0.0 and found[1].d_end[3, 0] == 0.0
    assert found[2].d_voltage[0, 0] != 0.0


def test_where_no_current_flows_there_is_no_derivative_at_fixed_charge():
    steps = (SolverStep("current", -ONE_C, seconds=600.0), rest(10.0))
    found = run([of(CELLS["contact"][1], 0.6, steps)], steps, times=[np.array([300.0]), np.array([5.0])])
    assert np.isnan(found[1].d_voltage_at_charge).all()
    assert found[0].d_voltage_at_charge == pytest.approx(found[0].d_voltage)


def test_a_trace_changes_nothing():
    p = prepare(CELL, SMALL)
    plain, traced = p.run(MIXED), p.run(MIXED, trace=True)
    assert np.array_equal(plain.voltage, traced.voltage) and plain.trace.shape[0] == 0
    assert traced.trace.shape[0] == len(traced.time) and traced.trace[0, 0] == 0 and traced.trace[1, 0] == 1
    assert set(traced.trace[:, 0]) <= set(range(6))


# --- bad input ------------------------------------------------------------------------------------------------


def _two_sizes(v):
    return with_cathode(radii=(1e-6,) * round(v), volume_fractions=(0.4 / round(v),) * round(v)), DISCHARGE


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: tangent(_two_sizes, 2.0, 1.0), "the number of particle classes changes with the parameter"),
        (
            lambda: combine([(CELL, s) for s in (MIXED[:1], MIXED[4:5])], np.array([-1.0, 1.0]), CELL, BEST),
            "the modes of the protocol's steps change with the parameter",
        ),
        (lambda: run([of(CELLS["contact"][1], 0.6)], MIXED), "a tangent was made for 1 steps, but the protocol has 6"),
        (lambda: run([], MIXED, times=[np.zeros(1)]), "times has 1 entries; give one array"),
        (
            lambda: run([of(CELLS["contact"][1], 0.6, (rest(1.0), SolverStep("current", -10 * ONE_C)))],
                        (rest(1.0), SolverStep("current", -10 * ONE_C))),
            "step 2 ended out of order, its derivatives cannot be told: depleted: a cathode particle's surface",
        ),
    ],
)  # fmt: skip
def test_what_has_no_derivative_is_refused_in_words(make, words):
    with pytest.raises(ValueError) as caught:
        make()
    assert words in str(caught.value)


def test_ten_times_the_parameters_give_the_same_numbers():
    """Each parameter is on its own: others beside it change nothing."""
    many = [of(f, v, MIXED) for v, f in CELLS.values()]
    together = run(many, MIXED)
    for p in (0, 3, 11):
        alone = run([many[p]], MIXED)
        for a, b in zip(alone, together, strict=True):
            assert np.array_equal(a.d_end[:, 0], b.d_end[:, p])
