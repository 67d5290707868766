"""Formulas in x as text, read by a parser of its own: nothing in a file is ever run as code.

The grammar is that of BPX (Battery Parameter eXchange, Faraday Institution): numbers, x, + - * / **, brackets, and the
functions exp, tanh and cosh; powers bind as in Python, from right to left and before a minus in front.
"""

import re
from collections.abc import Callable

import numpy as np

from nacre.core.errors import NacreError, did_you_mean

FUNCTIONS: dict[str, Callable] = {"exp": np.exp, "tanh": np.tanh, "cosh": np.cosh}
_OPERATORS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
LONGEST, DEEPEST = 20_000, 60
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|[-+*/()]))"
)
_ALLOWED = "numbers, x, + - * / **, brackets, exp(), tanh(), cosh()"


def read(text: str, where: str = "") -> Callable[[np.ndarray], np.ndarray]:
    """The function of x that a text writes down. Raises NacreError with the place in the text and what is allowed."""
    if len(text) > LONGEST:
        raise NacreError(
            "the expression is too long", where=where, found=f"{len(text)} characters", expected=f"at most {LONGEST}"
        )
    reader = _Reader(text, where)
    function = reader.sum()
    reader.end()

    def value(x):
        with np.errstate(all="ignore"):  # what is not finite is found by whoever samples it
            return function(np.asarray(x, float)) * np.ones(np.shape(x))

    return value


class _Reader:
    """Recursive descent over the tokens; every rule returns a function of x."""

    def __init__(self, text: str, where: str):
        self.text, self.where, self.at, self.depth = text, where, 0, 0
        self.kind, self.word, self.start = "", "", 0
        self.step()

    def step(self) -> None:
        rest = self.text[self.at :]
        if not rest.strip():
            self.kind, self.word, self.start = "end", "", len(self.text)
            return
        match = _TOKEN.match(rest)
        if match is None:
            at = self.at + len(rest) - len(rest.lstrip())
            raise self.wrong(f"'{self.text[at]}'", at)
        self.kind, self.word = match.lastgroup, match[match.lastgroup]
        self.start = self.at + match.start(match.lastgroup)
        self.at += match.end()

    def wrong(self, found: str, at: int | None = None, do: str = "") -> NacreError:
        at = self.start if at is None else at
        near = self.text[max(0, at - 12) : at + 18].strip()
        return NacreError(
            "the expression is not allowed", where=self.where, expected=_ALLOWED, do=do,
            found=f"{found} at character {at + 1}, near '{near}'",
        )  # fmt: skip

    def taken(self, *signs: str) -> str:
        if self.kind != "sign" or self.word not in signs:
            return ""
        word = self.word
        self.step()
        return word

    def end(self) -> None:
        if self.kind != "end":
            raise self.wrong(f"'{self.word}'")

    def sum(self):
        return self._row(self.product, "+", "-")

    def product(self):
        return self._row(self.signed, "*", "/")

    def _row(self, rule, *signs: str):
        """Terms from left to right, in a loop: a sum of a thousand terms is no tower of a thousand calls."""
        first, others = rule(), []
        while sign := self.taken(*signs):
            others.append((_OPERATORS[sign], rule()))
        if not others:
            return first

        def value(x):
            made = first(x)
            for operator, term in others:
                made = operator(made, term(x))
            return made

        return value

    def signed(self):
        minus = False
        while sign := self.taken("+", "-"):
            minus ^= sign == "-"
        value = self.power()
        return (lambda x: -value(x)) if minus else value

    def power(self):
        base = self.atom()
        if not self.taken("**"):
            return base
        exponent = self._deeper(self.signed)
        return lambda x: np.float_power(base(x), exponent(x))

    def atom(self):
        if self.kind == "number":
            number = float(self.word)
            self.step()
            return lambda x: number
        if self.kind == "name":
            return self.named()
        if self.taken("("):
            return self.bracket()
        raise self.wrong("the end" if self.kind == "end" else f"'{self.word}'")

    def named(self):
        name = self.word
        if name != "x" and name not in FUNCTIONS:
            raise self.wrong(f"'{name}'", do=did_you_mean(name, ("x", *FUNCTIONS)))
        self.step()
        if name == "x":
            return lambda x: x
        if not self.taken("("):
            raise self.wrong(f"'{name}' without brackets")
        function, inner = FUNCTIONS[name], self.bracket()
        return lambda x: function(inner(x))

    def bracket(self):
        value = self._deeper(self.sum)
        if not self.taken(")"):
            raise self.wrong("no closing bracket")
        return value

    def _deeper(self, rule):
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong(f"more than {DEEPEST} brackets or powers within each other")
        value = rule()
        self.depth -= 1
        return value
