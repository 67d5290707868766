"""A simulation as a result: its record, steps, fields and numbers as tables and figures, each marked as predicted."""

from dataclasses import replace

import numpy as np

from nacre.cell.simulate import DepthProfile, Simulation
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.result import Check, Curve, Result, Subject

DRAWN = 4000  # points of the record in a figure, beside the ends of steps; its table has them all
NOT_AGEING = Check("info", "the model does not age here: cycles differ by their history only", "")


def marked(figure: Figure) -> Figure:
    panels = tuple(replace(p, title=f"{p.title} (predicted)" if p.title else "predicted") for p in figure.panels)
    caption = f"{figure.caption} Predicted by the cell model, not measured.".strip()
    return replace(figure, title=f"{figure.title}, predicted", panels=panels, caption=caption, place="")


def result_of(name: str, s: Simulation) -> Result:
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
        curves=(_record(s), _make_steps_table(s), _make_fields_table(s), _make_parameters_table(s)),
        figures=(marked(_profile(name, s)), *(marked(f) for f in _draw_fields(name, s))),
        checks=(*checks, trust),
        citations=("M. Doyle, T. F. Fuller, J. Newman, J. Electrochem. Soc. 1993, 140, 1526-1533.",),
        methods="The cell was simulated with a single-ion pseudo-two-dimensional porous-electrode model.",
        origin="predicted",
    )


def _record(s: Simulation) -> Curve:
    return Curve("record", {name: (v.values, v.unit) for name, v in s.signal.variables.items()})


def _make_steps_table(s: Simulation) -> Curve:
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


def _make_fields_table(s: Simulation) -> Curve:
    def column(take):
        return np.concatenate([np.asarray(take(d)) for d in s.fields]) if s.fields else np.empty(0)

    who = {
        "step": (column(lambda d: np.full(d.depth.size, d.step)), "1"),
        "time": (column(lambda d: np.full(d.depth.size, d.seconds / 3600)), "h"),
        "electrode": (column(lambda d: np.full(d.depth.size, d.part)).astype(str), "1"),
    }
    return Curve("fields", who | {n: (column(lambda d, n=n: getattr(d, n)), u) for n, u in _FIELD_UNITS.items()})


def _make_parameters_table(s: Simulation) -> Curve:
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
    amps, step = s.signal.array("current_ampere", "mA"), s.signal["step_count"].values
    edges = np.append(True, np.diff(step) != 0) | np.append(np.diff(step) != 0, True)
    drawn = np.union1d(np.flatnonzero(edges), np.linspace(0, hours.size - 1, min(DRAWN, hours.size)).astype(int))
    panels = tuple(
        Panel(Axis("Time", "h"), Axis(label, unit), (Series("line", hours[drawn], y[drawn], subject=name),))
        for label, unit, y in (("Cell voltage", "V", volts), ("Current", "mA", amps))
    )
    return Figure("simulation-record", "Voltage and current", panels, "Positive current charges the cell.")


def _draw_fields(name: str, s: Simulation) -> list[Figure]:
    found = []
    for step in sorted({d.step for d in s.fields}):
        rows = [d for d in s.fields if d.step == step]
        panels = []
        for part in ("cathode", "anode"):
            mine = [d for d in rows if d.part == part]
            for label, key in (("Mean filling", "mean"), ("Reaction", "reaction")):
                series = [_draw_line(name, d, key) for d in mine]
                axis = Axis("Depth from the separator", "um")
                panels.append(Panel(axis, Axis(label, _FIELD_UNITS[key]), tuple(series), title=part))
        text = s.steps[step - 1].step.text or s.steps[step - 1].step.kind
        caption = f"Step {step}: {text}."
        found.append(
            Figure(f"fields-{name}-{step}", f"Fields over the depth, {name}", tuple(panels), caption, wide=True)
        )
    return found


def _draw_line(name: str, d: DepthProfile, key: str) -> Series:
    return Series("line", d.depth, getattr(d, key), label=f"{d.seconds / 3600:.3g} h", subject=name,
                  group=f"{d.seconds / 3600:.3g} h")  # fmt: skip
