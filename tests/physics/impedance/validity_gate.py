"""Sixteen circuits, sound and drifting, for the Kramers-Kronig gate: each a function of s and the drifting resistance.

Among them inductive ones (8, 9, 12, 16) and ones with negative resistances (10, 11, 12); 11 is stable only under
potential control. The drifting resistance rises linearly over the sweep, from the first point to the last.
"""

import numpy as np

from physics.impedance.spectra import cpe, s_of, together

WIDE = np.geomspace(1e5, 1e-2, 71)
CELL = np.geomspace(7e6, 0.1, 63)


def rc(s, r, c):
    return r / (1 + s * r * c)


def zarc(s, r, q, n):
    return together(r + 0 * s, cpe(s, q, n))


def diffusion(s, r, tau, end):
    u = np.sqrt(s * tau)
    return r / u * (1 / np.tanh(u) if end == "blocked" else np.tanh(u))


def cell(s, r):
    return 12 + zarc(s, 20, 5e-8, 0.85) + zarc(s, r, 2e-5, 0.8) + cpe(s, 0.02, 0.7)


def porous(s, r):
    u = np.sqrt(120 * (1 / r + 5e-3 * s**0.9))
    return 15 + 120 / np.tanh(u) / u


CIRCUITS = {
    "1 two RC": (WIDE, 500, lambda s, r: 100 + rc(s, 200, 1e-6) + rc(s, r, 1e-4)),
    "2 cell, bare": (CELL, 1082, cell),
    "3 cell, coated": (CELL, 64, cell),
    "4 one arc": (WIDE, 430, lambda s, r: 120 + zarc(s, r, 6.2e-5, 0.93)),
    "5 Randles, Warburg": (WIDE, 200, lambda s, r: 50 + together(1 / (s * 1e-5), r + 42 / np.sqrt(s))),
    "6 blocked diffusion": (
        WIDE, 80, lambda s, r: 20 + together(cpe(s, 1e-4, 0.9), r + diffusion(s, 150, 20, "blocked"))),
    "7 diffusion to a reservoir": (
        WIDE, 80, lambda s, r: 20 + together(cpe(s, 1e-4, 0.9), r + diffusion(s, 150, 5, "reservoir"))),
    "8 cable inductance": (WIDE, 40, lambda s, r: s * 2e-5 + 10 + rc(s, r, 1e-4)),
    "9 inductive loop": (WIDE, 150, lambda s, r: 50 + rc(s, r, 1e-5) + together(60 + 0 * s, s * 50)),
    "10 negative relaxation": (WIDE, 400, lambda s, r: 100 + rc(s, r, 1e-5) + rc(s, -150, -2e-3)),
    "11 negative at direct current": (WIDE, -200, lambda s, r: 50 + rc(s, r, 1e-4)),
    "12 hidden negative resistance": (
        WIDE, 100, lambda s, r: 50 + together(1 / (s * 2e-5), r + 0 * s, -150 - 300 * s)),
    "13 Gerischer": (WIDE, 200, lambda s, r: 30 + r / np.sqrt(1 + 0.5 * s)),
    "14 porous electrode": (WIDE, 60, porous),
    "15 three arcs": (
        WIDE, 300, lambda s, r: 50 + zarc(s, 120, 1e-6, 0.85) + zarc(s, r, 2e-5, 0.85) + zarc(s, 200, 1e-3, 0.9)),
    "16 inductance, arc, diffusion": (
        WIDE, 25, lambda s, r: s * 1e-6 + 8 + zarc(s, r, 1e-3, 0.8) + diffusion(s, 30, 200, "blocked")),
}  # fmt: skip


def spectrum(name, drift=0.0):
    """(frequency, impedance) without noise; the resistance has risen by `drift` at the last point."""
    f, r, z = CIRCUITS[name]
    risen = r * (1 + drift * np.linspace(0, 1, f.size))
    return f, np.array([z(s_of(f[k : k + 1]), risen[k])[0] for k in range(f.size)])
