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
    bounded = all(element.content.bounded for element in there)
    lo, hi = (
        np.array([getattr(element.content, side) for element in there]) if bounded else None
        for side in ("lo95", "hi95")
    )
    at = np.array([element.symbol for element in there], str)
    value, floor = (
        np.array([element.content.value for element in there]),
        np.array([element.limit.value for element in found]),
    )
    series = (
        Series("points", at, value, who, who, lo=lo, hi=hi),
        Series("points", np.array(names, str), floor, "limit", who, "limit", marker="open"),
    )
    panel = Panel(Axis("Element", categories=names), Axis("Content", "wt%", scale="log"), series)
    caption = "Contents by ICP-OES with 95 % intervals where the budget is complete; open: detection limits."
    return (Figure("icp-contents", "Elemental contents by ICP-OES", (panel,), caption, "Tab. S3", synthetic),)
