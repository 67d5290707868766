"""A circuit: its tree, its named parameters, its impedance and its analytic Jacobian in log parameters."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache

import numpy as np

from .elements import Slot
from .grammar import Leaf, ParallelGroup, SeriesGroup, list_leaves, parse
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
    def tree(self):
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
    def program(self):
        """Postfix code for the kernel, int64 (steps, 2): element code and first parameter, or SERIES/PARALLEL."""
        steps, first = [], 0
        for item in _write_postfix(self.tree):
            steps.append((item.element.code, first) if isinstance(item, Leaf) else (item, 0))
            first += len(item.element.slots) if isinstance(item, Leaf) else 0
        return np.array(steps, np.int64)

    def index(self, name):
        """Place of a parameter; raises ImpedanceError with did-you-mean."""
        if name in self.names:
            return self.names.index(name)
        near = get_close_matches(name, self.names, 1, 0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ImpedanceError(f"circuit '{self.text}' has no parameter '{name}'; {hint}It has: {', '.join(self.names)}.")

    def vector(self, values):
        """Parameter values, shape (p,), from a mapping of names or a sequence in order."""
        if not hasattr(values, "keys"):
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

    def impedance(self, frequency, values):
        """Z [ohm], shape (n,), at frequency [Hz] for `values` (mapping or sequence)."""
        return self.impedance_and_jacobian(frequency, values)[0]

    def impedance_and_jacobian(self, frequency, values):
        """Z [ohm] (n,) and dZ/dln(p) [ohm] (n, p)."""
        log_omega = np.log(2 * np.pi * np.asarray(frequency, float))
        return evaluate_impedance(self.program, self.vector(values), log_omega)


def _write_postfix(tree):
    if isinstance(tree, Leaf):
        return [tree]
    code = SERIES if isinstance(tree, SeriesGroup) else PARALLEL
    out = _write_postfix(tree.parts[0])
    for part in tree.parts[1:]:
        out += [*_write_postfix(part), code]
    return out


@lru_cache(maxsize=256)
def parse_circuit(text: str) -> Circuit:
    """The circuit written as `text`. Raises ImpedanceError with the position of a mistake."""
    made = Circuit(text)
    _ = made.tree
    return made


def find_arcs(made: Circuit):
    """Pairs (resistor label, Q or C label) of the two-element parallel groups in the outermost series."""
    parts = made.tree.parts if isinstance(made.tree, SeriesGroup) else (made.tree,)
    found = []
    for part in parts:
        if isinstance(part, ParallelGroup) and len(part.parts) == 2 and all(isinstance(p, Leaf) for p in part.parts):
            by_symbol = {leaf.element.symbol: leaf.label for leaf in part.parts}
            store = by_symbol.get("Q") or by_symbol.get("C")
            if "R" in by_symbol and store:
                found.append((by_symbol["R"], store))
    return tuple(found)
