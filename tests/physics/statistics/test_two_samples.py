import math

import numpy as np
import pytest
from scipy import stats

from nacre.physics.statistics.two_samples import (
    MeanDifference,
    compare_means,
    compute_hedges_g,
    count_replicates_to_equal,
    count_replicates_to_show,
)

A, B = [162.0, 160.5, 163.1], [187.2, 185.0, 188.9]


def test_equal_numbers_are_students_t():
    found, known = compare_means(A, B), stats.ttest_ind(B, A)
    assert found.method == "pooled t" and found.df == 4
    assert found.p_value() == pytest.approx(known.pvalue, rel=1e-10)
    assert found.interval() == pytest.approx(tuple(known.confidence_interval(0.95)), rel=1e-10)


def test_unequal_numbers_are_welchs():
    more = [*B, 186.0]
    found, known = compare_means(A, more), stats.ttest_ind(more, A, equal_var=False)
    assert found.method == "Welch's t" and found.df == pytest.approx(known.df)
    assert found.p_value() == pytest.approx(known.pvalue, rel=1e-10)


def test_two_values_scatter_no_less_than_the_other_side():
    close, wide = compare_means(A, [187.0, 187.01]), compare_means(A, [180.0, 194.0])
    assert close.error == pytest.approx(math.sqrt(np.var(A, ddof=1) * (1 / 3 + 1 / 2)))
    known = stats.ttest_ind([180.0, 194.0], A, equal_var=False)
    assert wide.p_value() == pytest.approx(known.pvalue, rel=1e-10)


def test_one_value_has_no_scatter():
    with pytest.raises(ValueError, match="fewer than two values"):
        compare_means([1.0], B)


UNEQUAL = [((3, 3), (1, 1)), ((3, 3), (1, 3)), ((6, 2), (1, 1)), ((6, 2), (1, 3)), ((6, 2), (3, 1)), ((5, 3), (1, 3))]


@pytest.mark.parametrize(("n", "sd"), UNEQUAL)
def test_false_alarms_of_equal_samples(n, sd):
    """2,000 studies a scenario in which nothing differs. One standard error of 5 % is 0.49 %; the bar is 7 %."""
    rng, runs = np.random.default_rng(20260711), 2000
    found = [compare_means(rng.normal(0, sd[0], n[0]), rng.normal(0, sd[1], n[1])).p_value() for _ in range(runs)]
    assert np.mean(np.array(found) < 0.05) <= 0.07


def test_equivalence_is_the_90_percent_interval_within_the_margins():
    rng = np.random.default_rng(1)
    for _ in range(200):
        found = compare_means(rng.normal(0, 1, 3), rng.normal(0.3, 1, 4))
        lo, hi = found.interval(0.9)
        assert (found.p_equal(-1.5, 1.5) <= 0.05) == (lo >= -1.5 and hi <= 1.5)


def test_false_equivalence_at_the_margin():
    rng, runs = np.random.default_rng(2), 2000
    hits = [compare_means(rng.normal(0, 1, 4), rng.normal(2, 1, 4)).p_equal(-2, 2) <= 0.05 for _ in range(runs)]
    assert np.mean(hits) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_a_further_error_widens_and_its_degrees_of_freedom_are_joined():
    found = compare_means(A, B).widened(2.0)
    own = compare_means(A, B)
    assert found.error == pytest.approx(math.hypot(own.error, 2.0)) and found.df > own.df
    both = own.widened(own.error, own.df)
    assert both.df == pytest.approx(2 * own.df) and own.widened(0.0) is own


def test_no_scatter_at_all():
    same = compare_means([1.0, 1.0], [1.0, 1.0])
    assert same.p_value() == 1.0 and same.p_equal(-0.1, 0.1) == 0.0
    assert compare_means([1.0, 1.0], [2.0, 2.0]).p_value() == 0.0
    assert MeanDifference(1.0, 0.5, math.inf, "given").interval() == pytest.approx((0.02, 1.98), abs=1e-3)


def test_hedges_g_by_hand():
    assert compute_hedges_g([170, 180, 190], [200, 204]) == pytest.approx(22 / math.sqrt(208 / 3) * (1 - 3 / 11))
    assert compute_hedges_g([1, 1], [2, 2]) is None


@pytest.mark.parametrize(("d", "n"), [(0.5, 64), (0.8, 26), (1.0, 17)])
def test_replicates_as_tables_of_power_have_them(d, n):
    """J. Cohen, Statistical Power Analysis, 2nd ed. (1988), table 2.4.1: power 0.80 at two-sided 0.05."""
    assert count_replicates_to_show(d, 1.0) == n


def test_replicates_that_cannot_be_had():
    assert count_replicates_to_show(0.0, 1.0) is None and count_replicates_to_show(1e-3, 1.0) is None
    assert count_replicates_to_equal(0.0, 1.0) is None


def test_replicates_for_equality_have_the_power_they_promise():
    n, rng, runs = count_replicates_to_equal(1.5, 1.0), np.random.default_rng(3), 1000
    hits = [compare_means(rng.normal(0, 1, n), rng.normal(0, 1, n)).p_equal(-1.5, 1.5) <= 0.05 for _ in range(runs)]
    assert 0.8 - 3 * math.sqrt(0.16 / runs) <= np.mean(hits) <= 0.97
