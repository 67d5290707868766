"""Currents in one electrode and the cell's voltage: Butler-Volmer lanes on a ladder of face currents.

Every lane obeys  phi_s - phi_e = G(j) = U(x_s) + R_film j + (2RT/F) asinh(j / 2 i0(x_s)),  x_s = alpha + beta j,
with j > 0 where the particle gives off lithium (oxidation), per true contact area. Newton's method works on this
form because G is monotone and log-like. Lanes of one node share phi = phi_s - phi_e; the ionic face currents i_f
(from the separator to the collector) obey, with J the electrode's current and i_0 = J, i_N = 0,

    phi_f - phi_(f-1) = i_f (r_e + r_s) - J r_s,     i_(k+1) - i_k = sum of area x j of the node's lanes.

The two electrodes meet in one scalar equation for the cell's current I (positive charges): J = -I in the cathode,
J = +I in the anode.
"""

import math

from numba import njit

from nacre.physics.p2d import layout as at
from nacre.physics.p2d.layout import BUNDLE, LANES
from nacre.physics.p2d.simd import (
    INLINE,
    INNER,
    absolute,
    exponential,
    get,
    get_integer,
    least,
    load,
    logarithm,
    put,
    root,
    splat,
    store,
    total,
    where_less,
)

CONSTANT_CURRENT, CONSTANT_VOLTAGE, CONSTANT_POWER = range(3)
CONVERGED, NO_CONVERGENCE, NO_POWER = range(3)
_EDGE = 1e-9


@njit(**INLINE)
def _inside(x):
    x = where_less(x, splat(_EDGE), splat(_EDGE), x)
    return where_less(splat(1.0 - _EDGE), x, splat(1.0 - _EDGE), x)


@njit(**INLINE)
def _open_circuit(sc, lanes, table, intervals, base):
    """U and its slope for a bundle at its surface stoichiometry: cubic Hermite, straight beyond the table."""
    start, per = get(sc, at.S_UX), get(sc, at.S_UH)
    for i in range(base, base + LANES):
        free = (get(lanes, i + at.XS * LANES) - start) * per
        u = min(max(free, 0.0), intervals * 1.0)
        k = min(int(u), intervals - 1)
        s = u - k
        p, m, q, n = get(table, 4 * k), get(table, 4 * k + 1), get(table, 4 * k + 4), get(table, 4 * k + 5)
        c2, c3 = 3.0 * (q - p) - 2.0 * m - n, 2.0 * (p - q) + m + n
        slope = m + s * (2.0 * c2 + s * 3.0 * c3)
        put(lanes, i + at.U * LANES, p + s * (m + s * (c2 + s * c3)) + slope * (free - u))
        put(lanes, i + at.DU * LANES, slope * per)


@njit(**INLINE)
def _extra_exchange(sc, lanes, table, intervals, base):
    """1 / g and the slope of ln g, g = i0 / (i_ref sqrt(x (1 - x))): a power law with other exponents, and a table."""
    for i in range(base, base + LANES):
        x = min(max(get(lanes, i + at.XS * LANES), _EDGE), 1.0 - _EDGE)
        u = min(max((x - get(sc, at.S_UX)) * get(sc, at.S_UH), 0.0), intervals * 1.0)
        k = min(int(u), intervals - 1)
        s = u - k
        p, m, q, n = get(table, 4 * k + 2), get(table, 4 * k + 3), get(table, 4 * k + 6), get(table, 4 * k + 7)
        c2, c3 = 3.0 * (q - p) - 2.0 * m - n, 2.0 * (p - q) + m + n
        put(lanes, i + at.LNG * LANES, p + s * (m + s * (c2 + s * c3)))
        put(lanes, i + at.DLNG * LANES, (m + s * (2.0 * c2 + s * 3.0 * c3)) * get(sc, at.S_UH))
    a, b = get(sc, at.S_ALPHA) - 0.5, get(sc, at.S_BETA) - 0.5
    x = _inside(load(lanes, base + at.XS * LANES))
    power = a * logarithm(x) + b * logarithm(1.0 - x)
    store(lanes, base + at.LNG * LANES, exponential(splat(0.0) - (load(lanes, base + at.LNG * LANES) + power)))
    store(lanes, base + at.DLNG * LANES, load(lanes, base + at.DLNG * LANES) + a / x - b / (1.0 - x))


@njit(**INNER)
def evaluate(e):
    """G and dG/dj of every lane at its present j; with one particle class also the node resistances and sources."""
    sizes, sc, k, lanes, table, intervals = e[0], e[1], e[3], e[4], e[6], e[8]
    thermal, half, single = get(sc, at.S_THERMAL), 0.5 / get(sc, at.S_I0), get_integer(sizes, at.N_CLASSES) == 1
    stride = get_integer(sizes, at.N_STRIDE)
    zero = splat(0.0)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        base = bundle * BUNDLE
        j, beta = load(lanes, base + at.JJ * LANES), load(lanes, base + at.BE * LANES)
        store(lanes, base + at.XS * LANES, load(lanes, base + at.AL * LANES) + beta * j)
        _open_circuit(sc, lanes, table, intervals, base)
        if get_integer(sizes, at.N_PLAIN) == 0:
            _extra_exchange(sc, lanes, table, intervals, base)
        x = _inside(load(lanes, base + at.XS * LANES))
        r = 1.0 / root(x * (1.0 - x))
        slope = (0.5 - x) * (r * r) + load(lanes, base + at.DLNG * LANES)
        per = half * r * load(lanes, base + at.LNG * LANES)
        z = j * per
        s = root(z * z + 1.0)
        size = logarithm(absolute(z) + s)
        eta = thermal * where_less(z, zero, zero - size, size)
        film = load(lanes, base + at.FILM * LANES)
        tip = thermal / s
        steady = film + tip * per + load(lanes, base + at.DU * LANES) * beta
        full = steady - tip * z * slope * beta
        # where i0 grows with the reaction itself the full derivative may vanish: keep a tenth of the steady part
        full = where_less(full, 0.1 * steady, 0.1 * steady, full)
        g = load(lanes, base + at.U * LANES) + film * j + eta
        store(lanes, base + at.G * LANES, g)
        store(lanes, base + at.DG * LANES, full)
        if single:
            store(k, at.K_A * stride + bundle * LANES, full * load(lanes, base + at.RAREA * LANES))
            store(k, at.K_B * stride + bundle * LANES, full * j - g)
    if not single:
        _gather(e)


@njit(**INNER)
def _gather(e):
    """Node resistances and sources where several lanes share a node."""
    sizes, k, lanes = e[0], e[3], e[4]
    n, a, b = (
        get_integer(sizes, at.N_NODES),
        at.K_A * get_integer(sizes, at.N_STRIDE),
        at.K_B * get_integer(sizes, at.N_STRIDE),
    )
    for node in range(n):
        conductance, source = 0.0, 0.0
        for lane in range(node, get_integer(sizes, at.N_LANES), n):
            o = (lane // LANES) * BUNDLE + lane % LANES
            part = get(lanes, o + at.AREA * LANES) / get(lanes, o + at.DG * LANES)
            conductance += part
            source += get(lanes, o + at.AREA * LANES) * get(lanes, o + at.JJ * LANES) - part * get(
                lanes, o + at.G * LANES
            )
        put(k, a + node, 1.0 / conductance)
        put(k, b + node, source / conductance)


@njit(**INLINE)
def _down(k, stride, f, carry, v0, v1):
    """One row of the elimination on the ladder."""
    a, before = get(k, at.K_A * stride + f), get(k, at.K_A * stride + f - 1)
    rs = get(k, at.K_RS * stride + f)
    inverse = 1.0 / ((a + before + get(k, at.K_RE * stride + f) + rs) - before * carry)
    v0 = ((get(k, at.K_B * stride + f - 1) - get(k, at.K_B * stride + f)) + before * v0) * inverse
    v1 = (rs + before * v1) * inverse
    carry = a * inverse
    put(k, at.K_T * stride + f, carry)
    put(k, at.K_I0 * stride + f, v0)
    put(k, at.K_I1 * stride + f, v1)
    return carry, v0, v1


@njit(**INLINE)
def _up(e):
    """Back substitution on the ladder; leaves the electrode's potential as E0 + E1 J."""
    sizes, sc, k = e[0], e[1], e[3]
    n, stride = get_integer(sizes, at.N_NODES), get_integer(sizes, at.N_STRIDE)
    re, t, i0, i1 = at.K_RE * stride, at.K_T * stride, at.K_I0 * stride, at.K_I1 * stride
    put(k, i0, 0.0)
    put(k, i1, 1.0)
    put(k, i0 + n, 0.0)
    put(k, i1 + n, 0.0)
    drop0, drop1 = 0.0, get(k, re) + get(k, at.K_RS * stride + n)
    v0, v1 = 0.0, 0.0
    for f in range(n - 1, 0, -1):
        v0 = get(k, i0 + f) + get(k, t + f) * v0
        v1 = get(k, i1 + f) + get(k, t + f) * v1
        put(k, i0 + f, v0)
        put(k, i1 + f, v1)
        drop0 += get(k, re + f) * v0
        drop1 += get(k, re + f) * v1
    last = get(k, at.K_A * stride + n - 1)
    put(sc, at.S_E0, -last * get(k, i0 + n - 1) - get(k, at.K_B * stride + n - 1) - drop0)
    put(sc, at.S_E1, -last * get(k, i1 + n - 1) - drop1)


@njit(**INNER)
def ladders(c, a):
    """Solve both ladders of face currents, linear in J; each electrode's potential becomes E0 + E1 J.

    The potential is that of the solid at the collector less that of the electrolyte at the separator's face. The two
    eliminations run side by side because each alone waits for its divisions.
    """
    nc, na = get_integer(c[0], at.N_NODES), get_integer(a[0], at.N_NODES)
    kc, ka, sc, sa = c[3], a[3], get_integer(c[0], at.N_STRIDE), get_integer(a[0], at.N_STRIDE)
    c0, c1, c2, a0, a1, a2 = 0.0, 0.0, 1.0, 0.0, 0.0, 1.0
    both = min(nc, na)
    for f in range(1, both):
        c0, c1, c2 = _down(kc, sc, f, c0, c1, c2)
        a0, a1, a2 = _down(ka, sa, f, a0, a1, a2)
    for f in range(both, nc):
        c0, c1, c2 = _down(kc, sc, f, c0, c1, c2)
    for f in range(both, na):
        a0, a1, a2 = _down(ka, sa, f, a0, a1, a2)
    _up(c)
    _up(a)


@njit(**INNER)
def update(e, current):
    """Move every lane's j to the solution of the linearised ladder; returns the sum of squared residuals, V^2."""
    sizes, k, lanes = e[0], e[3], e[4]
    if get_integer(sizes, at.N_CLASSES) > 1:
        return _update_shared(e, current)
    i0, i1 = at.K_I0 * get_integer(sizes, at.N_STRIDE), at.K_I1 * get_integer(sizes, at.N_STRIDE)
    far, zero, one, worst = splat(get(e[1], at.S_I0)), splat(0.0), splat(1.0), splat(0.0)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        base, f = bundle * BUNDLE, bundle * LANES
        source = load(k, i0 + f + 1) - load(k, i0 + f) + (load(k, i1 + f + 1) - load(k, i1 + f)) * current
        old = load(lanes, base + at.JJ * LANES)
        new = source * load(lanes, base + at.RAREA * LANES)
        residual = load(lanes, base + at.DG * LANES) * (new - old)
        # Newton on asinh overshoots across zero from far out: stop at zero, where it converges from one side
        turned = where_less(far, absolute(old), new * old, zero)
        residual = where_less(turned, zero, one, residual)
        new = where_less(turned, zero, zero, new)
        store(lanes, base + at.JJ * LANES, new)
        worst = worst + residual * residual * load(lanes, base + at.MASK * LANES)
    return total(worst)


@njit(**INNER)
def _update_shared(e, current):
    sizes, k, lanes = e[0], e[3], e[4]
    n, stride = get_integer(sizes, at.N_NODES), get_integer(sizes, at.N_STRIDE)
    a, b, i0, i1 = at.K_A * stride, at.K_B * stride, at.K_I0 * stride, at.K_I1 * stride
    worst = 0.0
    for node in range(n):
        source = (get(k, i0 + node + 1) - get(k, i0 + node)) + (get(k, i1 + node + 1) - get(k, i1 + node)) * current
        phi = get(k, a + node) * source - get(k, b + node)
        for lane in range(node, get_integer(sizes, at.N_LANES), n):
            o = (lane // LANES) * BUNDLE + lane % LANES
            residual = phi - get(lanes, o + at.G * LANES)
            old = get(lanes, o + at.JJ * LANES)
            new = old + residual / get(lanes, o + at.DG * LANES)
            if new * old < 0.0 and abs(old) > get(e[1], at.S_I0):
                new, residual = 0.0, 1.0
            put(lanes, o + at.JJ * LANES, new)
            worst += residual * residual
    return worst


@njit(**INLINE)
def couple(mode, target, v0, v1, guess):
    """The cell's current from V = v0 + v1 I; the second value is False where no current gives the power."""
    if mode == CONSTANT_CURRENT:
        return target, True
    if mode == CONSTANT_VOLTAGE:
        return (target - v0) / v1, True
    square = v0 * v0 + 4.0 * v1 * target
    if square < 0.0:
        return -0.5 * v0 / v1, False
    return 2.0 * target / (v0 + math.sqrt(square)), True


@njit(**INNER)
def balance(cathode, anode, mode, target, resistance, guess, stop, limit):
    """Newton's method for all currents of the cell at given alpha and beta: (outcome, I, V)."""
    current, voltage = guess, 0.0
    possible = True
    count_c, count_a = get_integer(cathode[0], at.N_LANES), get_integer(anode[0], at.N_LANES)
    for _ in range(limit):
        evaluate(cathode)
        evaluate(anode)
        ladders(cathode, anode)
        v0 = get(cathode[1], at.S_E0) - get(anode[1], at.S_E0)
        v1 = resistance - get(cathode[1], at.S_E1) - get(anode[1], at.S_E1)
        current, possible = couple(mode, target, v0, v1, current)
        voltage = v0 + v1 * current
        worst = update(cathode, -current) / count_c + update(anode, current) / count_a
        if not math.isfinite(worst) or not math.isfinite(voltage):
            return NO_CONVERGENCE, current, voltage
        enough = stop + 1e-12 * abs(voltage)
        if worst < enough * enough:
            return (CONVERGED if possible else NO_POWER), current, voltage
    return (NO_CONVERGENCE if possible else NO_POWER), current, voltage


@njit(**INNER)
def margin(e):
    """How far the surfaces are inside the allowed stoichiometry: (to the lower end, to the upper end)."""
    sizes, sc, lanes = e[0], e[1], e[4]
    low, high = splat(math.inf), splat(-math.inf)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        base = bundle * BUNDLE
        x = load(lanes, base + at.AL * LANES) + load(lanes, base + at.BE * LANES) * load(lanes, base + at.JJ * LANES)
        # ghosts have no current: let them repeat the middle of the range
        x = where_less(
            load(lanes, base + at.MASK * LANES), splat(0.5), splat(0.5 * (get(sc, at.S_LOW) + get(sc, at.S_HIGH))), x
        )
        low, high = where_less(x, low, x, low), where_less(high, x, x, high)
    return least(low) - get(sc, at.S_LOW), get(sc, at.S_HIGH) + least(0.0 - high)


@njit(**INNER)
def spread(e, current):
    """First guess: the electrode's current evenly over the true contact area."""
    sizes, lanes = e[0], e[4]
    area = 0.0
    for lane in range(get_integer(sizes, at.N_LANES)):
        area += get(lanes, (lane // LANES) * BUNDLE + at.AREA * LANES + lane % LANES)
    for lane in range(get_integer(sizes, at.N_LANES)):
        put(lanes, (lane // LANES) * BUNDLE + at.JJ * LANES + lane % LANES, -current / area)
