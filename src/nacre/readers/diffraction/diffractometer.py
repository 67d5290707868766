"""What GSAS and GSAS-II know of a diffractometer: `.instprm`, `.prm`/`.PRM`, and the histogram of an `.EXP`.

`.instprm` (GSAS-II): lines `key:value`; Type PXC; Lam or Lam1, Lam2, I(L2)/I(L1); Zero in deg; Polariz.; U, V, W in
centideg^2 (variance: FWHM^2 = 8 ln 2 (U tan^2 + V tan + W)), X, Y in centideg (Lorentzian FWHM); SH/L.
`.prm`, `.EXP` (GSAS): 80-column cards; `INS n ICONS` or `HST n ICONS`: two wavelengths, zero in centideg, (unused),
polarisation, (unused), intensity ratio; `PRCFn`: type and number of the profile's terms, `PRCFnm` four terms each.
Profile types 2 and 3 begin with GU, GV, GW (centideg^2) and, for 2, LX, LY (type 3: GP, LX, LY).

Phases of an `.EXP` (`CRSn ABC`, `ANGLES`, `SG SYM`, `AT mA` with element, x, y, z, occupancy, label, `AT mB` with U)
give signals of kind "crystal".

Given: wavelengths (angstrom), weights, zero (deg), polarisation, and u, v, w (deg^2 of FWHM^2), x, y (deg) in one
convention. SH/L is kept as found: it does not mean the same in any two programs, and is never used.

Sources: GSAS manual LAUR 86-748; B. H. Toby, R. B. Von Dreele, J. Appl. Cryst. 46 (2013) 544-549.
"""

import math
import re
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.signal import Note, Signal, table
from nacre.readers.diffraction.pattern import wavelengths
from nacre.readers.text import text_file
from nacre.readers.text.number_lists import read_numbers

KIND = "diffractometer"
SQUARE = 8 * math.log(2) / 1e4  # variance in centideg^2 -> FWHM^2 in deg^2


def sniff(head: Head) -> float:
    text = head.text[:16384]
    if head.looks_binary:
        return 0.0
    if re.search(r"(?m)^Type:PX|^#GSAS-II instrument parameter file", text):
        return 1.0
    cards = re.search(r"(?m)^(INS|HST)\s+\d\s*(ICONS|HTYPE|BANK)", text) or re.search(r"(?m)^ EXPR  HTYP", text)
    return 0.95 if cards and head.suffix in (".prm", ".exp", ".ins") else 0.0


def read(path: Path, options=None) -> list[Signal]:
    """A signal of kind "diffractometer" (one row of u, v, w, x, y, zero), and of kind "crystal" per phase of an `.EXP`.

    Raises ReadError.
    """
    path = Path(path)
    text = text_file.load(path)
    data = text.data.decode()
    found = _instprm(data) if path.suffix.lower() == ".instprm" or "#GSAS-II" in data else _cards(data, path.name)
    if not found.get("wavelengths"):
        raise ReadError("no wavelength in the file", where=path.name, expected="Lam (.instprm) or ICONS (.prm, .EXP)")
    names = {"u": "deg2", "v": "deg2", "w": "deg2", "x": "deg", "y": "deg", "zero": "deg"}
    columns = {name: (np.array([found.get(name, 0.0)]), unit) for name, unit in names.items()}
    known = ("wavelengths", "weights", "polarisation", "axial", "type", "profile")
    metadata = {key: found[key] for key in known if key in found}
    lacks = () if "w" in found else (Note("warning", "the file holds no profile that is understood: widths are 0"),)
    machine = [
        table(
            KIND,
            columns,
            axis="bank",
            metadata=metadata,
            notes=lacks,
            name=path.stem,
        )
    ]
    phases = sorted(set(re.findall(r"(?m)^CRS(\d)", data)))
    return machine + [_crystal(number, data, path, text) for number in phases]


def _crystal(number: str, data: str, path: Path, text) -> Signal:
    """A phase of an `.EXP`: cell, space group and atoms; U is turned into B = 8 pi^2 U."""
    cards = "\n".join(re.findall(rf"(?m)^CRS{number}\s+(.+)$", data))
    numbers = r"\s+".join([r"(-?\d+\.\d+)"] * 4)
    atoms = re.findall(rf"(?m)^AT\s*(\d+)A\s+([A-Z]+)\S*\s+{numbers}(.{{8}})", cards)
    _refuse_odd_atoms(cards, len(atoms), number, path.name)
    b_iso = {i: 8 * math.pi**2 * float(u) for i, u in re.findall(r"(?m)^AT\s*(\d+)B\s+(-?\d+\.\d+)", cards)}
    edges, angles = (re.search(rf"(?m)^{key}\s+(\S+)\s+(\S+)\s+(\S+)", cards) for key in ("ABC", "ANGLES"))
    group = re.search(r"(?m)^SG SYM\s+(.+?)\s*$", cards)
    if not (atoms and edges and angles and group):
        raise ReadError(f"phase {number} is not whole", where=path.name, expected="cell, space group and atoms")
    columns = {
        "label": (np.array([row[6].strip() for row in atoms]), "1"),
        "element": (np.array([row[1].capitalize() for row in atoms]), "1"),
        **{name: (np.array([float(row[i]) for row in atoms]), "1") for i, name in ((2, "x"), (3, "y"), (4, "z"))},
        "occupancy": (np.array([float(row[5]) for row in atoms]), "1"),
        "b_iso": (np.array([b_iso.get(row[0], math.nan) for row in atoms]), "Ang2"),
    }
    named = re.search(r"(?m)^PNAM\s+(.+?)\s*$", cards)
    name = named[1] if named else f"phase {number}"
    cell = tuple(read_numbers([*edges.groups(), *angles.groups()], path.name))
    metadata = {"cell": cell, "space_group": group[1], "phase": name}
    return table("crystal", columns, axis="site", metadata=metadata, name=name)


def _refuse_odd_atoms(cards: str, read: int, number: str, where: str) -> None:
    """Raises ReadError where a phase has a card, or a number, of an atom that was not read."""
    known = re.findall(r"(?m)^AT\s*(\d+)A", cards)
    if len(set(known)) < len(known):
        found = f"atom {next(atom for atom in known if known.count(atom) > 1)} twice"
        do = "if two files were joined, give each as a file of its own"
        raise ReadError(f"phase {number} stands in the file twice", where=where, found=found, do=do)
    stated = re.search(r"(?m)^NATOM\s+(\d+)", cards)
    expected = max(len(known), int(stated[1]) if stated else 0)
    if read < expected:
        found = f"{read} of {expected}"
        raise ReadError(f"atoms of phase {number} cannot be read", where=where, found=found, do="export it again")


def _instprm(data: str) -> dict:
    rows = dict(re.findall(r"(?m)^\s*([^#:\n]+?)\s*:\s*([^\s:]+)", data))

    def number(key: str, default: float = 0.0) -> float:
        try:
            return float(rows[key])
        except (KeyError, ValueError):
            return default

    first, second = number("Lam") or number("Lam1"), number("Lam2")
    found = {**wavelengths(first, second, number("I(L2)/I(L1)", 0.5)), "type": rows.get("Type", "")}
    found |= {"zero": number("Zero"), "polarisation": number("Polariz.", 0.5), "axial": number("SH/L")}
    if "W" in rows:
        found |= {name: SQUARE * number(name.upper()) for name in "uvw"} | {n: number(n.upper()) / 100 for n in "xy"}
    return found


def _cards(data: str, where: str) -> dict:
    found: dict = {}
    match = re.search(r"(?m)^(?:INS|HST)\s+\d\s*ICONS\s+(.+)$", data)
    if match:
        cells = list(read_numbers([match[1]], where))
        if len(cells) < 3:
            found = f"{len(cells)} numbers"
            raise ReadError("card ICONS is cut", where=where, found=found, expected="two wavelengths and the zero")
        found = wavelengths(cells[0], cells[1], cells[6] if len(cells) > 6 else 0.5)
        found["zero"] = cells[2] / 100
        if len(cells) > 4:
            found["polarisation"] = cells[4]
    head = re.search(r"(?m)^(?:INS|HST)\s+\dPRCF(\d)\s+(\d+)\s+(\d+)", data)
    if head:
        rows = re.findall(rf"(?m)^(?:INS|HST)\s+\dPRCF{head[1]}\d\s+(.+)$", data)
        terms = list(read_numbers(rows, where))
        kind, lorentz = int(head[2]), {2: 3, 3: 4}.get(int(head[2]))
        found["profile"] = f"type {kind}: {' '.join(f'{term:g}' for term in terms[: int(head[3])])}"
        if lorentz and len(terms) >= lorentz + 2:
            found |= {name: SQUARE * terms[i] for i, name in enumerate("uvw")}
            found |= {"x": terms[lorentz] / 100, "y": terms[lorentz + 1] / 100}
    return found


_WORDS = "instrument parameters and phases of GSAS and GSAS-II"
READER = Reader("diffractometer", _WORDS, (KIND, "crystal"), (".instprm", ".prm", ".exp"), sniff, read)
