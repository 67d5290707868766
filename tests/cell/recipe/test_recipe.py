"""The recipe of a cell against hand arithmetic, with its errors; and what it refuses."""

import dataclasses
import math
from pathlib import Path

import pytest

import nacre
from nacre.cell.recipe.layers import compute_recipe
from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.quantity import covariance, parse

STUDY = nacre.load(Path(__file__).parents[3] / "studies" / "lho-ncm85")
AREA = math.pi / 4


def context(drop=(), **changed):
    inputs = {name: q for name, q in STUDY.inputs.items() if name not in drop}
    for name, text in changed.items():
        inputs[name] = parse(text).tagged(f"study:{name}") if text[0].isdigit() or text[0] == "-" else text
    return Context(STUDY.name, STUDY.samples["lho"], STUDY.cells["lho-1"], inputs=inputs)


def test_the_papers_cell():
    cell = compute_recipe(context())
    assert cell.loading.value == pytest.approx(12 * 0.693 / AREA)
    assert cell.one_c.value == pytest.approx(8.316 * 0.19) and cell.current(0.1).value == pytest.approx(0.158004)
    assert cell.areal_capacity.value == pytest.approx(8.316 / AREA * 0.274)
    assert cell.anode_capacity.value == pytest.approx(3.415, abs=1e-3)
    assert cell.n_over_p.value == pytest.approx(3.41526 / (8.316e-3 * 274), rel=1e-4)
    thick = {name: layer.solid_thickness.value for name, layer in cell.layers.items()}
    assert thick == pytest.approx({"cathode": 47.42, "separator": 682.6, "anode": 381.0}, rel=1e-3)
    volumes = [c.volume_fraction.value for c in cell.layers["cathode"].components]
    assert sum(volumes) == pytest.approx(1) and volumes == pytest.approx([0.470, 0.513, 0.017], abs=1e-3)


def test_nothing_is_assumed_of_pores():
    layer = compute_recipe(context()).layers["cathode"]
    assert layer.porosity is None and layer.thickness is None


def test_porosity_or_thickness_gives_the_other():
    layers = compute_recipe(context(cathode_porosity="12 %", measured_separator_thickness="803 um")).layers
    assert layers["cathode"].thickness.value == pytest.approx(47.424 / 0.88, rel=1e-4)
    assert layers["separator"].porosity.value == pytest.approx(1 - 682.63 / 803, abs=1e-4)


def test_errors_are_propagated_and_shared():
    sharp = {"composite_mass": "12.0(1) mg", "cam_fraction": "69.3(0) wt%", "diameter": "10.00(5) mm"}
    cell = compute_recipe(context(**sharp, one_c="190(0) mA/g"))
    assert cell.one_c.std == pytest.approx(cell.one_c.value / 120)
    assert cell.loading.std == pytest.approx(cell.loading.value * math.hypot(1 / 120, 2 * 0.005), rel=1e-3)
    shared = covariance(cell.one_c, cell.loading) / (cell.one_c.std * cell.loading.std)
    assert shared == pytest.approx((1 / 120) / math.hypot(1 / 120, 0.01), rel=1e-3)


def test_an_undeclared_uncertainty_stays_unknown():
    cell = compute_recipe(context())
    assert cell.loading.std is None and cell.one_c.std is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"se_fraction": "28.7 wt%"}, "cathode: the fractions sum to 0.99, not 1 (active material 0.693, electrolyte"),
        ({"anode_fraction": "40 wt%"}, "anode: the fractions sum to 1.1, not 1"),
        ({"cathode_porosity": "100 %"}, "the porosity of the cathode must lie between 0 and 100 %; found 100 %"),
        (
            {"measured_anode_thickness": "300 um"},
            "the anode is declared thinner than its solids; found 300 um; expected at",
        ),
        (
            {"cathode_porosity": "12 %", "measured_cathode_thickness": "54 um"},
            "both porosity and thickness of the cathode",
        ),
        ({"electrolyte": "Li6PS5Cx"}, "'Li6PS5Cx'"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_in_words(changed, words):
    with pytest.raises(NacreError) as caught:
        compute_recipe(context(**changed))
    assert words in str(caught.value) and "lho-1" in str(caught.value)


def test_what_is_not_declared_is_named_and_the_rest_stands():
    cell = compute_recipe(context(drop=("one_c", "separator_mass", "carbon"), counter_electrode="In"))
    assert "separator" not in cell.layers
    assert cell.layers["cathode"].solid_thickness is None and cell.layers["cathode"].unknown == "the density of carbon"
    assert cell.n_over_p is None and "how much lithium In takes up is not known" in cell.unknown["anode_capacity"]
    with pytest.raises(NacreError, match="the 1C current is not known"):
        cell.current(0.1)
    with pytest.raises(NacreError, match="the electrode area is not given, and the recipe needs it"):
        compute_recipe(context(drop=("diameter",)))


def test_a_study_may_declare_its_own_density():
    from nacre.materials import load_builtin

    library = load_builtin().adding({"C65": {"density": "2.00(1) g/cm3"}})
    cathode = compute_recipe(context(), library).layers["cathode"]
    assert cathode.components[2].density.std == pytest.approx(0.01)
    changed = dataclasses.replace(STUDY, materials={"C65": {"density": "2.00(1) g/cm3"}})
    assert changed.materials["C65"]
