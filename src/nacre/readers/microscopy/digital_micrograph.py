"""Gatan's `.dm3` and `.dm4`: images, EELS spectra and maps of spectra, through RosettaSciIO.

Layout
------
A tree of tags. The file begins with its version (u32, big-endian: 3 or 4), the size of the tree (u32 in version 3,
u64 in version 4) and the byte order of the values (u32: 1 is little-endian). Images stand under `ImageList`, with
dimensions, calibrations and acquisition tags. RosettaSciIO (GPL-3, optional extra `em`) reads it; it is imported inside
of this reader only, and nothing of it is contained here.

The kind follows from the units of the axes: one in eV or keV and two others are a map of spectra, in whatever order
they are stored; one alone is a spectrum; none and two axes are an image. Numbers are as stored: Gatan's spectra are
corrected for dark current and gain, so that they are `counts` only where they are still whole and nowhere negative.
Lengths and energies are as the microscope was calibrated. Unknown: the gain of the camera, and with it the noise.
"""

import struct
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Signal
from nacre.readers.damaged import explain_damage
from nacre.readers.microscopy import array_signals
from nacre.readers.microscopy.array_signals import Axis, Origin


def sniff(head: Head) -> float:
    return 0.95 if _version(head.start) and head.suffix in (".dm3", ".dm4") else 0.0


def _version(start: bytes) -> int:
    """3 or 4, 0 for a file that is none of Gatan's."""
    if len(start) < 16:
        return 0
    (version,) = struct.unpack_from(">I", start)
    place = {3: 8, 4: 12}.get(version)
    return version if place and struct.unpack_from(">I", start, place)[0] in (0, 1) else 0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """One signal per image of the file. Raises ReadError, also where the extra is not installed."""
    path = Path(path)
    raw = array_signals.bytes_of(path)
    if not _version(raw):
        raise ReadError(
            "not a file of DigitalMicrograph",
            where=path.name,
            found=f"it begins {raw[:8]!r}" if raw else "0 bytes",
            expected="version 3 or 4",
        )
    try:
        from rsciio.digitalmicrograph import file_reader
    except ImportError:
        raise ReadError(
            "Gatan's .dm3 and .dm4 need RosettaSciIO, which is not installed",
            where=path.name,
            do="install it: pip install 'nacre[em]' (GPL-3); or export spectra as .msa and images as TIFF",
        ) from None
    with explain_damage(path, "file of DigitalMicrograph", "copy it again, or export it as .msa or TIFF"):
        parts = file_reader(str(path))
    if not parts:
        raise ReadError("the file holds no image", where=path.name, found="a thumbnail at most", do="copy it again")
    return [_signal(part, path) for part in parts]


def _signal(part: dict, path: Path) -> Signal:
    data = np.asarray(part["data"])
    rows = sorted(part["axes"], key=lambda axis: axis.get("index_in_array") or 0)
    axes = [
        Axis(str(a.get("name") or ""), str(a.get("units") or ""), float(a["scale"]), float(a["offset"])) for a in rows
    ]
    metadata = part.get("metadata", {})
    microscope = metadata.get("Acquisition_instrument", {}).get("TEM", {})
    title = str(metadata.get("General", {}).get("title") or path.stem)
    about = {"title": title, "signal_type": metadata.get("Signal", {}).get("signal_type", "")}
    if microscope.get("beam_energy"):
        about["beam_kV"] = float(microscope["beam_energy"])
    return array_signals.signal(data, axes, Origin(path.name, title, about))


READER = Reader(
    name="digital_micrograph",
    words="Gatan DigitalMicrograph (.dm3, .dm4, with the extra em)",
    kinds=("spectrum_image", "image", "spectrum"),
    suffixes=(".dm3", ".dm4"),
    sniff=sniff,
    read=read,
)
