"""Drawn tests with one fault each, and without: no wrong charge passes unremarked, and sound files raise no alarm.

Undetectable in principle, and therefore not drawn: a current that the file rounds to a single level by a step that is
no power of ten, without a counter; a calibration error common to current and counter; whole cycles that are missing
from a file without cycle numbers, record numbers or time; a sign in a record whose voltage hardly moves; two like cells
joined one after the other by files without names, channels and clocks; a mass wrong by less than the formula shows.
"""

import numpy as np
import pytest

from truth.foreign.cycling import faults
from truth.foreign.cycling.judging import ask, to_signal
from truth.foreign.cycling.protocols import COUNTERS, draw_test

N = 4  # of each fault; 125 of each (2,000) were run once, with the figures of docs/techniques/cycling.md


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda f: f.__name__)
def test_one_fault_makes_no_wrong_charge_without_a_failed_check(fault):
    for seed in range(N):
        rng = np.random.default_rng([91, seed])
        counter = str(rng.choice(COUNTERS[1:])) if fault in faults.OF_COUNTERS else ""
        test = draw_test(rng, counter)
        answer = ask(test, to_signal(fault(test, rng)))
        assert not answer.wrong or answer.failed, (seed, test.protocol, test.counter, answer)


@pytest.mark.parametrize("fault", [faults.flip_all, faults.flip_one, faults.forget_sign, faults.swap_blocks])
def test_what_can_be_proven_is_repaired(fault):
    for seed in range(N):
        rng = np.random.default_rng([92, seed])
        test = draw_test(rng)
        answer = ask(test, to_signal(fault(test, rng)))
        assert not answer.wrong and answer.given >= len(test.truth) - 1
        assert answer.warned


def test_sound_files_raise_no_alarm():
    answers = []
    for seed in range(60):
        test = draw_test(np.random.default_rng([93, seed]))
        answers.append(ask(test, to_signal(test.columns)))
        assert answers[-1].given == len(test.truth), (seed, test.protocol, answers[-1])
    assert not [a.wrong for a in answers if a.wrong]
    assert np.mean([bool(a.failed) for a in answers]) <= 0.02
    assert np.mean([bool(a.warned) for a in answers]) <= 0.05


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_a_mass_ten_times_wrong_is_seen(factor):
    for seed in range(N):
        test = draw_test(np.random.default_rng([94, seed]))
        # what a negative electrode may hold does not follow from its formula
        if test.protocol != "half_cell" or factor > 1:
            assert ask(test, to_signal(test.columns), factor).failed, (seed, test.protocol)


def test_several_files_of_one_cell_are_put_in_order_and_joined():
    rng = np.random.default_rng(95)
    test = draw_test(rng, "step")
    at = test.starts[len(test.starts) // 2][0]
    parts = [{n: v[rows] for n, v in test.columns.items()} for rows in (slice(at, None), slice(0, at))]
    answer = ask(test, [to_signal(part, f"part{i}") for i, part in enumerate(parts)])
    assert not answer.wrong and answer.given == len(test.truth) and not answer.failed


def test_files_of_two_cells_that_ran_at_the_same_time_are_not_joined():
    one, other = (draw_test(np.random.default_rng(seed), "step") for seed in (96, 97))
    answer = ask(one, [to_signal(one.columns, "one"), to_signal(other.columns, "other")])
    assert not answer.wrong
    assert "other is not joined to one: both ran at the same time, at other voltages" in " ".join(answer.failed)


def test_an_overlap_is_dropped_and_counted():
    test = draw_test(np.random.default_rng(98), "step")
    n = len(test.columns["voltage_volt"])
    parts = [{k: v[rows] for k, v in test.columns.items()} for rows in (slice(0, n // 2 + 9), slice(n // 2, None))]
    answer = ask(test, [to_signal(part, f"part{i}") for i, part in enumerate(parts)])
    assert not answer.wrong and answer.given == len(test.truth)
    assert "part1: 9 records lie before the end of the file before it" in " ".join(answer.warned)
    again = ask(test, [to_signal(test.columns, "a"), to_signal(test.columns, "b")])
    assert not again.wrong and f"b repeats {n} records of a file before it" in " ".join(again.warned)
