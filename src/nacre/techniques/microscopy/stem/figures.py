"""Figures of STEM-EDS maps: elements with outlines, counts across an edge or around particles, thicknesses."""

import math
from collections.abc import Sequence

import numpy as np

from nacre.core.context import Context
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.physics.microscopy.projection import ProjectedParticle
from nacre.physics.microscopy.shell import ShellProfile

_DRAWN = 128  # pixels along the longer side of a map in a figure


def draw_element_map(amplitude: np.ndarray, pixel: float, name: str, *overlays: Series) -> Panel:
    """Counts of an element (y, x) per pixel of `pixel` nm, the mean of blocks where the map is large."""
    step = math.ceil(max(amplitude.shape) / _DRAWN)
    rows, columns = (n // step * step for n in amplitude.shape)
    blocks = amplitude[:rows, :columns].reshape(rows // step, step, columns // step, step).mean(axis=(1, 3))
    shown = np.clip(blocks, 0, max(float(np.percentile(blocks, 99.5)), 1e-9))
    x, y = ((np.arange(n) + 0.5) * step * pixel for n in shown.shape[::-1])
    heat = Series("heat", x, y, "counts per pixel", z=np.round(shown, 2))
    axes = Axis("x", "nm", equal=True), Axis("y", "nm", equal=True, reverse=True)
    return Panel(*axes, (heat, *overlays), title=name)


def draw_contour(points: np.ndarray, label: str, subject: str) -> Series:
    """A line of (row, column) in nm, thinned."""
    keep = points[:: max(1, len(points) // 300)]
    return Series("line", np.round(keep[:, 1], 2), np.round(keep[:, 0], 2), label, subject, group=label)


def draw_outlines(particles: Sequence[ProjectedParticle], label: str, subject: str, *, outside: bool) -> Series:
    """The outlines of cores, or of shells, as one line parted by NaN."""
    turn = np.linspace(0, 2 * np.pi, 49)
    parts = []
    for p in particles:
        e1, e2 = (p.o1, p.o2) if outside else (p.e1, p.e2)
        size = math.hypot(e1, e2)
        ch, sh = math.cosh(size), (math.sinh(size) / size if size > 1e-12 else 1.0)
        u, v = np.cos(turn), np.sin(turn)
        radius = p.outer if outside else p.radius
        x = p.x + outside * p.dx + radius * ((ch + sh * e1) * u + sh * e2 * v)
        y = p.y + outside * p.dy + radius * (sh * e2 * u + (ch - sh * e1) * v)
        parts.append(np.vstack([np.column_stack([x, y]), [np.nan, np.nan]]))
    points = np.round(np.concatenate(parts), 2)
    return Series("line", points[:, 0], points[:, 1], label, subject, group=label)


def draw_across(
    core: ShellProfile, coating: ShellProfile, fitted: np.ndarray, names: Sequence[str], subject: str
) -> Panel:
    """Counts of both elements against the distance from the edge, with the fit."""
    series = [
        Series("points", one.d, one.y / np.maximum(one.pixels, 1), name, subject, group=name, marker=marker)
        for one, name, marker in ((coating, names[0], "filled"), (core, names[1], "open"))
    ]
    series.append(Series("line", coating.d, fitted, "fit", subject, group=names[0]))
    return Panel(Axis("distance from the edge", "nm"), Axis("counts per pixel"), tuple(series))


def draw_along(windows: np.ndarray, subject: str) -> Panel:
    """Thickness in windows (rows of place, thickness, std, used) along the edge; windows with a gap are left out."""
    place, thickness, std, _ = windows[(windows[:, 3] > 0) & (windows[:, 2] < windows[:, 1])].T
    drawn = Series("points", place, thickness, "windows", subject, lo=thickness - 2 * std, hi=thickness + 2 * std)
    return Panel(Axis("place along the edge", "nm"), Axis("thickness", "nm"), (drawn,))


def draw_distribution(thickness: np.ndarray, mean: float, spread: float, subject: str) -> Panel:
    """Cumulative distribution of thicknesses as fitted, and the normal one with the noise taken off."""
    from scipy.special import ndtr

    values = np.sort(thickness)
    share = 100 * (np.arange(values.size) + 0.5) / values.size
    x = np.linspace(mean - 3 * spread - 0.1, mean + 3 * spread + 0.1, 80)
    series = (
        Series("steps", values, share, "as fitted", subject),
        Series("line", x, 100 * ndtr((x - mean) / max(spread, 1e-3)), "without noise", subject, style="dash"),
    )
    return Panel(Axis("thickness", "nm"), Axis("windows that are thinner", "%"), series)


def draw_around(
    maps: Sequence[np.ndarray], models: np.ndarray, particles: Sequence[ProjectedParticle], pixel: float, names: Sequence[str],
    subject: str,
) -> Panel:  # fmt: skip
    """Counts of both elements and their fit against the distance from the middle, mean over particles."""
    rows, columns = (np.indices(maps[0].shape) + 0.5) * pixel
    away = np.array([np.hypot(columns - p.x, rows - p.y) for p in particles])
    reach = 1.3 * max(p.outer for p in particles)
    edges = np.arange(0, reach + pixel, pixel)
    middles = (edges[:-1] + edges[1:]) / 2

    def radial(values: np.ndarray) -> np.ndarray:
        sums = np.histogram(away, edges, weights=np.broadcast_to(values, away.shape))[0]
        return sums / np.maximum(np.histogram(away, edges)[0], 1)

    series = []
    for one, model, name, marker in zip(maps, models, names, ("open", "filled"), strict=True):
        series.append(Series("points", middles, radial(one), name, subject, group=name, marker=marker))
        series.append(Series("line", middles, radial(model), f"{name}, fit", subject, group=name))
    return Panel(Axis("distance from the middle", "nm"), Axis("counts per pixel"), tuple(series))


def make_figure(key: str, title: str, panels: Sequence[Panel], caption: str, place: str, context: Context) -> Figure:
    """Maps of different measurements are never drawn over each other: the key names the measurement."""
    sample = context.sample.name if context.sample else ""
    name = sample or context.analysis
    return Figure(f"{key}:{name}", f"{title}: {name}", tuple(panels), caption, place, context.synthetic)
