"""The driver counts right: rules whose answers are known beforehand, and limits that can be worked out."""

import sys
import types
from functools import cache

import numpy as np
import pytest
from scipy import stats

from truth.foreign.verdicts.asking import (
    answer,
    draw_many,
    measure_equal,
    measure_false_equal,
    measure_familywise,
    measure_one_specimen,
    measure_power,
)
from truth.foreign.verdicts.cells import Plan, draw_study
from truth.foreign.verdicts.counting import Share, chance_to_pass, clopper_pearson, least_allowed, most_allowed
from truth.foreign.verdicts.endpoints import FIRST, RETENTION
from truth.foreign.verdicts.simulate import main, simulate
from truth.foreign.verdicts.specimens import SpecimenPlan


def _always(verdict):
    return lambda study: {e.name: verdict for e in study.endpoints}


@cache
def _critical(level, freedom):
    return stats.t.ppf(1 - level / 2, freedom)


def _t_test(level, names=None):
    """Student's test of each endpoint by itself at this level."""

    def rule(study):
        verdicts = {}
        for endpoint in study.endpoints:
            if names and endpoint.name not in names:
                continue
            a, b = (np.log(side.values[endpoint.name][:, 0]) for side in (study.reference, study.treated))
            half = _critical(level, a.size + b.size - 2)
            error = np.sqrt((a.var(ddof=1) / a.size) + b.var(ddof=1) / b.size)
            verdicts[endpoint.name] = "shown" if abs(b.mean() - a.mean()) > half * error else "cannot_tell"
        return verdicts

    return rule


def test_a_rule_that_always_shows_is_always_false_and_always_powerful():
    assert measure_familywise(_always("shown"), Plan(), 20).hits == 20
    assert measure_power(_always("shown"), Plan(effects={FIRST: 0.15}), n=20).hits == 20
    assert measure_one_specimen(_always("shown"), SpecimenPlan(), 20).hits == 20
    assert measure_false_equal(_always("equal"), Plan(), 1, 20).hits == 20


def test_a_rule_that_never_claims_passes_everything_but_power():
    rows = simulate(_always("cannot_tell"), 4)
    assert [row.what for row in rows if not row.passes] == [row.what for row in rows if row.least is not None]


def test_seen_is_no_false_claim():
    assert measure_one_specimen(_always("seen"), SpecimenPlan(), 20).passes


def test_one_test_at_5_percent_errs_in_5_percent_and_two_families_of_them_in_more():
    single = measure_familywise(_t_test(0.05, (FIRST,)), Plan(), 600)
    assert 15 <= single.hits <= 47
    both = measure_familywise(_t_test(0.05, (FIRST, RETENTION)), Plan(), 600)
    assert both.hits > single.hits


def test_power_of_a_test_is_that_of_the_textbook():
    effect, scatter, level = 0.15, np.hypot(0.03, 0.0025), 0.025
    centre = np.log1p(effect) / (scatter * np.sqrt(2 / 3))
    expected = stats.nct.sf(stats.t.ppf(1 - level / 2, 4), 4, centre)
    found = measure_power(_t_test(level, (FIRST,)), Plan(effects={FIRST: effect}), n=600)
    assert abs(found.value - expected) < 4 * np.sqrt(expected * (1 - expected) / 600)


def test_equal_is_counted_for_the_endpoint_asked_for():
    assert measure_equal(lambda _: {FIRST: "equal"}, Plan(), FIRST, 10).hits == 10
    assert measure_equal(lambda _: {FIRST: "equal"}, Plan(), RETENTION, 10).hits == 0


def test_studies_do_not_hang_on_how_many_are_asked_for():
    rows = [[s.reference.values["x"] for s, _ in draw_many(_draw_x, n, 3)] for n in (2, 5)]
    assert rows[0] == rows[1][:2]


def _draw_x(rng):
    class Side:
        values = {"x": rng.normal()}  # noqa: RUF012 - one study's numbers

    class Study:
        reference = Side

    return Study, None


@pytest.mark.parametrize("verdicts", [{FIRST: "higher"}, {"no_such_endpoint": "shown"}])
def test_a_word_or_an_endpoint_that_does_not_exist_is_refused(verdicts):
    study, _ = next(iter(draw_many(_draw_null, 1, 1)))
    with pytest.raises(ValueError, match=r"no verdict|does not hold"):
        answer(lambda _: verdicts, study)


def _draw_null(rng):
    return draw_study(Plan(), rng)


def test_the_table_is_printed_and_a_failing_row_is_an_exit_code(capsys, monkeypatch):
    module = types.ModuleType("rules_of_this_test")
    module.silent = lambda _: {}
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert main(["rules_of_this_test:silent", "0.0005"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 41
    assert sum("FAILS" in line for line in lines) == 3


def test_interval_of_a_share_is_exact():
    assert clopper_pearson(0, 50) == pytest.approx((0, 0.0711), abs=1e-4)
    assert clopper_pearson(5, 100) == pytest.approx((0.0164, 0.1128), abs=1e-4)
    assert clopper_pearson(10, 10)[1] == 1


def test_limits_are_those_of_the_plan():
    assert most_allowed(0.05, 2000) == 120
    assert most_allowed(0.05, 2000, 0.001) == 131
    assert least_allowed(0.92, 12) == 9
    assert stats.binom.sf(118, 2000, 0.05) == pytest.approx(0.03, abs=0.005)
    assert chance_to_pass(0.07, 2000, 118) == pytest.approx(0.03, abs=0.01)
    assert chance_to_pass(0.2, 20, 3) == pytest.approx(0.41, abs=0.01)


def test_a_share_says_whether_it_passes():
    assert Share("x", 118, 2000, most=118).passes
    assert not Share("x", 119, 2000, most=118).passes
    assert not Share("x", 9, 12, least=10).passes
    assert "FAILS" in Share("x", 9, 12, least=10).write()
