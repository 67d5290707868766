"""From a study's recipe to all numbers of the cell model.

Three layers, the later ones count: what the package knows of the materials (known.toml), what follows from the recipe,
and what the study says under [model.cell], [model.separator], [model.cathode], [model.anode], or for one sample under
[model.sample.NAME.cathode] and so on: `contact = "0.2"`, or `{ value = "0.2", status = "fitted", source = "..." }`.
"""

import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from nacre.cell.parameters import (
    NAMES,
    PARTS,
    CellParameters,
    ModelParameter,
    ParameterSpec,
    collect_names,
    read_number,
)
from nacre.cell.potential import Potential, read_potential
from nacre.cell.recipe.coating import read_coating
from nacre.cell.recipe.layers import PressedLayer, Recipe, compute_recipe
from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable, did_you_mean, gathered, unknown
from nacre.core.quantity import Quantity, derive, parse
from nacre.materials import Library, load_builtin
from nacre.physics.constants import FARADAY

_OF_CELL = {"area": "cm2", "cam_mass": "mg", "one_c": "mA/g", "lower_voltage": "V", "upper_voltage": "V"}
_NEEDED = (*_OF_CELL.items(), ("temperature", "degC"))
_MASSES = {"cathode": "composite_mass", "separator": "separator_mass", "anode": "anode_composite_mass"}
_MATERIALS = {"cathode": "cam", "anode": "counter_electrode"}
_ALIKE = {"NCM811": "NCM85"}  # nickel contents whose curves are near enough to stand in, with the source saying so


@lru_cache(maxsize=1)
def load_known() -> dict[str, Any]:
    return tomllib.loads(files("nacre.cell.recipe").joinpath("known.toml").read_text(encoding="utf-8"))


def build_cell(
    context: Context,
    model: Mapping[str, Any] | None = None,
    library: Library | None = None,
    mechanisms: tuple[type, ...] = (),
) -> CellParameters:
    """All numbers of the cell of a context. `model` is the study's [model] table; `mechanisms` are the classes of its
    own ageing mechanisms (`nacre.cell.ageing.plugins`).

    Parameters
    ----------
    context : Context
        Study, cell and sample.
    model : Mapping[str, Any] | None, optional
        The study's [model] table.
    library : Library | None, optional
        Materials; None: those of the package.
    mechanisms : tuple[type, ...], optional
        Classes of ageing mechanisms beside those of the package.

    Returns
    -------
    CellParameters
        All numbers of the cell model, with status and source.

    Raises
    ------
    NacreError
        Where the recipe lacks a layer or a declared number, and NotAssessable where nothing is known of a material;
        both say what to declare.
    """
    library = library or load_builtin()
    _refuse_missing(context, model or {}, library)
    made = compute_recipe(context, library)
    numbers: dict[str, ModelParameter] = {}
    potentials: dict[str, Potential] = {}
    _add_cell(context, numbers)
    _add_separator(context, made, library, numbers)
    for part, material in (("cathode", context.text("cam")), ("anode", context.text("counter_electrode"))):
        _add_electrode(part, material, context, made, library, numbers, potentials)
    _add_coating(context, numbers)
    _add_ageing(context, library, numbers)
    for layer in _collect_layers(model or {}, context):
        _overlay_layer(layer, numbers, potentials, collect_names(mechanisms))
    _require_coating_thickness(context, numbers)
    return CellParameters(context.where.replace("'", ""), numbers, potentials, mechanisms=mechanisms)


def _refuse_missing(context: Context, model: Mapping[str, Any], library: Library) -> None:
    """Raises NacreError with all that the study must declare for its cell model, so that nobody is asked twice."""
    wrong: list[NacreError] = []

    def attempt(look: Callable[..., Any], *args: Any) -> None:
        try:
            look(*args)
        except NacreError as error:
            wrong.append(error)

    for name, unit in _NEEDED:
        attempt(context.need, name, unit, "the cell model")
    for part, mass in _MASSES.items():
        if context.find(mass, "mg") is None:
            wrong.append(_no_layer(part, context))
    for part, name in _MATERIALS.items():
        attempt(_material, part, context.text(name), context, library)
    thickness = [layer.get("cathode", {}).get("coating_thickness") for _, layer in _collect_layers(model, context)]
    if not any(thickness):
        attempt(_coating_thickness, context)
    if wrong:
        raise gathered("things that the cell model needs are missing", wrong, context.where)


def _no_layer(part: str, context: Context) -> NacreError:
    do = f'add {_MASSES[part]} = "... mg" to [cell]'
    return NacreError(f"the {part} is not declared", where=context.where, do=do)


def _material(part: str, material: str, context: Context, library: Library) -> tuple[str, Mapping[str, Any]]:
    """What is known of an electrode's active material, and under which name."""
    if not material:
        do = f'add {_MATERIALS[part]} = "..."'
        raise NacreError(f"the {part}'s active material is not given", where=context.where, do=do)
    return _find_known_material(part, material, context, library)


def _coating_thickness(context: Context) -> None:
    numbers: dict[str, ModelParameter] = {}
    _add_coating(context, numbers)
    _require_coating_thickness(context, numbers)


def _add_rows(rows: Mapping[str, Any], part: str, numbers: dict[str, ModelParameter], where: str) -> None:
    for name, row in rows.items():
        if isinstance(row, Mapping) and "value" in row:
            numbers[f"{part}.{name}"] = read_number(f"{part}.{name}", row["value"], row["status"], row["source"], where)


def _add_cell(context: Context, numbers: dict[str, ModelParameter]) -> None:
    _add_rows(load_known()["cell"], "cell", numbers, "known.toml")
    for name, unit in _NEEDED:
        value = context.need(name, unit, "the cell model")
        numbers[f"cell.{name}"] = ModelParameter(value, "declared", "the study")


def _add_separator(context: Context, made: Recipe, library: Library, numbers: dict[str, ModelParameter]) -> None:
    numbers["separator.thickness"] = _find_thickness(made, "separator", context)
    name = context.text("electrolyte")
    row = library[name].ionic[0] if library[name].ionic else None
    at = numbers["cell.reference_temperature"].quantity.to("K").value
    value = library[name].conductivity("ionic", at)
    row = library[name].ionic[0]
    source = f"{name}, {row.form}: {row.fact.source}"
    numbers["separator.conductivity"] = ModelParameter(value.to("mS/cm"), "literature", source)
    if row.activation is not None:
        energy = Quantity(row.activation * FARADAY / 1000, "kJ/mol")
        numbers["separator.activation"] = ModelParameter(energy, "literature", source)


def _require_layer(made: Recipe, part: str, context: Context) -> PressedLayer:
    layer = made.layers.get(part)
    if layer is None:
        raise _no_layer(part, context)
    if layer.solid_thickness is None:
        raise NacreError(f"the {part}'s thickness cannot be told", where=context.where, do=f"declare {layer.unknown}")
    return layer


def _find_thickness(made: Recipe, part: str, context: Context) -> ModelParameter:
    """Declared, or from the solids and a porosity; what that is worth stands in its status."""
    layer = _require_layer(made, part, context)
    if layer.thickness is not None:
        return ModelParameter(layer.thickness, "computed", "masses, densities and the declared porosity or thickness")
    row = load_known()["porosity"][part]
    porosity = parse(row["value"], "1")
    assert layer.solid_thickness is not None  # a layer without it is refused above
    value = derive(lambda s, p: s / (1 - p), layer.solid_thickness, porosity, unit="um")
    return ModelParameter(value, "assumed", f"masses, densities and {row['value']} pores: {row['source']}")


def _add_electrode(part, material: str, context: Context, made: Recipe, library: Library, numbers, potentials) -> None:
    key, rows = _material(part, material, context, library)
    _add_rows(rows, part, numbers, "known.toml")
    found = library[material]
    active = next(c for c in _require_layer(made, part, context).components if c.role == "active material")
    thickness = _find_thickness(made, part, context)
    numbers[f"{part}.thickness"] = thickness
    solids = made.layers[part].solid_thickness
    assert active.volume_fraction is not None and solids is not None  # densities are known where there is a thickness
    share = derive(lambda v, s, t: v * s / t, active.volume_fraction, solids, thickness.quantity, unit="1")
    numbers[f"{part}.volume_fraction"] = ModelParameter(share, thickness.status, thickness.source)
    density, sites = found.density, rows["sites"]
    assert density.value is not None
    c_max = derive(lambda rho, m: sites * rho / m * 1e6, density.value.to("g/cm3"), found.molar_mass, unit="mol/m3")
    numbers[f"{part}.c_max"] = ModelParameter(
        c_max, "computed", f"{sites} lithium per formula unit, density: {density.source}"
    )
    potential = read_potential(rows["potential"], f"known.toml, {key}")
    volts = context.find("counter_potential", "V") if part == "anode" else None
    if volts is not None and potential.kind == "plateau":
        source = f"counter_potential of the study; {potential.source}"
        potential = Potential("plateau", {**potential.numbers, "volts": volts.value}, potential.status, source)
    potentials[part] = potential


def _find_known_material(part: str, material: str, context: Context, library: Library) -> tuple[str, Mapping[str, Any]]:
    key = library[material].key
    rows = load_known()[part].get(_ALIKE.get(key, key))
    if rows is None:
        raise NotAssessable(
            f"nothing is known of {material} as a {part}",
            where=context.where,
            expected=f"one of {', '.join(load_known()[part])}",
            do="write a cell.toml with its potential, diffusivity and kinetics",
        )
    return key, rows


def _add_coating(context: Context, numbers: dict[str, ModelParameter]) -> None:
    """Contact, active share and film of a coated or an uncoated sample; a thickness is known of one oxide only."""
    if context.sample is None or not context.sample.coating:
        return _add_rows(load_known()["uncoated"]["cathode"], "cathode", numbers, "known.toml")
    coating = read_coating(context.sample.coating, context.where)
    rows = dict(load_known()["coated"]["cathode"])
    if coating.precursor != load_known()["coated"]["precursor"]:
        del rows["coating_thickness"]
    _add_rows(rows, "cathode", numbers, "known.toml")
    target = coating.find("target_thickness", "nm")
    if target is not None:
        numbers["cathode.coating_thickness"] = ModelParameter(target, "declared", "the coating's target thickness")
    return None


def _add_ageing(context: Context, library: Library, numbers: dict[str, ModelParameter]) -> None:
    """What is known of ageing: of one oxide, bare or with the reference's coating. Of others it must be declared."""
    key = library[context.text("cam")].key
    rows = load_known()["ageing"].get(_ALIKE.get(key, key))
    if rows is None:
        return
    if context.sample is not None and context.sample.coating:
        if read_coating(context.sample.coating, context.where).precursor != load_known()["coated"]["precursor"]:
            return
        rows = {**rows, **load_known()["coated"]["ageing"]}
    _add_rows(rows, "ageing", numbers, "known.toml")


def _require_coating_thickness(context: Context, numbers: Mapping[str, ModelParameter]) -> None:
    if context.sample is None or not context.sample.coating or "cathode.coating_thickness" in numbers:
        return
    raise NotAssessable(
        "the coating's thickness is not known, and the cell model needs it",
        where=context.where,
        do=f'add coating_thickness = "... nm" under [model.sample.{context.sample.name}.cathode]',
    )


def check_model(
    model: Mapping[str, Any], samples: Mapping[str, Any], known: Mapping[str, ParameterSpec] = NAMES
) -> None:
    """Check model.

    Parameters
    ----------
    model : Mapping[str, Any]
        The study's [model] table.
    samples : Mapping[str, Any]
    known : Mapping[str, ParameterSpec], optional

    Raises
    ------
    NacreError
        Where the study's [model] table names a parameter (not among `known`), part or sample nobody knows, or a
        value cannot be read.
    """
    for name, layer in model.get("sample", {}).items():
        if name not in samples:
            raise unknown("sample", name, samples, "[model.sample]")
        _read_layer(f"[model.sample.{name}]", layer, known)
    _read_layer("[model]", model, known)


def _read_layer(place: str, layer: Mapping[str, Any], known: Mapping[str, ParameterSpec]) -> None:
    _check_parts(place, layer)
    _overlay_layer((place, {name: layer[name] for name in PARTS if name in layer}), {}, {}, known)


def _collect_layers(model: Mapping[str, Any], context: Context):
    """The [model] table, then that of the sample."""
    sample = context.sample.name if context.sample else ""
    for place, layer in (("[model]", model), (f"[model.sample.{sample}]", model.get("sample", {}).get(sample, {}))):
        _check_parts(place, layer)
        yield place, {name: layer[name] for name in PARTS if name in layer}


def _check_parts(place: str, layer: Mapping[str, Any]) -> None:
    """Other tables of [model] belong to others; one spelt nearly like a part is a mistake."""
    for name in layer:
        near = did_you_mean(name, PARTS)
        if name not in (*PARTS, "sample") and near.startswith("did"):
            raise NacreError(f"unknown part '{name}'", where=f"study.toml {place}", do=near)


def _overlay_layer(layer, numbers, potentials, known: Mapping[str, ParameterSpec]) -> None:
    place, parts = layer
    where = f"study.toml {place}"
    for part, rows in parts.items():
        for name, row in rows.items():
            if name == "potential":
                potentials[part] = read_potential({"status": "declared", "source": where, **row}, f"{where} {part}")
                continue
            row = row if isinstance(row, Mapping) else {"value": row}
            full = {"status": "declared", "source": where, **row}
            key = f"{part}.{name}"
            numbers[key] = read_number(key, full.get("value", ""), full["status"], full["source"], where, known)
