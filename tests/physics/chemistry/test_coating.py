"""The coating balance of the reference paper, recomputed; dose and analysis undo each other.

Paper: 1 wt% HfO2 aimed at, dispersion of 20 mg/mL; found 0.84 wt% Hf (ICP-OES) and n(HfO2)/n(Li2HfO3) = 1.02
(XPS), from which it states 0.50 wt% HfO2 + 0.56 wt% Li2HfO3 = 1.06 wt%. Values marked "derived" are arithmetic
on these, kept as regression anchors.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.physics.chemistry import coating as c
from nacre.physics.chemistry.annealing import anneal, metal_content, residual
from nacre.physics.chemistry.stoichiometry import molar_mass

NCM85 = "LiNi0.85Co0.1Mn0.05O2"
PHASES = ("HfO2", "Li2HfO3")
HF, RATIO = 0.0084, 1.02


def test_phase_fractions_of_the_paper():
    oxide, product = c.phase_fractions(HF, RATIO, *PHASES)
    assert 100 * oxide == pytest.approx(0.5002, abs=5e-5)  # C1; stated 0.50
    assert 100 * product == pytest.approx(0.5600, abs=5e-5)  # C2; stated 0.56
    assert 100 * (oxide + product) == pytest.approx(1.0602, abs=5e-5)  # C3; stated 1.06
    assert pytest.approx(1.06, abs=1e-9) == 0.50 + 0.56  # C4


def test_the_ratio_is_oxide_over_product():
    # C6: read the other way round, HfO2 would be 0.490 wt% and the paper's 0.50 would not follow
    assert 100 * c.phase_fractions(HF, 1 / RATIO, *PHASES)[0] == pytest.approx(0.49039, abs=5e-5)


def test_the_deposition_yield_is_complete():
    content = sum(c.phase_fractions(HF, RATIO, *PHASES))
    found = 100 * c.per_bare(c.oxide_equivalent(HF, "Hf", "HfO2"), content)
    assert found == pytest.approx(1.0012, abs=5e-4)  # C5: g HfO2 per 100 g of bare powder; 1 was aimed at
    assert c.deposition_yield(found, 1.0) == pytest.approx(1.0, abs=0.02)


def test_the_lithium_that_the_coating_holds():
    lithium = c.lithium_in(c.phase_fractions(HF, RATIO, *PHASES)[1], "Li2HfO3")
    assert 1e3 * lithium == pytest.approx(46.597, abs=0.005)  # C7, derived: umol per g
    assert 100 * c.as_phase(lithium, "Li2CO3") == pytest.approx(0.17215, abs=5e-5)  # C8, derived: wt%
    assert 100 * c.as_phase(lithium, "LiOH") == pytest.approx(0.112, abs=5e-4)
    assert 100 * c.of_lattice(lithium, NCM85) == pytest.approx(0.45417, abs=5e-5)  # C9, derived: %
    needed = c.lithium_needed(HF, *PHASES)
    assert 100 * c.as_phase(needed, "Li2CO3") == pytest.approx(0.34774, abs=5e-5)  # C10, derived: wt%


def test_the_dose_of_the_paper():
    # D1: 1 wt% on 1 g of powder from 20 mg/mL is 0.5 mL; meant per coated powder it is 1 % more
    assert c.dispersion_volume(c.oxide_dose(1e-3, 0.01, "bare"), 20.0) == pytest.approx(0.5e-6)
    assert c.dispersion_volume(c.oxide_dose(1e-3, 0.01, "coated"), 20.0) == pytest.approx(0.505e-6, rel=1e-3)
    assert c.dispersion_volume(1e-5, 20.0, deposition=0.8) == pytest.approx(0.625e-6)
    # 25 mg/mL of dry solids of which 20 % are ligands hold 20 mg/mL of oxide
    assert c.oxide_assay(25.0, 0.2) == pytest.approx(20.0)


def test_mass_of_a_film():
    # 12 nm of 9.68 g/cm3 on 0.25 m2/g, dense and closed: 0.029 g per g of powder; half covered, half as much
    assert c.film_mass(1e-3, 12e-9, 250.0, 9680.0, 1.0, 1.0) == pytest.approx(2.904e-5)
    assert c.film_mass(1e-3, 12e-9, 250.0, 9680.0, 1.0, 0.5) == pytest.approx(1.452e-5)


def test_other_coatings():
    assert c.yield_of("Nb2O5", "LiNbO3") == 2
    oxide, product = c.phase_fractions(0.0070, 0.5, "Nb2O5", "LiNbO3")
    niobium = 92.90637e-3
    assert oxide / molar_mass("Nb2O5") * 2 * niobium == pytest.approx(0.0070 / 3)
    assert product / molar_mass("LiNbO3") * niobium == pytest.approx(0.0070 * 2 / 3)


def test_arrays_go_through():
    oxide, product = c.phase_fractions(np.array([0.0084, 0.0042]), np.array([1.02, 1.02]), *PHASES)
    assert oxide[0] == pytest.approx(2 * oxide[1]) and product.shape == (2,)


SYSTEMS = st.sampled_from(
    [("HfO2", "Li2HfO3"), ("ZrO2", "Li2ZrO3"), ("Nb2O5", "LiNbO3"), ("Al2O3", "LiAlO2"), ("B2O3", "Li3BO3")]
)


@given(system=SYSTEMS, content=st.floats(1e-4, 0.08), conversion=st.floats(0.01, 1.0))
def test_dose_then_analysis_gives_the_target_back(system, content, conversion):
    """The powder is dosed, annealed and analysed; coating content and conversion come back to 1e-9."""
    oxide, product = system
    metal = c.metal_of(*system)
    dosed = c.oxide_for_coating(1.0, content, conversion, *system)
    moles = dosed / molar_mass(oxide)
    enough = residual("Li2O", 10 * moles)
    after = anneal(oxide, product, moles, [enough], max_conversion=conversion)
    solids = after.solids
    coating = solids[oxide] + solids[product]
    assert coating / (1.0 + coating) == pytest.approx(content, rel=1e-9)
    measured = metal_content(1.0 - solids["Li2O"], after, metal)  # unused lithium counted as part of the powder
    found = c.phase_fractions(measured, c.metal_ratio(conversion), oxide, product)
    assert sum(found) == pytest.approx(content, rel=1e-9)
    assert c.conversion_of(c.metal_ratio(conversion)) == pytest.approx(conversion, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: c.deposition_yield(-0.1, 1.0), "the mass found is -0.1; it cannot be negative"),
        (
            lambda: c.dispersion_volume(1e-5, 20.0, deposition=-0.5),
            "the deposition yield is -0.5; expected a number above 0",
        ),
        (lambda: c.dispersion_volume(1e-5, 0.0), "the assay of the dispersion is 0"),
        (lambda: c.phase_fractions(0.84, -1.02, *PHASES), "the ratio of metal in oxide to metal in product is -1.02"),
        (
            lambda: c.phase_fractions(1.84, 1.02, *PHASES),
            "the metal fraction is 1.84; expected a fraction from 0 to 1, not in %",
        ),
        (
            lambda: c.phase_fractions(0.0084, 1.02, "HfO2", "Li2ZrO3"),
            "HfO2 and Li2ZrO3 share no metal; expected one metal",
        ),
        (lambda: c.oxide_dose(1e-3, 1.0, "bare"), "the target fraction is 1; expected a fraction"),
        (lambda: c.oxide_dose(1e-3, 0.01, "wet"), "basis 'wet' .* expected 'bare' or 'coated'"),
        (lambda: c.oxide_assay(25.0, 20.0), "the ligand fraction of the solids is 20; .* not in %"),
        (lambda: c.phase_fractions(float("nan"), 1.02, *PHASES), "the metal fraction is nan"),
    ],
)
def test_impossible_input_says_what_is_wrong(call, words):
    with pytest.raises(c.CoatingError, match=words):
        call()
