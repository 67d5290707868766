"""A virtual EDS map of a coated powder in a scanning electron microscope, with known evenness.

Particles are lit from one side by the detector; the take-off shadows their far flank. Counts of each element are
Poisson in proportion to what is there, to the shadow and to the beam. What no analysis here models: a beam current
that drifts during the frame, absorption that differs between two lines, a background under the weaker line, and a few
rows that the scan lost.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi

from nacre.core.signal import Note, Signal, Variable


@dataclass(frozen=True)
class Coat:
    """The element's spread: rms variation (1 = 100 %) with a Gaussian correlation length in um; 0 is even."""

    variation: float = 0.0
    length: float = 10.0
    shading: float = 0.0


@dataclass(frozen=True)
class EdsDetector:
    """Pixels and their side in um; mean counts per pixel on the sample of the element and of the reference."""

    size: int = 256
    pixel: float = 0.25
    counts: float = 2.0
    reference_counts: float = 12.0
    topography: float = 0.35
    drift: float = 0.06
    background: float = 0.02
    lost_rows: int = 2
    kv: float = 20.0


def draw_powder_map(
    coat: Coat, detector: EdsDetector | None = None, lines=("Hf La1", "Ni Ka1"), seed: int = 0
) -> Signal:
    """Maps of an element and of the reference below it, and an electron image. The same seed gives the same map."""
    d = detector or EdsDetector()
    rng = np.random.default_rng(seed)
    height = _draw_field(rng, d.size, 1.6 / d.pixel)
    flank = np.gradient(ndi.gaussian_filter(height, 1.5), axis=1)
    flank = flank / flank.std()
    light = np.clip(1 + d.topography * flank, 0.1, None)
    drift = 1 + d.drift * np.cumsum(rng.standard_normal(d.size))[:, None] / np.sqrt(d.size)
    share = np.clip(
        1 + coat.variation * _draw_field(rng, d.size, coat.length / d.pixel / 2) + coat.shading * flank, 0, None
    )
    absorbed = light**1.03  # the two lines are absorbed a little differently
    k = rng.poisson(d.counts * np.clip(share * absorbed * drift + d.background, 0, None))
    n = rng.poisson(d.reference_counts * light * drift)
    for row in rng.integers(0, d.size, d.lost_rows):
        k[row] = n[row] = 0
    image = np.clip(np.round(110 + 40 * flank + rng.normal(0, 4, flank.shape)), 0, 255)
    axis = (np.arange(d.size) + 0.5) * d.pixel
    variables = {
        lines[0]: Variable(k, "1", ("y", "x")),
        lines[1]: Variable(n, "1", ("y", "x")),
        "electron_image": Variable(image, "1", ("y", "x")),
        "y": Variable(axis, "um", ("y",)),
        "x": Variable(axis, "um", ("x",)),
    }
    note = Note("info", f"made by a virtual detector, seed {seed}")
    metadata = {"accelerating_voltage_kV": d.kv, "seed": seed}
    return Signal("element_map", variables, metadata, None, (note,), "synthetic", f"map-{seed}")


def _draw_field(rng, n: int, length: float) -> np.ndarray:
    """A random field of unit variance, smooth over `length` pixels."""
    field = ndi.gaussian_filter(rng.standard_normal((n, n)), max(length, 0.5), mode="wrap")
    return field / field.std()
