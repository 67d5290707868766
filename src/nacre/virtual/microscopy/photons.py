"""Energies of virtual X-ray photons: lines with ratios of their own, and a detector with flaws of its own."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from nacre.core.signal import Signal, Variable

LINES: Mapping[str, tuple[tuple[float, float], ...]] = {
    "Ni": ((7.478, 1.0), (8.265, 0.14)),
    "Co": ((6.930, 1.0), (7.649, 0.14)),
    "Mn": ((5.899, 1.0), (6.490, 0.14)),
    "Hf": ((7.899, 0.50), (7.845, 0.055), (9.023, 0.33), (9.347, 0.105), (10.516, 0.045), (6.960, 0.025)),
    "Zr": ((2.042, 0.56), (2.040, 0.06), (2.124, 0.33), (2.219, 0.02), (1.792, 0.03)),
    "Cu": ((8.048, 1.0), (8.905, 0.14)),
    "Fe": ((6.404, 1.0), (7.058, 0.14)),
    "Pt": ((9.442, 0.50), (9.362, 0.055), (11.071, 0.26), (11.251, 0.11), (12.942, 0.05), (8.268, 0.025)),
    "Ga": ((9.252, 1.0), (10.264, 0.15)),
}


class PhotonDetector(Protocol):
    """collection : part of the photons whose charge is lost in part; gain : of the energies; fwhm : keV at Mn Ka."""

    @property
    def collection(self) -> float: ...
    @property
    def gain(self) -> float: ...
    @property
    def fwhm(self) -> float: ...


def draw_energies(kind: str, number: int, detector: PhotonDetector, rng: np.random.Generator) -> np.ndarray:
    """Energies (number,) in keV of photons of an element, or of the continuum."""
    if kind == "continuum":
        return 4.8 + rng.exponential(4.0, number)
    lines = np.array(LINES[kind])
    at = rng.choice(lines[:, 0], number, p=lines[:, 1] / lines[:, 1].sum())
    noise = np.sqrt(detector.fwhm**2 + 2.5e-3 * (at - 5.895)) / 2.3548
    lost = np.where(rng.random(number) < detector.collection, rng.exponential(0.15, number), 0.0)
    return detector.gain * at + noise * rng.normal(size=number) - lost


def make_spectrum_image(cube: np.ndarray, energy: np.ndarray, pixel: float, beam_kv: float, name: str) -> Signal:
    """A "spectrum_image" of counts (pixels * pixels * channels,) in a square map; energy in keV, pixel in nm."""
    pixels = int(np.sqrt(cube.size // energy.size))
    centres = (np.arange(pixels) + 0.5) * pixel * 1e-3
    variables = {
        "counts": Variable(cube.reshape(pixels, pixels, -1), "1", ("y", "x", "energy")),
        "energy": Variable(energy, "keV", ("energy",)),
        "y": Variable(centres, "um", ("y",)),
        "x": Variable(centres, "um", ("x",)),
    }
    metadata = {"beam_kV": beam_kv, "pixel_um": pixel * 1e-3}
    return Signal("spectrum_image", variables, metadata, origin="synthetic", name=name)
