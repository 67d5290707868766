"""What every reader of impedance files does alike: tell spectra apart, look each over, make it a signal.

Signals are of kind "impedance" on the axis `frequency`: frequency_hertz, real_impedance_ohm and
imaginary_impedance_ohm (the true Im(Z): negative where the cell is capacitive), and what else the file has for each
frequency. Records keep the file's order; what is odd about them is noted, not mended.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nacre.core.signal import Note, Signal, Variable

IMPEDANCE_COLUMNS = (
    "frequency_hertz",
    "real_impedance_ohm",
    "imaginary_impedance_ohm",
    "absolute_impedance_ohm",
    "phase_degree",
    "voltage_amplitude_volt",
    "current_amplitude_ampere",
)
_SAME = 1e-3  # relative: a sweep begins anew where its first frequency comes again
_SHORTEST = 3
_AGREES = 1e-3  # relative: |Z| against Re and Im


@dataclass(frozen=True)
class Origin:
    """Where spectra come from: what a file says of all of them."""

    name: str
    notes: tuple[Note, ...] = ()
    metadata: Mapping[str, object] | None = None


def starts(frequency: np.ndarray, numbers: Sequence[np.ndarray] = (), gaps: np.ndarray | None = None) -> np.ndarray:
    """Whether a spectrum begins at each record.

    One begins where a number of the file (loop, cycle, sequence) changes, after a gap, or where a sweep of at least
    three frequencies comes back to its first one.
    """
    begin = np.zeros(len(frequency), bool)
    begin[:1] = True
    for values in numbers:
        begin[1:] |= np.diff(np.asarray(values, float)) != 0
    if gaps is not None:
        begin |= gaps
    for first, end in _pieces(begin):
        at = first
        for i in range(first + _SHORTEST, end):
            back = abs(frequency[i] / frequency[at] - 1) < _SAME if frequency[at] else False
            if back and i - at >= _SHORTEST and abs(frequency[i - 1] / frequency[at] - 1) > _SAME:
                begin[i], at = True, i
    return begin


def _pieces(begin: np.ndarray):
    edges = [*np.flatnonzero(begin), len(begin)]
    return list(itertools.pairwise(edges))


def signal(columns: Mapping[str, tuple[np.ndarray, str]], of: Origin, index: int = 1, count: int = 1) -> Signal:
    """One spectrum of a file that holds `count`, with its place, mean potential and start time as metadata."""
    metadata = {**(of.metadata or {}), "spectrum": index, "spectra": count}
    for name, key, unit in (("voltage_volt", "potential", "V"), ("test_time_second", "time", "s")):
        if name in columns and np.isfinite(columns[name][0]).any():
            values = columns[name][0]
            value = float(np.nanmean(values)) if key == "potential" else float(values[0])
            metadata[key] = f"{value:.6g} {unit}"
    order = [name for name in IMPEDANCE_COLUMNS if name in columns]
    columns = {name: columns[name] for name in order} | dict(columns)
    variables = {name: Variable(values, unit, ("frequency",)) for name, (values, unit) in columns.items()}
    name = of.name if count == 1 else f"{of.name} {index}"
    return Signal("impedance", variables, metadata, notes=(*of.notes, *look_over(columns)), name=name)


def look_over(columns: Mapping[str, tuple[np.ndarray, str]]) -> list[Note]:
    """Notes on what is odd about a spectrum, and on its impedance against its own modulus."""
    frequency, real, imaginary = (columns[name][0] for name in IMPEDANCE_COLUMNS[:3])
    notes = []
    size = np.hypot(real, imaginary)
    bad = ~np.isfinite(size) | (size == 0)
    if bad.any():
        at = frequency[bad][0]
        notes.append(
            Note("warning", f"{bad.sum()} of {len(size)} impedances are zero or no numbers (first at {at:.6g} Hz)")
        )
    wrong = ~(np.isfinite(frequency) & (frequency > 0))
    if wrong.any():
        notes.append(Note("warning", f"{wrong.sum()} frequencies are not positive numbers"))
    step = np.diff(frequency)
    if len(np.unique(frequency)) < len(frequency):
        notes.append(
            Note("warning", f"{len(frequency) - len(np.unique(frequency))} frequencies are measured more than once")
        )
    elif np.any(step > 0) and np.any(step < 0):
        notes.append(Note("warning", "the frequencies are neither falling nor rising throughout"))
    if np.all(imaginary[~bad] > 0) and len(imaginary[~bad]):
        notes.append(
            Note("warning", "Im(Z) is positive at every frequency: inductive throughout, or the sign is turned")
        )
    if "absolute_impedance_ohm" in columns and not bad.all():
        given = columns["absolute_impedance_ohm"][0][~bad]
        differ = float(np.max(np.abs(given / size[~bad] - 1)))
        level, words = ("info", "agree") if differ < _AGREES else ("warning", "do not agree")
        notes.append(Note(level, f"|Z| and Re(Z), Im(Z) {words}: to {differ:.1e}"))
    return notes


def pieces(columns: Mapping[str, tuple[np.ndarray, str]], breaks: Sequence[int] = ()) -> list[dict]:
    """
    The spectra of a table that only its frequencies tell apart, as columns.

    breaks : rows before which the headings came again; a spectrum begins there unless the sweep goes on.
    """
    frequency = columns["frequency_hertz"][0]
    gaps = np.zeros(len(frequency), bool)
    falls = np.nansum(np.sign(np.diff(frequency))) < 0
    for row in breaks:
        if 0 < row < len(frequency):
            gaps[row] = (frequency[row] > frequency[row - 1]) == falls
    return [
        {name: (values[a:b], unit) for name, (values, unit) in columns.items()}
        for a, b in _pieces(starts(frequency, gaps=gaps))
    ]


def split(columns: Mapping[str, tuple[np.ndarray, str]], of: Origin) -> list[Signal]:
    """The spectra of a table that only its frequencies tell apart."""
    parts = pieces(columns)
    return [signal(part, of, i, len(parts)) for i, part in enumerate(parts, 1)]
