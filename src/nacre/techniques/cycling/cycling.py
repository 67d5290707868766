"""Galvanostatic cycling: capacity, efficiency, energy and voltage of each cycle, and how they fade.

Half cycles are recognised by the direction of the current, not by the cycler's counter, and cycles are numbered
from 1 in the order of the test. Charge comes from the cycler's counter where there is one, else from the
integral of I dt. Coulombic efficiency is the discharge over the charge that came before it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.options import option
from nacre.core.quantity import Quantity, derive
from nacre.core.result import Check, Curve, Entry, Result
from nacre.physics.cycling import fade
from nacre.techniques.cycling import cycling_figures as figures
from nacre.techniques.cycling import half_cycles as hc
from nacre.techniques.cycling.capacity_check import check_capacity

# the amount a charge is divided by -> (declared input, its unit, unit of the result, names on discharge and charge)
PER = {
    "mass": ("cam_mass", "g", "mAh/g", {-1: "discharge_capacity", 1: "charge_capacity"}),
    "area": ("area", "cm2", "mAh/cm2", {-1: "areal_discharge_capacity", 1: "areal_charge_capacity"}),
    "nothing": ("", "1", "mAh", {-1: "discharge_charge", 1: "charge_charge"}),
}
ENERGY = {-1: "discharge_energy", 1: "charge_energy"}
MEAN_VOLTAGE = {-1: "mean_discharge_voltage", 1: "mean_charge_voltage"}
LONG = 10


@dataclass(frozen=True)
class CyclingOptions:
    """What may be chosen about cycling."""

    divide_by: tuple[str, ...] = option(
        ("mass", "area"), "what charge is divided by; the mass is that of active material", choices=tuple(PER)
    )
    starts_with: str = option(
        "auto", "half cycle that opens a cycle; auto: the first in the file", choices=("auto", "charge", "discharge")
    )
    cycles: str = option(
        "current", "cycles by the current's direction, or by the counter in the file", choices=("current", "file")
    )
    efficiency: str = option(
        "discharge/charge",
        "Coulombic efficiency: a discharge over the charge before it, or the reverse (negative-electrode half cells)",
        choices=("discharge/charge", "charge/discharge"),
    )
    current_gain_error: float | None = option(
        None, "relative standard uncertainty of the cycler's current reading", unit="%", lo=0.0, hi=10.0
    )
    current_offset_error: float | None = option(
        None, "standard uncertainty of the zero of the cycler's current", unit="uA", lo=0.0
    )
    voltage_error: float | None = option(None, "standard uncertainty of the cycler's voltage", unit="mV", lo=0.0)
    window_tolerance: float = option(5.0, "how near to its limit a half cycle must end", unit="mV", lo=0.0)
    smallest_half_cycle: float = option(
        1.0, "charge below which a stretch of current is a pulse, of the largest half cycle", unit="%", lo=0.0, hi=50.0
    )
    retention_at: tuple[int, ...] = option(
        (), "cycles given as quantities with their retention, beside the first and last of each segment", lo=1
    )
    every_cycle: bool = option(False, "give all of every cycle as quantities, not in the table of cycles alone")


@dataclass(frozen=True)
class CycleSide:
    """One direction of one cycle: its charge, and its energy in J."""

    charge: Quantity
    joules: float

    @property
    def mean_voltage(self) -> float:
        return self.joules / (self.charge.value * hc.C_PER_MAH)


@dataclass(frozen=True)
class Cycle:
    """A cycle: its sides by sign, and the charge in the denominator of its Coulombic efficiency."""

    number: int
    part: hc.ProtocolPart
    sides: Mapping[int, CycleSide]
    before: Quantity | None

    @property
    def state(self) -> dict:
        return {"cycle": self.number, **self.part.state}


def analyse(inputs: Mapping[str, Any], context: Context, options: CyclingOptions) -> list[Result]:
    """Quantities, curves and figures of one test.

    inputs : {"signal": a cycling Signal, or the list of a test's files}. Raises NacreError where columns, the
    active mass or the area are missing.
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
        return [Result("cycling", context.analysis, subject, checks=(_report_rest(rows),), origin=rows.origin)]
    amounts = {per: context.need(PER[per][0], PER[per][1], "the capacity") for per in options.divide_by if PER[per][0]}
    parts, part_checks = hc.divide_protocol(half, context)
    cycles = assemble_cycles(half, parts, options, _name_source(context, rows))
    entries, findings = _follow_segments(cycles, parts, amounts, options)
    checks = (
        *check_capacity(_find_largest_discharge(cycles, amounts.get("mass")), context),
        *_check_window(half, context, options),
        *_check_sides(half, cycles, options),
        *part_checks,
        *findings,
        *half.checks,
    )
    return [
        Result(
            "cycling",
            context.analysis,
            subject,
            entries=(*_report_cycles(cycles, parts, amounts, options), *entries),
            curves=(_tabulate_cycles(cycles, amounts, options), *figures.tabulate_profiles(half, amounts.get("mass"))),
            figures=figures.draw(half, cycles, parts, amounts, context, get_numerator_sign(options)),
            checks=(*checks, *_check_accuracy(options)),
            citations=TECHNIQUE.citations if any(e.name == "fade_knee" for e in entries) else (),
            methods=_describe_methods(half, options, amounts),
            origin=rows.origin,
        )
    ]


def get_numerator_sign(options: CyclingOptions) -> int:
    """Sign of the half cycle in the numerator of the Coulombic efficiency."""
    return -1 if options.efficiency == "discharge/charge" else 1


def _name_source(context: Context, rows: hc.CyclingRecord) -> str:
    return ":".join(filter(None, (str(hc.make_subject(context)), rows.where)))


def assemble_cycles(
    half: hc.HalfCycles, parts: list[hc.ProtocolPart], options: CyclingOptions, source: str
) -> list[Cycle]:
    """The cycles of a test. A half cycle that the end of the file cut off is left out."""
    gain = None if options.current_gain_error is None else options.current_gain_error / 100
    offset = None if options.current_offset_error is None else options.current_offset_error * 1e-6
    charges = hc.make_charges(half, source, gain, offset)
    top = get_numerator_sign(options)
    sides: dict[int, dict[int, CycleSide]] = {}
    before: dict[int, Quantity] = {}
    last: dict[int, Quantity] = {}
    for k in np.flatnonzero(half.complete).tolist():
        number, sign = int(half.cycle[k]), int(half.runs.sign[k])
        _add_half_cycle(sides.setdefault(number, {}), sign, charges[k], float(half.energy[k]))
        last[sign] = charges[k]
        # what came before the numerator's half cycle is its denominator, whatever cycle it was in
        if sign == top and -top in last:
            before[number] = last[-top]
    if options.cycles == "file":
        before = {number: mine[-top].charge for number, mine in sides.items() if -top in mine}
    by_cycle = {number: part for part in parts for number in part.cycles}
    return [Cycle(number, by_cycle[number], mine, before.get(number)) for number, mine in sorted(sides.items())]


def _add_half_cycle(mine: dict[int, CycleSide], sign: int, charge: Quantity, joules: float):
    """One more half cycle of a cycle: only the file's own counter puts several of one direction into one."""
    if sign in mine:
        charge = derive(lambda a, b: a + b, mine[sign].charge, charge, unit="mAh", origin=charge.origin)
        joules += mine[sign].joules
    mine[sign] = CycleSide(charge, joules)


def divide_charge(charge: Quantity, per: str, amounts: Mapping[str, Quantity]) -> Quantity:
    """A charge in mAh divided by what it is given per."""
    if per not in amounts:
        return charge
    unit = PER[per][2]
    return derive(lambda q, m: q / m, charge, amounts[per], unit=unit, origin=charge.origin, basis=charge.basis)


def compute_efficiency(cycle: Cycle, options: CyclingOptions) -> Quantity | None:
    """Coulombic efficiency in %. Its error is unknown where the accuracy of the current is not stated."""
    side = cycle.sides.get(get_numerator_sign(options))
    if side is None or cycle.before is None:
        return None
    return _compute_ratio(side.charge, cycle.before, options)


def _compute_ratio(a: Quantity, b: Quantity, options: CyclingOptions, unit: str = "%") -> Quantity:
    if options.current_gain_error is None or options.current_offset_error is None:
        return Quantity(100 * a.value / b.value, unit, basis="none", origin=a.origin)
    return derive(lambda x, y: 100 * x / y, a, b, unit=unit, origin=a.origin)


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
    return entries + _report_first_loss(cycles, parts, amounts)


def _report_cycle(cycle: Cycle, amounts: Mapping[str, Quantity], options: CyclingOptions) -> list[Entry]:
    entries = _report_capacities(cycle, amounts, options)
    found = compute_efficiency(cycle, options)
    if found is not None:
        entries.append(Entry("coulombic_efficiency", found, cycle.state))
    return entries + _report_energies(cycle, amounts, options)


def _report_first_loss(
    cycles: Sequence[Cycle], parts: Sequence[hc.ProtocolPart], amounts: Mapping[str, Quantity]
) -> list[Entry]:
    """Charge less discharge capacity of the cell's first cycle, where that is in the test and the mass is known."""
    first = next((c for c in cycles if c.number == 1 and len(c.sides) == 2), None)
    if first is None or not hc.is_first_test(parts) or "mass" not in amounts:
        return []
    charge, discharge = (first.sides[sign].charge for sign in (1, -1))
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
        volts = _make_mean_voltage(side, options)
        origin = side.charge.origin
        entries.append(Entry(MEAN_VOLTAGE[sign], volts, cycle.state))
        energies[sign] = derive(lambda q, v: q * v, side.charge, volts, unit="mWh", origin=origin)
        if "mass" in amounts:
            value = derive(lambda e, m: e / m, energies[sign], amounts["mass"], unit="mWh/g", origin=origin)
            entries.append(Entry(ENERGY[sign], value, cycle.state))
    if len(energies) == 2:
        entries.append(Entry("energy_efficiency", _compute_ratio(energies[-1], energies[1], options), cycle.state))
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
    """Retention, mean efficiency, fade and knee of every part that is long enough."""
    entries, checks = [], []
    sign = get_numerator_sign(options)
    states = [part.state for part in parts if len(part.cycles) >= LONG]
    for part in parts:
        inside = [c for c in cycles if c.number in part.cycles and sign in c.sides]
        if len(inside) < LONG:
            continue
        state = part.state
        if states.count(part.state) > 1:  # two long parts alike are distinguished by where they end
            state = state | {"to_cycle": inside[-1].number}
        entries += _measure_fade(inside, state, sign, amounts, options)
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
    std = (found.hi95 - found.lo95) / 3.92
    origin = charges[0].origin
    knee = Quantity(found.cycle, "1", std, found.lo95, found.hi95, len(inside), "fit-covariance", origin)
    return [Entry("fade_knee", knee, state)], []


def _measure_fade(
    inside: list[Cycle], state: dict[str, Any], sign: int, amounts: Mapping[str, Quantity], options: CyclingOptions
) -> list[Entry]:
    first, last = inside[0].sides[sign].charge, inside[-1]
    entries = [
        Entry("capacity_retention", _compute_ratio(c.sides[sign].charge, first, options), {**state, "cycle": c.number})
        for c in inside[1:]
        if c is last or c.number in options.retention_at
    ]
    spent, kept = last.number - inside[0].number, entries[-1].quantity
    fade_rate = derive(lambda r: (100 - r) / spent, kept, unit="%", origin=first.origin)
    entries.append(Entry("fade_rate", fade_rate, state))
    entries += _balance_charge(inside, state, sign, amounts, options)
    found = [ce for c in inside[1:] if (ce := compute_efficiency(c, options)) is not None]
    if found:
        mean = derive(lambda *x: sum(x) / len(x), *found, unit="%", origin=first.origin, n=len(found))
        entries.append(Entry("mean_coulombic_efficiency", mean, state))
    return entries


def _balance_charge(
    inside: list[Cycle], state: dict[str, Any], sign: int, amounts: Mapping[str, Quantity], options: CyclingOptions
) -> list[Entry]:
    """Capacity lost over one part, and the charge that went in and did not come out, summed over its cycles."""
    pairs = [(c.before, c.sides[sign].charge) for c in inside[1:] if c.before is not None]
    if "mass" not in amounts or not pairs:
        return []
    ends = inside[0].sides[sign].charge, inside[-1].sides[sign].charge
    flat = [q for pair in pairs for q in pair]
    stated = options.current_gain_error is not None and options.current_offset_error is not None
    balances = {
        "capacity_lost": derive(lambda a, b: a - b, *ends, unit="mAh", origin=ends[0].origin),
        "cumulative_inefficiency": derive(
            lambda *q: sum(q[::2]) - sum(q[1::2]), *flat, unit="mAh", origin=ends[0].origin, n=len(pairs)
        ),
    }
    if not stated:
        balances = {
            name: Quantity(q.value, "mAh", n=q.n, basis="none", origin=q.origin) for name, q in balances.items()
        }
    return [Entry(name, divide_charge(q, "mass", amounts), state) for name, q in balances.items()]


def _tabulate_cycles(cycles: list[Cycle], amounts: Mapping[str, Quantity], options: CyclingOptions) -> Curve:
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
    columns["rate_C"] = (np.array([c.part.rate or np.nan for c in cycles]), "C-rate")
    columns["segment"] = (np.array([c.part.name for c in cycles]), "1")
    columns["whole"] = (np.array([len(c.sides) == 2 for c in cycles]), "1")
    return Curve("cycles", columns)


def _get_side_values(cycles: Sequence[Cycle], sign: int, take: Callable[[CycleSide], float]) -> np.ndarray:
    """A value of one direction of every cycle; NaN where the cycle lacks it."""
    return np.array([take(c.sides[sign]) if sign in c.sides else np.nan for c in cycles])


def _report_rest(rows: hc.CyclingRecord) -> Check:
    hours = (rows.time[-1] - rows.time[0]) / 3600
    span = f"{np.nanmin(rows.voltage):.4g} to {np.nanmax(rows.voltage):.4g} V"
    text = f"{rows.where} holds no charge and no discharge: {hours:.3g} h at rest, {span}"
    return Check("warn", text, "a test is judged on files with current")


def _find_largest_discharge(cycles: list[Cycle], mass: Quantity | None) -> float:
    """The largest discharge, mAh/g; 0 where it is not divided by a mass."""
    sides = [c.sides[-1].charge for c in cycles if -1 in c.sides]
    return max((q.to("mAh").value for q in sides), default=0.0) / mass.to("g").value if mass else 0.0


def _check_window(half: hc.HalfCycles, context: Context, options: CyclingOptions) -> list[Check]:
    checks = []
    for sign, name, word in ((1, "upper_voltage", "charge"), (-1, "lower_voltage", "discharge")):
        mine = np.flatnonzero((half.runs.sign == sign) & half.complete)
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
    """More charge out than in is physically possible only with a side reaction, or an error of the record."""
    values = {c.number: q.value for c in cycles if (q := compute_efficiency(c, options)) is not None}
    over = [number for number, value in values.items() if value > 100.0]
    if not over:
        return []
    text = f"more charge came out than went in, in {len(over)} of {len(values)} cycles (first: cycle {over[0]}"
    cure = "a current offset, a change of temperature, a charge that was cut short, or a negative electrode"
    return [Check("warn", f"{text}, {values[over[0]]:.2f} %)", cure)]


def _check_accuracy(options: CyclingOptions) -> list[Check]:
    if options.current_gain_error is not None and options.current_offset_error is not None:
        return []
    return [
        Check(
            "info",
            "the accuracy of the cycler's current is not stated: efficiencies and retentions have no uncertainty, "
            "capacities only that of the mass or area and of the record itself",
            "give current_gain_error and current_offset_error",
        )
    ]


def _describe_methods(half: hc.HalfCycles, options: CyclingOptions, amounts: Mapping[str, Quantity]) -> str:
    charge = "the cycler's charge counter" if half.counted else "the integral of the current"
    per = {"mass": "the mass of active material", "area": "the electrode area"}
    divided = " and ".join(per[name] for name in amounts) or "nothing"
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
