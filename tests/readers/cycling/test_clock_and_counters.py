"""Dates in any language, and counters brought to one meaning, against cases worked out by hand."""

import numpy as np
import polars as pl
import pytest

from nacre.readers.cycling import records
from nacre.readers.maccor.times import to_duration
from nacre.readers.text import clocks, text_file

DAY = 19796  # 2024-03-14


@pytest.mark.parametrize(
    "text",
    ["14-Mar-24", "14.mars 2024", "14. März 2024", "14 March 2024", "March 14, 2024", "2024-03-14", "14-mar-24"]
    + ["Donnerstag, 14. März 2024", "14 mrt 2024", "14 marzo 2024"],
)
def test_a_named_month_or_a_leading_year_leaves_no_choice(text):
    assert clocks.read_date(text) == {"dmy": DAY, "mdy": DAY}


def test_numbers_allow_what_the_calendar_allows():
    assert clocks.read_date("14/03/2024") == {"dmy": DAY}
    assert clocks.read_date("3/14/24") == {"mdy": DAY}
    assert clocks.read_date("06/05/2024") == {"dmy": DAY + 53, "mdy": DAY + 83}
    assert clocks.read_date("31/31/2024") == {} == clocks.read_date("soon")


def test_noon_and_midnight_in_half_days():
    clock = clocks.read_clock(pl.Series(["3/14/2024 12:00:00 AM", "3/14/2024 12:00:00 PM", "3/14/2024 1:02:03 p.m."]))
    np.testing.assert_allclose(clock.seconds["mdy"] - DAY * 86400, [0, 43200, 46923])


def test_times_without_dates_pass_midnight():
    clock = clocks.read_clock(pl.Series(["23:59:50", "23:59:59", "00:00:09"]))
    assert not clock.dated
    np.testing.assert_allclose(np.diff(clock.seconds["dmy"]), [9, 10])
    assert clocks.read_clock(pl.Series(["", None, "soon"])) is None


def test_durations():
    column = pl.Series(["  0d 00:00:5", " 1d 02:03:04.5", "0d 00:00:5.05000019073486", None])
    np.testing.assert_allclose(to_duration(column), [5, 93784.5, 5.05000019, np.nan])
    np.testing.assert_allclose(to_duration(pl.Series(["27:00:01"])), [97201])


@pytest.mark.parametrize(("unit", "expected"), [(1.0, 1.0), (60.0, 60.0), (3600.0, 3600.0), (7.0, None)])
def test_the_rate_of_the_clock_is_that_of_its_unit_even_with_pauses(unit, expected):
    seconds = np.arange(0, 40_000, 10.0)
    clock = seconds + np.where(seconds > 20_000, 7200, 0)
    assert clocks.rate(clocks.Clock({"dmy": np.floor(clock)}, ("dmy",)), seconds / unit) == expected


def test_pauses_are_left_out_of_the_agreement_and_told():
    seconds = np.arange(0, 40_000, 10.0)
    _, notes = clocks.against_test_time(seconds + np.where(seconds > 20_000, 7200, 0), seconds)
    assert notes[0].level == "info" and "1 pauses of 2 h in all left out" in notes[0].text
    _, notes = clocks.against_test_time(seconds * 1.01, seconds)
    assert notes[0].level == "info"
    _, notes = clocks.against_test_time(seconds * 1.02, seconds)
    assert notes[0].level == "warning"


def test_a_counter_that_runs_on_through_constant_voltage():
    starts = np.array([1, 0, 0, 1, 0, 1, 0], bool)
    raw = np.array([0.1, 0.5, 0.9, 0.9002, 0.95, 0.0, 0.4])
    counter = records.step_counter(raw, starts)
    np.testing.assert_allclose(counter.values, [0.1, 0.5, 0.9, 0.0002, 0.05, 0.0, 0.4])
    assert (counter.continued, counter.restarted) == (1, 1)


def test_a_counter_that_begins_anew_above_its_last_value_is_told_by_what_flowed():
    starts = np.array([1, 0, 1, 0], bool)
    raw, rate, step_time = np.array([0.0, 0.01, 0.5, 0.6]), np.ones(4), np.array([0, 36.0, 1800.0, 2160.0])
    np.testing.assert_allclose(records.step_counter(raw, starts, rate, step_time).values, raw)


def test_integral_of_a_ramp_and_what_it_says_of_a_counter():
    time = np.linspace(0, 3600, 101)
    starts = np.arange(101) == 0
    current = time / 3600
    assert records.integral(current, time, starts)[0] == pytest.approx(0.5)
    good = (time / 3600) ** 2 / 2
    assert [n.level for n in records.check_counter(good, current, time, starts)] == ["info"]
    (note,) = records.check_counter(1.2 * good, current, time, starts)
    assert note.level == "warning" and "gives 0.6 Ah, the integral of I dt 0.5 Ah (-16.67%)" in note.text


def test_energy_over_charge_tells_volts_from_millivolts():
    charge = np.linspace(0, 1, 50)
    voltage = 3 + charge
    energy = 3 * charge + charge**2 / 2
    starts = np.arange(50) == 0
    assert records.mean_voltage_ratio(charge, energy, voltage, starts) == pytest.approx(1)
    assert records.mean_voltage_ratio(charge, energy, 1000 * voltage, starts) == pytest.approx(1e-3)
    assert np.isnan(records.mean_voltage_ratio(0 * charge, 0 * energy, voltage, starts))


def test_step_types():
    falling = np.exp(-np.arange(10) / 4)
    current = np.concatenate([np.zeros(5), np.ones(10), falling, -np.ones(10), np.r_[np.ones(5), falling[:5]], [1.0]])
    voltage = np.concatenate([np.full(5, 3), np.linspace(3, 4.2, 10), np.full(10, 4.2), np.linspace(4, 3, 10)])
    voltage = np.concatenate([voltage, np.r_[np.linspace(3, 4, 5), np.full(5, 4.0)], [3.5]])
    starts = np.zeros(len(current), bool)
    starts[[0, 5, 15, 25, 35, 45]] = True
    assert list(records.step_types(current, voltage, starts)) == ["REST", "CC_CHG", "CV_CHG", "CC_DCH", "CHG", "CHG"]


def test_steps_of_one_number_are_told_apart_by_their_clock():
    step, cycle = np.full(6, 3), np.ones(6, int)
    starts = records.step_starts(step, cycle, np.array([0, 1, 2, 0, 1, 2.0]))
    np.testing.assert_array_equal(np.flatnonzero(starts), [0, 3])
    ended = records.step_starts(step, cycle, ended=np.array([0, 1, 0, 0, 0, 0], bool))
    np.testing.assert_array_equal(np.flatnonzero(ended), [0, 2])


def test_encodings():
    for raw, encoding in (
        (b"a\tb\r\n", "ascii"),
        ("Prüfung".encode(), "utf-8"),
        ("Prüfung".encode()[:3], "utf-8"),
        ("Prüfung".encode("cp1252"), "cp1252"),
        ("Prüfung".encode("utf-16"), "utf-16"),
        ("Rec\tCycle".encode("utf-16-le"), "utf-16-le"),
    ):
        assert text_file.to_utf8(raw)[1] == encoding
    assert text_file.to_utf8("Prüfung".encode("cp1252"))[0].decode() == "Prüfung"
    assert text_file.to_utf8(b"a\rb\r\nc\xff")[0] == b"a\nb\nc"
