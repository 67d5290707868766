"""Infrared spectra as text: Bruker data point tables (`.dpt`) and two-column `.csv`.

- .dpt: wavenumber (cm-1) and ordinate, separated by comma, tab or blanks, without a heading; it does not say what the
  ordinate is
- .csv: taken where its heading names a wavenumber (`cm-1`, `wavenumber`); the heading tells the ordinate (absorbance,
  transmittance, reflectance), and percent where it bears a `%`
- lines that begin with `#` or `;` are comments, wherever they stand
- wavenumbers rise or fall; numbers bear a decimal point

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
from nacre.readers.text import text_file

QUANTITIES = ("absorbance", "transmittance", "reflectance")
_HEADING = re.compile(r"wave\s*number|cm\s*[-−^]+\s*1|1/cm", re.IGNORECASE)


@dataclass(frozen=True)
class InfraredTextOptions:
    """What the file may not say."""

    quantity: str = option("absorbance", "what the second column is, where the file does not say", choices=QUANTITIES)


def sniff(head: Head) -> float:
    if head.looks_binary:
        return 0.0
    lines = [line for line in head.text.splitlines()[:30] if line.strip() and line[0] not in "#;"]
    if head.suffix == ".dpt":
        return 0.9 if lines and len(_numbers(lines[0])) == 2 else 0.0
    return 0.8 if lines and _HEADING.search(lines[0]) and not _numbers(lines[0]) else 0.0


def read(path: Path, options: InfraredTextOptions | None = None) -> list[Signal]:
    """One signal of kind "infrared". Raises ReadError."""
    path, options = Path(path), options or InfraredTextOptions()
    raw = text_file.load(path)
    lines = [line for line in raw.data.decode(errors="replace").split("\n") if line.strip()]
    lines = [line for line in lines if line[0] not in "#;"]
    heading = lines.pop(0) if lines and not _numbers(lines[0]) else ""
    rows = [_numbers(line) for line in lines]
    wrong = next((i for i, row in enumerate(rows) if len(row) < 2), None)
    if wrong is not None or len(rows) < 3:
        raise ReadError(
            "a row is not two numbers" if wrong is not None else "the file holds no spectrum",
            where=path.name,
            found=f"'{lines[wrong].strip()}'" if wrong is not None else f"{len(rows)} rows",
            expected="wavenumber in cm-1 and the ordinate, with a decimal point",
            do="export the spectrum again; if this is its last row, the file was cut: copy it again",
        )
    data = np.array([row[:2] for row in rows])
    told = next((name for name in QUANTITIES if name[:6] in heading.lower()), "")
    notes = () if told else (Note("warning", f"the file does not say what it holds: taken as {options.quantity}"),)
    quantity, values = told or options.quantity, data[:, 1]
    if "%" in heading:
        values = values / 100
    steps = np.diff(data[:, 0])
    if not (np.all(steps > 0) or np.all(steps < 0)):
        raise ReadError("the wavenumbers do not go in one direction", where=path.name)
    columns = {"wavenumber": (data[:, 0], "1/cm"), quantity: (values, "1")}
    return [
        table(
            "infrared",
            columns,
            axis="wavenumber",
            metadata={"quantity": quantity},
            notes=notes,
            name=path.stem,
        )
    ]


def _numbers(line: str) -> list[float]:
    try:
        return [float(word) for word in re.split(r"[,;\s]+", line.strip()) if word]
    except ValueError:
        return []


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
