"""Least squares in a box, criteria and identifiability against problems whose answers are known."""

import math

import numpy as np
import pytest

from nacre.physics import inference as inf
from nacre.physics.differences import make_inward_jacobian

TRUE = np.array([0.3, 0.7])


def line(u):
    """Five residuals, linear in two numbers."""
    x = np.linspace(0, 1, 5)
    return 20 * ((u[0] - TRUE[0]) + x * (u[1] - TRUE[1]))


def two_valleys(u):
    """Two optima in the first number; the deeper one is at 0.8."""
    return np.array([40 * (u[0] - 0.2) * (u[0] - 0.8), 2 * (u[0] - 0.8), 10 * (u[1] - 0.5)])


def test_a_linear_problem_is_solved_from_any_start():
    for start in inf.spread_points(5, 2, 1):
        found = inf.search_from_starts(line, make_inward_jacobian(line), [start])[0]
        assert found.u == pytest.approx(TRUE, abs=1e-6)
        assert found.converged and found.chi2 < 1e-9


def test_many_starts_find_the_deeper_valley_and_are_sorted():
    found = inf.search_from_starts(two_valleys, make_inward_jacobian(two_valleys), inf.spread_points(8, 2, 3))
    assert found[0].u[0] == pytest.approx(0.8, abs=0.01)
    assert [f.chi2 for f in found] == sorted(f.chi2 for f in found)
    assert found[-1].u[0] == pytest.approx(0.2, abs=0.02)


def test_threads_find_what_one_does():
    starts = inf.spread_points(4, 2, 5)
    one, two = (inf.search_from_starts(line, make_inward_jacobian(line), starts, workers=n) for n in (1, 2))
    assert one[0].u == pytest.approx(two[0].u, abs=1e-9)


def test_a_search_cut_short_says_so_and_keeps_its_best_point():
    told = []
    found = inf.search_from_starts(
        two_valleys, make_inward_jacobian(two_valleys), [np.array([0.45, 0.9])], most=1, done=told.append
    )
    assert not found[0].converged and math.isfinite(found[0].chi2) and told == found


def test_the_jacobian_by_differences_is_that_of_the_line_at_the_faces_too():
    x = np.linspace(0, 1, 5)
    for u in (np.array([0.0, 1.0]), np.array([0.5, 0.2])):
        assert make_inward_jacobian(line)(u) == pytest.approx(20 * np.stack([np.ones(5), x], axis=1))


def test_criteria_are_those_of_the_books():
    c = inf.ModelCriteria(8.0, 15, 9)
    assert c.freedom == 6
    assert c.aicc == pytest.approx(8 + 18 + 2 * 9 * 10 / 5)
    assert c.bic == pytest.approx(8 + 9 * math.log(15))
    assert inf.ModelCriteria(8.0, 10, 9).aicc == math.inf


def test_a_direction_that_nothing_sees_is_told_apart():
    jacobian = np.array([[30.0, 30.0], [30.0, 30.0], [0.0, 0.0]])
    found = inf.find_directions(jacobian)
    assert found.told.tolist() == [True, False]
    assert abs(found.rows[1] @ np.array([1, -1])) == pytest.approx(math.sqrt(2))
    # what the data do not see stays as wide as the range: variance 1/12 along it
    difference = np.array([1, -1]) / math.sqrt(2)
    assert difference @ inf.compute_covariance(jacobian) @ difference == pytest.approx(1 / 12)


def test_an_observable_is_predicted_by_its_twin_and_pins_its_own_number():
    jacobian = np.array([[50.0, 0.0], [50.0, 0.0], [0.0, 20.0]])
    sd = inf.predict_from_the_rest(jacobian)
    assert sd[0] == pytest.approx(1.0, rel=0.01)
    assert sd[2] == pytest.approx(20 / math.sqrt(12))
    shares = inf.compute_pinning(jacobian)
    assert shares[2, 1] == pytest.approx(20**2 / 12)
    assert shares[2, 0] == pytest.approx(0.0, abs=1e-9)


def test_the_reduction_is_what_the_measurement_does_to_the_covariance():
    jacobian = np.array([[10.0, 4.0], [1.0, 8.0]])
    before, row = inf.compute_covariance(jacobian), np.array([5.0, -9.0])
    after = np.linalg.inv(inf.compute_information(jacobian) + np.outer(row, row))
    assert inf.compute_reduction(before, row) == pytest.approx(1 - np.diag(after) / np.diag(before))


def test_intervals_of_a_linear_problem_cover_as_often_as_they_say():
    """400 draws with noise known, seeds fixed: 95 % within 3 sqrt(p (1 - p) / N)."""
    random = np.random.default_rng(2)
    held = 0
    for _ in range(400):
        noise = random.normal(0, 1, 5)
        found = inf.search_from_starts(
            lambda u, n=noise: line(u) + n, make_inward_jacobian(line), [np.array([0.5, 0.5])]
        )[0]
        std = np.sqrt(np.diag(inf.compute_covariance(make_inward_jacobian(line)(found.u), 0.0)))
        held += (np.abs(found.u - TRUE) < 1.96 * std).sum()
    assert held / 800 == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 400))
