"""Bruker `.raw` (version 4) and `.brml`: powder scans, read by rietx (extra `xrd`).

`.raw` begins with `RAW4.00`, `RAW1.01` or `RAW2`. The reader of the Rietveld engine gives two_theta and counts of both.
Without the extra the file cannot be read, and a sentence says how to install it.

`.brml` is a zip archive of XML:

    DataContainer.xml          RawDataReferenceList: the scans, by the names of their members
    RawData0.xml, ...          one scan each: DataRoute, with one Datum per point (numbers parted by commas)
      DataViews                RawDataView: Start and Length of a column, by its xsi:type fixed (time, absorber),
                               varying (angles, by AxisId) or recorded (counts; many channels: a detector's frame)
    RawData0.xml or            WaveLengthAlpha1, WaveLengthAlpha2 (Value in angstrom), WaveLengthRatio of their
    MeasurementContainer.xml   intensities, TubeMaterial (Value): read here, as the engine leaves them

The wavelengths of a version-4 file are read here, as the engine takes the mean of K-alpha for K-alpha1. From byte 61 on
stand segments (u32 type, u32 length, both counted in the length); in the one of type 30, from its begin:

    byte  type      meaning
      72  f64       mean wavelength of K-alpha in angstrom
      80  f64 x 3   K-alpha1, K-alpha2, K-beta in angstrom
     104  f64       ratio of K-alpha2 to K-alpha1
     116  text      symbol of the anode

Unknown: what the file says of optics and detector settings.
"""

import re
import struct
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.signal import Note, Signal
from nacre.readers.diffraction.pattern import KIND, pattern, wavelengths

_MAGIC = (b"RAW4.", b"RAW1.01", b"RAW2")


def sniff(head: Head) -> float:
    if head.start.startswith(_MAGIC):
        return 1.0
    return 0.8 if head.suffix == ".brml" and head.start[:2] == b"PK" else 0.0


def read(path: Path, options=None) -> list[Signal]:
    """One signal of kind "diffraction". Raises ReadError, also where the extra is not installed."""
    path = Path(path)
    try:
        import rietx
    except ImportError:
        raise ReadError(
            "Bruker files are read by the Rietveld engine, which is not installed",
            where=path.name,
            do="pip install 'nacre[xrd]', or export the scan as .xy",
        ) from None
    raw = path.read_bytes()
    told = _archive(path) if raw.startswith(b"PK") else {}
    found: list = []
    try:
        data = rietx.read_pattern(path, diagnostics=found)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise ReadError(
            "the scan cannot be read",
            where=path.name,
            found=str(error).splitlines()[0].rstrip("."),
            do="export it as .xy",
        ) from None
    meta = data.metadata
    notes = tuple(Note("warning" if d.level != "info" else "info", d.message) for d in found)
    first, second = (float(meta[key]) if key in meta else None for key in ("wavelength", "wavelength_alpha2"))
    radiation = _radiation(raw) if raw.startswith(b"RAW4.") else told or wavelengths(first, second)
    metadata = {"anode": meta.get("anode", ""), "sample": meta.get("sample", ""), **radiation}
    return [
        pattern(
            np.array(data.two_theta),
            np.array(data.intensity),
            path.name,
            std=None if data.sigma is None else np.array(data.sigma),
            metadata=metadata,
            notes=notes,
            name=path.stem,
        )
    ]


def _archive(path: Path) -> dict:
    """Radiation that a `.brml` names. Raises ReadError where the archive is broken or holds no scan."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            scans = sorted(name for name in names if re.search(r"RawData\d+\.xml$", name))
            if not scans or not any(name.endswith("DataContainer.xml") for name in names):
                raise ReadError(
                    "no scan in the archive",
                    where=path.name,
                    found=", ".join(names[:4]) or "nothing",
                    expected="DataContainer.xml and RawData0.xml",
                    do="save the measurement as .brml again, or export it as .xy",
                )
            places = [scans[0], *(name for name in names if name.endswith("MeasurementContainer.xml"))]
            told = (_named(archive.read(place)) for place in places)
            return next((found for found in told if found), {})
    except (zipfile.BadZipFile, EOFError) as error:
        raise ReadError(
            "the archive is broken", where=path.name, found=str(error), do="copy the file again, it may be cut"
        ) from None


def _named(raw: bytes) -> dict:
    """The wavelengths that an XML names; nothing where it names none, or is broken (which the engine then says)."""
    try:
        root = ElementTree.fromstring(raw)
        told = {item.tag.rpartition("}")[2]: item.get("Value") for item in root.iter() if item.get("Value")}
        alpha1, alpha2, ratio = (float(told.get(f"WaveLength{name}") or 0) for name in ("Alpha1", "Alpha2", "Ratio"))
    except (ElementTree.ParseError, ValueError):
        return {}
    anode = {"anode": told["TubeMaterial"]} if "TubeMaterial" in told else {}
    return {**wavelengths(alpha1, alpha2, ratio), **anode} if 0.1 < alpha1 < 3 else {}


def _radiation(raw: bytes) -> dict:
    """K-alpha1 and K-alpha2 of a version-4 file; nothing where the segment is not where it should be."""
    place = 61
    while place + 8 <= len(raw):
        kind, length = struct.unpack_from("<II", raw, place)
        if kind == 30 and length >= 120 and place + length <= len(raw):
            alpha1, alpha2, _, ratio = struct.unpack_from("<4d", raw, place + 80)
            plausible = 0.1 < alpha1 < alpha2 < 3 and 0 < ratio < 1
            return wavelengths(alpha1, alpha2, ratio) if plausible else {}
        if length < 8:
            return {}
        place += length
    return {}


READER = Reader("bruker", "Bruker powder scan (.raw, .brml)", (KIND,), (".raw", ".brml"), sniff, read)
