"""Differential capacity as a density of charge: analytic curves first, then records that misbehave."""

import numpy as np
import pytest
from scipy.stats import norm

from nacre.physics.cycling import dqdv

TRUE = norm(2.1, 0.03)


def curve(n=4000, noise=0.0, seed=1, level=0.5):
    """A peak of charge 1 on a flat background of `level` per V: voltage and charge of a record."""
    v = np.linspace(1.9, 2.4, n)
    q = TRUE.cdf(v) + level * (v - v[0])
    shown = v + np.random.default_rng(seed).normal(0, noise, n)
    return shown, q - q[0]


def peak_of(found, near=2.1, part=0.6):
    i = int(np.argmax(found.slope))
    assert found.voltage[i] == pytest.approx(near, abs=0.02)
    return dqdv.fit_maximum(found, *dqdv.find_level_crossings(found, i, part, 0, len(found.slope) - 1)[:2])


def test_charge_is_conserved_whatever_the_voltage_did():
    rng = np.random.default_rng(3)
    v = 2.0 + np.cumsum(rng.normal(1e-3, 5e-3, 500))
    q = np.cumsum(rng.exponential(1.0, 500))
    line = dqdv.accumulate_charge(v, q)
    assert line.below[-1] == pytest.approx(q[-1] - q[0])
    found = dqdv.compute_density(line, 1e-3, 5e-3)
    assert found.slope.sum() * 1e-3 == pytest.approx(q[-1] - q[0], rel=1e-9)
    assert (found.slope > -1e-9).all()


def test_a_straight_line_has_a_constant_density():
    v = np.linspace(1.0, 2.0, 301)
    found = dqdv.compute_density(dqdv.accumulate_charge(v, 3.0 * (v - 1.0)), 2e-3, 4e-3)
    inside = (found.voltage > 1.05) & (found.voltage < 1.95)
    assert found.slope[inside] == pytest.approx(3.0)


def test_the_direction_does_not_matter():
    v, q = curve()
    up = dqdv.compute_density(dqdv.accumulate_charge(v, q), 1e-3, 5e-3)
    down = dqdv.compute_density(dqdv.accumulate_charge(v[::-1], q[-1] - q[::-1]), 1e-3, 5e-3)
    assert up.slope == pytest.approx(down.slope, abs=1e-9)


def test_smoothing_widens_a_peak_by_what_it_says():
    v, q = curve(level=0.0)
    for step, smoothing in ((1e-3, 5e-3), (5e-3, 10e-3)):
        found = dqdv.compute_density(dqdv.accumulate_charge(v, q), step, smoothing)
        wide = norm(2.1, np.hypot(0.03, smoothing)).pdf(found.voltage)
        inside = (found.voltage > 2.0) & (found.voltage < 2.2)
        assert found.slope[inside] == pytest.approx(wide[inside], rel=0.02)


@pytest.mark.parametrize("noise", [0.0, 0.2e-3, 3e-3])
def test_the_place_of_a_peak(noise):
    v, q = curve(noise=noise)
    top = peak_of(dqdv.compute_density(dqdv.accumulate_charge(v, q), 2e-3, 6e-3))
    assert top.place == pytest.approx(2.1, abs=1e-4 + 3 * np.sqrt(top.variance))
    assert np.sqrt(top.variance) < 1e-4 + 2 * noise


def test_the_record_tells_its_own_error():
    """The stated standard error against the scatter of 200 noisy records."""
    found = [
        peak_of(dqdv.compute_density(dqdv.accumulate_charge(*curve(600, 1e-3, seed)), 2e-3, 6e-3))
        for seed in range(200)
    ]
    places = np.array([top.place for top in found])
    stated = np.sqrt(np.mean([top.variance for top in found]))
    assert 0.7 < stated / places.std() < 1.4


def test_maxima_valleys_and_half_height():
    v = np.linspace(1.8, 2.8, 5000)
    q = TRUE.cdf(v) + 0.5 * norm(2.4, 0.03).cdf(v) + 0.05 * (v - v[0])
    found = dqdv.compute_density(dqdv.accumulate_charge(v, q), 1e-3, 3e-3)
    places = dqdv.find_maxima(found, 0.05, 0.01)
    assert found.voltage[places] == pytest.approx([2.1, 2.4], abs=2e-3)
    lowest = dqdv.find_valleys(found, places, 0.01)
    assert found.voltage[lowest[1]] == pytest.approx(2.25, abs=0.03)
    a, b, left, right = dqdv.find_level_crossings(found, int(places[0]), 0.5, int(lowest[0]), int(lowest[1]))
    assert left
    assert right
    assert b - a == pytest.approx(dqdv.FWHM * np.hypot(0.03, 0.003), rel=0.02)
    assert dqdv.accumulate_charge(v, q).between(1.95, 2.25) == pytest.approx(1.0 + 0.05 * 0.3, rel=1e-3)


def test_noise_makes_no_maxima():
    v, q = curve(600, 0.5e-3)
    found = dqdv.compute_density(dqdv.accumulate_charge(v, q), 2e-3, 6e-3)
    assert len(dqdv.find_maxima(found, 0.04, 0.012)) == 1
    assert (
        len(dqdv.find_maxima(dqdv.compute_density(dqdv.accumulate_charge(v[:2], q[:2]), 2e-3, 6e-3), 0.04, 0.012)) == 0
    )


def test_no_maximum_inside():
    v = np.linspace(2.0, 2.2, 400)
    rising = dqdv.compute_density(dqdv.accumulate_charge(v, np.exp(5 * (v - 2.0))), 1e-3, 3e-3)
    assert dqdv.fit_maximum(rising, 2.05, 2.15) is None
    assert dqdv.fit_maximum(rising, 2.05, 2.053) is None
