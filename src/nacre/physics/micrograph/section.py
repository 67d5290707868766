"""Cracks, voids and gaps of a cross-section: bright particles in a matrix, pores darker than both.

A pore's depth is relative: 0 at the brightness of what it lies in, 1 at that of an open pore. What is seen of a pore
narrower than the microscope's blur is shallow, but what it takes from the brightness is not less: the area of a crack
is therefore the sum of depths over it and its blurred rim, and only its detection needs a threshold. A fixed
threshold on the whole image (Otsu's, between pore and all else, or between matrix and particle) counts dark grain
boundaries and shaded parts as cracks, which is why none is used.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage as ndi

from nacre.physics.micrograph import outline as ol
from nacre.physics.micrograph.flatten import Levels, find_otsu_threshold
from nacre.physics.micrograph.outline import RIM

CALM = 6.0  # pixels from a crack at which neither its blur nor what charging does to its rim is seen
GROWN = 0.62  # of the threshold: how deep the narrow end of a crack may be that was found elsewhere


@dataclass(frozen=True)
class Thresholds:
    """Relative depths at which a crack and a gap are seen; pixels that cracks are at most wide, and gaps away."""

    crack: float = 0.5
    gap: float = 0.35
    outline: float = 0.5
    widest: int = 12
    reach: int = 4


@dataclass(frozen=True)
class SectionParticle:
    """One particle: areas in pixels, off the edge of the field; lengths along its outline (open, all facing matrix)."""

    label: int
    area: float
    crack_area: float
    open_length: float
    length: float
    cut: bool


@dataclass(frozen=True)
class SectionFindings:
    """Particles with their cracks and gaps at one choice of thresholds. `cracks` (rows, columns), and `depth` of each
    of their pixels over what lies around; `opened` (n,) per outline of `outlines`."""

    labels: np.ndarray
    cracks: np.ndarray
    depth: np.ndarray
    particles: tuple[SectionParticle, ...]
    outlines: tuple[ol.Perimeter, ...]
    opened: tuple[np.ndarray, ...]

    @property
    def area(self) -> float:
        return float(sum(p.area for p in self.particles))

    @property
    def crack_area(self) -> float:
        return float(sum(p.crack_area for p in self.particles))

    @property
    def length(self) -> float:
        return float(sum(p.length for p in self.particles))

    @property
    def open_length(self) -> float:
        return float(sum(p.open_length for p in self.particles))

    @property
    def contours(self) -> tuple[np.ndarray, ...]:
        """Outlines (n, 2) as (row, column)."""
        return tuple(line.points for line in self.outlines)


@dataclass(frozen=True)
class SectionMeasurement(SectionFindings):
    """All that a cross-section shows: also `widths` of its cracks in pixels with their lengths as weights, the mask of
    the matrix' cracks and voids, and their part of the matrix."""

    widths: np.ndarray
    lengths: np.ndarray
    voids: np.ndarray
    void_fraction: float


def find_particles(flat: np.ndarray, levels: Levels, smallest: int, limits: Thresholds) -> np.ndarray:
    """Labels of the particles with their cracks filled in; `smallest` in pixels of area."""
    return ol.find_particles(flat, levels, smallest, limits.widest, limits.outline)


def measure_section(
    flat: np.ndarray, levels: Levels, labels: np.ndarray, limits: Thresholds | None = None
) -> SectionMeasurement:
    """Cracks, gaps and voids of a flattened image with its particles' labels (0 outside)."""
    limits = limits or Thresholds()
    (found,) = _find_with_thresholds(flat, levels, labels, [limits])
    widths, runs = measure_crack_widths(found.cracks, found.depth)
    voids, void_fraction = _find_voids(ndi.gaussian_filter(flat, 1.0), labels, levels, limits)
    return SectionMeasurement(**vars(found), widths=widths, lengths=runs, voids=voids, void_fraction=void_fraction)


def sweep_thresholds(
    flat, levels: Levels, smallest: int, limits: Thresholds, spread: float = 0.3, labels=None
) -> list[SectionFindings]:
    """What is found at the four ends of thresholds that could as well have been chosen.

    `spread` is the relative half range of the crack's and the gap's threshold; the outline moves between 0.4 and 0.6,
    unless `labels` of the particles are given.
    """
    found = []
    for outline in (0.4, 0.6):
        edge = replace(limits, outline=outline)
        mine = find_particles(flat, levels, smallest, edge) if labels is None else labels
        ends = [1 - spread, 1 + spread]
        found += _find_with_thresholds(
            flat, levels, mine, [replace(edge, crack=limits.crack * e, gap=limits.gap * e) for e in ends]
        )
    return found


def _find_with_thresholds(flat, levels: Levels, labels: np.ndarray, choices: list[Thresholds]) -> list[SectionFindings]:
    """What each choice of thresholds finds in the same particles; `widest` and `reach` are those of the first."""
    outlines = tuple(ol.trace_perimeters(flat, labels, levels, choices[0].reach))
    shown, core = _measure_depth(flat, labels, levels)
    # along the edge of the field a crack is not told from what lies outside: the edge counts for neither area
    inner = np.zeros(labels.shape, bool)
    inner[choices[0].widest : -choices[0].widest, choices[0].widest : -choices[0].widest] = True
    numbers = np.arange(labels.max() + 1)
    sizes = np.bincount(labels[inner], minlength=numbers.size)
    cut = set(np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])).tolist())
    found = []
    for limits in choices:
        cracks = _find_cracks(shown, labels > 0, core, limits.crack)
        own = _measure_own_depth(flat, levels, cracks, labels, core)
        areas = np.clip(np.bincount(labels[inner], own[inner], numbers.size), 0, sizes)
        opened = tuple(ol.find_open_arcs(line.depth, limits.gap) for line in outlines)
        particles = tuple(
            _measure_particle(line, gaps, ol.find_crack_mouths(line, cracks), sizes, areas, line.label in cut)
            for line, gaps in zip(outlines, opened, strict=True)
        )
        found.append(SectionFindings(labels, cracks, own, particles, outlines, opened))
    return found


def _measure_particle(line: ol.Perimeter, gaps, mouths, sizes, areas, cut: bool) -> SectionParticle:
    faces = line.faces & ~mouths
    lengths = (float(line.lengths[faces & gaps].sum()), float(line.lengths[faces].sum()))
    return SectionParticle(line.label, float(sizes[line.label]), float(areas[line.label]), *lengths, cut)


def _measure_depth(flat: np.ndarray, labels: np.ndarray, levels: Levels):
    """(depth of the smoothed image, well inside), (rows, columns); relative to each particle's brightness."""
    own = np.full(labels.max() + 1, levels.particle)
    smooth = ndi.gaussian_filter(flat, 0.7)
    core = ndi.binary_erosion(labels > 0, iterations=RIM + 1, border_value=1)
    bright = np.where(core & (smooth > levels.outline), labels, 0)
    counts = np.bincount(bright.ravel(), minlength=own.size)
    counts[0] = 0
    sums = np.bincount(bright.ravel(), smooth.ravel(), own.size)
    own[counts > 0] = sums[counts > 0] / counts[counts > 0]
    base = own[labels]
    return (base - smooth) / (base - levels.pore), core


def _find_cracks(shown: np.ndarray, inside: np.ndarray, core: np.ndarray, threshold: float) -> np.ndarray:
    """Pixels of cracks: seeds deeper than the threshold, and what is less deep but joins them (hysteresis)."""
    seeds = _drop_small(core & (shown > threshold), 4)
    return ndi.binary_propagation(seeds, mask=inside & (shown > GROWN * threshold))


def _drop_small(mask: np.ndarray, least: int) -> np.ndarray:
    parts, n = ndi.label(mask, np.ones((3, 3)))
    if not n:
        return mask
    return (np.bincount(parts.ravel(), minlength=n + 1) >= least)[parts] & mask


def _measure_own_depth(flat, levels: Levels, cracks: np.ndarray, labels: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Depth of cracks and their rim: 0 at the brightness of the particle around them, 1 at an open pore; else 0."""
    zone = ndi.binary_dilation(cracks, iterations=RIM) & (labels > 0)
    if not zone.any():
        return np.zeros_like(flat)
    away = ndi.distance_transform_edt(~cracks)
    calm = core & (away > CALM)
    weight = ndi.gaussian_filter(calm.astype(np.float32), CALM, truncate=3.0)
    near = ndi.gaussian_filter(np.where(calm, flat, 0.0).astype(np.float32), CALM, truncate=3.0)
    around = np.where(weight > 1e-4, near / np.maximum(weight, 1e-4), levels.particle)
    depth = (around - flat) / (around - levels.pore)
    glow = np.where(zone & ~cracks, _estimate_glow(depth, away, core), 0.0)
    return np.where(zone, depth - glow, 0.0)


def _estimate_glow(depth: np.ndarray, away: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Depth (<= 0) of the bright rim that charging gives a crack: no part of the crack is less dark for it.

    It is seen where the blur of the crack has ended, and carried on towards the crack as a straight line.
    """
    rings = [depth[core & (np.abs(away - d) <= 0.5)] for d in (RIM + 1, RIM + 2)]
    if min(ring.size for ring in rings) < 2:
        return np.zeros_like(depth)
    first, second = (float(ring.mean()) for ring in rings)
    return np.minimum(0.0, first + max(second - first, 0.0) * (away - RIM - 1)) if first < 0 else np.zeros_like(depth)


def measure_crack_widths(cracks: np.ndarray, area: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(width, length) of each crack in pixels: its area over the length of its middle line.

    Pieces shorter than twice their width are pores, not cracks, and are left out.
    """
    from skimage.morphology import skeletonize

    parts, n = ndi.label(ndi.binary_dilation(cracks, iterations=1), np.ones((3, 3)))
    if not n:
        return np.zeros(0), np.zeros(0)
    numbers = np.arange(1, n + 1)
    zone = ndi.grey_dilation(parts, size=3)
    line = skeletonize(cracks)
    # a diagonal step of the middle line is longer than a straight one: 1.12 on the mean over directions
    length = 1.12 * ndi.sum(line, parts, numbers) + 1
    width = ndi.sum(area, zone, numbers) / length
    keep = (length > 2 * width) & (width > 0.3)
    return width[keep], length[keep]


def _find_voids(smooth, labels, levels: Levels, limits: Thresholds) -> tuple[np.ndarray, float]:
    """(mask, fraction of the matrix) of cracks and voids away from the particles."""
    away = ndi.distance_transform_edt(labels == 0) > limits.widest
    if not away.any():
        return np.zeros_like(away), float("nan")
    depth = (levels.matrix - smooth) / (levels.matrix - levels.pore)
    voids = _drop_small(away & (depth > 0.5), 6)
    zone = ndi.binary_dilation(voids, iterations=RIM) & away
    calm = away & ~zone
    level = float(np.median(depth[calm])) if calm.any() else 0.0
    return voids, float((depth[zone] - level).sum() / away.sum())


def compute_otsu_fraction(image: np.ndarray, labels: np.ndarray) -> float:
    """The crack fraction that one global threshold (Otsu's, on the image as it is) would give: for comparison only."""
    dark = image < find_otsu_threshold(image)
    inside = ndi.binary_erosion(labels > 0, iterations=1, border_value=1)
    return float(dark[inside].mean()) if inside.any() else float("nan")
