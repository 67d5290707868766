"""Effective capacitance of a constant-phase element beside a resistance, by named formulas.

    brug           a surface distribution: C = Q^(1/n) (1/R_s + 1/R_p)^((n-1)/n)
                   Brug et al., J. Electroanal. Chem. 176 (1984) 275
    hsu_mansfeld   a distribution through the layer: C = (Q R_p)^(1/n) / R_p
                   Hsu and Mansfeld, Corrosion 57 (2001) 747

Q in S s^n, R in ohm, C in F (or all per area: S s^n cm-2, ohm cm2, F cm-2). Standard deviations belong to ln C and use
the covariance of the log parameters in the order given.
"""

import numpy as np


def brug(q, n, r_series, r_parallel, log_covariance=None):
    """(C, std of ln C); log_covariance (4, 4) of Q, n, R_s, R_p, or None."""
    _check(q, n, r_series, r_parallel)
    conductance = 1 / r_series + 1 / r_parallel
    log_c = np.log(q) / n + (n - 1) / n * np.log(conductance)
    share = -(n - 1) / n / conductance
    slope = [1 / n, (np.log(conductance) - np.log(q)) / n, share / r_series, share / r_parallel]
    return float(np.exp(log_c)), _std(slope, log_covariance)


def hsu_mansfeld(q, n, r_parallel, log_covariance=None):
    """(C, std of ln C); log_covariance (3, 3) of Q, n, R_p, or None."""
    _check(q, n, r_parallel)
    log_tau = np.log(q * r_parallel) / n
    slope = [1 / n, -log_tau, 1 / n - 1]
    return float(np.exp(log_tau) / r_parallel), _std(slope, log_covariance)


def _check(q, n, *resistances):
    if not (q > 0 and 0 < n <= 1 and all(r > 0 for r in resistances)):
        raise ValueError(f"Q = {q:g}, n = {n:g}, R = {resistances}: expected Q > 0, 0 < n <= 1 and R > 0.")


def _std(slope, log_covariance):
    if log_covariance is None:
        return None
    slope = np.asarray(slope)
    return float(np.sqrt(slope @ np.asarray(log_covariance) @ slope))
