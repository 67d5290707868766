"""Outlines of a cross-section: whole particles with their cracks filled in, and where their perimeter is open.

The outline of a blurred particle lies where its brightness is half way between particle and matrix. A gap beside it is
looked for along the outward normals: its depth is relative, 0 at the matrix and 1 at an open pore.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi

from nacre.physics.micrograph.flatten import Levels
from nacre.physics.micrograph.particles import split_particles

RIM = 2  # pixels: what the blur makes of an outline
INLET = 0.2  # depth below the matrix at which a narrow inlet is a crack, and not matrix between two particles


@dataclass(frozen=True)
class Perimeter:
    """One particle's outline: points (n, 2) as (row, column), the length that each stands for, the depth of what lies
    beside it (0 matrix, 1 pore), and whether it faces the matrix, off the edge of the field, all (n,)."""

    label: int
    points: np.ndarray
    lengths: np.ndarray
    depth: np.ndarray
    faces: np.ndarray


def find_particles(flat: np.ndarray, levels: Levels, smallest: int, widest: int, at: float = 0.5) -> np.ndarray:
    """Labels (rows, columns) of the particles, their cracks (at most `widest` pixels wide) filled in.

    `smallest` is in pixels of area; `at` is the outline's place on the step from matrix (0) to particle (1).
    """
    level = levels.matrix + at * (levels.particle - levels.matrix)
    bright = ndi.binary_opening(ndi.gaussian_filter(flat, 1.0) > level, iterations=1)
    return find_whole_particles(bright, flat, levels, smallest, widest)


def find_whole_particles(bright, flat, levels: Levels, smallest: int, widest: int) -> np.ndarray:
    """Labels of the particles of a mask that leaves their cracks out (pixels of their class, or bright ones)."""
    smooth = ndi.gaussian_filter(flat, 0.7)
    dark = smooth < levels.matrix - INLET * (levels.matrix - levels.pore)
    dark = ndi.binary_dilation(dark, iterations=RIM + 1)
    labels = split_particles(_fill_cracks(bright, dark, widest, widest // 2), smallest)
    found = np.zeros_like(labels)
    for i, box in enumerate(ndi.find_objects(labels), 1):
        margin = tuple(slice(max(0, s.start - 2 * RIM), s.stop + 2 * RIM) for s in box)
        own = (labels[margin] == i) & bright[margin]
        # alone, a particle is closed by a larger disc: it leaves less of a notch where a crack ends at the outline
        own = _fill_cracks(own, dark[margin], widest, widest) & ((labels[margin] == i) | (labels[margin] == 0))
        found[margin][own & (found[margin] == 0)] = i
    return found


def _fill_cracks(bright: np.ndarray, dark: np.ndarray, widest: int, radius: int) -> np.ndarray:
    """The mask with its cracks: dark holes, and dark inlets that a disc of `radius` does not enter."""
    radius = max(1, radius)
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


def trace_perimeters(flat: np.ndarray, labels: np.ndarray, levels: Levels, reach: int) -> Iterator[Perimeter]:
    """The outline of every particle; a gap is looked for up to `reach` pixels away from it."""
    sharp = ndi.gaussian_filter(flat, 0.6)
    for i, box in enumerate(ndi.find_objects(labels), 1):
        if box is not None:
            yield _trace_perimeter(sharp, labels, i, box, levels, reach)


def _trace_perimeter(sharp, labels, i: int, box, levels: Levels, reach: int) -> Perimeter:
    rows, columns = labels.shape
    points, outward = _trace_outline(labels, i, box, reach + 3)
    if not len(points):
        return Perimeter(i, points, np.zeros(0), np.zeros(0), np.zeros(0, bool))
    t = np.arange(-1.0, reach + 0.5, 0.5)
    along = (points[:, :, None] + outward[:, :, None] * t).transpose(1, 0, 2)
    profile = ndi.map_coordinates(sharp, along, order=1, mode="nearest")
    profile = ndi.uniform_filter1d(profile, 5, axis=0, mode="nearest")
    depth = (levels.matrix - profile.min(axis=1)) / (levels.matrix - levels.pore)
    beyond = ndi.map_coordinates(labels, along[:, :, t >= 1.5], order=0, mode="constant")
    touches = np.any((beyond != 0) & (beyond != i), axis=1)
    margin = RIM + 1
    inner = np.all((points > margin) & (points < np.array([rows, columns]) - 1 - margin), axis=1)
    lengths = np.append(np.hypot(*np.diff(points, axis=0).T), 0.0)
    lengths[lengths > 3] = 0.0  # from one piece of the outline to the next
    return Perimeter(i, points, lengths, depth, inner & ~touches)


def _trace_outline(labels: np.ndarray, i: int, box, pad: int) -> tuple[np.ndarray, np.ndarray]:
    """(points (n, 2), outward normals (n, 2)) of a particle's smoothed outline."""
    from skimage.measure import find_contours

    top, left = max(0, box[0].start - pad), max(0, box[1].start - pad)
    own = (labels[top : box[0].stop + pad, left : box[1].stop + pad] == i).astype(float)
    height = ndi.gaussian_filter(np.pad(own, 1), 1.0)
    pieces = [c for c in find_contours(height, 0.5) if len(c) > 12]
    if not pieces:
        return np.zeros((0, 2)), np.zeros((0, 2))
    points = np.concatenate(pieces)
    slope = np.stack([ndi.map_coordinates(g, points.T, order=1) for g in np.gradient(height)], axis=1)
    outward = -slope / np.maximum(np.hypot(*slope.T), 1e-9)[:, None]
    return points - 1 + (top, left), outward


def find_crack_mouths(line: Perimeter, cracks: np.ndarray) -> np.ndarray:
    """Where a crack of the particle ends at its outline (n,): that is neither a gap nor contact."""
    near = np.clip(np.rint(line.points).astype(int), 0, np.array(cracks.shape) - 1)
    return ndi.binary_dilation(cracks, iterations=RIM)[tuple(near.T)]


def find_open_arcs(depth: np.ndarray, threshold: float) -> np.ndarray:
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
