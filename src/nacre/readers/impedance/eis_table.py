"""Text tables of impedance: what the headings mean."""

import re
from dataclasses import dataclass, replace

from nacre.core.errors import ReadError
from nacre.readers.sheets.tables import TextTable

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


def read_headings(found: TextTable) -> list[Heading | None]:
    """What the columns of a table are, with the unit of a row of units where the heading has none."""
    headings = [read_heading(column.heading) for column in found.columns]
    return [
        heading and replace(heading, unit=heading.unit or column.unit)
        for heading, column in zip(headings, found.columns, strict=True)
    ]


def is_complete(headings: list[Heading | None]) -> bool:
    """Whether headings name a frequency and an impedance."""
    roles = {heading.role for heading in headings if heading}
    return bool(roles & {"frequency", "omega"}) and ({"real", "imaginary"} <= roles or {"modulus", "phase"} <= roles)


def none_found(where: str, found: str) -> ReadError:
    return ReadError(
        "no table of impedances is there",
        where=where,
        found=found,
        expected="lines of frequency, Re(Z) and Im(Z)",
        do="export the data as text with frequency in Hz, Re(Z) and Im(Z) in ohm",
    )
