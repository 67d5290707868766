"""Compiled heart of the photoelectron fit: spectrum and derivatives from parameters, and the maximum of likelihood.

A spectrum of counts at binding energies x (eV) is modelled as

    mu(x) = sum_i A_i [ f(u_i)/w_i + k F(u_i) ] + t int K'(x - x') sum_i A_i F(u_i(x')) dx' + b0 + b1 z

with u = (x - p)/w, f the line shape of unit area and unit FWHM, F its integral from low binding energy: k times F is
Shirley's step made by the model's own peaks, so that it knows nothing of the pedestal b0 (D. A. Shirley, Phys. Rev. B 5
(1972) 4709; background in the model: A. Herrera-Gomez et al., Surf. Interface Anal. 46 (2014) 897); the integral is the
Tougaard background by parts, K the loss function (S. Tougaard, Surf. Interface Anal. 11 (1988) 453). z runs from -1/2
to 1/2 over a spectrum. The shape is the sum of Gaussian (1 - m) and Lorentzian (m) of one FWHM, or one of `xps_shapes`.

The fit minimises the Poisson deviance 2 sum(mu - y + y ln(y/mu)) plus ((theta - prior)/sd)^2 by Levenberg-Marquardt
steps on the Fisher information (weights 1/mu from the model, not from the data).

Arrays: `lines` (n_lines, 8) parameter indices of area, position, width, mix, the spectrum, the index of the
spectrum's shift in energy (-1: none), the shape (0: the sum) and the index of its tail (-1: none); `factors`
(n_lines, 3) area factor, position offset, width factor; `grounds` (n_spectra, 4) parameter indices of b0, b1, k, t, -1
where absent;
`starts` (n_spectra + 1,) first point of each spectrum; `loss` (n, n) the operator K', or (0, 0); `tables` those of
`xps_shapes`, of no size where all lines are sums.
"""

import math

import numpy as np
from numba import njit

_LN2 = math.log(2.0)
_REACH, _PER = 4.0, 128  # the shapes are tabulated for |u| up to _REACH at _PER nodes to a FWHM


def _tabulate() -> np.ndarray:
    """Per interval, the cubics in the place within it (0 to 1) through values and slopes at its ends, lowest power
    first: of the Gaussian, of its integral, of the Lorentzian's integral."""
    u = np.arange(-int(_REACH * _PER), int(_REACH * _PER) + 2) / _PER
    gauss = 2.0 * math.sqrt(_LN2 / math.pi) * np.exp(-4.0 * _LN2 * u * u)
    lorentz = 2.0 / math.pi / (1.0 + 4.0 * u * u)
    normal = np.array([0.5 * math.erfc(-2.0 * math.sqrt(_LN2) * v) for v in u])
    pairs = (gauss, -8.0 * _LN2 * u * gauss), (normal, gauss), (0.5 + np.arctan(2.0 * u) / math.pi, lorentz)
    columns = []
    for value, slope in pairs:
        rise, first, last = np.diff(value), slope[:-1] / _PER, slope[1:] / _PER
        columns += [value[:-1], first, 3.0 * rise - 2.0 * first - last, first + last - 2.0 * rise]
    return np.column_stack(columns)


_TABLE = _tabulate()


@njit(cache=True, inline="always")
def _evaluate_shapes(u, table):
    """Gaussian, its integral and the Lorentzian's integral at u, by cubic interpolation (within 1e-9)."""
    if u >= _REACH or u <= -_REACH:
        v = 0.5 / u
        square = v * v
        tail = v * (1.0 - square * (1.0 / 3.0 - square * (0.2 - square / 7.0))) / math.pi
        return 0.0, (1.0 if u > 0.0 else 0.0), (1.0 if u > 0.0 else 0.0) - tail
    place = (u + _REACH) * _PER
    i = np.uint64(place)  # unsigned: no test for indices from the end
    t = place - i
    g = table[i, 0] + t * (table[i, 1] + t * (table[i, 2] + t * table[i, 3]))
    big_g = table[i, 4] + t * (table[i, 5] + t * (table[i, 6] + t * table[i, 7]))
    big_l = table[i, 8] + t * (table[i, 9] + t * (table[i, 10] + t * table[i, 11]))
    return g, big_g, big_l


@njit(cache=True, error_model="numpy")
def _blend_table(table, s, out):
    """out (2, points, 3): entries of a table (nodes, 2, points, 3) at the shape's parameter s, derivatives by s."""
    cells = table.shape[0] - 1
    s = min(max(s, 0.0), 1.0)
    j = min(int(math.acos(1.0 - 2.0 * s) / math.pi * cells), cells - 1)
    low = 0.5 * (1.0 - math.cos(math.pi * j / cells))
    wide = 0.5 * (1.0 - math.cos(math.pi * (j + 1) / cells)) - low
    t = (s - low) / wide
    rise, first, last = t * t * (3.0 - 2.0 * t), t * (1.0 - t) * (1.0 - t) * wide, -t * t * (1.0 - t) * wide
    d_rise, d_first, d_last = 6.0 * t * (1.0 - t) / wide, (1.0 - t) * (1.0 - 3.0 * t), t * (3.0 * t - 2.0)
    for i in range(table.shape[2]):
        for c in range(3):
            a, b, slope_a, slope_b = table[j, 0, i, c], table[j + 1, 0, i, c], table[j, 1, i, c], table[j + 1, 1, i, c]
            out[0, i, c] = a + rise * (b - a) + first * slope_a + last * slope_b
            out[1, i, c] = d_rise * (b - a) + d_first * slope_a + d_last * slope_b


@njit(cache=True, inline="always")
def _read_cell(entries, i, t, step):
    """R, its derivative by v and its integral, in cell i at t (0 to 1) of it."""
    rise, first, last = entries[i + 1, 0] - entries[i, 0], entries[i, 1], entries[i + 1, 1]
    c2, c3 = 3.0 * rise - 2.0 * first - last, first + last - 2.0 * rise
    value = entries[i, 0] + t * (first + t * (c2 + t * c3))
    by_v = (first + t * (2.0 * c2 + t * 3.0 * c3)) / step
    return value, by_v, entries[i, 2] + step * t * (entries[i, 0] + t * (0.5 * first + t * (c2 / 3.0 + t * 0.25 * c3)))


@njit(cache=True, error_model="numpy")
def _evaluate_tabulated(energy, p, per, m, a, kind, tables, columns):
    """Fills columns (8, n): u, shape, slope, integral, derivatives of shape and integral by mix, then by tail."""
    points = tables.shape[3]
    step, blended = 1.0 / (points - 1), np.empty((2, points, 3))
    value, by_mix, by_tail = np.empty((points, 3)), np.empty((points, 3)), np.zeros((points, 3))
    if kind < 3:
        _blend_table(tables[kind - 1], m, blended)
        value[:, :] = blended[0]
        by_mix[:, :] = blended[1]
    else:
        other = np.empty((2, points, 3))
        _blend_table(tables[2], a, blended)
        _blend_table(tables[3], a, other)
        for i in range(points):
            for c in range(3):
                value[i, c] = (1.0 - m) * blended[0, i, c] + m * other[0, i, c]
                by_mix[i, c] = other[0, i, c] - blended[0, i, c]
                by_tail[i, c] = (1.0 - m) * blended[1, i, c] + m * other[1, i, c]
    for i in range(energy.size):
        u = (energy[i] - p) * per
        q = 1.0 / (1.0 + 4.0 * u * u)
        el = 2.0 / math.pi * q
        place = (0.5 + math.atan(2.0 * u) / math.pi) * (points - 1)
        cell = min(int(place), points - 2)
        t = place - cell
        r, by_v, big = _read_cell(value, cell, t, step)
        columns[0, i], columns[1, i], columns[3, i] = u, el * r * per, big
        columns[2, i] = el * (el * by_v - 8.0 * u * q * r) * per
        r, _, columns[5, i] = _read_cell(by_mix, cell, t, step)
        columns[4, i] = el * r * per
        r, _, columns[7, i] = _read_cell(by_tail, cell, t, step)
        columns[6, i] = el * r * per


@njit(cache=True, error_model="numpy")
def evaluate_spectrum(theta, x, starts, lines, factors, grounds, loss, tables, mu, jac, inner):
    """Fills mu (n,) and jac (P, n); inner (P, n) is work space (derivatives of the sum of F, where loss is wanted).

    Shapes first, one point after the other, then sums over whole rows, which the compiler turns into vector code.
    """
    n, total = x.size, theta.size
    jac[:, :] = 0.0
    mu[:] = 0.0
    tracked = loss.shape[0] > 0
    if tracked:
        inner[:, :] = 0.0
    step, table = np.zeros(n), _TABLE
    columns = np.empty((8, n))
    at, f, slope, big, by_mix, big_by_mix = columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]
    for j in range(lines.shape[0]):
        s, moved = lines[j, 4], lines[j, 5]
        ra, rw = factors[j, 0], factors[j, 2]
        area, p, w, m = (
            theta[lines[j, 0]] * ra,
            theta[lines[j, 1]] + factors[j, 1],
            theta[lines[j, 2]] * rw,
            theta[lines[j, 3]],
        )
        if moved >= 0:
            p += theta[moved]
        ik = grounds[s, 2]
        k = theta[ik] if ik >= 0 else 0.0
        a, b, per = starts[s], starts[s + 1], 1.0 / w
        # slices, counted from zero: the compiler makes vector code of these alone
        energy, total_mu, total_step = x[a:b], mu[a:b], step[a:b]
        if lines[j, 6] == 0:
            for i in range(energy.size):
                u = (energy[i] - p) * per
                g, big_g, big_l = _evaluate_shapes(u, table)
                q = 1.0 / (1.0 + 4.0 * u * u)
                el = 2.0 / math.pi * q
                at[i] = u
                f[i] = ((1.0 - m) * g + m * el) * per
                slope[i] = -8.0 * u * (_LN2 * (1.0 - m) * g + q * m * el) * per
                big[i] = (1.0 - m) * big_g + m * big_l
                by_mix[i] = (el - g) * per
                big_by_mix[i] = big_l - big_g
        else:
            tail = theta[lines[j, 7]] if lines[j, 7] >= 0 else 0.0
            _evaluate_tabulated(energy, p, per, m, tail, lines[j, 6], tables, columns)
        by_area, by_place = jac[lines[j, 0], a:b], jac[lines[j, 1], a:b]
        by_width, mixed = jac[lines[j, 2], a:b], jac[lines[j, 3], a:b]
        for i in range(energy.size):
            total_mu[i] += area * f[i]
            total_step[i] += area * big[i]
        for i in range(energy.size):
            by_area[i] += ra * (f[i] + k * big[i])
        for i in range(energy.size):
            by_place[i] -= area * (slope[i] * per + k * f[i])
        for i in range(energy.size):
            by_width[i] -= area * rw * ((f[i] + at[i] * slope[i]) * per + k * at[i] * f[i])
        for i in range(energy.size):
            mixed[i] += area * (by_mix[i] + k * big_by_mix[i])
        if moved >= 0:
            by_shift = jac[moved, a:b]
            for i in range(energy.size):
                by_shift[i] -= area * (slope[i] * per + k * f[i])
        if lines[j, 7] >= 0:
            trailed = jac[lines[j, 7], a:b]
            for i in range(energy.size):
                trailed[i] += area * (columns[6, i] + k * columns[7, i])
        if tracked:
            for i in range(energy.size):
                inner[lines[j, 0], a + i] += ra * big[i]
                inner[lines[j, 1], a + i] -= area * f[i]
                inner[lines[j, 2], a + i] -= area * rw * at[i] * f[i]
                inner[lines[j, 3], a + i] += area * big_by_mix[i]
                if moved >= 0:
                    inner[moved, a + i] -= area * f[i]
                if lines[j, 7] >= 0:
                    inner[lines[j, 7], a + i] += area * columns[7, i]
    for s in range(grounds.shape[0]):
        a, b = starts[s], starts[s + 1]
        i0, i1, ik, it = grounds[s, 0], grounds[s, 1], grounds[s, 2], grounds[s, 3]
        if it >= 0:
            operator = loss[a:b, a:b].T.copy()
            spread = inner[:, a:b].copy() @ operator
            lost = step[a:b].copy() @ operator
            for i in range(a, b):
                mu[i] += theta[it] * lost[i - a]
                jac[it, i] += lost[i - a]
            for j in range(total):
                for i in range(a, b):
                    jac[j, i] += theta[it] * spread[j, i - a]
        middle, span = 0.5 * (x[a] + x[b - 1]), x[b - 1] - x[a]
        for i in range(a, b):
            mu[i] += theta[i0]
            jac[i0, i] += 1.0
        if i1 >= 0:
            for i in range(a, b):
                z = (x[i] - middle) / span
                mu[i] += theta[i1] * z
                jac[i1, i] += z
        if ik >= 0:
            for i in range(a, b):
                mu[i] += theta[ik] * step[i]
                jac[ik, i] += step[i]


@njit(cache=True)
def _compute_deviance(y, mu, floor):
    total = 0.0
    for i in range(y.size):
        m = max(mu[i], floor)
        total += 2.0 * (m - y[i])
        if y[i] > 0.0:
            total += 2.0 * y[i] * math.log(y[i] / m)
    return total


@njit(cache=True)
def _compute_penalty(theta, prior, sd):
    total = 0.0
    for j in range(theta.size):
        if sd[j] > 0.0:
            total += ((theta[j] - prior[j]) / sd[j]) ** 2
    return total


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"})
def _dot(a, b):
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@njit(cache=True)
def _build_normal_equations(theta, y, mu, jac, prior, sd, floor, free):
    """Fisher information (P, P) and gradient (P,) of half the penalised deviance; rows of fixed parameters are unit."""
    total, n = jac.shape
    fisher, gradient = np.zeros((total, total)), np.zeros(total)
    weight, scaled = np.empty(n), np.empty(n)
    for i in range(n):
        weight[i] = 1.0 / max(mu[i], floor)
    apart = y - mu
    for j in range(total):  # loops, not BLAS: matrices this small lose more to its threads than they gain
        row = jac[j]
        for i in range(n):
            scaled[i] = row[i] * weight[i]
        gradient[j] = _dot(scaled, apart)
        for k in range(j + 1):
            fisher[j, k] = _dot(scaled, jac[k])
            fisher[k, j] = fisher[j, k]
    for j in range(total):
        if sd[j] > 0.0:
            fisher[j, j] += 1.0 / (sd[j] * sd[j])
            gradient[j] -= (theta[j] - prior[j]) / (sd[j] * sd[j])
    for j in range(total):
        if not free[j] or fisher[j, j] <= 0.0:
            fisher[j, :] = 0.0
            fisher[:, j] = 0.0
            fisher[j, j] = 1.0
            gradient[j] = 0.0
    return fisher, gradient


@njit(cache=True)
def _factor_cholesky(matrix):
    """Cholesky factor (lower) of a symmetric matrix, its diagonal kept above rounding. In place of LAPACK, whose
    threads cost more than a matrix this small."""
    n = matrix.shape[0]
    low = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= low[i, k] * low[j, k]
            if i == j:
                low[i, i] = math.sqrt(max(total, 1e-13 * matrix[i, i], 1e-300))
            else:
                low[i, j] = total / low[j, j]
    return low


@njit(cache=True)
def _solve_factored(low, right):
    """Solution of low low^T z = right."""
    n = right.size
    z = right.copy()
    for i in range(n):
        for k in range(i):
            z[i] -= low[i, k] * z[k]
        z[i] /= low[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            z[i] -= low[k, i] * z[k]
        z[i] /= low[i, i]
    return z


@njit(cache=True)
def _hold_at_bounds(theta, gradient, lo, hi, free):
    """Marks parameters at a bound that the data push outwards as not free; whether there are any."""
    held = False
    for j in range(theta.size):
        if free[j] and ((theta[j] <= lo[j] and gradient[j] < 0.0) or (theta[j] >= hi[j] and gradient[j] > 0.0)):
            free[j] = False
            held = True
    return held


@njit(cache=True)
def run_fit(
    start, mu_start, jac_start, x, y, starts, lines, factors, grounds, loss, tables, prior, sd, lo, hi, linear, most
):
    """(theta, fisher (P, P), penalised deviance, deviance, chi2, iterations, converged) from `start`.

    mu_start (n,), jac_start (P, n): the spectrum and its derivatives at `start`. `linear` marks parameters that mu
    is linear in and whose start means nothing: they are solved for first. Parameters at a bound that the
    data push outwards are held there; in `fisher` their rows are unit, and `free` False.
    """
    n, total = x.size, start.size
    mu, jac, inner = mu_start.copy(), jac_start.copy(), np.empty((total, n))
    floor = max(1e-3 * y.mean(), 1e-6)
    theta = start.copy()
    if linear.any():
        flat = np.maximum(y, floor * 100.0)
        fisher, gradient = _build_normal_equations(theta, y - mu + flat, flat, jac, prior, sd, floor, linear)
        for j in range(total):
            fisher[j, j] *= 1.0 + 1e-9
        theta = theta + _solve_factored(_factor_cholesky(fisher), gradient)
        theta = np.minimum(np.maximum(theta, lo), hi)
        evaluate_spectrum(theta, x, starts, lines, factors, grounds, loss, tables, mu, jac, inner)
    best = _compute_deviance(y, mu, floor) + _compute_penalty(theta, prior, sd)
    damping, converged, used = 1e-3, False, most
    free = np.ones(total, dtype=np.bool_)
    for iteration in range(most):
        for j in range(total):
            free[j] = lo[j] < hi[j]
        fisher, gradient = _build_normal_equations(theta, y, mu, jac, prior, sd, floor, free)
        if _hold_at_bounds(theta, gradient, lo, hi, free):
            fisher, gradient = _build_normal_equations(theta, y, mu, jac, prior, sd, floor, free)
        promise = 0.0
        solved = _solve_factored(_factor_cholesky(fisher), gradient)
        for j in range(total):
            promise += solved[j] * gradient[j]
        if promise < 1e-5:  # in units of the deviance: the optimum is nearer than 0.3 % of any error
            converged, used = True, iteration
            break
        better, tried = False, 0
        while not better and tried < 12:
            damped = fisher.copy()
            for j in range(total):
                damped[j, j] *= 1.0 + damping
            trial = np.minimum(np.maximum(theta + _solve_factored(_factor_cholesky(damped), gradient), lo), hi)
            evaluate_spectrum(trial, x, starts, lines, factors, grounds, loss, tables, mu, jac, inner)
            value = _compute_deviance(y, mu, floor) + _compute_penalty(trial, prior, sd)
            better = value <= best
            damping = max(damping * 0.15, 1e-9) if better else damping * 6.0
            tried += 1
        if not better:
            evaluate_spectrum(theta, x, starts, lines, factors, grounds, loss, tables, mu, jac, inner)
            converged, used = True, iteration + 1
            break
        gain = best - value
        theta, best = trial, value
        if gain < 1e-5 * (1.0 + 1e-6 * best):
            converged, used = True, iteration + 1
            break
    for j in range(total):
        free[j] = lo[j] < hi[j]
    fisher, gradient = _build_normal_equations(theta, y, mu, jac, prior, sd, floor, free)
    if _hold_at_bounds(theta, gradient, lo, hi, free):
        fisher, gradient = _build_normal_equations(theta, y, mu, jac, prior, sd, floor, free)
    chi2 = 0.0
    for i in range(n):
        chi2 += (y[i] - mu[i]) ** 2 / max(mu[i], floor)
    return theta, fisher, free, best, _compute_deviance(y, mu, floor), chi2, used, converged


@njit(cache=True)
def run_fits(starting, x, ys, starts, lines, factors, grounds, loss, tables, prior, sd, lo, hi, linear, most):
    """`run_fit` of every row of ys (m, n) from one start: thetas, variances (m, P), chi2 (m,), converged (m,)."""
    m, total = ys.shape[0], starting.size
    thetas, variances = np.empty((m, total)), np.empty((m, total))
    chi2s, good = np.empty(m), np.empty(m, dtype=np.bool_)
    mu, jac, inner = np.empty(x.size), np.empty((total, x.size)), np.empty((total, x.size))
    evaluate_spectrum(starting, x, starts, lines, factors, grounds, loss, tables, mu, jac, inner)
    for r in range(m):
        theta, fisher, free, _, _, chi2, _, converged = run_fit(
            starting, mu, jac, x, ys[r], starts, lines, factors, grounds, loss, tables, prior, sd, lo, hi, linear, most
        )
        low, unit = _factor_cholesky(fisher), np.zeros(total)
        thetas[r] = theta
        for j in range(total):
            unit[:] = 0.0
            unit[j] = 1.0
            variances[r, j] = _solve_factored(low, unit)[j] if free[j] else 0.0
        chi2s[r], good[r] = chi2, converged
    return thetas, variances, chi2s, good
