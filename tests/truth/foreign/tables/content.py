"""Three kinds of content before anybody spells it: a MACCOR-like test, an impedance spectrum, a table of anything."""

import datetime
import math
import random
from dataclasses import dataclass
from decimal import Decimal

from truth.foreign.tables.habits import Habits

EPOCH = datetime.datetime(1970, 1, 1)


@dataclass(frozen=True)
class Raw:
    """A column of exact numbers in the unit that is written; `factor` turns them into `unit`.

    kind : number, counter (whole numbers, which prove no mark), clock (seconds), date (seconds since 1970) or text.
    """

    name: str
    head: str
    unit: str
    written: str
    factor: Decimal
    kind: str
    values: tuple
    decimals: int = 0
    scientific: bool = False


def exact(values, decimals: int, scientific: bool = False) -> tuple[Decimal, ...]:
    """Numbers as they will stand in the file: rounded first, so that the truth is what is written."""
    form = f".{decimals}{'E' if scientific else 'f'}"
    return tuple(Decimal(format(value, form)) for value in values)


def column(name, head, unit, written, factor, values, decimals, scientific=False) -> Raw:
    """A column of numbers; `values` are floats in the written unit."""
    rounded = exact(values, decimals, scientific)
    return Raw(name, head, unit, written, Decimal(factor), "number", rounded, decimals, scientific)


def counter(name: str, head: str, values) -> Raw:
    return Raw(name, head, "1", "", Decimal(1), "counter", tuple(Decimal(v) for v in values))


# ------------------------------------------------------------------------------------------------- cycling


def steps_of_test(rng: random.Random):
    """Records (state, step, time, time in step, ampere, volt) of rest, charge, rest, discharge."""
    dt, ampere = rng.choice((10.0, 60.0, 127.5, 5400.0)), rng.choice((0.0015, 0.25, 2.5))
    clock = 0.0
    for step, (state, n) in enumerate((("R", 3), ("C", rng.randint(8, 25)), ("R", 3), ("D", rng.randint(8, 25))), 1):
        for i in range(n + 1):
            volt = {"R": 3.31, "C": 3.3 + 0.9 * i / n, "D": 4.1 - 1.1 * i / n}[state] + rng.uniform(0, 0.004)
            yield state, step, clock + dt * i, dt * i, ampere if state in "CD" else 0.0, volt
        clock += dt * n + 1.0  # the next step begins a second after the last record, with a record of its own


def start_of_test(rng: random.Random) -> datetime.datetime:
    """A start whose day is above 12, so that day and month cannot be exchanged; in one of ten files it is not."""
    day = rng.randint(1, 8) if rng.random() < 0.1 else rng.randint(13, 24)
    return datetime.datetime(2023, rng.randint(1, 9), day, rng.randint(0, 23), rng.randint(0, 59))


def maccor(rng: random.Random, habits: Habits) -> list[Raw]:
    """Columns in the two fashions of head that MACCOR's exports have; Amps are unsigned, State tells the direction."""
    states, step, time, in_step, ampere, volt = zip(*steps_of_test(rng), strict=True)
    milli = rng.random() < 0.5
    scale, prefix, factor = (1e3, "m", "0.001") if milli else (1.0, "", "1")
    fresh = rng.random() < 0.5
    heads = (
        ("Rec#", "Cyc#", "Step", f"{prefix}Amp-hr", f"{prefix}Amps", "Volts", "State")
        if fresh
        else ("Rec", "Cycle C", "Step", f"Cap. [{prefix}Ah]", f"Current [{prefix}A]", "Voltage [V]", "Md")
    )
    sign = [{"D": -1.0}.get(state, 1.0) for state in states]
    charge = [scale * a * t / 3600 for a, t in zip(ampere, in_step, strict=True)]
    current = [scale * a * s for a, s in zip(ampere, sign, strict=True)]
    seconds = ("Test (Sec)", "Step (Sec)") if habits.clock == "number" else ("TestTime", "StepTime")
    start = (start_of_test(rng) - EPOCH).total_seconds()
    dates = tuple(Decimal(round(start + t)) for t in time)
    return [
        counter("record_index", heads[0], range(1, len(time) + 1)),
        counter("cycle_count", heads[1], [0] * len(time)),
        counter("step_id", heads[2], step),
        timed("test_time_second", seconds[0], time, habits),
        timed("step_time_second", seconds[1], in_step, habits),
        column("step_cumulative_capacity_ah", heads[3], "Ah", f"{prefix}Ah", factor, charge, 8),
        column("current_ampere", heads[4], "A", f"{prefix}A", factor, current, 6),
        column("voltage_volt", heads[5], "V", "V", "1", volt, 5),
        Raw("state", heads[6], "1", "", Decimal(1), "text", states),
        Raw("unix_time_second", "DPT Time", "s", "", Decimal(1), "date", dates),
    ]


def timed(name: str, head: str, seconds, habits: Habits) -> Raw:
    """A time as a number of seconds or as a clock, with as many decimals as the clock has."""
    decimals = {"number": 4, "h:mm:ss.f": 1}.get(habits.clock, 0)
    kind = "number" if habits.clock == "number" else "clock"
    rounded = exact(seconds, decimals)
    return Raw(name, head, "s", "s", Decimal(1), kind, rounded, decimals)


# ------------------------------------------------------------------------------------------------- impedance

FREQUENCY = ("Frequency", "freq", "f", "Freq")
REAL = (("Z'", "Z''"), ("Re(Z)", "Im(Z)"), ("Zreal", "Zimag"), ("Z_re", "Z_im"))
UNITS = {"Ohm": "1", "ohm": "1", "kOhm": "1000", "mOhm": "0.001", "Ω": "1"}


def spectrum(rng: random.Random, n: int) -> list[tuple[float, complex]]:
    """A resistance and a depressed arc, from high to low frequency."""
    r0, r1, alpha, top = rng.uniform(5, 40), rng.uniform(50, 900), rng.uniform(0.75, 0.98), rng.uniform(20, 2000)
    points = []
    for k in range(n):
        f = 10 ** (6 - 7 * k / (n - 1)) * (1 + 1e-3 * rng.random())
        arc = r1 / (1 + (1j * f / top) ** alpha)
        points.append((f, r0 + arc))
    return points


def impedance(rng: random.Random, habits: Habits) -> list[Raw]:
    """f, Z', Z'' or -Z'', and perhaps |Z| and the phase."""
    if habits.alike:
        return alike_impedance(rng, habits)
    points = spectrum(rng, rng.randint(12, 60))
    f, z = zip(*points, strict=True)
    head_re, head_im = rng.choice(REAL)
    unit = rng.choice([u for u in UNITS if u.isascii() or habits.encoding.startswith("utf")])
    per, negated, science = float(UNITS[unit]), rng.random() < 0.5, rng.random() < 0.3
    hertz, kilo = rng.choice((("Hz", "1"), ("Hz", "1"), ("kHz", "1000")))
    d = 6 if per > 1 else 4
    frequency = [x / float(kilo) for x in f]
    real, imaginary = [x.real / per for x in z], [x.imag * (-1 if negated else 1) / per for x in z]
    name, factor = "imaginary_impedance_ohm", f"-{UNITS[unit]}" if negated else UNITS[unit]
    columns = [
        column("frequency_hertz", rng.choice(FREQUENCY), "Hz", hertz, kilo, frequency, 5, science),
        column("real_impedance_ohm", head_re, "ohm", unit, UNITS[unit], real, d, science),
        column(name, ("-" if negated else "") + head_im, "ohm", unit, factor, imaginary, d, science),
    ]
    if rng.random() < 0.3:
        columns.append(column("modulus", "|Z|", "ohm", unit, UNITS[unit], [abs(x) / per for x in z], d, science))
        phase = [math.degrees(math.atan2(x.imag, x.real)) for x in z]
        columns.append(column("phase", "Phase", "deg", "deg", "1", phase, 3))
    return columns


def alike_numbers(rng: random.Random, habits: Habits, n: int) -> tuple[list[float], int]:
    """Falling numbers that are all spelt like 1,234, whichever of the two it means."""
    if habits.marks == (",", ""):
        return sorted((rng.uniform(1.2, 999.0) for _ in range(n)), reverse=True), 3
    return sorted((rng.randint(1001, 999_000) for _ in range(n)), reverse=True), 0


def alike_impedance(rng: random.Random, habits: Habits) -> list[Raw]:
    names = ("frequency_hertz", "real_impedance_ohm", "imaginary_impedance_ohm")
    heads, units = ("Frequency", "Z'", "-Z''"), ("Hz", "ohm", "ohm")
    n = rng.randint(12, 40)
    rows = zip(names, heads, units, ("1", "1", "-1"), strict=True)
    return [column(name, head, unit, unit, k, *alike_numbers(rng, habits, n)) for name, head, unit, k in rows]


# ------------------------------------------------------------------------------------------------- anything

GENERIC = (
    ("voltage_volt", ("Ewe", "U", "Spannung", "Potential"), "V", (("V", "1"), ("mV", "0.001")), 3.7),
    ("current_ampere", ("I", "Strom", "Current"), "A", (("A", "1"), ("mA", "0.001")), 0.8),
    ("signal_a", ("Signal", "Lock-in X", "Messwert"), "1", (("1", "1"),), 2500.0),
    ("signal_b", ("Counts", "Rate", "Ereignisse"), "1", (("1", "1"),), 12.0),
)


def generic(rng: random.Random, habits: Habits) -> list[Raw]:
    """A time and two to four other columns, of a logger nobody knows."""
    n, dt = rng.randint(10, 60), rng.choice((1.0, 7.5, 120.0, 7200.0))
    if habits.alike:
        return [
            column(name, rng.choice(heads), unit, units[0][0], "1", *alike_numbers(rng, habits, n))
            for name, heads, unit, units, _ in GENERIC[: rng.randint(2, 4)]
        ]
    columns = [timed("test_time_second", rng.choice(("t", "Time", "Zeit")), [dt * (i + 1) for i in range(n)], habits)]
    for name, heads, unit, units, size in GENERIC[: rng.randint(2, 4)]:
        written, factor = rng.choice(units)
        values = [size * (1 + 0.2 * math.sin(i / 5) + 0.05 * rng.random()) / float(factor) for i in range(n)]
        columns.append(column(name, rng.choice(heads), unit, written, factor, values, rng.choice((2, 4, 5))))
    return columns


def summary(rng: random.Random) -> list[Raw]:
    """A second table of other columns, as programs put below or beside the first."""
    n = rng.randint(3, 8)
    loads = [5000 * (1 + rng.random()) for _ in range(n)]
    return [
        counter("loop", "Loop", range(1, n + 1)),
        column("force", "Force", "1", "1", "1", loads, 2),
        column("strain", "Strain", "1", "1", "1", [rng.uniform(0.1, 0.9) for _ in range(n)], 4),
    ]


CONTENT = {"maccor": maccor, "impedance": impedance, "generic": generic}
