"""A circuit: its tree, its named parameters, its impedance and its analytic Jacobian in log parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike

from .elements import Slot
from .grammar import Leaf, ParallelGroup, SeriesGroup, Tree, list_leaves, parse
from .kernel import evaluate_impedance
from .spectrum import ImpedanceError

SERIES, PARALLEL = -1, -2


@dataclass(frozen=True)
class CircuitParameter:
    """A parameter of a circuit: `R_gb` for an element with one, `Q_gb.Q` and `Q_gb.n` for one with several."""

    name: str
    element: str
    slot: Slot

    @property
    def unit(self):
        return self.slot.unit


@dataclass(frozen=True)
class Circuit:
    """A parsed circuit. Make it with `parse_circuit(text)`; it can be compared, hashed and sent to another process."""

    text: str

    @cached_property
    def tree(self) -> Tree:
        return parse(self.text)

    @cached_property
    def elements(self) -> tuple[Leaf, ...]:
        return tuple(list_leaves(self.tree))

    @cached_property
    def parameters(self) -> tuple[CircuitParameter, ...]:
        return tuple(
            CircuitParameter(
                leaf.label if len(leaf.element.slots) == 1 else f"{leaf.label}.{slot.name}", leaf.label, slot
            )
            for leaf in self.elements
            for slot in leaf.element.slots
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters)

    @cached_property
    def program(self) -> np.ndarray:
        """Postfix code for the kernel, int64 (steps, 2): element code and first parameter, or SERIES/PARALLEL."""
        steps, first = [], 0
        for item in _write_postfix(self.tree):
            steps.append((item.element.code, first) if isinstance(item, Leaf) else (item, 0))
            first += len(item.element.slots) if isinstance(item, Leaf) else 0
        return np.array(steps, np.int64)

    def index(self, name: str) -> int:
        """Place of a parameter; raises ImpedanceError with did-you-mean.

        Parameters
        ----------
        name : str
            Name of the parameter.

        Returns
        -------
        int
            Position among `names`.
        """
        if name in self.names:
            return self.names.index(name)
        near = get_close_matches(name, self.names, 1, 0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ImpedanceError(f"circuit '{self.text}' has no parameter '{name}'; {hint}It has: {', '.join(self.names)}.")

    def vector(self, values: Mapping[str, float] | ArrayLike) -> np.ndarray:
        """Parameter values, shape (p,), from a mapping of names or a sequence in order.

        Parameters
        ----------
        values : Mapping[str, float] | ArrayLike
            Parameter values by name, or in order, shape (p,).

        Returns
        -------
        np.ndarray
            Values in order, shape (p,).
        """
        if not isinstance(values, Mapping):
            vector = np.array(values, float)
            if vector.shape != (len(self.names),):
                raise ImpedanceError(
                    f"circuit '{self.text}' has {len(self.names)} parameters; {vector.size} values were given."
                )
            return vector
        vector = np.full(len(self.names), np.nan)
        for name, value in values.items():
            vector[self.index(name)] = value
        if np.isnan(vector).any():
            missing = ", ".join(np.array(self.names)[np.isnan(vector)])
            raise ImpedanceError(f"circuit '{self.text}': no value given for {missing}.")
        return vector

    def impedance(self, frequency: np.ndarray, values: Mapping[str, float] | ArrayLike) -> np.ndarray:
        """Z [ohm], shape (n,), at frequency [Hz] for `values` (mapping or sequence).

        Parameters
        ----------
        frequency : np.ndarray
            Frequencies, Hz, shape (n,), rising or falling.
        values : Mapping[str, float] | ArrayLike
            Parameter values by name, or in order, shape (p,).

        Returns
        -------
        np.ndarray
            Complex impedance, ohm, shape (n,).
        """
        return self.impedance_and_jacobian(frequency, values)[0]

    def impedance_and_jacobian(
        self, frequency: np.ndarray, values: Mapping[str, float] | ArrayLike
    ) -> tuple[np.ndarray, np.ndarray]:
        """Z [ohm] (n,) and dZ/dln(p) [ohm] (n, p).

        Parameters
        ----------
        frequency : np.ndarray
            Frequencies, Hz, shape (n,), rising or falling.
        values : Mapping[str, float] | ArrayLike
            Parameter values by name, or in order, shape (p,).

        Returns
        -------
        tuple[np.ndarray, np.ndarray]
            Z, shape (n,), and dZ/dln(p), shape (n, p), both in ohm.
        """
        log_omega = np.log(2 * np.pi * np.asarray(frequency, float))
        return evaluate_impedance(self.program, self.vector(values), log_omega)


def _write_postfix(tree: Tree) -> list[Leaf | int]:
    if isinstance(tree, Leaf):
        return [tree]
    code = SERIES if isinstance(tree, SeriesGroup) else PARALLEL
    out = _write_postfix(tree.parts[0])
    for part in tree.parts[1:]:
        out += [*_write_postfix(part), code]
    return out


@lru_cache(maxsize=256)
def parse_circuit(text: str) -> Circuit:
    """The circuit written as `text`.

    Parameters
    ----------
    text : str
        The circuit in the language of `grammar`.

    Returns
    -------
    Circuit
        The circuit.

    Raises
    ------
    ImpedanceError
        With the position of a mistake.
    """
    made = Circuit(text)
    _ = made.tree
    return made


def find_arcs(made: Circuit) -> tuple[tuple[str, str], ...]:
    """Pairs (resistor label, Q or C label) of the two-element parallel groups in the outermost series.

    Parameters
    ----------
    made : Circuit
        A parsed circuit.

    Returns
    -------
    tuple[tuple[str, str], ...]
        Labels (resistor, Q or C) of each arc.
    """
    parts = made.tree.parts if isinstance(made.tree, SeriesGroup) else (made.tree,)
    found = []
    for part in parts:
        if isinstance(part, ParallelGroup) and len(part.parts) == 2 and all(isinstance(p, Leaf) for p in part.parts):
            by_symbol = {leaf.element.symbol: leaf.label for leaf in part.parts if isinstance(leaf, Leaf)}
            store = by_symbol.get("Q") or by_symbol.get("C")
            if "R" in by_symbol and store:
                found.append((by_symbol["R"], store))
    return tuple(found)
