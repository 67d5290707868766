"""The figure of trends over doses: a point per cell, the isotonic means, and the line where one is enough."""

import math
from collections.abc import Iterable

import numpy as np

from nacre.core.display import wording
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.outcome import DoseTrend

MOST = 6  # panels of a figure
KEY = "dose-trends"
CAPTION = (
    "Points: {} each; full line: isotonic means, which rise or fall throughout; broken line: least squares, where "
    "nothing speaks against a line."
)


def dose_figures(trends: Iterable[DoseTrend]) -> list[Figure]:
    """One figure per coating: its primary endpoints, and those whose trend is shown or seen."""
    groups: dict[tuple, list[DoseTrend]] = {}
    for trend in trends:
        if trend.endpoint == "primary" or trend.verdict in ("shown", "seen"):
            groups.setdefault((trend.coating, trend.dose_unit), []).append(trend)
    return [_figure(found[:MOST], i) for i, found in enumerate(groups.values())]


def _figure(trends: list[DoseTrend], i: int) -> Figure:
    title = f"Dose of {trends[0].coating}" if trends[0].coating else "Dose of the coating"
    levels = wording.several(list(dict.fromkeys(trend.level for trend in trends)))
    synthetic = any(trend.origin == "synthetic" for trend in trends)
    key = f"{KEY}-{i + 1}" if i else KEY
    panels = tuple(_panel(trend) for trend in trends)
    return Figure(key, title, panels, CAPTION.format(f"one {levels}"), synthetic=synthetic, wide=len(panels) > 1)


def _panel(trend: DoseTrend) -> Panel:
    name = wording.name_words(trend.name, trend.state)
    at = wording.state_words(trend.state, trend.name)
    x = Axis(f"dose of {trend.coating}" if trend.coating else "dose", trend.dose_unit)
    y = Axis(name, trend.unit, scale="log" if trend.on_logs else "linear")
    title = f"{name}; {at}" if at else name
    return Panel(x, y, (*_points(trend), *_lines(trend)), title=title)


def _points(trend: DoseTrend) -> list[Series]:
    rows = zip(trend.samples, trend.doses, trend.values, strict=True)
    return [Series("points", np.full(len(row), dose), np.array(row), subject=name) for name, dose, row in rows]


def _lines(trend: DoseTrend) -> list[Series]:
    doses = np.array(trend.doses)
    lines = [Series("line", doses, np.array(trend.isotonic), "isotonic means")] if trend.isotonic else []
    if trend.slope is not None:
        ends = [trend.line_at_zero + trend.slope * dose for dose in (doses[0], doses[-1])]
        y = [math.exp(value) for value in ends] if trend.on_logs else ends
        lines.append(Series("line", doses[[0, -1]], np.array(y), "line", group="line", style="dashed"))
    return lines
