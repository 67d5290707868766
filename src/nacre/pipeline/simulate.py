"""`nacre simulate`: a protocol on the cells of a study, or on one cell.toml, and what the techniques see in it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nacre.cell import cell_toml
from nacre.cell.build import from_recipe
from nacre.cell.parameters import CellParameters
from nacre.cell.simulate import Settings, Simulation, run
from nacre.core import registry
from nacre.core.context import Context
from nacre.core.errors import NacreError, unknown
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.outcome import Failure, Outcome
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Result, Subject
from nacre.core.study import Cell, Sample, Study
from nacre.materials import builtin
from nacre.pipeline.load import load
from nacre.virtual.cell_cycler import record

TECHNIQUES = ("cycling", "rate", "dqdv")
NOT_AGEING = Check("info", "the model does not age here: cycles differ by their history only", "")


@dataclass(frozen=True, eq=False)
class Subjects:
    """What to simulate: a study to report under, its folder for results, cells and the protocol's text by name."""

    study: Study
    folder: Path
    cells: dict[str, tuple[CellParameters, str]]


def find(path: Path, samples: list[str], protocol: str) -> Subjects:
    """The cells of a study (one per sample, or those named), or that of a cell.toml.

    protocol : text, the name of a file that holds it, or "" for the study's own. Raises NacreError where there is none.
    """
    path = Path(path)
    text = protocol_text(protocol)
    if path.is_file() and path.name != "study.toml":
        parameters = cell_toml.load(path)
        if samples and samples != [parameters.name]:
            raise unknown("sample", samples[0], [parameters.name], str(path))
        study = Study(parameters.name, path.parent.resolve(), samples={parameters.name: Sample(parameters.name)})
        return Subjects(study, path.parent / "simulation", {parameters.name: (parameters, _some(text, str(path)))})
    study = load(path)
    library = builtin().adding(study.materials) if study.materials else builtin()
    for name in samples:
        if name not in study.samples:
            raise unknown("sample", name, study.samples, "--sample")
    cells = {}
    for name in samples or study.samples:
        cell = next((c for c in study.cells.values() if c.sample == name), None)
        context = Context(study.name, study.samples[name], cell, inputs=study.inputs)
        parameters = replace(from_recipe(context, study.extra.get("model"), library), name=name)
        cells[name] = parameters, _some(text or context.text("protocol"), study.name)
    return Subjects(study, study.folder / "results" / "simulation", cells)


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


def _some(text: str, where: str) -> str:
    if not text.strip():
        expected = '--protocol "charge at 0.1C to 2.75 V; discharge at 0.1C to 1.35 V"'
        raise NacreError("no protocol is given", where=where, expected=expected)
    return text


def simulate(
    subjects: Subjects, settings: Settings | None = None, progress: Callable[[str, int, int], None] = lambda *_: None
) -> tuple[Outcome, dict[str, Simulation]]:
    """Run every cell and analyse what it gave; a cell that cannot be run is a failure, the others go on."""
    results: list[Result] = []
    failures: list[Failure] = []
    made: dict[str, Simulation] = {}
    for name, (parameters, protocol) in subjects.cells.items():
        try:
            made[name] = run(parameters, protocol, settings, progress=lambda a, b, n=name: progress(n, a, b))
        except NacreError as error:
            failures.append(Failure(f"simulation of {name}", str(error), name))
            continue
        results += [_result(name, made[name]), *_analysed(name, made[name], failures)]
    return Outcome(subjects.study, tuple(results), failures=tuple(failures)), made


def write_cells(made: dict[str, Simulation], folder: Path, seed: int = 0) -> list[Path]:
    """cell.toml and the virtual MACCOR file of every cell simulated."""
    maccor, written = registry.readers()["maccor"], []
    for name, simulation in made.items():
        written.append(cell_toml.save(simulation.parameters, folder / f"{name}_cell.toml"))
        path = folder / f"{name}_virtual_maccor.txt"
        maccor.write(record(simulation.signal, seed), path)
        written.append(path)
    return written


# --- what the techniques see -------------------------------------------------------------------------------


def context_of(name: str, p: CellParameters) -> Context:
    """The declared inputs of a cell model, as a technique asks for them."""
    units = {"cam_mass": "mg", "area": "cm2", "one_c": "mA/g", "lower_voltage": "V", "upper_voltage": "V"}
    inputs: dict[str, Any] = {key: Quantity(p.value(f"cell.{key}", unit), unit, 0.0) for key, unit in units.items()}
    inputs["counter_potential"] = Quantity(float(p.potentials["anode"].curve(0.5)), "V", 0.0)
    return Context(name, Sample(name), Cell(name, name), inputs=inputs)


def _analysed(name: str, simulation: Simulation, failures: list[Failure]) -> list[Result]:
    found = []
    context = context_of(name, simulation.parameters)
    for key in TECHNIQUES:
        technique = registry.technique(key)
        try:
            results = technique.analyse({"signal": simulation.signal}, context, technique.options())
        except NacreError as error:
            failures.append(Failure(f"{key} of the simulation of {name}", str(error), name))
            continue
        found += [_predicted(replace(r, analysis=f"{key}:{name}"), name) for r in results]
    return found


def _predicted(result: Result, name: str) -> Result:
    """The same result, marked wherever it is shown."""
    entries = tuple(replace(e, quantity=e.quantity.marked(origin="predicted")) for e in result.entries)
    figures = tuple(_marked(figure) for figure in result.figures)
    return replace(result, subject=Subject(name, name), entries=entries, figures=figures, origin="predicted")


def _marked(figure: Figure) -> Figure:
    panels = tuple(replace(p, title=f"{p.title} (predicted)" if p.title else "predicted") for p in figure.panels)
    caption = f"{figure.caption} Predicted by the cell model, not measured.".strip()
    return replace(figure, title=f"{figure.title}, predicted", panels=panels, caption=caption, place="")


# --- the simulation itself -----------------------------------------------------------------------------------


def _result(name: str, s: Simulation) -> Result:
    status = "pass" if s.complete else "warn"
    cycles = len({step.cycle for step in s.steps})
    checks = (Check(status, s.words), *s.checks, *((NOT_AGEING,) if cycles > 10 else ()))
    numbers = s.parameters.numbers.values()
    weak = sum(n.status == "assumed" for n in numbers), sum(n.status == "fitted" for n in numbers)
    trust = Check("info", f"of {len(numbers)} numbers of the cell model {weak[0]} are assumed and {weak[1]} fitted")
    return Result(
        "simulation",
        f"simulation:{name}",
        Subject(name, name),
        curves=(_record(s), _steps(s), _fields(s), _numbers(s)),
        figures=(_marked(_profile(name, s)), *(_marked(f) for f in _field_figures(name, s))),
        checks=(*checks, trust),
        citations=("M. Doyle, T. F. Fuller, J. Newman, J. Electrochem. Soc. 1993, 140, 1526-1533.",),
        methods="The cell was simulated with a single-ion pseudo-two-dimensional porous-electrode model.",
        origin="predicted",
    )


def _record(s: Simulation) -> Curve:
    return Curve("record", {name: (v.values, v.unit) for name, v in s.signal.variables.items()})


def _steps(s: Simulation) -> Curve:
    mass = s.parameters.value("cell.cam_mass", "g")
    rows = s.steps
    return Curve(
        "steps",
        {
            "step": (np.array([r.number for r in rows]), "1"),
            "cycle": (np.array([r.cycle for r in rows]), "1"),
            "do": (np.array([r.step.text or r.step.kind for r in rows]), "1"),
            "ended": (np.array([r.outcome.words for r in rows]), "1"),
            "duration": (np.array([r.seconds / 3600 for r in rows]), "h"),
            "capacity": (np.array([1e3 * r.charge / mass for r in rows]), "mAh/g"),
            "energy": (np.array([1e3 * r.energy / mass for r in rows]), "mWh/g"),
            "first_voltage": (np.array([r.first_voltage for r in rows]), "V"),
            "last_voltage": (np.array([r.last_voltage for r in rows]), "V"),
        },
    )


_FIELD_UNITS = {"depth": "um", "reaction": "A/cm3", "electrolyte": "mV", "mean": "1", "surface": "1"}


def _fields(s: Simulation) -> Curve:
    def column(take):
        return np.concatenate([np.asarray(take(d)) for d in s.fields]) if s.fields else np.empty(0)

    who = {
        "step": (column(lambda d: np.full(d.depth.size, d.step)), "1"),
        "time": (column(lambda d: np.full(d.depth.size, d.seconds / 3600)), "h"),
        "electrode": (column(lambda d: np.full(d.depth.size, d.part)).astype(str), "1"),
    }
    return Curve("fields", who | {n: (column(lambda d, n=n: getattr(d, n)), u) for n, u in _FIELD_UNITS.items()})


def _numbers(s: Simulation) -> Curve:
    rows = s.parameters.numbers
    return Curve(
        "parameters",
        {
            "name": (np.array(list(rows)), "1"),
            "value": (np.array([p.quantity.value for p in rows.values()]), "1"),
            "unit": (np.array([p.quantity.unit for p in rows.values()]), "1"),
            "status": (np.array([p.status for p in rows.values()]), "1"),
            "source": (np.array([p.source for p in rows.values()]), "1"),
        },
    )


def _profile(name: str, s: Simulation) -> Figure:
    hours, volts = s.signal.array("test_time_second", "h"), s.signal.array("voltage_volt", "V")
    amps = s.signal.array("current_ampere", "mA")
    panels = tuple(
        Panel(Axis("Time", "h"), Axis(label, unit), (Series("line", hours, y, subject=name),))
        for label, unit, y in (("Cell voltage", "V", volts), ("Current", "mA", amps))
    )
    return Figure("simulation-record", "Voltage and current", panels, "Positive current charges the cell.")


def _field_figures(name: str, s: Simulation) -> list[Figure]:
    found = []
    for step in sorted({d.step for d in s.fields}):
        rows = [d for d in s.fields if d.step == step]
        panels = []
        for part in ("cathode", "anode"):
            mine = [d for d in rows if d.part == part]
            for label, key in (("Mean filling", "mean"), ("Reaction", "reaction")):
                series = [_line(name, d, key) for d in mine]
                axis = Axis(f"Depth in the {part}", "um")
                panels.append(Panel(axis, Axis(label, _FIELD_UNITS[key]), tuple(series), title=part))
        text = s.steps[step - 1].step.text or s.steps[step - 1].step.kind
        caption = f"Step {step}: {text}. Depth counts from the separator."
        found.append(
            Figure(f"fields-{name}-{step}", f"Fields over the depth, {name}", tuple(panels), caption, wide=True)
        )
    return found


def _line(name: str, d, key: str) -> Series:
    return Series("line", d.depth, getattr(d, key), label=f"{d.seconds / 3600:.3g} h", subject=name,
                  group=f"{d.seconds / 3600:.3g} h")  # fmt: skip
