"""Figures and drawn curves of galvanostatic cycling: first-cycle profiles, capacity and efficiency by cycle."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from nacre.core.context import Context
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.quantity import Quantity
from nacre.core.result import Curve
from nacre.physics.cycling.half_cycles import thin_curve
from nacre.techniques.cycling import half_cycles as hc

LONG = 10
DIRECTION = {1: "charge", -1: "discharge"}


def make_voltage_axis(context: Context) -> Axis:
    """Voltage against the counter electrode, if its name is declared."""
    counter = context.text("counter_electrode")
    return Axis(f"Voltage vs. {counter}" if counter else "Cell voltage", "V")


def explain_lithium_scale(context: Context) -> str:
    """A sentence that says how to read the axis against Li+/Li, where the counter's potential is declared."""
    potential = context.find("counter_potential", "V")
    if potential is None:
        return ""
    return f"Add {potential.value:.2f} V for the potential vs. Li+/Li."


def get_group(context: Context) -> str:
    return context.cell.name if context.cell else ""


def get_sample_name(context: Context) -> str:
    return hc.make_subject(context).sample


def thin_profile(half: hc.HalfCycles, k: int, divisor: float) -> tuple[np.ndarray, np.ndarray]:
    """Charge per `divisor` (mAh per its unit) and voltage along a half cycle, thinned for drawing."""
    charge, voltage = half.curve(k)
    q = charge / hc.C_PER_MAH / divisor
    rows = thin_curve(q, voltage)
    return q[rows], voltage[rows]


def draw(
    half: hc.HalfCycles,
    cycles: Sequence,
    parts: Sequence[hc.ProtocolPart],
    amounts: Mapping[str, Quantity],
    context: Context,
    sign: int,
) -> tuple[Figure, ...]:
    """All figures of a test. `sign` is the direction whose capacity fades (-1: discharge)."""
    x, divisor = make_capacity_axis(amounts)
    found = []
    if hc.is_first_test(parts):
        found.append(_draw_first_cycle(half, context, x, divisor))
    found += _draw_by_cycle(cycles, parts, context, x, divisor, sign)
    return tuple(figure for figure in found if figure)


def make_capacity_axis(amounts: Mapping[str, Quantity]) -> tuple[Axis, float]:
    """Axis of specific capacity, and what mAh are divided by for it."""
    if "mass" in amounts:
        return Axis("Specific capacity", "mAh/g"), amounts["mass"].value
    if "area" in amounts:
        return Axis("Areal capacity", "mAh/cm2"), amounts["area"].value
    return Axis("Capacity", "mAh"), 1.0


def _draw_first_cycle(half: hc.HalfCycles, context: Context, x: Axis, divisor: float) -> Figure | None:
    who, group = get_sample_name(context), get_group(context)
    series = []
    for k in (*half.which(1, 1)[:1], *half.which(1, -1)[:1]):
        q, v = thin_profile(half, k, divisor)
        label = who if half.runs.sign[k] > 0 else ""
        series.append(Series("line", q, v, label, who, group, legend=bool(label)))
    if not series:
        return None
    caption = f"Voltage profiles of the first cycle. {explain_lithium_scale(context)}".strip()
    panel = Panel(x, make_voltage_axis(context), tuple(series))
    return Figure(
        "first-cycle", "First-cycle voltage profiles", (panel,), caption, "Fig. 4a", half.rows.origin == "synthetic"
    )


def _draw_by_cycle(cycles, parts, context: Context, y: Axis, divisor: float, sign: int) -> list[Figure]:
    """Capacity and efficiency against cycle: the long parts of a test, or a short test as a whole."""
    long = [part for part in parts if len(part.cycles) >= LONG]
    drawn = {number for part in long or parts for number in part.cycles}
    shown = [c for c in cycles if sign in c.sides and c.number in drawn]
    if len(shown) < 2:
        return []
    number = np.array([c.number for c in shown])
    capacity = np.array([c.sides[sign].charge.value for c in shown]) / divisor
    ratio = np.array([100 * c.sides[sign].charge.value / c.before.value if c.before else np.nan for c in shown])
    who, group = get_sample_name(context), get_group(context)
    series = (
        Series("points", number, capacity, who, who, group),
        Series("points", number, ratio, "", who, group, marker="open", right=True, legend=False),
    )
    panel = Panel(Axis("Cycle number"), y, series, right=Axis("Coulombic efficiency", "%"))
    key, title, place = "capacity-by-cycle", "Capacity by cycle", ""
    if long:
        key, title, place = "cycling-stability", "Long-term cycling", "Fig. 4f"
    elif len({part.rate for part in parts}) > 1:
        place = "Fig. S2"
    rates = sorted({part.rate for part in long if part.rate})
    at = f" at {' and '.join(f'{rate:g}C' for rate in rates)}" if rates else ""
    word = DIRECTION[sign].capitalize()
    caption = f"{word} capacity (filled) and Coulombic efficiency (open, right axis) against cycle number{at}."
    synthetic = shown[0].sides[sign].charge.origin == "synthetic"
    return [Figure(key, title, (panel,), caption, place, synthetic)]


def tabulate_profiles(half: hc.HalfCycles, mass: Quantity | None) -> tuple[Curve, ...]:
    """Voltage profiles of the first and last cycle, thinned, as one table each."""
    divisor, unit = (mass.value, "mAh/g") if mass else (1.0, "mAh")
    found = []
    ends = {int(half.cycle.min()), 1, int(half.cycle.max())} & set(half.cycle.tolist())
    for cycle, (sign, word) in product(sorted(ends), DIRECTION.items()):
        for k in half.which(cycle, sign)[:1]:
            q, v = thin_profile(half, k, divisor)
            found.append(Curve(f"{word} {cycle}", {"capacity": (q, unit), "voltage": (v, "V")}))
    return tuple(found)
