"""Figures of the titration of residual lithium."""

from collections.abc import Sequence

import numpy as np

from nacre.core.context import Context
from nacre.core.figure import Axis, Figure, Panel, Series


def draw(found: Sequence, context: Context, synthetic: bool) -> tuple[Figure, ...]:
    """The curves with their fits and residuals."""
    who = context.sample.name if context.sample else ""
    top, below = [], []
    for i, one in enumerate(found):
        volume, group = one.curve.acid * 1e3, str(i + 1) if len(found) > 1 else ""
        top += [
            Series("points", volume, one.curve.ph, who, who, group),
            Series("line", volume, one.fit.ph, "fit", who, group, legend=False),
        ]
        below.append(Series("points", volume, one.fit.residuals, who, who, group, legend=False))
        for amount in (one.fit.values[0] - one.fit.values[1], one.fit.values[0]):
            end = np.array([amount / one.curve.strength * 1e3])
            top.append(Series("rule", end, np.zeros(0), subject=who, legend=False))
    x = Axis("Acid", "mL")
    panels = (Panel(x, Axis("pH"), tuple(top)), Panel(x, Axis("pH less its fit"), tuple(below)))
    caption = "Titration of the aqueous extract with acid; lines: fit of the whole curve and its end points."
    return (Figure("titration", "Titration of residual lithium", panels, caption, "Supporting information", synthetic),)
