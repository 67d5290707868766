"""SPECS .xml of SpecsLab 2 ("CORBA XML document created by XMLSerializer2").

Structures are typed: `RegionGroup` (name) > `RegionData` (name, `region`, `mcd_head`, `mcd_tail`, detectors, cycles) >
`Cycle` > `ScanData` > `counts`. The counts of a scan are raw and interleaved: for each step of the analyser, from
`mcd_head` steps before the first energy to `mcd_tail` after the last, one number per channel of the detector. A channel
sees the kinetic energy of the step plus its `shift` times the pass energy; spectra of all channels, cycles and scans
are added, each shifted by whole steps, so that counts stay counts. The channels' `gain` is not applied.

Energies are kinetic; `excitation_energy` gives binding energies, `effective_workfunction` is kept and not applied.
Unknown: scan modes other than fixed analyser transmission, and what `scan_mode` does to the order of the counts.
"""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal
from nacre.readers.text import text_file
from nacre.readers.text.number_lists import read_number, read_numbers
from nacre.readers.xps_ir import regions

_KEYS = {
    "excitation_energy": "photon_energy_eV",
    "dwell_time": "dwell_s",
    "pass_energy": "pass_energy_eV",
    "effective_workfunction": "work_function_eV",
}


def sniff(head: Head) -> float:
    return 0.95 if "specs.de/Serializer" in head.text or "XMLSerializer2" in head.text[:500] else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """One signal per region. Raises ReadError."""
    path = Path(path)
    raw = text_file.load(path)
    try:
        root = ElementTree.fromstring(raw.data)
    except ElementTree.ParseError as error:
        raise ReadError(
            "the XML cannot be read", where=path.name, found=str(error), do="copy or export it again"
        ) from None
    found = []
    for group in _typed(root, "RegionGroup"):
        for region in _typed(group, "RegionData"):
            signal = _region(region, _text_of(group, "name"), path.name)
            found += [signal] if signal else []
    if not found:
        raise ReadError("the file holds no finished spectrum", where=path.name)
    return found


def _typed(element, name: str):
    return (e for e in element.iter() if e.get("type_name") == name)


def _text_of(element, name: str) -> str:
    found = element.find(f"./*[@name='{name}']")
    return (found.text or "").strip() if found is not None else ""


def _number(element, name: str, where: str) -> float:
    return read_number(_text_of(element, name), f"'{name}'", where)


def _region(region, group: str, where: str) -> Signal | None:
    definition = region.find("./*[@name='region']")
    if definition is None:
        raise ReadError("a region is not described", where=where, found=_text_of(region, "name"))
    texts = [" ".join(e.itertext()) for e in _typed(region, "CountsSeq")]
    scans = [read_numbers([text], where, do="copy or export it again") for text in texts if text.strip()]
    if not scans:
        return None
    n, step = int(_number(definition, "values_per_curve", where)), _number(definition, "scan_delta", where)
    start = _number(definition, "kinetic_energy", where)
    shifts = [_number(e, "shift", where) for e in _typed(region, "Detector")] or [0.0]
    head, tail = int(_number(region, "mcd_head", where)), int(_number(region, "mcd_tail", where))
    full = [scan for scan in scans if scan.size == len(shifts) * (n + head + tail)]
    notes = []
    if len(full) < len(scans):
        notes.append(Note("warning", f"{len(scans) - len(full)} unfinished scans are left out"))
    if not full:
        raise ReadError("no scan is complete", where=where, found=f"{scans[0].size} values", do="finish the scan")
    table = np.sum(full, axis=0).reshape(n + head + tail, len(shifts))
    passed = _number(definition, "pass_energy", where)
    metadata = {"region": _text_of(region, "name"), "sample": group, "scans": len(full)}
    metadata |= {ours: _number(definition, theirs, where) for theirs, ours in _KEYS.items()}
    counts = _added(table, [round(shift * passed / step) for shift in shifts], n, head)
    energy = start + step * np.arange(n)
    return regions.spectrum(energy, counts, scale="kinetic", unit="counts", metadata=metadata, notes=notes, where=where)


def _added(table: np.ndarray, shifts: list[int], n: int, head: int) -> np.ndarray:
    """Sum of channels, each taken where it saw the energy of the step; ends without all channels are scaled up."""
    total, seen = np.zeros(n), np.zeros(n)
    for channel, shift in enumerate(shifts):
        rows = head - shift + np.arange(n)
        inside = (rows >= 0) & (rows < len(table))
        total[inside] += table[rows[inside], channel]
        seen += inside
    return total * len(shifts) / seen


READER = Reader("specs_xml", "SPECS .xml of SpecsLab 2", regions.KINDS, (".xml",), sniff, read)
