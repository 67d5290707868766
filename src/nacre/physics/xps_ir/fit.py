"""Fits of photoelectron spectra as scientists write them: named parameters, lines tied to them, backgrounds inside.

A `SpectrumModel` is a list of parameters and of lines (each line's area, position, width and mix are a parameter, times or plus
a fixed number: a doublet is two lines of the same parameters). It may describe several spectra at once; what they
share, they share by name. Energies in eV, areas in counts x eV. The mathematics is in `xps_kernel`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from nacre.physics.xps_ir import kernel
from nacre.physics.xps_ir import line_shapes as shapes

MOST_ITERATIONS = 80
# Tougaard's universal loss function, B T/(C + T^2)^2: C in eV^2 (Surf. Interface Anal. 11 (1988) 453)
UNIVERSAL_C = 1643.0


@dataclass(frozen=True)
class SpectrumParameter:
    """A number to be found. `prior` is (mean, sd); `linear` where the spectrum is linear in it; lo = hi fixes it."""

    name: str
    start: float
    lo: float = -np.inf
    hi: float = np.inf
    prior: tuple[float, float] | None = None
    linear: bool = False


@dataclass(frozen=True)
class PhotoelectronLine:
    """One line: names of its parameters, and what it has besides (area factor, position offset, width factor).

    `shift` names a parameter added to the positions of all lines of a spectrum: charge that calibration left.
    `shape` is one of `xps_shapes.NAMES`; `tail` names the parameter of the tail's length over the width, where the
    shape has one.
    """

    area: str
    position: str
    width: str
    mix: str
    area_factor: float = 1.0
    offset: float = 0.0
    width_factor: float = 1.0
    spectrum: int = 0
    shift: str = ""
    shape: str = "sum"
    tail: str = ""


@dataclass(frozen=True)
class SpectrumBackground:
    """Names of the parameters of one spectrum's background; "" where it has none such.

    constant : counts; slope : counts across the window; step : Shirley's, 1/eV; loss : Tougaard's B, eV^2.
    """

    constant: str
    slope: str = ""
    step: str = ""
    loss: str = ""


@dataclass(frozen=True)
class SpectrumModel:
    """A hypothesis about one or several spectra."""

    name: str
    parameters: tuple[SpectrumParameter, ...]
    lines: tuple[PhotoelectronLine, ...]
    backgrounds: tuple[SpectrumBackground, ...]

    @cached_property
    def index(self) -> dict[str, int]:
        return {p.name: i for i, p in enumerate(self.parameters)}

    @cached_property
    def arrays(self):
        """lines, factors and grounds of the kernel, then start, prior, sd, lo, hi, linear."""
        at = self.index
        lines = [
            [at[v.area], at[v.position], at[v.width], at[v.mix], v.spectrum, at.get(v.shift, -1)]
            + [shapes.NAMES.index(v.shape), at[v.tail] if v.tail else -1]
            for v in self.lines
        ]
        factors = [[v.area_factor, v.offset, v.width_factor] for v in self.lines]
        grounds = [
            [at.get(b.constant, -1), *(at.get(n, -1) for n in (b.slope, b.step, b.loss))] for b in self.backgrounds
        ]
        p = self.parameters
        columns = (
            [q.start for q in p],
            [q.prior[0] if q.prior else 0.0 for q in p],
            [q.prior[1] if q.prior else 0.0 for q in p],
            [q.lo for q in p],
            [q.hi for q in p],
        )
        return (
            np.array(lines, np.int64).reshape(-1, 8),
            np.array(factors, float).reshape(-1, 3),
            np.array(grounds, np.int64),
            *(np.array(column, float) for column in columns),
            np.array([q.linear for q in p], bool),
        )


@dataclass(frozen=True)
class SpectrumData:
    """Spectra, one after the other: x rising in binding energy (eV), y in counts; starts (n_spectra + 1,)."""

    x: np.ndarray
    y: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, spectra: Sequence[tuple[np.ndarray, np.ndarray]]) -> "SpectrumData":
        """From (energy, counts) pairs in any order of energy. Raises ValueError for negative or non-finite counts."""
        ordered = [(np.asarray(x, float)[o], np.asarray(y, float)[o]) for x, y in spectra for o in [np.argsort(x)]]
        x, y = (np.concatenate([pair[i] for pair in ordered]) for i in (0, 1))
        if not np.all(np.isfinite(y)) or y.min() < 0:
            raise ValueError(f"counts must be finite and not negative, found {y.min():g}")
        starts = np.concatenate(([0], np.cumsum([len(pair[0]) for pair in ordered])))
        return cls(x, y, starts.astype(np.int64))

    def operator(self) -> np.ndarray:
        """Tougaard's K' on the grid of the (single) spectra, times the step: (n, n), block by block."""
        out = np.zeros((self.x.size, self.x.size))
        for a, b in zip(self.starts[:-1], self.starts[1:], strict=True):
            x = self.x[a:b]
            t = np.maximum(x[:, None] - x[None, :], 0.0)
            slope = (UNIVERSAL_C - 3 * t * t) / (UNIVERSAL_C + t * t) ** 3
            out[a:b, a:b] = np.where(x[:, None] > x[None, :], slope, 0.0) * np.gradient(x)[None, :]
        return out


@dataclass(frozen=True)
class PhotoelectronFit:
    """A model at its best. `covariance` (P, P) is of all parameters, those at a bound with zeros; not yet scaled.

    chi2 is Pearson's; `effective` the number of parameters that the data, not the priors, determine.
    """

    model: SpectrumModel
    data: SpectrumData
    values: np.ndarray
    covariance: np.ndarray
    free: np.ndarray
    objective: float
    deviance: float
    chi2: float
    effective: float
    converged: bool

    def value(self, name: str) -> float:
        return float(self.values[self.model.index[name]])

    def std(self, name: str) -> float:
        i = self.model.index[name]
        return float(np.sqrt(self.covariance[i, i]))

    @property
    def freedom(self) -> float:
        return self.data.x.size - self.effective

    @property
    def reduced(self) -> float:
        return self.chi2 / self.freedom

    @property
    def p_value(self) -> float:
        """Probability of a chi2 as large as this if the model is right and counts are Poisson."""
        return float(stats.chi2.sf(self.chi2, self.freedom))

    def aicc(self, dispersion: float = 1.0) -> float:
        """Corrected Akaike criterion, with quasi-likelihood for dispersion > 1 (Burnham and Anderson 2002, 2.5)."""
        k, n = self.effective, self.data.x.size
        return self.objective / dispersion + 2 * k + 2 * k * (k + 1) / (n - k - 1)

    def spectrum(self, values: np.ndarray | None = None) -> np.ndarray:
        """The fitted counts (n,)."""
        return _evaluate(self.model, self.data, self.values if values is None else values)

    def part(self, keep: Sequence[str]) -> np.ndarray:
        """Peaks (without background) of the areas named in `keep`, in counts (n,)."""
        values = self.values.copy()
        names = {line.area for line in self.model.lines}
        grounds = {n for b in self.model.backgrounds for n in (b.constant, b.slope, b.step, b.loss)}
        for name, i in self.model.index.items():
            if (name in names and name not in keep) or name in grounds:
                values[i] = 0.0
        return self.spectrum(values)

    def background(self) -> np.ndarray:
        """The background, with the steps of all peaks, in counts (n,)."""
        return self.spectrum() - self.part([line.area for line in self.model.lines])


def _evaluate(model: SpectrumModel, data: SpectrumData, values: np.ndarray) -> np.ndarray:
    return _evaluate_with_slopes(model, data, values)[0]


def compute_jacobian(model: SpectrumModel, data: SpectrumData, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts (n,) and their derivatives (n, P)."""
    mu, slopes = _evaluate_with_slopes(model, data, values)
    return mu, slopes.T


def _evaluate_with_slopes(
    model: SpectrumModel, data: SpectrumData, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    lines, factors, grounds, *_ = model.arrays
    n, total = data.x.size, len(values)
    mu, jac, inner = np.empty(n), np.empty((total, n)), np.empty((total, n))
    kernel.evaluate_spectrum(
        values,
        data.x,
        data.starts,
        lines,
        factors,
        grounds,
        _build_loss(model, data),
        _choose_tables(model),
        mu,
        jac,
        inner,
    )
    return mu, jac


def _build_loss(model: SpectrumModel, data: SpectrumData) -> np.ndarray:
    return data.operator() if any(b.loss for b in model.backgrounds) else np.zeros((0, 0))


def _choose_tables(model: SpectrumModel) -> np.ndarray:
    return np.zeros((0, 0, 0, 0, 0)) if all(v.shape == "sum" for v in model.lines) else shapes.make_tables()


def fit_spectrum(model: SpectrumModel, data: SpectrumData, start: np.ndarray | None = None) -> PhotoelectronFit:
    """The model at its maximum of likelihood, from `start` (P,) where it is given, else from the model's own."""
    lines, factors, grounds, first, prior, sd, lo, hi, linear = model.arrays
    if start is not None:
        first, linear = start, np.zeros_like(linear)
    mu, slopes = _evaluate_with_slopes(model, data, first)
    found = kernel.run_fit(
        first, mu, slopes, data.x, data.y, data.starts, lines, factors, grounds, _build_loss(model, data),
        _choose_tables(model), prior, sd, lo, hi, linear, MOST_ITERATIONS,
    )  # fmt: skip
    values, fisher, free, objective, deviance, chi2, _, converged = found
    covariance = np.linalg.pinv(fisher, hermitian=True)
    covariance[~free, :] = 0.0
    covariance[:, ~free] = 0.0
    known = np.where(sd > 0, np.diag(covariance) / np.where(sd > 0, sd, 1.0) ** 2, 0.0)
    effective = float(free.sum() - known[free].sum())
    return PhotoelectronFit(model, data, values, covariance, free, objective, deviance, chi2, effective, converged)


def fit_spectra(model: SpectrumModel, data: SpectrumData, counts: np.ndarray, start: np.ndarray | None = None):
    """Fits of every row of counts (m, n) on the energies of `data`, for maps and bootstraps.

    Returns values (m, P), variances (m, P), chi2 (m,), converged (m,).
    """
    lines, factors, grounds, first, prior, sd, lo, hi, linear = model.arrays
    if start is not None:
        first, linear = start, np.zeros_like(linear)
    return kernel.run_fits(
        first, data.x, np.ascontiguousarray(counts, float), data.starts, lines, factors, grounds,
        _build_loss(model, data), _choose_tables(model), prior, sd, lo, hi, linear, MOST_ITERATIONS,
    )  # fmt: skip


def estimate_noise_scale(y: np.ndarray) -> float:
    """Variance over mean of a smooth spectrum's scatter, from its second differences: 1 for Poisson counts."""
    second = y[2:] - 2 * y[1:-1] + y[:-2]
    return float(np.median(second**2) / 0.4549 / 6 / max(np.median(y), 1e-300))


def warm_up() -> None:
    """Compiles the kernels, or loads them from numba's cache on disk; the spectrum means nothing."""
    parameters = [SpectrumParameter(name, 1.0, linear=True) for name in ("A", "b")]
    parameters += [
        SpectrumParameter("p", 0.0, -1.0, 1.0),
        SpectrumParameter("w", 1.0, 0.5, 2.0),
        SpectrumParameter("m", 0.3, 0.0, 1.0),
    ]
    model = SpectrumModel(
        "warm", tuple(parameters), (PhotoelectronLine("A", "p", "w", "m"),), (SpectrumBackground("b"),)
    )
    x = np.linspace(-4.0, 4.0, 41)
    y = 50.0 + 500.0 * np.exp(-2.8 * x * x)
    fit_spectrum(model, SpectrumData.of([(x, y)]))
    fit_spectra(model, SpectrumData.of([(x, y)]), y[None, :])
