"""The titration of residual lithium: constants, limits, the classical ways' bias, coverage, and curves cut short."""

import os

import numpy as np
import pytest

from nacre.physics.chemistry.carbonate import (
    TitrationBath,
    activity_coefficient,
    compute_curve_and_slopes,
    compute_titration_curve,
    evaluate_constants,
)
from nacre.physics.chemistry.titration import (
    Titration,
    TitrationError,
    compute_warder_amounts,
    estimate_bias,
    find_end_points,
    find_gran_end_point,
    find_inflections,
    fit_curve,
)

ROOM = evaluate_constants(25.0)
MANY = int(os.environ.get("NACRE_COVERAGE", "60"))  # 400 for the full count, which takes three minutes
# 2 g of powder with 0.05 wt% LiOH and 0.20 wt% Li2CO3
HYDROXIDE, CARBONATE = 41.76e-6, 54.13e-6
BATH = TitrationBath(HYDROXIDE + 2 * CARBONATE, CARBONATE, 0.05)
ACID, STRENGTH = np.arange(0, 4.0001e-3, 1e-4), 0.05


def curve(bath=BATH, acid=ACID, noise=0.0, seed=0):
    ph = compute_titration_curve(bath, acid, STRENGTH, ROOM)
    return Titration(acid, ph + np.random.default_rng(seed).normal(0, noise, acid.size), bath.volume, STRENGTH, ROOM)


# --- chemistry ----------------------------------------------------------------------------------------------


def test_constants_at_room_temperature():
    assert [np.log10(k) for k in (ROOM.k1, ROOM.k2, ROOM.kw)] == pytest.approx([-6.352, -10.329, -13.999], abs=2e-3)
    assert ROOM.davies == pytest.approx(0.511, abs=2e-3)
    assert activity_coefficient(0.1, 1, ROOM.davies) == pytest.approx(0.78, abs=0.01)
    with pytest.raises(ValueError, match="hold from 0 to 60 degC, not at 90"):
        evaluate_constants(90)


def test_limits_of_the_curve():
    water = compute_titration_curve(TitrationBath(0.0, 0.0, 0.05), np.zeros(1), STRENGTH, ROOM)
    assert water == pytest.approx([7.0], abs=2e-3)
    base = compute_titration_curve(TitrationBath(5e-5, 0.0, 0.05), np.zeros(1), STRENGTH, ROOM)
    gamma = activity_coefficient(1e-3, 1, ROOM.davies)
    assert base == pytest.approx([14 - 3 + np.log10(gamma)], abs=2e-3)
    beyond = compute_titration_curve(TitrationBath(0.0, 0.0, 0.05), np.array([1e-3]), STRENGTH, ROOM)
    h = 5e-5 / 0.051
    assert beyond == pytest.approx([-np.log10(h * activity_coefficient(h, 1, ROOM.davies))], abs=1e-3)
    salt = 2e-4  # mol/L of hydrogen carbonate: h^2 = K1 (K2 c + Kw)/(K1 + c) where activities are 1
    h = np.sqrt(ROOM.k1 * (ROOM.k2 * salt + ROOM.kw) / (ROOM.k1 + salt))
    bicarbonate = compute_titration_curve(TitrationBath(1e-5, 1e-5, 0.05), np.zeros(1), STRENGTH, ROOM)
    assert bicarbonate == pytest.approx([-np.log10(h)], abs=0.02)


def test_the_curve_falls_and_its_derivatives_are_right():
    ph, by_base, by_carbonate = compute_curve_and_slopes(BATH, ACID, STRENGTH, ROOM)
    assert np.all(np.diff(ph) < 0)
    step = 1e-9
    for slope, more in (
        (by_base, TitrationBath(BATH.alkalinity + step, BATH.carbonate, 0.05)),
        (by_carbonate, TitrationBath(BATH.alkalinity, BATH.carbonate + step, 0.05)),
    ):
        numeric = (compute_titration_curve(more, ACID, STRENGTH, ROOM) - ph) / step
        assert slope == pytest.approx(numeric, rel=0.02, abs=0.01 * np.abs(numeric).max())


# --- end points ---------------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_gran_end_point_of_a_real_file(realdata):
    text = (realdata / "wet-chemistry/CEE4530/Gran.xls").read_text()
    rows = np.array([line.split() for line in text.splitlines()[7:] if line.strip()], float)
    # the file's own volume comes from an unweighted line through its last three points
    free = rows[:, 1] < 3.9
    v, f = rows[free, 0], (50 + rows[free, 0]) / 50 * 10.0 ** -rows[free, 1]
    slope, intercept = np.polyfit(v, f, 1)
    assert -intercept / slope == pytest.approx(0.212721, abs=5e-7)
    assert np.corrcoef(v, f)[0, 1] == pytest.approx(0.999986, abs=5e-7)
    end, std = find_gran_end_point(rows[:, 0] * 1e-3, rows[:, 1], 0.05, weighted=False)
    assert round(end * 1e3, 6) == 0.212721
    weighted, _ = find_gran_end_point(rows[:, 0] * 1e-3, rows[:, 1], 0.05)
    assert abs(weighted - end) < 2 * std


def test_warder_gives_back_exact_end_points():
    first, second = (HYDROXIDE + CARBONATE) / STRENGTH, (HYDROXIDE + 2 * CARBONATE) / STRENGTH
    assert compute_warder_amounts(first, second, STRENGTH) == pytest.approx((HYDROXIDE, CARBONATE))


def test_end_points_are_found_finely_dosed():
    found = find_inflections(
        np.arange(0, 4e-3, 5e-6), compute_titration_curve(BATH, np.arange(0, 4e-3, 5e-6), STRENGTH, ROOM)
    )
    assert found == pytest.approx([1.9178e-3, 3.0004e-3], rel=1e-3)


# --- the whole curve ----------------------------------------------------------------------------------------


def test_the_fit_gives_back_a_clean_curve():
    found = fit_curve(curve(noise=1e-5))
    assert found.hydroxide == pytest.approx(HYDROXIDE, rel=1e-4)
    assert found.values[1] == pytest.approx(CARBONATE, rel=1e-4)
    assert found.values[2:] == pytest.approx([0, 1], abs=1e-4)


def test_an_electrode_that_is_off_does_not_matter_to_the_fit():
    clean = curve(noise=0.01, seed=3)
    bent = Titration(clean.acid, 7.06 + 0.96 * (clean.ph - 7), 0.05, STRENGTH, ROOM)
    straight, found = fit_curve(clean), fit_curve(bent)
    assert found.hydroxide == pytest.approx(straight.hydroxide, rel=1e-3)
    assert found.values[2:] == pytest.approx([0.06, 0.96], abs=0.02)


def simulated(n, seed=0):
    """(error, std) of hydroxide, carbonate and alkalinity by the fit; Warder's and Gran's relative errors."""
    fits, old, said = [], [], []
    for i in range(n):
        measured = curve(noise=0.02, seed=1000 * seed + i)
        found = fit_curve(measured)
        std = np.sqrt(np.diag(found.covariance))
        fits.append(
            [
                (found.hydroxide - HYDROXIDE, found.hydroxide_std),
                (found.values[1] - CARBONATE, std[1]),
                (found.values[0] - BATH.alkalinity, std[0]),
            ]
        )
        amounts = compute_warder_amounts(*find_end_points(measured), STRENGTH)
        old.append([amounts[0] / HYDROXIDE - 1, amounts[1] / CARBONATE - 1])
        foretold = estimate_bias(measured, found)
        said.append([foretold.hydroxide, foretold.carbonate])
    return np.array(fits), np.array(old), np.array(said)


@pytest.mark.slow
def test_the_fit_is_unbiased_and_covers_and_warder_is_not(n=MANY):
    fits, old, said = simulated(n, seed=n)
    error, std = fits[..., 0], fits[..., 1]
    assert np.abs(error.mean(0) / (error.std(0) / np.sqrt(n))).max() < 3.5
    inside = (np.abs(error) <= 1.96 * std).mean(0)
    assert np.all(np.abs(inside - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / n)), inside
    ratio = std.mean(0) / np.sqrt((error**2).mean(0))
    assert np.all((ratio > 0.8) & (ratio < 1.3)), ratio
    # end points of the derivative at 0.1 mL a step: several per cent, foretold by the fit's own curve
    hydroxide, carbonate = old.mean(0)
    assert hydroxide > 0.03 and carbonate < -0.015
    assert said.mean(0) == pytest.approx([hydroxide, carbonate], abs=0.005)


def test_carbon_dioxide_moves_hydroxide_to_carbonate_and_leaves_the_second_end_point():
    gone = 0.05 * HYDROXIDE / 2
    found = fit_curve(curve(TitrationBath(BATH.alkalinity, CARBONATE + gone, 0.05), noise=0.005))
    assert found.hydroxide / HYDROXIDE == pytest.approx(0.95, abs=0.005)
    assert found.values[1] / CARBONATE == pytest.approx(1.019, abs=0.003)
    assert found.values[0] / BATH.alkalinity == pytest.approx(1, abs=1e-3)


def test_known_uptake_during_the_titration_is_allowed_for():
    absorbed = np.linspace(0, 4e-6, ACID.size)
    ph = compute_titration_curve(BATH, ACID, STRENGTH, ROOM, absorbed)
    noise = np.random.default_rng(1).normal(0, 0.005, ACID.size)
    known = fit_curve(Titration(ACID, ph + noise, 0.05, STRENGTH, ROOM, absorbed))
    ignored = fit_curve(Titration(ACID, ph + noise, 0.05, STRENGTH, ROOM))
    assert known.values[1] == pytest.approx(CARBONATE, rel=3e-3)
    assert ignored.values[1] > 1.03 * CARBONATE


# --- bad input ----------------------------------------------------------------------------------------------


def test_a_titration_without_its_second_step_is_refused():
    short = curve(acid=np.arange(0, 2.4e-3, 1e-4))
    for refuse in (fit_curve, find_end_points):
        with pytest.raises(TitrationError, match=r"ends before its second step: the lowest pH is \d\.\d\d and 0"):
            refuse(short)
    with pytest.raises(TitrationError, match="Gran's line needs at least 3"):
        find_gran_end_point(short.acid, short.ph, 0.05)


@pytest.mark.parametrize(
    ("acid", "ph", "volume", "words"),
    [
        ([0, 2, 1], [9, 8, 7], 0.05, "goes down in the course"),
        ([0, 1], [9, np.nan], 0.05, "must be finite"),
        ([0, 1], [9], 0.05, "do not fit each other"),
        ([0, 1], [9, 8], 0.0, "the titrated volume is 0; it must be above 0"),
    ],
)
def test_curves_that_are_none(acid, ph, volume, words):
    with pytest.raises(TitrationError, match=words):
        Titration(np.array(acid, float), np.array(ph, float), volume, STRENGTH, ROOM)


def test_one_step_only_is_not_read_as_two():
    hydroxide = curve(TitrationBath(1e-4, 1e-9, 0.05))
    with pytest.raises(TitrationError, match="1 of two end points stand out"):
        find_end_points(hydroxide)
    few = curve(acid=np.linspace(0, 4e-3, 11))
    with pytest.raises(TitrationError, match="11 points; the fit of the whole curve needs at least 12"):
        fit_curve(few)
