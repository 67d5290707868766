"""Knees of known place, and fades without one."""

import numpy as np
import pytest

from nacre.physics.cycling import fade
from truth.foreign.cycling import fades

CYCLES = np.arange(1.0, 201.0)


def two_lines(place, before=-0.1, after=-0.4):
    return 150 + before * CYCLES + (after - before) * np.clip(CYCLES - place, 0, None)


def test_a_sharp_knee_is_found_where_it_is():
    found = fade.find_knee(CYCLES, two_lines(60) + np.random.default_rng(1).normal(0, 0.3, 200))
    assert found.found
    assert found.lo95 < 60 < found.hi95
    assert found.hi95 - found.lo95 < 10
    assert (found.slope_before, found.slope_after) == pytest.approx((-0.1, -0.4), abs=0.02)


def test_interval_covers():
    rng = np.random.default_rng(7)
    found = [fade.find_knee(CYCLES, two_lines(80) + rng.normal(0, 0.5, 200)) for _ in range(400)]
    assert all(k.found for k in found)
    inside = np.mean([k.lo95 <= 80 <= k.hi95 for k in found])
    assert abs(inside - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 400)


@pytest.mark.parametrize(
    ("capacity", "words"),
    [
        (150 - 0.1 * CYCLES, "one line describes the fade as well"),
        (150 - 0.0007 * CYCLES**2, "a parabola describes the fade as well"),
        (two_lines(60, -0.4, -0.1), "fading slows down"),
    ],
)
def test_where_there_is_no_knee_the_reason_is_said(capacity, words):
    noise = np.random.default_rng(2).normal(0, 0.2, 200)
    found = fade.find_knee(CYCLES, capacity + noise)
    assert not found.found
    assert words in found.reason


def test_noise_alone_is_not_a_knee():
    rng = np.random.default_rng(3)
    found = [fade.find_knee(CYCLES, 150 - 0.1 * CYCLES + rng.normal(0, 0.3, 200)).found for _ in range(300)]
    assert sum(found) == 0


def test_drifting_noise_is_not_a_knee():
    rng = np.random.default_rng(4)
    found = []
    for _ in range(200):
        wander = np.zeros(200)
        for i in range(1, 200):
            wander[i] = 0.95 * wander[i - 1] + rng.normal(0, 0.1)
        found.append(fade.find_knee(CYCLES, 150 - 0.1 * CYCLES + wander).found)
    assert np.mean(found) < 0.05


def test_few_cycles_and_a_perfect_line():
    assert "too few" in fade.find_knee(CYCLES[:8], CYCLES[:8]).reason
    assert not fade.find_knee(CYCLES, np.full(200, 150.0)).found


def share_found(draw, seed, n=60):
    rng = np.random.default_rng(seed)
    return np.mean([fade.find_knee(*draw(rng)[:2]).found for _ in range(n)])


def test_a_rise_before_a_line_and_a_season_are_no_knees():
    assert share_found(fades.draw_rise, 11) <= 0.05
    assert share_found(fades.draw_season, 12) <= 0.05


def test_true_knees_are_found():
    assert share_found(fades.draw_knee, 13) >= 0.9
