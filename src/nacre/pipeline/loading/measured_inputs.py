"""Declared inputs that say no uncertainty get that of the lab's instrument they were measured with."""

import dataclasses
import math
from collections.abc import Callable, Mapping

from nacre.core.lab import Instrument, Lab, balance_offset, weighing
from nacre.core.quantity import Quantity
from nacre.core.study import Study

# how an input was measured: error sources of its own (tag of the input) and shared ones (tag of the instrument)
Parts = Mapping[str, float]


def apply_lab(study: Study) -> Study:
    """The study with the accuracies of its lab on what was declared without an uncertainty."""
    lab = study.lab
    if not lab.instruments:
        return study
    samples = {name: dataclasses.replace(s, inputs=_measured(s.inputs, lab)) for name, s in study.samples.items()}
    cells = {name: dataclasses.replace(c, inputs=_measured(c.inputs, lab)) for name, c in study.cells.items()}
    return dataclasses.replace(study, inputs=_measured(study.inputs, lab), samples=samples, cells=cells)


def _measured(inputs: Mapping[str, Quantity | str], lab: Lab) -> dict[str, Quantity | str]:
    return {name: _with_error(name, value, lab) for name, value in inputs.items()}


def _with_error(name: str, value: Quantity | str, lab: Lab) -> Quantity | str:
    """An input with the error of its instrument, where it has none of its own and the instrument is known."""
    role, rule = BY_INPUT.get(name, ("", None))
    instrument = lab.instruments.get(role)
    if rule is None or instrument is None or not isinstance(value, Quantity) or value.std is not None:
        return value
    (tag,) = value.missing  # the loader names each declared input's error by one source
    parts = {source: part for source, part in rule(value, tag, instrument).items() if part}
    if not parts:
        return value
    std = math.sqrt(math.fsum(part * part for part in parts.values()))
    return Quantity(
        value.value, value.unit, std, basis="data-sheet", origin=value.origin, parts=parts, last_digit=value.last_digit
    )


def _weighed(value: Quantity, tag: str, balance: Instrument) -> Parts:
    """A mass: repeatability and two readings are its own, linearity and gain are of the balance.

    A mass that is written coarser than the balance shows ("12 mg") is no better known than its last digit.
    """
    if not balance.accuracies:
        return {}
    per_mg = Quantity(1.0, "mg", 0.0).to(value.unit).value
    written = (value.last_digit or 0.0) / per_mg
    return {
        tag: weighing(balance, written) * per_mg,
        "lab:balance:linearity": balance_offset(balance) * per_mg,
        "lab:balance:gain": balance.std("gain_error") / 100 * value.value,
    }


def _pressed(value: Quantity, tag: str, die: Instrument) -> Parts:
    """A diameter: the die's, shared by all pellets of one nominal diameter."""
    per_mm = Quantity(1.0, "mm", 0.0).to(value.unit).value
    return {f"lab:die:{value.to('mm').value:g} mm": die.std("diameter_tolerance") * per_mm}


def _pressed_area(value: Quantity, tag: str, die: Instrument) -> Parts:
    """The area of a die: its relative error is twice that of the diameter."""
    diameter = math.sqrt(4 / math.pi * value.to("mm2").value)
    return {f"lab:die:{diameter:.4g} mm": 2 * die.std("diameter_tolerance") / diameter * value.value}


def _gauged(value: Quantity, tag: str, gauge: Instrument) -> Parts:
    per_um = Quantity(1.0, "um", 0.0).to(value.unit).value
    shown = gauge.accuracies.get("readability")
    step = max((value.last_digit or 0.0) / per_um, shown.value if shown else 0.0)
    return {tag: step / math.sqrt(12) * per_um, "lab:gauge": gauge.std("error") * per_um}


def _poured(value: Quantity, tag: str, ware: Instrument) -> Parts:
    """A volume: the ware's error is shared by all that was measured with it, the repeatability is each filling's."""
    shared = f"lab:{ware.role}:{tag.rpartition(':')[2]}:{value.value:g}"
    return {tag: ware.std("repeatability") / 100 * value.value, shared: ware.std("volume_error") / 100 * value.value}


def _kept_warm(value: Quantity, tag: str, thermostat: Instrument) -> Parts:
    per_kelvin = abs(Quantity(1.0, "degC", 0.0).to(value.unit).value - Quantity(0.0, "degC", 0.0).to(value.unit).value)
    return {"lab:thermostat": thermostat.std("temperature_error") * per_kelvin}


def _under_pressure(value: Quantity, tag: str, press: Instrument) -> Parts:
    return {"lab:press": press.std("pressure_error") / 100 * value.value}


BY_INPUT: dict[str, tuple[str, Callable[[Quantity, str, Instrument], Parts]]] = {
    "cam_mass": ("balance", _weighed),
    "composite_mass": ("balance", _weighed),
    "separator_mass": ("balance", _weighed),
    "anode_composite_mass": ("balance", _weighed),
    "titration_mass": ("balance", _weighed),
    "digest_mass": ("balance", _weighed),
    "diameter": ("die", _pressed),
    "area": ("die", _pressed_area),
    "measured_cathode_thickness": ("gauge", _gauged),
    "measured_separator_thickness": ("gauge", _gauged),
    "measured_anode_thickness": ("gauge", _gauged),
    "extract_volume": ("pipettes", _poured),
    "aliquot_volume": ("pipettes", _poured),
    "bath_volume": ("flasks", _poured),
    "digest_volume": ("flasks", _poured),
    "temperature": ("thermostat", _kept_warm),
    "pressing_pressure": ("press", _under_pressure),
    "pressure": ("press", _under_pressure),
}
