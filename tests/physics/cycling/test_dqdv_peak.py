"""The maximum of a smoothed dQ/dV and how it moves: closed forms, differences, the technique's maximum, bad input."""

import numpy as np
import pytest
from scipy.special import ndtri

from nacre.physics.cycling import dqdv
from nacre.physics.cycling.dqdv_peak import find_peak

SHARE = np.linspace(1e-6, 1.0 - 1e-6, 4000)
WIDTH, SMOOTHING = 0.03, 6e-3


def record(middle=3.7, width=WIDTH, tilt=0.0):
    """A normal distribution of charge over voltage, leaning where it is tilted."""
    z = ndtri(SHARE)
    return middle + width * (z + tilt * z**2)


def test_a_normal_peak_lies_at_its_middle_and_moves_with_it():
    d = np.column_stack([np.ones_like(SHARE), ndtri(SHARE)])  # by the middle, by the width
    found = find_peak(record(), SHARE, d, 3.6, 3.8, SMOOTHING)
    assert found.place == pytest.approx(3.7, abs=1e-7)
    assert found.height == pytest.approx(1.0 / np.sqrt(2 * np.pi * (WIDTH**2 + SMOOTHING**2)), rel=1e-4)
    assert found.d_place == pytest.approx([1.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("tilt", [0.05, -0.12])
def test_it_is_the_derivative_of_the_place(tilt):
    z = ndtri(SHARE)
    d = np.column_stack([z + tilt * z**2, WIDTH * z**2])
    found = find_peak(record(tilt=tilt), SHARE, d, 3.5, 3.9, SMOOTHING)
    h = 1e-5
    moved = [
        [find_peak(record(width=WIDTH + a, tilt=tilt + b), SHARE, d, 3.5, 3.9, SMOOTHING).place for a, b in pair]
        for pair in (((h, 0), (-h, 0)), ((0, h), (0, -h)))
    ]
    assert found.d_place == pytest.approx([(up - down) / (2 * h) for up, down in moved], rel=1e-4)


def test_the_direction_of_the_current_does_not_matter():
    d = np.column_stack([ndtri(SHARE)])
    up = find_peak(record(tilt=0.1), SHARE, d, 3.5, 3.9, SMOOTHING)
    down = find_peak(record(tilt=0.1)[::-1], -SHARE, d[::-1], 3.5, 3.9, SMOOTHING)
    assert down.place == pytest.approx(up.place, abs=1e-9) and down.d_place == pytest.approx(up.d_place)


def test_the_technique_finds_the_same_maximum():
    v = record(tilt=0.05)
    found = find_peak(v, SHARE, np.ones((SHARE.size, 1)), 3.6, 3.8, SMOOTHING)
    curve = dqdv.compute_density(dqdv.accumulate_charge(v, SHARE), 2e-3, SMOOTHING)
    his = dqdv.fit_maximum(curve, found.place - 0.02, found.place + 0.02)
    assert his.place == pytest.approx(found.place, abs=3e-4) and his.height == pytest.approx(found.height, rel=0.01)


@pytest.mark.parametrize(
    ("low", "high", "every", "words"),
    [
        (3.75, 3.85, 1, "dQ/dV has no maximum between 3.75 and 3.85 V: it is highest at the window's end"),
        (3.6, 3.8, 1000, "mV apart, more than the smoothing of 6 mV: ask for more of them, or smooth more"),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(low, high, every, words):
    with pytest.raises(ValueError) as caught:
        find_peak(record()[::every], SHARE[::every], np.ones((SHARE[::every].size, 1)), low, high, SMOOTHING)
    assert words in str(caught.value)
