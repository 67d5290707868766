"""Figures as plotly sees them: plain dictionaries, ready for JSON.

Colours of the page (text, background, grid) are written as `@ink`, `@paper`, `@muted`, `@line`; the page puts in
those of its light or dark theme. A series longer than `LONGEST` points is thinned to the extremes of equal
stretches, which no eye can tell from the whole; the figure then says so.
"""

import base64
import html
import io
import itertools
import math
from typing import Any

import numpy as np

from nacre.core.display.style import (
    VIRTUAL_TAG,
    Look,
    Palette,
    axis_title,
    bar_slots,
    categories,
    decades,
    emptiest_corner,
    looks,
    positions,
    tag_corner,
)
from nacre.core.figure import Axis, Figure, Panel, Series, columns, extent

LONGEST = 4000
HEAT_SIDE = 400
INSET = {"left": (0.13, 0.48), "right": (0.62, 0.97), "bottom": (0.16, 0.48), "top": (0.62, 0.95)}
_SYMBOLS = {"triangle": "triangle-up", "cross": "x"}


def draw(figure: Figure, samples: Palette) -> dict[str, Any]:
    """`{"panels": [{"traces", "layout"}], "columns": [...], "thinned": bool}`.

    A column is `{"name", "unit", "comment"}` with `"values"`, or with `"at": [panel, trace, part]` where a trace
    already holds them.
    """
    seen = looks(figure, samples)
    panels, places, thinned = [], {}, False
    for i, panel in enumerate(figure.panels):
        drawing = _Drawing(seen)
        drawing.panel(panel, inset=False)
        if panel.inset:
            drawing.inset(panel)
        if figure.synthetic:
            drawing.tag(panel)
        panels.append({"traces": drawing.traces, "layout": drawing.layout})
        places.update({(i, *place): at for place, at in drawing.places.items()})
        thinned = thinned or drawing.thinned
    names = {key: look.name for key, look in seen.items()}
    table = [_place_column(column, places) for column in columns(figure, names)]
    return {"panels": panels, "columns": table, "thinned": thinned}


def _place_column(column, places) -> dict[str, Any]:
    head = {"name": column.name, "unit": column.unit, "comment": column.comment}
    panel, inset, series = column.place
    at = places.get((panel, inset, series, column.part))
    return head | ({"at": [panel, *at]} if at else {"values": numbers(column.values)})


class _Drawing:
    """Traces and layout of one panel as they come together. `places` tells which trace holds which array."""

    def __init__(self, seen: dict[int, Look]):
        self.seen, self.thinned = seen, False
        self.traces: list[dict[str, Any]] = []
        self.places: dict[Any, Any] = {}
        self.named: set[str] = set()
        self.layout: dict[str, Any] = {
            "shapes": [],
            "annotations": [],
            "margin": {"l": 8, "r": 10, "t": 28, "b": 8},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "@line", "activecolor": "@ink"},
            "paper_bgcolor": "@paper",
            "plot_bgcolor": "@paper",
            "font": {"size": 13, "color": "@ink"},
            "hovermode": "closest",
            "barmode": "overlay",
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.02,
                "yanchor": "bottom",
                "font": {"size": 12},
                "bgcolor": "rgba(0,0,0,0)",
                "tracegroupgap": 0,
            },
        }

    def panel(self, panel: Panel, inset: bool) -> None:
        x, y = ("x3", "y3") if inset else ("x", "y")
        self.layout[_get_layout_key(x)] = axis(panel.x, categories(panel, "x"))
        self.layout[_get_layout_key(y)] = axis(panel.y, categories(panel, "y"))
        for side, axis_ in (("x", panel.x), ("y", panel.y)):
            if axis_.scale == "log" and decades(panel, side) < 2:
                self.layout[_get_layout_key(x if side == "x" else y)]["dtick"] = "D2"
        if panel.y.equal or panel.x.equal:
            fit = "domain" if panel.picture or any(s.kind == "heat" for s in panel.series) else "range"
            self.layout[_get_layout_key(y)] |= {
                "scaleanchor": x,
                "scaleratio": 1,
                "constrain": fit,
                "constraintoward": "bottom",
            }
            self.layout[_get_layout_key(x)] |= {"constrain": fit, "constraintoward": "left"}
        if any(s.kind == "bars" for s in panel.series) and panel.y.scale == "linear" and not panel.y.limits:
            self.layout[_get_layout_key(y)]["rangemode"] = "tozero"
        if panel.right and not inset:
            self.layout["yaxis2"] = axis(panel.right, ()) | {"overlaying": "y", "side": "right", "mirror": False}
            self.layout["yaxis2"] |= {"tickmode": "auto"}
            self.layout["yaxis"]["mirror"] = False
        slots = bar_slots(panel)
        for j, series in enumerate(panel.series):
            on = "y2" if series.right and panel.right and not inset else y
            self._draw_series(series, panel, (inset, j), {"xaxis": x, "yaxis": on}, slots.get(id(series)))
        self.layout["showlegend"] = len(self.named) > 1

    def inset(self, panel: Panel) -> None:
        if panel.inset is None:
            return
        side, level = emptiest_corner(panel)
        self.panel(panel.inset, inset=True)
        small = {"tickfont": {"size": 10}, "title_font_size": 11}
        for key, domain, anchor in (("xaxis3", INSET[side], "y3"), ("yaxis3", INSET[level], "x3")):
            axis_ = self.layout[key]
            axis_ |= {"domain": list(domain), "anchor": anchor, "tickfont": small["tickfont"], "nticks": 4}
            axis_["title"]["font"] = {"size": small["title_font_size"]}

    def tag(self, panel: Panel) -> None:
        words = {"text": f"<i>{VIRTUAL_TAG}</i>", "showarrow": False, "font": {"size": 11, "color": "@muted"}}
        corner = tag_corner(panel)
        if corner:
            side, level = corner
            spot = {"x": 0.02 if side == "left" else 0.98, "y": 0.03 if level == "bottom" else 0.97}
        else:  # below the axis, at the end of the line of its title
            side, level, spot = "right", "top", {"x": 1, "y": 0, "yshift": -26}
        anchors = {"xref": "x domain", "yref": "y domain", "xanchor": side, "yanchor": level}
        if any(s.kind == "heat" for s in panel.series):
            words |= {"bgcolor": "@paper", "borderpad": 2}
        self.layout["annotations"].append(words | spot | anchors)

    def _draw_series(self, series: Series, panel: Panel, place: tuple, axes: dict, slot) -> None:
        look = self.seen[id(series)]
        if series.kind == "rule":
            return self._draw_rule(series, look, axes)
        if series.kind == "picture":
            return self._draw_picture(series, panel, axes)
        trace = axes | {
            "name": escape(look.name),
            "legendgroup": look.name,
            "showlegend": self._is_in_legend(series, look),
        }
        if series.kind == "heat":
            return self.traces.append(trace | self._draw_heat(series, panel))
        if series.kind == "band":
            return self._draw_band(series, panel, look, place, trace)
        x, y = (positions(getattr(series, side), categories(panel, side)) for side in ("x", "y"))
        keep = thin(y) if series.kind in ("line", "steps") else np.arange(len(y))
        self.thinned = self.thinned or len(keep) < len(y)
        trace |= {"x": numbers(x[keep]), "y": numbers(y[keep])} | _make_markers(series, look)
        if panel.picture and not series.legend:
            trace |= {"hoverinfo": "skip", "textposition": "top center"}
            trace |= {"line": {"color": look.colour, "width": 3}} if series.kind == "line" else {}
        if series.kind == "bars" and slot:
            trace |= {"offset": slot[0] - slot[1] / 2, "width": slot[1]}
        if series.lo is not None and series.hi is not None:
            trace["error_y"] = _make_error_bars(series, look, y)
        self._note(place, series, len(self.traces), {"x": "x", "y": "y"})
        return self.traces.append(trace)

    def _note(self, place, series, index, parts) -> None:
        """Remember that a trace holds a series' arrays, unless words were turned into places."""
        for part, key in parts.items():
            if getattr(series, part).dtype.kind not in "USO":
                self.places[(*place, part)] = (index, key)

    def _is_in_legend(self, series: Series, look: Look) -> bool:
        shown = series.legend and bool(look.name) and look.name not in self.named
        shown = shown and series.kind not in ("heat", "text")
        if shown:
            self.named.add(look.name)
        return shown

    def _draw_band(self, series: Series, panel: Panel, look: Look, place, trace) -> None:
        x = positions(series.x, categories(panel, "x"))
        fill = _add_alpha(look.colour or "#808080", 0.2)
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "x": numbers(x)}
        self._note(place, series, len(self.traces), {"x": "x", "lo": "y"})
        self.traces.append(trace | edge | {"y": numbers(series.lo), "showlegend": False})
        self._note(place, series, len(self.traces), {"hi": "y"})
        self.traces.append(trace | edge | {"y": numbers(series.hi), "fill": "tonexty", "fillcolor": fill})

    def _draw_heat(self, series: Series, panel: Panel) -> dict[str, Any]:
        x, y = (positions(getattr(series, side), categories(panel, side)) for side in ("x", "y"))
        z = np.empty((0, 0)) if series.z is None else series.z
        stride = max(1, math.ceil(max(z.shape) / HEAT_SIDE))
        self.thinned = self.thinned or stride > 1
        bar = {"thickness": 10, "outlinewidth": 0, "title": {"text": escape(series.label), "side": "right"}}
        return {
            "type": "heatmap",
            "x": numbers(x[::stride]),
            "y": numbers(y[::stride]),
            "z": [numbers(row[::stride], 4) for row in z[::stride]],
            "colorscale": "Greys" if panel.x.equal or panel.y.equal else "Cividis",
            "colorbar": bar,
        }

    def _draw_picture(self, series: Series, panel: Panel, axes: dict) -> None:
        if series.z is None:
            return
        (left, right), (low, high) = extent(series.x), extent(series.y)
        up = panel.y.reverse
        image = {"source": _encode_png(series.z), "xref": axes["xaxis"], "yref": axes["yaxis"], "layer": "below"}
        image |= {"x": left, "y": low if up else high, "sizex": right - left, "sizey": high - low, "sizing": "stretch"}
        self.layout.setdefault("images", []).append(image)
        self.layout[_get_layout_key(axes["xaxis"])]["range"] = [left, right]
        self.layout[_get_layout_key(axes["yaxis"])] |= {"range": [high, low] if up else [low, high], "autorange": False}

    def _draw_rule(self, series: Series, look: Look, axes: dict) -> None:
        upright = len(series.x) > 0
        value = float((series.x if upright else series.y)[0])
        x, y = axes["xaxis"], axes["yaxis"]
        line = {"color": look.colour or "@muted", "width": 1, "dash": look.dash if look.dash != "solid" else "dot"}
        ends = {"x0": value, "x1": value, "y0": 0, "y1": 1, "xref": x, "yref": f"{y} domain"}
        if not upright:
            ends = {"x0": 0, "x1": 1, "y0": value, "y1": value, "xref": f"{x} domain", "yref": y}
        self.layout["shapes"].append({"type": "line", "line": line, "layer": "below"} | ends)
        if series.label:
            across = _get_layout_key(x if upright else y)
            # plotly wants the exponent of what is placed on a logarithmic axis
            at = math.log10(value) if self.layout[across]["type"] == "log" else value
            spot = {"x": at, "y": 0.98, "xref": x, "yref": f"{y} domain", "textangle": -90, "xanchor": "right"}
            spot |= {"yanchor": "top"}
            if not upright:
                spot = {"x": 0.99, "y": at, "xref": f"{x} domain", "yref": y, "xanchor": "right"}
                spot |= {"yanchor": "bottom"}
            words = {"text": escape(series.label), "showarrow": False, "font": {"size": 11, "color": "@muted"}}
            self.layout["annotations"].append(words | spot)


def _encode_png(grey: np.ndarray) -> str:
    """A picture as the page shows it: a PNG of 8 bits, in the page itself."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.asarray(grey).astype(np.uint8)).save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _make_markers(series: Series, look: Look) -> dict[str, Any]:
    colour = look.colour or "@ink"
    line = {"color": colour, "width": 1.6, "dash": look.dash}
    symbol = _SYMBOLS.get(look.marker, look.marker) + ("" if look.filled else "-open")
    size = 6 if len(series.x) <= 80 else 4
    match series.kind:
        case "bars":
            return {"type": "bar", "marker": {"color": colour if look.filled else _add_alpha(colour, 0.35)}}
        case "points":
            return {"type": "scatter", "mode": "markers", "marker": {"color": colour, "size": size, "symbol": symbol}}
        case "text":
            words = [escape(word) for word in series.words]
            return {"type": "scatter", "mode": "text", "text": words, "textfont": {"color": colour, "size": 12}}
        case "steps":
            return {"type": "scatter", "mode": "lines", "line": line | {"shape": "hv"}}
    return {"type": "scatter", "mode": "lines", "line": line}


def _make_error_bars(series: Series, look: Look, y: np.ndarray) -> dict[str, Any]:
    up, down = series.hi - y, y - series.lo
    style = {"thickness": 1.1, "width": 3, "color": "@ink" if series.kind == "bars" else look.colour or "@ink"}
    return {"type": "data", "symmetric": False, "array": numbers(up), "arrayminus": numbers(down)} | style


def _get_layout_key(axis_id: str) -> str:
    return f"{axis_id[0]}axis{axis_id[1:]}"


def axis(axis_: Axis, names: tuple[str, ...]) -> dict[str, Any]:
    """Layout of one axis: boxed, ticks inside, no grid, as journals print it."""
    out: dict[str, Any] = {
        "title": {"text": escape(axis_title(axis_)), "standoff": 8},
        "type": "log" if axis_.scale == "log" else "linear",
        "showline": True,
        "mirror": True,
        "ticks": "inside",
        "ticklen": 4,
        "showgrid": False,
        "zeroline": False,
        "linecolor": "@line",
        "tickcolor": "@line",
        "automargin": True,
    }
    if axis_.scale == "log":
        out |= {"exponentformat": "power", "dtick": 1}
    limits = axis_.limits
    if names:
        out |= {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": [_wrap_text(n) for n in names]}
        limits = limits or (-0.6, len(names) - 0.4)
    if limits:
        lo, hi = (math.log10(v) for v in limits) if axis_.scale == "log" else limits
        out["range"] = [hi, lo] if axis_.reverse and hi > lo else [lo, hi]
    elif axis_.reverse:
        out["autorange"] = "reversed"
    return out


def _wrap_text(name: str, longest: int = 10) -> str:
    """A name under an axis in two lines, parted at the space nearest to its middle, where it is long."""
    spaces = [i for i, letter in enumerate(name) if letter == " "]
    if len(name) <= longest or not spaces:
        return escape(name)
    at = min(spaces, key=lambda i: abs(i - len(name) / 2))
    return f"{escape(name[:at])}<br>{escape(name[at + 1 :])}"


def escape(text: str) -> str:
    """Plotly reads a little HTML in every text; this text is to be shown as it is."""
    return html.escape(str(text), quote=False)


def _add_alpha(colour: str, alpha: float) -> str:
    if not colour.startswith("#"):
        return colour
    return f"rgba({int(colour[1:3], 16)},{int(colour[3:5], 16)},{int(colour[5:7], 16)},{alpha})"


def thin(y: np.ndarray, longest: int = LONGEST) -> np.ndarray:
    """Indices of at most about `longest` points that keep both ends and the extremes of equal stretches."""
    if len(y) <= longest:
        return np.arange(len(y))
    edges = np.linspace(0, len(y), longest // 2 + 1).astype(int)
    filled = np.where(np.isfinite(y), y, np.nanmean(y) if np.isfinite(y).any() else 0.0)
    keep = {0, len(y) - 1}
    for start, stop in itertools.pairwise(edges):
        keep.update((start + int(filled[start:stop].argmin()), start + int(filled[start:stop].argmax())))
    return np.array(sorted(keep))


def numbers(values, digits: int = 7) -> list:
    """Plain numbers for JSON, to `digits` significant digits; what is not finite becomes None."""
    out: list[Any] = []
    for value in np.asarray(values).tolist():
        if isinstance(value, str):
            out.append(value)
        elif value is None or not math.isfinite(value):
            out.append(None)
        else:
            short = float(f"{value:.{digits}g}")
            out.append(int(short) if short == int(short) and abs(short) < 1e15 else short)
    return out
