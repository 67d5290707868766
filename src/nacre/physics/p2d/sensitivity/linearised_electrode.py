"""One electrode linearised about a recorded solution: all that does not depend on the parameter.

Differentiating one implicit step (see `particle`) by a parameter p gives, for S = dx/dp of the cells of a particle,

    cc S - J S = cc S_predicted - S'_predicted + df/dp + (df/dj) dj/dp,

with the same J, cc and weights of past solutions as the step itself: one factorisation serves all parameters. As in the
step, the sweep from the centre leaves the change of the surface as alpha + beta dj/dp, the lanes obey the linearised
G, and the ladder of face currents (see `kinetics`) is tridiagonal; only right-hand sides differ (see `variation`).

An electrode's second tuple `x` holds addresses: work by lane (W_*), by node (M_*), by cell (C_*), the sensitivities S
of all parameters, the tangents (see `tangent`), and where the tables of d ln D and d U begin; then how many intervals
these have, and how many tables of d ln D there are.
"""

from numba import njit

from nacre.physics.p2d import layout as at
from nacre.physics.p2d.kinetics import _inside, evaluate
from nacre.physics.p2d.layout import BUNDLE, LANES, ROW
from nacre.physics.p2d.particle import diffusivity, face
from nacre.physics.p2d.simd import INLINE, INNER, get, get_integer, load, logarithm, put, root, splat, store

# by lane: change of the surface at fixed j; dG/dx_s; 1 / (dG/dj); -dG/d ln i0; asinh; ln x, ln(1 - x); dG/dp; dj;
# area / (dG/dj); dG/dp from tables
W_ALPHA, W_GX, W_RDG, W_TIP, W_SINH, W_LNX, W_LNY, W_G, W_DJ, W_C, W_TABLE = range(11)
W_BUNDLE = 11 * LANES
# by node: resistance, elimination, response to the current, face currents of the solution, change, source; potential
M_A, M_CARRY, M_INV, M_I1, M_STATE, M_V, M_B, M_TOP = range(8)
WORK_ROWS = 8
# by cell, apart from the solver's own so that they stay close together: dx/dt but for the reaction; elimination; what
# the cell before adds, per its right-hand side
C_RATE, C_INV, C_ELIM, C_BELOW = range(4)
WORK_PLANES = 4
WORK_ROW = WORK_PLANES * LANES
# by cell too, where d ln D varies with x: x, D/R^2, flux, df/dp
E_X, E_D, E_FLUX, E_RATE = range(4)
(
    X_LANES,
    X_NODES,
    X_CELLS,
    X_EXTRA,
    X_PAST,
    X_TLANES,
    X_TNODES,
    X_TNUMBERS,
    X_DTABLE,
    X_UTABLE,
    X_DCOUNT,
    X_UCOUNT,
    X_KEEP,
) = range(13)
D_FIRST, D_PER = 0, 1  # the grid of d ln D stands before its tables
D_HEAD = 2  # and before each table where it begins and ends to differ from zero


@njit(**INNER)
def recall(e, trace, offset):
    """A recorded state into the prediction; returns where the next electrode's begins."""
    cells, lanes = e[5], e[4]
    for row in range(get_integer(e[0], at.N_BUNDLES) * get_integer(e[0], at.N_SHELLS)):
        store(cells, row * ROW + at.XP * LANES, load(trace, offset))
        offset += LANES
    for bundle in range(get_integer(e[0], at.N_BUNDLES)):
        store(lanes, bundle * BUNDLE + at.JJ * LANES, load(trace, offset))
        offset += LANES
    return offset


@njit(**INNER)
def blend(e, trace, offset, width, value, order):
    """The polynomial through the recorded states at trace, trace - width, ... into the prediction; j of the newest."""
    cells, lanes = e[5], e[4]
    for row in range(get_integer(e[0], at.N_BUNDLES) * get_integer(e[0], at.N_SHELLS)):
        x = splat(0.0)
        for i in range(order + 1):
            x = x + value[i] * load(trace, offset - i * width)
        store(cells, row * ROW + at.XP * LANES, x)
        offset += LANES
    for bundle in range(get_integer(e[0], at.N_BUNDLES)):
        store(lanes, bundle * BUNDLE + at.JJ * LANES, load(trace, offset))
        offset += LANES
    return offset


@njit(**INLINE)
def _outer(bundle, ns, size):
    """Where the three outermost rows of `size` begin, from the surface inwards (repeated where there are fewer)."""
    last = (bundle * ns + ns - 1) * size
    return last, last - size * min(ns - 1, 1), last - size * min(ns - 1, 2)


@njit(**INLINE)
def _diffusivity(e, bundle, x):
    """D/R^2 and its slope at the stoichiometries x; planes of the first row are used."""
    sc, lanes = e[1], e[4]
    mode = get_integer(e[0], at.N_DMODE)
    if mode == at.D_CONSTANT:
        return load(lanes, bundle * BUNDLE + at.DLANE * LANES), splat(0.0)
    return diffusivity(mode, sc, e[7], e[9], e[5], 0, x, load(lanes, bundle * BUNDLE + at.SCALE * LANES))


@njit(**INNER)
def eliminate(e, x, cc, trace, offset):
    """Factorise cc - J of every particle at the recorded state that begins at `offset`; alpha and beta of every lane.

    Fluxes and diffusivities are kept where a parameter needs them cell by cell. Returns where the next state begins.
    """
    sizes, sc, shells, lanes, work = e[0], e[1], e[2], e[4], x[X_CELLS]
    ns, bundles, zero = get_integer(sizes, at.N_SHELLS), get_integer(sizes, at.N_BUNDLES), splat(0.0)
    w1, w2, w3 = get(sc, at.S_W1), get(sc, at.S_W2), get(sc, at.S_W3)
    for bundle in range(bundles):
        f1_in, f2_in, flux_in, elim, inverse = zero, zero, zero, zero, zero
        row = bundle * ns
        here = load(trace, offset + row * LANES)
        middle, inner = here, here
        d, slope = _diffusivity(e, bundle, here)
        for shell in range(ns):
            iv, w = get(shells, at.SHELL_INV * ns + shell), row * WORK_ROW
            flux, f1, f2, outer, d_outer, slope_outer = zero, zero, zero, here, d, slope
            if x[X_KEEP] > 0:
                store(x[X_EXTRA], w + E_X * LANES, here)
                store(x[X_EXTRA], w + E_D * LANES, d)
            if shell < ns - 1:
                outer = load(trace, offset + (row + 1) * LANES)
                d_outer, slope_outer = _diffusivity(e, bundle, outer)
                area, mean = get(shells, at.SHELL_FACE * ns + shell), get(shells, at.SHELL_MEAN * ns + shell)
                flux, f1, f2 = face(here, outer, d, d_outer, slope, slope_outer, area, mean)
                inner, middle, here = middle, here, outer
            if x[X_KEEP] > 0:
                store(x[X_EXTRA], w + E_FLUX * LANES, flux)
            below = f1_in * iv
            inverse = 1.0 / (cc - iv * (f1 - f2_in) + below * elim)
            elim = f2 * iv * inverse
            store(work, w + C_ELIM * LANES, elim)
            store(work, w + C_INV * LANES, inverse)
            store(work, w + C_BELOW * LANES, below * inverse)
            store(work, w + C_RATE * LANES, (flux - flux_in) * iv)
            f1_in, f2_in, flux_in, d, slope = f1, f2, flux, d_outer, slope_outer
            row += 1
        _, b, c = _outer(bundle, ns, WORK_ROW)
        both = w1 + (w2 + w3 * load(work, c + C_ELIM * LANES)) * load(work, b + C_ELIM * LANES)
        j = load(trace, offset + (bundles * ns + bundle) * LANES)
        beta = both * load(lanes, bundle * BUNDLE + at.SOURCE * LANES) * inverse
        store(lanes, bundle * BUNDLE + at.JJ * LANES, j)
        store(lanes, bundle * BUNDLE + at.BE * LANES, beta)
        store(lanes, bundle * BUNDLE + at.AL * LANES, w1 * here + w2 * middle + w3 * inner - beta * j)
    return offset + bundles * (ns + 1) * LANES


@njit(**INNER)
def react(e, x):
    """Slopes of the reaction in every lane at the recorded j; then the ladder's elimination. Returns d potential/dJ."""
    sc, lanes, work = e[1], e[4], x[X_LANES]
    evaluate(e)
    thermal, half = get(sc, at.S_THERMAL), 0.5 / get(sc, at.S_I0)
    for bundle in range(get_integer(e[0], at.N_BUNDLES)):
        base, o = bundle * BUNDLE, bundle * W_BUNDLE
        s, j = _inside(load(lanes, base + at.XS * LANES)), load(lanes, base + at.JJ * LANES)
        r = 1.0 / root(s * (1.0 - s))
        slope = (0.5 - s) * (r * r) + load(lanes, base + at.DLNG * LANES)
        per = half * r * load(lanes, base + at.LNG * LANES)
        z = j * per
        tip = thermal / root(z * z + 1.0)
        gx = load(lanes, base + at.DU * LANES) - tip * z * slope
        film = load(lanes, base + at.FILM * LANES)
        inverse = 1.0 / (film + tip * per + gx * load(lanes, base + at.BE * LANES))
        rest = load(lanes, base + at.G * LANES) - load(lanes, base + at.U * LANES) - film * j
        store(work, o + W_GX * LANES, gx)
        store(work, o + W_RDG * LANES, inverse)
        store(work, o + W_TIP * LANES, tip * z)
        store(work, o + W_SINH * LANES, rest * (1.0 / thermal))
        store(work, o + W_LNX * LANES, logarithm(s))
        store(work, o + W_LNY * LANES, logarithm(1.0 - s))
        store(work, o + W_C * LANES, load(lanes, base + at.AREA * LANES) * inverse)
    return _ladder(e, x)


@njit(**INLINE)
def _lane_sums(sizes, source, plane, bundle, target, row):
    """Sum a plane over the lanes of every node (lanes run through the nodes, class after class)."""
    n, count = get_integer(sizes, at.N_NODES), get_integer(sizes, at.N_LANES)
    for node in range(n):
        put(target, row + node, 0.0)
    o, i, node = plane * LANES, 0, 0
    for _ in range(count):
        put(target, row + node, get(target, row + node) + get(source, o + i))
        node = node + 1 if node + 1 < n else 0
        i += 1
        if i == LANES:
            o, i = o + bundle, 0


@njit(**INNER)
def _ladder(e, x):
    sizes, k, lanes, m = e[0], e[3], e[4], x[X_NODES]
    n, stride = get_integer(sizes, at.N_NODES), get_integer(sizes, at.N_STRIDE)
    _lane_sums(sizes, x[X_LANES], W_C, W_BUNDLE, m, M_A * stride)
    for node in range(n):
        put(m, M_A * stride + node, 1.0 / get(m, M_A * stride + node))
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        passed = load(lanes, bundle * BUNDLE + at.AREA * LANES) * load(lanes, bundle * BUNDLE + at.JJ * LANES)
        store(x[X_LANES], bundle * W_BUNDLE + W_DJ * LANES, passed)
    _lane_sums(sizes, x[X_LANES], W_DJ, W_BUNDLE, m, M_STATE * stride)
    current = 0.0
    put(m, M_STATE * stride + n, 0.0)
    for node in range(n - 1, -1, -1):
        current -= get(m, M_STATE * stride + node)
        put(m, M_STATE * stride + node, current)
    carry, v = 0.0, 1.0
    put(m, M_I1 * stride, 1.0)
    put(m, M_I1 * stride + n, 0.0)
    for f in range(1, n):
        a, before = get(m, M_A * stride + f), get(m, M_A * stride + f - 1)
        rs = get(k, at.K_RS * stride + f)
        inverse = 1.0 / ((a + before + get(k, at.K_RE * stride + f) + rs) - before * carry)
        v = (rs + before * v) * inverse
        carry = a * inverse
        put(m, M_INV * stride + f, inverse)
        put(m, M_CARRY * stride + f, carry)
        put(m, M_I1 * stride + f, v)
    drop = get(k, at.K_RE * stride) + get(k, at.K_RS * stride + n)
    v = 0.0
    for f in range(n - 1, 0, -1):
        v = get(m, M_I1 * stride + f) + get(m, M_CARRY * stride + f) * v
        put(m, M_I1 * stride + f, v)
        drop += get(k, at.K_RE * stride + f) * v
    return -get(m, M_A * stride + n - 1) * get(m, M_I1 * stride + n - 1) - drop
