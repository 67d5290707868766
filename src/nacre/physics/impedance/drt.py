"""Distribution of relaxation times with the regularisation chosen by the data and bands that say how sure it is.

    Z(omega) = R_inf + s L + sum_a k_a s^-a + integral gamma(ln tau) / (1 + s tau) d ln tau,  s = j omega

gamma lives on an even grid of ln tau; the blocking terms s^-a, a = 0.5 ... 1, carry diffusion and capacity that have
not ended at the lowest frequency. All amplitudes are >= 0, and the second difference of gamma, relative to the size of
gamma about that tau, is small with weight lambda (Tikhonov; Saccoccio et al., Electrochim. Acta 147 (2014) 470; the
local size comes from the round before, so that a small relaxation beside a large one is neither hidden nor split).
lambda has the marginal likelihood of the data (MacKay, Neural Comput. 4 (1992) 415), at the noise that the
Kramers-Kronig test found. Bands come from randomise-then-optimise (Bardsley et al., SIAM J. Sci. Comput. 36 (2014)
A1895): lambda, data and prior are drawn anew and the constrained problem is solved for each draw. The bands do not hold
the bias of smoothing itself: a resistance from a peak may be a few percent off where arcs are broad.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numba import njit

from .kramers_kronig import check_kramers_kronig
from .spectrum import require_spectrum

LAMBDAS = np.geomspace(1e1, 1e-8, 19)
BLOCKING_POWERS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_PER_DECADE, _BEYOND, _ROUNDS, _RIDGE = 8, 0.5, 3, 1e-10
_LEAST_SHARE = 0.005


@dataclass(frozen=True)
class RelaxationPeak:
    """One relaxation: resistance [ohm] and time constant [s], each with a standard deviation (of ln tau for tau).

    at_edge: the peak leans on an end of the measured range, so that its resistance is a lower limit at best.
    """

    resistance: float
    resistance_std: float
    tau: float
    log_tau_std: float
    share_of_draws: float
    at_edge: bool


@dataclass(frozen=True)
class DRT:
    """gamma [ohm] on tau [s], with 95 % band low..high; the other parts [ohm, H, ohm s^-a]; peaks from fast to slow.

    rms: relative residual per part; noise: the same corrected for the parameters used.
    """

    tau: np.ndarray
    gamma: np.ndarray
    low: np.ndarray
    high: np.ndarray
    r_inf: float
    r_inf_std: float
    inductance: float
    blocking: dict[float, float]
    polarisation: float
    polarisation_std: float
    peaks: tuple[RelaxationPeak, ...]
    regularisation: float
    frequency: np.ndarray
    fitted: np.ndarray
    rms: float
    noise: float


def compute_drt(frequency, impedance, draws=200, seed=0, blocking=True) -> DRT:
    """DRT of a spectrum: frequency [Hz] (n,), impedance [ohm] (n,) complex. Raises ImpedanceError.

    draws: samples behind the bands (0: no bands, NaN); blocking=False leaves the terms s^-a out, for a cell that passes
    direct current.
    """
    f, z = require_spectrum(frequency, impedance, 1.5)
    tau = _make_grid(f)
    powers = BLOCKING_POWERS if blocking else ()
    columns = _build_columns(f, tau, powers) / np.abs(z)[:, None]
    scale = np.linalg.norm(columns, axis=0)
    scale[2 + len(powers) :] = np.mean(scale[2 + len(powers) :])
    a = np.vstack([columns.real, columns.imag]) / scale
    b = np.concatenate([(z / np.abs(z)).real, (z / np.abs(z)).imag])
    noise2 = check_kramers_kronig(frequency, impedance).noise ** 2
    gram, target = _compute_gram(a), b @ a
    local, x = np.ones(tau.size), np.ones(a.shape[1])
    for turn in range(_ROUNDS):
        curved = _build_roughness(local, 2 + len(powers))
        grid = LAMBDAS if turn == _ROUNDS - 1 else LAMBDAS[::2]
        lambdas, chance, found = _weigh_strengths(gram, target, b @ b, curved, noise2, x, grid)
        best = int(np.argmax(chance))
        x, strength = found[best], lambdas[best]
        local = _estimate_local_scale(x[2 + len(powers) :])
    samples = _draw_amplitudes(a, b, gram, curved, lambdas, chance, found, noise2, draws, seed) / scale
    x = x / scale
    fitted = (columns * np.abs(z)[:, None]) @ x
    return _assemble_drt(f, z, tau, powers, x, samples, strength, fitted, np.sqrt(noise2))


def _make_grid(f):
    low, high = -np.log10(2 * np.pi * f[-1]) - _BEYOND, -np.log10(2 * np.pi * f[0]) + _BEYOND
    return np.logspace(low, high, round(_PER_DECADE * (high - low)) + 1)


def _build_columns(f, tau, powers):
    """R_inf, L, blocking terms (unit at the lowest frequency), then gamma at each tau, in ohm per unit."""
    s = 2j * np.pi * f
    step = np.full(tau.size, np.log(tau[1] / tau[0]))
    step[[0, -1]] /= 2
    tail = [(s / abs(s[0])) ** -power for power in powers]
    return np.column_stack([np.ones_like(s), s, *tail, step / (1 + s[:, None] * tau)])


def _estimate_local_scale(gamma):
    """Size of gamma about each tau (a bell of a third of a decade), at least 1e-3 of the largest."""
    reach = np.arange(-_PER_DECADE, _PER_DECADE + 1)
    bell = np.exp(-0.5 * (reach / (0.35 * _PER_DECADE)) ** 2)
    smooth = np.convolve(gamma, bell, mode="same")
    return smooth / max(smooth.max(), 1e-300) + 1e-3


def _build_roughness(local, extra):
    """Second differences of gamma over its local size, (n, extra + n); the first `extra` columns go free."""
    n = local.size
    out = np.zeros((n, extra + n))
    out[:, extra:] = np.diff(np.eye(n + 2), 2, axis=0)[:, 1:-1] / local[:, None]
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _compute_gram(a):
    """A^T A. Plain loops here and below: a threaded library is slower at this size where cores are shared."""
    flat = a.T.copy()
    n = flat.shape[0]
    out = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            value = 0.0
            for k in range(flat.shape[1]):
                value += flat[i, k] * flat[j, k]
            out[i, j] = out[j, i] = value
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _factor_cholesky(matrix, where):
    """Lower factor of the rows and columns `where` of a positive definite matrix."""
    n = where.size
    low = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            value = matrix[where[i], where[j]]
            for k in range(j):
                value -= low[i, k] * low[j, k]
            low[i, j] = np.sqrt(value) if i == j else value / low[j, j]
    return low


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _multiply(matrix, x):
    out = np.empty(x.size)
    for i in range(x.size):
        value = 0.0
        for k in range(x.size):
            value += matrix[i, k] * x[k]
        out[i] = value
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _dot(x, y):
    value = 0.0
    for i in range(x.size):
        value += x[i] * y[i]
    return value


@njit(cache=True, nogil=True)
def _find_descent(low, slope, where):
    """Newton direction -(L L^T)^-1 slope over `where`."""
    n = where.size
    step = np.empty(n)
    for i in range(n):
        value = -slope[where[i]]
        for k in range(i):
            value -= low[i, k] * step[k]
        step[i] = value / low[i, i]
    for i in range(n - 1, -1, -1):
        step[i] /= low[i, i]
        for k in range(i):
            step[k] -= low[i, k] * step[i]
    return step


@njit(cache=True, nogil=True)
def solve_nonnegative(gram, target, start):
    """argmin x^T G x / 2 - t^T x over x >= 0, from `start`: projected Newton steps with Armijo's rule.

    Bertsekas, SIAM J. Control Optim. 20 (1982) 221. G (n, n) positive definite, t (n,).
    """
    x = np.maximum(start, 0.0)
    slope = _multiply(gram, x) - target
    value = 0.5 * _dot(x, slope - target)
    edge = 1e-9 * np.max(np.abs(target))
    for _ in range(200):
        free = np.flatnonzero((x > 0.0) | (slope < -edge))
        if free.size == 0:
            return x
        direction = _find_descent(_factor_cholesky(gram, free), slope, free)
        length, better = 1.0, False
        while length > 1e-6:
            trial = x.copy()
            for i in range(free.size):
                trial[free[i]] = max(x[free[i]] + length * direction[i], 0.0)
            trial_slope = _multiply(gram, trial) - target
            trial_value = 0.5 * _dot(trial, trial_slope - target)
            if trial_value <= value + 1e-4 * _dot(slope, trial - x):
                better = True
                break
            length *= 0.5
        if not better:
            return x
        gain = value - trial_value
        x, slope, value = trial, trial_slope, trial_value
        if gain <= 1e-10 * abs(value):
            return x
    return x


def _weigh_strengths(gram, target, power, curved, noise2, start, grid):
    """(lambdas, their probabilities, amplitudes for each) from the marginal likelihood of the data."""
    size = np.trace(gram) / len(gram)
    scores, found = _follow_strengths(
        gram, target, power, _compute_gram(curved), grid * size, _RIDGE * size, noise2, start
    )
    chance = np.exp(scores - scores.max())
    return grid * size, chance / chance.sum(), found


@njit(cache=True, nogil=True)
def _follow_strengths(gram, target, power, roughness, strengths, ridge, noise2, start):
    """Log marginal likelihood (m,) and amplitudes (m, n) for each lambda, Gaussian in the amplitudes above zero."""
    scores, found = np.empty(strengths.size), np.empty((strengths.size, target.size))
    x, unit = start, ridge * np.eye(target.size)
    rough = np.empty(target.size, np.bool_)
    for i in range(target.size):
        rough[i] = roughness[i, i] > 0.0
    for k in range(strengths.size):
        penalised = gram + strengths[k] * roughness + unit
        x = solve_nonnegative(penalised, target, x)
        curved = np.flatnonzero((x > 0.0) & rough)
        moving = np.flatnonzero(x > 0.0)
        score = curved.size * np.log(strengths[k] / noise2) + moving.size * np.log(noise2)
        score += 2.0 * np.sum(np.log(np.diag(_factor_cholesky(roughness, curved))))
        score -= 2.0 * np.sum(np.log(np.diag(_factor_cholesky(penalised, moving))))
        misfit = power - 2.0 * _dot(target, x) + _dot(x, _multiply(penalised, x))
        scores[k] = 0.5 * (score - misfit / noise2)
        found[k] = x
    return scores, found


def _draw_amplitudes(a, b, gram, curved, lambdas, chance, found, noise2, count, seed):
    """Amplitudes (count, m): lambda, noise and prior drawn anew each time."""
    rng, noise = np.random.default_rng(seed), np.sqrt(noise2)
    targets = (b + noise * rng.normal(size=(count, b.size))) @ a
    departures = noise * rng.normal(size=(count, len(curved))) @ curved
    picks = rng.choice(len(lambdas), size=count, p=chance)
    roughness, ridge = _compute_gram(curved), _RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    out = np.empty(targets.shape)
    for pick in np.unique(picks):
        penalised = gram + lambdas[pick] * roughness + ridge
        for k in np.flatnonzero(picks == pick):
            out[k] = solve_nonnegative(penalised, targets[k] + np.sqrt(lambdas[pick]) * departures[k], found[pick])
    return out


def _assemble_drt(f, z, tau, powers, x, samples, strength, fitted, noise):
    extra = 2 + len(powers)
    gamma, drawn = x[extra:], samples[:, extra:]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0) if len(drawn) else np.full((2, tau.size), np.nan)
    step = np.full(tau.size, np.log(tau[1] / tau[0]))
    step[[0, -1]] /= 2
    tail = {power: float(x[2 + k] * (2 * np.pi * f[0]) ** power) for k, power in enumerate(powers)}
    peaks = _find_peaks(tau, gamma * step, drawn * step, 1 / (2 * np.pi * f))
    rms = float(np.sqrt(np.mean(np.abs((fitted - z) / z) ** 2) / 2))
    return DRT(
        tau, gamma, np.minimum(low, gamma), np.maximum(high, gamma), float(x[0]), _compute_std(samples[:, 0]),
        float(x[1]), tail, float(gamma @ step), _compute_std(drawn @ step), peaks, float(strength), f, fitted, rms,
        float(noise),
    )  # fmt: skip


def _compute_std(values):
    return float(np.std(values)) if len(values) > 1 else np.nan


def _find_peaks(tau, weight, drawn, measured):
    """Hills of gamma between its valleys; each draw is summed over the same hills."""
    log_tau, peaks = np.log(tau), []
    inside = np.concatenate([[0.0], weight, [0.0]])
    tops = np.flatnonzero((inside[1:-1] > inside[:-2]) & (inside[1:-1] >= inside[2:]))
    edges = [0, *(a + int(np.argmin(weight[a : b + 1])) for a, b in pairwise(tops)), tau.size]
    for left, right in pairwise(edges):
        part, total = weight[left:right], weight[left:right].sum()
        if total < _LEAST_SHARE * weight.sum() or total == 0:
            continue
        sums = drawn[:, left:right].sum(axis=1)
        seen = sums > 0.1 * total
        centres = drawn[seen, left:right] @ log_tau[left:right] / sums[seen]
        centre = part @ log_tau[left:right] / total
        top = tau[left + int(np.argmax(part))]
        edge = bool(top < 1.5 * measured.min() or top > measured.max() / 1.5)
        seen_share = float(seen.mean()) if seen.size else np.nan
        peaks.append(
            RelaxationPeak(
                float(total), _compute_std(sums), float(np.exp(centre)), _compute_std(centres), seen_share, edge
            )
        )
    return tuple(peaks)
