"""One region of the photoelectron spectra, fitted in all samples that have it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nacre.core.result import Subject
from nacre.core.signal import Signal
from nacre.materials.spectra.xps_species import CoreLevelRegion, Species, load_species
from nacre.physics.xps_ir.ensemble import ModelEnsemble
from nacre.techniques.xps_ir import energy_scale, xps_models

SIGNIFICANT = 4.0  # an amount below this many standard deviations is not distinguished from zero


@dataclass(frozen=True)
class XpsSampleSet:
    """All spectra of one sample, calibrated; the declared phases of its coating."""

    name: str
    who: str
    label: str
    subject: Subject | None
    state: Mapping[str, Any]
    signals: tuple[Signal, ...]
    scale: energy_scale.EnergyScale
    phases: tuple[str, ...] = ()

    def of(self, region: CoreLevelRegion) -> Signal | None:
        found = [s for s in self.signals if load_species().find(s.name) is region]
        return found[0] if found else None


@dataclass(frozen=True)
class RegionFit:
    """One region, fitted in all sets that have it. pair : the species whose ratio is wanted."""

    region: CoreLevelRegion
    sets: tuple[XpsSampleSet, ...]
    spectra: tuple[xps_models.XpsSpectrum, ...]
    ensemble: ModelEnsemble
    pair: tuple[Species, Species] | None = None

    @property
    def compared(self) -> tuple[Species, ...]:
        """Two species, one over the other: the pair, else the first two."""
        return self.pair or self.region.species[:2]


def make_log_ratio(fit: RegionFit, s: int):
    """Function of the parameters: ln of the area of one species over that of the other, in spectrum `s`."""
    first, second = (xps_models.name_area(p.name, s) for p in fit.compared)

    def function(values, model):
        return np.log(np.maximum(values[model.index[first]], 1e-9) / np.maximum(values[model.index[second]], 1e-9))

    return function


def is_seen(fit: RegionFit, species: Species, s: int) -> bool:
    """Whether a species' area stands out from its error, in the most likely model."""
    best, name = fit.ensemble.best, xps_models.name_area(species.name, s)
    return best.value(name) > SIGNIFICANT * best.std(name) * np.sqrt(fit.ensemble.dispersion)


def is_at_limit(fit: RegionFit, species: Species) -> bool:
    """Whether a species ran to the limit of where it may lie, in the models that hold most of the weight."""
    name = f"position {species.name}"
    bound = np.array([not fitted.free[fitted.model.index[name]] for fitted in fit.ensemble.fits])
    return float(fit.ensemble.weights[bound].sum()) > 0.5
