"""Foreign spectra of Hf 4f: the generator makes what it says; the default holds the share, names a stranger."""

import numpy as np
import pytest

from truth.foreign.xps.cover import cover_share
from truth.foreign.xps.spectra import TrueLine, make_line

N = 12


@pytest.mark.parametrize("shape", ["sum", "product", "voigt", "tail"])
def test_a_doublet_has_the_area_it_was_given(shape):
    energy = np.linspace(-300.0, 300.0, 120001)
    area = np.trapezoid(make_line(energy, TrueLine(1000.0, 0.0, 1.6, shape)), energy)
    assert area == pytest.approx(1000.0, rel=0.01)


def test_the_default_holds_the_share_at_many_counts_where_one_shape_does_not():
    assert cover_share("counts", N).held >= 10 / N
    alone = cover_share("counts", 20, shapes=("sum",))
    assert alone.held < 0.9


def test_a_third_species_is_named():
    assert cover_share("third", N, shapes=("sum", "product")).named >= 0.9


@pytest.mark.parametrize("scenario", ["product", "voigt", "tail"])
def test_no_third_species_is_named_where_there_is_none(scenario):
    assert cover_share(scenario, N).named <= 1 / N
