"""Geometry of the crystal lattice and of diffraction: angstrom, degrees, plain arrays.

Equations: International Tables for Crystallography, volume B (2008), chapter 1.1.
"""

import numpy as np


def compute_metric(cell) -> np.ndarray:
    """Metric tensor (3, 3) in square angstrom of a cell (a, b, c in angstrom; alpha, beta, gamma in deg)."""
    a, b, c = cell[:3]
    alpha, beta, gamma = np.cos(np.radians(np.asarray(cell[3:], float)))
    return np.array([[a * a, a * b * gamma, a * c * beta], [a * b * gamma, b * b, b * c * alpha],
                     [a * c * beta, b * c * alpha, c * c]])  # fmt: skip


def compute_volume(cell) -> float:
    """Volume of the cell in cubic angstrom."""
    return float(np.sqrt(np.linalg.det(compute_metric(cell))))


def compute_d_spacing(hkl, cell) -> np.ndarray:
    """Spacing in angstrom of the planes hkl (n, 3) or (3,)."""
    hkl = np.asarray(hkl, float)
    return 1 / np.sqrt(np.einsum("...i,ij,...j", hkl, np.linalg.inv(compute_metric(cell)), hkl))


def compute_two_theta(d, wavelength: float) -> np.ndarray:
    """Bragg angle 2 theta in deg of spacings d (angstrom); NaN where d is below half the wavelength."""
    sine = wavelength / (2 * np.asarray(d, float))
    return np.degrees(2 * np.arcsin(np.where(sine <= 1, sine, np.nan)))


def compute_angle_between(first, second, cell) -> np.ndarray:
    """Angle in deg between reciprocal vectors hkl (..., 3)."""
    reciprocal = np.linalg.inv(compute_metric(cell))
    first, second = np.asarray(first, float), np.asarray(second, float)

    def dot(a, b):
        return np.einsum("...i,ij,...j", a, reciprocal, b)

    cosine = dot(first, second) / np.sqrt(dot(first, first) * dot(second, second))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))
