"""Variable-order, variable-coefficient differentiation formulas on a ring of past solutions.

The predictor extrapolates the last q + 1 solutions; the corrector of order q differentiates the polynomial through the
new and the last q solutions, with the numerical-differentiation-formula term of L. F. Shampine and M. W. Reichelt,
SIAM J. Sci. Comput. 18 (1997) 1, eq. (2.5) and table 1: the leading coefficient is multiplied by (1 - kappa).
Solutions stay in their slots; `ring` lists the slots, newest first, and weights are given by slot.
"""

import math

import numpy as np
from numba import njit

from .fastmath import JIT
from .kinetics import CONVERGED, balance
from .layout import N_LANES, N_SHELLS, SLOTS
from .particle import backward, distance, forward, predict

KAPPA = np.array([0.0, -0.1850, -1 / 9, -0.0823, -0.0415, 0.0])
ERROR = np.array([0.0, 0.315, 1 / 6, 0.25 - 0.0823 * 11 / 6, 0.2 - 0.0415 * 25 / 12, 1 / 6])
MAX_ORDER = 5
# rows of the history: time, voltage, current, charge
TIME, VOLT, AMPERE, CHARGE = range(4)
# stricter while the order is low: the boundary layer after a change of current would be the largest error
STRICT = np.array([1.0, 0.25, 0.5, 1.0, 1.0, 1.0])
VOLTS_PER_TOLERANCE = 3.0


@njit(**JIT)
def coefficients(times, ring, order, at, value, slope):
    """Weights (by slot) of the polynomial through the newest order + 1 solutions at time `at`, and of its slope."""
    for slot in range(SLOTS):
        value[slot] = 0.0
        slope[slot] = 0.0
    for i in range(order + 1):
        ti = times[ring[i]]
        product, total = 1.0, 0.0
        for m in range(order + 1):
            if m != i:
                tm = times[ring[m]]
                product *= (at - tm) / (ti - tm)
                total += 1.0 / (at - tm)
        value[ring[i]] = product
        slope[ring[i]] = product * total


@njit(**JIT)
def combine(values, weights):
    total = 0.0
    for slot in range(SLOTS):
        total += values[slot] * weights[slot]
    return total


@njit(**JIT)
def _norm(cathode, anode, sums):
    """The larger of the root mean squares over all cells and over the surface shells, of both electrodes."""
    worst = 0.0
    for e, total, surface in ((cathode, sums[0], sums[1]), (anode, sums[2], sums[3])):
        count = e[0][N_LANES]
        worst = max(worst, total / (count * e[0][N_SHELLS]), surface / count)
    return math.sqrt(worst)


@njit(**JIT)
def attempt(cathode, anode, resistance, mode, target, history, ring, order, at, value, slope, stop):
    """One implicit step to time `at`: (outcome, current, voltage, charge, error in x, error in V), errors unscaled."""
    times = history[TIME]
    coefficients(times, ring, order, at, value, slope)
    cc = 0.0
    for i in range(order):
        cc += 1.0 / (at - times[ring[i]])
    cc *= 1.0 - KAPPA[order]
    predict(cathode, value, slope)
    predict(anode, value, slope)
    forward(cathode, cc)
    forward(anode, cc)
    guess = combine(history[AMPERE], value)
    outcome, current, voltage = balance(cathode, anode, mode, target, resistance, guess, stop, 40)
    if outcome != CONVERGED:
        return outcome, current, voltage, 0.0, math.inf, math.inf
    charge = combine(history[CHARGE], value) + (current - combine(history[CHARGE], slope)) / cc
    slot = ring[SLOTS - 1]
    c0, c1 = backward(cathode, slot)
    a0, a1 = backward(anode, slot)
    constant = ERROR[order] * (order + 1) * (at - times[ring[0]]) / (at - times[ring[order]])
    shift = abs(voltage - combine(history[VOLT], value))
    return outcome, current, voltage, charge, constant * _norm(cathode, anode, (c0, c1, a0, a1)), constant * shift


@njit(**JIT)
def other_error(cathode, anode, history, ring, order, at, voltage, value, slope):
    """What the error would have been at another order: (in x, in V), unscaled."""
    coefficients(history[TIME], ring, order, at, value, slope)
    shift = abs(voltage - combine(history[VOLT], value))
    for slot in range(SLOTS):
        value[slot] = -value[slot]
    value[ring[SLOTS - 1]] = 1.0
    c0, c1 = distance(cathode, value)
    a0, a1 = distance(anode, value)
    return ERROR[order] * _norm(cathode, anode, (c0, c1, a0, a1)), ERROR[order] * shift


@njit(**JIT)
def scaled(order, error_x, error_v, tolerance, watch_voltage):
    """The error in units of what is allowed."""
    allowed = tolerance * STRICT[order]
    if watch_voltage:
        return max(error_x, error_v / VOLTS_PER_TOLERANCE) / allowed
    return error_x / allowed
