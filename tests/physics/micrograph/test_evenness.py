"""Evenness of counts: false alarms on even maps, variation found and sized, and what the tests rest on."""

import numpy as np
import pytest
from scipy import ndimage as ndi

from nacre.physics.micrograph import evenness as ev
from nacre.virtual.microscopy.eds import Coat, EdsDetector, draw_powder_map


def counts(signal):
    return (signal[name].values.astype(float) for name in ("Hf La1", "Ni Ka1"))


def test_blocks_sum_pixels_and_leave_the_rest_out():
    assert ev.sum_blocks(np.arange(12.0).reshape(3, 4), 2).tolist() == [[10.0, 18.0]]


def test_morans_i_of_a_chessboard_and_of_a_slope():
    board = np.indices((8, 8)).sum(axis=0) % 2 * 1.0
    assert ev.compute_morans_i(board)[0] == pytest.approx(-1.0)
    slope, p = ev.compute_morans_i(np.outer(np.ones(16), np.arange(16.0)))
    assert slope > 0.9 and p < 1e-6


def test_counts_scatter_as_counts_and_smoothed_maps_do_not():
    k = np.random.default_rng(1).poisson(2.0, (200, 200)).astype(float)
    assert ev.compute_counting_ratio(k) == pytest.approx(1.0, abs=0.02)
    assert ev.compute_counting_ratio(ndi.uniform_filter(k, 3)) < 0.3


@pytest.mark.slow
def test_an_even_map_of_two_counts_per_pixel_is_called_even():
    """False alarms at most 5 %, within three standard errors of 400 maps."""
    rng = np.random.default_rng(20240611)
    alarms = [
        ev.combine_p_values(ev.measure_scales(rng.poisson(2.0, (96, 96)).astype(float))) < 0.05 for _ in range(400)
    ]
    assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(alarms))


@pytest.mark.slow
def test_an_even_coat_is_even_whatever_topography_and_beam_do():
    alarms, alone = [], []
    for seed in range(60):
        k, n = counts(draw_powder_map(Coat(), EdsDetector(size=128), seed=seed))
        alarms.append(ev.combine_p_values(ev.measure_scales(k, n, ev.find_sample_area(n))) < 0.05)
        alone.append(ev.combine_p_values(ev.measure_scales(k)) < 0.05)
    assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(alarms))
    assert np.mean(alone) == 1.0, "without the reference, topography looks like an uneven coat"


@pytest.mark.parametrize("variation", [0.2, 0.1])
def test_variation_over_ten_micrometres_is_found_and_sized(variation):
    for seed in range(5):
        k, n = counts(draw_powder_map(Coat(variation, 10.0), seed=100 + seed))
        found = ev.measure_scales(k, n)
        assert ev.combine_p_values(found) < 0.05
        (middle,) = [s for s in found if s.size == 4]
        assert middle.cv == pytest.approx(variation, rel=0.15)
        assert middle.lo < middle.cv < middle.hi


def test_limits_of_the_variation_hold():
    """The interval covers the true variation of independent blocks, 95 % within three standard errors."""
    rng, true = np.random.default_rng(3), 0.25
    hits = []
    for _ in range(300):
        share = np.kron(np.clip(1 + true * rng.standard_normal((12, 12)), 0, None), np.ones((8, 8)))
        one = ev.measure_variation(rng.poisson(2.0 * share).astype(float), 8)
        hits.append(one.lo <= true <= one.hi)
    assert abs(np.mean(hits) - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / len(hits)) + 0.01


def test_shadowed_coats_follow_the_topography():
    k, n = counts(signal := draw_powder_map(Coat(0.0, shading=0.15), seed=8))
    r, lo, _, _ = ev.correlate_with_picture(k, signal["electron_image"].values, 8, n)
    assert r > 0.3 and lo > 0.2
    k, n = counts(signal := draw_powder_map(Coat(), seed=9))
    r, lo, hi, _ = ev.correlate_with_picture(k, signal["electron_image"].values, 8, n)
    assert lo < 0.05 and hi > -0.05


def test_too_few_counts_tell_nothing():
    assert ev.measure_scales(np.zeros((64, 64))) == []
    assert ev.measure_scales(np.random.default_rng(0).poisson(0.002, (32, 32)).astype(float)) == []
