"""A virtual STEM-EDS map of whole core-shell particles: photons drawn one by one from solid bodies.

Cores of Pt with Fe, shells of Fe, on a carbon film over a copper grid. Each photon starts at a point drawn in the body,
is moved by the probe and the drift of the stage, falls into a pixel and is given an energy. The record adds what an
analysis does not model: bodies with bumps, tails of the probe, drift, copper excited by what the particles scatter, a
film whose continuum changes across the map, and the detector's flaws (see `_photons`).
"""

from dataclasses import dataclass

import numpy as np

from nacre.core.signal import Signal
from nacre.virtual.microscopy import photons


@dataclass(frozen=True)
class ParticlesSpecimen:
    """The truth: means and standard deviations in nm over the particles; densities in photons per pixel and nm of path.

    uneven : relative scatter of the axes of a body; offset : how far (nm) a shell lies off its core's middle; spacing :
    between neighbours, in nm.
    """

    radius: float = 2.0
    radius_spread: float = 0.15
    thickness: float = 1.6
    thickness_spread: float = 0.2
    core: float = 12.0
    within: float = 1.8
    shell: float = 4.4
    uneven: float = 0.06
    offset: float = 0.25
    spacing: float = 8.5


@dataclass(frozen=True)
class StemParticlesFlaws:
    """What goes wrong: probe and drift in nm, part of the probe in tails of 3 nm, copper and continuum in counts."""

    probe: float = 0.45
    tails: float = 0.05
    drift: float = 0.3
    bumps: float = 0.03
    copper: float = 15.0
    scattered: float = 0.3
    continuum: float = 0.05
    collection: float = 0.03
    gain: float = 0.999
    fwhm: float = 0.136


@dataclass(frozen=True)
class Body:
    """An uneven ellipsoid: middle (3,), matrix of its axes (3, 3), and the phases of its bumps."""

    middle: np.ndarray
    axes: np.ndarray
    phases: np.ndarray
    bumps: float

    def holds(self, points: np.ndarray) -> np.ndarray:
        v = np.linalg.solve(self.axes, (points - self.middle).T)
        size = np.linalg.norm(v, axis=0)
        around = np.arctan2(v[1], v[0])
        wave = np.sin(3 * around + self.phases[0]) * np.sin(
            2 * np.arccos(np.clip(v[2] / np.maximum(size, 1e-9), -1, 1))
        )
        return size < 1 + self.bumps * wave

    @property
    def radius(self) -> float:
        """That of a circle of the area that the body covers in the image."""
        square = self.axes @ self.axes.T
        return float((np.linalg.det(square) * np.linalg.inv(square)[2, 2]) ** 0.25)

    @property
    def volume(self) -> float:
        return 4 / 3 * np.pi * abs(float(np.linalg.det(self.axes)))


@dataclass(frozen=True)
class ParticlesTruth:
    """Of every particle (k,): middle x, y, radius of the core and thickness of the shell in projection, in nm."""

    x: np.ndarray
    y: np.ndarray
    radius: np.ndarray
    thickness: np.ndarray


def measure_particles(
    specimen: ParticlesSpecimen,
    flaws: StemParticlesFlaws | None = None,
    *,
    seed: int,
    pixels: int = 64,
    pixel: float = 0.5,
) -> tuple[Signal, ParticlesTruth]:
    """A map (pixels, pixels, channels of 20 eV from 5 to 14 keV) as a "spectrum_image", and its truth."""
    flaws, rng = flaws or StemParticlesFlaws(), np.random.default_rng(seed)
    energy = 5.0 + 0.02 * np.arange(450)
    cube = np.zeros(pixels * pixels * energy.size, np.uint16)
    pairs = _place_bodies(specimen, flaws, rng, pixels * pixel)
    for kind, points in _draw_photons(pairs, specimen, flaws, rng, pixels, pixel):
        place = _land(points, flaws, rng, pixels, pixel)
        channel = np.floor((photons.draw_energies(kind, len(points), flaws, rng) - 4.99) / 0.02).astype(int)
        inside = (place >= 0) & (channel >= 0) & (channel < energy.size)
        np.add.at(cube, place[inside] * energy.size + channel[inside], 1)
    x, y = np.array([core.middle[:2] for core, _ in pairs]).T
    radius, outer = np.array([[body.radius for body in pair] for pair in pairs]).T
    signal = photons.make_spectrum_image(cube, energy, pixel, 200.0, "virtual particles")
    return signal, ParticlesTruth(x, y, radius, outer - radius)


def _place_bodies(
    s: ParticlesSpecimen, flaws: StemParticlesFlaws, rng: np.random.Generator, side: float
) -> list[tuple[Body, Body]]:
    """Pairs (core, outside of the shell) on a hexagonal lattice that is a little out of order."""
    pairs = []
    rows = int(side / (s.spacing * 0.87)) + 2
    shift = rng.uniform(0, s.spacing, 2)
    for i in range(-1, rows):
        for j in range(-1, int(side / s.spacing) + 2):
            middle = np.array([(j + 0.5 * (i % 2)) * s.spacing, 0.87 * i * s.spacing]) + shift
            middle = np.append(middle + 0.04 * s.spacing * rng.normal(size=2), 0.0)
            if np.any(middle[:2] < 0) or np.any(middle[:2] > side):
                continue
            radius = s.radius + s.radius_spread * rng.normal()
            outer = radius + max(s.thickness + s.thickness_spread * rng.normal(), 0.0)
            away = np.append(s.offset * rng.normal(size=2), 0.0) if outer > radius else 0.0
            core = _make_body(middle, radius, s, flaws, rng)
            pairs.append((core, _make_body(middle + away, outer, s, flaws, rng) if outer > radius else core))
    return pairs


def _make_body(
    middle: np.ndarray, radius: float, s: ParticlesSpecimen, flaws: StemParticlesFlaws, rng: np.random.Generator
) -> Body:
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    axes = np.exp(s.uneven * rng.normal(size=3))
    return Body(middle, turn * (radius * axes / axes.prod() ** (1 / 3)), rng.uniform(0, 2 * np.pi, 1), flaws.bumps)


def _draw_points_within(outer: Body, inner: Body | None, density: float, rng: np.random.Generator) -> np.ndarray:
    """Points (n, 2) as x, y of a uniform density (per nm3) inside one body and not in the other."""
    half = 1.1 * np.linalg.norm(outer.axes, 2)
    points = outer.middle + rng.uniform(-half, half, (rng.poisson(density * (2 * half) ** 3), 3))
    points = points[outer.holds(points)]
    return (points if inner is None else points[~inner.holds(points)])[:, :2]


def _draw_photons(
    pairs, s: ParticlesSpecimen, flaws: StemParticlesFlaws, rng: np.random.Generator, pixels: int, pixel: float
):
    """(kind, starting points) of all photons."""
    side, area = pixels * pixel, pixel**2
    for core, outer in pairs:
        yield "Pt", _draw_points_within(core, None, s.core / area, rng)
        yield "Fe", _draw_points_within(core, None, s.within / area, rng)
        yield "Cu", _draw_points_within(core, None, flaws.scattered * s.core / area, rng)
        yield "continuum", _draw_points_within(core, None, flaws.continuum * s.core / area, rng)
        if outer is not core:
            yield "Fe", _draw_points_within(outer, core, s.shell / area, rng)
            yield "continuum", _draw_points_within(outer, core, flaws.continuum * s.shell / area, rng)
    yield "Cu", rng.uniform(0, side, (rng.poisson(flaws.copper * pixels**2), 2))
    film = rng.uniform(0, side, (rng.poisson(2 * pixels**2), 2))
    yield "continuum", film[rng.random(len(film)) < 0.5 + 0.5 * film[:, 0] / side]


def _land(
    points: np.ndarray, flaws: StemParticlesFlaws, rng: np.random.Generator, pixels: int, pixel: float
) -> np.ndarray:
    """The pixel (row after row) that each photon falls in, -1 outside."""
    far = np.where(rng.random(len(points)) < flaws.tails, 3.0, flaws.probe)
    moved = points + far[:, None] * rng.normal(size=points.shape)
    moved = moved + flaws.drift * (rng.random((len(points), 1)) - 0.5) * np.array([0.5, 1.0])
    column, row = np.floor(moved / pixel).astype(int).T
    inside = (row >= 0) & (row < pixels) & (column >= 0) & (column < pixels)
    return np.where(inside, row * pixels + column, -1)
