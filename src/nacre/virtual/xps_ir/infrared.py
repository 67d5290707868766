"""A virtual ATR infrared spectrometer: carbonate on an oxide powder, with known truth.

Bands are Gaussians and skewed Lorentzians on the flank of the metal-oxygen absorption. Every load of powder touches the
crystal differently (one factor for the whole spectrum), and the record has what an analysis does not model: a curved
and drifting baseline, lines of water vapour that were not compensated, a band of adsorbed water, noise.
"""

from dataclasses import dataclass

import numpy as np

from nacre.core.signal import Note, Signal, table


@dataclass(frozen=True)
class InfraredPowder:
    """What is on the crystal: height of the carbonate bands against the oxide's flank, and adsorbed water."""

    carbonate: float
    water: float = 0.004
    oxide: float = 0.6


@dataclass(frozen=True)
class InfraredFlaws:
    """Scatter of contact between loads (relative), drift and curvature of the baseline, vapour, noise (absorbance)."""

    contact: float = 0.15
    drift: float = 0.004
    vapour: float = 0.0006
    noise: float = 0.0002


def measure_infrared(powder: InfraredPowder, name: str, seed: int, flaws: InfraredFlaws | None = None) -> Signal:
    """One load, 1800 to 600 cm-1 in steps of 2, absorbance; the same seed gives the same spectrum."""
    flaws, rng = flaws or InfraredFlaws(), np.random.default_rng(seed)
    x = np.arange(1800.0, 599.0, -2.0)
    band = _draw_skewed_band(x, 1424.0, 30.0, 0.10) + 0.75 * _draw_skewed_band(x, 1490.0, 25.0, -0.05)
    band += 0.45 * np.exp(-0.5 * ((x - 868.0) / 6.0) ** 2)
    own = powder.carbonate * band + powder.oxide / (1 + np.exp((x - 585.0) / 24.0))
    own += powder.water * np.exp(-0.5 * ((x - 1637.0) / 32.0) ** 2)
    contact = np.exp(rng.normal(0.0, flaws.contact))
    place = (x - 1200.0) / 600.0
    base = 0.02 + flaws.drift * (rng.normal() * place + rng.normal() * place**2)
    lines = rng.uniform(1400.0, 1800.0, 24)
    vapour = sum(np.exp(-0.5 * ((x - line) / 2.5) ** 2) for line in lines)
    values = contact * own + base + flaws.vapour * rng.normal() * vapour + rng.normal(0.0, flaws.noise, x.size)
    columns = {"wavenumber": (x, "1/cm"), "absorbance": (values, "1")}
    note = Note("info", f"made by a virtual spectrometer, seed {seed}")
    return table(
        "infrared",
        columns,
        axis="wavenumber",
        metadata={"quantity": "absorbance", "sample": name},
        notes=(note,),
        origin="synthetic",
        name=name,
    )


def _draw_skewed_band(x: np.ndarray, position: float, half: float, skew: float) -> np.ndarray:
    width = half * (1 + skew * np.tanh((x - position) / half))
    return np.exp(-0.5 * ((x - position) / width) ** 2)
