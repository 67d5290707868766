"""Units as instruments and people spell them, in German and English, by the kind of quantity."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class UnitKind:
    """A kind of quantity: its SI unit, an example, and spellings of units with their factors to it."""

    si: str
    example: str
    factors: dict[str, float] = field(default_factory=dict)


_PREFIXES = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
_ANGSTROM = ("Å", "Ang", "Ang.", "Angstrom", "Angström", "angstrom", "angstroms", "A")
_E = 1.602176634e-19  # C, exact (SI 2019)


def _scaled(units: dict[str, float], prefixes: str = "pnumkMG") -> dict[str, float]:
    """Units with these prefixes and without."""
    return {p + unit: _PREFIXES[p] * factor for unit, factor in units.items() for p in (*prefixes, "")}


_TIMES = {
    1.0: "s sec sec. secs second seconds Sek Sek. sek Sekunde Sekunden",
    1e-3: "ms",
    60.0: "min min. mins minute minutes Min Min. Minute Minuten",
    3600.0: "h hr hrs hour hours Std Std. std Stunde Stunden",
    86400.0: "d day days Tag Tage",
}
_LENGTHS = _scaled({"m": 1.0}, "pnum") | {"cm": 1e-2, "km": 1e3, "fm": 1e-15} | dict.fromkeys(_ANGSTROM, 1e-10)
KINDS = {
    "length": UnitKind("m", "like '0.15406 nm', '1.5406 Å' or '1.5406e-10 m'", _LENGTHS),
    "angle": UnitKind(
        "rad",
        "like '2.5°', '2.5 deg' or '0.04 rad'",
        dict.fromkeys(("°", "deg", "degree", "degrees", "Grad", "grad"), math.pi / 180) | _scaled({"rad": 1.0}, "mu"),
    ),
    "scattering vector": UnitKind(
        "1/m",
        "like '2.5 1/nm' or '0.25 Å^-1'",
        {
            form.format(unit): 1 / factor
            for unit, factor in _LENGTHS.items()
            for form in ("1/{}", "{}^-1", "{}-1", "{}**-1", "/{}")
        },
    ),
    "time": UnitKind(
        "s", "like '90 s', '1,5 h' or '01:30:00'", {word: f for f, words in _TIMES.items() for word in words.split()}
    ),
    "current": UnitKind("A", "like '1.5 mA'", _scaled({"A": 1.0, "Amp": 1.0, "amps": 1.0}, "pnumk")),
    "charge": UnitKind("C", "like '1.5 mAh'", _scaled({"C": 1.0, "As": 1.0, "Ah": 3600.0}, "num")),
    "energy": UnitKind("J", "like '1.5 mWh' or '1486.6 eV'", _scaled({"J": 1.0, "Wh": 3600.0, "Ws": 1.0, "eV": _E})),
    "voltage": UnitKind("V", "like '3.7 V'", _scaled({"V": 1.0, "Volt": 1.0, "volts": 1.0}, "numkM")),
    "temperature": UnitKind("K", "like '25 °C' or '298 K'", _scaled({"K": 1.0}, "m")),
    "pressure": UnitKind(
        "Pa", "like '5 MPa' or '1 mbar'", _scaled({"Pa": 1.0, "bar": 1e5}) | {"hPa": 100.0, "atm": 101325.0}
    ),
    "mass": UnitKind("kg", "like '8.3 mg'", _scaled({"g": 1e-3}, "numk")),
    "resistance": UnitKind(
        "ohm", "like '12.5 Ω'", _scaled({"Ω": 1.0, "Ohm": 1.0, "ohm": 1.0, "Ohms": 1.0, "ohms": 1.0})
    ),
    "dilution": UnitKind("1", "like '10x', '1:10' or '10'"),
    "number": UnitKind(
        "1", "like '1234.5'", {"": 1.0, "%": 1e-2, "percent": 1e-2, "Prozent": 1e-2, "‰": 1e-3, "ppm": 1e-6}
    ),
}
_CELSIUS = ("°C", "degC", "deg C", "℃", "Grad C", "grad C", "C", "Celsius", "° C")
_SAME = {"µ": "u", "μ": "u", "\u212b": "Å", "A\u030a": "Å", "\u2126": "Ω"}


def factor_of(unit: str, kind: str) -> tuple[float, float] | None:
    """(slope, offset) from this unit to the SI unit of a kind; None where it is none of its units."""
    for odd, usual in _SAME.items():
        unit = unit.replace(odd, usual)
    if kind == "temperature" and unit in _CELSIUS:
        return 1.0, 273.15
    factor = KINDS[kind].factors.get(unit)
    return None if factor is None else (factor, 0.0)
