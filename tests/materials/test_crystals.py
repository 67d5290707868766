"""Crystal structures: contents and densities, layered oxides and their ties, attenuation."""

import numpy as np
import pytest

from nacre.core.errors import NacreError
from nacre.core.signal import table
from nacre.materials import crystals

FORMULA = "LiNi0.85Co0.10Mn0.05O2"
DENSITIES = {"Si": 2.329, "LaB6": 4.711, "Al2O3": 3.987, "NiO": 6.81, "HfO2": 10.11, "Li2CO3": 2.10, "Li4Ti5O12": 3.48}


@pytest.mark.parametrize("name", DENSITIES)
def test_densities_follow_from_cell_and_sites(name):
    assert crystals.find_crystal(name).density == pytest.approx(DENSITIES[name], rel=2e-3)


def test_every_structure_has_a_source_and_a_space_group():
    for crystal in crystals.list_crystals().values():
        assert crystal.source and crystal.status in ("measured", "estimated", "unverified")
        assert crystal.group is not None
        if crystal.sites:
            assert all(abs(n - round(n)) < 1e-3 or crystal.name == "Li4Ti5O12" for n in crystal.content.values())


def test_a_layered_oxide_keeps_its_composition_whatever_the_antisites():
    for x in (0.0, 0.05):
        content = crystals.make_layered(FORMULA, ni_li=x).content
        assert content == pytest.approx({"Li": 3, "Ni": 2.55, "Co": 0.30, "Mn": 0.15, "O": 6})


def test_ties_of_a_layered_oxide_hold_at_its_own_values():
    crystal = crystals.make_layered(FORMULA, ni_li=0.032)
    by_label = {site.label: site for site in crystal.sites}
    for tie in crystal.ties:
        if tie.kind == "occ":
            expected = tie.offset + tie.scale * by_label[tie.source].occupancy
            assert by_label[tie.label].occupancy == pytest.approx(expected)
    assert [tie.label for tie in crystal.ties if tie.kind == "occ"] == ["Li_b", "Ni_a", "Li_a"]


def test_excess_lithium_sits_beside_the_metals():
    crystal = crystals.make_layered("Li1.1Ni0.765Co0.09Mn0.045O2", ni_li=0.02)
    assert crystal.content["Li"] / crystal.content["O"] == pytest.approx(1.1 / 2, rel=1e-6)


@pytest.mark.parametrize("formula", ["LiCoO2", "Li4Ti5O12", "HfO2"])
def test_what_is_no_layered_nickel_oxide(formula):
    with pytest.raises(NacreError, match="not a layered oxide with nickel; found"):
        crystals.make_layered(formula)


def test_reflections_obey_the_lattice():
    hkl, d = crystals.make_layered(FORMULA).reflections(0.9)
    assert np.all((-hkl[:, 0] + hkl[:, 1] + hkl[:, 2]) % 3 == 0)
    assert d[0] == pytest.approx(14.20 / 3)


def test_attenuation_of_silicon_and_of_the_oxide():
    """Photoelectric part: Si at Cu K-alpha 143 1/cm, Mo K-alpha 14.6 1/cm (International Tables C, 4.2.4.3)."""
    assert crystals.find_crystal("Si").absorption(1.5406) == pytest.approx(145, rel=0.03)
    assert crystals.find_crystal("Si").absorption(0.7093) == pytest.approx(14.6, rel=0.05)
    assert crystals.make_layered(FORMULA).absorption(0.7093) == pytest.approx(131, rel=0.03)


def test_a_phase_without_atoms_says_so():
    with pytest.raises(NacreError, match="the atoms of Li2HfO3 C2/c are not known, only its cell"):
        crystals.find_crystal("Li2HfO3 C2/c").need_sites()


def test_unknown_structures_are_guessed_at():
    with pytest.raises(NacreError, match="Did you mean 'anatase'"):
        crystals.find_crystal("anatas")


def test_atoms_on_one_place_share_their_displacement():
    columns = {"label": (np.array(["A", "B"]), "1"), "element": (np.array(["Ni", "Li"]), "1")}
    numbers = {"x": 0.0, "y": 0.0, "z": 0.0, "occupancy": 0.5}
    columns |= {name: (np.full(2, value), "1") for name, value in numbers.items()}
    columns["b_iso"] = (np.array([np.nan, 0.3]), "Ang2")
    signal = table(
        "crystal", columns, metadata={"cell": (4, 4, 4, 90, 90, 90), "space_group": "F m -3 m", "phase": "X"}
    )
    crystal = crystals.share_sites(crystals.read_crystal(signal))
    assert [(tie.label, tie.source) for tie in crystal.ties] == [("B", "A")]


def test_a_layered_oxide_by_its_name():
    assert crystals.make_layered("NCM85").sites == crystals.make_layered("LiNi0.85Co0.10Mn0.05O2").sites


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("Li2HfO3", ["Li2HfO3 C2/c", "Li2HfO3 C2/m"]),
        ("TiO2", ["TiO2 anatase", "TiO2 rutile"]),
        ("hafnia", ["HfO2"]),
        ("Li2HfO3 C2/m", ["Li2HfO3 C2/m"]),
        ("Li2Co2O4", ["LiCoO2"]),
        ("Nb2O5", []),
        ("no formula", []),
    ],
)
def test_structures_are_found_by_their_compound(name, keys):
    assert crystals.list_crystals_of(name) == keys
