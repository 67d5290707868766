"""A small .mpr writer for tests: modules and records laid out by the format's description, from nothing of ours."""

import datetime
import struct

import numpy as np

START = datetime.datetime(2024, 3, 14, 9, 30, 0)
DAY_ZERO = datetime.datetime(1899, 12, 30)


def module(name: str, data: bytes, version: int, new: bool) -> bytes:
    head = b"MODULE" + name.encode().ljust(10) + b"VMP module".ljust(25)
    if new:
        return head + struct.pack("<IIII", 0xFFFFFFFF, len(data), 0, version) + b"03/14/24" + data
    return head + struct.pack("<II", len(data), version) + b"03/14/24" + data


def settings(technique: int, area: float = 0.001, comment: str = "") -> bytes:
    data = bytearray(1200)
    data[0] = technique
    text = comment.encode("cp1252")
    data[7 : 8 + len(text)] = bytes([len(text)]) + text
    struct.pack_into("<f", data, 0x211, area)
    struct.pack_into("<f", data, 0x24C, 0.001)
    data[0x250:0x252] = b"\x02\x01"
    return bytes(data)


def log(start: datetime.datetime = START) -> bytes:
    data = bytearray(1000)
    data[9] = 2
    struct.pack_into("<H", data, 0xAB, 4321)
    struct.pack_into("<d", data, 0x249, (start - DAY_ZERO) / datetime.timedelta(days=1))
    return bytes(data)


def records(numbers: list[int], fields: list[tuple[str, object]], new: bool, version: int) -> bytes:
    """Data module: `numbers` as they stand in its head, `fields` (dtype, values) as they stand in each record."""
    count = len(fields[0][1]) if fields else 0
    table = np.zeros(count, [(f"f{i}", dtype) for i, (dtype, _) in enumerate(fields)])
    for i, (_, values) in enumerate(fields):
        table[f"f{i}"] = values
    if new:
        head = struct.pack("<IH", count, len(numbers)) + struct.pack(f"<{len(numbers)}H", *numbers)
        head = head.ljust(1006, b"\0") + b"\1"
    elif version == 0:
        head = (struct.pack("<IB", count, len(numbers)) + bytes(numbers)).ljust(100, b"\0")
    else:
        head = struct.pack("<IB", count, len(numbers)) + struct.pack(f"<{len(numbers)}H", *numbers)
        head = head.ljust(405, b"\0") + (b"\1" if version == 3 else b"")
    return head + table.tobytes()


def mpr(numbers, fields, *, technique=0x1D, new=True, version=11, loops=(), with_log=True, **rest) -> bytes:
    """A whole file. Old headers have data version 0, 2 or 3."""
    parts = [
        b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + b"\0\0\0\0",
        module("VMP Set", settings(technique, **rest), 10 if new else 0, new),
        module("VMP data", records(numbers, fields, new, version), version, new),
    ]
    if with_log:
        parts.append(module("VMP LOG", log(), 10 if new else 0, new))
    if loops:
        data = struct.pack(f"<{len(loops) + 1}I", len(loops), *loops)
        parts.append(module("VMP loop", data, 10 if new else 0, new))
    return b"".join(parts)


def spectrum(points: int = 20, r: float = 100.0, c: float = 1e-6, series: float = 10.0):
    """(frequency, impedance) of a resistor before a resistor beside a capacitor, 1 MHz to 1 Hz."""
    frequency = np.logspace(6, 0, points).astype("f4").astype(float)
    return frequency, series + r / (1 + 2j * np.pi * frequency * r * c)


def peis(frequency, z, *, cycle=1.0, time=0.0):
    """(numbers, fields) of a PEIS: freq, Re, -Im, |Z|, phase, time, <Ewe>, <I>, cycle, I Range."""
    n = len(frequency)
    fields = [
        ("<f4", frequency),
        ("<f4", z.real),
        ("<f4", -z.imag),
        ("<f4", np.abs(z)),
        ("<f4", np.degrees(np.angle(z))),
        ("<f8", time + np.arange(n) * 0.5),
        ("<f4", np.full(n, 3.5)),
        ("<f4", np.full(n, 0.02)),
        ("<f8", np.full(n, cycle)),
        ("<u2", np.full(n, 11)),
    ]
    return [32, 37, 38, 36, 35, 4, 77, 76, 24, 39], fields


def cycling(points: int = 40, current: float = 2.0):
    """(numbers, fields) of a rest, a charge and a discharge at `current` mA, logged every 10 s; flags in one byte."""
    third = points // 4
    time = np.arange(points) * 10.0
    ma = np.where(np.arange(points) < third, 0.0, np.where(np.arange(points) < 2 * third, current, -current))
    mode = np.where(ma == 0, 3, 1)
    ns = np.where(ma == 0, 0, np.where(ma > 0, 1, 2))
    change = np.append(0, np.diff(ns) != 0)
    flags = mode | (ma > 0) * 4 | change * 0x20
    dq = np.append(0.0, ma[1:] * 10 / 3600)
    fields = [
        ("<u1", flags),
        ("<u2", ns),
        ("<f8", time),
        ("<f8", dq),
        ("<f8", np.cumsum(dq)),
        ("<f4", np.where(ma == 0, 3.0, 3.0 + 0.01 * np.arange(points))),
        ("<f4", ma),
        ("<u4", np.where(ns == 2, 1, 0)),
    ]
    return [1, 2, 3, 21, 31, 65, 131, 4, 7, 13, 6, 8, 468], fields
