"""Fit of a circuit to a spectrum: many data-driven starts, log parameters, covariance, information criteria.

Weights: "modulus" divides both parts of each residual by |Z|; "unit" leaves ohms; "std" divides by a given standard
deviation [ohm]. With "modulus" and "unit" the noise level is taken from the residual, with "std" it is believed.
AICc and BIC: Burnham and Anderson, Model Selection and Multimodel Inference (2002); the noise counts as a parameter.
"""

from dataclasses import dataclass
from typing import Any

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
    def arguments(self) -> Any:
        """What every function of the kernel takes first, in order."""
        m = self.map
        data = (self.circuit.program, self.log_omega, self.z, self.w, self.offset)
        return (*data, m.constant, m.sign, m.link, m.weight)

    @property
    def n_data(self) -> int:
        """Real numbers with a weight: two for each point."""
        return int(np.count_nonzero(self.w.real) + np.count_nonzero(self.w.imag))

    def minimise(self, starts: np.ndarray, agree: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(phi, cost, converged) of each start run, in order.

        Parameters
        ----------
        starts : np.ndarray
            Free variables of each start, shape (k, m).
        agree : int
            How many starts must meet at the best minimum.

        Returns
        -------
        tuple[np.ndarray, np.ndarray, np.ndarray]
            Phi, shape (k, m), cost (k,) and whether each converged (k,).
        """
        return run_multistart(*(*self.arguments, self.map.low, self.map.high, starts, MOST_STEPS, agree))

    def refine(
        self, start: np.ndarray, low: np.ndarray | None = None, high: np.ndarray | None = None
    ) -> tuple[np.ndarray, float]:
        """(phi, cost) of the minimum near `start`, within other bounds if given.

        Parameters
        ----------
        start : np.ndarray
            Free variables to begin with, shape (m,).
        low : np.ndarray | None, optional
            Lower bounds, shape (m,); None: those of the map.
        high : np.ndarray | None, optional
            Upper bounds, shape (m,); None: those of the map.

        Returns
        -------
        tuple[np.ndarray, float]
            Free variables, shape (m,), and the cost there.
        """
        low = self.map.low if low is None else low
        high = self.map.high if high is None else high
        phi, cost, _, _ = run_levenberg_marquardt(*(*self.arguments, low, high, start, 2 * MOST_STEPS, TOLERANCE))
        return phi, cost

    def curvature(self, phi: np.ndarray) -> np.ndarray:
        """J^T J at phi.

        Parameters
        ----------
        phi : np.ndarray
            Free variables, shape (m,).

        Returns
        -------
        np.ndarray
            J^T J, shape (m, m).
        """
        return build_normal_equations(*(*self.arguments, phi))[1]


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
    def names(self) -> tuple[str, ...]:
        return self.circuit.names

    @property
    def units(self):
        return tuple(parameter.unit for parameter in self.circuit.parameters)

    @property
    def log_std(self) -> np.ndarray:
        return np.sqrt(np.diag(self.log_covariance))

    @property
    def std(self):
        return np.abs(self.values) * self.log_std

    @property
    def variance_scale(self) -> float:
        """Noise variance in units of the weights: chi2/dof, or 1 where standard deviations were given."""
        return 1.0 if self.weights == "std" else self.chi2 / self.dof

    def interval(self, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """(low, high) of each parameter, exp(ln p -+ t std): always on the right side of zero.

        Parameters
        ----------
        level : float, optional
            Confidence level, 0 to 1.

        Returns
        -------
        tuple[np.ndarray, np.ndarray]
            Lower and upper limits, shape (p,) each.
        """
        t = stdtrit(self.dof, 0.5 + level / 2)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.values * np.exp(-t * self.log_std), self.values * np.exp(t * self.log_std)

    def correlation(self) -> np.ndarray:
        """Correlation of the log parameters; rows of fixed or undetermined parameters are NaN.

        Returns
        -------
        np.ndarray
            Correlations, shape (p, p).
        """
        std = self.log_std
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.log_covariance / np.outer(std, std)

    def value(self, name: str) -> float:
        """Its value, in its unit.

        Parameters
        ----------
        name : str
            Name of the parameter.

        Returns
        -------
        float
            Its value, in its unit.
        """
        return float(self.values[self.circuit.index(name)])

    def relative_std(self, name: str) -> float:
        """Standard deviation of ln|p|.

        Parameters
        ----------
        name : str
            Name of the parameter.

        Returns
        -------
        float
            Standard deviation of ln|p|.
        """
        return float(self.log_std[self.circuit.index(name)])


def make_complex_weights(weights: str, impedance: np.ndarray, std: np.ndarray | None = None) -> np.ndarray:
    """Weights of the real (real part) and the imaginary (imaginary part) residuals, shape (n,) complex.

    std [ohm]: real (n,) for both parts, or complex (n,) with one for each.

    Parameters
    ----------
    weights : str
        "modulus" (over |Z|), "unit" (ohm) or "std" (over given standard deviations).
    impedance : np.ndarray
        Complex impedance, ohm, shape (n,), Im Z < 0 for a capacitor.
    std : np.ndarray | None, optional
        Standard deviations, ohm, shape (n,), real or complex; needed for "std".

    Returns
    -------
    np.ndarray
        Weights, complex, shape (n,), 1/ohm or 1.

    Raises
    ------
    ImpedanceError
        Where the input cannot be used.
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
    circuit: str | Circuit,
    frequency: np.ndarray,
    impedance: np.ndarray,
    weights: str = "modulus",
    std: np.ndarray | None = None,
    known: Constraints | None = None,
    starts: int = 60,
    agree: int = 3,
    seed: int = 0,
) -> CircuitFit:
    """Fit `circuit` (text or Circuit) to one spectrum: frequency [Hz] (n,), impedance [ohm] (n,) complex.

    Starts are tried until `agree` of them meet at the best minimum, at most `starts`.

    Parameters
    ----------
    circuit : str | Circuit
        The circuit, or its text.
    frequency : np.ndarray
        Frequencies, Hz, shape (n,), rising or falling.
    impedance : np.ndarray
        Complex impedance, ohm, shape (n,), Im Z < 0 for a capacitor.
    weights : str, optional
        "modulus" (over |Z|), "unit" (ohm) or "std" (over given standard deviations).
    std : np.ndarray | None, optional
        Standard deviations, ohm, shape (n,), real or complex; needed for "std".
    known : Constraints | None, optional
        What is known beforehand of the parameters.
    starts : int, optional
        Most starts to try.
    agree : int, optional
        How many starts must meet at the best minimum.
    seed : int, optional
        Seed of the random starts.

    Returns
    -------
    CircuitFit
        Values, covariance and information criteria.

    Raises
    ------
    ImpedanceError
        Where the input cannot be used.
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


def _build_problem(
    circuit: Circuit, f: np.ndarray, z: np.ndarray, w: np.ndarray, weights: str, mapping: LinearMap
) -> CircuitProblem:
    problem = CircuitProblem(circuit, weights, np.log(2 * np.pi * f), z, w, np.array([0, len(f)]), mapping)
    require_enough_data(problem)
    return problem


def require_enough_data(problem: CircuitProblem) -> None:
    """Raise ImpedanceError where there are not more numbers than free parameters.

    Parameters
    ----------
    problem : CircuitProblem
        The least-squares problem.
    """
    n_free = len(problem.map.variables)
    if n_free == 0:
        raise ImpedanceError(f"circuit '{problem.circuit.text}': every parameter is fixed, nothing is left to fit.")
    if n_free >= problem.n_data:
        raise ImpedanceError(
            f"circuit '{problem.circuit.text}' has {n_free} free parameters, more than {problem.n_data // 2} points "
            f"({problem.n_data} numbers) can tell: measure more points, or fix or share parameters."
        )


def draw_start_variables(
    mapping: LinearMap,
    circuit: Circuit,
    known: Constraints,
    f: np.ndarray,
    z: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Free variables (count, m) of data-driven starts; the user's starting values stand in each.

    Parameters
    ----------
    mapping : LinearMap
        The map from free variables to log parameters.
    circuit : Circuit
        The circuit.
    known : Constraints
        What is known beforehand of the parameters.
    f : np.ndarray
        Frequencies, Hz, rising, shape (n,).
    z : np.ndarray
        Complex impedance, ohm, shape (n,).
    count : int
        Number of starts.
    rng : np.random.Generator
        Source of random numbers.

    Returns
    -------
    np.ndarray
        Free variables, shape (count, m).
    """
    log_values = draw_starts(circuit, f, z, count, rng)
    for name, value in known.start.items():
        log_values[:, circuit.index(name)] = np.log(abs(value))
    return mapping.variables_for(log_values[:, None, :])


def compute_log_values(mapping: LinearMap, phi: np.ndarray) -> np.ndarray:
    """ln|p|, shape (spectra, parameters).

    Parameters
    ----------
    mapping : LinearMap
        The map from free variables to log parameters.
    phi : np.ndarray
        Free variables, shape (m,).

    Returns
    -------
    np.ndarray
        Ln of the parameters' sizes, shape (spectra, p).
    """
    return mapping.constant + mapping.matrix @ phi


def sort_variables(problem: CircuitProblem, known: Constraints, phi: np.ndarray) -> np.ndarray:
    """The same point with exchangeable arcs in the order of their time constants.

    Parameters
    ----------
    problem : CircuitProblem
        The least-squares problem.
    known : Constraints
        What is known beforehand of the parameters.
    phi : np.ndarray
        Free variables, shape (m,).

    Returns
    -------
    np.ndarray
        Free variables, shape (m,).
    """
    log_values = compute_log_values(problem.map, phi)[0]
    arranged = sort_arcs(problem.circuit, known, log_values)
    return phi if np.array_equal(arranged, log_values) else problem.map.variables_for(arranged[None, :])


def estimate_covariance(problem: CircuitProblem, phi: np.ndarray) -> tuple[np.ndarray, tuple[tuple[str, object], ...]]:
    """(inverse of J^T J, names of variables at a bound); rows without information are inf on the diagonal.

    Parameters
    ----------
    problem : CircuitProblem
        The least-squares problem.
    phi : np.ndarray
        Free variables, shape (m,).

    Returns
    -------
    tuple[np.ndarray, tuple[tuple[str, object], ...]]
        Covariance, shape (m, m), and the variables at a bound.
    """
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


def compute_information_criteria(weights: str, chi2: float, n: int, n_free: int) -> tuple[float, float]:
    """(AICc, BIC) for n real numbers; differences count, and only at equal weights and data.

    Parameters
    ----------
    weights : str
        "modulus" (over |Z|), "unit" (ohm) or "std" (over given standard deviations).
    chi2 : float
        Weighted sum of squares.
    n : int
        Number of real data.
    n_free : int
        Number of free parameters.

    Returns
    -------
    tuple[float, float]
        AICc and BIC.
    """
    k = n_free + (weights != "std")
    deviance = chi2 if weights == "std" else n * np.log(chi2 / n)
    correction = 2 * k * (k + 1) / (n - k - 1) if n > k + 1 else np.inf
    return deviance + 2 * k + correction, deviance + k * np.log(n)


def _assemble_fit(
    problem: CircuitProblem,
    known: Constraints,
    f: np.ndarray,
    z: np.ndarray,
    phi: np.ndarray,
    n_starts: int,
    agreeing: int,
) -> CircuitFit:
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
