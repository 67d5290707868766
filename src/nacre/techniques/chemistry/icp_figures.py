"""Figure of ICP-OES: contents by element."""

from collections.abc import Sequence

import numpy as np

from nacre.core.context import Context
from nacre.core.figure import Axis, Figure, Panel, Series


def draw(found: Sequence, context: Context, synthetic: bool) -> tuple[Figure, ...]:
    """Contents of all elements (the table of contents, drawn); what was not detected shows its limit only."""
    who = context.sample.name if context.sample else ""
    names = tuple(element.symbol for element in found)
    there = [element for element in found if element.content.value >= element.limit.value]
    contents = [element.content for element in there]
    lo = hi = None
    if all(content.bounded for content in contents):
        lo, hi = np.array([content.lo95 for content in contents]), np.array([content.hi95 for content in contents])
    at = np.array([element.symbol for element in there], str)
    value = np.array([content.value for content in contents])
    floor = np.array([element.limit.value for element in found])
    series = (
        Series("points", at, value, who, who, lo=lo, hi=hi),
        Series("points", np.array(names, str), floor, "limit", who, "limit", marker="open"),
    )
    panel = Panel(Axis("Element", categories=names), Axis("Content", "wt%", scale="log"), series)
    caption = "Contents by ICP-OES with 95 % intervals where the budget is complete; open: detection limits."
    return (Figure("icp-contents", "Elemental contents by ICP-OES", (panel,), caption, "Tab. S3", synthetic),)
