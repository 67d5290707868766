"""BPX: a cell comes back as it went, the format's own package takes the file, plain files of others, and bad files."""

import copy
import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import nacre
from nacre.cell import cell_toml
from nacre.cell.diffusivity import DiffusivityShape, read_shape
from nacre.cell.exchange import list_unsaid, read_bpx, write_bpx
from nacre.cell.exchange.to_bpx import D_ERROR, OCP_ERROR, find_window
from nacre.cell.parameters import NAMES, CellParameters, ModelParameter
from nacre.cell.potential import STATUSES, Potential
from nacre.cell.recipe.build import build_cell
from nacre.cell.simulate import SimulationSettings, simulate_protocol
from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity
from nacre.physics.p2d import EVEN, Mesh

STUDY = nacre.load(Path(__file__).parents[2] / "studies" / "lho-ncm85")
LHO, BARE = (
    build_cell(Context(STUDY.name, STUDY.samples[n], STUDY.cells[f"{n}-1"], inputs=STUDY.inputs))
    for n in ("lho", "bare")
)
SHAPE = DiffusivityShape(
    "expression", {"formula": "exp(-2 * (x - 0.5))", "low": 0.0, "high": 1.0}, "fitted", "ours: PITT"
)
TABLE = Potential("table", {"x": [0.0, 0.4, 1.0], "volts": [4.4, 3.9, 3.4]}, "declared", 'our "own": a half cell')
FORMULA = Potential("expression", {"formula": "4.4 - x", "low": 0.05, "high": 0.99}, "assumed", "a straight line")


def through(p):
    """As a file would hold it."""
    return json.loads(json.dumps(write_bpx(p), allow_nan=False))


def same(a, b):
    assert a.name == b.name and set(a.numbers) == set(b.numbers)
    for name, p in a.numbers.items():
        q = b.numbers[name]
        assert (p.quantity.value, p.quantity.unit, p.quantity.std) == (
            q.quantity.value,
            q.quantity.unit,
            q.quantity.std,
        )
        assert (p.status, p.source) == (q.status, q.source)
    for forms, others in ((a.potentials, b.potentials), (a.shapes, b.shapes)):
        assert set(forms) == set(others)
        for part, form in forms.items():
            other = others[part]
            assert (form.kind, dict(form.numbers)) == (other.kind, dict(other.numbers))
            assert (form.status, form.source) == (other.status, other.source)


# --- there and back -------------------------------------------------------------------------------------------


def test_the_reference_cells_come_back_to_the_last_digit():
    for p in (LHO, BARE):
        found = read_bpx(through(p))
        same(p, found.parameters)
        assert found.notes == () and cell_toml.write_text(found.parameters) == cell_toml.write_text(p)


def _value(row):
    low = max(row.low, -1e3) if row.at_low else max(row.low, 1e-20)
    return st.floats(low, min(row.high, 1e6), allow_subnormal=False)


def _number(name, row):
    whole = st.integers(1, 20).map(float) if name.endswith("particle_classes") else _value(row)
    texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1).filter(str.strip)
    made = st.builds(Quantity, whole, st.just(row.unit), st.none() | st.just(0.0) | st.floats(1e-9, 10))
    return st.builds(ModelParameter, made, st.sampled_from(STATUSES), texts)


_NEEDED = {n: _number(n, row) for n, row in NAMES.items() if row.default is None}
_OTHERS = {n: _number(n, row) for n, row in NAMES.items() if row.default is not None}


@settings(max_examples=40, deadline=None, derandomize=True, phases=[Phase.generate])
@given(
    st.fixed_dictionaries(_NEEDED, optional=_OTHERS),
    st.sampled_from([LHO.potentials["cathode"], TABLE, FORMULA]),
    st.sampled_from([{}, {"cathode": SHAPE}]),
)
def test_any_cell_comes_back_to_the_last_digit(numbers, potential, shapes):
    p = CellParameters("a cell", numbers, {**LHO.potentials, "cathode": potential}, shapes)
    with np.errstate(all="ignore"):
        same(p, read_bpx(through(p), take="nacre").parameters)


def test_every_name_is_covered():
    assert set(_NEEDED) | set(_OTHERS) == set(NAMES)


def test_an_infinite_conductivity_needs_no_number():
    infinite = ModelParameter(Quantity(np.inf, "S/cm"), "assumed", "no barrier")
    p = replace(LHO, numbers={**LHO.numbers, "cathode.coating_conductivity": infinite})
    same(p, read_bpx(through(p)).parameters)


# --- the format's own package ---------------------------------------------------------------------------------

ODD = {
    "the reference": {},
    "no pores": {"cathode.volume_fraction": "1"},
    "one size, no film": {"cathode.particle_spread": "0", "cathode.coating_thickness": "0 nm"},
    "no window": {"cell.lower_voltage": "5 V", "cell.upper_voltage": "6 V"},
    "hardly any anode": {"anode.thickness": "2 um"},
    "no separator": {"separator.thickness": "0 um"},
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", ODD)
def test_the_bpx_package_takes_the_file(case):
    bpx = pytest.importorskip("bpx", reason="the format's package comes with the optional extra pybamm")
    for potentials, shapes in (({}, {}), ({"cathode": TABLE, "anode": FORMULA}, {"cathode": SHAPE})):
        p = replace(LHO.changed(ODD[case]), potentials={**LHO.potentials, **potentials}, shapes=shapes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # cut-offs beyond the potentials are no fault of the file
            made = bpx.parse_bpx_obj(copy.deepcopy(through(p)))
        assert made.parameterisation.electrolyte.cation_transference_number == 1.0
        assert made.parameterisation.positive_electrode.thickness == p.value("cathode.thickness", "m")
        assert made.parameterisation.user_defined is not None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_window_and_the_state_are_those_of_the_package():
    bpx = pytest.importorskip("bpx", reason="the format's package comes with the optional extra pybamm")
    made = bpx.parse_bpx_obj(through(LHO))
    charged = made.state.initial_conditions.initial_soc
    anode, cathode = bpx.get_electrode_stoichiometries(charged, made)
    assert (cathode, anode) == pytest.approx((0.995, 0.01), abs=1e-12)


# --- what the standard fields say -----------------------------------------------------------------------------

PLAIN = LHO.changed({
    "cathode.particle_spread": "0", "cathode.exchange_reduction": "0.5", "cathode.coating_thickness": "0 nm",
    "cathode.contact": "0.4", "cathode.active": "0.8", "cell.contact_resistance": "0 ohm cm2",
    "ageing.slowing": "1", "ageing.contact_loss": "0", "ageing.fracture": "0", "ageing.first_charge": "0 mAh/g",
    **{f"{part}.activation_ionic_conductivity": f"{LHO.value('separator.activation')!r} kJ/mol"
       for part in ("cathode", "anode")},
})  # fmt: skip
MASS = {"cell.cam_mass": "8.316 mg"}
CYCLE = "charge at 0.5C to 2.75 V; discharge at 0.5C to 1.35 V"


def test_the_standard_fields_alone_make_the_same_cell_where_they_can():
    words = list_unsaid(PLAIN)  # double layers do nothing in time, ageing nothing in a run that does not age
    assert words[0] == "cell.cam_mass = 8.316 mg (the mass of cathode active material)"
    names = [w.partition(" = ")[0] for w in words[1:]]
    assert [n for n in names if not n.startswith("ageing.")] == ["cathode.double_layer", "anode.double_layer"]
    again = read_bpx(through(PLAIN), MASS, take="standard")
    assert again.notes == ("'User-defined' is left out: the standard fields alone were read",)
    small = SimulationSettings(points=100, mesh=Mesh(6, 6, 10, 6), tolerance=1e-6)
    first, second = (simulate_protocol(p, CYCLE, small) for p in (PLAIN, again.parameters))
    for a, b in zip(first.steps, second.steps, strict=True):
        assert b.charge == pytest.approx(a.charge, rel=1e-4) and b.energy == pytest.approx(a.energy, rel=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_another_program_reads_the_same_cell_from_them():
    pybamm = pytest.importorskip("pybamm", reason="the referee is the optional extra pybamm")
    pytest.importorskip("bpx", reason="the format's package comes with the optional extra pybamm")
    numbers = pybamm.ParameterValues.create_from_bpx_obj(through(PLAIN))
    numbers["Current function [A]"] = -0.5 * PLAIN.one_c
    points = {"x_n": 20, "x_s": 20, "x_p": 20, "r_n": 20, "r_p": 20}
    simulation = pybamm.Simulation(pybamm.lithium_ion.DFN(), parameter_values=numbers, var_pts=points)
    theirs = simulation.solve([0.0, 7200.0])
    ours = simulate_protocol(PLAIN, "charge at 0.5C to 2.75 V", SimulationSettings(mesh=EVEN))
    assert theirs.t[-1] == pytest.approx(ours.steps[0].seconds, rel=1e-4)
    time = np.linspace(10.0, 0.98 * theirs.t[-1], 50)
    mine = np.interp(time, *(ours.signal.array(n, u) for n, u in (("test_time_second", "s"), ("voltage_volt", "V"))))
    assert np.abs(theirs["Voltage [V]"](time) - mine).max() < 0.5e-3  # tables of straight lines, usual tolerances


def test_what_they_cannot_say_is_named():
    words = " ".join(list_unsaid(LHO))
    spread = f"cathode.particle_spread = {LHO.value('cathode.particle_spread'):g}"
    for name in ("cathode.coating_thickness = 12 nm", spread, "cell.contact_resistance = 4"):
        assert name in words
    assert words.count("cathode.coating_thickness") == 1 and "cathode.thickness" not in words
    assert "cathode.coating_thickness = 12 nm" in write_bpx(LHO)["Header"]["Description"]


def test_tables_are_as_fine_as_they_say():
    table = write_bpx(LHO)["Parameterisation"]["Positive electrode"]["OCP [V]"]
    curve = LHO.potentials["cathode"].curve
    assert np.abs(np.interp(curve.x, table["x"], table["y"]) - curve.value).max() <= OCP_ERROR
    assert len(table["x"]) < 1000
    p = replace(LHO, shapes={"cathode": SHAPE})
    table = write_bpx(p)["Parameterisation"]["Positive electrode"]["Diffusivity [m2.s-1]"]
    x = np.linspace(0, 1, 2049)
    assert np.abs(np.interp(x, table["x"], table["y"]) / p.diffusivity("cathode")(x) - 1).max() <= 1.001 * D_ERROR


def test_the_window_is_at_the_cut_offs():
    ends = find_window(LHO)
    for k, name in ((0, "upper"), (1, "lower")):
        x, y = ends["cathode"][k], ends["anode"][1 - k]
        volts = LHO.potentials["cathode"].curve(x) - LHO.potentials["anode"].curve(y)
        assert volts == pytest.approx(LHO.value(f"cell.{name}_voltage"), abs=1e-9)


# --- files of others ------------------------------------------------------------------------------------------

_ANODE = {
    "Particle radius [m]": 4e-06, "Thickness [m]": 5.6e-05, "Diffusivity [m2.s-1]": "2.7e-14 * exp(-x)",
    "OCP [V]": "0.1 + 0.7 * exp(-40 * x) - 0.05 * tanh(8 * (x - 0.5))", "Conductivity [S.m-1]": 0.2,
    "Entropic change coefficient [V.K-1]": "-0.1 * x", "Surface area per unit volume [m-1]": 500000, "Porosity": 0.25,
    "Transport efficiency": 0.128, "Reaction rate constant [mol.m-2.s-1]": 5e-06, "Minimum stoichiometry": 0.01,
    "Maximum stoichiometry": 0.75, "Maximum concentration [mol.m-3]": 29730,
    "Diffusivity activation energy [J.mol-1]": 30000, "Reaction rate constant activation energy [J.mol-1]": 55000,
}  # fmt: skip
_CATHODE = {
    "Particle radius [m]": 4.5e-06, "Thickness [m]": 5.2e-05,
    "Diffusivity [m2.s-1]": {"x": [0.2, 0.6, 1.0], "y": [4e-14, 2e-14, 1e-15]},
    "OCP [V]": {"x": [0.3, 0.5, 0.9, 1.0], "y": [4.3, 4.0, 3.6, 3.0]}, "Conductivity [S.m-1]": 0.8,
    "Surface area per unit volume [m-1]": 430000, "Porosity": 0.28, "Transport efficiency": 0.146,
    "Reaction rate constant [mol.m-2.s-1]": 2.3e-05, "Minimum stoichiometry": 0.42, "Maximum stoichiometry": 0.96,
    "Maximum concentration [mol.m-3]": 46200,
}  # fmt: skip
LIQUID = {
    "Header": {"BPX": "1.1.0", "Title": "a liquid cell", "Model": "DFN"},
    "Parameterisation": {
        "Cell": {
            "Reference temperature [K]": 298.15, "Lower voltage cut-off [V]": 2.7, "Upper voltage cut-off [V]": 4.2,
            "Nominal cell capacity [A.h]": 12.5, "Density [kg.m-3]": 1847, "Electrode area [m2]": 0.0168,
            "Number of electrode pairs connected in parallel to make a cell": 34,
        },
        "Electrolyte": {
            "Cation transference number": 0.26, "Diffusivity [m2.s-1]": 3e-10,
            "Conductivity [S.m-1]": "0.13 * (x / 1000) ** 3 - 2.5 * (x / 1000) ** 1.5 + 3.3 * (x / 1000)",
            "Conductivity activation energy [J.mol-1]": 17100,
        },
        "Negative electrode": _ANODE,
        "Positive electrode": _CATHODE,
        "Separator": {"Thickness [m]": 2e-05, "Porosity": 0.47, "Transport efficiency": 0.32},
        "User-defined": {"Coolant flow [l.s-1]": 3.0},
    },
    "State": {
        "Initial conditions": {
            "Initial state-of-charge": 0.9, "Initial temperature [K]": 303.15,
            "Initial electrolyte concentration [mol.m-3]": 1000, "Initial hysteresis state: Negative electrode": 1.0,
        },
    },
    "Validation": {"C/20": {"Time [s]": [0]}},
}  # fmt: skip
GRAMS = {"cell.cam_mass": "95 g"}


def changed(*path, to=...):
    """The liquid cell's file with one entry changed, or left out."""
    made = copy.deepcopy(LIQUID)
    place = made
    for key in path[:-1]:
        place = place[key]
    if to is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return made


def test_a_liquid_cell_is_taken_and_what_is_dropped_is_said():
    found = read_bpx(LIQUID, GRAMS)
    p, notes = found.parameters, " | ".join(found.notes)
    for words in ("34 electrode pairs in parallel are one cell of 34 times the area",
                  "the transference number (0.26) is taken as 1", "diffusivity and its concentration in time",
                  "conductivity is that at 1000 mol/m3, 0.93 S/m", "'Entropic change coefficient [V.K-1]' of 'Negative",
                  "heat is not modelled: Density [kg.m-3]", "Initial hysteresis state: Negative electrode' is left out",
                  "the curves under 'Validation' are left out", "'User-defined' is left out"):  # fmt: skip
        assert words in notes
    assert p.name == "a liquid cell" and p.value("cell.area", "m2") == pytest.approx(34 * 0.0168)
    assert p.one_c == pytest.approx(12.5) and p.value("cell.temperature", "K") == 303.15
    assert p.value("cathode.volume_fraction") == pytest.approx(430000 * 4.5e-6 / 3)
    assert p.value("cathode.ionic_conductivity", "S/m") == pytest.approx(0.146 * 0.93)
    assert p.value("anode.activation_ionic_conductivity", "J/mol") == 17100
    assert p.value("cathode.stoichiometry") == pytest.approx(0.42 + 0.1 * 0.54)
    assert p.value("anode.stoichiometry") == pytest.approx(0.01 + 0.9 * 0.74)
    i0 = p.value("cathode.exchange_current", "A/m2")
    assert i0 == pytest.approx(96485.33212 * 2.3e-5)
    x = np.array([0.2, 0.4, 0.6, 1.0])
    assert p.diffusivity("anode")(x) == pytest.approx(2.7e-14 * np.exp(-x), rel=1e-9)
    assert p.diffusivity("cathode")(x[[0, 2, 3]]) == pytest.approx([4e-14, 2e-14, 1e-15], rel=1e-3)
    assert p.potentials["anode"].curve(0.3) == pytest.approx(0.1 + 0.7 * np.exp(-12) - 0.05 * np.tanh(-1.6), abs=1e-9)
    same(p, read_bpx(through(p)).parameters)
    done = simulate_protocol(p, "discharge at 0.05C to 2.7 V", SimulationSettings(points=100, mesh=Mesh(6, 6, 10, 10)))
    moved = (0.96 - 0.474) * p.sites("cathode") / 3600  # to the full cathode, or to where its potential falls
    assert done.complete and done.steps[0].charge == pytest.approx(moved, rel=0.05)


def test_a_cell_from_elsewhere_lives_in_a_cell_toml(tmp_path):
    p = read_bpx(LIQUID, GRAMS).parameters
    again = cell_toml.load(cell_toml.save(p, tmp_path / "cell.toml"))
    assert [again.value(n) for n in NAMES] == pytest.approx([p.value(n) for n in NAMES], rel=1e-12)
    assert again.potentials["anode"].numbers == p.potentials["anode"].numbers
    assert {part: form.numbers for part, form in again.shapes.items()} == {
        part: form.numbers for part, form in p.shapes.items()
    }


def test_the_old_layout_is_read_too():
    old = changed("State")
    old["Header"]["BPX"] = 0.4
    old["Parameterisation"]["Cell"]["Initial temperature [K]"] = 310.0
    old["Parameterisation"]["Electrolyte"]["Initial concentration [mol.m-3]"] = 1000
    found = read_bpx(old, GRAMS)
    assert found.parameters.value("cell.temperature", "K") == 310.0
    assert found.parameters.value("cathode.stoichiometry") == pytest.approx(0.42)
    assert any("no initial state of charge: fully charged was taken" in note for note in found.notes)


# --- bad files ------------------------------------------------------------------------------------------------

PARAMETERS, POSITIVE = "Parameterisation", ("Parameterisation", "Positive electrode")
BAD = {
    "no radius": (
        changed(*POSITIVE, "Particle radius [m]"),
        "BPX: Parameterisation > Positive electrode: the field 'Particle radius [m]' is missing; expected the median "
        "diameter of the particles, by mass. Add the field to the file, or give "
        "--set 'cathode.particle_diameter=... um'.",
    ),
    "misspelt": (
        changed(*POSITIVE, to={("Thikness [m]" if k == "Thickness [m]" else k): v for k, v in _CATHODE.items()}),
        "the field 'Thickness [m]' is missing; expected the thickness. Did you mean 'Thikness [m]'?",
    ),
    "no OCP": (changed(*POSITIVE, "OCP [V]"), "Positive electrode: the field 'OCP [V]' is missing"),
    "no section": (changed(PARAMETERS, "Separator"), "Parameterisation: the section 'Separator' is missing"),
    "one particle": (changed(PARAMETERS, "Electrolyte"), "A single-particle file holds no conductivities"),
    "no header": ({PARAMETERS: {}}, "BPX: the section 'Header' is missing"),
    "version": (changed("Header", "BPX", to="2.0.0"), "Header > BPX: unknown version of BPX; found '2.0.0'"),
    "no version": (changed("Header", "BPX"), "unknown version of BPX; found None"),
    "code": (
        changed(*POSITIVE, "OCP [V]", to="__import__('os').system('true')"),
        "Positive electrode > OCP [V]: the expression is not allowed; found '__import__' at character 1",
    ),
    "text": (changed(*POSITIVE, "Thickness [m]", to="52 um"), "'Thickness [m]' is no number; found '52 um'"),
    "rising": (
        changed(*POSITIVE, "OCP [V]", to="3 + x"),
        "electrode > OCP [V]: the potential is not finite or rises with the filling within its window; found",
    ),
    "negative D": (changed(*POSITIVE, "Diffusivity [m2.s-1]", to="x - 0.5"), "must be positive; found -0.5"),
    "table": (changed(*POSITIVE, "OCP [V]", to={"x": [0, 1], "y": [4.0]}), "that cannot be used; found 2 x and 1 y"),
    "blend": (
        changed(*POSITIVE, "Particle", to={"Large": {}, "Small": {}}),
        "a blended electrode has no place in the model; found Particle: Large, Small; expected one active material",
    ),
    "concentration": (
        changed("State", "Initial conditions", "Initial electrolyte concentration [mol.m-3]"),
        "the electrolyte's conductivity depends on its concentration, which is not given",
    ),
    "too full": (
        changed(*POSITIVE, "Surface area per unit volume [m-1]", to=9e5),
        "cathode.volume_fraction (the active material's fraction of the volume, pores included) cannot be; found 1.35",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_says_where_and_what_to_do(case):
    content, words = BAD[case]
    with pytest.raises(NacreError) as caught:
        read_bpx(content, GRAMS)
    assert words in str(caught.value) and str(caught.value).startswith("BPX")


def test_no_mass_is_made_up():
    with pytest.raises(NacreError, match=r"no field for the mass of the cathode's active.* Give --set 'cell.cam_mass="):
        read_bpx(LIQUID)


def test_a_number_given_stands_in_for_a_field():
    lacking = changed(*POSITIVE, "Particle radius [m]")
    given = {**GRAMS, "cathode.particle_diameter": "9 um", "cathode.volume_fraction": "0.6"}
    assert read_bpx(lacking, given).parameters.value("cathode.particle_diameter") == 9.0


def test_an_edited_field_beside_the_copy_is_noticed(tmp_path):
    content = through(LHO)
    content["Parameterisation"]["Positive electrode"]["Thickness [m]"] *= 2
    with pytest.raises(
        NacreError, match=r"Positive electrode > Thickness \[m\]: a standard field and the full copy .*disa"
    ):
        read_bpx(content)
    same(LHO, read_bpx(content, take="nacre").parameters)
    thick = read_bpx(content, MASS, take="standard").parameters
    assert thick.value("cathode.thickness") == pytest.approx(2 * LHO.value("cathode.thickness"))
    block = content["Parameterisation"]["User-defined"]["Nacre"]
    block["version"] = 7
    with pytest.raises(
        NacreError, match=r"User-defined > Nacre: unknown version of the Nacre block; found 7; expected 1"
    ):
        read_bpx(content)
    block.update(version=1, numbers={"cathode.contct [1]": {"value": 1, "description": "assumed: x"}})
    with pytest.raises(NacreError, match=r"unknown parameter 'cathode.contct'. Did you mean 'cathode.contact"):
        read_bpx(content)
    block["numbers"] = {"cathode.contact": {}}
    with pytest.raises(NacreError, match=r"cannot read this key; found 'cathode.contact'"):
        read_bpx(content)
    del block["numbers"]
    with pytest.raises(NacreError, match="'numbers' of the Nacre block is missing or not as it was written"):
        read_bpx(content)
    with pytest.raises(NacreError, match="the file carries no cell of Nacre"):
        read_bpx(LIQUID, GRAMS, take="nacre")
    with pytest.raises(NacreError, match="unknown choice 'native'"):
        read_bpx(LIQUID, GRAMS, take="native")
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    with pytest.raises(NacreError, match=r"a.json: this is no JSON file"):
        read_bpx(tmp_path / "a.json")


def test_a_diffusivity_that_cannot_be_is_refused():
    row = {"kind": "expression", "formula": "x - 0.5", "status": "assumed", "source": "x"}
    with pytest.raises(NacreError, match=r"the formula must be positive; at x = 0 it is -0.5"):
        read_shape(row, "cell.toml, cathode")
    with pytest.raises(NacreError, match="unknown kind of diffusivity 'tabel'"):
        read_shape({"kind": "tabel"}, "w")
    with pytest.raises(NacreError, match=r"unknown key 'ratios'. Did you mean 'ratio'"):
        read_shape({"kind": "table", "x": [0, 1], "ratios": [1, 1], "status": "assumed", "source": "x"}, "w")
