"""Top views and element maps through their techniques: truth back, guards, and what cannot be determined."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage as ndi

from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.signal import Signal, Variable
from nacre.core.study import Sample
from nacre.readers.microscopy import images
from nacre.techniques.microscopy import eds_evenness, sem_top
from nacre.virtual.microscopy.eds import Coat, EdsDetector, draw_powder_map
from nacre.virtual.microscopy.sem_top import TopViewPowder, View, draw_top_view

HF = eds_evenness.EdsEvennessOptions(element="Hf", reference="Ni")


def top(powder=None, view=None, seed=0):
    signal, truth = draw_top_view(powder or TopViewPowder(), view or View(size=640), seed)
    (result,) = sem_top.analyse({"signal": signal}, Context(sample=Sample("bare")), sem_top.SemTopOptions())
    return result, truth


def test_sizes_and_grains_are_as_drawn():
    result, truth = top()
    middle = result.get("secondary_diameter", percentile=50)
    assert middle.value == pytest.approx(np.median(truth.diameters), rel=0.08)
    assert middle.lo95 < np.median(truth.diameters) < middle.hi95
    assert result.get("primary_diameter").value == pytest.approx(1e3 * truth.grain, rel=0.15)
    assert {figure.place for figure in result.figures} == {"Fig. 2a", "Fig. 2b", "Fig. 2d"}


def test_a_coatings_mottle_is_texture_and_filled_boundaries_are_less_contrast():
    plain, coated = (
        top(TopViewPowder(boundary=0.2, mottle=m, diameter=6.0), View(size=512), seed=4)[0] for m in (0.0, 0.12)
    )
    fine = [r.get("texture_contrast", band="fine") for r in (plain, coated)]
    assert fine[1].value - fine[0].value > 3 * np.hypot(fine[0].std, fine[1].std)
    deep = top(TopViewPowder(boundary=0.35, diameter=6.0), View(size=512), seed=4)[0]
    assert deep.get("boundary_contrast").value > plain.get("boundary_contrast").value + 2


def test_few_particles_and_bands_out_of_reach_are_told():
    result, _ = top(TopViewPowder(diameter=9.0), View(size=384, pixel=0.08), seed=1)
    texts = " ".join(check.text for check in result.checks)
    assert "too few for a size distribution" in texts
    assert "the fine texture (100 to 300 nm) is outside of what pixel and tile resolve" in texts
    blank = np.random.default_rng(0).normal(100, 3, (96, 96))
    signal = Signal("image", {"intensity": Variable(blank, "1", ("y", "x"))} | images.axes(blank.shape, 0.05))
    with pytest.raises(NotAssessable, match="no particle is found"):
        sem_top.analyse({"signal": signal}, Context(), sem_top.SemTopOptions())


def evenness(signal, options=HF, **inputs):
    context = Context(sample=Sample("lho", inputs=inputs))
    (result,) = eds_evenness.analyse({"signal": signal}, context, options)
    return result


FLAT = EdsDetector(topography=0.0, drift=0.0)


def test_an_even_coat_passes_and_an_uneven_one_is_sized():
    even = evenness(draw_powder_map(Coat(), seed=3))
    assert any(c.status == "pass" and "nothing beyond counting at any scale" in c.text for c in even.checks)
    uneven = evenness(draw_powder_map(Coat(0.2, 10.0), FLAT, seed=3))
    assert any(c.status == "warn" and "Hf La1 is not even against Ni Ka1" in c.text for c in uneven.checks)
    assert uneven.get("evenness_cv", scale_um=2.0).value == pytest.approx(20, rel=0.15)
    assert uneven.get("morans_i").value > 0.15
    assert (
        abs(even.get("topography_correlation").value)
        < 0.15
        < 0.3
        < evenness(draw_powder_map(Coat(shading=0.15), seed=3)).get("topography_correlation").value
    )


def test_lines_of_other_elements_are_guarded():
    options = replace(HF, present=("Cu",))
    texts = [c.text for c in evenness(draw_powder_map(Coat(), seed=1), options, cam="LiNi0.85Co0.10Mn0.05O2").checks]
    assert any("Cu Ka1 (8.048 keV) lies 149 eV from Hf La1" in t and "may show Cu" in t for t in texts)
    assert any("Co Ka1 (6.930 keV) lies 29 eV from Hf Ll" in t for t in texts)
    masked = draw_powder_map(Coat(), lines=("Hf Ma1", "Ni Ka1"), seed=1)
    found = evenness(masked, eds_evenness.EdsEvennessOptions(element="Hf M", reference="Ni", present=("Si",))).checks
    assert any("Si Ka1 (1.740 keV) lies 95 eV from Hf Ma1" in c.text for c in found)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (eds_evenness.EdsEvennessOptions(), "the element is not named; found maps of Hf La1, Ni Ka1"),
        (eds_evenness.EdsEvennessOptions(element="Li"), "Li has no line that an EDS detector sees"),
        (eds_evenness.EdsEvennessOptions(element="Zr"), "there is no map of Zr; found Hf La1, Ni Ka1"),
        (
            eds_evenness.EdsEvennessOptions(element="Hf", reference="Hafnium"),
            "not a line of an element; found 'Hafnium'",
        ),
    ],
)
def test_an_element_that_is_not_there(options, words):
    with pytest.raises(NacreError, match=words):
        evenness(draw_powder_map(Coat(), EdsDetector(size=64)), options)


def test_maps_that_hold_no_counts_are_refused():
    signal = draw_powder_map(Coat(), EdsDetector(size=96), seed=2)

    def changed(name, values):
        return replace(signal, variables={**signal.variables, name: Variable(values, "1", ("y", "x"))})

    smooth = np.round(ndi.uniform_filter(4.0 * signal["Hf La1"].values, 5))
    with pytest.raises(NotAssessable, match=r"the map of Hf La1 holds no counts.*Export raw counts"):
        evenness(changed("Hf La1", smooth))
    with pytest.raises(NotAssessable, match="too few counts of Hf La1 to determine how it is spread"):
        empty = np.zeros_like(signal["Hf La1"].values)
        empty[5, 5:9] = 1
        evenness(changed("Hf La1", empty))
    other = draw_powder_map(Coat(), EdsDetector(size=64), seed=2)
    small = Signal("element_map", {k: other[k] for k in ("Ni Ka1", "x", "y")}, name="b")
    alone = Signal("element_map", {k: signal[k] for k in ("Hf La1", "x", "y")}, name="a")
    with pytest.raises(NacreError, match=r"the maps differ in size; found Hf La1: 96 x 96, Ni Ka1: 64 x 64"):
        evenness([alone, small])


@pytest.mark.parametrize("gain", [2.5, 40.0])
def test_counts_stretched_to_the_levels_of_a_picture_are_refused(gain):
    signal = draw_powder_map(Coat(), EdsDetector(size=128), seed=5)
    evenness(signal)  # the counts themselves are taken
    stretched = {
        n: replace(v, values=np.floor(gain * v.values))
        for n, v in signal.variables.items()
        if n in ("Hf La1", "Ni Ka1")
    }
    with pytest.raises(NotAssessable, match="holds no counts"):
        evenness(replace(signal, variables=signal.variables | stretched))


def test_a_map_that_may_show_another_element_makes_no_claim():
    options = replace(HF, element="Mo L", present=("S",))
    uneven = draw_powder_map(Coat(0.3, 10.0), FLAT, lines=("Mo La1", "Ni Ka1"), seed=3)
    doubted, clear = evenness(uneven, options), evenness(uneven, replace(options, present=()))
    assert any("cannot be determined" in c.text and "may show another element" in c.text for c in doubted.checks)
    assert all(e.quantity.std is None and e.quantity.lo95 == 0 for e in doubted.entries if e.name == "evenness_cv")
    assert any("Mo La1 is not even against" in c.text for c in clear.checks)


@pytest.mark.slow
def test_what_absorption_makes_of_an_even_coat_is_within_the_tolerance():
    """A map of many counts tells a variation of a percent: told, and not called uneven."""
    signal = draw_powder_map(
        Coat(), EdsDetector(size=96, counts=400.0, reference_counts=2400.0, background=0.0), seed=11
    )
    (check,) = (c for c in evenness(signal).checks if "Hf La1" in c.text and "against" in c.text)
    assert check.status == "pass" and "no more than the tolerance of 2 %; a variation above" in check.text
    strict = evenness(signal, replace(HF, tolerance=0.0, surface="flat")).checks
    # the counts scatter from pixel to pixel as scaled ones would: what is seen is told, and not called uneven
    assert any("cannot be determined" in c.text and "may be scaled" in c.text for c in strict)


def test_a_few_particles_have_a_median_with_an_interval_and_outer_percentiles_without():
    result, _ = top(view=View(size=512))
    outer = result.get("secondary_diameter", percentile=10)
    assert outer.n < 36 and outer.std is None and outer.lo95 is None
    assert result.get("secondary_diameter", percentile=50).lo95 is not None
    assert any("the outer percentiles have no interval" in check.text for check in result.checks)
