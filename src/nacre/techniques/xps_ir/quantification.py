"""Survey scans: which elements the surface shows, how much of each, and what a layer leaves of the substrate.

The amount of an element is the area of one of its lines above a straight background, divided by cross-section, escape
depth and the analyser's transmission. Fractions are those of a homogeneous sample; on a coated powder they are means
over the outermost nanometres. Of a layer, thickness is given only where the substrate's signal still determines it.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.quantity import Quantity, derive
from nacre.core.result import Check, Curve, Entry, Result
from nacre.core.signal import Signal
from nacre.materials.library import composition
from nacre.materials.spectra.xps_factors import Factor, load_factors, read_photon_range, read_set_name
from nacre.physics.xps_ir import depth as xps_depth
from nacre.techniques.xps_ir import overlayer
from nacre.techniques.xps_ir.overlayer import SurveyLine
from nacre.techniques.xps_ir.survey_options import XpsQuantOptions

SURPRISES = {"Zr": "zirconia balls of a mill, or zirconium in a hafnium precursor"}
BELOW, ABOVE, ENDS = 7.0, 9.0, 4  # eV of window below the main and above the last line; points of each end


def analyse(inputs: Mapping[str, Any], context: Context, options: XpsQuantOptions) -> list[Result]:
    """Elements and atomic fractions of a survey; coverage or thickness of a layer where one is named."""
    signal = _find_survey(inputs)
    x, y, checks = *_read_spectrum(signal), []
    photon = signal.metadata.get("photon_energy_eV", 0.0)
    low, high = read_photon_range()
    if not low <= photon <= high:
        raise NacreError(
            "the sensitivity factors are those of another X-ray source",
            where=signal.where,
            found=f"{photon:g} eV",
            expected=f"{read_set_name()} ({low:g} to {high:g} eV)",
        )
    passed = (
        signal.array("transmission", "1")[np.argsort(signal.array("binding_energy", "eV"))]
        if "transmission" in signal
        else None
    )
    checks.append(Check("info", "areas lie above a straight background only: its choice is left to `factor_error`"))
    if passed is None:
        checks.append(Check("warn", "no transmission function in the file: amounts are not corrected for it"))
    shift = estimate_charge(x, y)
    lines = [
        line for f in load_factors().values() if (line := measure_line(x + shift, y, f, photon, passed)) is not None
    ]
    seen = {line.factor.element: line for line in lines if line.seen}
    known = _list_declared_elements(context) | set(options.expected) | {"C", "O"}
    hidden = [e for e, line in seen.items() if e not in known and any(other in seen for other in line.factor.under)]
    for element in hidden:
        covering = " and ".join(seen[element].factor.under)
        checks.append(
            Check("info", f"{seen[element].factor.name} cannot be distinguished from lines of {covering}: left out")
        )
    seen = {element: line for element, line in seen.items() if element not in hidden}
    if not seen:
        raise NotAssessable("no line of a known element stands out", where=signal.where, do="count longer")
    entries, doubts = _report_fractions(seen, options)
    checks += doubts + _report_surprises(seen, context, options)
    layer, judged = overlayer.judge_layer(lines, seen, context, signal, options)
    methods = (
        f"Surface composition from a survey scan with the factors of {read_set_name()}, escape depths as the kinetic energy "
        f"to the power {xps_depth.AVERAGE_EXPONENT}, and the transmission of the file; relative uncertainty "
        f"{options.factor_error:g} % per element."
    )
    return [
        Result(
            "xps_quant",
            entries=(*entries, *layer),
            curves=(_tabulate_lines(lines),),
            figures=(_draw_survey(x + shift, y, seen, context),),
            checks=(*checks, *judged),
            citations=TECHNIQUE.citations,
            methods=methods,
        )
    ]


def _find_survey(inputs) -> Signal:
    found = [s for value in inputs.values() for s in (value if isinstance(value, list) else [value])]
    found = [s for s in found if getattr(s, "kind", "") == "xps-survey"]
    if not found:
        raise NacreError("no survey scan is given", expected="a scan over more than 250 eV")
    return found[0]


def _read_spectrum(signal: Signal) -> tuple[np.ndarray, np.ndarray]:
    x, y = signal.array("binding_energy", "eV"), signal["intensity"].values.astype(float)
    order = np.argsort(x)
    if y.min() < 0:
        raise NacreError("intensities must not be negative", where=signal.where, found=f"{y.min():g}")
    return x[order], y[order]


def estimate_charge(x: np.ndarray, y: np.ndarray) -> float:
    """What to add to the energies (eV) so that C 1s and O 1s stand where they should, to half a step."""
    trials = np.arange(-8.0, 8.01, 0.5)

    def height(at: float) -> float:
        near, around = np.abs(x - at) < 1.5, (np.abs(x - at) > 5) & (np.abs(x - at) < 9)
        level = np.median(y[around]) if around.any() else 0.0
        return float((y[near].mean() - level) / math.sqrt(max(level, 1.0))) if near.any() else 0.0

    scores = [height(284.8 - t) + height(531.0 - t) for t in trials]
    return float(trials[int(np.argmax(scores))])


def measure_line(x: np.ndarray, y: np.ndarray, factor: Factor, photon: float, passed) -> SurveyLine | None:
    """The line of an element above a straight background; None where the scan does not reach it."""
    low, high = factor.energy - BELOW, factor.energy + factor.gap + ABOVE
    inside = np.flatnonzero((x >= low) & (x <= high))
    if x[0] > low or x[-1] < high or inside.size < 3 * ENDS:
        return None
    step = float(np.median(np.diff(x)))
    a, b = inside[:ENDS], inside[-ENDS:]
    base = np.interp(x[inside], (x[a].mean(), x[b].mean()), (y[a].mean(), y[b].mean()))
    area = float((y[inside] - base).sum() * step)
    error = step * math.sqrt(y[inside].sum() + inside.size**2 * (y[a].mean() + y[b].mean()) / (4 * ENDS))
    kinetic = photon - factor.energy
    seen = (kinetic / 1000.0) ** xps_depth.AVERAGE_EXPONENT
    through = float(np.interp(factor.energy, x, passed)) if passed is not None else 1.0
    per_area = 1 / (factor.factor * seen * through)
    return SurveyLine(factor, area, error, area * per_area, per_area)


def _report_fractions(seen: dict[str, SurveyLine], options: XpsQuantOptions) -> tuple[list[Entry], list[Check]]:
    amounts, entries, checks = {}, [], []
    for element, line in seen.items():
        relative = math.hypot(line.error / line.area, options.factor_error / 100)
        amounts[element] = Quantity(line.amount, "1", abs(line.amount) * relative, basis="given", origin="measured")
    names = list(amounts)
    for i, element in enumerate(names):
        part = derive(lambda *a, i=i: 100 * a[i] / sum(a), *amounts.values(), unit="at%", origin="measured")
        covering = [other for other in seen[element].factor.under if other in seen]
        if covering:
            text = f"{seen[element].factor.name}: lines of {' and '.join(covering)} lie under it: an upper limit"
            checks.append(Check("warn", text, "measure the region in detail, or with another X-ray source"))
            part = Quantity(part.value, "at%", None, basis="none", origin="measured")
        entries.append(Entry("surface_fraction", part, {"line": seen[element].factor.name}))
    return entries, checks


def _report_surprises(seen: dict[str, SurveyLine], context: Context, options: XpsQuantOptions) -> list[Check]:
    table = f"elements looked for: {', '.join(load_factors())}; a line of any other would be taken for one of these"
    declared = _list_declared_elements(context)
    if not declared and not options.expected:
        text = f"seen: {', '.join(sorted(seen))}; which of them are expected is not declared"
        return [Check("info", text, 'add cam = "..." to the sample, and its [sample.coating]'), Check("info", table)]
    expected = {"C", "O", *options.expected, *declared}
    checks = []
    for element in sorted(set(seen) - expected):
        line = seen[element]
        text = f"{line.factor.name} is seen ({line.area / line.error:.0f} sigma), but {element} is not declared"
        hint = SURPRISES.get(element, "a contamination")
        checks.append(Check("warn", text, hint))
    checks.append(Check("info", table))
    missing = sorted(declared - set(seen) - {"Li", "H"})
    if missing:
        checks.append(Check("info", f"not seen in the survey: {', '.join(missing)}"))
    return checks


def _list_declared_elements(context: Context) -> set[str]:
    """Elements of the declared active material and coating."""
    words = [context.text("cam")]
    if context.sample:
        phases = context.sample.coating.get("phases", ())
        words += [str(context.sample.coating.get("precursor", "")), *map(str, phases)]
    known = set()
    for word in filter(None, words):
        try:
            known |= set(composition(word))
        except NacreError:
            known |= set(re.findall(r"[A-Z][a-z]?", word))
    return known


def _tabulate_lines(lines: list[SurveyLine]) -> Curve:
    return Curve(
        "lines",
        {
            "line": (np.array([line.factor.name for line in lines]), "1"),
            "area": (np.array([line.area for line in lines]), "counts eV"),
            "area error": (np.array([line.error for line in lines]), "counts eV"),
            "seen": (np.array(["yes" if line.seen else "no" for line in lines]), "1"),
        },
    )


def _draw_survey(x, y, seen: dict[str, SurveyLine], context: Context) -> Figure:
    who = context.sample.name if context.sample else ""
    places = [line.factor.energy for line in seen.values()]
    heights = [float(y[np.abs(x - p) < 6].max()) for p in places]
    series = (
        Series("line", x, y, who, who),
        Series(
            "text",
            np.array(places),
            np.array(heights),
            words=tuple(v.factor.name for v in seen.values()),
            subject=who,
            legend=False,
        ),
    )
    panel = Panel(Axis("Binding energy", "eV", reverse=True), Axis("Intensity", "counts"), series)
    return Figure(
        f"xps-survey-{who}", "Survey scan", (panel,), f"Survey scan of {who or 'the sample'}; lines that were found."
    )


TECHNIQUE = Technique(
    "xps_quant",
    "Photoelectron survey",
    ("xps-survey",),
    analyse,
    XpsQuantOptions,
    citations=(
        "J. H. Scofield, J. Electron Spectrosc. Relat. Phenom. 1976, 8, 129-137.",
        "S. Tanuma, C. J. Powell, D. R. Penn, Surf. Interface Anal. 1994, 21, 165-176.",
        "B. R. Strohmeier, Surf. Interface Anal. 1990, 15, 51-56.",
    ),
)
