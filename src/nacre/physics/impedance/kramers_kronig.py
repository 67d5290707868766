"""Is a spectrum one of a linear, causal and steady cell? A Kramers-Kronig test that knows its noise and its power.

The spectrum is fitted by linear least squares (weights 1/|Z|) with a series resistance, inductance, capacitance and
relaxations 1/(1 + j omega tau) of either sign on a grid of tau that reaches a decade beyond the data (Boukamp,
J. Electrochem. Soc. 142 (1995) 1885; Schoenleber et al., Electrochim. Acta 131 (2014) 20). The form (impedance or
admittance: a cell with negative resistance is stable under one control only) and the density of the grid are those with
the lowest AICc.

Every function so written obeys Kramers-Kronig, so what it cannot follow is noise or a breach. Two nested extensions ask
which: the same relaxations growing linearly over the sweep (a drifting cell is a Kramers-Kronig function at each
moment), and a smooth change of the real part alone. An F test of each (Bonferroni for two) measures the breach against
the scatter of the spectrum itself, so no noise level need be known. The non-central F distribution gives the power: how
often this spectrum would be caught if one relaxation in it, worth half of its span on the real axis, rose by 2, 5, 10
or 20 % over the sweep (mean over seven places of that relaxation in the range).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, fdtri, ncfdtr

from .spectrum import ImpedanceError, require_spectrum

DENSITIES = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0)
LEVEL = 0.01
DRIFTS = (0.02, 0.05, 0.10, 0.20)
_BEYOND = 1.0
_DRIFT_TERMS, _SMOOTH_TERMS = 5, 8
_STANDS_OUT, _CERTAIN = 0.02, 200.0
_LEAST_POINTS, _LEAST_DECADES = 12, 1.5


@dataclass(frozen=True)
class KramersKronig:
    """Outcome of the test; arrays are in order of rising frequency.

    verdict: "valid", "drifting" (breaks Kramers-Kronig: drift, non-linearity or an artefact) or "too noisy" (a drift of
    10 % would be missed more often than not). residual: (fitted - Z)/|Z|, complex; rms: its root mean square per part;
    noise: scatter per part, relative to |Z|; breach: rms of what only the extensions could follow; trusted: the range
    of frequency [Hz] (low, high) that passes by itself, or None; power: chance of detection by size of drift.
    """

    verdict: str
    p_value: float
    form: str
    per_decade: float
    n_terms: int
    frequency: np.ndarray
    fitted: np.ndarray
    residual: np.ndarray
    rms: float
    noise: float
    breach: float
    trusted: tuple[float, float] | None
    power: dict[float, float]

    @property
    def sum_of_squares(self) -> float:
        """Sum of |residual|^2 over all points."""
        return float(np.sum(np.abs(self.residual) ** 2))

    def sentence(self) -> str:
        """The verdict in words.

        Returns
        -------
        str
            One sentence.
        """
        chance = f"one resistance rising by 10 % over the sweep would be seen with a chance of {self.power[0.1]:.0%}"
        size = f"residual {100 * self.rms:.2g} % rms, noise {100 * self.noise:.2g} %"
        if self.verdict == "valid":
            return f"obeys Kramers-Kronig: {size}; {chance}."
        if self.verdict == "too noisy":
            return f"too noisy to judge: {size}; {chance}. Repeat with more averaging or a larger amplitude."
        where = "no part of it passes" if self.trusted is None else "{:.3g} to {:.3g} Hz passes".format(*self.trusted)
        return (
            f"breaks Kramers-Kronig (p = {self.p_value:.1g}, breach {100 * self.breach:.2g} % rms; {size}): "
            f"the cell drifted, was driven beyond linearity, or the set-up shows; {where}."
        )


@dataclass(frozen=True)
class _KramersKronigModel:
    """One orthonormal Kramers-Kronig basis and what the data leave."""

    admittance: bool
    density: float
    scale: np.ndarray
    basis: np.ndarray
    rest: np.ndarray

    def fitted(self, y: np.ndarray) -> np.ndarray:
        n = y.size
        return y - (self.rest[:n] + 1j * self.rest[n:]) * self.scale


def check_kramers_kronig(frequency: np.ndarray, impedance: np.ndarray, time: np.ndarray | None = None) -> KramersKronig:
    """Test a spectrum: frequency [Hz] (n,), impedance [ohm] (n,) complex, in the order in which it was measured.

    time [s] (n,): when each point was taken; without it the points are taken to follow each other evenly.

    Parameters
    ----------
    frequency : np.ndarray
        Frequencies, Hz, shape (n,), rising or falling.
    impedance : np.ndarray
        Complex impedance, ohm, shape (n,), Im Z < 0 for a capacitor.
    time : np.ndarray | None, optional
        When each point was taken, s, shape (n,); None: one after the other evenly.

    Returns
    -------
    KramersKronig
        The verdict with residuals, noise and power.

    Raises
    ------
    ImpedanceError
        For fewer than 12 points or 1.5 decades.
    """
    f, z = require_spectrum(frequency, impedance, _LEAST_DECADES)
    if f.size < _LEAST_POINTS:
        raise ImpedanceError(f"the spectrum has {f.size} points; a Kramers-Kronig test needs at least {_LEAST_POINTS}.")
    t = _compute_sweep_progress(frequency, time)
    forms = [(admittance, density) for admittance in (False, True) for density in _choose_densities(f)]
    model = _build_model(f, z, *min(forms, key=lambda form: _compute_aicc(f, z, *form)))
    p_value, breach, noise, drift_power = _judge(f, z, t, model)
    too_noisy = p_value >= LEVEL and drift_power[0.10] < 0.5
    verdict = "too noisy" if too_noisy else "valid"
    if p_value < LEVEL:
        verdict = "drifting"
    trusted = (float(f[0]), float(f[-1])) if verdict == "valid" else None
    if verdict == "drifting":
        trusted = _find_trusted_range(f, z, t, model)
    fitted = 1 / model.fitted(1 / z) if model.admittance else model.fitted(z)
    residual = (fitted - z) / np.abs(z)
    return KramersKronig(
        verdict, p_value, "admittance" if model.admittance else "impedance", model.density, model.basis.shape[1],
        f, fitted, residual, float(np.sqrt(np.mean(np.abs(residual) ** 2) / 2)), noise, breach, trusted, drift_power,
    )  # fmt: skip


def _compute_sweep_progress(frequency: np.ndarray, time: np.ndarray | None) -> np.ndarray:
    """0 at the first point measured, 1 at the last, in order of rising frequency."""
    falling = frequency[0] > frequency[-1]
    t = np.arange(len(frequency), dtype=float) if time is None else np.asarray(time, float)
    if t.shape != (len(frequency),) or not np.ptp(t) > 0:
        raise ImpedanceError(f"time has shape {t.shape}: expected one time in s for each of {len(frequency)} points.")
    t = (t - t.min()) / np.ptp(t)
    return t[::-1] if falling else t


def _choose_densities(f: np.ndarray) -> list[float]:
    """Densities of the grid that leave at least a dozen degrees of freedom and as many data as terms."""
    decades = np.log10(f[-1] / f[0]) + 2 * _BEYOND
    fits = [d for d in DENSITIES if d * decades + 4 <= f.size]
    return fits or [max(0.5, (f.size / 2 - 4) / decades)]


def _build_relaxations(f: np.ndarray, beyond: float, count: int) -> np.ndarray:
    omega = 2 * np.pi * f
    low, high = -np.log(omega[-1]) - beyond * np.log(10), -np.log(omega[0]) + beyond * np.log(10)
    return 1 / (1 + 1j * omega[:, None] * np.exp(np.linspace(low, high, count)))


def _stack_parts(columns: np.ndarray) -> np.ndarray:
    return np.vstack([columns.real, columns.imag])


def _orthonormalise(columns: np.ndarray, cut: float) -> np.ndarray:
    """Orthonormal basis of the columns; directions below `cut` of the largest are dropped."""
    length = np.linalg.norm(columns, axis=0)
    u, s, _ = np.linalg.svd(columns / np.where(length > 0, length, 1), full_matrices=False)
    return u[:, s > cut * s[0]]


def _find_new_directions(columns: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Orthonormal directions of the columns that stand out of the basis by at least a fiftieth of their length."""
    own = _orthonormalise(columns, 1e-6)
    u, s, _ = np.linalg.svd(own - basis @ (basis.T @ own), full_matrices=False)
    return u[:, s > _STANDS_OUT]


def _build_terms(f: np.ndarray, y: np.ndarray, density: float, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the Kramers-Kronig model of y = Z or 1/Z, and the data, both over `scale`: (2 n, k), (2 n,)."""
    s = 2j * np.pi * f
    count = round(density * (np.log10(f[-1] / f[0]) + 2 * _BEYOND)) + 1
    columns = np.column_stack([np.ones_like(s), s, 1 / s, _build_relaxations(f, _BEYOND, count)])
    return _stack_parts(columns / scale[:, None]), np.concatenate([y.real / scale, y.imag / scale])


def _compute_aicc(f: np.ndarray, z: np.ndarray, admittance: bool, density: float) -> float:
    y = 1 / z if admittance else z
    columns, data = _build_terms(f, y, density, np.abs(y))
    joined = np.column_stack([columns / np.linalg.norm(columns, axis=0), data])
    n, k = joined.shape
    upper = np.asarray(np.linalg.qr(joined, mode="r"))
    left = upper[-1, -1] ** 2
    return n * np.log(max(left, 1e-28 * n) / n) + 2 * k * n / max(n - k - 1, 1)


def _build_model(f: np.ndarray, z: np.ndarray, admittance: bool, density: float) -> _KramersKronigModel:
    """Weighted by the fitted modulus: weights that share the noise of the data would feign a breach."""
    y = 1 / z if admittance else z
    rough = _fit_terms(f, y, admittance, density, np.abs(y))
    return _fit_terms(f, y, admittance, density, np.abs(rough.fitted(y)))


def _fit_terms(
    f: np.ndarray, y: np.ndarray, admittance: bool, density: float, scale: np.ndarray
) -> _KramersKronigModel:
    columns, data = _build_terms(f, y, density, scale)
    basis = _orthonormalise(columns, 1e-9)
    return _KramersKronigModel(admittance, density, scale, basis, data - basis @ (basis.T @ data))


def _build_extensions(f: np.ndarray, t: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two alternatives as columns: relaxations that grow over the sweep; a smooth change of the real part."""
    drift = t[:, None] * np.column_stack([np.ones(f.size), _build_relaxations(f, 0.0, _DRIFT_TERMS)])
    x = np.linspace(-1, 1, f.size)
    smooth = np.polynomial.chebyshev.chebvander(x, _SMOOTH_TERMS - 1)
    return _stack_parts(drift / scale[:, None]), np.vstack([smooth, 0 * smooth])


def _judge(
    f: np.ndarray, z: np.ndarray, t: np.ndarray, model: _KramersKronigModel
) -> tuple[float, float, float, dict[float, float]]:
    """(p, breach rms, noise, power by drift) of one Kramers-Kronig model."""
    n, p = model.basis.shape
    outcomes = []
    for columns in _build_extensions(f, t, model.scale):
        new = _find_new_directions(columns, model.basis)
        q, left = new.shape[1], n - p - new.shape[1]
        explained = new.T @ model.rest
        breach = explained @ explained
        noise2 = max(model.rest @ model.rest - breach, 1e-28 * n) / left
        p_value = float(fdtrc(q, left, breach / q / noise2)) if q else 1.0
        outcomes.append((p_value, breach, noise2, new))
    power = _compute_power(f, z, t, model.scale, model.admittance, outcomes[0][3], n - p, outcomes[0][2])
    p_value, breach, noise2, _ = min(outcomes, key=lambda outcome: outcome[0])
    return min(1.0, 2 * p_value), float(np.sqrt(breach / n)), float(np.sqrt(noise2)), power


def _compute_power(
    f: np.ndarray,
    z: np.ndarray,
    t: np.ndarray,
    scale: np.ndarray,
    admittance: bool,
    new: np.ndarray,
    left: int,
    noise2: float,
) -> dict[float, float]:
    """Chance of detection by drift of one relaxation, averaged over its place in the range."""
    q = new.shape[1]
    if q == 0:
        return dict.fromkeys(DRIFTS, LEVEL / 2)
    change = 0.5 * np.ptp(z.real) * t[:, None] * _build_relaxations(f, -0.5, 7)
    change = -change / z[:, None] ** 2 if admittance else change
    signal = np.sum((new.T @ _stack_parts(change / scale[:, None])) ** 2, axis=0)
    limit = fdtri(q, left - q, 1 - LEVEL / 2)
    distance = {d: np.minimum(d**2 * signal / noise2, _CERTAIN) for d in DRIFTS}
    return {d: float(np.mean(1 - ncfdtr(q, left - q, distance[d], limit))) for d in DRIFTS}


def _find_trusted_range(
    f: np.ndarray, z: np.ndarray, t: np.ndarray, model: _KramersKronigModel
) -> tuple[float, float] | None:
    """Longest range, cut from one end in steps of a twelfth, that passes with the same form and density of grid."""
    step = max(1, f.size // 12)
    for cut in range(step, f.size - _LEAST_POINTS, step):
        for keep in (slice(cut, None), slice(0, f.size - cut)):
            part = f[keep]
            if np.log10(part[-1] / part[0]) < _LEAST_DECADES:
                continue
            density = min(model.density, max(_choose_densities(part)))
            smaller = _build_model(part, z[keep], model.admittance, density)
            if _judge(part, z[keep], t[keep], smaller)[0] >= LEVEL:
                return float(part[0]), float(part[-1])
    return None
