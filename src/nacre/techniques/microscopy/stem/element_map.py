"""From a STEM-EDS map to counts along and across the edge of a particle: what `stem_shell` fits.

The map is unmixed into families of lines (`physics.eds_families`). The edge is the half-height contour of the core's
element, smoothed as much as its counts ask for, found between pixels; every pixel then has a distance from it and a
place along it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from scipy.spatial import cKDTree
from skimage.measure import find_contours

from nacre.core.errors import NacreError, NotAssessable
from nacre.core.result import Check
from nacre.core.signal import Signal
from nacre.materials.spectra import xray_lines
from nacre.physics.microscopy import eds_families
from nacre.physics.microscopy.shell import ShellProfile
from nacre.readers.microscopy import images

FWHM = 0.130  # keV at Mn Ka, where the search for the detector's own begins
_MARGIN = 0.45  # keV beside the outermost lines
_DENSE = 0.25  # pixels between points of the contour
_ALONG = 3.0  # pixels over which it is smoothed: distances to a jagged line are too short
_MISFIT = 10.0  # deviance per degree of freedom above which the fit of the spectrum is doubtful
_PRESENT = 4.0  # standard deviations by which an element stands out in the summed spectrum


@dataclass(frozen=True)
class UnmixedElements:
    """Amplitudes (k, y, x) of families in counts; variances[i, j] of a pixel's i per amplitude of j, background last.

    fwhm, shift : the detector's, in keV, as the summed spectrum has them; deviance : of its fit, per degree of freedom.
    """

    names: tuple[str, ...]
    amplitude: np.ndarray
    variances: np.ndarray
    fwhm: float
    shift: float
    deviance: float
    totals: np.ndarray

    def of(self, name: str) -> np.ndarray:
        return self.amplitude[self.names.index(name)]


@dataclass(frozen=True)
class ParticleEdge:
    """The contour (n, 2) in nm, closed or not, its length, and of every pixel the distance and place along it (nm).

    Pixels that lie beyond the ends of an open contour, or nearer to the border than to it, have NaN.
    """

    points: np.ndarray
    length: float
    distance: np.ndarray
    along: np.ndarray
    smoothing: float
    closed: bool


def get_pixel(signal: Signal) -> float:
    """Size of a map's pixel in nm. Raises NotAssessable where the file does not hold it."""
    pixel = images.pixel_of(signal)
    if pixel is None:
        raise NotAssessable("the map has no scale", where=signal.where, do="export it with its pixel size")
    return 1e3 * pixel


def unmix(signal: Signal, families: tuple[str, ...]) -> UnmixedElements:
    """The map's elements: the coating's first, the core's next, then all others that are in the spectrum.

    Raises NacreError or NotAssessable where the map holds no counts, or not these families.
    """
    if "counts" not in signal:
        raise NotAssessable(
            "the map does not hold counts",
            where=signal.where,
            found=", ".join(signal.variables),
            do="export the map as recorded: without counts, noise cannot be distinguished from structure",
        )
    energy, counts = signal.array("energy", "keV"), signal["counts"].values
    lines = [_get_lines(name, signal.where) for name in families]
    every = np.concatenate([of[of[:, 1] >= 3, 0] for of in lines])
    chosen = (energy >= every.min() - _MARGIN) & (energy <= every.max() + _MARGIN)
    if not chosen.any() or energy[0] > every.min() or energy[-1] < every.max() - 0.3:
        raise NotAssessable(
            "the map's energies do not hold the lines asked for",
            where=signal.where,
            found=f"{energy[0]:.2f} to {energy[-1]:.2f} keV",
            expected=f"{every.min():.2f} to {every.max():.2f} keV for {', '.join(families)}",
        )
    energy, counts = energy[chosen], counts[..., chosen]
    total = counts.sum(axis=(0, 1), dtype=float)
    if total.sum() < 100:
        raise NotAssessable("the map is empty", where=signal.where, found=f"{total.sum():.0f} counts between "
                            f"{energy[0]:.2f} and {energy[-1]:.2f} keV", do="count longer")  # fmt: skip
    fwhm, shift = eds_families.calibrate_energies(energy, total, lines, FWHM)
    peaks = np.array([eds_families.make_family(energy, of, fwhm, shift) for of in lines])
    smooth = eds_families.make_continuum(energy)
    found, deviance = eds_families.fit_families(total, np.vstack([peaks, smooth]))
    background = found[len(peaks) :] @ smooth
    shapes = np.vstack([peaks, background / background.sum()])
    weights, variances = eds_families.make_unmixing(shapes, found @ np.vstack([peaks, smooth]))
    amplitude = np.einsum("kn,yxn->kyx", weights, counts, optimize=True)
    freedom = max(energy.size - len(found) - 2, 1)
    errors = np.sqrt(variances @ np.append(found[: len(peaks)], background.sum()))
    _refuse_missing(families[:2], found, errors, signal.where)
    return UnmixedElements(tuple(families), amplitude, variances, fwhm, shift, deviance / freedom, found[: len(peaks)])


def check_fit(elements: UnmixedElements) -> list[Check]:
    """What is doubtful in the fit of the spectrum."""
    if elements.deviance <= _MISFIT:
        return []
    text = f"the families fit the spectrum badly: deviance {elements.deviance:.0f} per degree of freedom"
    return [Check("warn", text, "name the elements that are missing in `others`")]


def _refuse_missing(families: tuple[str, ...], found: np.ndarray, errors: np.ndarray, where: str) -> None:
    """The coating's and the core's element must be there; further ones need not."""
    for name, counts, error in zip(families, found, errors, strict=False):
        if counts < _PRESENT * error:
            raise NotAssessable(
                f"the spectra of the map hold no {name}",
                where=where,
                found=f"{counts:.0f} counts, of an error of {error:.0f}",
                expected=f"more than {_PRESENT:g} times the error",
                do="count longer, name another family of lines, or call the sample bare",
            )


def _get_lines(name: str, where: str) -> np.ndarray:
    element, family = xray_lines.parse_line(name, where)
    family = family or xray_lines.find_main_line(name, where=where).name[0]
    return np.array(
        [(line.energy, line.weight) for line in xray_lines.list_lines(element, where) if line.name[0] == family]
    )


def find_edge(core: np.ndarray, pixel: float, where: str) -> ParticleEdge:
    """The longest half-height contour of the core's map (y, x); pixel in nm. Raises NotAssessable where none is."""
    mean = max(float(core.mean()), 1e-9)
    sigma = float(np.clip(np.sqrt(40 / (4 * np.pi * mean)), 1.2, 6.0))  # pixels, for a noise of some 10 % inside
    smooth = gaussian_filter(core, sigma, mode="nearest")
    level = _find_half_level(smooth)
    inside, outside = smooth[smooth > level].mean(), smooth[smooth <= level].mean()
    noise = float((core - smooth).std() / (2 * np.sqrt(np.pi) * sigma))
    contours = [c for c in find_contours(smooth, level) if len(c) > 12]
    if not contours or inside - outside < 6 * noise:
        raise NotAssessable(
            "no edge of the core is seen in the map",
            where=where,
            found=f"{outside:.3g} to {inside:.3g} counts per pixel, noise {noise:.2g}",
            do="map an edge of the particle, or count longer",
        )
    contour = max(contours, key=_measure_length)
    closed = bool(np.allclose(contour[0], contour[-1]))
    points, arc = _resample_contour(contour, closed)
    rows, columns = np.indices(core.shape)
    distance, nearest = cKDTree(points).query(np.column_stack([rows.ravel(), columns.ravel()]))
    sign = np.where(smooth.ravel() > level, -1.0, 1.0)
    along = arc[nearest]
    if not closed:  # beyond the ends nothing is across the contour
        ends = (nearest < 2) | (nearest >= len(points) - 2)
        along = np.where(ends, np.nan, along)
    distance = np.where(np.isfinite(along), sign * distance, np.nan)
    shape = core.shape
    return ParticleEdge(points * pixel, float(arc[-1] * pixel), (distance * pixel).reshape(shape),
                (along * pixel).reshape(shape), sigma * pixel, closed)  # fmt: skip


def compute_curvature(edge: ParticleEdge, over: float) -> float:
    """Root mean square curvature (1/nm) of the edge, smoothed over a length in nm."""
    step = edge.length / max(len(edge.points) - 1, 1)
    mode = "wrap" if edge.closed else "nearest"
    smooth = [gaussian_filter1d(edge.points[:, i], over / step, mode=mode) for i in (0, 1)]
    (dy, dx), (ddy, ddx) = (
        [np.gradient(v, step) for v in of] for of in (smooth, [np.gradient(v, step) for v in smooth])
    )
    bend = (dx * ddy - dy * ddx) / np.maximum(np.hypot(dx, dy), 1e-6) ** 3
    ends = int(over / step) if not edge.closed and len(bend) > 4 * over / step else 0  # smoothing bends the ends
    return float(np.sqrt(np.mean(bend[ends : bend.size - ends] ** 2)))


def _find_half_level(values: np.ndarray) -> float:
    """Half-way between the means of the values above and below it."""
    level = float(values.min() + values.max()) / 2
    for _ in range(50):
        above = values > level
        level = float(values[above].mean() + values[~above].mean()) / 2
    return level


def _measure_length(contour: np.ndarray) -> float:
    return float(np.hypot(*np.diff(contour, axis=0).T).sum())


def _resample_contour(contour: np.ndarray, closed: bool) -> tuple[np.ndarray, np.ndarray]:
    """(points evenly spaced along a contour and smoothed, their places on it), in pixels."""
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(contour, axis=0).T))])
    even = np.linspace(0, arc[-1], max(int(arc[-1] / _DENSE), 2))
    points = np.column_stack([np.interp(even, arc, contour[:, i]) for i in (0, 1)])
    return gaussian_filter1d(points, _ALONG / _DENSE, axis=0, mode="wrap" if closed else "nearest"), even


def make_profile(
    elements: UnmixedElements, name: str, edge: ParticleEdge, reach: float, pixel: float, chosen=None, like=None
) -> ShellProfile:
    """Counts of a family against distance, over the pixels `chosen` (y, x), all by default.

    like : a profile whose noise from other elements is taken over, as that of a short stretch is badly known.
    Raises NacreError where there are no pixels.
    """
    within = np.isfinite(edge.distance) & (np.abs(edge.distance) <= reach)
    within &= True if chosen is None else chosen
    if not within.any():
        raise NacreError("no pixels lie along this stretch of the edge")
    edges = np.arange(-reach, reach + pixel, pixel)
    d = edge.distance[within]
    place = elements.names.index(name)
    pixels = np.histogram(d, edges)[0]
    y = np.histogram(d, edges, weights=elements.amplitude[place][within])[0]
    phi = float(elements.variances[place, place])
    if like is not None:
        return ShellProfile(like.d, pixels, y, phi, like.other)
    other = np.zeros(len(pixels))
    for i, amplitude in enumerate(elements.amplitude):
        if i != place:
            sums = np.histogram(d, edges, weights=amplitude[within])[0]
            other += elements.variances[place, i] * sums / np.maximum(pixels, 1)
    return ShellProfile((edges[:-1] + edges[1:]) / 2, pixels, y, phi, np.maximum(other, 1e-6))
