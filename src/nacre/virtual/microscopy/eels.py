"""A virtual spectrometer of electron energy losses below 130 eV: hafnia, lithium, the core's metals, carbon.

Each channel's expectation is built up in the order of nature: losses of a single scattering event, any number of
events, the spread of the gun, the tails of the camera. Then comes what an analysis does not model: the energy drifts
from frame to frame, channels differ in gain, the reading adds noise, the coating has another chemistry than the
reference (its hafnium peaks are moved and weighed a little differently), and carbon lies upon it. Shapes are
chosen to look like spectra of an atlas, and are assumed; none is a function of the analysis.

After R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed., Springer 2011, chapters 3-4.
"""

from dataclasses import dataclass

import numpy as np

from nacre.core.signal import Note, Signal, Variable

START, STOP = -20.0, 130.0
NORM = 48.0  # eV, where `counts` are counted
# plasmons and interband losses: (energy, width, weight); hafnium O2,3 and beyond: (onset, peak, width, weight)
HAFNIA_VALENCE = ((15.8, 5.5, 1.0), (26.5, 9.0, 0.75), (18.5, 2.5, 0.12))
HAFNIUM = ((31.0, 34.0, 2.6, 0.16), (35.0, 38.2, 2.4, 0.20), (39.0, 43.5, 4.5, 0.22), (44.0, 50.0, 12.0, 0.12))
METALS = {"Mn": (47.5, 51.5, 3.0, 0.05), "Co": (58.5, 62.0, 3.2, 0.10), "Ni": (65.0, 69.5, 3.5, 0.85)}


@dataclass(frozen=True)
class Matter:
    """What the beam passes: thickness in mean free paths; edges as their greatest height over the loss beneath.

    chemistry : how far hafnium's peaks differ from those of the reference, in units of 0.1 eV and 2 % of their weight.
    metals : edges of the core's nickel, cobalt and manganese, by spill-over, with the lithium that comes with them.
    """

    thickness: float = 0.45
    lithium: float = 0.0
    metals: float = 0.0
    carbon: float = 0.15
    chemistry: float = 0.0
    hafnium: float = 1.0


@dataclass(frozen=True)
class EelsSpectrometer:
    """How it is recorded: counts per channel at 48 eV, step in eV, and the flaws."""

    counts: float = 1e4
    step: float = 0.2
    width: float = 0.9
    tail: float = 0.01
    drift: float = 0.15
    gain: float = 0.003
    read_noise: float = 2.0
    offset: float = 0.0
    frames: int = 8


def measure_eels(
    matter: Matter, tool: EelsSpectrometer | None = None, *, seed: int, name: str = "virtual EELS"
) -> Signal:
    """One "spectrum" of counts over the energy loss."""
    tool, rng = tool or EelsSpectrometer(), np.random.default_rng(seed)
    fine = np.arange(START - 10, STOP + 10, tool.step / 2)
    expected = _add_edges(fine, matter, tool)
    energy = np.arange(START, STOP, tool.step)
    level = np.interp(NORM, fine, expected)
    counts = np.zeros(energy.size)
    drift = tool.drift * (np.linspace(-0.5, 0.5, tool.frames) + 0.1 * rng.normal(size=tool.frames))
    for shift in drift:
        counts += np.interp(energy, fine + shift + tool.offset, expected) / level * tool.counts / tool.frames
    counts *= 1 + tool.gain * rng.normal(size=energy.size)
    counts = rng.poisson(np.maximum(counts, 0)) + tool.read_noise * rng.normal(size=energy.size)
    variables = {
        "counts": Variable(np.maximum(np.rint(counts), 0), "1", ("energy",)),
        "energy": Variable(energy * 1e-3, "keV", ("energy",)),
    }
    metadata = {"beam_kV": 300.0, "signal_type": "ELS", "title": name}
    note = Note("info", f"made by a virtual spectrometer, seed {seed}")
    return Signal("spectrum", variables, metadata, None, (note,), "synthetic", name)


def _add_edges(e: np.ndarray, matter: Matter, tool: EelsSpectrometer) -> np.ndarray:
    """The recorded shape; edges are scaled so that their height over what lies beneath is as stated."""

    def recorded(lithium: float, metals: float) -> np.ndarray:
        return _blur(_scatter_plurally(_draw_single_loss(e, matter, lithium, metals), matter.thickness, e), e, tool)

    ground = recorded(0.0, 0.0)
    total, range_ = ground, (e > 50) & (e < 80)
    for name, asked in (("lithium", matter.lithium), ("metals", matter.metals)):
        if asked:
            edge = recorded(*((0.01, 0.0) if name == "lithium" else (0.0, 0.01))) - ground
            total = total + edge * asked / (edge / ground)[range_].max()
    return total


def _draw_single_loss(e: np.ndarray, matter: Matter, lithium: float, metals: float) -> np.ndarray:
    """Losses of one event per eV; without edges their area is 1."""
    safe = np.maximum(e, 0.1)
    valence = sum(w * _evaluate_drude(safe, at, width) / width for at, width, w in HAFNIA_VALENCE)
    peaks = 0.0
    for (onset, at, width, weight), turn in zip(HAFNIUM, (1, -1, 0.5, 0), strict=True):
        shift, change = 0.1 * matter.chemistry, 1 + 0.02 * matter.chemistry * turn
        peaks = peaks + 1.2 * weight * change * _draw_bump(safe, onset + shift, at + shift, width)
    loss = (valence + matter.hafnium * peaks) / 6 + matter.carbon * _evaluate_drude(safe, 24.0, 14.0) / 60
    loss = np.where(e > 4, loss * -np.expm1(-((np.maximum(e - 4, 0) / 3) ** 2)), 0.0)
    loss /= loss.sum() * (e[1] - e[0])
    edges = (lithium + 0.35 * metals) * _draw_lithium_edge(safe)
    for onset, at, width, share in METALS.values():
        edges = edges + metals * share * _draw_bump(safe, onset, at, width)
    return loss + np.interp(60.0, e, loss) * edges


def _evaluate_drude(e: np.ndarray, at: float, width: float) -> np.ndarray:
    """Energy loss of a free-electron gas: E (W Ep)^2 / ((E^2 - Ep^2)^2 + (E W)^2), Ep at its peak."""
    return e * (width * at) ** 2 / ((e**2 - at**2) ** 2 + (e * width) ** 2)


def _draw_bump(e: np.ndarray, onset: float, peak: float, width: float) -> np.ndarray:
    """Nothing below the onset, 1 at the peak, a slow fall beyond."""
    x = np.maximum(e - onset, 0) / (peak - onset)
    rise = x**2 * np.exp(2 * (1 - x))
    return np.where(e < peak, rise, np.maximum(rise, (1 + np.maximum(e - peak, 0) / (3 * width)) ** -2.2))


def _draw_lithium_edge(e: np.ndarray) -> np.ndarray:
    """K edge of lithium in an oxide: onset 57.5 eV, a strong peak, a second one, and a fall with the loss."""
    first = np.exp(-0.5 * (np.log(np.maximum(e - 55.5, 0.01) / 5.0) / 0.32) ** 2)
    second = 0.45 * np.exp(-0.5 * ((e - 67.0) / 3.5) ** 2)
    fall = 0.6 * (np.maximum(e, 58.0) / 58.0) ** -2.8 * -np.expm1(-np.maximum(e - 57.5, 0) / 1.8)
    return first + second + fall


def _scatter_plurally(single: np.ndarray, thickness: float, e: np.ndarray) -> np.ndarray:
    """No event, one, two ... by Poisson's law; the unscattered electrons stand in the channel at zero."""
    step = e[1] - e[0]
    zero = int(np.argmin(np.abs(e)))
    total, order = np.zeros(e.size), single * step
    total[zero] = np.exp(-thickness)
    share = np.exp(-thickness)
    for n in range(1, 9):
        share *= thickness / n
        total += share * order
        order = np.convolve(order, single * step)[zero : zero + e.size]
    return total


def _blur(loss: np.ndarray, e: np.ndarray, tool: EelsSpectrometer) -> np.ndarray:
    """Blurred by the gun (steeper on the side of gain) and by the camera, whose tails are long."""
    step = e[1] - e[0]
    x = np.arange(-30, 30 + step / 2, step)
    sigma = tool.width / 2.355 * np.where(x < 0, 0.85, 1.15)
    core = np.exp(-0.5 * (x / sigma) ** 2)
    tails = 1 / (1 + (x / (0.5 * tool.width)) ** 2) ** 1.4
    kernel = (1 - tool.tail) * core / core.sum() + tool.tail * tails / tails.sum()
    return np.convolve(loss, kernel, mode="same")
