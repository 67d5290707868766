"""Formulas in x as text, in the grammar of BPX (Battery Parameter eXchange, Faraday Institution): numbers, x,
+ - * / **, brackets, and the functions exp, tanh and cosh."""

from collections.abc import Callable

import numpy as np

from nacre.core.expression import Language, parse

FUNCTIONS: dict[str, Callable] = {"exp": np.exp, "tanh": np.tanh, "cosh": np.cosh}
_LANGUAGE = Language(FUNCTIONS, names=("x",), words="x")
_OPERATORS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.float_power}


def read_formula(text: str, where: str = "") -> Callable[[np.ndarray], np.ndarray]:
    """The function of x that a text writes down. Raises NacreError with the place in the text and what is allowed."""
    expression = parse(text, _LANGUAGE, where)

    def value(x):
        with np.errstate(all="ignore"):  # what is not finite is found by whoever samples it
            return expression.value({"x": np.asarray(x, float)}, _OPERATORS) * np.ones(np.shape(x))

    return value
