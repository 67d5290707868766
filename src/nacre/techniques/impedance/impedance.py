"""Electrochemical impedance: is the spectrum valid, does the circuit describe it, what is each resistance worth.

Each spectrum is first tested with Kramers-Kronig, then fitted with a circuit, which is the user's statement. The
numbers have an uncertainty only where the spectrum is valid (or merely noisy) and the circuit describes it; a parameter
that the data do not determine has bounds at most. Resistances are given times the electrode area.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.display.wording import count
from nacre.core.errors import NacreError
from nacre.core.options import option
from nacre.core.quantity import Z95, Quantity, correlated, derive
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.core.vocabulary import words
from nacre.physics.impedance.capacitance import compute_brug_capacitance, compute_hsu_mansfeld_capacitance
from nacre.physics.impedance.circuit import find_arcs
from nacre.techniques.impedance import checks, figures
from nacre.techniques.impedance import inputs as given
from nacre.techniques.impedance.adequacy import SpectrumVerdict, judge

CITATIONS = (
    "B. A. Boukamp, J. Electrochem. Soc. 1995, 142, 1885-1894.",
    "A. Raue et al., Bioinformatics 2009, 25, 1923-1929.",
    "M. Saccoccio et al., Electrochim. Acta 2014, 147, 470-482.",
    "C. H. Hsu, F. Mansfeld, Corrosion 2001, 57, 747-748.",
)


FORMULAS = {"hsu_mansfeld": "Hsu-Mansfeld", "brug": "Brug", "none": ""}


@dataclass(frozen=True)
class ImpedanceOptions:
    """What may be chosen about impedance spectra. Values of parameters are those of the cell: ohm, F, H, S s^n, s."""

    circuit: str = option("", "circuit, like R_bulk-(R_gb|Q_gb)-Q_lf; empty: see the page of this technique")
    fixed: tuple[str, ...] = option((), "parameters that are known, like 'R_gb = 20'")
    bounds: tuple[str, ...] = option((), "ranges of parameters, like '1 < R_gb < 50'")
    ties: tuple[str, ...] = option((), "parameters that follow others, like 'Q_gb.n = Q_cam_se.n'")
    order: tuple[str, ...] = option((), "parameters that do not fall, like 'R_bulk < R_gb'")
    start: tuple[str, ...] = option((), "values to begin from, like 'R_gb = 20'; a sign is kept")
    weights: str = option("modulus", "weights of the residuals: 1/|Z|, or none", choices=("modulus", "unit"))
    lowest: float | None = option(None, "points below this frequency are left out", unit="Hz", lo=0.0)
    highest: float | None = option(None, "points above this frequency are left out", unit="Hz", lo=0.0)
    cable: str = option(
        "auto",
        "a series inductance beside the named circuit where AICc and BIC both ask for it, or never",
        choices=("auto", "never"),
    )
    capacitance: str = option("hsu_mansfeld", "formula of effective capacitances", choices=tuple(FORMULAS))
    at: tuple[float, ...] = option((), "of a series: the value of `along` for each spectrum")
    along: str = option("cycle", "what a series runs along", choices=("cycle", "temperature_degC"))


def analyse(inputs: Mapping[str, Any], context: Context, options: ImpedanceOptions) -> list[Result]:
    """Resistances, capacitances, curves and figures of one spectrum or a series.

    inputs : {"signal": an impedance Signal, or a list of them}. Raises NacreError where no spectrum can be analysed,
    the circuit cannot be read, or the area is missing.
    """
    signals = given.make_list(inputs["signal"])
    text, why = given.choose_circuit(options.circuit, context)
    known = given.parse_constraints(options, context.where)
    if not text and (known.named() or known.start):
        raise NacreError("parameters are constrained, but no circuit is named", where=context.where, do="name it")
    area = context.need("area", "cm2", "the resistance per area")
    subject = make_subject(context)
    verdicts, failures = [], []
    for signal, state in zip(signals, given.make_states(signals, context, options.along, options.at), strict=True):
        try:
            spectrum = given.read_spectrum(signal, state, subject, options.lowest, options.highest)
            verdicts.append(judge(spectrum, text, known, options.weights, options.cable, context.seed))
        except NacreError as error:
            failures.append(error)
    if not verdicts:
        raise failures[0]
    stated = _check_circuit(text, why, context) if why else []
    stated += [Check("fail", f"left out: {error}") for error in failures]
    found = [make_entries(verdict, area, options, context.analysis or "impedance") for verdict in verdicts]
    each = [check for verdict in verdicts for check in checks.check_spectrum(verdict, len(signals) > 1)]
    return [
        Result(
            "impedance",
            context.analysis,
            subject,
            entries=tuple(
                e for v, entries in zip(verdicts, found, strict=True) for e in _number_elements(v, entries, text)
            ),
            curves=tuple(curve for verdict in verdicts for curve in tabulate_fit(verdict, len(verdicts) > 1)),
            figures=figures.draw(verdicts, found, area, context, signals[0].origin == "synthetic"),
            checks=(*stated, *each, *checks.check_area(verdicts, area)),
            citations=CITATIONS,
            methods=describe_methods(verdicts, options),
            origin=signals[0].origin,
        )
    ]


def _check_circuit(text: str, why: str, context: Context) -> list[Check]:
    """How the circuit was chosen; a warning where it names grain boundaries and no solid electrolyte is declared."""
    cure = "name the circuit in the options of 'impedance'"
    if text and not context.text("electrolyte"):
        return [Check("warn", f"{why}, and no electrolyte is declared", f'{cure}, or declare electrolyte = "..."')]
    return [Check("info", f"{why}.", cure)]


def _number_elements(verdict: SpectrumVerdict, entries: list[Entry], named: str) -> list[Entry]:
    """Elements of an automatic circuit are labelled with its number of arcs: the first of two arcs is not the
    first of four, and is not compared with it.
    """
    if named:
        return entries
    arcs = count(verdict.fit.circuit.text.count("("), "arc")
    elements = [entry.state.get("element") for entry in entries]
    return [
        replace(entry, state={**entry.state, "element": f"{element} of {arcs}"}) if element else entry
        for entry, element in zip(entries, elements, strict=True)
    ]


def make_subject(context: Context) -> Subject:
    """Sample, cell and measurement of a context."""
    cell, sample, measurement = context.cell, context.sample, context.measurement
    name = sample.name if sample else cell.sample if cell else ""
    return Subject(name, cell.name if cell else "", measurement.name if measurement else "")


def name_entry(label: str) -> tuple[str, dict[str, str]]:
    """Name and state of a resistance: R_cam_se has a word of its own, others are named by their element."""
    own = label.partition(".")[0].lower() if label.lower().startswith("r_") else ""
    return (own, {}) if own in words("quantity") else ("area_resistance", {"element": label})


def make_entries(verdict: SpectrumVerdict, area: Quantity, options: ImpedanceOptions, source: str) -> list[Entry]:
    """Resistances, exponents and effective capacitances of the fitted circuit as entries."""
    values = make_parameters(verdict, f"{source}:{verdict.spectrum.name}:{sorted(verdict.spectrum.state.items())}")
    state = dict(verdict.spectrum.state)
    entries = []
    for parameter in verdict.fit.circuit.parameters:
        quantity = values[parameter.name]
        if _is_undetermined(verdict, parameter.name, quantity):
            continue
        if parameter.unit == "ohm":
            name, own = name_entry(parameter.name)
            entries.append(Entry(name, multiply_by_area(quantity, area), state | own))
        elif parameter.slot.name == "n":
            entries.append(Entry("cpe_exponent", quantity, state | {"element": parameter.element}))
    return entries + _compute_capacitances(verdict, values, area, options.capacitance, state)


def _is_undetermined(verdict: SpectrumVerdict, name: str, quantity: Quantity) -> bool:
    """Whether the data do not determine a parameter and do not bound it either."""
    return name in verdict.identifiability.undetermined and quantity.lo95 is None and quantity.hi95 is None


def make_parameters(verdict: SpectrumVerdict, source: str) -> dict[str, Quantity]:
    """Parameters of the cell with the fit's covariance; those that the data do not determine have bounds at most."""
    fit, report = verdict.fit, verdict.identifiability
    told = [n for n in fit.names if verdict.sure and n not in report.undetermined and n not in fit.known.fixed]
    told = [n for n in told if np.isfinite(fit.relative_std(n))]
    rows = [fit.circuit.index(n) for n in told]
    covariance = fit.log_covariance[np.ix_(rows, rows)] * np.outer(fit.values[rows], fit.values[rows])
    units = {parameter.name: _choose_unit(parameter.unit) for parameter in fit.circuit.parameters}
    found = correlated(told, fit.values[rows], covariance, [units[n] for n in told], source=source) if told else {}
    made = {}
    for name in fit.names:
        exact = 0.0 if name in fit.known.fixed else None
        basis = "given" if name in fit.known.fixed else "none"
        plain = Quantity(fit.value(name), units[name], exact, basis=basis, origin="measured")
        low, high = _find_limits(verdict, name)
        made[name] = replace(found.get(name, plain), lo95=low, hi95=high)
    return made


def _choose_unit(unit: str) -> str:
    """Units that the package's unit language knows; Q and Warburg coefficients are never shown through it."""
    return unit if unit in ("ohm", "F", "H", "s", "1") else "1"


def _find_limits(verdict: SpectrumVerdict, name: str) -> tuple[float | None, float | None]:
    """Ends of the profile likelihood, in rising order; of a tied parameter those of the fit."""
    if not verdict.sure or name in verdict.fit.known.fixed:
        return None, None
    profile = verdict.identifiability.profiles.get(name)
    if profile is not None:
        ends = (profile.low, profile.high)
        return ends if verdict.fit.value(name) > 0 else ends[::-1]
    if name in verdict.identifiability.undetermined:
        return None, None
    low, high = verdict.fit.interval()
    k = verdict.fit.circuit.index(name)
    return tuple(sorted((float(low[k]), float(high[k]))))


def multiply_by_area(quantity: Quantity, area: Quantity) -> Quantity:
    """ohm to ohm cm2; both ends of the interval widened, in the logarithm, by the error of the area."""
    made = derive(lambda r, a: r * a, quantity, area, unit="ohm cm2", basis="fit-covariance", origin="measured")
    if area.std is None:
        return replace(made, lo95=None, hi95=None, std=None, basis="none")
    spread = Z95 * area.std / area.value
    ends = [_widen_end(quantity.value, end, spread) for end in (quantity.lo95, quantity.hi95)]
    basis = "none" if quantity.std is None else "fit-covariance"
    return replace(made, lo95=_scale_end(ends[0], area), hi95=_scale_end(ends[1], area), basis=basis)


def _widen_end(value: float, end: float | None, spread: float) -> float | None:
    if end is None or value * end <= 0:
        return end
    distance = np.log(end / value)
    return float(value * np.exp(np.sign(distance) * np.hypot(distance, spread)))


def _scale_end(end: float | None, area: Quantity) -> float | None:
    return None if end is None else end * area.value


def _compute_capacitances(verdict: SpectrumVerdict, values, area: Quantity, formula: str, state) -> list[Entry]:
    """Effective capacitance of each arc (R|Q) by the formula named."""
    if formula == "none":
        return []
    lone = [p.name for p in verdict.fit.circuit.parameters if p.unit == "ohm" and p.element == p.name]
    in_arcs = {r for r, _ in find_arcs(verdict.fit.circuit)}
    series = next((values[name] for name in lone if name not in in_arcs), None)
    found = []
    for r, store in find_arcs(verdict.fit.circuit):
        names = (f"{store}.Q", f"{store}.n", r)
        if names[0] not in values or values[r].value <= 0 or set(names) & set(verdict.identifiability.undetermined):
            continue
        parts = [values[name] for name in names]
        if formula == "brug":
            if series is None:
                continue
            law, parts = compute_brug_capacitance, [*parts, series]
        else:
            law = compute_hsu_mansfeld_capacitance
        quantity = derive(lambda *x, law=law: law(*x[:-1]) / x[-1], *parts, area, unit="F/cm2", origin="measured")
        own = {"element": store, "formula": FORMULAS[formula]}
        found.append(Entry("effective_capacitance", quantity.to("uF/cm2"), state | own))
    return found


def tabulate_fit(verdict: SpectrumVerdict, several: bool) -> list[Curve]:
    """The fit, the parameters (Tab. S4), the circuits compared and the DRT as tables."""
    fit, test, shown = verdict.fit, verdict.test, verdict.distribution
    tail = f" {verdict.spectrum.name}" if several else ""
    low, high = fit.interval()
    sure = np.array([verdict.sure and name not in verdict.identifiability.undetermined for name in fit.names])
    hide = np.where(sure, 1.0, np.nan)
    return [
        Curve(
            f"fit{tail}",
            {
                "frequency": (fit.frequency, "Hz"),
                "real": (fit.impedance.real, "ohm"),
                "imaginary": (fit.impedance.imag, "ohm"),
                "fitted_real": (fit.fitted.real, "ohm"),
                "fitted_imaginary": (fit.fitted.imag, "ohm"),
                "kramers_kronig_real": (test.fitted.real, "ohm"),
                "kramers_kronig_imaginary": (test.fitted.imag, "ohm"),
            },
        ),
        Curve(
            f"circuit parameters{tail}",
            {
                "parameter": (np.array(fit.names), "1"),
                "unit": (np.array(fit.units), "1"),
                "value": (fit.values, "1"),
                "std": (fit.std * hide, "1"),
                "low95": (np.minimum(low, high) * hide, "1"),
                "high95": (np.maximum(low, high) * hide, "1"),
            },
        ),
        Curve(
            f"circuits compared{tail}",
            {
                "circuit": (np.array([rung.circuit for rung in verdict.rungs]), "1"),
                "free_parameters": (np.array([rung.n_free for rung in verdict.rungs]), "1"),
                "residual": (np.array([100 * rung.rms for rung in verdict.rungs]), "%"),
                "delta_AICc": (np.array([rung.delta_aicc for rung in verdict.rungs]), "1"),
                "delta_BIC": (np.array([rung.delta_bic for rung in verdict.rungs]), "1"),
            },
        ),
        Curve(f"relaxation times{tail}", {"tau": (shown.tau, "s"), "gamma": (shown.gamma, "ohm")}),
    ]


def describe_methods(verdicts: list[SpectrumVerdict], options: ImpedanceOptions) -> str:
    """A sentence or two for an experimental section."""
    first = verdicts[0]
    f = first.fit.frequency
    weights = "weights 1/|Z|" if options.weights == "modulus" else "unit weights"
    how = f"{first.fit.circuit.text} ({weights}, logarithmic parameters, many starts from the data)"
    return (
        f"Impedance was analysed from {f[-1]:.3g} to {f[0]:.3g} Hz. Each spectrum was tested for consistency with the "
        f"Kramers-Kronig relations by a linear measurement model, and fitted with {how}. Intervals are profile "
        "likelihoods at 95 %; resistances refer to the electrode area."
    )


TECHNIQUE = Technique(
    "impedance",
    "Electrochemical impedance",
    ("impedance",),
    analyse,
    ImpedanceOptions,
    needs=("area",),
    citations=CITATIONS,
    place="Tab. S4",
)
