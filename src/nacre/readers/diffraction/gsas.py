"""GSAS powder data (`.gsa`, `.gda`, `.raw`, `.xra`, `.fxye`): one bank of constant-wavelength data.

First line: title. Then (after lines that may begin with `#` or `Instrument`)
`BANK n points records CONST start step 0 0 FORMAT`, start and step in centidegrees, lines of 80 columns:

    STD    ten values of I2,F6: how many counters saw the point (blank: one), and the mean count of one
    ESD    five pairs of F8: intensity and its standard uncertainty
    FXYE   (BINTYP also FXYE) one line per point: two_theta in centidegrees, intensity, standard uncertainty

For STD the uncertainty is sqrt(counts / counters), as the format defines it. Other bin types (SLOG, TIME_MAP) are time
of flight and are refused. Source: A. C. Larson, R. B. Von Dreele, GSAS, LAUR 86-748, "Powder data file".
"""

import re
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.signal import Signal
from nacre.readers.diffraction.pattern import KIND, pattern
from nacre.readers.text import text_file

_BANK = re.compile(r"(?m)^BANK\s+\d+\s+(\d+)\s+\d+\s+(\w+)\s+([^\n]*)$")


def sniff(head: Head) -> float:
    return 1.0 if not head.looks_binary and _BANK.search(head.text[:8192]) else 0.0


def read(path: Path, options=None) -> list[Signal]:
    """One signal per bank of kind "diffraction". Raises ReadError."""
    path = Path(path)
    text = text_file.load(path)
    data = text.data.decode()
    banks = list(_BANK.finditer(data))
    if not banks:
        raise ReadError("no bank of data", where=path.name, expected="a line 'BANK 1 points records CONST ...'")
    ends = [bank.start() for bank in banks[1:]] + [len(data)]
    return [_bank(bank, data[bank.end() : end], data, path, text) for bank, end in zip(banks, ends, strict=True)]


def _bank(bank: re.Match, body: str, data: str, path: Path, text) -> Signal:
    n, binning, rest = int(bank[1]), bank[2].upper(), bank[3].split()
    form = rest[-1].upper() if rest and rest[-1].isalpha() else "STD"
    if binning not in ("CONST", "FXYE"):
        raise ReadError(
            "not constant-wavelength data", where=path.name, found=f"bin type {binning}", expected="CONST or FXYE"
        )
    lines = [line.rstrip() for line in body.split("\n") if line.strip()]
    readers = {"STD": _std, "ESD": _esd, "FXYE": _fxye, "FXY": _fxye}
    if form not in readers:
        raise ReadError("unknown format of the bank", where=path.name, found=form, expected=", ".join(readers))
    first = data.count("\n", 0, bank.end()) + 2
    try:
        x, y, std = readers[form](lines, n, rest)
    except (ValueError, IndexError):
        raise _find_bad_record(lines, first, path.name) from None
    if len(y) < n:
        raise ReadError("the bank is cut", where=path.name, found=f"{len(y)} points", expected=f"{n}")
    title = data.split("\n", 1)[0].strip()
    metadata = {"title": title, "format": f"{binning} {form}"}
    return pattern(x, y, path.name, std=std, metadata=metadata, name=path.stem)


def _find_bad_record(lines: list[str], first: int, where: str) -> ReadError:
    """The line whose records are no numbers, in words."""
    odd = next((i for i, line in enumerate(lines) if re.search(r"[^\d\s.+\-eE*]", line)), 0)
    found = f"'{lines[odd].strip()[:40]}'" if lines else "no records"
    return ReadError("a record is not a number", where=f"{where}:{first + odd}", found=found, do="export it again")


def _steps(rest: list[str], n: int) -> np.ndarray:
    return (float(rest[0]) + float(rest[1]) * np.arange(n)) / 100


def _std(lines: list[str], n: int, rest: list[str]):
    cells = [line[i : i + 8] for line in lines for i in range(0, min(len(line), 80), 8) if line[i : i + 8].strip()][:n]
    counters = np.array([float(cell[:2]) if cell[:2].strip() else 1.0 for cell in cells])
    y = np.array([float(cell[2:]) for cell in cells])
    return _steps(rest, len(y)), y, np.sqrt(np.maximum(y, 1.0) / counters)


def _esd(lines: list[str], n: int, rest: list[str]):
    cells = [line[i : i + 8] for line in lines for i in range(0, min(len(line), 80), 8) if line[i : i + 8].strip()]
    values = np.array(cells[: 2 * n], float).reshape(-1, 2)
    return _steps(rest, len(values)), values[:, 0], values[:, 1]


def _fxye(lines: list[str], n: int, rest: list[str]):
    rows = np.array([line.split()[:3] for line in lines[:n]], float)
    return rows[:, 0] / 100, rows[:, 1], rows[:, 2] if rows.shape[1] > 2 else None


READER = Reader("gsas", "GSAS powder data", (KIND,), (".gsa", ".gda", ".xra", ".fxye", ".raw"), sniff, read)
