"""Figures and drawn curves of differential capacity: first cycle, rates, ageing, and where the peaks went."""

from collections.abc import Sequence

import numpy as np

from nacre.core.context import Context
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.quantity import Quantity
from nacre.core.result import Curve
from nacre.physics.cycling.half_cycles import thin_curve
from nacre.techniques.cycling import half_cycles as hc
from nacre.techniques.cycling.cycling_figures import (
    explain_lithium_scale,
    get_group,
    get_sample_name,
    make_voltage_axis,
)

LONG = 10
INSET = 0.06  # V on either side of H1-M


def get_divisor(mass: Quantity | None) -> tuple[float, str]:
    """What mAh are divided by, and how that is written."""
    return (1.0, "") if mass is None else (mass.value, "/g")


def _make_axis(mass: Quantity | None) -> Axis:
    return Axis("dq/dV", f"mAh{get_divisor(mass)[1]}/V")


def thin_curve(seen, mass: Quantity | None) -> tuple[np.ndarray, np.ndarray]:
    """Voltage and dq/dV per gram, negative on discharge, thinned for drawing."""
    v, f = seen.curve.curve.voltage, seen.curve.sign * seen.curve.curve.slope / get_divisor(mass)[0]
    rows = thin_curve(v, f)
    return v[rows], f[rows]


def tabulate_curves(seen: Sequence, mass: Quantity | None, wanted: set[int]) -> tuple[Curve, ...]:
    """dq/dV of the reported cycles, one table per half cycle."""
    found = []
    divisor, per = get_divisor(mass)
    for s in seen:
        if s.curve.cycle not in wanted:
            continue
        v, f = s.curve.curve.voltage, s.curve.curve.slope / divisor
        word = "charge" if s.curve.sign > 0 else "discharge"
        found.append(Curve(f"dqdv {word} {s.curve.cycle}", {"voltage": (v, "V"), "dq/dV": (f, f"mAh{per}/V")}))
    return tuple(found)


def draw(seen: Sequence, parts: Sequence[hc.ProtocolPart], wanted: set[int], mass, context: Context, synthetic: bool):
    """All figures of a test."""
    short = [s for s in seen if len(s.part.cycles) < LONG]
    found = []
    if hc.is_first_test(parts) and any(s.curve.cycle == 1 for s in short):
        found.append(_draw_first_cycle([s for s in short if s.curve.cycle == 1], mass, context, synthetic))
    found += _draw_rates(short, mass, context, synthetic)
    aged = [s for s in seen if len(s.part.cycles) >= LONG]
    if len({s.curve.cycle for s in aged} & wanted) > 1:
        found.append(
            _draw_ageing([s for s in aged if s.curve.cycle in _select_shown(aged, wanted)], mass, context, synthetic)
        )
        found.append(_draw_positions(aged, context, synthetic))
    return tuple(found)


def _draw_line(s, mass, context: Context, label: str, group: str) -> Series:
    v, f = thin_curve(s, mass)
    return Series("line", v, f, label, get_sample_name(context), group, legend=s.curve.sign > 0 and bool(label))


def _draw_first_cycle(both: list, mass, context: Context, synthetic: bool) -> Figure:
    who, cell = get_sample_name(context), get_group(context)
    series = tuple(_draw_line(s, mass, context, who, cell) for s in both)
    inset = _draw_inset(both, mass, context)
    caption = f"Differential capacity of the first cycle. {explain_lithium_scale(context)}".strip()
    caption += " Inset: the H1-M peak of the charge." if inset else ""
    panel = Panel(make_voltage_axis(context), _make_axis(mass), series, inset=inset)
    return Figure(
        "differential-capacity", "First-cycle differential capacity", (panel,), caption, "Fig. 4b", synthetic, True
    )


def _draw_inset(both: list, mass, context: Context) -> Panel | None:
    charge = next((s for s in both if s.curve.sign > 0 and "H1-M" in s.named.peaks), None)
    if charge is None:
        return None
    v, f = thin_curve(charge, mass)
    near = np.abs(v - charge.named.peaks["H1-M"].place.value) <= INSET
    line = Series("line", v[near], f[near], "", get_sample_name(context), get_group(context), legend=False)
    return Panel(Axis("Voltage", "V"), _make_axis(mass), (line,))


def _draw_rates(short: list, mass, context: Context, synthetic: bool) -> list[Figure]:
    """A figure for each rate of a rate test: its first cycle, all samples together."""
    rates = sorted({s.part.rate for s in short if s.part.rate})
    if len(rates) < 2:
        return []
    found = []
    for rate in rates[1:]:
        cycle = min(s.curve.cycle for s in short if s.part.rate == rate)
        mine = [s for s in short if s.curve.cycle == cycle]
        series = tuple(_draw_line(s, mass, context, get_sample_name(context), get_group(context)) for s in mine)
        panel = Panel(make_voltage_axis(context), _make_axis(mass), series)
        title, caption = f"Differential capacity at {rate:g}C", f"Differential capacity at {rate:g}C."
        place = "Fig. S3"
        found.append(Figure(f"differential-capacity-{rate:g}C", title, (panel,), caption, place, synthetic))
    return found


def _select_shown(aged: list, wanted: set[int], most: int = 6) -> set[int]:
    """Cycles to draw: those reported, and more of the fine ones between them."""
    fine = sorted({s.curve.cycle for s in aged})
    spread = {fine[i] for i in np.unique(np.linspace(0, len(fine) - 1, most).round().astype(int))}
    return (wanted & set(fine)) | (spread if len(fine) > most else set(fine))


def _draw_ageing(aged: list, mass, context: Context, synthetic: bool) -> Figure:
    sample = get_sample_name(context) or "sample"
    series = [_draw_line(s, mass, context, f"cycle {s.curve.cycle}", f"cycle {s.curve.cycle}") for s in aged]
    name = context.sample.title if context.sample else sample
    panel = Panel(make_voltage_axis(context), _make_axis(mass), tuple(series), title=name)
    rate = next((s.part.rate for s in aged if s.part.rate), None)
    title = f"Differential capacity of selected cycles, {name}"
    caption = f"{title}{f', at {rate:g}C' if rate else ''}."
    return Figure(f"differential-capacity-ageing-{sample}", title, (panel,), caption, "Fig. 5a-b", synthetic)


def _draw_positions(aged: list, context: Context, synthetic: bool) -> Figure:
    """Positions of the peaks of the charge against cycle number."""
    charges = [s for s in aged if s.curve.sign > 0]
    seen = {name for s in charges for name in s.named.peaks}
    names = [name for name in ("H1-M", "M-H2", "H2-H3") if name in seen]
    panels = []
    for name in names:
        named = [s for s in charges if name in s.named.peaks]
        cycle = np.array([s.curve.cycle for s in named])
        place = np.array([s.named.peaks[name].place.value for s in named])
        who = get_sample_name(context)
        series = (Series("points", cycle, place, who, who, get_group(context)),)
        panels.append(Panel(Axis("Cycle number"), make_voltage_axis(context), series, title=name))
    caption = "Positions of the dq/dV peaks of the charge against cycle number."
    return Figure("transition-positions", "Phase transitions over cycling", tuple(panels), caption, "", synthetic, True)
