"""Calibration lines against printed examples, simulation, and standards that make no line."""

import numpy as np
import pytest

from nacre.physics.chemistry.calibration_line import (
    CalibrationError,
    decision_limit,
    detection_limit,
    fit_line,
    fit_variance_law,
    pool_means,
    predict_inverse,
    quantification_limit,
)

# Massart et al., Handbook of Chemometrics and Qualimetrics A (1997), chapter 8, example 3 (p. 188)
CONTENT = np.arange(0, 60, 10.0)
READINGS = [
    [4, 3, 4, 5, 4],
    [22, 20, 21, 22, 21],
    [44, 46, 45, 44, 44],
    [60, 63, 60, 63, 63],
    [75, 81, 79, 78, 77],
    [104, 109, 107, 101, 105],
]


@pytest.mark.realdata
def test_din_32645_to_the_printed_digits(realdata):
    x, y = np.genfromtxt(realdata / "wet-chemistry/chemCal/din32645.csv", delimiter=",", skip_header=1).T
    line = fit_line(x, y)
    found = predict_inverse(line, 3500, level=0.99)
    assert round(found.x, 5) == 0.10548 and round(found.half, 5) == 0.07434
    assert round(decision_limit(line, 0.01), 4) == 0.0698
    assert round(detection_limit(line, 0.01), 2) == 0.14
    assert round(quantification_limit(line, 0.01), 3) == 0.212
    assert found.x - found.lo > found.hi - found.x  # Fieller's interval is not symmetric: wider towards the far end


def test_massart_example_8_to_the_printed_digits():
    s = np.round(np.std(READINGS, axis=1, ddof=1), 2)
    line = fit_line(CONTENT, np.mean(READINGS, axis=1), np.round(1 / s**2, 3))
    low, high = predict_inverse(line, 15, 1.67), predict_inverse(line, 90, 0.145)
    assert (round(low.x, 1), round(low.half, 1)) == (5.9, 2.5)
    assert (round(high.x, 1), round(high.half, 1)) == (44.1, 7.9)


def test_massart_example_7_without_weights():
    line = fit_line(CONTENT, np.mean(READINGS, axis=1))
    for signal, readings, x, half in ((15, 1, 6.1, 4.9), (90, 1, 43.9, 4.9), (90, 5, 43.9, 3.2)):
        found = predict_inverse(line, signal, readings)
        assert (round(found.x, 1), round(found.half, 1)) == (x, half)


def test_fieller_covers_where_the_slope_is_poorly_known():
    rng = np.random.default_rng(5)
    x, inside, n = np.arange(5.0), 0, 4000
    for _ in range(n):
        y = 2 + x + rng.normal(0, 0.6, 5)
        try:
            found = predict_inverse(fit_line(x, y), 2 + 3.3 + rng.normal(0, 0.6))
        except CalibrationError:
            inside += 1  # no bound can be given: the interval is all contents
            continue
        inside += found.lo <= 3.3 <= found.hi
    assert inside / n == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / n))


def test_weights_are_used_and_only_their_ratios_count():
    x = np.array([0.0, 1, 2, 5, 10])
    y = 3 + 4 * x + np.array([0.01, -0.02, 0.03, -0.2, 0.9])
    light = fit_line(x, y, 1 / (0.02 + 0.1 * x) ** 2)
    heavy = fit_line(x, y, 1e6 / (0.02 + 0.1 * x) ** 2)
    assert light.slope == pytest.approx(heavy.slope) and abs(light.slope - 4) < abs(fit_line(x, y).slope - 4)
    assert predict_inverse(light, 13, 2.0).std == pytest.approx(predict_inverse(heavy, 13, 2e6).std)


def test_the_law_of_scatter_is_found_from_few_readings():
    rng = np.random.default_rng(2)
    signal = np.logspace(2, 6, 40)
    readings = rng.normal(signal, np.hypot(30, 0.01 * signal), (3, 40))
    floor, relative = fit_variance_law(readings.mean(0), readings.var(0, ddof=1), np.full(40, 3))
    assert floor == pytest.approx(30, rel=0.4) and relative == pytest.approx(0.01, rel=0.3)


def test_pooling_widens_where_determinations_disagree():
    same = pool_means([1.0, 1.01, 0.99], [0.02, 0.02, 0.02])
    assert same.between == 0 and same.std == pytest.approx(0.02 / np.sqrt(3)) and same.p > 0.5
    apart = pool_means([1.0, 1.2, 0.8], [0.02, 0.02, 0.02])
    assert apart.between == pytest.approx(0.2, rel=0.02) and apart.std > 0.1 and apart.p < 1e-6
    assert pool_means([2.0], [0.1]).std == 0.1


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([0, 1], [0, 1], "a calibration of 2 points cannot tell its own error; at least three are needed"),
        ([2, 2, 2], [1, 2, 3], "all standards have the content 2: that makes no line"),
        ([0, 1, 2], [0, 1, np.nan], "must be finite"),
        ([0, 1, 2], [0, 1], "do not fit each other"),
    ],
)
def test_standards_that_make_no_line(x, y, words):
    with pytest.raises(CalibrationError, match=words):
        fit_line(x, y)


def test_what_cannot_be_told_is_refused():
    flat = fit_line([0, 1, 2, 3], [1.0, 1.3, 0.8, 1.05])
    with pytest.raises(CalibrationError, match="is not different from 0 within its error"):
        predict_inverse(flat, 1.0)
    with pytest.raises(CalibrationError, match="the calibration scatters too much"):
        quantification_limit(flat)
    with pytest.raises(CalibrationError, match="no solution was read twice"):
        fit_variance_law([1.0], [np.nan], [1])
