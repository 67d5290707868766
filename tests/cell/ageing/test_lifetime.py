"""Long runs: known limits, books, an independent code, jumps, what is measured on the way, and bad input."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cell.cells import BARE, LHO, closed_form, fixed_share, to_coulombs
from cell.discharged import DISCHARGED
from nacre.cell.ageing import long_test as walking
from nacre.cell.ageing.jumping import JumpSettings
from nacre.cell.ageing.lifetime import COLUMNS, CYCLE_LIFE, RATE_TEST, KeptCycles, age
from nacre.cell.ageing.long_test import COARSE, LongTestAccuracy
from nacre.cell.ageing.mechanisms.contact import ContactLoss
from nacre.cell.ageing.mechanisms.diffusivity import DiffusivityLoss
from nacre.cell.ageing.mechanisms.fracture import Fracture
from nacre.cell.ageing.mechanisms.interphase import Interphase
from nacre.cell.ageing.mechanisms.series import SeriesGrowth
from nacre.cell.ageing.observables import find_peak_position, measure_interfacial_resistance
from nacre.cell.ageing.slow_states import Ageing
from nacre.cell.protocol import bind_to_cell, parse_protocol, unroll_steps
from nacre.cell.simulate import SimulationSettings, simulate_protocol
from nacre.core.errors import NacreError, NotAssessable
from nacre.physics import p2d
from nacre.physics.p2d import EVEN, Mesh

SMALL = LongTestAccuracy(Mesh(1, 1, 8, 3, 3.0))


def cycles(n, rate=0.2, ends=(2.75, 1.35)):
    return f"repeat {n} times: charge at {rate}C to {ends[0]} V; discharge at {rate}C to {ends[1]} V"


# --- truth ----------------------------------------------------------------------------------------------------


def test_a_cell_that_does_not_age_is_simulated_as_ever():
    life = age(LHO, RATE_TEST, Ageing(), how=LongTestAccuracy(Mesh(4, 4, 12, 4), 1e-5))
    steps = simulate_protocol(
        LHO, RATE_TEST, SimulationSettings(points=50, mesh=Mesh(4, 4, 12, 4), tolerance=1e-5)
    ).steps
    mass = LHO.value("cell.cam_mass", "g")
    for kind in ("charge", "discharge"):
        wanted = [1e3 * s.charge / mass for s in steps if s.step.kind == kind]
        assert life.column(f"{kind}_capacity") == pytest.approx(wanted, rel=1e-5)
    energies = [1e3 * s.energy / mass for s in steps if s.step.kind == "discharge"]
    assert life.column("discharge_energy") == pytest.approx(energies, rel=2e-3)
    assert life.column("hours")[-1] == pytest.approx(sum(s.seconds for s in steps) / 3600, rel=1e-5)


def test_states_follow_the_hours_of_the_test():
    """Laws of time alone: whatever the cycles do, the states stand in closed form on the table's own hours."""
    p = fixed_share(BARE, diffusivity_loss="0.02", series_growth="0.5 ohm cm2", interphase_growth="1.5 nm")
    rate = BARE.value("ageing.contact_loss")
    for jump in (None, JumpSettings()):
        life = age(p, jump=jump, how=SMALL)
        root = np.sqrt(life.column("hours"))
        # between the cycles simulated the columns are splines
        within = {"rel": 1e-9} if jump is None else {"rel": 2e-3}
        assert life.column("contact") == pytest.approx(0.134 / (1 + rate * root), **within)
        assert life.column("diffusivity") == pytest.approx(1 / (1 + 0.02 * root), **within)
        assert life.column("series") == pytest.approx(0.5 * root, **within)
        assert life.column("interphase") == pytest.approx(1.5 * root, **within)
    life = age(fixed_share(BARE, fracture="1e-4"), how=SMALL)
    hours = np.append(0.0, life.column("hours"))
    # every half cycle at the middle of its growth: a little above the table's whole cycles
    lost = np.cumsum(0.5 * (np.sqrt(hours[1:]) + np.sqrt(hours[:-1]))) * 1e-4
    assert np.log(life.column("active") / BARE.value("cathode.active"))[20:] == pytest.approx(-lost[20:], rel=5e-3)


def test_isolated_particles_scale_the_capacity():
    life = age(LHO, cycles(40), Ageing((Interphase(0.0), Fracture(2e-3))), how=SMALL)
    share, fresh = life.column("active"), age(LHO, cycles(3), Ageing(), how=SMALL).discharge(3)
    # the rest carries more current each: a little less than in proportion
    ratio = life.column("discharge_capacity")[5:] / fresh / share[5:]
    assert share[-1] < 0.7 and (ratio < 1).all() and (ratio > 0.7).all() and (np.diff(ratio) < 0).all()


def test_a_leak_and_a_side_reaction_show_in_the_efficiency():
    leak = age(fixed_share(LHO, leak="1 uA/cm2"), cycles(6), Ageing(leak=1e-2), how=SMALL)
    hours = leak.column("hours")
    gap = to_coulombs(LHO, leak.column("charge_capacity") - leak.column("discharge_capacity"))
    filling = leak.column("filling")
    sites = LHO.sites("cathode") / LHO.area
    # in full: what charging took more, less what the cathode's filling changed, has leaked
    wanted = 1e-2 * 3600 * np.diff(hours) - sites * np.diff(filling)
    assert gap[1:] == pytest.approx(wanted, rel=1e-6)
    plain = age(LHO, cycles(6), Ageing(), how=SMALL).column("coulombic_efficiency")[-1]
    assert leak.column("coulombic_efficiency")[-1] < plain - 0.3

    p = fixed_share(LHO, side_current="1 uA/cm2", contact_loss="0", fracture="0", first_charge="0 mAh/g")
    side = age(p, cycles(6), how=SMALL)
    assert to_coulombs(p, side.column("side_charge")) == pytest.approx(1e-2 * 3600 * side.column("hours"), rel=1e-9)
    assert np.diff(side.column("lithium_anode"))[-1] == pytest.approx(np.diff(side.column("side_charge"))[-1], rel=0.1)


def test_what_the_first_charge_loses():
    with_it, without = (age(fixed_share(LHO, first_charge=f"{q} mAh/g"), cycles(1, 0.1), how=SMALL) for q in (20, 0))
    assert with_it.column("charge_capacity")[0] - without.column("charge_capacity")[0] == pytest.approx(20, abs=0.02)
    assert with_it.column("side_charge")[0] == pytest.approx(20)
    assert with_it.column("hours")[0] - without.column("hours")[0] == pytest.approx(20 / 19, abs=5e-3)


@pytest.mark.parametrize(
    ("law", "order"),
    [(ContactLoss(0.05), 1.5), (DiffusivityLoss(0.05), 1.5), (Fracture(1e-2, 0.5), 0.8)],
)
def test_pieces_converge(law, order):
    """With the square of their length, or the length where the active share falls, which stands still over a piece."""
    parts = np.array([0.32, 0.16, 0.08, 0.04, 0.02, 0.01])
    laws = Ageing((Interphase(0.0, 1.0), law))

    def capacity(part):
        return age(LHO, cycles(2), laws, how=LongTestAccuracy(Mesh(1, 1, 10, 3, 3.0), 1e-8, part)).discharge(2)

    errors = np.array([capacity(part) for part in parts]) / capacity(0.0015) - 1
    # cutting at whole pieces makes steps: the order is that of a line through all
    errors = np.maximum(np.abs(errors), 1e-9)
    assert np.polyfit(np.log(parts), np.log(errors), 1)[0] > order
    assert errors[3] < 5e-4


# --- the books ------------------------------------------------------------------------------------------------


def balanced(life, scale):
    books, p = life.books, life.parameters
    start = walking.start_test(p, life.ageing, SMALL).books
    return abs(books.lithium - start.lithium) / scale, abs(books.charge - start.charge) / scale


def logs(low, high):
    return st.floats(low, high).map(lambda e: 10**e)


RANDOM = {
    "contact_loss": (logs(-3, 0), ""),
    "contact_loss_by_time": (logs(-3, -1), ""),
    "fracture": (logs(-5, -2), ""),
    "fracture_swing": (st.floats(0.2, 0.8), ""),
    "diffusivity_loss": (logs(-3, -0.5), ""),
    "series_growth": (logs(-2, 1), "ohm cm2"),
    "interphase_growth": (logs(-1, 1), "nm"),
    "interphase_charge": (logs(1, 3), "C/cm3"),
    "exponent": (st.floats(0.25, 1.0), ""),
    "slowing": (st.floats(0.0, 1.0), ""),
    "potential_sensitivity": (st.floats(0.0, 0.5), ""),
    "activation_growth": (st.floats(0, 60), "kJ/mol"),
    "side_current": (logs(-3, -1), "uA/cm2"),
    "side_sensitivity": (st.floats(0.0, 0.5), ""),
    "leak": (logs(-3, 0), "uA/cm2"),
    "first_charge": (st.floats(0, 30), "mAh/g"),
}


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.fixed_dictionaries({}, optional={n: s for n, (s, _) in RANDOM.items()}), st.booleans(), st.booleans())
def test_lithium_and_charge_balance_over_200_cycles(drawn, coated, jumps):
    p = LHO if coated else BARE
    p = fixed_share(p, **{name: f"{value!r} {RANDOM[name][1]}" for name, value in drawn.items()})
    life = age(p, cycles(200), jump=JumpSettings() if jumps else None, how=SMALL)
    lithium, charge = balanced(life, life.books.lithium)
    assert lithium < 1e-9 and charge < 1e-9
    assert life.words and (life.complete == (life.table.height == 200 and "stopped" not in life.words))
    for name in set(COLUMNS) - {"cycle", "simulated", "mean_charge_voltage", "mean_discharge_voltage"}:
        assert np.isfinite(life.column(name)).all() or name == "coulombic_efficiency"


def test_the_table_is_the_books_per_gram():
    life = age(fixed_share(BARE, leak="0.1 uA/cm2", side_current="0.02 uA/cm2"), cycles(4), how=SMALL)
    row = life.table.row(-1, named=True)
    lithium = row["lithium_cathode"] + row["lithium_anode"] + row["lithium_isolated"] - row["side_charge"]
    assert to_coulombs(BARE, lithium) == pytest.approx(life.books.lithium, rel=1e-12)
    passed = life.column("charge_capacity").sum() - life.column("discharge_capacity").sum()
    assert to_coulombs(BARE, passed) == pytest.approx(life.books.passed, rel=1e-9)
    assert row["lithium_isolated"] > 0 and life.books.leaked > 0
    assert life.table.columns == list(COLUMNS)


# --- an independent code --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_pybamm_ages_alike():
    pytest.importorskip("pybamm", reason="the referee is the optional extra pybamm")
    from physics.p2d import twin
    from physics.p2d.cells import ONE_C, layered_oxide, titanate

    laws = twin.Laws(0.06, 0.01, 2e-9, 1e-5, 2e-4, 0.5)
    model = twin.twin_discretised(DISCHARGED, layered_oxide, titanate, laws=laws)
    theirs = twin.twin_cycles(model, 5, 0.2 * ONE_C, 1.35, 2.75, twin.cycle_solver())
    ageing = Ageing(
        (Interphase(2e-9), ContactLoss(0.06), Fracture(2e-4, 0.5), DiffusivityLoss(0.01), SeriesGrowth(1e-5))
    )
    p = closed_form()
    for how, within in ((LongTestAccuracy(EVEN, 1e-6, 0.003), 1e-5), (LongTestAccuracy(EVEN), 2e-4)):
        ours = age(p, cycles(5), ageing, how=how)
        capacities = np.column_stack([ours.column("charge_capacity"), ours.column("discharge_capacity")]).ravel()
        assert to_coulombs(p, capacities) / (0.2 * ONE_C) == pytest.approx(theirs[:, 0], rel=within)
        assert ours.aged.growth == pytest.approx(theirs[-1, 1], rel=within)
        assert ours.aged.active == pytest.approx(theirs[-1, 2], rel=within)


# --- jumps ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def in_full():
    watch = KeptCycles(curves=(1, 11, 201), resistances=(2, 201))
    return {s: age(p, how=SMALL, watch=watch) for s, p in (("lho", LHO), ("bare", BARE))}, watch


@pytest.mark.parametrize("sample", ["lho", "bare"])
def test_jumping_gives_what_every_cycle_gives(in_full, sample):
    full, watch = in_full[0][sample], in_full[1]
    jumped = age(full.parameters, jump=JumpSettings(), how=SMALL, watch=watch)
    assert jumped.simulated < 30 and full.simulated == 201 and jumped.complete
    simulated = jumped.column("simulated")
    for name in ("discharge_capacity", "charge_capacity", "discharge_energy", "active", "contact"):
        error = np.abs(jumped.column(name) / full.column(name) - 1)
        assert error[simulated].max() < 1e-3 and error.max() < 2e-3
    # the error that is printed is of the size of the error
    states = max(abs(math.log(getattr(jumped.aged, n) / getattr(full.aged, n))) for n in ("contact", "active"))
    assert states < 2 * jumped.jump_error + 1e-4 and jumped.jump_error < 3e-3
    assert jumped.peaks[201] == pytest.approx(full.peaks[201], abs=2e-4)
    assert jumped.resistances[201].total == pytest.approx(full.resistances[201].total, rel=2e-3)


def test_a_tighter_jump_is_nearer(in_full):
    full = in_full[0]["bare"]
    runs = [age(BARE, jump=JumpSettings(tolerance=t, stride=s), how=SMALL) for t, s in ((3e-3, 16), (2e-5, 1))]
    errors = [np.abs(np.log(r.column("active") / full.column("active"))).max() for r in runs]
    assert errors[1] < errors[0] and runs[1].simulated > runs[0].simulated
    assert runs[1].jump_error < runs[0].jump_error


def test_a_jump_stops_at_what_is_watched():
    life = age(BARE, jump=JumpSettings(), how=SMALL, watch=KeptCycles(curves=(57,), resistances=(120,)))
    simulated = life.column("cycle")[life.column("simulated")]
    assert {57, 120, 201} <= set(simulated) and set(life.curves) == {57} and set(life.resistances) == {120}
    assert [c.kind for c in life.curves[57]] == ["charge", "discharge"]
    assert life.column("cycle").tolist() == list(range(1, 202))


# --- what is measured -----------------------------------------------------------------------------------------


def test_the_local_resistance_is_what_a_spectrum_spans():
    single = LongTestAccuracy(Mesh(1, 1, 10, 3, 3.0))
    plain = replace(BARE, numbers={n: v for n, v in BARE.numbers.items() if "double_layer" not in n})
    w = walking.start_test(plain, Ageing(), single)
    for step in unroll_steps(bind_to_cell(parse_protocol(cycles(1)), BARE.scale)):
        w.run(step)
    found = measure_interfacial_resistance(w, 3600.0)
    prepared = p2d.prepare(w.cell, single.mesh)
    state = prepared.run(p2d.rest(3600.0), w.state, single.tolerance).final
    linear = p2d.linearise(prepared, state)
    quick, anode = linear.impedance(np.array([1e12 + 0j]))[0].real, linear.anode
    parts = [
        e.thickness * (1 / e.ionic_conductivity + 1 / e.electronic_conductivity) / 2
        for e in (w.cell.cathode, w.cell.anode)
    ]
    rest = w.cell.resistance + sum(parts) + 1 / (anode.area / anode.transfer).sum()
    assert found.total == pytest.approx(1e4 * (quick - rest), rel=1e-6)
    assert found.films == 0.0 and 0.7 < found.filling < 1
    # a film of its own is found again: 10 ohm cm2 of contact area
    coated = walking.start_test(LHO, Ageing(), single)
    surface = 6 * LHO.value("cathode.volume_fraction") * LHO.value("cathode.thickness", "m") / 5e-6
    assert measure_interfacial_resistance(coated, 0.0).films < 10 / surface


def test_the_peak_is_a_maximum_inside_the_window():
    v = np.linspace(1.9, 2.7, 4001)
    humps = [(2.07, 0.03, 3.0), (2.21, 0.03, 2.0), (2.46, 0.06, 4.0)]
    slope = 0.3 + sum(h * np.exp(-0.5 * ((v - m) / s) ** 2) for m, s, h in humps)
    q = np.append(0.0, np.cumsum(0.5 * (slope[1:] + slope[:-1]) * np.diff(v)))
    assert find_peak_position(v, q, (2.12, 2.44)) == pytest.approx(2.21, abs=2e-3)
    rng = np.random.default_rng(1)
    noisy = v + rng.normal(0.0, 5e-4, v.size)
    assert find_peak_position(noisy, q, (2.12, 2.44)) == pytest.approx(2.21, abs=3e-3)
    assert math.isnan(find_peak_position(v, v - v[0], (2.12, 2.44)))


def test_the_reference_cells_come_near_what_the_paper_states():
    # the numbers were fitted to these, by another code: near is all that is asked
    watch = KeptCycles(curves=(1, 11, 201), resistances=(201,))
    lho, bare = (age(p, jump=JumpSettings(), watch=watch) for p in (LHO, BARE))
    assert 100 * lho.retention(201, 2) == pytest.approx(81.4, abs=2)
    assert 100 * bare.retention(201, 2) == pytest.approx(45.4, abs=2)
    assert lho.resistances[201].total == pytest.approx(50, rel=0.25)
    assert bare.resistances[201].total == pytest.approx(850, rel=0.25)
    shifts = [1e3 * (life.peaks[201] - life.peaks[11]) for life in (lho, bare)]
    assert shifts[0] < 10 and shifts[1] == pytest.approx(60, abs=12)
    assert 1e3 * (bare.peaks[1] - lho.peaks[1]) == pytest.approx(10, abs=4)


@pytest.mark.slow
def test_the_coarse_mesh_is_near_a_fine_one():
    watch = KeptCycles(curves=(1, 11, 201), resistances=(201,))
    for p in (LHO, BARE):
        coarse, fine = (
            age(p, jump=JumpSettings(), how=how, watch=watch)
            for how in (LongTestAccuracy(COARSE), LongTestAccuracy(Mesh(20, 20, 40, 10, 4.0), 1e-4))
        )
        assert coarse.column("discharge_capacity") == pytest.approx(fine.column("discharge_capacity"), rel=2e-3)
        assert coarse.resistances[201].total == pytest.approx(fine.resistances[201].total, rel=3e-3)
        for cycle in (1, 11, 201):
            assert coarse.peaks[cycle] == pytest.approx(fine.peaks[cycle], abs=1.5e-3)
        meshes = COARSE, Mesh(20, 20, 40, 10, 4.0)
        rates = [age(p, RATE_TEST, how=LongTestAccuracy(mesh)).column("discharge_capacity") for mesh in meshes]
        # particles of a size fill at once in a node: with one node the bare cell's 1C ends 1 % off
        assert rates[0][:-2] == pytest.approx(rates[1][:-2], rel=5e-4)
        assert rates[0][-2:] == pytest.approx(rates[1][-2:], rel=1e-3 if p is LHO else 1.2e-2)


# --- ends and bad input ---------------------------------------------------------------------------------------


def test_a_cell_at_its_end_says_so():
    dead = age(fixed_share(BARE, series_growth="30000 ohm cm2"), cycles(50), how=SMALL)
    assert not dead.complete and "no charge passes between the cut-offs any more" in dead.words
    assert dead.table.height < 50
    with pytest.raises(NacreError, match="cycle 50 was not reached"):
        dead.discharge(50)
    jumped = age(fixed_share(BARE, series_growth="30000 ohm cm2"), cycles(50), how=SMALL, jump=JumpSettings())
    assert not jumped.complete and jumped.table.height < 50


def test_holds_rests_and_power_age_too():
    text = "charge at 0.2C to 2.75 V; hold at 2.75 V until C/40 or for 2 h; rest for 3 h; discharge at 3 mW to 1.35 V"
    life = age(fixed_share(BARE, leak="0.1 uA/cm2"), f"repeat 20 times: {text}", how=SMALL, jump=JumpSettings())
    assert life.complete and life.simulated < 20 and life.column("hours")[-1] > 60
    lithium, charge = balanced(life, life.books.lithium)
    assert lithium < 1e-9 and charge < 1e-9


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: age(BARE, cycles(5), watch=KeptCycles(curves=(6,))), "the curves of cycle 6 are asked for, but the"),
        (lambda: age(BARE, cycles(5), watch=KeptCycles(resistances=(0,))), "expected cycles from 1 to 5"),
        (lambda: age(BARE, "repeat 200000 times: " + CYCLE_LIFE.split("\n")[0]), "the program has 200000 cycles"),
        (lambda: age(BARE, "charge at 3 mW to 2.75 V"), "the first charge must be at a constant current"),
        (lambda: age(fixed_share(BARE, first_charge="450 mAh/g"), cycles(1)), "the anode cannot take the lithium"),
        (lambda: JumpSettings(tolerance=0.0), "the jump's tolerance cannot be; found 0"),
        (lambda: JumpSettings(largest=1), "the jump's largest cannot be; found 1; expected at least 2"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_refused_in_words(make, words):
    with pytest.raises(NacreError) as caught:
        make()
    assert words in str(caught.value)


def test_a_cell_of_which_no_ageing_is_known_is_not_guessed_at():
    bare = replace(BARE, numbers={n: v for n, v in BARE.numbers.items() if not n.startswith("ageing.")})
    with pytest.raises(NotAssessable) as caught:
        age(bare, cycles(2))
    assert "nothing is known of how this cell ages" in str(caught.value) and "ageing=Ageing()" in str(caught.value)
    assert age(bare, cycles(2), Ageing(), how=SMALL).complete
