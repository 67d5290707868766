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

from nacre.physics.micrograph.flatten import Levels, otsu
from nacre.physics.micrograph.particles import split

RIM = 2  # pixels: what the blur makes of an outline
INLET = 0.2  # depth below the matrix at which a narrow inlet is a crack, and not matrix between two particles


@dataclass(frozen=True)
class Thresholds:
    """Relative depths at which a crack and a gap are seen; pixels that cracks are at most wide, and gaps away."""

    crack: float = 0.5
    gap: float = 0.35
    outline: float = 0.5
    widest: int = 12
    reach: int = 4


@dataclass(frozen=True)
class Particle:
    """One particle: areas in pixels, off the edge of the field; lengths along its outline (open, all facing matrix)."""

    label: int
    area: float
    crack_area: float
    open_length: float
    length: float
    cut: bool


@dataclass(frozen=True)
class Section:
    """What a cross-section shows. `cracks` and `labels` on the image's grid; `contours` per particle (n, 2) as
    (row, column) with `open` (n,) where it is a gap; `widths` of cracks in pixels, with their lengths as weights."""

    levels: Levels
    labels: np.ndarray
    cracks: np.ndarray
    voids: np.ndarray
    particles: tuple[Particle, ...]
    contours: tuple[np.ndarray, ...]
    opened: tuple[np.ndarray, ...]
    widths: np.ndarray
    lengths: np.ndarray
    void_fraction: float

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


def outline_mask(flat: np.ndarray, levels: Levels, at: float = 0.5) -> np.ndarray:
    """Pixels brighter than the outline level, slightly smoothed; cracks are left out of it."""
    level = levels.matrix + at * (levels.particle - levels.matrix)
    return ndi.gaussian_filter(flat, 1.0) > level


def find_particles(flat: np.ndarray, levels: Levels, smallest: int, limits: Thresholds) -> np.ndarray:
    """Labels of the particles with their cracks filled in."""
    bright = ndi.binary_opening(outline_mask(flat, levels, limits.outline), iterations=1)
    return whole_particles(bright, flat, levels, smallest, limits)


def whole_particles(bright, flat, levels: Levels, smallest: int, limits: Thresholds) -> np.ndarray:
    """Labels of the particles of a mask that leaves their cracks out (pixels of their class, or bright ones)."""
    smooth = ndi.gaussian_filter(flat, 0.7)
    dark = smooth < levels.matrix - INLET * (levels.matrix - levels.pore)
    dark = ndi.binary_dilation(dark, iterations=RIM + 1)
    labels = split(_filled(bright, dark, limits.widest), smallest)
    found = np.zeros_like(labels)
    for i, box in enumerate(ndi.find_objects(labels), 1):
        margin = tuple(slice(max(0, s.start - 2 * RIM), s.stop + 2 * RIM) for s in box)
        own = (labels[margin] == i) & bright[margin]
        own = _filled(own, dark[margin], limits.widest) & ((labels[margin] == i) | (labels[margin] == 0))
        found[margin][own & (found[margin] == 0)] = i
    return found


def _filled(bright: np.ndarray, dark: np.ndarray, widest: int) -> np.ndarray:
    """The mask with its cracks: dark holes, and dark inlets narrower than `widest`."""
    radius = max(1, widest // 2)
    padded = np.pad(bright, radius + 1, mode="edge")
    # a disc's closing by distances: grow by the radius, then shrink by it
    grown = ndi.distance_transform_edt(~padded) <= radius
    closed = (ndi.distance_transform_edt(np.pad(grown, 1, mode="edge")) > radius)[1:-1, 1:-1]
    closed = closed[radius + 1 : -radius - 1, radius + 1 : -radius - 1]
    solid = bright | (closed & dark)
    holes, n = ndi.label(~solid)
    inner = np.zeros_like(bright)
    if n:
        numbers = np.arange(1, n + 1)
        part = ndi.mean(dark, holes, numbers)
        rim = np.bincount(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]), minlength=n + 1)[1:]
        # a hole is a crack or pore where it is dark, or narrow; a wide bright one is matrix
        half = ndi.maximum(ndi.distance_transform_edt(~solid), holes, numbers)
        fill = ((part > 0.6) | (half <= 0.5 * widest)) & (rim <= 2 * widest)
        inner = np.concatenate([[False], fill])[holes]
    return solid | inner


def find_cracks(flat: np.ndarray, labels: np.ndarray, levels: Levels, limits: Thresholds):
    """(depth, crack mask) inside the particles; depth relative to each particle's own brightness."""
    inside = labels > 0
    own = np.full(labels.max() + 1, levels.particle)
    smooth = ndi.gaussian_filter(flat, 0.7)
    core = ndi.binary_erosion(inside, iterations=RIM + 1, border_value=1)
    bright = core & (smooth > levels.outline)
    if bright.any():
        numbers = np.unique(labels[bright])
        own[numbers] = ndi.mean(smooth, np.where(bright, labels, 0), numbers)
    base = own[labels]
    depth = (base - flat) / (base - levels.pore)
    shown = (base - smooth) / (base - levels.pore)
    seeds = _sizeable(core & (shown > limits.crack), 4)
    grown = ndi.binary_propagation(seeds, mask=inside & (shown > 0.8 * limits.crack))
    return depth, grown


def _sizeable(mask: np.ndarray, least: int) -> np.ndarray:
    parts, n = ndi.label(mask, np.ones((3, 3)))
    if not n:
        return mask
    return (np.bincount(parts.ravel(), minlength=n + 1) >= least)[parts] & mask


def measure(flat: np.ndarray, levels: Levels, labels: np.ndarray, limits: Thresholds | None = None) -> Section:
    """Cracks, gaps and voids of a flattened image with its particles' labels (0 outside)."""
    limits = limits or Thresholds()
    depth, cracks = find_cracks(flat, labels, levels, limits)
    zone = ndi.binary_dilation(cracks, iterations=RIM) & (labels > 0)
    background = _background(depth, zone, labels)
    area = np.where(zone, depth - background, 0.0)
    contours, opened, particles = [], [], []
    # along the edge of the field a crack is not told from what lies outside: the edge counts for neither area
    inner = np.zeros(labels.shape, bool)
    inner[limits.widest : -limits.widest, limits.widest : -limits.widest] = True
    smooth, sharp = ndi.gaussian_filter(flat, 1.0), ndi.gaussian_filter(flat, 0.6)
    numbers = np.arange(labels.max() + 1)
    crack_area = np.clip(ndi.sum(area * inner, labels, numbers), 0, None)
    sizes = ndi.sum(inner, labels, numbers)
    rows, columns = labels.shape
    for i, box in enumerate(ndi.find_objects(labels), 1):
        if box is None:
            continue
        points, gaps, faces = _perimeter(sharp, labels, i, box, levels, limits)
        step = np.hypot(*np.diff(points, axis=0).T) if len(points) > 1 else np.zeros(0)
        contours.append(points)
        opened.append(gaps)
        cut = any(s.start == 0 or s.stop == n for s, n in zip(box, (rows, columns), strict=True))
        lengths = np.append(step, 0.0)
        lengths[lengths > 3] = 0.0  # from one piece of the outline to the next
        particles.append(
            Particle(
                i,
                float(sizes[i]),
                float(min(crack_area[i], sizes[i])),
                float(lengths[gaps & faces].sum()),
                float(lengths[faces].sum()),
                cut,
            )
        )
    widths, runs = crack_widths(cracks, area)
    voids, void_fraction = _voids(smooth, labels, levels, limits)
    return Section(
        levels,
        labels,
        cracks,
        voids,
        tuple(particles),
        tuple(contours),
        tuple(opened),
        widths,
        runs,
        void_fraction,
    )


def _background(depth: np.ndarray, zone: np.ndarray, labels: np.ndarray, reach: float = 4.0) -> np.ndarray:
    """Depth of what lies around each crack, off it and off the rim: grains of another tone, bright charged edges."""
    calm = (labels > 0) & ~ndi.binary_dilation(zone, iterations=1)
    calm &= ndi.binary_erosion(labels > 0, iterations=RIM + 1, border_value=1)
    weight = ndi.gaussian_filter(calm.astype(float), reach)
    near = ndi.gaussian_filter(np.where(calm, depth, 0.0), reach)
    return np.where(weight > 1e-4, near / np.maximum(weight, 1e-4), 0.0)


def _perimeter(sharp, labels, i, box, levels: Levels, limits: Thresholds):
    """(points (n, 2), open (n,), faces the matrix (n,)) along the outline of particle `i`."""
    from skimage.measure import find_contours

    rows, columns = labels.shape
    pad = limits.reach + 3
    top, left = max(0, box[0].start - pad), max(0, box[1].start - pad)
    window = (slice(top, box[0].stop + pad), slice(left, box[1].stop + pad))
    own = (labels[window] == i).astype(float)
    height = ndi.gaussian_filter(np.pad(own, 1), 1.0)
    pieces = [c for c in find_contours(height, 0.5) if len(c) > 12]
    if not pieces:
        empty = np.zeros(0, bool)
        return np.zeros((0, 2)), empty, empty
    points = np.concatenate(pieces) - 1
    slope = np.stack([ndi.map_coordinates(g, points.T + 1, order=1) for g in np.gradient(height)], axis=1)
    outward = -slope / np.maximum(np.hypot(*slope.T), 1e-9)[:, None]
    points = points + (top, left)
    t = np.arange(-1.0, limits.reach + 0.5, 0.5)
    along = points[:, :, None] + outward[:, :, None] * t
    along = along.transpose(1, 0, 2)
    profile = ndi.map_coordinates(sharp, along, order=1, mode="nearest")
    profile = ndi.uniform_filter1d(profile, 5, axis=0, mode="nearest")
    depth = (levels.matrix - profile.min(axis=1)) / (levels.matrix - levels.pore)
    beyond = ndi.map_coordinates(labels, along[:, :, t >= 1.5], order=0, mode="constant")
    touches = np.any((beyond != 0) & (beyond != i), axis=1)
    margin = RIM + 1
    inner = np.all((points > margin) & (points < np.array([rows, columns]) - 1 - margin), axis=1)
    return points, _arcs(depth, limits.gap), inner & ~touches


def _arcs(depth: np.ndarray, threshold: float) -> np.ndarray:
    """Where an outline is open: arcs deeper than the threshold, each ending at half of its own greatest depth.

    depth (n,) along a closed outline, smeared along it by the blur: the half of an arc's depth is where it ends.
    """
    deep = depth > threshold
    if deep.all() or not deep.any():
        return deep
    shift = int(np.argmin(deep))  # begin outside of any arc
    deep, depth = np.roll(deep, -shift), np.roll(depth, -shift)
    runs, n = ndi.label(deep)
    top = np.append(0.0, ndi.maximum(depth, runs, np.arange(1, n + 1)))
    return np.roll(deep & (depth > 0.5 * np.minimum(top, 1.0)[runs]), shift)


def crack_widths(cracks: np.ndarray, area: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


def _voids(smooth, labels, levels: Levels, limits: Thresholds) -> tuple[np.ndarray, float]:
    """(mask, fraction of the matrix) of cracks and voids away from the particles."""
    away = ndi.distance_transform_edt(labels == 0) > limits.widest
    if not away.any():
        return np.zeros_like(away), float("nan")
    depth = (levels.matrix - smooth) / (levels.matrix - levels.pore)
    voids = _sizeable(away & (depth > 0.5), 6)
    zone = ndi.binary_dilation(voids, iterations=RIM) & away
    calm = away & ~zone
    level = float(np.median(depth[calm])) if calm.any() else 0.0
    return voids, float((depth[zone] - level).sum() / away.sum())


def otsu_fraction(image: np.ndarray, labels: np.ndarray) -> float:
    """The crack fraction that one global threshold (Otsu's, on the image as it is) would give: for comparison only."""
    dark = image < otsu(image)
    inside = ndi.binary_erosion(labels > 0, iterations=1, border_value=1)
    return float(dark[inside].mean()) if inside.any() else float("nan")


def sweep(flat, levels: Levels, smallest: int, limits: Thresholds, spread: float = 0.3, labels=None) -> list[Section]:
    """Sections at the four ends of thresholds that could as well have been chosen.

    `spread` is the relative half range of the crack's and the gap's threshold; the outline moves between 0.4 and 0.6,
    unless `labels` of the particles are given.
    """
    found = []
    for outline in (0.4, 0.6):
        edge = replace(limits, outline=outline)
        mine = find_particles(flat, levels, smallest, edge) if labels is None else labels
        for sign in (-1, 1):
            part = 1 + sign * spread
            found.append(measure(flat, levels, mine, replace(edge, crack=limits.crack * part, gap=limits.gap * part)))
    return found
