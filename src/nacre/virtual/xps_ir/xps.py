"""A virtual photoelectron spectrometer: a list of peaks -> counts, with known truth.

The spectrum is made in finite sums on a fine grid, scan by scan: line shapes, then the background that each loss
mechanism adds (a step that follows the running integral, or a convolution with the universal loss function), a pedestal
with slope, the analyser's transmission. What an analysis does not model: the sample charges while it is measured (each
scan is shifted a little more), the detector loses counts to its dead time, and the transmission tilts the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import voigt_profile

from nacre.core.signal import Note, Signal, Variable, table

FINE = 0.01  # eV


@dataclass(frozen=True)
class XpsPeak:
    """A line or, with a splitting, a doublet: total area in counts x eV of all scans, position of the main line.

    tail : decay length towards high binding energy over the FWHM, of a line convolved with an exponential.
    """

    area: float
    position: float
    fwhm: float
    splitting: float = 0.0
    ratio: float = 0.0
    mix: float = 0.3
    shape: str = "sum"
    tail: float = 0.0
    name: str = ""


@dataclass(frozen=True)
class XpsBackground:
    """Background: pedestal and slope (counts, over the window), step per eV, loss (times the universal function)."""

    pedestal: float = 0.0
    slope: float = 0.0
    step: float = 0.0
    loss: float = 0.0


@dataclass(frozen=True)
class XpsFlaws:
    """What the instrument does: charging from first to last scan (eV), dead time (s), transmission tilt (1/window)."""

    charging: float = 0.0
    dead_time: float = 0.0
    tilt: float = 0.0


@dataclass(frozen=True)
class XpsScan:
    """A window in binding energy (eV), its step, and how long it is counted."""

    low: float
    high: float
    step: float = 0.05
    dwell: float = 0.1
    scans: int = 10
    photon: float = 1486.6


@dataclass(frozen=True)
class TrueSpectrum:
    """One region as the truth has it. `shift` is by how much charge moves all binding energies (eV)."""

    region: str
    scan: XpsScan
    peaks: tuple[XpsPeak, ...]
    ground: XpsBackground = field(default_factory=XpsBackground)
    shift: float = 0.0


def _draw_line(x: np.ndarray, position: float, fwhm: float, mix: float, shape: str) -> np.ndarray:
    if shape == "product":  # not of the width asked for: it is said to be the Gaussian's and the Lorentzian's
        squared = ((x - position) / fwhm) ** 2
        wide = np.linspace(-200.0, 200.0, 400001)
        area = np.sum(np.exp(-4 * np.log(2) * (1 - mix) * wide**2) / (1 + 4 * mix * wide**2)) * (wide[1] - wide[0])
        return np.exp(-4 * np.log(2) * (1 - mix) * squared) / (1 + 4 * mix * squared) / (area * fwhm)
    sigma, gamma = fwhm / (2 * np.sqrt(2 * np.log(2))), fwhm / 2
    if shape == "voigt":  # FWHM of each part so that the whole has the one asked for (Olivero, Longbothum 1977)
        part = 0.5346 * mix + np.sqrt(0.2166 * mix**2 + (1 - mix) ** 2)
        return voigt_profile(x - position, sigma * (1 - mix) / part, gamma * mix / part)
    normal = np.exp(-0.5 * ((x - position) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    return (1 - mix) * normal + mix * gamma / np.pi / ((x - position) ** 2 + gamma**2)


def _draw_peak(x: np.ndarray, peak: XpsPeak, moved: float) -> np.ndarray:
    parts = [(1.0, 0.0)] if not peak.splitting else [(1.0, 0.0), (peak.ratio, peak.splitting)]
    total = sum(weight for weight, _ in parts)
    whole = sum(
        peak.area * weight / total * _draw_line(x, peak.position + offset + moved, peak.fwhm, peak.mix, peak.shape)
        for weight, offset in parts
    )
    if not peak.tail:
        return whole
    fade = np.exp(-np.arange(0.0, 20 * peak.tail * peak.fwhm, FINE) / (peak.tail * peak.fwhm))
    fade[0] /= 2  # half of the first bin lies before the line
    return np.convolve(whole, fade / fade.sum())[: x.size]


def compute_expected(spectrum: TrueSpectrum, flaws: XpsFlaws | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(binding energy, expected counts of all scans), rising in energy."""
    scan, ground, flaws = spectrum.scan, spectrum.ground, flaws or XpsFlaws()
    energy = scan.low + scan.step * np.arange(round((scan.high - scan.low) / scan.step) + 1)
    fine = np.arange(scan.low - 30.0, scan.high + FINE / 2, FINE)
    drift = np.linspace(-0.5, 0.5, scan.scans) * flaws.charging if flaws.charging else np.zeros(1)
    moves = [spectrum.shift + move for move in drift]
    primary = np.mean([sum((_draw_peak(fine, p, move) for p in spectrum.peaks), 0.0 * fine) for move in moves], axis=0)
    whole = primary.copy()
    if ground.step:
        whole += ground.step * np.cumsum(primary) * FINE
    if ground.loss:
        lost = np.arange(0.0, fine[-1] - fine[0], FINE)
        kernel = lost / (1643.0 + lost**2) ** 2
        whole += ground.loss * np.convolve(primary, kernel)[: fine.size] * FINE
    counts = np.interp(energy, fine, whole)
    place = (energy - energy.mean()) / np.ptp(energy)
    counts = counts + ground.pedestal + ground.slope * place
    counts = counts * (1 + flaws.tilt * place)
    gate = scan.dwell * scan.scans
    return energy, counts / (1 + counts / gate * flaws.dead_time)


def measure_spectra(
    spectra: Sequence[TrueSpectrum], sample: str, seed: int, flaws: XpsFlaws | None = None
) -> list[Signal]:
    """Counted spectra of one sample as Signals, origin "synthetic"; the same seed gives the same counts."""
    rng = np.random.default_rng(seed)
    return [_make_signal(spectrum, rng.poisson, sample, flaws or XpsFlaws()) for spectrum in spectra]


def _make_signal(spectrum: TrueSpectrum, draw, sample: str, flaws: XpsFlaws) -> Signal:
    energy, counts = compute_expected(spectrum, flaws)
    scan = spectrum.scan
    columns = {
        "binding_energy": (energy, "eV"),
        "kinetic_energy": (scan.photon - energy, "eV"),
        "intensity": (draw(counts).astype(float), "counts"),
    }
    metadata = {
        "region": spectrum.region,
        "block": spectrum.region,
        "sample": sample,
        "instrument": "virtual spectrometer",
        "photon_energy_eV": scan.photon,
        "dwell_s": scan.dwell,
        "scans": float(scan.scans),
        "emission_angle_deg": 45.0,
        "date": "2024-01-15",
    }
    kind = "xps-survey" if scan.high - scan.low > 250 else "xps"
    note = Note("info", f"made by a virtual spectrometer from the truth of '{sample}'")
    signal = table(kind, columns, axis="energy", metadata=metadata, notes=(note,), origin="synthetic")
    passed = (1486.6 - energy) / 1000.0
    variables = {**signal.variables, "transmission": Variable(2.0 * passed**-0.4, "1", ("energy",))}
    return Signal(kind, variables, metadata, None, (note,), "synthetic", spectrum.region)
