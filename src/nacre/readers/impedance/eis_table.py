"""Text tables of impedance: where the numbers begin, and what the headings mean."""

import re
from dataclasses import dataclass

import numpy as np

from nacre.core.errors import ReadError

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eEdD][+-]?\d+)?|nan|-?inf", re.IGNORECASE)
_UNIT = re.compile(r"^(?P<quantity>.*?)\s*(?:[\[(](?P<bracket>[^\[\]()]*)[\])]|/\s*(?P<slash>[^/()\[\]]+))?\s*$")
_ROLES = {
    "frequency": r"f|freq(uency)?|frequenz|fr[eé]quence|frecuencia|frequenza",
    "omega": r"omega|ω|angular ?freq(uency)?",
    "real": r"z'|z1|re|real|re\(?z\)?|real\(?z\)?|z[ _.]?re(al)?|realteil|r[eé]el(le)?",
    "imaginary": r"z''|z\"|z2|im|imag(inary)?|im\(?z\)?|imag(inary)?\(?z\)?|z[ _.]?im(ag)?(inary)?|imagin[aä]r(teil)?",
    "modulus": r"\|z\||z|z[ _.]?mod(ulus)?|mod(ulus)?|magnitude|abs\(?z\)?|betrag",
    "phase": r"phase|phi|φ|theta|θ|theta \(z\)|z[ _.]?phz|phase\(?z\)?|arg\(?z\)?|phase angle",
    "time": r"t|time|zeit|temps|tiempo",
    "voltage": r"e|u|v|ewe|<ewe>|voltage|potential|edc|e ?dc|v ?dc|bias",
    "current": r"i|<i>|current|idc|i ?dc",
    "temperature": r"temp(erature)?",
}
_ROLE = {role: re.compile(pattern, re.IGNORECASE) for role, pattern in _ROLES.items()}


@dataclass(frozen=True)
class Heading:
    """What one column is: `negated` where it holds minus that quantity; unit "" where the heading tells none."""

    role: str
    unit: str
    negated: bool
    text: str


@dataclass(frozen=True)
class Block:
    """A table of numbers: `headings` is the line above it split into cells, or empty; `line` counts from 1."""

    values: np.ndarray
    headings: list[str]
    above: list[str]
    line: int


def read_heading(cell: str) -> Heading | None:
    """What a column's name says; None where it says nothing of impedance."""
    text = re.sub(r"^(data|measured)\s*:\s*", "", cell.strip().strip('"').strip(), flags=re.IGNORECASE)
    text = text.replace("′", "'").replace("″", "''").replace("’", "'").replace("”", "''").replace("Ω", "ohm")
    for quantity, unit in _readings(text):
        negated = quantity[:1] in "-\u2212\u2013" if quantity else False
        name = quantity.lstrip("-\u2212\u2013 ").strip()
        for role, pattern in _ROLE.items():
            if pattern.fullmatch(name) or pattern.fullmatch(name.strip("()")):
                return Heading(role, unit, negated, cell.strip())
    return None


def _readings(text: str):
    yield text, ""
    match = _UNIT.match(text)
    if match and (match["bracket"] or match["slash"]):
        unit = (match["bracket"] or match["slash"]).strip()
        yield match["quantity"].strip(), {"a": "", "b": "", "z": ""}.get(unit.lower(), unit)


def numbers(line: str, separator: str) -> list[float] | None:
    """The numbers of a line, None where a cell is none. Decimal commas are read where the separator is not one."""
    cells = line.split() if separator == " " else line.strip().rstrip(separator).split(separator)
    values = []
    for cell in (cell.strip().strip('"') for cell in cells):
        if not _NUMBER.fullmatch(cell):
            return None
        values.append(float(cell.replace(",", ".").replace("d", "e").replace("D", "e")))
    return values


def find_block(text: str, where: str, start: int = 0) -> Block | None:
    """The first run of at least three lines of numbers, two or more a line and as many in each; None without one."""
    lines = text.splitlines()
    for i in range(start, len(lines)):
        separator = _separator(lines[i])
        first = numbers(lines[i], separator) if lines[i].strip() else None
        if first is None or len(first) < 3:
            continue
        rows = [first]
        for line in lines[i + 1 :]:
            row = numbers(line, separator) if line.strip() else None
            if row is None or len(row) != len(first):
                break
            rows.append(row)
        if len(rows) >= 3 or i + len(rows) >= len(lines):
            above = [line for line in lines[:i] if line.strip()]
            return Block(np.array(rows), _headings(above, len(first), separator), above, i + 1)
    return None


def _separator(line: str) -> str:
    if "\t" in line.strip():
        return "\t"
    if ";" in line:
        return ";"
    words = line.split()
    # with blanks between numbers a comma is a decimal mark
    return " " if len(words) > 1 and all(_NUMBER.fullmatch(word) for word in words) else ","


def _headings(above: list[str], count: int, separator: str) -> list[str]:
    for line in reversed(above[-4:]):
        cells = re.split(r"\s{2,}|\t", line.strip()) if separator == " " else line.strip("\n").split(separator)
        cells = [cell.strip() for cell in cells]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) == count and any(read_heading(cell) for cell in cells):
            return cells
        if separator == " " and len(line.split()) == count and any(read_heading(cell) for cell in line.split()):
            return line.split()
    return []


def none_found(where: str, found: str) -> ReadError:
    return ReadError(
        "no table of impedances is there",
        where=where,
        found=found,
        expected="lines of frequency, Re(Z) and Im(Z)",
        do="export the data as text with frequency in Hz, Re(Z) and Im(Z) in ohm",
    )
