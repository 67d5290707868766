"""Pixels from strokes: made pictures, and a real micrograph with its ground truth."""

import numpy as np
import pytest
from scipy import ndimage as ndi

from nacre.physics.micrograph.classify import classify_pixels, compute_features, compute_probabilities
from nacre.physics.micrograph.flatten import find_otsu_threshold
from nacre.readers.microscopy import label_mask, sem


def nanoparticles(seed: int, size: int = 384):
    """Bright particles on an uneven, mottled ground, so that no single threshold parts them."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((size, size))
    truth = np.zeros((size, size), bool)
    while truth.mean() < 0.2:
        cy, cx, r = *rng.uniform(0, size, 2), rng.uniform(7, 16)
        truth |= (y - cy) ** 2 + (x - cx) ** 2 <= r * r
    ground = ndi.gaussian_filter(rng.standard_normal((size, size)), 20)
    bright = 60 + 25 * ground / ground.std() + 50 * ndi.gaussian_filter(truth * 1.0, 1.0)
    return bright + rng.normal(0, 8, bright.shape), truth


def strokes(truth, rng, part=0.01):
    """About one percent of the pixels labelled, along short lines; 0 elsewhere."""
    found = np.zeros(truth.shape, int)
    while (found > 0).mean() < part:
        y, x = rng.integers(0, truth.shape[0]), rng.integers(0, truth.shape[1] - 30)
        found[y, x : x + 30] = np.where(truth[y, x : x + 30], 170, 85)
    return found


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def test_nanoparticles_are_found_from_one_percent_of_labels():
    rng = np.random.default_rng(0)
    for seed in range(2):
        image, truth = nanoparticles(seed)
        found = classify_pixels(image, strokes(truth, rng)) == 170
        assert iou(found, truth) > 0.85
        assert iou(image > find_otsu_threshold(image), truth) < 0.7, "a global threshold is not enough for this picture"
        assert found.mean() == pytest.approx(truth.mean(), abs=0.02)


def test_probabilities_are_probabilities():
    image, truth = nanoparticles(5, 128)
    classes, p = compute_probabilities(image, strokes(truth, np.random.default_rng(1), 0.05))
    assert classes.tolist() == [85, 170]
    assert p.sum(axis=-1) == pytest.approx(1.0)
    assert compute_features(image).shape == (128, 128, 17)


def test_one_class_or_another_shape_is_an_error():
    image = np.random.default_rng(0).random((32, 32))
    with pytest.raises(ValueError, match="labels of 1 class: two are needed"):
        classify_pixels(image, np.eye(32, dtype=int))
    with pytest.raises(ValueError, match="strokes of shape"):
        classify_pixels(image, np.zeros((4, 4), int))


@pytest.mark.realdata
def test_a_real_micrograph_from_sparse_labels_and_from_its_brightness(realdata):
    """Three classes from 1 % of labels, as well as a random forest (0.75, 0.67, 0.44); two from brightness alone."""
    folder = realdata / "em" / "interactive-seg"
    (image,) = sem.read(folder / "0.tif", sem.Options(pixel_size=0.01))
    truth = label_mask.read(folder / "0_ground_truth.tif")[0]["label"].values
    labels = label_mask.read(folder / "0_labels.tif")[0]["label"].values
    grey = image["intensity"].values.astype(float)
    found = classify_pixels(grey, labels)
    scores = [iou(found == v, truth == v) for v in (85, 170, 255)]
    assert scores[0] > 0.72 and scores[1] > 0.62 and scores[2] > 0.5
    assert np.mean(scores) > np.mean([0.75, 0.67, 0.44])
    dark = grey < find_otsu_threshold(grey)
    assert iou(dark, truth == 170) >= 0.85 and iou(~dark, truth == 85) >= 0.85
