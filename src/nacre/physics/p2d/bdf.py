"""Variable-order, variable-coefficient differentiation formulas on a ring of past solutions.

The predictor extrapolates the last q + 1 solutions; the corrector of order q differentiates the polynomial through the
new and the last q solutions, with the numerical-differentiation-formula term of L. F. Shampine and M. W. Reichelt,
SIAM J. Sci. Comput. 18 (1997) 1, eq. (2.5) and table 1: the leading coefficient is multiplied by (1 - kappa).
Solutions stay in their slots; `ring` lists the slots, newest first, and weights are given by slot.
"""

import math

import numpy as np
from numba import njit

from nacre.physics.p2d.drift import drift
from nacre.physics.p2d.kinetics import CONVERGED, balance
from nacre.physics.p2d.layout import N_LANES, N_SHELLS, SLOTS
from nacre.physics.p2d.particle import backward, distance, forward, past_solutions
from nacre.physics.p2d.simd import INNER, get_integer

KAPPA = np.array([0.0, -0.1850, -1 / 9, -0.0823, -0.0415, 0.0])
ERROR = np.array([0.0, 0.315, 1 / 6, 0.25 - 0.0823 * 11 / 6, 0.2 - 0.0415 * 25 / 12, 1 / 6])
MAX_ORDER = 5
# rows of the history: time, voltage, current, charge
TIME, VOLT, AMPERE, CHARGE = range(4)
# stricter while the order is low: the boundary layer after a change of current would be the largest error
STRICT = np.array([1.0, 0.1, 0.25, 0.7, 1.0, 1.0])
VOLTS_PER_TOLERANCE = 1.5


@njit(**INNER)
def coefficients(times, ring, order, at, value, slope):
    """Weights, newest first, of the polynomial through the newest order + 1 solutions at time `at`, and of its slope.

    Returns the sum of 1 / (at - t) over the newest `order` of them: the leading coefficient of the corrector.
    """
    leading = 0.0
    for i in range(order + 1):
        ti = times[ring[i]]
        top, bottom, rest = 1.0, 1.0, 0.0
        for m in range(order + 1):
            if m != i:
                gap = at - times[ring[m]]
                rest = rest * gap + top  # the product's derivative
                top *= gap
                bottom *= ti - times[ring[m]]
        value[i] = top / bottom
        slope[i] = rest / bottom
        leading += 1.0 / (at - ti) if i < order else 0.0
    return leading


@njit(**INNER)
def combine(values, ring, order, weights):
    """The weighted sum of a scalar's past values."""
    total = 0.0
    for i in range(order + 1):
        total += values[ring[i]] * weights[i]
    return total


@njit(**INNER)
def _norm(cathode, anode, sums):
    """The larger of the root mean squares over all cells and over the surface shells, of both electrodes."""
    worst = 0.0
    for e, total, surface in ((cathode, sums[0], sums[1]), (anode, sums[2], sums[3])):
        count = get_integer(e[0], N_LANES)
        worst = max(worst, total / (count * get_integer(e[0], N_SHELLS)), surface / count)
    return math.sqrt(worst)


@njit(**INNER)
def attempt(cathode, anode, series, mode, target, history, ring, order, at, value, slope, stop):
    """One implicit step to time `at`: (outcome, current, voltage, charge, error in x, error in V), errors unscaled."""
    times = history[TIME]
    cc = (1.0 - KAPPA[order]) * coefficients(times, ring, order, at, value, slope)
    past = past_solutions(ring, value, slope, order)
    resistance = drift(cathode, anode, series, at)
    forward(cathode, cc, past)
    forward(anode, cc, past)
    guess = combine(history[AMPERE], ring, order, value)
    outcome, current, voltage = balance(cathode, anode, mode, target, resistance, guess, stop, 40)
    if outcome != CONVERGED:
        return outcome, current, voltage, 0.0, math.inf, math.inf
    charge = (
        combine(history[CHARGE], ring, order, value) + (current - combine(history[CHARGE], ring, order, slope)) / cc
    )
    slot = ring[SLOTS - 1]
    c0, c1 = backward(cathode, slot)
    a0, a1 = backward(anode, slot)
    constant = ERROR[order] * (order + 1) * (at - times[ring[0]]) / (at - times[ring[order]])
    # beyond kilovolts (hopeless films) rounding alone exceeds the tolerance: it is not an error of the step
    shift = max(abs(voltage - combine(history[VOLT], ring, order, value)) - 1e-12 * abs(voltage), 0.0)
    return outcome, current, voltage, charge, constant * _norm(cathode, anode, (c0, c1, a0, a1)), constant * shift


@njit(**INNER)
def other_error(cathode, anode, history, ring, order, at, voltage, value, slope):
    """What the error would have been at another order: (in x, in V), unscaled."""
    coefficients(history[TIME], ring, order, at, value, slope)
    past = past_solutions(ring, value, slope, order)
    shift = abs(voltage - combine(history[VOLT], ring, order, value))
    c0, c1 = distance(cathode, ring[SLOTS - 1], past)
    a0, a1 = distance(anode, ring[SLOTS - 1], past)
    return ERROR[order] * _norm(cathode, anode, (c0, c1, a0, a1)), ERROR[order] * shift


@njit(**INNER)
def scaled(order, error_x, error_v, tolerance, watch_voltage):
    """The error in units of what is allowed."""
    allowed = tolerance * STRICT[order]
    if watch_voltage:
        return max(error_x, error_v / VOLTS_PER_TOLERANCE) / allowed
    return error_x / allowed
