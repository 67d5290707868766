"""Core-level spectra made from physics, in plain numpy and scipy: nothing of the package under test is used here.

A photoelectron line is a Lorentzian (lifetime) times or convolved with a Gaussian (instrument, disorder), or a profile
with an exponential tail to higher binding energy. Doublets have the area ratio (2j + 1). Behind every line Shirley's
step rises, and the counts are Poisson.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import voigt_profile

HF_SPLITTING, HF_RATIO = 1.71, 3 / 4
S_SPLITTING, S_RATIO = 1.18, 1 / 2


@dataclass(frozen=True)
class TrueLine:
    """A doublet: area in counts x eV, position of the stronger line and FWHM in eV."""

    area: float
    position: float
    fwhm: float
    shape: str = "sum"
    splitting: float = HF_SPLITTING
    ratio: float = HF_RATIO


def make_profile(shape: str, u: np.ndarray) -> np.ndarray:
    """Profile over (energy - position)/FWHM, not normalised, (n,)."""
    normal, lorentz = np.exp(-4 * np.log(2) * u**2), 1 / (1 + 4 * u**2)
    if shape == "sum":
        return 0.7 * normal + 0.3 * lorentz
    if shape == "product":
        return np.exp(-4 * np.log(2) * 0.7 * u**2) / (1 + 4 * 0.3 * u**2)
    if shape == "voigt":
        return voigt_profile(u, 0.8 / 2.3548, 0.17)
    if shape == "tail":
        # one-sided exponential decay mixed in, as CasaXPS and others write asymmetric lines
        core = 0.7 * normal + 0.3 * lorentz
        return np.where(u > 0, core + (1 - core) * 0.35 * np.exp(-1.5 * np.maximum(u, 0)) * (1 - normal), core)
    raise ValueError(shape)


def make_line(energy: np.ndarray, line: TrueLine) -> np.ndarray:
    """Counts of a doublet (n,), its area that of the profile over a wide grid."""
    wide = np.linspace(-40, 40, 32001)
    whole = np.trapezoid(make_profile(line.shape, wide), wide) * line.fwhm
    total = np.zeros_like(energy)
    weights = (1 / (1 + line.ratio), line.ratio / (1 + line.ratio))
    for weight, offset in zip(weights, (0.0, line.splitting), strict=True):
        u = (energy - line.position - offset) / line.fwhm
        total += weight * line.area * make_profile(line.shape, u) / whole
    return total


def make_spectrum(
    energy: np.ndarray, lines: list[TrueLine], floor: float, step: float = 0.05, singlets: tuple = ()
) -> np.ndarray:
    """Expected counts (n,) on rising energies; singlets are (area, position, fwhm) Gaussians of other levels."""
    peaks = sum(make_line(energy, line) for line in lines)
    for area, position, fwhm in singlets:
        peaks = peaks + area / (fwhm * 1.0645) * np.exp(-4 * np.log(2) * ((energy - position) / fwhm) ** 2)
    inelastic = step * np.concatenate(([0.0], np.cumsum(0.5 * (peaks[1:] + peaks[:-1]) * np.diff(energy))))
    return floor + peaks + inelastic


def make_scenario(name: str, rng: np.random.Generator) -> tuple[str, np.ndarray, np.ndarray, float]:
    """(region, rising energies, counts, share in % of its first species) of one draw.

    Hf 4f: HfO2 at 18.1 eV over that plus Li2HfO3 at 15.6 eV; S 2p: argyrodite at 161.6 eV over that plus the others.
    Positions and widths scatter from draw to draw, as from sample to sample.
    """
    share, scale = rng.uniform(0.35, 0.65), 10.0 if name == "counts" else 1.0
    widths = (1.5, 1.5 * rng.uniform(1.1, 1.35)) if name == "widths" else (1.6, 1.6)
    shape = name if name in ("product", "tail", "voigt") else "sum"
    if name == "counts":
        shape = "product"
    energy, total = np.arange(11.0, 25.0, 0.05), 9000.0 * scale
    places = rng.normal((18.1, 15.6), 0.1)
    lines = [
        TrueLine(total * part, place, width, shape)
        for part, place, width in zip((share, 1 - share), places, widths, strict=True)
    ]
    if name == "third":
        lines.append(TrueLine(0.08 * total, 14.0 + rng.normal(0, 0.05), 1.4))
    others = ((0.25 * total, 23.0, 3.5),) if name == "oxygen" else ()
    return "Hf 4f", energy, rng.poisson(make_spectrum(energy, lines, 1500.0 * scale, singlets=others)), 100 * share
