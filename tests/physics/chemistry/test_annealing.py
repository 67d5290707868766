"""Annealing: who runs out first, what leaves as gas, and that atoms are conserved whatever the sources."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.physics.chemistry.annealing import anneal, lattice, metal_content, residual
from nacre.physics.chemistry.coating import CoatingError, metal_of, phase_fractions
from nacre.physics.chemistry.reactions import BalanceError
from nacre.physics.chemistry.stoichiometry import molar_mass, total_atoms

NCM85 = "LiNi0.85Co0.1Mn0.05O2"


def test_lithium_runs_out_as_in_the_paper():
    """1.0012 g of HfO2 on 100 g with the 0.172 wt% of Li2CO3 that the paper's 0.56 wt% of Li2HfO3 takes up."""
    oxide, carbonate = 1.0012e-2 / molar_mass("HfO2"), 0.17215e-2 / 0.989398 / molar_mass("Li2CO3")
    after = anneal("HfO2", "Li2HfO3", oxide, [residual("Li2CO3", carbonate)])
    assert after.limiting == "lithium"
    assert after.moles["HfO2"] / after.moles["Li2HfO3"] == pytest.approx(1.02, abs=2e-3)
    assert after.gas["CO2"] == pytest.approx(carbonate)
    assert after.moles["Li2CO3"] == pytest.approx(0, abs=1e-15)
    measured = metal_content(1.0, after, "Hf")
    assert 100 * measured == pytest.approx(0.84, abs=5e-4)
    assert 100 * sum(phase_fractions(measured, 1.02, "HfO2", "Li2HfO3")) == pytest.approx(1.06, abs=1e-3)


def test_the_oxide_runs_out_and_lithium_is_left():
    after = anneal("HfO2", "Li2HfO3", 1.0, [residual("Li2CO3", 0.4), residual("LiOH", 2.0)])
    assert after.limiting == "oxide" and after.conversion == pytest.approx(1)
    assert after.moles["LiOH"] == pytest.approx(2.0 - 1.2)
    assert after.gas == pytest.approx({"CO2": 0.4, "H2O": 0.6})


def test_lattice_lithium_comes_last_whatever_the_order():
    sources = [lattice(NCM85, 100.0), residual("Li2CO3", 0.4)]
    after = anneal("HfO2", "Li2HfO3", 1.0, sources)
    assert after.moles["Li2CO3"] == 0
    assert after.moles[NCM85] == pytest.approx(100 - 2 * 0.6)
    assert after.moles["Ni0.85Co0.1Mn0.05O"] == pytest.approx(1.2)
    assert after.gas == pytest.approx({"CO2": 0.4, "O2": 0.3})


def test_a_slow_reaction_stops_early():
    after = anneal("HfO2", "Li2HfO3", 1.0, [residual("Li2CO3", 5.0)], max_conversion=0.25)
    assert after.limiting == "extent" and after.conversion == pytest.approx(0.25)


SOURCES = st.lists(
    st.tuples(st.sampled_from(["Li2CO3", "LiOH", "Li2O", "LiOH·H2O", NCM85]), st.floats(0, 10)), min_size=1, max_size=4
)
SYSTEMS = st.sampled_from([("HfO2", "Li2HfO3"), ("Nb2O5", "LiNbO3"), ("Al2O3", "LiAlO2"), ("B2O3", "Li3BO3")])


@given(system=SYSTEMS, moles=st.floats(1e-6, 5), named=SOURCES, most=st.floats(0, 1))
def test_atoms_and_mass_are_conserved(system, moles, named, most):
    sources = [lattice(f, n) if f == NCM85 else residual(f, n) for f, n in named]
    after = anneal(*system, moles, sources, most)
    before, later = total_atoms([(system[0], moles), *named]), total_atoms(after.moles.items())
    for element in later:
        assert later[element] == pytest.approx(before.get(element, 0.0), rel=1e-12, abs=1e-12)
    assert min(after.moles.values()) >= 0 and 0 <= after.conversion <= most + 1e-12


def test_metal_content_counts_every_phase_that_holds_it():
    after = anneal("Nb2O5", "LiNbO3", 1.0, [residual("Li2CO3", 0.5)])
    solids = after.solids
    assert metal_of("Nb2O5", "LiNbO3") == "Nb"
    assert metal_content(1.0, after, "Nb") == pytest.approx(2 * 92.90637e-3 / (1.0 + sum(solids.values())))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: anneal("HfO2", "Li2HfO3", 1.0, []),
            CoatingError,
            "no lithium source: HfO2 -> Li2HfO3 needs lithium; name residual",
        ),
        (lambda: residual("Na2CO3", 1.0), CoatingError, "Na2CO3 is no lithium source: it holds no lithium"),
        (lambda: residual("Li2SO4", 1.0), CoatingError, "Li2SO4 would leave S behind"),
        (lambda: lattice("Li2O", 1.0), CoatingError, "Li2O is no lithium source: expected a lithium metal oxide"),
        (
            lambda: anneal("HfO2", "Li2HfO3", 1.0, [residual("Li2CO3", -1.0)]),
            CoatingError,
            "the amount of Li2CO3 is -1; it cannot be negative",
        ),
        (lambda: anneal("HfO2", "Li2HfO3", -1.0, [residual("Li2CO3", 1.0)]), CoatingError, "the amount of oxide is -1"),
        (
            lambda: anneal("HfO2", "Li2HfO3", 1.0, [residual("Li2CO3", 1.0)], 50),
            CoatingError,
            "the largest conversion is 50; .* not in %",
        ),
        (
            lambda: anneal("HfO2", "Li2ZrO3", 1.0, [residual("Li2CO3", 1.0)]),
            BalanceError,
            "Hf only among the reactants; Zr only among the products",
        ),
    ],
)
def test_bad_recipes_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()
