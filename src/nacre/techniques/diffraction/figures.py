"""Figures and curves of a refinement: observed, calculated, difference and reflection marks; the refined structure."""

import numpy as np

from nacre.core.context import Context
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.result import Curve
from nacre.techniques.diffraction.rietx_problem import RefinementFit


def tabulate_fit(fit: RefinementFit) -> tuple[Curve, ...]:
    """The pattern and its reflections as tables."""
    x, y, sigma = (v[fit.kept] for v in (fit.problem.two_theta, fit.problem.intensity, fit.problem.sigma))
    pattern = Curve(
        "pattern",
        {
            "two_theta": (x, "deg"),
            "observed": (y, "counts"),
            "std": (np.where(np.isfinite(sigma), sigma, np.nan), "counts"),
            "calculated": (fit.calculated, "counts"),
            "background": (fit.background, "counts"),
        },
    )
    names, angles, hkl = [], [], []
    for name, ticks in fit.ticks.items():
        names += [name] * len(ticks)
        angles += list(ticks)
        hkl += [" ".join(map(str, row)) for row in fit.hkl.get(name, [["?"]] * len(ticks))][: len(ticks)]
    reflections = Curve(
        "reflections",
        {"phase": (np.array(names), "1"), "hkl": (np.array(hkl), "1"), "two_theta": (np.array(angles), "deg")},
    )
    cells = np.array([crystal.cell for crystal in fit.crystals])
    keys = ("a", "b", "c", "alpha", "beta", "gamma")
    columns = {key: (cells[:, i], "Ang" if i < 3 else "deg") for i, key in enumerate(keys)}
    for i, key in enumerate(keys):
        esd = [fit.esd.get(f"phases.{n}.cell.{key}", 0.0) for n in range(len(cells))]
        columns[f"{key}_esd"] = (np.array(esd), "Ang" if i < 3 else "deg")
    columns = {
        "phase": (np.array([c.name for c in fit.crystals]), "1"),
        "space_group": (np.array([c.group.xhm() for c in fit.crystals]), "1"),
        **columns,
        "wavelength": (np.full(len(cells), fit.machine.wavelengths[0]), "Ang"),
    }
    return pattern, reflections, Curve("phases", columns)


def draw(fit: RefinementFit, context: Context, label: str) -> tuple[Figure, ...]:
    """The refinement plot, and the structure where there is a layered main phase."""
    coated = bool(context.sample and context.sample.coating)
    subject = context.sample.name if context.sample else fit.crystals[0].name
    figures = [draw_refinement(fit, subject, label, "Fig. 1b" if coated else "Fig. S1")]
    if fit.crystals[0].antisite:
        figures.append(draw_structure(fit, subject, label))
    return tuple(figures)


def draw_refinement(fit: RefinementFit, subject: str, label: str, place: str) -> Figure:
    """Observed points, calculated line, background, difference below, marks of each phase's reflections."""
    x, y = fit.problem.two_theta[fit.kept], fit.problem.intensity[fit.kept]
    top, low = float(y.max()), float(y.min())
    height = (top - low) * 0.035
    series = [
        Series("points", x, y, "observed", subject, marker="open"),
        Series("line", x, fit.calculated, "calculated"),
        Series("line", x, fit.background, "background", style="dashed"),
    ]
    level = low - height
    for name, ticks in fit.ticks.items():
        inside = ticks[(ticks >= x[0]) & (ticks <= x[-1])]
        gaps = np.full(inside.size, np.nan)
        marks_x = np.column_stack((inside, inside, gaps)).ravel()
        marks_y = np.tile([level, level - height, np.nan], inside.size)
        series.append(Series("line", marks_x, marks_y, name))
        level -= 1.6 * height
    difference = y - fit.calculated
    shift = level - float(difference.max())
    series.append(Series("line", x, difference + shift, "difference"))
    numbers = f"Rwp = {100 * fit.statistics['rwp']:.2f} %, GOF = {fit.statistics['gof']:.2f}"
    panel = Panel(Axis("2θ", "deg"), Axis("intensity", "counts"), tuple(series))
    return Figure(
        f"rietveld-{subject}",
        f"X-ray diffraction and Rietveld refinement, {label}",
        (panel,),
        f"Observed and calculated intensity, their difference (shifted), and reflections; {label}: {numbers}.",
        place,
        wide=True,
    )


def draw_structure(fit: RefinementFit, subject: str, label: str) -> Figure:
    """The refined cell seen along a: atoms of two cells side by side, in angstrom."""
    crystal = fit.crystals[0]
    a, c = crystal.cell[0], crystal.cell[2]
    drawn: dict[str, list[tuple[float, float]]] = {}
    words = {"3a": "M on 3a (Ni, Co, Mn)", "3b": "Li on 3b", "6c": "O on 6c"}
    for site in crystal.sites:
        group = {"Ni_a": "3a", "Li_b": "3b", "O": "6c"}.get(site.label)
        if group is None:
            continue
        for dx, dz in ((0, 0), (2 / 3, 1 / 3), (1 / 3, 2 / 3)):
            for sign in (1, -1) if group == "6c" else (1,):
                height = (sign * site.z + dz) % 1.0
                for n in range(3):
                    drawn.setdefault(group, []).append(((n + dx) * a * np.sqrt(3) / 2, height * c))
                    if height < 1e-6:
                        drawn[group].append(((n + dx) * a * np.sqrt(3) / 2, c))
    series = []
    for group, places in drawn.items():
        x, y = np.array(sorted({(round(p, 6), round(q, 6)) for p, q in places})).T
        series.append(Series("points", x, y, words[group], group=group, marker="open" if group == "3b" else "filled"))
    edges = 3 * a * np.sqrt(3) / 2
    outline = Series(
        "line", np.array([0, edges, edges, 0, 0]), np.array([0, 0, c, c, 0]), "", style="dashed", legend=False
    )
    panel = Panel(Axis("across a", "Ang", equal=True), Axis("along c", "Ang", equal=True), (*series, outline))
    antisite = next((s.occupancy for s in crystal.sites if s.label == crystal.antisite), float("nan"))
    caption = f"Structure of {label} from the refined cell; {100 * antisite:.1f} % of the Li sites hold Ni."
    return Figure(f"structure-{subject}", f"Structure model, {label}", (panel,), caption, "Fig. 1c")
