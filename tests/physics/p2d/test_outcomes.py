"""Extreme and malformed requests: named outcomes and sentences, never a hang or a NaN."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nacre.physics.ocp import interpolate_table, sample_function
from nacre.physics.p2d import (
    BEST,
    EVEN,
    Diffusivity,
    Exchange,
    Mesh,
    SolverStep,
    StepOutcome,
    charge_and_hold,
    constant_diffusivity,
    fields,
    prepare,
    rest,
    simulate,
    simulate_many,
    throughput,
    uniform,
    warm,
)
from physics.p2d.cells import ANODE, CATHODE, CELL, ONE_C, layered_oxide, with_anode, with_cathode

ONE_CELL = Mesh(1, 1, 1, 1)


def discharge(rate, **ends):
    return SolverStep("current", -rate * ONE_C, **ends)


def sound(solution):
    numbers = (solution.time, solution.voltage, solution.current, solution.charge)
    return all(np.isfinite(a).all() for a in (*numbers, solution.final.cathode, solution.final.anode))


CASES = {
    "10C": (CELL, discharge(10, lowest=1.35), StepOutcome.LOW_VOLTAGE),
    "10C, no cut-off": (CELL, discharge(10), StepOutcome.CATHODE_FULL),
    "nearly empty anode, no cut-off": (with_anode(stoichiometry=0.02), discharge(3), StepOutcome.ANODE_EMPTY),
    "insulating coating": (
        with_cathode(coating_conductivity=1e-20),
        discharge(1, lowest=1.35),
        StepOutcome.BEYOND_AT_START,
    ),
    "insulating coating, no cut-off": (
        with_cathode(coating_conductivity=1e-20),
        discharge(1),
        StepOutcome.CATHODE_FULL,
    ),
    "hardly any contact": (with_cathode(contact=1e-6), discharge(1, lowest=1.35), StepOutcome.BEYOND_AT_START),
    "hardly any contact, no cut-off": (with_cathode(contact=1e-6), discharge(1), StepOutcome.CATHODE_FULL),
    "full cathode": (with_cathode(stoichiometry=1.0), discharge(1, lowest=1.35), StepOutcome.CATHODE_FULL),
    "full cathode charged": (
        with_cathode(stoichiometry=1.0),
        SolverStep("current", ONE_C, highest=2.75),
        StepOutcome.HIGH_VOLTAGE,
    ),
    "empty anode": (with_anode(stoichiometry=0.0), discharge(1, lowest=1.35), StepOutcome.ANODE_EMPTY),
    "empty anode at rest": (with_anode(stoichiometry=0.0), rest(1e6), StepOutcome.TIME_REACHED),
    "long rest": (CELL, rest(1e6), StepOutcome.TIME_REACHED),
    "too much power": (CELL, SolverStep("power", -40000.0), StepOutcome.POWER_IMPOSSIBLE),
    "held far above": (CELL, SolverStep("voltage", 3.5, seconds=3600.0), StepOutcome.CATHODE_EMPTY),
    "charge cut-off": (CELL, discharge(1, charge=3600.0), StepOutcome.CHARGE_CUT_OFF),
    "no time at all": (CELL, rest(0.0), StepOutcome.TIME_REACHED),
}


@pytest.mark.parametrize("mesh", [BEST, EVEN])
@pytest.mark.parametrize("name", CASES)
def test_extremes_have_names(name, mesh):
    cell, step, wanted = CASES[name]
    s = simulate(cell, step, mesh)
    assert s.outcome is wanted
    assert sound(s) and s.solves < 3000
    assert s.outcome.words and s.complete == wanted.normal


def test_a_table_that_is_too_short_says_so_and_keeps_what_was_reached():
    x = np.linspace(0.2, 0.7, 30)
    s = simulate(with_cathode(ocp=interpolate_table(x, layered_oxide(x))), discharge(0.1, lowest=1.35))
    assert s.outcome is StepOutcome.CATHODE_FULL and not s.complete
    assert "full end of the stoichiometries that its open-circuit potential covers" in s.outcome.words
    assert s.voltage[-1] > 2.0 and s.time[-1] > 1e4


@pytest.mark.parametrize("mesh", [ONE_CELL, Mesh(1, 1, 20, 20), Mesh(20, 20, 1, 1), Mesh(3, 50, 7, 2)])
def test_any_mesh_runs(mesh):
    s = simulate(CELL, (discharge(1, lowest=1.35), rest(1e6)), mesh)
    assert s.outcomes == (StepOutcome.LOW_VOLTAGE, StepOutcome.TIME_REACHED) and sound(s)
    assert np.ptp(s.final.cathode) < 1e-3


def test_an_infeasible_step_ends_the_protocol_and_keeps_the_steps_before():
    s = simulate(CELL, (discharge(1, seconds=60.0), discharge(20, lowest=1.35), rest(60.0)))
    assert s.outcomes == (StepOutcome.TIME_REACHED, StepOutcome.BEYOND_AT_START)
    assert s.ends[0] == pytest.approx(60.0) and s.charge[-1] == pytest.approx(-60.0 * ONE_C)


def test_cut_offs_are_met():
    s = simulate(CELL, (discharge(0.5, lowest=1.35), *charge_and_hold(10.0, 2.75, 1.0)))
    ends = [np.flatnonzero(s.step == k)[-1] for k in range(3)]
    assert s.voltage[ends[0]] == pytest.approx(1.35, abs=1e-6)
    assert s.voltage[ends[1]] == pytest.approx(2.75, abs=1e-6)
    assert s.current[ends[2]] == pytest.approx(1.0, rel=1e-5)
    held = s.voltage[s.step == 2]
    assert np.abs(held - 2.75).max() < 1e-6


def test_the_step_limit_is_an_outcome():
    s = simulate(CELL, discharge(1, lowest=1.35), max_steps=10)
    assert s.outcome is StepOutcome.STEP_LIMIT and len(s.time) == 10


def test_many_equal_one_by_one_whatever_the_threads():
    cells = [with_cathode(contact=c) for c in np.linspace(0.1, 1.0, 9)]
    protocols = (discharge(1, lowest=1.35), discharge(0.2, lowest=1.35))
    alone = [[simulate(cell, p) for p in protocols] for cell in cells]
    for threads in (1, 2):
        for many, single in zip(simulate_many(cells, protocols, threads=threads), alone, strict=True):
            for a, b in zip(many, single, strict=True):
                assert np.array_equal(a.voltage, b.voltage) and np.array_equal(a.time, b.time)


def test_equal_classes_are_one_class():
    two = with_cathode(radii=(2.5e-6, 2.5e-6), volume_fractions=(0.2, 0.21))
    one, both = (simulate(cell, discharge(1, lowest=1.35), tolerance=1e-7) for cell in (CELL, two))
    assert both.ends[-1] == pytest.approx(one.ends[-1], rel=1e-7)


def test_curves_of_diffusivity_and_exchange_equal_their_closed_forms():
    table = Diffusivity(log_curve=sample_function(lambda x: np.log(CATHODE.diffusivity(x)), 0.0, 1.0))
    assert table(0.3) == pytest.approx(CATHODE.diffusivity(0.3))
    power = Exchange(2.0, 0.5, 1.2)
    factor = sample_function(lambda x: 0.7 * np.log(1.0 - 0.999 * x), 0.0, 1.0)
    curve = Exchange(2.0, 0.5, 0.5, factor)
    assert curve(0.3) == pytest.approx(power(0.3), rel=1e-3)
    results = [
        simulate(with_cathode(**change), discharge(1, lowest=1.35), tolerance=1e-7).ends[-1]
        for change in ({}, {"diffusivity": table}, {"exchange": power}, {"exchange": curve})
    ]
    assert results[1] == pytest.approx(results[0], rel=1e-6)
    assert results[3] == pytest.approx(results[2], rel=1e-3)
    assert abs(results[2] / results[0] - 1) > 1e-4


def test_warm_says_how_long_it_took():
    assert 0.0 < warm() < 600.0


def test_profiles_and_fields():
    p = prepare(CELL)
    s = p.run(discharge(1, lowest=1.35), times=[np.array([0.0, 100.0, 1000.0])], profiles=True)
    (x, j), _ = s.states[0]
    assert x.shape == (3, 1, 16, 28) and j.shape == (3, 1, 16)
    over = fields(CATHODE, j[1])
    assert over.ionic[0] == pytest.approx(ONE_C, rel=1e-6) and over.ionic[-1] == 0.0
    assert (np.diff(over.electrolyte) < 0).all() and len(over.depth) == 16


ANYTHING = st.fixed_dictionaries(
    {
        "contact": st.floats(-4, 0),
        "coating": st.floats(-12, -5),
        "i0": st.floats(-3, 2),
        "ionic": st.floats(-3, 0),
        "electronic": st.floats(-2, 2),
        "d": st.floats(-17, -13),
        "steep": st.floats(-8, 2),
        "radius": st.floats(-6.5, -5),
        "x": st.floats(0, 1),
        "y": st.floats(0, 1),
        "rate": st.floats(-10, 10),
        "classes": st.integers(1, 3),
        "shells": st.integers(1, 12),
        "nodes": st.integers(1, 9),
        "tolerance": st.floats(-7, -3),
        "even": st.booleans(),
    }
)


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(ANYTHING)
def test_any_possible_cell_ends_with_a_name(v):
    classes = v["classes"]
    cathode = replace(
        CATHODE,
        contact=10 ** v["contact"],
        coating_conductivity=10 ** v["coating"],
        exchange=Exchange(10 ** v["i0"], 0.5, 0.5 if v["even"] else 1.5),
        ionic_conductivity=10 ** v["ionic"],
        electronic_conductivity=10 ** v["electronic"],
        diffusivity=Diffusivity((np.log(10) * v["d"], v["steep"], -abs(v["steep"]))),
        radii=tuple(10 ** v["radius"] * (1 + k) for k in range(classes)),
        volume_fractions=(0.4 / classes,) * classes,
        stoichiometry=v["x"],
    )
    cell = replace(CELL, cathode=cathode, anode=replace(ANODE, stoichiometry=v["y"]))
    mesh = Mesh(v["nodes"], 4, v["shells"], 5, 0.0 if v["even"] else 2.0, not v["even"])
    tolerance = 10 ** v["tolerance"]
    steps = (SolverStep("current", v["rate"], seconds=1e5, lowest=1.0, highest=3.2), rest(1e4), rest(1e6))
    s = simulate(cell, steps, mesh, tolerance=tolerance)
    assert sound(s) and s.outcome.words and s.outcome is not StepOutcome.STUCK
    assert s.solves < 20000
    if len(s.time):
        moved = throughput(cell, mesh, uniform(cell, mesh), s.final)
        scale = np.abs(s.charge).max() + 1e-3
        assert max(abs(m - s.charge[-1]) for m in moved) < 1e-9 * scale + 1e-6


def started(**wrong):
    """A state with one stoichiometry, the last, that is wrong."""
    state = uniform(CELL, Mesh())
    for part, value in wrong.items():
        getattr(state, part)[-1, -1, -1] = value
    return state


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: replace(CATHODE, contact=0.0), "contact is 0.0; it must be above 0 and at most 1"),
        (lambda: replace(CATHODE, radii=(1e-6, 2e-6)), "that of the volume fractions, 1"),
        (lambda: replace(CATHODE, stoichiometry=1.2), "stoichiometry is 1.2; it must be from 0 to 1"),
        (lambda: replace(CATHODE, thickness=float("nan")), "thickness is nan; it must be positive"),
        (lambda: replace(CELL, temperature=-3.0), "temperature is -3.0; it must be positive"),
        (lambda: constant_diffusivity(0.0), "the diffusivity is 0.0; it must be positive, in m2/s"),
        (lambda: Mesh(cathode_shells=0), "cathode_shells is 0; it must be from 1 to 400"),
        (lambda: SolverStep("watt", 1.0), "must be one of current, voltage, power"),
        (lambda: SolverStep("current", float("inf")), "must be a finite number"),
        (lambda: SolverStep("voltage", 2.0), "would never end; give it seconds, or current_below"),
        (lambda: rest(float("inf")), "would never end"),
        (
            lambda: SolverStep("current", 1.0, lowest=3.0, highest=2.0),
            "lowest voltage 3.0 is not below its highest 2.0",
        ),
        (lambda: simulate(CELL, ()), "the protocol has no steps"),
        (lambda: simulate(CELL, rest(1.0), tolerance=0.1), "the tolerance is 0.1; it must lie from 1e-09 to 0.001"),
        (lambda: simulate(CELL, rest(1.0), state=uniform(CELL, EVEN), mesh=ONE_CELL), "this cell and mesh need"),
        (
            lambda: simulate(CELL, rest(1.0), state=started(cathode=1.01)),
            "the cathode's stoichiometries must lie from 0",
        ),
        (
            lambda: simulate(CELL, rest(1.0), state=started(anode=-1e-9)),
            "the anode's stoichiometries must lie from 0 to",
        ),
        (lambda: simulate(CELL, rest(1.0), state=started(anode=float("nan"))), "the anode's stoichiometries must lie"),
        (lambda: simulate(with_cathode(contact=np.ones(3)), rest(1.0)), "the mesh has 16 nodes"),
        (lambda: simulate(CELL, rest(1.0), times=[]), "times has 0 entries"),
    ],
)
def test_malformed_requests_are_refused_in_words(make, words):
    with pytest.raises(ValueError) as caught:
        make()
    assert words in str(caught.value)
