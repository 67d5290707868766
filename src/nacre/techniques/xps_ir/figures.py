"""Figures of fitted core levels: spectrum with its parts, and relative amounts of species."""

from dataclasses import replace

import numpy as np

from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.techniques.xps_ir.xps_models import name_area

COATING = ("Fig. 2k", "Tab. S2")  # a region that holds two phases of the coating
PLACES = {"S 2p": ("Fig. S4a", "Fig. S4b"), "P 2p": ("Fig. S4a", "Fig. S4b")}


def draw(fit, entries) -> list[Figure]:
    """The region's spectra, one panel per sample, and the amounts of its species."""
    name = fit.region.name
    place, amounts = COATING if fit.pair else PLACES.get(name, ("", ""))
    panels = tuple(_draw_panel(fit, s) for s in range(len(fit.sets)))
    many = len(fit.ensemble.fits)
    model = f"the most likely of {many} models" if many > 1 else f"one model alone ({fit.ensemble.best.model.name})"
    caption = f"{name} spectrum: counts (points), fit, background (dashed) and species of {model}."
    key = f"xps-{name.lower().replace(' ', '')}"
    if len(fit.sets) == 1:
        key += f"-{fit.sets[0].who}"
    found = [Figure(key, f"{name} region", panels, caption, place, wide=len(panels) > 1)]
    if not any(e.state.get("line", "").startswith(name) for e in entries):
        found = [replace(found[0], place="")]  # nothing of the region stands out
    return found + _draw_amounts(fit, entries, amounts)


def _draw_panel(fit, s: int) -> Panel:
    best, scale = fit.ensemble.best, fit.spectra[s].scale
    part = slice(best.data.starts[s], best.data.starts[s + 1])
    x, one = best.data.x[part], fit.sets[s]
    background = best.background()[part] * scale
    subject = one.who
    series = [
        Series("points", x, best.data.y[part] * scale, "measured", subject, marker="open"),
        Series("line", x, best.spectrum()[part] * scale, "fit", subject, "fit"),
        Series("line", x, background, "background", subject, "background", style="dash"),
    ]
    overlaps = [o.name for o in fit.region.overlaps if name_area(o.name, s) in best.model.index]
    for name in [*(p.name for p in fit.region.species), *overlaps]:
        peak = best.part([name_area(name, s)])[part] * scale
        series.append(Series("line", x, background + peak, name, subject, name))
    unit = "counts" if fit.spectra[s].counted else "arb"
    return Panel(
        Axis("Binding energy", "eV", reverse=True),
        Axis("Intensity", unit),
        tuple(series),
        title=one.label,
    )


def _draw_amounts(fit, entries, place: str) -> list[Figure]:
    names = tuple(p.name for p in fit.region.species)
    series = []
    for one in fit.sets:
        mine = [e for e in entries if e.name == "species_fraction" and e.subject == one.subject]
        mine = [e for e in mine if all(e.state.get(k) == v for k, v in one.state.items())]
        if not mine:
            continue
        values = np.array([e.quantity.value for e in mine])
        known = all(e.quantity.std is not None for e in mine)  # a set with a negative share has no errors
        half = 1.96 * np.array([e.quantity.std for e in mine]) if known else None
        labels = np.array([e.state["species"] for e in mine], object)
        bounds = () if half is None else (values - half, values + half)
        series.append(Series("bars", labels, values, one.label, one.who, one.label, *bounds))
    if not series:
        return []
    key = f"xps-amounts-{fit.region.name.lower().replace(' ', '')}"
    panel = Panel(Axis("Species", categories=names), Axis(f"Share of {fit.region.name.split()[0]}", "%"), tuple(series))
    choice = "include the choice of model" if len(fit.ensemble.fits) > 1 else "are those of one model alone"
    caption = f"Relative amounts of species by {fit.region.name}, with 95 % intervals that {choice}."
    return [Figure(key, f"Species in {fit.region.name}", (panel,), caption, place)]
