"""Figures of ICP-OES: contents by element, calibration lines."""

from collections.abc import Sequence

import numpy as np

from nacre.core.context import Context
from nacre.core.figure import Axis, Figure, Panel, Series


def draw(found: Sequence, context: Context, synthetic: bool) -> tuple[Figure, ...]:
    """Contents as bars (the table of contents, drawn), and one calibration line per element."""
    who = context.sample.name if context.sample else ""
    return (_contents(found, who, synthetic), _calibrations(found, who, synthetic))


def _contents(found: Sequence, who: str, synthetic: bool) -> Figure:
    names = tuple(element.symbol for element in found)
    value = np.array([element.content.value for element in found])
    bounded = all(element.content.bounded for element in found)
    lo, hi = (
        np.array([getattr(element.content, side) for element in found]) if bounded else None
        for side in ("lo95", "hi95")
    )
    floor = np.array([element.limit.value for element in found])
    series = (
        Series("points", np.array(names), value, who, who, lo=lo, hi=hi),
        Series("points", np.array(names), floor, "detection limit", who, "detection limit", marker="open"),
    )
    panel = Panel(Axis("Element", categories=names), Axis("Content", "wt%", scale="log"), series)
    caption = "Contents by ICP-OES with 95 % intervals where the budget is complete; open: detection limits."
    return Figure("icp-contents", "Elemental contents by ICP-OES", (panel,), caption, "Tab. S3", synthetic)


def _calibrations(found: Sequence, who: str, synthetic: bool) -> Figure:
    panels = []
    for element in found:
        series = []
        for result in element.lines:
            line = result.line
            reach = np.array([0.0, float(line.x.max())])
            scale = line.slope * float(line.x.max())
            name, drawn = result.rows.name, (line.intercept + line.slope * reach) / scale
            series += [
                Series("points", line.x, line.y / scale, name, who, name),
                Series("line", reach, drawn, "", who, name, legend=False),
            ]
        axes = Axis("Standard", "mg/L"), Axis("Signal over that of the highest")
        panels.append(Panel(*axes, tuple(series), title=element.symbol))
    caption = "Calibration lines, drift taken out."
    return Figure(
        "icp-calibration", "Calibration of the emission lines", tuple(panels), caption, "", synthetic, wide=True
    )
