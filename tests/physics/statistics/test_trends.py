import math

import numpy as np
import pytest

from nacre.physics.statistics.trends import fit_isotonic_means, fit_trend

DOSES = np.repeat([0.0, 0.5, 1.0, 2.0], 3)


def test_neighbours_that_fall_are_pooled():
    assert fit_isotonic_means(np.array([1.0, 3.0, 2.0, 4.0]), np.ones(4)) == pytest.approx([1, 2.5, 2.5, 4])
    assert fit_isotonic_means(np.array([3.0, 1.0]), np.array([1.0, 3.0])) == pytest.approx([1.5, 1.5])


def test_a_line_is_found_with_its_slope():
    rng = np.random.default_rng(8)
    hits, runs = 0, 100
    for _ in range(runs):
        found = fit_trend(DOSES, 160 + 8 * DOSES + rng.normal(0, 3, DOSES.size))
        hits += found.slope_lo95 <= 8 <= found.slope_hi95
    assert abs(hits / runs - 0.95) <= 3 * math.sqrt(0.05 * 0.95 / runs)


def test_no_trend_is_seldom_called_one_and_a_strong_one_always():
    rng, runs = np.random.default_rng(9), 60
    null = [fit_trend(DOSES[::2], rng.normal(0, 1, 6), seed=i).p <= 0.05 for i in range(runs)]
    assert np.mean(null) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    found = fit_trend(DOSES, 160 - 8 * DOSES + rng.normal(0, 1, DOSES.size))
    assert found.direction == -1 and found.p <= 0.01


def test_an_optimum_is_no_line():
    rng = np.random.default_rng(10)
    values = 180 - 20 * (DOSES - 1) ** 2 + rng.normal(0, 1, DOSES.size)
    assert not fit_trend(DOSES, values).linear and fit_trend(DOSES, 5 * DOSES + rng.normal(0, 1, 12)).linear


def test_too_little_is_refused():
    with pytest.raises(ValueError, match="three doses"):
        fit_trend([0, 0, 1, 1], [1, 2, 3, 4])
    with pytest.raises(ValueError, match="no dose has two values"):
        fit_trend([0, 1, 2], [1, 2, 3])
