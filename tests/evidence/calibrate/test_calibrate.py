"""A calibration of reduced synthetic studies: truth found, what is not told said so, rivals judged, results shown."""

import dataclasses
import math

import numpy as np
import pytest

from evidence.calibrate import synthetic
from nacre.core.display.style import palette
from nacre.core.errors import NacreError
from nacre.core.study import Sample, Study
from nacre.evidence.calibrate import identify, predict, rivals
from nacre.evidence.calibrate.fit import fit
from nacre.evidence.calibrate.leave_out import leave_out
from nacre.evidence.calibrate.problem import Problem
from nacre.evidence.calibrate.reporting import predicted as prediction_result
from nacre.evidence.calibrate.reporting.calibrated import Calibration, results_of
from nacre.evidence.calibrate.rivals import Rival, judge
from nacre.evidence.calibrate.settings import Free
from nacre.report import plots


@pytest.fixture(scope="module")
def found():
    return synthetic.calibrated(synthetic.draw(7), 7)


@pytest.fixture(scope="module")
def left_out(found):
    return leave_out(found)


def calibration(found, **more):
    rows = (identify.told(found), identify.directions(found), identify.redundancy(found))
    return Calibration(found, *rows, **more)


def test_the_truth_lies_in_the_intervals_of_a_fit_that_began_elsewhere(found):
    truth = found.problem.model.values(synthetic.draw(7).truth)
    low, high = found.intervals
    assert found.converged
    assert (low <= truth).sum() + (truth <= high).sum() >= 9  # one of five may miss: 95 % each
    assert found.criteria.freedom == 4 and found.criteria.chi2 < 20


@pytest.mark.slow
def test_intervals_of_synthetic_studies_hold_the_truth_as_often_as_they_say():
    """A fixed subset of the 400 studies whose figures stand in docs/calibration.md."""
    count = 20
    scores = synthetic.scores(count)
    share = scores["held"].mean(axis=0)
    assert (share >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / count)).all()
    ratio = np.sqrt((scores["std"] ** 2).mean(axis=0) / (scores["error"] ** 2).mean(axis=0))
    assert ((ratio > 0.6) & (ratio < 1.6)).all()  # of 20: a standard deviation itself is known to 15 %


def test_a_number_that_nothing_sees_is_reported_so():
    blind = Free("cathode.electronic_conductivity", "mS/cm", 50.0, 500.0, log=True, sample="bare")
    study = synthetic.draw(7)
    problem = Problem(synthetic.model(free=(*synthetic.FREE[:2], blind)), study.observed[:3])
    made = fit(problem, starts=1)
    row = identify.told(made)[2]
    assert not row.told
    assert "cathode.electronic_conductivity (bare) cannot be told: anything from" in row.words
    last = identify.directions(made)[-1]
    assert not last.told and "electronic_conductivity" in last.words
    texts = [c.text for c in results_of(calibration(made))[0].checks]
    assert any(text.startswith("cannot be told: cathode.electronic_conductivity") for text in texts)
    assert any("0 degrees of freedom" in text for text in texts)


def test_a_calibration_that_does_not_converge_keeps_the_best_it_saw():
    told = []
    problem = Problem(synthetic.model(), synthetic.draw(7).observed)
    made = fit(problem, starts=1, most=2, progress=lambda *what: told.append(what))
    assert not made.converged and np.isfinite(made.values).all()
    assert "the calibration did not converge: no search settled" in made.words and "seed 0" in made.words
    result = results_of(calibration(made))[0]
    assert result.checks[0].status == "warn" and "did not converge" in result.checks[0].text
    assert len(result.entries) == 5 + 9 and told


def test_a_calibration_that_is_stopped_keeps_the_best_it_saw(monkeypatch):
    problem = Problem(synthetic.model(), synthetic.draw(7).observed)

    def stop(*_):
        raise KeyboardInterrupt

    made = fit(problem, starts=2, most=3, progress=stop)
    assert made.stopped and "it was stopped" in made.words and len(made.searches) == 1


# --- identifiability -------------------------------------------------------------------------------------------


def test_what_pins_a_number_is_the_measurement_that_sees_it(found):
    rows = {r.free.name: r for r in identify.told(found)}
    assert any("Coulombic efficiency" in name for name in rows["ageing.first_charge"].pinned_by)
    assert any("interfacial resistance" in name for name in rows["ageing.contact_loss"].pinned_by)
    assert all(r.told for r in rows.values())


def test_a_candidate_measurement_promises_what_a_fit_with_it_gets(found):
    """The predicted loss of variance is that of the linear problem with the measurement added."""
    best = next(c for c in identify.candidates(found) if c.observed.state.get("segment") != "check-up")
    _, slopes = found.problem.slopes(found.u, [best.observed])
    row = slopes[0] / best.observed.std
    after = np.linalg.inv(np.linalg.inv(found.covariance) + np.outer(row, row))
    gone = 1 - np.diag(after) / np.diag(found.covariance)
    assert list(best.reduction.values()) == pytest.approx(list(gone), abs=0.1)
    assert 0 < best.mean < 1


def test_a_profile_rises_as_the_covariance_says(found):
    row = identify.profile(found, 1, reach=2.2, points=2)
    low, high = (end[1] for end in found.intervals)
    assert row.low == pytest.approx(low, abs=0.25 * (high - low))
    assert row.high == pytest.approx(high, abs=0.25 * (high - low))


def test_observables_left_out_are_predicted_with_an_interval(found, left_out):
    rows = {(r.group, r.observed.title): r for r in left_out}
    half = rows["0.5C", "bare: specific discharge capacity, 0.5C"]
    assert abs(half.value - half.observed.value) < 4 * math.hypot(half.std, half.observed.std)
    assert "left out and predicted" in half.words
    assert {r.group for r in rows.values()} == {"0.5C", "the last cycle", "the resistances"}


# --- rivals ------------------------------------------------------------------------------------------------------


def test_a_rival_without_the_cause_is_excluded_and_one_that_is_the_truth_is_equal(found):
    no_loss = Rival("no lost contact", without=("ageing.contact_loss",))
    same = Rival("the same again")
    excluded, equal = judge([no_loss, same], found, starts=0)
    assert excluded.verdict == "excluded" and any("interfacial resistance" in title for title in excluded.missed)
    assert equal.verdict == "equal rival" and equal.delta == pytest.approx(0, abs=0.5)
    assert excluded.fit.criteria.k == 4


@pytest.mark.parametrize(("chance", "begun"), [(0.2, [1]), (5e-4, [1, 4]), (1e-9, [1])])
def test_a_rival_that_is_narrowly_excluded_is_searched_for_again(found, monkeypatch, chance, begun):
    asked = []

    def twice(problem, starts, *others):
        asked.append(starts)
        return dataclasses.replace(found, searches=found.searches[:1] * 2)

    monkeypatch.setattr(rivals, "fit", twice)
    monkeypatch.setattr(rivals, "polished", lambda made: made)
    monkeypatch.setattr(rivals, "_chance", lambda made: chance)
    made = rivals._searched(found.problem, found, 1, 0, 1)
    assert asked == begun and len(made.searches) == 2 * len(begun)


def test_two_optima_of_the_same_chi2_are_no_agreement_where_the_verdict_is_narrow(found, monkeypatch):
    best = found.searches[0]
    elsewhere = dataclasses.replace(best, u=np.full(len(best.u), 0.5))
    same, other = (dataclasses.replace(found, searches=(best, second)) for second in (best, elsewhere))
    many = dataclasses.replace(found, searches=(best, *[dataclasses.replace(best, chi2=best.chi2 + 50.0)] * 5))
    for chance, agree in ((5e-4, (True, False, False)), (1e-9, (True, True, True)), (0.2, (True, True, False))):
        monkeypatch.setattr(rivals, "_chance", lambda made, c=chance: c)
        assert tuple(map(rivals._agree, (same, other, many))) == agree


def test_a_control_that_passes_condemns_the_calibration(found):
    control = judge([Rival("a control", control=True)], found, starts=0)
    check = results_of(calibration(found, judged=control))[1].checks[0]
    assert check.status == "fail" and "must be excluded, and is not" in check.text


def test_a_number_more_does_not_pay(found):
    more = Rival("one more", free=(Free("cathode.drop_full", "1", 0.0, 3.0, sample="bare"),))
    judged = judge([more], found, starts=0)[0]
    assert judged.fit.criteria.chi2 <= found.criteria.chi2 + 0.05  # a number more is never a worse fit
    assert judged.verdict == "does not pay" and judged.fit.criteria.aicc > found.criteria.aicc


# --- results and predictions -----------------------------------------------------------------------------------


def test_results_carry_covariance_origins_and_figures_that_draw(found, left_out):
    made = calibration(found, predicted=left_out, judged=judge([Rival("the same")], found, starts=0))
    results = results_of(made)
    assert [r.origin for r in results] == ["calibrated", "predicted", "calibrated"]
    first = results[0]
    numbers = [e for e in first.entries if e.name.startswith("model_")]
    matrix = first.covariance(numbers)
    assert np.linalg.eigvalsh(matrix).min() > -1e-20
    assert first.get("model_cathode_active").std > 0
    assert {e.quantity.origin for e in first.entries} == {"calibrated"}
    assert first.curve("parameters").columns["status"][0].tolist() == ["fitted"] * 5
    study = Study("x", None, samples={"bare": Sample("bare")})
    for result in results:
        for figure in result.figures:
            assert plots.draw(figure, palette(study, [figure]))["panels"]


def test_predictions_have_intervals_and_say_what_they_rest_on(found):
    model, u, covariance = found.problem.model, found.u, found.covariance
    cases = [
        predict.Case("as built", "bare", {}),
        predict.parse_case("twice: loading = 2", "bare"),
        predict.parse_case("cold: cell.temperature = 25 degC", "bare"),
    ]
    same, twice, cold = (predict.predict(model, u, covariance, c, 1, 20) for c in cases)
    assert same.values == pytest.approx(
        Problem(model, same.observed).predicted(u), rel=1e-6
    )  # nothing changed, nothing else predicted
    assert ((same.low <= same.values) & (same.values <= same.high)).mean() > 0.7
    assert not same.doubts and "no evidence varies loading" in twice.doubts[0]
    assert any("how ageing goes with temperature is not known" in text for text in cold.doubts)
    assert (twice.values[1:3] < same.values[1:3]).all() and cold.values[2] < same.values[2]
    result = prediction_result.results_of([same, twice, cold])[0]
    assert result.origin == "predicted" and {e.state["case"] for e in result.entries} == {"as built", "twice", "cold"}
    assert {e.quantity.origin for e in result.entries} == {"predicted"}


def test_coverage_of_a_closed_coating_brings_back_the_ageing_of_bare_patches(found):
    cell = found.problem.model.parameters(found.values, "bare").changed({"ageing.slowing": "0.25"})
    half = predict.changed(cell, predict.Case("half", "bare", {"coverage": "50 %"}))
    assert half.value("ageing.coating_leak") == pytest.approx(0.0625)
    closed = predict.changed(cell, predict.Case("closed", "bare", {"coverage": "100 %"}))
    assert closed.value("ageing.coverage") == 1.0 and closed.value("ageing.slowing") == 1.0


def test_a_cell_that_cannot_be_run_is_a_failed_case_and_no_number(found):
    hopeless = predict.parse_case("hopeless: cell.lower_voltage = 3 V", "bare")
    made = predict.predict(found.problem.model, found.u, found.covariance, hopeless, 1, 20)
    assert made.failed
    result = prediction_result.results_of([made])[0]
    assert result.checks[0].status == "fail" and "cannot be predicted" in result.checks[0].text and not result.entries


def test_the_posterior_of_a_short_chain_lies_about_the_best_fit(found):
    pytest.importorskip("emcee")
    from nacre.evidence.calibrate.posterior import sample

    draws = sample(found, steps=8, burn=2)
    assert draws.shape[1] == 5
    middle = found.problem.model.unit(np.median(draws, axis=0))
    assert (np.abs(middle - found.u) < 3 * found.std).all()
    with_draws = results_of(calibration(found, draws=draws))[0]
    assert len(with_draws.curve("posterior").columns) == 5


def test_a_model_without_a_value_is_far_off_and_not_an_error():
    study = synthetic.draw(7)
    problem = Problem(synthetic.model(), study.observed)
    worst = dataclasses.replace(
        problem, model=synthetic.model(free=(Free("cathode.diffusivity", "cm2/s", 1e-22, 1e-20),))
    )
    r = worst.residuals(np.array([0.5]))
    assert np.isfinite(r).all() and np.abs(r).max() >= 50


def test_unknown_words_never_reach_the_solver():
    with pytest.raises(NacreError, match="unknown parameter"):
        predict.parse_case("cathode.colour = 3", "bare")
