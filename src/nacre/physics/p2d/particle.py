"""Diffusion in spherical particles: one implicit step with each particle eliminated down to its surface.

Finite volumes in rho = r/R, in units of the stoichiometry x:  dx/dt = rho^-2 d/drho( rho^2 D(x)/R^2 dx/drho ), and
at the surface  -D/R dx/drho = theta j / (F c_max). Face values of D are harmonic means. With the correction
delta = x - x_predicted, one step is  (cc - J) delta = f(x_predicted) - x'_predicted, linearised in full (D' included).
The only unknown that enters a particle is its own current density j, so that the forward sweep (Thomas' algorithm from
the centre) leaves x_surface = alpha + beta j. `past` comes from `past_solutions`.
"""

from numba import njit

from nacre.physics.p2d import layout as at
from nacre.physics.p2d.layout import BUNDLE, LANES, ROW
from nacre.physics.p2d.simd import (
    INLINE,
    INNER,
    absolute,
    exponential,
    get,
    get_integer,
    least,
    load,
    put,
    splat,
    store,
    total,
)


@njit(**INLINE)
def past_solutions(ring, value, slope, order):
    """(where the past solutions begin in a row, weights of the value, weights of the slope, order) as plain numbers."""
    begins = (
        ring[0] * LANES,
        ring[1] * LANES,
        ring[2] * LANES,
        ring[3] * LANES,
        ring[4] * LANES,
        ring[5] * LANES,
    )
    values = value[0], value[1], value[2], value[3], value[4], value[5]
    slopes = slope[0], slope[1], slope[2], slope[3], slope[4], slope[5]
    return begins, values, slopes, order


@njit(**INLINE)
def extrapolate(array, base, begins, weights, order):
    """The polynomial through the past solutions, for the eight numbers of the row or bundle that begins at base."""
    x = weights[0] * load(array, base + begins[0]) + weights[1] * load(array, base + begins[1])
    if order > 1:
        x = x + weights[2] * load(array, base + begins[2])
        if order > 2:
            x = x + weights[3] * load(array, base + begins[3])
            if order > 3:
                x = x + weights[4] * load(array, base + begins[4])
                if order > 4:
                    x = x + weights[5] * load(array, base + begins[5])
    return x


@njit(**INNER)
def predict_lanes(e, past):
    """Extrapolate the current densities."""
    lanes = e[4]
    begins, values, _, order = past
    for bundle in range(get_integer(e[0], at.N_BUNDLES)):
        base = bundle * BUNDLE
        store(lanes, base + at.JJ * LANES, extrapolate(lanes, base, begins, values, order))


@njit(**INNER)
def predict_cells(e, past):
    """Extrapolate or interpolate the stoichiometries into the prediction plane."""
    cells = e[5]
    begins, values, _, order = past
    for row in range(get_integer(e[0], at.N_BUNDLES) * get_integer(e[0], at.N_SHELLS)):
        store(cells, row * ROW + at.XP * LANES, extrapolate(cells, row * ROW, begins, values, order))


@njit(**INLINE)
def table_lookup(array, source, target, table, intervals, start, per):
    """ln D and its slope for eight stoichiometries at array[source:]; to array[target:] and the plane after it."""
    for i in range(LANES):
        u = (get(array, source + i) - start) * per
        inside = 1.0 if 0.0 <= u <= intervals else 0.0
        u = min(max(u, 0.0), intervals * 1.0)
        k = min(int(u), intervals - 1)
        s = u - k
        p, m, q, n = get(table, 2 * k), get(table, 2 * k + 1), get(table, 2 * k + 2), get(table, 2 * k + 3)
        c2, c3 = 3.0 * (q - p) - 2.0 * m - n, 2.0 * (p - q) + m + n
        put(array, target + i, p + s * (m + s * (c2 + s * c3)))
        put(array, target + LANES + i, (m + s * (2.0 * c2 + s * 3.0 * c3)) * per * inside)


@njit(**INLINE)
def log_polynomial(sc, x):
    """ln D as a polynomial."""
    return (((x * get(sc, at.S_P4) + get(sc, at.S_P3)) * x + get(sc, at.S_P2)) * x + get(sc, at.S_P1)) * x + get(
        sc, at.S_P0
    )


@njit(**INLINE)
def log_polynomial_slope(sc, x):
    return ((x * (4.0 * get(sc, at.S_P4)) + 3.0 * get(sc, at.S_P3)) * x + 2.0 * get(sc, at.S_P2)) * x + get(sc, at.S_P1)


@njit(**INLINE)
def diffusivity(mode, sc, table, intervals, cells, o, x, scale):
    """D/R^2 and its derivative at the stoichiometries x of the row that begins at o."""
    if mode == at.D_TABLE:
        store(cells, o + at.XP * LANES, x)
        table_lookup(cells, o + at.XP * LANES, o + at.DIF * LANES, table, intervals, get(sc, at.S_DX), get(sc, at.S_DH))
        d = exponential(load(cells, o + at.DIF * LANES) + scale)
        slope = load(cells, o + at.DDIF * LANES)
    else:
        d = exponential(log_polynomial(sc, x) + scale)
        slope = log_polynomial_slope(sc, x)
    return d, d * slope


@njit(**INLINE)
def face(xa, xb, da, db, dda, ddb, area, mean):
    """Flux between two cells and its derivatives to either."""
    inverse = 1.0 / (mean * db + (1.0 - mean) * da)
    ra, rb = da * inverse, db * inverse
    k = area * da * rb
    step = xb - xa
    slope = area * step
    return k * step, slope * mean * rb * rb * dda - k, slope * (1.0 - mean) * ra * ra * ddb + k


@njit(**INNER)
def _forward_varied(e, cc, past):
    sizes, sc, shells, lanes, cells, table, intervals = e[0], e[1], e[2], e[4], e[5], e[7], e[9]
    mode = get_integer(sizes, at.N_DMODE)
    ns, zero = get_integer(sizes, at.N_SHELLS), splat(0.0)
    begins, values, slopes, order = past
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        scale = load(lanes, bundle * BUNDLE + at.SCALE * LANES)
        o = bundle * ns * ROW
        xa = extrapolate(cells, o, begins, values, order)
        da, dda = diffusivity(mode, sc, table, intervals, cells, o, xa, scale)
        flux_in, f1_in, f2_in, elim, rhs = zero, zero, zero, zero, zero
        for shell in range(1, ns):
            xb = extrapolate(cells, o + ROW, begins, values, order)
            db, ddb = diffusivity(mode, sc, table, intervals, cells, o + ROW, xb, scale)
            flux, f1, f2 = face(
                xa,
                xb,
                da,
                db,
                dda,
                ddb,
                get(shells, at.SHELL_FACE * ns + shell - 1),
                get(shells, at.SHELL_MEAN * ns + shell - 1),
            )
            iv = get(shells, at.SHELL_INV * ns + shell - 1)
            inverse = 1.0 / (cc - iv * (f1 - (f2_in + f1_in * elim)))
            rate = (flux - (flux_in + f1_in * rhs)) * iv - extrapolate(cells, o, begins, slopes, order)
            elim, rhs = f2 * iv * inverse, rate * inverse
            store(cells, o + at.XP * LANES, xa)
            store(cells, o + at.ELIM * LANES, elim)
            store(cells, o + at.RHS * LANES, rhs)
            xa, da, dda, flux_in, f1_in, f2_in = xb, db, ddb, flux, f1, f2
            o += ROW
        iv = get(shells, at.SHELL_INV * ns + ns - 1)
        inverse = 1.0 / (cc + iv * (f2_in + f1_in * elim))
        rate = (zero - (flux_in + f1_in * rhs)) * iv - extrapolate(cells, o, begins, slopes, order)
        store(cells, o + at.XP * LANES, xa)
        store(cells, o + at.RHS * LANES, rate * inverse)
        store(cells, o + at.INV * LANES, inverse)
    _surface(e)


@njit(**INNER)
def _eliminate_constant(e, cc):
    sizes, shells, lanes, cells = e[0], e[2], e[4], e[5]
    ns = get_integer(sizes, at.N_SHELLS)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        d = load(lanes, bundle * BUNDLE + at.DLANE * LANES)
        k_in, elim = splat(0.0), splat(0.0)
        for shell in range(ns):
            o = (bundle * ns + shell) * ROW
            iv = get(shells, at.SHELL_INV * ns + shell)
            k = d * get(shells, at.SHELL_FACE * ns + shell)
            inverse = 1.0 / (cc + iv * (k + (k_in - k_in * elim)))
            elim = k * iv * inverse
            store(cells, o + at.INV * LANES, inverse)
            store(cells, o + at.ELIM * LANES, elim)
            k_in = k


@njit(**INNER)
def _forward_constant(e, cc, past):
    sizes, sc, shells, lanes, cells = e[0], e[1], e[2], e[4], e[5]
    ns, zero = get_integer(sizes, at.N_SHELLS), splat(0.0)
    if get(sc, at.S_CC) != cc:
        _eliminate_constant(e, cc)
        put(sc, at.S_CC, cc)
    begins, values, slopes, order = past
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        d = load(lanes, bundle * BUNDLE + at.DLANE * LANES)
        o = bundle * ns * ROW
        xa = extrapolate(cells, o, begins, values, order)
        inner = zero
        for shell in range(ns - 1):
            xb = extrapolate(cells, o + ROW, begins, values, order)
            k = d * get(shells, at.SHELL_FACE * ns + shell)
            flux = k * (xb - xa)
            rate = (flux - inner) * get(shells, at.SHELL_INV * ns + shell) - extrapolate(
                cells, o, begins, slopes, order
            )
            rhs = rate * load(cells, o + at.INV * LANES)
            inner = flux - k * rhs
            store(cells, o + at.XP * LANES, xa)
            store(cells, o + at.RHS * LANES, rhs)
            xa = xb
            o += ROW
        rate = (zero - inner) * get(shells, at.SHELL_INV * ns + ns - 1) - extrapolate(cells, o, begins, slopes, order)
        store(cells, o + at.XP * LANES, xa)
        store(cells, o + at.RHS * LANES, rate * load(cells, o + at.INV * LANES))
    _surface(e)


@njit(**INNER)
def forward(e, cc, past):
    """Predict and eliminate all particles for one implicit step; leaves alpha and beta of every lane."""
    predict_lanes(e, past)
    if get_integer(e[0], at.N_DMODE) == at.D_CONSTANT:
        _forward_constant(e, cc, past)
    else:
        _forward_varied(e, cc, past)


@njit(**INLINE)
def _outer_rows(bundle, ns):
    """Where the three outermost rows begin, from the surface inwards (repeated where there are fewer)."""
    last = (bundle * ns + ns - 1) * ROW
    return last, last - ROW * min(ns - 1, 1), last - ROW * min(ns - 1, 2)


@njit(**INNER)
def _surface(e):
    sizes, sc, lanes, cells = e[0], e[1], e[4], e[5]
    w1, w2, w3, ns = get(sc, at.S_W1), get(sc, at.S_W2), get(sc, at.S_W3), get_integer(sizes, at.N_SHELLS)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        base = bundle * BUNDLE
        a, b, c = _outer_rows(bundle, ns)
        da = load(cells, a + at.RHS * LANES)
        db = load(cells, b + at.RHS * LANES) + load(cells, b + at.ELIM * LANES) * da
        dc = load(cells, c + at.RHS * LANES) + load(cells, c + at.ELIM * LANES) * db
        alpha = w1 * (load(cells, a + at.XP * LANES) + da) + w2 * (load(cells, b + at.XP * LANES) + db)
        both = w1 + (w2 + w3 * load(cells, c + at.ELIM * LANES)) * load(cells, b + at.ELIM * LANES)
        push = load(lanes, base + at.SOURCE * LANES) * load(cells, a + at.INV * LANES)
        store(lanes, base + at.AL * LANES, alpha + w3 * (load(cells, c + at.XP * LANES) + dc))
        store(lanes, base + at.BE * LANES, both * push)


@njit(**INNER)
def frozen_surface(e):
    """alpha and beta with the cells fixed at the prediction: the surface does not depend on j."""
    sizes, sc, lanes, cells = e[0], e[1], e[4], e[5]
    ns = get_integer(sizes, at.N_SHELLS)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        a, b, c = _outer_rows(bundle, ns)
        x = get(sc, at.S_W1) * load(cells, a + at.XP * LANES) + get(sc, at.S_W2) * load(cells, b + at.XP * LANES)
        x = x + get(sc, at.S_W3) * load(cells, c + at.XP * LANES)
        store(lanes, bundle * BUNDLE + at.AL * LANES, x)
        store(lanes, bundle * BUNDLE + at.BE * LANES, splat(0.0))


@njit(**INNER)
def backward(e, slot):
    """Back substitution into the slot of the new solution; the sums of squared corrections, all and surface."""
    sizes, lanes, cells = e[0], e[4], e[5]
    ns = get_integer(sizes, at.N_SHELLS)
    every, outer = splat(0.0), splat(0.0)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        base = bundle * BUNDLE
        mask, j = load(lanes, base + at.MASK * LANES), load(lanes, base + at.JJ * LANES)
        o = (bundle * ns + ns - 1) * ROW
        push = load(lanes, base + at.SOURCE * LANES) * load(cells, o + at.INV * LANES)
        delta = load(cells, o + at.RHS * LANES) + push * j
        squares = delta * delta
        outer = outer + squares * mask
        store(cells, o + slot * LANES, load(cells, o + at.XP * LANES) + delta)
        for _ in range(1, ns):
            o -= ROW
            delta = load(cells, o + at.RHS * LANES) + load(cells, o + at.ELIM * LANES) * delta
            squares = squares + delta * delta
            store(cells, o + slot * LANES, load(cells, o + at.XP * LANES) + delta)
        every = every + squares * mask
        store(lanes, base + slot * LANES, j)
    return total(every), total(outer)


@njit(**INNER)
def distance(e, slot, past):
    """Sums of squared differences between the new solution and another extrapolation of the past, all and surface."""
    sizes, lanes, cells = e[0], e[4], e[5]
    ns = get_integer(sizes, at.N_SHELLS)
    every, outer = splat(0.0), splat(0.0)
    begins, values, _, order = past
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        mask = load(lanes, bundle * BUNDLE + at.MASK * LANES)
        squares, last = splat(0.0), splat(0.0)
        for shell in range(ns):
            o = (bundle * ns + shell) * ROW
            delta = load(cells, o + slot * LANES) - extrapolate(cells, o, begins, values, order)
            last = delta * delta
            squares = squares + last
        every, outer = every + squares * mask, outer + last * mask
    return total(every), total(outer)


@njit(**INNER)
def fluxes(e):
    """Fluxes through the outer faces and their derivatives at the prediction, into their planes."""
    sizes, sc, shells, lanes, cells, table, intervals = e[0], e[1], e[2], e[4], e[5], e[7], e[9]
    mode = get_integer(sizes, at.N_DMODE)
    ns, zero = get_integer(sizes, at.N_SHELLS), splat(0.0)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        base = bundle * BUNDLE
        scale = load(lanes, base + at.SCALE * LANES)
        for shell in range(ns):
            o = (bundle * ns + shell) * ROW
            if get_integer(sizes, at.N_DMODE) == at.D_CONSTANT:
                d, slope = load(lanes, base + at.DLANE * LANES), zero
            else:
                d, slope = diffusivity(mode, sc, table, intervals, cells, o, load(cells, o + at.XP * LANES), scale)
            store(cells, o + at.DIF * LANES, d)
            store(cells, o + at.DDIF * LANES, slope)
            for plane in (at.FLUX, at.F1, at.F2):
                store(cells, o + plane * LANES, zero)
        for shell in range(ns - 1):
            o = (bundle * ns + shell) * ROW
            n = o + ROW
            flux, f1, f2 = face(
                load(cells, o + at.XP * LANES),
                load(cells, n + at.XP * LANES),
                load(cells, o + at.DIF * LANES),
                load(cells, n + at.DIF * LANES),
                load(cells, o + at.DDIF * LANES),
                load(cells, n + at.DDIF * LANES),
                get(shells, at.SHELL_FACE * ns + shell),
                get(shells, at.SHELL_MEAN * ns + shell),
            )
            store(cells, o + at.FLUX * LANES, flux)
            store(cells, o + at.F1 * LANES, f1)
            store(cells, o + at.F2 * LANES, f2)


@njit(**INNER)
def rates(e):
    """dx/dt at the prediction and the lanes' j, left in the RHS planes; returns the largest, in 1/s."""
    sizes, shells, lanes, cells = e[0], e[2], e[4], e[5]
    ns = get_integer(sizes, at.N_SHELLS)
    fluxes(e)
    largest = 0.0
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        base = bundle * BUNDLE
        for shell in range(ns):
            o = (bundle * ns + shell) * ROW
            inner = load(cells, o - ROW + at.FLUX * LANES) if shell > 0 else splat(0.0)
            rate = (load(cells, o + at.FLUX * LANES) - inner) * get(shells, at.SHELL_INV * ns + shell)
            if shell == ns - 1:
                rate = rate + load(lanes, base + at.SOURCE * LANES) * load(lanes, base + at.JJ * LANES)
            store(cells, o + at.RHS * LANES, rate)
            largest = max(largest, -least(splat(0.0) - absolute(rate) * load(lanes, base + at.MASK * LANES)))
    return largest
