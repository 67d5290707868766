"""ATR infrared spectra of powders: carbonate against the oxide's own band, and coated against bare.

The depth of contact between powder and crystal is unknown and differs from load to load, so that no absorbance stands
alone: bands are divided by the flank of the metal-oxygen absorption of the same spectrum, and repeated loads tell the
scatter. Three baselines are taken in turn; their spread is part of the uncertainty. Of two samples given together the
ratio is formed baseline by baseline, so that what a baseline does to both cancels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.options import option
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.core.signal import Signal
from nacre.materials.spectra.infrared_bands import Band, load_bands
from nacre.physics.xps_ir import infrared

HARRICK = "N. J. Harrick, F. K. du Pre, Appl. Opt. 1966, 5, 1739-1743."
CARBONATE = ("carbonate-stretch", "carbonate-bend")
REFERENCE = 1000.0  # cm-1 at which the correction in proportion to wavenumber is 1
CORRECTIONS = {
    "none": "absorbance was not corrected for the depth of penetration",
    "wavenumber": "absorbance was multiplied by wavenumber over 1000 cm-1, for the depth of penetration",
    "path": "absorbance was divided by the effective path of a reflection (indices {0:g}, {1:g}; {2:g} degrees)",
}
SEEN = 5.0  # times the noise of an area


@dataclass(frozen=True)
class AtrIrOptions:
    """What may be chosen."""

    baselines: tuple[str, ...] = option(infrared.BASELINES, "baselines to take in turn", choices=infrared.BASELINES)
    normalise: bool = option(True, "divide bands by the flank of the metal-oxygen absorption")
    atr_correction: str = option(
        "none",
        "of the depth of penetration: none, in proportion to wavenumber, or absorbance per um of effective path",
        choices=("none", "wavenumber", "path"),
    )
    crystal_index: float | None = option(None, "refractive index of the crystal, for 'path' (diamond 2.4)", lo=1.0)
    sample_index: float | None = option(None, "refractive index of the sample, for 'path'", lo=1.0)
    angle: float | None = option(None, "angle of incidence, for 'path'", unit="deg", lo=0.0, hi=90.0)


@dataclass(frozen=True)
class AtrLoad:
    """One spectrum, wavenumber rising; `areas[band, baseline]` in cm-1 and the noise of an area."""

    x: np.ndarray
    y: np.ndarray
    areas: Mapping[tuple[str, str], float]
    noise: Mapping[str, float]
    where: str


@dataclass(frozen=True)
class AtrSampleSet:
    """All loads of one sample."""

    name: str
    label: str
    subject: Subject | None
    state: Mapping[str, Any]
    loads: tuple[AtrLoad, ...]

    def logs(self, band: str, baseline: str) -> np.ndarray:
        """ln of the (normalised) area per load; NaN where it is not above 0."""
        values = np.array([load.areas[band, baseline] for load in self.loads])
        return np.log(np.where(values > 0, values, np.nan))


def analyse(inputs: Mapping[str, Any], context: Context, options: AtrIrOptions) -> list[Result]:
    """Normalised carbonate bands of a sample; of two samples (first the bare one) their ratio as well.

    Raises NacreError where the range holds no carbonate band or the bands point downwards.
    """
    if not inputs:
        raise NacreError("no spectrum is given", expected="a measurement of infrared spectra")
    sets = tuple(_collect_set(role, found, context, options) for role, found in inputs.items())
    entries, checks = [], []
    for one in sets:
        found, judged = _report_bands(one, options)
        entries += found
        checks += judged + _check_range(one)
    if len(sets) == 2:
        found, judged = _compare_samples(*sets, options)
        entries += found
        checks += judged
    per = "their areas divided by that of the metal-oxygen flank" if options.normalise else "areas as they are"
    methods = (
        f"Infrared bands were integrated above {len(options.baselines)} baselines ({', '.join(options.baselines)}), "
        f"{per}; the uncertainty is that of repeated loads and of the choice of baseline; "
        f"{CORRECTIONS[options.atr_correction].format(options.crystal_index, options.sample_index, options.angle)}."
    )
    return [
        Result(
            "atr_ir",
            entries=tuple(entries),
            curves=tuple(_tabulate_set(one) for one in sets),
            figures=(_draw_sets(sets, options),),
            checks=tuple(checks),
            citations=(*TECHNIQUE.citations, *((HARRICK,) if options.atr_correction != "none" else ())),
            methods=methods,
        )
    ]


def _collect_set(role: str, found, context: Context, options: AtrIrOptions) -> AtrSampleSet:
    own = context.others.get(role, context)
    sample, measured = own.sample, own.measurement
    loads = tuple(_read_load(s, options) for s in (found if isinstance(found, list) else [found]))
    subject = Subject(sample.name if sample else "", "", measured.name if measured else "") if context.others else None
    state = dict(measured.state) if measured else {}
    return AtrSampleSet(sample.name if sample else role, sample.title if sample else role, subject, state, loads)


def _read_load(signal: Signal, options: AtrIrOptions) -> AtrLoad:
    quantity = signal.metadata.get("quantity", "absorbance")
    x = signal.array("wavenumber", "1/cm")
    order = np.argsort(x)
    try:
        y = infrared.convert_to_absorbance(signal.array(quantity, "1")[order], quantity)
    except ValueError as error:
        raise NacreError(str(error), where=signal.where, do="export absorbance") from None
    x = x[order]
    y = y * _compute_correction(x, options, signal.where)
    wanted = [load_bands()[name] for name in (*CARBONATE, *(["oxide"] if options.normalise else []))]
    for band in wanted:
        if not band.inside(x[0], x[-1]):
            raise NotAssessable(
                f"the range does not hold the band of {band.words}",
                where=signal.where,
                found=f"{x[0]:.0f} to {x[-1]:.0f} cm-1",
                expected=f"{band.anchors[0][0]:.0f} to {band.anchors[1][1]:.0f} cm-1",
                do="measure a wider range" + (", or set normalise = false" if band.name == "oxide" else ""),
            )
    return AtrLoad(
        x, y, _measure_areas(x, y, options), {b.name: _estimate_noise(x, y, b) for b in wanted}, signal.where
    )


def _compute_correction(x: np.ndarray, options: AtrIrOptions, where: str) -> np.ndarray | float:
    """What absorbance is multiplied by. Raises NacreError where an index or the angle is missing or impossible."""
    if options.atr_correction == "none":
        return 1.0
    if options.atr_correction == "wavenumber":
        return x / REFERENCE
    given = {"crystal_index": options.crystal_index, "sample_index": options.sample_index, "angle": options.angle}
    missing = [name for name, value in given.items() if value is None]
    if missing:
        raise NacreError(
            "the effective path needs indices and angle",
            where=where,
            found=f"no {', no '.join(missing)}",
            do="give them, or use atr_correction = 'wavenumber', which needs none",
        )
    try:
        path = infrared.compute_effective_path(
            x, options.crystal_index, options.sample_index, np.radians(options.angle)
        )
    except ValueError as error:
        found = f"{options.crystal_index:g} against {options.sample_index:g} at {options.angle:g} degrees"
        raise NacreError(str(error), where=where, found=found, do="look at the indices and the angle") from None
    return 1e-6 / path


def _measure_areas(x, y, options: AtrIrOptions) -> dict[tuple[str, str], float]:
    oxide, found = load_bands()["oxide"], {}
    # the flank has no second free side: its level is the free stretch above it
    free = (x >= oxide.anchors[1][0]) & (x <= oxide.anchors[1][1])
    inside = (x >= oxide.band[0]) & (x <= oxide.band[1])
    flank = float(np.trapezoid(y[inside] - y[free].mean(), x[inside])) if options.normalise else 1.0
    for name in CARBONATE:
        for kind in options.baselines:
            band = load_bands()[name]
            found[name, kind] = infrared.measure_band_area(x, y, band.band, kind, band.anchors) / flank
    return found


def _estimate_noise(x, y, band: Band) -> float:
    """Standard deviation of an area above a straight line, from the scatter of the free stretches."""
    stretches = [(x >= lo) & (x <= hi) for lo, hi in band.anchors]
    sd = max((infrared.estimate_noise(y[s]) for s in stretches if s.sum() > 5), default=0.0)
    step, width = np.median(np.diff(x)), band.band[1] - band.band[0]
    points = min(s.sum() for s in stretches)
    return float(sd * np.sqrt(width * step + width**2 / (2 * max(points, 1))))


def _measure_raw_area(load: AtrLoad, band: Band) -> float:
    return infrared.measure_band_area(load.x, load.y, band.band, "straight", band.anchors)


def _is_seen(load: AtrLoad, name: str, options: AtrIrOptions) -> bool:
    """Whether a band stands out from the noise of its area and from what the choice of baseline does to it."""
    band = load_bands()[name]
    areas = [infrared.measure_band_area(load.x, load.y, band.band, kind, band.anchors) for kind in options.baselines]
    return min(areas) > SEEN * load.noise[name] and min(areas) > 2 * np.ptp(areas)


def _report_bands(one: AtrSampleSet, options: AtrIrOptions) -> tuple[list[Entry], list[Check]]:
    entries, checks = [], []
    _require_upright(one)
    for name in CARBONATE:
        if not all(_is_seen(load, name, options) for load in one.loads):
            most = max(abs(_measure_raw_area(load, load_bands()[name])) for load in one.loads)
            text = f"{one.label}: {load_bands()[name].words} does not stand out in every load (areas up to {most:.2g} cm-1)"
            checks.append(Check("info", text))
            continue
        quantity = _average_loads(one, name, options)
        entries.append(Entry("carbonate_band", quantity, {**one.state, "line": name}, one.subject))
    if len(one.loads) == 1:
        text = f"{one.label}: one load only: how contact scatters from load to load is unknown, so there is no interval"
        checks.append(Check("warn", text, "measure at least three loads"))
    return entries, checks


def _require_upright(one: AtrSampleSet) -> None:
    """Raises NacreError where the bands of all loads point downwards."""
    found = [(load, name, _measure_raw_area(load, load_bands()[name])) for load in one.loads for name in CARBONATE]
    if all(area < -SEEN * load.noise[name] for load, name, area in found):
        raise NacreError(
            "the carbonate bands point downwards",
            where=one.loads[0].where,
            found=f"an area of {found[0][2]:.3g} cm-1 of {load_bands()[found[0][1]].words}",
            do="this is transmittance: say so (reader_options quantity = 'transmittance')",
        )


def _average_loads(one: AtrSampleSet, name: str, options: AtrIrOptions) -> Quantity:
    """Mean over loads; error of the mean and, beside it, the spread between baselines."""
    logs = np.array([one.logs(name, kind) for kind in options.baselines])
    means = np.nanmean(logs, axis=1)
    value, n = float(np.exp(means.mean())), len(one.loads)
    if n < 2:
        return Quantity(value, "1", None, n=1, basis="none", origin="measured")
    scatter = float(np.nanmean(np.nanvar(logs, axis=1, ddof=1))) / n
    std = float(np.sqrt(scatter + _compute_variance(means)))
    return _make_lognormal(value, std, n - 1, n)


def _compute_variance(values: np.ndarray) -> float:
    return float(np.var(values, ddof=1)) if len(values) > 1 else 0.0


def _make_lognormal(value: float, std: float, freedom: float, n: int) -> Quantity:
    t = float(stdtrit(max(freedom, 1.0), 0.975))
    low, high = value * np.exp(-t * std), value * np.exp(t * std)
    return Quantity(value, "1", value * std, float(low), float(high), n, "replicates", "measured")


def _compare_samples(
    bare: AtrSampleSet, coated: AtrSampleSet, options: AtrIrOptions
) -> tuple[list[Entry], list[Check]]:
    """Coated over bare per band, and whether the two bands agree (Welch on the logarithms)."""
    entries, checks, found = [], [], {}
    for name in CARBONATE:
        if not all(_is_seen(load, name, options) for s in (bare, coated) for load in s.loads):
            text = f"{load_bands()[name].words} is not seen in every load: no ratio of it"
            checks.append(Check("info", text, "longer averaging, or better contact"))
            continue
        found[name] = quantity = _compute_ratio(bare, coated, name, options)
        state = {**coated.state} if name == CARBONATE[0] else {**coated.state, "line": name}
        entries.append(Entry("carbonate_ratio", quantity, state, coated.subject))
    if len(found) == 2 and all(q.std for q in found.values()):
        a, b = (found[name] for name in CARBONATE)
        apart = abs(np.log(a.value / b.value)) / np.hypot(a.std / a.value, b.std / b.value)
        status = "pass" if apart < 2.5 else "warn"
        text = f"carbonate, coated over bare: {a.value:.2f} by the stretch, {b.value:.2f} by the bend"
        text += f" ({apart:.1f} sigma apart)"
        checks.append(Check(status, text, "" if status == "pass" else "another species may lie under one of them"))
    return entries, checks


def _compute_ratio(bare: AtrSampleSet, coated: AtrSampleSet, name: str, options: AtrIrOptions) -> Quantity:
    pair = [np.array([s.logs(name, kind) for kind in options.baselines]) for s in (bare, coated)]
    differences = np.nanmean(pair[1], axis=1) - np.nanmean(pair[0], axis=1)
    value = float(np.exp(differences.mean()))
    counts = [s.shape[1] for s in pair]
    if min(counts) < 2:
        return Quantity(value, "1", None, n=sum(counts), basis="none", origin="measured")
    errors = [float(np.nanmean(np.nanvar(s, axis=1, ddof=1))) / n for s, n in zip(pair, counts, strict=True)]
    total = sum(errors)
    freedom = total**2 / sum(e**2 / (n - 1) for e, n in zip(errors, counts, strict=True)) if total else 1.0
    return _make_lognormal(value, float(np.sqrt(total + _compute_variance(differences))), freedom, sum(counts))


def _check_range(one: AtrSampleSet) -> list[Check]:
    """What lies beside the carbonate, and what the range cannot show."""
    checks, load = [], one.loads[0]
    low, high = load.x[0], load.x[-1]
    water, stretch = load_bands()["water"], load_bands()[CARBONATE[0]]
    if water.inside(low, high):
        share = np.median([_measure_raw_area(s, water) / max(_measure_raw_area(s, stretch), 1e-9) for s in one.loads])
        if share > 0.2:
            text = f"{one.label}: the water band at 1635 cm-1 has {100 * share:.0f} % of the carbonate's area"
            checks.append(Check("warn", f"{text} and reaches into it", "dry the powder, or measure under inert gas"))
    gas = load_bands()["carbon-dioxide"]
    if gas.inside(low, high) and abs(_measure_raw_area(load, gas)) > SEEN * _estimate_noise(load.x, load.y, gas):
        checks.append(Check("warn", f"{one.label}: carbon dioxide gas shows: the background is of another time"))
    hydroxide = load_bands()["hydroxide"]
    if not hydroxide.inside(low, high):
        text = f"{one.label}: {low:.0f} to {high:.0f} cm-1 cannot show {hydroxide.words} ({hydroxide.at[0]:.0f} cm-1)"
        checks.append(Check("info", text))
    return checks


def _tabulate_set(one: AtrSampleSet) -> Curve:
    load = one.loads[0]
    columns = {"wavenumber": (load.x, "1/cm")}
    for i, each in enumerate(one.loads):
        columns[f"load {i + 1}"] = (np.interp(load.x, each.x, each.y), "1")
    return Curve(f"spectra {one.label}", columns)


def _draw_sets(sets: tuple[AtrSampleSet, ...], options: AtrIrOptions) -> Figure:
    series = []
    for one in sets:
        for i, load in enumerate(one.loads):
            series.append(Series("line", load.x, load.y, one.label if not i else "", one.name, one.label, legend=not i))
    for name in CARBONATE:
        for at in load_bands()[name].at:
            series.append(Series("rule", np.array([at]), np.array([]), style="dash", legend=False))
    height = "Absorbance per um" if options.atr_correction == "path" else "Absorbance"
    panel = Panel(Axis("Wavenumber", "1/cm", reverse=True), Axis(height), tuple(series))
    caption = "ATR-IR spectra, every load; dashed lines mark the carbonate bands."
    if options.atr_correction != "none":
        caption += " Corrected for the depth of penetration."
    return Figure("atr-ir", "ATR-IR spectra", (panel,), caption, "Fig. 2j")


TECHNIQUE = Technique(
    "atr_ir",
    "ATR infrared spectroscopy",
    ("infrared",),
    analyse,
    AtrIrOptions,
    citations=(
        "G. Busca, V. Lorenzelli, Mater. Chem. 1982, 7, 89-126.",
        "M. H. Brooker, J. B. Bates, J. Chem. Phys. 1971, 54, 4788-4796.",
        "S.-J. Baek, A. Park, Y.-J. Ahn, J. Choo, Analyst 2015, 140, 250-257.",
    ),
)
