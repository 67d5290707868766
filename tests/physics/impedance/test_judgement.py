"""Identifiability, adequacy, comparison of circuits, circuits offered by the DRT, effective capacitance."""

import numpy as np
import pytest

from nacre.core.quantity import correlated, derive
from nacre.physics.impedance.capacitance import compute_brug_capacitance, compute_hsu_mansfeld_capacitance
from nacre.physics.impedance.constraints import Constraints
from nacre.physics.impedance.drt import compute_drt
from nacre.physics.impedance.fit import fit_circuit
from nacre.physics.impedance.identifiability import compute_threshold, identify_parameters, profile_likelihood
from nacre.physics.impedance.kramers_kronig import check_kramers_kronig
from nacre.physics.impedance.selection import _test_excess, compare_circuits, judge_adequacy
from nacre.physics.impedance.suggest import suggest_circuit
from physics.impedance.spectra import BARE, COATED, PAPER, PAPER_FREQUENCY, cpe, noisy, paper, s_of, together


def spectrum(truth, seed=0, level=0.003):
    return noisy(paper(PAPER_FREQUENCY, truth), level, np.random.default_rng(seed))


def test_a_well_measured_circuit_is_determined():
    found = fit_circuit(PAPER, PAPER_FREQUENCY, spectrum(BARE))
    report = identify_parameters(found)
    assert report.undetermined == {}
    assert report.agreeing > 0.3
    assert all(profile.closed for profile in report.profiles.values())
    low, high = found.interval()
    for name, one in report.profiles.items():
        k = found.circuit.index(name)
        np.testing.assert_allclose(np.log([one.low, one.high]), np.log([low[k], high[k]]), atol=0.5 * found.log_std[k])


def test_where_a_parameter_meets_the_limit_the_fit_is_just_significantly_worse():
    found = fit_circuit(PAPER, PAPER_FREQUENCY, spectrum(BARE))
    end = profile_likelihood(found, "R_cam_se").high
    held = fit_circuit(PAPER, PAPER_FREQUENCY, found.impedance[::-1], known=Constraints(fixed={"R_cam_se": end}))
    assert held.chi2 == pytest.approx(compute_threshold(found), rel=1e-3)


def test_a_grain_boundary_faster_than_the_instrument_is_undetermined():
    """Its arc lies above 7 MHz: only R_bulk + R_gb shows, and the report says so."""
    truth = BARE | {"Q_gb.Q": 1e-12, "Q_gb.n": 0.9}
    report = identify_parameters(fit_circuit(PAPER, PAPER_FREQUENCY, spectrum(truth)))
    assert "R_bulk" in report.undetermined or "R_gb" in report.undetermined
    assert any("profile does not close" in why or "factor" in why for why in report.undetermined.values())


def test_two_resistors_in_series_cannot_be_told_apart():
    f = np.geomspace(1e5, 1, 40)
    z = noisy(50 + together(100 + 0 * f, cpe(s_of(f), 1e-5, 0.9)), 0.003, np.random.default_rng(0))
    report = identify_parameters(fit_circuit("R_a-R_b-(R_c|Q_c)", f, z))
    assert {"R_a", "R_b"} <= set(report.undetermined)
    assert report.undetermined.keys().isdisjoint({"R_c", "Q_c.n"})
    assert {"R_a", "R_b"} in [{a, b} for a, b, _ in report.correlated] or report.condition > 1e3


def test_the_right_circuit_describes_and_a_poor_one_does_not():
    z = spectrum(COATED)
    test = check_kramers_kronig(PAPER_FREQUENCY, z)
    right, poor = (fit_circuit(text, PAPER_FREQUENCY, z) for text in (PAPER, "R_bulk-(R_cam_se|Q_cam_se)-Q_lf"))
    assert judge_adequacy(right, test).describes is True
    verdict = judge_adequacy(poor, test)
    assert verdict.describes is False
    assert "does not describe these data" in verdict.sentence
    assert verdict.ratio > 2


SHORT = np.geomspace(7e6, 10, 36)


def one_arc(seed, more=0.0):
    """Kramers-Kronig and circuit fits to 36 points of an arc, and of one more at its fast side; 0.1 % noise."""
    s = s_of(SHORT)
    z = 20 + together(200 + 0 * s, cpe(s, 1e-5, 0.85))
    if more:
        z = z + together(more + 0 * s, cpe(s, 1e-5**0.9 / more, 0.9))
    z = noisy(z, 1e-3, np.random.default_rng(seed))
    return check_kramers_kronig(SHORT, z), fit_circuit("R_0-(R_1|Q_1)", SHORT, z)


def test_a_yardstick_of_chosen_order_is_not_taken_for_a_given_one():
    """The F test alone refuses the true circuit in 11 of 400 of these spectra; with its level simulated in 4."""
    test, right = one_arc(41)
    assert judge_adequacy(right, test).describes is False
    test, right = one_arc(250)
    verdict = judge_adequacy(right, test)
    assert _test_excess(right.fitted, right.impedance, right.n_free, test)[1] < 0.01
    assert verdict.describes is True and verdict.p_value == judge_adequacy(right, test).p_value > 0.01


@pytest.mark.slow
def test_the_true_circuit_is_refused_in_one_of_a_hundred_and_a_poorer_one_always():
    alarms = [judge_adequacy(right, test).describes is False for test, right in map(one_arc, range(1000, 1150))]
    assert sum(alarms) <= 5  # 1.5 expected; 6 or more in 0.4 % of such trials
    for seed in range(20):
        test, poor = one_arc(seed, more=5.0)
        assert test.verdict != "valid" or judge_adequacy(poor, test).describes is False


def test_a_drifting_spectrum_gives_no_yardstick():
    f, rise = PAPER_FREQUENCY, np.linspace(0, 0.3, PAPER_FREQUENCY.size)
    z = paper(f, BARE) + rise * (paper(f, BARE) - paper(f, BARE | {"R_cam_se": 1e-3}))
    verdict = judge_adequacy(
        fit_circuit(PAPER, f, z), check_kramers_kronig(f, noisy(z, 0.002, np.random.default_rng(0)))
    )
    assert verdict.describes is None
    assert "cannot be judged: the spectrum is drifting" in verdict.sentence


def test_a_parameter_must_lower_the_criteria():
    z = spectrum(BARE)
    texts = ("R_bulk-(R_cam_se|Q_cam_se)-Q_lf", PAPER, PAPER.replace("-Q_lf", "-(R_x|Q_x)-Q_lf"))
    rungs = compare_circuits([fit_circuit(text, PAPER_FREQUENCY, z) for text in texts])
    assert [rung.earned for rung in rungs] == [True, True, False]
    assert rungs[1].delta_bic < -100
    assert rungs[0].delta_aicc == 0
    with pytest.raises(ValueError, match="different data or weights"):
        compare_circuits([fit_circuit(PAPER, PAPER_FREQUENCY, z), fit_circuit(PAPER, PAPER_FREQUENCY, z, "unit")])


def test_the_drt_offers_a_circuit_of_the_right_size():
    z = spectrum(COATED, 5)
    offered = suggest_circuit(PAPER_FREQUENCY, z, compute_drt(PAPER_FREQUENCY, z, draws=0))
    assert offered[0].circuit.text == "R_0-(R_1|Q_1)-(R_2|Q_2)-Q_lf"
    assert judge_adequacy(offered[0], check_kramers_kronig(PAPER_FREQUENCY, z)).describes


def test_effective_capacitance_of_a_capacitor_is_its_capacitance():
    assert compute_brug_capacitance(2e-6, 1.0, 100.0, 10.0) == pytest.approx(2e-6)
    assert compute_hsu_mansfeld_capacitance(2e-6, 1.0, 100.0) == pytest.approx(2e-6)
    assert compute_hsu_mansfeld_capacitance(2e-5, 0.8, 850.0) == pytest.approx((2e-5 * 850) ** (1 / 0.8) / 850)
    assert compute_brug_capacitance(2e-5, 0.8, 1e9, 1e-3) == pytest.approx(
        (2e-5 * 1e-3 ** (1 - 0.8)) ** (1 / 0.8), rel=1e-6
    )


@pytest.mark.parametrize(
    ("formula", "log_p"),
    [(compute_hsu_mansfeld_capacitance, [-10.8, -0.22, 6.7]), (compute_brug_capacitance, [-10.8, -0.22, 6.7, 2.0])],
)
def test_uncertainty_of_a_capacitance_is_that_of_draws(formula, log_p):
    rng, p = np.random.default_rng(0), np.exp(log_p)
    root = rng.normal(0, 0.01, (len(log_p), len(log_p)))
    fitted = correlated("abcd"[: p.size], p, np.outer(p, p) * (root @ root.T), ["1"] * p.size, source="fit")
    found = derive(formula, *fitted.values(), unit="F")
    drawn = [np.log(formula(*np.exp(row))) for row in rng.multivariate_normal(log_p, root @ root.T, 4000)]
    assert found.std / found.value == pytest.approx(np.std(drawn), rel=0.06)
