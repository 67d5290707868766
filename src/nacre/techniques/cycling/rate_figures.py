"""Figures of rate capability: voltage profiles, capacity and kept fraction by C-rate, overpotential."""

from collections.abc import Sequence

import numpy as np

from nacre.core.context import Context
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.quantity import Quantity
from nacre.core.result import Entry
from nacre.techniques.cycling import half_cycles as hc
from nacre.techniques.cycling.cycling_figures import (
    explain_lithium_scale,
    get_group,
    get_sample_name,
    make_voltage_axis,
    thin_profile,
)


def draw(
    half: hc.HalfCycles, steps: Sequence, entries: Sequence[Entry], mass: Quantity, context: Context, synthetic: bool
) -> tuple[Figure, ...]:
    """All figures of a rate test."""
    rates = tuple(f"{step.rate:g}C" for step in sorted(steps, key=lambda step: step.rate))
    capacity = _draw_bars(entries, "discharge_capacity", context)
    kept = _draw_bars(entries, "kept_fraction", context, first=(rates[0], 100.0))
    growth = _draw_bars(entries, "overpotential_growth", context)
    x = Axis("C-rate", categories=rates)
    lowest = rates[0]
    found = [_draw_profiles(half, steps, mass, context, synthetic)]
    for key, title, y, series, caption, place in (
        (
            "rate-capability",
            "Rate capability",
            Axis("Specific discharge capacity", "mAh/g"),
            capacity,
            "Specific discharge capacity at different C-rates.",
            "Fig. 4d",
        ),
        (
            "rate-retention",
            "Capacity kept at higher rates",
            Axis("Capacity kept", "%"),
            kept,
            f"Discharge capacity with respect to cycling at {lowest} (set to 100 %).",
            "Fig. 4e",
        ),
        (
            "rate-overpotential",
            "Overpotential growth with rate",
            Axis("Overpotential growth", "mV"),
            growth,
            f"Drop of the mean discharge voltage over a common range of charge, against {lowest}.",
            "",
        ),
    ):
        if series is not None:
            found.append(Figure(key, title, (Panel(x, y, (series,)),), caption, place, synthetic))
    return tuple(found)


def _draw_profiles(half: hc.HalfCycles, steps: Sequence, mass: Quantity, context: Context, synthetic: bool) -> Figure:
    """Voltage against specific capacity, charge and discharge of the first cycle at each rate."""
    series = []
    who = get_sample_name(context)
    for step in steps:
        cycle, group = int(half.cycle[step.halves[0]]), f"{step.rate:g}C"
        for j in (*half.which(cycle, 1)[:1], *half.which(cycle, -1)[:1]):
            q, v = thin_profile(half, int(j), mass.value)
            series.append(Series("line", q, v, group, who, group, legend=bool(half.runs.sign[j] < 0)))
    caption = f"Voltage profiles at different C-rates. {explain_lithium_scale(context)}".strip()
    panel = Panel(Axis("Specific capacity", "mAh/g"), make_voltage_axis(context), tuple(series))
    return Figure("rate-profiles", "Voltage profiles at different C-rates", (panel,), caption, "Fig. 4c", synthetic)


def _draw_bars(entries: Sequence[Entry], name: str, context: Context, first=()) -> Series | None:
    """One bar per rate, with its 95 % interval where there is one."""
    mine = sorted((e for e in entries if e.name == name), key=lambda e: e.state["rate_C"])
    if not mine:
        return None
    names = [*first[:1], *(f"{e.state['rate_C']:g}C" for e in mine)]
    value = [*first[1:], *(e.quantity.value for e in mine)]
    lower = [*first[1:], *(e.quantity.lo95 for e in mine)]
    upper = [*first[1:], *(e.quantity.hi95 for e in mine)]
    bounded = None not in lower and None not in upper
    lo, hi = (np.array(lower, float), np.array(upper, float)) if bounded else (None, None)
    who = get_sample_name(context)
    return Series("bars", np.array(names), np.array(value), who, who, get_group(context), lo, hi)
