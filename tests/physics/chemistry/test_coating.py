"""The dose of a coating, and what oxide and product share."""

import pytest

from nacre.physics.chemistry import coating as c


def test_the_dose_of_the_paper():
    # 1 wt% on 1 g of powder; meant per coated powder it is 1 % more
    assert c.compute_oxide_dose(1e-3, 0.01, "bare") == pytest.approx(1e-5)
    assert c.compute_oxide_dose(1e-3, 0.01, "coated") == pytest.approx(1e-5 / 0.99)
    # D1: from 20 mg/mL that is 0.5 mL; 25 mg/mL of dry solids of which 20 % are ligands hold 20 mg/mL of oxide
    assert c.dispersion_volume(c.compute_oxide_dose(1e-3, 0.01, "bare"), 20.0) == pytest.approx(0.5e-6)
    assert c.dispersion_volume(1e-5, 20.0, deposition=0.8) == pytest.approx(0.625e-6)
    assert c.oxide_assay(25.0, 0.2) == pytest.approx(20.0)


def test_the_volume_to_pipette():
    # D1: 1 wt% on 1 g of powder from 20 mg/mL is 0.5 mL
    assert c.dispersion_volume(1e-5, 20.0) == pytest.approx(0.5e-6)
    assert c.dispersion_volume(1e-5, 20.0, deposition=0.8) == pytest.approx(0.625e-6)
    # 25 mg/mL of dry solids of which 20 % are ligands hold 20 mg/mL of oxide
    assert c.oxide_assay(25.0, 0.2) == pytest.approx(20.0)


def test_formula_units_of_product_per_formula_unit_of_oxide():
    assert c.count_product_units("Nb2O5", "LiNbO3") == 2 and c.count_product_units("HfO2", "Li2HfO3") == 1
    assert c.find_shared_metal("Nb2O5", "LiNbO3") == "Nb"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: c.find_shared_metal("HfO2", "Li2ZrO3"), "HfO2 and Li2ZrO3 share no metal; expected one metal"),
        (lambda: c.dispersion_volume(1e-5, 20.0, -0.5), "the deposition yield is -0.5; expected a number above 0"),
        (lambda: c.dispersion_volume(1e-5, 0.0), "the assay of the dispersion is 0"),
        (lambda: c.oxide_assay(25.0, 20.0), "the ligand fraction of the solids is 20; .* not in %"),
        (lambda: c.compute_oxide_dose(1e-3, 1.0, "bare"), "the target fraction is 1; expected a fraction"),
        (lambda: c.compute_oxide_dose(1e-3, 0.01, "wet"), "basis 'wet' .* expected 'bare' or 'coated'"),
        (lambda: c.dispersion_volume(1e-5, 20.0, -0.5), "the deposition yield is -0.5; expected a number above 0"),
        (lambda: c.dispersion_volume(1e-5, 0.0), "the assay of the dispersion is 0"),
        (lambda: c.oxide_assay(25.0, 20.0), "the ligand fraction of the solids is 20; .* not in %"),
    ],
)
def test_impossible_input_says_what_is_wrong(call, words):
    with pytest.raises(c.CoatingError, match=words):
        call()
