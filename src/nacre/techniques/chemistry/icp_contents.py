"""What an emission run gave of each element, and the tables of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve
from nacre.techniques.chemistry.icp_line import LineResult


@dataclass(frozen=True)
class ElementContent:
    """What was found of one element: its content in wt%, by line and digest; the detection limit in wt%."""

    symbol: str
    content: Quantity
    single: tuple[tuple[str, str, Quantity], ...]  # line, digest, content
    limit: Quantity
    recovery: Quantity | None
    budget: Mapping[str, float]
    checks: tuple[Check, ...]
    lines: tuple[LineResult, ...]


def tabulate_contents(found: Sequence[ElementContent]) -> Curve:
    """One row per digest and line: the content before recovery and assay."""
    rows = [(element.symbol, *row) for element in found for row in element.single]
    return Curve(
        "contents",
        {
            "element": (np.array([row[0] for row in rows]), "1"),
            "line": (np.array([row[1] for row in rows]), "1"),
            "digest": (np.array([row[2] for row in rows]), "1"),
            "content": (np.array([row[3].value for row in rows]), "wt%"),
            "std": (np.array([np.nan if row[3].std is None else row[3].std for row in rows]), "wt%"),
        },
    )


def tabulate_budget(found: Sequence[ElementContent]) -> Curve:
    rows = [(element.symbol, kind, std) for element in found for kind, std in element.budget.items()]
    return Curve(
        "budget",
        {
            "element": (np.array([row[0] for row in rows], str), "1"),
            "source": (np.array([row[1] for row in rows], str), "1"),
            "std": (np.array([row[2] for row in rows], float), "wt%"),
        },
    )


def tabulate_calibration(found: Sequence[ElementContent]) -> Curve:
    """Every standard of every line: its signal with drift taken out, and how far it lies off the line."""
    rows = [
        (line.rows.name, x, y, y - line.line.intercept - line.line.slope * x)
        for element in found
        for line in element.lines
        for x, y in zip(line.line.x, line.line.y, strict=True)
    ]
    names, held, signal, off = zip(*rows, strict=True)
    return Curve(
        "calibration",
        {
            "line": (np.array(names, str), "1"),
            "standard": (np.array(held), "mg/L"),
            "signal": (np.array(signal), "cps"),
            "residual": (np.array(off), "cps"),
        },
    )
