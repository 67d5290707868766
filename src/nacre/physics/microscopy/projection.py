"""Core-shell particles in projection: how long the beam's way is through core and shell, as a map with pixels shows it.

The path of the beam through an ellipsoid whose axes are R e^u and R e^-u in the image, and R along the beam, is

    c(x, y) = 2 R sqrt(1 - rho^2),    rho: the distance from the middle in units of the axes

Core and shell are two such ellipsoids, the outer of which may lie off the middle of the inner one; the shell is what
the outer path exceeds the inner one by. A Gaussian probe blurs both, and each pixel holds the mean over its area.
Lengths are in nm from the corner of the map, x along the columns, y down the rows.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

_SUB = 4  # subdivisions of a pixel on which the path is evaluated


@dataclass(frozen=True)
class ProjectedParticle:
    """Middle (x, y), radius of the core, its stretch (e1 along the axes of the image, e2 along its diagonals).

    core, within, shell : counts per pixel and nm of path: of the core's element, of the shell's in the core and in the
    shell. thickness : mean one of the shell; its outside lies (dx, dy) off and is stretched by o1, o2.
    """

    x: float
    y: float
    radius: float
    e1: float
    e2: float
    core: float
    within: float
    thickness: float
    shell: float
    dx: float = 0.0
    dy: float = 0.0
    o1: float = 0.0
    o2: float = 0.0

    @property
    def outer(self) -> float:
        return self.radius + self.thickness

    @property
    def elongation(self) -> float:
        """Longest over shortest radius of the core."""
        return math.exp(2 * math.hypot(self.e1, self.e2))


@dataclass(frozen=True)
class MapPatch:
    """A piece of a map: rows from `top`, columns from `left`, and its size."""

    top: int
    left: int
    rows: int
    columns: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.top + self.rows), slice(self.left, self.left + self.columns)


def choose_patch(p: ProjectedParticle, pixel: float, margin: float, shape: tuple[int, int]) -> MapPatch:
    """What a particle may reach, should it grow by a half."""
    half = 1.5 * p.outer + margin
    top, left = (int(max((v - half) / pixel, 0)) for v in (p.y, p.x))
    below, right = (int(min((v + half) / pixel + 1, n)) for v, n in ((p.y, shape[0]), (p.x, shape[1])))
    return MapPatch(top, left, max(below - top, 1), max(right - left, 1))


def project_particle(p: ProjectedParticle, on: MapPatch, pixel: float, blur: float) -> np.ndarray:
    """The particle's counts (2, rows, columns) of the core's and the shell's element; blur: a standard deviation."""
    down, along = (_build_average(n, pixel, blur) for n in (on.rows, on.columns))
    inner = _measure_path(p.x, p.y, p.radius, p.e1, p.e2, on, pixel)
    core = down @ inner @ along.T
    second = p.within * core
    if p.shell and p.thickness:
        outer = _measure_path(p.x + p.dx, p.y + p.dy, p.outer, p.o1, p.o2, on, pixel)
        second = second + p.shell * (down @ np.maximum(outer - inner, 0.0) @ along.T)
    return np.array([p.core * core, second])


def _build_average(n: int, pixel: float, blur: float) -> np.ndarray:
    """(n, n _SUB): what a point on the fine grid gives to the mean of a pixel, after the blur."""
    fine = (np.arange(n * _SUB) + 0.5) / _SUB
    edges = ndtr((np.arange(n + 1)[:, None] - fine) * (pixel / blur))
    return np.diff(edges, axis=0) / _SUB


def _measure_path(x0: float, y0: float, radius: float, e1: float, e2: float, on: MapPatch, pixel: float) -> np.ndarray:
    """Length of the beam's way through an ellipsoid, on the fine grid of a patch."""
    y = (on.top + (np.arange(on.rows * _SUB) + 0.5) / _SUB) * pixel - y0
    x = (on.left + (np.arange(on.columns * _SUB) + 0.5) / _SUB) * pixel - x0
    size = math.hypot(e1, e2)
    ch, sh = math.cosh(size), (math.sinh(size) / size if size > 1e-12 else 1.0)
    # the inverse of exp([[e1, e2], [e2, -e1]]) makes the ellipse a circle
    u = (ch - sh * e1) * x[None, :] - sh * e2 * y[:, None]
    v = -sh * e2 * x[None, :] + (ch + sh * e1) * y[:, None]
    return 2 * np.sqrt(np.maximum(radius**2 - u**2 - v**2, 0.0))
