"""Small words: formulae, units, states, numbers."""

import pytest

from nacre.core.display import wording
from nacre.core.display.style import pretty_unit
from nacre.core.quantity import Quantity, parse
from nacre.core.study import PreparationStep
from nacre.report.methods import step_sentence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Li2HfO3 and HfO2", "Li₂HfO₃ and HfO₂"),
        ("n(HfO2)/n(Li2HfO3)", "n(HfO₂)/n(Li₂HfO₃)"),
        ("Bare-NCM85, H1-M, Super C65", "Bare-NCM85, H1-M, Super C65"),
        ("in O2", "in O₂"),
        ("LiNi0.85Co0.1Mn0.05O2", "LiNi₀.₈₅Co₀.₁Mn₀.₀₅O₂"),
    ],
)
def test_formulae_are_lowered_and_names_are_not(text, shown):
    assert wording.formula(text) == shown


@pytest.mark.parametrize(
    ("unit", "plain", "powers"),
    [
        ("umol/g", "µmol/g", "µmol g⁻¹"),
        ("mAh/g", "mAh/g", "mAh g⁻¹"),
        ("ohm cm2", "Ω cm²", "Ω cm²"),
        ("mAh/g/V", "mAh/g/V", "mAh g⁻¹ V⁻¹"),
        ("mAh/cm2", "mAh/cm²", "mAh cm⁻²"),
        ("1/cm", "1/cm", "cm⁻¹"),
        ("degC", "°C", "°C"),
        ("Ang3", "Å³", "Å³"),
        ("1", "", ""),
    ],
)
def test_units_as_printed(unit, plain, powers):
    assert pretty_unit(unit) == plain
    assert pretty_unit(unit, powers=True) == powers


def test_states_are_spoken_in_one_order():
    state = {"rate_C": 0.1, "cycle": 1, "segment": "ageing", "temperature_degC": 45.0}
    assert wording.state_words(state) == "ageing, cycle 1, 0.1C, 45 °C"
    assert wording.state_words({}) == ""


@pytest.mark.parametrize(
    ("quantity", "text", "how"),
    [
        (Quantity(8.321, "mg", 0.05), "8.32(5) mg", "as given"),
        (Quantity(8.321, "mg"), "8.321 mg", "no uncertainty estimated"),
        (Quantity(8.0, "mg", 0.0), "8 mg", "exact"),
        (Quantity(-1.5, "mV", 0.2, basis="fit-covariance"), "−1.50(20) mV", "fit covariance"),
    ],
)
def test_quantities_and_how_sure_they_are(quantity, text, how):
    assert wording.quantity(quantity) == text
    assert wording.uncertainty(quantity) == how


def test_symbols_have_their_index_lowered():
    assert wording.symbol("discharge_capacity") == "q<sub>dis</sub>"
    assert wording.symbol("mean_coulombic_efficiency") == "&lt;CE&gt;"
    assert wording.symbol("no such name") == ""


def test_a_step_is_a_sentence():
    heat = PreparationStep(
        "slow_heating", {"temperature": parse("60 degC"), "with": "magnetic stirring", "vessel": "flask"}
    )
    assert step_sentence(heat) == "Slow heating was carried out with magnetic stirring in flask at 60 °C."
    mill = PreparationStep("mill", {"speed": parse("140 1/min"), "time": parse("30 min")})
    assert step_sentence(mill) == "The material was milled at 140 1/min for 30 min."
    assert step_sentence(mill, mill) == "It was then milled at 140 1/min for 30 min."
    dry = PreparationStep("drying", {"of": "the powder", "in": "vacuum", "note": ">= 12 h"})
    assert step_sentence(dry, mill) == "The powder was dried in vacuum (note: ≥ 12 h)."
    dose = PreparationStep("dosing", {"of": "HfO2, dropwise", "target": parse("1 wt%")})
    assert step_sentence(dose) == "Dosing of HfO₂, dropwise was carried out to a target of 1 wt%."


def test_a_sentence_never_changes_a_files_name():
    assert wording.sentence("bare_1.txt: no unit") == "bare_1.txt: no unit."
    assert wording.sentence("no unit") == "No unit."
    assert wording.sentence("") == ""
