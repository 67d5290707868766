"""Writes an impedance signal as EC-Lab's text export, with decimal points and Windows line ends."""

import datetime
from pathlib import Path

import numpy as np

from nacre.core import files
from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import NacreError
from nacre.core.signal import Signal

# heading: (variable, its unit, factor to the heading's unit)
_COLUMNS = {
    "freq/Hz": ("frequency_hertz", "Hz", 1.0),
    "Re(Z)/Ohm": ("real_impedance_ohm", "ohm", 1.0),
    "-Im(Z)/Ohm": ("imaginary_impedance_ohm", "ohm", -1.0),
    "|Z|/Ohm": ("absolute_impedance_ohm", "ohm", 1.0),
    "Phase(Z)/deg": ("phase_degree", "deg", 1.0),
    "time/s": ("test_time_second", "s", 1.0),
    "<Ewe>/V": ("voltage_volt", "V", 1.0),
    "<I>/mA": ("current_ampere", "A", 1e3),
    "cycle number": ("cycle_count", "1", 1.0),
    "|Ewe|/V": ("voltage_amplitude_volt", "V", 1.0),
    "|I|/A": ("current_amplitude_ampere", "A", 1.0),
}
_NEEDED = ("frequency_hertz", "real_impedance_ohm", "imaginary_impedance_ohm")
_LONG = ("time/s", "cycle number")


def write(signal: Signal, path: Path) -> None:
    """Writes frequency, impedance, modulus and phase, and time, potential, current, cycle and amplitudes where there.

    metadata used: `start` (ISO text), `technique`, `channel`, `comment`. Raises NacreError where the signal is not
    of kind "impedance" or lacks frequency or impedance.
    """
    missing = [name for name in _NEEDED if name not in signal]
    if signal.kind != "impedance" or missing:
        raise NacreError(
            "only impedance is written as .mpt",
            where=signal.where,
            found=f"kind '{signal.kind}'" + (f" without {', '.join(missing)}" if missing else ""),
            expected=", ".join(_NEEDED),
        )
    values = {heading: factor * signal.array(name, unit) for heading, (name, unit, factor) in _with(signal)}
    impedance = values["Re(Z)/Ohm"] - 1j * values["-Im(Z)/Ohm"]
    values.setdefault("|Z|/Ohm", np.abs(impedance))
    values.setdefault("Phase(Z)/deg", np.degrees(np.angle(impedance)))
    headings = [heading for heading in _COLUMNS if heading in values]
    form = "\t".join("%.15E" if heading in _LONG else "%.7E" for heading in headings)
    rows = [form % row for row in zip(*(values[heading].tolist() for heading in headings), strict=True)]
    head = _header(signal)
    head.insert(1, f"Nb header lines : {len(head) + 2}")
    lines = [*head, "\t".join(headings) + "\t", *rows, ""]
    files.write(path, "\r\n".join(lines).encode("cp1252", errors="replace"))


def _with(signal: Signal):
    return [(heading, row) for heading, row in _COLUMNS.items() if row[0] in signal]


def _header(signal: Signal) -> list[str]:
    meta = signal.metadata
    comment = str(meta.get("comment", "")).replace("\n", " ")
    if signal.origin == "synthetic" and VIRTUAL_MARK not in comment:
        comment = f"{VIRTUAL_MARK} {comment}".strip()
    galvano = meta.get("technique") == "GEIS"
    lines = [
        "EC-Lab ASCII FILE",
        "",
        f"{'Galvano' if galvano else 'Potentio'} Electrochemical Impedance Spectroscopy",
        "",
        f"Run on channel : {meta.get('channel', 1)}",
    ]
    if "start" in meta:
        moment = datetime.datetime.fromisoformat(str(meta["start"]))
        stamp = moment.strftime("%m/%d/%Y %H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
        lines.append(f"Acquisition started on : {stamp}")
    lines.append(f"Comments : {comment}")
    return [*lines, ""]
