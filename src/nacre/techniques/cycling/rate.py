"""Rate capability: capacity at each C-rate, what is kept of it, and how the overpotential grows.

A test is one of rates where its short segments run at two or more C-rates, or longer ones at three or more for about as
many cycles each. The reference is the lowest of them. The overpotential's growth is the drop of the mean discharge
voltage over the charge that every rate delivers, against the lowest rate: over that range the cell passes through like
states, as far as all discharges began alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.options import option
from nacre.core.quantity import Quantity, derive
from nacre.core.result import Check, Curve, Entry, Result
from nacre.techniques.cycling import half_cycles as hc
from nacre.techniques.cycling import rate_figures as figures
from nacre.techniques.cycling.ageing import LONG, is_ageing
from nacre.techniques.cycling.capacity_check import check_capacity

CAPACITY = {-1: "discharge_capacity", 1: "charge_capacity"}
LEAST_RATIO = 1.5  # of the highest to the lowest charge rate: a test of charge rates
MOST_KEPT = 0.5  # %
LEAST_GROWTH = 1.0  # mV
RANGES = (0.8, 0.9, 1.0)  # parts of the common charge over which voltages are averaged; the middle one counts
LEAST_COMMON = 5.0  # mAh/g
EVEN_RATES = 3  # rates that make a test one of rates although each ran for ten cycles or more
LONGEST = 30  # cycles at a rate of such a test: more of them is ageing


@dataclass(frozen=True)
class RateOptions:
    """Options of `rate`: which cycles count, and the errors of the cycler's current."""

    cycle_of_rate: str = option("mean", "which of several cycles at one rate counts", choices=("mean", "first", "last"))
    current_gain_error: float | None = option(
        None,
        "relative standard uncertainty of the cycler's current reading",
        unit="%",
        lo=0.0,
        hi=10.0,
        lab="cycler.current_gain_error",
    )
    current_offset_error: float | None = option(
        None,
        "standard uncertainty of the zero of the cycler's current",
        unit="uA",
        lo=0.0,
        lab="cycler.current_offset_error",
    )


@dataclass(frozen=True)
class RateStep:
    """One rate of the test: its part of the protocol, the discharge half cycles that count, their mean charge."""

    part: hc.ProtocolPart
    halves: tuple[int, ...]
    charge: Quantity
    sign: int = -1

    @property
    def rate(self) -> float:
        return self.part.rate or float("nan")  # parts without a rate make no step

    @property
    def state(self) -> dict:
        return self.part.state | ({"direction": "charge"} if self.sign > 0 else {})


def analyse(inputs: Mapping[str, Any], context: Context, options: RateOptions) -> list[Result]:
    """Capacities, kept fractions and overpotentials of a rate test.

    Parameters
    ----------
    inputs : {"signal": Signal or list of Signal}
        The record of a test, or its files in order.
    context : Context
        What the study declares of the sample, the cell and the measurement.
    options : RateOptions
        Chosen in study.toml; each is described where it is declared.

    Returns
    -------
    list of Result
        One result; none where the test runs at one rate alone.

    Raises
    ------
    NacreError
        Where columns or the active mass are missing.
    """
    rows = hc.join_files(inputs["signal"])
    half = hc.find_half_cycles(rows)
    if not len(half.runs):
        return []
    parts, notes = hc.divide_protocol(half, context)
    short, sign = _select_rate_parts(parts), -1
    missing = _check_missing_rates(context, parts)
    if len({part.rate for part in parts if part.rate}) == 1:
        by_charge = _select_rate_parts(hc.divide_by_charges(half, context))
        rates = [part.rate for part in by_charge if part.rate]
        if rates and max(rates) >= LEAST_RATIO * min(rates):
            short, sign = by_charge, 1
    if len({part.rate for part in short}) < 2:
        return _report_single_rate(context, missing, rows.origin)
    mass = context.need("cam_mass", "g", "the capacity at each rate")
    steps = _find_steps(half, short, sign, options, _name_source(context, rows))
    if len({step.rate for step in steps}) < 2:
        return _report_single_rate(context, missing, rows.origin)
    steps, again = _keep_first_visits(steps)
    grown = _compute_overpotentials(half, steps, mass)
    entries = (*_compute_capacities(steps, mass), *_compute_kept_fractions(steps), *grown)
    warned = [note for note in notes if note.status == "warn" and "is not in the file" not in note.text]
    return [
        Result(
            "rate",
            context.analysis,
            hc.make_subject(context),
            entries=entries,
            curves=(_tabulate_rates(entries),),
            figures=figures.draw(half, steps, entries, mass, context, rows.origin == "synthetic") if sign < 0 else (),
            checks=(
                *[check for check in half.checks if check.status == "fail"],
                *check_capacity(_find_largest_capacity(entries), context),
                *_check_plausible(entries),
                *missing,
                *warned,
                *again,
                *_check_common_charge(grown, steps),
                *_check_accuracy(options),
            ),
            methods=_describe_methods(options),
            origin=rows.origin,
        )
    ]


def _find_largest_capacity(entries: Sequence[Entry]) -> float:
    return max((e.quantity.to("mAh/g").value for e in entries if e.name in CAPACITY.values()), default=0.0)


def _check_plausible(entries: Sequence[Entry]) -> list[Check]:
    """More at a higher rate, or less polarisation, than at the lowest: half cycles that are not alike."""
    checks = []
    cure = "the first cycles lost capacity or were another window; name the segments that are to be compared"
    for entry in entries:
        q, rate = entry.quantity, f"{entry.state['rate_C']:g}C"
        if entry.name == "kept_fraction" and q.value > 100 + max(2 * (q.std or 0.0), MOST_KEPT):
            text = f"{q.value:.4g} % of the capacity at the lowest rate is kept at {rate}"
            checks.append(Check("fail", f"{text}: the two are not comparable", cure))
        if entry.name == "overpotential_growth" and q.value < -max(2 * (q.std or 0.0), LEAST_GROWTH):
            text = f"the overpotential at {rate} is {-q.value:.3g} mV below that at the lowest rate"
            checks.append(Check("fail", f"{text}: the two are not comparable", cure))
    return checks


def _name_source(context: Context, rows: hc.CyclingRecord) -> str:
    return ":".join(filter(None, (str(hc.make_subject(context)), rows.where)))


def _select_rate_parts(parts: Sequence[hc.ProtocolPart]) -> list[hc.ProtocolPart]:
    """The parts of a rate test: short ones, or longer ones where three rates had about as many cycles each."""
    rated = [part for part in parts if part.rate and not is_ageing(part.name)]
    usual = float(np.median([len(part.cycles) for part in rated])) if rated else 0.0
    even = [part for part in rated if len(part.cycles) <= min(2 * usual, LONGEST)]
    rates = [part.rate for part in even]
    comes_back = len(set(rates)) == 2 and len(rates) >= EVEN_RATES and rates[0] == rates[-1]
    if usual >= LONG and (len(set(rates)) >= EVEN_RATES or comes_back):
        return even
    return [part for part in rated if len(part.cycles) < LONG]


def _check_missing_rates(context: Context, parts: Sequence[hc.ProtocolPart]) -> list[Check]:
    """Declared rates that the file does not hold."""
    declared = context.measurement.segments if context.measurement else ()
    names = {part.name for part in parts}
    rates = {(part.name, part.rate) for part in parts}
    lost = []
    for segment in declared:
        rate = segment.rate.to("C-rate").value if segment.rate else None
        if rate and (segment.name, rate) not in rates:
            lost.append(f"{rate:g}C")
        elif not rate and segment.name not in names:
            lost.append(f"'{segment.name}'")
    if not lost:
        return []
    text = f"the test holds no cycle at {', '.join(lost)}, although study.toml declares it"
    return [Check("warn", text, "the test was stopped early, or a later file of it is missing")]


def _report_single_rate(context: Context, missing: list[Check], origin: str) -> list[Result]:
    """Nothing to say of a test at one rate, unless more were declared."""
    if not missing:
        return []
    text = "one rate alone says nothing about the rate capability"
    return [
        Result(
            "rate", context.analysis, hc.make_subject(context), checks=(*missing, Check("warn", text)), origin=origin
        )
    ]


def _find_steps(
    half: hc.HalfCycles, parts: list[hc.ProtocolPart], sign: int, options: RateOptions, source: str
) -> list[RateStep]:
    """The rates in the order of the test, each with the half cycles of one direction that count."""
    # options are in % and uA, charges in C
    gain = None if options.current_gain_error is None else options.current_gain_error / 100
    offset = None if options.current_offset_error is None else options.current_offset_error * 1e-6
    charges = hc.make_charges(half, source, gain, offset)
    found = []
    for part in parts:
        chosen = _choose_half_cycles(half, part, sign, options.cycle_of_rate)
        if not chosen:
            continue
        mine = [charges[k] for k in chosen]
        mean = derive(lambda *q: sum(q) / len(q), *mine, unit="mAh", origin=half.rows.origin, n=len(mine))
        found.append(RateStep(part, chosen, mean.marked(basis=mine[0].basis), sign))
    return found


def _choose_half_cycles(half: hc.HalfCycles, part: hc.ProtocolPart, sign: int, which: str) -> tuple[int, ...]:
    """The complete half cycles of a part: the first of each cycle, of all its cycles or of the first or last."""
    firsts = [k for cycle in part.cycles for k in half.which(cycle, sign)[:1].tolist()]
    complete = tuple(k for k in firsts if half.complete[k])
    return {"mean": complete, "first": complete[:1], "last": complete[-1:]}[which]


def _keep_first_visits(steps: list[RateStep]) -> tuple[list[RateStep], list[Check]]:
    """Each rate once: what comes back to a rate later (to see what lasted) is left to the cycling technique."""
    first: dict[float, RateStep] = {}
    for step in steps:
        first.setdefault(step.rate, step)
    again = [step for step in steps if first[step.rate] is not step]
    if not again:
        return steps, []
    text = f"{again[0].part.title} comes back to {again[0].rate:g}C: the first cycles at that rate count"
    return list(first.values()), [Check("info", text)]


def _compute_capacities(steps: list[RateStep], mass: Quantity) -> list[Entry]:
    found = []
    for step in steps:
        q = derive(lambda c, m: c / m, step.charge, mass, unit="mAh/g", origin=step.charge.origin, n=len(step.halves))
        found.append(Entry(CAPACITY[step.sign], q.marked(basis=step.charge.basis), step.state))
    return found


def _make_state(step: RateStep) -> dict[str, Any]:
    """The state of what a rate has against the lowest, whatever the segments are called."""
    return {name: value for name, value in step.state.items() if name != "segment"}


def find_lowest_rate(steps: Sequence[RateStep]) -> RateStep:
    """The reference: the lowest rate."""
    return min(steps, key=lambda step: step.rate)


def _compute_kept_fractions(steps: list[RateStep]) -> list[Entry]:
    """Capacity over that at the lowest rate, in %: the mass drops out, and so does a stated gain of the current."""
    reference, found = find_lowest_rate(steps), []
    for step in steps:
        if step is reference:
            continue
        q = derive(lambda a, b: 100 * a / b, step.charge, reference.charge, unit="%", origin=step.charge.origin)
        found.append(Entry("kept_fraction", q, _make_state(step)))
    return found


def compute_mean_voltage(half: hc.HalfCycles, k: int, charge: float) -> float:
    """Mean voltage in V of half cycle `k` over its first `charge` C."""
    q, v = half.curve(k)
    q = q - q[0]
    # the curve is cut where exactly `charge` has passed
    inside = q < charge
    q, v = np.append(q[inside], charge), np.append(v[inside], np.interp(charge, q, v))
    return float(np.sum(np.diff(q) * 0.5 * (v[1:] + v[:-1])) / charge)


def _compute_overpotentials(half: hc.HalfCycles, steps: list[RateStep], mass: Quantity) -> list[Entry]:
    """Drop of the mean discharge voltage in mV; the spread over ranges of charge is its uncertainty."""
    common = min(float(half.charge[k]) for step in steps for k in step.halves)
    # a range so short lies on the first drop of the voltage, which is not the overpotential's
    if common / hc.C_PER_MAH / mass.value < LEAST_COMMON:
        return []
    reference = find_lowest_rate(steps)

    def compute_level(step: RateStep, part: float) -> float:
        return float(np.mean([compute_mean_voltage(half, k, part * common) for k in step.halves]))

    found = []
    for step in steps:
        if step is reference:
            continue
        # the drop over the middle range counts; the other two say how much the choice of range matters
        grown = [compute_level(step, part) - compute_level(reference, part) for part in RANGES]
        low, drop, high = (1e3 * step.sign * volts for volts in grown)
        changes = {RANGES[0]: (low - drop) / np.sqrt(3), RANGES[2]: (high - drop) / np.sqrt(3)}
        std = float(np.hypot(*changes.values()))
        parts = {f"rate: voltage over {part:.0%} of the common charge": float(v) for part, v in changes.items()}
        q = Quantity(drop, "mV", std, basis="model-spread", origin=half.rows.origin, n=len(step.halves), parts=parts)
        found.append(Entry("overpotential_growth", q, _make_state(step)))
    return found


def _tabulate_rates(entries: Sequence[Entry]) -> Curve:
    """One row per rate; NaN for what the reference does not have."""
    capacity = next((e.name for e in entries if e.name in CAPACITY.values()), CAPACITY[-1])
    rates = [e.state["rate_C"] for e in entries if e.name == capacity]

    def column(name):
        mine = {e.state["rate_C"]: e.quantity.value for e in entries if e.name == name}
        return np.array([mine.get(rate, np.nan) for rate in rates])

    return Curve(
        "rates",
        {
            "rate_C": (np.array(rates), "C-rate"),
            capacity: (column(capacity), "mAh/g"),
            "kept_fraction": (column("kept_fraction"), "%"),
            "overpotential_growth": (column("overpotential_growth"), "mV"),
        },
    )


def _check_common_charge(grown: list[Entry], steps: list[RateStep]) -> list[Check]:
    if grown:
        return []
    why = f"the rates have less than {LEAST_COMMON:g} mAh/g in common"
    text = f"the growth of the overpotential cannot be determined: {why}"
    return [Check("info", text, "leave the highest rate out, or compare voltages at a state of charge")]


def _check_accuracy(options: RateOptions) -> list[Check]:
    if options.current_gain_error is not None and options.current_offset_error is not None:
        return []
    text = "the accuracy of the cycler's current is not stated: kept fractions have no uncertainty"
    return [Check("info", text, "declare the cycler under [lab], or give current_gain_error and current_offset_error")]


def _describe_methods(options: RateOptions) -> str:
    which = {"mean": "the mean over its cycles", "first": "that of its first cycle", "last": "that of its last cycle"}
    return (
        f"The capacity at a C-rate is {which[options.cycle_of_rate]}; the kept fraction refers to the lowest C-rate. "
        "The growth of the overpotential is the mean discharge voltage at the lowest rate less that at a rate, over "
        f"the first {RANGES[1]:.0%} of the charge that all rates delivered; its uncertainty is the spread between "
        f"{RANGES[0]:.0%} and {RANGES[2]:.0%}."
    )


TECHNIQUE = Technique("rate", "Rate capability", ("cycling",), analyse, RateOptions)
