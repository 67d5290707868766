"""Arithmetic as text on numbers, arrays and quantities; what would take long is refused before it is begun."""

import math

import numpy as np
import pytest

from nacre.core.errors import NacreError
from nacre.core.expression import Language, parse
from nacre.core.quantity import Quantity, derive

LANGUAGE = Language({"sqrt": np.sqrt, "larger": max}, {"pi": math.pi}, texts=True)


def test_one_expression_is_evaluated_on_numbers_arrays_and_quantities():
    expression = parse("2 * a ** 2 / (b - 1) + -pi", LANGUAGE)
    assert expression.names == {"a", "b"}
    assert expression.value({"a": 3.0, "b": 4.0}) == pytest.approx(6 - math.pi)
    assert expression.value({"a": np.array([3.0, 6.0]), "b": 4.0}) == pytest.approx([6 - math.pi, 24 - math.pi])
    made = derive(
        lambda a, b: expression.value({"a": a, "b": b}), Quantity(3.0, "V", 0.3), Quantity(4.0, "1", 0.0), unit="V2"
    )
    assert made.value == pytest.approx(6 - math.pi) and made.std == pytest.approx(4 * 3 / 3 * 0.3)


def test_powers_bind_from_right_to_left_and_before_a_minus():
    assert parse("-2**2", LANGUAGE).value({}) == -4 and parse("2**3**2", LANGUAGE).value({}) == 512
    assert parse("4**-(1/2)", LANGUAGE).value({}) == 0.5 and parse("larger(1, sqrt(9))", LANGUAGE).value({}) == 3


@pytest.mark.parametrize("text", ["9**9**9", "a**9**9**9**9", "2**-(10**9)", "a**(1/0)", "a**(1e308*10)", "a**101"])
def test_an_exponent_of_immodest_size_is_refused(text):
    with pytest.raises(NacreError, match="found an exponent beyond 100 at character"):
        parse(text, LANGUAGE)


def test_numbers_are_floats_so_that_a_large_power_overflows_at_once():
    with pytest.raises(OverflowError):
        parse("99**99 * 99**99 * (99**99)**99", LANGUAGE).value({})
