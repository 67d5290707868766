"""SPECS .xy text export (SpecsLab Prodigy, SpecsLab 2).

Comment lines begin with `#` (the export lets another prefix be chosen; it is named by "Comment Prefix") and hold
`key: value` pairs. "Region:" opens a spectrum, "Cycle: c, Curve: k, Scan: s" a sweep of it; "ColumnLabels:" names the
columns, the first the energy, the second the intensity ("counts" or "counts/s"), further ones as exported
(transmission function, error bar). Sweeps of one region and cycle are added up. The energy axis is binding or kinetic
("Energy Axis:"); "Excitation Energy:" relates the two. Counts follow from "counts/s" by "Dwell Time:" and the number
of scans. Detector corrections may make them fractional.

Unknown: how external channels are laid out; they are not read.
"""

import re
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal
from nacre.readers.text import text_file
from nacre.readers.xps_ir import regions

_PAIR = re.compile(r"\s*([A-Za-z][^:,]*?):\s+(.*?)\s*$")
_KEYS = {
    "Excitation Energy": "photon_energy_eV",
    "Dwell Time": "dwell_s",
    "Pass Energy": "pass_energy_eV",
    "Eff. Workfunction": "work_function_eV",
}
_OPENS = ("Group", "Region", "Cycle")


def sniff(head: Head) -> float:
    start = head.text[:3000]
    return 0.95 if "SpecsLab" in start and ("XY-Serializer" in start or "Energy Axis" in start) else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """One signal per region and cycle. Raises ReadError."""
    path = Path(path)
    raw = text_file.load(path)
    text = raw.data.decode(errors="replace")
    prefix = re.search(r"Comment Prefix:\s*(\S+)", text)
    found = _sweeps(text, prefix[1] if prefix else "#", path.name)
    spectra = [(about, sweeps) for about, sweeps in found if _is_over_energy(about)]
    if not spectra:
        words = "it has points at fixed energies only" if found else "no rows of data"
        raise ReadError("the file holds no spectrum", where=path.name, found=words, do="export a region with a scan")
    signals = [_sum(about, sweeps, path.name) for about, sweeps in spectra]
    left = [about.get("Region", "") for about, _ in found if not _is_over_energy(about)]
    if left:
        text = f"{len(left)} regions at fixed energies hold no spectrum and are left out: {', '.join(left)}"
        signals[0] = signals[0].with_notes(Note("info", text))
    return signals


def _is_over_energy(about: dict[str, str]) -> bool:
    """Whether a region is a scan: with fixed energies its first column counts the points."""
    fixed = about.get("Scan Mode", "").replace(" ", "").lower().startswith("fixedenerg")
    return not fixed and about.get("ColumnLabels", "energy").split()[0].lower() != "index"


def _is_binding(about: dict[str, str]) -> bool:
    """Whether the energies are binding energies; SpecsLab 2 says only whether they are kinetic."""
    if "Kinetic Energy Axis" in about:
        return about["Kinetic Energy Axis"].strip().lower() == "no"
    return "binding" in about.get("Energy Axis", "").lower()


def _sweeps(text: str, prefix: str, where: str) -> list[tuple[dict, list[np.ndarray]]]:
    """(header, arrays of sweeps) of every region and cycle."""
    general: dict[str, str] = {}
    about: dict[str, str] = {}
    found: dict[tuple, tuple[dict, list[list]]] = {}
    rows: list | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(prefix):
            rows = None
            for part in line[len(prefix) :].split(", "):
                if match := _PAIR.match(part):
                    target = about if about or match[1] in _OPENS else general
                    if match[1] == "Region":
                        about = target = {k: v for k, v in about.items() if k == "Group"}
                        about["opened"] = str(number)
                    target[match[1]] = match[2]
            continue
        if not line.strip():
            continue
        if rows is None:
            key = (about.get("opened"), about.get("Cycle"))
            rows = []
            found.setdefault(key, (general | about, []))[1].append(rows)
        try:
            rows.append([float(word) for word in line.split()])
        except ValueError:
            raise ReadError("a row is not numbers", where=f"{where}:{number}", found=f"'{line.strip()}'") from None
    return [(about, [_rectangle(rows, where) for rows in sweeps]) for about, sweeps in found.values()]


def _rectangle(rows: list, where: str) -> np.ndarray:
    if len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        raise ReadError("rows of different length", where=where, expected="energy and intensity in every row")
    return np.array(rows)


def _sum(about: dict, sweeps: list[np.ndarray], where: str) -> Signal:
    first = sweeps[0]
    if any(sweep.shape != first.shape or not np.allclose(sweep[:, 0], first[:, 0]) for sweep in sweeps):
        raise ReadError("the sweeps of a region differ in their energies", where=where, found=about.get("Region", ""))
    labels = about.get("ColumnLabels", "energy counts/s").split()
    rate = "/s" in labels[1] or ("per Second" in about.get("Count Rate", "") and labels[1] != "counts")
    total = np.sum([sweep[:, 1] for sweep in sweeps], axis=0)
    scans = max(len(sweeps), int(_number(about.get("Number of Scans", "1")) or 1))
    metadata = {"region": about.get("Region", ""), "sample": about.get("Group", ""), "scans": scans}
    for key, name in _KEYS.items():
        value = _number(about.get(key, ""))
        if value is not None:
            metadata[name] = value
    place = next((i for i, label in enumerate(labels) if "transmission" in label.lower()), None)
    return regions.spectrum(
        first[:, 0],
        total / len(sweeps) if rate else total,
        scale="binding" if _is_binding(about) else "kinetic",
        unit="cps" if rate else "counts",
        metadata=metadata,
        transmission=None if place is None else first[:, place],
        where=where,
    )


def _number(text: str) -> float | None:
    match = re.match(r"[-+\d.eE]+", text)
    return float(match[0]) if match else None


READER = Reader("specs_xy", "SPECS .xy export", regions.KINDS, (".xy",), sniff, read)
