"""`nacre sheet`: the bench sheet of a study, from its recipe: what to weigh, dose, anneal and press, and the currents.

One structure (`Sheet`) is printed as text and as HTML; the protocol goes to a csv step table and to PyBaMM text.
"""

import math
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from nacre.cell.protocol import (
    ProtocolLoop,
    ProtocolStep,
    bind_to_cell,
    parse_protocol,
    unroll_steps,
    write_pybamm_experiment,
    write_step_table,
)
from nacre.cell.recipe.coating import read_coating
from nacre.cell.recipe.dosing import Dose, compute_dose, predict_analysis
from nacre.cell.recipe.layers import PressedLayer, Recipe, compute_recipe
from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.files import write as write_file
from nacre.core.quantity import Quantity, derive
from nacre.core.study import Cell, Sample, Study, in_its_words
from nacre.core.study import PreparationStep as Preparation
from nacre.materials import Library, load_builtin
from nacre.physics.chemistry import film
from nacre.physics.chemistry.reactions import BalanceError, balance_reaction
from nacre.pipeline.coating_scheme import pretty, scheme

Row = tuple[str, str, str]


@dataclass(frozen=True)
class Section:
    """A table of (what, how much, remark); `steps` are numbered lines; `pre` is text as it stands."""

    title: str
    rows: tuple[Row, ...] = ()
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pre: str = ""
    svg: str = ""


@dataclass(frozen=True)
class Sheet:
    """The bench sheet: sections, and the files of each kind of cell: name -> (step table, PyBaMM text)."""

    title: str
    sections: tuple[Section, ...]
    protocols: dict[str, tuple[str, str]]


@in_its_words
def make(study: Study) -> Sheet:
    """The bench sheet of a study. What cannot be computed is named as missing; the rest stands."""
    library = load_builtin().adding(study.materials) if study.materials else load_builtin()
    sections: list[Section] = []
    for sample in study.samples.values():
        if sample.coating:
            sections.append(_coating(study, sample, library))
    protocols: dict[str, tuple[str, str]] = {}
    for name, context, count in _kinds(study):
        try:
            cell = compute_recipe(context, library)
        except NacreError as error:
            sections.append(Section(f"Cell {name}", notes=(f"cannot be computed: {error}",)))
            continue
        sections += [_weigh(name, cell, count), _press(name, cell, context), _numbers(name, cell)]
        made = _currents(name, cell, context, study)
        sections.append(made[0])
        if made[1]:
            protocols[name] = (write_step_table(made[1]), write_pybamm_experiment(made[1]))
    return Sheet(study.title, tuple(section for section in sections if section), protocols)


def _kinds(study: Study) -> list[tuple[str, Context, int]]:
    """(name, context, number of cells) of each kind of cell: cells that are built the same count as one."""
    found: dict[str, tuple[str, Context, int]] = {}
    cells = list(study.cells.values()) or [Cell("", name) for name in study.samples]
    for cell in cells:
        sample = study.samples[cell.sample]
        built = {k: v for k, v in sample.inputs.items() if k in ("cam", "theoretical_capacity")}
        key = str(sorted({**built, **cell.inputs}.items(), key=str))
        context = Context(study.name, sample, cell if cell.name else None, inputs=study.inputs)
        name, first, count = found.get(key, ("", context, 0))
        found[key] = (", ".join(filter(None, (name, cell.name or sample.title))), first, count + 1)
    return list(found.values())


# --- coating ------------------------------------------------------------------------------------------------


def _coating(study: Study, sample: Sample, library: Library) -> Section:
    title = f"Coating: {sample.title}"
    context = Context(study.name, sample, inputs=study.inputs)
    steps = tuple(step_words(step) for step in sample.steps)
    try:
        coating = read_coating(sample.coating, f"sample '{sample.name}'")
        given = compute_dose(coating, context, library)
    except NacreError as error:
        return Section(title, steps=steps, notes=(f"cannot be computed: {error}",))
    rows = [
        ("weigh powder", str(given.powder), context.text("cam")),
        ("oxide to put on it", str(given.oxide), pretty(coating.precursor)),
    ]
    if given.volume is not None:
        assay = coating.find("dispersion", "mg/mL") or coating.find("solids", "mg/mL")
        rows.append(("pipette dispersion", str(given.volume), f"of {assay}"))
    if given.lithium is not None:
        source = pretty(coating.lithium_source)
        rows.append((f"{source} that converts all of it", str(given.lithium), "as residual lithium on the powder"))
    return Section(
        title,
        (*rows, *_after(given), *_film(given, context, library)),
        steps,
        (*given.words, *_reaction(given)),
        svg=scheme(sample, coating),
    )


def _after(given: Dose) -> list[Row]:
    """What analysis should find: at the declared conversion, else from none to all converted."""
    coating = given.coating
    declared = coating.find("conversion", "1")
    ends = [declared.value] if declared is not None else ([0.0, 1.0] if coating.product else [0.0])
    found = [predict_analysis(given, x) for x in ends]
    remark = f"{100 * ends[0]:g} % converted" if len(ends) == 1 else "none to all of it converted"

    def span(pick) -> str:
        return " to ".join(dict.fromkeys(f"{pick(e).value:.4g}" for e in found)) + " wt%"

    return [
        (f"{coating.metal} content to find", span(lambda e: e.metal), remark),
        ("coating content to find", span(lambda e: e.coating), remark),
    ]


def _film(given: Dose, context: Context, library: Library) -> list[Row]:
    """Mean thickness as a band: from none to all converted, over the declared surface, dense or as packed."""
    coating = given.coating
    area = context.find("surface_area", "m2/kg")
    diameter, density = context.find("particle_diameter", "m"), _density(context.text("cam"), library)
    basis = "on the declared surface"
    if area is None and diameter is not None and density is not None:
        area = derive(film.sphere_area, diameter, density, unit="m2/kg")
        basis = f"on smooth spheres of {context.find('particle_diameter', 'um')}: rougher powder bears a thinner film"
    found = [_density(phase, library) for phase in (coating.precursor, coating.product) if phase]
    densities = [quantity.value for quantity in found if quantity is not None]
    if area is None or len(densities) < len(found):
        lacks = "surface_area or particle_diameter" if area is None else "the density of a phase"
        return [("mean thickness of the film", "not known", f"for want of {lacks}")]
    packing, coverage = (coating.find(name, "1") for name in ("packing", "coverage"))
    parts = [q.value if q is not None else 1.0 for q in (packing, coverage)]
    ends = []
    for conversion in (0.0, 1.0) if coating.product else (0.0,):
        after = predict_analysis(given, conversion)
        contents = [after.oxide.to("1").value, after.product.to("1").value][: len(densities)]
        volume = film.compute_coating_volume(contents, densities) / (1 - after.coating.to("1").value)
        ends.append(film.compute_film_thickness(volume, area.value, *parts) * 1e9)
    said = [name for name, q in (("dense", packing), ("on all of it", coverage)) if q is None]
    remark = ", ".join([basis, *said])
    return [("mean thickness of the film", " to ".join(f"{nm:.3g}" for nm in sorted(ends)) + " nm", remark)]


def _density(material: str, library: Library) -> Quantity | None:
    """Density, kg/m3, or None where nobody knows it."""
    try:
        value = library[material].density.value if material else None
    except NacreError:
        return None
    return value and value.to("kg/m3")


def _reaction(given: Dose) -> list[str]:
    coating = given.coating
    if not (coating.product and coating.lithium_source):
        return []
    gas = [name for element, name in (("C", "CO2"), ("H", "H2O")) if element in coating.lithium_source]
    try:
        reaction = balance_reaction([coating.precursor, coating.lithium_source], [coating.product, *gas])
    except BalanceError as error:
        return [str(error)]
    return [f"annealing: {pretty(str(reaction))}"]


def step_words(step: Preparation) -> str:
    """A step of preparation in words: `annealing (temperature 700 degC, time 2 h, gas oxygen)`."""
    said = ", ".join(f"{name} {value}" for name, value in step.conditions.items())
    return f"{step.do} ({said})" if said else step.do


# --- cell ---------------------------------------------------------------------------------------------------


def _weigh(name: str, cell: Recipe, count: int) -> Section:
    rows = []
    for layer in cell.layers.values():
        rows.append((layer.name, str(layer.mass), f"per cell; {_times(layer.mass, count)} for {count}"))
        if len(layer.components) > 1:
            rows += [
                (f"  {c.material or c.role}", f"{100 * c.fraction.value:g} wt%", f"{c.mass} per cell")
                for c in layer.components
            ]
    return Section(f"Weigh: {name}", tuple(rows))


def _times(mass: Quantity, count: int) -> str:
    return str(derive(lambda m: m * count, mass, unit=mass.unit))


def _press(name: str, cell: Recipe, context: Context) -> Section:
    rows = [("die", str(derive(lambda a: 20 * math.sqrt(a / math.pi), cell.area, unit="mm")), f"area {cell.area}")]
    for key, label in (("pressing_pressure", "press"), ("pressure", "during the test")):
        pressure = context.find(key, "MPa")
        if pressure is not None:
            force = derive(lambda p, a: p * a / 10, pressure, cell.area, unit="kN")
            rows.append((label, str(pressure), f"a force of {force}"))
    temperature = context.find("temperature", "degC")
    if temperature is not None:
        rows.append(("temperature of the test", str(temperature), ""))
    return Section(f"Press: {name}", tuple(rows))


def _numbers(name: str, cell: Recipe) -> Section:
    rows: list[Row] = [("loading", str(cell.loading), "active material per area")]
    if cell.areal_capacity is not None:
        rows.append(("areal capacity", str(cell.areal_capacity), "theoretical"))
    if cell.n_over_p is not None:
        rows.append(("N/P", str(cell.n_over_p), "theoretical capacities"))
    rows += [_layer_row(layer) for layer in cell.layers.values()]
    return Section(f"What it makes: {name}", tuple(rows), notes=tuple(f"not known: {v}" for v in cell.unknown.values()))


def _layer_row(layer: PressedLayer) -> Row:
    if layer.solid_thickness is None:
        return (f"{layer.name} thickness", "not known", f"for want of {layer.unknown}")
    parts = ", ".join(
        f"{100 * c.volume_fraction.value:.3g} vol% {c.material}" for c in layer.components if c.volume_fraction
    )
    if layer.thickness is None:
        return (f"{layer.name} thickness", f"at least {layer.solid_thickness}", f"without pores; {parts} of the solids")
    pores = f"{100 * layer.porosity.value:.3g} % pores" if layer.porosity else "porosity unknown"
    return (f"{layer.name} thickness", str(layer.thickness), f"{pores}; {parts} of the solids")


def _currents(
    name: str, cell: Recipe, context: Context, study: Study
) -> tuple[Section, tuple[ProtocolStep | ProtocolLoop, ...]]:
    title = f"Currents: {name}"
    text = context.text("protocol")
    rates = {s.rate.value for m in study.measurements for s in m.segments if s.rate is not None}
    try:
        steps = bind_to_cell(parse_protocol(text), cell) if text else ()
        if cell.one_c is not None:
            one_c = cell.one_c.to("A").value
            rates |= {float(f"{abs(s.current) / one_c:.9g}") for s in unroll_steps(steps) if s.current is not None}
        rows = tuple(_current_row(rate, cell) for rate in sorted(rates))
    except NacreError as error:
        return Section(title, notes=(f"cannot be computed: {error}",)), ()
    notes = () if text else ('no protocol is declared: protocol = "charge at 0.1C to 2.75 V; ..." under [cell]',)
    return Section(title, rows, notes=notes, pre=text.strip()), steps


def _current_row(rate: float, cell: Recipe) -> Row:
    current = cell.current(rate)
    density = derive(lambda i, a: i / a, current, cell.area, unit="mA/cm2")
    return (f"{rate:g}C", str(current), str(density))


# --- print --------------------------------------------------------------------------------------------------


def as_text(sheet: Sheet) -> str:
    """The sheet as plain text, 100 columns at most where its words allow."""
    lines = [sheet.title, "=" * len(sheet.title)]
    for section in sheet.sections:
        lines += ["", section.title, "-" * len(section.title)]
        lines += [f"{what:<34} {much:<24} {remark}".rstrip() for what, much, remark in section.rows]
        lines += [f"{k}. {step}" for k, step in enumerate(section.steps, 1)]
        lines += [f"* {note}" for note in section.notes]
        if section.pre:
            lines += ["", *("    " + line for line in section.pre.splitlines())]
    return "\n".join(lines) + "\n"


def as_html(sheet: Sheet) -> str:
    """The sheet as one printable HTML page."""
    from jinja2 import Environment
    from markupsafe import Markup

    text = files("nacre.pipeline").joinpath("bench_sheet.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)
    sections = [replace(section, svg=Markup(section.svg)) for section in sheet.sections]
    return template.render(title=sheet.title, sections=sections)


def write(sheet: Sheet, folder: Path) -> list[Path]:
    """Writes sheet.html, sheet.txt and, per kind of cell, the step table and the PyBaMM text; returns their paths."""
    texts = {"sheet.html": as_html(sheet), "sheet.txt": as_text(sheet)}
    for number, (table, experiment) in enumerate(sheet.protocols.values(), 1):
        tail = f"-{number}" if len(sheet.protocols) > 1 else ""
        texts[f"protocol{tail}.csv"] = table
        texts[f"protocol{tail}_pybamm.py"] = experiment
    for name, text in texts.items():
        write_file(folder / name, text)
    return [folder / name for name in texts]
