"""`nacre simulate`: a protocol on the cells of a study, or on one cell.toml, and what the techniques see in it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nacre.cell import cell_toml
from nacre.cell.ageing.plugins import find_study_above, load_mechanisms
from nacre.cell.parameters import CellParameters
from nacre.cell.recipe.build import build_cell
from nacre.cell.simulate import Simulation, SimulationSettings, simulate_protocol
from nacre.core import registry
from nacre.core.context import Context
from nacre.core.errors import NacreError, unknown
from nacre.core.outcome import Failure, Outcome
from nacre.core.quantity import Quantity
from nacre.core.result import Result, Subject
from nacre.core.signal import Signal
from nacre.core.study import Cell, Sample, Study, in_its_words
from nacre.materials import load_builtin
from nacre.pipeline.loading.load import load
from nacre.pipeline.modelling.simulation_result import marked, result_of
from nacre.virtual.cycling.cell_cycler import record_cell_cycling

TECHNIQUES = ("cycling", "rate", "dqdv")


@dataclass(frozen=True, eq=False)
class Subjects:
    """What to simulate: a study to report under, its folder for results, cells and the protocol's text by name."""

    study: Study
    folder: Path
    cells: dict[str, tuple[CellParameters, str]]


def find(path: Path, samples: list[str], protocol: str, needs_protocol: bool = True) -> Subjects:
    """The cells of a study (one per sample, or those named), or that of a cell.toml.

    protocol : text, the name of a file that holds it, or "" for the study's own. Raises NacreError where there is none
    and one is needed.
    """
    path = Path(path)
    text = protocol_text(protocol)
    some = _some if needs_protocol else _any_protocol
    if path.is_file() and path.name != "study.toml":
        parameters = cell_toml.load(path, load_mechanisms(find_study_above(path)))
        if samples and samples != [parameters.name]:
            raise unknown("sample", samples[0], [parameters.name], str(path))
        title = f"Predicted by a cell model, not measured: {parameters.name}"
        study = Study(parameters.name, path.parent.resolve(), title, samples={parameters.name: Sample(parameters.name)})
        return Subjects(study, path.parent / "simulation", {parameters.name: (parameters, some(text, str(path)))})
    study = load(path)
    library = load_builtin().adding(study.materials) if study.materials else load_builtin()
    mechanisms = load_mechanisms(study.folder)
    for name in samples:
        if name not in study.samples:
            raise unknown("sample", name, study.samples, "--sample")
    cells = {}
    for name in samples or study.samples:
        cell = next((c for c in study.cells.values() if c.sample == name), None)
        context = Context(study.name, study.samples[name], cell, inputs=study.inputs)
        parameters = replace(build_cell(context, study.extra.get("model"), library, mechanisms), name=name)
        cells[name] = parameters, some(text or context.text("protocol"), study.name)
    # published values stay out: some numbers of the model were fitted to them, and agreement would prove nothing
    title = f"Predicted by a cell model, not measured: {study.title}"
    bare = replace(study, title=title, citation="", reported=(), contrasts=(), measurements=(), analyses=())
    return Subjects(bare, study.folder / "results" / "simulation", cells)


def protocol_text(protocol: str) -> str:
    """The text itself, or that of the file it names."""
    if "\n" in protocol or len(protocol) > 200 or " " in protocol.strip():
        return protocol
    file = Path(protocol)
    if protocol and file.is_file():
        return file.read_text(encoding="utf-8")
    if protocol and file.suffix:
        raise NacreError("no such protocol file", where=str(file))
    return protocol


def _any_protocol(text: str, _where: str) -> str:
    return text


def _some(text: str, where: str) -> str:
    if not text.strip():
        expected = '--protocol "charge at 0.1C to 2.75 V; discharge at 0.1C to 1.35 V"'
        raise NacreError("no protocol is given", where=where, expected=expected)
    return text


@in_its_words
def simulate(
    subjects: Subjects,
    settings: SimulationSettings | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> tuple[Outcome, dict[str, Simulation]]:
    """Run every cell and analyse what it gave; a cell that cannot be run is a failure, the others go on."""
    results: list[Result] = []
    failures: list[Failure] = []
    made: dict[str, Simulation] = {}
    for name, (parameters, protocol) in subjects.cells.items():
        try:
            made[name] = simulate_protocol(parameters, protocol, settings, progress=partial(progress, name))
        except NacreError as error:
            failures.append(Failure(f"simulation of {name}", str(error), name))
            continue
        results += [result_of(name, made[name]), *_analysed(subjects.study, name, made[name], failures)]
    return Outcome(subjects.study, tuple(results), failures=tuple(failures)), made


def write_cells(made: dict[str, Simulation], folder: Path, seed: int = 0) -> list[Path]:
    """cell.toml and the virtual MACCOR file of every cell simulated."""
    write = registry.readers()["maccor"].write
    if write is None:
        raise NacreError("the MACCOR reader has no writer", do="take out the plugin of that name")
    written = []
    for name, simulation in made.items():
        written.append(cell_toml.save(simulation.parameters, folder / f"{name}_cell.toml"))
        path = folder / f"{name}_virtual_maccor.txt"
        write(record_cell_cycling(simulation.signal, seed), path)
        written.append(path)
    return written


# --- what the techniques see -------------------------------------------------------------------------------


def context_of(study: Study, name: str, p: CellParameters) -> Context:
    """The declared inputs of a cell model, as a technique asks for them."""
    units = {"cam_mass": "mg", "area": "cm2", "one_c": "mA/g", "lower_voltage": "V", "upper_voltage": "V"}
    inputs: dict[str, Any] = {key: Quantity(p.value(f"cell.{key}", unit), unit, 0.0) for key, unit in units.items()}
    inputs["counter_potential"] = Quantity(float(p.potentials["anode"].curve(0.5)), "V", 0.0)
    return Context(study.name, study.samples[name], Cell(name, name, inputs))


def _analysed(study: Study, name: str, simulation: Simulation, failures: list[Failure]) -> list[Result]:
    found: list[Result] = []
    context = context_of(study, name, simulation.parameters)
    signal = _lasting(simulation)
    for key in TECHNIQUES if signal is not None else ():
        technique = registry.technique(key)
        try:
            results = technique.analyse({"signal": signal}, context, technique.options())
        except NacreError as error:
            failures.append(Failure(f"{key} of the simulation of {name}", str(error), name))
            continue
        found += [predicted(replace(r, analysis=f"{key}:{name}"), name) for r in results]
    return found


def _lasting(simulation: Simulation) -> Signal | None:
    """The record without steps that ended at once: they hold one instant and no charge. None where nothing is left."""
    lasting = [r.number for r in simulation.steps if r.seconds > 0]
    keep = np.isin(simulation.signal["step_count"].values, lasting)
    if not keep.any():
        return None
    variables = {n: replace(v, values=v.values[keep]) for n, v in simulation.signal.variables.items()}
    return replace(simulation.signal, variables=variables)


def predicted(result: Result, name: str) -> Result:
    """The same result, marked wherever it is shown."""
    entries = tuple(replace(e, quantity=e.quantity.marked(origin="predicted")) for e in result.entries)
    figures = tuple(marked(figure) for figure in result.figures)
    return replace(result, subject=Subject(name, name), entries=entries, figures=figures, origin="predicted")
