"""Foreign spectra of Hf 4f: the generator makes what it says; the default holds the share, names a stranger."""

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.signal import Signal, Variable
from nacre.core.study import Measurement, Sample
from nacre.techniques.xps_ir import xps
from nacre.techniques.xps_ir.xps import XpsOptions
from truth.foreign.xps.cover import cover_share
from truth.foreign.xps.spectra import TrueLine, make_line, make_spectrum

N = 12
CONTEXT = Context("s", sample=Sample("one"), measurement=Measurement("one:xps", sample="one"), analysis="a")


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


@pytest.mark.parametrize(("place", "lost"), [(18.1, False), (19.9, True)])
def test_a_position_at_its_limit_leaves_no_share(place, lost):
    """A line 1.8 eV from where the species may lie: neither a share nor a ratio, and a check that says why."""
    energy = np.arange(11.0, 25.0, 0.05)
    lines = [TrueLine(4500.0, place, 1.6), TrueLine(4500.0, 15.6, 1.6)]
    counts = np.random.default_rng(3).poisson(make_spectrum(energy, lines, 1500.0)).astype(float)
    axis = ("binding_energy",)
    arrays = {"binding_energy": Variable(energy, "eV", axis), "intensity": Variable(counts, "counts", axis)}
    signal = Signal("xps", arrays, name="Hf 4f")
    options = XpsOptions(regions=("Hf 4f",), models=("step+slope",), calibration="none")
    (result,) = xps.analyse({"signal": [signal]}, CONTEXT, options)
    told = any("cannot be determined" in str(check) for check in result.checks)
    given = {entry.name for entry in result.entries} & {"species_fraction", "species_ratio"}
    assert (told, bool(given)) == (lost, not lost)
