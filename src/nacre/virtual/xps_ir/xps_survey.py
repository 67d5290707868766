"""A virtual survey scan: atomic fractions -> counts over the whole range of energies.

Every element shows its strongest lines in proportion to cross-section, escape depth and transmission; each line raises
what lies above it by a tail that decays slowly. Auger lines of oxygen and carbon and a satellite-free source are drawn
as well, so that there is structure which belongs to no photoelectron line.
"""

from dataclasses import replace

import numpy as np

from nacre.core.signal import Signal
from nacre.virtual.xps_ir.xps import TrueSpectrum, XpsScan, measure_spectra

# element: lines as (binding energy of the main part in eV, cross-section against C 1s, splitting, weaker over stronger)
LINES = {
    "C": [(284.8, 1.0, 0.0, 0.0)],
    "O": [(530.5, 2.931, 0.0, 0.0), (22.5, 0.1404, 0.0, 0.0)],
    "Ni": [(855.3, 22.19, 17.3, 0.5), (67.0, 2.22, 1.8, 0.5)],
    "Co": [(780.2, 19.16, 15.0, 0.5)],
    "Mn": [(642.3, 13.91, 11.7, 0.5)],
    "Hf": [(17.0, 7.52, 1.71, 0.75), (213.0, 14.98, 10.7, 0.67)],
    "Zr": [(182.2, 7.04, 2.43, 0.667), (331.0, 5.0, 14.0, 0.5)],
}
AUGER = {"C": [(1223.0, 1.2)], "O": [(978.0, 2.4), (999.0, 0.9)]}
SCALE = 3.0e4  # counts eV of one atom per atom, C 1s
PEDESTAL = 400.0


def measure_survey(fractions: dict[str, float], sample: str, seed: int, shift: float = 0.0) -> Signal:
    """A survey of 1200 to 0 eV in 1 eV steps, origin "synthetic"."""
    scan = XpsScan(0.0, 1200.0, 1.0, 0.1, 5)
    x = np.arange(0.0, 1201.0)
    kinetic = scan.photon - x
    counts = PEDESTAL + 0.5 * x
    for element, fraction in fractions.items():
        lines = [(p, s * _estimate_sensitivity(scan.photon - p), gap, weak) for p, s, gap, weak in LINES[element]]
        lines += [(p, s * _estimate_sensitivity(900.0), 0.0, 0.0) for p, s in AUGER.get(element, [])]
        for position, strength, gap, weak in lines:
            for part, offset in ((1 / (1 + weak), 0.0), (weak / (1 + weak), gap)):
                area = SCALE * fraction * strength * part
                at, sigma = position + offset + shift, 0.9
                counts = counts + area * np.exp(-0.5 * ((x - at) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
                behind = np.clip(x - at, 0.0, None)
                counts = counts + 0.012 * area * (1 - np.exp(-behind / 6.0)) * np.exp(-behind / 250.0)
    rng = np.random.default_rng(seed)
    (base,) = measure_spectra([TrueSpectrum("Survey", scan, ())], sample, seed)
    variables = dict(base.variables)
    variables["intensity"] = replace(variables["intensity"], values=rng.poisson(counts).astype(float))
    variables["transmission"] = replace(variables["transmission"], values=_estimate_transmission(kinetic))
    return replace(base, variables=variables)


def _estimate_transmission(kinetic):
    return 2.0 * (kinetic / 1000.0) ** -0.4


def _estimate_sensitivity(kinetic: float) -> float:
    """Escape depth times transmission against that of C 1s."""
    depth = (kinetic / 1201.8) ** 0.75
    return depth * _estimate_transmission(kinetic) / _estimate_transmission(1201.8)
