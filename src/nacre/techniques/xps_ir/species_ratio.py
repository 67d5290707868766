"""The ratio of two species of a region, and what the choices that its interval leaves out would do to it."""

from operator import itemgetter

import numpy as np

from nacre.core.quantity import Quantity
from nacre.core.result import Check, Entry
from nacre.materials.spectra.xps_species import Species
from nacre.techniques.xps_ir import xps_models
from nacre.techniques.xps_ir.region_fit import RegionFit, XpsSampleSet, is_seen, make_log_ratio


def report_ratio(
    fit: RegionFit,
    pair: tuple[Species, Species],
    s: int,
    one: XpsSampleSet,
    basis: str,
    fraction: Quantity | None,
) -> tuple[list[Entry], list[Check]]:
    """The ratio of the pair in one set. fraction : share of its first species, where the region holds no third."""
    best, name = fit.ensemble.best, fit.region.name
    for p in pair:
        if not is_seen(fit, p, s):
            text = f"{one.label}: {p.name} is below the detection limit in {name}, so no ratio is given"
            return [], [Check("info", text)]
    mean, within, between = fit.ensemble.average(make_log_ratio(fit, s))
    std = float(np.sqrt(within[0, 0] + between[0, 0]))
    value = float(np.exp(mean[0]))
    low, high = value * np.exp(-1.96 * std), value * np.exp(1.96 * std)
    # one error with the fraction of the first species: of two, the ratio is a function of it
    parts = {}
    if fraction is not None and fraction.std:
        parts = {source: part * value * std / fraction.std for source, part in fraction.parts.items()}
    of, to = (p.formula for p in pair)
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
    scores: dict[bool, list[tuple[float, float]]] = {True: [], False: []}  # AICc and logarithm, with and without
    for fitted in fit.ensemble.fits:
        name = fitted.model.name
        if "slope" in name:
            scores["overlap" in name].append((fitted.aicc(), float(function(fitted.values, fitted.model))))
    if not (scores[True] and scores[False]):
        return []
    inside, outside = (min(scores[key], key=itemgetter(0)) for key in (True, False))
    a, b = np.exp(inside[1]), np.exp(outside[1])
    names = ", ".join(other.name for other in fit.region.overlaps)
    gain = outside[0] - inside[0]
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
    # the most likely model is fitted again with each of the other constants
    for words, change in asked.items():
        model = xps_models.rebuild_model(fit.ensemble.best.model, fit.region, len(fit.sets), **change)
        fitted = xps_models.fit_all([model], fit.spectra).best
        ratios[words] = float(np.exp(make_log_ratio(fit, s)(fitted.values, model)))
    listed = ", ".join(f"{value:.3f} with {words}" for words, value in ratios.items())
    return [Check("info", f"{one.label}: the ratio by the most likely model would be {listed}")]
