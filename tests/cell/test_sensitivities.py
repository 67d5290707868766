"""Derivatives by the cell's named parameters: units, differences of tight solutions, peaks, and bad input."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from cell.test_simulate import LHO
from nacre.cell.parameters import NAMES, ModelParameter
from nacre.cell.protocol import ProtocolStep, bind_to_cell, parse_protocol, unroll_steps
from nacre.cell.sensitivities import compute_sensitivities
from nacre.cell.simulate import SimulationSettings, make_solver_step, simulate_protocol
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity
from nacre.physics import p2d
from nacre.physics.p2d import Mesh

SMALL = SimulationSettings(points=12, tolerance=1e-9, mesh=Mesh(4, 4, 10, 6))
# every parameter matters in this cell, none stands at the end of what it may be, and none is one of the package's fits
CELL = LHO.changed(
    {
        "cathode.interphase_thickness": "5 nm",
        "cathode.interphase_resistivity": "1e8 ohm cm",
        "cathode.coating_thickness": "10 nm",
        "cathode.coating_conductivity": "1e-9 S/cm",
        "cathode.activation_diffusivity": "30 kJ/mol",
        "cathode.activation_exchange": "30 kJ/mol",
        "cathode.contact": "0.6",
        "cathode.active": "0.9",
        "cathode.stoichiometry": "0.9",
        "cathode.particle_classes": "2",
        "cathode.particle_spread": "0.3",
        "cathode.diffusivity": "2.12e-12 cm2/s",
        "cathode.exchange_current": "7.3 A/m2",
        "cathode.exchange_reduction": "1.55",
        "cathode.electronic_conductivity": "1 mS/cm",
        "anode.thickness": "600 um",
        "anode.active": "0.9",
        "anode.contact": "0.1",
        "anode.stoichiometry": "0.15",
        "anode.ionic_conductivity": "0.5 mS/cm",
        "anode.electronic_conductivity": "1 mS/cm",
        "anode.particle_diameter": "1.5 um",
        "anode.exchange_current": "1 A/m2",
        "cell.temperature": "40 degC",
        "separator.grain_boundary_resistance": "5 ohm cm2",
    }
)
_CATHODE = (
    "thickness volume_fraction c_max particle_diameter particle_spread diffusivity drop_full exchange_current "
    "exchange_oxidation exchange_reduction ionic_conductivity electronic_conductivity stoichiometry coating_thickness "
    "coating_conductivity interphase_thickness interphase_resistivity contact active activation_diffusivity "
    "activation_exchange"
)
_ANODE = (
    "thickness volume_fraction c_max particle_diameter exchange_current ionic_conductivity electronic_conductivity "
    "stoichiometry contact active"
)
_OTHERS = (
    "cell.cam_mass cell.one_c cell.area cell.temperature cell.contact_resistance separator.thickness "
    "separator.conductivity separator.grain_boundary_resistance"
)
ALL = (*(f"cathode.{n}" for n in _CATHODE.split()), *(f"anode.{n}" for n in _ANODE.split()), *_OTHERS.split())
PROTOCOLS = {
    "constant current": "discharge at 0.2C for 1 min; charge at 0.5C to 2.6 V",
    "hold and rest": "charge at 1C to 2.6 V; hold at 2.6 V until C/5; rest for 30 min; discharge at 0.5C to 1.9 V",
    "many rates": "charge at 0.2C until 80 mAh/g; discharge at 0.5C for 10 min; charge at 4 mW to 2.66 V; "
    "discharge at 1 mA/cm2 to 1.9 V or for 3 h",
}


def solved(p, text, times):
    """Of every step: seconds, charge in Ah, voltages and currents in A at times. By the solver alone."""
    prepared, state, found = p2d.prepare(p.cell(), SMALL.mesh), None, []
    for step, asked in zip(unroll_steps(bind_to_cell(parse_protocol(text), p.scale)), times, strict=True):
        s = prepared.run(make_solver_step(step, p.area), state, SMALL.tolerance, times=[asked])
        state = s.final
        found += [s.time[-1:], np.abs(s.charge[-1:]) * p.area / 3600, s.sampled[0][:, 1], s.sampled[0][:, 2] * p.area]
    return found


def difference(name, part, text, times):
    """Fourth-order central difference of solutions."""
    value = CELL.value(name)
    runs = []
    for k in (-2, -1, 1, 2):
        made = ModelParameter(Quantity(value * (1 + k * part), NAMES[name].unit), "assumed", "a trial")
        runs.append(solved(replace(CELL, numbers={**CELL.numbers, name: made}), text, times))
    return [(a - 8 * b + 8 * c - d) / (12 * part * value) for a, b, c, d in zip(*runs, strict=True)]


def errors(name, p, found, text):
    """Largest errors, relative to the largest derivative of that kind, of all that the parameter changes by 2e-5.

    A difference has errors of its own: of what several steps give, the one that changes least to the next is taken.
    """
    times = [s.time[:-1][s.time[:-1] < 0.85 * s.seconds] for s in found.steps]
    trials = [difference(name, part, text, times) for part in (1e-3, 4e-3, 1.2e-2, 3.5e-2)]
    mine, scales = [], []
    for s, t in zip(found.steps, times, strict=True):
        mine += [s.d_seconds[p : p + 1], s.d_capacity[p : p + 1], s.d_voltage[: len(t), p], s.d_current[: len(t), p]]
        scales += [s.seconds, s.capacity, 1.0, CELL.one_c]
    worst = []
    for k, (d, scale) in enumerate(zip(mine, scales, strict=True)):
        size = max((np.abs(a).max() for a in (d, trials[0][k]) if len(a)), default=0.0)
        if size * abs(CELL.value(name)) < 2e-5 * scale or size == 0.0:
            continue
        changes = [np.abs(a[k] - b[k]).max() for a, b in pairwise(trials)]
        worst.append(np.abs(d - trials[int(np.argmin(changes))][k]).max() / size)
    return worst


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_differences_of_tight_solutions_agree_for_every_parameter(protocol):
    text = PROTOCOLS[protocol]
    found = compute_sensitivities(CELL, text, ALL, SMALL)
    for p, name in enumerate(ALL):
        worst = errors(name, p, found, text)
        assert worst and max(worst) < 1e-4, (name, worst)


def test_differences_agree_for_a_few():
    names = ("cathode.diffusivity", "cathode.contact", "cell.cam_mass", "anode.thickness")
    text = PROTOCOLS["constant current"]
    found = compute_sensitivities(CELL, text, names, SMALL)
    for p, name in enumerate(names):
        assert max(errors(name, p, found, text)) < 1e-4, name


def test_units_and_what_stands_beside_them():
    names = ("cell.contact_resistance", "cell.cam_mass", "cell.one_c", "cell.area")
    found = compute_sensitivities(
        CELL, "discharge at 0.1C for 10 min; charge at 20 mA/g for 1 h; rest for 1 min", names, SMALL
    )
    assert found.units == ("ohm cm2", "mg", "mA/g", "cm2") and found.names == names
    assert found.values == pytest.approx([4.0, 8.316, 190.0, np.pi / 4], rel=1e-3)
    first, second = found[1], found[2]
    # ohm cm2 of plan area: the current density in A/cm2
    density = 0.1 * CELL.one_c / (CELL.area * 1e4)
    assert first.d_voltage[:, 0] == pytest.approx(-density, rel=1e-9)
    # 0.1C is 0.1 x mass x 190 mA/g; 20 mA/g does not ask what 1C is; no current asks for the area
    wanted = np.tile([-0.019e-3, -0.1 * 8.316e-6, 0.0], (len(first.time), 1))
    assert first.d_current[:, 1:] == pytest.approx(wanted, rel=1e-3, abs=1e-11)
    assert second.d_capacity[1:] == pytest.approx([20e-6, 0.0, 0.0], abs=1e-11)
    # capacity per mass does not depend on the mass at a current per mass
    assert second.specific_capacity == pytest.approx(20.0)
    assert second.d_specific_capacity[1] == pytest.approx(0.0, abs=1e-9)
    assert first.capacity == pytest.approx(0.1 * CELL.one_c / 6) and first.seconds == 600.0
    assert found.d_capacity_relative[0, 1] == pytest.approx(1.0)
    assert np.isnan(found[3].d_voltage_at_charge).all() and np.isfinite(found[3].d_voltage).all()


def test_the_record_is_that_of_a_run():
    settings = SimulationSettings(points=40, tolerance=1e-6, mesh=SMALL.mesh)
    text = "charge at 0.5C to 2.6 V; hold at 2.6 V until C/10; discharge at 0.5C to 1.9 V"
    found, done = (
        compute_sensitivities(CELL, text, ["cathode.contact"], settings),
        simulate_protocol(CELL, text, settings),
    )
    for mine, his in zip(found.steps, done.steps, strict=True):
        assert (mine.seconds, mine.capacity) == pytest.approx((his.seconds, his.charge), rel=1e-9)
        assert mine.voltage[[0, -1]] == pytest.approx((his.first_voltage, his.last_voltage), abs=1e-6)
        assert (np.diff(mine.time) > 0).all() and mine.words == his.outcome.words
    asked = [np.array([10.0, 20.0]), np.array([]), np.array([1e9])]
    few = compute_sensitivities(CELL, text, ["cathode.contact"], settings, times=asked)
    assert [len(s.time) for s in few.steps] == [4, 2, 2] and few[1].time[1:3] == pytest.approx([10.0, 20.0])


def test_a_state_that_is_given_is_where_it_starts():
    first = simulate_protocol(CELL, "charge at 0.5C to 2.6 V", SMALL)
    begun = compute_sensitivities(
        CELL, "discharge at 0.5C to 1.9 V", ["separator.conductivity"], SMALL, state=first.final
    )
    whole = compute_sensitivities(
        CELL, "charge at 0.5C to 2.6 V; discharge at 0.5C to 1.9 V", ["separator.conductivity"], SMALL
    )
    assert begun[1].capacity == pytest.approx(whole[2].capacity, rel=1e-6)
    # but a charge that ends by its voltage leaves less lithium behind where the separator conducts better
    assert begun[1].d_capacity[0] < whole[2].d_capacity[0]


OPEN_END = LHO.changed({"cathode.contact": "1", "cathode.coating_thickness": "0 nm", "cathode.stoichiometry": "0.9"})
NEAR_END = OPEN_END.changed({"cathode.contact": "0.999999", "cathode.coating_thickness": "1e-5 nm"})
ENDS = "cathode.contact", "cathode.coating_thickness"


def test_a_parameter_at_its_end_is_varied_one_way_only():
    """A millionth from the end the derivatives are those at the end but for a few millionths."""
    a, b = (
        compute_sensitivities(p, "charge at 0.5C to 2.6 V", ENDS, SMALL)[1].d_capacity for p in (OPEN_END, NEAR_END)
    )
    assert a == pytest.approx(b, rel=1e-5) and a[0] > 0.0 > a[1]


def jolted(parameters, seed):
    """Every number but the whole ones changed in its last bits, within what it may be."""
    rng, numbers = np.random.default_rng(seed), dict(parameters.numbers)
    for name in numbers:
        value, row = parameters.value(name), NAMES[name]
        if np.isfinite(value) and not name.endswith("particle_classes"):
            changed = np.clip(value * (1.0 + 1e-14 * rng.uniform(-1.0, 1.0)), row.low, row.high)
            numbers[name] = ModelParameter(Quantity(float(changed), row.unit), "assumed", "a trial")
    return replace(parameters, numbers=numbers)


@pytest.mark.parametrize("cell", [OPEN_END, NEAR_END])
def test_last_bits_of_the_numbers_change_nothing_at_a_parameters_end(cell):
    """The formulas' last bits over the 1e-4 by which they are differenced, and what of it grows (as in test_last_bits):
    a number differenced over 1e-4 of 1e-5 nm must not show the rounding of what has nothing to do with the coating."""
    settings = SimulationSettings(points=12, tolerance=1e-7, mesh=SMALL.mesh)
    before = compute_sensitivities(cell, "charge at 0.5C to 2.6 V", ENDS, settings)[1]
    for seed in range(4):
        after = compute_sensitivities(jolted(cell, seed), "charge at 0.5C to 2.6 V", ENDS, settings)[1]
        assert after.d_capacity == pytest.approx(before.d_capacity, rel=1e-8)
        assert after.d_seconds == pytest.approx(before.d_seconds, rel=1e-8)


def test_the_h1_m_peak_of_a_charge():
    """Against differences of the place in tight runs; a contact resistance shifts it by the voltage that it takes."""
    settings = SimulationSettings(points=1500, tolerance=1e-9, mesh=SMALL.mesh)
    text = "charge at 0.1C to 2.75 V"
    changes = {"cathode.particle_classes": "1", "cathode.contact": "0.9", "cathode.coating_conductivity": "1e-9 S/cm"}
    cell = LHO.changed(changes)
    names = ("cathode.contact", "cathode.coating_conductivity", "cell.contact_resistance", "cathode.diffusivity")

    def place(p):
        return compute_sensitivities(p, text, (), settings)[1].peak(2.05, 2.35)

    found = compute_sensitivities(cell, text, names, settings)[1].peak(2.05, 2.35)
    assert 2.05 < found.place < 2.3
    assert found.d_place[2] == pytest.approx(0.1 * cell.one_c / (cell.area * 1e4), rel=1e-6)
    for p, name in enumerate(names):
        value, unit = cell.value(name), NAMES[name].unit
        h = 0.01 * value
        at = [place(cell.changed({name: f"{value + k * h!r} {unit}".removesuffix(" 1")})) for k in (-2, -1, 1, 2)]
        a, b, c, d = (peak.place for peak in at)
        assert (a - 8 * b + 8 * c - d) / (12 * h) == pytest.approx(found.d_place[p], rel=2e-3), name


# --- bad input ------------------------------------------------------------------------------------------------

CHARGE = "charge at 0.5C to 2.6 V"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: compute_sensitivities(CELL, CHARGE, ["cathode.difusivity"]), "Did you mean 'cathode.diffusivity'"),
        (
            lambda: compute_sensitivities(CELL, CHARGE, ["cathode.particle_classes"]),
            "is a whole number: it has no derivative",
        ),
        (lambda: compute_sensitivities(CELL, CHARGE, ["cell.upper_voltage"]), "The voltages stand in the protocol"),
        (
            lambda: compute_sensitivities(LHO, CHARGE, ["anode.coating_conductivity"]),
            "anode.coating_conductivity is infinite: it has no derivative there. Give it a finite value in S/cm",
        ),
        (
            lambda: compute_sensitivities(
                LHO.changed({"cathode.particle_spread": "0"}), CHARGE, ["cathode.particle_spread"]
            ),
            "cathode.particle_spread = 0: the number of particle classes changes with the parameter",
        ),
        (
            lambda: compute_sensitivities(
                CELL, CHARGE, ["anode.stoichiometry"], SMALL, p2d.uniform(CELL.cell(), SMALL.mesh)
            ),
            "anode.stoichiometry has no effect where the run starts from a given state",
        ),
        (
            lambda: compute_sensitivities(
                CELL, "charge at 0.5C for 30 min; discharge at 1C for 5 h", ["cathode.contact"], SMALL
            ),
            "step 2 ended out of order, its derivatives cannot be told: depleted: a cathode particle's surface",
        ),
        (lambda: compute_sensitivities(CELL, CHARGE, ["cathode.contact"], times=[[1.0], [2.0]]), "times has 2 entries"),
        (lambda: compute_sensitivities(CELL, CHARGE, ["cathode.contact"], times=[[2.0, 1.0]]), "must increase from 0"),
        (lambda: compute_sensitivities(CELL, "charg at 1C to 2 V", ["cathode.contact"]), "unknown word 'charg'"),
        (
            lambda: compute_sensitivities(CELL, CHARGE, ["cathode.contact"], SMALL)[2],
            "there is no step 2; expected 1 to 1",
        ),
        (
            lambda: compute_sensitivities(CELL, CHARGE, ["cathode.contact"], SimulationSettings())[1].peak(2.3, 2.35),
            "step 1 (charge at 0.5C to 2.6 V): dQ/dV has no maximum between 2.3 and 2.35 V",
        ),
    ],
)
def test_what_has_no_derivative_is_refused_in_words(call, words):
    with pytest.raises(NacreError) as caught:
        call()
    assert words in str(caught.value)


def test_steps_in_amperes_ask_for_no_rate():
    step = ProtocolStep("charge", 1, current=1e-3, until_time=600.0)
    found = compute_sensitivities(CELL, (step,), ["cell.cam_mass", "cell.area"], SMALL)[1]
    assert found.d_capacity == pytest.approx([0.0, 0.0], abs=1e-11)
    assert found.d_specific_capacity[0] == pytest.approx(-found.specific_capacity / CELL.value("cell.cam_mass"))
    # amperes in, volts out: the mass is nowhere between, so that this zero is none of rounding
    assert found.d_voltage[-1, 0] == 0.0 != found.d_voltage[-1, 1]
