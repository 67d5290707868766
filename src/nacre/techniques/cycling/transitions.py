"""Phase transitions of nickel-rich layered oxides in dQ/dV: found, named, measured under several choices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nacre.materials.transitions import load_transitions
from nacre.physics.cycling import dqdv
from nacre.techniques.cycling import half_cycles as hc

NAMES = tuple(transition.name for transition in load_transitions())
WINDOWS = {transition.name: transition.window for transition in load_transitions()}
STEADY = 0.1  # a record belongs to the constant current where it is within this of it
LEAST_RECORDS = 30
FOOT = 0.1  # a peak's charge is counted out to a minimum, or to this part of its height
PLAIN_SHIFT = 0.1  # V: a first name by a larger move of the windows is believed where all three transitions are seen
CUT = 0.3  # a peak that the end of the half cycle cuts above this part of its height has no area of its own


@dataclass(frozen=True)
class Choices:
    """What has to be chosen to see peaks: V, V, part of the height; and the alternatives to each choice."""

    smoothing: float
    grid: float
    part: float

    @cached_property
    def alternatives(self) -> dict[str, "Choices"]:
        """Other defensible choices, one changed at a time, by a name that two equal choices share."""
        s, g, p = self.smoothing, self.grid, self.part
        return {
            f"dQ/dV smoothing {500 * s:g} mV": Choices(s / 2, g, p),
            f"dQ/dV smoothing {2000 * s:g} mV": Choices(2 * s, g, p),
            f"dQ/dV grid {500 * g:g} mV": Choices(s, g / 2, p),
            f"dQ/dV grid {2500 * g:g} mV": Choices(s, 2.5 * g, p),
            f"dQ/dV fit above {100 * (p - 0.15):g} %": Choices(s, g, p - 0.15),
            f"dQ/dV fit above {100 * (p + 0.15):g} %": Choices(s, g, p + 0.15),
        }


@dataclass(frozen=True)
class Measured:
    """A number under the central choice, its change under each alternative, and its standard error from the record."""

    value: float
    changes: Mapping[str, float]
    noise: float = 0.0


@dataclass(frozen=True)
class Peak:
    """A maximum of dQ/dV: place in V, height in mAh/V, area in mAh, full width at half height in V.

    Area and width are None where the end of the half cycle or a neighbour hides a side of the peak.
    """

    place: Measured
    height: Measured
    area: Measured | None
    width: Measured | None


@dataclass(frozen=True)
class HalfCurve:
    """dQ/dV of one half cycle with its peaks in order of voltage; `why` says why there is none."""

    cycle: int
    sign: int
    curve: dqdv.ChargeDensity | None = None
    peaks: tuple[Peak, ...] = ()
    why: str = ""
    left_out: float = 0.0


def half_curve(
    half: hc.HalfCycles, k: int, choices: Choices, prominence: float, alternatives: bool = True
) -> HalfCurve:
    """dQ/dV and peaks of half cycle `k`, its constant current only; peaks without errors where no `alternatives`."""
    cycle, sign = int(half.cycle[k]), int(half.runs.sign[k])
    charge, voltage, left_out = _steady(half, k)
    why = _unfit(charge, voltage, choices)
    if why:
        return HalfCurve(cycle, sign, why=why)
    line = dqdv.accumulate_charge(voltage, charge / hc.C_PER_MAH)
    curve = dqdv.compute_density(line, choices.grid, choices.smoothing)
    return HalfCurve(cycle, sign, curve, _peaks(line, curve, choices, prominence, alternatives), left_out=left_out)


def _steady(half: hc.HalfCycles, k: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Charge in C and voltage in V at the records of the constant current, and the part of the charge left out."""
    rows = np.arange(half.runs.first[k], half.runs.last[k] + 1)
    size = np.abs(half.rows.current[rows])
    rows = rows[np.abs(size - half.current[k]) <= STEADY * half.current[k]]
    charge = np.cumsum(half.passed[rows])
    if not len(rows):
        return charge, charge, 1.0
    return charge - charge[0], half.rows.voltage[rows], float(1 - charge[-1] / half.charge[k])


def _unfit(charge: np.ndarray, voltage: np.ndarray, choices: Choices) -> str:
    """Why these records give no dQ/dV; "" where they do."""
    if len(charge) < LEAST_RECORDS:
        return f"only {len(charge)} records at constant current"
    span = float(np.ptp(voltage))
    if span < 10 * choices.smoothing:
        return (
            f"a plateau: the voltage spans {1e3 * span:.3g} mV, the smoothing alone is {1e3 * choices.smoothing:g} mV"
        )
    gap, amount = np.abs(np.diff(voltage)), np.diff(charge)
    order = np.argsort(gap)
    coarse = gap[order][np.searchsorted(np.cumsum(amount[order]), 0.5 * amount.sum())]
    if coarse > choices.smoothing:
        return f"records {1e3 * coarse:.3g} mV apart, smoothing {1e3 * choices.smoothing:g} mV"
    return ""


def _peaks(line: dqdv.PassedCharge, curve: dqdv.ChargeDensity, choices: Choices, prominence: float, alternatives: bool):
    places = dqdv.find_maxima(curve, prominence, 2 * choices.smoothing)
    others = choices.alternatives if alternatives else {}
    seen = {name: (c, dqdv.compute_density(line, c.grid, c.smoothing)) for name, c in others.items()}
    valleys = dqdv.find_valleys(curve, places, 1.5 * choices.smoothing)
    found = [
        _peak(line, curve, seen, choices, int(i), int(a), int(b))
        for i, a, b in zip(places, valleys[:-1], valleys[1:], strict=True)
    ]
    return tuple(peak for peak in found if peak)


def _peak(line, curve, seen, choices: Choices, i: int, lo: int, hi: int) -> Peak | None:
    """A maximum, measured under the central choice and under every alternative."""
    window = dqdv.find_level_crossings(curve, i, choices.part, lo, hi)[:2]
    centre = dqdv.fit_maximum(curve, *window)
    if centre is None:
        return None
    area, width = _area(line, curve, i, lo, hi), _width(curve, choices.smoothing, i, lo, hi)
    places, heights, areas, widths = {}, {}, {}, {}
    near = curve.voltage[[i, lo, hi]].tolist()
    for name, (other, there) in seen.items():
        limits = window if other.part == choices.part else dqdv.find_level_crossings(curve, i, other.part, lo, hi)[:2]
        top = dqdv.fit_maximum(there, *limits)
        if top is None:
            return None
        places[name], heights[name] = top.place - centre.place, top.height - centre.height
        j, a, b = (_nearest(there, volts) for volts in near)
        j = a + int(np.argmax(there.slope[a : b + 1]))
        areas[name] = _area(line, there, j, *_lowest(there, j, a, b, choices.smoothing)) - area
        other_width = _width(there, other.smoothing, j, a, b)
        if width is not None and other_width is not None:
            widths[name] = other_width - width
    return Peak(
        Measured(centre.place, places, float(np.sqrt(centre.variance)) if seen else 0.0),
        Measured(centre.height, heights),
        Measured(area, areas) if _whole(curve, i, lo, hi) else None,
        Measured(width, widths) if width is not None and len(widths) == len(places) else None,
    )


def _nearest(curve: dqdv.ChargeDensity, voltage: float) -> int:
    first, second = curve.voltage[:2].tolist()
    return min(max(round((voltage - first) / (second - first)), 0), len(curve.voltage) - 1)


def _lowest(curve: dqdv.ChargeDensity, i: int, lo: int, hi: int, reach: float) -> tuple[int, int]:
    """The minima of this curve near `lo` and `hi`, looked for within two smoothings."""
    n = max(1, round(2 * reach / (curve.voltage[1] - curve.voltage[0])))
    a, b = max(lo - n, 0), max(min(hi - n, len(curve.slope) - 1), i)
    left = a + int(np.argmin(curve.slope[a : min(lo + n, i) + 1]))
    right = b + int(np.argmin(curve.slope[b : hi + n + 1]))
    return left, right


def _area(line: dqdv.PassedCharge, curve: dqdv.ChargeDensity, i: int, lo: int, hi: int) -> float:
    a, b, *_ = dqdv.find_level_crossings(curve, i, FOOT, lo, hi)
    return line.between(a, b)


def _whole(curve: dqdv.ChargeDensity, i: int, lo: int, hi: int) -> bool:
    """Whether the peak ends, on both sides, in a minimum or low enough."""
    f = curve.slope
    ends = ((lo, f[lo - 1]), (hi, f[hi + 1]))
    return all(f[edge] <= CUT * f[i] or beyond > f[edge] for edge, beyond in ends)


def _width(curve: dqdv.ChargeDensity, smoothing: float, i: int, lo: int, hi: int) -> float | None:
    """Full width at half height, the smoothing's own taken off; None where a neighbour hides it or it is all of it."""
    a, b, left, right = dqdv.find_level_crossings(curve, i, 0.5, lo, hi)
    own = (b - a) ** 2 - (dqdv.FWHM * smoothing) ** 2
    return float(np.sqrt(own)) if left and right and own > 0 else None


# --- names --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Named:
    """Peaks by the name of their transition, the shift of the windows in V that named them, and why others lack one."""

    peaks: Mapping[str, Peak]
    shift: float | None = None
    why: str = ""


def name_peaks(
    peaks: Sequence[Peak],
    offset: float,
    sign: int,
    windows: Mapping[str, tuple[float, float]],
    largest: float,
    before: float | None,
) -> Named:
    """Names for the peaks of a half cycle.

    offset : the counter electrode's potential vs. Li+/Li in V. All windows (V vs. Li+/Li) are moved together, up on
    charge and down on discharge, by at most `largest` V; the move that names most peaks is taken. Where two moves
    name equally many but differently, the one nearest to `before` (that of the cycle before) is taken; without such
    a guide, of fewer than three, one that could bear two names bears none, and none do that take a large move to fit.
    """
    found: dict[tuple, list[float]] = {}
    points = [(peak.place.value + offset, peak.height.value) for peak in peaks]
    limits = [windows[name] for name in NAMES]
    moves = np.arange(0.0, largest + 1e-9, 5e-3)
    for shift, key in zip(moves.tolist(), _assign(points, sign * moves, limits), strict=True):
        found.setdefault(key, []).append(shift)
    most = max(sum(i is not None for i in key) for key in found)
    if most == 0:
        return Named({}, why="no peak where a transition may be")
    best = {key: moves for key, moves in found.items() if sum(i is not None for i in key) == most}
    doubtful = _two_ways(best) if before is None and most < len(NAMES) else {}
    if doubtful:
        sure = {name: i for key in best for name, i in zip(NAMES, key, strict=True) if i not in (None, *doubtful)}
        words = " or ".join(next(iter(doubtful.values())))
        count = "one peak alone, which" if most == 1 else f"{most} peaks alone, one of which"
        return Named({name: peaks[i] for name, i in sure.items()}, why=f"{count} may be {words}")
    key = min(best, key=lambda key: _distance(best[key], before or 0.0))
    shift = min(best[key], key=lambda move: abs(move - (before or 0.0)))
    if before is None and most < len(NAMES) and shift > PLAIN_SHIFT:
        moved = f"{most} of the three alone, and only with the windows moved by {1e3 * shift:.0f} mV"
        return Named({}, why=f"the peaks fit {moved}")
    return Named({name: peaks[i] for name, i in zip(NAMES, key, strict=True) if i is not None}, shift)


def _two_ways(best: Mapping[tuple, list[float]]) -> dict[int, list[str]]:
    """Peaks that get different names by different moves of the windows, with these names."""
    names: dict[int, list[str]] = {}
    for key in best:
        for name, i in zip(NAMES, key, strict=True):
            if i is not None and name not in names.setdefault(i, []):
                names[i].append(name)
    return {i: sorted(found, key=NAMES.index) for i, found in names.items() if len(found) > 1}


def _assign(peaks: Sequence[tuple[float, float]], shifts: np.ndarray, windows: Sequence[tuple[float, float]]) -> list:
    """Per shift: index of the highest of the (place, height) in each window, moved by it; None where one holds none."""
    if not peaks:
        return [(None,) * len(windows)] * len(shifts)
    order = sorted(range(len(peaks)), key=lambda i: (peaks[i][1], i), reverse=True)
    place = np.array([peaks[i][0] for i in order])
    moved = np.asarray(windows)[None, :, :, None] + shifts[:, None, None, None]
    inside = (moved[:, :, 0] <= place) & (place <= moved[:, :, 1])
    first = np.where(inside.any(axis=2), inside.argmax(axis=2), len(order)).tolist()
    names = [*order, None]
    return [tuple([names[i] for i in row]) for row in first]


def _distance(moves: list[float], before: float) -> float:
    return min(abs(move - before) for move in moves)
