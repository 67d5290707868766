"""Curves of stoichiometry: from functions, tables and the multi-species, multi-reaction model."""

import numpy as np
import pytest

from nacre.physics.ocp import (
    StoichiometryCurve,
    compute_msmr_stoichiometry,
    interpolate_table,
    invert_msmr,
    sample_function,
)

AMOUNTS, POTENTIALS, WIDTHS = [0.3, 0.5, 0.2], [3.6, 3.8, 4.2], [0.6, 1.7, 0.5]


def test_msmr_is_inverted():
    curve = invert_msmr(AMOUNTS, POTENTIALS, WIDTHS, 318.15, 0.01, 0.99)
    x = np.linspace(0.02, 0.98, 777)
    assert np.abs(compute_msmr_stoichiometry(curve(x), AMOUNTS, POTENTIALS, WIDTHS, 318.15) - x).max() < 1e-7
    assert (curve.slope < 0).all()


def test_msmr_of_one_reaction_is_nernst():
    curve = invert_msmr([1.0], [3.7], [1.0], 298.15, 0.01, 0.99)
    x = np.linspace(0.05, 0.95, 50)
    wanted = 3.7 + 8.31446261815324 * 298.15 / 96485.33212331 * np.log((1 - x) / x)
    assert np.abs(curve(x) - wanted).max() < 1e-9


def test_a_function_is_met_between_the_points():
    curve = sample_function(lambda x: np.tanh(20 * (x - 0.5)), 0.0, 1.0)
    x = np.linspace(0, 1, 4999)
    assert np.abs(curve(x) - np.tanh(20 * (x - 0.5))).max() < 1e-7


def test_a_table_stays_monotone_and_meets_its_points():
    x = np.array([0.1, 0.2, 0.5, 0.52, 0.9])
    u = np.array([4.2, 4.0, 3.9, 3.5, 3.4])
    curve = interpolate_table(x[::-1], u[::-1])
    assert np.abs(curve(x) - u).max() < 2e-3
    assert (np.diff(curve(np.linspace(0.1, 0.9, 999))) <= 1e-12).all()
    assert (curve.low, curve.high) == (0.1, 0.9)


def test_one_number_gives_what_an_array_gives():
    curve = invert_msmr(AMOUNTS, POTENTIALS, WIDTHS, 318.15, 0.01, 0.99)
    x = np.append(np.linspace(-0.05, 1.05, 500), curve.x[[0, 1, -2, -1]])
    assert np.array([curve.at(float(v)) for v in x]) == pytest.approx(curve(x), rel=1e-13)


def test_beyond_the_ends_the_curve_is_straight():
    curve = sample_function(lambda x: x**2, 0.2, 0.8)
    assert curve(0.9) == pytest.approx(0.64 + 1.6 * 0.1, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: interpolate_table([0.1, 0.1], [3.0, 4.0]), "finite and all different"),
        (lambda: interpolate_table([0.1], [3.0]), "two rows or more"),
        (lambda: interpolate_table([0.1, 1.2], [3.0, 4.0]), "within stoichiometries 0 to 1"),
        (lambda: invert_msmr([1.0], [3.7], [1.0], 298.0, 0.0, 0.9), "only at infinite potential"),
        (lambda: sample_function(lambda x: 1 / (x - 0.5), 0.0, 1.0), "not finite at x = 0.5"),
        (lambda: StoichiometryCurve(0.0, 1.0, np.ones(3), np.ones(2)), "as many slopes as values"),
    ],
)
def test_bad_curves_are_refused_in_words(make, words):
    with np.errstate(divide="ignore"), pytest.raises(ValueError) as caught:
        make()
    assert words in str(caught.value)
