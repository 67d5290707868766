"""Capacity against cycle number: one line, or two that meet at a knee.

The two-line model is that of Bacon and Watts (Biometrika 1971, 58, 525) in its sharp limit, proposed for
capacity fade by Fermin-Cueto et al. (Energy and AI 2020, 1, 100006).
"""

from dataclasses import dataclass

import numpy as np

CHI2_95 = 3.841458820694124
STRONG = 10.0  # difference of information criteria called "very strong" (Kass, Raftery, JASA 1995, 90, 773)
LEAST_CYCLES = 12
FADES = 0.1  # of the slope after a knee: less fading before it is none
LEAST_BEND = 0.03  # of the capacity: what a knee costs until the end of the test
LARGEST_SEASON = 0.02  # of the capacity: no temperature of a room moves it further
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

    cycle, capacity : (n,) without gaps in the values. A knee is told where two lines beat one line, a parabola, an
    activation and a season by more than 10 in the Bayesian information criterion, the capacity fades before it and
    faster after it, and the bend costs 3 % of the capacity or more.
    Neighbouring cycles are not independent: n is reduced by the lag-one correlation of the residuals
    (n (1 - r) / (1 + r)). The interval is where the profile likelihood falls by chi2(0.95, 1).

    Parameters
    ----------
    cycle : np.ndarray
        Cycle numbers, shape (n,), rising.
    capacity : np.ndarray
        Capacities, shape (n,), any unit.

    Returns
    -------
    Knee
        The knee with its 95 % bounds, or the reason why there is none.
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
    why = _doubt_fading(x, capacity, place, before, after) or _find_rival(x, capacity, least, free)
    return Knee(not why, why or "two lines beat one line, a parabola, an activation and a season", *numbers)


def _doubt_fading(x: np.ndarray, capacity: np.ndarray, place: float, before: float, after: float) -> str:
    """Why a bend is no knee although it is there; "" where it is one."""
    if before >= FADES * after:
        return "the capacity rises or stays before it: where fading begins is no knee"
    extra = (before - after) * (x[-1] - place)
    if extra < LEAST_BEND * abs(float(np.median(capacity))):
        return f"the bend is worth less than {LEAST_BEND:.0%} of the capacity, which a season moves as well"
    return ""


def _find_rival(x: np.ndarray, capacity: np.ndarray, least: float, free: float) -> str:
    """The smooth course that describes the capacity as well as two lines; "" where none does.

    An activation is a line and an exponential approach that rises at first, a season a line and a sine of any phase:
    their rates are tried on a grid, and cost one parameter like the place of a knee.
    """
    floor = np.finfo(float).eps * float(capacity @ capacity)
    largest = LARGEST_SEASON * abs(float(np.median(capacity)))
    rivals = (("an activation", _fit_activation(x, capacity), 0), ("a season", _fit_season(x, capacity, largest), -1))
    for name, rss, extra in rivals:
        gain = free * np.log((rss + floor) / (least + floor)) - extra * np.log(max(free, 2.0))
        if gain < STRONG:
            return f"{name} on a line describes the fade as well (difference of BIC {gain:.0f}, 10 wanted)"
    return ""


def _fit_activation(x: np.ndarray, y: np.ndarray) -> float:
    """Least residual sum of squares of a line and an approach that rises at first; infinite where none does."""
    best = np.inf
    for tau in np.geomspace(0.01, 0.3, 16):
        design = np.column_stack((np.ones_like(x), x, np.exp(-x / tau)))
        fit = np.linalg.lstsq(design, y, rcond=None)[0]
        course = design @ fit
        rss = float(np.sum((y - course) ** 2))
        # a rise within the scatter is none
        if course.max() - course[0] > 2 * np.sqrt(rss / len(y)):
            best = min(best, rss)
    return best


def _fit_season(x: np.ndarray, y: np.ndarray, largest: float) -> float:
    """Least residual sum of squares of a line and a sine of at most `largest`; infinite where none is so small."""
    best = np.inf
    for period in np.geomspace(0.3, 1.5, 12):
        angle = 2 * np.pi * x / period
        design = np.column_stack((np.ones_like(x), x, np.sin(angle), np.cos(angle)))
        fit = np.linalg.lstsq(design, y, rcond=None)[0]
        if np.hypot(fit[2], fit[3]) < largest:
            best = min(best, float(np.sum((y - design @ fit) ** 2)))
    return best


def _find_interval(
    x: np.ndarray, y: np.ndarray, places: np.ndarray
) -> tuple[float, float, float, float, np.ndarray, float]:
    """Best place, 95 % bounds (one grid step outwards), its residual sum, coefficients and independent values."""
    rss, fits = _profile_places(x, y, places)
    best = int(np.argmin(rss))
    free = _count_independent_values(y - _build_hinge_design(x, places[best]) @ fits[best])
    floor = np.finfo(float).eps * float(y @ y)
    inside = np.flatnonzero(free * np.log((rss + floor) / (rss[best] + floor)) <= CHI2_95)
    lo, hi = places[max(inside[0] - 1, 0)], places[min(inside[-1] + 1, len(places) - 1)]
    return places[best], lo, hi, rss[best], fits[best], free


def _build_hinge_design(x: np.ndarray, place: float) -> np.ndarray:
    return np.column_stack((np.ones_like(x), x, np.clip(x - place, 0, None)))


def _profile_places(x: np.ndarray, y: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Residual sum of squares (m,) and coefficients (m, 3) of the two-line fit at each place (m,)."""
    bend = np.clip(x[None, :] - places[:, None], 0, None)
    design = np.stack((np.broadcast_to(1.0, bend.shape), np.broadcast_to(x, bend.shape), bend), axis=2)
    fits = np.linalg.solve(design.transpose(0, 2, 1) @ design, design.transpose(0, 2, 1) @ y[:, None])[..., 0]
    return np.sum((y - np.einsum("mni,mi->mn", design, fits)) ** 2, axis=1), fits


def _sum_squared_residuals(x: np.ndarray, y: np.ndarray, power: int) -> float:
    return float(np.sum((y - np.polyval(np.polyfit(x, y, power), x)) ** 2))


def _count_independent_values(residual: np.ndarray) -> float:
    """Number of independent values among correlated residuals (n,)."""
    n = len(residual)
    power = float(residual @ residual)
    if power == 0.0:
        return float(n)
    r = min(max(float(residual[1:] @ residual[:-1]) / power, 0.0), 0.99)
    return n * (1 - r) / (1 + r)
