"""Residual lithium of a powder: the titration of its aqueous extract with acid.

The whole curve is fitted for base and carbonate; Warder's end points and Gran's line stand beside it, with what they
are off on this very curve. The base in all, LiOH + 2 Li2CO3, is the lithium that was on the powder: carbon dioxide
from the air turns hydroxide into carbonate but leaves it as it is. Amounts of either alone need the uptake declared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.quantity import Quantity, correlated, derive
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.core.signal import Signal
from nacre.physics.chemistry import titration as physics
from nacre.physics.chemistry.carbonate import evaluate_constants
from nacre.physics.chemistry.stoichiometry import compute_molar_mass
from nacre.techniques.chemistry import titration_figures as figures
from nacre.techniques.chemistry.determinations import average_determinations
from nacre.techniques.chemistry.titration_inputs import TitrationOptions, check_statements, get_mass, get_strength
from nacre.techniques.chemistry.titration_points import OrderedPoints, order_points
from nacre.techniques.chemistry.titration_wording import CITATIONS, RELATIONS, VOCABULARY

NERNST = 59.16  # mV per pH at 25 degC; the fit finds the electrode's own
ROUGH = 0.05  # pH: residuals above this are no titration of hydroxide and carbonate


@dataclass(frozen=True)
class TitratedAmounts:
    """What one determination found, umol per g of powder; and its end points in mL."""

    lithium: Quantity
    hydroxide: Quantity
    carbonate: Quantity
    fit: physics.TitrationFit
    curve: physics.Titration
    second: Quantity
    gran: Quantity | None
    warder: tuple[float, float] | None  # umol/g
    bias: physics.EndPointBias | None


def analyse(inputs: Mapping[str, Any], context: Context, options: TitrationOptions) -> list[Result]:
    """Residual LiOH and Li2CO3, and the base in all, of one powder.

    Parameters
    ----------
    inputs : {"signal": Signal or list of Signal}
        One titration curve, or several determinations of the same powder.
    context : Context
        What the study declares of the sample, the cell and the measurement.
    options : TitrationOptions
        Chosen in study.toml; each is described where it is declared.

    Returns
    -------
    list of Result
        One result: lithium in umol/g, hydroxide and carbonate in wt%, the curves with their fits.

    Raises
    ------
    NacreError
        Where the mass, the volumes or the acid's concentration are not given.
    NotAssessable
        Where a curve has no second step.
    """
    signals = inputs["signal"] if isinstance(inputs["signal"], list) else [inputs["signal"]]
    found = [_determine_one(signal, context, options) for signal in signals]
    entries, more = _make_entries(found)
    checks = [
        *_check_order(signals),
        *check_statements(signals, context, options),
        *_check_inputs(signals[0], context, options),
        *more,
        *_check_fits(found),
        *_report_bias(found),
    ]
    subject = Subject(context.sample.name if context.sample else "", measurement=_get_measurement_name(context))
    return [
        Result(
            "titration",
            context.analysis,
            subject,
            entries=tuple(entries),
            curves=tuple(_tabulate_curve(one, i) for i, one in enumerate(found)),
            figures=figures.draw(found, context, signals[0].origin == "synthetic"),
            checks=tuple(checks),
            citations=CITATIONS,
            methods=_describe_methods(found),
            origin=signals[0].origin,
        )
    ]


def _get_measurement_name(context: Context) -> str:
    return context.measurement.name if context.measurement else ""


# --- one determination --------------------------------------------------------------------------------------


def _determine_one(signal: Signal, context: Context, options: TitrationOptions) -> TitratedAmounts:
    mass = get_mass(signal, context, options)
    strength = get_strength(signal, context, options)
    points = _order_points(signal)
    curve, part = _prepare_curve(signal, points, context, options, strength)
    course = _compute_uptake_course(signal, points, options)
    try:
        fit = physics.fit_curve(curve, course)
    except physics.TitrationError as error:
        raise NotAssessable(str(error), where=signal.where, do=_suggest_cure(str(error))) from None
    burette = Quantity(1.0, "1", None if options.burette_error is None else options.burette_error / 100)
    burette = burette.tagged("titration:burette")
    umol = correlated(
        ("base", "carbonate"), fit.values[:2] * 1e6, fit.covariance[:2, :2] * 1e12, ("umol",) * 2,
        source=f"titration:{context.analysis}:{signal.where}",
    )  # fmt: skip
    # amounts go with the acid that was dosed: its concentration (against the nominal one) and its volume
    scale = [mass, part, strength, burette]
    nominal, unit = strength.value, "umol/g"

    def per_gram(amount, m, p, c, b):
        return amount * c / nominal * b / (m * p)

    # the base in all does not change when CO2 is taken up
    base = derive(per_gram, umol["base"], *scale, unit=unit)
    # a beaker's uptake is its own: what two powders declare alike does not cancel in their difference
    uptake = (context.find("co2_uptake", "1") or Quantity(0.0, "1")).tagged(f"titration:{context.analysis}:uptake")
    # what met CO2 before or during the titration is counted back: measured OH = OH (1 - u), CO3 = CO3 + u OH / 2
    hydroxide = derive(
        lambda a, k, u, *s: per_gram(a - 2 * k, *s) / (1 - u),
        umol["base"],
        umol["carbonate"],
        uptake,
        *scale,
        unit=unit,
    )
    carbonate = derive(
        lambda a, k, u, *s: per_gram(k - u * (a - 2 * k) / (1 - u) / 2, *s),
        umol["base"], umol["carbonate"], uptake, *scale, unit=unit,
    )  # fmt: skip
    return TitratedAmounts(base, hydroxide, carbonate, fit, curve, *_evaluate_classical(curve, fit, mass, part))


def _evaluate_classical(curve: physics.Titration, fit: physics.TitrationFit, mass: Quantity, part: Quantity):
    """Second end point of the fit (mL), Gran's (mL), Warder's amounts (umol/g), and what both are off."""
    # the base in all is what is titrated at the second end point
    std = float(fit.covariance[0, 0]) ** 0.5 / curve.strength * 1e3
    second = Quantity(float(fit.values[0]) / curve.strength * 1e3, "mL", std, basis="fit-covariance", origin="measured")
    try:
        end, error = physics.find_gran_end_point(curve.acid, curve.ph, curve.volume)
        gran = Quantity(end * 1e3, "mL", error * 1e3, basis="fit-covariance", origin="measured")
    except physics.TitrationError:
        gran = None
    try:
        grams = mass.value * part.value * 1e-6
        amounts = tuple(
            n / grams for n in physics.compute_warder_amounts(*physics.find_end_points(curve), curve.strength)
        )
    except physics.TitrationError:
        amounts = None
    return second, gran, amounts, physics.estimate_bias(curve, fit)


def _order_points(signal: Signal) -> OrderedPoints:
    ph = signal.array("ph", "1") if "ph" in signal else 7 - signal.array("emf", "mV") / NERNST
    time = signal.array("time", "s") if "time" in signal else None
    try:
        return order_points(signal.array("acid_volume", "L"), ph, time)
    except ValueError as error:
        raise NacreError(str(error), where=signal.where) from None


def _prepare_curve(
    signal: Signal, points: OrderedPoints, context: Context, options: TitrationOptions, strength: Quantity
):
    """The curve as the physics takes it, and the part of the extract that was titrated."""
    extract = context.find("extract_volume", "mL")
    aliquot = context.find("aliquot_volume", "mL")
    if (extract is None) != (aliquot is None):
        context.need("extract_volume" if extract is None else "aliquot_volume", "mL", "the part that was titrated")
    if extract is None or aliquot is None:
        part = Quantity(1.0, "1", 0.0)  # the whole extract was titrated
    else:
        part = derive(lambda a, e: a / e, aliquot, extract, unit="1")
    in_file = signal.metadata.get("titrated_volume")
    volume = context.find("bath_volume", "mL") or (Quantity(float(in_file), "mL") if in_file else aliquot)
    volume = volume or context.need("bath_volume", "mL", "the pH, which follows the dilution,")
    degrees = _get_temperature(signal, options)
    try:
        known = evaluate_constants(degrees)
        return physics.Titration(points.acid, points.ph, volume.to("L").value, strength.value, known), part
    except ValueError as error:
        raise NacreError(str(error), where=signal.where) from None


def _compute_uptake_course(signal: Signal, points: OrderedPoints, options: TitrationOptions) -> np.ndarray | None:
    if not options.fit_uptake:
        return None
    if points.time is None:
        raise NacreError(
            "the uptake of CO2 cannot be fitted: the file holds no times",
            where=signal.where,
            do="leave fit_uptake off and declare co2_uptake, or export the times of the points",
        )
    return physics.compute_uptake_course(points.time, points.ph)


def _get_temperature(signal: Signal, options: TitrationOptions) -> float:
    if "temperature" in signal:
        degrees = signal.array("temperature", "degC")
        if np.isfinite(degrees).any():
            return float(np.nanmean(degrees))
    if options.temperature is None:
        raise NacreError(
            "the temperature of the bath is not known, and its constants need it",
            where=signal.where,
            do='add options = { titration = { temperature = "25 degC" } } to the measurement',
        )
    return options.temperature


def _suggest_cure(text: str) -> str:
    if "second step" in text:
        return "titrate on to pH 3.5 or below: LiOH and Li2CO3 cannot be distinguished without the second step"
    return "take more and smaller doses around both steps"


# --- several determinations ---------------------------------------------------------------------------------


def _make_entries(found: Sequence[TitratedAmounts]) -> tuple[list[Entry], list[Check]]:
    lithium, hydroxide, carbonate = (
        average_determinations([getattr(one, name) for one in found], "umol/g")
        for name in ("lithium", "hydroxide", "carbonate")
    )

    def percent(q: Quantity, phase: str) -> Quantity:
        gram = compute_molar_mass(phase) * 1e3
        made = derive(lambda x: x * 1e-6 * gram * 100, q, unit="wt%", n=len(found))
        return made.marked(origin="measured")

    entries = [
        Entry("residual_lithium", lithium.quantity.marked(origin="measured")),
        Entry("residual_lioh", percent(hydroxide.quantity, "LiOH")),
        Entry("residual_li2co3", percent(carbonate.quantity, "Li2CO3")),
    ]
    for i, one in enumerate(found):
        entries += _report_determination(one, {"determination": i + 1} if len(found) > 1 else {})
    if lithium.p < 0.01:
        text = f"{len(found)} determinations scatter beyond their errors (p = {lithium.p:.2g}): the error is widened"
        return entries, [Check("warn", text, "look at filtration, soak time and the time until titration")]
    return entries, []


def _report_determination(one: TitratedAmounts, state: dict[str, Any]) -> list[Entry]:
    """What one titration gives beside the amounts: end points, Warder's amounts, the electrode's slope."""
    entries = [Entry("second_end_point", one.second, state)]
    if one.gran is not None:
        entries.append(Entry("gran_end_point", one.gran, state))
    if one.warder is not None:
        names = (("warder_lioh", "LiOH"), ("warder_li2co3", "Li2CO3"))
        for (name, phase), amount in zip(names, one.warder, strict=True):
            value = amount * 1e-6 * compute_molar_mass(phase) * 1e5
            entries.append(Entry(name, Quantity(value, "wt%", basis="none", origin="measured"), state))
    slope, std = 100 * float(one.fit.values[3]), 100 * float(one.fit.covariance[3, 3]) ** 0.5
    measured = Quantity(slope, "%", std, basis="fit-covariance", origin="measured")
    return [*entries, Entry("electrode_slope", measured, state)]


# --- what is doubtful ---------------------------------------------------------------------------------------


def _check_order(signals: Sequence[Signal]) -> list[Check]:
    """How the points of a file were brought into order."""
    return [Check("warn", f"{signal.where}: {words}") for signal in signals for words in _order_points(signal).words]


def _check_inputs(signal: Signal, context: Context, options: TitrationOptions) -> list[Check]:
    """Inputs without an uncertainty, and what the extraction may have done."""
    lacks = []
    if context.find("co2_uptake", "1") is None:
        text = (
            "the uptake of CO2 is not declared: hydroxide and carbonate have no uncertainty (1 % of the hydroxide "
            "taken up moves it by 1 % and the carbonate by half of those moles); the lithium in all is not touched"
        )
        lacks.append(Check("warn", text, 'declare co2_uptake = "0(1) %" of the hydroxide, from a blank of LiOH'))
    unknown = []
    if not options.mass and signal.metadata.get("sample_mass") and options.mass_error is None:
        unknown.append("the mass (mass_error)")
    if options.burette_error is None:
        unknown.append("the volume dosed (burette_error)")
    for name, words, unit in (
        ("acid_concentration", "the acid", "mol/L"),
        ("extract_volume", "the extract", "mL"),
        ("aliquot_volume", "the aliquot", "mL"),
    ):
        declared = context.find(name, unit)
        in_file_only = declared is None and name == "acid_concentration"
        if in_file_only or (declared is not None and declared.std is None):
            unknown.append(f"{words} ({name})")
    if unknown:
        text = f"no uncertainty is stated of {', '.join(unknown)}: that of the result is unknown"
        lacks.append(Check("info", text))
    soak = context.find("soak_time", "min")
    if soak is None:
        text = "the soak time is not stated: with time water leaches lithium from the lattice, which counts as LiOH"
        lacks.append(Check("info", text, 'add soak_time = "... min" and compare samples of the same soak only'))
    return lacks


def _check_fits(found: Sequence[TitratedAmounts]) -> list[Check]:
    return [check for one in found for check in _check_fit(one.fit)]


def _check_fit(fit: physics.TitrationFit) -> list[Check]:
    checks = []
    if fit.noise > ROUGH:
        text = f"the curve fits to {fit.noise:.2f} pH only: something beside hydroxide and carbonate was titrated"
        checks.append(Check("warn", text, "look for sulfate, phosphate or undissolved powder in the extract"))
    if abs(fit.values[3] - 1) > 0.05:
        text = f"the electrode's slope is {100 * fit.values[3]:.1f} % of the ideal one"
        checks.append(Check("warn", text, "calibrate or replace the electrode"))
    if fit.correlation > 0.5:
        text = f"neighbouring residuals go together ({fit.correlation:.2f}: lag or drift); the error allows for it"
        checks.append(Check("info", text, "wait longer after each dose"))
    if len(fit.values) > 4:  # the uptake was fitted as a fifth parameter
        part, std = (100 * 2 * v / fit.hydroxide for v in (fit.values[4], fit.covariance[4, 4] ** 0.5))
        text = f"CO2 taken up during the titration, fitted along: {part:.1f} +- {std:.1f} % of the hydroxide"
        checks.append(Check("info", text, "co2_uptake then means what was taken up before the titration alone"))
    if fit.hydroxide < 2 * fit.hydroxide_std:
        checks.append(Check("info", "LiOH is below the detection limit"))
    return checks


def _report_bias(found: Sequence[TitratedAmounts]) -> list[Check]:
    """What the classical ways are off, on the curve that was fitted."""
    checks = []
    for one in found[:1]:
        if one.bias is None:
            text = "Warder's way cannot be taken: the curve shows no two end points at these doses"
        else:
            text = (
                f"on this curve Warder's end points are off by {100 * one.bias.hydroxide:+.1f} % in LiOH and "
                f"{100 * one.bias.carbonate:+.1f} % in Li2CO3, Gran's end point by {100 * one.bias.gran:+.2f} %"
            )
        checks.append(Check("info", text, "the fit of the whole curve counts"))
    return checks


def _tabulate_curve(one: TitratedAmounts, i: int) -> Curve:
    return Curve(
        "titration" if i == 0 else f"titration {i + 1}",
        {
            "acid_volume": (one.curve.acid * 1e3, "mL"),
            "ph": (one.curve.ph, "1"),
            "ph_fit": (one.fit.ph, "1"),
            "residual": (one.fit.residuals, "1"),
        },
    )


def _describe_methods(found: Sequence[TitratedAmounts]) -> str:
    n = len(found)
    return (
        f"Residual lithium was determined by titrating {'the' if n == 1 else n} filtered aqueous extract"
        f"{'' if n == 1 else 's'} with {found[0].curve.strength:.3g} mol/L hydrochloric acid. The whole curve was "
        "fitted for base, carbonate, electrode zero and slope, with activities after Davies and dilution by the acid."
    )


TECHNIQUE = Technique(
    "titration",
    "Residual lithium by titration",
    ("titration",),
    analyse,
    TitrationOptions,
    vocabulary=VOCABULARY,
    citations=CITATIONS,
    relations=RELATIONS,
)
