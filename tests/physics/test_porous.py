"""Fractions of a mixture that are wrong are named."""

import pytest

from nacre.physics import porous as p


def test_fractions_of_the_paper_sum_to_one():
    p.check_fractions((0.693, 0.297, 0.010))
    p.check_fractions((0.30, 0.60, 0.10))


@pytest.mark.parametrize(
    ("fractions", "words"),
    [
        ((0.693, 0.297), r"the fractions sum to 0.99, not 1 \(NCM85 0.693, Li6PS5Cl 0.297\)"),
        ((1.2, -0.2), "the fraction of Li6PS5Cl is -0.2; expected 0 to 1"),
        ((69.3, 30.7), "the fractions sum to 100, not 1"),
    ],
)
def test_fractions_that_cannot_be_are_refused(fractions, words):
    with pytest.raises(p.LayerError, match=words):
        p.check_fractions(fractions, ("NCM85", "Li6PS5Cl"))
