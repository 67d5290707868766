"""Differential capacity: the phase transitions H1-M, M-H2 and H2-H3, named and followed over cycles and rates.

dQ/dV depends on choices: the grid, the smoothing, how much of a peak its maximum is fitted to. Every number is
measured under each of several choices, and the resulting change is an error named after the choice. Two peaks
measured with the same choices share these errors, so that what is common to both drops out of their difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError
from nacre.core.options import option
from nacre.core.quantity import Quantity, derive
from nacre.core.result import Check, Curve, Entry, Result
from nacre.materials.transitions import find_followed, load_transitions
from nacre.techniques.cycling import degradation_modes
from nacre.techniques.cycling import dqdv_figures as figures
from nacre.techniques.cycling import half_cycles as hc
from nacre.techniques.cycling import transitions as tr
from nacre.techniques.cycling.dqdv_relations import RELATIONS

WORDS = {1: "charge", -1: "discharge"}
POSITION = {transition.name: transition.peak for transition in load_transitions()}
FOLLOWED = find_followed()
LONG = 10


@dataclass(frozen=True)
class DqdvOptions:
    """What may be chosen about dQ/dV. Half and double the smoothing, half and 2.5 times the grid are tried as well."""

    smoothing: float = option(6.0, "standard deviation of the smoothing", unit="mV", lo=0.5, hi=50.0)
    grid: float = option(2.0, "step of the voltage grid", unit="mV", lo=0.1, hi=20.0)
    part: float = option(60.0, "a maximum is fitted above this part of its height", unit="%", lo=35.0, hi=80.0)
    prominence: float = option(4.0, "a peak rises at least this part of the highest", unit="%", lo=0.5, hi=50.0)
    h1_m: tuple[float, ...] = option(tr.WINDOWS["H1-M"], "where H1-M lies near equilibrium, vs. Li+/Li", unit="V")
    m_h2: tuple[float, ...] = option(tr.WINDOWS["M-H2"], "where M-H2 lies near equilibrium, vs. Li+/Li", unit="V")
    h2_h3: tuple[float, ...] = option(tr.WINDOWS["H2-H3"], "where H2-H3 lies near equilibrium, vs. Li+/Li", unit="V")
    largest_shift: float = option(250.0, "how far polarisation may move them", unit="mV", lo=0.0, hi=600.0)
    shift_from: int = option(10, "cycle of a long segment from which the shift of H1-M counts", lo=1)
    report_at: tuple[int, ...] = option((), "cycles to give quantities of, beside the first, that and the last", lo=1)
    voltage_error: float | None = option(None, "standard uncertainty of the cycler's voltage", unit="mV", lo=0.0)

    @property
    def choices(self) -> tr.DqdvChoices:
        return tr.DqdvChoices(self.smoothing / 1e3, self.grid / 1e3, self.part / 100)

    @property
    def windows(self) -> dict[str, tuple[float, ...]]:
        return {name: tuple(window) for name, window in zip(tr.NAMES, (self.h1_m, self.m_h2, self.h2_h3), strict=True)}


@dataclass(frozen=True)
class HalfCyclePeaks:
    """Half cycle `k`: its dQ/dV, its part of the protocol, its peaks by name."""

    curve: tr.HalfCycleCurve
    part: hc.ProtocolPart
    named: tr.NamedPeaks
    k: int

    @property
    def state(self) -> dict:
        return {"cycle": self.curve.cycle, **self.part.state, "direction": WORDS[self.curve.sign]}

    @property
    def title(self) -> str:
        return f"the {WORDS[self.curve.sign]} of cycle {self.curve.cycle}"


def analyse(inputs: Mapping[str, Any], context: Context, options: DqdvOptions) -> list[Result]:
    """Peaks of every half cycle that was recorded finely enough: quantities, table, figures.

    inputs : {"signal": a cycling Signal, or the list of a test's files}. Raises NacreError where columns
    are missing, or a window is not two voltages in order.
    """
    _check_windows(options)
    rows = hc.join_files(inputs["signal"])
    half = hc.find_half_cycles(rows)
    if not len(half.runs):
        return []
    mass = context.find("cam_mass", "g")
    parts, _ = hc.divide_protocol(half, context)
    seen = find_named_peaks(half, parts, context, options)
    quick = [s for s in seen if s.curve.curve is not None]
    wanted = select_reported(quick, parts, options)
    # alternatives cost six more curves each: only half cycles whose numbers are reported are measured under them
    exact = wanted | _list_end_cycles(quick, parts, options)
    good = [_add_errors(s, half, context, options) if s.curve.cycle in exact else s for s in quick]
    sure = [s for s in good if s.curve.cycle in exact]
    maker = QuantityMaker(options, mass, _name_source(context, rows), rows.origin)
    found = [entry for s in sure if s.curve.cycle in wanted for entry in maker.entries(s)]
    kept, fading = balance_transitions(sure, parts, half, maker)
    checks = (*_check_records(seen, mass), *_check_naming(context), *_report_unnamed(sure, wanted), *fading)
    return [
        Result(
            "dqdv",
            context.analysis,
            hc.make_subject(context),
            entries=(*found, *maker.polarisations(sure, wanted), *maker.shifts(sure, parts), *kept),
            curves=(_tabulate_transitions(good, mass), *figures.tabulate_curves(good, mass, wanted)),
            figures=figures.draw(good, parts, wanted, mass, context, rows.origin == "synthetic"),
            checks=(*checks, *_check_accuracy(options, good)),
            citations=TECHNIQUE.citations if good else (),
            methods=_describe_methods(options) if good else "",
            origin=rows.origin,
        )
    ]


def _list_end_cycles(seen: list[HalfCyclePeaks], parts: list[hc.ProtocolPart], options: DqdvOptions) -> set[int]:
    """Cycles between which the followed shift of a long part is taken."""
    ends = [find_shift_ends(seen, part, options) or () for part in parts]
    return {s.curve.cycle for pair in ends for s in pair}


def find_named_peaks(half: hc.HalfCycles, parts, context: Context, options: DqdvOptions) -> list[HalfCyclePeaks]:
    """dQ/dV of every complete half cycle, its peaks named in the light of the one before of the same direction.

    Peaks are measured under the central choice only.
    """
    by_cycle = {number: part for part in parts for number in part.cycles}
    before: dict[int, float | None] = {1: None, -1: None}
    found = []
    for k in np.flatnonzero(half.complete).tolist():
        curve = tr.compute_half_curve(half, k, options.choices, options.prominence / 100, alternatives=False)
        named = _name_curve_peaks(curve, context, options, before[curve.sign])
        before[curve.sign] = named.shift if named.shift is not None else before[curve.sign]
        found.append(HalfCyclePeaks(curve, by_cycle[curve.cycle], named, k))
    return found


def _name_curve_peaks(
    curve: tr.HalfCycleCurve, context: Context, options: DqdvOptions, before: float | None
) -> tr.NamedPeaks:
    offset = context.find("counter_potential", "V")
    if offset is None:
        return tr.NamedPeaks({})
    most = options.largest_shift / 1e3
    return tr.name_peaks(curve.peaks, offset.value, curve.sign, options.windows, most, before)


def _add_errors(seen: HalfCyclePeaks, half: hc.HalfCycles, context: Context, options: DqdvOptions) -> HalfCyclePeaks:
    """The same half cycle, its peaks measured under the alternative choices too."""
    curve = tr.compute_half_curve(half, seen.k, options.choices, options.prominence / 100)
    return replace(seen, curve=curve, named=_name_curve_peaks(curve, context, options, seen.named.shift))


def select_reported(seen: list[HalfCyclePeaks], parts: list[hc.ProtocolPart], options: DqdvOptions) -> set[int]:
    """Cycles whose peaks become quantities: all of a short part; the first, `shift_from` and the last of a long one."""
    fine = sorted({s.curve.cycle for s in seen})  # cycles recorded finely enough for dQ/dV
    wanted = set(options.report_at)
    for part in parts:
        inside = [c for c in fine if c in part.cycles]
        if len(part.cycles) < LONG:
            wanted.update(inside)
        elif inside:
            wanted.update((inside[0], inside[-1]))
            wanted.update([part.cycles[0] + options.shift_from - 1])
    return wanted & set(fine)


@dataclass(frozen=True)
class QuantityMaker:
    """Makes quantities of measured peaks, every error under its name."""

    options: DqdvOptions
    mass: Quantity | None
    source: str
    origin: str

    def quantity(self, found: tr.PeakValue, unit: str, label: str) -> Quantity:
        """A number with its errors: the record's own, and one for every alternative choice.

        The three settings of a choice are equally good: the rms change over them is its standard uncertainty.
        """
        parts = {name: change / np.sqrt(3) for name, change in found.changes.items() if change}
        if found.noise:
            parts[f"record:{self.source}:{label}"] = found.noise
        std = float(np.sqrt(sum(p * p for p in parts.values())))
        parts = {name: float(p) for name, p in parts.items()}
        return Quantity(found.value, unit, std, basis="model-spread", origin=self.origin, parts=parts)

    def place(self, seen: HalfCyclePeaks, name: str) -> Quantity:
        """Voltage of a peak; the error of the cycler's voltage is one for all cycles of a cell."""
        peak = seen.named.peaks[name]
        q = self.quantity(peak.place, "V", f"{seen.curve.cycle}:{seen.curve.sign}:{name}")
        if not self.options.voltage_error:
            return q
        zero = Quantity(0.0, "V", self.options.voltage_error / 1e3).tagged(f"cycler voltage:{self.source}")
        return derive(lambda v, z: v + z, q, zero, unit="V", basis=q.basis, origin=q.origin)

    def entries(self, seen: HalfCyclePeaks) -> list[Entry]:
        """Positions of one half cycle; of a charge also areas, heights and widths."""
        found = []
        for name, peak in seen.named.peaks.items():
            found.append(Entry(POSITION[name], self.place(seen, name), seen.state))
            if seen.curve.sign > 0:
                found += self._shape(peak, {**seen.state, "transition": name}, f"{seen.curve.cycle}:{name}")
        return found

    def _shape(self, peak: tr.TransitionPeak, state: dict, label: str) -> list[Entry]:
        found = []
        for word, value, unit, per in (
            ("transition_area", peak.area, "mAh", "mAh/g"),
            ("transition_height", peak.height, "mAh/V", "mAh/g/V"),
        ):
            if value is not None and self.mass is not None:
                q = self.quantity(value, unit, f"{word}:{label}")
                q = derive(lambda a, m: a / m, q, self.mass, unit=per, basis=q.basis, origin=self.origin)
                found.append(Entry(word, q, state))
        if peak.width is not None:
            found.append(Entry("transition_width", self.quantity(peak.width, "V", f"width:{label}").to("mV"), state))
        return found

    def polarisations(self, seen: list[HalfCyclePeaks], wanted: set[int]) -> list[Entry]:
        """Charge less discharge position of every transition of a cycle."""
        charged = {s.curve.cycle: s for s in seen if s.curve.sign > 0}
        found = []
        for s in seen:
            other = charged.get(s.curve.cycle)
            if s.curve.sign > 0 or other is None or s.curve.cycle not in wanted:
                continue
            both = [name for name in tr.NAMES if name in s.named.peaks and name in other.named.peaks]
            state = {"cycle": s.curve.cycle, **s.part.state}
            found += [Entry("polarisation", self.difference(other, s, n), {**state, "transition": n}) for n in both]
        return sorted(found, key=lambda e: (e.state["cycle"], tr.NAMES.index(e.state["transition"])))

    def shifts(self, seen: list[HalfCyclePeaks], parts: list[hc.ProtocolPart]) -> list[Entry]:
        """Late less early position of the followed transition on charge, of every long part."""
        found = []
        for part in parts:
            ends = find_shift_ends(seen, part, self.options)
            if ends:
                first, last = ends
                state = {**last.state, "cycle": first.curve.cycle, "to_cycle": last.curve.cycle}
                found.append(Entry(FOLLOWED.shift, self.difference(last, first, FOLLOWED.name), state))
        return found

    def kept(self, first: HalfCyclePeaks, last: HalfCyclePeaks) -> dict[str, Quantity]:
        """Late over early area of each transition in %; the mass drops out, and what the choices do to both."""
        found = {}
        early, late = first.named.areas, last.named.areas
        for name in tr.NAMES:
            if name not in early or name not in late:
                continue
            pair = [self.quantity(area, "mAh", "") for area in (early[name], late[name])]
            found[name] = derive(lambda a, b: 100 * b / a, *pair, unit="%", basis="model-spread", origin=self.origin)
        return found

    def difference(self, a: HalfCyclePeaks, b: HalfCyclePeaks, name: str) -> Quantity:
        pair = self.place(a, name), self.place(b, name)
        return derive(lambda x, y: 1e3 * (x - y), *pair, unit="mV", basis="model-spread", origin=self.origin)


def find_shift_ends(
    seen: list[HalfCyclePeaks], part: hc.ProtocolPart, options: DqdvOptions
) -> tuple[HalfCyclePeaks, HalfCyclePeaks] | None:
    """The charges between which the followed shift in a long part is taken; None where there are no two."""
    inside = [s for s in seen if s.curve.cycle in part.cycles and s.curve.sign > 0 and FOLLOWED.name in s.named.peaks]
    start = part.cycles[0] + options.shift_from - 1
    late = [s for s in inside if s.curve.cycle >= start]
    if len(part.cycles) < LONG or len(late) < 2:
        return None
    return late[0], late[-1]


def balance_transitions(
    seen: list[HalfCyclePeaks], parts: list[hc.ProtocolPart], half: hc.HalfCycles, maker: QuantityMaker
) -> tuple[list[Entry], list[Check]]:
    """What every long part kept of each transition, and how that reads."""
    entries, checks = [], []
    for part in parts:
        ends = find_shift_ends(seen, part, maker.options)
        if ends is None:
            continue
        first, last = ends
        state = {**last.state, "cycle": first.curve.cycle, "to_cycle": last.curve.cycle}
        kept = maker.kept(first, last)
        entries += [Entry("transition_kept", q, {**state, "transition": name}) for name, q in kept.items()]
        grown = _compute_growth(seen, ends, maker)
        checks.append(degradation_modes.explain_fading(part.title, kept, grown, _compute_retained(half, ends)))
    return entries, checks


def _compute_growth(
    seen: list[HalfCyclePeaks], ends: tuple[HalfCyclePeaks, HalfCyclePeaks], maker: QuantityMaker
) -> Quantity | None:
    """Growth of the polarisation of the followed transition between two charges; None where a discharge lacks it."""
    discharges = {s.curve.cycle: s for s in seen if s.curve.sign < 0 and FOLLOWED.name in s.named.peaks}
    first, last = (discharges.get(end.curve.cycle) for end in ends)
    if first is None or last is None:
        return None
    before = maker.difference(ends[0], first, FOLLOWED.name)
    after = maker.difference(ends[1], last, FOLLOWED.name)
    return derive(lambda a, b: b - a, before, after, unit="mV")


def _compute_retained(half: hc.HalfCycles, ends: tuple[HalfCyclePeaks, HalfCyclePeaks]) -> float | None:
    """Discharge capacity of the last over that of the first cycle in %; None where one has no discharge."""
    early, late = (float(half.charge[half.which(end.curve.cycle, -1)].sum()) for end in ends)
    return 100 * late / early if early and late else None


def _name_source(context: Context, rows: hc.CyclingRecord) -> str:
    return ":".join(filter(None, (str(hc.make_subject(context)), rows.where)))


def _check_windows(options: DqdvOptions) -> None:
    for name, window in options.windows.items():
        if len(window) != 2 or not window[0] < window[1]:
            raise NacreError(
                f"the window of {name} is not two voltages in order",
                where="option '" + name.lower().replace("-", "_") + "'",
                found=", ".join(f"{v:g}" for v in window) or "nothing",
                expected="lower and upper voltage vs. Li+/Li, such as 3.55, 3.80",
            )


def _tabulate_transitions(seen: list[HalfCyclePeaks], mass: Quantity | None) -> Curve:
    """One row per half cycle: places in V, areas in mAh/g, widths in mV; NaN where not determined."""
    divisor, per = figures.get_divisor(mass)
    columns: dict[str, tuple[Any, str]] = {
        "cycle": (np.array([s.curve.cycle for s in seen]), "1"),
        "direction": (np.array([WORDS[s.curve.sign] for s in seen]), "1"),
        "rate_C": (np.array([s.part.rate or np.nan for s in seen]), "C-rate"),
    }

    for name in tr.NAMES:
        peaks = [s.named.peaks.get(name) for s in seen]
        columns[f"{name} place"] = (_get_peak_values(peaks, "place", 1.0), "V")
        columns[f"{name} area"] = (_get_peak_values(peaks, "area", 1 / divisor), f"mAh{per}")
        columns[f"{name} height"] = (_get_peak_values(peaks, "height", 1 / divisor), f"mAh{per}/V")
        columns[f"{name} width"] = (_get_peak_values(peaks, "width", 1e3), "mV")
    return Curve("transitions", columns)


def _get_peak_values(peaks: Sequence[tr.TransitionPeak | None], field: str, scale: float) -> np.ndarray:
    """One value of every peak times `scale`; NaN where there is no peak, or it has no such value."""
    values = [getattr(peak, field, None) for peak in peaks]
    return np.array([np.nan if value is None else value.value * scale for value in values])


# --- checks -------------------------------------------------------------------------------------------------


def _check_records(seen: list[HalfCyclePeaks], mass: Quantity | None) -> list[Check]:
    lost = [s for s in seen if s.curve.curve is None]
    checks = []
    if mass is None and len(lost) < len(seen):
        text = "the mass of active material is not given: peak areas and heights are in the curves only, in mAh"
        checks.append(Check("info", text, 'add cam_mass = "... mg" to the cell'))
    if lost:
        cure = "log a record every 1 to 5 mV in the cycles that matter"
        text = f"{len(lost)} of {len(seen)} half cycles give no dQ/dV (first: {lost[0].title}, {lost[0].curve.why})"
        checks.append(Check("warn" if len(lost) == len(seen) else "info", text, cure))
    held = [s for s in seen if s.curve.curve is not None and s.curve.left_out > 0.02]
    if held:
        most = max(held, key=lambda s: s.curve.left_out)
        text = (
            f"charge that passed at another current (a held voltage) is not in dQ/dV: up to {most.curve.left_out:.0%}"
        )
        checks.append(Check("info", f"{text}, in {most.title}"))
    return checks


def _check_naming(context: Context) -> list[Check]:
    if context.find("counter_potential", "V") is None:
        text = "the peaks of dQ/dV cannot be named: the counter electrode's potential is not given"
        return [Check("warn", text, 'add counter_potential = "... V" to the cell (Li4Ti5O12 1.55, In/InLi 0.62, Li 0)')]
    cam = context.text("cam")
    if not cam:
        text = "the active material is not given: peaks are named as those of a nickel-rich layered oxide"
        return [Check("info", text, 'add cam = "..." to the sample')]
    if cam and "Ni" not in cam:
        text = f"H1-M, M-H2 and H2-H3 are transitions of nickel-rich layered oxides; the active material is {cam}"
        return [Check("warn", text, "set the windows to its own transitions, or read the names with care")]
    return []


def _report_unnamed(seen: list[HalfCyclePeaks], wanted: set[int]) -> list[Check]:
    """Of the half cycles reported: which transitions cannot be determined, and why."""
    reasons: dict[str, list[str]] = {}
    for s in seen:
        lacking = [name for name in tr.NAMES if name not in s.named.peaks] if s.curve.cycle in wanted else []
        why = s.named.why or "it has no maximum of its own (merged with a neighbour, cut off, or absent)"
        for name in lacking:
            reasons.setdefault(f"{name} cannot be determined: {why}", []).append(s.title)
    found = []
    for text, where in reasons.items():
        more = f" and {len(where) - 2} more" if len(where) > 2 else ""
        found.append(Check("info", f"{text}; {', '.join(where[:2])}{more}"))
    return found


def _check_accuracy(options: DqdvOptions, seen: list[HalfCyclePeaks]) -> list[Check]:
    if options.voltage_error is not None or not seen:
        return []
    text = (
        "the accuracy of the cycler's voltage is not stated: positions of peaks have the uncertainty of the record and "
        "of the choices only; differences within a cell do not depend on it"
    )
    return [Check("info", text, "give voltage_error")]


def _describe_methods(options: DqdvOptions) -> str:
    return (
        "Differential capacity is the density of charge over voltage at constant current, on a grid of "
        f"{options.grid:g} mV, smoothed by a Gaussian of {options.smoothing:g} mV (standard deviation). A peak's "
        "position is the maximum of a cubic fitted to log(dQ/dV) above "
        f"{options.part:g} % of its height; its area is the charge between the minima on either side (or where dQ/dV "
        "falls to a tenth of the height), no background taken off; its width is that at half height. Smoothing (half, "
        "double), grid (half, 2.5 times) and height (15 points less, more) were varied; what they change is in the "
        "uncertainty, and drops out of differences where it is common."
    )


TECHNIQUE = Technique(
    "dqdv",
    "Differential capacity",
    ("cycling",),
    analyse,
    DqdvOptions,
    citations=(
        "M. Dubarry, D. Anseán, Front. Energy Res. 2022, 10, 1023555.",
        "C. R. Loader, Ann. Stat. 1996, 24, 1602-1618.",
    ),
    relations=RELATIONS,
)
