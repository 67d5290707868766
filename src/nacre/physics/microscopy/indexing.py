"""Spots of an electron diffraction pattern or of an image's Fourier transform, matched to the lattice of a phase.

Lengths alone tell little: many phases have some spacing near any other. So pairs of spots are matched, by both lengths
and the angle between them; the zone they span predicts all other spots. The camera constant (or the magnification) is
a nuisance: one common scale, within given bounds, is fitted to each solution.
"""

from dataclasses import dataclass

import numpy as np

from nacre.physics.diffraction.crystal import compute_metric


@dataclass(frozen=True)
class Tolerance:
    """How far apart: relative in length, deg in angle, and the bounds of the common scale (relative)."""

    length: float = 0.02
    angle: float = 2.0
    scale: float = 0.03


@dataclass(frozen=True)
class ZoneSolution:
    """A zone that fits: indices of the spots (n, 3) with rows of zeros where unmatched, zone axis, scale, residuals."""

    hkl: np.ndarray
    zone: tuple[int, int, int]
    scale: float
    matched: int
    residual: float


def compute_reciprocal(hkl: np.ndarray, cell) -> np.ndarray:
    """Cartesian reciprocal vectors (n, 3) in 1/angstrom."""
    return np.asarray(hkl, float) @ np.linalg.cholesky(np.linalg.inv(compute_metric(cell)))


def solve_zones(
    spots: np.ndarray,
    first: np.ndarray,
    every: np.ndarray,
    cell,
    tolerance: Tolerance,
    most: int = 20,
    seed: tuple[int, int] | None = None,
) -> list[ZoneSolution]:
    """Zones that explain spots (n, 2) in 1/angstrom, best first: most spots matched, then the smallest residual.

    first : hkl (m, 3) that are unique by symmetry; every : all allowed hkl (k, 3), opposites included. Spots on one
    line through the centre span no zone: then the list is empty. `seed` names the two spots that are matched first, by
    default the two shortest.
    """
    spots = np.asarray(spots, float)
    seed = choose_seed(spots) if seed is None else seed
    if seed is None or not len(first) or not len(every):
        return []
    g_first, g_every = compute_reciprocal(first, cell), compute_reciprocal(every, cell)
    found: dict[tuple, ZoneSolution] = {}
    one, two = spots[seed[0]], spots[seed[1]]
    near = [
        _find_near(np.linalg.norm(g, axis=1), np.linalg.norm(s), tolerance) for g, s in ((g_first, one), (g_every, two))
    ]
    for i in near[0]:
        pairs = _match_angle(g_first[i], g_every[near[1]], one, two, tolerance)
        for j in near[1][pairs]:
            zone = _find_zone_axis(np.cross(first[i], every[j]))
            solution = _explain_spots(spots, seed, g_first[i], g_every[j], every, g_every, zone, tolerance)
            key = tuple(map(tuple, np.abs(solution.hkl)))
            old = found.get(key)
            if solution.matched >= 2 and (old is None or solution.residual < old.residual):
                found[key] = solution
    return sorted(found.values(), key=lambda s: (-s.matched, s.residual))[:most]


def choose_seed(spots: np.ndarray) -> tuple[int, int] | None:
    """The two shortest spots that are not on one line."""
    order = np.argsort(np.linalg.norm(spots, axis=1))
    for b in range(1, len(order)):
        for a in range(b):
            one, two = spots[order[a]], spots[order[b]]
            if abs(one[0] * two[1] - one[1] * two[0]) > 0.15 * np.linalg.norm(one) * np.linalg.norm(two):
                return int(order[a]), int(order[b])
    return None


def _find_near(lengths: np.ndarray, wanted: float, tolerance: Tolerance) -> np.ndarray:
    return np.flatnonzero(np.abs(np.log(lengths / wanted)) < tolerance.length + tolerance.scale)


def _match_angle(g: np.ndarray, others: np.ndarray, one, two, tolerance: Tolerance) -> np.ndarray:
    """Which of the others make the angle of the two spots with g, and the ratio of their lengths."""
    length = np.linalg.norm(others, axis=1)
    cosine = np.clip(others @ g / np.linalg.norm(g) / length, -1, 1)
    wanted = np.degrees(np.arccos(np.clip(one @ two / np.linalg.norm(one) / np.linalg.norm(two), -1, 1)))
    ratio = np.log(length / np.linalg.norm(g)) - np.log(np.linalg.norm(two) / np.linalg.norm(one))
    close = np.abs(np.degrees(np.arccos(cosine)) - wanted) < tolerance.angle
    return np.flatnonzero(close & (np.abs(ratio) < 2 * tolerance.length))


def _explain_spots(spots, seed, g1, g2, every, g_every, zone, tolerance: Tolerance) -> ZoneSolution:
    """All spots that the plane of g1 and g2 predicts, with one scale."""
    lengths = np.array([np.linalg.norm(spots[k]) for k in seed])
    log_scale = np.mean(np.log([np.linalg.norm(g1), np.linalg.norm(g2)]) - np.log(lengths))
    log_scale = float(np.clip(log_scale, -tolerance.scale, tolerance.scale))
    along = g1 / np.linalg.norm(g1)
    across = g2 - (g2 @ along) * along
    across /= np.linalg.norm(across)
    inside = np.flatnonzero(np.abs(every @ np.array(zone)) == 0)
    plane = np.column_stack((g_every[inside] @ along, g_every[inside] @ across))
    x, y = spots[seed[0]] / lengths[0], spots[seed[1]]
    turned = np.array([-x[1], x[0]])
    turned = turned if turned @ y > 0 else -turned
    seen = np.exp(log_scale) * np.column_stack((spots @ x, spots @ turned))
    hkl, misses = np.zeros((len(spots), 3), int), []
    for n, spot in enumerate(seen):
        miss = np.linalg.norm(plane - spot, axis=1)
        best = int(np.argmin(miss))
        limit = np.linalg.norm(spot) * np.hypot(tolerance.length, np.radians(tolerance.angle))
        if miss[best] < limit:
            hkl[n] = every[inside[best]]
            misses.append(miss[best] / np.linalg.norm(spot))
    residual = float(np.sqrt(np.mean(np.square(misses)))) if misses else np.inf
    return ZoneSolution(hkl, zone, float(np.exp(log_scale)), len(misses), residual)


def _find_zone_axis(direction: np.ndarray) -> tuple[int, int, int]:
    divisor = np.gcd.reduce(np.abs(direction)) or 1
    reduced = direction // divisor
    leading = next((v for v in reduced if v), 1)
    return tuple(int(v) for v in (reduced if leading > 0 else -reduced))


def estimate_chance(
    spots, first, every, cell, tolerance: Tolerance, found: ZoneSolution, rng, trials: int = 200
) -> float:
    """Part of random patterns (as many spots, lengths within the same range) that fit as well as `found` does.

    Estimated as (hits + 1)/(trials + 1), so that it is never nothing.
    """
    lengths = np.linalg.norm(spots, axis=1)
    low, high = 0.93 * lengths.min(), 1.07 * lengths.max()
    hits = 0
    for _ in range(trials):
        radius, angle = rng.uniform(low, high, len(spots)), rng.uniform(0, 2 * np.pi, len(spots))
        best = solve_zones(
            np.column_stack((radius * np.cos(angle), radius * np.sin(angle))), first, every, cell, tolerance, 1
        )
        hits += bool(best and (best[0].matched, -best[0].residual) >= (found.matched, -found.residual))
    return (hits + 1) / (trials + 1)
