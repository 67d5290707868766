"""Points out of order, and statements of mass and acid that contradict each other."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.quantity import parse
from nacre.core.signal import Signal
from nacre.core.study import Sample
from nacre.techniques.chemistry.titration_inputs import TitrationOptions, check_statements, get_mass, get_strength
from nacre.techniques.chemistry.titration_points import order_points

registry.techniques()
ACID = np.linspace(0, 8e-3, 41)
PH = 11 - 8 / (1 + np.exp(-(ACID - 5e-3) / 5e-4))


def context(**stated):
    inputs = {key: parse(text) for key, text in stated.items()}
    return Context(sample=Sample("bare", "", inputs), analysis="titration:bare")


def report(**metadata):
    return Signal("titration", {}, metadata, name="report")


def test_a_clean_titration_is_left_as_it_is():
    points = order_points(ACID, PH)
    assert np.array_equal(points.acid, ACID) and np.array_equal(points.ph, PH) and not points.words


def test_repeated_unsorted_and_single_doses_give_the_clean_curve():
    again = np.append(np.arange(41), [7, 7, 30])
    order = np.random.default_rng(1).permutation(41)
    doses = np.diff(ACID, prepend=0.0)
    for acid, ph, words in (
        (ACID[np.sort(again)], PH[np.sort(again)], "stand in the file again"),
        (ACID[order], PH[order], "they are sorted"),
        (doses, PH, "single doses"),
    ):
        points = order_points(acid, ph, np.arange(acid.size) * 20.0)
        assert points.acid == pytest.approx(ACID) and points.ph == pytest.approx(PH)
        assert points.time.size == ACID.size and len(points.words) == 1 and words in points.words[0]


def test_doses_that_the_titrator_chose_by_the_slope_are_added_up():
    volumes = np.concatenate([np.linspace(0, 4.5, 10), np.linspace(4.6, 5.4, 17), np.linspace(5.9, 9, 8)]) * 1e-3
    ph = 11 - 8 / (1 + np.exp(-(volumes - 5e-3) / 5e-4))
    assert order_points(np.diff(volumes, prepend=0.0), ph).acid == pytest.approx(volumes)


def test_two_titrations_in_one_file_are_refused():
    flat = np.random.default_rng(2).normal(7, 1, 82)
    with pytest.raises(ValueError, match="one titration a file"):
        order_points(np.tile(ACID, 2), flat)
    with pytest.raises(ValueError, match="a volume of acid of -1 mL"):
        order_points(np.append(-1e-3, ACID[1:]), PH)


def test_the_mass_of_the_solution_is_not_that_of_the_powder():
    where, signal = context(aliquot_volume="40.00(3) mL", titration_mass="2.0000(2) g"), report(sample_mass=40.05)
    assert get_mass(signal, where, TitrationOptions()).value == 2.0
    (check,) = check_statements([signal], where, TitrationOptions())
    assert "the 40.05 g of the file are of the solution (aliquot_volume is 40 mL)" in check.text
    with pytest.raises(NacreError, match="is that of the solution titrated"):
        get_mass(signal, context(aliquot_volume="40.00(3) mL"), TitrationOptions())


@pytest.mark.parametrize("mass", [1.9, 2.0012, 2.1])
def test_a_powders_own_mass_in_the_file_is_taken(mass):
    where = context(aliquot_volume="40.00(3) mL", titration_mass="2.0000(2) g")
    signal = report(sample_mass=mass)
    if abs(mass / 2.0 - 1) <= 0.05:
        assert get_mass(signal, where, TitrationOptions()).value == mass
    assert get_mass(signal, context(aliquot_volume="40.00(3) mL"), TitrationOptions()).value == mass
    assert not check_statements([signal], where, TitrationOptions())


def test_two_masses_of_powder_are_both_shown():
    with pytest.raises(NacreError, match=r"two masses of powder.*3\.1 g in the file, 2\.0+.* declared"):
        get_mass(report(sample_mass=3.1), context(titration_mass="2.0000(2) g"), TitrationOptions())


@pytest.mark.parametrize("name", ["H2SO4", "c(H2SO4) = 0.05 mol/L", "Schwefelsäure", "sulphuric acid"])
def test_an_acid_of_two_protons_asks_what_its_concentration_counts(name):
    signal, where = report(titrant=name, titrant_concentration=0.05), context(acid_concentration="0.0500(1) mol/L")
    with pytest.raises(NacreError, match="more than one proton"):
        get_strength(signal, where, TitrationOptions())
    options = TitrationOptions()
    assert get_strength(signal, where, replace(options, protons=1)).value == pytest.approx(0.05)
    both = get_strength(signal, where, replace(options, protons=2))
    assert both.value == pytest.approx(0.1) and both.std == pytest.approx(2e-4)
    plain = replace(signal, metadata={"titrant": "HCl", "titrant_concentration": 0.05})
    assert get_strength(plain, where, options).value == pytest.approx(0.05)


def test_two_concentrations_of_the_acid_are_shown():
    where = context(acid_concentration="0.0500(1) mol/L")
    (check,) = check_statements([report(titrant_concentration=0.1)], where, TitrationOptions())
    assert check.status == "warn" and "that of the file 0.1 mol/L" in check.text
    assert not check_statements([report(titrant_concentration=0.0502)], where, TitrationOptions())
