"""Infrared spectra as text: Bruker data point tables (`.dpt`) and two-column `.csv`.

- .dpt: wavenumber (cm-1) and ordinate, separated by comma, tab or blanks, without a heading; it does not say what the
  ordinate is
- .csv: taken where its heading names a wavenumber (`cm-1`, `wavenumber`); the heading tells the ordinate (absorbance,
  transmittance, reflectance), and percent where it bears a `%`
- lines that begin with `#` or `;` are comments, wherever they stand
- wavenumbers rise or fall; decimal points or commas; several ordinates side by side are several spectra

Where a file does not say what it holds, the option `quantity` does, and a note tells that it was not the file.
Nothing in such a file tells resolution, number of scans or uncertainty.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nacre.core import files
from nacre.core.contracts import VIRTUAL_MARK, Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import option
from nacre.core.signal import Note, Signal, table
from nacre.readers.sheets import tables
from nacre.readers.text import lines as text_lines
from nacre.readers.text import text_file
from nacre.readers.text.cells import TextColumn

QUANTITIES = ("absorbance", "transmittance", "reflectance")
_QUANTITY_WORDS = re.compile(r"(?i)\b(absorbance|absorption|transmittance|reflectance|abs)\b|%|[\[(][^\])]*[\])]")
_HEADING = re.compile(r"wave\s*number|cm\s*[-−^]+\s*1|1/cm", re.IGNORECASE)


@dataclass(frozen=True)
class InfraredTextOptions:
    """What the file may not say."""

    quantity: str = option("absorbance", "what the second column is, where the file does not say", choices=QUANTITIES)


def sniff(head: Head) -> float:
    if head.looks_binary:
        return 0.0
    lines = [line for line in head.text.splitlines()[:30] if line.strip() and line[0] not in "#;"]
    starts_with_number = bool(lines) and bool(re.match(r"[\s\"]*[-+]?\d", lines[0]))
    if head.suffix == ".dpt":
        return 0.85 if starts_with_number else 0.0
    return 0.8 if lines and _HEADING.search(lines[0]) and not starts_with_number else 0.0


def read(path: Path, options: InfraredTextOptions | None = None) -> list[Signal]:
    """One signal of kind "infrared" per ordinate column. Raises ReadError."""
    path, options = Path(path), options or InfraredTextOptions()
    raw = text_file.load(path).data.decode(errors="replace")
    lines = ["" if text_lines.is_comment(line, "") else line for line in raw.split("\n")]
    sheet = tables.read_tables("\n".join(lines), path.name)
    found = tables.main_table(sheet, path.name, "wavenumber in cm-1 and the ordinate")
    numeric = [column for column in found.columns if column.kind == "number"]
    if len(numeric) < 2 or found.rows < 3:
        raise ReadError(
            "the file holds no spectrum",
            where=path.name,
            found=f"{found.rows} rows with {len(numeric)} columns of numbers",
            expected="wavenumber in cm-1 and the ordinate",
            do="export the spectrum again; if it ends early, the file was cut: copy it again",
        )
    axis = next((column for column in numeric if _HEADING.search(_heading_of(column))), numeric[0])
    ordinates = [column for column in numeric if column is not axis]
    notes = tuple(sheet.notes([found], [axis, *ordinates]))
    return [_signal(axis, one, len(ordinates) > 1, notes, options, path) for one in ordinates]


def _heading_of(column: TextColumn) -> str:
    return f"{column.heading} {column.unit}".strip()


def _signal(
    axis: TextColumn, ordinate: TextColumn, several: bool, notes: tuple[Note, ...], options, path: Path
) -> Signal:
    heading = _heading_of(ordinate)
    told = next((name for name in QUANTITIES if name[:6] in heading.lower()), "")
    if not told and re.fullmatch(r"%\s*[tr]|[tr]\s*%", heading.lower()):
        told = "transmittance" if "t" in heading.lower() else "reflectance"
    if not told:
        notes = (*notes, Note("warning", f"the file does not say what it holds: taken as {options.quantity}"))
    quantity = told or options.quantity
    keep = np.isfinite(axis.values) & np.isfinite(ordinate.values)
    wavenumber, values = axis.values[keep], ordinate.values[keep]
    if keep.sum() < 3:
        raise ReadError("a spectrum holds no points", where=path.name, found=f"'{heading}'", do="export it again")
    if "%" in heading:
        values = values / 100
    steps = np.diff(wavenumber)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        raise ReadError("the wavenumbers do not go in one direction", where=path.name)
    metadata = {"quantity": quantity}
    label = _sample_in(ordinate.heading) if several else ""
    if label:
        metadata["sample"] = label
    columns = {"wavenumber": (wavenumber, "1/cm"), quantity: (values, "1")}
    name = f"{path.stem} {label}".strip()
    return table("infrared", columns, axis="wavenumber", metadata=metadata, notes=notes, name=name)


def _sample_in(heading: str) -> str:
    """What the heading of an ordinate says besides the quantity: the sample, where several stand side by side."""
    return " ".join(_QUANTITY_WORDS.sub(" ", heading).split())


def write(signal: Signal, path: Path) -> None:
    """A .dpt; a synthetic spectrum begins with a comment that bears the mark of the virtual instruments."""
    quantity = signal.metadata["quantity"]
    head = f"# {VIRTUAL_MARK}: made by a virtual spectrometer, not measured\n" if signal.origin == "synthetic" else ""
    rows = zip(signal.array("wavenumber", "1/cm"), signal.array(quantity, "1"), strict=True)
    text = "".join(f"{x:.5f},{y:.8f}\n" for x, y in rows)
    files.write(path, (head + text).encode())


READER = Reader(
    name="infrared_text",
    words="infrared spectra as text (.dpt, .csv)",
    kinds=("infrared",),
    suffixes=(".dpt", ".csv"),
    sniff=sniff,
    read=read,
    options=InfraredTextOptions,
    write=write,
)
