"""Is there a weak edge on a strong background that a reference spectrum describes? Energy losses in eV, plain arrays.

The spectrum is the reference (brought to the same thickness, times a slope that is free, and shifted), a power law, the
edges of metals that may spill in, and the edge looked for, whose onset and near-edge shape are known within bounds.
Each shape is tried; the strongest evidence counts, and its significance is that of the best of all shapes on noise.

Plural scattering: R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed., Springer 2011,
section 4.1 (Fourier-log): J = Z exp(s), so that a reference of thickness t1 becomes one of t2 by J exp((t2/t1 - 1) s).
"""

from dataclasses import dataclass

import numpy as np

DRAWS = 4000
ZERO_REACH = 4.0  # eV on either side of the zero loss that belong to it
ZERO_SEARCH = 25.0  # eV from 0 of the stated scale, within which a zero loss is looked for


@dataclass(frozen=True)
class ZeroLoss:
    """Place in eV, area, and area of the whole spectrum: t / lambda = ln(total / area)."""

    at: float
    area: float
    total: float

    @property
    def thickness(self) -> float:
        return float(np.log(self.total / self.area))


def find_zero_loss(energy: np.ndarray, counts: np.ndarray) -> ZeroLoss | None:
    """The zero-loss peak wherever it lies within ZERO_SEARCH of 0 on the stated scale; None where there is none.

    Energies (n,) in eV, counts (n,). It is the highest and first of all peaks, stands five times above what follows it,
    and nothing lies before it.
    """
    near = np.abs(energy) < ZERO_SEARCH
    if not near.any() or counts[near].max() <= 0:
        return None
    peak = energy[near][np.argmax(counts[near])]
    beyond, before = energy > peak + ZERO_REACH, energy < peak - ZERO_REACH
    # its own flank must be in the spectrum: a plasmon that the range cuts off is none
    if energy[0] > peak - 1.0 or not beyond.any():
        return None
    top = float(counts[near].max())
    if top < 5 * np.median(counts[beyond]) or (before.any() and counts[before].max() > 0.1 * top):
        return None
    half = np.count_nonzero(counts[np.abs(energy - peak) < 2 * ZERO_REACH] > 0.5 * top) * (energy[1] - energy[0])
    if half > ZERO_REACH:  # a plasmon is wider than any source's spread
        return None
    inside = np.abs(energy - peak) < 1.0
    at = float(np.average(energy[inside], weights=np.maximum(counts[inside], 0)))
    zero = np.abs(energy - at) < ZERO_REACH
    return ZeroLoss(at, float(counts[zero].sum()), float(counts[energy > at - ZERO_REACH].sum()))


def measure_relative_thickness(
    energy: np.ndarray, reference: np.ndarray, own: ZeroLoss, thickness: float
) -> np.ndarray:
    """The reference as a specimen of another thickness (in mean free paths) would give it, at the same zero loss."""
    n = 4 * energy.size
    zero = np.where(np.abs(energy - own.at) < ZERO_REACH, reference, 0.0)
    start = int(np.argmin(np.abs(energy - own.at)))
    both = [np.fft.rfft(np.roll(np.pad(part, (0, n - energy.size)), -start)) for part in (reference, zero)]
    seen = np.abs(both[1]) > 0.02 * zero.sum()
    ratio = np.where(seen, both[0] / np.where(seen, both[1], 1), 1.0)
    steps = np.log(np.abs(ratio)) + 1j * np.unwrap(np.angle(ratio))
    fade = np.minimum(np.abs(both[1]) / (0.2 * zero.sum()), 1.0)  # no gain where the zero loss has no content
    made = both[0] * np.exp((thickness / own.thickness - 1) * steps * np.where(seen, fade, 0.0))
    return np.roll(np.fft.irfft(made, n), start)[: energy.size]


def make_edge(energy: np.ndarray, onset: float, peak: float, second: float = 0.0, width: float = 0.8) -> np.ndarray:
    """An edge of height 1: a blurred step that falls as the cube, with `peak` times a near-edge peak 3.5 eV above it.

    second : height of a second peak, 10 eV above the onset, over the first.
    """
    safe = np.maximum(energy, 1.0)
    step = 0.5 * (1 + np.tanh((energy - onset - 0.7) / width)) * (safe / onset) ** -3.0
    first, beyond = (np.exp(-0.5 * ((energy - onset - at) / wide) ** 2) for at, wide in ((3.5, 1.9), (10.0, 3.0)))
    return step + peak * (first + second * beyond)


def scatter_plurally(shape: np.ndarray, energy: np.ndarray, low_loss: np.ndarray, zero: ZeroLoss) -> np.ndarray:
    """An edge as it is after the electrons were scattered once more, or more often, by the valence electrons."""
    start = int(np.argmin(np.abs(energy - zero.at)))
    kernel = low_loss[start:] / low_loss[start:].sum()
    return np.convolve(shape, kernel)[: shape.size]


def bin_counts(values: np.ndarray, by: int) -> np.ndarray:
    """Sums of `by` neighbours; the rest at the end is left out."""
    size = values.shape[-1] // by * by
    return values[..., :size].reshape(*values.shape[:-1], -1, by).sum(-1)


@dataclass(frozen=True)
class EdgeFit:
    """The best of the shapes tried, and what noise makes of it.

    best : its index; amplitude and std; z : amplitude / std of the best; p : part of noise whose best z is as high;
    limit : amplitude above which the edge is found in 95 % of cases; upper : 95 % upper limit; metals, metals_std : of
    the metals' edges, beside the edge; dispersion : chi2 per degree of freedom; rest, fitted : curves; z_each,
    amplitude_each : of every shape.
    """

    best: int
    amplitude: float
    std: float
    z: float
    p: float
    limit: float
    upper: float
    metals: float
    metals_std: float
    dispersion: float
    rest: np.ndarray
    fitted: np.ndarray
    z_each: np.ndarray
    amplitude_each: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """How likely each shape is beside the best, all being as likely beforehand."""
        return np.where(self.z_each > 0, np.exp(np.minimum(0.5 * (self.z_each**2 - self.z**2), 0)), 0.0)


def find_edge(
    counts: np.ndarray,
    variance: np.ndarray,
    nuisance: np.ndarray,
    metals: np.ndarray,
    shapes: np.ndarray,
    *,
    counted: bool,
    significance: float,
    rng: np.random.Generator,
) -> EdgeFit:
    """Fits counts (n,) by nuisance (k, n), the metals' edges (n,) in fixed proportions, and one of shapes (s, n).

    variance : that of the counts and of the reference in them; counted : the numbers are counts, so that their scatter
    is no less than that; significance : part of noise that may be taken for an edge.
    """
    weight = 1 / np.sqrt(variance)
    y, guard, base, edges = counts * weight, metals * weight, nuisance * weight, shapes * weight
    base = base / np.linalg.norm(base, axis=1, keepdims=True)
    left = _remove_projection(np.vstack([y, edges]), np.vstack([base, guard]))
    residual, norms = left[0], np.linalg.norm(left[1:], axis=1)
    directions = left[1:] / norms[:, None]
    z = directions @ residual
    best = int(np.argmax(z))
    freedom = max(y.size - len(base) - 2, 1)
    dispersion = float((residual @ residual - max(z[best], 0) ** 2) / freedom)
    scale = float(np.sqrt(max(dispersion, 1.0) if counted else dispersion))
    # what the best of all shapes reaches on noise alone
    noise = (rng.normal(size=(DRAWS, y.size)) @ directions.T).max(axis=1)
    reached, amplitude, std = z[best] / scale, z[best] / norms[best], scale / norms[best]
    other = _remove_projection(np.vstack([y, guard]), np.vstack([base, edges[best]]))
    strength = np.linalg.norm(other[1])
    part = np.vstack([base, guard, edges[best]])
    coefficients = np.linalg.lstsq(part.T, y, rcond=None)[0]
    fitted = coefficients @ part / weight
    return EdgeFit(
        best,
        float(amplitude),
        float(std),
        float(reached),
        float((np.sum(noise >= reached) + 1) / (DRAWS + 1)),
        float((np.quantile(noise, 1 - significance) + 1.645) * std),
        float(max(amplitude, 0.0) + 1.645 * std),
        float(other[1] @ other[0] / strength**2),
        float(scale / strength),
        dispersion,
        fitted - coefficients[-1] * edges[best] / weight,
        fitted,
        z / scale,
        z / norms,
    )


def _remove_projection(rows: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Rows with their part along `ground` taken out."""
    q = np.linalg.qr(ground.T)[0]
    return rows - (rows @ q) @ q.T
