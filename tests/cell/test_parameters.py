"""From the recipe to the numbers of the cell model, the file that holds them, and what is refused."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nacre
from nacre.cell import cell_toml
from nacre.cell.parameters import NAMES, compute_particle_radii
from nacre.cell.potential import STATUSES, Potential, read_potential
from nacre.cell.recipe.build import build_cell, check_model, load_known
from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.quantity import parse
from nacre.physics.constants import FARADAY
from nacre.physics.ocp import compute_msmr_stoichiometry

STUDY = nacre.load(Path(__file__).parents[2] / "studies" / "lho-ncm85")


def context(sample="lho", **changed):
    inputs = {**STUDY.inputs, **{n: parse(t) if t[0].isdigit() else t for n, t in changed.items()}}
    return Context(STUDY.name, STUDY.samples[sample], STUDY.cells[f"{sample}-1"], inputs=inputs)


LHO = build_cell(context())


def test_geometry_and_sites_are_those_of_the_recipe():
    area = np.pi / 4
    assert LHO.value("cathode.thickness") == pytest.approx(47.424 / 0.88, rel=1e-4)
    assert LHO.value("cathode.volume_fraction") == pytest.approx(0.470 * 0.88, rel=1e-3)
    # whatever the pores, the sites are those of the weighed material: m F / M
    assert LHO.sites("cathode") == pytest.approx(8.316e-3 / 97.468 * FARADAY, rel=1e-4)
    assert LHO.sites("anode") / 3.6 == pytest.approx(3.4153, rel=1e-3)
    dense = build_cell(context(cathode_porosity="0 %"))
    assert dense.sites("cathode") == pytest.approx(LHO.sites("cathode"))
    assert dense.numbers["cathode.thickness"].status == "computed"
    assert LHO.numbers["cathode.thickness"].status == "assumed"
    assert LHO.one_c / LHO.area == pytest.approx(0.19 * 8.316e-3 / (area * 1e-4))


def test_every_number_has_a_status_and_a_source():
    assert all(p.status in STATUSES and len(p.source) > 5 for p in LHO.numbers.values())
    assert {p.status for p in LHO.numbers.values()} >= {"declared", "computed", "literature", "fitted", "assumed"}
    assert LHO.potentials["cathode"].status == "fitted" and LHO.potentials["anode"].status == "assumed"


def test_the_samples_differ_in_contact_mass_film_and_ageing_alone():
    bare = build_cell(context("bare"))
    differ = {n for n in NAMES if bare.value(n) != LHO.value(n)}
    films = {f"cathode.{n}" for n in ("contact", "active", "coating_thickness", "coating_conductivity")}
    assert differ == films | {"ageing.slowing"}


def test_the_study_has_the_last_word():
    model = {
        "cathode": {"diffusivity": {"value": "1e-12 cm2/s", "status": "fitted", "source": "our own"}},
        "sample": {"lho": {"cathode": {"contact": "0.5"}}, "bare": {"cathode": {"contact": "0.1"}}},
    }
    made = build_cell(context(), model)
    assert made.value("cathode.diffusivity", "m2/s") == pytest.approx(1e-16)
    assert made.value("cathode.contact") == 0.5 and made.numbers["cathode.contact"].status == "declared"


def test_size_classes_have_the_median_and_the_spread():
    radii = np.array(compute_particle_radii(5e-6, 0.5, 9))
    assert radii[4] == pytest.approx(2.5e-6) and np.log(radii[-1] / radii[4]) == pytest.approx(0.5 * 1.593, rel=1e-3)
    assert compute_particle_radii(5e-6, 0.0, 9) == (2.5e-6,)


def test_warmer_is_faster_by_arrhenius():
    cold = LHO.changed({"cell.temperature": "25 degC"}).cell()
    factor = np.exp(9980 / 8.314462618 * (1 / 318.15 - 1 / 298.15))
    assert cold.cathode.diffusivity(0.5) / LHO.cell().cathode.diffusivity(0.5) == pytest.approx(factor)
    assert cold.separator_conductivity < LHO.cell().separator_conductivity


def test_a_file_holds_all_of_it(tmp_path):
    sure = LHO.changed({"cathode.contact": "0.50 +- 0.05"}, "fitted", 'by "us", 2 µm\\x')
    again = cell_toml.load(cell_toml.save(sure, tmp_path / "new" / "cell.toml"))
    assert again.name == sure.name and set(again.numbers) == set(sure.numbers)
    for name, p in sure.numbers.items():
        found = again.numbers[name]
        assert (found.quantity.value, found.quantity.unit) == (p.quantity.value, p.quantity.unit)
        assert (found.status, found.source) == (p.status, p.source)
    assert again.numbers["cathode.contact"].quantity.std == 0.05
    x = np.linspace(0.1, 0.99, 50)
    for part in ("cathode", "anode"):
        assert np.array_equal(again.potentials[part].curve(x), sure.potentials[part].curve(x))
    assert cell_toml.write_text(again) == cell_toml.write_text(sure)
    tomllib.loads(cell_toml.write_text(sure))


@pytest.mark.realdata
def test_the_potential_is_that_of_the_measured_curve(realdata):
    # six reactions against the raw curve, before the shift from the tail to H2-H3 and the end
    x, volts = np.loadtxt(realdata / "ocp" / "nmc811_MJ1_Sturm_Zhuo2023.csv", delimiter=",").T
    row = load_known()["cathode"]["NCM85"]["potential"]
    amounts = np.array(row["amounts"]) + [0, 0, 0, 0, -0.1, 0.1]
    off = compute_msmr_stoichiometry(volts, amounts, row["volts"], row["widths"], 298.15) - x
    assert np.sqrt(np.mean(off**2)) < 1e-3 and np.abs(off).max() < 3e-3
    assert sum(row["amounts"]) == pytest.approx(1.0)
    # as used, with the larger H2-H3: the lower transitions stay where they are
    used = LHO.potentials["cathode"].curve
    low = (volts < 3.8) & (volts > 3.55)
    assert np.abs(used(x[low]) - volts[low]).max() < 0.02


@pytest.mark.realdata
def test_the_titanates_plateau_is_below_the_measured_charge_curve(realdata):
    charge, volts = np.loadtxt(realdata / "ocp" / "LTO_diffthermo.csv", delimiter=",").T
    middle = np.median(volts[(charge > 0.3 * charge.max()) & (charge < 0.8 * charge.max())])
    assert 0 < middle - LHO.potentials["anode"].curve(0.5) < 0.06


BAD = {
    "unknown part": ({"cathod": {"contact": "0.5"}}, "unknown part 'cathod'. Did you mean 'cathode'?"),
    "unknown name": (
        {"cathode": {"contct": "0.5"}},
        "unknown parameter 'cathode.contct'. Did you mean 'cathode.contact",
    ),
    "unit": ({"cathode": {"diffusivity": "1e-12 cm2"}}, "cathode.diffusivity"),
    "no unit": ({"cathode": {"particle_diameter": "5"}}, "a number without a unit"),
    "fraction": ({"cathode": {"contact": "1.5"}}, "the true over the geometric contact area) cannot be; found 1.5"),
    "status": (
        {"cathode": {"contact": {"value": "0.5", "status": "fited", "source": "x"}}},
        "unknown status 'fited'. Did you mean 'fitted'?",
    ),
    "rising": (
        {"cathode": {"potential": {"kind": "table", "x": [0.1, 0.5, 0.9], "volts": [3.0, 3.5, 4.0]}}},
        "the potential rises with the filling",
    ),
    "kind": ({"cathode": {"potential": {"kind": "tabel"}}}, "unknown kind of potential 'tabel'"),
    "classes": ({"cathode": {"particle_classes": "2.5"}}, "cathode.particle_classes must be a whole number; found 2.5"),
    "no value": ({"cathode": {"contact": {"status": "fitted"}}}, "cannot read this as a quantity"),
    "key": ({"cathode": {"potential": {"kind": "table", "x": [0, 1], "volt": [4, 3]}}}, "unknown key 'volt'"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused_in_words(case):
    model, words = BAD[case]
    with pytest.raises(NacreError) as caught:
        build_cell(context(), model)
    assert words in str(caught.value)


def test_an_unknown_material_is_not_made_up():
    with pytest.raises(NotAssessable, match=r"nothing is known of LiCoO2 as a cathode.*Write a cell.toml"):
        build_cell(replace(context(), sample=replace(STUDY.samples["lho"], inputs={"cam": "LiCoO2"})))
    with pytest.raises(NacreError, match="cell 'lho-1': the temperature of the test is not given, and the cell model"):
        build_cell(replace(context(), inputs={n: q for n, q in STUDY.inputs.items() if n != "temperature"}))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("contact = {", "kontact = {", "unknown parameter 'cathode.kontact'. Did you mean 'cathode.contact"),
        ("[separator]", "[seperator]", "unknown part 'seperator'. Did you mean 'separator'?"),
        ("name = ", "name : ", "this is no TOML file"),
        ("one_c = {", "# one_c = {", "cell.one_c is missing; expected the current of 1C per gram"),
        ('"190.0 mA/g", status = "declared", ', '"190.0 mA/g", ', "cell.one_c must have value, status and source"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path, old, new, words):
    text = cell_toml.write_text(LHO)
    assert old in text
    (tmp_path / "cell.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(NacreError) as caught:
        cell_toml.load(tmp_path / "cell.toml")
    assert words in str(caught.value) and "cell.toml" in str(caught.value)


def test_a_potential_knows_its_filling():
    table = read_potential({"kind": "table", "x": [0, 1], "volts": [4, 3], "status": "declared", "source": "x"}, "w")
    assert table.filling(3.25) == pytest.approx(0.75) and np.isnan(table.filling(4.5))
    with pytest.raises(NacreError, match="no potential of kind 'msmr' can be made"):
        numbers = {"amounts": [1], "volts": [3, 4], "widths": [1], "kelvin": 298, "low": 0.1, "high": 0.9}
        assert Potential("msmr", numbers, "assumed", "y").curve


def test_another_coating_has_no_thickness_until_it_is_declared():
    def of(**coating):
        return replace(context(), sample=replace(STUDY.samples["lho"], coating=coating))

    with pytest.raises(NotAssessable, match=r"thickness is not known.*under \[model.sample.lho.cathode\]"):
        build_cell(of(precursor="LiNbO3"))
    declared = build_cell(of(precursor="LiNbO3"), {"cathode": {"coating_thickness": "5 nm"}})
    meant = build_cell(of(precursor="LiNbO3", target_thickness="10 nm"))
    assert (declared.value("cathode.coating_thickness"), meant.value("cathode.coating_thickness")) == (5, 10)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"sample": {"loh": {}}}, "[model.sample]: unknown sample 'loh'. Did you mean 'lho'?"),
        ({"sample": {"lho": {"cathode": {"contct": "1"}}}}, "[model.sample.lho]: unknown parameter 'cathode.contct'"),
        ({"anod": {}}, "unknown part 'anod'. Did you mean 'anode'?"),
    ],
)
def test_a_studys_model_is_checked_with_the_study(model, words):
    check_model({"cathode": {"contact": "0.5"}, "calibrate": {}}, STUDY.samples)
    with pytest.raises(NacreError) as caught:
        check_model(model, STUDY.samples)
    assert words in str(caught.value)
