"""How things look, wherever they are drawn: one colour and marker per sample, units and numbers as they are printed.

The colours are those of Okabe and Ito (Color Universal Design, 2008), told apart with every common kind of
colour blindness; a sample also has a marker of its own, a run of it (a C-rate, a cycle) a shade and a dash.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.study import Study

PALETTE = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#7B6FB0")
MARKERS = ("circle", "square", "diamond", "triangle", "cross", "star")
DASHES = ("solid", "dash", "dot", "dashdot")
NEUTRAL = ""
ON_PICTURE = ("#E5B700", "#2EB8FF", "#D6337C", "#3FAE5A")  # seen on grey of any shade, and on the page
BAR = "#FFFFFF"
_CLOUD = ("line", "points", "bars", "steps")
VIRTUAL_TAG = "virtual data"
_DASH_WORDS = {"dashed": "dash", "dotted": "dot", "dash-dot": "dashdot", "--": "dash", ":": "dot", "-": "solid"}
_UNITS = {"degC": "°C", "Ang": "Å", "ohm": "Ω", "um": "µm", "C-rate": "C", "arb": "arb. u.", "deg": "°"}
_UNITS |= {f"u{unit}": f"µ{unit}" for unit in ("F", "A", "V", "mol", "g", "L", "S", "W")}
_ELEMENTS = frozenset(
    re.findall(
        "[A-Z][a-z]?",
        "HHeLiBeBCNOFNeNaMgAlSiPSClArKCaScTiVCrMnFeCoNiCuZnGaGeAsSeBrKrRbSrYZrNbMoTcRuRhPdAgCdInSnSbTeIXe"
        "CsBaLaCePrNdSmEuGdTbDyHoErTmYbLuHfTaWReOsIrPtAuHgTlPbBiThU",
    )
)
_SIMPLE = {"O2", "N2", "H2", "CO2", "Cl2", "F2"}
# not the hexagonal phases of a layered oxide: H2 in M-H2 and H2-H3
_FORMULA = re.compile(r"(?<!M-)(?<!H2-)\b(?:[A-Z][a-z]?\d*(?:\.\d+)?)+\b(?!-H3)")
_DOWN = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Look:
    """How one series is drawn. `colour` is "" for the text's own colour."""

    colour: str
    dash: str
    marker: str
    filled: bool
    name: str


@dataclass(frozen=True)
class Palette:
    """Colour, marker and title of every sample of a study, in the study's order."""

    colours: dict[str, str]
    markers: dict[str, str]
    titles: dict[str, str]

    def colour(self, subject: str) -> str:
        return self.colours.get(subject, NEUTRAL)


def palette(study: Study, figures: Iterable[Figure] = ()) -> Palette:
    """Samples in the study's order, then subjects that only figures know, in order of appearance.

    A subject may be a sample's name or label, or the name of a cell (it takes its sample's colour).
    """
    same = {sample.title: name for name, sample in study.samples.items()}
    same |= {cell.name: cell.sample for cell in study.cells.values() if cell.name not in study.samples}
    drawn = [s.subject for figure in figures for panel in figure.panels for s in _list_series(panel) if s.subject]
    order = list(dict.fromkeys([*study.samples, *(subject for subject in drawn if subject not in same)]))
    colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(order)}
    markers = {name: MARKERS[i % len(MARKERS)] for i, name in enumerate(order)}
    titles = {name: study.samples[name].title if name in study.samples else name for name in order}
    for table in (colours, markers, titles):
        table.update({alias: table[name] for alias, name in same.items() if name in table and alias not in table})
    return Palette(colours, markers, titles)


def _list_series(panel: Panel) -> tuple[Series, ...]:
    return panel.series + (_list_series(panel.inset) if panel.inset else ())


def looks(figure: Figure, samples: Palette) -> dict[int, Look]:
    """The look of every series of a figure, by `id(series)`: the same group looks the same in all panels."""
    series = [s for panel in figure.panels for s in _list_series(panel)]
    groups: dict[str, list[str]] = {}
    for s in series:
        known = groups.setdefault(s.subject, [])
        if s.group not in known:
            known.append(s.group)
    many = len({s.subject for s in series if s.subject}) > 1
    found = {id(s): _look(s, groups[s.subject], samples, many) for s in series}
    for panel in figure.panels:
        if panel.picture:
            found |= _choose_looks_over_picture(panel, found)
    return found


def _choose_looks_over_picture(panel: Panel, found: dict[int, Look]) -> dict[int, Look]:
    """Looks of what is drawn over a picture: full lines in colours of their own, scale bar and words white."""
    drawn = [s for s in panel.series if s.kind != "picture"]
    names = list(dict.fromkeys(s.group for s in drawn if s.legend))
    colours = {name: ON_PICTURE[i % len(ON_PICTURE)] for i, name in enumerate(names)}
    return {id(s): replace(found[id(s)], dash="solid", colour=colours[s.group] if s.legend else BAR) for s in drawn}


def _look(series: Series, groups: list[str], samples: Palette, many: bool) -> Look:
    place, count = groups.index(series.group), len(groups)
    colour = samples.colour(series.subject)
    if colour and count > 1:
        colour = _lighten(colour, 0.6 * place / (count - 1))
    dash = _DASH_WORDS.get(series.style, series.style)
    dash = dash if dash in DASHES else "solid"
    if dash == "solid" and 1 < count <= len(DASHES):
        dash = DASHES[place]
    marker = samples.markers.get(series.subject, MARKERS[place % len(MARKERS)])
    return Look(colour, dash, marker, series.marker not in ("open", "hollow"), _name(series, samples, many))


def _name(series: Series, samples: Palette, many: bool) -> str:
    title = samples.titles.get(series.subject, series.subject)
    if not series.label or series.label in (series.subject, title):
        return title or series.group
    if not many or not title or title in series.label:
        return series.label
    return f"{title}, {series.label}"


def _lighten(colour: str, part: float) -> str:
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(c + (255 - c) * part):02X}" for c in channels)


# --- axes ---------------------------------------------------------------------------------------------------


def pretty_unit(unit: str, *, powers: bool = False) -> str:
    """A unit as printed: `ohm cm2` -> `Ω cm²`, `degC` -> `°C`; nothing for `1`. `powers`: `mAh/g` -> `mAh g⁻¹`."""
    if unit in ("", "1"):
        return ""
    top, *below = re.split(r"\s*/\s*", unit)
    if powers and below:
        below = [
            f"{word}-1" if not word[-1].isdigit() else f"{word[:-1]}-{word[-1]}" for w in below for word in w.split()
        ]
        return " ".join(_format_factor(word) for word in [*top.split(), *below] if word != "1")
    return "/".join(" ".join(map(_format_factor, part.split())) for part in (top, *below))


def _format_factor(word: str) -> str:
    match = None if word in _UNITS else re.fullmatch(r"(.+?)(-?\d*)", word)
    stem, power = match.groups() if match else (word, "")
    return _UNITS.get(stem, stem) + power.translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def formula(text: str) -> str:
    """Chemical formulae with their digits lowered: `Li2HfO3` -> `Li₂HfO₃`; `NCM85` stays."""
    return _FORMULA.sub(lambda m: _lower_digits(m[0]), text)


def _lower_digits(token: str) -> str:
    parts = re.findall(r"([A-Z][a-z]?)(\d*(?:\.\d+)?)", token)
    chemical = all(symbol in _ELEMENTS for symbol, _ in parts) and any(count for _, count in parts)
    return token.translate(_DOWN) if chemical and (len(parts) > 1 or token in _SIMPLE) else token


def axis_title(axis: Axis) -> str:
    """`label / unit`, the unit with powers: a second slash would be read as a second division."""
    unit = pretty_unit(axis.unit, powers=True)
    return f"{formula(axis.label)} / {unit}" if unit else formula(axis.label)


def categories(panel: Panel, side: str) -> tuple[str, ...]:
    """Names along an axis (side "x" or "y"): those declared, then words found in the series; () if numeric."""
    declared = list((panel.x if side == "x" else panel.y).categories)
    found = [str(v) for s in panel.series if not s.right for v in getattr(s, side) if isinstance(v, str)]
    return tuple(dict.fromkeys(declared + found))


def positions(values: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Numbers to draw at: words become their place among the names."""
    if values.dtype.kind in "USO" and len(values):
        places = {name: i for i, name in enumerate(names)}
        return np.array([places[v] if isinstance(v, str) else v for v in values.tolist()], float)
    return values.astype(float)


def decades(panel: Panel, side: str) -> float:
    """How many powers of ten an axis' values span, or its limits where they are set; 0 without positive values."""
    limits = (panel.x if side == "x" else panel.y).limits
    parts = [np.array(limits)] if limits else [getattr(s, side) for s in panel.series if not s.right]
    values = np.concatenate([p.astype(float) for p in parts if p.dtype.kind in "uif"] or [np.zeros(0)])
    values = values[np.isfinite(values) & (values > 0)]
    return float(np.log10(values.max() / values.min())) if values.size else 0.0


def emptiest_corner(panel: Panel) -> tuple[str, str]:
    """Where an inset hides least: ("left" or "right", "bottom" or "top")."""
    counts = _count_points_in_corners(panel, 0.42, 0.42)
    return min(counts, key=lambda corner: counts[corner])


def tag_corner(panel: Panel) -> tuple[str, str] | None:
    """Where a small tag hides nothing; None where every corner is taken, and it must stand outside."""
    if panel.picture:
        return None
    counts = _count_points_in_corners(panel, 0.34, 0.14)
    if panel.inset:
        counts.pop(emptiest_corner(panel))
    corner = min(counts, key=lambda corner: counts[corner])
    return corner if counts[corner] == 0 else None


def _count_points_in_corners(panel: Panel, width: float, height: float) -> dict[tuple[str, str], int]:
    """How many points lie in each corner of this size (parts of the panel)."""
    points = [_scale_points(panel, s) for s in panel.series if s.kind in _CLOUD and len(s.x)]
    cloud = np.concatenate([p for p in points if len(p)] or [np.zeros((0, 2))])
    if panel.x.reverse:
        cloud[:, 0] = 1 - cloud[:, 0]
    counts = {}
    for v in ("top", "bottom"):
        for h in ("right", "left"):
            inside = (cloud[:, 0] > 1 - width) if h == "right" else (cloud[:, 0] < width)
            inside &= (cloud[:, 1] > 1 - height) if v == "top" else (cloud[:, 1] < height)
            counts[h, v] = int(inside.sum())
    return counts


def _scale_points(panel: Panel, series: Series) -> np.ndarray:
    out = []
    for side, axis in (("x", panel.x), ("y", panel.right if series.right and panel.right else panel.y)):
        others = [s for s in panel.series if s.right == series.right and s.kind in _CLOUD]
        names = categories(panel, side)
        values = np.concatenate([_scale_value(positions(getattr(s, side), names), axis) for s in others])
        finite = values[np.isfinite(values)]
        lo, hi = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
        if axis.limits and not axis.categories:
            lo, hi = _scale_value(np.array(axis.limits, float), axis)
        out.append((_scale_value(positions(getattr(series, side), names), axis) - lo) / ((hi - lo) or 1.0))
    points = np.column_stack(out)
    return points[np.isfinite(points).all(axis=1)]


def _scale_value(values: np.ndarray, axis: Axis) -> np.ndarray:
    if axis.scale != "log":
        return values
    return np.log10(np.where(values > 0, values, np.nan))


def bar_slots(panel: Panel) -> dict[int, tuple[float, float]]:
    """(shift, width) of each bar series by `id(series)`: side by side where they share places, else centred."""
    bars = [s for s in panel.series if s.kind == "bars"]
    names = categories(panel, "x")
    places = [positions(s.x, names) for s in bars]
    if not bars:
        return {}
    every = np.unique(np.concatenate(places))
    step = float(np.diff(every).min()) if len(every) > 1 else 1.0
    shared = sum(len(np.unique(p)) for p in places) > len(every)
    if not shared:
        return {id(s): (0.0, 0.6 * step) for s in bars}
    width = 0.8 * step / len(bars)
    return {id(s): ((i - (len(bars) - 1) / 2) * width, 0.92 * width) for i, s in enumerate(bars)}
