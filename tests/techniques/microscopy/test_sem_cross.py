"""Cross-sections through the technique: pooled fractions, intervals, masks, and pictures that cannot be used."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.signal import Signal, Variable
from nacre.core.study import Cell, Measurement, Sample
from nacre.readers.microscopy import images
from nacre.techniques.microscopy import sem_contrast, sem_cross
from nacre.virtual.microscopy.sem import CompositeSection, Microscope, draw_cross_section

SCOPE = Microscope(size=320, pixel=0.04, dose=300.0)
STATES = {
    "reference_before": ("bare", "bare-0", CompositeSection(0.006, 0.05)),
    "reference_after": ("bare", "bare-1", CompositeSection(0.048, 0.30)),
    "treated_before": ("lho", "lho-0", CompositeSection(0.005, 0.05)),
    "treated_after": ("lho", "lho-1", CompositeSection(0.018, 0.12)),
}


@lru_cache(maxsize=32)
def shot(role: str, n: int):
    section = STATES[role][2]
    return draw_cross_section(section, SCOPE, 10 * list(STATES).index(role) + n)


def context(role: str) -> Context:
    sample, cell, _ = STATES[role]
    measurement = Measurement(f"{cell}:section", sample, cell, state={"stage": role.partition("_")[2]})
    return Context("s", Sample(sample), Cell(cell, sample), measurement)


@lru_cache(maxsize=16)
def section(role: str, images: int = 3):
    signals = [shot(role, n)[0] for n in range(images)]
    (result,) = sem_cross.analyse({"signal": signals}, context(role), sem_cross.SemCrossOptions())
    return result


def made(values, pixel=0.05, **metadata) -> Signal:
    variables = {"intensity": Variable(np.asarray(values, float), "1", ("y", "x"))}
    return Signal("image", variables | images.axes(np.shape(values), pixel), metadata, name="made")


@pytest.mark.slow
def test_several_pictures_give_one_fraction_with_an_interval():
    result = section("reference_after")
    crack, gap = result.get("crack_fraction"), result.get("gap_fraction")
    truth = [shot("reference_after", n)[1] for n in range(3)]
    assert crack.value == pytest.approx(100 * np.mean([t.crack_within(10) for t in truth]), abs=0.3)
    assert gap.value == pytest.approx(100 * np.mean([t.gap_fraction for t in truth]), abs=2.5)
    assert crack.n == 3 and crack.basis == "replicates" and crack.lo95 < crack.value < crack.hi95
    assert result.entries[0].state == {"stage": "after"} and result.origin == "synthetic"
    assert result.get("crack_width").value == pytest.approx(120, abs=60)
    assert any("a global threshold (Otsu) would have given" in check.text for check in result.checks)
    assert {curve.name for curve in result.curves} == {"images", "particles"}


@pytest.mark.slow
def test_one_picture_carries_no_interval_and_says_so():
    result = section("treated_after", 1)
    assert result.get("crack_fraction").std is None and result.get("crack_fraction").lo95 is None
    assert any("one picture: its fractions say nothing of the sample (no inference)" in c.text for c in result.checks)


@pytest.mark.slow
def test_what_the_treatment_spared_is_found():
    inputs = {role: section(role) for role in STATES}
    (result,) = sem_contrast.analyse(inputs, Context(analysis="cracking"), sem_contrast.SemContrastOptions())
    spared, gap = result.get("crack_growth_spared"), result.get("gap_growth_spared")
    assert spared.value == pytest.approx(2.9, abs=0.6) and spared.lo95 > 0
    assert gap.value == pytest.approx(18, abs=5)
    grown = {str(e.subject): e.quantity.value for e in result.entries if e.name == "crack_growth"}
    assert grown["bare"] == pytest.approx(4.2, abs=0.6) and grown["lho"] == pytest.approx(1.3, abs=0.5)
    assert any("pictures are the clusters: the interval holds for these cells" in c.text for c in result.checks)
    assert result.subject.sample == "lho"


@pytest.mark.slow
def test_a_set_of_one_picture_allows_no_inference_and_cells_are_clusters_where_there_are_two():
    inputs = {role: section(role) for role in STATES} | {"treated_after": section("treated_after", 1)}
    (result,) = sem_contrast.analyse(inputs, Context(), sem_contrast.SemContrastOptions())
    assert result.get("crack_growth_spared").std is None
    assert any("treated_after: one picture allows no inference" in check.text for check in result.checks)
    twice = {
        role: [section(role), replace(section(role), subject=replace(section(role).subject, cell="second"))]
        for role in STATES
    }
    (result,) = sem_contrast.analyse(twice, Context(), sem_contrast.SemContrastOptions())
    assert result.get("crack_growth_spared").n == 2
    assert "clustered by cell" in result.methods


def test_a_missing_set_is_asked_for():
    with pytest.raises(NacreError, match=r"the set 'reference_before' is missing.*reference_before = \"sem_cross:"):
        sem_contrast.analyse({}, Context(), sem_contrast.SemContrastOptions())


@pytest.mark.slow
def test_a_mask_of_another_program_and_sparse_labels_give_the_same_particles():
    signal, truth = shot("treated_after", 0)

    def mask(values):
        return Signal("label_mask", {"label": Variable(values, "1", ("y", "x"))}, name="mask")

    strokes = np.zeros(truth.active.shape, int)
    strokes[::20] = np.where(truth.active[::20] > 0.5, 2, 1)
    whole = section("treated_after", 1).get("crack_fraction").value
    for values, options in (
        ((truth.active > 0.5).astype(int), sem_cross.SemCrossOptions()),
        (strokes, sem_cross.SemCrossOptions(particle_class=2)),
    ):
        (result,) = sem_cross.analyse({"images": signal, "mask": mask(values)}, context("treated_after"), options)
        assert result.get("crack_fraction").value == pytest.approx(whole, abs=0.4)
        assert "given label masks" in result.methods
    with pytest.raises(NacreError, match=r"the mask is not as large as its image; found 32 x 10 pixels"):
        sem_cross.analyse(
            {"images": signal, "mask": mask(np.ones((10, 32), int))}, Context(), sem_cross.SemCrossOptions()
        )
    with pytest.raises(NacreError, match=r"no pixel has class 7; expected one of 0, 1"):
        options = sem_cross.SemCrossOptions(particle_class=7)
        sem_cross.analyse({"images": signal, "mask": mask((truth.active > 0.5).astype(int))}, Context(), options)
    with pytest.raises(NacreError, match="each image needs its mask; found 1 masks and 2 images"):
        images = {"images": [signal, signal], "mask": mask(strokes)}
        sem_cross.analyse(images, Context(), sem_cross.SemCrossOptions())


def disc(shape=(160, 160), radius=40, noise=4.0):
    y, x = np.indices(shape)
    inside = np.hypot(y - shape[0] / 2, x - shape[1] / 2) < radius
    return np.where(inside, 160.0, 80.0) + np.random.default_rng(0).normal(0, noise, shape)


def refused(values, words, **options):
    with pytest.raises(NacreError, match=words) as caught:
        sem_cross.analyse({"signal": made(values, white=255)}, Context(), sem_cross.SemCrossOptions(**options))
    return caught.type


def test_pictures_that_cannot_be_used_are_refused_in_words():
    saturated = disc()
    saturated[:, :60] = 255
    assert refused(saturated, r"the image is saturated: 38% of its pixels are white") is NotAssessable
    assert refused(np.full((64, 64), 90.0), "cannot be segmented: no two phases: the picture is of one grey")
    assert refused(np.random.default_rng(1).normal(100, 5, (128, 128)), "no two phases|cannot be distinguished by")
    whole = disc(radius=95)
    assert refused(whole, "one particle touches every edge of the field.*at a lower magnification") is NotAssessable
    assert refused(disc(), "no particle is found.*smallest_particle", smallest_particle=9.0) is NotAssessable
    assert refused(disc((10, 200)), "the picture is too small to analyse; found 200 x 10 pixels")


def test_regions_are_in_micrometres():
    assert refused(disc(), "the region holds too little of the picture.*a part of 8 x 8 um", region=(9, 9, 12, 12))
    assert refused(disc(), "a region is x0, y0, x1, y1 in um; found 3, 1, 2, 4", region=(3, 1, 2, 4))


def test_a_little_saturation_is_told():
    values = disc()
    values[:4] = 255
    (result,) = sem_cross.analyse({"signal": made(values, white=255)}, Context(), sem_cross.SemCrossOptions())
    assert any("2.5% of the pixels are white; what they hid" in check.text for check in result.checks)
    assert result.get("crack_fraction").value == pytest.approx(0.0, abs=0.05)


def test_a_picture_without_a_scale_or_of_another_kind_is_refused():
    bare = Signal("image", {"intensity": Variable(disc(), "1", ("y", "x"))}, name="bare")
    with pytest.raises(NacreError, match="bare: the picture has no scale"):
        sem_cross.analyse({"signal": bare}, Context(), sem_cross.SemCrossOptions())
    with pytest.raises(NacreError, match=r"not a picture of kind 'image'; found kind 'element_map'"):
        sem_cross.analyse({"signal": replace(bare, kind="element_map")}, Context(), sem_cross.SemCrossOptions())
