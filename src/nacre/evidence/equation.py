"""Equations of relations as text: arithmetic on named operands, with functions of numbers and of formulas."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nacre.core.errors import NacreError
from nacre.core.expression import Expression, Language, parse
from nacre.materials.capacity import compute_insertion_capacity
from nacre.physics.chemistry import stoichiometry as st
from nacre.physics.constants import FARADAY, GAS

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
    "mass_fraction": lru_cache(st.compute_mass_fraction),  # (formula, element): fraction of 1
    "molar_mass": lru_cache(lambda formula: 1e3 * st.compute_molar_mass(formula)),  # g/mol
    "atoms": lru_cache(st.count_atoms),  # (formula, element): atoms per formula unit
    "theoretical_capacity": lru_cache(
        lambda formula, n=1.0: st.compute_theoretical_capacity(formula, n) / 3600
    ),  # mAh/g
    "insertion_capacity": lru_cache(compute_insertion_capacity),  # (formula): mAh/g
}


@dataclass(frozen=True)
class Equation:
    """An equation: its text, and the names it asks for."""

    expression: Expression

    @property
    def text(self) -> str:
        return self.expression.text

    @property
    def names(self) -> frozenset[str]:
        return self.expression.names

    def __call__(self, values: Mapping[str, Any]) -> float:
        """The value, with plain numbers (and formulas, as text) for the names.

        Raises NacreError where it cannot be computed: a division by zero, a root of a negative number, a formula
        that is none.
        """
        operands = {name: float(v) if isinstance(v, int) else v for name, v in values.items()}
        try:
            return float(self.expression.value(operands))
        except (ArithmeticError, ValueError, TypeError) as error:
            raise NacreError(f"'{self.text}' cannot be computed", found=str(error)) from error


def parse_equation(text: str, known: Collection[str] | None = None, where: str = "") -> Equation:
    """An equation from text: numbers, "texts", names, + - * / ** and the functions of this module.

    `known` are the names it may use. Raises NacreError with the position of what is not understood.
    """
    return Equation(parse(text, Language(FUNCTIONS, CONSTANTS, known, texts=True), where))
