"""Reactions known from textbooks, the conservation of every element, and phases that cannot react."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.physics.chemistry.reactions import BalanceError, balance_reaction, find_null_space
from nacre.physics.chemistry.stoichiometry import parse_formula, write_formula

NCM85 = "LiNi0.85Co0.1Mn0.05O2"


@pytest.mark.parametrize(
    ("reactants", "products", "written"),
    [
        (["HfO2", "Li2CO3"], ["Li2HfO3", "CO2"], "HfO2 + Li2CO3 -> Li2HfO3 + CO2"),
        (["HfO2", "LiOH"], ["Li2HfO3", "H2O"], "HfO2 + 2 LiOH -> Li2HfO3 + H2O"),
        (["ZrO2", "Li2O"], ["Li2ZrO3"], "ZrO2 + Li2O -> Li2ZrO3"),
        (["Al2O3", "Li2CO3"], ["LiAlO2", "CO2"], "Al2O3 + Li2CO3 -> 2 LiAlO2 + CO2"),
        (["Nb2O5", "LiOH·H2O"], ["LiNbO3", "H2O"], "Nb2O5 + 2 LiOH·H2O -> 2 LiNbO3 + 3 H2O"),
        (["B2O3", "Li2CO3"], ["Li3BO3", "CO2"], "B2O3 + 3 Li2CO3 -> 2 Li3BO3 + 3 CO2"),
        (
            ["HfO2", NCM85],
            ["Li2HfO3", "Ni0.85Co0.1Mn0.05O", "O2"],
            f"HfO2 + 2 {NCM85} -> Li2HfO3 + 2 Ni0.85Co0.1Mn0.05O + 0.5 O2",
        ),
        (["KMnO4", "HCl"], ["KCl", "MnCl2", "H2O", "Cl2"], "KMnO4 + 8 HCl -> KCl + MnCl2 + 4 H2O + 2.5 Cl2"),
    ],
)
def test_known_reactions(reactants, products, written):
    reaction = balance_reaction(reactants, products)
    assert str(reaction) == written


@pytest.mark.parametrize(
    ("reactants", "products", "words"),
    [
        (["HfO2"], ["Li2HfO3"], "cannot be balanced: Li only among the products"),
        (["HfO2", "Li2CO3"], ["Li2HfO3"], "cannot be balanced: C only among the reactants"),
        (["HfO2", "Li2O2"], ["Li2HfO3"], "no amounts of these phases conserve Hf, Li, O"),
        (["Li2HfO3", "CO2"], ["HfO2", "Li2CO3", "O2"], "O2 takes no part"),
        (["Fe2O3", "CO2"], ["FeO", "CO"], "CO2 would have to stand on the other side"),
        (["HfO2", "Li2CO3", "LiOH"], ["Li2HfO3", "CO2", "H2O"], "is 2 independent reactions, not one"),
        (["HfO2", "Li2O"], ["HfO2", "Li2HfO3"], "HfO2 is named twice"),
    ],
)
def test_phases_that_cannot_react_say_why(reactants, products, words):
    with pytest.raises(BalanceError, match=words):
        balance_reaction(reactants, products)


METALS = st.sampled_from(["Hf", "Zr", "Nb", "Al", "Ta", "W", "Ti", "B", "Si", "P"])
SMALL = st.fractions(min_value=Fraction(1, 8), max_value=8, max_denominator=8)


@given(metal=METALS, oxygen=SMALL, lithium=SMALL, source=st.sampled_from(["Li2CO3", "LiOH", "Li2O", "LiOH·H2O"]))
def test_any_oxide_takes_up_lithium_and_every_element_is_conserved(metal, oxygen, lithium, source):
    oxide = write_formula({metal: 1, "O": oxygen})
    product = write_formula({"Li": lithium, metal: 1, "O": oxygen + lithium / 2})
    gas = {"Li2CO3": ["CO2"], "Li2O": []}.get(source, ["H2O"])
    reaction = balance_reaction([oxide, source], [product, *gas])
    floats = {}
    for phase in reaction.coefficients:
        for element, n in parse_formula(phase).items():
            floats[element] = floats.get(element, 0.0) + float(n) * reaction[phase]
    assert max(abs(n) for n in floats.values()) < 1e-12


@given(st.lists(st.lists(st.integers(-4, 4), min_size=4, max_size=4), min_size=1, max_size=5))
def test_the_null_space_is_in_the_kernel_and_as_large_as_it_can_be(rows):
    import numpy as np

    exact = [[Fraction(n) for n in row] for row in rows]
    basis = find_null_space(exact, 4)
    assert len(basis) == 4 - np.linalg.matrix_rank(np.array(rows, float))
    for vector in basis:
        assert all(sum(a * b for a, b in zip(row, vector, strict=True)) == 0 for row in exact)


def test_a_reaction_is_per_mole_of_the_first_reactant():
    assert balance_reaction(["Li2CO3", "HfO2"], ["Li2HfO3", "CO2"])["Li2CO3"] == -1
    assert balance_reaction(["LiOH", "HfO2"], ["Li2HfO3", "H2O"])["HfO2"] == -0.5
