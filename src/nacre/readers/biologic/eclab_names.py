"""Headings of EC-Lab's columns (as its .mpt files write them) and the names and units that ours bear."""

import re

_BDF = {
    "time": ("test_time_second", "s"),
    "step time": ("step_time_second", "s"),
    "cycle number": ("cycle_count", "1"),
    "Ns": ("step_id", "1"),
    "(Q-Qo)": ("net_capacity_ah", "Ah"),
    "P": ("power_watt", "W"),
    "Pwe": ("power_watt", "W"),
    "Temperature": ("temperature_t1_celsius", "degC"),
    "freq": ("frequency_hertz", "Hz"),
    "Re(Z)": ("real_impedance_ohm", "ohm"),
    "-Im(Z)": ("imaginary_impedance_ohm", "ohm"),
    "Im(Z)": ("imaginary_impedance_ohm", "ohm"),
    "|Z|": ("absolute_impedance_ohm", "ohm"),
    "Phase(Z)": ("phase_degree", "deg"),
    "|Ewe|": ("voltage_amplitude_volt", "V"),
    "|I|": ("current_amplitude_ampere", "A"),
}
# the first that a file has is its voltage, its current
VOLTAGES = ("Ewe", "<Ewe>", "Ecell", "<Ecell>", "Ewe-Ece", "<Ewe-Ece>")
CURRENTS = ("I", "<I>")

# unit as written: (unit as ours, factor to it)
_UNITS = {
    "s": ("s", 1.0),
    "V": ("V", 1.0),
    "mV": ("V", 1e-3),
    "A": ("A", 1.0),
    "mA": ("A", 1e-3),
    "µA": ("A", 1e-6),
    "nA": ("A", 1e-9),
    "A.h": ("Ah", 1.0),
    "mA.h": ("Ah", 1e-3),
    "µA.h": ("Ah", 1e-6),
    "C": ("C", 1.0),
    "W": ("W", 1.0),
    "W.h": ("Wh", 1.0),
    "Hz": ("Hz", 1.0),
    "kHz": ("Hz", 1e3),
    "MHz": ("Hz", 1e6),
    "mHz": ("Hz", 1e-3),
    "Ohm": ("ohm", 1.0),
    "kOhm": ("ohm", 1e3),
    "MOhm": ("ohm", 1e6),
    "mOhm": ("ohm", 1e-3),
    "Ohm-1": ("S", 1.0),
    "Ohm.cm": ("ohm cm", 1.0),
    "deg": ("deg", 1.0),
    "mS/cm": ("mS/cm", 1.0),
    "µF": ("uF", 1.0),
    "nF": ("nF", 1.0),
    "F": ("F", 1.0),
    "µF-2": ("1/uF2", 1.0),
    "°C": ("degC", 1.0),
    "%": ("%", 1.0),
    "mA.h/g": ("mAh/g", 1.0),
    "mA.h/V": ("mAh/V", 1.0),
}
_BY_LENGTH = sorted(_UNITS, key=len, reverse=True)
_PLAIN = {"control/V/mA", "ox/red"}


def split_heading(heading: str) -> tuple[str, str, float]:
    """(quantity, unit, factor to that unit) of a heading like `Q charge/discharge/mA.h`; "1" where no unit is told."""
    text = heading.strip().replace("\u03bc", "µ").replace("Ω", "Ohm").replace("²", "2").replace("·", ".")
    if text in _PLAIN:
        return text, "1", 1.0
    text = re.sub("(?i)ohms?", "Ohm", text)
    text = re.sub(r"(?<=A|W)h(?=$|/)", ".h", text) if "/" in text else text
    for unit in _BY_LENGTH:
        if text.endswith("/" + unit):
            return text[: -len(unit) - 1], *_UNITS[unit]
    return text, "1", 1.0


def is_known(heading: str) -> bool:
    """Whether a heading names a quantity that EC-Lab is known to write, in a unit that is known."""
    quantity, unit, _ = split_heading(heading)
    return unit != "1" or quantity in _UNITLESS


_UNITLESS = {
    *("mode", "ox/red", "error", "control changes", "Ns changes", "counter inc.", "Ns", "I Range", "x"),
    *("half cycle", "cycle number", "z cycle", "control/V/mA", "Tan(Delta)", "ACIR or DCIR control"),
    *("Re(M)", "Im(M)", "|M|", "Re(Permittivity)", "Im(Permittivity)", "|Permittivity|"),
}


def bdf_name(quantity: str, unit: str) -> str:
    """The Battery Data Format name of a quantity in this unit, "" where it has none."""
    name, wanted = _BDF.get(quantity, ("", ""))
    return name if wanted == unit else ""


def free_name(name: str, taken) -> str:
    """The name, or with the next number that makes it another than those taken."""
    return name if name not in taken else next(f"{name} ({i})" for i in range(2, 999) if f"{name} ({i})" not in taken)
