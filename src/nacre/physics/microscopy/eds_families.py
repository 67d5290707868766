"""EDS spectra as sums of element families: fit of a spectrum, and linear unmixing of a map into elements.

A family is all lines of one shell of one element, with fixed relative weights. Lines of neighbours overlap (Hf La and
Cu Ka are 0.15 keV apart, as wide as a peak), so that a window of channels counts several elements; families told apart
by their whole pattern do not. Energies are in keV, spectra are counts per channel.

Peaks: Gaussians of FWHM^2 = FWHM(Mn Ka)^2 + 2.5 (E - 5895 eV) eV (C. Fiori, D. Newbury, Scanning Electron Microscopy I
(1978) 401). Fit: maximum of the Poisson likelihood by multiplicative updates (L. A. Shepp, Y. Vardi, IEEE Trans. Med.
Imaging 1 (1982) 113). Unmixing: weighted least squares with the variances that the mean spectrum gives (A. C. Aitken,
Proc. R. Soc. Edinb. 55 (1936) 42); it is linear, so that its means have no bias at any dose.
"""

import math

import numpy as np
from scipy.optimize import minimize
from scipy.special import erf

MN_KA = 5.895
_ITERATIONS = 400


def compute_line_width(energy: np.ndarray | float, fwhm_mn: float) -> np.ndarray:
    """Standard deviation in keV of a peak at `energy`, for a detector of `fwhm_mn` (keV) at Mn Ka."""
    squared = fwhm_mn**2 + 2.5e-3 * (np.asarray(energy, float) - MN_KA)
    return np.sqrt(np.maximum(squared, 0.04**2)) / (2 * math.sqrt(2 * math.log(2)))


def make_family(energy: np.ndarray, lines: np.ndarray, fwhm_mn: float, shift: float = 0.0) -> np.ndarray:
    """Counts per channel (n,) of a family, one in all within the channels at `energy` (n,).

    lines : (m, 2) energies and relative weights. Raises ValueError where no line lies within the channels.
    """
    step = energy[1] - energy[0]
    edges = np.append(energy - step / 2, energy[-1] + step / 2)
    at, weight = lines[:, 0] + shift, lines[:, 1]
    integral = 0.5 * erf((edges[:, None] - at) / (math.sqrt(2) * compute_line_width(at, fwhm_mn)))
    shape = np.diff(integral, axis=0) @ (weight / weight.sum())
    if shape.sum() < 0.05:
        raise ValueError("no line of the family lies within the channels")
    return shape / shape.sum()


def make_continuum(energy: np.ndarray, degree: int = 3) -> np.ndarray:
    """Smooth shapes (degree + 1, n) whose sums with weights >= 0 make a continuum: Bernstein polynomials."""
    t = (energy - energy[0]) / (energy[-1] - energy[0])
    rows = [math.comb(degree, i) * t**i * (1 - t) ** (degree - i) for i in range(degree + 1)]
    return np.array([row / row.sum() for row in rows])


def fit_families(counts: np.ndarray, shapes: np.ndarray) -> tuple[np.ndarray, float]:
    """(amplitudes (k,) >= 0 of `shapes` (k, n) with the largest Poisson likelihood, the deviance of the fit)."""
    amplitude = np.full(len(shapes), max(counts.sum(), 1.0) / len(shapes))
    for _ in range(_ITERATIONS):
        model = amplitude @ shapes
        ratio = np.divide(counts, model, out=np.zeros_like(model), where=model > 0)
        amplitude = amplitude * (shapes @ ratio) / shapes.sum(axis=1)
    model = np.maximum(amplitude @ shapes, 1e-300)
    deviance = 2 * float(np.sum(np.where(counts > 0, counts * np.log(np.maximum(counts, 1) / model), 0.0)))
    return amplitude, deviance + 2 * float(model.sum() - counts.sum())


def calibrate_energies(
    energy: np.ndarray, counts: np.ndarray, families: list[np.ndarray], fwhm_mn: float
) -> tuple[float, float]:
    """(FWHM at Mn Ka, shift of the energies), both in keV, that suit a summed spectrum best.

    The search stays within 20 % of the width and 30 eV of the energies: what a detector can be off.
    """
    smooth = make_continuum(energy)

    def misfit(p: np.ndarray) -> float:
        fwhm, shift = fwhm_mn * (1 + 0.2 * math.tanh(p[0])), 0.03 * math.tanh(p[1])
        shapes = np.vstack([*(make_family(energy, lines, fwhm, shift) for lines in families), smooth])
        return fit_families(counts, shapes)[1]

    simplex = np.array([[0.0, 0.0], [0.4, 0.0], [0.0, 0.4]])
    found = minimize(misfit, simplex[0], method="Nelder-Mead", options={"initial_simplex": simplex, "xatol": 0.02,
                     "fatol": 0.5, "maxfev": 60})  # fmt: skip
    return fwhm_mn * (1 + 0.2 * math.tanh(found.x[0])), 0.03 * math.tanh(found.x[1])


def make_unmixing(shapes: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(weights (k, n), variances (k, k)) that turn a spectrum (n,) into amplitudes of `shapes` (k, n).

    mean : expected counts per channel, which set the weights of the channels. variances[i, j] is the variance of
    amplitude i per unit of amplitude j in a pixel, as counting makes it. Raises ValueError where two shapes are alike.
    """
    inverse = 1 / np.maximum(mean, 1e-3 * mean.max())
    normal = (shapes * inverse) @ shapes.T
    if np.linalg.cond(normal / np.sqrt(np.outer(np.diag(normal), np.diag(normal)))) > 1e6:
        raise ValueError("two families have the same pattern within these channels")
    weights = np.linalg.solve(normal, shapes * inverse)
    return weights, weights**2 @ shapes.T
