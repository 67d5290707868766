"""Swept cells as a result: one table row per run and step, the records where kept, capacity against what was swept."""

from collections.abc import Sequence

import numpy as np

from nacre.cell.parameters import NAMES
from nacre.cell.simulate import StepRun
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.outcome import Failure, Outcome
from nacre.core.result import Check, Curve, Result, Subject
from nacre.core.study import Study, in_its_words
from nacre.pipeline.modelling.simulation_result import marked
from nacre.pipeline.modelling.sweep import Done, Swept

DRAWN_STEPS, DRAWN_LINES = 6, 12


@in_its_words
def outcome_of(study: Study, done: Sequence[Done], sweeps: Sequence[Swept]) -> Outcome:
    """The table, figures and failures of a sweep, for files and report."""
    failures = tuple(Failure(f"{d.case.words}", d.words, d.case.cell) for d in done if d.failed)
    word = "pass" if not failures else "warn"
    check = Check(word, f"{len(done) - len(failures)} of {len(done)} runs ended as the protocol asks")
    result = Result(
        "simulation",
        "sweep",
        Subject(),
        curves=(runs(done), *records(done)),
        figures=tuple(marked(figure) for figure in figures(done, sweeps)),
        checks=(check,),
        citations=("M. Doyle, T. F. Fuller, J. Newman, J. Electrochem. Soc. 1993, 140, 1526-1533.",),
        methods="Cells were simulated with a single-ion pseudo-two-dimensional porous-electrode model.",
        origin="predicted",
    )
    return Outcome(study, (result,), failures=failures)


def changed(done: Sequence[Done]) -> list[str]:
    """All parameters that any run changed, in the order of NAMES."""
    found = {name for d in done for name in d.case.changes}
    return [name for name in NAMES if name in found]


def value(d: Done, name: str) -> float:
    """A parameter of a run in its own unit; NaN where no cell could be made."""
    return d.parameters.value(name) if d.parameters is not None else np.nan


def value_in(d: Done, name: str, unit: str) -> float:
    """A parameter of a run in a unit; NaN where no cell could be made."""
    return d.parameters.value(name, unit) if d.parameters is not None else np.nan


def per_gram(d: Done, step: StepRun) -> float:
    """Charge of a step, mAh per gram of active material."""
    return 1e3 * step.charge / value_in(d, "cell.cam_mass", "g")


def runs(done: Sequence[Done]) -> Curve:
    """One row per run and step, in order; a run without any step has one row, step 0."""
    rows = [(d, step) for d in done for step in (d.steps or (None,))]

    def column(of_run, of_step=None, missing=np.nan):
        if of_step is None:
            return np.array([of_run(d) for d, _ in rows])
        return np.array([of_step(d, step) if step is not None else missing for d, step in rows])

    parameters = {name: (column(lambda d, n=name: value(d, n)), NAMES[name].unit) for name in changed(done)}
    return Curve(
        "runs",
        {
            "run": (column(lambda d: d.case.number), "1"),
            "cell": (column(lambda d: d.case.cell), "1"),
            "name": (column(lambda d: d.case.name), "1"),
            **parameters,
            "step": (column(None, lambda d, s: s.number, 0), "1"),
            "cycle": (column(None, lambda d, s: s.cycle, 0), "1"),
            "kind": (column(None, lambda d, s: s.step.kind, ""), "1"),
            "do": (column(None, lambda d, s: s.step.text or s.step.kind, ""), "1"),
            "ended": (column(None, lambda d, s: s.outcome.words, ""), "1"),
            "duration": (column(None, lambda d, s: s.seconds / 3600), "h"),
            "capacity": (column(None, per_gram), "mAh/g"),
            "energy": (column(None, lambda d, s: 1e3 * s.energy / value_in(d, "cell.cam_mass", "g")), "mWh/g"),
            "first_voltage": (column(None, lambda d, s: s.first_voltage), "V"),
            "last_voltage": (column(None, lambda d, s: s.last_voltage), "V"),
            "failed": (column(lambda d: d.failed), "1"),
            "outcome": (column(lambda d: d.words), "1"),
        },
    )


_RECORD = {"test_time_second": "s", "voltage_volt": "V", "current_ampere": "A", "step_count": "1", "cycle_count": "1"}


def records(done: Sequence[Done]) -> tuple[Curve, ...]:
    """The kept records one below the other, with the number of their run; none where none was kept."""
    kept = [(d.case.number, d.simulation.signal) for d in done if d.simulation is not None]
    if not kept:
        return ()
    lengths = [len(signal["step_count"].values) for _, signal in kept]
    columns = {"run": (np.repeat([number for number, _ in kept], lengths), "1")}
    for name, unit in _RECORD.items():
        columns[name] = np.concatenate([signal[name].values for _, signal in kept]), unit
    return (Curve("records", columns),)


def last_discharge(d: Done) -> StepRun | None:
    found = [step for step in d.steps if step.step.kind == "discharge"]
    return found[-1] if found else None


def figures(done: Sequence[Done], sweeps: Sequence[Swept]) -> list[Figure]:
    """Capacity of every discharge against a single swept parameter, else of the last one against each of them."""
    if not sweeps:
        return []
    if len(sweeps) == 1:
        return [f for f in [_of_steps(done, sweeps[0])] if f]
    return [f for sweep in sweeps if (f := _of_runs(done, sweep, [s for s in sweeps if s is not sweep]))]


def _of_steps(done: Sequence[Done], sweep: Swept) -> Figure | None:
    numbers = sorted({s.number for d in done for s in d.steps if s.step.kind == "discharge"})
    series = []
    for number in numbers[:DRAWN_STEPS]:
        for who in dict.fromkeys(d.case.name or d.case.cell for d in done):
            pairs = [(d, s) for d in done if (d.case.name or d.case.cell) == who for s in d.steps if s.number == number]
            label = next((s.step.text or s.step.kind for _, s in pairs), "")
            series.append(_line([(value(d, sweep.name), per_gram(d, s)) for d, s in pairs], who, label))
    return _figure(sweep, series, f"The first {DRAWN_STEPS} discharges." if len(numbers) > DRAWN_STEPS else "")


def _of_runs(done: Sequence[Done], sweep: Swept, others: Sequence[Swept]) -> Figure | None:
    lines: dict[tuple[str, str], list] = {}
    for d in done:
        step = last_discharge(d)
        if step is None:
            continue
        label = ", ".join(f"{value(d, o.name):.3g} {NAMES[o.name].unit}".removesuffix(" 1") for o in others)
        lines.setdefault((d.case.name or d.case.cell, label), []).append((value(d, sweep.name), per_gram(d, step)))
    shown = [_line(pairs, who, label) for (who, label), pairs in list(lines.items())[:DRAWN_LINES]]
    more = f" The first {DRAWN_LINES} of {len(lines)} lines; the table has all." if len(lines) > DRAWN_LINES else ""
    return _figure(sweep, shown, f"The last discharge; lines: {', '.join(o.name for o in others)}.{more}")


def _line(pairs: list[tuple[float, float]], who: str, label: str) -> Series:
    x, y = np.array(sorted(pairs), float).reshape(-1, 2).T
    return Series("line", x, y, label=label, subject=who, group=label)


def _figure(sweep: Swept, series: list[Series], caption: str) -> Figure | None:
    if not any(s.x.size for s in series):
        return None
    row = NAMES[sweep.name]
    x = Axis(sweep.name, row.unit, scale="log" if sweep.log else "linear")
    panel = Panel(x, Axis("Discharge capacity", "mAh/g"), tuple(series))
    title = f"Capacity against {sweep.name}"
    return Figure(f"sweep-{sweep.name}", title, (panel,), f"{sweep.name}: {row.words}. {caption}".strip(), wide=True)
