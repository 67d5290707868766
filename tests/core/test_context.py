import pytest

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.quantity import derive, parse
from nacre.core.study import Cell, Sample


def inputs(**texts):
    return {name: parse(text).tagged(name) for name, text in texts.items()}


def context(cell=None, shared=None, sample=None):
    return Context(
        "toy", Sample("lho", inputs=inputs(**(sample or {}))), Cell("c1", "lho", inputs(**(cell or {}))),
        inputs=inputs(**(shared or {})),
    )  # fmt: skip


def test_cell_before_sample_before_study():
    assert context({"area": "1 cm2"}, {"area": "2 cm2"}).find("area", "mm2").value == pytest.approx(100)
    assert context(None, {"area": "2 cm2"}, {"area": "3 cm2"}).find("area", "cm2").value == 3
    assert context().find("area", "cm2") is None


def test_a_mass_follows_from_composite_and_fraction_with_both_errors():
    mass = context({"composite_mass": "12.0(1) mg"}, {"cam_fraction": "70(1) wt%"}).find("cam_mass", "mg")
    assert mass.value == pytest.approx(8.4)
    assert mass.std == pytest.approx(((0.1 * 0.7) ** 2 + (12 * 0.01) ** 2) ** 0.5)
    assert context({"diameter": "10 mm"}).find("area", "cm2").value == pytest.approx(0.785398)


def test_a_cells_own_diameter_comes_before_the_area_all_cells_share():
    found = context({"diameter": "12 mm"}, {"area": "0.785 cm2"}).find("area", "cm2")
    assert found.value == pytest.approx(1.130973)
    own = context({"composite_mass": "12 mg"}, {"cam_mass": "9 mg", "cam_fraction": "70 wt%"})
    assert own.find("cam_mass", "mg").value == pytest.approx(8.4)
    lone = context({"composite_mass": "12 mg"}, {"cam_mass": "9 mg"})
    assert lone.find("cam_mass", "mg").value == 9, "nothing follows from a composite without its fraction"


def test_what_is_missing_is_asked_for_where_it_belongs():
    with pytest.raises(NacreError) as caught:
        context().need("cam_mass", "g", "the capacity")
    assert str(caught.value) == (
        "cell 'c1': the mass of cathode active material is not given, and the capacity needs it; expected "
        'cam_mass = "... mg" or composite_mass = "... mg" and cam_fraction = "... wt%". '
        "Add it under [cell.c1], or [cell] for all cells, in study.toml, or as a column of cells.csv."
    )
    with pytest.raises(NacreError, match=r"Add it under its \[\[sample\]\] in study.toml"):
        Context("toy", Sample("lho")).need("surface_area", "m2/g")
    with pytest.raises(NacreError, match=r"unknown input name 'cam_mas'. Did you mean 'cam_mass'"):
        context().need("cam_mas", "g")


def test_words_are_words():
    made = Context("toy", None, Cell("c1", "lho", {"counter_electrode": "Li4Ti5O12"}))
    assert made.text("counter_electrode") == "Li4Ti5O12" and made.text("electrolyte") == ""
    with pytest.raises(NacreError, match=r"found the words 'Li4Ti5O12'"):
        made.need("counter_electrode", "1")


def test_cells_share_the_dies_error_but_each_is_weighed_anew():
    declared = {"composite_mass": "12.0(1) mg", "cam_fraction": "70(1) wt%", "diameter": "10.0(1) mm"}
    inputs = {name: parse(text).tagged(f"study:{name}") for name, text in declared.items()}
    one, two = (Context("toy", None, Cell(name, "lho"), inputs=inputs) for name in ("c1", "c2"))

    def ratio_std(name, unit):
        return derive(lambda a, b: a / b, one.find(name, unit), two.find(name, unit), unit="1").std

    assert ratio_std("area", "cm2") == pytest.approx(0, abs=1e-9)
    assert ratio_std("composite_mass", "mg") == pytest.approx(2**0.5 * 0.1 / 12)
    assert ratio_std("cam_mass", "mg") == pytest.approx(2**0.5 * 0.1 / 12), "the fraction's error cancels"
    assert derive(lambda a, b: a / b, *[one.find("cam_mass", "mg")] * 2, unit="1").std == pytest.approx(0, abs=1e-9)
