"""Fit of a circuit to a spectrum: many data-driven starts, log parameters, covariance, information criteria.

Weights: "modulus" divides both parts of each residual by |Z|; "unit" leaves ohms; "std" divides by a given standard
deviation [ohm]. With "modulus" and "unit" the noise level is taken from the residual, with "std" it is believed.
AICc and BIC: Burnham and Anderson, Model Selection and Multimodel Inference (2002); the noise counts as a parameter.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from .circuit import Circuit, parse_circuit
from .constraints import Constraints, LinearMap, build_linear_map, sort_arcs
from .kernel import build_normal_equations, run_levenberg_marquardt, run_multistart
from .spectrum import ImpedanceError, require_spectrum
from .starts import draw_starts

MOST_STEPS, TOLERANCE = 200, 1e-10
AGREE = 1e-3


@dataclass(frozen=True)
class CircuitProblem:
    """One least-squares problem as the compiled kernel takes it: data of all spectra joined, and the linear map."""

    circuit: Circuit
    weights: str
    log_omega: np.ndarray
    z: np.ndarray
    w: np.ndarray
    offset: np.ndarray
    map: LinearMap

    @property
    def arguments(self):
        m = self.map
        data = (self.circuit.program, self.log_omega, self.z, self.w, self.offset)
        return (*data, m.constant, m.sign, m.link, m.weight)

    @property
    def n_data(self):
        """Real numbers with a weight: two for each point."""
        return int(np.count_nonzero(self.w.real) + np.count_nonzero(self.w.imag))

    def minimise(self, starts, agree):
        """(phi, cost, converged) of each start run, in order."""
        return run_multistart(*self.arguments, self.map.low, self.map.high, starts, MOST_STEPS, agree)

    def refine(self, start, low=None, high=None):
        """(phi, cost) of the minimum near `start`, within other bounds if given."""
        low = self.map.low if low is None else low
        high = self.map.high if high is None else high
        phi, cost, _, _ = run_levenberg_marquardt(*self.arguments, low, high, start, 2 * MOST_STEPS, TOLERANCE)
        return phi, cost

    def curvature(self, phi):
        """J^T J at phi."""
        return build_normal_equations(*self.arguments, phi)[1]


@dataclass(frozen=True)
class CircuitFit:
    """A fitted circuit. Arrays are in the order of `names`; log_* belong to ln|p|.

    log_std is inf where the data say nothing; `at_bound` names parameters that stopped at a bound; `rms` is the
    relative residual sqrt(mean |dZ|^2/|Z|^2 / 2) per part; `agreeing` of `n_starts` starts met at this minimum.
    """

    circuit: Circuit
    weights: str
    frequency: np.ndarray
    impedance: np.ndarray
    fitted: np.ndarray
    values: np.ndarray
    log_covariance: np.ndarray
    at_bound: tuple[str, ...]
    chi2: float
    dof: int
    n_free: int
    rms: float
    aicc: float
    bic: float
    n_starts: int
    agreeing: int
    known: Constraints
    problem: CircuitProblem
    variables: np.ndarray

    @property
    def names(self):
        return self.circuit.names

    @property
    def units(self):
        return tuple(parameter.unit for parameter in self.circuit.parameters)

    @property
    def log_std(self):
        return np.sqrt(np.diag(self.log_covariance))

    @property
    def std(self):
        return np.abs(self.values) * self.log_std

    @property
    def variance_scale(self):
        """Noise variance in units of the weights: chi2/dof, or 1 where standard deviations were given."""
        return 1.0 if self.weights == "std" else self.chi2 / self.dof

    def interval(self, level=0.95):
        """(low, high) of each parameter, exp(ln p -+ t std): always on the right side of zero."""
        t = stdtrit(self.dof, 0.5 + level / 2)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.values * np.exp(-t * self.log_std), self.values * np.exp(t * self.log_std)

    def correlation(self):
        """Correlation of the log parameters; rows of fixed or undetermined parameters are NaN."""
        std = self.log_std
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.log_covariance / np.outer(std, std)

    def value(self, name):
        return float(self.values[self.circuit.index(name)])

    def relative_std(self, name):
        return float(self.log_std[self.circuit.index(name)])


def make_complex_weights(weights, impedance, std=None):
    """Weights of the real (real part) and the imaginary (imaginary part) residuals, shape (n,) complex.

    std [ohm]: real (n,) for both parts, or complex (n,) with one for each. Raises ImpedanceError.
    """
    if weights == "modulus":
        return (1 + 1j) / np.abs(impedance)
    if weights == "unit":
        return np.full(impedance.shape, 1 + 1j)
    if weights != "std":
        raise ImpedanceError(f"weights are '{weights}': expected 'modulus', 'unit' or 'std'.")
    if std is None:
        raise ImpedanceError("weights 'std' need the standard deviation of each point in ohm.")
    std = np.asarray(std) if np.iscomplexobj(std) else np.asarray(std, float) * (1 + 1j)
    if std.shape != impedance.shape or not (np.all(std.real > 0) and np.all(std.imag > 0)):
        raise ImpedanceError(f"std has shape {std.shape}: expected {impedance.shape}, every value above 0 ohm.")
    return 1 / std.real + 1j / std.imag


def fit_circuit(
    circuit, frequency, impedance, weights="modulus", std=None, known=None, starts=60, agree=3, seed=0
) -> CircuitFit:
    """Fit `circuit` (text or Circuit) to one spectrum: frequency [Hz] (n,), impedance [ohm] (n,) complex.

    Starts are tried until `agree` of them meet at the best minimum, at most `starts`. Raises ImpedanceError.
    """
    circuit = parse_circuit(circuit) if isinstance(circuit, str) else circuit
    known = known or Constraints()
    f, z = require_spectrum(frequency, impedance)
    falling = np.asarray(frequency)[0] > np.asarray(frequency)[-1]
    std = std if std is None or not falling else np.asarray(std)[::-1]
    problem = _build_problem(
        circuit, f, z, make_complex_weights(weights, z, std), weights, build_linear_map(circuit, known)
    )
    begin = draw_start_variables(problem.map, circuit, known, f, z, starts, np.random.default_rng(seed))
    found, cost, _ = problem.minimise(begin, agree)
    best = int(np.argmin(cost))
    phi, least = problem.refine(found[best])
    agreeing = int(np.sum(cost <= least * (1 + 2 * AGREE)))
    return _assemble_fit(problem, known, f, z, sort_variables(problem, known, phi), len(cost), agreeing)


def _build_problem(circuit, f, z, w, weights, mapping):
    problem = CircuitProblem(circuit, weights, np.log(2 * np.pi * f), z, w, np.array([0, len(f)]), mapping)
    require_enough_data(problem)
    return problem


def require_enough_data(problem):
    """Raise ImpedanceError where there are not more numbers than free parameters."""
    n_free = len(problem.map.variables)
    if n_free == 0:
        raise ImpedanceError(f"circuit '{problem.circuit.text}': every parameter is fixed, nothing is left to fit.")
    if n_free >= problem.n_data:
        raise ImpedanceError(
            f"circuit '{problem.circuit.text}' has {n_free} free parameters, more than {problem.n_data // 2} points "
            f"({problem.n_data} numbers) can tell: measure more points, or fix or share parameters."
        )


def draw_start_variables(mapping, circuit, known, f, z, count, rng):
    """Free variables (count, m) of data-driven starts; the user's starting values stand in each."""
    log_values = draw_starts(circuit, f, z, count, rng)
    for name, value in known.start.items():
        log_values[:, circuit.index(name)] = np.log(abs(value))
    return mapping.variables_for(log_values[:, None, :])


def compute_log_values(mapping, phi):
    """ln|p|, shape (spectra, parameters)."""
    return mapping.constant + mapping.matrix @ phi


def sort_variables(problem, known, phi):
    """The same point with exchangeable arcs in the order of their time constants."""
    log_values = compute_log_values(problem.map, phi)[0]
    arranged = sort_arcs(problem.circuit, known, log_values)
    return phi if np.array_equal(arranged, log_values) else problem.map.variables_for(arranged[None, :])


def estimate_covariance(problem, phi):
    """(inverse of J^T J, names of variables at a bound); rows without information are inf on the diagonal."""
    a = problem.curvature(phi)
    m = problem.map
    held = (phi <= m.low) | (phi >= m.high)
    out, free = np.zeros_like(a), np.flatnonzero(~held)
    scale = np.sqrt(np.diag(a)[free])
    seen = free[scale > 0]
    scale = scale[scale > 0]
    if len(seen):
        core = a[np.ix_(seen, seen)] / np.outer(scale, scale)
        values, vectors = np.linalg.eigh(core)
        inverse = (vectors / np.maximum(values, 1e-15)) @ vectors.T
        out[np.ix_(seen, seen)] = inverse / np.outer(scale, scale)
    blind = np.setdiff1d(free, seen)
    out[blind, blind] = np.inf
    return out, tuple(m.variables[k] for k in np.flatnonzero(held))


def compute_information_criteria(weights, chi2, n, n_free):
    """(AICc, BIC) for n real numbers; differences count, and only at equal weights and data."""
    k = n_free + (weights != "std")
    deviance = chi2 if weights == "std" else n * np.log(chi2 / n)
    correction = 2 * k * (k + 1) / (n - k - 1) if n > k + 1 else np.inf
    return deviance + 2 * k + correction, deviance + k * np.log(n)


def _assemble_fit(problem, known, f, z, phi, n_starts, agreeing):
    m, circuit = problem.map, problem.circuit
    values = m.sign[0] * np.exp(compute_log_values(m, phi)[0])
    fitted = circuit.impedance(f, values)
    d = fitted - z
    chi2 = float(np.sum((d.real * problem.w.real) ** 2 + (d.imag * problem.w.imag) ** 2))
    n, n_free = problem.n_data, len(phi)
    inverse, held = estimate_covariance(problem, phi)
    scale = 1.0 if problem.weights == "std" else chi2 / (n - n_free)
    dense = m.matrix[0]
    with np.errstate(invalid="ignore"):
        covariance = np.nan_to_num(dense @ (inverse * scale) @ dense.T, nan=np.inf, posinf=np.inf)
    aicc, bic = compute_information_criteria(problem.weights, max(chi2, 1e-300), n, n_free)
    rms = float(np.sqrt(np.mean(np.abs(d / z) ** 2) / 2))
    at_bound = tuple(name for name, _ in held)
    return CircuitFit(
        circuit, problem.weights, f, z, fitted, values, covariance, at_bound, chi2, n - n_free, n_free, rms,
        aicc, bic, n_starts, agreeing, known, problem, phi,
    )  # fmt: skip
