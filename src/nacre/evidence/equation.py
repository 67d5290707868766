"""Equations as text: arithmetic on named operands and a few functions, parsed to a tree; nothing else is ever run."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nacre.core.errors import NacreError, did_you_mean
from nacre.materials.capacity import insertion_capacity
from nacre.physics.chemistry import stoichiometry as st
from nacre.physics.constants import FARADAY, GAS

_BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY = {ast.USub: operator.neg, ast.UAdd: operator.pos}

CONSTANTS = {"pi": math.pi, "faraday": FARADAY, "gas_constant": GAS}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "asinh": math.asinh,
    "sinh": math.sinh,
    "mass_fraction": lru_cache(st.mass_fraction),  # (formula, element): fraction of 1
    "molar_mass": lru_cache(lambda formula: 1e3 * st.molar_mass(formula)),  # g/mol
    "atoms": lru_cache(st.atoms_of),  # (formula, element): atoms per formula unit
    "theoretical_capacity": lru_cache(lambda formula, n=1.0: st.theoretical_capacity(formula, n) / 3600),  # mAh/g
    "insertion_capacity": lru_cache(insertion_capacity),  # (formula): mAh/g
}


@dataclass(frozen=True)
class Equation:
    """An equation: its text, and the names it asks for."""

    text: str
    names: frozenset[str]
    tree: ast.expr

    def __call__(self, values: Mapping[str, Any]) -> float:
        """The value, with plain numbers (and formulas, as text) for the names.

        Raises NacreError where it cannot be computed: a division by zero, a root of a negative number, a formula
        that is none.
        """
        try:
            return float(_evaluate(self.tree, values))
        except (ArithmeticError, ValueError, TypeError) as error:
            raise NacreError(f"'{self.text}' cannot be computed", found=str(error)) from error


def parse_equation(text: str, known: Mapping[str, Any] | set[str] | None = None, where: str = "") -> Equation:
    """An equation from text: numbers, "texts", names, + - * / ** and the functions of this module.

    `known` are the names it may use. Raises NacreError with the position of what is not understood.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise NacreError(
            f"cannot read the equation '{text}'", where=where, found=f"a mistake at character {error.offset}"
        ) from None
    names: set[str] = set()
    _check(tree, text, names, where)
    if known is not None:
        for name in sorted(names - set(known)):
            raise NacreError(
                f"the equation '{text}' uses '{name}', which is no operand of it",
                where=where,
                do=did_you_mean(name, [*known, *CONSTANTS]),
            )
    return Equation(text, frozenset(names), tree)


def _check(node: ast.AST, text: str, names: set[str], where: str) -> None:
    """Allows what an equation needs, and nothing else."""
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        inner = (node.left, node.right)
    elif isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        inner = (node.operand,)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if node.func.id not in FUNCTIONS:
            raise NacreError(
                f"unknown function '{node.func.id}' in the equation '{text}'",
                where=where,
                do=did_you_mean(node.func.id, FUNCTIONS) or "known: " + ", ".join(sorted(FUNCTIONS)),
            )
        inner = tuple(node.args)
    elif isinstance(node, ast.Name):
        if node.id not in CONSTANTS:
            names.add(node.id)
        inner = ()
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float, str):
        inner = ()
    else:
        raise NacreError(
            f"the equation '{text}' holds what an equation may not",
            where=where,
            found=f"'{ast.unparse(node)}' at character {getattr(node, 'col_offset', 0) + 1}",
            expected="numbers, names of operands, + - * / ** and functions like sqrt(...)",
        )
    for part in inner:
        _check(part, text, names, where)


def _evaluate(node: ast.AST, values: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return CONSTANTS[node.id] if node.id in CONSTANTS else values[node.id]
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_evaluate(node.left, values), _evaluate(node.right, values))
    if isinstance(node, ast.UnaryOp):
        return _UNARY[type(node.op)](_evaluate(node.operand, values))
    return FUNCTIONS[node.func.id](*(_evaluate(arg, values) for arg in node.args))
