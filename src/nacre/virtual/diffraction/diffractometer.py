"""A virtual powder diffractometer: capillary in transmission, one K-alpha1 line, a strip detector.

Every reflection of the full sphere is summed from its atoms: F = sum occ f exp(-B s^2) exp(2 pi i hkl.x); lines are
pseudo-Voigt of Gaussian (resolution) and Lorentzian (size, strain) widths. Beyond what a refinement models: a tail of
lines at low angle, the hump of the glass and air scatter (no polynomial), modules of the detector that differ in
gain, a rest of K-alpha2, and absorption on a grid of points in the capillary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nacre.core.signal import Note, Signal, Variable
from nacre.materials.crystals import Crystal, compute_scattering

FOLDED = 1e-4  # reflections within this relative distance in d are one line


@dataclass(frozen=True)
class DiffractionPowder:
    """One phase of the specimen: its mass fraction, crystallite size (nm), strain (FWHM over tan theta)."""

    crystal: Crystal
    fraction: float
    size: float
    strain: float = 0.0


@dataclass(frozen=True)
class Beam:
    """The instrument. Lengths in angstrom, angles in deg; u, v, w as FWHM^2 in deg^2."""

    wavelength: float = 0.7093172
    first: float = 5.0
    step: float = 0.015
    points: int = 4000
    zero: float = 0.012
    u: float = 0.0020
    v: float = -0.0012
    w: float = 0.0030
    tail: float = 0.0003
    alpha2: float = 0.002
    wavelength2: float = 0.7136074
    mu_r: float = 0.0
    gain: float = 0.002
    counts: float = 30000.0
    glass: float = 700.0
    air: float = 900.0
    flat: float = 450.0


@dataclass(frozen=True)
class DiffractionScan:
    """What is recorded: phases, instrument, and what to write into the head of the file."""

    powders: Sequence[DiffractionPowder]
    beam: Beam = field(default_factory=Beam)
    title: str = ""
    start: str = "14-Mar-23 10:20"
    seconds: float = 120.0


def simulate_pattern(scan: DiffractionScan, seed: int = 0) -> Signal:
    """A scan as a Signal of kind "diffraction" in counts, origin "synthetic"; the same seed gives the same counts."""
    beam, rng = scan.beam, np.random.default_rng(seed)
    two_theta = beam.first + beam.step * np.arange(beam.points)
    lines = sum(_draw_phase(powder, scan, two_theta) for powder in scan.powders)
    lines *= compute_absorption(two_theta, beam.mu_r)
    expected = lines * beam.counts / lines.max() + draw_background(two_theta, beam)
    modules = 1 + beam.gain * rng.standard_normal(beam.points // 320 + 1)
    expected = expected * modules[np.arange(beam.points) // 320]
    counts = rng.poisson(expected).astype(float)
    variables = {
        "two_theta": Variable(np.round(two_theta, 6), "deg", ("two_theta",)),
        "intensity": Variable(counts, "counts", ("two_theta",)),
    }
    metadata: Mapping = {
        "title": scan.title,
        "start": scan.start,
        "seconds": scan.seconds,
        "wavelengths": (beam.wavelength,),
        "weights": (1.0,),
    }
    note = Note("info", f"made by a virtual diffractometer, seed {seed}")
    return Signal("diffraction", variables, metadata, notes=(note,), origin="synthetic", name=scan.title)


def _draw_phase(powder: DiffractionPowder, scan: DiffractionScan, two_theta: np.ndarray) -> np.ndarray:
    beam, crystal = scan.beam, powder.crystal
    d, strength = list_lines(crystal, beam.wavelength, float(two_theta[-1]) + 2)
    amount = powder.fraction / crystal.density / crystal.volume**2
    found = np.zeros_like(two_theta)
    for length, share in ((beam.wavelength, 1.0), (beam.wavelength2, beam.alpha2)):
        if not share:
            continue
        theta = np.arcsin(np.clip(length / (2 * d), 0, 1))
        lorentz_polar = (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
        for angle, height in zip(theta, strength * lorentz_polar * amount * share, strict=True):
            found += height * _draw_line(two_theta, angle, powder, beam, length)
    return found


def list_lines(crystal: Crystal, wavelength: float, two_theta_max: float) -> tuple[np.ndarray, np.ndarray]:
    """(d in angstrom, sum of |F|^2 over the reflections of equal d), weak ones left out."""
    d_min = wavelength / 2 / np.sin(np.radians(two_theta_max / 2))
    reach = [int(np.ceil(edge / d_min)) for edge in crystal.cell[:3]]
    hkl = np.array(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij")).reshape(3, -1).T
    hkl = hkl[np.any(hkl != 0, axis=1)]
    length = np.linalg.norm(hkl @ np.linalg.inv(_place_axes(crystal.cell)).T, axis=1)
    hkl, length = hkl[length <= 1 / d_min], length[length <= 1 / d_min]
    order = np.argsort(length)
    hkl, length = hkl[order], length[order]
    square = np.abs(compute_structure_factor(crystal, hkl, length, wavelength)) ** 2
    starts = np.flatnonzero(np.append(True, np.diff(length) > FOLDED * length[1:]))
    total = np.add.reduceat(square, starts)
    kept = total > 1e-6 * total.max()
    return 1 / length[starts][kept], total[kept]


def _place_axes(cell) -> np.ndarray:
    """Rows: the cell's edges in Cartesian coordinates."""
    a, b, c = cell[:3]
    alpha, beta, gamma = np.radians(cell[3:])
    x = np.cos(beta)
    y = (np.cos(alpha) - np.cos(beta) * np.cos(gamma)) / np.sin(gamma)
    z = np.sqrt(1 - x * x - y * y)
    return np.array([[a, 0, 0], [b * np.cos(gamma), b * np.sin(gamma), 0], [c * x, c * y, c * z]])


def compute_structure_factor(crystal: Crystal, hkl: np.ndarray, length: np.ndarray, wavelength: float) -> np.ndarray:
    """F of each hkl from every atom of the cell; `length` is 1/d in 1/angstrom."""
    s2 = (length / 2) ** 2
    rounded, where = np.unique(np.round(s2, 7), return_inverse=True)
    factors = compute_scattering({site.element for site in crystal.sites}, rounded, wavelength)
    found = np.zeros(len(hkl), complex)
    for site in crystal.sites:
        places = {
            tuple(np.round(np.mod(op.apply_to_xyz([site.x, site.y, site.z]), 1.0), 5) % 1.0)
            for op in crystal.group.operations()
        }
        phase = np.exp(2j * np.pi * hkl @ np.array(sorted(places)).T).sum(axis=1)
        found += site.occupancy * factors[site.element][where] * np.exp(-site.b_iso * s2) * phase
    return found


def _draw_line(x: np.ndarray, theta: float, powder: DiffractionPowder, beam: Beam, wavelength: float) -> np.ndarray:
    """One line of unit area: a pseudo-Voigt, part of it displaced towards low angle (axial tail)."""
    tan = np.tan(theta)
    gauss = np.sqrt(max(beam.u * tan**2 + beam.v * tan + beam.w, 1e-6))
    lorentz = np.degrees(0.1 * wavelength / powder.size / np.cos(theta) + powder.strain * tan)
    terms = gauss**5 + 2.69269 * gauss**4 * lorentz + 2.42843 * gauss**3 * lorentz**2
    width = (terms + 4.47163 * gauss**2 * lorentz**3 + 0.07842 * gauss * lorentz**4 + lorentz**5) ** 0.2
    ratio = lorentz / width
    eta = 1.36603 * ratio - 0.47719 * ratio**2 + 0.11116 * ratio**3
    centre = np.degrees(2 * theta) + beam.zero
    found = np.zeros_like(x)
    tail = beam.tail / np.tan(2 * theta)
    for part, shift in ((0.75, 0.0), (0.17, 0.5), (0.08, 1.2)):
        z = (x - centre + shift * tail) / width
        bell = np.exp(-4 * np.log(2) * z * z) * 2 * np.sqrt(np.log(2) / np.pi)
        found += part * (eta * 2 / np.pi / (1 + 4 * z * z) + (1 - eta) * bell) / width
    return found


def draw_background(x: np.ndarray, beam: Beam) -> np.ndarray:
    """Air scatter, the two humps of a glass capillary, and what stays."""
    s = 2 * np.sin(np.radians(x / 2)) / beam.wavelength
    humps = np.exp(-(((s - 0.245) / 0.085) ** 2)) + 0.35 * np.exp(-(((s - 0.62) / 0.16) ** 2))
    return beam.flat + beam.air * np.exp(-x / 14.0) + beam.glass * humps


def compute_absorption(x: np.ndarray, mu_r: float, n: int = 61) -> np.ndarray:
    """Transmission of a cylinder from a grid of points in its cross-section."""
    if not mu_r:
        return np.ones_like(x)
    grid = (np.arange(n) + 0.5) / n * 2 - 1
    px, py = (v.ravel() for v in np.meshgrid(grid, grid))
    inside = px**2 + py**2 < 1
    px, py = px[inside], py[inside]
    way_in = px + np.sqrt(1 - py**2)
    angles = np.linspace(x[0], x[-1], 40)
    found = []
    for angle in np.radians(angles):
        along = px * np.cos(angle) + py * np.sin(angle)
        across = py * np.cos(angle) - px * np.sin(angle)
        found.append(np.mean(np.exp(-mu_r * (way_in - along + np.sqrt(np.maximum(1 - across**2, 0))))))
    return np.interp(x, angles, found)
