"""Several defensible models of one spectrum, weighted by AICc, their spread part of the uncertainty.

Weights and the unconditional variance (within plus between models) follow K. P. Burnham, D. R. Anderson, Model
Selection and Multimodel Inference, 2nd ed., Springer 2002, 2.9 and 4.3. A common dispersion (chi2 over degrees of
freedom of the model that fits best, where that is significantly above 1) widens everything: no model is right then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nacre.physics.differences import differentiate_centrally
from nacre.physics.xps_ir.fit import PhotoelectronFit, SpectrumModel

SIGNIFICANT = 0.01


@dataclass(frozen=True)
class ModelEnsemble:
    """Fits of one set of data, with their weights (sum 1). `dispersion` >= 1 multiplies covariances."""

    fits: tuple[PhotoelectronFit, ...]
    weights: np.ndarray
    dispersion: float

    @property
    def best(self) -> PhotoelectronFit:
        return self.fits[int(np.argmax(self.weights))]

    def flagged(self, fitted: PhotoelectronFit, least: float = 0.05) -> bool:
        """Whether a single model's answer must not stand alone: it misfits, or others are far more likely."""
        weight = self.weights[[f is fitted for f in self.fits].index(True)]
        return fitted.p_value < SIGNIFICANT or weight < least

    def average(
        self, function: Callable[[np.ndarray, SpectrumModel], np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean (q,), covariance within and covariance between models (q, q) of a function of the parameters.

        `function(values, model)` returns (q,); its derivatives are taken numerically at each model's own optimum.
        """
        pairs = [_propagate(fitted, function) for fitted in self.fits]
        values = np.array([value for value, _ in pairs])
        mean = self.weights @ values
        within = self.dispersion * np.einsum("m,mij->ij", self.weights, np.array([c for _, c in pairs]))
        apart = values - mean
        return mean, within, np.einsum("m,mi,mj->ij", self.weights, apart, apart)


def weigh_fits(fits: Sequence[PhotoelectronFit], *, counted: bool = True) -> ModelEnsemble:
    """Weights of fits to the same data. `counted`: the data are counts, so that chi2 has an expected size."""
    fits = tuple(f for f in fits if np.all(np.isfinite(f.values)))
    best = max(fits, key=lambda f: f.p_value)
    dispersion = best.reduced if not counted or best.p_value < SIGNIFICANT else 1.0
    scores = np.array([f.aicc(max(dispersion, 1.0)) for f in fits])
    weights = np.exp(-0.5 * (scores - scores.min()))
    return ModelEnsemble(fits, weights / weights.sum(), dispersion)


def _propagate(fitted: PhotoelectronFit, function) -> tuple[np.ndarray, np.ndarray]:
    value = np.atleast_1d(function(fitted.values, fitted.model))
    slopes = np.zeros((value.size, fitted.values.size))
    free, steps = np.flatnonzero(fitted.free), 1e-4 * np.maximum(np.sqrt(np.diag(fitted.covariance)), 1e-9)
    slopes[:, free] = differentiate_centrally(
        lambda v: np.atleast_1d(function(v, fitted.model)), fitted.values, steps, free
    )
    return value, slopes @ fitted.covariance @ slopes.T
