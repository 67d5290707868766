"""The package's facts hang together, look-ups forgive, and a number without a source does not get in."""

import pytest

from nacre.core.errors import NacreError, NotAssessable
from nacre.materials import STATUSES, load_builtin, write_ncm
from nacre.materials.library import composition

LIBRARY = load_builtin()
NAMED = [
    "HfO2",
    "Li2HfO3",
    "ZrO2",
    "Li2ZrO3",
    "Al2O3",
    "LiAlO2",
    "Nb2O5",
    "LiNbO3",
    "Li3BO3",
    "Li2CO3",
    "LiOH",
    "LiOH·H2O",
    "Li2O",
    "NiO",
    "NCM85",
    "LiCoO2",
    "Li6PS5Cl",
    "Li6PS5Br",
    "Li6PS5I",
    "Li3PS4",
    "Li10GeP2S12",
    "Li4Ti5O12",
    "C65",
    "Li2S",
    "LiPO3",
]


@pytest.mark.parametrize("name", NAMED)
def test_what_a_coating_study_needs_is_there(name):
    material = LIBRARY[name]
    assert material.molar_mass.value > 0
    assert material.cod is None or 1_000_000 <= material.cod <= 9_999_999


# densities of handbooks and of the literature, g/cm3, against those computed here from unit cells
HANDBOOK = {
    "ZrO2": 5.68,
    "Al2O3": 3.99,
    "Li2O": 2.013,
    "Li2CO3": 2.11,
    "LiOH": 1.45,
    "LiOH·H2O": 1.51,
    "LiNbO3": 4.64,
    "Li4Ti5O12": 3.48,
    "Nb2O5": 4.60,
    "Li3PO4": 2.46,
    "Li2S": 1.64,
    "LiCl": 2.07,
    "NiO": 6.72,
    "Li6PS5Cl": 1.86,
    "Li10GeP2S12": 2.04,
    "LiAlO2": 2.615,
}


@pytest.mark.parametrize(("name", "density"), HANDBOOK.items())
def test_cells_give_the_handbook_density(name, density):
    assert LIBRARY[name].crystal_density.value.to("g/cm3").value == pytest.approx(density, rel=0.03)


def test_every_number_has_a_known_status_and_a_source():
    for material in LIBRARY.values():
        facts = [material.given_density, material.cell]
        facts += [row.fact for row in (*material.ionic, *material.electronic)]
        for fact in filter(None, facts):
            assert fact.status in STATUSES and len(fact.source) > 10
        assert material.origin == "package" and material.words


def test_lithium_hafnate_is_estimated_and_says_so():
    hafnate = LIBRARY["Li2HfO3"]
    assert hafnate.density.status == "estimated" and hafnate.cod is None
    assert hafnate.density.value.value == pytest.approx(6.61, abs=0.01)
    with pytest.raises(NotAssessable, match=r"the ionic conductivity of Li2HfO3 is not known. Measure it, or declare"):
        hafnate.conductivity("ionic", 298.15)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("hafnia", "HfO2"),
        ("lpscl", "Li6PS5Cl"),
        (" LTO ", "Li4Ti5O12"),
        ("O2Hf", "HfO2"),
        ("Li₂CO₃", "Li2CO3"),
        ("LiNi0.85Co0.10Mn0.05O2", "NCM85"),
        ("LiOH.H2O", "LiOH·H2O"),
    ],
)
def test_look_up_by_alias_and_formula(name, key):
    assert LIBRARY[name].key == key and name in LIBRARY


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("HfO", "unknown material 'HfO'. Did you mean 'HfO2'"),
        ("Li2HfO", "Did you mean 'Li2HfO3'"),
        ("argyrodit", "Did you mean 'argyrodite'"),
        ("NCM812", "the digits of a layered oxide's name must sum to 10 .* found 'NCM812' sums to 11"),
    ],
)
def test_an_unknown_material_says_what_was_meant(name, words):
    with pytest.raises(NacreError, match=words):
        LIBRARY[name]
    assert name not in LIBRARY


def test_layered_oxides_by_composition():
    assert LIBRARY["NCM811"].molar_mass.value == pytest.approx(97.28, abs=0.01)
    assert LIBRARY["NCM523"].formula == LIBRARY["NMC532"].formula == "LiNi0.5Co0.2Mn0.3O2"
    assert LIBRARY["NCM111"].formula == "LiNi1/3Co1/3Mn1/3O2"
    assert write_ncm(0.85, 0.10, 0.05).molar_mass.value == pytest.approx(LIBRARY["NCM85"].molar_mass.value)
    assert write_ncm(0.85, 0.10, 0.05, lithium=0.25).formula == "Li0.25Ni0.85Co0.1Mn0.05O2"
    assert write_ncm(0.8, 0.1, 0.1).density.status == "estimated"
    with pytest.raises(NacreError, match=r"must sum to 1; found Ni 0.85, Co 0.1, Mn 0.5 \(sum 1.45\)"):
        write_ncm(0.85, 0.10, 0.50)
    with pytest.raises(NacreError, match="must lie between 0 and 2; found 10"):
        write_ncm(0.85, 0.10, 0.05, lithium=10)


def test_molar_masses_share_the_error_of_their_elements():
    from nacre.core.quantity import derive

    oxide, product = LIBRARY["HfO2"].molar_mass, LIBRARY["Li2HfO3"].molar_mass
    difference = derive(lambda a, b: b - a, oxide, product, unit="g/mol")
    # what is left is Li2O: hafnium's error cancels, lithium's does not
    assert difference.std == pytest.approx(LIBRARY["Li2O"].molar_mass.std, rel=1e-6)


def test_conductivity_follows_the_law_of_its_source():
    lpscl = LIBRARY["Li6PS5Cl"]
    warm = lpscl.conductivity("ionic", 318.15)
    # sigma T = A exp(-Ea/kT), Ea = 0.335 eV, from 2.5 mS/cm at 25 degC: 5.3 mS/cm at 45 degC
    assert warm.to("mS/cm").value == pytest.approx(5.30, abs=0.05) and warm.std is None
    assert lpscl.conductivity("ionic", 298.15).to("mS/cm").value == 2.5
    assert LIBRARY["Li3PS4"].conductivity("ionic", 308.15).to("mS/cm").value == pytest.approx(0.253, abs=0.003)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: LIBRARY["LiNbO3"].conductivity("ionic", 298.15),
            "only a range is known of the ionic conductivity of LiNbO3",
        ),
        (
            lambda: LIBRARY["Li2ZrO3"].conductivity("ionic", 318.15),
            "known at 25 degC only, without an activation energy; expected it at 45 degC",
        ),
        (
            lambda: LIBRARY["Li6PS5Cl"].conductivity("ionic", 298.15, form="sintered"),
            "not known for 'sintered'; found rows for: cold-pressed powder; solvent",
        ),
        (
            lambda: LIBRARY["LiPO3"].density,
            r'the density of LiPO3 is not known. Declare it in study.toml: \[material."LiPO3"\] density',
        ),
    ],
)
def test_what_is_not_known_is_not_made_up(call, words):
    with pytest.raises(NotAssessable, match=words):
        call()


def test_a_kind_of_conductivity_that_is_none():
    with pytest.raises(NacreError, match="unknown conductivity 'thermal'; expected 'ionic' or 'electronic'"):
        LIBRARY["HfO2"].conductivity("thermal", 300.0)


def test_a_study_adds_its_own_and_changes_only_what_it_names():
    mine = LIBRARY.adding(
        {
            "NCM85": {"density": "4.72(2) g/cm3"},
            "Li2HfO3": {"ionic": {"value": "1e-9 S/cm", "at": "45 degC", "source": "our pellet", "status": "measured"}},
            "Li2SnO3": {"formula": "Li2SnO3", "aliases": ["stannate"], "density": "5.0 g/cm3"},
        }
    )
    density = mine["NCM85"].density
    assert str(density.value) == "4.720(20) g/cm3" and density.status == "given" and density.source == "study.toml"
    assert mine["NCM85"].remarks == LIBRARY["NCM85"].remarks and mine["NCM85"].origin == "study"
    assert mine["Li2HfO3"].conductivity("ionic", 318.15).to("S/cm").value == pytest.approx(1e-9)
    assert mine["stannate"].molar_mass.value == pytest.approx(180.59, abs=0.01)
    assert LIBRARY["NCM85"].density.value.std is None and "stannate" not in LIBRARY
    assert mine.get("stannate") is mine["Li2SnO3"] and LIBRARY.get("stannate") is None


def test_another_formula_keeps_nothing_of_the_old_compound():
    mine = LIBRARY.adding({"NCM85": {"formula": "LiNi0.83Co0.12Mn0.05O2"}})
    with pytest.raises(NotAssessable, match="the density of NCM85 is not known"):
        mine["NCM85"].density  # noqa: B018


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"density": "5 g/cm3"}, "study.toml: material 'X': a material without a formula. Add formula"),
        ({"formula": "Li2Xx3"}, "material 'X': formula 'Li2Xx3': 'Xx' at position 4 is not an element"),
        ({"formula": "Li2O", "densty": "5 g/cm3"}, "unknown key 'densty'. Did you mean 'density'"),
        ({"formula": "Li2O", "density": 5}, "material 'X', density: a number without a unit"),
        ({"formula": "Li2O", "density": "-5 g/cm3"}, "material 'X', density: must be above 0; found '-5 g/cm3'"),
        ({"formula": "Li2O", "density": "5 nm"}, "material 'X', density"),
        (
            {"formula": "Li2O", "density": {"source": "here"}},
            "neither a value nor a range; expected value, or low and high",
        ),
        ({"formula": "Li2O", "density": {"value": "2 g/cm3", "status": "guess"}}, "unknown status 'guess'"),
        ({"formula": "Li2O", "cell": {"a": 4.6, "z": 4}}, "material 'X', cell: b, c missing"),
        ({"formula": "Li2O", "ionic": {"value": "1 S/cm"}}, "material 'X', ionic: at missing"),
        (
            {"formula": "Li2O", "ionic": {"value": "1 S/cm", "at": "25 degC", "activation": "0.3 eV"}},
            "an activation energy without its law; .* expected law = 'sigma'",
        ),
    ],
)
def test_a_bad_row_says_which_material_and_what(row, words):
    with pytest.raises(NacreError, match=words):
        LIBRARY.adding({"X": row})


def test_atoms_of_a_name_and_of_a_formula():
    assert composition("NCM85") == composition("LiNi0.85Co0.10Mn0.05O2") and composition("LiCoO2")["Co"] == 1
    with pytest.raises(NacreError, match=r"neither a material nor a formula: formula 'NiMgic'.*Write the formula"):
        composition("NiMgic")
