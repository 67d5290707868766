"""Chemical formulas, compositions and molar masses.

Amounts of atoms are exact fractions, so that `Ni0.85` is 17/20 and a reaction can balance exactly.
Wherever a formula is asked for, its text or an already parsed composition is taken.
"""

import difflib
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from nacre.physics.chemistry.elements import ATOMIC_WEIGHTS
from nacre.physics.constants import AVOGADRO, FARADAY

Composition = Mapping[str, Fraction]
Formula = str | Composition

_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_NUMBER = re.compile(r"\d+/\d+|\d+\.?\d*|\.\d+")
_SYMBOL = re.compile(r"[A-Z][a-z]?")
_CLOSING = {"(": ")", "[": "]"}
_DOTS = "·•∙⋅*"


class FormulaError(ValueError):
    """A formula that cannot be read."""


def parse_formula(text: str) -> dict[str, Fraction]:
    """Atoms per formula unit of `Li2HfO3`, `LiNi0.85Co0.1Mn0.05O2`, `LiNi1/3Co1/3Mn1/3O2`, `LiOH·H2O`, `Li3(PO4)`.

    Brackets nest; `·` or `*` joins a hydrate; subscripts may be the typographic ones. Raises FormulaError with
    the position of what it cannot read, and the elements that may have been meant.
    """
    clean = re.sub(r"\s+", "", str(text).translate(_SUBSCRIPTS).replace("–", "-"))
    if not clean:
        raise FormulaError("an empty formula; expected one like 'Li2HfO3'")
    if re.search(r"\d\.\d*H2O", clean):
        raise FormulaError(
            f"formula '{text}': a dot after a number can be a decimal point or join a hydrate; write '·' for a hydrate"
        )
    total: dict[str, Fraction] = {}
    start = 0
    for part in re.split(f"[{_DOTS}]", clean):
        lead = _NUMBER.match(part)
        factor = _read_number(lead.group(), clean, start) if lead else Fraction(1)
        atoms, end = _read_group(clean, start + (lead.end() if lead else 0), start + len(part), None)
        add_atoms(total, atoms, factor)
        start = end + 1
    return total


def read_composition(formula: Formula) -> dict[str, Fraction]:
    """Atoms per formula unit, from text or from a mapping of element to amount (decimals are taken as written)."""
    if isinstance(formula, str):
        return parse_formula(formula)
    atoms = {element: convert_to_fraction(amount) for element, amount in formula.items()}
    for element, amount in atoms.items():
        if element not in ATOMIC_WEIGHTS:
            raise FormulaError(
                f"'{element}' is not an element with a standard atomic weight{_suggest_elements(element)}"
            )
        if amount < 0:
            raise FormulaError(f"a negative amount of {element}: {float(amount):g}")
    return {element: amount for element, amount in atoms.items() if amount}


def convert_to_fraction(number) -> Fraction:
    """The number as written: 0.85 is 17/20, not its binary neighbour. Raises FormulaError where not finite."""
    if isinstance(number, Fraction):
        return number
    if not math.isfinite(number):
        raise FormulaError(f"an amount must be finite; found {number}")
    return Fraction(repr(float(number)))


def write_formula(atoms: Formula) -> str:
    """Formula text of a composition, elements in the order they come: {'Li': 1, 'Ni': 17/20} -> 'LiNi0.85'.

    `parse_formula` gives exactly the same amounts back.
    """
    return "".join(element + ("" if n == 1 else _write_decimal(n)) for element, n in read_composition(atoms).items())


def compute_molar_mass(formula: Formula) -> float:
    """Molar mass in kg/mol, from the standard atomic weights of IUPAC (2021)."""
    return math.fsum(float(n) * ATOMIC_WEIGHTS[element][0] for element, n in read_composition(formula).items()) * 1e-3


def compute_molar_mass_errors(formula: Formula) -> dict[str, float]:
    """Standard uncertainty of the molar mass, kg/mol, that each element's atomic weight brings.

    Elements are independent of each other; two formulas that share an element share its error.
    The bounds of IUPAC are read as half-widths of rectangular distributions (Possolo et al. 2018).
    """
    return {
        element: float(n) * ATOMIC_WEIGHTS[element][1] * 1e-3 / math.sqrt(3)
        for element, n in read_composition(formula).items()
    }


def compute_mass_fraction(formula: Formula, element: str) -> float:
    """Mass of an element per mass of the compound. Raises FormulaError where the compound has none of it."""
    return count_atoms(formula, element) * ATOMIC_WEIGHTS[element][0] * 1e-3 / compute_molar_mass(formula)


def count_atoms(formula: Formula, element: str) -> float:
    """Atoms of an element per formula unit. Raises FormulaError where there are none."""
    atoms = read_composition(formula)
    if element not in atoms:
        raise FormulaError(f"{_write_text(formula)} holds no {element}; it is made of {', '.join(atoms)}")
    return float(atoms[element])


def compute_theoretical_capacity(formula: Formula, electrons: float = 1.0) -> float:
    """Charge per mass, C/kg, of `electrons` per formula unit: n F / M (3600 C/kg = 1 mAh/g)."""
    return electrons * FARADAY / compute_molar_mass(formula)


def compute_cell_density(formula: Formula, units: float, volume: float) -> float:
    """Density in kg/m3 of a crystal with `units` formula units in a cell of `volume` m3."""
    return units * compute_molar_mass(formula) / (AVOGADRO * volume)


def compute_cell_volume(
    a: float, b: float, c: float, alpha: float = 90.0, beta: float = 90.0, gamma: float = 90.0
) -> float:
    """Volume of a unit cell, in the cube of the unit of a, b and c; angles in degrees."""
    x, y, z = (math.cos(math.radians(angle)) for angle in (alpha, beta, gamma))
    return a * b * c * math.sqrt(1 - x * x - y * y - z * z + 2 * x * y * z)


# --- reading a formula --------------------------------------------------------------------------------------


def _read_group(text: str, at: int, end: int, closing: str | None) -> tuple[dict[str, Fraction], int]:
    """Atoms from `at` to `end` or the closing bracket, and where that stands."""
    atoms: dict[str, Fraction] = {}
    while at < end and text[at] != closing:
        if text[at] in _CLOSING:
            inner, at = _read_group(text, at + 1, end, _CLOSING[text[at]])
            at += 1
        else:
            inner, at = _read_element(text, at)
        count = _NUMBER.match(text, at, end)
        factor = _read_number(count.group(), text, at) if count else Fraction(1)
        at = count.end() if count else at
        add_atoms(atoms, inner, factor)
    if closing and at >= end:
        raise FormulaError(f"formula '{text}': a bracket is not closed; expected '{closing}' at the end")
    if not atoms:
        raise FormulaError(f"formula '{text}': nothing at position {at + 1}; expected an element symbol")
    return atoms, at


def _read_element(text: str, at: int) -> tuple[dict[str, Fraction], int]:
    match = _SYMBOL.match(text, at)
    if match is None:
        raise FormulaError(
            f"formula '{text}': found '{text[at]}' at position {at + 1}; "
            "expected an element symbol, a number or a bracket"
        )
    symbol = match.group()
    if symbol not in ATOMIC_WEIGHTS:
        raise FormulaError(
            f"formula '{text}': '{symbol}' at position {at + 1} is not an element with a standard atomic weight"
            + _suggest_elements(symbol)
        )
    return {symbol: Fraction(1)}, match.end()


def _read_number(written: str, text: str, at: int) -> Fraction:
    top, _, bottom = written.partition("/")
    if bottom and not int(bottom):
        raise FormulaError(f"formula '{text}': division by zero at position {at + 1}")
    value = Fraction(top) / (int(bottom) if bottom else 1)
    if value <= 0:
        raise FormulaError(f"formula '{text}': found '{written}' at position {at + 1}; expected an amount above 0")
    return value


def add_atoms(total: dict[str, Fraction], atoms: Mapping[str, Fraction], factor: Fraction) -> None:
    """Adds `factor` times the atoms to a running total."""
    for element, n in atoms.items():
        total[element] = total.get(element, Fraction(0)) + factor * n


def _suggest_elements(symbol: str) -> str:
    near = [e for e in ATOMIC_WEIGHTS if e.lower() == symbol.lower()]
    near = near or difflib.get_close_matches(symbol, ATOMIC_WEIGHTS, n=3, cutoff=0.5)
    return "; did you mean " + " or ".join(f"'{e}'" for e in near) + "?" if near else ""


def _write_decimal(n: Fraction) -> str:
    """The amount as a decimal where that is exact, else as a fraction."""
    bottom = n.denominator
    for prime in (2, 5):
        while bottom % prime == 0:
            bottom //= prime
    if bottom > 1:
        return f"{n.numerator}/{n.denominator}"
    return f"{Decimal(n.numerator) / Decimal(n.denominator):f}"


def _write_text(formula: Formula) -> str:
    return formula if isinstance(formula, str) else write_formula(formula)
