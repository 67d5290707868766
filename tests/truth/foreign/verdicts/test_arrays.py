"""The generators of studies as arrays make what they say."""

from dataclasses import replace

import numpy as np
import pytest

from truth.foreign.verdicts.cells import Plan, at_margin, draw_doses, draw_study, raise_capacities
from truth.foreign.verdicts.endpoints import ENDPOINTS, FIRST, PRIMARY, RETENTION, SECONDARY, find_endpoint
from truth.foreign.verdicts.specimens import QUANTITIES, SpecimenPlan, draw_specimens

MANY = Plan(n=(4000, 4000))


def _side(plan: Plan, which: int, seed: int = 5) -> dict[str, np.ndarray]:
    study, _ = draw_study(plan, np.random.default_rng(seed))
    return {name: array[:, 0] for name, array in study.sides[which].values.items()}


def test_two_primary_and_ten_to_fifteen_secondary_endpoints():
    assert [e.name for e in PRIMARY] == [FIRST, RETENTION]
    assert 10 <= len(SECONDARY) <= 15
    assert len({e.name for e in ENDPOINTS}) == len(ENDPOINTS)


@pytest.mark.parametrize("scatter", [0.01, 0.03, 0.05])
def test_first_capacity_scatters_as_asked(scatter):
    capacity = _side(replace(MANY, scatter=scatter), 0)[FIRST]
    assert np.std(np.log(capacity)) == pytest.approx(np.hypot(scatter, 0.0025), rel=0.05)


def test_resistances_are_log_normal_and_efficiencies_skewed_below_100():
    side = _side(MANY, 0)
    log_r = np.log(side["r_cam_se@aged"])
    assert abs(np.mean(((log_r - log_r.mean()) / log_r.std()) ** 3)) < 0.15
    efficiency = side["mean_coulombic_efficiency"]
    assert efficiency.max() < 100.05
    assert np.mean(((efficiency - efficiency.mean()) / efficiency.std()) ** 3) < -0.5
    assert efficiency.mean() == pytest.approx(99.85, abs=0.005)


def test_cells_correlate_as_physics_makes_them():
    side = _side(MANY, 0)
    assert np.corrcoef(side[FIRST], side["discharge_capacity@0.2C"])[0, 1] > 0.9
    assert np.corrcoef(np.log(side["r_cam_se@fresh"]), side["discharge_capacity@2C"])[0, 1] < -0.3
    assert np.corrcoef(side[RETENTION], side["crack_growth"])[0, 1] < -0.3
    assert abs(np.corrcoef(side[FIRST], side["crack_growth"])[0, 1]) < 0.06


def test_null_means_null():
    study, truth = draw_study(MANY, np.random.default_rng(7))
    assert set(truth.nulls) == {e.name for e in ENDPOINTS}
    for endpoint in ENDPOINTS:
        a, b = (side.values[endpoint.name][:, 0] for side in study.sides)
        error = np.hypot(a.std(), b.std()) / np.sqrt(4000)
        assert abs(a.mean() - b.mean()) < 4 * error, endpoint.name


def test_effects_are_what_the_truth_says():
    effects = {FIRST: 0.15, RETENTION: 3.0, "r_cam_se@aged": -0.5, "h1_m_shift": -6.0}
    study, truth = draw_study(replace(MANY, effects=effects), np.random.default_rng(8))
    assert set(truth.nulls) == {e.name for e in ENDPOINTS} - set(effects)
    for name in effects:
        a, b = (side.values[name][:, 0] for side in study.sides)
        if find_endpoint(name).form == "ratio":
            a, b = np.log(a), np.log(b)
        assert b.mean() - a.mean() == pytest.approx(truth.contrast[name][0], abs=4 * a.std() / np.sqrt(2000))


def test_edges_of_the_margin_lie_as_far_from_nothing_on_both_sides():
    _, upper = draw_study(at_margin(Plan(), side=1), np.random.default_rng(1))
    _, lower = draw_study(at_margin(Plan(), side=-1), np.random.default_rng(1))
    for endpoint in ENDPOINTS:
        margin = np.log1p(endpoint.margin) if endpoint.form == "ratio" else endpoint.margin
        assert upper.contrast[endpoint.name][0] == pytest.approx(margin)
        assert lower.contrast[endpoint.name][0] == pytest.approx(-margin)


def test_treated_side_may_scatter_threefold():
    plan = replace(MANY, spread=(1.0, 3.0))
    a, b = np.log(_side(plan, 0)[FIRST]), np.log(_side(plan, 1)[FIRST])
    assert b.std() / a.std() == pytest.approx(3, rel=0.06)


def test_bad_cells_move_resistance_up_and_capacity_down():
    good, bad = _side(MANY, 0), _side(replace(MANY, bad_cells=0.2), 0)
    far = np.quantile(good["r_cam_se@fresh"], 0.999)
    assert 0.1 < np.mean(bad["r_cam_se@fresh"] > far) < 0.21
    assert np.quantile(bad["discharge_capacity@2C"], 0.02) < np.quantile(good["discharge_capacity@2C"], 0.02)


@pytest.mark.parametrize("cycles", [12, 200, 1000])
def test_curves_of_capacity_agree_with_the_endpoints(cycles):
    study, _ = draw_study(Plan(cycles=cycles), np.random.default_rng(2))
    for side in study.sides:
        assert side.capacities.shape == (3, cycles)
        np.testing.assert_allclose(side.capacities[:, 0], side.values[FIRST][:, 0])
        kept = 100 * side.capacities[:, -1] / side.capacities[:, 0]
        np.testing.assert_allclose(kept, side.values[RETENTION][:, 0])


def test_uncertainties_are_stated_absent_or_mixed():
    stated = {kind: draw_study(Plan(stated=kind), np.random.default_rng(1))[0].treated.stated for kind in KINDS}
    assert all(value is None for value in stated["absent"].values())
    assert all(value.shape == (3, 1) for value in stated["right"].values())
    assert 0 < sum(value is None for value in stated["mixed"].values()) < len(ENDPOINTS)


KINDS = ("right", "absent", "mixed")


def test_a_stated_uncertainty_is_the_error_of_measuring():
    plan = replace(MANY, scatter=1e-9)
    study, _ = draw_study(plan, np.random.default_rng(3))
    for endpoint in ENDPOINTS:
        values, stated = study.reference.values[endpoint.name], study.reference.stated[endpoint.name]
        assert values.std() == pytest.approx(stated.mean(), rel=0.05), endpoint.name


def test_what_all_cells_share_cancels_between_sides():
    plan = replace(MANY, n=(400, 400), scatter=1e-9)
    ratios, levels = [], []
    for seed in range(40):
        a, b = (_side(plan, k, seed)[FIRST].mean() for k in (0, 1))
        ratios.append(np.log(b / a))
        levels.append(np.log(a / 190))
    assert np.std(ratios) < 0.0005
    assert 0.006 < np.std(levels) < 0.014


def test_the_seed_decides():
    one, two, other = (draw_study(Plan(), np.random.default_rng(s))[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(one.treated.values[FIRST], two.treated.values[FIRST])
    assert (one.treated.values[FIRST] != other.treated.values[FIRST]).all()


@pytest.mark.parametrize("trend", ["none", "monotone", "turning"])
def test_dose_series_follow_their_trend(trend):
    plan = replace(MANY, scatter=0.01, n=(2000, 2000))
    study, truth = draw_doses(plan, (0.5, 1.0, 2.0, 4.0), trend, np.random.default_rng(4))
    assert [side.dose for side in study.sides] == [0, 0.5, 1, 2, 4]
    means = [np.log(side.values[FIRST]).mean() for side in study.sides]
    np.testing.assert_allclose(np.subtract(means[1:], means[0]), truth.contrast[FIRST], atol=0.002)
    steps = np.diff([0.0, *truth.contrast[FIRST]])
    assert {"none": (steps == 0).all(), "monotone": (steps > 0).all(), "turning": steps.max() > 0 > steps.min()}[trend]


def test_all_capacities_can_rise_together():
    _, truth = draw_study(Plan(effects=raise_capacities(0.1)), np.random.default_rng(1))
    assert sum(not truth.is_null(e.name) for e in ENDPOINTS) == 5


def test_spots_tell_nothing_of_the_batch():
    plan = SpecimenPlan(spots=6, spot_sd=0.04, batch_sd=0.03, batches=3000)
    study, truth = draw_specimens(plan, np.random.default_rng(6))
    logs = np.log(study.reference.values[QUANTITIES[0].name])
    assert logs.shape == (3000, 6)
    within, fit = logs.std(axis=1, ddof=1), QUANTITIES[0].error
    assert np.sqrt(np.mean(within**2)) == pytest.approx(np.hypot(0.04, fit), rel=0.03)
    assert logs.mean(axis=1).std() == pytest.approx(np.sqrt(0.03**2 + (0.04**2 + fit**2) / 6), rel=0.05)
    assert truth.batch_sd == 0.03


def test_neighbouring_spots_resemble_each_other():
    plan = SpecimenPlan(spots=8, spot_sd=0.05, patchy=0.7, batch_sd=0.0, batches=2000)
    study, _ = draw_specimens(plan, np.random.default_rng(6))
    logs = np.log(study.treated.values[QUANTITIES[0].name])
    assert 0.6 < np.corrcoef(logs[:, 3], logs[:, 4])[0, 1] < 0.75


@pytest.mark.parametrize(("declared", "expected"), [("no", {}), ("right", 0.03), ("low", 0.01)])
def test_a_reproducibility_is_declared_or_not(declared, expected):
    study, _ = draw_specimens(SpecimenPlan(declared=declared), np.random.default_rng(1))
    assert study.declared == (expected and {QUANTITIES[0].name: pytest.approx(expected)})
