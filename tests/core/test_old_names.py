"""Old names of quantities, states and techniques are read as what they are called now."""

import pytest

from nacre.core import old_names, vocabulary
from nacre.core.registry import techniques
from nacre.physics.chemistry.elements import ATOMIC_WEIGHTS

PHASES = {"of": "{oxide}", "to": "{product}"}


def today(name, **state):
    return old_names.quantity(name, state, ATOMIC_WEIGHTS)


@pytest.mark.parametrize("symbol", ["Hf", "Zr", "Al", "Nb", "Ti", "Ta", "W", "La"])
def test_the_content_of_any_element_is_one_quantity(symbol):
    assert today(f"{symbol.lower()}_content") == ("element_content", {"element": symbol})


def test_a_ratio_of_phases_names_its_phases():
    assert today("hf_ratio") == ("species_ratio", {"of": "HfO2", "to": "Li2HfO3"})
    assert today("zr_ratio", stage="cycled") == ("species_ratio", PHASES | {"stage": "cycled"})


def test_the_metal_of_a_relation_stays_open():
    assert today("{metal}_content") == ("element_content", {"element": "{metal}"})
    assert today("{metal}_ratio") == ("species_ratio", PHASES)


def test_the_element_was_once_a_species():
    assert today("element_content", species="Ni") == ("element_content", {"element": "Ni"})
    assert today("species_fraction", species="HfO2") == ("species_fraction", {"species": "HfO2"})


@pytest.mark.parametrize(
    "name", ["lithium_content", "coating_content", "carbonate_ratio", "xx_content", "element_ratio"]
)
def test_other_names_stay_as_they_are(name):
    assert today(name, phase="x") == (name, {"phase": "x"})


def test_no_name_of_today_is_taken_for_an_old_one_and_every_new_one_is_known():
    techniques()
    known = vocabulary.words("quantity")
    assert all(today(name) == (name, {}) for name in known)
    for row in old_names._load_table()["quantity"].values():
        assert row["name"] in known
        vocabulary.check_state(row["state"])


def test_techniques_of_the_ledger_have_the_registry_s_names():
    assert old_names.technique("icp") == "icp_oes" and old_names.technique("xps") == "xps"
    assert set(old_names._load_table()["technique"].values()) <= techniques().keys()
    assert not set(old_names._load_table()["technique"]) & techniques().keys()
