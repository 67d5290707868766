"""Is the coating's element spread evenly? EDS maps against what counting alone would make of an even one.

The element is compared with a reference element of the particle below (Hf with Ni), so that topography and beam
current, which move both, cancel. The verdict holds for all length scales together; the variation and its limits are
given at each. Lines that lie in another element's peak are guarded: such a map may show the other element.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.options import option
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Result
from nacre.core.signal import Signal
from nacre.materials.spectra import xray_lines
from nacre.physics.micrograph import evenness as ev
from nacre.techniques.microscopy import micrographs

SMOOTHED, SCALED = 0.7, 4.0  # scatter between neighbours over that of counting
TYPICAL = 2.0  # the same by the median, which edges do not move
FULL = (255, 65535)  # the highest level of a picture
GAPS = 0.6  # part of the expected levels that occur, below which counts were stretched
ROUGH = 0.05  # variation of the reference, or part of the field without it, of a surface that is not flat
FEWEST = 200  # counts of a map
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class EdsEvennessOptions:
    """Options of `eds_evenness`: element, reference, and what counts as uneven."""

    element: str = option("", "the element or line whose spread is asked for, like 'Hf' or 'Hf La1'")
    reference: str = option("", "element of the particles below that it is compared with, like 'Ni'; none: the area")
    present: tuple[str, ...] = option((), "further elements in the sample or its holder that have no map")
    resolution: float = option(130.0, "width (FWHM) of the detector's peaks at Mn Ka", unit="eV", lo=30, hi=300)
    tolerance: float = option(
        2.0,
        "variation that absorption makes of an even coat on a rough powder: less is not called uneven",
        unit="%",
        lo=0,
    )
    smallest_block: int = option(1, "side of the smallest block, in pixels", lo=1)
    region: tuple[float, ...] = option((), "part of the map that is analysed: x0, y0, x1, y1", unit="um")
    surface: str = option("", "'flat' or 'rough', where the maps shall not decide it", choices=("", "flat", "rough"))


@dataclass(frozen=True)
class ElementMaps:
    """Counts of the element and of the reference (None: the area), the sample's area, and the electron image."""

    name: str
    counts: np.ndarray
    other: str
    reference: np.ndarray | None
    area: np.ndarray
    image: np.ndarray | None
    shot: micrographs.Micrograph


def analyse(inputs: Mapping[str, Any], context: Context, options: EdsEvennessOptions) -> list[Result]:
    """How evenly an element is spread over a powder.

    Parameters
    ----------
    inputs : {"signal": Signal}
        Element maps of counts with a scale.
    context : Context
        What the study declares of the sample, the cell and the measurement.
    options : EdsEvennessOptions
        Chosen in study.toml; each is described where it is declared.

    Returns
    -------
    list of Result
        One result: variation in % by length scale, order (Moran's I), correlation with topography.

    Raises
    ------
    NacreError
        Where the element is not named or has no map.
    NotAssessable
        Where there are too few counts.
    """
    signals = micrographs.get_signals(inputs, "signal", "element_map", context.where)
    maps = _prepare_maps(signals, context, options)
    _require_counts(maps)
    checks = _check_overlaps(maps, signals, context, options)
    found = ev.measure_scales(maps.counts, maps.reference, maps.area, options.smallest_block)
    if not found:
        raise NotAssessable(
            f"too few counts of {maps.name} to determine how it is spread",
            where=maps.shot.name,
            found=f"{maps.counts.sum():.0f} counts",
            expected=f"{ev.LEAST_COUNTS:g} in each of {ev.LEAST_BLOCKS} blocks",
            do="count longer, or map a smaller field",
        )
    p = ev.combine_p_values(found)
    doubt = _find_doubt(maps, checks, options)
    checks.append(_judge_evenness(maps, found, p, options.tolerance, doubt))
    element = {**micrographs.get_state(context), "species": maps.name}
    entries = (
        [_report_variation(s, maps, element, bool(doubt)) for s in found]
        + _order(found, maps, element)
        + _check_shadow(maps, found, element)
    )
    return [
        Result(
            "eds_evenness",
            context.analysis,
            micrographs.make_subject(context),
            entries=tuple(entries),
            curves=(_tabulate_scales(found, maps),),
            figures=_draw_maps(maps, found, context),
            checks=tuple(checks),
            citations=(
                "J. Przyborowski, H. Wilenski, Biometrika 31 (1940) 313",
                "P. A. P. Moran, Biometrika 37 (1950) 17",
                "J. A. Bearden, Rev. Mod. Phys. 39 (1967) 78",
            ),
            methods=_describe_methods(maps),
            origin="synthetic" if any(s.origin == "synthetic" for s in signals) else "measured",
        )
    ]


def _select_planes(signals: list[Signal]) -> dict[str, tuple[np.ndarray, Signal]]:
    """All maps by name. Raises NacreError where they differ in size."""
    found: dict[str, tuple[np.ndarray, Signal]] = {}
    for signal in signals:
        for name, variable in signal.variables.items():
            if variable.dims == ("y", "x"):
                found.setdefault(name, (variable.values, signal))
    sizes = {values.shape for values, _ in found.values()}
    if len(sizes) > 1:
        words = ", ".join(f"{n}: {v.shape[1]} x {v.shape[0]}" for n, (v, _) in found.items())
        raise NacreError("the maps differ in size", where=signals[0].where, found=words, do="export them alike")
    return found


def _pick(words: str, planes, where: str) -> str:
    """The name of the map of an element; Raises NacreError, or NotAssessable for an element without a line."""
    element, family = xray_lines.parse_line(words, where)
    xray_lines.list_lines(element, where)
    mine = [n for n in planes if n != "electron_image" and xray_lines.parse_line(n)[0] == element]
    mine = [n for n in mine if not family or xray_lines.parse_line(n)[1] in (family, "")]
    if not mine:
        names = ", ".join(n for n in planes if n != "electron_image") or "no map"
        raise NacreError(f"there is no map of {words}", where=where, found=names, do="set the option element")
    return max(mine, key=lambda n: float(np.nansum(planes[n][0])))


def _prepare_maps(signals: list[Signal], context: Context, options: EdsEvennessOptions) -> ElementMaps:
    planes = _select_planes(signals)
    where = signals[0].where
    if not options.element:
        names = ", ".join(n for n in planes if n != "electron_image")
        raise NacreError("the element is not named", where=where, found=f"maps of {names}", do="set the option element")
    name = _pick(options.element, planes, where)
    other = _pick(options.reference, planes, where) if options.reference else ""
    shot = micrographs.select_region(planes[name][1], options.region, name)
    cut = {
        n: micrographs.select_region(planes[n][1], options.region, n).values
        for n in {name, other, "electron_image"} & set(planes)
    }
    counts = cut[name]
    known = np.isfinite(counts)
    area = known.astype(float)
    reference = cut.get(other) if other else None
    if reference is not None:
        area = area * np.isfinite(reference) * ev.find_sample_area(np.nan_to_num(reference))
        reference = np.nan_to_num(reference)
    # a line that the scan lost holds no counts of anything: it is no part of the sample
    lost = np.nan_to_num(counts).sum(axis=1) + (0 if reference is None else reference.sum(axis=1)) == 0
    area[lost] = 0.0
    return ElementMaps(name, np.nan_to_num(counts), other, reference, area, cut.get("electron_image"), shot)


def _require_counts(maps: ElementMaps) -> None:
    """Raises NotAssessable where a map holds no counting statistics."""
    for name, values in ((maps.name, maps.counts), (maps.other, maps.reference)):
        if values is None:
            continue
        if why := _explain_no_counts(values):
            raise NotAssessable(
                f"the map of {name} holds no counts",
                where=maps.shot.name,
                found=why,
                expected="whole numbers with the scatter of counting",
                do="export raw counts (no smoothing, no brightness scale), or give counts_per_level to the reader",
            )


def _explain_no_counts(values: np.ndarray) -> str:
    """What shows that a map is brightness; "" where nothing does."""
    ratio = ev.compute_counting_ratio(values)
    shown = f"a scatter between neighbours of {ratio:.2f} times that of counting"
    if np.any(values < 0) or not np.allclose(values, np.round(values), rtol=0, atol=0.02):
        return f"values that are no whole numbers, and {shown}"
    if values.sum() < FEWEST:  # of fewer counts the scatter itself is not known
        return ""
    if ratio < SMOOTHED:
        return shown
    if (part := ev.find_gaps(values)) < GAPS:
        return f"{part:.0%} of the levels that counts would show, and {shown}"
    return f"a brightest pixel of {values.max():.0f}, and {shown}" if ratio > SCALED and values.max() in FULL else ""


def _find_doubt(maps: ElementMaps, checks: list[Check], options: EdsEvennessOptions) -> str:
    """Why a variation may be something else than the element's spread; "" where nothing is known to be."""
    if any(check.status == "fail" for check in checks):
        return "its map may show another element"
    for name, values in ((maps.name, maps.counts), (maps.other, maps.reference)):
        if values is not None and _may_be_scaled(values):
            return f"the map of {name} scatters more than counts would and may be scaled"
    rough = options.surface == "rough" or (not options.surface and _is_rough(maps))
    slope = "a thin layer on a slope looks thicker than one that lies flat"
    return f"the surface is rough, and {slope}" if rough else ""


def _may_be_scaled(values: np.ndarray) -> bool:
    # edges of particles scatter too: the median over pairs must agree
    return ev.compute_counting_ratio(values) > SCALED and ev.compute_typical_ratio(values) > TYPICAL


def _is_rough(maps: ElementMaps) -> bool:
    """Whether the reference, or where there is none the sample's area, shows slopes, shadows or holes."""
    holes = 1 - float(maps.area[maps.area.any(axis=1)].mean()) if maps.area.any() else 1.0
    if maps.reference is None:
        return True
    scales = ev.measure_scales(maps.reference, None, maps.area)
    return holes > ROUGH or any(scale.lo > ROUGH for scale in scales)


def _check_overlaps(
    maps: ElementMaps, signals: list[Signal], context: Context, options: EdsEvennessOptions
) -> list[Check]:
    """Lines of other elements that the map of the element, or of the reference, may show instead."""
    present = set(options.present) | _read_composition(context)
    for signal in signals:
        names = [n for n, v in signal.variables.items() if v.dims == ("y", "x") and n != "electron_image"]
        present |= {xray_lines.parse_line(n)[0] for n in names}
    found = []
    for name in filter(None, (maps.name, maps.other)):
        main = xray_lines.find_main_line(name)
        width = xray_lines.compute_fwhm_ev(main.energy, options.resolution)
        found += [_guard(o, main, width) for o in xray_lines.find_overlaps(name, sorted(present), width)]
    if not present - {xray_lines.parse_line(maps.name)[0]}:
        found.append(Check("info", "no other element is declared: overlapping lines are not looked for"))
    return found


def _guard(overlap: xray_lines.XrayOverlap, main: xray_lines.XrayLine, width: float) -> Check:
    other = overlap.by.element
    near = f"{overlap.by} lies {overlap.distance_ev:.0f} eV from {overlap.of}"
    if overlap.of != main:
        return Check(
            "info", f"{near}: a map of the whole {main.family} family may show {other}", f"map {main.name} alone"
        )
    status = "fail" if overlap.distance_ev < 0.5 * width and overlap.by.weight >= 50 else "warn"
    return Check(status, f"{near}: the map may show {other}", "fit both families to the spectrum, or use another line")


def _read_composition(context: Context) -> set[str]:
    text = context.text("cam")
    return set(re.findall(r"[A-Z][a-z]?", text)) if text else set()


def _judge_evenness(maps: ElementMaps, found: list[ev.ScaleVariation], p: float, tolerance: float, doubt: str) -> Check:
    against = f"against {maps.other}" if maps.other else "over the area"
    sharpest = min(found, key=lambda s: s.hi)
    limit = f"a variation above {100 * sharpest.hi:.0f} % at {_format_length(sharpest, maps)} is excluded"
    if p >= SIGNIFICANT:
        text = f"{maps.name} is even {against}: nothing beyond counting at any scale (p = {p:.2f}); {limit}"
        return Check("pass", text)
    shown = f"p = {p:.2g}" if p > 1e-12 else "p < 1e-12"
    worst = max((s for s in found if s.p < SIGNIFICANT), key=lambda s: s.lo, default=sharpest)
    varies = f"varies by {100 * worst.cv:.1f} % between blocks of {_format_length(worst, maps)}"
    if 100 * worst.cv <= tolerance:
        text = f"{maps.name} {varies} {against} ({shown}): no more than the tolerance of {tolerance:g} %; {limit}"
        return Check("pass", text)
    if doubt:
        text = f"whether {maps.name} is even {against} cannot be determined: its signal {varies} ({shown}), but {doubt}"
        return Check("warn", text, "map a polished section or a pressed pellet, or a line of its own")
    return Check("warn", f"{maps.name} is not even {against} ({shown}): it {varies}")


def _format_length(scale: ev.ScaleVariation, maps: ElementMaps) -> str:
    return f"{scale.size * maps.shot.pixel:.3g} um"


def _report_variation(scale: ev.ScaleVariation, maps: ElementMaps, element: dict, doubtful: bool) -> Entry:
    """The variation; only its upper limit counts where something else than the element's spread may be in it."""
    std = None if doubtful else (scale.hi - scale.lo) / 3.92
    low = 0.0 if doubtful else scale.lo
    quantity = Quantity(
        100 * scale.cv,
        "%",
        None if std is None else 100 * std,
        100 * low,
        100 * scale.hi,
        scale.blocks,
        "counting",
        "measured",
    )
    return Entry("evenness_cv", quantity, {**element, "scale_um": round(scale.size * maps.shot.pixel, 4)})


def _order(found: list[ev.ScaleVariation], maps: ElementMaps, element: dict) -> list[Entry]:
    """Moran's I at the scale where blocks are most alike to their neighbours; its std is that of an even map."""
    best = min(found, key=lambda s: s.moran_p)
    std = float(1 / np.sqrt(2 * best.blocks))  # pairs of neighbours are twice the blocks
    quantity = Quantity(best.moran, "1", std, n=best.blocks, basis="counting", origin="measured")
    return [Entry("morans_i", quantity, {**element, "scale_um": round(best.size * maps.shot.pixel, 4)})]


def _check_shadow(maps: ElementMaps, found: list[ev.ScaleVariation], element: dict) -> list[Entry]:
    if maps.image is None:
        return []
    size = found[len(found) // 2].size
    r, lo, hi, n = ev.correlate_with_picture(maps.counts, maps.image, size, maps.reference, maps.area)
    if not np.isfinite(r):
        return []
    quantity = Quantity(r, "1", (hi - lo) / 3.92, lo, hi, n, "counting", "measured")
    return [Entry("topography_correlation", quantity, element)]


def _tabulate_scales(found: list[ev.ScaleVariation], maps: ElementMaps) -> Curve:
    pixel = maps.shot.pixel
    columns = {"scale": (np.array([s.size * pixel for s in found]), "um")}
    for name, unit, factor in (
        ("cv", "%", 100),
        ("lo", "%", 100),
        ("hi", "%", 100),
        ("p", "1", 1),
        ("moran", "1", 1),
        ("moran_p", "1", 1),
        ("blocks", "1", 1),
    ):
        columns[name] = (np.array([factor * getattr(s, name) for s in found], float), unit)
    return Curve("scales", columns)


def _draw_maps(maps: ElementMaps, found: list[ev.ScaleVariation], context: Context) -> tuple[Figure, ...]:
    who, unit = micrographs.make_subject(context), "counts per pixel"
    panels = [micrographs.draw_micrograph(maps.shot, title=maps.name, unit=unit)]
    if maps.reference is not None:
        panels.append(micrographs.draw_micrograph(_make_micrograph(maps, maps.reference), title=maps.other, unit=unit))
    if maps.image is not None:
        panels.insert(0, micrographs.draw_micrograph(_make_micrograph(maps, maps.image), title="electron image"))
    caption = f"Counts of {maps.name}" + (f" and {maps.other}" if maps.other else "") + " per pixel."
    scale = np.array([s.size * maps.shot.pixel for s in found])
    cv, lo, hi = (100 * np.array([getattr(s, n) for s in found]) for n in ("cv", "lo", "hi"))
    stage = str(micrographs.get_state(context).get("stage", ""))
    series = Series("points", scale, cv, f"{maps.name} {stage}".strip(), who.sample, stage, lo, hi)
    panel = Panel(Axis("Length scale", "um", scale="log"), Axis("Variation beyond counting", "%"), (series,))
    words = "Variation of an element's share between blocks, counting noise taken off, with its 95 % limits."
    return (
        micrographs.make_figure("eds-map", "Element maps", panels, caption, "Fig. 2e", context),
        Figure("eds-evenness", "Evenness by length scale", (panel,), words, "Fig. 2i", context.synthetic),
    )


def _make_micrograph(maps: ElementMaps, values: np.ndarray) -> micrographs.Micrograph:
    return micrographs.Micrograph(values, maps.shot.pixel, maps.shot.corner, maps.shot.name, maps.shot.signal)


def _describe_methods(maps: ElementMaps) -> str:
    against = f"relative to {maps.other} (conditional binomial)" if maps.other else "relative to its mean (Poisson)"
    return (
        f"The evenness of {maps.name} was tested {against} on blocks of doubling size; the variation given is what "
        "exceeds the scatter of counting, and p values of all scales and of Moran's I are combined after Bonferroni."
    )


TECHNIQUE = Technique(
    "eds_evenness",
    "Evenness of a coating's element",
    ("element_map",),
    analyse,
    EdsEvennessOptions,
    asked=True,
)
