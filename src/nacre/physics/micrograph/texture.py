"""Surface texture in top view as a spectrum, and the grains seen on it.

The relative brightness of tiles that lie wholly on particles is turned into a power spectrum over wavelengths; the
floor that noise makes (white, seen at the shortest wavelengths) is taken off. The square root of what lies within a
band is the texture's contrast there. Brightness is not height: the spectrum compares surfaces recorded alike, it
measures no roughness in nanometres.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi


@dataclass(frozen=True)
class TexturePowerSpectrum:
    """Power of relative brightness per tile (tiles, n) at spatial frequencies (n,) in 1/pixel, noise taken off.

    `power` is such that its sum over `width` (the ring's share of the plane) is the variance; `floor` is the noise's.
    """

    frequency: np.ndarray
    power: np.ndarray
    ring: np.ndarray
    floor: float

    def contrast(self, shortest: float, longest: float) -> tuple[float, float | None]:
        """(rms contrast, its standard error between tiles) within wavelengths in pixels."""
        inside = (self.frequency >= 1 / longest) & (self.frequency < 1 / shortest)
        variance = (self.power[:, inside] * self.ring[inside]).sum(axis=1)
        mean = float(np.sqrt(max(variance.mean(), 0.0)))
        if len(variance) < 3 or mean == 0:
            return mean, None
        return mean, float(variance.std(ddof=1) / np.sqrt(len(variance)) / (2 * mean))


def place_tiles(inside: np.ndarray, size: int) -> list[tuple[slice, slice]]:
    """Squares of `size` pixels that lie wholly inside a mask and do not overlap, best placed first."""
    room = ndi.distance_transform_cdt(np.pad(inside, 1), "chessboard")[1:-1, 1:-1].astype(float)
    half, found = size // 2, []
    while True:
        at = np.unravel_index(int(np.argmax(room)), room.shape)
        if room[at] <= half:
            return found
        y, x = (int(v) - half for v in at)
        found.append((slice(y, y + size), slice(x, x + size)))
        room[max(0, y - half) : y + size + half, max(0, x - half) : x + size + half] = 0


def compute_texture_spectrum(image: np.ndarray, where: list[tuple[slice, slice]]) -> TexturePowerSpectrum:
    """The spectra of tiles of one size. Raises ValueError where there is none."""
    if not where:
        raise ValueError("no tile lies wholly on a particle")
    size = where[0][0].stop - where[0][0].start
    taper = np.outer(np.hanning(size), np.hanning(size))
    taper /= np.sqrt((taper**2).mean())
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None]
    radius = np.hypot(fy, fx)
    edges = np.arange(1.0, size // 2 + 1) / size
    ring = np.digitize(radius, edges)
    count = np.bincount(ring.ravel(), minlength=edges.size + 1)[1 : edges.size]
    powers = np.array([_compute_power(image[tile], taper, ring, edges.size) for tile in where])
    frequency = 0.5 * (edges[1:] + edges[:-1])
    floor = float(np.median(powers[:, frequency > 0.42]))
    return TexturePowerSpectrum(frequency, powers - floor, count / size**2, floor)


def _compute_power(tile: np.ndarray, taper: np.ndarray, ring: np.ndarray, n: int) -> np.ndarray:
    v, u = np.meshgrid(*(np.linspace(-1, 1, tile.shape[0]),) * 2, indexing="ij")
    basis = np.stack([np.ones_like(u), u, v, u * v, u * u, v * v], axis=-1).reshape(-1, 6)
    smooth = (basis @ np.linalg.lstsq(basis, tile.ravel(), rcond=None)[0]).reshape(tile.shape)
    relative = (tile / np.maximum(smooth, 1e-9) - 1) * taper
    power = np.abs(np.fft.fft2(relative)) ** 2 / tile.size
    sums = np.bincount(ring.ravel(), power.ravel(), n + 1)
    return (sums / np.maximum(np.bincount(ring.ravel(), minlength=n + 1), 1))[1:n]


@dataclass(frozen=True)
class Grains:
    """Grains on a surface: equivalent diameters in pixels, contrast of their boundaries, labels on the image."""

    diameters: np.ndarray
    boundary_contrast: float
    boundary_error: float
    labels: np.ndarray


def find_grains(image: np.ndarray, inside: np.ndarray, blur: float = 1.5) -> Grains:
    """Bright grains parted by dark boundaries, by a watershed of the smoothed brightness.

    Tops that rise less than three times the noise over the saddle to their neighbour are no grains of their own.
    Raises ValueError where fewer than ten are found.
    """
    from skimage.morphology import h_maxima
    from skimage.segmentation import watershed

    light = ndi.gaussian_filter(np.where(inside, image, 0.0), 8 * blur) / np.maximum(
        ndi.gaussian_filter(inside.astype(float), 8 * blur), 1e-6
    )
    relative = np.where(inside, image / np.maximum(light, 1e-9), 0.0)
    smooth = ndi.gaussian_filter(relative, blur)
    rough = relative - ndi.gaussian_filter(relative, 0.8)
    noise = 1.4826 * np.median(np.abs(rough[inside])) / 0.83 / (2 * np.sqrt(np.pi) * blur)
    tops = h_maxima(smooth, 3 * noise) & ndi.binary_erosion(inside, iterations=2)
    markers = ndi.label(tops, np.ones((3, 3)))[0]
    labels = watershed(-smooth, markers, mask=inside)
    rim = set(np.unique(labels[~ndi.binary_erosion(inside, iterations=2)]).tolist())
    areas = np.bincount(labels.ravel())
    whole = np.array([i for i in range(1, areas.size) if i not in rim and areas[i] > 4], int)
    if whole.size < 10:
        raise ValueError(f"{whole.size} grains are seen whole")
    contrast, error = _measure_boundaries(relative, labels, whole)
    return Grains(2 * np.sqrt(areas[whole] / np.pi), contrast, error, np.where(np.isin(labels, whole), labels, 0))


def _measure_boundaries(relative: np.ndarray, labels: np.ndarray, whole: np.ndarray) -> tuple[float, float]:
    """(1 - brightness of boundaries over that of grains, its standard error over grains)."""
    edge = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        edge |= labels != np.roll(labels, 1, axis)
    core = ndi.distance_transform_edt(~edge) > 2
    of_edge = ndi.mean(relative, np.where(edge, labels, 0), whole)
    of_core = ndi.mean(relative, np.where(core, labels, 0), whole)
    ratio = 1 - np.asarray(of_edge) / np.asarray(of_core)
    ratio = ratio[np.isfinite(ratio)]
    if ratio.size < 3:
        return float("nan"), float("nan")
    return float(ratio.mean()), float(ratio.std(ddof=1) / np.sqrt(ratio.size))
