"""Infrared bands above a baseline: several defensible baselines, areas, noise, and how deep an ATR crystal sees.

Wavenumbers in cm-1, absorbance to base 10, areas in cm-1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import diags
from scipy.sparse.linalg import spsolve

BASELINES = ("straight", "parabola", "arpls")


def convert_to_absorbance(values: np.ndarray, quantity: str) -> np.ndarray:
    """Absorbance from absorbance, transmittance or reflectance (as fractions).

    Parameters
    ----------
    values : np.ndarray
        The measured quantity, as fractions, shape (n,).
    quantity : str
        "absorbance", "transmittance" or "reflectance".

    Returns
    -------
    np.ndarray
        Absorbance to base 10, shape (n,).

    Raises
    ------
    ValueError
        Where not positive.
    """
    if quantity == "absorbance":
        return values
    if np.nanmin(values) <= 0:
        raise ValueError(f"{quantity} must be above 0, found {np.nanmin(values):.3g}")
    return -np.log10(values)


def measure_band_area(
    x: np.ndarray, y: np.ndarray, band: tuple[float, float], baseline: str, anchors: Sequence[tuple[float, float]]
) -> float:
    """Area of y over x between the limits of `band`, above a baseline. x rises.

    anchors : ((lo, hi), (lo, hi)) stretches without bands on both sides. straight: through their means; parabola:
    least squares through both and the mean curvature of the stretch between; arpls: asymmetrically reweighted
    penalised least squares (S.-J. Baek et al., Analyst 140 (2015) 250) over the whole stretch.

    Parameters
    ----------
    x : np.ndarray
        Wavenumbers, cm-1, rising, shape (n,).
    y : np.ndarray
        Absorbance, shape (n,).
    band : tuple[float, float]
        Limits of the band, cm-1.
    baseline : str
        Kind of the baseline, one of `BASELINES`.
    anchors : Sequence[tuple[float, float]]
        Two stretches without bands, cm-1, below and above the band.

    Returns
    -------
    float
        Area, cm-1.
    """
    low, high = anchors[0][0], anchors[1][1]
    inside = (x >= low) & (x <= high)
    part_x, part_y = x[inside], y[inside]
    base = _BASES[baseline](part_x, part_y, anchors)
    chosen = (part_x >= band[0]) & (part_x <= band[1])
    return float(np.trapezoid((part_y - base)[chosen], part_x[chosen]))


def draw_baseline(x: np.ndarray, y: np.ndarray, kind: str, anchors: Sequence[tuple[float, float]]) -> np.ndarray:
    """The baseline itself between the outer limits of the anchors; NaN outside.

    Parameters
    ----------
    x : np.ndarray
        Wavenumbers, cm-1, rising, shape (n,).
    y : np.ndarray
        Absorbance, shape (n,).
    kind : str
        Kind of the baseline, one of `BASELINES`.
    anchors : Sequence[tuple[float, float]]
        Two stretches without bands, cm-1, below and above the band.

    Returns
    -------
    np.ndarray
        Baseline, shape (n,), NaN outside.
    """
    inside = (x >= anchors[0][0]) & (x <= anchors[1][1])
    out = np.full(x.shape, np.nan)
    out[inside] = _BASES[kind](x[inside], y[inside], anchors)
    return out


def _draw_straight(x: np.ndarray, y: np.ndarray, anchors: Sequence[tuple[float, float]]) -> np.ndarray:
    points = [((x >= lo) & (x <= hi)) for lo, hi in anchors]
    (xa, ya), (xb, yb) = ((x[p].mean(), y[p].mean()) for p in points)
    return ya + (yb - ya) * (x - xa) / (xb - xa)


def _draw_parabola(x: np.ndarray, y: np.ndarray, anchors: Sequence[tuple[float, float]]) -> np.ndarray:
    held = np.zeros(x.shape, bool)
    for lo, hi in anchors:
        held |= (x >= lo) & (x <= hi)
    middle, span = 0.5 * (x[0] + x[-1]), x[-1] - x[0]
    return np.polyval(np.polyfit((x[held] - middle) / span, y[held], 2), (x - middle) / span)


def _draw_arpls(
    x: np.ndarray, y: np.ndarray, anchors: Sequence[tuple[float, float]], stiffness: float = 1e-3, most: int = 50
) -> np.ndarray:
    n = x.size
    second = diags([1.0, -2.0, 1.0], [0, 1, 2], shape=(n - 2, n))
    penalty = stiffness * n**4 * (second.T @ second)
    weights = np.ones(n)
    for _ in range(most):
        base = spsolve((diags(weights) + penalty).tocsc(), weights * y)
        below = (y - base)[y < base]
        if below.size < 2 or below.std() == 0:
            break
        new = 1.0 / (1.0 + np.exp(np.clip(2 * (y - base - (2 * below.std() - below.mean())) / below.std(), -500, 500)))
        if np.linalg.norm(new - weights) < 1e-3 * np.linalg.norm(weights):
            break
        weights = new
    return base


_BASES = {"straight": _draw_straight, "parabola": _draw_parabola, "arpls": _draw_arpls}


def estimate_noise(y: np.ndarray) -> float:
    """Standard deviation of the scatter, from second differences (median absolute deviation).

    Parameters
    ----------
    y : np.ndarray
        Absorbance, shape (n,).

    Returns
    -------
    float
        Standard deviation, in absorbance.
    """
    second = y[2:] - 2 * y[1:-1] + y[:-2]
    return float(1.4826 * np.median(np.abs(second)) / np.sqrt(6.0))


def compute_penetration(wavenumber: ArrayLike, crystal: float, sample: float, angle: float) -> np.ndarray:
    """Depth in m at which the evanescent field has fallen to 1/e; angle in rad (N. J. Harrick 1967).

    crystal, sample : refractive indices.

    Parameters
    ----------
    wavenumber : ArrayLike
        Wavenumbers, cm-1, any shape.
    crystal : float
        Refractive index of the crystal.
    sample : float
        Refractive index of the sample.
    angle : float
        Angle of incidence, rad.

    Returns
    -------
    np.ndarray
        Depth, m, of the shape of the wavenumbers.

    Raises
    ------
    ValueError
        Below the critical angle.
    """
    inside = np.sin(angle) ** 2 - (sample / crystal) ** 2
    if inside <= 0:
        raise ValueError("no total reflection at this angle and these refractive indices")
    return 1.0 / (2 * np.pi * 100.0 * np.asarray(wavenumber) * crystal * np.sqrt(inside))


def compute_effective_path(wavenumber: ArrayLike, crystal: float, sample: float, angle: float) -> np.ndarray:
    """Path in m that gives in transmission the absorbance of one reflection, of unpolarised light off a thick sample
    that absorbs weakly (N. J. Harrick, F. K. du Pre, Appl. Opt. 5 (1966) 1739); angle in rad.

    crystal, sample : refractive indices.

    Parameters
    ----------
    wavenumber : ArrayLike
        Wavenumbers, cm-1, any shape.
    crystal : float
        Refractive index of the crystal.
    sample : float
        Refractive index of the sample.
    angle : float
        Angle of incidence, rad.

    Returns
    -------
    np.ndarray
        Path, m, of the shape of the wavenumbers.

    Raises
    ------
    ValueError
        Below the critical angle.
    """
    n2, sine2 = (sample / crystal) ** 2, np.sin(angle) ** 2
    if sine2 <= n2:
        raise ValueError("no total reflection at this angle and these refractive indices")
    wave = 1.0 / (100.0 * np.asarray(wavenumber) * crystal)
    across = np.sqrt(n2) * np.cos(angle) / (np.pi * (1 - n2) * np.sqrt(sine2 - n2)) * wave
    along = across * (2 * sine2 - n2) / ((1 + n2) * sine2 - n2)
    return 0.5 * (across + along)
