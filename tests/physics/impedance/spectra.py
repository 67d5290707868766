"""Spectra with known truth, from formulas written here a second time (no model function of the package)."""

import numpy as np

PAPER = "R_bulk-(R_gb|Q_gb)-(R_cam_se|Q_cam_se)-Q_lf"
PAPER_FREQUENCY = np.geomspace(7e6, 0.1, 63)
BARE = {"R_bulk": 12, "R_gb": 20, "Q_gb.Q": 5e-8, "Q_gb.n": 0.85, "R_cam_se": 1082, "Q_cam_se.Q": 2e-5,
        "Q_cam_se.n": 0.8, "Q_lf.Q": 0.02, "Q_lf.n": 0.7}  # fmt: skip
COATED = BARE | {"R_cam_se": 64}


def s_of(frequency):
    return 2j * np.pi * np.asarray(frequency)


def together(*z):
    """Impedances side by side."""
    return 1 / sum(1 / part for part in z)


def cpe(s, q, n):
    return 1 / (q * s**n)


def paper(frequency, p):
    s = s_of(frequency)
    gb = together(p["R_gb"] + 0 * s, cpe(s, p["Q_gb.Q"], p["Q_gb.n"]))
    cathode = together(p["R_cam_se"] + 0 * s, cpe(s, p["Q_cam_se.Q"], p["Q_cam_se.n"]))
    return p["R_bulk"] + gb + cathode + cpe(s, p["Q_lf.Q"], p["Q_lf.n"])


def noisy(z, level, rng):
    """Normal noise of `level` |Z| on each part."""
    return z + level * np.abs(z) * (rng.normal(size=z.shape) + 1j * rng.normal(size=z.shape))
