"""The HTML of each noun: a quantity, a contrast, a result, a study, an outcome, a signal, a cell and what it does."""

from collections import Counter
from functools import singledispatch

import numpy as np
from markupsafe import Markup

from nacre.cell.ageing.lifetime import Lifetime
from nacre.cell.impedance import PredictedSpectrum
from nacre.cell.parameters import CellParameters
from nacre.cell.simulate import Simulation
from nacre.core.display import wording
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.outcome import Contrast, Outcome
from nacre.core.quantity import Quantity
from nacre.core.result import Entry, Result
from nacre.core.signal import Signal
from nacre.core.study import Study, in_its_words
from nacre.notebook.drawing import draw_first
from nacre.notebook.page import box, folded, line, lines, table
from nacre.pipeline.modelling.simulation_result import result_of

VERDICT_WORDS = {
    "shown": "shown",
    "seen": "seen, not proven",
    "equal": "equal within what matters",
    "no_difference": "no difference shown",
    "cannot_tell": "cannot be determined",
}


@singledispatch
def show(thing) -> str | None:
    """The HTML of a thing, at most 50,000 letters; None for what is shown as plain text."""
    return None


@show.register
def show_quantity(q: Quantity) -> str:
    span = wording.interval(q.lo95, q.hi95)
    bounds = f"; 95 %: {span}" if q.std != 0 and span != "–" else ""
    return box(wording.quantity(q), line(f"{wording.uncertainty(q)}{bounds}; {wording.ORIGIN_WORDS[q.origin]}"))


# --- studies and results ---------------------------------------------------------------------------------------


@show.register
@in_its_words
def show_study(study: Study) -> str:
    cells = Counter(cell.sample for cell in study.cells.values())
    found = Counter(_find_sample(study, m.sample, m.cell) for m in study.measurements)
    rows = [
        (name, wording.formula(sample.title), wording.formula(", ".join(sample.coating_phases)) or "none", cells[name],
         found[name])
        for name, sample in study.samples.items()
    ]  # fmt: skip
    heads = ("sample", "called", "coating", "cells", "measurements")
    pairs = ", ".join(f"{treated} against {reference}" for reference, treated in study.contrasts)
    return box(
        wording.formula(study.title or study.name),
        line(f"Study '{study.name}' in {study.folder}"),
        table(heads, rows),
        line(f"Contrasts: {pairs}") if pairs else "",
    )


def _find_sample(study: Study, sample: str, cell: str) -> str:
    return sample or (study.cells[cell].sample if cell in study.cells else "")


@show.register
def show_result(result: Result) -> str:
    heads = ("quantity", "state", "value", "95 %", "uncertainty", "from")
    rows = [_describe_entry(result, entry) for entry in result.entries]
    checks = [f"{c.status}: {c.text}" for c in result.checks if c.status in ("warn", "fail")]
    origin = wording.ORIGIN_WORDS.get(result.origin, result.origin)
    return box(
        f"{wording.technique_words(result.technique)}, {result.subject or result.analysis} ({origin})",
        table(heads, rows, rest="result.entries"),
        lines(checks),
        draw_first(result.figures),
        line(f"Curves: {', '.join(curve.name for curve in result.curves)}") if result.curves else "",
    )


def _describe_entry(result: Result, entry: Entry) -> tuple:
    q = entry.quantity
    span = wording.interval(q.lo95, q.hi95) if q.std != 0 else "–"
    name, state = wording.name_words(entry.name, entry.state), wording.state_words(entry.state, entry.name)
    origin = "synthetic" if result.origin == "synthetic" and q.origin in ("derived", "measured") else q.origin
    return name, state, wording.quantity(q), span, wording.uncertainty(q), wording.ORIGIN_WORDS[origin]


@show.register
def show_contrast(contrast: Contrast) -> str:
    heads = ("treated", "reference", *_CONTRAST_HEADS)
    return box(
        f"{contrast.treated} against {contrast.reference}",
        table(heads, [(contrast.treated, contrast.reference, *_describe_contrast(contrast))]),
        line(contrast.method),
    )


_CONTRAST_HEADS = ("quantity", "state", "difference", "95 %", "adjusted p", "cells", "verdict")


def _describe_contrast(c: Contrast) -> tuple:
    size = wording.with_unit(wording.number(c.difference), c.unit)
    cells = f"{c.n_treated}, {c.n_reference}"
    words = wording.name_words(c.name, c.state), wording.state_words(c.state, c.name)
    return *words, size, wording.interval(c.lo95, c.hi95), wording.number(c.p_adjusted, 2), cells, _describe_verdict(c)


def _describe_verdict(c: Contrast) -> str:
    return f"{VERDICT_WORDS.get(c.verdict, c.verdict)} ({c.endpoint})"


@show.register
@in_its_words
def show_outcome(outcome: Outcome) -> str:
    count = Counter(result.technique for result in outcome.results)
    techniques = ", ".join(f"{wording.technique_words(name)} ({n})" for name, n in count.items())
    told = Counter(row.verdict for row in outcome.ledger)
    ledger = ", ".join(f"{n} {VERDICT_WORDS.get(verdict, verdict)}" for verdict, n in told.items())
    place = {verdict: i for i, verdict in enumerate(VERDICT_WORDS)}
    rows = sorted(outcome.contrasts, key=lambda c: (c.endpoint != "primary", place.get(c.verdict, len(place))))
    contrasts = [(c.treated, c.reference, *_describe_contrast(c)) for c in rows]
    return box(
        wording.formula(outcome.study.title or outcome.study.name),
        line(f"{sum(len(r.entries) for r in outcome.results):,} quantities in {len(outcome.results)} results: "
             f"{techniques}"),
        line(f"Ledger: {ledger}") if ledger else "",
        lines([f"failed: {failure.what}: {failure.error}" for failure in outcome.failures]),
        lines([*outcome.doubts, *outcome.idle]),
        table(("treated", "reference", *_CONTRAST_HEADS), contrasts, rest="outcome.contrast_table()"),
        draw_first([f for result in outcome.results for f in result.figures], outcome.study),
        line("Numbers: outcome.table(); cycles: outcome.cycles(); files: nacre.write(outcome)"),
    )  # fmt: skip


@show.register
def show_signal(signal: Signal) -> str:
    rows = [(name, v.unit, _describe_size(v.values), _describe_ends(v.values)) for name, v in signal.variables.items()]
    notes = [f"{note.level}: {note.text}" for note in signal.notes]
    reader = f", read by {signal.source.reader}" if signal.source else ""
    origin = wording.ORIGIN_WORDS.get(signal.origin, signal.origin)
    return box(
        f"{signal.where} ({signal.kind}; {origin}{reader})",
        table(("variable", "unit", "size", "first to last"), rows, most=40),
        lines(notes),
        draw_first(_draw_signal(signal)),
    )


def _describe_size(values: np.ndarray) -> str:
    return " × ".join(map(str, values.shape))


def _describe_ends(values: np.ndarray) -> str:
    flat = values.ravel()
    if not flat.size:
        return "empty"
    ends = (flat[0], flat[-1])
    return " to ".join(wording.number(float(v)) if values.dtype.kind in "fiu" else str(v) for v in ends)


def _draw_signal(signal: Signal) -> list[Figure]:
    """Voltage against time of a cycler's record, a spectrum of impedance; of others none."""
    if signal.kind == "cycling" and {"test_time_second", "voltage_volt"} <= set(signal.variables):
        x, y = signal.array("test_time_second", "h"), signal.array("voltage_volt", "V")
        return [_draw_line("Cell voltage", Axis("Time", "h"), Axis("Cell voltage", "V"), x, y, signal.origin)]
    if signal.kind == "impedance" and {"real_impedance_ohm", "imaginary_impedance_ohm"} <= set(signal.variables):
        real, imaginary = (signal[f"{part}_impedance_ohm"] for part in ("real", "imaginary"))
        return [_draw_nyquist(real.values.ravel(), -imaginary.values.ravel(), real.unit, signal.origin)]
    return []


def _draw_line(title: str, x: Axis, y: Axis, xs, ys, origin: str = "") -> Figure:
    panel = Panel(x, y, (Series("line", xs, ys),))
    return Figure(title.lower().replace(" ", "-"), title, (panel,), synthetic=origin == "synthetic")


def _draw_nyquist(real, minus_imaginary, unit: str, origin: str = "") -> Figure:
    axes = Axis("Re(Z)", unit, equal=True), Axis("-Im(Z)", unit, equal=True)
    return _draw_line("Impedance", *axes, real, minus_imaginary, origin)


# --- the cell model --------------------------------------------------------------------------------------------


@show.register
def show_cell(cell: CellParameters) -> str:
    count = Counter(parameter.status for parameter in cell.numbers.values())
    window = " to ".join(wording.number(cell.value(f"cell.{end}_voltage")) for end in ("lower", "upper"))
    area, mass = cell.value("cell.area"), cell.value("cell.cam_mass")
    rows = [_describe_number(cell, name) for name in cell.numbers]
    numbers = table(("name", "value", "what it is", "status", "source"), rows, most=120)
    return box(
        f"Cell model '{cell.name}'",
        line(f"{window} V, {wording.number(area)} cm², {wording.number(mass)} mg of active material, "
             f"1C = {wording.number(1e3 * cell.one_c)} mA"),
        line("Its numbers: " + ", ".join(f"{n} {status}" for status, n in count.most_common())),
        folded("all numbers", numbers),
        draw_first([_draw_potentials(cell)]),
    )  # fmt: skip


def _describe_number(cell: CellParameters, name: str) -> tuple[str, ...]:
    parameter = cell.numbers[name]
    value = wording.quantity(parameter.quantity) if np.isfinite(parameter.quantity.value) else "none"
    return name, value, cell.names[name].words, parameter.status, parameter.source


def _draw_potentials(cell: CellParameters) -> Figure:
    series = []
    for part, potential in cell.potentials.items():
        curve = potential.curve
        x = np.linspace(curve.low, curve.high, 200)
        series.append(Series("line", x, curve(x), label=part, subject=part))
    panel = Panel(Axis("Filling with lithium"), Axis("Potential against Li⁺/Li", "V"), tuple(series))
    return Figure("potentials", "Open-circuit potentials", (panel,))


@show.register
def show_simulation(simulation: Simulation) -> str:
    mass = simulation.parameters.value("cell.cam_mass", "g")
    rows = [
        (step.number, step.step.text or step.step.kind, wording.number(step.seconds / 3600),
         wording.number(1e3 * step.charge / mass), wording.number(step.last_voltage), step.outcome.words)
        for step in simulation.steps
    ]  # fmt: skip
    heads = ("step", "what", "h", "mAh/g", "V at the end", "ended")
    return box(
        f"Predicted by the cell model '{simulation.parameters.name}'; not measured",
        line(simulation.words),
        table(heads, rows),
        lines([f"{check.status}: {check.text}" for check in simulation.checks]),
        draw_first(result_of(simulation.parameters.name, simulation).figures),
    )


@show.register
def show_spectrum(spectrum: PredictedSpectrum) -> str:
    whole = spectrum.z[-1].real
    causes = sorted(spectrum.causes.items(), key=lambda pair: -pair[1][-1].real)
    rows = [(cause, wording.number(z[-1].real)) for cause, z in causes if z[-1].real > 1e-3 * whole]
    return box(
        f"Impedance of the cell model '{spectrum.parameters.name}' {spectrum.point.words}; predicted, not measured",
        line(f"{wording.number(whole)} Ω cm² at {spectrum.frequency[-1]:g} Hz, {wording.number(spectrum.volts)} V"),
        table(("cause", f"Ω cm² at {spectrum.frequency[-1]:g} Hz"), rows),
        lines([f"{check.status}: {check.text}" for check in spectrum.checks]),
        draw_first([_draw_nyquist(spectrum.z.real, -spectrum.z.imag, "ohm cm2")]),
    )


@show.register
def show_lifetime(life: Lifetime) -> str:
    cycle, capacity = life.column("cycle"), life.column("discharge_capacity")
    figure = _draw_line("Capacity", Axis("Cycle"), Axis("Discharge capacity", "mAh/g"), cycle, capacity)
    places = np.linspace(0, len(cycle) - 1, min(6, len(cycle))).astype(int)
    shown = np.unique(places)
    rows = [(int(cycle[i]), wording.number(capacity[i])) for i in shown]
    return box(
        f"Predicted by the cell model '{life.parameters.name}'; not measured",
        line(f"{life.words}; {life.simulated} cycles simulated, the others jumped over"),
        table(("cycle", "discharge capacity, mAh/g"), rows),
        draw_first([figure]),
        Markup("<div>All cycles: <code>life.table</code></div>"),
    )
