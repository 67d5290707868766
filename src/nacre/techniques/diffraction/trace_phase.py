"""A trace phase beside a strong one: the coated pattern against the bare one, never the coated one alone.

The broad lines of a few nanometres are taken for background, and background for them: with too few terms a phase that
is not there is found at seven standard deviations. So the phase is fitted, with the same plan, to the coated *and* to
the bare pattern (which cannot hold it), with several numbers of background terms. What is reported is the difference,

    w = w(coated) - w(bare),

its spread over the background, and the detection limit 3.29 sigma (L. A. Currie, Anal. Chem. 40 (1968) 586), sigma from
counting statistics and that spread. The phase's cell, size and atoms are held; only its amount is fitted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.options import option
from nacre.core.quantity import Z95, Quantity
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.techniques.diffraction import rietveld, rietx_engine
from nacre.techniques.diffraction.options import RietveldOptions
from nacre.techniques.diffraction.problem_setup import make_problem
from nacre.techniques.diffraction.rietx_problem import RefinementFit

DETECTION = 3.29


@dataclass(frozen=True)
class TraceOptions:
    """What may be chosen about a trace phase."""

    phase: str = option("", "the phase, by its name in the table")
    size: str = option("", "its crystallite size, held, like '8 nm'")
    terms: tuple[int, ...] = option((9, 13, 17, 21), "numbers of background terms that are tried", lo=2, hi=36)
    composition: str = option("", "formula of the layered oxide; empty: the sample's `cam`")
    geometry: str = option("auto", "capillary or flat", choices=("auto", "capillary", "flat"))
    radiation: str = option("auto", "auto: as in the file; or an anode like Mo, or Mo1 for K-alpha1 alone")
    wavelength: float | None = option(None, "wavelength, where it is one line", unit="Ang", lo=0.05, hi=5)
    monochromator: float | None = option(None, "2 theta of the monochromator crystal", unit="deg", lo=0, hi=90)
    radius: float | None = option(None, "radius of the goniometer", unit="mm", lo=10)
    two_theta_min: float | None = option(None, "begin of the range", unit="deg")
    two_theta_max: float | None = option(None, "end of the range", unit="deg")
    excluded: tuple[str, ...] = option((), "ranges left out, like '12.1-12.9'")
    also_free: tuple[str, ...] = option((), "items to free at the end, like 'cell@NiO' or 'size@NiO'")
    counts: bool = option(False, "the intensities are counts, though the file does not show it")
    mu_r: float | None = option(None, "absorption of the filled capillary, mu R", lo=0, hi=3)
    capillary_diameter: float | None = option(None, "inner diameter of the capillary", unit="mm", lo=0.05, hi=3)
    packing: float | None = option(None, "part of the capillary that is solid", lo=0.05, hi=0.75)


@dataclass(frozen=True)
class ApparentAmount:
    """Mass fraction of the phase (wt%) with one number of background terms: value, standard deviation, quality."""

    terms: int
    value: float
    std: float
    gof: float
    bic: float


def analyse(inputs: Mapping[str, Any], context: Context, options: TraceOptions) -> list[Result]:
    """The difference between two patterns; with a `signal` alone, the scan over backgrounds and a limit.

    inputs: coated and bare (or signal), standard. Raises NacreError where the phase is not named.
    """
    if not options.phase:
        raise rietveld.NacreError("which phase?", where=context.analysis, do='give phase = "HfO2"')
    roles = [role for role in ("bare", "coated", "signal") if role in inputs]
    scans = {role: scan(inputs[role], context.others.get(role, context), options, inputs) for role in roles}
    role = "coated" if "coated" in scans else roles[-1]
    sample = context.others.get(role, context).sample
    subject = Subject(sample.name if sample else "", "", inputs[role].name)
    entries, checks = (_report_difference if {"bare", "coated"} <= set(scans) else _report_alone)(scans, role, options)
    return [
        Result(
            "trace_phase",
            context.analysis,
            subject,
            entries=tuple(entries),
            curves=(_tabulate_scans(scans),),
            figures=(_draw_scans(scans, options, subject.sample),),
            checks=tuple(checks),
            citations=TECHNIQUE.citations,
            methods=(
                f"The amount of {options.phase} was refined with its structure and size held, with the same plan for "
                f"{' and '.join(roles)} and {', '.join(map(str, options.terms))} terms of the background."
            ),
        )
    ]


def scan(signal, context: Context, options: TraceOptions, inputs: Mapping[str, Any]) -> list[ApparentAmount]:
    """The amount for each number of background terms; each fit starts from the one before."""
    shared = {f.name for f in fields(RietveldOptions)}
    held = {f"cell@{options.phase}", f"size@{options.phase}"}
    general = RietveldOptions(
        phases=("layered", options.phase),
        **{name: value for name, value in vars(options).items() if name in shared},
        hold=tuple(sorted(held - set(options.also_free))),
        crystallites=(f"{options.phase}: {options.size}",) if options.size else (),
    )
    start = make_problem(signal, context, general, {k: v for k, v in inputs.items() if k == "standard"})
    start = replace(start, signed=(start.crystals[1].name,))
    found: list[ApparentAmount] = []
    before: RefinementFit | None = None
    for terms in sorted(options.terms):
        problem = replace(start, background=terms)
        if before is not None:
            problem = replace(problem, starts={**start.starts, **_get_scalars(before)}, steps=_shorten_plan(start))
            crystals = (before.crystals[0], *start.crystals[1:])
            problem = replace(problem, crystals=crystals, machine=before.machine)
        before = rietveld.require_good_fit(rietx_engine.refine(problem), signal)
        found.append(_compute_amount(before, terms))
    return found


def _get_scalars(fit: RefinementFit) -> dict[str, float]:
    """Scales and broadenings of a fit, to start the next from; cells and atoms go with the structure."""
    ends = ("scale", "lor_size", "lor_strain")
    return {path: fit.values[path] for path in fit.free if path.rpartition(".")[2] in ends}


def _shorten_plan(problem) -> tuple:
    """The same freedom in two steps, for a start that is near."""
    every = tuple(dict.fromkeys(item for step in problem.steps for item in step.free))
    return (problem.steps[0], replace(problem.steps[-1], name="all", free=every, words="all"))


def _compute_amount(fit: RefinementFit, terms: int) -> ApparentAmount:
    """Mass fraction from the scales, w1/w0 = s1 M1 V1 / (s0 M0 V0), M and V those of the cells; it may be negative."""
    masses = [crystal.mass * crystal.volume for crystal in fit.crystals]
    scale, slope = fit.values["phases.1.scale"], masses[1] / (fit.values["phases.0.scale"] * masses[0])
    ratio, std = scale * slope, fit.esd.get("phases.1.scale", float("nan")) * slope
    gof, n, k = (fit.statistics[name] for name in ("gof", "n_points", "n_free_parameters"))
    bic = gof**2 * (n - k) + k * np.log(n)
    return ApparentAmount(terms, 100 * ratio / (1 + ratio), 100 * std / (1 + ratio) ** 2, gof, bic)


def _select_best(amounts: list[ApparentAmount]) -> ApparentAmount:
    return min(amounts, key=lambda amount: amount.bic)


def _report_difference(scans: Mapping[str, list[ApparentAmount]], role: str, options: TraceOptions):
    pairs = list(zip(scans["coated"], scans["bare"], strict=True))
    differences = np.array([coated.value - bare.value for coated, bare in pairs])
    best = int(np.argmin([coated.bic + bare.bic for coated, bare in pairs]))
    statistical = float(np.hypot(pairs[best][0].std, pairs[best][1].std))
    near = _select_supported([coated.bic + bare.bic for coated, bare in pairs])
    spread = float(np.ptp(differences[near])) / np.sqrt(12) if len(near) > 1 else 0.0
    std = float(np.hypot(statistical, spread))
    state = {"phase": options.phase}
    found = Quantity(float(differences[best]), "wt%", std, basis="model-spread", origin="measured")
    entries = [Entry("phase_fraction_difference", found, state), _make_limit(std, state)]
    text = ", ".join(f"{d:.2f}" for d in differences)
    checks = [
        Check("info", f"difference with {', '.join(str(a.terms) for a, _ in pairs)} background terms: {text} wt%"),
        _check_false_amount(scans["bare"], options),
        _judge_amount(found, std, options),
    ]
    return entries, checks


def _report_alone(scans: Mapping[str, list[ApparentAmount]], role: str, options: TraceOptions):
    amounts = scans[role]
    best = _select_best(amounts)
    low = min(a.value - Z95 * a.std for a in amounts)
    high = max(a.value + Z95 * a.std for a in amounts)
    std = float(np.hypot(best.std, np.ptp([a.value for a in amounts]) / np.sqrt(12)))
    state = {"phase": options.phase}
    found = Quantity(best.value, "wt%", std, low, high, len(amounts), "model-spread", "measured")
    text = ", ".join(f"{a.terms}: {a.value:.2f}({a.std:.2f})" for a in amounts)
    checks = [
        Check("warn", f"the amount depends on the background ({text} wt%): between {low:.2f} and {high:.2f} wt%",
              "refine the bare sample as well, and take the difference"),
        _judge_amount(found, std, options),
    ]  # fmt: skip
    return [Entry("phase_fraction_apparent", found, state), _make_limit(std, state)], checks


def _select_supported(bic: list[float]) -> list[int]:
    """Backgrounds that the data do not reject: within 10 of the best Bayesian information, and the neighbour."""
    order = np.argsort(bic)
    kept = {int(i) for i in order[:2]} | {i for i, value in enumerate(bic) if value - min(bic) < 10}
    return sorted(kept)


def _make_limit(std: float, state: dict) -> Entry:
    return Entry("detection_limit", Quantity(DETECTION * std, "wt%", basis="none", origin="measured"), state)


def _check_false_amount(bare: list[ApparentAmount], options: TraceOptions) -> Check:
    text = ", ".join(f"{a.terms}: {a.value:.2f}({a.std:.2f})" for a in bare)
    wrong = [a for a in bare if abs(a.value) > 3 * a.std]
    if not wrong:
        return Check("pass", f"the bare pattern, which holds no {options.phase}, gives none ({text} wt%)")
    return Check("warn", f"the bare pattern, which holds no {options.phase}, seems to hold some ({text} wt%): what one "
                 "pattern shows alone is background", "trust the difference only")  # fmt: skip


def _judge_amount(found: Quantity, std: float, options: TraceOptions) -> Check:
    if found.value > DETECTION * std:
        return Check("info", f"{options.phase} is there: {found} against a limit of {DETECTION * std:.2f} wt%")
    text = f"{options.phase} is not detected: {found} is below the detection limit of {DETECTION * std:.2f} wt%"
    return Check("info", text, f"it could be up to {max(found.value, 0) + 1.645 * std:.2f} wt% (95 %)")


def _tabulate_scans(scans: Mapping[str, list[ApparentAmount]]) -> Curve:
    rows = [(role, amount) for role, amounts in scans.items() for amount in amounts]
    columns = {"pattern": (np.array([role for role, _ in rows]), "1")}
    for name, unit in (("terms", "1"), ("value", "wt%"), ("std", "wt%"), ("gof", "1"), ("bic", "1")):
        columns[name] = (np.array([getattr(amount, name) for _, amount in rows]), unit)
    return Curve("background scan", columns)


def _draw_scans(scans: Mapping[str, list[ApparentAmount]], options: TraceOptions, subject: str) -> Figure:
    series = []
    for role, amounts in scans.items():
        x, y = np.array([a.terms for a in amounts], float), np.array([a.value for a in amounts])
        half = Z95 * np.array([a.std for a in amounts])
        series.append(Series("points", x, y, role, group=role, lo=y - half, hi=y + half))
    panel = Panel(Axis("background terms"), Axis(f"apparent {options.phase}", "wt%"), tuple(series))
    caption = f"Apparent {options.phase} against the number of background terms: only the difference means something."
    return Figure(f"trace-{options.phase}-{subject}", f"Trace of {options.phase}", (panel,), caption, "Fig. 1b")


def _make_term(words: str, symbol: str, meaning: str) -> dict[str, str]:
    return {"unit": "wt%", "words": words, "symbol": symbol, "meaning": meaning}


TECHNIQUE = Technique(
    "trace_phase",
    "Trace phase by diffraction",
    ("diffraction",),
    analyse,
    TraceOptions,
    asked=True,
    vocabulary={
        "quantity": {
            "phase_fraction_difference": _make_term(
                "trace phase, coated less bare", "dw", "same plan for both patterns"
            ),
            "phase_fraction_apparent": _make_term(
                "apparent trace phase", "w_app", "one pattern alone: holds background"
            ),
            "detection_limit": _make_term("detection limit", "LOD", "amount that would be found with 95 % probability"),
        }
    },
    citations=(
        "L. A. Currie, Anal. Chem. 1968, 40, 586-593.",
        "R. J. Hill, C. J. Howard, J. Appl. Cryst. 1987, 20, 467-474.",
    ),
)
