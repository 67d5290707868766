"""Settings, log and loop modules of a .mpr file: what was asked for, and when it began.

Offsets (from the module's first byte) are those of public descriptions. The unit bytes behind the characteristic
mass were found by comparing .mpr with .mpt files: only the codes seen in such pairs are read.
"""

import datetime
import struct

import numpy as np

from nacre.readers.biologic.mpr_modules import Module

TECHNIQUES = {
    0x04: "GCPL",
    0x06: "CV",
    0x0B: "OCV",
    0x18: "CA",
    0x19: "CP",
    0x1C: "WAIT",
    0x1D: "PEIS",
    0x1E: "GEIS",
    0x32: "ZIR",
    0x6C: "LSV",
    0x7F: "MB",
}
_AREA_UNITS = {2: "cm2", 3: "mm2"}
_MASS_UNITS = {1: "g", 2: "mg"}
_UNSET = (0.0, 0.001)  # what EC-Lab writes where nobody filled the field in
_DAY_ZERO = datetime.datetime(1899, 12, 30)  # of OLE dates
_STAMPS = (0x249, 465, 469, 473)


def read_settings(module: Module | None) -> dict[str, object]:
    """Technique and what was typed in about the cell; fields left as EC-Lab sets them are absent."""
    if module is None or not module.data:
        return {}
    data, number = module.data, module.data[0]
    found: dict[str, object] = {"technique": TECHNIQUES.get(number, f"technique {number}")}
    texts = {"comment": 0x07, "electrode_material": 0x11E, "electrolyte": 0x1C0, "reference_electrode": 0x215}
    for name, at in texts.items():
        if (text := _text(data, at)) and text != "(unspecified)":
            found[name] = text
    if len(data) > 0x251:
        area, mass = struct.unpack_from("<f", data, 0x211)[0], struct.unpack_from("<f", data, 0x24C)[0]
        found |= _quantity("electrode_area", area, _AREA_UNITS.get(data[0x250], ""))
        found |= _quantity("characteristic_mass", mass, _MASS_UNITS.get(data[0x251], ""))
    return found


def _quantity(name: str, value: float, unit: str) -> dict[str, str]:
    value = float(f"{value:.6g}")
    return {} if value in _UNSET else {name: f"{value:g} {unit or '(unit not told)'}"}


def _text(data: bytes, at: int) -> str:
    if at >= len(data):
        return ""
    text = data[at + 1 : at + 1 + data[at]].decode("cp1252", errors="replace")
    return "\n".join(line.strip() for line in text.splitlines()).strip()


def read_log(module: Module | None) -> dict[str, object]:
    """Start on the PC's clock, channel, software, file name. Empty where the module is missing or cut before."""
    found: dict[str, object] = {}
    if module is None:
        return found
    data = module.data
    for at in _STAMPS:
        if len(data) >= at + 8 and (start := _date(struct.unpack_from("<d", data, at)[0])):
            found["start"] = start
            break
    if len(data) > 0xAD:
        found["channel"] = data[9] + 1
        found["channel_serial"] = struct.unpack_from("<H", data, 0xAB)[0]
    for name, at in (("original_file", 0x251), ("software", 0x3B7)):
        if text := _text(data, at):
            found[name] = text
    return found


def _date(days: float) -> str:
    if not 32874 < days < 73051:  # 1990 to 2100
        return ""
    moment = _DAY_ZERO + datetime.timedelta(days=days)
    return (moment + datetime.timedelta(microseconds=500)).isoformat(timespec="milliseconds")


def read_loops(module: Module | None) -> list[int]:
    """First record of every loop after the first."""
    if module is None or len(module.data) < 4:
        return []
    count = min(struct.unpack_from("<I", module.data, 0)[0], (len(module.data) - 4) // 4)
    return sorted({int(i) for i in np.frombuffer(module.data, "<u4", count, 4) if i > 0})
