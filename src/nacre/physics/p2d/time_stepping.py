"""Marching through the steps of a protocol: start, step-size and order control, events, outcomes.

A step of the protocol is a row (mode, target, longest time, lowest voltage, highest voltage, current cut-off, charge
cut-off); infinities and zeros switch a cut-off off. Every end has a name (see `solve.Outcome`).
"""

import math

import numpy as np
from numba import njit

from nacre.physics.p2d.bdf import (
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
from nacre.physics.p2d.drift import drift
from nacre.physics.p2d.kinetics import CONSTANT_CURRENT, CONVERGED, NO_POWER, balance, margin, spread
from nacre.physics.p2d.layout import BUNDLE, JJ, LANES, N_BUNDLES, N_SHELLS, RHS, ROW, SLOTS, XP
from nacre.physics.p2d.particle import frozen_surface, past_solutions, predict_cells, predict_lanes, rates
from nacre.physics.p2d.simd import INNER, address, get, get_integer, load, store

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
) = range(13)
LAST_NORMAL = CHARGE_CUT
EVENTS = 8  # low V, high V, current, charge, four ends of stoichiometry
AT_ONCE = 0.5  # V past a cut-off at which a step is not worth solving


@njit(**INNER)
def _distances(cathode, anode, row, current, voltage, charge, g):
    """How far each end is, in volts or the like; negative beyond."""
    g[0] = voltage - row[V_LOW]
    g[1] = row[V_HIGH] - voltage
    g[2] = (abs(current) / row[I_CUT] - 1.0) if row[I_CUT] > 0.0 else math.inf
    g[3] = (1.0 - abs(charge) / row[Q_CUT]) if row[Q_CUT] < math.inf else math.inf
    g[4], g[5] = margin(cathode)
    g[6], g[7] = margin(anode)


@njit(**INNER)
def _instant(cathode, anode, series, row, current, time):
    """Consistent currents for the particles as they stand in the prediction: (outcome, current, voltage)."""
    resistance = drift(cathode, anode, series, time)
    frozen_surface(cathode)
    frozen_surface(anode)
    return balance(cathode, anode, int(row[MODE]), row[TARGET], resistance, current, 1e-7, 200)


@njit(**INNER)
def _start(cathode, anode, series, row, ring, value, slope, guess):
    """State at the first instant of a step: (outcome, current, voltage)."""
    value[0], value[1] = 1.0, 0.0
    past = past_solutions(ring, value, slope, 1)
    predict_cells(cathode, past)
    predict_cells(anode, past)
    drift(cathode, anode, series, 0.0)
    first = row[TARGET] if row[MODE] == CONSTANT_CURRENT else guess
    spread(cathode, -first)
    spread(anode, first)
    return _instant(cathode, anode, series, row, first, 0.0)


@njit(**INNER)
def _past(e, slot, step):
    """Put a fictitious solution one step before the start into a slot: the first prediction is Euler's."""
    sizes, lanes, cells = e[0], e[4], e[5]
    new, old = slot[0] * LANES, slot[1] * LANES
    for row in range(get_integer(sizes, N_BUNDLES) * get_integer(sizes, N_SHELLS)):
        o = row * ROW
        store(cells, o + old, load(cells, o + new) - step * load(cells, o + RHS * LANES))
    for bundle in range(get_integer(sizes, N_BUNDLES)):
        j = load(lanes, bundle * BUNDLE + JJ * LANES)
        store(lanes, bundle * BUNDLE + new, j)
        store(lanes, bundle * BUNDLE + old, j)


@njit(**INNER)
def _save(e, frame, offset):
    """Write the interpolated stoichiometries and the current densities into a row of the output."""
    sizes, lanes, cells = e[0], e[4], e[5]
    for row in range(get_integer(sizes, N_BUNDLES) * get_integer(sizes, N_SHELLS)):
        for i in range(LANES):
            frame[offset] = get(cells, row * ROW + XP * LANES + i)
            offset += 1
    for bundle in range(get_integer(sizes, N_BUNDLES)):
        for i in range(LANES):
            frame[offset] = get(lanes, bundle * BUNDLE + JJ * LANES + i)
            offset += 1
    return offset


@njit(**INNER)
def _emit(cathode, anode, series, row, history, ring, order, asked, given, sampled, frames, value, slope):
    """Dense output at the asked times up to the newest solution; returns how many are given by now.

    Particles are interpolated, then currents and voltage solved for anew: features of the open-circuit potential
    between two time points are kept.
    """
    while given < asked.shape[0] and asked[given] <= history[TIME, ring[0]]:
        coefficients(history[TIME], ring, order, asked[given], value, slope)
        if asked[given] == history[TIME, ring[0]]:
            value[:] = 0.0
            value[0] = 1.0
        past = past_solutions(ring, value, slope, order)
        for e in (cathode, anode):
            predict_cells(e, past)
            predict_lanes(e, past)
        guess = combine(history[AMPERE], ring, order, value)
        outcome, current, voltage = _instant(cathode, anode, series, row, guess, asked[given])
        sampled[given, 0], sampled[given, 1], sampled[given, 2] = asked[given], voltage, current
        if outcome != CONVERGED:
            sampled[given, 1], sampled[given, 2] = combine(history[VOLT], ring, order, value), guess
        sampled[given, 3] = combine(history[CHARGE], ring, order, value)
        if frames.shape[0] > given:
            _save(anode, frames[given], _save(cathode, frames[given], 0))
        given += 1
    return given


@njit(**INNER)
def _keep(cathode, anode, traces, count, order, slot):
    """The order and the whole state of an accepted solution, where a trace is wanted."""
    if count >= traces.shape[0]:
        return
    traces[count, 0] = order
    begin, offset = address(traces), count * traces.shape[1] + 1
    for e in (cathode, anode):
        for row in range(get_integer(e[0], N_BUNDLES) * get_integer(e[0], N_SHELLS)):
            store(begin, offset, load(e[5], row * ROW + slot * LANES))
            offset += LANES
        for bundle in range(get_integer(e[0], N_BUNDLES)):
            store(begin, offset, load(e[4], bundle * BUNDLE + slot * LANES))
            offset += LANES


@njit(**INNER)
def _turn(ring, history, time, voltage, current, charge):
    """The oldest slot holds the new solution: make it the newest."""
    new = ring[SLOTS - 1]
    for i in range(SLOTS - 1, 0, -1):
        ring[i] = ring[i - 1]
    ring[0] = new
    history[TIME, new], history[VOLT, new] = time, voltage
    history[AMPERE, new], history[CHARGE, new] = current, charge


@njit(**INNER)
def _nearest(g, armed):
    """The armed end that is nearest or farthest passed: (which, distance)."""
    which, least = -1, math.inf
    for k in range(EVENTS):
        if armed[k] and g[k] < least:
            which, least = k, g[k]
    return which, least


@njit(**INNER)
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


@njit(**INNER)
def _root(ta, ga, tb, gb, tc, gc):
    """Where the parabola t(g) through three points has g = 0 (NaN where two distances are equal)."""
    return (
        ta * gb * gc / ((ga - gb) * (ga - gc))
        + tb * ga * gc / ((gb - ga) * (gb - gc))
        + tc * ga * gb / ((gc - ga) * (gc - gb))
    )


@njit(**INNER)
def _land(
    cathode, anode, series, row, history, ring, order, h, value, slope, stop, armed, g, before, back, older, sharp
):
    """Shorten the step that passed an end until it stops on it; each trial is solved in full.

    before and older are the ends' distances at the last two solutions, `back` (negative) the time from the last to the
    one before. The next trial is the root of the inverse parabola through the bracket and one other point, or, where
    that leaves the bracket, of the Illinois method. Returns the outcome of the last trial with its (step, current,
    voltage, charge) and the end's number.
    """
    begin, mode, target = history[TIME, ring[0]], int(row[MODE]), row[TARGET]
    which, high_g = _nearest(g, armed)
    low, low_g, high, side = 0.0, before[which], h, 0
    third, third_g = back, older[which]
    step, result = h, (CONVERGED, 0.0, 0.0, 0.0, 0.0, 0.0)
    for trial in range(60):
        step = _root(low, low_g, high, high_g, third, third_g) if trial % 4 < 3 else math.nan
        if not low < step < high:
            step = low + (high - low) * low_g / (low_g - high_g) if trial % 8 < 7 else 0.5 * (low + high)
        at = begin + step
        result = attempt(cathode, anode, series, mode, target, history, ring, order, at, value, slope, stop)
        if result[0] != CONVERGED:
            return result[0], step, result[1], result[2], result[3], which
        _distances(cathode, anode, row, result[1], result[2], result[3], g)
        other, least = _nearest(g, armed)
        if least < -sharp and other != which:  # another end comes first
            which, low, low_g, high, high_g = other, 0.0, before[other], step, least
            third, third_g = back, older[other]
            continue
        here = g[which]
        if abs(here) < sharp or high - low < 1e-12 * begin + 1e-9 * h:
            break
        if here < 0.0:
            third, third_g = high, high_g
            high, high_g = step, here
            low_g = 0.5 * low_g if side == -1 and trial > 8 else low_g
            side = -1
        else:
            third, third_g = low, low_g
            low, low_g = step, here
            high_g = 0.5 * high_g if side == 1 and trial > 8 else high_g
            side = 1
    return CONVERGED, step, result[1], result[2], result[3], which


@njit(**INNER)
def _record(steps, count, before_this, time, voltage, current, charge):
    steps[count, 0], steps[count, 1] = before_this[1] + time, voltage
    steps[count, 2], steps[count, 3], steps[count, 4] = current, before_this[2] + charge, before_this[0]


@njit(**INNER)
def segment(
    cathode,
    anode,
    series,
    row,
    tolerance,
    guess,
    history,
    ring,
    steps,
    count,
    before_this,
    asked,
    sampled,
    frames,
    traces,
):
    """March through one step of a protocol from the solution in slot ring[0].

    Records every accepted solution in `steps` (time, voltage, current, charge, number) from row `count` on, and its
    order (0 at the start) and state in the same row of `traces`, where that has rows;
    before_this is the step's number and the time and charge when it begins. Returns (outcome, rows used, times given,
    solves).
    """
    if count >= steps.shape[0]:
        return STEP_LIMIT, count, 0, 0
    value, slope = np.zeros(SLOTS), np.zeros(SLOTS)
    g, before, older = np.empty(EVENTS), np.empty(EVENTS), np.empty(EVENTS)
    armed = np.empty(EVENTS, np.bool_)
    mode, target, longest = int(row[MODE]), row[TARGET], row[LONGEST]
    stop = 0.1 * math.sqrt(tolerance)
    sharp = max(1e-3 * tolerance, 1e-11)
    outcome, current, voltage = _start(cathode, anode, series, row, ring, value, slope, guess)
    given, solves = 0, 0
    if outcome != CONVERGED:
        return (POWER_IMPOSSIBLE if outcome == NO_POWER else STUCK), count, given, solves
    first = rates(cathode), rates(anode)
    fastest = max(first[0], first[1])
    h = min(3.0 * tolerance / (fastest + 1e-30), longest, 1e4)
    time, charge, order, points, held = 0.0, 0.0, 1, 2, 0
    _past(cathode, ring, h)
    _past(anode, ring, h)
    for k in range(2):
        history[TIME, ring[k]], history[VOLT, ring[k]] = -k * h, voltage
        history[AMPERE, ring[k]], history[CHARGE, ring[k]] = current, -k * h * current
    _record(steps, count, before_this, 0.0, voltage, current, 0.0)
    _keep(cathode, anode, traces, count, 0, ring[0])
    count += 1
    given = _emit(cathode, anode, series, row, history, ring, 1, asked, given, sampled, frames, value, slope)
    _distances(cathode, anode, row, current, voltage, charge, g)
    passed = _arm(row, current, g, armed)
    if passed >= 0:
        return _named(passed, True), count, given, solves
    if longest <= 0.0:
        return TIME_REACHED, count, given, solves
    rejected, earlier, last_error, last_h = 0, -1.0, 0.0, 0.0
    older[:] = g + 1.0
    while count < steps.shape[0]:
        before[:] = g
        last = longest - time
        if h >= last * 0.999999:
            h = last
        elif h > 0.5 * last:
            h = 0.5 * last
        at = longest if h == last else time + h
        outcome, current, voltage, moved, error_x, error_v = attempt(
            cathode, anode, series, mode, target, history, ring, order, at, value, slope, stop
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
                shrink = min(max(0.8 * error ** (-1.0 / (order + 1)), 0.2), 0.8)
            h *= shrink
            held = 0
            if rejected % 3 == 0:
                order = max(1, order - 1)
            continue
        if far < 0.0:
            outcome, h, current, voltage, moved, crossed = _land(
                cathode, anode, series, row, history, ring, order, h, value, slope, stop, armed, g, before,
                earlier - time, older, sharp,
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
        elif last_h == h and error * error > last_error:
            # errors that grow from step to step at the same length: shorten before the next one fails
            factor = max((0.6 * last_error / (error * error)) ** (1.0 / (order + 1)), 0.3)
        last_error, last_h = error, h
        _turn(ring, history, at, voltage, current, moved)
        earlier = time
        older[:] = before
        time, charge = at, moved
        points = min(points + 1, SLOTS)
        _record(steps, count, before_this, at, voltage, current, charge)
        _keep(cathode, anode, traces, count, order, ring[0])
        count += 1
        given = _emit(cathode, anode, series, row, history, ring, order, asked, given, sampled, frames, value, slope)
        if far < 0.0:
            return _named(crossed, False), count, given, solves
        if time >= longest:
            return TIME_REACHED, count, given, solves
        for k in range(EVENTS):
            armed[k] = armed[k] or g[k] > 0.0
        order = chosen
        h *= factor
    return STEP_LIMIT, count, given, solves


@njit(**INNER)
def _named(event, at_start):
    if event < 2:
        return BEYOND_AT_START if at_start else LOW_VOLTAGE + event
    return LOW_VOLTAGE + event


@njit(**INNER)
def _verdict(outcome, g, armed):
    """Why no step succeeds any more: the electrode at its end, if one is, else the solver is stuck."""
    if outcome == NO_POWER:
        return POWER_IMPOSSIBLE
    which, least = _nearest(g, armed)
    return LOW_VOLTAGE + which if which >= 4 and least < 1e-3 else STUCK


@njit(**INNER)
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
    best = min(best, 10.0 if order == 1 else 3.0)
    if chosen == order and 0.9 < best < 1.2:
        best = 1.0
    return best, chosen
