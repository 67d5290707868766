"""The circuit language: `R_bulk-(R_gb|Q_gb)-(R_cam_se|Q_cam_se)-Q_lf`.

    circuit  = series | parallel
    series   = part { "-" part }          one after the other
    parallel = part { "|" part }          side by side
    part     = element | "(" circuit ")"
    element  = symbol [ "_" label ] | symbol digits         R_gb, Q_cam_se, R1, Wo_1

`-` and `|` at one level are refused: brackets say what is meant. Spaces are ignored. Nothing is ever evaluated.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from .elements import ELEMENTS, CircuitElement
from .spectrum import ImpedanceError


@dataclass(frozen=True)
class Leaf:
    """One element with its full label, such as `Q_gb`."""

    label: str
    element: CircuitElement


@dataclass(frozen=True)
class SeriesGroup:
    parts: tuple


@dataclass(frozen=True)
class ParallelGroup:
    parts: tuple


_TOKEN = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*|[-|()])")
_LABEL = re.compile(r"([A-Za-z]+?)(?:_([A-Za-z0-9_]+)|(\d+))?$")


def parse(text):
    """The tree of `text`: Leaf, Series or Parallel. Raises ImpedanceError with the position (from 1)."""
    return _Parser(text).circuit_to_end()


class _Parser:
    def __init__(self, text):
        self.text, self.tokens, self.at, self.seen = text, _split_tokens(text), 0, {}

    def fail(self, sentence, position=None):
        where = self.tokens[self.at][1] if position is None else position
        raise ImpedanceError(f"circuit '{self.text}', position {where + 1}: {sentence}")

    def circuit_to_end(self):
        tree = self.circuit()
        token, _ = self.tokens[self.at]
        if token == ")":
            self.fail("this ')' closes nothing; drop it or add a '('.")
        return tree

    def circuit(self):
        parts, joint = [self.part()], None
        while (token := self.tokens[self.at][0]) not in (")", ""):
            if token not in "-|":
                self.fail(f"'{token}' floats: it is joined to nothing; write '-' (series) or '|' (parallel) before it.")
            if joint not in (None, token):
                self.fail("'-' and '|' are mixed at one level; put brackets around what belongs together.")
            joint = token
            self.at += 1
            parts.append(self.part())
        if joint is None:
            return parts[0]
        return SeriesGroup(tuple(parts)) if joint == "-" else ParallelGroup(tuple(parts))

    def part(self):
        token, position = self.tokens[self.at]
        if token == "":
            self.fail("an element was expected here, the text ends.")
        if token in ("-", "|", ")"):
            self.fail(f"an element was expected before '{token}'; one end of the joint floats.")
        self.at += 1
        if token != "(":
            return self.leaf(token, position)
        tree = self.circuit()
        if self.tokens[self.at][0] != ")":
            self.fail("this '(' is never closed; add a ')'.", position)
        self.at += 1
        return tree

    def leaf(self, label, position):
        match = _LABEL.match(label)
        symbol = match.group(1) if match else label
        if symbol not in ELEMENTS:
            near = get_close_matches(symbol, ELEMENTS, 1, 0.4) or [s for s in ELEMENTS if s.lower() == symbol.lower()]
            hint = f"did you mean '{near[0] + label[len(symbol) :]}'? " if near else ""
            kinds = ", ".join(f"{e.symbol} ({e.words})" for e in ELEMENTS.values())
            self.fail(f"'{label}' is no element; {hint}Elements are {kinds}.", position)
        if label in self.seen:
            first = self.seen[label] + 1
            self.fail(f"'{label}' is already at position {first}; give each element its own label.", position)
        self.seen[label] = position
        return Leaf(label, ELEMENTS[symbol])


def _split_tokens(text):
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if not match:
            bad = at + len(text[at:]) - len(text[at:].lstrip())
            raise ImpedanceError(
                f"circuit '{text}', position {bad + 1}: '{text[bad]}' is not part of the language; "
                "use elements such as R_gb, '-' (series), '|' (parallel) and brackets."
            )
        found.append((match.group(1), match.start(1)))
        at = match.end()
    if not found:
        raise ImpedanceError("the circuit is empty; write for example R_bulk-(R_gb|Q_gb)-Q_lf.")
    return found + [("", len(text))]


def list_leaves(tree):
    """The elements in the order they are written."""
    if isinstance(tree, Leaf):
        return [tree]
    return [leaf for part in tree.parts for leaf in list_leaves(part)]
