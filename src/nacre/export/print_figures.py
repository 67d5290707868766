"""Figures for print: SVG and PDF in journal width by matplotlib, and their data for Origin.

The object-oriented interface is used throughout: no global figure, no window system. Text stays text in both
formats, so that a label can still be edited; dates are left out, so that equal figures are equal files.
"""

import csv
import io
import logging
import math
import threading
from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Any

import numpy as np

from nacre.core.display.style import (
    VIRTUAL_TAG,
    Look,
    Palette,
    axis_title,
    bar_slots,
    categories,
    emptiest_corner,
    looks,
    positions,
    pretty_unit,
    tag_corner,
)
from nacre.core.figure import Axis, Figure, Panel, Series, columns, extent

SINGLE, WIDE = 3.3, 7.0
CROWDED = 60  # letters of categories that stand side by side under one column
INK, MUTED = "#1A1A1A", "#767676"
_DASH = {"solid": "-", "dash": (0, (5, 2)), "dot": (0, (1, 1.5)), "dashdot": (0, (5, 1.5, 1, 1.5))}
_MARKER = {"circle": "o", "square": "s", "diamond": "D", "triangle": "^", "cross": "X", "star": "*"}
_INSET = {"left": 0.14, "right": 0.6, "bottom": 0.16, "top": 0.58}
_LOCK = threading.Lock()  # matplotlib's settings are global


@lru_cache(maxsize=1)
def _make_settings() -> Any:
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    wanted = ("Arial", "Helvetica", "Liberation Sans", "DejaVu Sans")
    return {
        "font.family": [name for name in wanted if name in installed] or ["DejaVu Sans"],
        "font.size": 8,
        "axes.labelsize": 8,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "legend.fontsize": 6.5,
        "axes.linewidth": 0.7,
        "lines.linewidth": 1.0,
        "lines.markersize": 3.2,
        "xtick.direction": "in",
        "ytick.direction": "in",
        "xtick.top": True,
        "ytick.right": True,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "text.parse_math": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "nacre",
        "pdf.fonttype": 42,
        "axes.unicode_minus": True,
    }


def draw(
    figure: Figure, samples: Palette, columns: int | None = None, kinds: Sequence[str] = ("svg", "pdf")
) -> dict[str, bytes]:
    """The figure as `{"svg": ..., "pdf": ...}`, one column (3.3 in) or two (7 in) of a journal wide.

    columns : where it is not given, two if the figure asks for it or has several panels, else one.
    """
    import matplotlib
    from matplotlib.figure import Figure as Canvas
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with _LOCK, matplotlib.rc_context(_make_settings()):
        logging.getLogger("fontTools").setLevel(logging.ERROR)
        rows, cols, size = _grid(figure, columns)
        canvas = Canvas(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04))
        frames = canvas.subplots(rows, cols, squeeze=False).ravel()
        seen = looks(figure, samples)
        several, across = len(figure.panels) > 1, 4 if size[0] > SINGLE else 2
        keys: dict[str, Any] = {}
        for i, (panel, frame) in enumerate(zip(figure.panels, frames, strict=False)):
            own = _draw_panel(frame, panel, seen, figure.synthetic)
            keys |= {name: handle for name, handle in own.items() if name not in keys}
            if not several:
                # long names beside the axis leave the legend one column's room
                _draw_legend(
                    frame, own, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=1 if panel.y.categories else 2
                )
            _draw_head(frame, panel, i if several else None)
        if several:  # one legend for all panels: several would leave them no room
            canvas.set_size_inches(size[0], size[1] + 0.14 * math.ceil(len(keys) / across))
            _draw_legend(canvas, keys, loc="outside upper left", ncols=across)
        for frame in frames[len(figure.panels) :]:
            frame.remove()
        return {kind: _save(canvas, figure, kind) for kind in kinds}


def _save(canvas, figure: Figure, kind: str) -> bytes:
    stream = io.BytesIO()
    title = f"{figure.title} ({VIRTUAL_TAG})" if figure.synthetic else figure.title
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None, "ModDate": None}}[kind]
    canvas.savefig(stream, format=kind, metadata={"Title": title, "Creator": "Nacre"} | dates)
    return stream.getvalue()


def _grid(figure: Figure, columns: int | None) -> tuple[int, int, tuple[float, float]]:
    """Rows and columns of panels, and the size in inches."""
    n = len(figure.panels)
    wide = columns == 2 or (columns != 1 and (figure.wide or n > 1))
    width = WIDE if wide else SINGLE
    cols = 2 if n in (2, 4) else 3
    if n == 1 or not wide:
        cols = 1
    rows = math.ceil(n / cols)
    part = 0.42 if cols == 1 and width == WIDE else 0.8
    return rows, cols, (width, rows * width / cols * part)


def _draw_head(frame, panel: Panel, place: int | None) -> None:
    letter = "" if place is None else f"({chr(97 + place)}) "
    if letter or panel.title:
        legend = frame.get_legend()
        rows = math.ceil(len(legend.get_texts()) / 2) if legend else 0
        frame.set_title(f"{letter}{panel.title}".strip(), loc="left", fontsize=8, pad=4 + 9 * rows)


def _draw_panel(frame, panel: Panel, seen: dict[int, Look], synthetic: bool) -> dict[str, Any]:
    """Draws one panel; returns what its legend would show, by name."""
    right = frame.twinx() if panel.right else None
    _plot(frame, right, panel, seen)
    if panel.inset:
        side, level = emptiest_corner(panel)
        small = frame.inset_axes([_INSET[side], _INSET[level], 0.37, 0.36])
        small.tick_params(labelsize=5.5, length=2)
        _plot(small, None, panel.inset, seen)
        small.xaxis.label.set_size(6)
        small.yaxis.label.set_size(6)
    if synthetic:
        _draw_tag(frame, panel)
    drawn = [axes.get_legend_handles_labels() for axes in (frame, right) if axes is not None]
    return {name: handle for handles, names in reversed(drawn) for handle, name in zip(handles, names, strict=True)}


def _draw_tag(frame, panel: Panel) -> None:
    corner = tag_corner(panel)
    style = {"style": "italic", "fontsize": 6.5, "color": MUTED, "zorder": 1}
    if any(series.kind == "heat" for series in panel.series):
        style |= {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.5}, "zorder": 3}
    if corner is None:  # below the axis, at the end of the line of its title
        down = -4 if panel.picture else -16
        place = {"xycoords": "axes fraction", "xytext": (0, down), "textcoords": "offset points"}
        frame.annotate(VIRTUAL_TAG, (1, 0), ha="right", va="top", **place, **style)
        return
    side, level = corner
    at = (0.03 if side == "left" else 0.97, 0.04 if level == "bottom" else 0.96)
    frame.text(*at, VIRTUAL_TAG, transform=frame.transAxes, ha=side, va=level, **style)


def _draw_legend(where, keys: dict[str, Any], **place) -> None:
    if len(keys) > 1:
        style = {"frameon": False, "handlelength": 2, "borderaxespad": 0.3, "labelspacing": 0.25, "columnspacing": 1}
        where.legend(list(keys.values()), list(keys), **place, **style)


def _plot(frame, right, panel: Panel, seen: dict[int, Look]) -> None:
    slots = bar_slots(panel)
    for series in panel.series:
        target = right if series.right and right is not None else frame
        _draw_series(target, panel, series, seen[id(series)], slots.get(id(series)))
    _draw_axis(frame, panel.x, "x", categories(panel, "x"))
    _draw_axis(frame, panel.y, "y", categories(panel, "y"))
    if right is not None and panel.right is not None:
        _draw_axis(right, panel.right, "y", ())
        frame.tick_params(right=False)
    if panel.picture:  # the scale bar says what the axes would
        frame.set(xlim=extent(panel.picture.x), ylim=sorted(extent(panel.picture.y), reverse=panel.y.reverse))
        frame.tick_params(**dict.fromkeys(("left", "right", "top", "bottom", "labelleft", "labelbottom"), False))
        frame.set(xlabel="", ylabel="")
    if panel.x.equal or panel.y.equal:
        frame.set_aspect("equal", adjustable="box")


def _draw_axis(frame, axis: Axis, side: str, names: tuple[str, ...]) -> None:
    put = {key: getattr(frame, f"set_{side}{key}") for key in ("label", "scale", "lim", "ticks")}
    put["label"](axis_title(axis))
    if axis.scale == "log":
        put["scale"]("log")
        drawn = frame.xaxis if side == "x" else frame.yaxis
        drawn.set_major_formatter(_format_power_of_ten)
        drawn.set_minor_formatter(lambda value, _place: _choose_ticks_between(value, *drawn.get_view_interval()))
    if names:
        crowded = side == "x" and len(names) * max(map(len, names)) > CROWDED
        put["ticks"](range(len(names)), names, **({"rotation": 90} if crowded else {}))
        put["lim"](-0.6, len(names) - 0.4)
    if axis.limits:
        put["lim"](*sorted(axis.limits))
    if axis.reverse:
        (frame.xaxis if side == "x" else frame.yaxis).set_inverted(True)


def _format_power_of_ten(value: float, _place: int = 0) -> str:
    power = math.log10(value)
    if not math.isclose(power, round(power), abs_tol=1e-6):
        return f"{value:g}"
    return "10" + str(round(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _choose_ticks_between(value: float, low: float, high: float) -> str:
    """Numbers between powers of ten where an axis spans less than a decade, 2 and 5 where it spans less than two."""
    leads = float(f"{value:e}"[:3]) in (2, 5)
    return f"{value:g}" if high < 10 * low or (high < 100 * low and leads) else ""


def _draw_series(frame, panel: Panel, series: Series, look: Look, slot) -> None:
    colour = look.colour or INK
    name = look.name if series.legend and series.kind != "text" and look.name else "_nolegend_"
    if series.kind == "rule":
        return _draw_rule(frame, series, look)
    x, y = (positions(getattr(series, side), categories(panel, side)) for side in ("x", "y"))
    match series.kind:
        case "picture":
            shape = (*extent(series.x), *reversed(extent(series.y)))  # the first row is the top one
            frame.imshow(series.z, cmap="gray", vmin=0, vmax=255, extent=shape, interpolation="none")
        case "heat":
            grey = panel.x.equal or panel.y.equal
            shown = frame.pcolormesh(x, y, series.z, cmap="gray" if grey else "cividis", rasterized=True)
            frame.figure.colorbar(shown, ax=frame, label=series.label, pad=0.02)
        case "band":
            frame.fill_between(x, series.lo, series.hi, color=colour, alpha=0.2, linewidth=0, label=name)
        case "text":
            for px, py, word in zip(x, y, series.words, strict=True):
                frame.text(px, py, word, color=colour, fontsize=7, ha="center", va="bottom", clip_on=True)
        case "bars":
            shift, width = slot
            frame.bar(x + shift, y, width, color=colour, alpha=1 if look.filled else 0.4, label=name, linewidth=0)
            _draw_errors(frame, x + shift, y, series, INK)
        case "points":
            face = colour if look.filled else "none"
            marks = {"marker": _MARKER[look.marker], "markerfacecolor": face, "markeredgewidth": 0.7}
            frame.plot(x, y, linestyle="none", color=colour, label=name, **marks)
            _draw_errors(frame, x, y, series, colour)
        case _:
            bold = 2.0 if panel.picture and not series.legend else None
            style = "steps-post" if series.kind == "steps" else "default"
            frame.plot(x, y, color=colour, linestyle=_DASH[look.dash], drawstyle=style, label=name, linewidth=bold)
    return None


def _draw_errors(frame, x, y, series: Series, colour: str) -> None:
    if series.lo is None or series.hi is None:
        return
    spread = np.clip(np.vstack([y - series.lo, series.hi - y]), 0, None)
    frame.errorbar(x, y, yerr=spread, fmt="none", ecolor=colour, elinewidth=0.7, capsize=1.8, label="_nolegend_")


def _draw_rule(frame, series: Series, look: Look) -> None:
    style = {"color": look.colour or MUTED, "linewidth": 0.7, "zorder": 0.5}
    style["linestyle"] = _DASH["dot" if look.dash == "solid" else look.dash]
    words = {"color": MUTED, "fontsize": 6}
    if len(series.x):
        value = float(series.x[0])
        frame.axvline(value, **style)
        words |= {"rotation": 90, "ha": "right", "va": "top", "transform": frame.get_xaxis_transform()}
        frame.text(value, 0.98, series.label, **words)
    else:
        value = float(series.y[0])
        frame.axhline(value, **style)
        words |= {"ha": "right", "va": "bottom", "transform": frame.get_yaxis_transform()}
        frame.text(0.99, value, series.label, **words)


def table(figure: Figure, samples: Palette) -> str:
    """The figure's data as csv with three header rows (name, unit, comment), one column per array, as Origin wants."""
    names = {key: look.name for key, look in looks(figure, samples).items()}
    found = columns(figure, names)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([[c.name for c in found], [pretty_unit(c.unit) for c in found], [c.comment for c in found]])
    cells = [map(_format_cell, column.values.tolist()) for column in found]
    writer.writerows(zip_longest(*cells, fillvalue=""))
    return out.getvalue()


def _format_cell(value) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return str(value)
