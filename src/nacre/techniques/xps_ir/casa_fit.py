"""A fit made in CasaXPS, fitted again: its components, ties and limits, backgrounds inside and joint uncertainties.

Components come from the comments of a VAMAS file. Positions, widths and areas stay tied as they were; free ones keep
their limits. Shapes: SGL is the sum and GL the product of Gaussian and Lorentzian, their mix as in the file and, in
other models, free. LA (powers of a Lorentzian for either side, convolved with a Gaussian of a width whose unit
CasaXPS does not publish) is taken as a Voigt profile where it is nearly symmetric, else as a sum with an exponential
tail: an approximation, which a check reports.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.quantity import Quantity, correlated, derive
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.core.signal import Signal
from nacre.physics.xps_ir.ensemble import ModelEnsemble
from nacre.physics.xps_ir.fit import PhotoelectronLine, SpectrumBackground, SpectrumModel, SpectrumParameter
from nacre.physics.xps_ir.line_shapes import MOST_TAIL
from nacre.techniques.xps_ir import xps_models

# name -> (step, slope, loss, mix free)
VARIANTS = {
    f"{name}{words}": (*terms, free)
    for name, terms in {
        "step": (True, False, False),
        "step+slope": (True, True, False),
        "loss": (False, False, True),
    }.items()
    for words, free in {"": False, ", mix free": True}.items()
}
_LEAN = 1.25  # ratio of the powers of LA up to which it is as good as symmetric
_SLACK = 1.1  # CasaXPS's width of a product is not quite its FWHM; limits of widths are relaxed by as much


@dataclass(frozen=True)
class CasaRefit:
    """One spectrum with CasaXPS's components (as the reader gives them), fitted."""

    signal: Signal
    components: tuple[Mapping[str, Any], ...]
    spectrum: xps_models.XpsSpectrum
    ensemble: ModelEnsemble

    @property
    def counted(self) -> tuple[str, ...]:
        """Names of components that are shares of the region: those called after it, else all."""
        names = tuple(dict.fromkeys(c["name"] for c in self.components))
        return tuple(n for n in names if _simplify_name(n).startswith(_simplify_name(self.signal.name))) or names


def _simplify_name(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


def parse_shape(text: str) -> tuple[str, float | None, str]:
    """(shape of the fit, mix or None where it is free, what is only approximate) of CasaXPS's line shape."""
    word, _, rest = text.partition("(")
    inside, _, after = rest.partition(")")
    try:
        numbers = [float(n) for n in inside.split(",") if n.strip()]
    except ValueError:
        numbers = []
    if word in ("GL", "SGL") and len(numbers) == 1 and not after:
        return ("product" if word == "GL" else "sum"), min(max(numbers[0] / 100, 0.0), 1.0), ""
    if word == "LA" and len(numbers) in (1, 2):
        return "voigt", None, f"{text} is taken as a Voigt profile"
    if word == "LA" and len(numbers) == 3 and numbers[0] > numbers[1] / _LEAN:
        leaning = "" if numbers[0] == numbers[1] else ", its asymmetry left out"
        return "voigt", None, f"{text} is taken as a Voigt profile{leaning}"
    return "tail", None, f"{text} is taken as a Gaussian-Lorentzian sum with an exponential tail"


def resolve_tie(components: Sequence[Mapping[str, Any]], i: int, what: str, plus: bool = False) -> tuple[int, float]:
    """The component that value `what` of component i is tied to in the end, and the factor (or offset, where `plus`).

    Raises NacreError for ties in a circle or to a component that is not there.
    """
    total, seen = (0.0 if plus else 1.0), {i}
    while components[i][what] is not None:
        i, number = components[i][what]
        total = total + number if plus else total * number
        if i in seen or not 0 <= i < len(components):
            raise NacreError(
                "the ties between CasaXPS's components make no sense",
                found=f"component {i + 1} of {len(components)}"
                + (", in a circle" if i in seen else ", which is not there"),
                do="fix the constraints in CasaXPS and save the file again",
            )
        seen.add(i)
    return i, total


def build_model(components: Sequence[Mapping[str, Any]], variant: str) -> SpectrumModel:
    """CasaXPS's components as a model, with one of the backgrounds of VARIANTS."""
    step, slope, loss, free = VARIANTS[variant]
    parameters: dict[str, SpectrumParameter] = {}
    lines = []
    for i, c in enumerate(components):
        shape, mix, _ = parse_shape(c["shape"])
        (a, times), (w, wide), (p, gap) = (
            resolve_tie(components, i, "area_of"),
            resolve_tie(components, i, "width_of"),
            resolve_tie(components, i, "position_of", plus=True),
        )
        names = (f"area {a}", f"position {p}", f"width {w}", f"mix {c['shape']}")
        parameters |= {names[0]: SpectrumParameter(names[0], 1.0, 0.0, linear=True)}
        parameters |= {
            names[1]: _make_position(components[p], names[1]),
            names[2]: _make_width(components[w], names[2]),
        }
        parameters |= {names[3]: _make_mix(names[3], mix, free)}
        tail = f"tail {c['shape']}" if shape == "tail" else ""
        parameters |= {tail: SpectrumParameter(tail, 0.15, 0.0, MOST_TAIL, (0.0, xps_models.TAIL_SD))} if tail else {}
        lines.append(PhotoelectronLine(*names, times, gap, wide, shape=shape, tail=tail))
    ground = [SpectrumParameter("constant", 1.0, linear=True)]
    ground += [SpectrumParameter("slope", 0.0, linear=True)] if slope else []
    ground += [SpectrumParameter("step", 0.03, 0.0, 0.6)] if step else []
    ground += [SpectrumParameter("loss", 1000.0, 0.0, 20000.0)] if loss else []
    return SpectrumModel(
        variant,
        (*parameters.values(), *ground),
        tuple(lines),
        (SpectrumBackground("constant", "slope", "step", "loss"),),
    )


def _make_position(c: Mapping[str, Any], name: str) -> SpectrumParameter:
    low, high = c["position_limits"] or (c["position"] - 1.0, c["position"] + 1.0)
    return SpectrumParameter(name, min(max(c["position"], low), high), low, high)


def _make_width(c: Mapping[str, Any], name: str) -> SpectrumParameter:
    low, high = c["width_limits"] or (0.2, 5 * c["fwhm"])
    return SpectrumParameter(name, min(max(c["fwhm"], low), high), low / _SLACK, high * _SLACK)


def _make_mix(name: str, mix: float | None, free: bool) -> SpectrumParameter:
    if mix is not None and not free:
        return SpectrumParameter(name, mix, mix, mix)
    start = xps_models.MIX if mix is None else mix
    return SpectrumParameter(name, start, 0.0, 1.0, (start, xps_models.MIX_SD))


def refit_spectrum(signal: Signal) -> CasaRefit:
    """The components of a spectrum, fitted with every background in the window of CasaXPS's region."""
    components = tuple(signal.metadata["casa_components"])
    energy = signal.array("binding_energy", "eV") + signal.metadata.get("calibration_shift_eV", 0.0)
    places = [c["position"] for c in components]
    low, high = min(places) - 3.0, max(places) + 3.0
    for region in signal.metadata.get("casa_regions", ()):
        if region["low"] <= min(places) and max(places) <= region["high"]:
            low, high = region["low"], region["high"]
    inside = (energy >= low) & (energy <= high)
    y = signal["intensity"].values[inside].astype(float)
    if y.size < 5 * len(components) or y.min() < 0:
        raise NacreError(
            "CasaXPS's components cannot be fitted again",
            where=f"{signal.where}: {signal.name}",
            found=f"{y.size} points from {low:.1f} to {high:.1f} eV" + (f", the least {y.min():g}" if y.size else ""),
            expected="counts, not negative, around the components",
            do="look at the calibration lines in the file: they must be those of the components",
        )
    scale = 1.0 if signal["intensity"].unit == "counts" else xps_models.xps_fit.estimate_noise_scale(y)
    spectrum = xps_models.XpsSpectrum(energy[inside], y / scale, scale, counted=scale == 1.0)
    any_mix = any(parse_shape(c["shape"])[1] is not None for c in components)
    chosen = [build_model(components, name) for name in VARIANTS if any_mix or not VARIANTS[name][3]]
    return CasaRefit(signal, components, spectrum, xps_models.fit_all(chosen, [spectrum]))


def compute_shares(fit: CasaRefit, areas: Sequence[float]) -> np.ndarray:
    """Percent of each counted name from the areas of all components."""
    sums = np.array([sum(a for a, c in zip(areas, fit.components, strict=True) if c["name"] == n) for n in fit.counted])
    return 100 * sums / sums.sum()


def _compute_answers(fit: CasaRefit, values: np.ndarray, chosen: SpectrumModel) -> np.ndarray:
    """Shares of the names, then position and width of the first component of each."""
    at = chosen.index
    areas = [values[at[line.area]] * line.area_factor for line in chosen.lines]
    first = [next(i for i, c in enumerate(fit.components) if c["name"] == n) for n in fit.counted]
    lines = [chosen.lines[i] for i in first]
    places = [values[at[line.position]] + line.offset for line in lines]
    return np.concatenate((compute_shares(fit, areas), places, [values[at[v.width]] * v.width_factor for v in lines]))


def analyse(inputs: Mapping[str, Any], context: Context, citations: tuple[str, ...]) -> Result:
    """All spectra that hold CasaXPS's components. Raises NacreError where none does."""
    entries, checks, curves, figures = [], [], [], []
    for role, found in inputs.items():
        own = context.others.get(role, context)
        signals = [s for s in (found if isinstance(found, list) else [found]) if "casa_components" in s.metadata]
        names = [s.name for s in signals]
        for signal in signals:
            fit = refit_spectrum(signal)
            subject = None
            if context.others:
                subject = Subject(
                    own.sample.name if own.sample else "", "", own.measurement.name if own.measurement else ""
                )
            state = dict(own.measurement.state) if own.measurement else {}
            if names.count(signal.name) > 1:
                state["spectrum"] = str(signal.metadata.get("sample", signal.where))
            told, judged = _make_entries(fit, state, subject, f"xps:{context.analysis}:{signal.where}")
            entries, checks = entries + told, checks + judged
            curves.append(_tabulate_fit(fit, f"{signal.name} {state.get('spectrum', role)}"))
            figures.append(_draw_fit(fit, f"{len(figures) + 1}"))
    if not figures:
        raise NacreError(
            "no spectrum holds components of CasaXPS",
            expected="a VAMAS file saved by CasaXPS after a fit",
            do="set components = 'table' to fit the species of the table",
        )
    methods = (
        "Fits made in CasaXPS were repeated with their components, ties and limits by maximum Poisson likelihood, "
        "backgrounds (Shirley, Tougaard, slope) in the model and mixes of the line shapes as in the file or free; "
        "models were weighted by AICc, and the spread between them is part of the uncertainty."
    )
    return Result(
        "xps",
        entries=tuple(entries),
        curves=tuple(curves),
        figures=tuple(figures),
        checks=tuple(checks),
        citations=citations,
        methods=methods,
    )


def _make_entries(fit: CasaRefit, state: dict, subject: Subject | None, source: str) -> tuple[list[Entry], list[Check]]:
    names, n, line = fit.counted, len(fit.counted), fit.signal.name
    mean, within, between = fit.ensemble.average(lambda v, m: _compute_answers(fit, v, m))
    units = ["%"] * n + ["eV"] * (2 * n)
    found = list(correlated(range(3 * n), mean, within + between, units, source=source, basis="model-spread").values())
    entries, checks = [], []
    theirs = compute_shares(fit, [c["area"] for c in fit.components])
    best = fit.ensemble.best
    for i, name in enumerate(names):
        about = {**state, "line": line, "species": name.removeprefix(line).strip() or name}
        areas = [v.area for v, c in zip(best.model.lines, fit.components, strict=True) if c["name"] == name]
        share = found[i] if any(best.free[best.model.index[a]] for a in areas) else _drop_interval(found[i])
        entries += [Entry("species_fraction", share, about, subject)] if n > 1 else []
        line_of = next(v for v, c in zip(best.model.lines, fit.components, strict=True) if c["name"] == name)
        for quantity, at, parameter in (("binding_energy", n, line_of.position), ("peak_width", 2 * n, line_of.width)):
            value = found[at + i]
            free = best.free[best.model.index[parameter]]
            entries.append(Entry(quantity, value if free else _drop_interval(value), about, subject))
        if n > 1:
            text = f"{line}, {name}: {theirs[i]:.1f} % in CasaXPS, {share} here"
            checks.append(
                Check("info", text, "another background or line shape than CasaXPS's, of which no error is known")
            )
    checks += [
        Check("warn", words)
        for words in dict.fromkeys(
            f"{line}: {parse_shape(c['shape'])[2]}" for c in fit.components if parse_shape(c["shape"])[2]
        )
    ]
    held = [p.name for p, free in zip(best.model.parameters, best.free, strict=True) if not free and p.lo < p.hi]
    if held:
        checks.append(Check("warn", f"{line}: at the limit set in CasaXPS, so without an error: {', '.join(held)}"))
    left = dict.fromkeys(c["name"] for c in fit.components if c["name"] not in names)
    if left:
        checks.append(Check("info", f"{line}: fitted but no part of the shares: {', '.join(left)}"))
    checks += _check_resolution(fit, found)
    if fit.ensemble.dispersion > 1:
        text = f"{line}: no model describes the counts (best reduced chi2 {fit.ensemble.dispersion:.2f})"
        status = "warn" if fit.ensemble.dispersion < xps_models.HOPELESS else "fail"
        why = "components are missing, or the line shapes are others"
        checks.append(Check(status, f"{text}: errors are widened", why))
    for fitted in fit.ensemble.fits:
        if not fitted.converged:
            checks.append(Check("warn", f"{line}: the model '{fitted.model.name}' did not converge"))
    return entries, checks


def _check_resolution(fit: CasaRefit, found: list[Quantity]) -> list[Check]:
    """Pairs nearer to each other than their width: what each has of their sum is a matter of the line shape."""
    n, checks = len(fit.counted), []
    for i, j in itertools.combinations(range(n), 2):
        gap = abs(found[n + i].value - found[n + j].value)
        if gap < 0.5 * (found[2 * n + i].value + found[2 * n + j].value):
            both = derive(lambda a, b: a + b, found[i], found[j], unit="%", basis="model-spread", origin="measured")
            text = f"{fit.signal.name}: {fit.counted[i]} and {fit.counted[j]} are {gap:.2f} eV apart: less than a width"
            checks.append(Check("warn", f"{text}: trust their sum, {both}", "their parts hang on the line shape"))
    return checks


def _drop_interval(value: Quantity) -> Quantity:
    """Without an interval: a parameter that ran to its limit says nothing of how far it might have gone."""
    return Quantity(value.value, value.unit, None, basis="none", origin="measured")


def _split_parts(fit: CasaRefit) -> dict[str, np.ndarray]:
    """Counts of every component's name, without background, of the most likely model."""
    best, found = fit.ensemble.best, {}
    for name in dict.fromkeys(c["name"] for c in fit.components):
        kept = tuple(v for v, c in zip(best.model.lines, fit.components, strict=True) if c["name"] == name)
        values = best.values.copy()
        for term in ("constant", "slope", "step", "loss"):
            if term in best.model.index:
                values[best.model.index[term]] = 0.0
        alone = SpectrumModel(best.model.name, best.model.parameters, kept, best.model.backgrounds)
        found[name] = xps_models.xps_fit.compute_jacobian(alone, best.data, values)[0] * fit.spectrum.scale
    return found


def _tabulate_fit(fit: CasaRefit, name: str) -> Curve:
    best, scale = fit.ensemble.best, fit.spectrum.scale
    columns = {"binding_energy": (best.data.x, "eV"), "counts": (best.data.y * scale, "counts")}
    columns |= {"fit": (best.spectrum() * scale, "counts"), "background": (best.background() * scale, "counts")}
    return Curve(name, columns | {part: (y, "counts") for part, y in _split_parts(fit).items()})


def _draw_fit(fit: CasaRefit, key: str) -> Figure:
    best, scale, name = fit.ensemble.best, fit.spectrum.scale, fit.signal.name
    background, x = best.background() * scale, best.data.x
    series = [
        Series("points", x, best.data.y * scale, "measured", "", marker="open"),
        Series("line", x, best.spectrum() * scale, "fit", "", "fit"),
        Series("line", x, background, "background", "", "background", style="dash"),
    ]
    series += [Series("line", x, background + y, part, "", part) for part, y in _split_parts(fit).items()]
    unit = "counts" if fit.spectrum.counted else "arb"
    axes = Axis("Binding energy", "eV", reverse=True), Axis("Intensity", unit)
    caption = f"{name} with CasaXPS's components, fitted again: the most likely of {len(fit.ensemble.fits)} models."
    return Figure(f"xps-casa-{key}", f"{name} region", (Panel(*axes, tuple(series)),), caption)
