"""Tables of a fitted region: spectra with their components, and what every model gives alone."""

from dataclasses import replace

import numpy as np

from nacre.core.result import Curve
from nacre.physics.xps_ir.ensemble import ModelEnsemble
from nacre.techniques.xps_ir import xps_models
from nacre.techniques.xps_ir.region_fit import RegionFit, make_log_ratio


def tabulate_fit(fit: RegionFit) -> list[Curve]:
    region, ensemble = fit.region, fit.ensemble
    curves = [_tabulate_spectrum(fit, s) for s in range(len(fit.sets))]
    rows = {
        "model": (np.array([f.model.name for f in ensemble.fits]), "1"),
        "weight": (ensemble.weights, "1"),
        "reduced_chi2": (np.array([f.reduced for f in ensemble.fits]), "1"),
        "flagged": (np.array(["yes" if ensemble.flagged(f) else "no" for f in ensemble.fits]), "1"),
    }
    if len(region.species) > 1:
        compared = " over ".join(p.name for p in fit.compared)
        for s, one in enumerate(fit.sets):
            rows |= _tabulate_each_model(ensemble, make_log_ratio(fit, s), f"{compared}, {one.label}")
    return [*curves, Curve(f"{region.name} models", rows)]


def _tabulate_spectrum(fit: RegionFit, s: int) -> Curve:
    """A spectrum with the best model's sum, background and components, in counts."""
    best, scale = fit.ensemble.best, fit.spectra[s].scale
    part = slice(best.data.starts[s], best.data.starts[s + 1])
    columns = {
        "binding_energy": (best.data.x[part], "eV"),
        "counts": (best.data.y[part] * scale, "counts"),
        "fit": (best.spectrum()[part] * scale, "counts"),
        "background": (best.background()[part] * scale, "counts"),
    }
    overlaps = [other.name for other in fit.region.overlaps]
    for name in [*(p.name for p in fit.region.species), *overlaps]:
        area = xps_models.name_area(name, s)
        if area in best.model.index:  # overlaps are in some of the models only
            columns[name] = (best.part([area])[part] * scale, "counts")
    return Curve(f"{fit.region.name} {fit.sets[s].label}", columns)


def _tabulate_each_model(ensemble: ModelEnsemble, logarithm, name: str) -> dict:
    """Columns of what every model gives alone; its interval is labelled as that of one model."""
    found = [replace(ensemble, fits=(f,), weights=np.ones(1)).average(logarithm) for f in ensemble.fits]
    means = np.array([float(mean[0]) for mean, _, _ in found])
    stds = np.array([float(np.sqrt(within[0, 0])) for _, within, _ in found])
    columns = {name: (np.exp(means), "1")}
    columns |= {f"{name}: 95 % of this model alone, low": (np.exp(np.clip(means - 1.96 * stds, -50, 50)), "1")}
    return columns | {f"{name}: 95 % of this model alone, high": (np.exp(np.clip(means + 1.96 * stds, -50, 50)), "1")}
