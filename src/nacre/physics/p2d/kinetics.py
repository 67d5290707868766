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

from .fastmath import JIT, exponential, logarithm
from .layout import (
    AL,
    AREA,
    BE,
    DLNG,
    DU,
    FILM,
    IDG,
    JJ,
    K_A,
    K_B,
    K_I0,
    K_I1,
    K_PHI,
    K_RE,
    K_RS,
    K_T,
    LANES,
    LNG,
    N_BUNDLES,
    N_LANES,
    N_NODES,
    N_PLAIN,
    S_ALPHA,
    S_BETA,
    S_E0,
    S_E1,
    S_HIGH,
    S_I0,
    S_LOW,
    S_THERMAL,
    S_UH,
    S_UX,
    XS,
    G,
    U,
)
from .particle import BUNDLE

CONSTANT_CURRENT, CONSTANT_VOLTAGE, CONSTANT_POWER = range(3)
CONVERGED, NO_CONVERGENCE, NO_POWER = range(3)
_EDGE = 1e-9


@njit(**JIT)
def _open_circuit(e, lane):
    """U and ln g of a bundle at its surface stoichiometry: cubic Hermite, straight beyond the table."""
    sc, table = e[1], e[6]
    last = table.shape[0] - 1
    for i in range(LANES):
        x = lane[AL * LANES + i] + lane[BE * LANES + i] * lane[JJ * LANES + i]
        free = (x - sc[S_UX]) * sc[S_UH]
        u = min(max(free, 0.0), last * 1.0)
        k = min(int(u), last - 1)
        s = u - k
        p, m, q, n = table[k, 0], table[k, 1], table[k + 1, 0], table[k + 1, 1]
        c2, c3 = 3.0 * (q - p) - 2.0 * m - n, 2.0 * (p - q) + m + n
        slope = m + s * (2.0 * c2 + s * 3.0 * c3)
        lane[XS * LANES + i] = x
        lane[U * LANES + i] = p + s * (m + s * (c2 + s * c3)) + slope * (free - u)
        lane[DU * LANES + i] = slope * sc[S_UH]


@njit(**JIT)
def _extra_exchange(e, lane):
    """ln g and its derivative, g = i0 / (i_ref sqrt(x (1 - x))): power law with other exponents, and a table."""
    sc, table = e[1], e[6]
    last = table.shape[0] - 1
    a, b = sc[S_ALPHA] - 0.5, sc[S_BETA] - 0.5
    for i in range(LANES):
        x = min(max(lane[XS * LANES + i], _EDGE), 1.0 - _EDGE)
        u = min(max((x - sc[S_UX]) * sc[S_UH], 0.0), last * 1.0)
        k = min(int(u), last - 1)
        s = u - k
        p, m, q, n = table[k, 2], table[k, 3], table[k + 1, 2], table[k + 1, 3]
        c2, c3 = 3.0 * (q - p) - 2.0 * m - n, 2.0 * (p - q) + m + n
        lane[LNG * LANES + i] = p + s * (m + s * (c2 + s * c3))
        lane[DLNG * LANES + i] = (m + s * (2.0 * c2 + s * 3.0 * c3)) * sc[S_UH]
    for i in range(LANES):
        x = min(max(lane[XS * LANES + i], _EDGE), 1.0 - _EDGE)
        lane[LNG * LANES + i] += a * logarithm(x) + b * logarithm(1.0 - x)
        lane[DLNG * LANES + i] += a / x - b / (1.0 - x)
    for i in range(LANES):
        lane[LNG * LANES + i] = exponential(-lane[LNG * LANES + i])


@njit(**JIT)
def evaluate(e):
    """G and 1 / (dG/dj) of every lane at its present j."""
    sizes, sc, lanes = e[0], e[1], e[4]
    thermal, half = sc[S_THERMAL], 0.5 / sc[S_I0]
    for bundle in range(sizes[N_BUNDLES]):
        lane = lanes[bundle * BUNDLE : (bundle + 1) * BUNDLE]
        _open_circuit(e, lane)
        if sizes[N_PLAIN] == 0:
            _extra_exchange(e, lane)
        for i in range(LANES):
            j, beta = lane[JJ * LANES + i], lane[BE * LANES + i]
            x = min(max(lane[XS * LANES + i], _EDGE), 1.0 - _EDGE)
            root = 1.0 / math.sqrt(x * (1.0 - x))
            slope = 0.5 * (1.0 - 2.0 * x) * root * root + lane[DLNG * LANES + i]
            per = half * root * lane[LNG * LANES + i]
            z = j * per
            s = math.sqrt(1.0 + z * z)
            size = logarithm(abs(z) + s)
            eta = thermal * (size if z > 0.0 else -size)
            steady = lane[FILM * LANES + i] + thermal * per / s + lane[DU * LANES + i] * beta
            full = steady - thermal * z * slope * beta / s
            # where i0 grows with the reaction itself the full derivative may vanish: keep a tenth of the steady part
            full = full if full > 0.1 * steady else 0.1 * steady
            lane[G * LANES + i] = lane[U * LANES + i] + lane[FILM * LANES + i] * j + eta
            lane[IDG * LANES + i] = 1.0 / full


@njit(**JIT)
def network(e):
    """Solve the ladder of face currents, linear in J; leaves the electrode's potential as E0 + E1 J.

    The potential is that of the solid at the collector less that of the electrolyte at the separator's face.
    """
    sizes, sc, k, lanes = e[0], e[1], e[3], e[4]
    n, count = sizes[N_NODES], sizes[N_LANES]
    a, b, i0, i1, t = k[K_A], k[K_B], k[K_I0], k[K_I1], k[K_T]
    for node in range(n):
        a[node] = 0.0
        b[node] = 0.0
    node = 0
    for lane in range(count):
        o = (lane // LANES) * BUNDLE + lane % LANES
        conductance = lanes[o + AREA * LANES] * lanes[o + IDG * LANES]
        a[node] += conductance
        b[node] += lanes[o + AREA * LANES] * lanes[o + JJ * LANES] - conductance * lanes[o + G * LANES]
        node = node + 1 if node + 1 < n else 0
    for node in range(n):
        a[node] = 1.0 / a[node]
        b[node] = b[node] * a[node]
    re, rs = k[K_RE], k[K_RS]
    carry, v0, v1 = 0.0, 0.0, 1.0
    for f in range(1, n):
        inverse = 1.0 / (a[f] + a[f - 1] + re[f] + rs[f] - a[f - 1] * carry)
        v0 = (b[f - 1] - b[f] + a[f - 1] * v0) * inverse
        v1 = (rs[f] + a[f - 1] * v1) * inverse
        carry = a[f] * inverse
        t[f], i0[f], i1[f] = carry, v0, v1
    i0[0], i1[0], i0[n], i1[n] = 0.0, 1.0, 0.0, 0.0
    drop0, drop1 = 0.0, re[0] + rs[n]
    for f in range(n - 1, 0, -1):
        i0[f] += t[f] * i0[f + 1]
        i1[f] += t[f] * i1[f + 1]
        drop0 += re[f] * i0[f]
        drop1 += re[f] * i1[f]
    sc[S_E0] = -a[n - 1] * i0[n - 1] - b[n - 1] - drop0
    sc[S_E1] = -a[n - 1] * i1[n - 1] - drop1


@njit(**JIT)
def update(e, current):
    """Move every lane's j to the solution of the linearised ladder; returns the largest residual in volts."""
    sizes, k, lanes = e[0], e[3], e[4]
    n = sizes[N_NODES]
    a, b, i0, i1, phi = k[K_A], k[K_B], k[K_I0], k[K_I1], k[K_PHI]
    for node in range(n):
        source = (i0[node + 1] - i0[node]) + (i1[node + 1] - i1[node]) * current
        phi[node] = a[node] * source - b[node]
    worst, node = 0.0, 0
    per = 0.5 / e[1][S_I0]
    for lane in range(sizes[N_BUNDLES] * LANES):
        o = (lane // LANES) * BUNDLE + lane % LANES
        at = node if lane < sizes[N_LANES] else n - 1
        residual = phi[at] - lanes[o + G * LANES]
        old = lanes[o + JJ * LANES]
        new = old + residual * lanes[o + IDG * LANES]
        # Newton on asinh overshoots across zero from far out: stop at zero, where it converges from one side
        if new * old < 0.0 and abs(old) * per > 0.5:
            new = 0.0
            residual = 1.0
        lanes[o + JJ * LANES] = new
        worst = max(worst, abs(residual)) if residual == residual else math.inf
        node = node + 1 if node + 1 < n else 0
    return worst


@njit(**JIT)
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


@njit(**JIT)
def balance(cathode, anode, mode, target, resistance, guess, stop, limit):
    """Newton's method for all currents of the cell at given alpha and beta: (outcome, I, V)."""
    current, voltage = guess, 0.0
    possible = True
    for _ in range(limit):
        evaluate(cathode)
        evaluate(anode)
        network(cathode)
        network(anode)
        v0 = cathode[1][S_E0] - anode[1][S_E0]
        v1 = resistance - cathode[1][S_E1] - anode[1][S_E1]
        current, possible = couple(mode, target, v0, v1, current)
        voltage = v0 + v1 * current
        worst = max(update(cathode, -current), update(anode, current))
        if not math.isfinite(worst) or not math.isfinite(voltage):
            return NO_CONVERGENCE, current, voltage
        if worst < stop:
            return (CONVERGED if possible else NO_POWER), current, voltage
    return (NO_CONVERGENCE if possible else NO_POWER), current, voltage


@njit(**JIT)
def margin(e):
    """How far the surfaces are inside the allowed stoichiometry: (to the lower end, to the upper end)."""
    sizes, sc, lanes = e[0], e[1], e[4]
    low, high = math.inf, math.inf
    for lane in range(sizes[N_LANES]):
        o = (lane // LANES) * BUNDLE + lane % LANES
        x = lanes[o + AL * LANES] + lanes[o + BE * LANES] * lanes[o + JJ * LANES]
        low, high = min(low, x - sc[S_LOW]), min(high, sc[S_HIGH] - x)
    return low, high


@njit(**JIT)
def spread(e, current):
    """First guess: the electrode's current evenly over the true contact area."""
    sizes, lanes = e[0], e[4]
    area = 0.0
    for lane in range(sizes[N_LANES]):
        area += lanes[(lane // LANES) * BUNDLE + AREA * LANES + lane % LANES]
    for lane in range(sizes[N_BUNDLES] * LANES):
        lanes[(lane // LANES) * BUNDLE + JJ * LANES + lane % LANES] = -current / area
