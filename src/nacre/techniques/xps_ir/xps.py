"""Photoelectron spectra of core levels: species, their amounts and energies, with the choice of model in the error.

Every region of the species table is fitted by several defensible models: Shirley step, Tougaard loss, step and slope,
widths tied or free, overlapping lines in or out; the background is part of each. They are weighted by AICc, and the
spread between them is part of the uncertainty. Several samples given to one analysis are fitted together, with shared
positions, widths and shape, so that their amounts can be compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.figure import Figure
from nacre.core.options import option
from nacre.core.quantity import Quantity, correlated, derive
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.core.signal import Signal
from nacre.materials.spectra.xps_species import SHAPES, CoreLevelRegion, Species, load_species
from nacre.physics.xps_ir.fit import SpectrumModel
from nacre.techniques.xps_ir import casa_fit, energy_scale, xps_models
from nacre.techniques.xps_ir import figures as xps_figures
from nacre.techniques.xps_ir.missing_species import find_missing_species
from nacre.techniques.xps_ir.region_fit import RegionFit, XpsSampleSet, is_at_limit, is_seen
from nacre.techniques.xps_ir.species_ratio import report_ratio
from nacre.techniques.xps_ir.xps_tables import tabulate_fit

DECISIVE = 0.99  # weight above which a single model decides
BELOW = 3.0  # standard deviations below zero at which a share is no noise


SHAPE_WORDS = {
    "sum": "Gaussian-Lorentzian sums",
    "product": "Gaussian-Lorentzian products",
    "voigt": "Voigt profiles",
    "tail": "Gaussian-Lorentzian sums with an exponential tail",
}


@dataclass(frozen=True)
class XpsOptions:
    """Options of `xps`: regions, models, line shapes and the energy scale."""

    regions: tuple[str, ...] = option((), "regions to fit, like 'Hf 4f'; by default all that the table knows")
    leave_out: tuple[str, ...] = option((), "species to leave out of the fit")
    ratio: tuple[str, ...] = option(
        (), "two species whose ratio is wanted, like 'ZrO2, Li2ZrO3'; else the phases of the declared coating"
    )
    models: tuple[str, ...] = option((), "models of the ensemble; by default all", choices=tuple(xps_models.VARIANTS))
    shapes: tuple[str, ...] = option(
        (),
        "line shapes, every model with each of them; by default all, or the region's where models are chosen",
        choices=SHAPES,
    )
    components: str = option(
        "table", "what is fitted: species of the table, or CasaXPS's components of the file", choices=("table", "file")
    )
    calibration: str = option("C 1s", "how energies are calibrated", choices=("C 1s", "file", "none"))
    reference_energy: float = option(284.8, "C 1s of adventitious carbon", unit="eV", lo=284.0, hi=286.0)
    reference_error: float = option(
        0.2, "standard uncertainty of that energy", unit="eV", lo=0.0, hi=2.0, lab="xps.reference_error"
    )
    shift: float | None = option(None, "added to all binding energies, instead of a calibration", unit="eV")
    splitting: float | None = option(None, "another spin-orbit splitting (one region only)", unit="eV", lo=0.0)


def analyse(inputs: Mapping[str, Any], context: Context, options: XpsOptions) -> list[Result]:
    """Species of every known region of the core levels.

    Parameters
    ----------
    inputs : dict of str to Signal or list of Signal
        Detail scans of one measurement, or of several by name for one fit of all.
    context : Context
        What the study declares of the sample, the cell and the measurement.
    options : XpsOptions
        Chosen in study.toml; each is described where it is declared.

    Returns
    -------
    list of Result
        One result: shares in %, energies and widths in eV, ratios; the models as curves.

    Raises
    ------
    NacreError
        Where no region is known.
    NotAssessable
        Where the energies cannot be calibrated.
    """
    if options.components == "file":
        return [casa_fit.analyse(inputs, context, TECHNIQUE.citations)]
    sets = tuple(_collect_set(role, found, context, options) for role, found in inputs.items())
    # without a choice, every region that the table knows
    wanted = [load_species().region(name) for name in options.regions] or list(load_species().regions.values())
    _check_ratio(wanted, options)
    entries: list[Entry] = []
    curves: list[Curve] = []
    figures: list[Figure] = []
    fits: list[RegionFit] = []
    checks = [_check_calibration(s) for s in sets]
    for region in wanted:
        having = tuple(s for s in sets if s.of(region) is not None)
        fit = _try_region(region, having, options, checks) if having else None
        if fit is None:
            continue
        fits.append(fit)
        found, judged = _make_entries(fit, context)
        entries += found
        checks += judged + _check_models(fit) + find_missing_species(fit)
        curves += tabulate_fit(fit)
        figures += xps_figures.draw(fit, found)
    if not figures and "fail" not in {check.status for check in checks}:
        raise _refuse_unknown(sets)
    methods = _describe_methods(sets, fits)
    return [
        Result(
            "xps",
            entries=tuple(entries),
            curves=tuple(curves),
            figures=tuple(figures),
            checks=tuple(checks),
            citations=TECHNIQUE.citations,
            methods=methods,
        )
    ]


def _refuse_unknown(sets: Sequence[XpsSampleSet]) -> NacreError:
    names = dict.fromkeys(signal.name for s in sets for signal in s.signals)
    return NacreError(
        "no spectrum is of a region that is known",
        found=", ".join(names),
        expected=", ".join(load_species().regions),
        do="name the regions in the file after element and level",
    )


def _try_region(
    region: CoreLevelRegion, sets: tuple[XpsSampleSet, ...], options: XpsOptions, checks: list[Check]
) -> RegionFit | None:
    """The fit of a region. One that was not asked for and cannot be assessed is a failed check, not an error."""
    try:
        return _fit_region(region, sets, options)
    except NotAssessable as error:
        if options.regions:
            raise
        checks.append(Check("fail", f"{region.name} is not assessed: {error}"))
        return None


def _collect_set(role: str, found: Signal | list[Signal], context: Context, options: XpsOptions) -> XpsSampleSet:
    signals = tuple(s for s in (found if isinstance(found, list) else [found]) if s.kind == "xps")
    own = context.others.get(role, context)
    measured, sample = own.measurement, own.sample
    label = sample.title if sample else role
    stage = dict(measured.state) if measured else {}
    if len(context.others) > 1:
        label = ", ".join(filter(None, (label, str(stage.get("stage", "")))))
    where = measured.name if measured else role
    if not signals:
        raise NacreError("no spectrum of a core level", where=where, do="give detail scans, not a survey")
    scale = energy_scale.calibrate_energies(signals, options, where)
    who, phases = (sample.name, sample.coating_phases) if sample else (role, ())
    # a single measurement is what the analysis itself is about: only of several each needs its own subject
    subject = make_own_subject(own) if context.others else None
    return XpsSampleSet(role, who, label, subject, stage, signals, scale, phases)


def make_own_subject(own: Context) -> Subject:
    """Sample, cell and measurement that one of several inputs comes from."""
    sample, cell, measured = own.sample, own.cell, own.measurement
    return Subject(sample.name if sample else "", cell.name if cell else "", measured.name if measured else "")


def _fit_region(region: CoreLevelRegion, sets: tuple[XpsSampleSet, ...], options: XpsOptions) -> RegionFit:
    signals = [s.of(region) for s in sets]
    phases = {phase for s in sets for phase in s.phases}
    region = region.holding({*options.ratio, *phases})
    kept = tuple(s for s in region.species if s.name not in options.leave_out)
    region = replace(region, species=kept)
    spectra = []
    for s, signal in zip(sets, signals, strict=True):
        if signal is None:
            continue  # only sets that have the region come here
        energy = signal.array("binding_energy", "eV") + s.scale.shift.value
        unit = signal["intensity"].unit
        spectra.append(xps_models.prepare_spectrum(energy, signal["intensity"].values, unit, region, signal.where))
    # one shape alone covers too little where the truth is another; who chooses models chooses the shape with them
    shapes = options.shapes or (() if options.models else SHAPES)
    chosen = xps_models.list_candidates(
        region, len(sets), names=options.models, shapes=shapes, splitting=options.splitting
    )
    return RegionFit(
        region, sets, tuple(spectra), xps_models.fit_all(chosen, spectra), _find_pair(region, sets, options)
    )


def _find_pair(
    region: CoreLevelRegion, sets: tuple[XpsSampleSet, ...], options: XpsOptions
) -> tuple[Species, Species] | None:
    """The two species whose ratio is wanted: those of the option, else of a declared coating, else the only two of the
    region that stand for phases; None where the region has no such two.
    """
    phases = tuple(s.phase for s in region.species if s.phase)
    last = phases if len(phases) == 2 else ()
    for names in (options.ratio, *(s.phases for s in sets), last):
        found = tuple(dict.fromkeys(filter(None, map(region.find, names))))
        if len(found) == 2:
            return found
    return None


def _check_ratio(regions: list[CoreLevelRegion], options: XpsOptions) -> None:
    """Raises NacreError where the option names no two species of one of the regions."""
    if not options.ratio or any(len(set(map(r.find, options.ratio)) - {None}) == 2 for r in regions):
        return
    raise NacreError(
        "the ratio wanted is not one of two species of one region",
        where="option 'ratio'",
        found=", ".join(options.ratio),
        expected="; ".join(f"{r.name}: {', '.join(s.formula for s in r.species)}" for r in regions),
    )


# --- what it says -------------------------------------------------------------------------------------------


def _compute_answers(fit: RegionFit, values: np.ndarray, model: SpectrumModel) -> np.ndarray:
    """Per set: fraction of each species (%); then positions and widths of each species (eV)."""
    at, species = model.index, fit.region.species
    fractions = []
    for s in range(len(fit.sets)):
        areas = np.array([values[at[xps_models.name_area(p.name, s)]] for p in species])
        fractions.append(100 * areas / areas.sum())
    positions = [values[at[f"position {p.name}"]] for p in species]
    return np.concatenate([*fractions, positions, [_compute_width(p, values, model) for p in species]])


def _compute_width(species: Species, values: np.ndarray, model: SpectrumModel) -> float:
    """FWHM of a species' line: its own, or the common width times what the table says of it."""
    name = xps_models.name_width(model, species)
    return values[model.index[name]] * (species.width_factor if name == "width" else 1.0)


def _make_entries(fit: RegionFit, context: Context) -> tuple[list[Entry], list[Check]]:
    species, checks, entries = fit.region.species, [], []
    mean, within, between = fit.ensemble.average(lambda v, m: _compute_answers(fit, v, m))
    n, k = len(species), len(fit.sets)
    source = f"xps:{context.analysis}:{fit.region.name}"
    units = ["%"] * (n * k) + ["eV"] * (2 * n)
    # one model alone has no spread between models
    many = len(fit.ensemble.fits) > 1
    basis = "model-spread" if many else "fit-covariance"
    found = list(
        correlated(map(str, range(len(mean))), mean, within + between, units, source=source, basis=basis).values()
    )
    # the area of a line at a wrong place is part of the total, so that no share of the region is known
    lost = {p for p in species if is_at_limit(fit, p) and any(is_seen(fit, p, s) for s in range(k))}
    for s, one in enumerate(fit.sets):
        if not any(is_seen(fit, p, s) for p in species):
            checks.append(Check("info", f"{one.label}: nothing in {fit.region.name} is above the detection limit"))
            continue
        mine = slice(s * n, (s + 1) * n)
        negative = _check_negative(fit, s, found)
        if negative:
            checks.append(negative)
            found[mine] = [Quantity(q.value, q.unit, origin=q.origin) for q in found[mine]]
        if n > 1 and not lost:
            entries += _report_shares(fit, one, found[mine])
        if fit.pair and not lost & set(fit.pair):
            fraction = found[s * n + species.index(fit.pair[0])] if n == 2 else None
            ratios, doubts = report_ratio(fit, fit.pair, s, one, basis, fraction)
            entries += ratios
            checks += doubts
    placed, doubts = _report_positions(fit, found[n * k :], basis)
    return entries + placed, checks + doubts + _check_support(fit)


def _report_shares(fit: RegionFit, one: XpsSampleSet, shares: Sequence[Quantity]) -> list[Entry]:
    state = {**one.state, "line": fit.region.name}
    pairs = zip(fit.region.species, shares, strict=True)
    return [Entry("species_fraction", share, {**state, "species": p.name}, one.subject) for p, share in pairs]


def _check_support(fit: RegionFit) -> list[Check]:
    """Which assignments something other than this spectrum supports."""
    name, checks = fit.region.name, []
    supported = ", ".join(p.name for p in fit.region.species if p.supported)
    if supported:
        checks.append(Check("info", f"{name}: assignment independently supported: yes, of {supported}"))
    for p in fit.region.species:
        if not p.supported:
            text = f"{name}: assignment of {p.name} independently supported: no ({p.source})"
            checks.append(Check("warn", text, "amounts do not depend on it; the name of the species does"))
    return checks


def _check_negative(fit: RegionFit, s: int, found: list[Quantity]) -> Check | None:
    """A share below zero by more than its error: the error does not hold what is wrong with the model."""
    n = len(fit.region.species)
    shares = zip(fit.region.species, found[s * n : (s + 1) * n], strict=True)
    # a share below zero by chance is within its error
    below = [f"{p.name} {q.value:.1f} %" for p, q in shares if q.std and q.value < -BELOW * q.std]
    if n < 2 or not below:
        return None
    text = f"{fit.sets[s].label}: {fit.region.name} gives a negative share ({', '.join(below)}), beyond its error"
    cure = "the species or the background do not describe this spectrum; its shares have no uncertainty"
    return Check("fail", text, cure)


def _report_positions(fit: RegionFit, found: list[Quantity], basis: str) -> tuple[list[Entry], list[Check]]:
    """Energies and widths of species that stand out; of a joint fit once, since its samples share them.

    Those of a species that one sample alone shows are that sample's.

    A position that ran to the limit of its reach is not a position: it is left out, and a check says so.
    """
    entries: list[Entry] = []
    checks: list[Check] = []
    n = len(fit.region.species)
    for i, p in enumerate(fit.region.species):
        holding = [one for s, one in enumerate(fit.sets) if is_seen(fit, p, s)]
        if not holding:
            continue
        if is_at_limit(fit, p):
            text = f"{fit.region.name}: {p.name} ran to the limit of where it may lie ({found[i].value:.1f} eV)"
            cure = "the species, or the energy scale, is another: the shares of this region cannot be determined"
            checks.append(Check("fail", text, cure))
            continue
        place = _add_calibration(found[i], fit.sets[0].scale.shift, basis)
        checks += _check_position(fit, p, place)
        alone = holding[0] if len(holding) == 1 else None
        state, subject = (dict(alone.state), alone.subject) if alone else ({}, None)
        state |= {"line": fit.region.lines(p)[0][0], "species": p.name}
        entries.append(Entry("binding_energy", place, state, subject))
        entries.append(Entry("peak_width", found[n + i], {**state, "line": fit.region.name}, subject))
    return entries, checks


def _check_position(fit: RegionFit, species: Species, place: Quantity) -> list[Check]:
    """A warning where a position is outside the table's range by more than its error."""
    slack = 2 * (place.std or 0.0) + 0.05
    if species.low - slack <= place.value <= species.high + slack:
        return []
    where = f"{species.name} at {place.value:.1f} eV lies outside {species.low:g} to {species.high:g} eV"
    return [Check("warn", f"{fit.region.name}: {where}, where it is known to lie", "look at the assignment")]


def _add_calibration(position: Quantity, shift: Quantity, basis: str) -> Quantity:
    """A fitted position with the error of the energy scale, which all lines of a sample share."""
    if shift.std is None:
        return position
    fixed = shift.value
    return derive(lambda a, b: a + (b - fixed), position, shift, unit="eV", basis=basis, origin="measured")


def _check_calibration(one: XpsSampleSet) -> Check:
    if one.scale.shift.std is None:
        return Check("warn", f"{one.label}: energies {one.scale.words}; positions have no calibration error")
    return Check("info", f"{one.label}: {one.scale.words}; moved by {one.scale.shift}")


def _check_models(fit: RegionFit) -> list[Check]:
    ensemble, name, checks = fit.ensemble, fit.region.name, []
    if not all(s.counted for s in fit.spectra):
        text = f"{name}: the number of counts is unknown: errors come from the residual scatter, no counting error"
        checks.append(Check("warn", text, "export counts with dwell time and number of scans"))
    elif ensemble.dispersion > 1:
        text = (
            f"{name}: no model describes the counts (best reduced chi2 {ensemble.dispersion:.2f}): errors are widened"
        )
        status = "warn" if ensemble.dispersion < xps_models.HOPELESS else "fail"
        checks.append(Check(status, text, "a species is missing, or the line shape is another"))
    elif ensemble.best.p_value > 1 - 1e-6:
        text = (
            f"{name}: the scatter is smaller than counting statistics allow (reduced chi2 {ensemble.best.reduced:.2f})"
        )
        checks.append(Check("warn", text, "the counts were smoothed or scaled: export them raw"))
    if len(ensemble.fits) == 1:
        text = f"{name}: one model only ({ensemble.best.model.name}): the interval leaves the choice of model out"
        checks.append(Check("warn", text))
    elif ensemble.weights.max() > DECISIVE:
        text = f"{name}: '{ensemble.best.model.name}' has {100 * ensemble.weights.max():.1f} % of the weight"
        checks.append(Check("info", f"{text}: the interval is in effect that of this model alone"))
    for fitted in ensemble.fits:
        if not fitted.converged:
            checks.append(Check("warn", f"{name}: the model '{fitted.model.name}' did not converge"))
    return checks


def _describe_methods(sets: tuple[XpsSampleSet, ...], fits: list[RegionFit]) -> str:
    together = " The spectra of all samples were fitted together with shared positions, widths and shape." * (
        len(sets) > 1
    )
    used = {line.shape for fit in fits for f in fit.ensemble.fits for line in f.model.lines}
    shapes = " or ".join(words for name, words in SHAPE_WORDS.items() if name in used) or SHAPE_WORDS["sum"]
    alone = [fit.region.name for fit in fits if len(fit.ensemble.fits) == 1]
    weighed = "Models were weighted by AICc, and the spread between them is part of the uncertainty."
    if alone:
        weighed = weighed * (len(alone) < len(fits)) or "Intervals leave the choice of model out."
        weighed += f" Of {', '.join(alone)} one model alone was fitted."
    return (
        f"Binding energies: {'; '.join(dict.fromkeys(s.scale.words for s in sets))}. Core levels were fitted by "
        f"maximum Poisson likelihood with {shapes}; splitting and area ratio of doublets are those of element and "
        f"level; Shirley, Tougaard and sloping backgrounds are part of the model. {weighed}{together}"
    )


TECHNIQUE = Technique(
    "xps",
    "Photoelectron spectroscopy",
    ("xps",),
    analyse,
    XpsOptions,
    citations=(
        "D. A. Shirley, Phys. Rev. B 1972, 5, 4709-4714.",
        "S. Tougaard, Surf. Interface Anal. 1988, 11, 453-472.",
        "A. Herrera-Gomez et al., Surf. Interface Anal. 2014, 46, 897-905.",
        "K. P. Burnham, D. R. Anderson, Model Selection and Multimodel Inference, Springer, New York 2002.",
        "G. Greczynski, L. Hultman, Prog. Mater. Sci. 2020, 107, 100591.",
    ),
    place="Tab. S2",
)
