"""Coverage of the plain standard deviations of a, c, z and the antisites, on a fixed subset of seeds.

    python tests/techniques/test_rietveld_coverage.py 400      the whole table

The patterns hold the hump of the glass, air scatter, the gain of detector modules and a rest of K-alpha2, none of which
is in the model; the tail of the lines is left out here, as it moves the cell by more than counting does (that is what a
line standard is for).
"""

import sys
from dataclasses import replace

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.context import Context
from nacre.materials.crystals import make_layered
from nacre.techniques.diffraction.options import RietveldOptions
from nacre.techniques.diffraction.problem_setup import make_problem
from nacre.virtual.diffraction import diffractometer as virtual

FORMULA = "LiNi0.85Co0.10Mn0.05O2"
TRUTH = {"lattice_a": 2.874, "lattice_c": 14.205, "oxygen_z": 0.259, "ni_li": 3.2}
SUBSET = 24


def draws(seeds) -> dict[str, np.ndarray]:
    """(n, 2) errors and standard deviations of each quantity over seeds."""
    from nacre.techniques.diffraction import rietveld, rietx_engine

    registry.techniques()
    crystal = make_layered(FORMULA, a=2.874, c=14.205, z=0.259, ni_li=0.032)
    b = {"Li_b": 1.0, "Ni_b": 1.0, "O": 0.6}
    crystal = replace(crystal, sites=tuple(replace(site, b_iso=b.get(site.label, 0.3)) for site in crystal.sites))
    scan = virtual.DiffractionScan(
        (virtual.DiffractionPowder(crystal, 1.0, 250.0, 0.0015),), replace(virtual.Beam(), tail=0.0)
    )
    options = RietveldOptions(geometry="capillary", mu_r=0.0, composition=FORMULA, background=17)
    found: dict[str, list] = {name: [] for name in TRUTH}
    for seed in seeds:
        fit = rietx_engine.refine(make_problem(virtual.simulate_pattern(scan, seed), Context(), options, {}))
        for entry in rietveld.report_main_phase(fit, 1.0, f"draw {seed}"):
            if entry.name in TRUTH:
                found[entry.name].append((entry.quantity.value - TRUTH[entry.name], entry.quantity.std))
    return {name: np.array(rows) for name, rows in found.items()}


def summary(rows: np.ndarray) -> tuple[float, float, float]:
    """(coverage of the nominal 95 %, mean standard deviation over actual error, bias in standard deviations)."""
    error, std = rows.T
    covered = float(np.mean(np.abs(error) < 1.959964 * std))
    return covered, float(std.mean() / np.sqrt(np.mean(error**2))), float(np.mean(error / std))


@pytest.mark.slow
def test_plain_standard_deviations_cover():
    pytest.importorskip("rietx", reason="Rietveld refinement needs the engine rietx")
    limit = 3 * np.sqrt(0.95 * 0.05 / SUBSET)
    for name, rows in draws(range(1000, 1000 + SUBSET)).items():
        covered, ratio, _ = summary(rows)
        assert covered > 0.95 - limit, name
        assert 0.65 < ratio < 1.6, name  # 0.8 to 1.3 in the whole table; a subset of 24 scatters


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else SUBSET
    for quantity, table in draws(range(1000, 1000 + n)).items():
        sys.stdout.write(f"{quantity} n={n} coverage={summary(table)}\n")
