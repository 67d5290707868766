"""Figures of lattice fringes: the image with its regions, and the transform of each with its spots circled."""

import math

import numpy as np

from nacre.core.context import Context
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.techniques.microscopy import micrographs

LEAST, MOST = 1.5, 1e3  # power over the background that is drawn black, and white
FINE, COARSE = 320, 320  # pixels along the longer side of an image, where fringes must be seen, and of a transform


def draw(shot: micrographs.Micrograph, scale, regions, context: Context) -> tuple[Figure, ...]:
    """The image (Fig. 3c), and the transforms of the core and of the coating's regions (Fig. 3d)."""
    every = ([scale.region] if scale.region else []) + list(regions)
    boxes = [_draw_box(region) for region in every]
    places = [
        (region.box[0] / 2e3 + region.box[2] / 2e3, region.box[1] / 2e3 + region.box[3] / 2e3) for region in every
    ]
    names = tuple(region.label for region in every)
    boxes.append(Series("text", *np.array(places).T, "regions", words=names, legend=False))
    panel = micrographs.draw_micrograph(shot, *boxes, side=FINE)
    caption = "High-resolution image with the regions that were transformed."
    image = micrographs.make_figure("hrtem", "Lattice fringes", (panel,), caption, "Fig. 3c", context)
    panels = [_draw_spots(region, scale if region is scale.region else None) for region in every]
    caption = "Fourier transforms (logarithm of power over its background) with spots circled and indexed."
    spots = micrographs.make_figure("hrtem-fft", "Spots of the transform", panels, caption, "Fig. 3d", context)
    return image, spots


def _draw_box(region) -> Series:
    x0, y0, x1, y1 = (v / 1e3 for v in region.box)
    return Series("line", [x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], region.label, region.label)


def _draw_spots(region, scale) -> Panel:
    """One transform: its power over 1/nm, circles around spots, with the planes where they are indexed."""
    at = 10 * region.spots.at
    reach = 1.15 * max(np.abs(at).max(), 3.0) if len(at) else 7.0
    series = [_draw_power(region.seen, reach)]
    words = _label_spots(region, scale)
    for label in sorted({word[0] for word in words.values()}):
        chosen = [k for k, word in words.items() if word[0] == label]
        series.append(_draw_circles(at[chosen], reach, label))
        places = np.array(at[chosen]) + [0.0, -0.035 * reach]
        texts = tuple(words[k][1] for k in chosen)
        series.append(Series("text", places[:, 0], places[:, 1], label, label, words=texts, legend=False))
    rest = [k for k in range(len(at)) if k not in words]
    if rest:
        series.append(_draw_circles(at[rest], reach, "not indexed"))
    axes = (
        Axis("g across", "1/nm", limits=(-reach, reach), equal=True),
        Axis("g down", "1/nm", limits=(-reach, reach), equal=True, reverse=True),
    )
    return Panel(*axes, tuple(series), title=region.label)


def _label_spots(region, scale) -> dict[int, tuple[str, str]]:
    """Spot number -> (phase, hkl); `scale` is that of the core's own region."""
    found = {}
    if scale is not None and scale.zone is not None:
        zone = scale.zone
        found = {int(k): (scale.lattice, _format_hkl(zone.hkl[k])) for k in np.flatnonzero(zone.matched)}
    for grain in region.grains:
        best = grain.ranked[0][1]
        label = grain.name if grain.sure else f"{grain.name}?"
        found |= {int(k): (label, _format_hkl(row)) for k, row in zip(grain.spots, best.hkl[best.matched], strict=True)}
    return found


def _format_hkl(row) -> str:
    return " ".join(str(int(v)) for v in row)


def _draw_circles(at: np.ndarray, reach: float, label: str) -> Series:
    angle = np.linspace(0, 2 * np.pi, 25)
    ring = 0.025 * reach * np.column_stack((np.cos(angle), np.sin(angle)))
    parts = [np.vstack((sign * spot + ring, [[np.nan, np.nan]])) for spot in at for sign in (1, -1)]
    points = np.round(np.concatenate(parts), 3)
    return Series("line", points[:, 0], points[:, 1], label, label)


def _draw_power(seen, reach: float) -> Series:
    rows, columns = (np.abs(10 * g) <= reach for g in (seen.gy, seen.gx))
    power = np.log10(np.clip(seen.ratio[np.ix_(rows, columns)], LEAST, MOST))
    gy, gx = 10 * seen.gy[rows], 10 * seen.gx[columns]
    step = math.ceil(max(power.shape) / COARSE)
    m, n = (size // step * step for size in power.shape)
    coarse = power[:m, :n].reshape(m // step, step, n // step, step).max(axis=(1, 3))
    y, x = gy[:m].reshape(-1, step).mean(1), gx[:n].reshape(-1, step).mean(1)
    grey = np.round(255 * (coarse - np.log10(LEAST)) / np.log10(MOST / LEAST))
    return Series("picture", x, y, z=grey.astype(np.uint8))
