"""The linearised cell at many frequencies: particles, films, double layers and ladders, eight frequencies at once.

With all small signals proportional to exp(s t), in volumes V_k and fluxes q_k (through the outer face of cell k) of a
particle, q_k = f1 x_k + f2 x_(k+1) and q_k = q_(k-1) + s V_k x_k: outwards x_(k+1) = (q_k - f1 x_k) / f2,
without a division per cell and without the difference of nearly equal numbers that a matrix would need at low
frequencies. What the surface takes up follows, so that x_s / j is known. Then, per true contact area,

    zeta = coating | its capacitance + interphase | its capacitance + (dG/dj + dG/dx_s x_s/j) | double layer.

An electrode is one array: the chain (bundle, shell, inner and outer, lane), x_(k+1) = inner x_k + outer q_k; the table
(lane, COLUMNS); by shell the volume, the least outer volume of all lanes and the largest inner; rails (2, nodes + 1).
"""

import math

import numpy as np
from numba import njit

from nacre.physics.p2d import layout as at
from nacre.physics.p2d.kinetics import CONSTANT_CURRENT, CONVERGED, balance, spread
from nacre.physics.p2d.layout import BUNDLE, LANES, ROW
from nacre.physics.p2d.particle import fluxes, frozen_surface
from nacre.physics.p2d.simd import (
    INLINE,
    INNER,
    absolute,
    address,
    get,
    get_integer,
    least,
    load,
    put,
    root,
    splat,
    store,
    where_less,
)
from nacre.physics.p2d.stamp import entry

# one row of the table per lane: ohm m2 and F/m2 of true contact area, V, m2/m2; x_s/j per x_s/q; 1 where the particle
# is exactly as the one before it in its class; A/m2, x_s, 1 / (2 i0), d(ln i0)/dx_s
(
    TRANSFER,
    SLOPE,
    COATING,
    COATING_CAPACITY,
    INTERPHASE,
    INTERPHASE_CAPACITY,
    AREA,
    SOURCE,
    SAME,
    CURRENT,
    XS,
    PER,
    GROWTH,
) = range(13)
COLUMNS = 13
DONE, OUTSIDE, NO_CURRENTS = range(3)
_LARGE = 1e60  # growth at which a sweep is scaled down


# --- at one state ---------------------------------------------------------------------------------------------


@njit(**INNER)
def _put_state(e, x, even):
    """Stoichiometries into the prediction plane: x by lane and shell, or where x is empty the same one everywhere.

    False where one lies outside the table of the open-circuit potential.
    """
    shells, count = get_integer(e[0], at.N_SHELLS), get_integer(e[0], at.N_LANES)
    low = get(e[1], at.S_UX) - 1e-6
    high, inside = low + 2e-6 + e[8] / get(e[1], at.S_UH), True
    for bundle in range(get_integer(e[0], at.N_BUNDLES)):
        for shell in range(shells):
            for i in range(LANES):
                lane = min(bundle * LANES + i, count - 1)
                o = (bundle * shells + shell) * ROW + at.XP * LANES
                value = x[lane, shell] if x.shape[0] else even
                inside = inside and low <= value <= high
                put(e[5], o + i, value)
    return inside


def sizes_of(classes: int, nodes: int, shells: int) -> tuple[int, int, int, int]:
    """Where table, volume and rails begin in an electrode's array, after the chain; and its length."""
    chain = -(-classes * nodes // LANES) * shells * 2 * LANES
    table = chain + classes * nodes * COLUMNS
    return chain, table, table + 3 * shells, table + 3 * shells + 2 * (nodes + 1)


@njit(**INLINE)
def _places(e):
    """The same, and the electrode's (nodes, classes, shells), from its addresses."""
    n, ns, count = get_integer(e[0], at.N_NODES), get_integer(e[0], at.N_SHELLS), get_integer(e[0], at.N_LANES)
    table = get_integer(e[0], at.N_BUNDLES) * ns * 2 * LANES
    volume = table + count * COLUMNS
    return n, count // n, ns, table, volume, volume + 3 * ns


@njit(**INNER)
def _fill_chain(e, to):
    """inner and outer of every cell but the last; and by shell the least outer volume and the largest inner."""
    cells, shells = e[5], e[2]
    _, _, ns, _, volume, _ = _places(e)
    one = splat(1.0)
    for shell in range(ns):
        put(to, volume + shell, 1.0 / get(shells, at.SHELL_INV * ns + shell))
        reach, hold = splat(math.inf), splat(0.0)
        for bundle in range(get_integer(e[0], at.N_BUNDLES)):
            o, c = (bundle * ns + shell) * 2 * LANES, (bundle * ns + shell) * ROW
            f1, f2 = load(cells, c + at.F1 * LANES), load(cells, c + at.F2 * LANES)
            # a cell whose filling no longer moves the flux into it
            least_f2 = 1e-12 * absolute(f1)
            f2 = where_less(absolute(f2), least_f2, least_f2, f2)
            outer = one / f2 if shell < ns - 1 else one
            inner = splat(0.0) - f1 * outer
            store(to, o, inner)
            store(to, o + LANES, outer)
            inner, outer = absolute(inner), absolute(outer)
            reach, hold = where_less(outer, reach, outer, reach), where_less(hold, inner, inner, hold)
        put(to, volume + ns + shell, least(reach) * get(to, volume + shell))
        put(to, volume + 2 * ns + shell, -least(splat(0.0) - hold))


@njit(**INNER)
def _fill(e, films, to):
    """The electrode's array at the instant just solved for."""
    sc, k, lanes, cells = e[1], e[3], e[4], e[5]
    n, classes, ns, table, _, rails = _places(e)
    stride, thermal = get_integer(e[0], at.N_STRIDE), get(sc, at.S_THERMAL)
    fluxes(e)
    _fill_chain(e, to)
    for f in range(n + 1):
        put(to, rails + f, get(k, at.K_RE * stride + f))
        put(to, rails + n + 1 + f, get(k, at.K_RS * stride + f))
    for lane in range(n * classes):
        o, node = (lane // LANES) * BUNDLE + lane % LANES, lane % n
        x = min(max(get(lanes, o + at.AL * LANES), 1e-9), 1.0 - 1e-9)
        per = 0.5 / get(sc, at.S_I0) / math.sqrt(x * (1.0 - x)) * get(lanes, o + at.LNG * LANES)
        growth = (0.5 - x) / (x * (1.0 - x)) + get(lanes, o + at.DLNG * LANES)
        z = get(lanes, o + at.JJ * LANES) * per
        tip = thermal / math.sqrt(1.0 + z * z)
        row = table + lane * COLUMNS
        put(to, row + TRANSFER, tip * per)
        put(to, row + SLOPE, get(lanes, o + at.DU * LANES) - tip * z * growth)
        for column in range(4):
            put(to, row + COATING + column, films[node % films.shape[0], column])
        put(to, row + AREA, get(lanes, o + at.AREA * LANES))
        put(to, row + SOURCE, get(lanes, o + at.SOURCE * LANES) / get(e[2], at.SHELL_INV * ns + ns - 1))
        put(to, row + CURRENT, get(lanes, o + at.JJ * LANES))
        put(to, row + XS, x)
        put(to, row + PER, per)
        put(to, row + GROWTH, growth)
        same = node > 0 and get(to, row + SOURCE) == get(to, row - COLUMNS + SOURCE)
        shell = 0
        while same and shell < ns:
            c, d = (lane // LANES * ns + shell) * ROW + lane % LANES, ((lane - 1) // LANES * ns + shell) * ROW
            d += (lane - 1) % LANES
            same = get(cells, c + at.XP * LANES) == get(cells, d + at.XP * LANES)
            shell += 1
        put(to, row + SAME, 1.0 if same else 0.0)


@njit(**INNER)
def _tabulate(cathode, anode, numbers, starts, films, to):
    """Solve for the currents at a state and fill both electrodes' arrays."""
    inside = _put_state(cathode, starts[0], numbers[1])
    if not (_put_state(anode, starts[1], numbers[2]) and inside):
        return OUTSIDE
    frozen_surface(cathode)
    frozen_surface(anode)
    spread(cathode, -numbers[3])
    spread(anode, numbers[3])
    outcome, _, _ = balance(cathode, anode, CONSTANT_CURRENT, numbers[3], numbers[0], numbers[3], 1e-10, 200)
    if outcome != CONVERGED:
        return NO_CURRENTS
    _fill(cathode, films[0], to[0])
    _fill(anode, films[1], to[1])
    return DONE


# --- at many frequencies --------------------------------------------------------------------------------------


@njit(**INLINE)
def _product(a, b, c, d):
    return a * c - b * d, a * d + b * c


@njit(**INLINE)
def _inverse(a, b):
    size = 1.0 / (a * a + b * b)
    return a * size, (0.0 - b) * size


@njit(**INLINE)
def _beside(r, c, sr, si):
    """A resistance beside a capacitance."""
    if c == 0.0 or r == 0.0:
        return splat(r), splat(0.0)
    a, b = _inverse((r * c) * sr + 1.0, (r * c) * si)
    return r * a, r * b


@njit(**INLINE)
def _outward(g, h, v, xr, xi, qr, qi, sr, si):
    """One cell further out."""
    xr, xi = g * xr + h * qr, g * xi + h * qi
    tr, ti = v * xr, v * xi
    return xr, xi, qr + (sr * tr - si * ti), qi + (sr * ti + si * tr)


@njit(**INLINE)
def _first_shell(to, volume, ns, sr, si):
    """Where to begin: shells further in do not matter at the surface to 1e-17 at these frequencies.

    From cell to cell |x| grows at least by |s| outer volume - inner; what the surface feels of a boundary inside falls
    with the square, once on the way in and once on the way out.
    """
    size = root(sr * sr + si * si)
    slowest, product, shell = least(size), 1.0, ns - 1
    if least(sr) < 0.0:
        return 0
    while shell > 0 and product < 1e9:
        shell -= 1
        product *= max(1.0, slowest * get(to, volume + ns + shell) - get(to, volume + 2 * ns + shell) - 1.0)
    return shell


@njit(**INLINE)
def _particle(to, volume, o, first, ns, w1, w2, w3, sr, si):
    """x_s over what the surface takes up; o: where the lane's chain begins."""
    first = min(first, max(ns - 3, 0))
    v = get(to, volume + first)
    xr, xi, qr, qi = splat(1.0), splat(0.0), v * sr, v * si
    o += 2 * LANES * first
    for shell in range(first + 1, ns - 2):
        xr, xi, qr, qi = _outward(get(to, o), get(to, o + LANES), get(to, volume + shell), xr, xi, qr, qi, sr, si)
        o += 2 * LANES
        if shell & 1 == 0:
            size = absolute(xr) + absolute(xi)
            if -least(splat(0.0) - size) > _LARGE:
                scale = where_less(splat(_LARGE), size, splat(1.0 / _LARGE), splat(1.0))
                xr, xi, qr, qi = xr * scale, xi * scale, qr * scale, qi * scale
    br, bi = splat(0.0), splat(0.0)
    cr, ci = br, bi
    for shell in range(max(first + 1, ns - 2), ns):
        cr, ci, br, bi = br, bi, xr, xi
        xr, xi, qr, qi = _outward(get(to, o), get(to, o + LANES), get(to, volume + shell), xr, xi, qr, qi, sr, si)
        o += 2 * LANES
    xr, xi = w1 * xr + (w2 * br + w3 * cr), w1 * xi + (w2 * bi + w3 * ci)
    qr, qi = _inverse(qr, qi)
    return _product(xr, xi, qr, qi)


@njit(**INNER)
def _electrode(e, to, held, layered, sr, si, yr, yi):
    """Impedance of an electrode per plan area. held: room for x_s/q of each class; layered: with a double layer."""
    n, classes, ns, table, volume, rails = _places(e)
    w1, w2, w3 = get(e[1], at.S_W1), get(e[1], at.S_W2), get(e[1], at.S_W3)
    first = _first_shell(to, volume, ns, sr, si)
    zero = splat(0.0)
    ur, ui, vr, vi, mr, mi = zero, zero, zero, zero, zero, zero
    sumr, sumi = splat(get(to, rails) + get(to, rails + 2 * n + 1)), zero
    zr, zi, first_r, first_i = zero, zero, zero, zero
    for node in range(n):
        before_r, before_i = zr, zi
        zr, zi = zero, zero
        for size in range(classes):
            lane = size * n + node
            row = table + lane * COLUMNS
            if get(to, row + SAME) == 0.0:
                chain = (lane // LANES * ns) * 2 * LANES + lane % LANES
                hr, hi = _particle(to, volume, chain, first, ns, w1, w2, w3, sr, si)
                store(held, size * 2 * LANES, hr)
                store(held, (size * 2 + 1) * LANES, hi)
            push = get(to, row + SLOPE) * get(to, row + SOURCE)
            ar = push * load(held, size * 2 * LANES) + get(to, row + TRANSFER)
            ai = push * load(held, (size * 2 + 1) * LANES)
            if layered:
                dr, di = _product(ar, ai, yr, yi)
                dr, di = _inverse(dr + 1.0, di)
                ar, ai = _product(ar, ai, dr, di)
            fr, fi = _beside(get(to, row + COATING), get(to, row + COATING_CAPACITY), sr, si)
            ar, ai = ar + fr, ai + fi
            fr, fi = _beside(get(to, row + INTERPHASE), get(to, row + INTERPHASE_CAPACITY), sr, si)
            ar, ai = ar + fr, ai + fi
            area = get(to, row + AREA)
            if classes == 1:
                zr, zi = ar * (1.0 / area), ai * (1.0 / area)
            else:
                dr, di = _inverse(ar, ai)
                zr, zi = zr + area * dr, zi + area * di
        if classes > 1:
            zr, zi = _inverse(zr, zi)
        if n == 1:
            sumr, sumi = sumr + zr, sumi + zi
        if node == 0:
            first_r, first_i = zr, zi
            continue
        # the ladder A i = b J, V = c i: forward elimination of the symmetric A with b and c at once
        re, rs = get(to, rails + node), get(to, rails + n + 1 + node)
        tr, ti = _product(before_r, before_i, 1.0 - mr, 0.0 - mi)
        dr, di = _inverse(zr + tr + (re + rs), zi + ti)
        tr, ti = _product(mr, mi, ur, ui)
        ur, ui = tr + rs, ti
        tr, ti = _product(mr, mi, vr, vi)
        vr, vi = tr + re, ti
        if node == 1:
            ur, ui = ur + first_r, ui + first_i
        if node == n - 1:
            vr, vi = vr + zr, vi + zi
        tr, ti = _product(ur, ui, vr, vi)
        tr, ti = _product(tr, ti, dr, di)
        sumr, sumi = sumr + tr, sumi + ti
        mr, mi = _product(zr, zi, dr, di)
    return sumr, sumi


@njit(**INNER)
def _admittance(q, power, sr, si, yr, yi):
    """q s^power, for all s."""
    for i in range(sr.size):
        if power == 1.0:
            yr[i], yi[i] = q * sr[i], q * si[i]
        else:
            size = q * math.hypot(sr[i], si[i]) ** power
            angle = power * math.atan2(si[i], sr[i])
            yr[i], yi[i] = size * math.cos(angle), size * math.sin(angle)


@njit(**INNER)
def _sweep(e, to, layer, sr, si, s, z):
    """Add the impedance of an electrode to z."""
    yr, yi, out = np.empty(sr.size), np.empty(sr.size), np.empty(2 * LANES)
    _admittance(layer[0], layer[1], sr, si, yr, yi)
    held = np.empty(get_integer(e[0], at.N_CLASSES) * 2 * LANES)
    for begin in range(0, sr.size, LANES):
        zr, zi = _electrode(
            e, to, address(held), layer[0] > 0.0,
            load(address(sr), begin), load(address(si), begin), load(address(yr), begin), load(address(yi), begin),
        )  # fmt: skip
        store(address(out), 0, zr)
        store(address(out), LANES, zi)
        for i in range(min(LANES, s.size - begin)):
            z[begin + i] += complex(out[i], out[LANES + i])


@entry
def respond(cathode, anode, numbers, starts, films, arrays, layers, series, s, z):
    """Linearise at a state, unless there are no starts, and add up the impedance at the Laplace variables s.

    cathode, anode: addresses as for the solver; numbers: series resistance, even stoichiometry of cathode and anode
    (where a start is empty), the cell's current, 1 to linearise; starts: stoichiometries by lane and shell; films: per
    electrode (nodes or 1, 4); arrays: per electrode, see `sizes_of`; layers: per electrode the double layer and its
    exponent; series: resistance in series, grain boundary's resistance, capacitance (Q) and exponent; s, z: complex,
    z in ohm m2 of plan area. Returns whether that was possible.
    """
    to = address(arrays[0]), address(arrays[1])
    if numbers[4] == 1.0:
        outcome = _tabulate(cathode, anode, numbers, starts, films, to)
        if outcome != DONE:
            return outcome
    count = -(-s.size // LANES) * LANES
    sr, si, gr, gi = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    for i in range(count):
        value = s[min(i, s.size - 1)]
        sr[i], si[i] = value.real, value.imag
    _admittance(series[2], series[3], sr, si, gr, gi)
    for i in range(s.size):
        z[i] = series[0] + series[1] / (1.0 + series[1] * complex(gr[i], gi[i]))
    _sweep(cathode, to[0], layers[0], sr, si, s, z)
    _sweep(anode, to[1], layers[1], sr, si, s, z)
    return DONE
