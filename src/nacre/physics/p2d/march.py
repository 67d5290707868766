"""Marching through the steps of a protocol: start, step-size and order control, events, outcomes.

A step of the protocol is a row (mode, target, longest time, lowest voltage, highest voltage, current cut-off, charge
cut-off); infinities and zeros switch a cut-off off. Every end has a name (see `solve.Outcome`).
"""

import math

import numpy as np
from numba import njit

from .bdf import (
    AMPERE,
    CHARGE,
    MAX_ORDER,
    TIME,
    VOLT,
    attempt,
    coefficients,
    combine,
    other_error,
    scaled,
)
from .fastmath import JIT
from .kinetics import CONSTANT_CURRENT, CONVERGED, NO_POWER, balance, margin, spread
from .layout import CELL_PLANES, JJ, LANE_PLANES, LANES, N_BUNDLES, N_SHELLS, RHS, SLOTS
from .particle import frozen_surface, predict, rates

MODE, TARGET, LONGEST, V_LOW, V_HIGH, I_CUT, Q_CUT = range(7)
(
    TIME_REACHED,
    LOW_VOLTAGE,
    HIGH_VOLTAGE,
    CURRENT_CUT,
    CHARGE_CUT,
    CATHODE_LOW,
    CATHODE_HIGH,
    ANODE_LOW,
    ANODE_HIGH,
    POWER_IMPOSSIBLE,
    STUCK,
    STEP_LIMIT,
    BEYOND_AT_START,
    CURRENT_REVERSED,
) = range(14)
LAST_NORMAL = CHARGE_CUT
EVENTS = 8  # low V, high V, current, charge, four ends of stoichiometry
AT_ONCE = 0.06  # V past a cut-off at which a step is not worth solving


@njit(**JIT)
def _distances(cathode, anode, row, current, voltage, charge, g):
    """How far each end is, in volts or the like; negative beyond."""
    g[0] = voltage - row[V_LOW]
    g[1] = row[V_HIGH] - voltage
    g[2] = (abs(current) / row[I_CUT] - 1.0) if row[I_CUT] > 0.0 else math.inf
    g[3] = (1.0 - abs(charge) / row[Q_CUT]) if row[Q_CUT] < math.inf else math.inf
    g[4], g[5] = margin(cathode)
    g[6], g[7] = margin(anode)


@njit(**JIT)
def _start(cathode, anode, resistance, row, history, ring, value, slope, guess):
    """State at the first instant: consistent currents for the given particles. (outcome, current, voltage)."""
    for slot in range(SLOTS):
        value[slot] = 0.0
        slope[slot] = 0.0
    value[ring[0]] = 1.0
    predict(cathode, value, slope)
    predict(anode, value, slope)
    first = row[TARGET] if row[MODE] == CONSTANT_CURRENT else guess
    spread(cathode, -first)
    spread(anode, first)
    outcome, current, voltage = CONVERGED, first, 0.0
    for _ in range(3):  # the surface gradient follows j where D varies
        frozen_surface(cathode)
        frozen_surface(anode)
        outcome, current, voltage = balance(cathode, anode, int(row[MODE]), row[TARGET], resistance, current, 1e-7, 200)
    return outcome, current, voltage


@njit(**JIT)
def _past(e, slot, step):
    """Put a fictitious solution one step before the start into a slot: the first prediction is Euler's."""
    sizes, lanes, cells = e[0], e[4], e[5]
    rows = sizes[N_BUNDLES] * sizes[N_SHELLS]
    for r in range(rows):
        o = r * CELL_PLANES * LANES
        for i in range(LANES):
            cells[o + slot[1] * LANES + i] = cells[o + slot[0] * LANES + i] - step * cells[o + RHS * LANES + i]
    for b in range(sizes[N_BUNDLES]):
        o = b * LANE_PLANES * LANES
        for i in range(LANES):
            lanes[o + slot[0] * LANES + i] = lanes[o + JJ * LANES + i]
            lanes[o + slot[1] * LANES + i] = lanes[o + JJ * LANES + i]


@njit(**JIT)
def _save(e, value, frame, offset):
    """Write stoichiometries and current densities interpolated with the weights into a row of the output."""
    sizes, lanes, cells = e[0], e[4], e[5]
    predict(e, value, value)
    at = offset
    for r in range(sizes[N_BUNDLES] * sizes[N_SHELLS]):
        o = r * CELL_PLANES * LANES + SLOTS * LANES
        for i in range(LANES):
            frame[at] = cells[o + i]
            at += 1
    for b in range(sizes[N_BUNDLES]):
        o = (b * LANE_PLANES + JJ) * LANES
        for i in range(LANES):
            frame[at] = lanes[o + i]
            at += 1
    return at


@njit(**JIT)
def _emit(cathode, anode, history, ring, order, asked, given, sampled, frames, value, slope):
    """Dense output at the asked times up to the newest solution; returns how many are given by now."""
    while given < asked.shape[0] and asked[given] <= history[TIME, ring[0]]:
        coefficients(history[TIME], ring, order, asked[given], value, slope)
        sampled[given, 0] = asked[given]
        for row in range(1, 4):
            sampled[given, row] = combine(history[row], value)
        if frames.shape[0] > given:
            after = _save(cathode, value, frames[given], 0)
            _save(anode, value, frames[given], after)
        given += 1
    return given


@njit(**JIT)
def _turn(ring, history, time, voltage, current, charge):
    """The oldest slot holds the new solution: make it the newest."""
    new = ring[SLOTS - 1]
    for i in range(SLOTS - 1, 0, -1):
        ring[i] = ring[i - 1]
    ring[0] = new
    history[TIME, new], history[VOLT, new] = time, voltage
    history[AMPERE, new], history[CHARGE, new] = current, charge


@njit(**JIT)
def _nearest(g, armed):
    """The armed end that is nearest or farthest passed: (which, distance)."""
    which, least = -1, math.inf
    for k in range(EVENTS):
        if armed[k] and g[k] < least:
            which, least = k, g[k]
    return which, least


@njit(**JIT)
def _arm(row, current, g, armed):
    """Arm the ends that lie ahead. Returns the end already passed that the current leads away from, or -1."""
    passed = -1
    for k in range(EVENTS):
        armed[k] = g[k] > 0.0
    inward = (current > 0.0, current < 0.0, False, False, current < 0.0, current > 0.0, current > 0.0, current < 0.0)
    for k in range(EVENTS):
        if g[k] <= 0.0 and not inward[k] and (current != 0.0 or k == 2):
            passed = k
    return passed


@njit(**JIT)
def _land(cathode, anode, resistance, row, history, ring, order, h, value, slope, stop, armed, g, low_g, sharp):
    """Shorten the step that passed an end until it stops on it (Illinois method, each trial solved in full).

    Returns the outcome of the last trial with its (step, current, voltage, charge) and the end's number.
    """
    begin = history[TIME, ring[0]]
    which, high_g = _nearest(g, armed)
    low, high, side = 0.0, h, 0
    step, result = h, (CONVERGED, 0.0, 0.0, 0.0, 0.0, 0.0)
    for trial in range(60):
        step = low + (high - low) * low_g / (low_g - high_g) if trial % 8 < 7 else 0.5 * (low + high)
        result = attempt(
            cathode,
            anode,
            resistance,
            int(row[MODE]),
            row[TARGET],
            history,
            ring,
            order,
            begin + step,
            value,
            slope,
            stop,
        )
        if result[0] != CONVERGED:
            return result[0], step, result[1], result[2], result[3], which
        _distances(cathode, anode, row, result[1], result[2], result[3], g)
        which, here = _nearest(g, armed)
        if abs(here) < sharp or high - low < 1e-12 * begin + 1e-9 * h:
            break
        if here < 0.0:
            high, high_g = step, here
            low_g = 0.5 * low_g if side == -1 else low_g
            side = -1
        else:
            low, low_g = step, here
            high_g = 0.5 * high_g if side == 1 else high_g
            side = 1
    return CONVERGED, step, result[1], result[2], result[3], which


@njit(**JIT)
def segment(cathode, anode, resistance, row, tolerance, guess, history, ring, steps, count, asked, sampled, frames):
    """March through one step of a protocol from the solution in slot ring[0].

    Records every accepted solution in `steps` (time, voltage, current, charge) from row `count` on.
    Returns (outcome, rows used, times given, solves).
    """
    value, slope = np.empty(SLOTS), np.empty(SLOTS)
    g, before = np.empty(EVENTS), np.empty(EVENTS)
    armed = np.empty(EVENTS, np.bool_)
    mode, target, longest = int(row[MODE]), row[TARGET], row[LONGEST]
    stop = math.sqrt(2e-3 * tolerance) * 0.5
    sharp = max(1e-4 * tolerance, 1e-11)
    outcome, current, voltage = _start(cathode, anode, resistance, row, history, ring, value, slope, guess)
    given, solves = 0, 0
    if outcome != CONVERGED:
        return (POWER_IMPOSSIBLE if outcome == NO_POWER else STUCK), count, given, solves
    first = rates(cathode), rates(anode)
    fastest = max(first[0], first[1])
    h = min(min(3.0 * tolerance / (fastest + 1e-30), longest), 1e4)
    time, charge, order, points, held = 0.0, 0.0, 1, 2, 0
    _past(cathode, ring, h)
    _past(anode, ring, h)
    for k in range(2):
        history[TIME, ring[k]], history[VOLT, ring[k]] = -k * h, voltage
        history[AMPERE, ring[k]], history[CHARGE, ring[k]] = current, -k * h * current
    steps[count, 0], steps[count, 1], steps[count, 2], steps[count, 3] = 0.0, voltage, current, 0.0
    count += 1
    given = _emit(cathode, anode, history, ring, 1, asked, given, sampled, frames, value, slope)
    _distances(cathode, anode, row, current, voltage, charge, g)
    passed = _arm(row, current, g, armed)
    if passed >= 0:
        return _named(passed, True), count, given, solves
    if longest <= 0.0:
        return TIME_REACHED, count, given, solves
    rejected = 0
    while count < steps.shape[0]:
        before[:] = g
        last = longest - time
        if h >= last * 0.999999:
            h = last
        elif h > 0.5 * last:
            h = 0.5 * last
        at = longest if h == last else time + h
        outcome, current, voltage, moved, error_x, error_v = attempt(
            cathode, anode, resistance, mode, target, history, ring, order, at, value, slope, stop
        )
        solves += 1
        error = scaled(order, error_x, error_v, tolerance, points > 3)
        _distances(cathode, anode, row, current, voltage, moved, g)
        crossed, far = _nearest(g, armed)
        if outcome != CONVERGED or not error <= 1.0 or far < -AT_ONCE:
            rejected += 1
            g[:] = before
            if h < 1e-12 * (1.0 + time) or rejected > 200:
                return _verdict(outcome, g, armed), count, given, solves
            shrink = 0.25
            if outcome == CONVERGED and not error <= 1.0:
                shrink = min(max(0.9 * error ** (-1.0 / (order + 1)), 0.2), 0.9)
            h *= shrink
            held = 0
            if rejected % 3 == 0:
                order = max(1, order - 1)
            continue
        if far < 0.0:
            outcome, h, current, voltage, moved, crossed = _land(
                cathode, anode, resistance, row, history, ring, order, h, value, slope, stop, armed, g,
                max(_nearest(before, armed)[1], 1e-12), sharp,
            )  # fmt: skip
            if outcome != CONVERGED:
                g[:] = before
                h *= 0.5
                rejected += 1
                continue
            at = time + h
        rejected = 0
        factor, chosen = 1.0, order
        held += 1
        if far >= 0.0 and (held > order or (order == 1 and error < 0.05)):
            factor, chosen = _choose(
                cathode, anode, history, ring, order, points, at, h, voltage, error, tolerance, value, slope
            )
            held = 0
        _turn(ring, history, at, voltage, current, moved)
        time, charge = at, moved
        points = min(points + 1, SLOTS)
        steps[count, 0], steps[count, 1], steps[count, 2], steps[count, 3] = at, voltage, current, charge
        count += 1
        given = _emit(cathode, anode, history, ring, order, asked, given, sampled, frames, value, slope)
        if far < 0.0:
            return _named(crossed, False), count, given, solves
        if time >= longest:
            return TIME_REACHED, count, given, solves
        for k in range(EVENTS):
            armed[k] = armed[k] or g[k] > 0.0
        order = chosen
        h *= factor
    return STEP_LIMIT, count, given, solves


@njit(**JIT)
def _named(event, at_start):
    if event < 2:
        return BEYOND_AT_START if at_start else LOW_VOLTAGE + event
    return LOW_VOLTAGE + event


@njit(**JIT)
def _verdict(outcome, g, armed):
    """Why no step succeeds any more: the electrode at its end, if one is, else the solver is stuck."""
    if outcome == NO_POWER:
        return POWER_IMPOSSIBLE
    which, least = _nearest(g, armed)
    return LOW_VOLTAGE + which if which >= 4 and least < 1e-3 else STUCK


@njit(**JIT)
def _choose(cathode, anode, history, ring, order, points, at, h, voltage, error, tolerance, value, slope):
    """The order that allows the longest next step, and the factor: (factor, order)."""
    watch = points > 3
    best = 0.9 * max(error, 1e-6) ** (-1.0 / (order + 1))
    chosen = order
    if order > 1:
        x, v = other_error(cathode, anode, history, ring, order - 1, at, voltage, value, slope)
        factor = 0.85 * max(scaled(order - 1, x, v, tolerance, watch), 1e-6) ** (-1.0 / order)
        if factor > best:
            best, chosen = factor, order - 1
    if order < MAX_ORDER and points >= order + 2:
        x, v = other_error(cathode, anode, history, ring, order + 1, at, voltage, value, slope)
        factor = 0.85 * max(scaled(order + 1, x, v, tolerance, watch), 1e-6) ** (-1.0 / (order + 2))
        if factor > best:
            best, chosen = factor, order + 1
    best = min(best, 10.0 if order == 1 else 2.0)
    if chosen == order and 0.9 < best < 1.2:
        best = 1.0
    return best, chosen
