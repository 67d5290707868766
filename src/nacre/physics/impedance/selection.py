"""Does this circuit describe these data, and has each further parameter earned its place?

The yardstick is the Kramers-Kronig fit: it follows whatever a linear, steady cell can do, so what it leaves is noise.
A circuit that leaves significantly more (F test, 1 %) and visibly more (15 %) does not describe the spectrum. The order
of the Kramers-Kronig fit is chosen on the same data, which makes the F test fire up to as many times too often as there
were orders to choose from. Where that could decide, its level is found from spectra of the circuit itself.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import fdtrc

from .fit import CircuitFit, compute_log_values, make_complex_weights
from .kramers_kronig import DENSITIES, KramersKronig, check_kramers_kronig

VISIBLE, LEVEL = 1.15, 0.01
ORDERS = 2 * len(DENSITIES)
DRAWS = 299


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
class ComparedCircuit:
    """One circuit of a comparison; differences are to the named (first) circuit, negative is better."""

    circuit: str
    n_free: int
    rms: float
    aicc: float
    bic: float
    delta_aicc: float
    delta_bic: float
    earned: bool


def judge_adequacy(fit: CircuitFit, test: KramersKronig) -> Adequacy:
    """Compare the residual of a circuit with the Kramers-Kronig residual of the same spectrum."""
    ratio, p_value = _test_excess(fit.fitted, fit.impedance, fit.n_free, test)
    if LEVEL / ORDERS < p_value < LEVEL and ratio > VISIBLE and test.verdict == "valid":
        p_value = _simulate_p_value(fit, test, p_value)
    numbers = f"it leaves {100 * fit.rms:.2g} % rms, Kramers-Kronig {100 * test.rms:.2g} %"
    if test.verdict != "valid":
        says = f"{fit.circuit.text} cannot be judged: the spectrum is {test.verdict} ({numbers})."
        return Adequacy(None, fit.rms, test.rms, ratio, p_value, says)
    describes = not (p_value < LEVEL and ratio > VISIBLE)
    verb = "describes" if describes else "does not describe"
    return Adequacy(describes, fit.rms, test.rms, ratio, p_value, f"{fit.circuit.text} {verb} these data: {numbers}.")


def _test_excess(fitted, impedance, n_free, test):
    """(scatter about the circuit over the noise, p of the F test that the circuit leaves no more than noise)."""
    left, n = float(np.sum(np.abs((fitted - impedance) / impedance) ** 2)), 2 * impedance.size
    more = max(test.n_terms - n_free, 1)
    excess = max(left - test.sum_of_squares, 0.0) / more
    ratio = float(np.sqrt(left / (n - n_free)) / test.noise)
    return ratio, float(fdtrc(more, n - test.n_terms, excess / test.noise**2))


def _simulate_p_value(fit: CircuitFit, test: KramersKronig, p_value: float) -> float:
    """How often spectra of this very circuit, with this noise, give as small a p: the same draws each time."""
    rng, found = np.random.default_rng(0), []
    for _ in range(DRAWS):
        noise = rng.normal(size=fit.frequency.size) + 1j * rng.normal(size=fit.frequency.size)
        z = fit.fitted + test.noise * np.abs(fit.fitted) * noise
        again = check_kramers_kronig(fit.frequency, z)
        if again.verdict == "valid":
            found.append(_test_excess(_refit_impedance(fit, z), z, fit.n_free, again)[1])
    return (1 + int(np.sum(np.array(found) <= p_value))) / (1 + len(found))


def _refit_impedance(fit: CircuitFit, impedance):
    """The circuit's impedance after a fit to other data, from the parameters of this fit."""
    w = make_complex_weights("modulus", impedance) if fit.weights == "modulus" else fit.problem.w
    problem = replace(fit.problem, z=impedance, w=w)
    phi, _ = problem.refine(fit.variables)
    values = problem.map.sign[0] * np.exp(compute_log_values(problem.map, phi)[0])
    return fit.circuit.impedance(fit.frequency, values)


def compare_circuits(fits) -> tuple[ComparedCircuit, ...]:
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
        rungs.append(ComparedCircuit(fit.circuit.text, fit.n_free, fit.rms, fit.aicc, fit.bic, *differences, earned))
    return tuple(rungs)
