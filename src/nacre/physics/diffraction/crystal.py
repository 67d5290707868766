"""Geometry of the crystal lattice and of diffraction: angstrom, degrees, plain arrays.

Equations: International Tables for Crystallography, volume B (2008), chapter 1.1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def compute_metric(cell: Sequence[float] | np.ndarray) -> np.ndarray:
    """Metric tensor (3, 3) in square angstrom of a cell (a, b, c in angstrom; alpha, beta, gamma in deg).

    Parameters
    ----------
    cell : Sequence[float] | np.ndarray
        a, b, c in angstrom and alpha, beta, gamma in degrees.

    Returns
    -------
    np.ndarray
        Metric tensor, square angstrom, shape (3, 3).
    """
    a, b, c = cell[:3]
    alpha, beta, gamma = np.cos(np.radians(np.asarray(cell[3:], float)))
    return np.array([[a * a, a * b * gamma, a * c * beta], [a * b * gamma, b * b, b * c * alpha],
                     [a * c * beta, b * c * alpha, c * c]])  # fmt: skip


def compute_volume(cell: Sequence[float] | np.ndarray) -> float:
    """Volume of the cell in cubic angstrom.

    Parameters
    ----------
    cell : Sequence[float] | np.ndarray
        a, b, c in angstrom and alpha, beta, gamma in degrees.

    Returns
    -------
    float
        Volume, cubic angstrom.
    """
    return float(np.sqrt(np.linalg.det(compute_metric(cell))))


def compute_d_spacing(hkl: ArrayLike, cell: Sequence[float] | np.ndarray) -> np.ndarray:
    """Spacing in angstrom of the planes hkl (n, 3) or (3,).

    Parameters
    ----------
    hkl : ArrayLike
        Miller indices, shape (..., 3).
    cell : Sequence[float] | np.ndarray
        a, b, c in angstrom and alpha, beta, gamma in degrees.

    Returns
    -------
    np.ndarray
        Spacings, angstrom, shape (...).
    """
    hkl = np.asarray(hkl, float)
    return 1 / np.sqrt(np.einsum("...i,ij,...j", hkl, np.linalg.inv(compute_metric(cell)), hkl))


def compute_two_theta(d: ArrayLike, wavelength: float) -> np.ndarray:
    """Bragg angle 2 theta in deg of spacings d (angstrom); NaN where d is below half the wavelength.

    Parameters
    ----------
    d : ArrayLike
        Spacings, angstrom, any shape.
    wavelength : float
        Wavelength, angstrom.

    Returns
    -------
    np.ndarray
        Angles, degrees, of the shape of the spacings.
    """
    sine = wavelength / (2 * np.asarray(d, float))
    return np.degrees(2 * np.arcsin(np.where(sine <= 1, sine, np.nan)))


def compute_angle_between(first: ArrayLike, second: ArrayLike, cell: Sequence[float] | np.ndarray) -> np.ndarray:
    """Angle in deg between reciprocal vectors hkl (..., 3).

    Parameters
    ----------
    first : ArrayLike
        Miller indices of one vector, shape (..., 3).
    second : ArrayLike
        Miller indices of the other, shape (..., 3).
    cell : Sequence[float] | np.ndarray
        a, b, c in angstrom and alpha, beta, gamma in degrees.

    Returns
    -------
    np.ndarray
        Angles, degrees, shape (...).
    """
    reciprocal = np.linalg.inv(compute_metric(cell))
    first, second = np.asarray(first, float), np.asarray(second, float)

    def dot(a: np.ndarray, b: np.ndarray) -> float:
        return np.einsum("...i,ij,...j", a, reciprocal, b)

    cosine = dot(first, second) / np.sqrt(dot(first, first) * dot(second, second))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))
