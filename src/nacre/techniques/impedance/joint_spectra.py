"""The spectra of a joint impedance fit: each with its cell, its state, and brought to the area of the first cell."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity
from nacre.core.signal import Signal
from nacre.physics.constants import ZERO_CELSIUS
from nacre.techniques.impedance import inputs as given
from nacre.techniques.impedance.impedance import make_subject


@dataclass(frozen=True)
class JointSpectrum:
    """One spectrum of a joint fit, with its cell."""

    label: str
    spectrum: given.MeasuredImpedance
    context: Context
    area: Quantity

    @property
    def state(self) -> dict[str, Any]:
        return dict(self.spectrum.state)


def collect_spectra(inputs: Mapping[str, Any], context: Context, options) -> tuple[JointSpectrum, ...]:
    """All spectra in the order of the inputs, brought to the area of the first cell."""
    found: list[JointSpectrum] = []
    for role, wanted in inputs.items():
        signals = given.make_list(wanted)
        several = len(signals) > 1
        for i, signal in enumerate(signals, 1):
            own = _find_context(context, role, signal)
            area = own.need("area", "cm2", "the resistance per area")
            state = dict(own.measurement.state) if own.measurement else {}
            spectrum = given.read_spectrum(signal, state, make_subject(own), options.lowest, options.highest)
            scale = area.value / (found[0].area.value if found else area.value)
            spectrum = replace(spectrum, impedance=spectrum.impedance * scale)
            found.append(JointSpectrum(f"{role} {i}" if several else role, spectrum, own, area))
    return _number_alike(_set_temperatures(found, options))


def _find_context(context: Context, role: str, signal: Signal) -> Context:
    """What is known of the cell that a signal comes from."""
    for name, other in context.others.items():
        files = [str(path) for path in other.measurement.files] if other.measurement else []
        if name.startswith(f"{role}/") and signal.source and signal.source.path in files:
            return other
    return context.others.get(role, context)


def _set_temperatures(members: list[JointSpectrum], options) -> list[JointSpectrum]:
    """The members with their temperatures as states, where they are asked for."""
    if not options.temperatures:
        return members
    if len(options.temperatures) != len(members):
        raise NacreError(
            "the option 'temperatures' does not fit the spectra",
            found=f"{len(options.temperatures)} for {len(members)} spectra",
        )
    pairs = zip(members, options.temperatures, strict=True)
    return [
        replace(m, spectrum=replace(m.spectrum, state={**m.spectrum.state, "temperature_degC": t})) for m, t in pairs
    ]


def _number_alike(members: list[JointSpectrum]) -> tuple[JointSpectrum, ...]:
    """Spectra of one cell in one state get a number."""
    keys = [(m.spectrum.subject, tuple(sorted(m.state.items()))) for m in members]
    numbers = {key: count(1) for key in keys}
    return tuple(
        replace(m, spectrum=replace(m.spectrum, state={**m.state, "spectrum": next(numbers[key])}))
        if keys.count(key) > 1
        else m
        for m, key in zip(members, keys, strict=True)
    )


def get_kelvin(member: JointSpectrum) -> float:
    """Temperature of a spectrum in K. Raises NacreError where it is not declared."""
    declared = member.spectrum.state.get("temperature_degC")
    if declared is not None:
        return float(declared) + ZERO_CELSIUS
    return member.context.need("temperature", "degC", "Arrhenius' law").value + ZERO_CELSIUS


def is_shared_area(a: JointSpectrum, b: JointSpectrum) -> bool:
    """Whether the area of both cells is one declaration for all cells."""
    own = [level for m in (a, b) for level in (m.context.cell, m.context.sample) if level]
    return a.area.value == b.area.value and not any({"area", "diameter"} & set(level.inputs) for level in own)
