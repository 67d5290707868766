"""Photoelectron spectra of core levels: species, their amounts and energies, with the choice of model in the error.

Every region of the species table is fitted by several defensible models: Shirley step, Tougaard loss, step and slope,
widths tied or free, overlapping lines in or out; the background is part of each. They are weighted by AICc, and the
spread between them is part of the uncertainty. Several samples given to one analysis are fitted together, with shared
positions, widths and shape, so that their amounts can be compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.options import option
from nacre.core.quantity import Quantity, correlated, derive
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.core.signal import Signal
from nacre.materials.spectra.xps_species import SHAPES, CoreLevelRegion, Species, load_species
from nacre.physics.xps_ir.ensemble import ModelEnsemble
from nacre.techniques.xps_ir import casa_fit, energy_scale, xps_models
from nacre.techniques.xps_ir import figures as xps_figures

DECISIVE = 0.99  # weight above which a single model decides
BELOW = 3.0  # standard deviations below zero at which a share is no noise
SIGNIFICANT = 4.0  # an amount below this many standard deviations is not distinguished from zero


SHAPE_WORDS = {
    "sum": "Gaussian-Lorentzian sums",
    "product": "Gaussian-Lorentzian products",
    "voigt": "Voigt profiles",
    "tail": "Gaussian-Lorentzian sums with an exponential tail",
}


@dataclass(frozen=True)
class XpsOptions:
    """What may be chosen."""

    regions: tuple[str, ...] = option((), "regions to fit, like 'Hf 4f'; by default all that the table knows")
    leave_out: tuple[str, ...] = option((), "species to leave out of the fit")
    ratio: tuple[str, ...] = option(
        (), "two species whose ratio is wanted, like 'ZrO2, Li2ZrO3'; else the phases of the declared coating"
    )
    models: tuple[str, ...] = option((), "models of the ensemble; by default all", choices=tuple(xps_models.VARIANTS))
    shapes: tuple[str, ...] = option(
        (), "line shapes, every model with each of them; by default that of the region", choices=SHAPES
    )
    components: str = option(
        "table", "what is fitted: species of the table, or CasaXPS's components of the file", choices=("table", "file")
    )
    calibration: str = option("C 1s", "how energies are calibrated", choices=("C 1s", "file", "none"))
    reference_energy: float = option(284.8, "C 1s of adventitious carbon", unit="eV", lo=284.0, hi=286.0)
    reference_error: float = option(0.2, "standard uncertainty of that energy", unit="eV", lo=0.0, hi=2.0)
    shift: float | None = option(None, "added to all binding energies, instead of a calibration", unit="eV")
    splitting: float | None = option(None, "another spin-orbit splitting (one region only)", unit="eV", lo=0.0)


@dataclass(frozen=True)
class XpsSampleSet:
    """All spectra of one sample, calibrated; the declared phases of its coating."""

    name: str
    who: str
    label: str
    subject: Subject | None
    state: Mapping[str, Any]
    signals: tuple[Signal, ...]
    scale: energy_scale.EnergyScale
    phases: tuple[str, ...] = ()

    def of(self, region: CoreLevelRegion) -> Signal | None:
        found = [s for s in self.signals if load_species().find(s.name) is region]
        return found[0] if found else None


@dataclass(frozen=True)
class RegionFit:
    """One region, fitted in all sets that have it. pair : the species whose ratio is wanted."""

    region: CoreLevelRegion
    sets: tuple[XpsSampleSet, ...]
    spectra: tuple[xps_models.XpsSpectrum, ...]
    ensemble: ModelEnsemble
    pair: tuple[Species, Species] | None = None

    @property
    def compared(self) -> tuple[Species, ...]:
        """Two species, one over the other: the pair, else the first two."""
        return self.pair or self.region.species[:2]


def analyse(inputs: Mapping[str, Any], context: Context, options: XpsOptions) -> list[Result]:
    """Species of every known region. `inputs`: one measurement, or several by name for one fit of all.

    Raises NacreError where no region is known, or the energies cannot be calibrated.
    """
    if options.components == "file":
        return [casa_fit.analyse(inputs, context, TECHNIQUE.citations)]
    sets = tuple(_collect_set(role, found, context, options) for role, found in inputs.items())
    wanted = [load_species().region(name) for name in options.regions] or list(load_species().regions.values())
    _check_ratio(wanted, options)
    entries, curves, figures, checks, fits = [], [], [], [_check_calibration(s) for s in sets], []
    for region in wanted:
        having = tuple(s for s in sets if s.of(region) is not None)
        if not having:
            continue
        try:
            fit = _fit_region(region, having, options)
        except NotAssessable as error:
            if options.regions:
                raise
            checks.append(Check("fail", f"{region.name} is not assessed: {error}"))
            continue
        fits.append(fit)
        found, judged = _make_entries(fit, context)
        entries += found
        checks += judged + _check_models(fit)
        curves += _tabulate_fit(fit)
        figures += xps_figures.draw(fit, found)
    if not figures and not any(c.status == "fail" for c in checks):
        names = ", ".join(dict.fromkeys(signal.name for s in sets for signal in s.signals))
        raise NacreError(
            "no spectrum is of a region that is known",
            found=names,
            expected=", ".join(load_species().regions),
            do="name the regions in the file after element and level",
        )
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


def _collect_set(role: str, found, context: Context, options: XpsOptions) -> XpsSampleSet:
    signals = tuple(s for s in (found if isinstance(found, list) else [found]) if s.kind == "xps")
    own = context.others.get(role, context)
    measured = own.measurement
    sample = own.sample
    label = sample.title if sample else role
    stage = dict(measured.state) if measured else {}
    if len(context.others) > 1:
        label = ", ".join(word for word in (label, str(stage.get("stage", ""))) if word)
    subject = None
    if context.others:
        subject = Subject(
            sample.name if sample else "", own.cell.name if own.cell else "", measured.name if measured else ""
        )
    where = measured.name if measured else role
    if not signals:
        raise NacreError("no spectrum of a core level", where=where, do="give detail scans, not a survey")
    scale = energy_scale.calibrate_energies(signals, options, where)
    phases = sample.coating_phases if sample else ()
    return XpsSampleSet(role, sample.name if sample else role, label, subject, stage, signals, scale, phases)


def _fit_region(region: CoreLevelRegion, sets: tuple[XpsSampleSet, ...], options: XpsOptions) -> RegionFit:
    signals = [s.of(region) for s in sets]
    region = region.holding({*options.ratio, *(phase for s in sets for phase in s.phases)})
    kept = tuple(s for s in region.species if s.name not in options.leave_out)
    region = replace(region, species=kept)
    spectra = []
    for s, signal in zip(sets, signals, strict=True):
        energy = signal.array("binding_energy", "eV") + s.scale.shift.value
        unit = signal["intensity"].unit
        spectra.append(xps_models.prepare_spectrum(energy, signal["intensity"].values, unit, region, signal.where))
    chosen = xps_models.list_candidates(
        region, len(sets), names=options.models, shapes=options.shapes, splitting=options.splitting
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
    for names in (options.ratio, *(s.phases for s in sets), phases if len(phases) == 2 else ()):
        found = tuple(dict.fromkeys(s for s in map(region.find, names) if s is not None))
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


def _compute_answers(fit: RegionFit, values: np.ndarray, model) -> np.ndarray:
    """Per set: fraction of each species (%); then positions and widths of each species (eV)."""
    at, out = model.index, []
    for s in range(len(fit.sets)):
        areas = np.array([values[at[xps_models.name_area(p.name, s)]] for p in fit.region.species])
        out.append(100 * areas / areas.sum())
    out.append([values[at[f"position {p.name}"]] for p in fit.region.species])
    factor = [p.width_factor if xps_models.name_width(model, p) == "width" else 1.0 for p in fit.region.species]
    out.append(
        [values[at[xps_models.name_width(model, p)]] * f for p, f in zip(fit.region.species, factor, strict=True)]
    )
    return np.concatenate(out)


def make_log_ratio(fit: RegionFit, s: int):
    """Function of the parameters: ln of the area of one species over that of the other, in spectrum `s`."""
    first, second = (xps_models.name_area(p.name, s) for p in fit.compared)

    def function(values, model):
        return np.log(np.maximum(values[model.index[first]], 1e-9) / np.maximum(values[model.index[second]], 1e-9))

    return function


def _make_entries(fit: RegionFit, context: Context) -> tuple[list[Entry], list[Check]]:
    species, checks, entries = fit.region.species, [], []
    mean, within, between = fit.ensemble.average(lambda v, m: _compute_answers(fit, v, m))
    n, k = len(species), len(fit.sets)
    source = f"xps:{context.analysis}:{fit.region.name}"
    units = ["%"] * (n * k) + ["eV"] * (2 * n)
    many = len(fit.ensemble.fits) > 1
    basis = "model-spread" if many else "fit-covariance"
    found = list(correlated(range(len(mean)), mean, within + between, units, source=source, basis=basis).values())
    for s, one in enumerate(fit.sets):
        if not any(_is_seen(fit, p, s) for p in species):
            checks.append(Check("info", f"{one.label}: nothing in {fit.region.name} is above the detection limit"))
            continue
        negative = _check_negative(fit, s, found)
        if negative:
            checks.append(negative)
            bare = [Quantity(q.value, q.unit, origin=q.origin) for q in found[s * n : (s + 1) * n]]
            found[s * n : (s + 1) * n] = bare
        for i, p in enumerate(species):
            here = {**one.state, "line": fit.region.name, "species": p.name}
            if n > 1:
                entries.append(Entry("species_fraction", found[s * n + i], here, one.subject))
        if fit.pair:
            fraction = found[s * n + species.index(fit.pair[0])] if n == 2 else None
            entry, check = _report_ratio(fit, s, one, basis, fraction)
            entries += entry
            checks += check
    placed, doubts = _report_positions(fit, found[n * k :], basis)
    entries += placed
    checks += doubts
    supported = ", ".join(p.name for p in species if p.supported)
    if supported:
        checks.append(Check("info", f"{fit.region.name}: assignment independently supported: yes, of {supported}"))
    for p in species:
        if not p.supported:
            text = f"{fit.region.name}: assignment of {p.name} independently supported: no ({p.source})"
            checks.append(Check("warn", text, "amounts do not depend on it; the name of the species does"))
    return entries, checks


def _check_negative(fit: RegionFit, s: int, found: list[Quantity]) -> Check | None:
    """A share below zero by more than its error: the error does not hold what is wrong with the model."""
    n = len(fit.region.species)
    shares = zip(fit.region.species, found[s * n : (s + 1) * n], strict=True)
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
    entries, checks, one, n = [], [], fit.sets[0], len(fit.region.species)
    best = fit.ensemble.best
    for i, p in enumerate(fit.region.species):
        if not any(_is_seen(fit, p, s) for s in range(len(fit.sets))):
            continue
        if not best.free[best.model.index[f"position {p.name}"]]:
            text = f"{fit.region.name}: {p.name} ran to the limit of where it may lie ({found[i].value:.1f} eV)"
            checks.append(Check("fail", text, "the species, or the energy scale, is another: its amount means nothing"))
            continue
        holding = [s for k, s in enumerate(fit.sets) if _is_seen(fit, p, k)]
        about = (holding[0].state, holding[0].subject) if len(holding) == 1 else ({}, None)
        place = _add_calibration(found[i], one.scale.shift, basis)
        slack = 2 * (place.std or 0.0) + 0.05
        if not p.low - slack <= place.value <= p.high + slack:
            text = f"{fit.region.name}: {p.name} at {place.value:.1f} eV lies outside {p.low:g} to {p.high:g} eV"
            checks.append(Check("warn", f"{text}, where it is known to lie", "look at the assignment"))
        main = {**about[0], "line": fit.region.lines(p)[0][0], "species": p.name}
        entries.append(Entry("binding_energy", place, main, about[1]))
        entries.append(Entry("peak_width", found[n + i], {**main, "line": fit.region.name}, about[1]))
    return entries, checks


def _is_seen(fit: RegionFit, species: Species, s: int) -> bool:
    """Whether a species' area stands out from its error, in the most likely model."""
    best, name = fit.ensemble.best, xps_models.name_area(species.name, s)
    return best.value(name) > SIGNIFICANT * best.std(name) * np.sqrt(fit.ensemble.dispersion)


def _add_calibration(position: Quantity, shift: Quantity, basis: str) -> Quantity:
    """A fitted position with the error of the energy scale, which all lines of a sample share."""
    if shift.std is None:
        return position
    fixed = shift.value
    return derive(lambda a, b: a + (b - fixed), position, shift, unit="eV", basis=basis, origin="measured")


def _report_ratio(
    fit: RegionFit, s: int, one: XpsSampleSet, basis: str, fraction: Quantity | None
) -> tuple[list[Entry], list[Check]]:
    """The ratio of the pair in one set. fraction : share of its first species, where the region holds no third."""
    best, name = fit.ensemble.best, fit.region.name
    for p in fit.pair:
        if not _is_seen(fit, p, s):
            return [], [
                Check("info", f"{one.label}: {p.name} is below the detection limit in {name}, so no ratio is given")
            ]
    mean, within, between = fit.ensemble.average(make_log_ratio(fit, s))
    std = float(np.sqrt(within[0, 0] + between[0, 0]))
    value = float(np.exp(mean[0]))
    low, high = value * np.exp(-1.96 * std), value * np.exp(1.96 * std)
    # one error with the fraction of the first species: of two, the ratio is a function of it
    shared = fraction.parts if fraction is not None else {}
    parts = {source: part * value * std / fraction.std for source, part in shared.items()}
    of, to = (p.formula for p in fit.pair)
    ratio = Quantity(value, "1", value * std, low, high, best.data.x.size, basis, "measured", parts)
    text = (
        f"{one.label}: n({of})/n({to}) {value:.2f}, 95 % from {low:.2f} to {high:.2f}; of its std "
        f"{100 * np.sqrt(within[0, 0]):.1f} % come from counting and fit, {100 * np.sqrt(between[0, 0]):.1f} % from "
        "the choice of model; a surface-weighted ratio (the outer 5 nm), not that of the whole shell"
    )
    checks = [Check("info", text), *_report_without_overlap(fit, s, one), *_report_constants(fit, s, one)]
    if one.scale.shift.std is not None:
        checks.append(Check("info", "the ratio does not depend on the energy calibration; the assignment does"))
    return [Entry("species_ratio", ratio, {**one.state, "of": of, "to": to}, one.subject)], checks


def _report_without_overlap(fit: RegionFit, s: int, one: XpsSampleSet) -> list[Check]:
    """What leaving the overlapping lines out would do, where both kinds of model were fitted."""
    function = make_log_ratio(fit, s)
    groups = {True: [], False: []}
    for fitted, weight in zip(fit.ensemble.fits, fit.ensemble.weights, strict=True):
        if "slope" in fitted.model.name:
            groups["overlap" in fitted.model.name].append(
                (fitted, weight, float(function(fitted.values, fitted.model)))
            )
    if not (groups[True] and groups[False]):
        return []
    inside, outside = (min(groups[key], key=lambda row: row[0].aicc()) for key in (True, False))
    a, b = np.exp(inside[2]), np.exp(outside[2])
    names = ", ".join(other.name for other in fit.region.overlaps)
    gain = outside[0].aicc() - inside[0].aicc()
    text = (
        f"{one.label}: with {names} in the model the ratio is {a:.2f}, without {b:.2f} ({100 * (b / a - 1):+.0f} %); "
        f"AICc is {abs(gain):.0f} {'in favour of' if gain > 0 else 'against'} it"
    )
    return [Check("warn" if abs(b / a - 1) > 0.05 else "info", text)]


def _report_constants(fit: RegionFit, s: int, one: XpsSampleSet) -> list[Check]:
    """What other splittings and branching ratios of the level would do to the ratio; not part of its interval."""
    level, ratios = fit.region.level, {}
    asked = {f"{gap:g} eV": {"splitting": gap} for gap in (level.low, level.high) if gap}
    if level.cross_sections:
        asked[f"cross-sections instead of {level.weights}"] = {"ratio": level.cross_sections}
    if not asked:
        return []
    for words, change in asked.items():
        model = xps_models.rebuild_model(fit.ensemble.best.model, fit.region, len(fit.sets), **change)
        fitted = xps_models.fit_all([model], fit.spectra).best
        ratios[words] = float(np.exp(make_log_ratio(fit, s)(fitted.values, model)))
    listed = ", ".join(f"{value:.3f} with {words}" for words, value in ratios.items())
    return [Check("info", f"{one.label}: the ratio by the most likely model would be {listed}")]


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


def _tabulate_fit(fit: RegionFit) -> list[Curve]:
    region, ensemble, curves = fit.region, fit.ensemble, []
    best = ensemble.best
    background, total = best.background(), best.spectrum()
    for s, one in enumerate(fit.sets):
        part = slice(best.data.starts[s], best.data.starts[s + 1])
        scale = fit.spectra[s].scale
        columns = {"binding_energy": (best.data.x[part], "eV"), "counts": (best.data.y[part] * scale, "counts")}
        columns |= {"fit": (total[part] * scale, "counts"), "background": (background[part] * scale, "counts")}
        overlaps = [o.name for o in region.overlaps if xps_models.name_area(o.name, s) in best.model.index]
        for name in [*(p.name for p in region.species), *overlaps]:
            columns[name] = (best.part([xps_models.name_area(name, s)])[part] * scale, "counts")
        curves.append(Curve(f"{region.name} {one.label}", columns))
    rows = {
        "model": (np.array([f.model.name for f in ensemble.fits]), "1"),
        "weight": (ensemble.weights, "1"),
        "reduced_chi2": (np.array([f.reduced for f in ensemble.fits]), "1"),
        "flagged": (np.array(["yes" if ensemble.flagged(f) else "no" for f in ensemble.fits]), "1"),
    }
    if len(region.species) > 1:
        for s, one in enumerate(fit.sets):
            name = f"{' over '.join(p.name for p in fit.compared)}, {one.label}"
            rows |= _tabulate_each_model(ensemble, make_log_ratio(fit, s), name)
    return [*curves, Curve(f"{region.name} models", rows)]


def _tabulate_each_model(ensemble: ModelEnsemble, logarithm, name: str) -> dict:
    """Columns of what every model gives alone; its interval is labelled as that of one model."""
    found = [replace(ensemble, fits=(f,), weights=np.ones(1)).average(logarithm) for f in ensemble.fits]
    means = np.array([float(mean[0]) for mean, _, _ in found])
    stds = np.array([float(np.sqrt(within[0, 0])) for _, within, _ in found])
    columns = {name: (np.exp(means), "1")}
    columns |= {f"{name}: 95 % of this model alone, low": (np.exp(np.clip(means - 1.96 * stds, -50, 50)), "1")}
    return columns | {f"{name}: 95 % of this model alone, high": (np.exp(np.clip(means + 1.96 * stds, -50, 50)), "1")}


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
