"""The dose of a coating, and what oxide and product share."""

import pytest

from nacre.physics.chemistry import coating as c


def test_the_dose_of_the_paper():
    # 1 wt% on 1 g of powder; meant per coated powder it is 1 % more
    assert c.oxide_dose(1e-3, 0.01, "bare") == pytest.approx(1e-5)
    assert c.oxide_dose(1e-3, 0.01, "coated") == pytest.approx(1e-5 / 0.99)


def test_formula_units_of_product_per_formula_unit_of_oxide():
    assert c.yield_of("Nb2O5", "LiNbO3") == 2 and c.yield_of("HfO2", "Li2HfO3") == 1
    assert c.metal_of("Nb2O5", "LiNbO3") == "Nb"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: c.metal_of("HfO2", "Li2ZrO3"), "HfO2 and Li2ZrO3 share no metal; expected one metal"),
        (lambda: c.oxide_dose(1e-3, 1.0, "bare"), "the target fraction is 1; expected a fraction"),
        (lambda: c.oxide_dose(1e-3, 0.01, "wet"), "basis 'wet' .* expected 'bare' or 'coated'"),
    ],
)
def test_impossible_input_says_what_is_wrong(call, words):
    with pytest.raises(c.CoatingError, match=words):
        call()
