"""A virtual STEM-EDS map of a coated particle in a lamella: photons drawn one by one, and what goes wrong on the way.

The sample is a core with a wavy, grooved edge, a coating of uneven thickness with gaps, and protective carbon outside.
Each photon starts at a place drawn from what is there, at a depth in the lamella; it is moved by the tilt of the edge,
the probe and the drift of the stage, falls into a pixel, and is given an energy. The record adds what an analysis does
not model: drift along the scan, a tilted edge, copper from the grid and gallium from the ion beam, counts of the
continuum that differ between core, coating and carbon, incomplete collection of charge (tails of peaks), ratios of
lines that are not those of tables, and a detector with a gain that is off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from nacre.core.signal import Signal
from nacre.virtual.microscopy import photons

FINE = 4  # subdivisions of a pixel


@dataclass(frozen=True)
class LamellaSpecimen:
    """The truth. Lengths in nm; counts are photons per pixel of the element's whole family.

    thickness, spread : mean and standard deviation of the coating along the contour; correlation : over this length;
    sampled : the map shows a piece drawn from a coating of that mean and spread, not one that has both itself;
    gaps : (start, length) along the contour; tail : share of the coating's element that decays into the core over
    tail_length; element : that of the coating.
    """

    thickness: float = 12.0
    spread: float = 2.0
    correlation: float = 25.0
    sampled: bool = False
    gaps: tuple[tuple[float, float], ...] = ()
    tail: float = 0.0
    tail_length: float = 3.0
    counts: float = 5.0
    core_counts: float = 6.0
    waviness: float = 8.0
    lamella: float = 60.0
    element: str = "Hf"


@dataclass(frozen=True)
class StemEdsFlaws:
    """What goes wrong: lengths in nm, drift over the whole map, tilt in degrees, copper and gallium in counts."""

    probe: float = 0.6
    drift: float = 1.0
    tilt: float = 2.0
    copper: float = 0.3
    gallium: float = 0.1
    continuum: Mapping[str, float] = field(default_factory=lambda: {"core": 1.0, "coating": 2.0, "carbon": 0.3})
    collection: float = 0.03
    gain: float = 1.001
    fwhm: float = 0.136


@dataclass(frozen=True)
class LamellaTruth:
    """What is in a map: thickness along the contour (sampled evenly in arc length), the part of it that is covered."""

    thickness: np.ndarray
    covered: float


def measure_map(
    specimen: LamellaSpecimen, flaws: StemEdsFlaws | None = None, *, seed: int, pixels: int = 256, pixel: float = 0.8
) -> tuple[Signal, LamellaTruth]:
    """A map (pixels, pixels, channels of 20 eV up to 12 keV) as a "spectrum_image", and its truth."""
    flaws, rng = flaws or StemEdsFlaws(), np.random.default_rng(seed)
    densities, truth = _draw_scene(specimen, rng, pixels, pixel)
    energy = _make_axis(specimen.element)
    cube = np.zeros(pixels * pixels * energy.size, np.uint16)
    for (kind, region), density in densities.items():
        per_pixel = _find_dose(kind, region, specimen, flaws)
        number = rng.poisson(per_pixel / FINE**2 * density)
        place = _land(number, specimen, flaws, rng, pixels, pixel)
        channel = np.floor((photons.draw_energies(kind, place.size, flaws, rng) - energy[0] + 0.01) / 0.02).astype(int)
        inside = (place >= 0) & (channel >= 0) & (channel < energy.size)
        np.add.at(cube, place[inside] * energy.size + channel[inside], 1)
    return photons.make_spectrum_image(cube, energy, pixel, 300.0, "virtual STEM-EDS"), truth


def _make_axis(element: str) -> np.ndarray:
    """Energies of the channels in keV: from 5, or from below the lines of the coating's element."""
    low = min(5.0, round(min(at for at, _ in photons.LINES[element]) - 1.0, 1))
    return low + 0.02 * np.arange(round((12.0 - low) / 0.02))


def _draw_scene(s: LamellaSpecimen, rng, pixels: int, pixel: float):
    """Densities (1 is "full") of every kind of photon on the fine grid, and the truth."""
    step = pixel / FINE
    x = (np.arange(pixels * FINE) + 0.5) * step
    length = x[-1]
    edge = 0.55 * length + s.waviness * np.sin(2 * np.pi * (x / length * 1.3 + rng.random()))
    edge -= 0.6 * s.waviness * np.exp(-(((x - length * rng.uniform(0.3, 0.7)) / 15) ** 2))
    slope = np.gradient(edge, x)
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(1, slope[1:]) * step)])
    thick = np.maximum(s.thickness + s.spread * _draw_wandering(arc, s, rng), 2.0)
    bare = np.zeros(x.size, bool)
    for start, extent in s.gaps:
        bare |= (arc >= start) & (arc < start + extent)
    # the core lies above its edge: rows count downwards, outside is below
    depth = (x[:, None] - edge[None, :]) / np.hypot(1, slope)[None, :]
    core, coat = depth < 0, (depth >= 0) & (depth < thick[None, :]) & ~bare[None, :]
    shell = coat * (1 - s.tail)
    if s.tail:
        inside = np.exp(np.minimum(depth, 0) / s.tail_length) * core / s.tail_length
        shell = shell + s.tail * inside * (thick * ~bare)[None, :]
    everything = np.ones_like(depth)
    densities = {(s.element, ""): shell, ("Cu", ""): everything, ("Ga", ""): (depth < thick[None, :]) * 1.0}
    densities |= {(metal, ""): core * 1.0 for metal in ("Ni", "Co", "Mn")}
    parts = {"core": core, "coating": coat, "carbon": ~core & ~coat}
    densities |= {("continuum", name): part * 1.0 for name, part in parts.items()}
    even = np.linspace(0, arc[-1], 4 * x.size)
    values = np.interp(even, arc, thick)[np.interp(even, arc, bare.astype(float)) < 0.5]
    return densities, LamellaTruth(values, float(1 - np.interp(even, arc, bare.astype(float)).mean()))


def _draw_wandering(arc: np.ndarray, s: LamellaSpecimen, rng) -> np.ndarray:
    """A smooth random line of mean 0 and standard deviation 1, over the arc or over all such lines."""
    waves = rng.normal(size=60) / s.correlation
    line = np.cos(np.outer(arc, waves) + rng.uniform(0, 2 * np.pi, 60)).sum(axis=1)
    return line / np.sqrt(30) if s.sampled else (line - line.mean()) / line.std()


def _find_dose(kind: str, region: str, s: LamellaSpecimen, flaws: StemEdsFlaws) -> float:
    if kind == "continuum":
        return flaws.continuum[region] * s.counts / 5
    shares = {"Ni": 0.85, "Co": 0.10, "Mn": 0.05}
    if kind in shares:
        return shares[kind] * s.core_counts * s.counts / 5
    return {s.element: s.counts, "Cu": flaws.copper * s.counts / 5, "Ga": flaws.gallium * s.counts / 5}[kind]


def _land(number: np.ndarray, s: LamellaSpecimen, flaws: StemEdsFlaws, rng, pixels: int, pixel: float) -> np.ndarray:
    """The pixel (row after row) that each photon falls in, -1 outside."""
    row, column = np.nonzero(number)
    times = number[row, column]
    y, x = np.repeat(row, times) + 0.0, np.repeat(column, times) + 0.0
    y, x = ((v + rng.random(v.size)) * pixel / FINE for v in (y, x))
    y += np.tan(np.radians(flaws.tilt)) * s.lamella * (rng.random(y.size) - 0.5)
    y, x = (v + flaws.probe * rng.normal(size=v.size) for v in (y, x))
    # the stage drifts while the rows are scanned, each map being the sum of many frames
    time = rng.random(y.size) - 0.5
    y, x = y + flaws.drift * time, x + 0.5 * flaws.drift * time
    row, column = np.floor(y / pixel).astype(int), np.floor(x / pixel).astype(int)
    inside = (row >= 0) & (row < pixels) & (column >= 0) & (column < pixels)
    return np.where(inside, row * pixels + column, -1)
