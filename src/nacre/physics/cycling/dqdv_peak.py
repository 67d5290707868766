"""Where the maximum of a smoothed dQ/dV lies, and how it moves when the voltages move at fixed charge.

The charge is smeared over voltage by a Gaussian, f(v) = sum of q_k N(v - V_k), q_k the charge that record k stands for.
At a maximum f'(v*) = 0; differentiating that by a parameter gives, exactly,

    dv*/dp = sum of q_k N''(v* - V_k) dV_k/dp  /  sum of q_k N''(v* - V_k),

a weighted mean of the records' own shifts: a uniform shift of all voltages moves the maximum by just as much.
"""

from dataclasses import dataclass

import numpy as np

COARSEST = 1.0  # smoothings between two records near the maximum: beyond, the sum is no integral
NEAR = 3.0


@dataclass(frozen=True, eq=False)
class DifferentiatedPeak:
    """place V; height, charge per V (unit as given); d_place (parameters,), V per unit of each parameter."""

    place: float
    height: float
    d_place: np.ndarray


def find_peak(
    voltage: np.ndarray, charge: np.ndarray, d_voltage: np.ndarray, low: float, high: float, smoothing: float
) -> DifferentiatedPeak:
    """The highest maximum between low and high (V), of records (n,) along one charge or discharge.

    d_voltage (n, parameters): derivatives at fixed charge; smoothing: standard deviation of the Gaussian, V. Raises
    ValueError where there is no maximum inside, or the records are too far apart to tell.
    """
    grid = np.arange(low, high, 0.1 * smoothing)
    share = np.abs(np.gradient(charge))
    f = np.array([share @ _evaluate_gaussian(v - voltage, smoothing) for v in grid])
    top = int(np.argmax(f))
    if not 0 < top < len(f) - 1:
        raise ValueError(f"dQ/dV has no maximum between {low:g} and {high:g} V: it is highest at the window's end")
    place = _refine_maximum(grid[top], voltage, share, smoothing)
    near = np.abs(voltage - place) < NEAR * smoothing
    widest = np.abs(np.diff(voltage))[near[1:] | near[:-1]].max()
    if widest > COARSEST * smoothing:
        raise ValueError(
            f"records near the maximum lie up to {1e3 * widest:.2g} mV apart, more than the smoothing of "
            f"{1e3 * smoothing:.2g} mV: ask for more of them, or smooth more"
        )
    bend = share * _evaluate_gaussian_curvature(place - voltage, smoothing)
    height = float(share @ _evaluate_gaussian(place - voltage, smoothing))
    return DifferentiatedPeak(float(place), height, bend @ d_voltage / bend.sum())


def _evaluate_gaussian(v, width):
    return np.exp(-0.5 * (v / width) ** 2) / (np.sqrt(2.0 * np.pi) * width)


def _evaluate_gaussian_curvature(v, width):
    return _evaluate_gaussian(v, width) * ((v / width) ** 2 - 1.0) / width**2


def _refine_maximum(place, voltage, share, width):
    """Newton's method on f' = 0; the start lies within a tenth of the smoothing."""
    for _ in range(20):
        v = place - voltage
        step = (share @ (-v / width**2 * _evaluate_gaussian(v, width))) / (
            share @ _evaluate_gaussian_curvature(v, width)
        )
        place -= step
        if abs(step) < 1e-13:
            break
    return place
