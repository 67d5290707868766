"""Numbers with units as people write them, each with what it means: `draw_quantity(seed)`.

A spelling means a value in an SI unit, or is ambiguous (the right answer names both readings and refuses), or is no
quantity of the kind that was asked for (refusal). `wanted` is the kind that the reader is asked to find: a length, an
angle, a scattering vector, a time, a current, a charge, an energy, a voltage, a temperature, a pressure, a mass, a
dilution, a plain number. Factors are written here by hand: nothing is shared with the product.
"""

import math
import random
from dataclasses import dataclass

# wanted -> (SI unit, {spelling of the unit: factor})
UNITS = {
    "length": (
        "m",
        {
            "m": 1.0,
            "mm": 1e-3,
            "µm": 1e-6,  # U+00B5
            "μm": 1e-6,  # U+03BC
            "um": 1e-6,
            "nm": 1e-9,
            "pm": 1e-12,
            "Å": 1e-10,  # U+00C5
            "\u212b": 1e-10,  # the ångström sign
            "Ang": 1e-10,
            "Angstrom": 1e-10,
            "angstroms": 1e-10,
        },
    ),
    "angle": ("rad", {"°": math.pi / 180, "deg": math.pi / 180, "Grad": math.pi / 180, "rad": 1.0, "mrad": 1e-3}),
    "scattering vector": (
        "1/m",
        {"1/nm": 1e9, "nm^-1": 1e9, "nm⁻¹": 1e9, "1/Å": 1e10, "Å^-1": 1e10, "Å-1": 1e10, "A^-1": 1e10},
    ),
    "time": (
        "s",
        {
            "s": 1.0,
            "sec": 1.0,
            "Sek": 1.0,
            "ms": 1e-3,
            "min": 60.0,
            "Min.": 60.0,
            "h": 3600.0,
            "Std": 3600.0,
            "hours": 3600.0,
            "Stunden": 3600.0,
            "d": 86400.0,
            "days": 86400.0,
            "Tage": 86400.0,
        },
    ),
    "current": ("A", {"A": 1.0, "mA": 1e-3, "µA": 1e-6, "μA": 1e-6, "uA": 1e-6, "nA": 1e-9}),
    "charge": ("C", {"C": 1.0, "As": 1.0, "Ah": 3600.0, "mAh": 3.6, "µAh": 3.6e-3}),
    "energy": ("J", {"J": 1.0, "kJ": 1e3, "Wh": 3600.0, "mWh": 3.6, "eV": 1.602176634e-19, "keV": 1.602176634e-16}),
    "voltage": ("V", {"V": 1.0, "mV": 1e-3, "kV": 1e3, "Volt": 1.0}),
    "temperature": ("K", {"K": 1.0}),
    "pressure": ("Pa", {"Pa": 1.0, "MPa": 1e6, "bar": 1e5, "mbar": 100.0, "kPa": 1e3}),
    "mass": ("kg", {"g": 1e-3, "mg": 1e-6, "kg": 1.0, "µg": 1e-9, "ug": 1e-9}),
    "resistance": ("ohm", {"Ohm": 1.0, "Ω": 1.0, "\u2126": 1.0, "kΩ": 1e3, "MΩ": 1e6, "mΩ": 1e-3, "mOhm": 1e-3}),
    "number": ("1", {"": 1.0}),
}
SUPER = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Spelling:
    """`text` as written; verdict 'value', 'ambiguous', 'refuse', or 'weak' (the value and refusal are both right).

    value : in `unit`. readings : the values (in `unit`) that an ambiguous text can have.
    """

    text: str
    wanted: str
    unit: str
    verdict: str
    value: float = math.nan
    readings: tuple[float, ...] = ()


def number_forms(rng: random.Random) -> tuple[str, float]:
    """A number in one of many spellings that are clear."""
    n, d = rng.randint(1, 99), rng.randint(1, 9)
    k, long = rng.randint(1, 9), rng.randint(1000, 9999)
    e, five = rng.randint(2, 12), rng.randint(10, 99)
    forms = [
        (f"{n}", n),
        (f"{n}.{d}", n + d / 10),
        (f"{n},{d}", n + d / 10),
        (f"0,{n:02d}{d}", n / 100 + d / 1000),
        (f"0.{n:02d}{d}", n / 100 + d / 1000),
        (f"+{n}.{d}", n + d / 10),
        (f"{k},{long}", k + long / 1e4),
        (f"{k}.{long}", k + long / 1e4),
        (f"{k} {long % 900 + 100},{d}", k * 1000 + long % 900 + 100 + d / 10),
        (f"{k}\u202f{long % 900 + 100},{d}", k * 1000 + long % 900 + 100 + d / 10),
        (f"{k}\u00a0{long % 900 + 100}.{d}", k * 1000 + long % 900 + 100 + d / 10),
        (f"{k}'{long % 900 + 100}.{d}", k * 1000 + long % 900 + 100 + d / 10),
        (f"{k},{long % 900 + 100}.{d}", k * 1000 + long % 900 + 100 + d / 10),
        (f"{k}.{long % 900 + 100},{d}", k * 1000 + long % 900 + 100 + d / 10),
        (f"{k},{long % 900 + 100},{five:02d}0", (k * 1000 + long % 900 + 100) * 1000 + five * 10),
        (f"{k}E-{e}", k * 10.0**-e),
        (f"{k}.{d}e-{e}", (k + d / 10) * 10.0**-e),
        (f"{k},{d}E-{e:02d}", (k + d / 10) * 10.0**-e),
        (f"{k}.{d}E+0{k}", (k + d / 10) * 10.0**k),
        (f"{k}.{d}·10^-{e}", (k + d / 10) * 10.0**-e),
        (f"{k},{d}·10^-{e}", (k + d / 10) * 10.0**-e),
        (f"{k}.{d} x 10^-{e}", (k + d / 10) * 10.0**-e),
        (f"{k}.{d}×10" + f"-{e}".translate(SUPER), (k + d / 10) * 10.0**-e),
        (f"{k}.{d} * 10**-{e}", (k + d / 10) * 10.0**-e),
        (f"10^-{e}", 10.0**-e),
        ("½", 0.5),
        (f"{k}½", k + 0.5),
        ("¼", 0.25),
    ]
    return rng.choice(forms)


def negative(text: str, rng: random.Random) -> str:
    """The same number below zero, with a hyphen or a real minus sign."""
    return rng.choice(("-", "\u2212")) + text.lstrip("+")


def clear(rng: random.Random) -> Spelling:
    """A number and a unit that leave nothing open."""
    wanted = rng.choice(tuple(UNITS))
    si, units = UNITS[wanted]
    text, value = number_forms(rng)
    if wanted in ("voltage", "number", "current") and rng.random() < 0.3:
        text, value = negative(text, rng), -value
    unit, factor = rng.choice(list(units.items()))
    between = "" if unit == "" else rng.choice((" ", " ", "", "\u00a0"))
    if unit[:1] in "eE1" or text[-1:] in "½¼":
        between = " " if unit else ""
    return Spelling(text + between + unit, wanted, si, "value", value * factor)


def celsius(rng: random.Random) -> Spelling:
    value, unit = rng.randint(-40, 90), rng.choice(("°C", "degC", "℃", "deg C", "Grad C"))
    sign = rng.choice(("-", "\u2212")) if value < 0 else ""
    decimal = rng.choice(("", ".5", ",5"))
    size = abs(value) + (0.5 if decimal else 0)
    kelvin = 273.15 + (-size if value < 0 else size)
    return Spelling(f"{sign}{abs(value)}{decimal} {unit}", "temperature", "K", "value", kelvin)


def dilution(rng: random.Random) -> Spelling:
    """A factor of dilution: `10x`, `1:10`, `1 in 10`, `10-fold`, `10fach`, and `1+9`."""
    n = rng.choice((2, 5, 10, 20, 50, 100))
    forms = (f"{n}x", f"{n} x", f"x{n}", f"×{n}", f"{n}×", f"1:{n}", f"1 : {n}", f"1 in {n}", f"1/{n}", f"{n}-fold")
    forms += (f"{n}-fach", f"{n}fach", f"1+{n - 1}", f"1 + {n - 1}", f"1 zu {n}", f"1 to {n}", str(n))
    return Spelling(rng.choice(forms), "dilution", "1", "value", float(n))


def duration(rng: random.Random) -> Spelling:
    """A time of several parts, or a clock of three."""
    d, h, m, s = rng.randint(1, 4), rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59)
    forms = (
        (f"{h} h {m} min", h * 3600 + m * 60),
        (f"{h}h{m:02d}min", h * 3600 + m * 60),
        (f"{h} h {m} min {s} s", h * 3600 + m * 60 + s),
        (f"{h} Std {m} Min", h * 3600 + m * 60),
        (f"{d} d {h} h", d * 86400 + h * 3600),
        (f"{h:02d}:{m:02d}:{s:02d}", h * 3600 + m * 60 + s),
        (f"{d}.{h:02d}:{m:02d}:{s:02d}", d * 86400 + h * 3600 + m * 60 + s),
        (f"{d}d {h:02d}:{m:02d}:{s:02d}", d * 86400 + h * 3600 + m * 60 + s),
        (f"{h}:{m:02d}:{s:02d}.5", h * 3600 + m * 60 + s + 0.5),
        (f"{h}:{m:02d}:{s:02d},5", h * 3600 + m * 60 + s + 0.5),
    )
    text, value = rng.choice(forms)
    return Spelling(text, "time", "s", "value", float(value))


def share(rng: random.Random) -> Spelling:
    n, d = rng.randint(1, 99), rng.randint(1, 9)
    unit, factor = rng.choice((("%", 1e-2), (" %", 1e-2), (" ‰", 1e-3), (" ppm", 1e-6), (" percent", 1e-2)))
    mark = rng.choice((".", ","))
    return Spelling(f"{n}{mark}{d}{unit}", "number", "1", "value", (n + d / 10) * factor)


def ambiguous(rng: random.Random) -> Spelling:
    """What nobody can decide from the text alone."""
    n, thousand, m = rng.randint(1, 99), rng.randint(100, 999), rng.randint(1, 23)
    wanted = rng.choice(("length", "current", "number", "time"))
    si, units = UNITS[wanted]
    unit, factor = rng.choice(list(units.items()))
    both = (float(n * 1000 + thousand), n + thousand / 1000)
    forms = (
        Spelling(f"{n},{thousand} {unit}".strip(), wanted, si, "ambiguous", readings=tuple(factor * x for x in both)),
        Spelling(
            f"0.{n:02d}406", "length", "m", "ambiguous", readings=tuple(float(f"0.{n:02d}406e-{e}") for e in (9, 10))
        ),
        Spelling(f"{m}:{thousand % 60:02d}", "time", "s", "ambiguous", readings=clock_readings(m, thousand % 60)),
        Spelling(f"{n} C", "temperature", "K", "weak", n + 273.15),
        Spelling(f"{n}.{thousand} {unit}".strip(), wanted, si, "weak", factor * both[1]),
        Spelling(f"1.5{n:02d} A", "length", "m", "weak", float(f"1.5{n:02d}e-10")),
    )
    return rng.choice(forms)


def clock_readings(first: int, second: int) -> tuple[float, float]:
    """`12:30` as hours and minutes, and as minutes and seconds."""
    return first * 3600.0 + second * 60.0, first * 60.0 + second


NONSENSE = (
    ("12,34,567", "number"),
    ("1..5", "number"),
    ("1,,5 nm", "length"),
    ("--5", "number"),
    ("ten", "number"),
    ("", "number"),
    ("   ", "length"),
    ("1.2.3", "number"),
    ("1,234.567,8", "number"),
    ("5 parsnips", "length"),
    ("5 kg", "length"),
    ("3 m", "time"),
    ("45 °", "length"),
    ("nan", "number"),
    ("inf nm", "length"),
    ("1e999", "number"),
    ("1 m*9**9**9**9", "length"),
    ("9**9**9", "number"),
    ("0x10", "number"),
    ("1_000", "number"),
    ("1:0", "dilution"),
    ("12 h 75 min 3 h", "time"),
    ("12:61:00", "time"),
    ("٣", "number"),
    ("5 nm 7", "length"),
    ("<0.01", "number"),
    ("~5", "number"),
    ("__import__('os')", "number"),
    ("1" * 5000 + "x", "number"),
)


def nonsense(rng: random.Random) -> Spelling:
    text, wanted = rng.choice(NONSENSE)
    return Spelling(text, wanted, "1" if wanted == "dilution" else UNITS[wanted][0], "refuse")


MAKERS = (clear, clear, clear, clear, celsius, dilution, duration, share, ambiguous, ambiguous, nonsense)


def draw_quantity(seed: int) -> Spelling:
    """One spelling with its meaning; equal seeds give equal spellings."""
    rng = random.Random(f"quantity-{seed}")
    return rng.choice(MAKERS)(rng)


def judge_quantity(outcome: float | Exception, truth: Spelling) -> str:
    """'fine', 'refused' (a clear text was), 'wrong number', 'guessed', or 'unsaid' (refused, the readings not named).

    Parameters: the value in the unit of the truth, or the error that came instead.
    """
    if isinstance(outcome, Exception):
        if truth.verdict == "value":
            return "refused"
        said = all(any(close(r, x) for x in stated(str(outcome), truth)) for r in truth.readings)
        return "fine" if said else "unsaid"
    if truth.verdict in ("ambiguous", "refuse"):
        return "guessed"
    return "fine" if close(outcome, truth.value) else "wrong number"


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-300)


def stated(text: str, truth: Spelling) -> list[float]:
    """The numbers in a message, each in all units of the kind: a message may say 52345 nm or 5.2345e-05 m."""
    words = "".join(c if c.isalnum() or c in ".+-" else " " for c in text).split()
    numbers = []
    for word in words:
        try:
            numbers.append(float(word.rstrip(".")))
        except ValueError:
            continue
    return [x * factor for x in numbers for factor in (1.0, *UNITS.get(truth.wanted, ("", {}))[1].values())]
