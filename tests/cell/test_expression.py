"""Formulas as text: Python's own values where they are allowed, words where they are not, and nothing ever run."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.cell.expression import FUNCTIONS, read_formula
from nacre.core.errors import NacreError

X = np.array([0.01, 0.3, 0.5, 0.99])
TEXTS = ["1", "x", "-x**2", "2**3**2*x", "2**-1*x", "- -x", "+x", "1.5e-1+.5*x", "x/2/x", "1-2-3*x", "exp(-39.36 * x)",
         "tanh(x)/cosh(-x)-1", "(x-1)*(x+1)", "2*-x", "8.79e-11 * (x / 1000) ** 2", "+".join(["x"] * 4000)]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_values_are_those_of_the_language_it_is_written_in(text):
    wanted = 4000 * X if len(text) > 4000 else eval(text, {}, {"x": X, **FUNCTIONS}) * np.ones(4)
    assert read_formula(text)(X) == pytest.approx(wanted, rel=1e-12)


numbers = st.floats(-3, 3).map(lambda v: f"{v!r}") | st.just("x")
trees = st.recursive(
    numbers,
    lambda t: (
        st.tuples(t, st.sampled_from("+-*/"), t).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
        | st.tuples(st.sampled_from(sorted(FUNCTIONS)), t).map(lambda p: f"{p[0]}({p[1]})")
        | t.map(lambda p: f"-({p})**2")
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(trees)
def test_any_formula_of_the_grammar_has_the_value_of_the_language(text):
    with np.errstate(all="ignore"):
        try:
            wanted = eval(text, {}, {"x": X, **FUNCTIONS}) * np.ones(4)
        except (ZeroDivisionError, OverflowError):  # of plain numbers, where arrays say inf
            return
    if np.isrealobj(wanted):
        assert np.allclose(read_formula(text)(X), wanted, rtol=1e-12, atol=0, equal_nan=True)


BAD = {
    "code": ("__import__('os').system('x')", "found '__import__' at character 1"),
    "attribute": ("x.real", "found '.' at character 2"),
    "name": ("1 + y", "found 'y' at character 5"),
    "function": ("tahn(x)", "found 'tahn' at character 1, near 'tahn(x)'; expected numbers, x, + - * / **, brackets"),
    "hint": ("tahn(x)", "Did you mean 'tanh'?"),
    "unfinished": ("x +", "found the end at character 4"),
    "bracket": ("(x", "found no closing bracket"),
    "two": ("x x", "found 'x' at character 3"),
    "list": ("[x for x in y]", "found '[' at character 1"),
    "empty": (" ", "found the end"),
    "deep": ("(" * 5000 + "x" + ")" * 5000, "more than 60 brackets or powers within each other"),
    "powers": ("x" + "**x" * 500, "more than 60 brackets or powers within each other"),
    "tower": ("9**9**9 * x", "found an exponent beyond 100 at character 2"),
    "two arguments": ("exp(x, x)", "found ',' at character 6"),
    "text": ("exp('x')", "at character 5, near 'exp('x')'"),
    "long": ("x+" * 20000 + "x", "the expression is too long; found 40001 characters"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_allowed_is_refused_with_its_place(case):
    text, words = BAD[case]
    with pytest.raises(NacreError) as caught:
        read_formula(text, "cell.json: OCP")
    assert words in str(caught.value) and str(caught.value).startswith("cell.json: OCP: the expression is")
