"""Spellings of quantities: the factors hold against each other, and the judge tells a guess from an answer."""

import collections
import math

import pytest

from nacre.core.errors import ReadError
from truth.foreign.tables.quantities import UNITS, Spelling, draw_quantity, judge_quantity

DRAWS = [draw_quantity(seed) for seed in range(3000)]


def test_every_kind_and_every_verdict_is_drawn_and_equal_seeds_are_equal():
    assert {d.wanted for d in DRAWS} == {*UNITS, "dilution"}
    verdicts = collections.Counter(d.verdict for d in DRAWS)
    assert min(verdicts[v] for v in ("value", "ambiguous", "weak", "refuse")) > 80, verdicts
    assert draw_quantity(11) == draw_quantity(11)
    assert len({d.text for d in DRAWS}) > 1500


def test_a_value_is_finite_and_readings_are_two_that_differ():
    for d in DRAWS:
        assert math.isfinite(d.value) == (d.verdict in ("value", "weak")), d
        assert len(set(d.readings)) == (2 if d.verdict == "ambiguous" else 0) or d.text.endswith(":00"), d


@pytest.mark.parametrize(
    ("text", "kind", "si"),
    [("nm", "length", 1e-9), ("Å", "length", 1e-10), ("\u212b", "length", 1e-10), ("mAh", "charge", 3.6)]
    + [
        ("keV", "energy", 1.602176634e-16),
        ("Std", "time", 3600),
        ("MΩ", "resistance", 1e6),
        ("mΩ", "resistance", 1e-3),
    ],
)
def test_factors(text, kind, si):
    assert UNITS[kind][1][text] == pytest.approx(si, rel=1e-12)


def test_plain_spellings_are_worth_what_python_reads():
    """Those that Python itself can read are a check of the generator by another parser."""
    checked = 0
    for d in DRAWS:
        if d.verdict == "value" and d.wanted == "number" and "_" not in d.text:
            try:
                value = float(d.text)
            except ValueError:
                continue
            assert value == pytest.approx(d.value, rel=1e-12)
            checked += 1
    assert checked > 20


def test_the_judge():
    nm = Spelling("52,345 nm", "length", "m", "ambiguous", readings=(52345e-9, 52.345e-9))
    assert judge_quantity(52.345e-9, nm) == "guessed"
    assert judge_quantity(ReadError("two readings: 52345 nm or 52.345 nm"), nm) == "fine"
    assert judge_quantity(ReadError("two readings: 5.2345e-05 m or 5.2345e-08 m"), nm) == "fine"
    assert judge_quantity(ReadError("not a length"), nm) == "unsaid"
    clear = Spelling("0.15406 nm", "length", "m", "value", 0.15406e-9)
    assert judge_quantity(1.5406e-10, clear) == "fine"
    assert judge_quantity(0.15406e-10, clear) == "wrong number"
    assert judge_quantity(ReadError("no"), clear) == "refused"
    assert judge_quantity(5.0, Spelling("ten", "number", "1", "refuse")) == "guessed"
    weak = Spelling("1.234", "number", "1", "weak", 1.234)
    assert judge_quantity(1.234, weak) == judge_quantity(ReadError("1234 or 1.234"), weak) == "fine"
