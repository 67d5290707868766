"""What other elements of the solution do to a line: lines beside it, and the suppression of its signal."""

from collections.abc import Iterable, Sequence

import numpy as np

from nacre.core.result import Check
from nacre.materials.spectra import emission_lines
from nacre.techniques.chemistry.icp_line import LineResult

COMPANIONS = ("Zr", "Hf")  # of each other in every ore; zirconia also comes from mills


def check_interference(symbol: str, lines: Sequence[LineResult], declared: Sequence[str]) -> list[Check]:
    """Lines of other elements beside the lines used (of companions the strong ones), and wavelengths of no line."""
    checks, clean = [], []
    companions = [element for element in COMPANIONS if element not in declared]
    matrix = [*declared, *companions]
    for name, wavelength in ((line.rows.name, line.rows.wavelength) for line in lines):
        if np.isnan(wavelength):
            continue
        near = emission_lines.list_neighbours(symbol, wavelength, declared)
        # of an element that is there in traces at most, only lines that are strong can matter
        near += emission_lines.list_neighbours(symbol, wavelength, companions, weaker=False)
        if emission_lines.list_known(symbol, wavelength) is False:
            text = f"{name} is none of the strong lines of {symbol}{_describe_unread([symbol])}"
            checks.append(Check("warn", text, "check the wavelength and the element for a typing error"))
        if not near:
            clean.append(name)
            continue
        words = ", ".join(f"{element} {at:.3f} nm" for element, at in near)
        unread = _describe_unread(element for element, _ in near)
        text = f"{name} is next to {words}{unread}: that element counts as {symbol}"
        checks.append(Check("warn", text, "use another line, or measure that element alone and correct"))
    if clean:
        others = ", ".join(dict.fromkeys(element for element in matrix if element != symbol))
        words = f"no strong line of {others} lies within"
        text = f"{', '.join(clean)}: {words} {emission_lines.BESIDE:g} nm{_describe_unread(matrix)}; weaker lines may"
        checks.append(Check("info", text, "let two lines agree, or measure a blank of the matrix"))
    return checks


def _describe_unread(elements: Iterable[str]) -> str:
    names = emission_lines.list_unread(elements)
    return f" (of {', '.join(names)} not all lines were read at the table's source)" if names else ""


def check_suppression(symbol: str, lines: Sequence[LineResult]) -> list[Check]:
    """That nothing in the run shows what the dissolved powder does to the signal: standards in acid alone do not."""
    if any(line.recovery is not None for line in lines):
        return []
    text = (
        f"{symbol}: no spike was run: a signal that the dissolved powder suppresses or raises (by several percent at "
        "grams per litre) would not be seen, and is not in the error"
    )
    return [Check("warn", text, "spike a digest, or make the standards up in a digest of the bare powder")]
