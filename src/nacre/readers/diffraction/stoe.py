"""STOE WinXPOW `.raw` (`RAW_1.06Powdat`): one powder scan, binary, little-endian, 512-byte records.

    byte  type      meaning
       0  text 16   "RAW_1.06Powdat"
      16  text 16   day and time, "22-Sep-20 17:18"
      32  text      title, padded with zero bytes (read up to byte 256)
     322  f32 x 2   wavelengths of K-alpha1 and K-alpha2 in angstrom
     572  f32 x 2   begin and end of the measured range in deg
    2048  text 16   begin of the scan
    2064  text 16   end of the scan
    2082  u16       number of points n
    2092  f32       two_theta of the first point in deg
    2100  f32       two_theta of the last point in deg
    2108  f32       step of two_theta in deg
    2116  f32       time in s that is counted per detector position
    2168  i32       smallest count
    2172  i32       largest count
    2560  i32 x n   counts

The file says its range three times (first and step with n, last point, largest count), and this reader checks them
against each other. Unknown: everything else, among it the anode, the monochromator and the ratio of the two
wavelengths (a Ge(111) monochromator passes only the first, so the second is kept but given no weight).
"""

import struct
from pathlib import Path

import numpy as np

from nacre.core import files
from nacre.core.contracts import VIRTUAL_MARK, Head, Reader
from nacre.core.errors import ReadError
from nacre.core.signal import Note, Signal
from nacre.readers.diffraction.pattern import KIND, pattern
from nacre.readers.diffraction.pattern import example as example

MAGIC = b"RAW_1.06Powdat"
DATA = 2560


def sniff(head: Head) -> float:
    return 1.0 if head.start.startswith(MAGIC) else 0.0


def read(path: Path, options=None) -> list[Signal]:
    """One signal of kind "diffraction". Raises ReadError where the file is cut or contradicts itself."""
    path = Path(path)
    raw = path.read_bytes()
    if not raw.startswith(MAGIC):
        raise ReadError("not a STOE WinXPOW scan", where=path.name, found=repr(raw[:14]), expected=repr(MAGIC))
    if len(raw) < DATA:
        raise ReadError("the file is cut", where=path.name, found=f"{len(raw)} bytes", expected=f"a head of {DATA}")
    n = _at(raw, "<H", 2082)
    if len(raw) < DATA + 4 * n:
        found = f"{(len(raw) - DATA) // 4} of {n} points"
        raise ReadError("the file is cut", where=path.name, found=found, do="copy it again from the instrument")
    counts = np.frombuffer(raw, "<i4", n, DATA)
    first, last, step = (_single(_at(raw, "<f", byte)) for byte in (2092, 2100, 2108))
    if not 0 < step < 10 or abs(first + (n - 1) * step - last) > 0.51 * step:
        raise ReadError(
            "the range of the scan contradicts itself",
            where=path.name,
            found=f"{n} points of {step:g} deg from {first:g} to {last:g} deg",
            do="export it as .xy from WinXPOW instead",
        )
    notes = []
    largest = _at(raw, "<i", 2172)
    if n and largest != counts.max():
        notes.append(Note("warning", f"the head says the largest count is {largest}, the data say {counts.max()}"))
    signal = pattern(
        np.round(first + step * np.arange(n), 6),
        counts,
        path.name,
        metadata=_metadata(raw, step),
        notes=tuple(notes),
        name=path.stem,
    )
    return [signal]


def _metadata(raw: bytes, step: float) -> dict:
    alpha1, alpha2 = (_single(_at(raw, "<f", byte)) for byte in (322, 326))
    begin, end = (_single(_at(raw, "<f", byte)) for byte in (572, 576))
    return {
        "title": _text(raw[32:256]),
        "start": _text(raw[2048:2064]),
        "end": _text(raw[2064:2080]),
        "step": step,
        "range": (begin, end),
        "wavelengths": (alpha1,),
        "weights": (1.0,),
        "wavelength_alpha2": alpha2,
        "seconds": _single(_at(raw, "<f", 2116)),
    }


def write(signal: Signal, path: Path) -> None:
    """Writes a scan of equal steps; a synthetic one bears the mark in its title. Raises ReadError for unequal steps."""
    two_theta, counts = signal.array("two_theta", "deg"), np.round(signal.array("intensity", "counts"))
    steps = np.diff(two_theta)
    if np.ptp(steps) > 1e-3 * steps[0] or len(counts) > 65535:
        raise ReadError("a STOE scan has up to 65535 points in equal steps", where=Path(path).name)
    title = str(signal.metadata.get("title", ""))
    if signal.origin == "synthetic":
        title = f"{VIRTUAL_MARK} {title}"
    lengths = tuple(signal.metadata.get("wavelengths", (0.0,)))
    step, n = float(np.mean(steps)), len(counts)
    raw = bytearray(DATA + 4 * n)
    start = str(signal.metadata.get("start", ""))
    for byte, text in ((0, MAGIC.decode()), (16, start), (32, title[:223]), (2048, start), (2064, start)):
        data = text.encode("ascii", "replace")[: 15 if byte != 32 else 223]
        raw[byte : byte + len(data)] = data
    pairs: tuple[tuple[int, float], ...]
    pairs = ((322, lengths[0]), (326, lengths[-1]), (572, two_theta[0]), (576, two_theta[-1] + step))
    pairs += ((2092, two_theta[0]), (2100, two_theta[-1]), (2108, step))
    for byte, value in (*pairs, (2116, float(signal.metadata.get("seconds", 0.0)))):
        struct.pack_into("<f", raw, byte, value)
    struct.pack_into("<H", raw, 2082, n)
    struct.pack_into("<ii", raw, 2168, int(counts.min()), int(counts.max()))
    raw[DATA:] = counts.astype("<i4").tobytes()
    files.write(path, bytes(raw))


def _at(raw: bytes, kind: str, byte: int):
    return struct.unpack_from(kind, raw, byte)[0]


def _single(value: float) -> float:
    """The number that a single-precision field was meant to hold."""
    return float(f"{value:.7g}")


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("latin-1").strip()


READER = Reader("stoe", "STOE WinXPOW powder scan (.raw)", (KIND,), (".raw",), sniff, read, write=write)
