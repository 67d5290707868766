"""The rule of verdicts on studies of other hands: a fixed part of the simulation that docs/comparing.md prints."""

import pytest

from evidence.foreign_verdicts import judge
from truth.foreign.verdicts.asking import measure_familywise, measure_one_specimen, measure_power
from truth.foreign.verdicts.cells import Plan
from truth.foreign.verdicts.endpoints import FIRST
from truth.foreign.verdicts.specimens import SpecimenPlan

N = 150
# of 150: a rule of 5 % exceeds 14 in 1.3 % of seeds, one of 7 % exceeds 18 in 1 %; seeds are fixed
NULLS = [(Plan(), 14), (Plan(cycles=1000), 14), (Plan(n=(6, 2), spread=(1, 3)), 18)]


@pytest.mark.parametrize(("plan", "most"), NULLS)
def test_nothing_that_does_not_differ_is_shown(plan, most):
    assert measure_familywise(judge, plan, N, 110).hits <= most


@pytest.mark.parametrize("cycles", [12, 1000])
def test_fifteen_percent_are_shown_however_long_the_test(cycles):
    """A power of 92 % gives fewer than 128 of 150 in 0.5 % of seeds."""
    assert measure_power(judge, Plan(effects={FIRST: 0.15}, cycles=cycles), n=N, seed=130).hits >= 128


def test_one_specimen_is_never_shown_undeclared_and_can_be_where_its_spread_is_declared():
    assert measure_one_specimen(judge, SpecimenPlan(), N, 150).hits == 0
    declared = SpecimenPlan(declared="right")
    assert measure_one_specimen(judge, declared, N, 151).hits <= 14
    shifted = SpecimenPlan(declared="right", effect=0.3)
    assert measure_one_specimen(judge, shifted, 50, 152).hits >= 45
