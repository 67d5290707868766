"""A virtual scanning electron microscope: secondary particles in top view, with known sizes and texture.

Spheroidal particles lie on a dark holder, some over others. Their surface is paved with primary grains, domes parted
by dark boundaries; a coating adds a finer mottle and fills the boundaries. The microscope adds what no analysis here
models: bright edges (more electrons escape where the surface is steep), shadows of neighbours, light from one side,
blur, and the counting of electrons.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi
from scipy.spatial import cKDTree

from nacre.core.signal import Note, Signal, Variable


@dataclass(frozen=True)
class TopViewPowder:
    """Median diameter (um) and log-spread of particles; grains (um), depth of their boundaries; mottle of a coating.

    mottle : rms relative brightness of the fine texture, of wavelengths about `mottle_length` um.
    """

    diameter: float = 4.0
    spread: float = 0.2
    grain: float = 0.45
    boundary: float = 0.35
    mottle: float = 0.0
    mottle_length: float = 0.15
    filling: float = 0.5


@dataclass(frozen=True)
class View:
    """Pixel in um, picture's side in pixels, electrons per pixel at full brightness, blur in pixels."""

    pixel: float = 0.04
    size: int = 768
    dose: float = 300.0
    blur: float = 0.6
    kv: float = 10.0


@dataclass(frozen=True)
class TopTruth:
    """Diameters of the particles wholly inside and not covered (um), of all drawn; median grain diameter (um)."""

    diameters: np.ndarray
    drawn: np.ndarray
    grain: float


def draw_top_view(powder: TopViewPowder, view: View | None = None, seed: int = 0) -> tuple[Signal, TopTruth]:
    """One picture (kind "image", origin "synthetic") and its truth. The same seed gives the same picture."""
    view = view or View()
    rng = np.random.default_rng(seed)
    n = view.size
    bright = np.full((n, n), 0.08)
    owner = np.zeros((n, n), np.int32)
    drawn, free = _place_particles(powder, view, rng, bright, owner)
    paved, grain = _pave_grains(powder, view, rng, owner)
    bright = np.where(owner > 0, bright * paved, bright)
    bright = ndi.gaussian_filter(bright, view.blur) * (1 + 0.06 * np.linspace(-1, 1, n)[None])
    values = rng.poisson(np.clip(bright, 0, None) * view.dose) / view.dose
    values = np.clip(np.round(12 + 200 * values + rng.normal(0, 1.0, values.shape)), 0, 255)
    axis = (np.arange(n) + 0.5) * view.pixel
    variables = {
        "intensity": Variable(values, "1", ("y", "x")),
        "y": Variable(axis, "um", ("y",)),
        "x": Variable(axis, "um", ("x",)),
    }
    metadata = {"accelerating_voltage_kV": view.kv, "detector": "virtual SE", "seed": seed, "pixel_um": view.pixel}
    note = Note("info", f"made by a virtual microscope, seed {seed}")
    signal = Signal("image", variables, metadata, None, (note,), "synthetic", f"top-{seed}")
    return signal, TopTruth(np.array(free), np.array(drawn), grain)


def _place_particles(
    powder: TopViewPowder, view: View, rng, bright: np.ndarray, owner: np.ndarray
) -> tuple[list, list]:
    """Draws particles, each over the last; those that would cover a quarter of another are not placed."""
    n, drawn, boxes = view.size, [], []
    v, u = np.ogrid[:n, :n]
    tries = covered = 0
    while covered < powder.filling * n * n and tries < 600:
        tries += 1
        radius = 0.5 * powder.diameter * np.exp(powder.spread * rng.standard_normal()) / view.pixel
        cy, cx = rng.uniform(-0.5 * radius, n + 0.5 * radius, 2)
        if any(np.hypot(cy - a, cx - b) < 0.93 * (radius + r) for a, b, r in boxes):
            continue
        window = tuple(slice(max(0, int(c - 1.2 * radius)), int(c + 1.2 * radius) + 1) for c in (cy, cx))
        dy, dx = v[window[0]] - cy, u[:, window[1]] - cx
        angle = np.arctan2(dy, dx)
        edge = radius * (1 + 0.03 * np.cos(3 * angle + tries) + 0.02 * np.cos(5 * angle + 2 * tries))
        rho = np.hypot(dy, dx) / edge
        inside = rho <= 1
        if not inside.any():
            continue
        steep = 1 - np.sqrt(np.clip(1 - rho**2, 0, 1))
        shade = 0.42 + 0.33 * steep**2 - 0.06 * dx / radius
        shadow = (rho > 1) & (rho < 1.15)
        bright[window][shadow & (owner[window] > 0)] *= 0.8
        bright[window][inside] = shade[inside]
        boxes.append((cy, cx, radius))
        owner[window][inside] = len(boxes)
        covered += int(inside.sum())
        whole = all(radius * 1.06 < c < n - 1 - radius * 1.06 for c in (cy, cx))
        drawn.append((2 * np.sqrt(inside.sum() / np.pi) * view.pixel, whole, int(inside.sum())))
    left = np.bincount(owner.ravel(), minlength=len(drawn) + 1)[1:]
    free = [d for (d, whole, size), seen in zip(drawn, left, strict=True) if whole and seen > 0.97 * size]
    return [d for d, _, _ in drawn], free


def _pave_grains(powder: TopViewPowder, view: View, rng, owner: np.ndarray) -> tuple[np.ndarray, float]:
    """(relative brightness of grains, boundaries and mottle; median equivalent diameter of the grains in um)."""
    n = view.size
    apart = powder.grain / view.pixel
    grid = np.mgrid[0 : n + apart : apart, 0 : n + apart : apart].reshape(2, -1).T
    seeds = grid + rng.normal(0, 0.3 * apart, grid.shape)
    v, u = np.mgrid[0:n, 0:n]
    distance, nearest = cKDTree(seeds).query(np.stack([v.ravel(), u.ravel()], 1), k=2)
    margin = ((distance[:, 1] - distance[:, 0]) * view.pixel).reshape(n, n)
    tone = rng.normal(0, 0.04, len(seeds))[nearest[:, 0]].reshape(n, n)
    paved = 1 + tone - powder.boundary * np.exp(-((margin / 0.07) ** 2)) + 0.1 * np.tanh(margin / 0.2)
    fine = ndi.gaussian_filter(rng.standard_normal((n, n)), powder.mottle_length / view.pixel / 4.4)
    areas = np.bincount(nearest[:, 0])
    inner = (seeds > apart).all(axis=1) & (seeds < n - 1 - apart).all(axis=1)
    sizes = areas[np.flatnonzero(inner)] if areas.size == len(seeds) else areas[areas > 0]
    return paved + powder.mottle * fine / fine.std(), float(np.median(2 * np.sqrt(sizes / np.pi)) * view.pixel)
