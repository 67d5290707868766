"""Does this circuit describe these data, and has each further parameter earned its place?

The yardstick is the Kramers-Kronig fit: it follows whatever a linear, steady cell can do, so what it leaves is noise.
A circuit that leaves significantly more (F test) and visibly more does not describe the spectrum.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from .fit import Fit
from .kramers_kronig import KramersKronig

VISIBLE = 1.15


@dataclass(frozen=True)
class Adequacy:
    """describes: True, False, or None where Kramers-Kronig gives no yardstick. ratio: circuit scatter / noise."""

    describes: bool | None
    circuit_rms: float
    kramers_kronig_rms: float
    ratio: float
    p_value: float
    sentence: str


@dataclass(frozen=True)
class Rung:
    """One circuit of a comparison; differences are to the named (first) circuit, negative is better."""

    circuit: str
    n_free: int
    rms: float
    aicc: float
    bic: float
    delta_aicc: float
    delta_bic: float
    earned: bool


def adequacy(fit: Fit, test: KramersKronig) -> Adequacy:
    """Compare the residual of a circuit with the Kramers-Kronig residual of the same spectrum."""
    left = float(np.sum(np.abs((fit.fitted - fit.impedance) / fit.impedance) ** 2))
    n = 2 * fit.frequency.size
    more = max(test.n_terms - fit.n_free, 1)
    excess = max(left - test.sum_of_squares, 0.0) / more
    p_value = float(fdtrc(more, n - test.n_terms, excess / test.noise**2))
    scatter = np.sqrt(left / fit.dof)
    ratio = float(scatter / test.noise)
    numbers = f"it leaves {100 * fit.rms:.2g} % rms, Kramers-Kronig {100 * test.rms:.2g} %"
    if test.verdict != "valid":
        says = f"{fit.circuit.text} cannot be judged: the spectrum is {test.verdict} ({numbers})."
        return Adequacy(None, fit.rms, test.rms, ratio, p_value, says)
    describes = not (p_value < 0.01 and ratio > VISIBLE)
    verb = "describes" if describes else "does not describe"
    return Adequacy(describes, fit.rms, test.rms, ratio, p_value, f"{fit.circuit.text} {verb} these data: {numbers}.")


def compare(fits) -> tuple[Rung, ...]:
    """Fits of several circuits to one spectrum, the named circuit first.

    A circuit with more parameters than an earlier, earned one has earned them where it lowers AICc and BIC of the best
    earned so far. Raises ValueError where the fits are not of the same data with the same weights.
    """
    named, best, rungs = fits[0], fits[0], []
    for fit in fits:
        if fit.weights != named.weights or not np.array_equal(fit.impedance, named.impedance):
            raise ValueError("fits of different data or weights cannot be compared by AICc or BIC.")
        earned = fit is named or fit.n_free <= named.n_free or (fit.aicc < best.aicc and fit.bic < best.bic)
        if earned and fit.bic < best.bic:
            best = fit
        differences = (fit.aicc - named.aicc, fit.bic - named.bic)
        rungs.append(Rung(fit.circuit.text, fit.n_free, fit.rms, fit.aicc, fit.bic, *differences, earned))
    return tuple(rungs)
