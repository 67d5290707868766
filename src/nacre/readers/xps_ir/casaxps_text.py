"""Spectra exported by CasaXPS as text (comma or tab separated; `.csv`, `.txt`).

An export begins with lines that name the cycle, region and block (`Cycle 0:Hf 4f:lho`), then lines about components
(`Name`, `Position`, `FWHM`, `Area`, one column each), then a line of column names and the points. Energy columns are
named `K.E.` and `B.E.` (or spelt out), intensities `Counts` or `CPS`; further columns are the fitted components, the
background and the envelope. Tables may stand below each other and a table may repeat its columns on the second energy
scale; the first intensity counts. The energy is on the calibrated scale. CasaXPS publishes no description; this one
covers exports as rows of a table, and columns whose names are unknown are kept as they are.

An export tells neither dwell time nor scans, so that there is no counting error, unless intensities are whole counts.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import option
from nacre.core.signal import Note, Signal, Variable
from nacre.readers.text import text_file
from nacre.readers.xps_ir import regions

_KINETIC = re.compile(r"^(k\.?\s*e\.?|kinetic energy)\b", re.IGNORECASE)
_BINDING = re.compile(r"^(b\.?\s*e\.?|binding energy)(\W|$)", re.IGNORECASE)
_INTENSITY = re.compile(r"^(counts|cps|intensity)\b", re.IGNORECASE)
_TITLE = re.compile(r"Cycle\s*\d+\s*:\s*([^:,\t\n]+)(?::([^,\t\n]*))?")


@dataclass(frozen=True)
class CasaTextOptions:
    """What an export does not say."""

    photon_energy: float | None = option(None, "the excitation energy, for exports in kinetic energy", unit="eV", lo=1)


def sniff(head: Head) -> float:
    if head.looks_binary:
        return 0.0
    lines = head.text.splitlines()[:40]
    return 0.85 if any(_is_heading(_cells(line)) for line in lines) else 0.0


def read(path: Path, options: CasaTextOptions | None = None) -> list[Signal]:
    """One signal per table. Raises ReadError."""
    path, options = Path(path), options or CasaTextOptions()
    raw = text_file.load(path)
    lines = raw.data.decode(errors="replace").split("\n")
    starts = [i for i, line in enumerate(lines) if _is_heading(_cells(line))]
    if not starts:
        raise ReadError(
            "no line names an energy and an intensity", where=path.name, expected="B.E. or K.E., and Counts"
        )
    ends = [*starts[1:], len(lines)]
    above = [0, *starts[:-1]]
    return [
        _table(lines, i, j, "\n".join(lines[k:i]), options, path.name)
        for k, i, j in zip(above, starts, ends, strict=True)
    ]


def _cells(line: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.rstrip("\r\n").split(text_file.separator(line))]


def _is_heading(cells: list[str]) -> bool:
    energy = any(_KINETIC.match(cell) or _BINDING.match(cell) for cell in cells)
    return energy and any(_INTENSITY.match(cell) for cell in cells)


def _table(lines, start: int, end: int, above: str, options, where: str) -> Signal:
    names = _cells(lines[start])
    rows = []
    for line in lines[start + 1 : end]:
        row = [_number(cell) for cell in _cells(line)]
        if len(row) >= 2 and np.isfinite(row[:2]).all():
            rows.append((row + [np.nan] * len(names))[: len(names)])
        elif rows:
            break
    place = f"{where}:{start + 1}"
    if len(rows) < 3:
        raise ReadError("the table holds no points", where=place, do="export it again")
    data = np.array(rows)
    energy = next((i for i, name in enumerate(names) if _BINDING.match(name)), None)
    scale = "binding" if energy is not None else "kinetic"
    energy = energy if energy is not None else next(i for i, name in enumerate(names) if _KINETIC.match(name))
    main = next(i for i, name in enumerate(names) if _INTENSITY.match(name))
    title = _TITLE.search(above.rsplit("Cycle", 1)[-1] and above[above.rfind("Cycle") :]) if "Cycle" in above else None
    about = {"region": title[1].strip() if title else "", "calibration_shift_eV": 0.0}
    if title and title[2]:
        about["sample"] = title[2].strip()
    if options.photon_energy:
        about["photon_energy_eV"] = options.photon_energy
    counts = names[main].lower().startswith("counts") and regions.whole_numbers(data[:, main])
    signal = regions.spectrum(
        data[:, energy],
        data[:, main],
        scale=scale,
        unit="counts" if counts else "arb",
        metadata=about,
        notes=[Note("info", "the energy scale is CasaXPS's, with its calibration")],
        where=place,
    )
    return _with_rest(signal, names, data, {energy, main})


def _with_rest(signal: Signal, names: list[str], data: np.ndarray, used: set[int]) -> Signal:
    """The other named columns (components, background, envelope), as exported."""
    rest = {}
    for i, name in enumerate(names):
        known = _KINETIC.match(name) or _BINDING.match(name) or _INTENSITY.match(name)
        if i not in used and name and not known and np.isfinite(data[:, i]).all():
            rest[name] = Variable(data[:, i], "arb", ("energy",))
    return replace(signal, variables={**signal.variables, **rest})


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


READER = Reader(
    "casaxps_text", "text export of CasaXPS", regions.KINDS, (".csv", ".txt"), sniff, read, options=CasaTextOptions
)
