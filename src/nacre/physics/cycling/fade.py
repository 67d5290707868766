"""Capacity against cycle number: one line, or two that meet at a knee.

The two-line model is that of Bacon and Watts (Biometrika 1971, 58, 525) in its sharp limit, proposed for
capacity fade by Fermin-Cueto et al. (Energy and AI 2020, 1, 100006).
"""

from dataclasses import dataclass

import numpy as np

CHI2_95 = 3.841458820694124
STRONG = 10.0  # difference of information criteria called "very strong" (Kass, Raftery, JASA 1995, 90, 773)
LEAST_CYCLES = 12
PLACES = 400


@dataclass(frozen=True)
class Knee:
    """A knee: cycle, its 95 % bounds, slopes before and after (capacity per cycle), and why it counts, or not.

    `found` is False where the data do not tell of one; `reason` says why.
    """

    found: bool
    reason: str
    cycle: float = np.nan
    lo95: float = np.nan
    hi95: float = np.nan
    slope_before: float = np.nan
    slope_after: float = np.nan


def find_knee(cycle: np.ndarray, capacity: np.ndarray) -> Knee:
    """Where fading accelerates, if it does.

    cycle, capacity : (n,) without gaps in the values. A knee is told where two lines beat both one line
    and a parabola by more than 10 in the Bayesian information criterion, and fading is faster after it.
    Neighbouring cycles are not independent: n is reduced by the lag-one correlation of the residuals
    (n (1 - r) / (1 + r)). The interval is where the profile likelihood falls by chi2(0.95, 1).
    """
    n = len(cycle)
    if n < LEAST_CYCLES:
        return Knee(False, f"{n} cycles are too few (at least {LEAST_CYCLES})")
    span = cycle[-1] - cycle[0]
    x = (cycle - cycle[0]) / span
    first, last = x[3], x[-4]
    rough = _find_interval(x, capacity, np.linspace(first, last, PLACES))
    place, lo, hi, least, fit, free = _find_interval(x, capacity, np.linspace(rough[1], rough[2], PLACES))
    floor = np.finfo(float).eps * float(capacity @ capacity)
    gain = {
        name: free * np.log((_sum_squared_residuals(x, capacity, power) + floor) / (least + floor))
        - extra * np.log(max(free, 2.0))
        for name, power, extra in (("one line", 1, 2), ("a parabola", 2, 1))
    }
    before, after = fit[1], fit[1] + fit[2]
    numbers = (*(cycle[0] + span * v for v in (place, lo, hi)), before / span, after / span)
    for name, by in gain.items():
        if by < STRONG:
            return Knee(False, f"{name} describes the fade as well (difference of BIC {by:.0f}, 10 wanted)", *numbers)
    if after >= before:
        return Knee(False, "fading slows down, it does not accelerate", *numbers)
    if lo <= first or hi >= last:
        return Knee(False, "its interval reaches an end of the test", *numbers)
    return Knee(True, "two lines beat one line and a parabola", *numbers)


def _find_interval(x, y, places):
    """Best place, 95 % bounds (one grid step outwards), its residual sum, coefficients and independent values."""
    rss, fits = _profile_places(x, y, places)
    best = int(np.argmin(rss))
    free = _count_independent_values(y - _build_hinge_design(x, places[best]) @ fits[best])
    floor = np.finfo(float).eps * float(y @ y)
    inside = np.flatnonzero(free * np.log((rss + floor) / (rss[best] + floor)) <= CHI2_95)
    lo, hi = places[max(inside[0] - 1, 0)], places[min(inside[-1] + 1, len(places) - 1)]
    return places[best], lo, hi, rss[best], fits[best], free


def _build_hinge_design(x, place):
    return np.column_stack((np.ones_like(x), x, np.clip(x - place, 0, None)))


def _profile_places(x, y, places):
    """Residual sum of squares (m,) and coefficients (m, 3) of the two-line fit at each place (m,)."""
    bend = np.clip(x[None, :] - places[:, None], 0, None)
    design = np.stack((np.broadcast_to(1.0, bend.shape), np.broadcast_to(x, bend.shape), bend), axis=2)
    fits = np.linalg.solve(design.transpose(0, 2, 1) @ design, design.transpose(0, 2, 1) @ y[:, None])[..., 0]
    return np.sum((y - np.einsum("mni,mi->mn", design, fits)) ** 2, axis=1), fits


def _sum_squared_residuals(x, y, power):
    return float(np.sum((y - np.polyval(np.polyfit(x, y, power), x)) ** 2))


def _count_independent_values(residual) -> float:
    """Number of independent values among correlated residuals (n,)."""
    n = len(residual)
    power = float(residual @ residual)
    if power == 0.0:
        return float(n)
    r = min(max(float(residual[1:] @ residual[:-1]) / power, 0.0), 0.99)
    return n * (1 - r) / (1 + r)
