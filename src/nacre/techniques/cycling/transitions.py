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
class DqdvChoices:
    """What has to be chosen to see peaks: V, V, part of the height; and the alternatives to each choice."""

    smoothing: float
    grid: float
    part: float

    @cached_property
    def alternatives(self) -> dict[str, "DqdvChoices"]:
        """Other defensible choices, one changed at a time, by a name that two equal choices share."""
        s, g, p = self.smoothing, self.grid, self.part
        return {
            f"dQ/dV smoothing {500 * s:g} mV": DqdvChoices(s / 2, g, p),
            f"dQ/dV smoothing {2000 * s:g} mV": DqdvChoices(2 * s, g, p),
            f"dQ/dV grid {500 * g:g} mV": DqdvChoices(s, g / 2, p),
            f"dQ/dV grid {2500 * g:g} mV": DqdvChoices(s, 2.5 * g, p),
            f"dQ/dV fit above {100 * (p - 0.15):g} %": DqdvChoices(s, g, p - 0.15),
            f"dQ/dV fit above {100 * (p + 0.15):g} %": DqdvChoices(s, g, p + 0.15),
        }


@dataclass(frozen=True)
class PeakValue:
    """A number under the central choice, its change under each alternative, and its standard error from the record."""

    value: float
    changes: Mapping[str, float]
    noise: float = 0.0


@dataclass(frozen=True)
class TransitionPeak:
    """A maximum of dQ/dV: place in V, height in mAh/V, area in mAh, full width at half height in V.

    Area and width are None where the end of the half cycle or a neighbour hides a side of the peak.
    """

    place: PeakValue
    height: PeakValue
    area: PeakValue | None
    width: PeakValue | None


@dataclass(frozen=True)
class HalfCycleCurve:
    """dQ/dV of one half cycle with its peaks in order of voltage; `why` says why there is none."""

    cycle: int
    sign: int
    curve: dqdv.ChargeDensity | None = None
    peaks: tuple[TransitionPeak, ...] = ()
    why: str = ""
    left_out: float = 0.0


def compute_half_curve(
    half: hc.HalfCycles, k: int, choices: DqdvChoices, prominence: float, alternatives: bool = True
) -> HalfCycleCurve:
    """dQ/dV and peaks of half cycle `k`, its constant current only; peaks without errors where no `alternatives`."""
    cycle, sign = int(half.cycle[k]), int(half.runs.sign[k])
    charge, voltage, left_out = _select_steady(half, k)
    why = _explain_unsuitable(charge, voltage, choices)
    if why:
        return HalfCycleCurve(cycle, sign, why=why)
    line = dqdv.accumulate_charge(voltage, charge / hc.C_PER_MAH)
    curve = dqdv.compute_density(line, choices.grid, choices.smoothing)
    return HalfCycleCurve(
        cycle, sign, curve, _find_peaks(line, curve, choices, prominence, alternatives), left_out=left_out
    )


def _select_steady(half: hc.HalfCycles, k: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Charge in C and voltage in V at the records of the constant current, and the part of the charge left out."""
    rows = np.arange(half.runs.first[k], half.runs.last[k] + 1)
    size = np.abs(half.rows.current[rows])
    steady = np.abs(size - half.current[k]) <= STEADY * half.current[k]
    rows = rows[steady & np.isfinite(half.rows.voltage[rows])]
    charge = np.cumsum(half.passed[rows])
    if not len(rows):
        return charge, charge, 1.0
    return charge - charge[0], half.rows.voltage[rows], float(1 - charge[-1] / half.charge[k])


def _explain_unsuitable(charge: np.ndarray, voltage: np.ndarray, choices: DqdvChoices) -> str:
    """Why these records give no dQ/dV; "" where they do."""
    if len(charge) < LEAST_RECORDS:
        return f"only {len(charge)} records at constant current"
    span = float(np.ptp(voltage))
    if span < 10 * choices.smoothing:
        return (
            f"a plateau: the voltage spans {1e3 * span:.3g} mV, the smoothing alone is {1e3 * choices.smoothing:g} mV"
        )
    # the spacing of records that half of the charge passed within
    gap, amount = np.abs(np.diff(voltage)), np.diff(charge)
    order = np.argsort(gap)
    coarse = gap[order][np.searchsorted(np.cumsum(amount[order]), 0.5 * amount.sum())]
    if coarse > choices.smoothing:
        return f"records {1e3 * coarse:.3g} mV apart, smoothing {1e3 * choices.smoothing:g} mV"
    return ""


def _find_peaks(
    line: dqdv.PassedCharge, curve: dqdv.ChargeDensity, choices: DqdvChoices, prominence: float, alternatives: bool
):
    places = dqdv.find_maxima(curve, prominence, 2 * choices.smoothing)
    others = choices.alternatives if alternatives else {}
    seen = {name: (c, dqdv.compute_density(line, c.grid, c.smoothing)) for name, c in others.items()}
    valleys = dqdv.find_valleys(curve, places, 1.5 * choices.smoothing)
    found = [
        _measure_peak(line, curve, seen, choices, int(i), int(a), int(b))
        for i, a, b in zip(places, valleys[:-1], valleys[1:], strict=True)
    ]
    return tuple(peak for peak in found if peak)


def _measure_peak(line, curve, seen, choices: DqdvChoices, i: int, lo: int, hi: int) -> TransitionPeak | None:
    """A maximum, measured under the central choice and under every alternative."""
    window = dqdv.find_level_crossings(curve, i, choices.part, lo, hi)[:2]
    # the maximum is that of a smooth curve fitted above a part of the height, not the highest point
    centre = dqdv.fit_maximum(curve, *window)
    if centre is None:
        return None
    area, width = _measure_area(line, curve, i, lo, hi), _measure_width(curve, choices.smoothing, i, lo, hi)
    places, heights, areas, widths = {}, {}, {}, {}
    near = curve.voltage[[i, lo, hi]].tolist()
    for name, (other, there) in seen.items():
        limits = window if other.part == choices.part else dqdv.find_level_crossings(curve, i, other.part, lo, hi)[:2]
        top = dqdv.fit_maximum(there, *limits)
        if top is None:
            return None
        places[name], heights[name] = top.place - centre.place, top.height - centre.height
        # the same peak on the other curve: its maximum between the same valleys
        j, a, b = (_find_nearest(there, volts) for volts in near)
        j = a + int(np.argmax(there.slope[a : b + 1]))
        areas[name] = _measure_area(line, there, j, *_find_minima(there, j, a, b, choices.smoothing)) - area
        other_width = _measure_width(there, other.smoothing, j, a, b)
        if width is not None and other_width is not None:
            widths[name] = other_width - width
    has_width = width is not None and len(widths) == len(places)
    return TransitionPeak(
        PeakValue(centre.place, places, float(np.sqrt(centre.variance)) if seen else 0.0),
        PeakValue(centre.height, heights),
        PeakValue(area, areas) if _is_complete(curve, i, lo, hi) else None,
        PeakValue(width, widths) if width is not None and has_width else None,
    )


def _find_nearest(curve: dqdv.ChargeDensity, voltage: float) -> int:
    first, second = curve.voltage[:2].tolist()
    return min(max(round((voltage - first) / (second - first)), 0), len(curve.voltage) - 1)


def _find_minima(curve: dqdv.ChargeDensity, i: int, lo: int, hi: int, reach: float) -> tuple[int, int]:
    """The minima of this curve near `lo` and `hi`, looked for within two smoothings."""
    n = max(1, round(2 * reach / (curve.voltage[1] - curve.voltage[0])))
    a, b = max(lo - n, 0), max(min(hi - n, len(curve.slope) - 1), i)
    left = a + int(np.argmin(curve.slope[a : min(lo + n, i) + 1]))
    right = b + int(np.argmin(curve.slope[b : hi + n + 1]))
    return left, right


def _measure_area(line: dqdv.PassedCharge, curve: dqdv.ChargeDensity, i: int, lo: int, hi: int) -> float:
    a, b, *_ = dqdv.find_level_crossings(curve, i, FOOT, lo, hi)
    return line.between(a, b)


def _is_complete(curve: dqdv.ChargeDensity, i: int, lo: int, hi: int) -> bool:
    """Whether the peak ends, on both sides, in a minimum or low enough."""
    f = curve.slope
    ends = ((lo, f[lo - 1]), (hi, f[hi + 1]))
    return all(f[edge] <= CUT * f[i] or beyond > f[edge] for edge, beyond in ends)


def _measure_width(curve: dqdv.ChargeDensity, smoothing: float, i: int, lo: int, hi: int) -> float | None:
    """Full width at half height, the smoothing's own taken off; None where a neighbour hides it or it is all of it."""
    a, b, left, right = dqdv.find_level_crossings(curve, i, 0.5, lo, hi)
    # smoothing by a Gaussian adds its width in quadrature
    own = (b - a) ** 2 - (dqdv.FWHM * smoothing) ** 2
    return float(np.sqrt(own)) if left and right and own > 0 else None


# --- names --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NamedPeaks:
    """Peaks by the name of their transition, the shift of the windows in V that named them, and why others lack one."""

    peaks: Mapping[str, TransitionPeak]
    shift: float | None = None
    why: str = ""

    @property
    def areas(self) -> dict[str, PeakValue]:
        """Areas of the named peaks that have one, by transition."""
        return {name: peak.area for name, peak in self.peaks.items() if peak.area is not None}


def name_peaks(
    peaks: Sequence[TransitionPeak],
    offset: float,
    sign: int,
    windows: Mapping[str, tuple[float, ...]],
    largest: float,
    before: float | None,
) -> NamedPeaks:
    """Names for the peaks of a half cycle.

    offset : the counter electrode's potential vs. Li+/Li in V. All windows (V vs. Li+/Li) are moved together, up on
    charge and down on discharge, by at most `largest` V; the move that names most peaks is taken. Where two moves
    name equally many but differently, the one nearest to `before` (that of the cycle before) is taken. Without such a
    guide, of fewer than three peaks one that could have two names is given none, and no peak is named by a large move.
    """
    found = _list_namings(peaks, offset, sign, windows, largest)
    most = max(_count_named(key) for key in found)
    if most == 0:
        return NamedPeaks({}, why="no peak where a transition may be")
    best = {key: moves for key, moves in found.items() if _count_named(key) == most}
    unguided = before is None and most < len(NAMES)
    ambiguous = _find_ambiguous(best) if unguided else {}
    if ambiguous:
        return _name_certain(peaks, best, ambiguous, most)
    target = before or 0.0
    key = min(best, key=lambda key: _measure_distance(best[key], target))
    shift = min(best[key], key=lambda move: abs(move - target))
    if unguided and shift > PLAIN_SHIFT:
        moved = f"{most} of the three alone, and only with the windows moved by {1e3 * shift:.0f} mV"
        return NamedPeaks({}, why=f"the peaks fit {moved}")
    return NamedPeaks({name: peaks[i] for name, i in zip(NAMES, key, strict=True) if i is not None}, shift)


Naming = tuple[int | None, ...]  # index of the peak of each transition


def _list_namings(
    peaks: Sequence[TransitionPeak],
    offset: float,
    sign: int,
    windows: Mapping[str, tuple[float, ...]],
    largest: float,
) -> dict[Naming, list[float]]:
    """Every naming that a move of the windows makes, with all moves in V that make it."""
    points = [(peak.place.value + offset, peak.height.value) for peak in peaks]
    moves = np.arange(0.0, largest + 1e-9, 5e-3)
    found: dict[Naming, list[float]] = {}
    for shift, key in zip(
        moves.tolist(), _assign_peaks(points, sign * moves, [windows[n] for n in NAMES]), strict=True
    ):
        found.setdefault(key, []).append(shift)
    return found


def _count_named(key: Naming) -> int:
    return len(key) - key.count(None)


def _name_certain(
    peaks: Sequence[TransitionPeak], best: Mapping[Naming, list[float]], ambiguous: Mapping[int, list[str]], most: int
) -> NamedPeaks:
    """The peaks that every naming calls alike; the others stay without a name."""
    sure = {}
    for key in best:
        sure.update({name: i for name, i in zip(NAMES, key, strict=True) if i is not None and i not in ambiguous})
    words = " or ".join(next(iter(ambiguous.values())))
    count = "one peak alone, which" if most == 1 else f"{most} peaks alone, one of which"
    return NamedPeaks({name: peaks[i] for name, i in sure.items()}, why=f"{count} may be {words}")


def _find_ambiguous(best: Mapping[Naming, list[float]]) -> dict[int, list[str]]:
    """Peaks that get different names by different moves of the windows, with these names."""
    names: dict[int, list[str]] = {}
    given = [(name, i) for key in best for name, i in zip(NAMES, key, strict=True) if i is not None]
    for name, i in dict.fromkeys(given):
        names.setdefault(i, []).append(name)
    return {i: sorted(found, key=NAMES.index) for i, found in names.items() if len(found) > 1}


def _assign_peaks(
    peaks: Sequence[tuple[float, float]], shifts: np.ndarray, windows: Sequence[tuple[float, ...]]
) -> list:
    """Per shift: index of the highest of the (place, height) in each window, moved by it; None where one holds none."""
    if not peaks:
        return [(None,) * len(windows)] * len(shifts)
    order = sorted(range(len(peaks)), key=lambda i: (peaks[i][1], i), reverse=True)
    place = np.array([peaks[i][0] for i in order])
    moved = np.asarray(windows)[None, :, :, None] + shifts[:, None, None, None]
    inside = (moved[:, :, 0] <= place) & (place <= moved[:, :, 1])
    first = np.where(inside.any(axis=2), inside.argmax(axis=2), len(order))
    index = np.array([*order, None], object)  # the last stands for a window without a peak
    return [tuple(row) for row in index[first].tolist()]


def _measure_distance(moves: list[float], before: float) -> float:
    return min(abs(move - before) for move in moves)
