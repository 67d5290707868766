"""EMSA/MAS spectral data file (`.msa`, `.ems`, `.emsa`), version 1.0: one EDS or EELS spectrum as text.

Layout
------
Header lines `#KEYWORD : value`, the first of them `#FORMAT : EMSA/MAS Spectral Data File`, then `#SPECTRUM`, the data,
and `#ENDOFDATA`. Keywords need not be in capitals, may be cut to 12 characters, and may be followed by a unit in their
name (`#BEAMKV -kV`). Required: NPOINTS, XUNITS, and for DATATYPE Y (intensities alone, NCOLUMNS in a line, separated by
commas or blanks) XPERCHAN and OFFSET; for DATATYPE XY each line has a pair. OFFSET is the coordinate of the first
point. Keywords that are not known are kept in the metadata, as text.

Only spectra over energy (XUNITS eV or keV) are read. Whole numbers nowhere negative are taken as `counts`, others as
`intensity`; YUNITS is kept as found, as programs write "Counts" for anything. Unknown: whether dark counts were
subtracted.

Source: R. F. Egerton, C. E. Fiori, J. A. Hunt, M. S. Isaacson, E. J. Kirkland, N. J. Zaluzec, EMSA/MAS standard file
format for spectral data exchange, EMSA Bulletin 21 (1991) 35; ISO 22029:2012.
"""

from pathlib import Path

import numpy as np

from nacre.core import files
from nacre.core.contracts import VIRTUAL_MARK, Head, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Signal, Variable
from nacre.readers.microscopy import array_signals
from nacre.readers.microscopy.array_signals import Axis, Origin
from nacre.readers.text import text_file
from nacre.readers.text.number_lists import read_numbers

_UNITS = {"ev": "eV", "kev": "keV"}
_NUMBERS = {"BEAMKV": "beam_kV", "LIVETIME": "live_time_s", "REALTIME": "real_time_s", "PROBECUR": "beam_current_nA"}
_CURE = "export it again as EMSA/MAS .msa"


def sniff(head: Head) -> float:
    first = head.text.lstrip()[:80].upper()
    return 0.98 if first.startswith("#FORMAT") and "EMSA" in first else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """One signal of kind "spectrum". Raises ReadError."""
    path = Path(path)
    text = text_file.load(path)
    head, rows, first = _split(text.data.decode(errors="replace"), path.name)
    points = _points(head, path.name)
    values = read_numbers(rows, path.name, first, do=_CURE)
    unit = _unit(head, path.name)
    if head.get("DATATYPE", "Y").upper() == "XY":
        energy, values = _pairs(values, points, path.name)
    else:
        energy, values = None, _exactly(values, points, path.name)
    axis = _axis(head, energy, unit, path.name)
    whole = np.array_equal(values, np.rint(values)) and np.abs(values).max() < 2**53
    metadata = {name: float(head[key]) for key, name in _NUMBERS.items() if _is_number(head.get(key, ""))}
    metadata |= {"title": head.get("TITLE", ""), "signal_type": head.get("SIGNALTYPE", ""), "keywords": head}
    name = head.get("TITLE") or path.stem
    of = Origin(path.name, name, metadata)
    return [array_signals.spectra(values.astype(np.int64) if whole else values, axis, [], of)]


def _split(text: str, where: str) -> tuple[dict[str, str], list[str], int]:
    """The keywords in capitals, the lines of data, and the number of the first of these."""
    lines = text.splitlines()
    if not lines or not lines[0].lstrip().upper().startswith("#FORMAT") or "EMSA" not in lines[0].upper():
        raise ReadError(
            "not an EMSA/MAS spectral data file",
            where=where,
            found=f"a first line {lines[0][:40]!r}" if lines else "nothing",
            expected="#FORMAT : EMSA/MAS Spectral Data File",
            do=_CURE,
        )
    head: dict[str, str] = {}
    for i, line in enumerate(lines):
        if not line.lstrip().startswith("#"):
            continue
        key, _, value = line.strip()[1:].partition(":")
        words = key.split()
        key = words[0].upper() if words else ""
        if key == "SPECTRUM":
            return head, _until_end(lines[i + 1 :], where), i + 2
        head[key] = value.strip()
    raise ReadError("the header has no end", where=where, found="no line #SPECTRUM", do=f"it is cut: {_CURE}")


def _until_end(lines: list[str], where: str) -> list[str]:
    for i, line in enumerate(lines):
        if line.lstrip().upper().startswith("#ENDOFDATA"):
            _refuse_more(lines[i + 1 :], where)
            return lines[:i]
    raise ReadError("the data have no end", where=where, found="no line #ENDOFDATA", do=f"the file is cut: {_CURE}")


def _refuse_more(lines: list[str], where: str) -> None:
    """A file holds one spectrum: what stands behind its end would be lost."""
    more = [line for line in lines if line.strip()]
    if more:
        found = f"{len(more)} more lines after #ENDOFDATA, the first {more[0].strip()[:40]!r}"
        raise ReadError("the file goes on after its spectrum", where=where, found=found, do="save each as a file")


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _number(head: dict[str, str], key: str, where: str) -> float:
    if not _is_number(head.get(key, "")):
        found = f"'{head[key]}'" if key in head else "no such line"
        raise ReadError(f"#{key} is not a number", where=where, found=found, do=_CURE)
    return float(head[key])


def _points(head: dict[str, str], where: str) -> int:
    points = _number(head, "NPOINTS", where)
    if points < 1 or points != round(points):
        raise ReadError("#NPOINTS is not a number of points", where=where, found=f"{points:g}", do=_CURE)
    return round(points)


def _unit(head: dict[str, str], where: str) -> str:
    found = head.get("XUNITS", "")
    if found.lower() not in _UNITS:
        raise ReadError(
            "not a spectrum over energy",
            where=where,
            found=f"#XUNITS '{found}'",
            expected="eV or keV",
            do="state the unit of the energy in #XUNITS",
        )
    return _UNITS[found.lower()]


def _exactly(values: np.ndarray, points: int, where: str) -> np.ndarray:
    if values.size != points or not np.all(np.isfinite(values)):
        raise ReadError(
            "the number of points is not the stated one",
            where=where,
            found=f"{int(np.isfinite(values).sum())} numbers",
            expected=f"{points} (#NPOINTS)",
            do=_CURE,
        )
    return values


def _pairs(values: np.ndarray, points: int, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Energies and intensities of DATATYPE XY, evenly spaced. Raises ReadError."""
    energy, counts = _exactly(values, 2 * points, where).reshape(-1, 2).T
    steps = np.diff(energy)
    if points < 2 or np.ptp(steps) > 0.02 * abs(steps.mean()):
        raise ReadError("the energies are not evenly spaced", where=where, found=f"{points} points", do=_CURE)
    return energy, counts


def _axis(head: dict[str, str], energy: np.ndarray | None, unit: str, where: str) -> Axis:
    if energy is not None:
        return Axis("energy", unit, float((energy[-1] - energy[0]) / (energy.size - 1)), float(energy[0]))
    return Axis("energy", unit, _number(head, "XPERCHAN", where), _number(head, "OFFSET", where))


def write(signal: Signal, path: Path) -> None:
    """Writes a "spectrum" as DATATYPE Y in keV; a synthetic one bears the mark. Raises NacreError for other kinds."""
    name = next((n for n in ("counts", "intensity") if n in signal), "")
    if signal.kind != "spectrum" or not name or "energy" not in signal or signal["energy"].values.size < 2:
        raise NacreError(
            "an .msa file holds one spectrum",
            where=signal.where,
            found=f"a {signal.kind} of {', '.join(signal.variables)}",
            expected="counts or intensity, and energy",
        )
    energy = signal.array("energy", "keV")
    head = {
        "FORMAT": "EMSA/MAS Spectral Data File",
        "VERSION": "1.0",
        "TITLE": signal.metadata.get("title") or signal.name,
        "COMMENT": VIRTUAL_MARK if signal.origin == "synthetic" else "",
        "NPOINTS": energy.size,
        "NCOLUMNS": 1,
        "XUNITS": "keV",
        "YUNITS": "Counts" if name == "counts" else "Intensity",
        "DATATYPE": "Y",
        "XPERCHAN": f"{(energy[-1] - energy[0]) / (energy.size - 1):.10g}",
        "OFFSET": f"{energy[0]:.10g}",
        "SIGNALTYPE": signal.metadata.get("signal_type", ""),
    }
    head |= {key: f"{signal.metadata[field]:.10g}" for key, field in _NUMBERS.items() if field in signal.metadata}
    lines = [f"#{key:<12}: {value}" for key, value in head.items() if value != ""]
    rows = [f"{value:.10g}" for value in signal[name].values]
    text = "\n".join([*lines, "#SPECTRUM    :", *rows, "#ENDOFDATA   :"]) + "\n"
    files.write(path, text)


def example() -> Signal:
    """Forty channels of whole counts."""
    values = {
        "counts": Variable(np.arange(40) ** 2, "1", ("energy",)),
        "energy": Variable(0.02 + 0.01 * np.arange(40), "keV", ("energy",)),
    }
    return Signal("spectrum", values, {"beam_kV": 200.0}, origin="synthetic", name="virtual")


READER = Reader(
    name="msa",
    words="EMSA/MAS spectrum (.msa)",
    kinds=("spectrum",),
    suffixes=(".msa", ".ems", ".emsa"),
    sniff=sniff,
    read=read,
    write=write,
)
