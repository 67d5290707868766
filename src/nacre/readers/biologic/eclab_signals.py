"""From the columns of an EC-Lab file, .mpr or .mpt alike, to signals: cycling, and one per impedance spectrum."""

import itertools
from dataclasses import dataclass, field

import numpy as np

from nacre.core.errors import ReadError
from nacre.core.signal import Note, Signal, Variable
from nacre.readers.biologic.eclab_names import CURRENTS, VOLTAGES, bdf_name, free_name, split_heading
from nacre.readers.cycling import bdf_names, records
from nacre.readers.impedance import spectra
from nacre.readers.text.numbers import is_whole

_HALF = 2  # half cycles in a cycle
_ABSURD = 1e12


@dataclass
class EcLab:
    """What a file holds, as it holds it: columns by EC-Lab's heading."""

    columns: dict[str, np.ndarray]
    metadata: dict[str, object]
    name: str
    start: float = float("nan")  # unix time of time 0
    loops: list[int] = field(default_factory=list)  # first record of each further loop
    notes: list[Note] = field(default_factory=list)

    def note(self, level: str, text: str) -> None:
        self.notes.append(Note(level, text))


def to_signals(file: EcLab, where: str) -> list[Signal]:
    """One signal per spectrum, then one of kind "cycling" for what was recorded besides. Raises ReadError."""
    # values that a damaged file makes absurd are noted; they must not stop the others
    with np.errstate(all="ignore"):
        return _to_signals(file, where)


def _to_signals(file: EcLab, where: str) -> list[Signal]:
    columns, negative = _named(file)
    if negative and "imaginary_impedance_ohm" in columns:
        values, unit = columns["imaginary_impedance_ohm"]
        columns["imaginary_impedance_ohm"] = (-values, unit)
    if np.isfinite(file.start) and "test_time_second" in columns:
        columns["unix_time_second"] = (file.start + columns["test_time_second"][0], "s")
    if "frequency_hertz" not in columns:
        return [_cycling_signal(file, columns, where)]
    return _with_spectra(file, columns, where)


def _named(file: EcLab) -> tuple[dict[str, tuple[np.ndarray, str]], bool]:
    """Columns under BDF names and units where they have such, else under their own; whether -Im(Z) is what there is."""
    columns: dict[str, tuple[np.ndarray, str]] = {}
    split = {heading: split_heading(heading) for heading in file.columns}
    have = {quantity for quantity, _, _ in split.values()}
    voltage = next((q for q in VOLTAGES if q in have), "")
    current = next((q for q in CURRENTS if q in have), "")
    for heading, (quantity, unit, factor) in split.items():
        raw = file.columns[heading]
        values = raw * factor if factor != 1.0 else raw
        name = bdf_name(quantity, unit)
        if quantity == voltage and unit == "V":
            name = "voltage_volt"
        elif quantity == current and unit == "A":
            name = "current_ampere"
        name = name if name and name not in columns else quantity
        whole = quantity == "cycle number" and is_whole(values)
        columns[free_name(name, columns)] = (values.astype(np.int64) if whole else _plain(values), unit)
    return columns, "-Im(Z)" in have


def _odd(name: str, values: np.ndarray) -> list[Note]:
    """A note where values are no numbers, or of a size that no cell has."""
    wrong = ~(np.abs(values.astype(float)) < _ABSURD)
    if not wrong.any():
        return []
    first = int(np.flatnonzero(wrong)[0])
    return [Note("warning", f"{name}: {wrong.sum()} values are missing or absurd (first in record {first + 1})")]


def _plain(values: np.ndarray) -> np.ndarray:
    """float64, or int64 where the column holds whole numbers by its type."""
    if values.dtype.kind in "iu":
        return values.astype(np.int64)
    return values.astype(float) if values.dtype.kind == "f" else values


def _with_spectra(file: EcLab, columns, where: str) -> list[Signal]:
    frequency = columns["frequency_hertz"][0]
    if not np.any(frequency > 0):
        del columns["frequency_hertz"]
        return [_cycling_signal(file, columns, where)]
    _add_parts(columns)
    for name in ("real_impedance_ohm", "imaginary_impedance_ohm"):
        if name not in columns:
            raise ReadError(
                "frequencies without impedances",
                where=where,
                found=", ".join(file.columns),
                expected="freq/Hz, Re(Z)/Ohm and -Im(Z)/Ohm",
                do="export the file again with these columns",
            )
    swept = np.flatnonzero(frequency > 0)
    rest = np.flatnonzero(~(frequency > 0))
    signals = _spectra(file, columns, swept)
    if len(rest) >= 2 and "voltage_volt" in columns:
        part = {k: (v[rest], u) for k, (v, u) in columns.items() if k not in spectra.IMPEDANCE_COLUMNS}
        text = f"{len(rest)} of {len(frequency)} records hold no impedance: they are a cycling signal of their own"
        signals.append(_cycling_signal(file, part, where).with_notes(Note("info", text)))
    elif len(rest):
        signals[0] = signals[0].with_notes(Note("info", f"{len(rest)} records without a frequency are left out"))
    return signals


def _add_parts(columns: dict[str, tuple[np.ndarray, str]]) -> None:
    """Real and imaginary part where the file has |Z| and phase alone."""
    polar = ("absolute_impedance_ohm", "phase_degree")
    if "real_impedance_ohm" in columns or not all(name in columns for name in polar):
        return
    size, angle = columns[polar[0]][0], np.radians(columns[polar[1]][0])
    columns["real_impedance_ohm"] = (size * np.cos(angle), "ohm")
    columns["imaginary_impedance_ohm"] = (size * np.sin(angle), "ohm")


def _spectra(file: EcLab, columns, swept: np.ndarray) -> list[Signal]:
    loop = np.searchsorted(np.sort(file.loops), swept, side="right") if file.loops else np.zeros(len(swept))
    number = [columns[name][0][swept] for name in ("cycle_count", "step_id") if name in columns]
    gaps = np.append(0, np.diff(swept) - 1) > 0
    starts = spectra.starts(columns["frequency_hertz"][0][swept], [loop, *number], gaps)
    edges = [*np.flatnonzero(starts), len(swept)]
    signals = []
    for index, (first, end) in enumerate(itertools.pairwise(edges), 1):
        part = {name: (values[swept[first:end]], unit) for name, (values, unit) in columns.items()}
        of = spectra.Origin(file.name, (*file.notes,), file.metadata)
        signals.append(spectra.signal(part, of, index, len(edges) - 1))
    return signals


def _cycling_signal(file: EcLab, columns, where: str) -> Signal:
    columns, notes = dict(columns), list(file.notes)
    notes += [note for name in bdf_names.REQUIRED if name in columns for note in _odd(name, columns[name][0])]
    for name in ("test_time_second", "voltage_volt"):
        if name not in columns:
            raise ReadError(
                f"the file has no {'time' if name.startswith('test') else 'voltage'}",
                where=where,
                found=", ".join(file.columns),
                expected="time/s, and Ewe/V or <Ewe>/V",
                do="export the file again with these columns",
            )
    time, voltage = columns["test_time_second"][0], columns["voltage_volt"][0]
    averaged = not any(split_heading(heading)[0] == "I" for heading in file.columns)
    current = _current(file, columns, time, voltage, notes, where)
    starts = _number(columns, current, notes)
    charge = _charge(columns, current, time, starts, notes, averaged)
    columns["step_cumulative_capacity_ah"] = (charge, "Ah")
    types = records.step_types(current, voltage, starts)
    columns["step_type"] = (types[np.cumsum(starts) - 1], "1")
    if "Ece" in columns or "<Ece>" in columns:
        notes.append(Note("info", "the voltage is Ewe, against the reference electrode; Ece is kept beside it"))
    order = ["test_time_second", "voltage_volt", "current_ampere"]
    columns = {name: columns[name] for name in order} | columns
    variables = {name: Variable(values, unit, ("record",)) for name, (values, unit) in columns.items()}
    return Signal("cycling", variables, file.metadata, notes=tuple(notes), name=file.name)


def _current(file: EcLab, columns, time, voltage, notes, where: str) -> np.ndarray:
    """The current that the file has, else the charge of each record over its time, as EC-Lab derives <I>."""
    if "current_ampere" in columns:
        return columns["current_ampere"][0]
    if "dq" in columns and columns["dq"][1] == "Ah":
        dt = np.append(0.0, np.diff(time))
        current = np.divide(columns["dq"][0] * 3600, dt, out=np.zeros(len(time)), where=dt > 0)
        text = "the file holds no current: it is the charge since the record before over the time (EC-Lab's <I>)"
    elif "power_watt" in columns and np.all(voltage != 0):
        current, text = (
            columns["power_watt"][0] / voltage,
            "the file holds no current: it is the power over the voltage",
        )
    elif file.metadata.get("technique") == "OCV":
        current, text = np.zeros(len(time)), "open circuit: no current is recorded, and none flows"
    else:
        raise ReadError(
            "the file has no current",
            where=where,
            found=", ".join(file.columns),
            expected="I/mA or <I>/mA, or dq/mA.h to derive it from",
            do="export the file again with the current",
        )
    columns["current_ampere"] = (current, "A")
    notes.append(Note("info", text))
    return current


def _number(columns, current, notes) -> np.ndarray:
    """Adds cycle_count and step_count; returns where steps start."""
    if "cycle_count" not in columns and "half cycle" in columns:
        columns["cycle_count"] = (columns["half cycle"][0].astype(np.int64) // _HALF, "1")
        notes.append(Note("info", "cycles are pairs of EC-Lab's half cycles, which count from 0"))
    elif "cycle_count" not in columns:
        columns["cycle_count"] = (records.count_cycles(current), "1")
        notes.append(Note("warning", "the file numbers no cycles: they are counted from the direction of the current"))
    said = [columns[name][0] for name in ("step_id", "mode", "half cycle") if name in columns]
    if said:
        starts = np.zeros(len(current), bool)
        for values in said:
            starts[1:] |= np.diff(values.astype(float)) != 0
        if "Ns changes" in columns and "step_id" in columns:
            starts |= columns["Ns changes"][0].astype(bool) & ~np.append(False, starts[:-1])
    else:
        starts = records.direction_starts(current)
        notes.append(Note("warning", "the file numbers no steps: they are taken from the direction of the current"))
    starts[:1] = True
    columns["step_count"] = (np.cumsum(starts), "1")
    if "step_id" not in columns:
        columns["step_id"] = (np.cumsum(starts), "1")
    return starts


def _charge(columns, current, time, starts, notes, averaged: bool) -> np.ndarray:
    """Charge passed since each step began, from EC-Lab's own counters where the file has one."""
    first = np.flatnonzero(starts)
    lengths = np.diff(np.append(first, len(time)))
    if "dq" in columns and columns["dq"][1] == "Ah":
        running = np.cumsum(columns["dq"][0])
    elif "net_capacity_ah" in columns:
        running = columns["net_capacity_ah"][0]
    else:
        notes.append(Note("warning", "the file has no charge counter: the charge of each step is the integral of I dt"))
        return records.integral_within(current, time, starts)
    base = np.append(running[:1] * 0 if len(running) else running, running[first[1:] - 1])
    charge = np.abs(running - np.repeat(base, lengths))
    if not averaged:
        # <I> is this counter's own slope: against it the counter cannot fail
        notes.extend(records.check_counter(charge, current, time, starts))
    return charge
