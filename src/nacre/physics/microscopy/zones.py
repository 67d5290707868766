"""The zone and phase behind the spots of an image's Fourier transform, where some spots are false or of another grain.

Two spots chosen once are too often the wrong two. So many pairs are tried (each by `indexing.solve`), each zone that
comes out is fitted to all spots it explains, and the zones are ranked by a likelihood: a spot is either one of the M
reflections that the zone has in the range seen, with a small error, or false and anywhere. A zone with many reflections
thus pays for each match, as it would match by chance; and so does a zone of high index, of which there are many.
Spots are given strongest first.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from nacre.physics.microscopy import indexing
from nacre.physics.microscopy.indexing import Tolerance, compute_reciprocal

FALSE, FALSE_WEAK = 0.1, 0.5  # how likely a spot, and a weak spot, belongs to no lattice, beforehand
WEAK = 0.03  # of the strongest spot's power: thin crystals show reflections of the next Laue zone so weakly
MOST_PAIRS = 14


@dataclass(frozen=True)
class PhaseLattice:
    """What a phase may show: hkl unique by symmetry, all allowed hkl, cell in angstrom and deg."""

    first: np.ndarray
    every: np.ndarray
    cell: tuple[float, ...]


@dataclass(frozen=True)
class MatchedZone:
    """A zone that explains spots: hkl (n, 3) with zero rows where unmatched, axis, scale, relative misfit, evidence.

    evidence : log-likelihood over that of spots anywhere; predicted (m, 2): its reflections in the frame of the spots.
    """

    hkl: np.ndarray
    axis: tuple[int, int, int]
    scale: float
    residual: float
    evidence: float
    predicted: np.ndarray

    @property
    def matched(self) -> np.ndarray:
        return np.any(self.hkl != 0, axis=1)


def estimate_doubts(strength: np.ndarray) -> np.ndarray:
    """How likely each spot belongs to no lattice, beforehand, from its power."""
    strength = np.asarray(strength, float)
    return np.where(strength < WEAK * strength.max(initial=0.0), FALSE_WEAK, FALSE)


def list_pairs(spots: np.ndarray, most: int = MOST_PAIRS) -> list[tuple[int, int]]:
    """Pairs of spots that are not on one line, of the strongest first."""
    length = np.linalg.norm(spots, axis=1)
    across = np.abs(spots[:, 0][:, None] * spots[:, 1] - spots[:, 1][:, None] * spots[:, 0])
    order = sorted(combinations(range(len(spots)), 2), key=lambda pair: (pair[1], pair[0]))
    found = [(a, b) for a, b in order if across[a, b] > 0.15 * length[a] * length[b]]
    return [(a, b) if length[a] <= length[b] else (b, a) for a, b in found[:most]]


def search_zones(
    spots: np.ndarray, doubt: np.ndarray, lattice: PhaseLattice, tolerance: Tolerance, reach: tuple[float, float]
) -> list[MatchedZone]:
    """Zones of a lattice that explain spots (n, 2) in 1/angstrom, the best first; `reach` is the range seen."""
    spots = np.asarray(spots, float)
    found: dict[tuple, MatchedZone] = {}
    tried: set[tuple] = set()
    for pair in list_pairs(spots):
        for solution in indexing.solve_zones(spots, lattice.first, lattice.every, lattice.cell, tolerance, 6, pair):
            start = (solution.zone, *map(tuple, np.abs(solution.hkl)))
            if start in tried or solution.matched < 2:
                continue
            tried.add(start)
            zone = fit_zone(spots, doubt, solution.hkl, solution.zone, lattice, tolerance, reach)
            key = (zone.axis, tuple(map(tuple, np.abs(zone.hkl))))
            if zone.matched.sum() >= 2 and (key not in found or found[key].evidence < zone.evidence):
                found[key] = zone
    return sorted(found.values(), key=lambda zone: -zone.evidence)


def fit_zone(spots, doubt, hkl: np.ndarray, axis, lattice: PhaseLattice, tolerance: Tolerance, reach) -> MatchedZone:
    """Rotation and scale of a zone from the spots matched, and the spots that then match, twice over."""
    inside = lattice.every[lattice.every @ np.array(axis) == 0]
    plane = project_in_plane(inside, lattice.cell)
    first = inside.tolist()
    z = plane[:, 0] + 1j * plane[:, 1]
    seen = spots[:, 0] + 1j * spots[:, 1]
    for _ in range(2):
        used = np.flatnonzero(np.any(hkl != 0, axis=1))
        if not used.size:
            break
        rows = np.array([first.index(list(row)) for row in hkl[used]])
        z = _orient(z, z[rows], seen[used])
        turn = np.sum(np.conj(z[rows]) * seen[used]) / np.sum(np.abs(z[rows]) ** 2)
        stretch = np.clip(abs(turn), np.exp(-tolerance.scale), np.exp(tolerance.scale))
        predicted = z * turn / abs(turn) * stretch
        hkl, misses = _match_spots(seen, predicted, inside, tolerance)
    length, range_ = np.abs(predicted), np.array(reach)
    number = max(int(np.sum((length > range_[0]) & (length < range_[1]))) // 2, 1)
    evidence = _compute_evidence(seen, misses, doubt, number, tolerance, reach) - _count_log_zones(axis)
    if tolerance.scale > 0:
        evidence -= 0.5 * (np.log(stretch) / (0.5 * tolerance.scale)) ** 2
    used = np.any(hkl != 0, axis=1)
    residual = float(np.sqrt(np.mean(np.abs(misses[used]) ** 2))) if used.any() else np.inf
    found = np.column_stack((predicted.real, predicted.imag))
    return MatchedZone(hkl, axis, float(1 / stretch), residual, evidence, found)


def project_in_plane(hkl: np.ndarray, cell) -> np.ndarray:
    """Coordinates (n, 2) in 1/angstrom of reflections that lie in one plane."""
    g = compute_reciprocal(hkl, cell)
    along = g[0] / np.linalg.norm(g[0])
    rest = g - np.outer(g @ along, along)
    far = int(np.argmax(np.linalg.norm(rest, axis=1)))
    across = rest[far] / max(np.linalg.norm(rest[far]), 1e-12)
    return np.column_stack((g @ along, g @ across))


def _orient(z: np.ndarray, known: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The plane seen from the side from which the matched spots fit: from below, its mirror image."""
    straight, mirrored = np.abs(np.sum(np.conj(known) * seen)), np.abs(np.sum(known * seen))
    return z if straight >= mirrored else np.conj(z)


def _match_spots(seen, predicted, inside, tolerance: Tolerance) -> tuple[np.ndarray, np.ndarray]:
    """hkl of each spot (zeros: none), and its miss relative to its length: radial + i tangential."""
    ratio = (seen[:, None] - predicted[None, :]) / seen[:, None]
    nearest = np.argmin(np.abs(ratio), axis=1)
    misses = ratio[np.arange(len(seen)), nearest]
    near = (np.abs(misses.real) < tolerance.length) & (np.abs(misses.imag) < np.radians(tolerance.angle))
    return np.where(near[:, None], inside[nearest], 0), misses


def _compute_evidence(seen, misses, doubt, number: int, tolerance: Tolerance, reach) -> float:
    area = 0.5 * np.pi * (reach[1] ** 2 - reach[0] ** 2)
    along, across = 0.5 * tolerance.length, 0.5 * np.radians(tolerance.angle)
    size = np.abs(seen) ** 2 * 2 * np.pi * along * across
    off = 0.5 * ((misses.real / along) ** 2 + (misses.imag / across) ** 2)
    return float(np.sum(np.log((1 - doubt) * area / (number * size) * np.exp(-np.minimum(off, 50)) + doubt)))


def _count_log_zones(axis) -> float:
    """Logarithm of the number of axes whose indices are no larger."""
    largest = int(np.max(np.abs(axis)))
    return float(np.log(((2 * largest + 1) ** 3 - 1) / 2))


def estimate_chance(
    spots, doubt, lattices: list[PhaseLattice], tolerances: list[Tolerance], reach, evidence: float, rng, trials
):
    """Part of random patterns of as many spots, of lengths within the same range, that any lattice explains as well.

    Estimated as (hits + 1)/(trials + 1), so that it is never nothing.
    """
    length = np.linalg.norm(spots, axis=1)
    hits = 0
    for _ in range(trials):
        radius = rng.uniform(0.97 * length.min(), 1.03 * length.max(), len(spots))
        angle = rng.uniform(0, np.pi, len(spots))
        thrown = np.column_stack((radius * np.cos(angle), radius * np.sin(angle)))
        for lattice, tolerance in zip(lattices, tolerances, strict=True):
            best = search_zones(thrown, doubt, lattice, tolerance, reach)
            if best and best[0].evidence >= evidence:
                hits += 1
                break
    return (hits + 1) / (trials + 1)
