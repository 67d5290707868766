"""How often the default analysis of a region holds the true share: `python -m truth.foreign.xps.cover N` in tests/."""

import sys
import time
from dataclasses import dataclass

import numpy as np

from nacre.materials.spectra.xps_species import SHAPES, load_species
from nacre.techniques.xps_ir import xps_models
from nacre.techniques.xps_ir.missing_species import search_line
from nacre.techniques.xps_ir.region_fit import RegionFit
from truth.foreign.xps.spectra import make_scenario

SCENARIOS = ("sum", "product", "tail", "voigt", "widths", "oxygen", "counts", "third")


@dataclass(frozen=True)
class ShareCoverage:
    """Of n draws: fraction held by 95 % intervals, fraction held or flagged, stated over actual error, seconds each."""

    held: float
    honest: float
    error: float
    flagged: float
    named: float
    seconds: float


def cover_share(scenario: str, n: int, seed: int = 7, shapes: tuple[str, ...] = SHAPES) -> ShareCoverage:
    """Coverage of the share of the first species over n draws."""
    rng, rows, begin = np.random.default_rng(seed), [], time.perf_counter()
    for _ in range(n):
        name, energy, counts, truth = make_scenario(scenario, rng)
        region = load_species().region(name)
        models = xps_models.list_candidates(region, shapes=shapes)
        spectrum = xps_models.XpsSpectrum(energy, counts.astype(float))
        ensemble = xps_models.fit_all(models, [spectrum])
        found = search_line(RegionFit(region, (), (spectrum,), ensemble))
        areas = [xps_models.name_area(species.name) for species in region.species]

        def share(values, model, areas=areas):
            seen = np.array([values[model.index[area]] for area in areas])
            return 100 * seen[:1] / seen.sum()

        mean, within, between = ensemble.average(share)
        rows.append(
            (mean[0] - truth, float(np.sqrt(within + between)[0, 0]), ensemble.dispersion > 1, found is not None)
        )
    off, std, flagged, named = (np.array(column) for column in zip(*rows, strict=True))
    held = np.abs(off) <= 1.96 * std
    error = float(np.sqrt(np.mean(std**2) / np.mean(off**2)))
    seconds = (time.perf_counter() - begin) / n
    return ShareCoverage(held.mean(), (held | flagged | named).mean(), error, flagged.mean(), named.mean(), seconds)


if __name__ == "__main__":
    for scenario in SCENARIOS:
        cover = cover_share(scenario, int(sys.argv[1]), shapes=tuple(sys.argv[2:]) or SHAPES)
        sys.stdout.write(f"{scenario}: {cover}\n")
        sys.stdout.flush()
