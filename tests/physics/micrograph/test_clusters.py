"""Fractions over pictures: hand-made cases, and intervals that hold what they promise."""

import numpy as np
import pytest

from nacre.physics.micrograph.clusters import (
    ClusterEstimate,
    combine_estimates,
    estimate_difference_of_differences,
    estimate_ratio,
)

TRUTH = {"before0": 0.6, "after0": 4.8, "before1": 0.5, "after1": 1.9}


def test_one_cluster_gives_a_value_and_no_interval():
    found = estimate_ratio([1.0, 3.0], [10.0, 10.0], ["a", "a"])
    assert found.value == 0.2 and found.variance is None and found.interval() is None


def test_equal_pictures_give_the_textbook_standard_error():
    part = np.array([1.0, 2.0, 3.0, 4.0])
    found = estimate_ratio(part, np.ones(4))
    assert found.std == pytest.approx(part.std(ddof=1) / 2)
    assert found.df == 3


def test_a_difference_of_differences_adds_variances_and_satterthwaites_freedom():
    one = ClusterEstimate(1.0, 0.04, 4.0, 5)
    found = estimate_difference_of_differences(
        one, ClusterEstimate(5.0, 0.04, 4.0, 5), one, ClusterEstimate(2.0, 0.04, 4.0, 5)
    )
    assert found.value == -3.0 and found.variance == pytest.approx(0.16) and found.df == pytest.approx(16.0)
    assert combine_estimates((1, -1), (one, ClusterEstimate(1.0, None, None, 1))).variance is None


def test_nothing_to_divide_by_is_an_error():
    with pytest.raises(ValueError, match="nothing to divide by"):
        estimate_ratio([0.0], [0.0])


def draw(rng, mean, images, cells):
    """Pictures of one state: cells scatter by 15 %, pictures by 40 % about them, skewed; areas by 20 %."""
    part, whole, names = [], [], []
    for cell in range(cells):
        level = mean * rng.gamma(44.0, 1 / 44.0) if cells > 1 else mean
        for _ in range(images):
            area = rng.normal(100.0, 20.0)
            part.append(level * rng.gamma(6.0, 1 / 6.0) * area + rng.normal(0, 0.1 * area))
            whole.append(area)
            names.append(cell)
    return estimate_ratio(np.array(part), np.array(whole), names if cells > 1 else None)


@pytest.mark.slow
@pytest.mark.parametrize(("images", "cells"), [(5, 1), (10, 1), (3, 4)])
def test_intervals_of_the_difference_hold_their_promise(images, cells):
    """95 % within three standard errors of 1000 repetitions, and a standard error of the right size."""
    rng = np.random.default_rng(20240611 + images)
    wanted = (TRUTH["after1"] - TRUTH["before1"]) - (TRUTH["after0"] - TRUTH["before0"])
    hits, errors, stds = [], [], []
    for _ in range(1000):
        found = estimate_difference_of_differences(*(draw(rng, mean, images, cells) for mean in TRUTH.values()))
        lo, hi = found.interval()
        hits.append(lo <= wanted <= hi)
        errors.append(found.value - wanted)
        stds.append(found.std)
    allowed = 3 * np.sqrt(0.95 * 0.05 / len(hits))
    assert abs(np.mean(hits) - 0.95) <= allowed
    assert 0.8 <= np.mean(stds) / np.std(errors) <= 1.3
