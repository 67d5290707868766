"""The lab: what its instruments are accurate to, said once for all of its studies.

Every figure becomes a standard uncertainty by one rule (GUM, JCGM 100:2008, 4.3):

    limit    "+-a" of a data sheet, nothing else known: rectangular, a / sqrt(3); "triangular" says a / sqrt(6)
    step     the digit of a display: rectangular of half a step, d / sqrt(12)
    std      a standard deviation (repeatability), taken as it is
    setting  no accuracy but a number of the instrument (a range, a radius)

After the number may stand what it is instead: "0.05 % std", "0.05 % k=2", "0.05 % triangular".
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from nacre.core import units
from nacre.core.errors import NacreError, unknown
from nacre.core.quantity import Quantity, parse

# role -> what is told of such an instrument: (unit, kind)
ROLES: dict[str, dict[str, tuple[str, str]]] = {
    "balance": {
        "readability": ("mg", "step"),
        "repeatability": ("mg", "std"),
        "linearity": ("mg", "limit"),
        "gain_error": ("%", "limit"),
    },
    "die": {"diameter_tolerance": ("mm", "limit")},
    "gauge": {"readability": ("um", "step"), "error": ("um", "limit")},
    "pipettes": {"volume_error": ("%", "limit"), "repeatability": ("%", "std")},
    "flasks": {"volume_error": ("%", "limit"), "repeatability": ("%", "std")},
    "burette": {"volume_error": ("%", "limit")},
    "cycler": {
        "current_gain_error": ("%", "limit"),
        "current_offset_error": ("uA", "limit"),
        "voltage_error": ("mV", "limit"),
        "current_range": ("mA", "setting"),
        "voltage_range": ("V", "setting"),
    },
    "potentiostat": {
        "current_gain_error": ("%", "limit"),
        "current_offset_error": ("uA", "limit"),
        "voltage_error": ("mV", "limit"),
        "impedance_error": ("%", "limit"),
        "current_range": ("mA", "setting"),
        "voltage_range": ("V", "setting"),
    },
    "diffractometer": {"radius": ("mm", "setting"), "monochromator": ("deg", "setting")},
    "icp": {"volume_error": ("%", "limit"), "dilution_error": ("%", "limit")},
    "xps": {"factor_error": ("%", "std"), "reference_error": ("eV", "std")},
    "thermostat": {"temperature_error": ("K", "limit")},
    "press": {"pressure_error": ("%", "limit")},
}
RANGES = {"current_offset_error": "current_range", "voltage_error": "voltage_range"}  # what "% of range" is of
_DIVISORS = {"std": 1.0, "rectangular": math.sqrt(3), "triangular": math.sqrt(6), "k=2": 2.0}
_OF_KIND = {"limit": math.sqrt(3), "step": math.sqrt(12), "std": 1.0, "setting": 1.0}
_SAID = re.compile(r"^(?P<number>.*?)\s*(?P<range>of range)?\s*(?P<rule>std|rectangular|triangular|k\s*=\s*2)?\s*$")


@dataclass(frozen=True)
class Accuracy:
    """One figure of an instrument: value and standard uncertainty in `unit`, and its source. A setting has no error."""

    value: float
    unit: str
    std: float
    source: str = ""
    verified: bool = True


@dataclass(frozen=True)
class Instrument:
    """One instrument of the lab. file : where it was declared ("study.toml", "../lab.toml")."""

    role: str
    name: str
    accuracies: Mapping[str, Accuracy]
    file: str = "study.toml"

    def std(self, name: str) -> float:
        """The standard uncertainty of one figure, in its unit; 0 where nothing is said of it."""
        found = self.accuracies.get(name)
        return found.std if found else 0.0

    @property
    def title(self) -> str:
        return f"{self.role} {self.name}".strip()

    @property
    def unverified(self) -> tuple[str, ...]:
        """Its figures that nobody has checked against the data sheet."""
        return tuple(name for name, accuracy in self.accuracies.items() if not accuracy.verified)


@dataclass(frozen=True)
class Lab:
    """Instruments by role, and how well a technique or a quantity is reproduced from specimen to specimen.

    reproducibility : standard deviations; of a technique relative, of a quantity relative or in its own unit.
    files : where it was said, the nearest first.
    """

    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    reproducibility: Mapping[str, Quantity] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    def option(self, key: str) -> tuple[float, str] | None:
        """What `ROLE.FIGURE` gives as the value of an option, in the figure's unit, and where it comes from.

        `balance.weighing` is the standard uncertainty of one weighing (mg), its gain aside.
        """
        role, _, name = key.partition(".")
        instrument = self.instruments.get(role)
        if instrument is None:
            return None
        source = f"{instrument.file} [{instrument.title}]"
        if key == "balance.weighing":
            return math.hypot(weighing(instrument), balance_offset(instrument)), source
        found = instrument.accuracies.get(name)
        if found is None:
            return None
        return (found.value if ROLES[role][name][1] == "setting" else found.std), source

    def reproduced(self, technique: str, name: str, value: float, unit: str) -> float | None:
        """The declared reproducibility (standard deviation, in `unit`) of a quantity; None where none is declared.

        What is said of the quantity counts before what is said of its technique. "%", "ppm" and "1" are relative, but
        for a quantity that is named and has that very unit: then they are points (of a retention in %).
        """
        of_quantity = self.reproducibility.get(name)
        if of_quantity is not None and (of_quantity.unit == unit or of_quantity.unit not in ("%", "ppm", "1")):
            slope, _ = units.linear(of_quantity.unit, unit)
            return abs(slope) * of_quantity.value
        relative = of_quantity or self.reproducibility.get(technique)
        return None if relative is None else abs(value) * relative.to("1").value


def weighing(balance: Instrument, step: float = 0.0) -> float:
    """Own error of a weighing in mg: repeatability, and two readings (tare, load) of a display or a written `step`."""
    readability = balance.accuracies.get("readability")
    digit = max(step, readability.value if readability else 0.0) / _OF_KIND["step"]
    return math.hypot(balance.std("repeatability"), math.sqrt(2) * digit)


def balance_offset(balance: Instrument) -> float:
    """What weighings share in mg, beside the gain: the linearity, of tare and of load (EURACHEM QUAM, example A1)."""
    return math.sqrt(2) * balance.std("linearity")


def accuracy(
    role: str, name: str, text: str, where: str, source: str = "", verified: bool = True, ranges: Mapping | None = None
) -> Accuracy | None:
    """A figure as written, like "0.05 %", "0.02 % of range", "0.1 mg std".

    ranges : the instrument's settings so far, for "% of range"; None is returned where the range is not said.
    Raises NacreError with did-you-mean.
    """
    if name not in ROLES[role]:
        raise unknown(f"figure of a {role}", name, ROLES[role], where)
    unit, kind = ROLES[role][name]
    match = _SAID.match(str(text))
    if match is None:
        raise NacreError("an accuracy cannot be read", where=where, found=f"'{text}'", expected=f"like '0.05 {unit}'")
    divisor = _DIVISORS[re.sub(r"\s", "", match["rule"])] if match["rule"] else _OF_KIND[kind]
    if match["range"]:
        base = (ranges or {}).get(RANGES.get(name, ""))
        if base is None:
            return None
        slope, _ = units.linear(base.unit, unit)
        value = parse(match["number"], "1", where=where).value * base.value * slope
    else:
        value = parse(match["number"], unit, where=where).value
    if not value >= 0:
        raise NacreError(
            "an accuracy cannot be negative", where=where, found=f"'{text}'", expected="its size, without sign"
        )
    return Accuracy(value, unit, value / divisor, source, verified)


def check_role(role: str, where: str) -> None:
    """Raises NacreError with did-you-mean where no instrument is called so."""
    if role not in ROLES:
        raise unknown("instrument of a lab", role, [*ROLES, "reproducibility"], where)
