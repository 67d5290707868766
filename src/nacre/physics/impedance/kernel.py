"""Compiled least squares: a Levenberg-Marquardt fit with bounds over one or several spectra of one circuit.

The free variables phi map to the log parameters of spectrum k by log|p| = constant[k] + M[k] phi: fixed, tied, ordered,
shared and Arrhenius parameters are all rows of that one linear map (sparse: spectrum, parameter, variable, weight).
Marquardt's scaling and Nielsen's damping (Madsen, Nielsen and Tingleff, Methods for Non-Linear Least Squares, 2004);
a variable at its bound with the gradient pointing out is held for that step.
"""

import numpy as np
from numba import njit

from .elements import evaluate_element


@njit(cache=True, nogil=True, error_model="numpy")
def _evaluate_point(program, p, log_omega, g, stack, left):
    """Z at one frequency; g receives dZ/dln(p). Parameters of a sub-tree are neighbours, so a joint scales ranges."""
    top, end = 0, 0
    for k in range(program.shape[0]):
        code = program[k, 0]
        if code >= 0:
            left[top] = program[k, 1]
            stack[top] = evaluate_element(code, p, program[k, 1], log_omega, g)
            top += 1
            continue
        top -= 1
        z1, z2 = stack[top - 1], stack[top]
        if code == -1:
            stack[top - 1] = z1 + z2
            continue
        end = p.shape[0] if k + 1 == program.shape[0] else _find_range_end(program, k, p.shape[0])
        both = z1 + z2
        inverse = both.conjugate() * (1.0 / (both.real * both.real + both.imag * both.imag))
        f1, f2 = z2 * inverse, z1 * inverse
        stack[top - 1] = z1 * f1
        f1, f2 = f1 * f1, f2 * f2
        for i in range(left[top - 1], left[top]):
            g[i] *= f1
        for i in range(left[top], end):
            g[i] *= f2
    return stack[0]


@njit(cache=True, nogil=True)
def _find_range_end(program, k, n):
    """First parameter after those that the program has used up to step k."""
    for later in range(k + 1, program.shape[0]):
        if program[later, 0] >= 0:
            return program[later, 1]
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate_impedance(program, p, log_omega):
    n, m = log_omega.shape[0], p.shape[0]
    z, jac = np.empty(n, np.complex128), np.empty((n, m), np.complex128)
    stack, left = np.empty(program.shape[0], np.complex128), np.empty(program.shape[0], np.int64)
    for k in range(n):
        z[k] = _evaluate_point(program, p, log_omega[k], jac[k], stack, left)
    return z, jac


@njit(cache=True, nogil=True, error_model="numpy")
def build_normal_equations(program, log_omega, z, w, offset, constant, sign, link, weight, phi):
    """Half the weighted sum of squares, J^T J and J^T r.

    log_omega, z, w: all spectra joined, w complex (weight of the real part, of the imaginary part); offset (s + 1,)
    says where each begins; constant, sign (s, p); link (m, 3) and weight (m,) are the linear map, sorted by spectrum.
    """
    n_var, n_par = phi.shape[0], constant.shape[1]
    a, b = np.zeros((n_var, n_var)), np.zeros(n_var)
    g, gphi = np.empty(n_par, np.complex128), np.empty(n_var, np.complex128)
    stack, left = np.empty(program.shape[0], np.complex128), np.empty(program.shape[0], np.int64)
    used, p = np.empty(n_var, np.int64), np.empty(n_par)
    cost, m0 = 0.0, 0
    for s in range(offset.shape[0] - 1):
        m1 = m0
        theta = constant[s].copy()
        seen = np.zeros(n_var, np.bool_)
        n_used = 0
        while m1 < link.shape[0] and link[m1, 0] == s:
            theta[link[m1, 1]] += weight[m1] * phi[link[m1, 2]]
            if not seen[link[m1, 2]]:
                seen[link[m1, 2]] = True
                used[n_used] = link[m1, 2]
                n_used += 1
            m1 += 1
        used[:n_used].sort()
        for i in range(n_par):
            p[i] = sign[s, i] * np.exp(theta[i])
        for k in range(offset[s], offset[s + 1]):
            d = _evaluate_point(program, p, log_omega[k], g, stack, left) - z[k]
            wr, wi = w[k].real, w[k].imag
            rr, ri = d.real * wr, d.imag * wi
            cost += 0.5 * (rr * rr + ri * ri)
            for u in range(n_used):
                gphi[used[u]] = 0.0
            for m in range(m0, m1):
                gphi[link[m, 2]] += weight[m] * g[link[m, 1]]
            for u in range(n_used):
                i = used[u]
                xr, xi = gphi[i].real * wr, gphi[i].imag * wi
                gphi[i] = complex(xr, xi)
                b[i] += xr * rr + xi * ri
                for v in range(u + 1):
                    j = used[v]
                    a[i, j] += xr * gphi[j].real + xi * gphi[j].imag
        m0 = m1
    for i in range(n_var):
        for j in range(i):
            a[j, i] = a[i, j]
    return cost, a, b


@njit(cache=True, nogil=True, error_model="numpy")
def _solve_damped_step(a, b, held, damping, step):
    """Solve (A + damping diag A) step = -b over the variables that are not held; False where A is not positive."""
    n = b.shape[0]
    low = np.zeros((n, n))
    for i in range(n):
        step[i] = 0.0 if held[i] else -b[i]
        for j in range(i + 1):
            value = 0.0 if held[i] or held[j] else a[i, j]
            if i == j:
                value = 1.0 if held[i] else a[i, i] * (1.0 + damping) + 1e-300
            for k in range(j):
                value -= low[i, k] * low[j, k]
            if i == j:
                if not value > 0.0:
                    return False
                low[i, i] = np.sqrt(value)
            else:
                low[i, j] = value / low[j, j]
    for i in range(n):
        for k in range(i):
            step[i] -= low[i, k] * step[k]
        step[i] /= low[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            step[i] -= low[k, i] * step[k]
        step[i] /= low[i, i]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def run_levenberg_marquardt(
    program, log_omega, z, w, offset, constant, sign, link, weight, low, high, start, most, tol
):
    """Minimum near `start` (free variables), until a step promises less than `tol` of the cost.

    Returns (phi, cost, steps, converged).
    """
    n = start.shape[0]
    phi = np.minimum(np.maximum(start, low), high)
    cost, a, b = build_normal_equations(program, log_omega, z, w, offset, constant, sign, link, weight, phi)
    held, step = np.zeros(n, np.bool_), np.zeros(n)
    damping, growth = 1e-2, 2.0
    for iteration in range(most):
        for i in range(n):
            held[i] = (phi[i] <= low[i] and b[i] > 0.0) or (phi[i] >= high[i] and b[i] < 0.0) or not a[i, i] > 0.0
        solved = _solve_damped_step(a, b, held, damping, step)
        longest = np.max(np.abs(step)) if solved else np.inf
        if not np.isfinite(longest):
            damping *= 10.0
            if damping > 1e12:
                return phi, cost, iteration, False
            continue
        if longest > 3.0:
            step *= 3.0 / longest
        trial = np.minimum(np.maximum(phi + step, low), high)
        moved = trial - phi
        promised = -(b @ moved) - 0.5 * (moved @ (a @ moved))
        new_cost, new_a, new_b = build_normal_equations(
            program, log_omega, z, w, offset, constant, sign, link, weight, trial
        )
        if new_cost <= cost:
            gain = (cost - new_cost) / max(promised, 1e-300)
            done = promised <= tol * cost and cost - new_cost <= tol * cost
            phi, cost, a, b = trial, new_cost, new_a, new_b
            damping, growth = max(damping * max(1.0 / 3.0, 1.0 - (2.0 * gain - 1.0) ** 3), 1e-12), 2.0
            if done or cost == 0.0:
                return phi, cost, iteration + 1, True
        else:
            if abs(promised) <= 1e-13 * cost:
                return phi, cost, iteration + 1, True
            damping *= growth
            growth *= 2.0
            if damping > 1e12:
                return phi, cost, iteration, False
    return phi, cost, most, False


@njit(cache=True, nogil=True, error_model="numpy")
def run_multistart(program, log_omega, z, w, offset, constant, sign, link, weight, low, high, starts, most, hits):
    """Coarse fit from each start until `hits` of them have met at the best minimum (within 1e-3 of its cost).

    Returns phi (k, n) and cost (k,) of the k starts that were run, and whether each converged.
    """
    n_starts, n = starts.shape
    found, costs = np.empty((n_starts, n)), np.full(n_starts, np.inf)
    converged = np.zeros(n_starts, np.bool_)
    best, met = np.inf, 0
    for k in range(n_starts):
        phi, cost, _, ok = run_levenberg_marquardt(
            program, log_omega, z, w, offset, constant, sign, link, weight, low, high, starts[k], most, 1e-4
        )
        found[k], costs[k], converged[k] = phi, cost, ok
        if cost < best * (1.0 - 1e-3):
            met = 0
        best = min(best, cost)
        if cost <= best * (1.0 + 1e-3):
            met += 1
        if met >= hits:
            return found[: k + 1], costs[: k + 1], converged[: k + 1]
    return found, costs, converged
