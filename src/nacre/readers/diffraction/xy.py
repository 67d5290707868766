"""Powder patterns as columns of text: `.xy`, `.xye`, `.xyd`, `.dat`, `.prn`, `.chi`, `.asc`.

    column 1   two_theta in deg, rising or falling
    column 2   intensity
    column 3   its standard uncertainty, where there is one

apart by blanks, tabs, commas or semicolons. Lines before, between and after that are not numbers are comments; a
wavelength in one of them ("wavelength = 0.70930") is kept. The format does not say what the intensities are: without
a third column nothing is known of their uncertainty, and whoever uses them must say that they are counts. There may be
more columns; they are left out, and a note says so. A file that ends without a line end inside its last number (fewer
columns or decimals than all rows before, or a count below a fifth of them) was cut: that point is left out, and said.
`.csv` and `.txt` are not taken unasked, as many other things are called so.
"""

import contextlib
import re
from collections import Counter
from pathlib import Path

import numpy as np

from nacre.core import files
from nacre.core.contracts import VIRTUAL_MARK, Head, Reader
from nacre.core.errors import ReadError
from nacre.core.signal import Note, Signal
from nacre.readers.diffraction.pattern import KIND, numbers, pattern, wavelengths
from nacre.readers.diffraction.pattern import example as example
from nacre.readers.sheets import account
from nacre.readers.sheets.account import LeftOutLine
from nacre.readers.text import lines as text_lines
from nacre.readers.text import text_file
from nacre.readers.text.quantities import read_quantity

OWN = (".xy", ".xye", ".xyd")
SHARED = (".dat", ".prn", ".chi", ".asc")
LOOKED_AT = 30  # lines before the last that tell whether it is cut
_WAVELENGTH = re.compile(
    r"(?:wave\s*length|lambda)[^\d\n]{0,24}(\d*[.,]\d+(?:[eE][-+]?\d+)?)\s*(angstroms?|ang|[ÅA](?![a-z])|nm|pm|m(?![a-z]))?",
    re.IGNORECASE,
)


def sniff(head: Head) -> float:
    """By ending, and where most lines are two or more numbers, the first of them rising within 0 to 180."""
    if head.looks_binary or head.suffix not in OWN + SHARED:
        return 0.0
    rows = [found for line in head.text.splitlines()[:-1][:400] if (found := numbers(line)) and len(found) >= 2]
    if len(rows) < 10:
        return 0.0
    x = np.array([row[0] for row in rows])
    rises = np.all(np.diff(x) > 0) and x[0] > -10 and x[-1] < 180
    return (0.8 if head.suffix in OWN else 0.5) * float(rises)


def read(path: Path, options=None) -> list[Signal]:
    """One signal of kind "diffraction". Raises ReadError."""
    path = Path(path)
    text = text_file.load(path)
    lines = text.data.decode().splitlines()
    cut = "" if text.data.endswith((b"\n", b"\r")) else _cut_end(lines)
    lines = lines[:-1] if cut else lines
    rows, comments, left_out = _rows(lines)
    if not rows:
        raise ReadError(
            "no rows of numbers", where=path.name, found=f"{len(lines)} lines", expected="two_theta, counts"
        )
    table = np.array(rows)
    width = table.shape[1]
    notes = [Note("info", f"{width - 3} more columns are left out")] if width > 3 else []
    notes += account.lines_note(left_out)
    if cut:
        words = f"the file ends inside its last line ('{cut}'), without a line end: it was cut, that point is left out"
        notes.append(Note("warning", words))
    wavelength = _find_wavelength(comments)
    return [
        pattern(
            table[:, 0],
            table[:, 1],
            path.name,
            std=table[:, 2] if width > 2 else None,
            metadata={"comments": tuple(comments[:40]), **wavelengths(wavelength)},
            notes=tuple(notes),
            name=path.stem,
        )
    ]


def _rows(lines: list[str]) -> tuple[list[list[float]], list[str], list[LeftOutLine]]:
    """Rows of as many numbers as most lines have, the comments, and the lines among the rows that are neither."""
    read = [numbers(line) for line in lines]
    widths = Counter(len(found) for found in read if found and len(found) >= 2)
    if not widths:
        return [], [line.strip() for line in lines if line.strip()], []
    width = widths.most_common(1)[0][0]
    places = [i for i, found in enumerate(read) if found and len(found) >= width]
    comments, left_out = [], []
    for i, line in enumerate(lines):
        if not line.strip() or (read[i] and len(read[i]) >= width):
            continue
        if places[0] < i and not _is_comment(line):
            left_out.append(LeftOutLine(i + 1, line.strip()))
        else:
            comments.append(line.strip())
    return [read[i][:width] for i in places], comments, left_out


def _is_comment(line: str) -> bool:
    """Whether a line begins with a mark of comments; `#DIV/0!` and its like are cells."""
    return line.lstrip()[0] in '*%"' or text_lines.is_comment(line, "")


def _find_wavelength(comments: list[str]) -> float | None:
    """The wavelength in angstrom that a comment states; in angstrom where it says no unit.

    A number that can be read in two ways is none.
    """
    for line in comments:
        match = _WAVELENGTH.search(line)
        if match is None:
            continue
        if not match[2]:
            return float(match[1].replace(",", "."))
        with contextlib.suppress(ReadError):
            return round(1e10 * read_quantity(f"{match[1]} {match[2]}", "length"), 9)
    return None


def _cut_end(lines: list[str]) -> str:
    """The last line where it looks cut beside the rows before it, else "" (many programs leave the last line open)."""
    rows = [line for line in lines[-LOOKED_AT:-1] if len(numbers(line) or ()) >= 2]
    if len(rows) < 3 or not lines[-1].strip():
        return ""
    known = [numbers(line) for line in rows]
    last = numbers(lines[-1])
    short = last is None or len(last) < min(len(row) for row in known)
    decimals = {_decimals(line) for line in rows}
    fewer = len(decimals) == 1 and _decimals(lines[-1]) < max(decimals)
    least = min(row[-1] for row in known)
    low = not short and max(decimals) == 0 and least >= 50 and last[-1] < 0.2 * least
    return lines[-1].strip() if short or fewer or low else ""


def _decimals(line: str) -> int:
    """Decimals of the last number of a line."""
    _, point, behind = re.split(r"[\s;]+|,\s+|,(?=\d*\.)", line.strip())[-1].replace(",", ".").rpartition(".")
    return len(behind) if point else 0


def write(signal: Signal, path: Path) -> None:
    """Writes `.xye` (`.xy` where no uncertainty is known), with the mark of a virtual instrument where it is one."""
    two_theta, intensity = signal.array("two_theta", "deg"), signal["intensity"]
    head = [f"# {signal.metadata['title']}"] if signal.metadata.get("title") else []
    head += [f"# wavelength = {length:.6f}" for length in signal.metadata.get("wavelengths", ())[:1]]
    if signal.origin == "synthetic":
        head.insert(0, f"# {VIRTUAL_MARK}")
    if intensity.std is None:
        rows = [f"{x:.5f} {y:.4f}" for x, y in zip(two_theta, intensity.values, strict=True)]
    else:
        std = intensity.std
        rows = [f"{x:.5f} {y:.4f} {s:.5f}" for x, y, s in zip(two_theta, intensity.values, std, strict=True)]
    files.write(path, "\n".join([*head, *rows]) + "\n")


READER = Reader(
    "xy", "powder pattern as columns (.xy, .xye, .xyd, .dat, .prn)", (KIND,), OWN + SHARED, sniff, read, write=write
)
