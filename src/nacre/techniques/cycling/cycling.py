"""Galvanostatic cycling: capacity, efficiency, energy and voltage of each cycle, and how they fade.

Half cycles are recognised by the direction of the current, not by the cycler's counter, and cycles are numbered
from 1 in the order of the test. Charge comes from the cycler's counter where there is one, else from the
integral of I dt. Coulombic efficiency is the discharge over the charge that came before it.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.quantity import Quantity, derive
from nacre.core.result import Check, Curve, Entry, Result
from nacre.physics.cycling import fade
from nacre.techniques.cycling import cycling_figures as figures
from nacre.techniques.cycling import half_cycles as hc
from nacre.techniques.cycling.ageing import LONG, SHORTEST, find_ageing
from nacre.techniques.cycling.capacity_check import check_capacity
from nacre.techniques.cycling.cycles import (
    PER,
    Cycle,
    CycleSide,
    CyclingOptions,
    assemble_cycles,
    compute_efficiency,
    compute_ratio,
    divide_charge,
    get_numerator_sign,
)

SCATTER = 0.1  # %: efficiencies of a sound record lie so close above 100
IMPOSSIBLE = 0.5  # %: above it something is wrong with the record
ENERGY = {-1: "discharge_energy", 1: "charge_energy"}
MEAN_VOLTAGE = {-1: "mean_discharge_voltage", 1: "mean_charge_voltage"}


def analyse(inputs: Mapping[str, Any], context: Context, options: CyclingOptions) -> list[Result]:
    """Capacity, efficiency, energy and fading of one test.

    Parameters
    ----------
    inputs : {"signal": Signal or list of Signal}
        The record of a test, or its files in order.
    context : Context
        What the study declares of the sample, the cell and the measurement.
    options : CyclingOptions
        Chosen in study.toml; each is described where it is declared.

    Returns
    -------
    list of Result
        One result: quantities of the first and last cycles, a table of all cycles, voltage profiles, figures.

    Raises
    ------
    NacreError
        Where columns, the active mass or the area are missing.
    """
    rows = hc.join_files(inputs["signal"])
    half = hc.find_half_cycles(
        rows,
        starts_with=options.starts_with,
        cycles=options.cycles,
        smallest=options.smallest_half_cycle / 100,
    )
    subject = hc.make_subject(context)
    if not len(half.runs):
        checks = half.checks if rows.stopped else (*half.checks, _report_rest(rows))
        return [Result("cycling", context.analysis, subject, checks=checks, origin=rows.origin)]
    amounts = {per: context.need(PER[per][0], PER[per][1], "the capacity") for per in options.divide_by if PER[per][0]}
    parts, part_checks = hc.divide_protocol(half, context)
    cycles = assemble_cycles(half, parts, options, _name_source(context, rows))
    entries, findings = _follow_segments(cycles, parts, amounts, options)
    checks = (
        *check_capacity(_find_largest_charge(cycles, amounts.get("mass")), context),
        *_check_window(half, context, options),
        *_check_sides(half, cycles, options),
        *part_checks,
        *findings,
        *half.checks,
    )
    table = _tabulate_cycles(cycles, amounts, options, half, context)
    return [
        Result(
            "cycling",
            context.analysis,
            subject,
            entries=(*_report_cycles(cycles, parts, amounts, options), *entries),
            curves=(table, *figures.tabulate_profiles(half, amounts.get("mass"))),
            figures=figures.draw(half, cycles, parts, amounts, context, get_numerator_sign(options)),
            checks=(*checks, *_check_accuracy(options)),
            citations=TECHNIQUE.citations if any(e.name == "fade_knee" for e in entries) else (),
            methods=_describe_methods(half, options, amounts),
            origin=rows.origin,
        )
    ]


def _name_source(context: Context, rows: hc.CyclingRecord) -> str:
    return ":".join(filter(None, (str(hc.make_subject(context)), rows.where)))


def _report_cycles(
    cycles: Sequence[Cycle],
    parts: Sequence[hc.ProtocolPart],
    amounts: Mapping[str, Quantity],
    options: CyclingOptions,
) -> list[Entry]:
    """Quantities of the first and last cycles of each part and of those asked for; the table holds all."""
    ends = {number for part in parts for number in (part.cycles[0], part.cycles[-1])}
    wanted = ends | set(options.retention_at)
    entries = []
    for cycle in cycles:
        if options.every_cycle or cycle.number in wanted:
            entries += _report_cycle(cycle, amounts, options)
    return entries + _report_first_loss(cycles, parts, amounts, get_numerator_sign(options))


def _report_cycle(cycle: Cycle, amounts: Mapping[str, Quantity], options: CyclingOptions) -> list[Entry]:
    entries = _report_capacities(cycle, amounts, options)
    found = compute_efficiency(cycle, options)
    if found is not None:
        entries.append(Entry("coulombic_efficiency", found, cycle.state))
    return entries + _report_energies(cycle, amounts, options)


def _report_first_loss(
    cycles: Sequence[Cycle], parts: Sequence[hc.ProtocolPart], amounts: Mapping[str, Quantity], sign: int
) -> list[Entry]:
    """What the first cycle took in and did not give back, where that cycle is in the test and the mass is known.

    `sign` is that of the half cycle that gives back: +1 for the electrode of a half cell that is discharged first.
    """
    first = next((c for c in cycles if c.number == 1 and len(c.sides) == 2), None)
    if first is None or not hc.is_first_test(parts) or "mass" not in amounts:
        return []
    charge, discharge = (first.sides[way].charge for way in (-sign, sign))
    lost = derive(
        lambda a, b, m: (a - b) / m,
        charge,
        discharge,
        amounts["mass"],
        unit="mAh/g",
        origin=charge.origin,
        basis=charge.basis,
    )
    return [Entry("irreversible_capacity", lost, first.state)]


def _report_capacities(cycle: Cycle, amounts: Mapping[str, Quantity], options: CyclingOptions) -> list[Entry]:
    return [
        Entry(PER[per][3][sign], divide_charge(side.charge, per, amounts), cycle.state)
        for sign, side in cycle.sides.items()
        for per in options.divide_by
    ]


def _report_energies(cycle: Cycle, amounts: Mapping[str, Quantity], options: CyclingOptions) -> list[Entry]:
    entries, energies = [], {}
    for sign, side in cycle.sides.items():
        if not np.isfinite(side.mean_voltage):  # no voltage was recorded, or nothing passed
            continue
        volts = _make_mean_voltage(side, options)
        origin = side.charge.origin
        entries.append(Entry(MEAN_VOLTAGE[sign], volts, cycle.state))
        energies[sign] = derive(lambda q, v: q * v, side.charge, volts, unit="mWh", origin=origin)
        if "mass" in amounts:
            value = derive(lambda e, m: e / m, energies[sign], amounts["mass"], unit="mWh/g", origin=origin)
            entries.append(Entry(ENERGY[sign], value, cycle.state))
    if len(energies) == 2 and energies[1].value > 0:
        entries.append(Entry("energy_efficiency", compute_ratio(energies[-1], energies[1]), cycle.state))
    return entries


def _make_mean_voltage(side: CycleSide, options: CyclingOptions) -> Quantity:
    """Mean voltage of a half cycle; the error of the cycler's voltage is common to all of them."""
    volts = Quantity(side.mean_voltage, "V", basis="none", origin=side.charge.origin)
    if not options.voltage_error:
        return replace(volts, std=None if options.voltage_error is None else 0.0)
    return replace(volts, std=options.voltage_error / 1000, basis="given").tagged("cycler voltage")


def _follow_segments(
    cycles: Sequence[Cycle],
    parts: Sequence[hc.ProtocolPart],
    amounts: Mapping[str, Quantity],
    options: CyclingOptions,
) -> tuple[list[Entry], list[Check]]:
    """Retention, mean efficiency, fade and knee of every stretch of ageing."""
    entries, checks = [], []
    sign = get_numerator_sign(options)
    stretches = find_ageing(parts)
    states = [part.state for part in stretches]
    for part in stretches:
        numbers = set(part.cycles)
        inside = [c for c in cycles if c.number in numbers and sign in c.sides]
        if len(inside) < SHORTEST:
            continue
        state = part.state
        if states.count(part.state) > 1:  # two stretches alike are distinguished by where they end
            state = state | {"to_cycle": inside[-1].number}
        entries += _measure_fade(inside, state, sign, amounts, options)
        if len(inside) < LONG:
            continue
        found, missing = _find_knee(inside, state, sign, part.title)
        entries += found
        checks += missing
    return entries, checks


def _find_knee(
    inside: Sequence[Cycle], state: dict[str, Any], sign: int, title: str
) -> tuple[list[Entry], list[Check]]:
    """The cycle at which fading speeds up, or why there is none."""
    charges = [c.sides[sign].charge for c in inside]
    numbers = np.array([c.number for c in inside], float)
    found = fade.find_knee(numbers, np.array([charge.value for charge in charges]))
    if not found.found:
        return [], [Check("info", f"no knee can be determined in {title}: {found.reason}")]
    # the interval is not symmetric: this is its width in standard deviations of a normal one
    std = (found.hi95 - found.lo95) / 3.92
    origin = charges[0].origin
    knee = Quantity(found.cycle, "1", std, found.lo95, found.hi95, len(inside), "fit-covariance", origin)
    return [Entry("fade_knee", knee, state)], []


def _measure_fade(
    inside: list[Cycle], state: dict[str, Any], sign: int, amounts: Mapping[str, Quantity], options: CyclingOptions
) -> list[Entry]:
    first, last = inside[0].sides[sign].charge, inside[-1]
    entries = [
        Entry("capacity_retention", compute_ratio(c.sides[sign].charge, first), {**state, "cycle": c.number})
        for c in inside[1:]
        if c is last or c.number in options.retention_at
    ]
    # the rate is per cycle number, also where cycles between were not recorded
    spent, kept = last.number - inside[0].number, entries[-1].quantity
    fade_rate = derive(lambda r: (100 - r) / spent, kept, unit="%", origin=first.origin)
    entries.append(Entry("fade_rate", fade_rate, state))
    entries += _balance_charge(inside, state, sign, amounts)
    found = [ce for c in inside[1:] if (ce := compute_efficiency(c, options)) is not None]
    if found:
        mean = derive(lambda *x: sum(x) / len(x), *found, unit="%", origin=first.origin, n=len(found))
        entries.append(Entry("mean_coulombic_efficiency", mean, state))
    return entries


def _balance_charge(
    inside: list[Cycle], state: dict[str, Any], sign: int, amounts: Mapping[str, Quantity]
) -> list[Entry]:
    """Capacity lost over one part, and the charge that went in and did not come out, summed over its cycles."""
    pairs = [(c.before, c.sides[sign].charge) for c in inside[1:] if c.before is not None]
    if "mass" not in amounts or not pairs:
        return []
    ends = inside[0].sides[sign].charge, inside[-1].sides[sign].charge
    flat = [q for pair in pairs for q in pair]
    balances = {
        "capacity_lost": derive(lambda a, b: a - b, *ends, unit="mAh", origin=ends[0].origin),
        "cumulative_inefficiency": derive(
            lambda *q: sum(q[::2]) - sum(q[1::2]), *flat, unit="mAh", origin=ends[0].origin, n=len(pairs)
        ),
    }
    return [Entry(name, divide_charge(q, "mass", amounts), state) for name, q in balances.items()]


def _tabulate_cycles(
    cycles: list[Cycle],
    amounts: Mapping[str, Quantity],
    options: CyclingOptions,
    half: hc.HalfCycles,
    context: Context,
) -> Curve:
    """One row per cycle; what a cycle does not have is NaN."""
    columns: dict[str, tuple[Any, str]] = {"cycle": (np.array([c.number for c in cycles]), "1")}
    for per in options.divide_by:
        divisor = amounts[per].value if per in amounts else 1.0
        for sign, name in PER[per][3].items():
            charge = _get_side_values(cycles, sign, lambda side: side.charge.value)
            columns[name] = (charge / divisor, PER[per][2])
    efficiencies = [compute_efficiency(c, options) for c in cycles]
    columns["coulombic_efficiency"] = (np.array([q.value if q else np.nan for q in efficiencies]), "%")
    for sign in (-1, 1):
        columns[MEAN_VOLTAGE[sign]] = (_get_side_values(cycles, sign, lambda side: side.mean_voltage), "V")
        if "mass" in amounts:
            milliwatthours = _get_side_values(cycles, sign, lambda side: side.joules / 3.6)
            columns[ENERGY[sign]] = (milliwatthours / amounts["mass"].value, "mWh/g")
    columns |= _list_conditions(cycles, half, context)
    columns["rate_C"] = (np.array([c.part.rate or np.nan for c in cycles]), "C-rate")
    columns["segment"] = (np.array([c.part.name for c in cycles]), "1")
    columns["whole"] = (np.array([len(c.sides) == 2 for c in cycles]), "1")
    return Curve("cycles", columns)


def _list_conditions(cycles: list[Cycle], half: hc.HalfCycles, context: Context) -> dict[str, tuple[Any, str]]:
    """How each cycle was run: C-rate as measured, voltages that it reached, start by the wall clock if there is one."""
    rates, numbers = hc.measure_rates(half, context), half.cycle.tolist()
    signs, limits = half.runs.sign.tolist(), half.limit.tolist()
    reached = dict(zip(zip(numbers, signs, strict=True), limits, strict=True))
    conditions = {
        "measured_rate": (np.array([rates.get(c.number, np.nan) for c in cycles]), "C-rate"),
        "upper_limit": (np.array([reached.get((c.number, 1), np.nan) for c in cycles]), "V"),
        "lower_limit": (np.array([reached.get((c.number, -1), np.nan) for c in cycles]), "V"),
    }
    if np.isfinite(half.rows.began):
        first = {number: half.runs.first[k] for k, number in reversed(list(enumerate(numbers)))}
        seconds = half.rows.time[[first[c.number] for c in cycles]] - half.rows.time[0]
        conditions["start"] = half.rows.began + seconds, "s"
    return conditions


def _get_side_values(cycles: Sequence[Cycle], sign: int, take: Callable[[CycleSide], float]) -> np.ndarray:
    """A value of one direction of every cycle; NaN where the cycle lacks it."""
    return np.array([take(c.sides[sign]) if sign in c.sides else np.nan for c in cycles])


def _report_rest(rows: hc.CyclingRecord) -> Check:
    hours = (rows.time[-1] - rows.time[0]) / 3600
    span = f"{np.nanmin(rows.voltage):.4g} to {np.nanmax(rows.voltage):.4g} V"
    text = f"{rows.where} holds no charge and no discharge: {hours:.3g} h at rest, {span}"
    return Check("warn", text, "a test is judged on files with current")


def _find_largest_charge(cycles: list[Cycle], mass: Quantity | None) -> float:
    """The largest of what was discharged or charged, mAh/g; 0 where it is not divided by a mass."""
    sides = [side.charge for c in cycles for side in c.sides.values()]
    return max((q.to("mAh").value for q in sides), default=0.0) / mass.to("g").value if mass else 0.0


def _check_window(half: hc.HalfCycles, context: Context, options: CyclingOptions) -> list[Check]:
    checks = []
    for sign, name, word in ((1, "upper_voltage", "charge"), (-1, "lower_voltage", "discharge")):
        mine = np.flatnonzero((half.runs.sign == sign) & half.complete & np.isfinite(half.limit))
        if not mine.size:
            continue
        wanted, reached = context.find(name, "V"), half.limit[mine]
        if wanted is None:
            text = f"{word}s ended between {reached.min():.4g} and {reached.max():.4g} V; no {name} is given"
            checks.append(Check("info", text, f'add {name} = "... V" to the cell to have it checked'))
            continue
        short = mine[sign * (wanted.value - reached) > options.window_tolerance / 1000]
        checks.append(_check_limit(short, len(mine), half, wanted.value, name, word))
    return checks


def _check_limit(short: np.ndarray, n: int, half: hc.HalfCycles, wanted: float, name: str, word: str) -> Check:
    if not len(short):
        return Check("pass", f"every {word} reached {name}, {wanted:.4g} V")
    at = f"cycle {half.cycle[short[0]]}, at {half.limit[short[0]]:.4g} V"
    text = f"{len(short)} of {n} {word}s ended before {name}, {wanted:.4g} V (first: {at})"
    return Check("warn", text, "a time or capacity limit ended them, or the window given is not the one used")


def _check_sides(half: hc.HalfCycles, cycles: list[Cycle], options: CyclingOptions) -> list[Check]:
    checks = []
    if not half.complete.all():
        word, volts = "charge" if half.runs.sign[-1] > 0 else "discharge", half.rows.voltage[half.runs.last[-1]]
        text = f"the file ends inside the {word} of cycle {half.cycle[-1]}, at {volts:.4g} V: it is left out"
        checks.append(Check("info", text))
    for sign, word in ((-1, "discharge"), (1, "charge")):
        lacking = [c.number for c in cycles if sign not in c.sides]
        if lacking and len(lacking) == len(cycles):
            checks.append(Check("warn", f"the test has no complete {word}: there is no Coulombic efficiency"))
        elif lacking:
            checks.append(Check("info", f"no complete {word} in cycle {', '.join(map(str, lacking[:5]))}"))
    return checks + _check_efficiencies(cycles, options)


def _check_efficiencies(cycles: list[Cycle], options: CyclingOptions) -> list[Check]:
    """More charge out than in needs a side reaction, an error of the record, or a faster half cycle before."""
    values = {c.number: q.value for c in cycles if (q := compute_efficiency(c, options)) is not None}
    slower = _find_slowed(cycles, get_numerator_sign(options))
    over = [number for number, value in values.items() if value > 100.0 + SCATTER and number not in slower]
    if not over:
        return []
    worst = max(values[number] for number in over)
    text = f"more charge came out than went in, in {len(over)} of {len(values)} cycles (first: cycle {over[0]}"
    cure = "a current offset, a change of temperature, a charge that was cut short, or a negative electrode"
    status = "fail" if worst > 100.0 + IMPOSSIBLE else "warn"
    return [Check(status, f"{text}, {values[over[0]]:.2f} %)", cure)]


def _find_slowed(cycles: list[Cycle], sign: int) -> set[int]:
    """Cycles that follow one of less capacity by a slower half cycle: what stayed inside comes out in them."""
    found = set()
    for before, cycle in itertools.pairwise(cycles):
        pair = [c.sides[sign].amps for c in (before, cycle) if sign in c.sides]
        if len(pair) == 2 and pair[1] < 0.9 * pair[0]:
            found.add(cycle.number)
    return found


def _check_accuracy(options: CyclingOptions) -> list[Check]:
    if options.current_gain_error is not None and options.current_offset_error is not None:
        return []
    return [
        Check(
            "info",
            "the accuracy of the cycler's current is not stated: efficiencies and retentions have no uncertainty, "
            "of capacities only that of the mass or area and of the record itself is known",
            "declare the cycler under [lab], or give current_gain_error and current_offset_error",
        )
    ]


def _describe_methods(half: hc.HalfCycles, options: CyclingOptions, amounts: Mapping[str, Quantity]) -> str:
    charge = "the cycler's charge counter" if half.counted else "the integral of the current"
    per = {"mass": "the mass of active material", "area": "the electrode area"}
    divided = " and ".join(per[name] for name in amounts) or "nothing"
    # the option's words are those of the sentence
    over, under = options.efficiency.split("/")
    return (
        f"Charge was taken from {charge} and divided by {divided}. The Coulombic efficiency of a cycle is its {over} "
        f"over the {under} before it; the mean over a segment leaves out its first cycle. Capacity retention refers "
        "to the first cycle of the segment."
    )


TECHNIQUE = Technique(
    "cycling",
    "Galvanostatic cycling",
    ("cycling",),
    analyse,
    CyclingOptions,
    needs=lambda options: tuple(PER[per][0] for per in options.divide_by if PER[per][0]),
    citations=(
        "D. W. Bacon, D. G. Watts, Biometrika 1971, 58, 525-534.",
        "P. Fermin-Cueto et al., Energy and AI 2020, 1, 100006.",
    ),
)
