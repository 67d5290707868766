"""A series of patterns (operando, temperature, a set of samples): one refinement each, starts handed on.

Patterns are taken in their order; each starts from the last that converged, which is checked like any other. One that
fails is named and left out, and the next starts from the last good one. Cells and quality stand in one table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.core.signal import Signal
from nacre.techniques.diffraction import rietveld, rietx_engine
from nacre.techniques.diffraction.options import RietveldOptions
from nacre.techniques.diffraction.problem_setup import make_problem
from nacre.techniques.diffraction.rietx_problem import RefinementFit, RefinementProblem

NAMES = ("lattice_a", "lattice_b", "lattice_c", "cell_volume", "oxygen_z", "ni_li")


@dataclass(frozen=True)
class SeriesPattern:
    """One pattern of the series: what it gave, or why not."""

    name: str
    entries: tuple[Entry, ...] = ()
    rwp: float = float("nan")
    gof: float = float("nan")
    error: str = ""


def analyse(inputs: Mapping[str, Any], context: Context, options: RietveldOptions) -> list[Result]:
    """The lattice table. inputs: signal, a list of patterns in order; standard. Raises where none can be fitted."""
    signals: list[Signal] = inputs["signal"] if isinstance(inputs["signal"], list) else [inputs["signal"]]
    rest = {name: item for name, item in inputs.items() if name != "signal"}
    context = rietveld.select_context(context)
    members: list[SeriesPattern] = []
    before: RefinementFit | None = None
    for i, signal in enumerate(signals):
        try:
            before = _refine_one(signal, before, context, options, rest)
            members.append(_make_pattern(signal, before, options, i))
        except NacreError as error:
            members.append(SeriesPattern(signal.name, error=str(error)))
    good = [i for i, member in enumerate(members) if not member.error]
    if not good:
        raise NotAssessable("no pattern of the series could be refined", where=context.where, found=members[0].error)
    return [_make_result(members, good, context)]


def _refine_one(signal: Signal, before: RefinementFit | None, context, options, rest) -> RefinementFit:
    problem = make_problem(signal, context, options, rest)
    if before is not None:
        problem = continue_from(problem, before)
    return rietveld.require_good_fit(rietx_engine.refine(problem), signal)


def continue_from(problem: RefinementProblem, before: RefinementFit) -> RefinementProblem:
    """The problem, started from another fit's answer: structures, machine, scales and widths."""
    ends = ("scale", "lor_size", "lor_strain", "r")
    starts = {path: before.values[path] for path in before.free if path.rpartition(".")[2] in ends}
    machine = problem.machine if problem.machine.known else replace(before.machine, mu_r=problem.machine.mu_r)
    return replace(problem, crystals=before.crystals, machine=machine, starts=starts)


def _make_pattern(signal: Signal, fit: RefinementFit, options: RietveldOptions, i: int) -> SeriesPattern:
    found = rietveld.report_main_phase(fit, rietveld.choose_esd_factor(fit, options), f"series:{i}:{signal.where}")
    entries = tuple(Entry(e.name, e.quantity, {"pattern": i + 1}) for e in found if e.name in NAMES)
    return SeriesPattern(signal.name, entries, 100 * fit.statistics["rwp"], fit.statistics["gof"])


def _make_result(members: list[SeriesPattern], good: list[int], context: Context) -> Result:
    subject = Subject(context.sample.name if context.sample else "")
    checks = [
        Check("warn", f"pattern {i + 1}, {member.name}, could not be refined: {member.error}")
        for i, member in enumerate(members)
        if member.error
    ]
    if not checks:
        checks = [Check("pass", f"all {len(members)} patterns were refined")]
    return Result(
        "pattern_series",
        context.analysis,
        subject,
        entries=tuple(entry for member in members for entry in member.entries),
        curves=(_tabulate_series(members, good),),
        figures=(_draw_series(members, good, subject.sample),),
        checks=tuple(checks),
        citations=rietveld.TECHNIQUE.citations,
        methods=f"{len(members)} patterns were refined in order, each started from the last that converged.",
    )


def _tabulate_series(members: list[SeriesPattern], good: list[int]) -> Curve:
    columns: dict[str, tuple[np.ndarray, str]] = {
        "pattern": (np.array([i + 1 for i in good]), "1"),
        "file": (np.array([members[i].name for i in good]), "1"),
    }
    for entry in members[good[0]].entries:
        same = [next(e.quantity for e in members[i].entries if e.name == entry.name) for i in good]
        columns[entry.name] = (np.array([q.value for q in same]), entry.quantity.unit)
        columns[f"{entry.name}_std"] = (np.array([q.std for q in same]), entry.quantity.unit)
    for name in ("rwp", "gof"):
        columns[name] = (np.array([getattr(members[i], name) for i in good]), "%" if name == "rwp" else "1")
    return Curve("lattice table", columns)


def _draw_series(members: list[SeriesPattern], good: list[int], subject: str) -> Figure:
    panels = []
    for name, label in (("lattice_a", "a"), ("lattice_c", "c"), ("cell_volume", "cell volume")):
        found = [(i + 1, e.quantity) for i in good for e in members[i].entries if e.name == name]
        if found:
            x, y = np.array([i for i, _ in found], float), np.array([q.value for _, q in found])
            half = np.array([1.96 * (q.std or 0.0) for _, q in found])
            drawn = Series("points", x, y, label, subject, lo=y - half, hi=y + half)
            panels.append(Panel(Axis("pattern"), Axis(label, found[0][1].unit), (drawn,)))
    return Figure(f"series-{subject}", "Cell through the series", tuple(panels), "Refined cell of each pattern.")


TECHNIQUE = Technique(
    "pattern_series",
    "Series of patterns",
    ("diffraction",),
    analyse,
    RietveldOptions,
    asked=True,
    vocabulary={**rietveld.VOCABULARY, "state": {"pattern": {"unit": "1", "words": "number in the series"}}},
    citations=rietveld.TECHNIQUE.citations,
)
