"""Spectra exported by CasaXPS as text (comma or tab separated; `.csv`, `.txt`).

An export begins with lines that name the cycle, sample and region (`Cycle 0:lho:Hf 4f`), then lines about components
(`Name`, `Position`, `FWHM`, `Area`, one column each), then a line of column names and the points. Energy columns are
named `K.E.` and `B.E.` (or spelt out), intensities `Counts` or `CPS`; further columns are the fitted components, the
background and the envelope. Tables may stand below each other and a table may repeat its columns on the second energy
scale; the first intensity counts. The energy is on the calibrated scale. CasaXPS publishes no description; this one
covers exports as rows of a table, and columns whose names are unknown are kept as they are.

Where an export states no time, there is no counting error, unless intensities are whole counts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import option
from nacre.core.signal import Note, Signal, Variable
from nacre.readers.sheets import account
from nacre.readers.sheets.account import LeftOutLine
from nacre.readers.text import text_file
from nacre.readers.xps_ir import regions

_KINETIC = re.compile(r"^(k\.?\s*e\.?|kinetic energy)\b", re.IGNORECASE)
_BINDING = re.compile(r"^(b\.?\s*e\.?|binding energy)(\W|$)", re.IGNORECASE)
_INTENSITY = re.compile(r"^(counts|cps|intensity)\b", re.IGNORECASE)
_LEVEL = re.compile(
    r"[A-Z][a-z]?\s*-?\d[spdf]|survey|wide|valence|vb\b|auger|[A-Z][a-z]?\s*[KLMN]{1,3}\d?", re.IGNORECASE
)
_STATED = {
    "photon_energy_eV": re.compile(r"Characteristic Energy(?:\s+eV)?[\s,;]+([\d.]+(?:[eE][-+]?\d+)?)"),
    "dwell_s": re.compile(r"Acquisition Time(?:\s+s)?[\s,;]+([\d.]+(?:[eE][-+]?\d+)?)"),
}
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
    rows, left_out = _rows(lines, start + 1, end, len(names))
    place = f"{where}:{start + 1}"
    if len(rows) < 3:
        raise ReadError("the table holds no points", where=place, do="export it again")
    data = np.array(rows)
    energy = next((i for i, name in enumerate(names) if _BINDING.match(name)), None)
    scale = "binding" if energy is not None else "kinetic"
    energy = energy if energy is not None else next(i for i, name in enumerate(names) if _KINETIC.match(name))
    main = next(i for i, name in enumerate(names) if _INTENSITY.match(name))
    about = _about(above) | ({"photon_energy_eV": options.photon_energy} if options.photon_energy else {})
    counts = names[main].lower().startswith("counts") and regions.whole_numbers(data[:, main])
    signal = regions.spectrum(
        data[:, energy],
        data[:, main],
        scale=scale,
        unit="counts" if counts else "arb",
        metadata=about,
        notes=[Note("info", "the energy scale is CasaXPS's, with its calibration"), *account.lines_note(left_out)],
        where=place,
    )
    return _with_rest(signal, names, data, {energy, main})


def _about(above: str) -> dict:
    """Region, sample, photon energy and time, as far as the lines above a table say them."""
    about: dict = {"region": "", "calibration_shift_eV": 0.0}
    titles = list(_TITLE.finditer(above))
    if titles:
        about |= _read_title([part.strip() for part in titles[-1].groups() if part and part.strip()])
    for name, pattern in _STATED.items():
        stated = pattern.findall(above)
        if stated:
            about[name] = float(stated[-1])
    return about


def _read_title(parts: list[str]) -> dict[str, str]:
    """CasaXPS writes sample and region; a part that is named like a core level is the region wherever it stands."""
    if len(parts) == 1:
        return {"region": parts[0]}
    first, second = parts
    if _LEVEL.match(first) and not _LEVEL.match(second):
        return {"region": first, "sample": second}
    return {"region": second, "sample": first}


def _rows(lines: list[str], start: int, end: int, width: int) -> tuple[list[list[float]], list[LeftOutLine]]:
    """The points of a table, and the lines among them that are none.

    What follows the last point up to `end` (the title of the next table) is no part of the table, unless a file ends
    there: then it is left out by name.
    """
    rows: list[list[float]] = []
    others: list[LeftOutLine] = []
    last = 0
    for i in range(start, end):
        row = [_number(cell) for cell in _cells(lines[i])]
        if len(row) >= 2 and np.isfinite(row[:2]).all():
            rows.append((row + [np.nan] * width)[:width])
            last = i
        elif rows and lines[i].strip():
            others.append(LeftOutLine(i + 1, lines[i].strip()))
    whole = end == len(lines)
    return rows, [line for line in others if whole or line.number - 1 < last]


def _with_rest(signal: Signal, names: list[str], data: np.ndarray, used: set[int]) -> Signal:
    """The other named columns (components, background, envelope), as exported."""
    rest: dict[str, Variable] = {}
    notes = []
    for i, name in enumerate(names):
        known = _KINETIC.match(name) or _BINDING.match(name) or _INTENSITY.match(name)
        if i in used or not name or known:
            continue
        lacks = int((~np.isfinite(data[:, i])).sum())
        if lacks:
            words = f"column '{name}' holds no number in {lacks} of {len(data)} rows: it is left out"
            notes.append(Note("info" if lacks == len(data) else "warning", words))
            continue
        rest[_own_name(name, rest)] = Variable(data[:, i], "arb", ("energy",))
    return replace(signal, variables={**signal.variables, **rest}).with_notes(*notes)


def _own_name(name: str, taken: Mapping[str, Variable]) -> str:
    """The name, numbered where a column before has it: components of one name are several."""
    own, number = name, 1
    while own in taken:
        number += 1
        own = f"{name} {number}"
    return own


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


READER = Reader(
    "casaxps_text", "text export of CasaXPS", regions.KINDS, (".csv", ".txt"), sniff, read, options=CasaTextOptions
)
