"""Uneven brightness and the phases of a cross-section, found together.

A micrograph of bright particles in a darker matrix is modelled as I = level(phase) x light(x, y) x stripe(x): the
light is a smooth surface (Legendre products up to a degree), the stripes are those that polishing with an ion beam
leaves (curtaining). Phases and light are found in turn, as the phases decide what is light and what is matter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from scipy import ndimage as ndi

DARKEST = 0.0008  # part of the pixels that a pore's level is taken from
SHALLOW = 0.3  # of the step from matrix to particle: what is less below the matrix is no pore
DOUBTFUL = 0.6  # of the same step: what is less may be the dim end of an unevenly lit field
DEEP = 0.8  # of the same step: a pore for sure, whatever the light
SETTLED = 0.01  # relative change of the light that ends the rounds
NEAR = 12.0  # pixels over which the matrix beside a pore is averaged


@dataclass(frozen=True)
class Levels:
    """Brightness of pore, matrix and particle in the flattened image, and the noise of one pixel in the matrix."""

    pore: float
    matrix: float
    particle: float
    noise: float

    @property
    def outline(self) -> float:
        """Half way between matrix and particle: where a blurred edge has its place."""
        return 0.5 * (self.matrix + self.particle)

    @property
    def contrast(self) -> float:
        """Difference of particle and matrix over the noise."""
        return (self.particle - self.matrix) / max(self.noise, 1e-12)


def find_otsu_threshold(values: np.ndarray, bins: int = 256) -> float:
    """The threshold that separates two classes best (N. Otsu, IEEE Trans. SMC 9 (1979) 62).

    Raises ValueError where all values are the same.
    """
    if not np.ptp(values) > 0:
        raise ValueError("no two phases: the picture is of one grey")
    counts, edges = np.histogram(values, bins)
    middle = 0.5 * (edges[1:] + edges[:-1])
    below = np.cumsum(counts)
    total, first = below[-1], np.cumsum(counts * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (first[-1] * below / total - first) ** 2 / (below * (total - below))
    best = np.nanmax(between[:-1])
    # where no pixel lies between the classes, any threshold in the gap is as good: the middle one is taken
    return float(middle[:-1][between[:-1] >= best * (1 - 1e-9)].mean())


def flatten_image(
    image: np.ndarray, degree: int = 3, rounds: int = 8, stripes: bool = True
) -> tuple[np.ndarray, Levels]:
    """(image over its light and stripes, levels). `image` (rows, columns) >= 0.

    Raises ValueError where the image has no two phases that can be told apart.
    """
    image = np.asarray(image, float)
    # before the light is known, what is a little darker than the matrix is as likely a dim end of the field as a pore
    offset = _measure_levels(image, ndi.gaussian_filter(image, 1.5), DEEP).pore
    light = np.ones_like(image)
    for _ in range(rounds):
        flat = offset + (image - offset) / light
        smooth = ndi.gaussian_filter(flat, 1.5)
        levels = _measure_levels(flat, smooth)
        change = _fit_light(smooth, levels, offset, degree, stripes)
        light = light * change
        if change.std() < SETTLED:
            break
    flat = offset + (image - offset) / light
    return flat, _measure_levels(flat, ndi.gaussian_filter(flat, 1.5))


def _measure_levels(flat: np.ndarray, smooth: np.ndarray, shallow: float = SHALLOW) -> Levels:
    edge = find_otsu_threshold(smooth)
    bright = smooth > edge
    inner, outer = ndi.binary_erosion(bright, iterations=4), ndi.binary_erosion(~bright, iterations=4)
    if inner.sum() < 50 or outer.sum() < 50:
        raise ValueError("no two phases: bright particles in a darker matrix are not found")
    particle, matrix = float(np.median(smooth[inner])), float(np.median(smooth[outer]))
    rough = flat - ndi.uniform_filter(flat, 3)
    noise = 1.4826 * float(np.median(np.abs(rough[outer]))) / np.sqrt(8 / 9)
    pore = float(np.percentile(ndi.gaussian_filter(flat, 1.0), 100 * DARKEST))
    depth, step = matrix - pore, particle - matrix
    if shallow * step <= depth < DOUBTFUL * step:
        depth = _measure_local_depth(flat, smooth, outer)
    # a picture without pores does not tell how dark they are: as far below the matrix as the particles are above it
    if depth < max(shallow * step, 2.2 * noise):
        pore = max(matrix - (particle - matrix), 0.0)
    return Levels(pore, matrix, particle, noise)


def _measure_local_depth(flat: np.ndarray, smooth: np.ndarray, outer: np.ndarray) -> float:
    """How far the darkest spots of the matrix lie below the matrix around them."""
    weight = ndi.gaussian_filter(outer.astype(float), NEAR)
    around = ndi.gaussian_filter(np.where(outer, smooth, 0.0), NEAR) / np.maximum(weight, 1e-3)
    below = (around - ndi.gaussian_filter(flat, 1.0))[weight > 1e-2]
    return float(np.percentile(below, 100 * (1 - DARKEST)))


def _fit_light(smooth, levels: Levels, offset: float, degree: int, stripes: bool) -> np.ndarray:
    """Correction (rows, columns), mean 1, from the pixels well inside of either phase."""
    bright = smooth > levels.outline
    # not half way to the pore's level: the dim end of a field would be left out of what tells its light
    dark = smooth < levels.matrix - DOUBTFUL * (levels.particle - levels.matrix)
    sure = ndi.binary_erosion(bright, iterations=3) | ndi.binary_erosion(~bright & ~dark, iterations=3)
    expected = np.where(bright, levels.particle, levels.matrix) - offset
    ratio = np.log(np.clip((smooth - offset) / expected, 0.2, 5.0))
    sure &= np.abs(ratio - np.median(ratio[sure])) < 0.4
    surface = _fit_surface(ratio, sure, degree)
    if stripes:
        surface = surface + _measure_stripes(ratio - surface, sure)
    return np.exp(surface - surface[sure].mean())


def _measure_stripes(left: np.ndarray, sure: np.ndarray, least: float = 0.15) -> np.ndarray:
    """Median of the sure pixels of each column (columns,); 0 where less than `least` of it is sure."""
    order = np.sort(np.where(sure, left, np.inf).T, axis=1)
    n = sure.sum(axis=0)
    column = np.arange(n.size)
    middle = 0.5 * (order[column, np.maximum(n - 1, 0) // 2] + order[column, np.minimum(n // 2, len(sure) - 1)])
    return np.where(n > least * len(sure), middle, 0.0)


def _fit_surface(values: np.ndarray, sure: np.ndarray, degree: int) -> np.ndarray:
    rows, columns = values.shape
    v, u = np.linspace(-1, 1, rows), np.linspace(-1, 1, columns)
    pv, pu = legendre.legvander(v, degree), legendre.legvander(u, degree)
    terms = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    y, x = np.nonzero(sure)
    pick = slice(None, None, max(1, len(y) // 40_000))
    y, x = y[pick], x[pick]
    basis = np.stack([pv[y, i] * pu[x, j] for i, j in terms], axis=1)
    weights = np.linalg.lstsq(basis.T @ basis, basis.T @ values[y, x], rcond=None)[0]
    table = np.zeros((degree + 1, degree + 1))
    for (i, j), w in zip(terms, weights, strict=True):
        table[i, j] = w
    return pv @ table @ pu.T
