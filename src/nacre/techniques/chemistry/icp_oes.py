"""Contents of a powder from an emission (ICP-OES) run: coating metal, composition, with an uncertainty budget.

A run holds standards, blanks, drift checks, spikes and the digests of one or several samples; those of this sample
are known by their labels. Per line: a weighted calibration, the drift between checks, the digest blank, the recovery
of spikes. Per element: the mean of lines and digests, with the scatter between them where it is more than their own
errors. What the budget needs and is not declared (weighing, volumes, the standard's assay, the recovery) leaves the
uncertainty unknown, and a check names it.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.stats import t as student

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.labels import match_labels
from nacre.core.options import option
from nacre.core.quantity import Quantity, derive
from nacre.core.result import Check, Entry, Result, Subject
from nacre.core.signal import Signal
from nacre.materials.library import composition
from nacre.materials.spectra import emission_lines
from nacre.physics.chemistry.calibration_line import CalibrationError
from nacre.physics.chemistry.stoichiometry import compute_molar_mass
from nacre.techniques.chemistry import icp_figures as figures
from nacre.techniques.chemistry.determinations import average_determinations
from nacre.techniques.chemistry.icp_contents import (
    ElementContent,
    tabulate_budget,
    tabulate_calibration,
    tabulate_contents,
)
from nacre.techniques.chemistry.icp_line import EmissionLineRows, LineResult, SolutionReading, analyse_line, split_lines
from nacre.techniques.chemistry.icp_wording import CITATIONS, VOCABULARY

NOT_METALS = ("Li", "O", "F", "S", "P", "Cl", "Na")

COMPANIONS = ("Zr", "Hf")  # of each other in every ore; zirconia also comes from mills
HYDRATES = {"Hf": "HfOCl2", "Zr": "ZrOCl2"}  # standards made of these hold an unknown amount of water


@dataclass(frozen=True)
class IcpOesOptions:
    """Options of `icp_oes`: labels and lines to use, and the errors of balance and flasks."""

    label: tuple[str, ...] = option((), "labels of this sample's digests, like 'LHO*'; else those with its name")
    lines: tuple[str, ...] = option((), "lines to use, like 'Hf 277.336'; else all")
    mass_error: float | None = option(
        None, "standard uncertainty of a mass given in the file", unit="mg", lo=0.0, lab="balance.weighing"
    )
    volume_error: float | None = option(
        None,
        "relative standard uncertainty of a volume given in the file",
        unit="%",
        lo=0.0,
        hi=50.0,
        lab="icp.volume_error",
    )
    dilution_error: float | None = option(
        None,
        "relative standard uncertainty of a dilution given in the file",
        unit="%",
        lo=0.0,
        hi=50.0,
        lab="icp.dilution_error",
    )


def analyse(inputs: Mapping[str, Any], context: Context, options: IcpOesOptions) -> list[Result]:
    """Contents of every element that the run's standards cover.

    Parameters
    ----------
    inputs : {"signal": Signal}
        An emission run: one file, of kind "emission".
    context : Context
        What the study declares of the sample, the cell and the measurement.
    options : IcpOesOptions
        Chosen in study.toml; each is described where it is declared.

    Returns
    -------
    list of Result
        One result: contents and detection limits in wt%, ratios of atoms, the budget and the calibration as curves.

    Raises
    ------
    NacreError
        Where no solution is of this sample, or its mass is missing.
    NotAssessable
        Where no content can be determined.
    """
    signal = inputs["signal"]
    if isinstance(signal, list):
        raise NacreError(
            "an emission run is one file", found=f"{len(signal)} files", do="declare one measurement a run"
        )
    lines = [rows for rows in split_lines(signal) if _is_wanted(rows, options)]
    labels = _find_labels(signal, context, options)
    found, failures = _determine_elements(lines, labels, signal, context, options)
    if not found:
        raise NotAssessable("no content can be determined", where=signal.where, found="; ".join(failures))
    composition, more = _compute_composition(found, context)
    checks = [Check("warn", text) for text in failures]
    checks += [check for element in found for check in element.checks]
    checks += [*_check_budget(found, signal, context, options), *more]
    subject = Subject(context.sample.name if context.sample else "", measurement=_get_measurement_name(context))
    return [
        Result(
            "icp_oes",
            context.analysis,
            subject,
            entries=(*_make_entries(found), *composition),
            curves=(tabulate_contents(found), tabulate_budget(found), tabulate_calibration(found)),
            figures=figures.draw(found, context, signal.origin == "synthetic"),
            checks=tuple(dict.fromkeys(checks)),
            citations=CITATIONS,
            methods=_describe_methods(found),
            origin=signal.origin,
        )
    ]


def _get_measurement_name(context: Context) -> str:
    return context.measurement.name if context.measurement else ""


def _is_wanted(rows: EmissionLineRows, options: IcpOesOptions) -> bool:
    if not options.lines:
        return True
    return any(rows.name.startswith(line.replace(" nm", "").strip()) for line in options.lines)


def _find_labels(signal: Signal, context: Context, options: IcpOesOptions) -> list[str]:
    """Labels of this sample's solutions. Raises NacreError where none belongs to it."""
    there = list(dict.fromkeys(str(label) for label in signal["label"].values[signal["type"].values == "sample"]))
    names = context.names or _list_own_names(context)
    own = context.sample.name if context.sample else ""
    chosen = match_labels(there, own, names, options.label)
    if not chosen and not options.label and len(there) == 1:  # the one digest of a run needs no name
        chosen = there
    sought = ", ".join(options.label) or " or ".join(names.get(own, ()))
    if not chosen:
        raise NacreError(
            "no solution of the run is of this sample",
            where=signal.where,
            found=f"digests {', '.join(there) or 'none'}",
            expected=f"labels that are {sought}, with no more than a number",
            do='name them: options = { icp_oes = { label = "..." } }',
        )
    return chosen


def _list_own_names(context: Context) -> dict[str, tuple[str, ...]]:
    """What this sample may be called, where the other samples of the study are unknown."""
    if not context.sample:
        return {}
    return {context.sample.name: tuple(filter(None, (context.sample.name, context.sample.label)))}


# --- elements -----------------------------------------------------------------------------------------------


def _determine_elements(
    lines: Sequence[EmissionLineRows], labels, signal: Signal, context: Context, options: IcpOesOptions
):
    """Every element with a usable line, and why the other lines are not usable."""
    done: dict[str, list[LineResult]] = {}
    failures = []
    drift = context.find("signal_drift", "1")
    for rows in lines:
        try:
            result = analyse_line(rows, labels, signal.where, drift)
        except CalibrationError as error:
            failures.append(str(error))
            continue
        done.setdefault(rows.element, []).append(result)
    return [
        _determine_element(symbol, tuple(mine), context, options, signal) for symbol, mine in done.items()
    ], failures


def _determine_element(symbol: str, lines: tuple[LineResult, ...], context, options, signal: Signal) -> ElementContent:
    """Content of one element: each digest's mean over lines, then the mean of digests, then what is common."""
    checks = [check for line in lines for check in line.checks]
    digests: dict[str, list[tuple[str, Quantity]]] = {}
    factors: dict[str, float] = {}
    for line in lines:
        for reading in line.readings:
            factor = _compute_powder_factor(line.rows, reading, context, options, signal)
            content = derive(lambda c, f: c * f, reading.content, factor, unit="wt%", origin="measured")
            digests.setdefault(reading.label, []).append((line.rows.name, content))
            factors[reading.label] = factor.value
    means, worst, dof = [], 1.0, sum(line.line.dof for line in lines)
    for contents in digests.values():
        mean = average_determinations([content for _, content in contents], "wt%", dof)
        means.append(mean.quantity)
        worst = min(worst, mean.p)
    whole = average_determinations(means, "wt%", dof)
    declared = _list_declared_elements(context)
    checks += _check_agreement(symbol, _list_foreign_elements(symbol, declared), worst, whole.p, len(means))
    checks += _check_interference(symbol, lines, declared)
    common = [whole.quantity, _get_assay(symbol, context), _get_recovery(symbol, lines, context)]
    content = derive(lambda w, a, r: w * a / r, *common, unit="wt%", origin="measured", n=len(means))
    content = _widen_interval(content, lines, len(means))
    # the best line and the most concentrated digest set the limit
    limit = min(line.limits[1] for line in lines) * min(factors.values())
    single = tuple((name, label, q) for label, contents in digests.items() for name, q in contents)
    spiked = next((line.recovery for line in lines if line.recovery is not None), None)
    detection = Quantity(limit, "wt%", basis="none", origin="measured")
    return ElementContent(symbol, content, single, detection, spiked, _compute_budget(content), tuple(checks), lines)


def _get_assay(symbol: str, context: Context) -> Quantity:
    """The standard's true content over its label; 1 without a known error where it is not declared."""
    name = "bulk_standard_assay" if symbol in _get_bulk_composition(context) else "standard_assay"
    declared = context.find(name, "1")
    return declared.tagged(f"icp:{symbol}:assay") if declared else Quantity(1.0, "1")


def _get_bulk_composition(context: Context) -> Mapping[str, Fraction]:
    """Atoms of the active material, whose standards are others than that of the coating's metal."""
    cam = context.text("cam")
    return composition(cam) if cam else {}


def _get_recovery(symbol: str, lines: Sequence[LineResult], context: Context) -> Quantity:
    """The part found of what is there: from spikes, else declared, else 1 without a known error."""
    spiked = [line.recovery.to("1") for line in lines if line.recovery is not None]
    if spiked:
        return average_determinations(
            [q.tagged(f"icp:{symbol}:recovery {i}") for i, q in enumerate(spiked)], "1"
        ).quantity
    declared = context.find("digest_recovery", "1")
    return declared.tagged(f"icp:{symbol}:recovery") if declared else Quantity(1.0, "1")


def _compute_powder_factor(
    rows: EmissionLineRows, reading: SolutionReading, context: Context, options: IcpOesOptions, signal: Signal
) -> Quantity:
    """wt% of the powder per mg/L of the solution: volume times dilution over mass."""
    i, digest = reading.row, f"icp:{signal.where}:{reading.label}"
    mass = _make_stated(
        rows.mass[i], "g", None if options.mass_error is None else options.mass_error * 1e-3, f"{digest}:weighing"
    )
    volume = _make_stated(
        rows.volume[i], "mL", _scale_percent(options.volume_error, rows.volume[i]), f"{digest}:volume"
    )
    dilution = _make_stated(
        rows.dilution[i], "1", _scale_percent(options.dilution_error, rows.dilution[i]), f"{digest}:dilution"
    )
    mass = mass or context.need("digest_mass", "g", "the content per gram of powder")
    volume = volume or context.need("digest_volume", "mL", "the content per gram of powder")
    dilution = dilution or context.find("digest_dilution", "1") or Quantity(1.0, "1", 0.0)
    if not mass.value > 0:
        raise NacreError(
            "the mass of a digest must be above 0", where=signal.where, found=f"{mass} of '{reading.label}'"
        )
    return derive(lambda m, v, d: v * d / m * 1e-4, mass, volume, dilution, unit="1")


def _make_stated(value: float, unit: str, std: float | None, source: str) -> Quantity | None:
    return None if np.isnan(value) else Quantity(float(value), unit, std).tagged(source)


def _scale_percent(percent: float | None, value: float) -> float | None:
    return None if percent is None else abs(percent / 100 * float(value))


# --- uncertainty --------------------------------------------------------------------------------------------

# what a source of error is called in the budget, by the last words of its name
BUDGET = ("weighing", "volume", "dilution", "calibration", "blank", "drift", "assay", "recovery")


def _classify_source(source: str) -> str:
    """The budget's word for a source of error: the scatter of a solution where the name holds none."""
    tail = source.rpartition(":")[2].split(" ")[0]
    if tail in BUDGET:
        return tail
    return "between digests and lines" if source.startswith("own:") else "readings"


def _compute_budget(content: Quantity) -> dict[str, float]:
    """Standard uncertainties in wt% by kind; {} where the whole is unknown."""
    squares: dict[str, float] = {}
    for source, part in content.parts.items():
        squares[_classify_source(source)] = squares.get(_classify_source(source), 0.0) + part**2
    return {kind: square**0.5 for kind, square in sorted(squares.items(), key=lambda item: -item[1])}


def _widen_interval(content: Quantity, lines: Sequence[LineResult], digests: int) -> Quantity:
    """The interval by Student's t: few standards and few digests determine their own errors poorly.

    Degrees of freedom by Welch and Satterthwaite (GUM, JCGM 100:2008, G.4).
    """
    if not content.std:
        return content
    spread = _compute_budget(content)
    # errors that are estimated from the run itself have few degrees of freedom
    fitted = sum(spread.get(kind, 0.0) ** 2 for kind in ("calibration", "readings", "blank"))
    between = spread.get("between digests and lines", 0.0) ** 2
    few = fitted**2 / sum(line.line.dof for line in lines) + between**2 / max(digests - 1, 1)
    reach = content.std * float(student.ppf(0.975, content.std**4 / few) if few else 1.959964)
    return replace(content, lo95=content.value - reach, hi95=content.value + reach)


def _check_agreement(symbol: str, others: Sequence[str], p_lines: float, p_digests: float, digests: int) -> list[Check]:
    """What lines and digests say of each other. others : elements whose lines may lie beneath them."""
    checks = []
    if p_lines < 0.01:
        text = f"{symbol}: its lines disagree (p = {p_lines:.2g}): one may lie on a line of {' or '.join(others)}"
        checks.append(Check("warn", text, "measure solutions of these elements alone, and leave the line out"))
    if p_digests < 0.01:
        text = f"{symbol}: {digests} digests scatter beyond their errors (p = {p_digests:.2g}): the error is widened"
        checks.append(Check("warn", text, "digest more powder, or mix it better"))
    return checks


def _list_declared_elements(context: Context) -> tuple[str, ...]:
    """Elements that are in the solution: those of the active material and of the coating."""
    found = [element for element in _get_bulk_composition(context) if element != "O"]
    for phase in context.sample.coating.get("phases", ()) if context.sample else ():
        # a phase may be a name without a formula
        with contextlib.suppress(NacreError):
            found += [element for element in composition(str(phase)) if element not in ("O", "H", "C")]
    return tuple(dict.fromkeys(found))


def _list_foreign_elements(symbol: str, declared: Sequence[str]) -> list[str]:
    """Elements whose lines may lie on those of `symbol`: companions in the ore, metals of the solution."""
    metals = [element for element in declared if element not in NOT_METALS]
    return [element for element in dict.fromkeys((*COMPANIONS, *metals)) if element != symbol]


def _describe_hydrates(found: Sequence[ElementContent], context: Context) -> str:
    """Which standard of the coating's metal holds water; "" where none is known to."""
    brought = context.sample.coating_elements if context.sample else frozenset()
    asked = {e.symbol for e in found} & (brought or HYDRATES.keys())
    # only metals of the coating, or all known ones where it is not declared
    salts = [salt for symbol, salt in HYDRATES.items() if symbol in asked]
    return f"{' and '.join(salts)} standards are hydrates: their content needs a gravimetric assay" if salts else ""


def _check_interference(symbol: str, lines: Sequence[LineResult], declared: Sequence[str]) -> list[Check]:
    """Lines of other elements beside the lines used (of companions the strong ones), and wavelengths of no line."""
    checks, clean = [], []
    companions = [element for element in COMPANIONS if element not in declared]
    matrix = [*declared, *companions]
    for name, wavelength in ((line.rows.name, line.rows.wavelength) for line in lines):
        if np.isnan(wavelength):
            continue
        near = emission_lines.list_neighbours(symbol, wavelength, declared)
        # of an element that is there in traces at most, only lines that are strong can matter
        near += emission_lines.list_neighbours(symbol, wavelength, companions, weaker=False)
        if emission_lines.list_known(symbol, wavelength) is False:
            text = f"{name} is none of the strong lines of {symbol}{_describe_unread([symbol])}"
            checks.append(Check("warn", text, "check the wavelength and the element for a typing error"))
        if not near:
            clean.append(name)
            continue
        words = ", ".join(f"{element} {at:.3f} nm" for element, at in near)
        unread = _describe_unread(element for element, _ in near)
        text = f"{name} is next to {words}{unread}: that element counts as {symbol}"
        checks.append(Check("warn", text, "use another line, or measure that element alone and correct"))
    if clean:
        others = ", ".join(dict.fromkeys(element for element in matrix if element != symbol))
        words = f"no strong line of {others} lies within"
        text = f"{', '.join(clean)}: {words} {emission_lines.BESIDE:g} nm{_describe_unread(matrix)}; weaker lines may"
        checks.append(Check("info", text, "let two lines agree, or measure a blank of the matrix"))
    return checks


def _describe_unread(elements: Iterable[str]) -> str:
    names = emission_lines.list_unread(elements)
    return f" (of {', '.join(names)} not all lines were read at the table's source)" if names else ""


def _check_budget(
    found: Sequence[ElementContent], signal: Signal, context: Context, options: IcpOesOptions
) -> list[Check]:
    """What is not declared, so that the uncertainty is unknown; contents below the detection limit."""
    lacks = _list_undeclared(found, signal, context, options)
    checks = []
    if lacks:
        text = f"not stated: {', '.join(lacks)}; the uncertainty of what depends on it is unknown"
        checks.append(Check("warn", text, _describe_hydrates(found, context) if "standard_assay" in lacks else ""))
    alone = [element.symbol for element in found if len(element.lines) == 1]
    if alone:
        text = f"{', '.join(alone)}: one line each: a foreign line beneath it could not be seen"
        checks.append(Check("info", text, "measure a second line of what matters"))
    for element in found:
        if element.content.value < element.limit.value:
            text = f"{element.symbol}: {element.content} is below the detection limit of {element.limit}: not detected"
            checks.append(Check("info", text))
    return checks


def _list_undeclared(
    found: Sequence[ElementContent], signal: Signal, context: Context, options: IcpOesOptions
) -> list[str]:
    """Names of the inputs and options whose uncertainty the budget needs and lacks."""
    lacks = []
    for option_name, field, declared, unit in (
        ("mass_error", "mass", "digest_mass", "g"),
        ("volume_error", "volume", "digest_volume", "mL"),
        ("dilution_error", "dilution", "digest_dilution", "1"),
    ):
        if getattr(options, option_name) is not None:
            continue
        stated = context.find(declared, unit)
        if field in signal:
            lacks.append(option_name)
        elif stated is not None and stated.std is None:
            lacks.append(declared)
    bulk = _get_bulk_composition(context)
    assays = {"bulk_standard_assay" if e.symbol in bulk else "standard_assay" for e in found}
    lacks += [name for name in sorted(assays) if getattr(context.find(name, "1"), "std", None) is None]
    if any(e.recovery is None for e in found) and context.find("digest_recovery", "1") is None:
        lacks.append("digest_recovery (or a spike)")
    return lacks


# --- what comes out -----------------------------------------------------------------------------------------


def _make_entries(found: Sequence[ElementContent]) -> list[Entry]:
    entries = []
    for element in found:
        state = {"element": element.symbol}
        if element.content.value >= element.limit.value:
            entries.append(Entry("element_content", element.content, state))
        entries.append(Entry("detection_limit", element.limit, state))
        if element.recovery is not None:
            entries.append(Entry("spike_recovery", element.recovery, state))
    return entries


def _compute_composition(found: Sequence[ElementContent], context: Context) -> tuple[list[Entry], list[Check]]:
    """Atoms per transition-metal atom, where the run covers all transition metals of the active material."""
    by = {element.symbol: element.content for element in found}
    cam = _get_bulk_composition(context)
    metals = [symbol for symbol in cam if symbol not in NOT_METALS]
    if not metals or not all(symbol in by for symbol in metals):
        return [], []
    ratios = [*metals, "Li"] if "Li" in by and "Li" not in metals else metals
    entries = [_compute_ratio(symbol, metals, by) for symbol in ratios]
    return entries, _compare_with_formula(entries, cam, metals)


def _compute_ratio(symbol: str, metals: Sequence[str], by: Mapping[str, Quantity]) -> Entry:
    """Atoms of an element per atom of all transition metals, itself counted once."""
    masses = {name: compute_molar_mass(name) for name in (symbol, *metals)}
    others = [metal for metal in metals if metal != symbol]

    def divide(own: float, *rest: float) -> float:
        atoms = own / masses[symbol]
        total = sum(w / masses[metal] for w, metal in zip(rest, others, strict=True))
        return atoms / (total + (atoms if symbol in metals else 0.0))

    ratio = derive(divide, by[symbol], *(by[metal] for metal in others), unit="1", origin="measured")
    return Entry("element_ratio", ratio, {"element": symbol})


def _compare_with_formula(entries: Sequence[Entry], cam: Mapping[str, Fraction], metals: Sequence[str]) -> list[Check]:
    """Ratios whose interval does not hold that of the declared formula."""
    checks = []
    amount = sum(float(cam[metal]) for metal in metals)
    for entry in entries:
        element, ratio = entry.state["element"], entry.quantity
        nominal = float(cam[element]) / amount
        if ratio.lo95 is not None and ratio.hi95 is not None and not ratio.lo95 <= nominal <= ratio.hi95:
            text = f"{element} per metal is {ratio}, not the {nominal:.3g} of the formula"
            checks.append(Check("info", text))
    return checks


def _describe_methods(found: Sequence[ElementContent]) -> str:
    lines = ", ".join(line.rows.name for element in found for line in element.lines)
    dof = found[0].lines[0].line.x.size
    return (
        f"Contents were determined by ICP-OES ({lines}) with weighted calibration lines of {dof} points, corrected for "
        "drift, digest blank and recovery."
    )


TECHNIQUE = Technique(
    "icp_oes",
    "ICP-OES",
    ("emission",),
    analyse,
    IcpOesOptions,
    vocabulary=VOCABULARY,
    citations=CITATIONS,
    place="Tab. S3",
)
