"""Diffusion in spherical particles: one implicit step with each particle eliminated down to its surface.

Finite volumes in rho = r/R, in units of the stoichiometry x:  dx/dt = rho^-2 d/drho( rho^2 D(x)/R^2 dx/drho ), and
at the surface  -D/R dx/drho = theta j / (F c_max). Face values of D are harmonic means. With the correction
delta = x - x_predicted, one step is  (cc - J) delta = f(x_predicted) - x'_predicted, linearised in full (D' included).
The only unknown that enters a particle is its own current density j, so that the forward sweep leaves
x_surface = alpha + beta j.
"""

from numba import njit

from .fastmath import JIT, exponential
from .layout import (
    AL,
    BE,
    CELL_PLANES,
    D_CONSTANT,
    D_POLYNOMIAL,
    DDIF,
    DIF,
    ELIM,
    ERR,
    ERS,
    F1,
    F2,
    FLUX,
    GRAD,
    GRADC,
    INV,
    JJ,
    LANE_PLANES,
    LANES,
    MASK,
    N_BUNDLES,
    N_DMODE,
    N_QUAD,
    N_SHELLS,
    RHS,
    S_CC,
    S_DH,
    S_DX,
    S_P0,
    S_P1,
    S_P2,
    S_P3,
    S_P4,
    S_W1,
    S_W2,
    SCALE,
    SHELL_FACE,
    SHELL_INV,
    SHELL_MEAN,
    SOURCE,
    VP,
    XP,
)

ROW = CELL_PLANES * LANES
BUNDLE = LANE_PLANES * LANES


@njit(**JIT)
def _blend(planes, width, rows, target, weights):
    """target plane = weighted sum of the past-solution planes, row by row."""
    w0, w1, w2, w3 = weights[0], weights[1], weights[2], weights[3]
    w4, w5, w6 = weights[4], weights[5], weights[6]
    for row in range(rows):
        r = planes[row * width : (row + 1) * width]
        for i in range(LANES):
            r[target * LANES + i] = (
                w0 * r[i]
                + w1 * r[LANES + i]
                + w2 * r[2 * LANES + i]
                + w3 * r[3 * LANES + i]
                + w4 * r[4 * LANES + i]
                + w5 * r[5 * LANES + i]
                + w6 * r[6 * LANES + i]
            )


@njit(**JIT)
def predict(e, value, slope):
    """Extrapolate cells (value and slope) and current densities from the past solutions."""
    sizes, lanes, cells = e[0], e[4], e[5]
    v0, v1, v2, v3, v4, v5, v6 = value[0], value[1], value[2], value[3], value[4], value[5], value[6]
    s0, s1, s2, s3, s4, s5, s6 = slope[0], slope[1], slope[2], slope[3], slope[4], slope[5], slope[6]
    for row in range(sizes[N_BUNDLES] * sizes[N_SHELLS]):
        r = cells[row * ROW : (row + 1) * ROW]
        for i in range(LANES):
            a, b, c, d = r[i], r[LANES + i], r[2 * LANES + i], r[3 * LANES + i]
            f, g, h = r[4 * LANES + i], r[5 * LANES + i], r[6 * LANES + i]
            r[XP * LANES + i] = ((v0 * a + v1 * b) + (v2 * c + v3 * d)) + ((v4 * f + v5 * g) + v6 * h)
            r[VP * LANES + i] = ((s0 * a + s1 * b) + (s2 * c + s3 * d)) + ((s4 * f + s5 * g) + s6 * h)
    _blend(lanes, BUNDLE, sizes[N_BUNDLES], JJ, value)


@njit(**JIT)
def _table(x, table, start, per):
    """Value and slope of a cubic Hermite table on an even grid (columns 0 and 1); constant beyond its ends."""
    u = min(max((x - start) * per, 0.0), table.shape[0] - 1.0)
    k = min(int(u), table.shape[0] - 2)
    s = u - k
    p, m, q, n = table[k, 0], table[k, 1], table[k + 1, 0], table[k + 1, 1]
    c2, c3 = 3.0 * (q - p) - 2.0 * m - n, 2.0 * (p - q) + m + n
    inside = 1.0 if 0.0 < u < table.shape[0] - 1.0 else 0.0
    return p + s * (m + s * (c2 + s * c3)), (m + s * (2.0 * c2 + s * 3.0 * c3)) * per * inside


@njit(**JIT)
def _log_diffusivity(e, x):
    sizes, sc, table = e[0], e[1], e[7]
    if sizes[N_DMODE] == D_POLYNOMIAL:
        z = min(max(x, 0.0), 1.0)
        p1, p2, p3, p4 = sc[S_P1], sc[S_P2], sc[S_P3], sc[S_P4]
        return sc[S_P0] + z * (p1 + z * (p2 + z * (p3 + z * p4))), p1 + z * (2 * p2 + z * (3 * p3 + z * 4 * p4))
    return _table(x, table, sc[S_DX], sc[S_DH])


@njit(**JIT)
def diffusivity(e):
    """D/R^2 and its derivative in every cell at the predicted stoichiometry."""
    sizes, sc, lanes, cells = e[0], e[1], e[4], e[5]
    mode = sizes[N_DMODE]
    if mode == D_CONSTANT:
        return
    p0, p1, p2, p3, p4 = sc[S_P0], sc[S_P1], sc[S_P2], sc[S_P3], sc[S_P4]
    for bundle in range(sizes[N_BUNDLES]):
        lane = lanes[bundle * BUNDLE : (bundle + 1) * BUNDLE]
        for shell in range(sizes[N_SHELLS]):
            row = bundle * sizes[N_SHELLS] + shell
            r = cells[row * ROW : (row + 1) * ROW]
            if mode == D_POLYNOMIAL:
                for i in range(LANES):
                    z = min(max(r[XP * LANES + i], 0.0), 1.0)
                    r[DDIF * LANES + i] = p1 + z * (2 * p2 + z * (3 * p3 + z * 4 * p4))
                    r[DIF * LANES + i] = p0 + z * (p1 + z * (p2 + z * (p3 + z * p4)))
            else:
                for i in range(LANES):
                    value, slope = _table(r[XP * LANES + i], e[7], sc[S_DX], sc[S_DH])
                    r[DIF * LANES + i] = value
                    r[DDIF * LANES + i] = slope
            for i in range(LANES):
                d = exponential(r[DIF * LANES + i] + lane[SCALE * LANES + i])
                r[DIF * LANES + i] = d
                r[DDIF * LANES + i] = d * r[DDIF * LANES + i]


@njit(**JIT)
def fluxes(e):
    """Flux through the outer face of every cell (none at the surface) and its derivatives to the cells either side."""
    sizes, shells, cells = e[0], e[2], e[5]
    ns = sizes[N_SHELLS]
    for bundle in range(sizes[N_BUNDLES]):
        for shell in range(ns - 1):
            row = bundle * ns + shell
            r = cells[row * ROW : (row + 2) * ROW]
            face, mean = shells[SHELL_FACE, shell], shells[SHELL_MEAN, shell]
            for i in range(LANES):
                da, db = r[DIF * LANES + i], r[ROW + DIF * LANES + i]
                inverse = 1.0 / (mean * db + (1.0 - mean) * da)
                ra, rb = da * inverse, db * inverse
                k = face * da * rb
                step = r[ROW + XP * LANES + i] - r[XP * LANES + i]
                r[FLUX * LANES + i] = k * step
                r[F1 * LANES + i] = face * mean * rb * rb * r[DDIF * LANES + i] * step - k
                r[F2 * LANES + i] = face * (1.0 - mean) * ra * ra * r[ROW + DDIF * LANES + i] * step + k
        r = cells[(bundle * ns + ns - 1) * ROW : (bundle * ns + ns) * ROW]
        for i in range(LANES):
            r[FLUX * LANES + i] = 0.0
            r[F1 * LANES + i] = 0.0
            r[F2 * LANES + i] = 0.0


@njit(**JIT)
def _eliminate(e, cc):
    """Elimination factors from the centre outwards."""
    sizes, shells, cells = e[0], e[2], e[5]
    ns = sizes[N_SHELLS]
    for bundle in range(sizes[N_BUNDLES]):
        r = cells[bundle * ns * ROW : (bundle * ns + 1) * ROW]
        iv = shells[SHELL_INV, 0]
        for i in range(LANES):
            inverse = 1.0 / (cc - r[F1 * LANES + i] * iv)
            r[INV * LANES + i] = inverse
            r[ELIM * LANES + i] = r[F2 * LANES + i] * iv * inverse
        for shell in range(1, ns):
            row = bundle * ns + shell
            r = cells[(row - 1) * ROW : (row + 1) * ROW]
            iv = shells[SHELL_INV, shell]
            for i in range(LANES):
                below = r[F2 * LANES + i] + r[F1 * LANES + i] * r[ELIM * LANES + i]
                inverse = 1.0 / (cc - iv * (r[ROW + F1 * LANES + i] - below))
                r[ROW + INV * LANES + i] = inverse
                r[ROW + ELIM * LANES + i] = r[ROW + F2 * LANES + i] * iv * inverse


@njit(**JIT)
def _reduce(e):
    """Right-hand sides from the centre outwards."""
    sizes, shells, cells = e[0], e[2], e[5]
    ns = sizes[N_SHELLS]
    for bundle in range(sizes[N_BUNDLES]):
        r = cells[bundle * ns * ROW : (bundle * ns + 1) * ROW]
        iv = shells[SHELL_INV, 0]
        for i in range(LANES):
            r[RHS * LANES + i] = (r[FLUX * LANES + i] * iv - r[VP * LANES + i]) * r[INV * LANES + i]
        for shell in range(1, ns):
            row = bundle * ns + shell
            r = cells[(row - 1) * ROW : (row + 1) * ROW]
            iv = shells[SHELL_INV, shell]
            for i in range(LANES):
                inner = r[FLUX * LANES + i] + r[F1 * LANES + i] * r[RHS * LANES + i]
                rate = (r[ROW + FLUX * LANES + i] - inner) * iv - r[ROW + VP * LANES + i]
                r[ROW + RHS * LANES + i] = rate * r[ROW + INV * LANES + i]


@njit(**JIT)
def _constant_fluxes(e):
    """Fluxes where D does not vary: F2 = -F1 = conductance, kept since the packing."""
    sizes, cells = e[0], e[5]
    ns = sizes[N_SHELLS]
    for bundle in range(sizes[N_BUNDLES]):
        for shell in range(ns - 1):
            row = bundle * ns + shell
            r = cells[row * ROW : (row + 2) * ROW]
            for i in range(LANES):
                r[FLUX * LANES + i] = r[F2 * LANES + i] * (r[ROW + XP * LANES + i] - r[XP * LANES + i])


@njit(**JIT)
def forward(e, cc):
    """Eliminate all particles for one implicit step from the prediction; leaves alpha and beta of every lane."""
    sizes, sc = e[0], e[1]
    if sizes[N_DMODE] == D_CONSTANT:
        _constant_fluxes(e)
        if sc[S_CC] != cc:
            _eliminate(e, cc)
            sc[S_CC] = cc
    else:
        diffusivity(e)
        fluxes(e)
        _eliminate(e, cc)
    _reduce(e)
    _surface_gradient(e)
    _surface(e)


@njit(**JIT)
def _surface_gradient(e):
    """Second-order surface: x_surface per j beyond the outermost cell, with D at the predicted surface."""
    sizes, sc, lanes, cells = e[0], e[1], e[4], e[5]
    if sizes[N_QUAD] == 0 or sizes[N_DMODE] == D_CONSTANT:
        return
    ns = sizes[N_SHELLS]
    for bundle in range(sizes[N_BUNDLES]):
        lane = lanes[bundle * BUNDLE : (bundle + 1) * BUNDLE]
        last = cells[(bundle * ns + ns - 1) * ROW : (bundle * ns + ns) * ROW]
        inner = cells[(bundle * ns + max(ns - 2, 0)) * ROW : (bundle * ns + max(ns - 2, 0) + 1) * ROW]
        for i in range(LANES):
            x = sc[S_W1] * last[XP * LANES + i] + sc[S_W2] * inner[XP * LANES + i]
            x += lane[GRAD * LANES + i] * lane[JJ * LANES + i]
            value, _ = _log_diffusivity(e, x)
            lane[ERR * LANES + i] = value
        for i in range(LANES):
            d = exponential(lane[ERR * LANES + i] + lane[SCALE * LANES + i])
            lane[GRAD * LANES + i] = lane[GRADC * LANES + i] / d


@njit(**JIT)
def _surface(e):
    sizes, sc, lanes, cells = e[0], e[1], e[4], e[5]
    ns, w1, w2 = sizes[N_SHELLS], sc[S_W1], sc[S_W2]
    for bundle in range(sizes[N_BUNDLES]):
        lane = lanes[bundle * BUNDLE : (bundle + 1) * BUNDLE]
        last = cells[(bundle * ns + ns - 1) * ROW : (bundle * ns + ns) * ROW]
        inner = cells[(bundle * ns + max(ns - 2, 0)) * ROW : (bundle * ns + max(ns - 2, 0) + 1) * ROW]
        for i in range(LANES):
            both = w1 + w2 * inner[ELIM * LANES + i]
            rest = w1 * last[XP * LANES + i] + w2 * (inner[XP * LANES + i] + inner[RHS * LANES + i])
            lane[AL * LANES + i] = rest + both * last[RHS * LANES + i]
            lane[BE * LANES + i] = both * lane[SOURCE * LANES + i] * last[INV * LANES + i] + lane[GRAD * LANES + i]


@njit(**JIT)
def frozen_surface(e):
    """alpha and beta at a given instant: the cells cannot move, only the surface gradient follows j."""
    sizes, sc, lanes, cells = e[0], e[1], e[4], e[5]
    _surface_gradient(e)
    ns = sizes[N_SHELLS]
    for bundle in range(sizes[N_BUNDLES]):
        lane = lanes[bundle * BUNDLE : (bundle + 1) * BUNDLE]
        last, inner = bundle * ns + ns - 1, bundle * ns + max(ns - 2, 0)
        for i in range(LANES):
            a, b = cells[last * ROW + XP * LANES + i], cells[inner * ROW + XP * LANES + i]
            lane[AL * LANES + i] = sc[S_W1] * a + sc[S_W2] * b
            lane[BE * LANES + i] = lane[GRAD * LANES + i]


@njit(**JIT)
def backward(e, slot):
    """Back substitution into the slot of the new solution; returns the sums of squared corrections, all and surface."""
    sizes, lanes, cells = e[0], e[4], e[5]
    ns = sizes[N_SHELLS]
    total, surface = 0.0, 0.0
    for bundle in range(sizes[N_BUNDLES]):
        lane = lanes[bundle * BUNDLE : (bundle + 1) * BUNDLE]
        r = cells[(bundle * ns + ns - 1) * ROW : (bundle * ns + ns) * ROW]
        for i in range(LANES):
            push = lane[SOURCE * LANES + i] * lane[JJ * LANES + i] * r[INV * LANES + i]
            r[RHS * LANES + i] += push
            square = r[RHS * LANES + i] * r[RHS * LANES + i]
            lane[ERR * LANES + i] = square
            lane[ERS * LANES + i] = square
        for shell in range(ns - 2, -1, -1):
            row = bundle * ns + shell
            r = cells[row * ROW : (row + 2) * ROW]
            for i in range(LANES):
                r[RHS * LANES + i] += r[ELIM * LANES + i] * r[ROW + RHS * LANES + i]
            for i in range(LANES):
                lane[ERR * LANES + i] += r[RHS * LANES + i] * r[RHS * LANES + i]
        for shell in range(ns):
            row = bundle * ns + shell
            r = cells[row * ROW : (row + 1) * ROW]
            new = cells[row * ROW + slot * LANES : row * ROW + (slot + 1) * LANES]
            for i in range(LANES):
                new[i] = r[XP * LANES + i] + r[RHS * LANES + i]
        new = lane[slot * LANES : (slot + 1) * LANES]
        for i in range(LANES):
            new[i] = lane[JJ * LANES + i]
            total += lane[ERR * LANES + i] * lane[MASK * LANES + i]
            surface += lane[ERS * LANES + i] * lane[MASK * LANES + i]
    return total, surface


@njit(**JIT)
def distance(e, weights):
    """Sums of squared differences between the new solution and another extrapolation of the past, all and surface."""
    sizes, lanes, cells = e[0], e[4], e[5]
    ns = sizes[N_SHELLS]
    w0, w1, w2, w3 = weights[0], weights[1], weights[2], weights[3]
    w4, w5, w6 = weights[4], weights[5], weights[6]
    total, surface = 0.0, 0.0
    for bundle in range(sizes[N_BUNDLES]):
        lane = lanes[bundle * BUNDLE : (bundle + 1) * BUNDLE]
        for i in range(LANES):
            lane[ERR * LANES + i] = 0.0
        for shell in range(ns):
            row = bundle * ns + shell
            r = cells[row * ROW : (row + 1) * ROW]
            for i in range(LANES):
                a, b, c, d = r[i], r[LANES + i], r[2 * LANES + i], r[3 * LANES + i]
                f, g, h = r[4 * LANES + i], r[5 * LANES + i], r[6 * LANES + i]
                r[RHS * LANES + i] = ((w0 * a + w1 * b) + (w2 * c + w3 * d)) + ((w4 * f + w5 * g) + w6 * h)
            for i in range(LANES):
                square = r[RHS * LANES + i] * r[RHS * LANES + i]
                lane[ERR * LANES + i] += square
                lane[ERS * LANES + i] = square
        for i in range(LANES):
            total += lane[ERR * LANES + i] * lane[MASK * LANES + i]
            surface += lane[ERS * LANES + i] * lane[MASK * LANES + i]
    return total, surface


@njit(**JIT)
def rates(e):
    """dx/dt at the prediction and the lanes' j, left in the RHS planes; returns the largest, in 1/s."""
    sizes, shells, lanes, cells = e[0], e[2], e[4], e[5]
    ns = sizes[N_SHELLS]
    if sizes[N_DMODE] == D_CONSTANT:
        _constant_fluxes(e)
    else:
        diffusivity(e)
        fluxes(e)
    largest = 0.0
    for bundle in range(sizes[N_BUNDLES]):
        lane = lanes[bundle * BUNDLE : (bundle + 1) * BUNDLE]
        for shell in range(ns):
            row = bundle * ns + shell
            for i in range(LANES):
                inner = cells[(row - 1) * ROW + FLUX * LANES + i] if shell > 0 else 0.0
                rate = (cells[row * ROW + FLUX * LANES + i] - inner) * shells[SHELL_INV, shell]
                if shell == ns - 1:
                    rate += lane[SOURCE * LANES + i] * lane[JJ * LANES + i]
                cells[row * ROW + RHS * LANES + i] = rate
                largest = max(largest, abs(rate) * lane[MASK * LANES + i])
    return largest
