"""The lab, once: accuracies found above the study, what they do to declared inputs and options, what cancels."""

import math

import pytest

import nacre
from nacre.core import options as option_tools
from nacre.core.context import Context
from nacre.core.lab import ROLES, Lab
from nacre.core.quantity import derive
from nacre.materials.instruments import data_sheet, data_sheets
from nacre.pipeline.loading.load import read
from nacre.pipeline.loading.problems import StudyProblems
from nacre.pipeline.running.graph import build
from nacre.report import methods
from nacre.techniques.cycling.cycling import CyclingOptions
from nacre.techniques.cycling.rate import RateOptions
from nacre.techniques.impedance.impedance import ImpedanceOptions

STUDY = """
schema = 1
[study]
name = "toy"
reference = "bare"
[[sample]]
name = "bare"
[[sample]]
name = "coated"
[cell]
cam_fraction = "70 wt%"
diameter = "10 mm"
temperature = "45 degC"
[cell.b1]
sample = "bare"
composite_mass = "12.00 mg"
[cell.c1]
sample = "coated"
composite_mass = "11.90 mg"
"""
BALANCE = 'balance = { readability = "0.01 mg", repeatability = "0.02 mg", linearity = "0.06 mg" }\n'
DIE = 'die = { diameter_tolerance = "0.03 mm" }\n'


def study(folder, lab="", text=STUDY):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(text + (f"[lab]\n{lab}" if lab else ""), encoding="utf-8")
    return nacre.load(folder)


def context(found, cell):
    return Context("toy", None, found.cells[cell], inputs=found.inputs)


def ratio(found, name, unit):
    pair = [context(found, cell).find(name, unit) for cell in ("b1", "c1")]
    return derive(lambda a, b: a / b, *pair, unit="1")


def difference(found, name, unit):
    pair = [context(found, cell).find(name, unit) for cell in ("b1", "c1")]
    return derive(lambda a, b: a - b, *pair, unit=unit)


def test_without_a_lab_nothing_is_known_and_nothing_is_said(tmp_path):
    found, problems = read(tmp_path) if study(tmp_path) else None
    assert problems.found == [] and found.lab == Lab()
    assert context(found, "b1").find("composite_mass", "mg").std is None
    assert build(found).nodes == {}


def test_a_weighing_has_its_own_error_and_shares_the_balances(tmp_path):
    found = study(tmp_path, BALANCE)
    mass = found.cells["b1"].inputs["composite_mass"]
    own = math.hypot(0.02, math.sqrt(2) * 0.01 / math.sqrt(12))
    shared = math.sqrt(2) * 0.06 / math.sqrt(3)
    assert mass.basis == "data-sheet" and mass.std == pytest.approx(math.hypot(own, shared))
    assert difference(found, "composite_mass", "mg").std == pytest.approx(math.sqrt(2) * own), "linearity cancels"


def test_a_mass_written_coarsely_is_no_better_than_its_last_digit(tmp_path):
    text = STUDY.replace('"12.00 mg"', '"12 mg"')
    mass = study(tmp_path, BALANCE, text).cells["b1"].inputs["composite_mass"]
    assert mass.std == pytest.approx(math.sqrt(0.02**2 + 2 / 12 + 2 * 0.06**2 / 3))


def test_one_die_cancels_in_a_ratio_and_in_a_difference_of_equal_areas(tmp_path):
    found = study(tmp_path, DIE)
    area = context(found, "b1").find("area", "cm2")
    assert area.std / area.value == pytest.approx(2 * 0.03 / math.sqrt(3) / 10, rel=1e-4)
    assert ratio(found, "area", "cm2").std == pytest.approx(0, abs=1e-9)
    other = study(tmp_path / "two", DIE, STUDY + 'diameter = "12 mm"\n')
    assert ratio(other, "area", "cm2").std > 1e-3, "two dies share nothing"


def test_a_declared_uncertainty_comes_before_the_instrument(tmp_path):
    text = STUDY.replace('"12.00 mg"', '"12.00(50) mg"')
    assert study(tmp_path, BALANCE, text).cells["b1"].inputs["composite_mass"].std == pytest.approx(0.5)


def test_a_mass_declared_once_is_weighed_anew_for_each_cell_on_one_balance(tmp_path):
    text = STUDY.replace('composite_mass = "12.00 mg"', "").replace('composite_mass = "11.90 mg"', "")
    found = study(tmp_path, BALANCE, text.replace("[cell]", '[cell]\ncomposite_mass = "12.00 mg"'))
    own = math.hypot(0.02, math.sqrt(2) * 0.01 / math.sqrt(12))
    assert difference(found, "composite_mass", "mg").std == pytest.approx(math.sqrt(2) * own)


def test_the_nearest_file_comes_first_key_by_key_and_the_study_before_it(tmp_path):
    (tmp_path / "lab.toml").write_text(
        '[lab]\ndie = { diameter_tolerance = "0.5 mm" }\nthermostat = "climate chamber"\n'
        'balance = { repeatability = "9 mg", linearity = "0.3 mg" }\n', encoding="utf-8",
    )  # fmt: skip
    (tmp_path / "year").mkdir()
    (tmp_path / "year" / "lab.toml").write_text(
        '[lab]\nbalance = { repeatability = "0.1 mg" }\nthermostat = { temperature_error = "3 K" }\n', encoding="utf-8"
    )
    lab = study(tmp_path / "year" / "toy", DIE).lab
    assert lab.instruments["die"].accuracies["diameter_tolerance"].value == 0.03
    assert lab.instruments["balance"].accuracies["repeatability"].value == 0.1
    assert lab.instruments["balance"].accuracies["linearity"].value == 0.3
    assert lab.instruments["thermostat"].std("temperature_error") == pytest.approx(3 / math.sqrt(3))
    assert lab.files == ("study.toml", "../lab.toml", "../../lab.toml")
    assert [lab.instruments[role].file for role in ("die", "balance")] == ["study.toml", "../lab.toml"]


def test_temperature_pressure_and_volume(tmp_path):
    text = STUDY.replace("[cell]", '[cell]\npressure = "80 MPa"')
    text = text.replace('name = "bare"\n[[', 'name = "bare"\naliquot_volume = "40 mL"\n[[')
    lab = 'thermostat = "climate chamber"\npress = { pressure_error = "3 %" }\npipettes = { volume_error = "0.1 %" }\n'
    found = study(tmp_path, lab, text)
    assert found.inputs["temperature"].to("K").std == pytest.approx(1 / math.sqrt(3))
    assert found.inputs["pressure"].std == pytest.approx(2.4 / math.sqrt(3))
    assert found.samples["bare"].inputs["aliquot_volume"].std == pytest.approx(0.04 / math.sqrt(3))


def layers(found, kind, *more):
    return option_tools.resolve(kind, *option_tools.lab_layers(kind, found.lab), *more)


def test_the_cyclers_accuracy_reaches_every_technique_that_asks_for_it(tmp_path):
    found = study(tmp_path, 'cycler = { instrument = "MACCOR Series 4000", current_range = "5 mA" }\n')
    for kind in (CyclingOptions, RateOptions):
        options, sources = layers(found, kind)
        assert options.current_gain_error == pytest.approx(0.02 / math.sqrt(3))
        assert options.current_offset_error == pytest.approx(1.0 / math.sqrt(3))
        assert sources["current_gain_error"] == "study.toml [cycler MACCOR Series 4000]"
    chosen, sources = layers(found, RateOptions, ("--set", {"current_gain_error": 0.5}))
    assert chosen.current_gain_error == 0.5 and sources["current_gain_error"] == "--set"
    assert layers(found, ImpedanceOptions)[0] == ImpedanceOptions()


def test_a_part_of_an_unknown_range_stays_unknown_and_is_said(tmp_path):
    study(tmp_path, 'cycler = "MACCOR Series 4000"\n')
    found, problems = read(tmp_path)
    assert layers(found, RateOptions)[0].current_offset_error is None
    assert len(problems.found) == 2 and all(problem.level == "warning" for problem in problems.found)
    assert "the range is not given" in problems.found[0].text


@pytest.mark.parametrize(
    ("text", "std"),
    [("0.3 %", 0.3 / 3**0.5), ("0.3 % std", 0.3), ("0.3 % k=2", 0.15), ("0.3 % triangular", 0.3 / 6**0.5)],
)
def test_how_a_figure_becomes_a_standard_uncertainty(tmp_path, text, std):
    found = study(tmp_path, f'cycler = {{ current_gain_error = "{text}" }}\n')
    assert found.lab.instruments["cycler"].std("current_gain_error") == pytest.approx(std)


@pytest.mark.parametrize(
    ("lab", "words"),
    [
        ('balanse = "x"\n', "Did you mean 'balance'"),
        ('balance = "five-place analitical balance"\n', "Did you mean 'five-place analytical balance'"),
        ('balance = { repeatabilty = "1 mg" }\n', "Did you mean 'repeatability'"),
        ('balance = { repeatability = "1 mm" }\n', "repeatability|mg"),
        ('balance = { repeatability = "-1 mg" }\n', "cannot be negative"),
        ("balance = 3\n", "is no instrument"),
        ('[lab.reproducibility]\nlatice_a = "40 ppm"\n', "Did you mean 'lattice_a'"),
        ('[lab.reproducibility]\nxps = "3 mg"\n', "is not in mg"),
        ('[lab.reproducibility]\nxps = "0 %"\n', "not above zero"),
    ],
)
def test_what_nobody_understands_is_named(tmp_path, lab, words):
    with pytest.raises(StudyProblems, match=words) as caught:
        study(tmp_path, lab)
    assert len(caught.value.problems) == 1


def test_a_mistake_in_the_labs_file_names_that_file(tmp_path):
    (tmp_path / "lab.toml").write_text('[lab]\nbalanse = "x"\n', encoding="utf-8")
    with pytest.raises(StudyProblems, match=r"\.\./lab\.toml:1: .*balanse"):
        study(tmp_path / "toy")
    (tmp_path / "lab.toml").write_text('balance = "x"\n', encoding="utf-8")
    with pytest.raises(StudyProblems, match=r"one table, \[lab\]"):
        study(tmp_path / "toy")


def test_reproducibility_is_carried_and_asked_by_quantity_before_technique(tmp_path):
    text = '[lab.reproducibility]\nxps = "3 %"\nlattice_a = "40 ppm"\ncapacity_retention = "1 %"\n'
    lab = study(tmp_path, text).lab
    assert lab.reproduced("rietveld", "lattice_a", 2.87, "Ang") == pytest.approx(2.87 * 40e-6)
    assert lab.reproduced("xps", "species_ratio", 2.0, "1") == pytest.approx(0.06)
    assert lab.reproduced("cycling", "capacity_retention", 80.0, "%") == pytest.approx(1.0), "points"
    assert lab.reproduced("rietveld", "lattice_c", 14.2, "Ang") is None


def test_the_table_of_instruments_is_whole():
    for sheet in data_sheets().values():
        assert sheet.source and set(sheet.figures) <= set(ROLES[sheet.role])
    assert not data_sheet("balance", "four-place analytical balance").verified
    assert {sheet.role for sheet in data_sheets().values()} <= set(ROLES)


def test_the_experimental_section_says_whose_accuracies_were_taken_and_from_which_file(tmp_path):
    (tmp_path / "lab.toml").write_text('[lab]\nbalance = "four-place analytical balance"\n', encoding="utf-8")
    _, rows = methods.cells(study(tmp_path / "toy", DIE))
    said = dict(rows)
    assert said["accuracies of"] == [
        "die (study.toml) and balance four-place analytical balance (../lab.toml, not compared with its data sheet)"
    ]
    assert said["mass of cathode composite"][0].endswith("mg (data sheet)")
    assert said["electrode diameter"] == ["10.000(17) mm (data sheet)"]
    _, plain = methods.cells(study(tmp_path / "toy"))
    (tmp_path / "lab.toml").unlink()
    assert "accuracies of" not in dict(methods.cells(study(tmp_path / "toy"))[1]) and "accuracies of" in dict(plain)
