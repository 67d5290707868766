"""Cross-sections of a virtual microscope: cracks, gaps and voids as drawn, whatever the light and the polish did."""

from functools import lru_cache

import numpy as np
import pytest
from scipy import ndimage as ndi

from nacre.physics.micrograph import outline as ol
from nacre.physics.micrograph import section as cs
from nacre.physics.micrograph.flatten import Levels, find_otsu_threshold, flatten_image
from nacre.virtual.microscopy.sem import CompositeSection, Microscope, draw_cross_section

CASES = {
    "pristine": (CompositeSection(0.006, 0.05), Microscope(size=512), 1),
    "no crack": (CompositeSection(0.0, 0.0), Microscope(size=512), 2),
    "cycled": (CompositeSection(0.045, 0.30, 0.02), Microscope(size=640), 3),
    "coarse and blurred": (CompositeSection(0.02, 0.5), Microscope(pixel=0.04, size=512, blur=1.1, dose=110.0), 4),
    "fine": (CompositeSection(0.03, 0.02), Microscope(pixel=0.025, size=640, blur=0.6), 5),
}


@lru_cache(maxsize=8)
def seen(name):
    section, scope, seed = CASES[name]
    signal, truth = draw_cross_section(section, scope, seed)
    image = signal["intensity"].values
    flat, levels = flatten_image(image)
    limits = cs.Thresholds(widest=round(0.4 / scope.pixel), reach=max(2, round(0.12 / scope.pixel)))
    smallest = int(np.pi / 4 / scope.pixel**2)
    labels = cs.find_particles(flat, levels, smallest, limits)
    return image, truth, flat, levels, labels, limits, smallest, cs.measure_section(flat, levels, labels, limits)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_cracks_gaps_and_particles_are_as_drawn(name):
    _, truth, _, _, labels, limits, _, found = seen(name)
    wanted = truth.crack_within(limits.widest)
    assert 100 * found.crack_area / found.area == pytest.approx(100 * wanted, abs=0.3)
    assert 100 * found.open_length / found.length == pytest.approx(100 * truth.gap_fraction, abs=2.0)
    assert 100 * found.void_fraction == pytest.approx(100 * truth.void_fraction, abs=0.6)
    inside = labels > 0
    assert (inside & (truth.active > 0.5)).sum() / (inside | (truth.active > 0.5)).sum() > 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("charging", "blur"), [(0.0, 0.7), (0.2, 0.7), (0.0, 1.2), (0.1, 1.2)])
def test_bright_rims_and_blur_take_nothing_from_cracks(charging, blur):
    """Charging brightens the rim of a crack: that the rim is brighter does not make the crack smaller."""
    scope = Microscope(size=512, charging=charging, blur=blur)
    signal, truth = draw_cross_section(CompositeSection(0.08, 0.2), scope, 302)
    flat, levels = flatten_image(signal["intensity"].values)
    limits = cs.Thresholds(widest=13, reach=3)
    found = cs.measure_section(flat, levels, cs.find_particles(flat, levels, 870, limits), limits)
    assert 100 * found.crack_area / found.area == pytest.approx(100 * truth.crack_within(13), abs=0.3)
    assert 100 * found.open_length / found.length == pytest.approx(100 * truth.gap_fraction, abs=2.0)


def test_the_area_of_a_crack_with_a_glowing_rim_is_that_drawn():
    y, x = np.indices((200, 200))
    whole = np.hypot(y - 100, x - 100) < 80
    crack = (np.abs(y - 100) < 2.5) & (np.abs(x - 100) < 50)
    away = ndi.distance_transform_edt(~crack)
    rng = np.random.default_rng(7)
    for glow in (0.0, 0.15):
        flat = np.where(whole, 160.0, 85.0) * (1 + glow * np.clip(1 - away / 6, 0, None))
        flat = ndi.gaussian_filter(np.where(crack, 10.0, flat), 0.8) + rng.normal(0, 2, flat.shape)
        limits = cs.Thresholds(widest=12, reach=4)
        found = cs.measure_section(flat, Levels(10.0, 85.0, 160.0, 2.0), whole.astype(int), limits)
        assert found.crack_area == pytest.approx(crack.sum(), rel=0.02)


@pytest.mark.slow
def test_a_global_threshold_counts_grain_boundaries_as_cracks():
    for name in ("pristine", "no crack", "cycled"):
        image, truth, _, _, labels, _, _, found = seen(name)
        wrong = cs.compute_otsu_fraction(image, labels) - truth.crack_fraction
        right = found.crack_area / found.area - truth.crack_fraction
        assert wrong > 0.01 and abs(right) < 0.2 * wrong


@pytest.mark.slow
def test_the_sweep_of_thresholds_stays_near_and_finds_the_same_particles():
    _, _, flat, levels, _, limits, smallest, found = seen("cycled")
    swept = cs.sweep_thresholds(flat, levels, smallest, limits)
    assert len(swept) == 4
    cracks = [100 * s.crack_area / s.area for s in swept]
    assert np.ptp(cracks) < 0.5
    assert {len(s.particles) for s in swept} == {len(found.particles)}


@pytest.mark.slow
def test_crack_widths_lie_within_those_drawn():
    found = seen("cycled")[-1]
    width = np.average(found.widths, weights=found.lengths) * 0.03
    low, high = CompositeSection().crack_width
    assert 0.45 * low < width < high


def test_flattening_takes_out_light_and_stripes():
    y, x = np.mgrid[-1:1:200j, -1:1:240j]
    matter = np.where((y * 4 % 1 < 0.5) ^ (x * 4 % 1 < 0.5), 160.0, 80.0)
    stripes = 1 + 0.2 * ndi.gaussian_filter1d(np.random.default_rng(0).standard_normal(240), 4)
    picture = matter * (1 + 0.2 * x - 0.1 * y) * stripes
    picture[90:110, 90:110] = 5.0
    flat, levels = flatten_image(picture)
    assert levels.particle / levels.matrix == pytest.approx(2.0, rel=0.05)
    bright = ndi.binary_erosion(flat > 110, iterations=4)
    assert flat[bright].std() / flat[bright].mean() < 0.02 < picture[bright].std() / picture[bright].mean()


def test_otsu_parts_two_heaps_and_one_phase_is_an_error():
    values = np.concatenate([np.full(50, 1.0), np.full(50, 3.0)])
    assert 1.2 < find_otsu_threshold(values) < 2.8
    with pytest.raises(ValueError, match="no two phases"):
        flatten_image(np.full((64, 64), 7.0))


def test_an_arc_ends_at_half_of_its_own_depth():
    depth = np.zeros(60)
    depth[20:31] = [0.2, 0.4, 0.7, 0.9, 1.0, 1.0, 1.0, 0.9, 0.7, 0.4, 0.2]
    depth[45:48] = [0.3, 0.4, 0.3]
    opened = ol.find_open_arcs(depth, 0.35)
    assert np.flatnonzero(opened).tolist() == [22, 23, 24, 25, 26, 27, 28, 46]
    assert ol.find_open_arcs(np.full(10, 0.9), 0.35).all() and not ol.find_open_arcs(np.zeros(10), 0.35).any()
    assert np.flatnonzero(ol.find_open_arcs(np.roll(depth, -24), 0.35)).size == 8


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 2])
def test_a_section_without_pores_shows_none_however_uneven_its_light(seed):
    """The dim end of a field is as dark as a shallow pore: it is neither void nor gap."""
    scope = Microscope(size=384, pixel=0.05, shading=0.2, dose=300.0)
    image = draw_cross_section(CompositeSection(0.0, 0.0, 0.0, radius=1.6), scope, seed)[0]["intensity"].values
    flat, levels = flatten_image(image)
    limits = cs.Thresholds(widest=8, reach=2)
    found = cs.measure_section(flat, levels, cs.find_particles(flat, levels, 300, limits), limits)
    assert len(found.particles) > 8
    assert 100 * found.void_fraction < 0.2 and found.open_length / found.length < 0.005
    assert found.crack_area == 0


def test_a_crack_that_ends_at_the_outline_is_neither_gap_nor_contact():
    y, x = np.indices((160, 160))
    flat = np.where(np.hypot(y - 80, x - 80) < 50, 160.0, 85.0)
    whole = flat.copy()
    flat[76:84, 80:132] = 10.0  # from within to the rim
    rng = np.random.default_rng(3)
    flat, whole = (ndi.gaussian_filter(v, 0.8) + rng.normal(0, 2, v.shape) for v in (flat, whole))
    limits = cs.Thresholds(widest=12, reach=4)
    levels = flatten_image(flat)[1]
    found, closed = (
        cs.measure_section(v, levels, cs.find_particles(v, levels, 200, limits), limits) for v in (flat, whole)
    )
    assert found.crack_area == pytest.approx(8 * 50, rel=0.1)
    assert found.open_length < 4 and closed.open_length == 0
    assert closed.length - found.length > 4  # half of the crack, as the outline bends into its mouth
