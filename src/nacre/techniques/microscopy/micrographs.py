"""What all analyses of pictures share: which pictures are fit for use, their regions, and how they are drawn."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.display.style import pretty_unit
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.result import Check, Subject
from nacre.core.signal import Signal

DRAWN_POINTS = 2500  # of all lines of one kind
DRAWN = 448  # pixels along the longer side of a picture in a figure
CLIPPED_WARN, CLIPPED_REFUSE = 0.01, 0.25
BARS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True)
class Micrograph:
    """One picture of a region: values (rows, columns), side of a pixel in um, its corner (x, y) in um, its name."""

    values: np.ndarray
    pixel: float
    corner: tuple[float, float]
    name: str
    signal: Signal


def make_subject(context: Context) -> Subject:
    cell, sample, measurement = context.cell, context.sample, context.measurement
    name = cell.sample if cell else ""
    return Subject(
        sample.name if sample else name,
        cell.name if cell else "",
        measurement.name if measurement else "",
    )


def get_state(context: Context) -> dict[str, Any]:
    """What study.toml says of the measurement: stage, cycle ..."""
    return dict(context.measurement.state) if context.measurement else {}


def get_signals(inputs: Mapping[str, Any], role: str, kind: str, where: str) -> list[Signal]:
    """All signals of one kind under a role. Raises NacreError where there is none, or another kind."""
    given = inputs.get(role)
    found = [g for g in (given if isinstance(given, list) else [given]) if isinstance(g, Signal)]
    wrong = [s.kind for s in found if s.kind != kind]
    if wrong or not found:
        raise NacreError(
            f"the input '{role}' is not a picture of kind '{kind}'",
            where=where,
            found=f"kind '{wrong[0]}'" if wrong else "nothing",
            expected=f"kind '{kind}'",
            do=f"give measurements of kind '{kind}' as '{role}'",
        )
    return found


def pick_signal(inputs: Mapping[str, Any], role: str, name: str, where: str, choice: str = "map") -> Signal:
    """
    The one signal under a role, of several the one whose name or detector holds `name` (any case).

    choice : the option by which the user names it. Raises NacreError where none, or more than one, is meant.
    """
    given = inputs.get(role)
    found = [g for g in (given if isinstance(given, list) else [given]) if isinstance(g, Signal)]
    if not found:
        raise NacreError(f"the input '{role}' is not a signal", where=where, found="nothing", do="name a measurement")
    names = [" ".join(filter(None, (s.name, str(s.metadata.get("detector", ""))))) for s in found]
    meant = [s for s, words in zip(found, names, strict=True) if name.lower() in words.lower()]
    if len(meant) == 1:
        return meant[0]
    sizes = [" x ".join(str(n) for n in s.sizes.values()) for s in found]
    shown = "; ".join(f"'{words}' ({size})" for words, size in zip(names, sizes, strict=True))
    raise NacreError(
        f"the input '{role}' holds {len(found)} signals, {len(meant)} of which are meant",
        where=found[0].where,
        found=shown,
        expected="one",
        do=f'name the one by the option: {choice} = "..."; a word of its name is enough',
    )


def select_region(signal: Signal, region: Sequence[float], variable: str = "intensity") -> Micrograph:
    """The region (x0, y0, x1, y1 in um; empty: all) of one signal. Raises NacreError where it lies outside."""
    if "x" not in signal or "y" not in signal:
        raise NacreError("the picture has no scale", where=signal.where, do="give the reader option pixel_size")
    x, y = signal.array("x", "um"), signal.array("y", "um")
    if min(x.size, y.size) < 16:
        found = f"{x.size} x {y.size} pixels"
        raise NacreError("the picture is too small to analyse", where=signal.where, found=found, expected="16 or more")
    pixel = float(x[1] - x[0])
    values = np.asarray(signal[variable].values, float)
    if not region:
        return Micrograph(values, pixel, (0.0, 0.0), signal.name, signal)
    if len(region) != 4 or not (region[0] < region[2] and region[1] < region[3]):
        found = ", ".join(f"{v:g}" for v in region)
        raise NacreError("a region is x0, y0, x1, y1 in um", where=signal.where, found=found, do="set option region")
    rows = (y >= region[1]) & (y <= region[3])
    columns = (x >= region[0]) & (x <= region[2])
    if rows.sum() < 16 or columns.sum() < 16:
        raise NacreError(
            "the region holds too little of the picture",
            where=signal.where,
            found=f"{columns.sum()} x {rows.sum()} pixels",
            expected=f"a part of {x.size * pixel:.3g} x {y.size * pixel:.3g} um",
        )
    corner = (float(x[columns][0] - pixel / 2), float(y[rows][0] - pixel / 2))
    return Micrograph(values[np.ix_(rows, columns)], pixel, corner, signal.name, signal)


def check_clipping(shot: Micrograph) -> list[Check]:
    """Checks on pixels at the ends of the grey scale. Raises NotAssessable where a large part is saturated."""
    # without the depth of the picture its brightest pixel counts as white
    white = shot.signal.metadata.get("white") or shot.values.max()
    ends = (("white", float((shot.values >= white).mean())), ("black", float((shot.values <= 0).mean())))
    found = []
    for name, part in ends:
        if part > CLIPPED_REFUSE:
            raise NotAssessable(
                f"the image is saturated: {part:.0%} of its pixels are {name}",
                where=shot.name,
                expected=f"less than {CLIPPED_REFUSE:.0%}",
                do="record it again with less contrast",
            )
        if part > CLIPPED_WARN:
            text = f"{shot.name}: {part:.1%} of the pixels are {name}; what they hid is not in the numbers"
            found.append(Check("warn", text, "record with less contrast"))
    return found


# --- figures ------------------------------------------------------------------------------------------------


def draw_micrograph(shot: Micrograph, *overlays: Series, title: str = "", unit: str = "", side: int = DRAWN) -> Panel:
    """A panel with the picture in grey (`side` pixels at most), a scale bar, and what is drawn over it (in um).

    Where `unit` says what a pixel's value is, the title says what black and white stand for.
    """
    step = max(1, math.ceil(max(shot.values.shape) / side))
    rows, columns = (n // step * step for n in shot.values.shape)
    blocks = shot.values[:rows, :columns].reshape(rows // step, step, columns // step, step).mean(axis=(1, 3))
    # a few extreme pixels shall not set the grey scale
    low, high = np.percentile(blocks, (0.5, 99.5))
    grey = np.round(np.clip((blocks - low) / max(high - low, 1e-12), 0, 1) * 255)
    x = shot.corner[0] + (np.arange(grey.shape[1]) + 0.5) * step * shot.pixel
    y = shot.corner[1] + (np.arange(grey.shape[0]) + 0.5) * step * shot.pixel
    bar, words = _draw_scale_bar(shot)
    under = np.ix_(y > y[-1] - 0.115 * np.ptp(y), (x > bar.x[0] - 0.02 * np.ptp(x)) & (x < bar.x[1] + 0.02 * np.ptp(x)))
    grey[under] *= 0.25  # white on any picture
    series = (Series("picture", x, y, z=grey.astype(np.uint8)), *overlays, bar, words)
    if unit:
        title = f"{title}, {low:.2g} to {high:.2g} {unit}"
    return Panel(Axis("x", "um", equal=True), Axis("y", "um", equal=True, reverse=True), series, title=title)


def _draw_scale_bar(shot: Micrograph) -> tuple[Series, Series]:
    width, height = shot.values.shape[1] * shot.pixel, shot.values.shape[0] * shot.pixel
    length = max((bar for bar in BARS if bar <= 0.25 * width), default=BARS[0])
    left, level = shot.corner[0] + 0.05 * width, shot.corner[1] + 0.95 * height
    words = f"{length:g} {pretty_unit('um')}" if length >= 1 else f"{1e3 * length:g} nm"
    bar = Series("line", np.array([left, left + length]), np.array([level, level]), legend=False)
    middle, above = np.array([left + length / 2]), np.array([level - 0.01 * height])
    return bar, Series("text", middle, above, words=(words,), legend=False)


def draw_contours(lines: Sequence[np.ndarray], shot: Micrograph, label: str, group: str = "") -> Series:
    """Lines of (row, column) in pixels as one series in um, parted by NaN, thinned to what a figure shows."""
    parts = []
    step = math.ceil(sum(len(line) for line in lines) / DRAWN_POINTS) or 1
    for line in lines:
        if len(line) > 1:
            keep = line[: -1 : max(1, min(step, len(line) // 6))]
            parts += [keep, line[-1:], np.full((1, 2), np.nan)]
    points = np.concatenate(parts) if parts else np.full((1, 2), np.nan)
    x = shot.corner[0] + (points[:, 1] + 0.5) * shot.pixel
    y = shot.corner[1] + (points[:, 0] + 0.5) * shot.pixel
    return Series("line", np.round(x, 3), np.round(y, 3), label, group=group or label)


def split_runs(points: np.ndarray, chosen: np.ndarray) -> list[np.ndarray]:
    """The stretches of a line (n, 2) along which `chosen` (n,) holds."""
    # where the choice begins and ends, with a false on either side
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(int), [0]])))
    return [points[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]


def make_figure(key: str, title: str, panels: Sequence[Panel], caption: str, place: str, context: Context) -> Figure:
    """A figure of one measurement: pictures of different ones are never drawn over each other."""
    name = str(make_subject(context)) or context.analysis
    parts = [context.sample.title if context.sample else "", context.cell.name if context.cell else ""]
    words = ", ".join(filter(None, [*parts, str(get_state(context).get("stage", ""))])) or name
    return Figure(f"{key}:{name}", f"{title}: {words}", tuple(panels), caption, place, context.synthetic)
