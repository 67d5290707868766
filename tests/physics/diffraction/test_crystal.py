"""Lattice geometry and absorption in a capillary against closed forms and tabulated values."""

import numpy as np
import pytest

from nacre.physics.diffraction import capillary, crystal


def test_spacings_of_known_cells():
    assert crystal.compute_volume((2.0, 3.0, 4.0, 90, 90, 90)) == pytest.approx(24)
    assert crystal.compute_d_spacing((1, 1, 1), (3.0, 3.0, 3.0, 90, 90, 90)) == pytest.approx(3 / 3**0.5)
    a, c = 2.874, 14.208
    hexagonal = (a, a, c, 90, 90, 120)
    expected = 1 / np.sqrt(4 / 3 * (1 + 0 + 0) / a**2 + 16 / c**2)
    assert crystal.compute_d_spacing([(1, 0, 4)], hexagonal)[0] == pytest.approx(expected)
    assert crystal.compute_angle_between((1, 0, 0), (0, 1, 0), hexagonal) == pytest.approx(60)
    assert crystal.compute_angle_between((0, 0, 1), (1, 1, 0), hexagonal) == pytest.approx(90)


def test_bragg():
    assert crystal.compute_two_theta(1.0, 1.0) == pytest.approx(60)
    assert np.isnan(crystal.compute_two_theta(0.4, 1.0))


def test_transmission_of_a_cylinder_in_closed_form():
    """Straight through, the mean of chord times exp(-mu chord) is an integral over one variable."""
    y = np.linspace(-1, 1, 200_001)
    chord = 2 * np.sqrt(1 - y * y)
    for mu_r in (0.3, 1.0, 2.0, 3.0):
        expected = np.trapezoid(chord * np.exp(-mu_r * chord), y) / np.pi
        assert capillary.compute_transmission(np.array([0.0]), mu_r)[0] == pytest.approx(expected, rel=1e-5)


def test_transmission_against_the_international_tables():
    """A* = 1/A at theta = 0, International Tables C, table 6.3.3.2: 2.300 for mu R 0.5, 5.091 for 1."""
    assert 1 / capillary.compute_transmission(np.array([0.0]), 0.5)[0] == pytest.approx(2.300, abs=0.001)
    assert 1 / capillary.compute_transmission(np.array([0.0]), 1.0)[0] == pytest.approx(5.091, abs=0.001)


def test_leaving_absorption_out_lowers_b():
    x = np.linspace(5, 65, 400)
    assert capillary.estimate_b_shift(x, 0.7093, 1.3) == pytest.approx(0.20, abs=0.01)
    assert capillary.estimate_b_shift(x, 0.7093, 2.0) == pytest.approx(0.48, abs=0.02)
    with pytest.raises(ValueError, match="mu R must lie between 0 and 5"):
        capillary.compute_transmission(x, 6.0)
