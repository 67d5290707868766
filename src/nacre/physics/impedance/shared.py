"""One circuit, several spectra, one fit: bare and coated with the same bulk, one cell over cycles or temperatures.

Each spectrum is first fitted alone; the shared fit starts from there and from random departures of it. Shared
parameters have one value; an Arrhenius parameter has a value at the reference temperature and an activation energy,
p(T) = p_ref exp(E_a/R (1/T - 1/T_ref)), with T_ref the harmonic mean of the temperatures.
"""

from dataclasses import dataclass

import numpy as np

from nacre.physics.constants import GAS

from .circuit import Circuit, parse_circuit
from .constraints import Constraints, Sharing, build_linear_map
from .fit import (
    CircuitFit,
    CircuitProblem,
    compute_information_criteria,
    compute_log_values,
    estimate_covariance,
    fit_circuit,
    make_complex_weights,
    require_enough_data,
)
from .spectrum import require_spectrum


@dataclass(frozen=True)
class SharedFit:
    """A global fit. values, log_std: (spectra, parameters); log_covariance: (spectra * parameters) squared, row-major.

    activation_energy: parameter -> (E_a, std) in J/mol. bic_alone, aicc_alone: of the separate fits together, to ask
    whether sharing is admissible: where they are lower than bic and aicc, the data speak against it.
    """

    circuit: Circuit
    sharing: Sharing
    weights: str
    values: np.ndarray
    log_covariance: np.ndarray
    activation_energy: dict[str, tuple[float, float]]
    rms: tuple[float, ...]
    chi2: float
    dof: int
    n_free: int
    aicc: float
    bic: float
    aicc_alone: float
    bic_alone: float
    alone: tuple[CircuitFit, ...]

    @property
    def names(self):
        return self.circuit.names

    @property
    def log_std(self):
        return np.sqrt(np.diag(self.log_covariance)).reshape(self.values.shape)

    def place(self, spectrum, name):
        """Row of log_covariance that belongs to a parameter of a spectrum."""
        return spectrum * len(self.names) + self.circuit.index(name)

    def log_ratio(self, name, treated, reference):
        """(ln(p_treated / p_reference), std), with the covariance between the two."""
        i, j = self.place(treated, name), self.place(reference, name)
        c = self.log_covariance
        ratio = np.log(self.values.ravel()[i] / self.values.ravel()[j])
        return float(ratio), float(np.sqrt(max(c[i, i] + c[j, j] - 2 * c[i, j], 0.0)))


def fit_shared(circuit, spectra, sharing, weights="modulus", known=None, starts=20, seed=0, stds=None) -> SharedFit:
    """Fit one circuit to several spectra [(frequency, impedance), ...] together. Raises ImpedanceError."""
    circuit = parse_circuit(circuit) if isinstance(circuit, str) else circuit
    known, stds = known or Constraints(), stds or [None] * len(spectra)
    mapping = build_linear_map(circuit, known, len(spectra), sharing)
    alone = tuple(
        fit_circuit(circuit, f, z, weights, std, known, seed=seed) for (f, z), std in zip(spectra, stds, strict=True)
    )
    problem = _join_spectra(circuit, spectra, stds, weights, mapping)
    logs = np.array([np.log(np.abs(one.values)) for one in alone])
    departures = np.random.default_rng(seed).normal(0.0, 0.3, (starts, *logs.shape))
    departures[0] = 0.0
    found, cost, _ = problem.minimise(mapping.variables_for(logs + departures), 3)
    phi, least = problem.refine(found[int(np.argmin(cost))])
    return _assemble_shared_fit(problem, sharing, spectra, alone, phi, 2 * least)


def _join_spectra(circuit, spectra, stds, weights, mapping):
    checked, w = [], []
    for (frequency, impedance), std in zip(spectra, stds, strict=True):
        f, z = require_spectrum(frequency, impedance)
        std = std if std is None or frequency[0] < frequency[-1] else np.asarray(std)[::-1]
        checked.append((f, z))
        w.append(make_complex_weights(weights, z, std))
    offset = np.cumsum([0, *(len(f) for f, _ in checked)])
    log_omega = np.log(2 * np.pi * np.concatenate([f for f, _ in checked]))
    z = np.concatenate([z for _, z in checked])
    problem = CircuitProblem(circuit, weights, log_omega, z, np.concatenate(w), offset, mapping)
    require_enough_data(problem)
    return problem


def _assemble_shared_fit(problem, sharing, spectra, alone, phi, chi2):
    m, n = problem.map, problem.n_data
    values = m.sign * np.exp(compute_log_values(m, phi))
    dof = n - len(phi)
    inverse, _ = estimate_covariance(problem, phi)
    covariance = inverse * (1.0 if problem.weights == "std" else chi2 / dof)
    dense = m.matrix.reshape(-1, len(phi))
    with np.errstate(invalid="ignore"):
        log_covariance = np.nan_to_num(dense @ covariance @ dense.T, nan=np.inf, posinf=np.inf)
    energy = {}
    for k, (name, word) in enumerate(m.variables):
        if word == "activation":
            unit = GAS * sharing.reference_temperature
            energy[name] = (float(phi[k] * unit), float(np.sqrt(covariance[k, k]) * unit))
    rms = []
    for one, row in zip(alone, values, strict=True):
        d = (problem.circuit.impedance(one.frequency, row) - one.impedance) / np.abs(one.impedance)
        rms.append(float(np.sqrt(np.mean(np.abs(d) ** 2) / 2)))
    together = compute_information_criteria(problem.weights, chi2, n, len(phi))
    apart = compute_information_criteria(
        problem.weights, sum(one.chi2 for one in alone), n, sum(one.n_free for one in alone)
    )
    return SharedFit(
        problem.circuit, sharing, problem.weights, values, log_covariance, energy, tuple(rms), chi2, dof, len(phi),
        *together, *apart, alone,
    )  # fmt: skip
