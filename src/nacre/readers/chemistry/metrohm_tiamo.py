"""Metrohm titrations as "PC/LIMS" text reports (tiamo, touch control, OMNIS export of the same form).

Layout
------
Tab-separated text of nested sections, each from a line `$S NAME VERSION` to a line `$E`. What is read:

$S PC/LIMS V1            the whole report
$S Sample data V1        one line: identification 1, identification 2, sample size, its unit
$S MPL V2                the measuring points; within it one section per titration command,
  $S Mode 1  NN  MET pH  V1.0    the command: MET (monotonic), DET (dynamic) or SET, and what was measured (pH, U)
                         rows: number, volume / mL, pH or potential / mV, its change, time / s, temperature / degC
$S Titrant ...           one line per titrant: name, concentration, its unit, titer
$S EP V1                 end points found by the instrument: volume, measured value, ...

Everything else (devices, method, messages) is left out. The encoding is that of the instrument (often Windows-1252).
Identification 2 bears the mark of files written by a virtual titrator. Where the report holds no titrant, its
concentration is declared in study.toml. Seen: 862 Titrosampler and 916 Ti-Touch reports; sections of other versions
are read alike where their rows have six columns. The volume is that of the burette at 20 degC, uncorrected.

Result: one signal of kind "titration" per titration command. Uncertainty: none is stated.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nacre.core import files, units
from nacre.core.contracts import VIRTUAL_MARK, Head, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal, table
from nacre.readers.sheets.headings import number
from nacre.readers.text import text_file

_MEASURED = {"pH": ("ph", "1"), "U": ("emf", "mV")}


@dataclass
class Section:
    """A section with its own lines and those within it."""

    name: str
    lines: list[str] = field(default_factory=list)
    inner: list["Section"] = field(default_factory=list)

    def find(self, name: str) -> list["Section"]:
        """Sections of that name, at any depth, in the file's order."""
        own = [self] if self.name.startswith(name) else []
        return own + [found for section in self.inner for found in section.find(name)]


def sniff(head: Head) -> float:
    """Certain of the first line."""
    return 1.0 if head.text.lstrip().startswith("$S PC/LIMS") else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """The titrations of one report. Raises ReadError."""
    path = Path(path)
    text = text_file.load(path)
    lines = text.data.decode(errors="replace").split("\n")
    if not lines[0].lstrip().startswith("$S PC/LIMS"):
        raise ReadError(
            "not a PC/LIMS report",
            where=path.name,
            found=repr(lines[0][:60]),
            expected="a first line '$S PC/LIMS V1'",
            do="export the determination as a PC/LIMS report",
        )
    report, notes = _sections(lines)
    modes = [mode for part in report.find("MPL") for mode in part.inner if mode.name.startswith("Mode")]
    if not modes:
        raise ReadError("the report holds no measuring points", where=path.name, found=f"{len(lines)} lines")
    metadata = _sample(report) | _titrant(report)
    rows_elsewhere = sum(map(_looks_like_point, _lines_outside(report, modes)))
    return [_signal(mode, metadata, notes, path, rows_elsewhere) for mode in modes]


def _lines_outside(section: Section, modes: list[Section]) -> list[str]:
    """The lines of all sections but those of the titration commands."""
    if any(section is mode for mode in modes):
        return []
    return section.lines + [line for inner in section.inner for line in _lines_outside(inner, modes)]


def _looks_like_point(line: str) -> bool:
    cells = line.split("\t")
    return len(cells) >= 6 and not any(np.isnan(number(cell)) for cell in cells[:6])


def _note_missing_points(numbers: np.ndarray, rows_elsewhere: int) -> list[Note]:
    """Warnings where the points' own numbers have holes, or points stand outside of their section."""
    notes = []
    expected = np.arange(numbers[0], numbers[0] + numbers.size)
    if not np.array_equal(np.sort(numbers), expected):
        words = f"the points are numbered {numbers.min():g} to {numbers.max():g}, and {numbers.size} of them are read"
        notes.append(Note("warning", words))
    if rows_elsewhere:
        words = f"{rows_elsewhere} rows like points stand outside the section of the titration, and are left out"
        notes.append(Note("warning", words))
    return notes


def _sections(lines: list[str]) -> tuple[Section, tuple[Note, ...]]:
    """The report as a tree, and a note where it stops before its last section is closed."""
    root = Section("")
    open_ones = [root]
    for line in lines:
        if line.startswith("$S "):
            section = Section(line[3:].strip())
            open_ones[-1].inner.append(section)
            open_ones.append(section)
        elif line.startswith("$E"):
            if len(open_ones) > 1:
                open_ones.pop()
        elif line.strip():
            open_ones[-1].lines.append(line)
    if len(open_ones) == 1:
        return root, ()
    return root, (Note("repair", "the report stops before its end: what was written until then is read"),)


def _sample(report: Section) -> dict[str, object]:
    """Identification and size of the sample: its mass in g, or its volume in mL."""
    for section in report.find("Sample data"):
        cells = [*(section.lines[0].split("\t") if section.lines else []), "", "", "", ""]
        found: dict[str, object] = {"sample_name": cells[0].strip()}
        size, unit = number(cells[2]), cells[3].strip()
        for name, wanted in (("sample_mass", "g"), ("titrated_volume", "mL")):
            try:
                if unit and units.same_kind(unit, wanted) and size > 0:
                    found[name] = float(units.convert(size, unit, wanted))
            except NacreError:
                continue  # a unit of the laboratory's own (pieces, drops): the size is not taken
        return found
    return {}


def _titrant(report: Section) -> dict[str, object]:
    """Concentration of the titrant in mol/L, times its titer."""
    for section in report.find("Titrant"):
        for line in section.lines:
            cells = line.split("\t")
            if len(cells) >= 3 and cells[2].strip() in ("mol/L", "mmol/L") and number(cells[1]) > 0:
                titer = number(cells[3]) if len(cells) > 3 else np.nan
                strength = float(units.convert(number(cells[1]), cells[2].strip(), "mol/L"))
                return {"titrant": cells[0].strip(), "titrant_concentration": strength * (titer if titer > 0 else 1.0)}
    return {}


def _signal(mode: Section, metadata, notes, path: Path, rows_elsewhere: int) -> Signal:
    words = mode.name.split()
    what = next((word for word in words if word in _MEASURED), "")
    if not what:
        raise ReadError(
            "the titration measured neither pH nor potential",
            where=path.name,
            found=f"'{mode.name}'",
            expected="MET pH, DET pH, MET U or the like",
        )
    cells = [line.split("\t") for line in mode.lines]
    whole = [row for row in cells if len(row) >= 6 and all(not np.isnan(number(cell)) for cell in row[:3])]
    if not whole:
        raise ReadError("the titration holds no points", where=path.name, found=f"{len(cells)} rows in '{mode.name}'")
    values = np.array([[number(cell) for cell in row[:6]] for row in whole])
    notes = list(notes)
    if len(whole) < len(cells):
        notes.append(Note("repair", f"{len(cells) - len(whole)} rows are not whole and are left out"))
    notes += _note_missing_points(values[:, 0], rows_elsewhere)
    name, unit = _MEASURED[what]
    columns = {
        "acid_volume": (values[:, 1], "mL"),
        name: (values[:, 2], unit),
        "time": (values[:, 4], "s"),
        "temperature": (values[:, 5], "degC"),
    }
    return table("titration", columns, metadata=metadata, notes=tuple(notes), name=path.stem)


# --- writing ------------------------------------------------------------------------------------------------


def write(signal: Signal, path: Path) -> None:
    """Writes a titration of pH as a report. Raises NacreError for another kind of signal."""
    if signal.kind != "titration" or "ph" not in signal:
        raise NacreError("only titrations of pH can be written", found=f"'{signal.kind}'")
    volume, ph = signal.array("acid_volume", "mL"), signal.array("ph", "1")
    time, degrees = signal.array("time", "s"), signal.array("temperature", "degC")
    known = signal.metadata
    mark = VIRTUAL_MARK if signal.origin == "synthetic" else ""
    size = f"{known['sample_mass']:.4f}\tg" if "sample_mass" in known else "\t"
    lines = ["$S PC/LIMS V1", "$S Sample data V1", f"{known.get('sample_name', '')}\t{mark}\t{size}", "$E"]
    lines += ["$S MPL V2", "$S Mode 1\t01\tMET pH\tV1.0"]
    change = np.diff(ph, prepend=ph[0])
    for i in range(volume.size):
        lines.append(f"{i + 1}\t{volume[i]:.5f}\t{ph[i]:.3f}\t{abs(change[i]):.3f}\t{time[i]:.1f}\t{degrees[i]:.1f}")
    lines += ["$E", "$E"]
    if "titrant_concentration" in known:
        lines += ["$S Titrant V1", "$S Titrant1 V1", f"HCl\t{known['titrant_concentration']:.6g}\tmol/L\t1.000"]
        lines += ["$E", "$E"]
    lines.append("$E")
    files.write(path, ("\r\n".join(lines) + "\r\n").encode("cp1252"))


def example() -> Signal:
    """A curve of a few points, as a virtual titrator would give it."""
    columns = {
        "acid_volume": (np.linspace(0, 3, 31), "mL"),
        "ph": (np.round(11 - 2.5 * np.linspace(0, 3, 31), 3), "1"),
        "time": (np.arange(31) * 20.0, "s"),
        "temperature": (np.full(31, 25.0), "degC"),
    }
    return table("titration", columns, origin="synthetic", name="virtual")


READER = Reader(
    name="metrohm_tiamo",
    words="Metrohm titration (PC/LIMS report)",
    kinds=("titration",),
    suffixes=(".txt",),
    sniff=sniff,
    read=read,
    write=write,
)
