"""The impedance of a cell model: states, units, limits, derivatives by its own numbers, and bad input."""

from dataclasses import replace

import numpy as np
import pytest

from cell.test_simulate import LHO, SMALL
from nacre.cell import cell_toml
from nacre.cell.impedance import RestStates, compute_impedance, compute_spectrum, find_point
from nacre.cell.impedance_sensitivities import KNOWN, differentiate_impedance
from nacre.cell.parameters import NAMES
from nacre.cell.simulate import simulate_protocol
from nacre.core.errors import NacreError
from nacre.physics import p2d

LAYERS = {
    "cathode.double_layer": "20 uF/cm2", "cathode.double_layer_exponent": "0.9", "anode.double_layer": "10 uF/cm2",
    "cathode.coating_permittivity": "20", "separator.grain_boundary_resistance": "20 ohm cm2",
    "separator.grain_boundary_capacitance": "0.01 uF/cm2", "separator.grain_boundary_exponent": "0.95",
    "cathode.interphase_thickness": "5 nm", "cathode.interphase_resistivity": "1e7 ohm cm",
    "cathode.interphase_permittivity": "10", "cathode.electronic_conductivity": "1 mS/cm",
    "cell.temperature": "55 degC", "separator.activation": "30 kJ/mol",
}  # fmt: skip
CELL = LHO.changed(LAYERS)
F = np.geomspace(1e6, 1e-2, 17)
MESH = SMALL.mesh


# --- truth ----------------------------------------------------------------------------------------------------


def test_states_of_charge_hold_all_lithium_between_the_cut_offs():
    rests = RestStates(LHO)
    top, bottom = rests.window
    assert rests.volts(top) == pytest.approx(2.75, abs=1e-9) and rests.volts(bottom) >= 1.35
    for soc in (0.0, 0.25, 1.0):
        point = find_point(LHO, soc=soc, mesh=MESH)
        x, y = point.state.cathode.ravel()[0], point.state.anode.ravel()[0]
        assert x == pytest.approx(bottom + soc * (top - bottom))
        cell, even = LHO.cell(), p2d.uniform(LHO.cell(), MESH)
        assert sum(p2d.lithium(cell, MESH, point.state)) == pytest.approx(sum(p2d.lithium(cell, MESH, even)), rel=1e-9)
        volts = LHO.potentials["cathode"].curve(x) - LHO.potentials["anode"].curve(y)
        at_rest = p2d.prepare(cell, MESH).run(p2d.rest(0.0), point.state).voltage[0]
        assert at_rest == pytest.approx(volts, abs=1e-9)


def test_a_rest_voltage_names_the_same_state():
    point = find_point(LHO, soc=0.4, mesh=MESH)
    volts = compute_spectrum(LHO, point, F, MESH).volts
    again = find_point(LHO, volts=volts, mesh=MESH)
    assert again.state.cathode == pytest.approx(point.state.cathode, abs=1e-6)
    assert again.words == f"at rest at {volts:g} V"


def test_the_impedance_is_the_solvers_own_in_ohm_cm2():
    state = find_point(CELL, soc=0.5, mesh=MESH).state
    wanted = p2d.impedance(CELL.cell(), state, F, MESH) * 1e4
    assert compute_impedance(CELL, F, soc=0.5, mesh=MESH) == pytest.approx(wanted, rel=1e-12)
    made = compute_spectrum(CELL, find_point(CELL, soc=0.5, mesh=MESH), F, MESH)
    assert sum(made.causes.values()) == pytest.approx(wanted, rel=1e-10)
    ohms = made.signal.array("real_impedance_ohm", "ohm") + 1j * made.signal.array("imaginary_impedance_ohm", "ohm")
    assert ohms * CELL.value("cell.area") == pytest.approx(wanted) and made.signal.origin == "predicted"


def test_after_a_discharge_and_an_hour_of_rest():
    done = simulate_protocol(CELL, "charge at 0.5C to 2.75 V; discharge at 0.5C for 0.5 h; rest for 1 h", SMALL)
    z = compute_impedance(CELL, F, after=done, mesh=MESH)
    assert z == pytest.approx(p2d.impedance(CELL.cell(), done.final, F, MESH) * 1e4)
    point = find_point(CELL, after=done, mesh=MESH)
    assert point.words == "after rest for 1 h"
    assert compute_spectrum(CELL, point, F, MESH).volts == pytest.approx(done.steps[-1].last_voltage, abs=1e-5)


def test_at_high_frequency_separator_and_composites_remain():
    fast = p2d.impedance(CELL.cell(), find_point(CELL, soc=0.5, mesh=MESH).state, [1e15], MESH)[0].real * 1e4
    cell = CELL.cell()
    rails = sum(e.thickness / (e.ionic_conductivity + e.electronic_conductivity) for e in (cell.cathode, cell.anode))
    ends = sum(  # half cells at both ends, where all current is of one kind
        e.thickness / n * (0.5 / e.ionic_conductivity + 0.5 / e.electronic_conductivity - 1 / (
            e.ionic_conductivity + e.electronic_conductivity))
        for e, n in ((cell.cathode, MESH.cathode_nodes), (cell.anode, MESH.anode_nodes))
    )  # fmt: skip
    series = cell.separator_thickness / cell.separator_conductivity + cell.contact_resistance
    assert fast == pytest.approx(1e4 * (series + rails + ends), rel=1e-3)


def test_derivatives_by_the_models_own_numbers():
    """All but those that are zero here, against central differences."""
    done = simulate_protocol(CELL, "charge at 1C to 2.75 V; rest for 1 min", SMALL)
    point = find_point(CELL, after=done, mesh=MESH)
    names = [n for n in KNOWN if n != "anode.interphase_thickness" and CELL.value(n)]
    assert len(names) > 35
    found = differentiate_impedance(CELL, names, point, F, MESH)
    for name in names:
        value, unit = CELL.value(name), NAMES[name].unit
        if value == NAMES[name].high or np.isinf(value):  # at its bound
            continue
        z = []
        for share in (1 - 2e-5, 1 + 2e-5):
            moved = CELL.changed({name: f"{value * share!r} {unit}".removesuffix(" 1")})
            z.append(1e4 * p2d.impedance(moved.cell(), point.state, F, MESH))
        wanted = (z[1] - z[0]) / (4e-5 * value)
        assert np.abs(found[name] - wanted).max() < 1e-4 * np.abs(wanted).max() + 1e-12 / abs(value), name


def test_layers_survive_the_file(tmp_path):
    again = cell_toml.load(cell_toml.save(CELL, tmp_path / "cell.toml"))
    assert all(again.value(n) == CELL.value(n) for n in NAMES)
    assert again.cell().cathode.double_layer == pytest.approx(0.2)


def test_without_a_double_layer_it_is_said():
    numbers = {n: p for n, p in LHO.numbers.items() if not n.endswith("double_layer")}
    bare = replace(LHO, numbers=numbers)
    words = [c.text for c in compute_spectrum(bare, find_point(bare, soc=0.5, mesh=MESH), F, MESH).checks]
    assert any(
        "no double layer is given for the cathode and the anode: the reaction there makes no arc" in w for w in words
    )


# --- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what, words", [
    ({"soc": 1.2}, r"the state of charge is outside the window.*1\.2.*0 \(at the lower voltage\) to 1"),
    ({"soc": -0.1}, r"the state of charge is outside the window"),
    ({"volts": 4.2}, r"the rest voltage is outside the cell's window.*4\.2 V.*1\.35 to 2\.75 V"),
    ({}, "name one state of the cell"),
    ({"soc": 0.5, "volts": 2.0}, "Give one of soc, volts and after"),
])  # fmt: skip
def test_states_outside_the_window_are_refused(what, words):
    with pytest.raises(NacreError, match=f"(?s){words}"):
        compute_impedance(LHO, F, mesh=MESH, **what)


@pytest.mark.parametrize("value, words", [
    ("0 uF/cm2", r"cathode\.double_layer .*cannot be.*0 uF/cm2.*above 0.*Leave it out for none"),
    ("-5 uF/cm2", r"cathode\.double_layer .*cannot be.*-5 uF/cm2.*above 0"),
    ("5 ohm", r"cathode\.double_layer"),
])  # fmt: skip
def test_a_double_layer_that_cannot_be_is_refused(value, words):
    with pytest.raises(NacreError, match=f"(?s){words}"):
        LHO.changed({"cathode.double_layer": value})


def test_other_refusals():
    with pytest.raises(NacreError, match=r"(?s)cathode\.double_layer_exponent .*cannot be.*1\.5.*at most 1"):
        LHO.changed({"cathode.double_layer_exponent": "1.5"})
    with pytest.raises(NacreError, match="frequencies must be positive and finite, in Hz; found 0"):
        compute_impedance(LHO, [1.0, 0.0], soc=0.5, mesh=MESH)
    with pytest.raises(NacreError, match=r"(?s)state has shape.*Take the state of a simulation with the same mesh"):
        compute_impedance(LHO, F, after=simulate_protocol(LHO, "rest for 1 s", SMALL))
    with pytest.raises(
        NacreError, match=r"(?s)unknown parameter with a derivative 'cathode.contakt'.*cathode\.contact"
    ):
        differentiate_impedance(LHO, ["cathode.contakt"], find_point(LHO, soc=0.5))
    with pytest.raises(NacreError, match=r"(?s)cathode\.interphase_thickness is 0: no derivative.*Give it a value"):
        differentiate_impedance(LHO, ["cathode.interphase_thickness"], find_point(LHO, soc=0.5, mesh=MESH), F, MESH)
    full = LHO.changed({"anode.stoichiometry": "1", "cathode.stoichiometry": "0.999"})
    with pytest.raises(NacreError, match=r"(?s)no such rest voltage|outside"):
        compute_impedance(full, F, volts=2.7, mesh=MESH)
