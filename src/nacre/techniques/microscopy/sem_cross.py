"""Cross-sections of composite cathodes: cracks in particles, gaps between active material and electrolyte, voids.

Each picture is flattened (uneven light, curtaining), its particles are outlined, and pores are measured by relative
depth (see physics/micrograph). Several pictures of one measurement give one fraction, with the scatter between the
pictures; one picture alone says nothing of the sample, and its numbers carry no interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.options import option
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Result
from nacre.core.signal import Signal
from nacre.physics.micrograph import outline as ol
from nacre.physics.micrograph import section as cs
from nacre.physics.micrograph.classify import classify_pixels
from nacre.physics.micrograph.clusters import ClusterEstimate, estimate_ratio
from nacre.physics.micrograph.flatten import flatten_image
from nacre.physics.micrograph.particles import split_particles
from nacre.techniques.microscopy import micrographs
from nacre.techniques.microscopy import sem_cross_figures as figures

SWEPT = 4  # settings of the thresholds that could as well have been chosen
LEAST_CONTRAST = 2.0  # of particle and matrix, in noise of a pixel
NARROW = 3.0  # pixels: narrower cracks are less certain


@dataclass(frozen=True)
class SemCrossOptions:
    smallest_particle: float = option(1.0, "diameter below which a bright spot is no particle", unit="um", lo=0.01)
    widest_crack: float = option(0.4, "width up to which a dark inlet is a crack of its particle", unit="um", lo=0.01)
    gap_reach: float = option(0.10, "distance from the outline within which a gap is looked for", unit="um", lo=0.005)
    crack_depth: float = option(0.5, "relative depth at which a crack is seen", lo=0.1, hi=0.9)
    gap_depth: float = option(0.35, "relative depth at which a gap is seen", lo=0.1, hi=0.9)
    shading_degree: int = option(3, "degree of the surface that stands for uneven light", lo=0, hi=6)
    stripes: bool = option(True, "take out vertical stripes (curtaining)")
    region: tuple[float, ...] = option((), "part of the picture that is analysed: x0, y0, x1, y1", unit="um")
    particle_class: int | None = option(
        None, "number that stands for particles in a mask; by default each is an object"
    )


@dataclass(frozen=True)
class CrossSectionPicture:
    """One picture with what was found in it, and in the swept settings."""

    shot: micrographs.Micrograph
    section: cs.SectionMeasurement
    swept: tuple[cs.SectionFindings, ...]
    otsu: float


def analyse(inputs: Mapping[str, Any], context: Context, options: SemCrossOptions) -> list[Result]:
    """Fractions over all pictures under "signal" (or "images"), with the masks under "mask" where there are any."""
    role = "images" if "images" in inputs else "signal"
    images = micrographs.get_signals(inputs, role, "image", context.where)
    masks = _get_masks(inputs, images, context)
    checks: list[Check] = []
    seen = [_analyse_picture(image, mask, options, checks) for image, mask in zip(images, masks, strict=True)]
    entries = _make_entries(seen, context)
    return [
        Result(
            "sem_cross",
            context.analysis,
            micrographs.make_subject(context),
            entries=entries,
            curves=(_tabulate_images(seen), _tabulate_particles(seen)),
            figures=figures.draw(seen, context),
            checks=(*checks, *_check_pictures(seen)),
            citations=(
                "W. G. Cochran, Sampling Techniques, 3rd ed., Wiley 1977",
                "S. Beucher, F. Meyer, in Mathematical Morphology in Image Processing, Dekker 1993, p. 433",
            ),
            methods=_describe_methods(seen, masks),
            origin="synthetic" if any(s.shot.signal.origin == "synthetic" for s in seen) else "measured",
        )
    ]


def _get_masks(inputs, images: Sequence[Signal], context: Context) -> list[Signal | None]:
    if "mask" not in inputs:
        return [None] * len(images)
    masks = micrographs.get_signals(inputs, "mask", "label_mask", context.where)
    if len(masks) != len(images):
        found = f"{len(masks)} masks and {len(images)} images"
        raise NacreError(
            "each image needs its mask", where=context.where, found=found, do="list them in the same order"
        )
    return list(masks)


def _analyse_picture(
    image: Signal, mask: Signal | None, options: SemCrossOptions, checks: list[Check]
) -> CrossSectionPicture:
    shot = micrographs.select_region(image, options.region)
    checks += micrographs.check_clipping(shot)
    try:
        flat, levels = flatten_image(shot.values, options.shading_degree, stripes=options.stripes)
    except ValueError as error:
        raise NotAssessable(f"the cross-section cannot be segmented: {error}", where=shot.name) from None
    if levels.contrast < LEAST_CONTRAST:
        raise NotAssessable(
            "particles and matrix cannot be distinguished by their brightness",
            where=shot.name,
            found=f"a difference of {levels.contrast:.1f} times the noise",
            expected=f"{LEAST_CONTRAST:g} or more",
            do="record with backscattered electrons, or give a label mask",
        )
    limits = _make_thresholds(shot.pixel, options)
    smallest = int(np.pi / 4 * (options.smallest_particle / shot.pixel) ** 2)
    labels = _label_particles(flat, levels, smallest, limits, shot, mask, options)
    _require_field(labels, shot, limits)
    section = cs.measure_section(flat, levels, labels, limits)
    swept = cs.sweep_thresholds(flat, levels, smallest, limits, labels=None if mask is None else labels)
    return CrossSectionPicture(shot, section, tuple(swept), cs.compute_otsu_fraction(shot.values, labels))


def _make_thresholds(pixel: float, options: SemCrossOptions) -> cs.Thresholds:
    widest = max(3, round(options.widest_crack / pixel))
    return cs.Thresholds(options.crack_depth, options.gap_depth, 0.5, widest, max(2, round(options.gap_reach / pixel)))


def _label_particles(flat, levels, smallest, limits, shot, mask: Signal | None, options: SemCrossOptions) -> np.ndarray:
    if mask is None:
        return cs.find_particles(flat, levels, smallest, limits)
    values = mask["label"].values
    if values.shape != shot.signal["intensity"].values.shape:
        raise NacreError(
            "the mask is not as large as its image",
            where=mask.where,
            found=f"{values.shape[1]} x {values.shape[0]} pixels",
            expected=f"{shot.signal.sizes['x']} x {shot.signal.sizes['y']} of {shot.name}",
            do="export the mask at the image's full size, after the data bar is cut off",
        )
    rows, columns = (round(c / shot.pixel) for c in reversed(shot.corner))
    values = values[rows : rows + flat.shape[0], columns : columns + flat.shape[1]]
    if options.particle_class is None:
        return (
            split_particles(values > 0, smallest) if np.unique(values).size <= 2 else _label_objects(values, smallest)
        )
    if not (values == options.particle_class).any():
        known = ", ".join(str(v) for v in np.unique(values)[:12])
        raise NacreError(f"no pixel has class {options.particle_class}", where=mask.where, expected=f"one of {known}")
    if (values > 0).mean() < 0.5:  # strokes, not a complete mask: the rest is classified from them
        values = classify_pixels(flat, values)
    return ol.find_whole_particles(values == options.particle_class, flat, levels, smallest, limits.widest)


def _label_objects(values: np.ndarray, smallest: int) -> np.ndarray:
    sizes = np.bincount(values.ravel())
    keep = sizes >= smallest
    keep[0] = False
    return (np.cumsum(keep) * keep)[values]


def _require_field(labels: np.ndarray, shot: micrographs.Micrograph, limits: cs.Thresholds) -> None:
    """Raises NotAssessable where there is no particle, or one alone that fills the field."""
    margin = limits.widest
    if not labels[margin:-margin, margin:-margin].any():
        raise NotAssessable("no particle is found", where=shot.name, do="check the option smallest_particle")
    edges = [set(np.unique(side)) - {0} for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1])]
    if set.intersection(*edges):
        raise NotAssessable(
            "one particle touches every edge of the field",
            where=shot.name,
            expected="a field of several particles",
            do="record at a lower magnification, or choose another region",
        )


def pool_pictures(
    part: Sequence[float], whole: Sequence[float], swept: np.ndarray
) -> tuple[ClusterEstimate, float | None]:
    """(estimate in %, std of the choice of thresholds): `swept` (settings,) are the same fraction, in %."""
    estimate = estimate_ratio(np.asarray(part) * 100, np.asarray(whole))
    ends = np.append(swept, estimate.value)
    return estimate, float((ends.max() - ends.min()) / np.sqrt(12))


def make_fraction(estimate: ClusterEstimate, spread: float, sign: float, source: str) -> Quantity:
    """A fraction in % with the scatter between pictures and the choice of thresholds; without both from one picture."""
    if estimate.variance is None:
        return Quantity(estimate.value, "%", n=estimate.clusters, basis="none", origin="measured")
    lo, hi = estimate.interval(extra=spread**2)
    std = float(np.hypot(estimate.std, spread))
    parts = {f"{source}:pictures": estimate.std, "cross-section: thresholds": sign * spread}
    return Quantity(
        estimate.value,
        "%",
        std,
        max(lo, 0.0),
        min(hi, 100.0),
        estimate.clusters,
        "replicates",
        "measured",
        {k: v for k, v in parts.items() if v},
    )


def _make_entries(seen: list[CrossSectionPicture], context: Context) -> tuple[Entry, ...]:
    source, where = f"sem:{micrographs.make_subject(context)}", micrographs.get_state(context)
    found = []
    for name, part, whole in (
        ("crack_fraction", "crack_area", "area"),
        ("gap_fraction", "open_length", "length"),
    ):
        a, b = ([getattr(s.section, key) for s in seen] for key in (part, whole))
        if not sum(b):
            continue
        swept = _compute_swept(seen, part, whole)
        estimate, spread = pool_pictures(a, b, swept)
        sign = float(np.sign(swept[-1] - swept[0])) or 1.0
        found.append(Entry(name, make_fraction(estimate, spread, sign, f"{source}:{name}"), where))
    voids, matrix = [s.section.void_fraction for s in seen], [float((s.section.labels == 0).sum()) for s in seen]
    if np.all(np.isfinite(voids)):
        estimate = estimate_ratio(np.array(voids) * np.array(matrix) * 100, matrix)
        found.append(Entry("se_void_fraction", make_fraction(estimate, 0.0, 1.0, f"{source}:void"), where))
    return (*found, *_measure_width(seen, where))


def _compute_swept(seen: list[CrossSectionPicture], part: str, whole: str) -> np.ndarray:
    return np.array(
        [
            100 * sum(getattr(s.swept[k], part) for s in seen) / sum(getattr(s.swept[k], whole) for s in seen)
            for k in range(SWEPT)
        ]
    )


def _measure_width(seen: list[CrossSectionPicture], where: dict) -> list[Entry]:
    widths = np.concatenate([1e3 * s.shot.pixel * s.section.widths for s in seen])
    lengths = np.concatenate([s.shot.pixel * s.section.lengths for s in seen])
    if widths.size < 3:
        return []
    mean = float(np.average(widths, weights=lengths))
    share = lengths / lengths.sum()
    scatter = float(np.sqrt((share**2 * (widths - mean) ** 2).sum() * widths.size / (widths.size - 1)))
    std = float(np.hypot(scatter, 250 * np.mean([s.shot.pixel for s in seen])))
    quantity = Quantity(mean, "nm", std, n=int(widths.size), basis="replicates", origin="measured")
    return [Entry("crack_width", quantity, where)]


def _tabulate_images(seen: list[CrossSectionPicture]) -> Curve:
    """One row per picture: what the difference of differences is made from."""
    columns = {
        "image": (np.arange(1, len(seen) + 1), "1"),
        "particles": (np.array([len(s.section.particles) for s in seen]), "1"),
        "pixel": (np.array([1e3 * s.shot.pixel for s in seen]), "nm"),
        "voltage": (np.array([s.shot.signal.metadata.get("accelerating_voltage_kV", np.nan) for s in seen]), "kV"),
        "otsu_crack_fraction": (np.array([100 * s.otsu for s in seen]), "%"),
        "void_fraction": (np.array([100 * s.section.void_fraction for s in seen]), "%"),
    }
    for k in range(SWEPT + 1):
        which = [s.section if k == 0 else s.swept[k - 1] for s in seen]
        end = "" if k == 0 else f"_{k}"
        pixel = np.array([s.shot.pixel for s in seen])
        for name, power in (("area", 2), ("crack_area", 2), ("length", 1), ("open_length", 1)):
            unit = "um2" if power == 2 else "um"
            columns[name + end] = (np.array([getattr(w, name) for w in which]) * pixel**power, unit)
    return Curve("images", columns)


def _tabulate_particles(seen: list[CrossSectionPicture]) -> Curve:
    rows = [
        (
            n,
            2 * np.sqrt(p.area / np.pi) * s.shot.pixel,
            100 * p.crack_area / p.area,
            100 * p.open_length / p.length if p.length else np.nan,
        )
        for n, s in enumerate(seen, 1)
        for p in s.section.particles
        if not p.cut and p.area > 0
    ]
    image, diameter, crack, gap = np.array(rows).reshape(-1, 4).T
    return Curve(
        "particles",
        {
            "image": (image, "1"),
            "diameter": (diameter, "um"),
            "crack_fraction": (crack, "%"),
            "gap_fraction": (gap, "%"),
        },
    )


def _check_pictures(seen: list[CrossSectionPicture]) -> list[Check]:
    found = []
    if len(seen) == 1:
        found.append(
            Check(
                "warn",
                "one picture: its fractions say nothing of the sample (no inference); changing the thresholds alone "
                f"moves the crack fraction from {_compute_swept(seen, 'crack_area', 'area').min():.2f} to "
                f"{_compute_swept(seen, 'crack_area', 'area').max():.2f} %",
                "record five or more fields",
            )
        )
    crack = 100 * sum(s.section.crack_area for s in seen) / sum(s.section.area for s in seen)
    otsu = 100 * float(np.mean([s.otsu for s in seen]))
    text = f"a global threshold (Otsu) would have given a crack fraction of {otsu:.1f} % instead of {crack:.2f} %"
    found.append(Check("info", text))
    widths = np.concatenate([s.section.widths for s in seen])
    if widths.size and np.median(widths) < NARROW:
        text = f"half of the cracks are narrower than {NARROW:g} pixels: finer ones are not seen at this pixel size"
        found.append(Check("warn", text, "record at a higher magnification"))
    if len({(round(s.shot.pixel, 6), s.shot.signal.metadata.get("accelerating_voltage_kV")) for s in seen}) > 1:
        found.append(Check("warn", "the pictures differ in pixel size or voltage: what is seen of fine cracks differs"))
    few = sum(len(s.section.particles) for s in seen)
    if few < 10:
        found.append(Check("warn", f"{few} particles only", "record more fields"))
    return found


def _describe_methods(seen: list[CrossSectionPicture], masks) -> str:
    how = "given label masks" if any(masks) else "their brightness and a watershed of the distance transform"
    pixel = ", ".join(f"{1e3 * p:.3g}" for p in sorted({s.shot.pixel for s in seen}))
    return (
        f"Cross-sections ({len(seen)} images, pixel {pixel} nm) were corrected for uneven brightness and curtaining; "
        f"particles were outlined by {how}. Cracks were found by hysteresis on the depth relative to the particle's "
        "own brightness, and their area is the integrated depth; gaps are arcs of the outline whose brightness falls "
        "below that of the electrolyte. Intervals are those between images (linearised ratio, Student's t) together "
        "with the spread over thresholds."
    )


TECHNIQUE = Technique(
    "sem_cross",
    "Cracks and contact in cross-section",
    ("image",),
    analyse,
    SemCrossOptions,
    asked=True,
)
