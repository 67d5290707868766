"""A second sixteen circuits for the Kramers-Kronig gate, chosen after the test was finished and never used to tune it.

Other time constants, ranges and numbers of points than the first list; each a function of s and the resistance that
drifts. With one to three arcs, Gerischer elements (4, 5), transmission lines (6, 7), inductive (8, 9, 10) and negative
ones (11, 12), diffusion (13, 14), a blocking pellet (15) and a coarse sweep (16).
"""

import numpy as np

from physics.impedance.spectra import cpe, s_of, together
from physics.impedance.validity_gate import diffusion, rc, zarc

FAST = np.geomspace(1e6, 1e-1, 57)
SLOW = np.geomspace(1e4, 1e-3, 64)
LAB = np.geomspace(2e5, 5e-2, 54)
COARSE = np.geomspace(1e5, 1e-1, 37)


def line(s, rail, r, q, n):
    """A porous electrode with reaction."""
    u = np.sqrt(rail * (1 / r + q * s**n))
    return rail / np.tanh(u) / u


CIRCUITS = {
    "1 one slow arc": (SLOW, 1500, lambda s, r: 300 + zarc(s, r, 3e-3, 0.78)),
    "2 two arcs far apart": (FAST, 75, lambda s, r: 4 + zarc(s, 33, 2e-7, 0.9) + zarc(s, r, 5e-3, 0.82)),
    "3 three arcs, close": (
        FAST, 90, lambda s, r: 12 + zarc(s, 60, 1e-6, 0.8) + zarc(s, r, 2e-5, 0.8) + zarc(s, 45, 6e-4, 0.8)),
    "4 Gerischer beside a capacitance": (
        LAB, 65, lambda s, r: 8 + together(1 / (s * 2e-4), r / np.sqrt(1 + 0.03 * s))),
    "5 arc and Gerischer": (LAB, 25, lambda s, r: 3 + zarc(s, r, 1e-4, 0.9) + 55 / np.sqrt(1 + 1.7 * s)),
    "6 line, reaction": (SLOW, 35, lambda s, r: 6 + line(s, 80, r, 0.04, 0.85)),
    "7 line behind a grain boundary": (
        FAST, 150, lambda s, r: 18 + zarc(s, 25, 4e-8, 0.88) + line(s, 60, r, 1e-3, 0.9)),
    "8 long cable": (FAST, 22, lambda s, r: 3e-7 * s + 5 + zarc(s, r, 4e-4, 0.85) + cpe(s, 0.3, 0.6)),
    "9 slow inductive loop": (SLOW, 90, lambda s, r: 20 + zarc(s, r, 1e-3, 0.9) + together(35 + 0 * s, s * 400)),
    "10 arc beside a coil": (
        LAB, 70, lambda s, r: 15 + together(zarc(s, r, 2e-5, 0.92), 180 + s * 12)),
    "11 negative arc at the slow end": (SLOW, 260, lambda s, r: 40 + zarc(s, r, 2e-4, 0.9) - rc(s, 60, 0.08)),
    "12 negative at direct current": (LAB, -350, lambda s, r: 40 + rc(s, r, 2e-5) + rc(s, 60, 1e-6)),
    "13 Randles, slow": (SLOW, 420, lambda s, r: 70 + together(cpe(s, 4e-5, 0.88), r + 90 / np.sqrt(s))),
    "14 bounded diffusion": (
        LAB, 48, lambda s, r: 9 + zarc(s, r, 3e-5, 0.86) + diffusion(s, 120, 40, "reservoir")),
    "15 pellet between blocking electrodes": (
        FAST, 950, lambda s, r: zarc(s, r, 3e-10, 0.95) + cpe(s, 2e-6, 0.9)),
    "16 two arcs, coarse": (COARSE, 240, lambda s, r: 60 + zarc(s, 110, 8e-7, 0.9) + zarc(s, r, 7e-5, 0.84)),
}  # fmt: skip


def spectrum(name, drift=0.0):
    """(frequency, impedance) without noise; the resistance has risen by `drift` at the last point."""
    f, r, z = CIRCUITS[name]
    risen = r * (1 + drift * np.linspace(0, 1, f.size))
    return f, np.array([z(s_of(f[k : k + 1]), risen[k])[0] for k in range(f.size)])
