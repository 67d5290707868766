"""Figures as svg inside a notebook: drawn as for print, with fewer points."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from markupsafe import Markup

from nacre.core.display import wording
from nacre.core.display.style import palette
from nacre.core.figure import Figure, Panel, Series
from nacre.core.study import Study
from nacre.export.print_figures import draw
from nacre.notebook.page import line
from nacre.report.plots import thin

POINTS = (1500, 500, 150)  # of all lines together, fewer where the drawing comes out too long
LONGEST = 36_000
PIXELS = 160  # of a picture, along each axis
_LINES = ("line", "points", "steps", "band")
# the style sheet of one drawing would hold for the whole page; what it says is said on the drawing itself instead
_PAGE_STYLE = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_ABOUT = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_STYLE = '<svg style="stroke-linejoin:round;stroke-linecap:butt;background:white;max-width:100%" '


def draw_first(figures: Iterable[Figure], study: Study | None = None) -> Markup:
    """The first figure that holds a point, as svg with its title; nothing where there is none."""
    figure = next((f for f in figures if _has_points(f)), None)
    if figure is None:
        return Markup("")
    title = wording.formula(figure.title)
    try:
        drawn = draw_svg(figure, study or Study("", Path()))
    except Exception as error:  # a figure costs no more than itself: the words and numbers beside it are shown
        return line(f"{title}: this figure cannot be drawn ({type(error).__name__}: {error})")
    if not drawn:
        return line(f"{title}: too large for a notebook, see the report")
    return drawn + line(title)


def _has_points(figure: Figure) -> bool:
    return any(not panel.empty for panel in figure.panels)


def draw_svg(figure: Figure, study: Study) -> Markup:
    """The drawing, with as many points as leave it short; "" where no number of points does."""
    samples = palette(study, [figure])
    for points in POINTS:
        text = draw(_thin_figure(figure, points), samples, kinds=("svg",))["svg"].decode()
        text = _ABOUT.sub("", _PAGE_STYLE.sub("", text[text.index("<svg ") :]))
        if len(text) <= LONGEST:
            return Markup(text.replace("<svg ", _STYLE, 1))
    return Markup("")


def _thin_figure(figure: Figure, points: int) -> Figure:
    """The figure with so many points in all its lines together (at least 20 in each)."""
    count = sum(series.kind in _LINES for panel in figure.panels for series in panel.series)
    each = max(points // max(count, 1), 20)

    def few(panel: Panel) -> Panel:
        inset = few(panel.inset) if panel.inset else None
        return replace(panel, series=tuple(_thin_series(series, each) for series in panel.series), inset=inset)

    return replace(figure, panels=tuple(few(panel) for panel in figure.panels))


def _thin_series(series: Series, most: int) -> Series:
    if series.kind == "picture" and series.z is not None:
        rows, columns = (slice(None, None, -(-n // PIXELS)) for n in series.z.shape)
        return replace(series, x=series.x[columns], y=series.y[rows], z=series.z[rows, columns])
    size = max(len(series.x), len(series.y))
    if series.kind not in _LINES or size <= most:
        return series
    ordinate = series.lo if series.kind == "band" else series.y
    is_number = ordinate is not None and ordinate.dtype.kind in "fiu"
    keep = thin(ordinate, most) if ordinate is not None and is_number else np.arange(most)
    parts = {name: getattr(series, name) for name in ("x", "y", "lo", "hi")}
    return replace(series, **{n: v[keep] for n, v in parts.items() if v is not None and len(v) == size})
