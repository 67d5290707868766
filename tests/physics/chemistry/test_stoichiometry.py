"""Formulas and molar masses against IUPAC weights worked out by hand, and formulas with mistakes in them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.physics.chemistry import stoichiometry as s
from nacre.physics.chemistry.elements import ATOMIC_WEIGHTS

NCM85 = "LiNi0.85Co0.1Mn0.05O2"


@pytest.mark.parametrize(
    ("formula", "grams"),
    [
        (NCM85, 97.468),
        ("HfO2", 178.486 + 2 * 15.999),
        ("Li2HfO3", 2 * 6.94 + 178.486 + 3 * 15.999),
        ("Li2CO3", 2 * 6.94 + 12.011 + 3 * 15.999),
        ("LiOH·H2O", 6.94 + 2 * 15.999 + 3 * 1.0080),
        ("Li6PS5Cl", 6 * 6.94 + 30.973761998 + 5 * 32.06 + 35.45),
        ("Li1.3Al0.3Ti1.7(PO4)3", 1.3 * 6.94 + 0.3 * 26.9815384 + 1.7 * 47.867 + 3 * (30.973761998 + 4 * 15.999)),
    ],
)
def test_molar_mass(formula, grams):
    assert s.compute_molar_mass(formula) == pytest.approx(grams * 1e-3, rel=1e-5)


def test_subscripts_are_exact_fractions():
    assert s.parse_formula(NCM85) == {
        "Li": 1,
        "Ni": Fraction(17, 20),
        "Co": Fraction(1, 10),
        "Mn": Fraction(1, 20),
        "O": 2,
    }
    assert s.parse_formula("LiNi1/3Co1/3Mn1/3O2")["Co"] == Fraction(1, 3)
    assert s.read_composition({"Li": 1.05, "O": 2})["Li"] == Fraction(21, 20)


@pytest.mark.parametrize("text", ["Li₂HfO₃", " Li2 Hf O3 ", "Li2(HfO3)", "[Li2]HfO3", "HfO2*Li2O"])
def test_the_same_compound_written_otherwise(text):
    assert s.parse_formula(text) == s.parse_formula("Li2HfO3")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Li2XfO3", "'Xf' at position 4 is not an element"),
        ("Li2XfO3", "did you mean .*'Hf'"),
        ("LI2O", "'L' at position 1 .* did you mean .*'Li'"),
        ("Li2HfO3-", "found '-' at position 8; expected an element symbol, a number or a bracket"),
        ("li2CO3", "found 'l' at position 1"),
        ("Li2(HfO3", r"a bracket is not closed; expected '\)'"),
        ("Li2HfO3)", r"found '\)' at position 8"),
        ("Li0O", "found '0' at position 3; expected an amount above 0"),
        ("Li1/0O", "division by zero at position 3"),
        ("LiOH·", "nothing at position 6"),
        ("CuSO4.5H2O", "write '·' for a hydrate"),
        ("", "an empty formula"),
    ],
)
def test_a_formula_with_a_mistake_says_where(text, words):
    with pytest.raises(s.FormulaError, match=words):
        s.parse_formula(text)


def test_a_composition_with_a_mistake():
    with pytest.raises(s.FormulaError, match=r"'Nickel' is not an element .* did you mean"):
        s.read_composition({"Nickel": 1})
    with pytest.raises(s.FormulaError, match="a negative amount of Li: -1"):
        s.read_composition({"Li": -1})
    with pytest.raises(s.FormulaError, match="must be finite; found nan"):
        s.read_composition({"Li": float("nan")})


ELEMENTS = st.sampled_from(sorted(ATOMIC_WEIGHTS))
AMOUNTS = st.fractions(min_value=Fraction(1, 1000), max_value=50, max_denominator=1000)


@given(st.dictionaries(ELEMENTS, AMOUNTS, min_size=1, max_size=6))
def test_writing_a_composition_and_reading_it_gives_it_back(atoms):
    assert s.parse_formula(s.write_formula(atoms)) == atoms


@given(st.dictionaries(ELEMENTS, AMOUNTS, min_size=1, max_size=6))
def test_mass_fractions_sum_to_one(atoms):
    assert sum(s.compute_mass_fraction(atoms, element) for element in atoms) == pytest.approx(1, abs=1e-12)


def test_theoretical_capacity_of_the_paper():
    # computed 274.98 mAh/g; the paper states 274 (rounded down), Li4Ti5O12 takes three lithium
    assert s.compute_theoretical_capacity(NCM85) / 3600 == pytest.approx(274.98, abs=0.01)
    assert s.compute_theoretical_capacity("Li4Ti5O12", electrons=3) / 3600 == pytest.approx(175.14, abs=0.01)


def test_the_error_of_a_molar_mass_is_that_of_its_elements():
    errors = s.compute_molar_mass_errors("Li2HfO3")
    assert errors["Li"] == pytest.approx(2 * 0.06e-3 / 3**0.5)
    assert errors["Hf"] == pytest.approx(0.006e-3 / 3**0.5)
    assert set(errors) == {"Li", "Hf", "O"}


def test_density_from_the_cell():
    # rock salt NaCl, a = 5.6402 angstrom, four formula units: 2.163 g/cm3 (CRC Handbook 2.17)
    assert s.compute_cell_density(
        "NaCl", 4, s.compute_cell_volume(5.6402e-10, 5.6402e-10, 5.6402e-10)
    ) == pytest.approx(2163, abs=1)
    assert s.compute_cell_volume(2, 3, 4, gamma=30) == pytest.approx(12)


def test_asking_for_an_element_that_is_not_there():
    with pytest.raises(s.FormulaError, match="Li2CO3 holds no Hf; it is made of Li, C, O"):
        s.compute_mass_fraction("Li2CO3", "Hf")
