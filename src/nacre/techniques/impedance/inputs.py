"""Inputs of impedance analyses: spectra with their states, the circuit, and what is known of its parameters."""

import re
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.result import Subject
from nacre.core.signal import Signal
from nacre.physics.impedance.circuit import parse_circuit
from nacre.physics.impedance.constraints import Constraints
from nacre.physics.impedance.spectrum import ImpedanceError, require_spectrum

PELLET_CELL = "R_bulk-(R_gb|Q_gb)-(R_cam_se|Q_cam_se)-Q_lf"
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


@dataclass(frozen=True)
class MeasuredImpedance:
    """One spectrum in the order it was measured: frequency in Hz, impedance in ohm, time in s or None."""

    name: str
    frequency: np.ndarray
    impedance: np.ndarray
    time: np.ndarray | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    subject: Subject = field(default_factory=Subject)

    def between(self, low: float, high: float) -> "MeasuredImpedance":
        """The points from `low` to `high` Hz."""
        keep = (self.frequency >= low * (1 - 1e-9)) & (self.frequency <= high * (1 + 1e-9))
        time = None if self.time is None else self.time[keep]
        return MeasuredImpedance(self.name, self.frequency[keep], self.impedance[keep], time, self.state, self.subject)


@contextmanager
def translate_errors(where: str):
    """Turn errors of the mathematics into NacreError, with the name of the spectrum."""
    try:
        yield
    except ImpedanceError as error:
        raise NacreError(str(error).rstrip("."), where=where) from None


def read_spectrum(
    signal: Signal,
    state: Mapping[str, Any],
    subject: Subject,
    lowest: float | None = None,
    highest: float | None = None,
) -> MeasuredImpedance:
    """The spectrum in a signal, between two frequencies in Hz. Raises NacreError where it cannot be analysed."""
    f = signal.array("frequency_hertz", "Hz")
    z = signal.array("real_impedance_ohm", "ohm") + 1j * signal.array("imaginary_impedance_ohm", "ohm")
    name = signal.name or signal.where
    whole = MeasuredImpedance(name, f, z, _read_time(signal), state, subject)
    low, high = 0.0 if lowest is None else lowest, np.inf if highest is None else highest
    found = whole if lowest is None and highest is None else whole.between(low, high)
    if len(f) and not len(found.frequency):
        raise NacreError(
            f"no point between {low:g} and {high:g} Hz",
            where=name,
            found=f"{f.min():g} to {f.max():g} Hz",
            do="change the options 'lowest' and 'highest'",
        )
    with translate_errors(name):
        require_spectrum(found.frequency, found.impedance)
    return found


def _read_time(signal: Signal) -> np.ndarray | None:
    """Time of each point in s, where the file has one that rises."""
    if "test_time_second" not in signal:
        return None
    time = signal.array("test_time_second", "s")
    return time if np.all(np.isfinite(time)) and np.all(np.diff(time) > 0) else None


def make_list(found: Any) -> list:
    return list(found) if isinstance(found, (list, tuple)) else [found]


def make_states(
    signals: Sequence[Signal], context: Context, along: str, values: Sequence[float]
) -> list[dict[str, Any]]:
    """State of each spectrum: what the measurement declares, and what tells the spectra of a series apart."""
    declared = dict(context.measurement.state) if context.measurement else {}
    if not values:
        return [declared | ({"spectrum": i} if len(signals) > 1 else {}) for i in range(1, len(signals) + 1)]
    if len(values) != len(signals):
        raise NacreError(
            "the option 'at' does not fit the spectra",
            where=context.where,
            found=f"{len(values)} values for {len(signals)} spectra",
            do="give one value for each spectrum, in the order of the files",
        )
    return [declared | {along: int(value) if along == "cycle" else value} for value in values]


def parse_constraints(options, where: str = "") -> Constraints:
    """What the text options say of the parameters. Raises NacreError with the form that is understood."""
    return Constraints(
        fixed=dict(_parse_value(text, "fixed", where) for text in options.fixed),
        bounds=dict(_parse_bounds(text, where) for text in options.bounds),
        ties=dict(_parse_tie(text, where) for text in options.ties),
        order=tuple(_parse_order(text, where) for text in options.order),
        start=dict(_parse_value(text, "start", where) for text in options.start),
    )


def _match_option(pattern: str, text: str, option: str, example: str, where: str) -> re.Match:
    match = re.fullmatch(pattern, text.strip())
    if match is None:
        raise NacreError(f"cannot read the option '{option}'", where=where, found=f"'{text}'", expected=example)
    return match


def _parse_value(text: str, option: str, where: str) -> tuple[str, float]:
    match = _match_option(
        rf"([\w.]+)\s*=\s*({NUMBER})", text, option, "like 'R_gb = 20' (ohm, F, H, S s^n or s)", where
    )
    return match[1], float(match[2])


def _parse_bounds(text: str, where: str) -> tuple[str, tuple[float, float]]:
    pattern = rf"({NUMBER})\s*<\s*([\w.]+)\s*<\s*({NUMBER})"
    match = _match_option(pattern, text, "bounds", "like '1 < R_gb < 50'", where)
    return match[2], (float(match[1]), float(match[3]))


def _parse_tie(text: str, where: str) -> tuple[str, tuple[str, float]]:
    pattern = rf"([\w.]+)\s*=\s*(?:({NUMBER})\s*\*\s*)?([A-Za-z][\w.]*)"
    match = _match_option(pattern, text, "ties", "like 'Q_gb.n = Q_cam_se.n' or 'R_gb = 2 * R_bulk'", where)
    return match[1], (match[3], float(match[2] or 1))


def _parse_order(text: str, where: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split("<"))
    if len(names) < 2 or not all(re.fullmatch(r"[A-Za-z][\w.]*", name) for name in names):
        expected = "like 'R_bulk < R_gb'"
        raise NacreError("cannot read the option 'order'", where=where, found=f"'{text}'", expected=expected)
    return names


def choose_circuit(text: str, context: Context) -> tuple[str, str]:
    """(circuit, why it is this one in words); "" where the data shall offer one. Raises NacreError for a bad text."""
    if text:
        with translate_errors(context.where):
            parse_circuit(text)
        return text, ""
    if context.find("cam_mass", "mg") is not None or context.find("composite_mass", "mg") is not None:
        return PELLET_CELL, (
            "no circuit is named in study.toml: as the cell has a cathode composite, that of a pellet cell is assumed, "
            f"{PELLET_CELL}. What each arc is called follows from this choice, not from the spectrum"
        )
    return "", (
        "no circuit is named and the cell declares no cathode composite: the circuit is the one that the distribution "
        "of relaxation times offers. Its arcs are numbered, not named after processes"
    )
