import math

import numpy as np
import pytest

from nacre.physics.statistics.many_endpoints import adjust_p_values, make_primary_and_secondary


def holm(p):
    order, worst, found = np.argsort(p), 0.0, np.zeros(len(p))
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        found[i] = worst
    return found


def test_without_primaries_it_is_holms_rule():
    rng = np.random.default_rng(5)
    for n in (1, 2, 7):
        for _ in range(50):
            p = rng.uniform(0, 0.3, n)
            assert adjust_p_values(p, *make_primary_and_secondary(0, n)) == pytest.approx(holm(p))


def test_two_primaries_alone_are_holms_rule_too():
    assert adjust_p_values(np.array([0.02, 0.04]), *make_primary_and_secondary(2, 0)) == pytest.approx([0.04, 0.04])


def test_what_one_primary_releases_goes_half_to_the_other_and_half_to_the_secondaries():
    """alpha = 0.05: p1 <= 0.025 is rejected; the other primary then has 0.0375, two secondaries 0.00625 each, and a
    secondary that is rejected hands its share to the other."""
    weights, arrows = make_primary_and_secondary(2, 2)
    p = np.array([0.02, 0.0374, 0.0062, 0.9])
    first = adjust_p_values(p, weights, arrows)
    assert first[0] == 0.04 and first[1] <= 0.05 and first[2] <= 0.05 and first[3] == pytest.approx(0.9)
    lost = adjust_p_values(np.array([0.02, 0.0376, 0.0063, 0.9]), weights, arrows)
    assert lost[0] <= 0.05 and lost[1] > 0.05 and lost[2] > 0.05


def test_without_a_primary_that_is_shown_no_secondary_is():
    p = np.array([0.03, 0.03, 1e-9, 1e-9])
    assert (adjust_p_values(p, *make_primary_and_secondary(2, 2)) > 0.05).all()


def test_a_secondary_that_holds_a_share_needs_no_primary():
    """A tenth of 0.05 for two holders: 0.0025 each; 0.0225 are left to each primary. What one of them releases goes
    to all other secondaries: the second holder has 0.0025 + 0.0025 / 3."""
    weights, arrows = make_primary_and_secondary(2, 4, holders=(0, 2))
    assert weights == pytest.approx([0.45, 0.45, 0.05, 0.0, 0.05, 0.0])
    found = adjust_p_values(np.array([0.6, 0.0226, 0.0024, 0.9, 0.0033, 0.9]), weights, arrows)
    assert list(found <= 0.05) == [False, False, True, False, True, False]
    lost = adjust_p_values(np.array([0.6, 0.0224, 0.0026, 0.9, 0.0026, 0.9]), weights, arrows)
    assert list(lost <= 0.05) == [False, True, True, False, True, False]
    assert adjust_p_values(np.array([0.6, 0.3, 0.0026, 0.9, 0.0026, 0.9]), weights, arrows).min() > 0.05


def test_what_the_last_secondary_releases_goes_to_the_primaries():
    """All three secondaries rejected: both primaries share the whole level again, 0.025 each."""
    weights, arrows = make_primary_and_secondary(2, 3, holders=(0, 2))
    p = np.array([0.6, 0.0249, 1e-9, 1e-9, 1e-9])
    assert adjust_p_values(p, weights, arrows)[1] == pytest.approx(0.0498, rel=1e-3)
    one = adjust_p_values(np.array([0.6, 0.0249, 1e-9]), *make_primary_and_secondary(2, 1, holders=(0,)))
    assert one[1] == pytest.approx(0.0498, rel=1e-3)


def test_a_fixed_sequence_by_hand():
    """The whole level to the first, then on: each is tested at the full level while all before it were rejected."""
    arrows = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], float)
    found = adjust_p_values(np.array([0.01, 0.04, 0.03]), np.array([1.0, 0, 0]), arrows)
    assert found == pytest.approx([0.01, 0.04, 0.04])


def test_more_endpoints_that_nobody_named_weaken_nothing():
    p = np.array([0.001, 0.2])
    few, many = (adjust_p_values(np.r_[p, np.full(n, 0.5)], *make_primary_and_secondary(2, n))[0] for n in (2, 200))
    assert few == many == 0.002


@pytest.mark.parametrize("rho", [0.0, 0.6])
@pytest.mark.parametrize("holders", [(), (0, 3, 4, 11)])
def test_any_false_rejection_stays_at_the_level(rho, holders):
    """2,000 sets of 14 true nulls: 5 % + 3 standard errors (1.5 %)."""
    rng, runs = np.random.default_rng(6), 2000
    weights, arrows = make_primary_and_secondary(2, 12, holders=holders)
    z = math.sqrt(rho) * rng.normal(size=(runs, 1)) + math.sqrt(1 - rho) * rng.normal(size=(runs, 14))
    p = np.array([[math.erfc(abs(v) / math.sqrt(2)) for v in row] for row in z])
    false = np.mean([(adjust_p_values(row, weights, arrows) <= 0.05).any() for row in p])
    assert false <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert rho or false >= 0.02


@pytest.mark.parametrize(
    ("weights", "arrows", "words"),
    [
        ([0.6, 0.6], np.zeros((2, 2)), "weights are shares"),
        ([0.5, 0.5], np.eye(2), "transitions are shares"),
        ([1.0], np.zeros((1, 1)), "need 2 weights"),
    ],
)
def test_what_are_no_shares_is_refused(weights, arrows, words):
    with pytest.raises(ValueError, match=words):
        adjust_p_values(np.array([0.1, 0.2]), np.array(weights), arrows)
