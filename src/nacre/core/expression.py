"""Arithmetic as text: numbers, named operands, + - * / **, brackets and the functions a user of it allows.

A text becomes a tree by a parser of its own; nothing in it is ever run as code. Powers bind as in Python, from right to
left and before a minus in front. Length, depth and exponents are limited, so that no text can take long.
"""

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from nacre.core.errors import NacreError, did_you_mean

LONGEST, DEEPEST, LARGEST_EXPONENT = 20_000, 60, 100
OPERATORS: dict[str, Callable] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
}  # fmt: skip
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|[-+*/(),])"
    r"|(?P<text>'[^']*'|\"[^\"]*\"))"
)


@dataclass(frozen=True)
class Language:
    """What a text may hold.

    Parameters
    ----------
    functions : by name; they get what `Expression.value` has for their arguments.
    constants : numbers by name.
    names : the operands there are; None: any, and `Expression.names` says which were used.
    texts : whether functions may take several arguments and quoted texts.
    words : what the operands are called in an error.
    """

    functions: Mapping[str, Callable]
    constants: Mapping[str, float] = field(default_factory=dict)
    names: Collection[str] | None = None
    texts: bool = False
    words: str = "operands"

    @property
    def allowed(self) -> str:
        """What may stand in a text, in words."""
        functions = ", ".join(f"{name}()" for name in self.functions)
        return f"numbers, {', '.join([self.words, *self.constants])}, + - * / **, brackets, {functions}"


@dataclass(frozen=True)
class Constant:
    """A number or a quoted text."""

    value: float | str


@dataclass(frozen=True)
class ExpressionOperand:
    name: str


@dataclass(frozen=True)
class Chain:
    """Terms from left to right, in a row: a sum of a thousand terms is no tower of a thousand nodes."""

    first: Any
    others: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Negative:
    inner: Any


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple


@dataclass(frozen=True)
class Expression:
    """A text, its tree, and the names of the operands in it."""

    text: str
    tree: Any
    names: frozenset[str]
    language: Language

    def value(self, operands: Mapping[str, Any], operators: Mapping[str, Callable] = OPERATORS) -> Any:
        """The value with numbers, arrays or quantities for the names; `operators` as NumPy's where numbers shall
        behave as arrays do. Raises what the arithmetic raises."""
        return _evaluate(self.tree, operands, self.language, operators)


def _evaluate(node: Any, operands: Mapping[str, Any], language: Language, operators: Mapping[str, Callable]) -> Any:
    def at(inner):
        return _evaluate(inner, operands, language, operators)

    match node:
        case Constant(value):
            return value
        case ExpressionOperand(name):
            return language.constants[name] if name in language.constants else operands[name]
        case Negative(inner):
            return -at(inner)
        case Call(name, arguments):
            return language.functions[name](*map(at, arguments))
    made = at(node.first)
    for sign, term in node.others:
        made = operators[sign](made, at(term))
    return made


def parse(text: str, language: Language, where: str = "") -> Expression:
    """The expression that a text writes down. Raises NacreError with the place in the text and what is allowed."""
    if len(text) > LONGEST:
        raise NacreError(
            "the expression is too long", where=where, found=f"{len(text)} characters", expected=f"at most {LONGEST}"
        )
    reader = _Reader(text, language, where)
    tree = reader.sum()
    reader.end()
    return Expression(text, tree, frozenset(reader.names), language)


class _Reader:
    """Recursive descent over the tokens; every rule returns a node."""

    def __init__(self, text: str, language: Language, where: str):
        self.text, self.language, self.where, self.at, self.depth = text, language, where, 0, 0
        self.kind, self.word, self.start = "", "", 0
        self.names: set[str] = set()
        self.step()

    def step(self) -> None:
        rest = self.text[self.at :]
        if not rest.strip():
            self.kind, self.word, self.start = "end", "", len(self.text)
            return
        match = _TOKEN.match(rest)
        kind = match.lastgroup if match else None
        if match is None or kind is None or (match[kind][0] in ",'\"" and not self.language.texts):
            at = self.at + len(rest) - len(rest.lstrip())
            raise self.wrong(f"'{self.text[at]}'", at)
        self.kind, self.word = kind, match[kind]
        self.start = self.at + match.start(kind)
        self.at += match.end()

    def wrong(self, found: str, at: int | None = None, do: str = "") -> NacreError:
        at = self.start if at is None else at
        near = self.text[max(0, at - 12) : at + 18].strip()
        return NacreError(
            "the expression is not allowed", where=self.where, expected=self.language.allowed, do=do,
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
        return self._parse_row(self.product, "+", "-")

    def product(self):
        return self._parse_row(self.signed, "*", "/")

    def _parse_row(self, rule, *signs: str):
        first, others = rule(), []
        while sign := self.taken(*signs):
            others.append((sign, rule()))
        return Chain(first, tuple(others)) if others else first

    def signed(self):
        minus = False
        while sign := self.taken("+", "-"):
            minus ^= sign == "-"
        value = self.power()
        return Negative(value) if minus else value

    def power(self):
        base = self.atom()
        start = self.start
        if not self.taken("**"):
            return base
        exponent = self._parse_deeper(self.signed)
        self._check_exponent(exponent, start)
        return Chain(base, (("**", exponent),))

    def _check_exponent(self, exponent, start: int) -> None:
        """A constant exponent is of modest size: no tower of powers grows without end."""
        if _has_names(exponent):
            return
        try:
            size = abs(_evaluate(exponent, {}, self.language, OPERATORS))
        except (ArithmeticError, ValueError, TypeError):
            size = math.inf
        if not size <= LARGEST_EXPONENT:
            raise self.wrong(f"an exponent beyond {LARGEST_EXPONENT}", start)

    def atom(self):
        if self.kind == "number":
            number = float(self.word)
            self.step()
            return Constant(number)
        if self.kind == "text":
            raise self.wrong(f"{self.word} outside a function's brackets")
        if self.kind == "name":
            return self.named()
        if self.taken("("):
            return self.bracket()
        raise self.wrong("the end" if self.kind == "end" else f"'{self.word}'")

    def named(self):
        name, start = self.word, self.start
        self.step()
        if self.kind == "sign" and self.word == "(":
            if name not in self.language.functions:
                raise self.wrong(f"'{name}'", start, did_you_mean(name, self.language.functions))
            self.step()
            return Call(name, self.arguments())
        self._check_operand(name, start)
        return ExpressionOperand(name)

    def _check_operand(self, name: str, start: int) -> None:
        language = self.language
        if name in language.functions:
            raise self.wrong(f"'{name}' without brackets", start)
        if name in language.constants:
            return
        if language.names is not None and name not in language.names:
            raise self.wrong(f"'{name}'", start, did_you_mean(name, [*language.names, *language.constants]))
        self.names.add(name)

    def arguments(self) -> tuple:
        found = [self._parse_deeper(self.argument)]
        while self.taken(","):
            found.append(self._parse_deeper(self.argument))
        self._close()
        return tuple(found)

    def argument(self):
        if self.kind != "text":
            return self.sum()
        text = self.word[1:-1]
        self.step()
        return Constant(text)

    def bracket(self):
        value = self._parse_deeper(self.sum)
        self._close()
        return value

    def _close(self) -> None:
        if not self.taken(")"):
            raise self.wrong("no closing bracket")

    def _parse_deeper(self, rule):
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong(f"more than {DEEPEST} brackets or powers within each other")
        value = rule()
        self.depth -= 1
        return value


def _has_names(node: Any) -> bool:
    """Whether a tree holds an operand or a function."""
    match node:
        case ExpressionOperand() | Call():
            return True
        case Negative(inner):
            return _has_names(inner)
        case Chain(first, others):
            return _has_names(first) or any(_has_names(term) for _, term in others)
    return False
