"""Texture spectra: sine waves of known contrast, white noise, and grains of known size."""

import numpy as np
import pytest

from nacre.physics.micrograph import texture as tx
from nacre.virtual.microscopy.sem_top import TopViewPowder, View, draw_top_view


def wave(contrast, period, noise=0.0, n=256):
    x = np.arange(n)
    surface = 100 * (1 + np.sqrt(2) * contrast * np.sin(2 * np.pi * x / period))
    return np.tile(surface, (n, 1)) + np.random.default_rng(0).normal(0, noise, (n, n))


def test_a_wave_has_its_contrast_in_its_band_and_none_in_others():
    image = wave(0.08, 9.0)
    found = tx.compute_texture_spectrum(image, tx.place_tiles(np.ones(image.shape, bool), 64))
    assert found.contrast(6, 15)[0] == pytest.approx(0.08, rel=0.05)
    assert found.contrast(2.5, 5)[0] < 0.01


def test_noise_is_taken_off():
    clean, noisy = (
        tx.compute_texture_spectrum(image, tx.place_tiles(np.ones(image.shape, bool), 64)).contrast(6, 15)[0]
        for image in (wave(0.05, 9.0), wave(0.05, 9.0, noise=15.0))
    )
    assert noisy == pytest.approx(clean, rel=0.1)
    still = wave(0.0, 9.0, noise=15.0)
    assert tx.compute_texture_spectrum(still, tx.place_tiles(np.ones(still.shape, bool), 64)).contrast(6, 15)[0] < 0.012


def test_tiles_lie_wholly_inside_and_apart():
    inside = np.zeros((200, 200), bool)
    inside[20:120, 30:180] = True
    found = tx.place_tiles(inside, 40)
    covered = np.zeros(inside.shape, int)
    for tile in found:
        assert inside[tile].all()
        covered[tile] += 1
    assert len(found) >= 4 and covered.max() == 1


def test_no_tile_and_no_grains_are_errors():
    with pytest.raises(ValueError, match="no tile lies wholly on a particle"):
        tx.compute_texture_spectrum(np.ones((20, 20)), [])
    with pytest.raises(ValueError, match=r"\d grains are seen whole"):
        tx.find_grains(np.ones((60, 60)), np.ones((60, 60), bool))


def test_grains_have_their_size_and_the_contrast_of_their_boundaries_its_order():
    found = []
    for boundary in (0.2, 0.35):
        signal, truth = draw_top_view(
            TopViewPowder(boundary=boundary, diameter=12.0, filling=0.6), View(size=512), seed=2
        )
        image = signal["intensity"].values
        inside = image > 60
        grains = tx.find_grains(image, inside)
        assert np.median(grains.diameters) * 0.04 == pytest.approx(truth.grain, rel=0.15)
        found.append(grains.boundary_contrast)
    assert 0.05 < found[0] < found[1] < 0.35
