"""Galvanostatic cycling: capacity, efficiency, energy and voltage of each cycle, and how they fade.

Half cycles are told by the direction of the current, not by the cycler's counter, and cycles are numbered
from 1 in the order of the test. Charge comes from the cycler's counter where there is one, else from the
integral of I dt. Coulombic efficiency is the discharge over the charge that came before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
from nacre.techniques.cycling.capacity_check import possible

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
class Side:
    """One direction of one cycle: charge, energy in J, how it ended."""

    charge: Quantity
    joules: float

    @property
    def mean_voltage(self) -> float:
        return self.joules / (self.charge.value * hc.C_PER_MAH)


@dataclass(frozen=True)
class Cycle:
    """A cycle: its sides by sign, and the charge in the denominator of its Coulombic efficiency."""

    number: int
    part: hc.Part
    sides: Mapping[int, Side]
    before: Quantity | None

    @property
    def state(self) -> dict:
        return {"cycle": self.number, **self.part.state}


def analyse(inputs: Mapping[str, Any], context: Context, options: CyclingOptions) -> list[Result]:
    """Quantities, curves and figures of one test.

    inputs : {"signal": a cycling Signal, or the list of a test's files}. Raises NacreError where columns, the
    active mass or the area are missing.
    """
    rows = hc.join(inputs["signal"])
    half = hc.half_cycles(
        rows,
        starts_with=options.starts_with,
        cycles=options.cycles,
        smallest=options.smallest_half_cycle / 100,
    )
    subject = hc.subject(context)
    if not len(half.runs):
        return [Result("cycling", context.analysis, subject, checks=(_only_rest(rows),), origin=rows.origin)]
    amounts = {per: context.need(PER[per][0], PER[per][1], "the capacity") for per in options.divide_by if PER[per][0]}
    parts, part_checks = hc.parts(half, context)
    cycles = cycles_of(half, parts, options, _source(context, rows))
    entries, findings = _segments(cycles, parts, amounts, options)
    checks = (
        *possible(_largest(cycles, amounts.get("mass")), context),
        *_window(half, context, options),
        *_sides_check(half, cycles, options),
        *part_checks,
        *findings,
        *half.checks,
    )
    return [
        Result(
            "cycling",
            context.analysis,
            subject,
            entries=(*_cycles(cycles, parts, amounts, options), *entries),
            curves=(_table(cycles, amounts, options), *figures.profile_curves(half, amounts.get("mass"))),
            figures=figures.draw(half, cycles, parts, amounts, context, numerator(options)),
            checks=(*checks, *_accuracy(options)),
            citations=TECHNIQUE.citations if any(e.name == "fade_knee" for e in entries) else (),
            methods=_methods(half, options, amounts),
            origin=rows.origin,
        )
    ]


def numerator(options: CyclingOptions) -> int:
    """Sign of the half cycle in the numerator of the Coulombic efficiency."""
    return -1 if options.efficiency == "discharge/charge" else 1


def _source(context: Context, rows: hc.Rows) -> str:
    return ":".join(filter(None, (str(hc.subject(context)), rows.where)))


def cycles_of(half: hc.HalfCycles, parts: list[hc.Part], options: CyclingOptions, source: str) -> list[Cycle]:
    """The cycles of a test. A half cycle that the end of the file cut off is left out."""
    gain = None if options.current_gain_error is None else options.current_gain_error / 100
    offset = None if options.current_offset_error is None else options.current_offset_error * 1e-6
    charges = hc.charges(half, source, gain, offset)
    top = numerator(options)
    sides: dict[int, dict[int, Side]] = {}
    before: dict[int, Quantity] = {}
    last: dict[int, Quantity] = {}
    for k, (number, sign) in enumerate(zip(half.cycle.tolist(), half.runs.sign.tolist(), strict=True)):
        if not half.complete[k]:
            continue
        _add(sides.setdefault(number, {}), sign, charges[k], float(half.energy[k]))
        last[sign] = charges[k]
        if sign == top and -top in last:
            before[number] = last[-top]
    if options.cycles == "file":
        before = {n: mine[-top].charge for n, mine in sides.items() if -top in mine}
    by_cycle = {number: part for part in parts for number in part.cycles}
    return [Cycle(n, by_cycle[n], mine, before.get(n)) for n, mine in sorted(sides.items())]


def _add(mine: dict[int, Side], sign: int, charge: Quantity, joules: float):
    """One more half cycle of a cycle: only the file's own counter puts several of one direction into one."""
    if sign in mine:
        charge = derive(lambda a, b: a + b, mine[sign].charge, charge, unit="mAh", origin=charge.origin)
        joules += mine[sign].joules
    mine[sign] = Side(charge, joules)


def specific(charge: Quantity, per: str, amounts: Mapping[str, Quantity]) -> Quantity:
    """A charge in mAh divided by what it is given per."""
    if per not in amounts:
        return charge
    unit = PER[per][2]
    return derive(lambda q, m: q / m, charge, amounts[per], unit=unit, origin=charge.origin, basis=charge.basis)


def efficiency(cycle: Cycle, options: CyclingOptions) -> Quantity | None:
    """Coulombic efficiency in %. Without a stated accuracy of the current nobody knows its error."""
    side = cycle.sides.get(numerator(options))
    if side is None or cycle.before is None:
        return None
    return _ratio(side.charge, cycle.before, options)


def _ratio(a: Quantity, b: Quantity, options: CyclingOptions, unit: str = "%") -> Quantity:
    if options.current_gain_error is None or options.current_offset_error is None:
        return Quantity(100 * a.value / b.value, unit, basis="none", origin=a.origin)
    return derive(lambda x, y: 100 * x / y, a, b, unit=unit, origin=a.origin)


def _cycles(cycles, parts, amounts, options) -> list[Entry]:
    """Quantities of the first and last cycles of each part and of those asked for; the table holds all."""
    wanted = {n for part in parts for n in (part.cycles[0], part.cycles[-1])} | set(options.retention_at)
    entries = []
    for cycle in cycles:
        if not options.every_cycle and cycle.number not in wanted:
            continue
        entries += _capacities(cycle, amounts, options)
        found = efficiency(cycle, options)
        if found is not None:
            entries.append(Entry("coulombic_efficiency", found, cycle.state))
        entries += _energies(cycle, amounts, options)
    first = next((c for c in cycles if c.number == 1 and len(c.sides) == 2), None)
    if first and hc.is_first(parts) and "mass" in amounts:
        q = [first.sides[s].charge for s in (1, -1)]
        lost = derive(
            lambda a, b, m: (a - b) / m, *q, amounts["mass"], unit="mAh/g", origin=q[0].origin, basis=q[0].basis
        )
        entries.append(Entry("irreversible_capacity", lost, first.state))
    return entries


def _capacities(cycle: Cycle, amounts, options) -> list[Entry]:
    return [
        Entry(PER[per][3][sign], specific(side.charge, per, amounts), cycle.state)
        for sign, side in cycle.sides.items()
        for per in options.divide_by
    ]


def _energies(cycle: Cycle, amounts, options) -> list[Entry]:
    entries, energies = [], {}
    for sign, side in cycle.sides.items():
        std = None if options.voltage_error is None else options.voltage_error / 1000
        origin = side.charge.origin
        volts = Quantity(side.mean_voltage, "V", std, basis="given" if std else "none", origin=origin)
        volts = volts.tagged("cycler voltage") if std else volts
        entries.append(Entry(MEAN_VOLTAGE[sign], volts, cycle.state))
        energies[sign] = derive(lambda q, v: q * v, side.charge, volts, unit="mWh", origin=origin)
        if "mass" in amounts:
            value = derive(lambda e, m: e / m, energies[sign], amounts["mass"], unit="mWh/g", origin=origin)
            entries.append(Entry(ENERGY[sign], value, cycle.state))
    if len(energies) == 2:
        entries.append(Entry("energy_efficiency", _ratio(energies[-1], energies[1], options), cycle.state))
    return entries


def _segments(cycles, parts, amounts, options) -> tuple[list[Entry], list[Check]]:
    """Retention, mean efficiency, fade and knee of every part that is long enough."""
    entries, checks = [], []
    sign = numerator(options)
    states = [part.state for part in parts if len(part.cycles) >= LONG]
    for part in parts:
        inside = [c for c in cycles if c.number in part.cycles and sign in c.sides]
        if len(inside) < LONG:
            continue
        state = part.state | ({"to_cycle": inside[-1].number} if states.count(part.state) > 1 else {})
        entries += _fading(inside, state, sign, amounts, options)
        numbers = np.array([c.number for c in inside], float)
        found = fade.find_knee(numbers, np.array([c.sides[sign].charge.value for c in inside]))
        if not found.found:
            checks.append(Check("info", f"no knee can be told in {part.title}: {found.reason}"))
            continue
        std = (found.hi95 - found.lo95) / 3.92
        origin = inside[0].sides[sign].charge.origin
        knee = Quantity(found.cycle, "1", std, found.lo95, found.hi95, len(inside), "fit-covariance", origin)
        entries.append(Entry("fade_knee", knee, state))
    return entries, checks


def _fading(inside: list[Cycle], state: dict, sign: int, amounts, options) -> list[Entry]:
    first, last = inside[0].sides[sign].charge, inside[-1]
    entries = [
        Entry("capacity_retention", _ratio(c.sides[sign].charge, first, options), {**state, "cycle": c.number})
        for c in inside[1:]
        if c is last or c.number in options.retention_at
    ]
    spent, kept = last.number - inside[0].number, entries[-1].quantity
    fade_rate = derive(lambda r: (100 - r) / spent, kept, unit="%", origin=first.origin)
    entries.append(Entry("fade_rate", fade_rate, state))
    entries += _book(inside, state, sign, amounts, options)
    found = [ce for c in inside[1:] if (ce := efficiency(c, options)) is not None]
    if found:
        mean = derive(lambda *x: sum(x) / len(x), *found, unit="%", origin=first.origin, n=len(found))
        entries.append(Entry("mean_coulombic_efficiency", mean, state))
    return entries


def _book(inside: list[Cycle], state: dict, sign: int, amounts, options) -> list[Entry]:
    """Two books of one part: capacity lost, and what charge went in and did not come out, cycle by cycle, summed."""
    pairs = [(c.before, c.sides[sign].charge) for c in inside[1:] if c.before is not None]
    if "mass" not in amounts or not pairs:
        return []
    ends = inside[0].sides[sign].charge, inside[-1].sides[sign].charge
    flat = [q for pair in pairs for q in pair]
    stated = options.current_gain_error is not None and options.current_offset_error is not None
    books = {
        "capacity_lost": derive(lambda a, b: a - b, *ends, unit="mAh", origin=ends[0].origin),
        "cumulative_inefficiency": derive(
            lambda *q: sum(q[::2]) - sum(q[1::2]), *flat, unit="mAh", origin=ends[0].origin, n=len(pairs)
        ),
    }
    if not stated:
        books = {name: Quantity(q.value, "mAh", n=q.n, basis="none", origin=q.origin) for name, q in books.items()}
    return [Entry(name, specific(q, "mass", amounts), state) for name, q in books.items()]


def _table(cycles: list[Cycle], amounts, options) -> Curve:
    """One row per cycle; what a cycle does not have is NaN."""
    columns: dict[str, tuple[Any, str]] = {"cycle": (np.array([c.number for c in cycles]), "1")}

    def column(sign, take):
        return np.array([take(c.sides[sign]) if sign in c.sides else np.nan for c in cycles])

    for per in options.divide_by:
        divisor = amounts[per].value if per in amounts else 1.0
        for sign, name in PER[per][3].items():
            columns[name] = (column(sign, lambda side, d=divisor: side.charge.value / d), PER[per][2])
    found = [efficiency(c, options) for c in cycles]
    columns["coulombic_efficiency"] = (np.array([q.value if q else np.nan for q in found]), "%")
    for sign in (-1, 1):
        columns[MEAN_VOLTAGE[sign]] = (column(sign, lambda side: side.mean_voltage), "V")
        if "mass" in amounts:
            mass = amounts["mass"].value
            columns[ENERGY[sign]] = (column(sign, lambda side, m=mass: side.joules / 3.6 / m), "mWh/g")
    columns["rate_C"] = (np.array([c.part.rate or np.nan for c in cycles]), "C-rate")
    columns["segment"] = (np.array([c.part.name for c in cycles]), "1")
    columns["whole"] = (np.array([len(c.sides) == 2 for c in cycles]), "1")
    return Curve("cycles", columns)


def _only_rest(rows: hc.Rows) -> Check:
    hours = (rows.time[-1] - rows.time[0]) / 3600
    span = f"{np.nanmin(rows.voltage):.4g} to {np.nanmax(rows.voltage):.4g} V"
    text = f"{rows.where} holds no charge and no discharge: {hours:.3g} h at rest, {span}"
    return Check("warn", text, "a test is judged on files with current")


def _largest(cycles: list[Cycle], mass: Quantity | None) -> float:
    """The largest discharge, mAh/g; 0 where it is not divided by a mass."""
    sides = [c.sides[-1].charge for c in cycles if -1 in c.sides]
    return max((q.to("mAh").value for q in sides), default=0.0) / mass.to("g").value if mass else 0.0


def _window(half: hc.HalfCycles, context: Context, options) -> list[Check]:
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
        checks.append(_reached(short, len(mine), half, wanted.value, name, word))
    return checks


def _reached(short, n: int, half: hc.HalfCycles, wanted: float, name: str, word: str) -> Check:
    if not len(short):
        return Check("pass", f"every {word} reached {name}, {wanted:.4g} V")
    at = f"cycle {half.cycle[short[0]]}, at {half.limit[short[0]]:.4g} V"
    text = f"{len(short)} of {n} {word}s ended before {name}, {wanted:.4g} V (first: {at})"
    return Check("warn", text, "a time or capacity limit ended them, or the window given is not the one used")


def _sides_check(half: hc.HalfCycles, cycles: list[Cycle], options) -> list[Check]:
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
    values = {c.number: q.value for c in cycles if (q := efficiency(c, options)) is not None}
    over = [n for n, ce in values.items() if ce > 100.0]
    if over:
        text = f"more charge came out than went in, in {len(over)} of {len(values)} cycles (first: cycle {over[0]}"
        cure = "a current offset, a change of temperature, a charge that was cut short, or a negative electrode"
        checks.append(Check("warn", f"{text}, {values[over[0]]:.2f} %)", cure))
    return checks


def _accuracy(options: CyclingOptions) -> list[Check]:
    if options.current_gain_error is not None and options.current_offset_error is not None:
        return []
    return [
        Check(
            "info",
            "the accuracy of the cycler's current is not stated: efficiencies and retentions bear no uncertainty, "
            "capacities only that of the mass or area and of the record itself",
            "give current_gain_error and current_offset_error",
        )
    ]


def _methods(half: hc.HalfCycles, options, amounts) -> str:
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
