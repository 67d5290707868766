"""What every impedance analysis asks of a spectrum, said in words where it is not so.

A spectrum is two arrays of one length: frequencies in Hz (strictly rising or strictly falling) and complex impedances
in ohm with the sign of physics: a capacitor has Im Z < 0.
"""

import numpy as np
from numpy.typing import ArrayLike


class ImpedanceError(ValueError):
    """A spectrum or a circuit that cannot be analysed; the text says where, what was found and what to do."""


def require_spectrum(frequency: ArrayLike, impedance: ArrayLike, decades: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Checked copies of frequency [Hz] and impedance [ohm], both shape (n,), in order of rising frequency.

    `decades` is the least span of frequency that the analysis needs.

    Parameters
    ----------
    frequency : ArrayLike
        Frequencies, Hz, shape (n,), rising or falling.
    impedance : ArrayLike
        Complex impedance, ohm, shape (n,).
    decades : float, optional
        Least span of frequency, in decades.

    Returns
    -------
    tuple[np.ndarray, np.ndarray]
        Frequency and impedance, shape (n,) each.

    Raises
    ------
    ImpedanceError
        Where the input cannot be used.
    """
    f, z = np.array(frequency, float), np.array(impedance, complex)
    if f.ndim != 1 or f.shape != z.shape:
        raise ImpedanceError(f"frequency has shape {f.shape}, impedance {z.shape}: expected two lists of one length.")
    if f.size < 3:
        raise ImpedanceError(f"the spectrum has {f.size} points; at least 3 are needed.")
    _require_finite(f, z)
    if f[0] > f[-1]:
        f, z = f[::-1].copy(), z[::-1].copy()
    _require_sorted(f)
    if np.all(z.imag > 0):
        raise ImpedanceError(
            "the imaginary part is positive at every point: most files list -Im(Z) in that column; "
            "multiply it by -1 (a capacitor has Im Z < 0)."
        )
    span = np.log10(f[-1] / f[0])
    if span < decades:
        raise ImpedanceError(
            f"the spectrum spans {span:.2g} decades ({f[0]:g} to {f[-1]:g} Hz); "
            f"this analysis needs at least {decades:g}: measure a wider range."
        )
    return f, z


def _require_finite(f: np.ndarray, z: np.ndarray) -> None:
    bad = ~np.isfinite(f) | (f <= 0)
    if bad.any():
        k = int(np.argmax(bad))
        raise ImpedanceError(
            f"point {k + 1}: frequency is {f[k]:g} Hz; expected a finite number above 0: drop the point."
        )
    bad = ~np.isfinite(z)
    if bad.any():
        k = int(np.argmax(bad))
        raise ImpedanceError(f"point {k + 1} ({f[k]:g} Hz): the impedance is not a number (NaN): drop the point.")
    bad = np.abs(z) == 0
    if bad.any():
        k = int(np.argmax(bad))
        raise ImpedanceError(
            f"point {k + 1} ({f[k]:g} Hz): |Z| is zero, an overload or a short circuit: drop the point."
        )


def _require_sorted(f: np.ndarray) -> None:
    _, first, count = np.unique(f, return_index=True, return_counts=True)
    if (count > 1).any():
        k = int(np.argmax(count > 1))
        raise ImpedanceError(
            f"the frequency {f[first[k]]:g} Hz is there {count[k]} times: several sweeps in one table? "
            "Split them, or average the repeated points."
        )
    step = np.diff(f)
    if (step <= 0).any():
        k = int(np.argmax(step <= 0))
        raise ImpedanceError(
            f"the frequencies are not sorted: {f[k]:g} Hz stands beside {f[k + 1]:g} Hz; "
            "expected one sweep, rising or falling: sort the points or split the sweeps."
        )
