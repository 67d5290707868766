"""Figures as data: what is drawn, not how. The report draws them with plotly, print with matplotlib."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

KINDS = ("line", "points", "bars", "band", "heat", "rule", "text", "steps", "picture")


@dataclass(frozen=True)
class Axis:
    """Label and unit of an axis; `equal` asks for the same scale on both axes of the panel (Nyquist)."""

    label: str
    unit: str = ""
    scale: str = "linear"
    limits: tuple[float, float] | None = None
    equal: bool = False
    reverse: bool = False
    categories: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.label} / {self.unit}" if self.unit not in ("", "1") else self.label


@dataclass(frozen=True)
class Series:
    """One drawn thing. `subject` is the sample it belongs to (it gives the colour), `group` tells runs of one
    subject apart (a C-rate, a cycle; it gives the shade or the dash).

    kind : line, points, steps: x, y (n,); bars: x, y; band: x, lo, hi; rule: x or y of length 1 (the other empty);
    text: x, y and `words`; heat: x (n,), y (m,), z (m, n); picture: the same with z the grey, 0 (black) to 255 (white),
    of evenly spaced pixels, x and y rising.
    lo, hi : ends of error bars of points and bars.
    cell : whose it is, for the table of the figure's data; the pipeline fills it in.
    """

    kind: str
    x: np.ndarray
    y: np.ndarray
    label: str = ""
    subject: str = ""
    group: str = ""
    lo: np.ndarray | None = None
    hi: np.ndarray | None = None
    z: np.ndarray | None = None
    words: tuple[str, ...] = ()
    style: str = "solid"
    marker: str = "filled"
    right: bool = False
    legend: bool = True
    cell: str = ""

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"a series is one of {KINDS}, not '{self.kind}'")
        for name in ("x", "y", "lo", "hi", "z"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, np.atleast_1d(np.asarray(value)))

    @property
    def drawn(self) -> bool:
        """Whether it holds a data point."""
        if self.kind == "rule":
            return False
        ordinate = {"band": self.lo, "heat": self.z, "picture": self.z}.get(self.kind, self.y)
        return _is_known(self.x) and ordinate is not None and _is_known(ordinate)


def _is_known(values: np.ndarray) -> bool:
    """Whether a value is a word or a finite number."""
    return bool(np.isfinite(values).any()) if values.dtype.kind in "fc" else values.size > 0


def extent(centres: np.ndarray) -> tuple[float, float]:
    """Where a picture begins and ends along an axis, from the centres (n,) of its pixels."""
    half = 0.5 * (centres[-1] - centres[0]) / max(len(centres) - 1, 1)
    return float(centres[0] - half), float(centres[-1] + half)


@dataclass(frozen=True)
class Panel:
    """One pair of axes (and a right-hand y axis where `right` is given)."""

    x: Axis
    y: Axis
    series: tuple[Series, ...] = ()
    right: Axis | None = None
    title: str = ""
    inset: "Panel | None" = None

    @property
    def empty(self) -> bool:
        """Whether no data point can be drawn; a rule alone is none."""
        return not any(s.drawn for s in self.series)

    @property
    def picture(self) -> Series | None:
        """The picture that the panel shows; what else is in it is drawn over the picture."""
        return next((s for s in self.series if s.kind == "picture"), None)


@dataclass(frozen=True)
class Figure:
    """A figure. Figures of the same `key` from several samples are drawn as one.

    place : where it belongs in the reference paper's order ("Fig. 4a"), for sorting and captions.
    synthetic : made, in whole or part, from virtual files; it is said wherever the figure is shown.
    """

    key: str
    title: str
    panels: tuple[Panel, ...]
    caption: str = ""
    place: str = ""
    synthetic: bool = False
    wide: bool = False
    sources: tuple[str, ...] = field(default=())


def of_cell(figure: Figure, cell: str) -> Figure:
    """The figure with every series that names no cell said to be of this one."""

    def told(panel: Panel) -> Panel:
        series = tuple(s if s.cell else replace(s, cell=cell) for s in panel.series)
        return replace(panel, series=series, inset=told(panel.inset) if panel.inset else None)

    return replace(figure, panels=tuple(map(told, figure.panels))) if cell else figure


def merge(figures: Iterable[Figure]) -> list[Figure]:
    """One figure per key, the series of all of them together; first seen, first drawn."""
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(figure.key, []).append(figure)
    return [_merge_one(group) for group in groups.values()]


def _merge_one(group: list[Figure]) -> Figure:
    panels = []
    for i in range(max(len(figure.panels) for figure in group)):
        same = [figure.panels[i] for figure in group if i < len(figure.panels)]
        insets = [panel.inset for panel in same if panel.inset]
        inset = replace(insets[0], series=tuple(s for p in insets for s in p.series)) if insets else None
        panels.append(replace(same[0], series=tuple(s for p in same for s in p.series), inset=inset))
    captions = list(dict.fromkeys(figure.caption for figure in group if figure.caption))
    return replace(
        group[0],
        panels=tuple(panels),
        caption=" ".join(captions),
        synthetic=any(figure.synthetic for figure in group),
        sources=tuple(dict.fromkeys(source for figure in group for source in figure.sources)),
    )


@dataclass(frozen=True)
class FigureColumn:
    """One column of a figure's data: what it is, its unit, and the series it belongs to.

    `place` is (panel, inset, series) and `part` the series' field, for those who know the series' arrays already.
    """

    name: str
    unit: str
    comment: str
    values: np.ndarray
    place: tuple[int, bool, int]
    part: str


def columns(figure: Figure, names: Mapping[int, str] | None = None) -> list[FigureColumn]:
    """All data of a figure as columns, in the order of panels and series; a heat map as rows x, y, z.

    `names[id(series)]` is what a series is called in the comment (default: its label, subject and group).
    """
    found: list[FigureColumn] = []
    for i, panel in enumerate(figure.panels):
        title = panel.title if len(figure.panels) > 1 else ""
        for j, series in enumerate(panel.series):
            comment = _write_comment(figure, panel, series, title, (names or {}).get(id(series)))
            found += _make_columns(series, panel, comment, (i, False, j))
        if panel.inset is None:
            continue
        title = panel.inset.title if len(figure.panels) > 1 else ""
        for j, series in enumerate(panel.inset.series):
            comment = _write_comment(figure, panel.inset, series, title, (names or {}).get(id(series)), "inset")
            found += _make_columns(series, panel.inset, comment, (i, True, j))
    return found


def _write_comment(figure: Figure, frame: Panel, series: Series, title: str, name: str | None, inset: str = "") -> str:
    """What stands above a column: panel, series, and whether the data are virtual."""
    own = dict.fromkeys(word for word in (series.subject, series.label) if word)
    name = name or " ".join(own)
    words = [title, name, *_describe_series(series, frame, name), inset, "virtual data" if figure.synthetic else ""]
    return ", ".join(word for word in words if word)


def _describe_series(series: Series, frame: Panel, name: str) -> list[str]:
    """What tells a series from the others of its sample: the cell, the run, whether it is points or a line."""
    words = [word for word in dict.fromkeys((series.cell, series.group)) if word and word not in name]
    like = [s for s in frame.series if (s.subject, s.cell, s.group) == (series.subject, series.cell, series.group)]
    return [*words, series.kind] if len({s.kind for s in like}) > 1 else words


def _make_columns(series: Series, panel: Panel, comment: str, place: tuple[int, bool, int]) -> list[FigureColumn]:
    x, y = panel.x, panel.right if series.right and panel.right else panel.y
    if series.kind == "picture":  # its numbers are in the image's own file
        return []
    if series.kind == "heat" and series.z is not None:
        gx, gy = np.meshgrid(series.x, series.y)
        parts = [(x.label, x.unit, gx.ravel(), "x"), (y.label, y.unit, gy.ravel(), "y")]
        parts.append((series.label or "value", "", series.z.ravel(), "z"))
    else:
        parts = [(axis.label, axis.unit, getattr(series, part), part) for axis, part in ((x, "x"), (y, "y"))]
        parts += [
            (f"{y.label} ({end})", y.unit, value, part)
            for part, end, value in (("lo", "low", series.lo), ("hi", "high", series.hi))
            if value is not None
        ]
        if series.words:
            parts.append(("words", "", np.array(series.words, dtype=object), "words"))
    return [FigureColumn(name, unit, comment, value, place, part) for name, unit, value, part in parts if len(value)]
