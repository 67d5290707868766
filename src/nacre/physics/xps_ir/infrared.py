"""Infrared bands above a baseline: several defensible baselines, areas, noise, and how deep an ATR crystal sees.

Wavenumbers in cm-1, absorbance to base 10, areas in cm-1.
"""

import numpy as np
from scipy.sparse import diags
from scipy.sparse.linalg import spsolve

BASELINES = ("straight", "parabola", "arpls")


def convert_to_absorbance(values: np.ndarray, quantity: str) -> np.ndarray:
    """Absorbance from absorbance, transmittance or reflectance (as fractions). Raises ValueError where not positive."""
    if quantity == "absorbance":
        return values
    if np.nanmin(values) <= 0:
        raise ValueError(f"{quantity} must be above 0, found {np.nanmin(values):.3g}")
    return -np.log10(values)


def measure_band_area(x: np.ndarray, y: np.ndarray, band: tuple[float, float], baseline: str, anchors) -> float:
    """Area of y over x between the limits of `band`, above a baseline. x rises.

    anchors : ((lo, hi), (lo, hi)) stretches without bands on both sides. straight: through their means; parabola:
    least squares through both and the mean curvature of the stretch between; arpls: asymmetrically reweighted
    penalised least squares (S.-J. Baek et al., Analyst 140 (2015) 250) over the whole stretch.
    """
    low, high = anchors[0][0], anchors[1][1]
    inside = (x >= low) & (x <= high)
    part_x, part_y = x[inside], y[inside]
    base = _BASES[baseline](part_x, part_y, anchors)
    chosen = (part_x >= band[0]) & (part_x <= band[1])
    return float(np.trapezoid((part_y - base)[chosen], part_x[chosen]))


def draw_baseline(x: np.ndarray, y: np.ndarray, kind: str, anchors) -> np.ndarray:
    """The baseline itself between the outer limits of the anchors; NaN outside."""
    inside = (x >= anchors[0][0]) & (x <= anchors[1][1])
    out = np.full(x.shape, np.nan)
    out[inside] = _BASES[kind](x[inside], y[inside], anchors)
    return out


def _draw_straight(x, y, anchors):
    points = [((x >= lo) & (x <= hi)) for lo, hi in anchors]
    (xa, ya), (xb, yb) = ((x[p].mean(), y[p].mean()) for p in points)
    return ya + (yb - ya) * (x - xa) / (xb - xa)


def _draw_parabola(x, y, anchors):
    held = np.zeros(x.shape, bool)
    for lo, hi in anchors:
        held |= (x >= lo) & (x <= hi)
    middle, span = 0.5 * (x[0] + x[-1]), x[-1] - x[0]
    return np.polyval(np.polyfit((x[held] - middle) / span, y[held], 2), (x - middle) / span)


def _draw_arpls(x, y, anchors, stiffness: float = 1e-3, most: int = 50):
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
    """Standard deviation of the scatter, from second differences (median absolute deviation)."""
    second = y[2:] - 2 * y[1:-1] + y[:-2]
    return float(1.4826 * np.median(np.abs(second)) / np.sqrt(6.0))


def compute_penetration(wavenumber, crystal: float, sample: float, angle: float):
    """Depth in m at which the evanescent field has fallen to 1/e; angle in rad (N. J. Harrick 1967).

    crystal, sample : refractive indices. Raises ValueError below the critical angle.
    """
    inside = np.sin(angle) ** 2 - (sample / crystal) ** 2
    if inside <= 0:
        raise ValueError("no total reflection at this angle and these refractive indices")
    return 1.0 / (2 * np.pi * 100.0 * np.asarray(wavenumber) * crystal * np.sqrt(inside))


def compute_effective_path(wavenumber, crystal: float, sample: float, angle: float):
    """Path in m that gives in transmission the absorbance of one reflection, of unpolarised light off a thick sample
    that absorbs weakly (N. J. Harrick, F. K. du Pre, Appl. Opt. 5 (1966) 1739); angle in rad.

    crystal, sample : refractive indices. Raises ValueError below the critical angle.
    """
    n2, sine2 = (sample / crystal) ** 2, np.sin(angle) ** 2
    if sine2 <= n2:
        raise ValueError("no total reflection at this angle and these refractive indices")
    wave = 1.0 / (100.0 * np.asarray(wavenumber) * crystal)
    across = np.sqrt(n2) * np.cos(angle) / (np.pi * (1 - n2) * np.sqrt(sine2 - n2)) * wave
    along = across * (2 * sine2 - n2) / ((1 + n2) * sine2 - n2)
    return 0.5 * (across + along)
