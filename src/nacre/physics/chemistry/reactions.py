"""Reactions balanced from the formulas of their phases.

The null space of the matrix of elements by phases is found exactly, in fractions: a reaction that is returned
conserves every element exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from nacre.physics.chemistry.stoichiometry import parse_formula


class BalanceError(ValueError):
    """Phases between which no reaction, or no single one, can be written."""


@dataclass(frozen=True)
class Reaction:
    """A balanced reaction: moles of each phase per mole of the first reactant, negative where consumed."""

    coefficients: Mapping[str, Fraction]

    def __getitem__(self, phase: str) -> float:
        return float(self.coefficients[phase])

    def __str__(self) -> str:
        return f"{self._write_side(-1)} -> {self._write_side(1)}"

    def _write_side(self, sign: int) -> str:
        """The phases that are consumed (-1) or formed (1), with their amounts where these are not 1."""
        parts = []
        for phase, n in self.coefficients.items():
            amount = "" if abs(n) == 1 else f"{float(abs(n)):.4g} "
            if n * sign > 0:
                parts.append(f"{amount}{phase}")
        return " + ".join(parts)


def balance_reaction(reactants: Sequence[str], products: Sequence[str]) -> Reaction:
    """The one reaction that turns the reactants into the products.

    Solved exactly as the null space of the matrix of elements by phases.

    Parameters
    ----------
    reactants : Sequence[str]
        Formulas of the phases that are consumed.
    products : Sequence[str]
        Formulas of the phases that form.

    Returns
    -------
    Reaction
        Moles of each phase per mole of the first reactant.

    Raises
    ------
    BalanceError
        Where an element stands on one side only, where no reaction or more than one fits, or where a phase would
        have to change sides.
    """
    phases = list(dict.fromkeys((*reactants, *products)))
    if len(phases) != len(reactants) + len(products):
        twice = [p for p in phases if (*reactants, *products).count(p) > 1]
        raise BalanceError(f"{', '.join(twice)} is named twice; name each phase once, on one side")
    atoms = [parse_formula(phase) for phase in phases]
    _check_same_elements(reactants, atoms[: len(reactants)], products, atoms[len(reactants) :])
    elements = sorted({element for a in atoms for element in a})
    sign = [-1] * len(reactants) + [1] * len(products)
    rows = [[s * a.get(element, Fraction(0)) for s, a in zip(sign, atoms, strict=True)] for element in elements]
    basis = find_null_space(rows, len(phases))
    scheme = f"{' + '.join(reactants)} -> {' + '.join(products)}"
    if not basis:
        raise BalanceError(f"{scheme} cannot be balanced: no amounts of these phases conserve {', '.join(elements)}")
    if len(basis) > 1:
        raise BalanceError(
            f"{scheme} is {len(basis)} independent reactions, not one; leave a phase out or balance them one by one"
        )
    amounts = [n / basis[0][0] if basis[0][0] else n for n in basis[0]]
    for phase, n in zip(phases, amounts, strict=True):
        if n <= 0:
            role = "takes no part" if n == 0 else "would have to stand on the other side"
            raise BalanceError(f"{scheme} cannot be balanced: {phase} {role}")
    return Reaction({phase: s * n for phase, s, n in zip(phases, sign, amounts, strict=True)})


def find_null_space(rows: Sequence[Sequence[Fraction]], columns: int) -> list[list[Fraction]]:
    """A basis of the null space of an exact matrix (rows of fractions), by Gauss-Jordan elimination.

    Parameters
    ----------
    rows : Sequence[Sequence[Fraction]]
        Rows of the matrix, each of length `columns`.
    columns : int
        Number of columns.

    Returns
    -------
    list[list[Fraction]]
        Vectors of length `columns`, one for each free column.
    """
    matrix = [list(row) for row in rows]
    pivots: list[int] = []
    for column in range(columns):
        at = len(pivots)
        pivot = next((i for i in range(at, len(matrix)) if matrix[i][column]), None)
        if pivot is None:
            continue
        matrix[at], matrix[pivot] = matrix[pivot], matrix[at]
        matrix[at] = [value / matrix[at][column] for value in matrix[at]]
        for i, row in enumerate(matrix):
            if i != at and row[column]:
                matrix[i] = [value - row[column] * lead for value, lead in zip(row, matrix[at], strict=True)]
        pivots.append(column)
    basis = []
    for free in (c for c in range(columns) if c not in pivots):
        vector = [Fraction(0)] * columns
        vector[free] = Fraction(1)
        for i, column in enumerate(pivots):
            vector[column] = -matrix[i][free]
        basis.append(vector)
    return basis


def _check_same_elements(
    reactants: Sequence[str],
    reactant_atoms: Sequence[Mapping[str, Fraction]],
    products: Sequence[str],
    product_atoms: Sequence[Mapping[str, Fraction]],
) -> None:
    before = {element for atoms in reactant_atoms for element in atoms}
    after = {element for atoms in product_atoms for element in atoms}
    if before != after:
        lost, new = sorted(before - after), sorted(after - before)
        said = [f"{', '.join(lost)} only among the reactants"] if lost else []
        said += [f"{', '.join(new)} only among the products"] if new else []
        raise BalanceError(f"{' + '.join(reactants)} -> {' + '.join(products)} cannot be balanced: {'; '.join(said)}")
