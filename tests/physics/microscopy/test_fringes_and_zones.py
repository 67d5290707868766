"""Spots against noise whose spots are known: none; distortion and zones that are known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from nacre.materials.crystals import find_crystal
from nacre.physics.diffraction.crystal import compute_angle_between, compute_d_spacing
from nacre.physics.microscopy import fringes, zones
from nacre.physics.microscopy.fringes import make_prior_distortion
from nacre.physics.microscopy.indexing import Tolerance

REACH = (0.15, 0.75)


def lattice(name):
    crystal = find_crystal(name)
    return zones.PhaseLattice(crystal.reflections(1.2)[0], crystal.all_reflections(1.2)[0], crystal.cell)


def spots_of(hkl, cell, turn=25.0):
    length = 1 / compute_d_spacing(np.array(hkl), cell)
    angle = np.radians(turn + np.array([compute_angle_between(hkl[0], row, cell) for row in hkl]))
    return length[:, None] * np.column_stack((np.cos(angle), np.sin(angle)))


@pytest.mark.slow
@pytest.mark.parametrize("blur", [None, (0.5, 1.2)], ids=["white", "astigmatic"])
def test_noise_makes_as_many_spots_as_asked(blur):
    """Expected 1 per image in 40 images: 40 +- 3 sqrt(40)."""
    rng, number = np.random.default_rng(7), 0
    for _ in range(40):
        noise = rng.normal(size=(128, 150))
        noise = noise if blur is None else gaussian_filter(noise, blur) + 0.2 * rng.normal(size=noise.shape)
        number += len(fringes.find_spots(fringes.transform_region(noise, 0.3), *REACH, false_spots=1.0).at)
    assert 21 <= number <= 59


def test_a_wave_is_one_spot_where_it_is():
    y, x = 0.3 * np.mgrid[:180, :220]
    g = np.array([0.31, 0.17])
    rng = np.random.default_rng(1)
    image = 100 + 0.3 * x + 3 * np.cos(2 * np.pi * (g[0] * x + g[1] * y)) + 4 * rng.normal(size=x.shape)
    found = fringes.find_spots(fringes.transform_region(image, 0.3), *REACH, false_spots=0.01)
    assert len(found.at) == 1
    assert np.all(np.abs(found.at[0] - g) < 4 * found.std[0])
    assert found.std[0].max() < 1e-3


def test_a_region_that_is_too_small_or_flat_is_refused():
    with pytest.raises(ValueError, match="too small to transform"):
        fringes.transform_region(np.zeros((10, 50)), 0.3)
    with pytest.raises(ValueError, match="no contrast at all"):
        fringes.transform_region(np.full((50, 50), 7.0), 0.3)


def test_the_distortion_of_an_image_comes_back():
    true = spots_of([(0, 0, 2), (1, 1, 1), (1, 1, 2), (1, 1, -1)], find_crystal("HfO2").cell)
    seen = true @ np.linalg.inv(np.array([[1.02 + 0.004, -0.003], [-0.003, 1.02 - 0.004]]))
    std = np.full(seen.shape, 3e-4)
    turned = true @ np.array([[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]])
    found = fringes.fit_distortion(seen, std, turned, make_prior_distortion(0.02, 0.01), 0.002)
    assert found.values == pytest.approx([0.02, 0.004, -0.003], abs=3e-4)
    assert 0.002 < found.scale_error() < 0.004
    assert found.apply(seen) == pytest.approx(true, abs=1e-3)


def test_a_zone_is_found_among_false_spots():
    phase = lattice("HfO2")
    hkl = [(0, 0, 2), (1, 1, 1), (1, 1, 2), (1, 1, -1), (1, 1, 0), (2, 2, 1)]
    spots = np.vstack([spots_of(hkl, phase.cell), [[0.23, -0.41], [0.52, 0.33]]])
    order = [0, 6, 1, 2, 7, 3, 4, 5]
    found = zones.search_zones(spots[order], np.full(8, 0.1), phase, Tolerance(0.015, 1.5, 0.02), REACH)[0]
    assert found.axis in ((1, -1, 0), (1, 1, 0)) and found.matched.sum() == 6
    assert not found.matched[[1, 4]].any() and found.residual < 1e-6
    wrong = zones.search_zones(
        spots[order], np.full(8, 0.1), lattice("Li2HfO3 C2/c"), Tolerance(0.015, 1.5, 0.02), REACH
    )
    assert not wrong or wrong[0].evidence < found.evidence - 5


def test_more_spots_are_matched_less_often_by_chance():
    phase, bounds = lattice("HfO2"), Tolerance(0.03, 2.0, 0.03)
    hkl = [(0, 0, 2), (1, 1, 1), (1, 1, 2), (1, 1, -1), (2, 2, 1)]
    rates = []
    for n in (2, 5):
        spots, doubt = spots_of(hkl[:n], phase.cell), np.full(n, 0.1)
        best = zones.search_zones(spots, doubt, phase, bounds, REACH)[0]
        rng = np.random.default_rng(3)
        rates.append(zones.estimate_chance(spots, doubt, [phase], [bounds], REACH, best.evidence - 2, rng, 60))
    assert rates[1] < 0.05 < rates[0]
