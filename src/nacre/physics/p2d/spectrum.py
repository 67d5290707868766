"""The linearised cell at many frequencies: particles, films, double layers and ladders, eight frequencies at once.

With all small signals proportional to exp(s t), in volumes V_k and fluxes q_k (through the outer face of cell k) of a
particle, q_k = f1 x_k + f2 x_(k+1) and q_k = q_(k-1) + s V_k x_k: outwards x_(k+1) = (q_k - f1 x_k) / f2,
without a division per cell and without the difference of nearly equal numbers that a matrix would need at low
frequencies. What the surface takes up follows, so that x_s / j is known. Then, per true contact area,

    zeta = coating | its capacitance + interphase | its capacitance + (dG/dj + dG/dx_s x_s/j) | double layer.

An electrode is the tuple of arrays that `tabulate` fills: (chain, volume, weights, table, rails, double layer).
"""

import math

import numpy as np
from numba import njit

from . import layout as at
from .kinetics import CONSTANT_CURRENT, CONVERGED, balance, spread
from .layout import BUNDLE, LANES, ROW
from .particle import fluxes, frozen_surface
from .simd import INLINE, INNER, absolute, address, get, get_integer, load, put, splat, store, where_less
from .stamp import entry

# one row of the table per lane: ohm m2 and F/m2 of true contact area, V, m2/m2; x_s/j per x_s/q; 1 where the particle
# is linearised exactly as the one before it in its class; A/m2
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
) = range(10)
COLUMNS = 10
_LARGE = 1e60  # growth at which a sweep is scaled down


# --- at one state ---------------------------------------------------------------------------------------------


@njit(**INNER)
def _put_state(e, x, even):
    """Stoichiometries into the prediction plane: x by lane and shell, or where x is empty the same one everywhere."""
    shells, count = get_integer(e[0], at.N_SHELLS), get_integer(e[0], at.N_LANES)
    for bundle in range(get_integer(e[0], at.N_BUNDLES)):
        for shell in range(shells):
            for i in range(LANES):
                lane = min(bundle * LANES + i, count - 1)
                o = (bundle * shells + shell) * ROW + at.XP * LANES
                put(e[5], o + i, x[lane, shell] if x.shape[0] else even)


@njit(**INNER)
def _fill(e, films, chain, volume, weights, table, rails):
    """The electrode's arrays at the instant just solved for."""
    sizes, sc, shells, k, lanes, cells = e[0], e[1], e[2], e[3], e[4], e[5]
    n, ns, stride = get_integer(sizes, at.N_NODES), get_integer(sizes, at.N_SHELLS), get_integer(sizes, at.N_STRIDE)
    thermal = get(sc, at.S_THERMAL)
    fluxes(e)
    weights[0], weights[1], weights[2] = get(sc, at.S_W1), get(sc, at.S_W2), get(sc, at.S_W3)
    for shell in range(ns):
        volume[shell] = 1.0 / get(shells, at.SHELL_INV * ns + shell)
    for f in range(n + 1):
        rails[0, f], rails[1, f] = get(k, at.K_RE * stride + f), get(k, at.K_RS * stride + f)
    for lane in range(get_integer(sizes, at.N_LANES)):
        o, node = (lane // LANES) * BUNDLE + lane % LANES, lane % n
        same = node > 0
        for shell in range(ns - 1):
            c = ((lane // LANES) * ns + shell) * ROW + lane % LANES
            f1, f2 = get(cells, c + at.F1 * LANES), get(cells, c + at.F2 * LANES)
            if abs(f2) < 1e-12 * abs(f1):  # a cell whose filling no longer moves the flux into it
                f2 = math.copysign(1e-12 * f1, f2)
            chain[lane, shell, 0], chain[lane, shell, 1] = -f1 / f2, 1.0 / f2
            same = same and chain[lane, shell, 0] == chain[lane - 1, shell, 0]
            same = same and chain[lane, shell, 1] == chain[lane - 1, shell, 1]
        x = min(max(get(lanes, o + at.AL * LANES), 1e-9), 1.0 - 1e-9)
        per = 0.5 / get(sc, at.S_I0) / math.sqrt(x * (1.0 - x)) * get(lanes, o + at.LNG * LANES)
        growth = (0.5 - x) / (x * (1.0 - x)) + get(lanes, o + at.DLNG * LANES)
        z = get(lanes, o + at.JJ * LANES) * per
        tip = thermal / math.sqrt(1.0 + z * z)
        table[lane, TRANSFER] = tip * per
        table[lane, SLOPE] = get(lanes, o + at.DU * LANES) - tip * z * growth
        for column in range(4):
            table[lane, COATING + column] = films[node, column]
        table[lane, AREA] = get(lanes, o + at.AREA * LANES)
        table[lane, SOURCE] = get(lanes, o + at.SOURCE * LANES) * volume[ns - 1]
        table[lane, SAME] = 1.0 if same and table[lane, SOURCE] == table[lane - 1, SOURCE] else 0.0
        table[lane, CURRENT] = get(lanes, o + at.JJ * LANES)


@entry
def tabulate(cathode, anode, numbers, starts, films, tables):
    """Solve for the currents at a state and fill both electrodes' arrays; True where they were found.

    cathode, anode: addresses as for the solver; numbers: series resistance, even stoichiometry of cathode and anode
    (where starts are empty), the cell's current; films: per electrode (nodes, 4).
    """
    _put_state(cathode, starts[0], numbers[1])
    _put_state(anode, starts[1], numbers[2])
    frozen_surface(cathode)
    frozen_surface(anode)
    spread(cathode, -numbers[3])
    spread(anode, numbers[3])
    outcome, _, _ = balance(cathode, anode, CONSTANT_CURRENT, numbers[3], numbers[0], numbers[3], 1e-10, 200)
    if outcome != CONVERGED:
        return False
    c, a = tables[0], tables[1]
    _fill(cathode, films[0], c[0], c[1], c[2], c[3], c[4])
    _fill(anode, films[1], a[0], a[1], a[2], a[3], a[4])
    return True


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
def _particle(chain, volume, weights, o, ns, sr, si):
    """x_s over what the surface takes up."""
    v = get(volume, 0)
    xr, xi, qr, qi = splat(1.0), splat(0.0), v * sr, v * si
    for shell in range(1, ns - 2):
        g, h = get(chain, o), get(chain, o + 1)
        xr, xi, qr, qi = _outward(g, h, get(volume, shell), xr, xi, qr, qi, sr, si)
        o += 2
        if shell & 1 == 0:
            size = absolute(xr) + absolute(xi)
            scale = where_less(splat(_LARGE), size, splat(1.0 / _LARGE), splat(1.0))
            xr, xi, qr, qi = xr * scale, xi * scale, qr * scale, qi * scale
    br, bi = splat(0.0), splat(0.0)
    cr, ci = br, bi
    for shell in range(max(1, ns - 2), ns):
        g, h = get(chain, o), get(chain, o + 1)
        cr, ci, br, bi = br, bi, xr, xi
        xr, xi, qr, qi = _outward(g, h, get(volume, shell), xr, xi, qr, qi, sr, si)
        o += 2
    w1, w2, w3 = get(weights, 0), get(weights, 1), get(weights, 2)
    xr, xi = w1 * xr + (w2 * br + w3 * cr), w1 * xi + (w2 * bi + w3 * ci)
    qr, qi = _inverse(qr, qi)
    return _product(xr, xi, qr, qi)


@njit(**INNER)
def _electrode(sizes, chain, volume, weights, table, rails, held, layered, sr, si, yr, yi):
    """Impedance of an electrode per plan area. held: room for x_s/q of each class; layered: with a double layer."""
    n, classes, ns = sizes
    rail = n + 1
    zero = splat(0.0)
    ur, ui, vr, vi, mr, mi = zero, zero, zero, zero, zero, zero
    sumr, sumi = splat(get(rails, 0) + get(rails, rail + n)), zero
    zr, zi, first_r, first_i = zero, zero, zero, zero
    for node in range(n):
        before_r, before_i = zr, zi
        zr, zi = zero, zero
        for size in range(classes):
            lane = size * n + node
            row = lane * COLUMNS
            if get(table, row + SAME) == 0.0:
                hr, hi = _particle(chain, volume, weights, lane * (ns - 1) * 2, ns, sr, si)
                store(held, size * 2 * LANES, hr)
                store(held, (size * 2 + 1) * LANES, hi)
            push = get(table, row + SLOPE) * get(table, row + SOURCE)
            ar = push * load(held, size * 2 * LANES) + get(table, row + TRANSFER)
            ai = push * load(held, (size * 2 + 1) * LANES)
            if layered:
                dr, di = _product(ar, ai, yr, yi)
                dr, di = _inverse(dr + 1.0, di)
                ar, ai = _product(ar, ai, dr, di)
            fr, fi = _beside(get(table, row + COATING), get(table, row + COATING_CAPACITY), sr, si)
            ar, ai = ar + fr, ai + fi
            fr, fi = _beside(get(table, row + INTERPHASE), get(table, row + INTERPHASE_CAPACITY), sr, si)
            ar, ai = ar + fr, ai + fi
            area = get(table, row + AREA)
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
        re, rs = get(rails, node), get(rails, rail + node)
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


@entry
def sweep(cathode, anode, series, s, z):
    """Impedances z of the cell, ohm m2 of plan area, at the Laplace variables s (both complex, same length).

    series: resistance in series; grain boundary's resistance, capacitance (Q) and exponent.
    """
    count = -(-s.size // LANES) * LANES
    sr, si, gr, gi = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    for i in range(count):
        sr[i], si[i] = s[min(i, s.size - 1)].real, s[min(i, s.size - 1)].imag
    _admittance(series[2], series[3], sr, si, gr, gi)
    for i in range(s.size):
        z[i] = series[0] + series[1] / (1.0 + series[1] * complex(gr[i], gi[i]))
    at_r, at_i, out = address(sr), address(si), np.empty(2 * LANES)
    for e in (cathode, anode):
        chain, volume, weights, table, rails, double = e
        classes, n = table.shape[0] // (rails.shape[1] - 1), rails.shape[1] - 1
        _admittance(double[0], double[1], sr, si, gr, gi)
        held = np.empty(classes * 2 * LANES)
        sizes, layered = (n, classes, volume.size), double[0] > 0.0
        a, b, c, d, r, h = (
            address(chain),
            address(volume),
            address(weights),
            address(table),
            address(rails),
            address(held),
        )
        for begin in range(0, count, LANES):
            zr, zi = _electrode(
                sizes, a, b, c, d, r, h, layered, load(at_r, begin), load(at_i, begin),
                load(address(gr), begin), load(address(gi), begin),
            )  # fmt: skip
            store(address(out), 0, zr)
            store(address(out), LANES, zi)
            for i in range(min(LANES, s.size - begin)):
                z[begin + i] += complex(out[i], out[LANES + i])
