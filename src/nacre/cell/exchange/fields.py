"""The standard fields of a BPX file as the numbers of a cell, and in words what the model has no place for."""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from nacre.cell.diffusivity import DiffusivityShape
from nacre.cell.exchange.section import BpxSection, find_inside, read_table, sample_curve
from nacre.cell.parameters import NAMES, CellParameters, ModelParameter
from nacre.cell.potential import Potential
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity
from nacre.physics.constants import FARADAY

SIDES = {"cathode": "Positive electrode", "anode": "Negative electrode"}
# field of an electrode -> (number, unit, factor); what is made of several fields stands in `_read_electrode`
_PLAIN = {
    "Thickness [m]": ("thickness", "m", 1.0),
    "Maximum concentration [mol.m-3]": ("c_max", "mol/m3", 1.0),
    "Particle radius [m]": ("particle_diameter", "m", 2.0),
    "Conductivity [S.m-1]": ("electronic_conductivity", "S/m", 1.0),
    "Reaction rate constant [mol.m-2.s-1]": ("exchange_current", "A/m2", FARADAY),
    "Diffusivity activation energy [J.mol-1]": ("activation_diffusivity", "J/mol", 1.0),
    "Reaction rate constant activation energy [J.mol-1]": ("activation_exchange", "J/mol", 1.0),
}
_OPTIONAL = ("Diffusivity activation energy [J.mol-1]", "Reaction rate constant activation energy [J.mol-1]")
_WITHOUT_EFFECT = {"Porosity", "External surface area [m2]", "Volume [m3]", "Minimum stoichiometry",
                   "Maximum stoichiometry", "Transport efficiency", "Surface area per unit volume [m-1]",
                   "Diffusivity [m2.s-1]", "OCP [V]"}  # fmt: skip
_HEAT = {"Density [kg.m-3]", "Specific heat capacity [J.K-1.kg-1]", "Thermal conductivity [W.m-1.K-1]"}
_LEFT_OUT = {
    "Entropic change coefficient [V.K-1]": "the potentials hold at every temperature",
    "OCP (delithiation) [V]": "no hysteresis: the one OCP is taken both ways",
    "OCP (lithiation) [V]": "no hysteresis: the one OCP is taken both ways",
    "OCP hysteresis decay constant": "no hysteresis: the one OCP is taken both ways",
}


def check_version(content: Mapping[str, Any], where: str) -> None:
    """Raises NacreError where the file is of a version of BPX that this reader was not made for."""
    version = find_inside(content, where, "Header").get("BPX")
    text = "" if isinstance(version, bool) or version is None else str(version)
    if re.fullmatch(r"[01](\.\d+){0,2}", text) is None:
        raise NacreError(
            "unknown version of BPX", where=f"{where}: Header > BPX", found=repr(version), expected="0.x or 1.x",
            do="convert the file with the bpx package, or ask for a newer Nacre",
        )  # fmt: skip


def read_fields(
    content: Mapping[str, Any], where: str, given: dict[str, ModelParameter]
) -> tuple[CellParameters, tuple[str, ...]]:
    """A cell from the standard fields, and the notes. `given` numbers stand in for those of the file."""
    notes: list[str] = []
    top = find_inside(content, where, "Parameterisation")
    cell = _find_section(top, "Cell", where)
    electrolyte = _find_section(top, "Electrolyte", where, content)
    state = content.get("State") or {}
    numbers = dict(given)

    def put(name: str, value: float, unit: str, source: str, status: str = "declared") -> None:
        if name not in numbers:
            numbers[name] = ModelParameter(Quantity(value, unit), status, source)

    _read_cell(cell, state, put, given, notes)
    conductivity = _read_electrolyte(electrolyte, state, given, notes)
    separator = _find_section(top, "Separator", where)
    if "separator.thickness" not in given:
        put("separator.thickness", separator.number("Thickness [m]"), "m", separator.source("Thickness [m]"))
    _read_transport("separator.conductivity", separator, conductivity, put, given)
    potentials: dict[str, Potential] = {}
    shapes: dict[str, DiffusivityShape] = {}
    charged = _read_state_of_charge(state, where, given, notes)
    for part, name in SIDES.items():
        side = _find_section(top, name, where)
        if isinstance(side.raw("Particle"), Mapping):
            materials = ", ".join(side.made["Particle"])
            raise NacreError(
                "a blended electrode has no place in the model", where=side.where, found=f"Particle: {materials}",
                expected="one active material", do="keep the one that matters, with its fields beside Thickness [m]",
            )  # fmt: skip
        _read_electrode(part, side, put, given)
        _read_transport(f"{part}.ionic_conductivity", side, conductivity, put, given)
        _read_filling(part, side, charged, put, given)
        potentials[part] = _read_potential(side)
        _read_diffusivity(part, side, put, shapes, given)
        _note_unused(side, notes)
    for part in ("cathode", "anode", "separator"):
        _read_activation(part, electrolyte, put)
    for section in (cell, electrolyte, separator):
        _note_unused(section, notes)
    _note_others(content, top, state, notes)
    _require_all(numbers, where)
    title = str((content.get("Header") or {}).get("Title") or "").strip() or where.partition(".")[0]
    try:
        return CellParameters(title, numbers, potentials, shapes), tuple(notes)
    except NacreError as error:
        raise error.at(where) from None


def _find_section(top, name: str, where: str, content=None) -> BpxSection:
    if content is not None and not isinstance(top.get(name), Mapping):
        model = (content.get("Header") or {}).get("Model", "not said")
        raise NacreError(
            f"the section '{name}' is missing", where=f"{where}: Parameterisation", found=f"Model {model}",
            expected="a DFN or SPMe file, with electrolyte, separator and electrodes",
            do="a single-particle file holds no conductivities, which the model needs: use the file of the full model",
        )  # fmt: skip
    return BpxSection(find_inside(top, f"{where}: Parameterisation", name), where, f"Parameterisation > {name}")


def _read_cell(cell: BpxSection, state, put, given, notes: list[str]) -> None:
    field, pairs = "Electrode area [m2]", "Number of electrode pairs connected in parallel to make a cell"
    count = cell.number(pairs)
    if "cell.area" not in given:
        put("cell.area", count * cell.number(field, "cell.area"), "m2", f"{cell.source(field)}, times {count:g} pairs")
    if count != 1:
        notes.append(f"{count:g} electrode pairs in parallel are one cell of {count:g} times the area")
    for end in ("lower", "upper"):
        field = f"{end.capitalize()} voltage cut-off [V]"
        if f"cell.{end}_voltage" not in given:
            put(f"cell.{end}_voltage", cell.number(field, f"cell.{end}_voltage"), "V", cell.source(field))
    _read_temperatures(cell, state, put, given, notes)
    field = "Nominal cell capacity [A.h]"
    if "cell.cam_mass" not in given:
        raise NacreError(
            "BPX has no field for the mass of the cathode's active material; 1C and capacities are per gram",
            where=cell.where, expected=NAMES["cell.cam_mass"].words, do="give --set 'cell.cam_mass=... mg'",
        )  # fmt: skip
    if "cell.one_c" not in given:
        grams = given["cell.cam_mass"].quantity.to("g").value
        value = cell.number(field, "cell.one_c") / grams if grams > 0 else math.nan
        put("cell.one_c", value, "A/g", f"{cell.source(field)} over cell.cam_mass")
    cell.raw(field)


def _read_temperatures(cell: BpxSection, state, put, given, notes: list[str]) -> None:
    initial, ambient = "Initial temperature [K]", "Ambient temperature [K]"
    conditions, around = ((state.get(n) or {}) for n in ("Initial conditions", "Thermal environment"))
    reference = cell.raw("Reference temperature [K]")
    found = [conditions.get(initial), cell.raw(initial), around.get(ambient), cell.raw(ambient)]
    test = next((value for value in found if value is not None), None)
    if test is None and "cell.temperature" not in given:
        test = cell.number("Reference temperature [K]", "cell.temperature")
        notes.append(f"the file gives no temperature of the test: its reference temperature, {test:g} K, was taken")
    if reference is None and "cell.reference_temperature" not in given:
        reference = test if test is not None else given["cell.temperature"].quantity.to("K").value
        notes.append(f"the file gives no reference temperature: its values are taken to hold at {reference:g} K")
    for name, value in (("temperature", test), ("reference_temperature", reference)):
        if value is not None:
            put(f"cell.{name}", float(value), "K", f"{cell.file}: {name.replace('_', ' ')}")


def _read_electrolyte(electrolyte: BpxSection, state, given, notes: list[str]) -> float:
    """The electrolyte's conductivity at its resting concentration, S/m; what else it is, in words."""
    for name in ("Diffusivity [m2.s-1]", "Diffusivity activation energy [J.mol-1]"):
        electrolyte.raw(name)
    share = electrolyte.raw("Cation transference number")
    if share != 1.0:
        notes.append(
            f"the transference number ({'not given' if share is None else share}) is taken as 1: the electrolyte "
            "does not polarise in concentration, and voltages at high currents come out too good"
        )
        notes.append("the electrolyte's diffusivity and its concentration in time are left out")
    old = electrolyte.raw("Initial concentration [mol.m-3]")
    rest = (state.get("Initial conditions") or {}).get("Initial electrolyte concentration [mol.m-3]", old)
    return _read_conductivity(electrolyte, rest, given, notes)


def _read_conductivity(electrolyte: BpxSection, rest, given, notes: list[str]) -> float:
    field = "Conductivity [S.m-1]"
    raw, where = electrolyte.raw(field), electrolyte.source("Conductivity [S.m-1]")
    if raw is None:
        names = ("separator.conductivity", "cathode.ionic_conductivity", "anode.ionic_conductivity")
        needed = [name for name in names if name not in given]
        if needed:
            raise electrolyte.lacking(field, needed[0])
        return math.nan
    varies = isinstance(raw, str | Mapping)
    if varies and rest is None:
        raise NacreError(
            "the electrolyte's conductivity depends on its concentration, which is not given", where=where, do="add it",
            expected="State > Initial conditions > Initial electrolyte concentration [mol.m-3]",
        )  # fmt: skip
    found = float(sample_curve(raw, where)(float(rest or 0.0)))
    if not 0.0 < found < math.inf:
        raise NacreError("the conductivity must be positive", where=where, found=f"{found:g} S/m")
    if varies:
        notes.append(f"the electrolyte's conductivity is that at {rest:g} mol/m3, {found:.4g} S/m")
    return found


def _read_transport(name: str, section: BpxSection, conductivity: float, put, given) -> None:
    field = "Transport efficiency"
    if name not in given:
        put(name, section.number(field, name) * conductivity, "S/m", f"{section.source(field)} times the electrolyte's")


def _read_activation(part: str, electrolyte: BpxSection, put) -> None:
    field = "Conductivity activation energy [J.mol-1]"
    name = "separator.activation" if part == "separator" else f"{part}.activation_ionic_conductivity"
    if electrolyte.raw(field) is not None:
        put(name, electrolyte.number(field), "J/mol", electrolyte.source(field))


def _read_electrode(part: str, side: BpxSection, put, given) -> None:
    for field, (name, unit, factor) in _PLAIN.items():
        full = f"{part}.{name}"
        if full in given or (field in _OPTIONAL and side.raw(field) is None):
            side.raw(field)
            continue
        put(full, factor * side.number(field, full), unit, side.source(field))
    field = "Surface area per unit volume [m-1]"
    if f"{part}.volume_fraction" not in given:
        radius = side.number("Particle radius [m]")
        share = side.number(field, f"{part}.volume_fraction") * radius / 3.0
        put(f"{part}.volume_fraction", share, "1", f"{side.source(field)} times a third of the radius")


def _read_state_of_charge(state, where: str, given, notes: list[str]) -> float:
    field = "Initial state-of-charge"
    value = (state.get("Initial conditions") or {}).get(field)
    if value is None and not {"cathode.stoichiometry", "anode.stoichiometry"} <= set(given):
        notes.append("the file gives no initial state of charge: fully charged was taken, as the bpx package does")
        return 1.0
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise NacreError(
            f"'{field}' is no number", where=f"{where}: State > Initial conditions", found=repr(value)[:60]
        )
    return 1.0 if value is None else float(value)


def _read_filling(part: str, side: BpxSection, charged: float, put, given) -> None:
    """BPX counts the state of charge from 0 at the negative electrode's least filling to 1 at its largest."""
    name = f"{part}.stoichiometry"
    if name in given:
        return
    least, most = (side.number(f"{end} stoichiometry", name) for end in ("Minimum", "Maximum"))
    full = charged if part == "anode" else 1.0 - charged
    put(name, least + full * (most - least), "1", f"{side.source('Minimum stoichiometry')} and Maximum stoichiometry")


def _read_potential(side: BpxSection) -> Potential:
    """The potential over the widest part of 0 to 1, round the window, in which it is finite and falls."""
    field = "OCP [V]"
    raw, where = side.raw(field), side.source(field)
    if raw is None:
        raise side.lacking(field, "")
    if isinstance(raw, Mapping):
        x, volts = read_table(raw, where)
        if (np.diff(volts) > 1e-9).any():
            raise _describe_rising(where, x[1:][np.diff(volts) > 1e-9][0])
        return Potential("table", {"x": x.tolist(), "volts": volts.tolist()}, "declared", where)
    function = sample_curve(raw, where)
    if not isinstance(raw, str):
        return Potential("table", {"x": [0.0, 1.0], "volts": [float(raw)] * 2}, "declared", where)
    low, high = _find_falling_range(
        function, *(side.number(f"{end} stoichiometry") for end in ("Minimum", "Maximum")), where
    )
    return Potential("expression", {"formula": raw, "low": low, "high": high}, "declared", where)


def _find_falling_range(function, least: float, most: float, where: str) -> tuple[float, float]:
    if not 0.0 <= least <= most <= 1.0:
        raise NacreError(
            "the stoichiometries make no window", where=where, found=f"{least:g} to {most:g}", expected="0 to 1, rising"
        )
    x = np.unique(np.concatenate([np.linspace(0.0, 1.0, 4001), [least, most]]))
    volts = function(x)
    bad = ~(np.isfinite(volts[1:]) & np.isfinite(volts[:-1])) | (np.diff(volts) > 1e-9) | (np.abs(volts[1:]) > 100)
    within = bad & (x[1:] > least) & (x[1:] <= most)
    if within.any():
        raise _describe_rising(where, x[1:][within][0])
    below, above = x[1:][bad & (x[1:] <= least)], x[:-1][bad & (x[:-1] >= most)]
    return (float(below[-1]) if below.size else 0.0), (float(above[0]) if above.size else 1.0)


def _describe_rising(where: str, at: float) -> NacreError:
    return NacreError(
        "the potential is not finite or rises with the filling within its window", where=where,
        found=f"at x = {at:.4g}", expected="volts that fall from the least to the largest stoichiometry",
        do="narrow the stoichiometries, or smooth the curve",
    )  # fmt: skip


def _read_diffusivity(part: str, side: BpxSection, put, shapes: dict[str, DiffusivityShape], given) -> None:
    """D at half filling (of a table: at its middle) as the number, and how it varies as a shape."""
    field, name = "Diffusivity [m2.s-1]", f"{part}.diffusivity"
    raw, where = side.raw(field), side.source("Diffusivity [m2.s-1]")
    if name in given:
        return
    if not isinstance(raw, str | Mapping):
        put(name, side.number(field, name), "m2/s", where)
        return
    function = sample_curve(raw, where)
    x = read_table(raw, where)[0] if isinstance(raw, Mapping) else np.linspace(0.0, 1.0, 2049)
    middle = float(function(0.5 * (x[0] + x[-1])))
    d = function(x)
    if not (np.isfinite(d).all() and (d > 0).all()):
        at = x[~(np.isfinite(d) & (d > 0))][0]
        raise NacreError(
            "the diffusivity must be positive", where=where, found=f"{float(function(at)):.4g} at x = {at:.4g}"
        )
    put(name, middle, "m2/s", f"{where}, at x = {0.5 * (x[0] + x[-1]):g}")
    if isinstance(raw, str) and np.ptp(d) > 0:
        shapes[part] = DiffusivityShape(
            "expression", {"formula": f"({raw}) / {middle!r}", "low": 0.0, "high": 1.0}, "declared", where
        )
    elif np.ptp(d) > 0:
        shapes[part] = DiffusivityShape("table", {"x": x.tolist(), "ratio": (d / middle).tolist()}, "declared", where)


def _note_unused(section: BpxSection, notes: list[str]) -> None:
    """What of a section nobody asked for."""
    short = section.place.rpartition(" > ")[2]
    heat = [name for name in section.left() if name in _HEAT]
    if heat:
        notes.append("heat is not modelled: " + ", ".join(heat) + f" of '{short}' left out")
    for name in section.left():
        if name in _LEFT_OUT and section.made[name] == 0.0:
            continue
        if name in _LEFT_OUT:
            notes.append(f"'{name}' of '{short}' is left out: {_LEFT_OUT[name]}")
        elif name not in _WITHOUT_EFFECT | _HEAT:
            notes.append(f"'{name}' of '{short}' is left out: the model has no place for it")


def _note_others(content, top, state, notes: list[str]) -> None:
    known = {"Cell", "Electrolyte", "Separator", *SIDES.values()}
    for name in top:
        if name not in known:
            notes.append(f"'{name}' is left out: the standard fields alone were read")
    wear = state.get("Degradation")
    if wear:
        notes.append("'Degradation' of 'State' is left out: the cell is taken as new")
    for name in state.get("Initial conditions") or {}:
        if "hysteresis" in name:
            notes.append(f"'{name}' is left out: no hysteresis")
    if (state.get("Thermal environment") or {}).get("Heat transfer coefficient [W.m-2.K-1]") is not None:
        notes.append("heat is not modelled: the heat transfer coefficient is left out")
    if content.get("Validation"):
        notes.append("the curves under 'Validation' are left out")


def _require_all(numbers: Mapping[str, ModelParameter], where: str) -> None:
    lacking = [n for n, row in NAMES.items() if row.default is None and n not in numbers]
    if lacking:
        row = NAMES[lacking[0]]
        raise NacreError(f"{lacking[0]} cannot be made from the file", where=where, expected=row.words,
                         do=f"give --set '{lacking[0]}=... {row.unit}'")  # fmt: skip
