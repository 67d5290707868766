"""The answer of an electrode that is linearised (see `linearised`) to a change of parameters."""

from numba import njit

from nacre.physics.p2d import layout as at
from nacre.physics.p2d.layout import BUNDLE, LANES, ROW, SLOTS
from nacre.physics.p2d.particle import _outer_rows, extrapolate
from nacre.physics.p2d.sensitivity.linearised_electrode import (
    C_BELOW,
    C_ELIM,
    C_INV,
    C_RATE,
    D_FIRST,
    D_HEAD,
    D_PER,
    E_D,
    E_FLUX,
    E_RATE,
    E_X,
    M_A,
    M_B,
    M_CARRY,
    M_I1,
    M_INV,
    M_STATE,
    M_TOP,
    M_V,
    W_ALPHA,
    W_BUNDLE,
    W_C,
    W_DJ,
    W_G,
    W_GX,
    W_LNX,
    W_LNY,
    W_RDG,
    W_SINH,
    W_TABLE,
    W_TIP,
    WORK_ROW,
    X_CELLS,
    X_DCOUNT,
    X_DTABLE,
    X_EXTRA,
    X_LANES,
    X_NODES,
    X_PAST,
    X_TLANES,
    X_TNODES,
    X_TNUMBERS,
    X_UCOUNT,
    X_UTABLE,
    _lane_sums,
    _outer,
)
from nacre.physics.p2d.sensitivity.tangent import (
    Q_ALPHA,
    Q_BETA,
    Q_DIFFUSION,
    Q_SURFACE,
    Q_THERMAL,
    T_AREA,
    T_BUNDLE,
    T_EXCHANGE,
    T_FILM,
    T_SCALE,
    T_SOURCE,
    TANGENT_NUMBERS,
)
from nacre.physics.p2d.simd import INLINE, INNER, get, get_integer, least, load, put, splat, store


@njit(**INLINE)
def _numbers(x, p):
    return x[X_TNUMBERS] + 8 * p * TANGENT_NUMBERS


@njit(**INLINE)
def _tangent_lanes(e, x, p):
    return x[X_TLANES] + 8 * p * get_integer(e[0], at.N_BUNDLES) * T_BUNDLE


@njit(**INLINE)
def _past(e, x, p, slot):
    """Where the sensitivities to parameter p in a slot begin: slot after slot, so that each is read in one sweep."""
    size = get_integer(e[0], at.N_BUNDLES) * get_integer(e[0], at.N_SHELLS) * LANES
    return x[X_PAST] + 8 * (p * SLOTS + slot) * size


@njit(**INLINE)
def _begins(e, ring):
    """Where the past sensitivities begin, for `extrapolate`."""
    size = get_integer(e[0], at.N_BUNDLES) * get_integer(e[0], at.N_SHELLS) * LANES
    return ring[0] * size, ring[1] * size, ring[2] * size, ring[3] * size, ring[4] * size, ring[5] * size


@njit(**INLINE)
def _lookup(array, o, table, intervals, first, per):
    """d ln D for the eight stoichiometries that begin at o, in their place."""
    for i in range(o, o + LANES):
        u = min(max((get(array, i) - first) * per, 0.0), intervals * 1.0)
        k = min(int(u), intervals - 1)
        s = u - k
        p, m, q, n = get(table, 2 * k), get(table, 2 * k + 1), get(table, 2 * k + 2), get(table, 2 * k + 3)
        put(array, i, p + s * (m + s * ((3.0 * (q - p) - 2.0 * m - n) + s * (2.0 * (p - q) + m + n))))


@njit(**INNER)
def _table_rates(e, x, p):
    """df/dp where d ln D varies with x, into its plane; where it is zero all over a bundle nothing is looked up."""
    sizes, shells, extra = e[0], e[2], x[X_EXTRA]
    ns, zero = get_integer(sizes, at.N_SHELLS), splat(0.0)
    number, intervals = int(get(_numbers(x, p), Q_DIFFUSION)), x[X_DCOUNT]
    first, per = get(x[X_DTABLE], D_FIRST), get(x[X_DTABLE], D_PER)
    table = x[X_DTABLE] + 8 * (2 + number * (D_HEAD + 2 * (intervals + 1)))
    low, high = get(table, 0), get(table, 1)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        flux_in, log_in, log = zero, zero, zero
        for row in range(bundle * ns, bundle * ns + ns):
            w = row * WORK_ROW
            here = load(extra, w + E_X * LANES)
            log = zero
            if least(here) < high and -least(zero - here) > low:
                store(extra, w + E_RATE * LANES, here)
                _lookup(extra, w + E_RATE * LANES, table + 8 * D_HEAD, intervals, first, per)
                log = load(extra, w + E_RATE * LANES)
            if row > bundle * ns:
                mean = get(shells, at.SHELL_MEAN * ns + row - 1 - bundle * ns)
                inner = (1.0 - mean) * load(extra, w - WORK_ROW + E_D * LANES)
                outer = mean * load(extra, w + E_D * LANES)
                flux = load(extra, w - WORK_ROW + E_FLUX * LANES) * ((outer * log_in + inner * log) / (inner + outer))
                iv = get(shells, at.SHELL_INV * ns + row - 1 - bundle * ns)
                store(extra, w - WORK_ROW + E_RATE * LANES, (flux - flux_in) * iv)
                flux_in = flux
            log_in = log
        last = bundle * ns + ns - 1
        store(extra, last * WORK_ROW + E_RATE * LANES, (zero - flux_in) * get(shells, at.SHELL_INV * ns + ns - 1))


@njit(**INNER)
def forward_tangent(e, x, p, ring, weights, order, slot):
    """Sweep from the centre for parameter p; the right-hand sides go to the new slot, alpha to its plane."""
    sizes, sc, lanes, work = e[0], e[1], e[4], x[X_CELLS]
    ns, past, new, t = get_integer(sizes, at.N_SHELLS), _past(e, x, p, 0), _past(e, x, p, slot), _tangent_lanes(e, x, p)
    begins, varied = _begins(e, ring), get(_numbers(x, p), Q_DIFFUSION) >= 0.0
    if varied:
        _table_rates(e, x, p)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        scale = load(t, bundle * T_BUNDLE + T_SCALE * LANES)
        rhs = splat(0.0)
        for row in range(bundle * ns, bundle * ns + ns):
            w = row * WORK_ROW
            r = extrapolate(past, row * LANES, begins, weights, order) + load(work, w + C_RATE * LANES) * scale
            if varied:
                r = r + load(x[X_EXTRA], w + E_RATE * LANES)
            rhs = r * load(work, w + C_INV * LANES) - load(work, w + C_BELOW * LANES) * rhs
            store(new, row * LANES, rhs)
        a, b, c = _outer(bundle, ns, LANES)
        _, wb, wc = _outer(bundle, ns, WORK_ROW)
        source = load(t, bundle * T_BUNDLE + T_SOURCE * LANES) * load(lanes, bundle * BUNDLE + at.JJ * LANES)
        da = rhs + source * load(work, (bundle * ns + ns - 1) * WORK_ROW + C_INV * LANES)
        store(new, a, da)
        db = load(new, b) + load(work, wb + C_ELIM * LANES) * da
        dc = load(new, c) + load(work, wc + C_ELIM * LANES) * db
        alpha = get(sc, at.S_W1) * da + get(sc, at.S_W2) * db + get(sc, at.S_W3) * dc
        store(x[X_LANES], bundle * W_BUNDLE + W_ALPHA * LANES, alpha)


@njit(**INNER)
def surface_tangent(e, x, p, ring, weights, order):
    """alpha at an instant: the surface of the interpolated sensitivities."""
    sc, ns, past, begins = e[1], get_integer(e[0], at.N_SHELLS), _past(e, x, p, 0), _begins(e, ring)
    for bundle in range(get_integer(e[0], at.N_BUNDLES)):
        a, b, c = _outer(bundle, ns, LANES)
        alpha = get(sc, at.S_W1) * extrapolate(past, a, begins, weights, order)
        alpha = alpha + get(sc, at.S_W2) * extrapolate(past, b, begins, weights, order)
        alpha = alpha + get(sc, at.S_W3) * extrapolate(past, c, begins, weights, order)
        store(x[X_LANES], bundle * W_BUNDLE + W_ALPHA * LANES, alpha)


@njit(**INNER)
def surface_rate(e, x):
    """alpha where the parameter is time: the surface of the rates that `rates` leaves."""
    sizes, sc, cells = e[0], e[1], e[5]
    ns = get_integer(sizes, at.N_SHELLS)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        a, b, c = _outer_rows(bundle, ns)
        alpha = get(sc, at.S_W1) * load(cells, a + at.RHS * LANES) + get(sc, at.S_W2) * load(cells, b + at.RHS * LANES)
        alpha = alpha + get(sc, at.S_W3) * load(cells, c + at.RHS * LANES)
        store(x[X_LANES], bundle * W_BUNDLE + W_ALPHA * LANES, alpha)


@njit(**INLINE)
def _table_sources(e, x, p):
    """dU/dp - tip d ln(factor)/dp of every lane, from tables."""
    sizes, sc, lanes, work = e[0], e[1], e[4], x[X_LANES]
    number, intervals = int(get(_numbers(x, p), Q_SURFACE)), x[X_UCOUNT]
    table = x[X_UTABLE] + 8 * number * 4 * (intervals + 1)
    for lane in range(get_integer(sizes, at.N_BUNDLES) * LANES):
        bundle, i = lane // LANES, lane % LANES
        free = (get(lanes, bundle * BUNDLE + at.XS * LANES + i) - get(sc, at.S_UX)) * get(sc, at.S_UH)
        u = min(max(free, 0.0), intervals * 1.0)
        k = min(int(u), intervals - 1)
        s = u - k
        made = 0.0
        for column in range(0, 4, 2):
            o = 4 * k + column
            p0, m, q, n = get(table, o), get(table, o + 1), get(table, o + 4), get(table, o + 5)
            c2, c3 = 3.0 * (q - p0) - 2.0 * m - n, 2.0 * (p0 - q) + m + n
            value = p0 + s * (m + s * (c2 + s * c3))
            if column == 0:
                made = value + (m + s * (2.0 * c2 + s * 3.0 * c3)) * (free - u)
            else:
                made -= get(work, bundle * W_BUNDLE + W_TIP * LANES + i) * value
        put(work, bundle * W_BUNDLE + W_TABLE * LANES + i, made)


@njit(**INNER)
def potential_tangent(e, x, p, current):
    """Change of the electrode's potential by parameter p at fixed current, from alpha; `current` is its own J."""
    sizes, k, lanes, work, m, t = e[0], e[3], e[4], x[X_LANES], x[X_NODES], _tangent_lanes(e, x, p)
    n, stride, numbers = get_integer(sizes, at.N_NODES), get_integer(sizes, at.N_STRIDE), _numbers(x, p)
    thermal, alpha, beta = get(numbers, Q_THERMAL), get(numbers, Q_ALPHA), get(numbers, Q_BETA)
    tabled = get(numbers, Q_SURFACE) >= 0.0
    if tabled:
        _table_sources(e, x, p)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        o, q, base = bundle * W_BUNDLE, bundle * T_BUNDLE, bundle * BUNDLE
        j = load(lanes, base + at.JJ * LANES)
        log = load(work, o + W_LNX * LANES) * alpha + load(work, o + W_LNY * LANES) * beta
        log = log + load(t, q + T_EXCHANGE * LANES)
        g = load(work, o + W_GX * LANES) * load(work, o + W_ALPHA * LANES) - load(work, o + W_TIP * LANES) * log
        g = g + load(work, o + W_SINH * LANES) * thermal + j * load(t, q + T_FILM * LANES)
        if tabled:
            g = g + load(work, o + W_TABLE * LANES)
        store(work, o + W_G * LANES, g)
        # for the sum over a node's lanes; the plane of dj is free until `densities`
        store(work, o + W_DJ * LANES, load(work, o + W_C * LANES) * g - j * load(t, q + T_AREA * LANES))
    _lane_sums(sizes, work, W_DJ, W_BUNDLE, m, M_B * stride)
    for node in range(n):
        put(m, M_B * stride + node, get(m, M_B * stride + node) * get(m, M_A * stride + node))
    tn = x[X_TNODES] + 8 * p * 2 * stride
    v = 0.0
    for f in range(1, n):
        change = get(m, M_STATE * stride + f) * (get(tn, f) + get(tn, stride + f)) - current * get(tn, stride + f)
        source = get(m, M_B * stride + f) - get(m, M_B * stride + f - 1) - change
        v = (source + get(m, M_A * stride + f - 1) * v) * get(m, M_INV * stride + f)
        put(m, M_V * stride + f, v)
    put(m, M_V * stride, 0.0)
    put(m, M_V * stride + n, 0.0)
    drop = get(tn, 0) * current + get(tn, stride + n) * current
    v = 0.0
    for f in range(n - 1, 0, -1):
        v = get(m, M_V * stride + f) + get(m, M_CARRY * stride + f) * v
        put(m, M_V * stride + f, v)
        drop += get(k, at.K_RE * stride + f) * v + get(tn, f) * get(m, M_STATE * stride + f)
    last = get(m, M_V * stride + n - 1) if n > 1 else 0.0
    return get(m, M_B * stride + n - 1) - get(m, M_A * stride + n - 1) * last - drop


@njit(**INNER)
def densities(e, x, change):
    """dj of every lane, where the electrode's current changes by `change`."""
    sizes, lanes, work, m = e[0], e[4], x[X_LANES], x[X_NODES]
    n, stride = get_integer(sizes, at.N_NODES), get_integer(sizes, at.N_STRIDE)
    for node in range(n):
        v, i1 = M_V * stride + node, M_I1 * stride + node
        step = get(m, v + 1) - get(m, v) + (get(m, i1 + 1) - get(m, i1)) * change
        put(m, M_TOP * stride + node, get(m, M_A * stride + node) * step + get(m, M_B * stride + node))
    o, i, node = W_DJ * LANES, 0, 0
    for _ in range(get_integer(sizes, at.N_LANES)):
        put(work, o + i, get(m, M_TOP * stride + node))
        node = node + 1 if node + 1 < n else 0
        i += 1
        if i == LANES:
            o, i = o + W_BUNDLE, 0
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        o = bundle * W_BUNDLE
        dj = (load(work, o + W_DJ * LANES) - load(work, o + W_G * LANES)) * load(work, o + W_RDG * LANES)
        store(work, o + W_DJ * LANES, dj * load(lanes, bundle * BUNDLE + at.MASK * LANES))


@njit(**INNER)
def backward_tangent(e, x, p, slot):
    """Back substitution: the new sensitivities, in place of the right-hand sides."""
    sizes, lanes, work, new = e[0], e[4], x[X_CELLS], _past(e, x, p, slot)
    ns = get_integer(sizes, at.N_SHELLS)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        row = bundle * ns + ns - 1
        push = load(lanes, bundle * BUNDLE + at.SOURCE * LANES) * load(work, row * WORK_ROW + C_INV * LANES)
        change = load(new, row * LANES) + push * load(x[X_LANES], bundle * W_BUNDLE + W_DJ * LANES)
        store(new, row * LANES, change)
        for _ in range(1, ns):
            row -= 1
            change = load(new, row * LANES) + load(work, row * WORK_ROW + C_ELIM * LANES) * change
            store(new, row * LANES, change)


@njit(**INNER)
def drift(e, x, p, old, new):
    """dS/dt at the first instant of a step, from the sensitivities in one slot into another."""
    sizes, shells, lanes, cells = e[0], e[2], e[4], e[5]
    ns, t, zero = get_integer(sizes, at.N_SHELLS), _tangent_lanes(e, x, p), splat(0.0)
    before, after = _past(e, x, p, old), _past(e, x, p, new)
    varied = get(_numbers(x, p), Q_DIFFUSION) >= 0.0
    if varied:
        _table_rates(e, x, p)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        scale = load(t, bundle * T_BUNDLE + T_SCALE * LANES)
        flux_in = zero
        for shell in range(ns):
            o, q = (bundle * ns + shell) * ROW, (bundle * ns + shell) * LANES
            here, flux = load(before, q), zero
            if shell < ns - 1:
                outer = load(before, q + LANES)
                flux = load(cells, o + at.F1 * LANES) * here + load(cells, o + at.F2 * LANES) * outer
                flux = flux + load(cells, o + at.FLUX * LANES) * scale
            rate = (flux - flux_in) * get(shells, at.SHELL_INV * ns + shell)
            if varied:
                rate = rate + load(x[X_EXTRA], (bundle * ns + shell) * WORK_ROW + E_RATE * LANES)
            if shell == ns - 1:
                j, dj = load(lanes, bundle * BUNDLE + at.JJ * LANES), load(x[X_LANES], bundle * W_BUNDLE + W_DJ * LANES)
                rate = rate + load(lanes, bundle * BUNDLE + at.SOURCE * LANES) * dj
                rate = rate + load(t, bundle * T_BUNDLE + T_SOURCE * LANES) * j
            store(after, q, rate)
            flux_in = flux
