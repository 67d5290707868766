"""A line standard (Si, LaB6): what the diffractometer does to a line, for the refinement of samples.

The certified cell is held; zero, resolution (u, v, w Gaussian, x, y Lorentzian) and, for flat specimens, displacement
and axial divergence are refined. Asymmetry by axial divergence moves lines, and engines model it differently: a sample
is refined with the same engine, and the error of this model cancels (150 to 190 ppm of a cell edge would not).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.options import option
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.materials.crystals import find_crystal, share_sites
from nacre.techniques.diffraction import figures as rietveld_figures
from nacre.techniques.diffraction import rietveld, rietx_engine
from nacre.techniques.diffraction.diffractometer import describe_diffractometer
from nacre.techniques.diffraction.options import RietveldOptions, parse_ranges, select_pattern
from nacre.techniques.diffraction.rietx_problem import RefinementFit, RefinementProblem, RefinementStep


@dataclass(frozen=True)
class LineStandardOptions:
    """What may be chosen about a line standard."""

    standard: str = option("Si", "the standard: Si (SRM 640f), LaB6 (SRM 660c), or another structure of the table")
    widths: str = option("uvwx", "terms of the resolution to free, of u, v, w, x, y")
    geometry: str = option("auto", "capillary or flat", choices=("auto", "capillary", "flat"))
    radiation: str = option("auto", "auto: as in the file; or an anode like Mo, or Mo1 for K-alpha1 alone")
    wavelength: float | None = option(None, "wavelength, where it is one line", unit="Ang", lo=0.05, hi=5)
    monochromator: float | None = option(None, "2 theta of the monochromator crystal", unit="deg", lo=0, hi=90)
    radius: float | None = option(None, "radius of the goniometer", unit="mm", lo=10)
    background: int = option(9, "terms of the Chebyshev background", lo=2, hi=36)
    two_theta_min: float | None = option(None, "begin of the range", unit="deg")
    two_theta_max: float | None = option(None, "end of the range", unit="deg")
    excluded: tuple[str, ...] = option((), "ranges left out, like '12.1-12.9'")
    counts: bool = option(False, "the intensities are counts, though the file does not show it")
    mu_r: float | None = option(None, "absorption of the filled capillary, mu R", lo=0, hi=3)


def analyse(inputs: Mapping[str, Any], context: Context, options: LineStandardOptions) -> list[Result]:
    """The resolution as a curve "instrument", for `rietveld` to take as its `standard`."""
    signal = inputs["signal"]
    shared = {f.name for f in fields(RietveldOptions)}
    general = RietveldOptions(**{name: value for name, value in vars(options).items() if name in shared})
    crystal = share_sites(find_crystal(options.standard))
    machine = describe_diffractometer(signal, general, {}, crystal)
    x, y, sigma = select_pattern(signal, general)
    flat = machine.geometry == "flat"
    steps = [
        RefinementStep("scale", ("scale", "background"), "scale factor and background"),
        RefinementStep(
            "position", ("displacement",) if flat else ("zero",), "displacement" if flat else "zero of two theta"
        ),
        RefinementStep("width", ("width",), "width"),
        RefinementStep("widths", (f"widths:{options.widths}",), f"resolution {', '.join(options.widths)}"),
        RefinementStep("displacements", ("b",), "isotropic displacements"),
    ]
    if flat:
        steps.append(RefinementStep("axial", ("axial",), "axial divergence"))
    problem = RefinementProblem(
        x, y, sigma, (crystal,), machine, tuple(steps), options.background, parse_ranges(general)
    )
    fit = rietveld.require_good_fit(rietx_engine.refine(problem), signal)
    return [_make_result(fit, scale_error(fit), signal, context)]


def scale_error(fit: RefinementFit) -> float:
    """How far the cell of the standard is from its certified one when it is set free: relative, with its own error.

    What the model of lines and of the zero does wrong, a sample measured the same way shares.
    """
    held = fit.problem
    every = tuple(dict.fromkeys(item for step in held.steps for item in step.free))
    steps = (held.steps[0], RefinementStep("all", (*every, "cell"), "all and the cell"))
    starts = {path: fit.values[path] for path in fit.free if path.endswith("scale")}
    freed = rietx_engine.refine(replace(held, crystals=fit.crystals, machine=fit.machine, steps=steps, starts=starts))
    certified = held.crystals[0]
    edge, known = certified.cell[0], certified.cell_error or 0.0
    off, esd = freed.crystals[0].cell[0] - edge, freed.esd["phases.0.cell.a"] * freed.inflation
    return float(np.sqrt(off**2 + esd**2 + known**2) / edge)


def _make_result(fit: RefinementFit, scale: float, signal, context: Context) -> Result:
    machine = fit.machine
    names = ("u", "v", "w", "x", "y", "zero", "axial")
    units = ("deg2", "deg2", "deg2", "deg", "deg", "deg", "1")
    columns = {name: (np.array([getattr(machine, name)]), unit) for name, unit in zip(names, units, strict=True)}
    columns["scale_error"] = (np.array([scale]), "1")
    columns["wavelength"] = (np.array([machine.wavelengths[0]]), "Ang")
    angles = np.linspace(fit.problem.two_theta[0], fit.problem.two_theta[-1], 200)
    width = compute_fwhm(machine, angles)
    middle = float(np.interp(0.5 * (angles[0] + angles[-1]), angles, width))
    entries = [
        Entry("instrument_width", Quantity(middle, "deg", basis="none", origin="measured")),
        *rietveld.report_quality(fit),
    ]
    if fit.esd.get("instrument.zero_shift"):
        zero = Quantity(
            machine.zero, "deg", fit.esd["instrument.zero_shift"], basis="fit-covariance", origin="measured"
        )
        entries.append(Entry("zero_shift", zero))
    checks = [rietveld.rietveld_checks.convergence(fit), *_get_certified(fit, scale)]
    if np.any(width <= 0) or not np.all(np.isfinite(width)):
        text = "the resolution turns negative inside the range"
        checks.append(Check("fail", text, "free fewer of u, v, w, x, y"))
    label = f"{fit.crystals[0].words or fit.crystals[0].name}"
    figure = rietveld_figures.draw_refinement(fit, signal.name, label, "Fig. S1")
    drawn = (Series("line", angles, width, "line standard"),)
    axes = Axis("2θ", "deg"), Axis("full width at half maximum", "deg")
    resolution = Figure(f"resolution-{signal.name}", "Resolution of the diffractometer", (Panel(*axes, drawn),),
                        "Width of lines that the diffractometer alone makes.", "Fig. S1")  # fmt: skip
    return Result(
        "line_standard",
        context.analysis,
        Subject("", "", signal.name),
        entries=tuple(entries),
        curves=(Curve("instrument", columns), *rietveld_figures.tabulate_fit(fit)),
        figures=(replace(figure, title=f"Line standard, {label}"), resolution),
        checks=tuple(checks),
        citations=rietveld.TECHNIQUE.citations,
        methods=f"The resolution of the diffractometer was refined on {label}, its certified cell held.",
    )


def _get_certified(fit: RefinementFit, scale: float) -> list[Check]:
    crystal = fit.crystals[0]
    held = f"cell held at {crystal.cell[0]:.6f} Ang: {crystal.source}"
    text = f"set free, the cell comes back to {1e6 * scale:.0f} ppm: all lengths measured so are uncertain by as much"
    return [Check("info", held), Check("info", text)]


def compute_fwhm(machine, two_theta: np.ndarray) -> np.ndarray:
    """FWHM in deg of the pseudo-Voigt line (P. Thompson, D. E. Cox, J. B. Hastings, J. Appl. Cryst. 20 (1987) 79)."""
    theta = np.radians(two_theta / 2)
    square = machine.u * np.tan(theta) ** 2 + machine.v * np.tan(theta) + machine.w
    g = np.sqrt(np.where(square > 0, square, np.nan))
    lorentz = machine.x / np.cos(theta) + machine.y * np.tan(theta)
    terms = ((1.0, 5, 0), (2.69269, 4, 1), (2.42843, 3, 2), (4.47163, 2, 3), (0.07842, 1, 4), (1.0, 0, 5))
    return sum(c * g**i * lorentz**j for c, i, j in terms) ** 0.2


TECHNIQUE = Technique(
    "line_standard",
    "Line standard of a diffractometer",
    ("diffraction",),
    analyse,
    LineStandardOptions,
    asked=True,
    vocabulary={
        "quantity": {
            "instrument_width": {
                "unit": "deg",
                "words": "width of lines by the diffractometer",
                "symbol": "FWHM",
                "meaning": "full width at half maximum in the middle of the range, from a line standard",
            }
        }
    },
    citations=rietveld.TECHNIQUE.citations,
)
