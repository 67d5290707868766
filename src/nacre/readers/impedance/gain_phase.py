"""Which sign Im(Z) has in a table, and what its columns are, as the data themselves tell.

Gain and phase of a linear, causal, passive cell are bound to each other: phase = pi/2 d ln|Z| / d ln omega, nearly,
where the phase changes slowly (H. W. Bode, Network Analysis and Feedback Amplifier Design, 1945, chapter 14). Only
the right reading of a table keeps to it.
"""

import numpy as np

_MARGIN = 0.5  # the right reading's misfit against the next best one's
_WORST = 0.35  # rad
_FEWEST = 8


def gain_phase_misfit(frequency: np.ndarray, impedance: np.ndarray) -> float:
    """Mean distance (rad) of the phase from pi/2 d ln|Z| / d ln omega, inf where it cannot be told."""
    good = (frequency > 0) & np.isfinite(impedance) & (np.abs(impedance) > 0)
    order = np.argsort(frequency[good])
    f, z = frequency[good][order], impedance[good][order]
    f, first = np.unique(f, return_index=True)
    z = z[first]
    if len(f) < _FEWEST:
        return float("inf")
    slope = np.gradient(np.log(np.abs(z)), np.log(f))
    # a sign of the whole impedance cannot be seen in the slope: the real part of a cell is positive
    turned = float(np.mean(z.real < 0)) * np.pi
    return float(np.mean(np.abs(np.angle(z) - np.pi / 2 * slope))) + turned


def decide_sign(frequency: np.ndarray, impedance: np.ndarray) -> int:
    """1 where the imaginary part has its true sign, -1 where it is negated, 0 where the data do not tell."""
    right, turned = gain_phase_misfit(frequency, impedance), gain_phase_misfit(frequency, impedance.conj())
    if min(right, turned) > _WORST or min(right, turned) > _MARGIN * max(right, turned):
        return 0
    return 1 if right < turned else -1


def readings(a: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
    """What two columns beside the frequency may be, as impedance."""
    with np.errstate(all="ignore"):
        return {
            "Re(Z), Im(Z)": a + 1j * b,
            "Re(Z), -Im(Z)": a - 1j * b,
            "Im(Z), Re(Z)": b + 1j * a,
            "-Im(Z), Re(Z)": b - 1j * a,
            "|Z|, phase in degrees": a * np.exp(1j * np.radians(b)),
            "|Z|, minus phase in degrees": a * np.exp(-1j * np.radians(b)),
        }


def decide_reading(frequency: np.ndarray, a: np.ndarray, b: np.ndarray) -> str:
    """The one reading that the gain-phase relation allows, "" where none or several stay."""
    fits = sorted((gain_phase_misfit(frequency, z), name) for name, z in readings(a, b).items())
    best, second = fits[0], fits[1]
    return best[1] if best[0] <= _WORST and best[0] <= _MARGIN * second[0] else ""
