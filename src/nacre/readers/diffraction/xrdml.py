"""PANalytical `.xrdml` (XML, schemas 1.0 to 2.3): powder scans.

Elements that are read, whatever their namespace:

    xrdMeasurement/scan               one signal per scan that holds dataPoints
    positions axis="2Theta"           startPosition and endPosition, or listPositions, in deg
    intensities (older), counts       one number per point; attribute unit: counts or cps
    commonCountingTime                s per point
    beamAttenuationFactors            already multiplied into the intensities; divided out of their uncertainty
    usedWavelength                    kAlpha1, kAlpha2 in angstrom, ratioKAlpha2KAlpha1; `intended` "K-Alpha 1" drops
                                      the second only where a monochromator is in the beam
    anodeMaterial, radius             anode, radius of the goniometer in mm
    sample/id, header timestamps      name, begin and end

Unknown: everything else, among it slits, masks and detector settings.
"""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.signal import Note, Signal
from nacre.readers.diffraction.pattern import KIND, pattern, wavelengths
from nacre.readers.text.number_lists import read_number, read_numbers


def sniff(head: Head) -> float:
    return 1.0 if "<xrdMeasurements" in head.text[:4096] else 0.0


def read(path: Path, options=None) -> list[Signal]:
    """One signal per scan. Raises ReadError."""
    path = Path(path)
    raw = path.read_bytes()
    try:
        root = ElementTree.fromstring(raw)
    except ElementTree.ParseError as error:
        raise ReadError("the XML is broken", where=path.name, found=str(error), do="copy or export it again") from None
    found = []
    for measurement in _all(root, "xrdMeasurement"):
        head = _head(root, measurement)
        for scan in _all(measurement, "scan"):
            data = _one(scan, "dataPoints")
            if data is not None:
                found.append(_scan(scan, data, head, path, raw))
    if not found:
        raise ReadError("the file holds no scan", where=path.name, expected="<scan> with <dataPoints>")
    return found


def _scan(scan, data, head: dict, path: Path, raw: bytes) -> Signal:
    counts = _one(data, "intensities")
    counts = counts if counts is not None else _one(data, "counts")
    if counts is None or not (counts.text or "").split():
        raise ReadError("a scan without intensities", where=path.name, do="export it again")
    y = read_numbers([counts.text], path.name)
    x = _two_theta(data, y.size, path.name)
    std, notes = None, []
    factors = _one(data, "beamAttenuationFactors")
    if factors is not None and (factors.text or "").split():
        factor = read_numbers([factors.text], path.name)
        std = np.sqrt(np.maximum(y, 1.0) * factor)
        if factor.size == y.size and np.any(factor > 1):
            notes.append(Note("info", f"an attenuator was in the beam for {int(np.sum(factor > 1))} points"))
    seconds = _one(data, "commonCountingTime")
    metadata = {
        **head,
        "axis": scan.get("scanAxis", ""),
        "start": _text(scan, "startTimeStamp"),
        "end": _text(scan, "endTimeStamp"),
        "unit": counts.get("unit", ""),
        "seconds": _number(data, "commonCountingTime") if seconds is not None else None,
    }
    if counts.get("unit", "counts") == "cps" and metadata["seconds"]:
        std = np.sqrt(np.maximum(y * metadata["seconds"], 1.0)) / metadata["seconds"]
    if scan.get("status") not in (None, "Completed"):
        notes.append(Note("warning", f"the scan was {scan.get('status', '').lower()} before its end"))
    return pattern(
        x,
        y,
        path.name,
        std=std,
        metadata=metadata,
        notes=tuple(notes),
        name=path.stem,
    )


def _two_theta(data, n: int, where: str) -> np.ndarray:
    for positions in _all(data, "positions"):
        if positions.get("axis") != "2Theta":
            continue
        listed = _one(positions, "listPositions")
        if listed is not None and listed.text:
            return read_numbers([listed.text], where)
        ends = [_one(positions, name) for name in ("startPosition", "endPosition")]
        if all(end is not None for end in ends):
            low, high = (read_number(end.text or "", "an end of the 2Theta axis", where) for end in ends)
            return np.linspace(low, high, n)
    raise ReadError("the scan has no 2Theta axis", where=where, do="a rocking or phi scan is no powder pattern")


def _head(root, measurement) -> dict:
    used = _one(measurement, "usedWavelength")
    radiation = {}
    if used is not None:
        first, second = (_number(used, name) for name in ("kAlpha1", "kAlpha2"))
        ratio = _number(used, "ratioKAlpha2KAlpha1") or 0.0
        only = used.get("intended", "").replace(" ", "").lower() == "k-alpha1" and not _has_both(measurement)
        radiation = wavelengths(first, second, 0.0 if only else ratio)
        radiation["intended"] = used.get("intended", "")
    radius = _number(measurement, "radius")
    sample = _one(root, "sample")
    return {
        "sample": (_text(sample, "id") or _text(sample, "name")) if sample is not None else "",
        "anode": _text(measurement, "anodeMaterial"),
        "goniometer_radius": radius,
        "geometry": "reflection"
        if measurement.get("sampleMode") == "Reflection"
        else measurement.get("sampleMode", ""),
        **radiation,
    }


def _has_both(measurement) -> bool:
    """Whether nothing in the beam could have taken K-alpha2 away, whatever the file calls the radiation."""
    path = _one(measurement, "incidentBeamPath")
    return path is not None and _one(path, "monochromator") is None


def _all(node, name: str):
    return (child for child in node.iter() if child.tag.rpartition("}")[2] == name)


def _one(node, name: str):
    return next(_all(node, name), None)


def _text(node, name: str) -> str:
    found = _one(node, name)
    return (found.text or "").strip() if found is not None else ""


def _number(node, name: str) -> float | None:
    text = _text(node, name)
    return read_number(text, f"<{name}>", "the header") if text else None


READER = Reader("xrdml", "PANalytical powder scan (.xrdml)", (KIND,), (".xrdml",), sniff, read)
