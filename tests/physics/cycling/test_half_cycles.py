"""Half cycles from hand-made records whose charges are known."""

import numpy as np
import pytest

from nacre.physics.cycling import counters
from nacre.physics.cycling import half_cycles as seg


def record(*steps, interval=10.0):
    """time, current, counter (restarting per step), step from (current in A, seconds) steps."""
    time, current, counter, number, now = [], [], [], [], 0.0
    for k, (amps, seconds) in enumerate(steps):
        t = np.append(np.arange(0.0, seconds, interval), seconds)
        time.append(now + t)
        current.append(np.full(t.size, amps))
        counter.append(abs(amps) * t)
        number.append(np.full(t.size, k))
        now += seconds
    return tuple(map(np.concatenate, (time, current, counter, number)))


def count(counter, step, sign, expected):
    fresh = np.append(True, step[1:] != step[:-1])
    return np.where(sign != 0, counters.count_passed([counter], fresh, expected), 0.0)


def split(time, current, counter=None, step=None, breaks=()):
    sign = seg.find_directions(current)
    passed = seg.integrate_charge(time, current, sign, breaks)
    if counter is not None:
        passed = count(counter, step, sign, passed)
    runs, pulses = seg.split_half_cycles(sign, passed)
    return runs, runs.sums(seg.exclude_runs(passed, pulses)), pulses


STEPS = ((0.0, 100), (1.0, 1000), (0.2, 500), (0.0, 60), (-1.0, 900), (0.0, 60), (1.0, 950))


@pytest.mark.parametrize("counted", [True, False])
def test_constant_voltage_parts_and_rests_belong_to_their_half_cycle(counted):
    time, current, counter, step = record(*STEPS)
    runs, charge, pulses = split(time, current, *((counter, step) if counted else ()))
    assert runs.sign.tolist() == [1, -1, 1]
    assert charge == pytest.approx([1100, 900, 950], rel=1e-3)
    assert len(pulses) == 0


def test_counter_that_runs_on_from_constant_current_to_constant_voltage():
    time, current, counter, step = record(*STEPS)
    counter[step == 2] += 1000.0
    assert split(time, current, counter, step)[1] == pytest.approx([1100, 900, 950], rel=1e-12)


def test_counter_that_restarts_is_right_where_rows_are_missing():
    time, current, counter, step = record(*STEPS)
    keep = np.ones(time.size, bool)
    keep[20:40] = False
    charge = split(time[keep], current[keep], counter[keep], step[keep])[1]
    assert charge == pytest.approx([1100, 900, 950], rel=1e-12)


def test_a_pulse_ends_no_half_cycle_and_is_not_counted():
    time, current, counter, step = record((1.0, 500), (-2.0, 2), (1.0, 500), (-1.0, 900))
    runs, charge, pulses = split(time, current, counter, step)
    assert runs.sign.tolist() == [1, -1]
    assert charge == pytest.approx([1000, 900], rel=1e-12)
    assert len(pulses) == 1


def test_offset_at_rest_is_no_current_and_missing_current_is_rest():
    assert seg.find_directions(np.array([1e-6, 1.0, -1.0, np.nan, 0.0])).tolist() == [0, 1, -1, 0, 0]
    assert seg.find_directions(np.zeros(3)).tolist() == [0, 0, 0]


def test_nothing_is_counted_across_an_interruption():
    time, current, *_ = record((1.0, 1000), (1.0, 500))
    later = np.where(np.arange(time.size) > 100, time + 86400.0, time)
    assert split(later, current, breaks=(101,))[1] == pytest.approx([1500], rel=1e-3)


def test_only_rest_gives_no_half_cycles():
    time, current, *_ = record((0.0, 100))
    runs, charge, _ = split(time, current)
    assert len(runs) == 0
    assert charge.size == 0


def test_energy_of_a_straight_line_is_exact():
    time, current, counter, step = record((1.0, 1000))
    sign, voltage = seg.find_directions(current), 3.0 + time / 1000
    joules = seg.integrate_energy(voltage, count(counter, step, sign, counter * 0), sign)
    assert joules.sum() == pytest.approx(3500.0, rel=1e-12)


def test_typical_current_is_the_constant_one_whatever_the_logging():
    _, current, counter, step = record((1.0, 1000), (0.1, 3000))
    sign = seg.find_directions(current)
    passed = count(counter, step, sign, 0 * counter)
    runs, _ = seg.split_half_cycles(sign, passed)
    assert seg.find_typical_current(current, passed, runs) == pytest.approx([1.0])


def test_thinning_keeps_ends_and_shape():
    x = np.linspace(0, 1, 20_000)
    y = np.tanh((x - 0.3) * 40) + np.tanh((x - 0.9) * 10)
    rows = seg.thin_curve(x, y)
    assert rows.size <= 400
    assert rows[0] == 0
    assert rows[-1] == x.size - 1
    assert np.abs(np.interp(x, x[rows], y[rows]) - y).max() < 2e-3 * np.ptp(y)
