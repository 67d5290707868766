"""What every reader of powder patterns gives: intensity on two_theta, and what was found of the radiation."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nacre.core.errors import ReadError
from nacre.core.signal import Note, Signal, Variable
from nacre.readers.damaged import count_zero_tail

KIND = "diffraction"
FEWEST = 20
_NUMBER = re.compile(r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$")


def pattern(
    two_theta: np.ndarray,
    intensity: np.ndarray,
    where: str,
    *,
    std: np.ndarray | None = None,
    metadata: Mapping[str, Any] | None = None,
    notes: tuple[Note, ...] = (),
    name: str = "",
) -> Signal:
    """A Signal of kind "diffraction": two_theta in deg and intensity in counts on the axis `two_theta`.

    `std` is that of the file, or None. Where two_theta falls, the scan is turned round. Raises ReadError where the
    scan is too short, is not a scan, or holds what is no number.
    """
    two_theta, intensity = np.asarray(two_theta, float), np.asarray(intensity, float)
    if two_theta.size < FEWEST:
        raise ReadError(
            "too short for a powder pattern", where=where, found=f"{two_theta.size} points", expected=f">= {FEWEST}"
        )
    bad = np.flatnonzero(~(np.isfinite(two_theta) & np.isfinite(intensity)))
    if bad.size:
        raise ReadError("a value is not a number", where=where, found=f"record {bad[0] + 1}", do="export it again")
    tail = count_zero_tail(intensity)
    if tail:
        two_theta, intensity = two_theta[:-tail], intensity[:-tail]
        std = None if std is None else np.asarray(std)[:-tail]
        words = f"the last {tail} points are zero, as in a file that was cut while it was copied: they are left out"
        notes = (*notes, Note("warning", words))
    if two_theta[0] > two_theta[-1]:
        two_theta, intensity = two_theta[::-1], intensity[::-1]
        std = None if std is None else np.asarray(std)[::-1]
        notes = (*notes, Note("info", "the scan ran downwards: it is turned round"))
    if np.any(np.diff(two_theta) <= 0):
        i = int(np.flatnonzero(np.diff(two_theta) <= 0)[0])
        raise ReadError(
            "two_theta does not rise",
            where=where,
            found=f"{two_theta[i]:g} then {two_theta[i + 1]:g} deg at record {i + 2}",
            do="if the file holds several scans, export them one by one",
        )
    if two_theta[0] < -10 or two_theta[-1] > 180:
        span = f"{two_theta[0]:g} to {two_theta[-1]:g}"
        raise ReadError("the first column is not an angle", where=where, found=span, expected="two_theta in deg")
    if std is not None and not np.all(np.asarray(std) > 0):
        std = np.where(np.asarray(std, float) > 0, std, np.inf)
        notes = (*notes, Note("warning", "points without an uncertainty are given no weight"))
    variables = {
        "two_theta": Variable(two_theta, "deg", ("two_theta",)),
        "intensity": Variable(
            intensity, "counts", ("two_theta",), None if std is None else np.asarray(std, float).copy()
        ),
    }
    return Signal(KIND, variables, dict(metadata or {}), notes=notes, name=name)


def numbers(line: str) -> list[float] | None:
    """The numbers of a line, or None where it holds anything else (decimal commas are read where cells show them)."""
    text = line.split("#")[0].split("!")[0].strip()
    cells = re.split(r"[\s;]+|,\s+|,(?=\d*\.)", text) if text else []
    if len(cells) == 1 and text.count(",") in (1, 2):
        cells = text.split(",")
    cells = [cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell for cell in cells if cell]
    if not cells or not all(_NUMBER.match(cell) for cell in cells):
        return None
    return [float(cell) for cell in cells]


def wavelengths(first: float | None, second: float | None = None, ratio: float = 0.5) -> dict[str, Any]:
    """Metadata of a radiation: lengths in angstrom and their shares; nothing where none is known."""
    if not first:
        return {}
    if not second or abs(second / first - 1) < 1e-6 or ratio == 0:
        return {"wavelengths": (float(first),), "weights": (1.0,)}
    return {"wavelengths": (float(first), float(second)), "weights": (1.0, float(ratio))}


def example() -> Signal:
    """A short synthetic scan: what a virtual diffractometer would write."""
    two_theta = np.round(10 + 0.02 * np.arange(80), 6)
    counts = np.round(500 + 300 * np.exp(-(((two_theta - 10.8) / 0.08) ** 2)))
    metadata = {"title": "a scan", **wavelengths(0.7093)}
    return replace(pattern(two_theta, counts, "example", metadata=metadata, name="example"), origin="synthetic")
