"""Lattice fringes of a coating in a high-resolution image: which phase, in which zone, or why it cannot be determined.

Input: an "image" with a scale. Regions are given by their corners in nm. The region of the core holds fringes of a
known lattice, so that they give the image's true scale and how it is distorted, with an error; without one the
scale stays free within its tolerance. The spots of each region of the coating (`physics.fringes`) are explained by the
candidate phases (`physics.zones`); what one grain leaves over is tried again. A phase is claimed from four spots or
more, where random spots seldom fit as well and no other phase fits as well; a region without spots has no fringes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.options import option
from nacre.core.quantity import Quantity
from nacre.core.result import Curve, Entry, Result
from nacre.core.signal import Signal
from nacre.materials.crystals import Crystal
from nacre.physics.diffraction.crystal import compute_d_spacing
from nacre.physics.microscopy import fringes, zones
from nacre.physics.microscopy.fringes import Distortion, Spots, Transform
from nacre.physics.microscopy.indexing import Tolerance
from nacre.physics.microscopy.zones import MatchedZone, PhaseLattice
from nacre.techniques.microscopy import micrographs
from nacre.techniques.microscopy.hrtem import figures, spot_indexing
from nacre.techniques.microscopy.hrtem import wording as words
from nacre.techniques.microscopy.hrtem.lattices import CandidateLattices, add_article, find_candidates
from nacre.techniques.microscopy.hrtem.wording import LEAST

MARGIN = 3.0  # log-likelihood by which a phase must beat the next
STRAIN = 0.01  # distortion of images that is not known (relative)
CELL_ERROR = 0.002  # of the lattice of layered oxides, which moves with composition and charge (relative)
GRAINS = 3  # in one region at most


@dataclass(frozen=True)
class HrtemOptions:
    """What may be chosen about regions, spots and candidates."""

    coating: tuple[float, ...] = option(
        (), "regions of the coating: x0, y0, x1, y1 of one after another; empty: the whole image", unit="nm"
    )
    core: tuple[float, ...] = option((), "region of the core, whose fringes give the scale; empty: none", unit="nm")
    phases: tuple[str, ...] = option(
        (), "phases tried: names of the table, or 'layered'; empty: those the sample's coating declares, and its core"
    )
    composition: str = option("", "formula of the core; empty: the sample's `cam`")
    core_a: float | None = option(
        None, "lattice parameter a of the core; empty: the table's, or 2.874 of nickel-rich oxides", unit="Ang", lo=2.5
    )
    core_c: float | None = option(
        None, "lattice parameter c of the core; empty: the table's, or 14.20 of nickel-rich oxides", unit="Ang", lo=2.5
    )
    d_min: float = option(1.33, "smallest spacing looked for", unit="Ang", lo=0.5)
    d_max: float = option(6.6, "largest spacing looked for", unit="Ang", lo=1)
    false_spots: float = option(0.1, "spots that noise alone makes in a region, on average", lo=1e-4, hi=5)
    length_tolerance: float = option(1.5, "how far a spacing may be off", unit="%", lo=0.05, hi=10)
    angle_tolerance: float = option(1.5, "how far an angle may be off", unit="deg", lo=0.05, hi=10)
    scale_tolerance: float = option(3.0, "how far the stated scale of the image may be off", unit="%", lo=0, hi=10)
    trials: int = option(200, "random patterns for the rate of chance matches", lo=20, hi=5000)


@dataclass(frozen=True)
class FringeGrain:
    """One lattice in a region: the phases that explain it best first, each with its zone; `sure` where it is claimed.

    axes : of other zones that fit about as well; spots : which of the region's spots (n,); rate : part of random
    patterns that any candidate explains as well.
    """

    ranked: tuple[tuple[str, MatchedZone], ...]
    axes: tuple[tuple[int, int, int], ...]
    spots: np.ndarray
    rate: float
    rivals: tuple[str, ...]
    sure: bool

    @property
    def name(self) -> str:
        """The phase; its formula alone where two models of one compound fit alike."""
        first, zone = self.ranked[0]
        alike = [
            n
            for n, z in self.ranked[1:]
            if get_formula(n) == get_formula(first) and zone.evidence - z.evidence < MARGIN
        ]
        return get_formula(first) if alike else first


@dataclass(frozen=True)
class FringeRegion:
    """A region (x0, y0, x1, y1 in nm) with its transform, its spots with true spacings, and the grains found in it."""

    label: str
    box: tuple[float, ...]
    seen: Transform
    spots: Spots
    true: np.ndarray
    grains: tuple[FringeGrain, ...]


@dataclass(frozen=True)
class ImageScale:
    """True lengths over stated ones, from the core's fringes where `zone` is given, with what to report about it."""

    distortion: Distortion
    zone: MatchedZone | None
    region: FringeRegion | None
    words: str
    lattice: str = ""


def get_formula(name: str) -> str:
    return name.split()[0]


def measure(
    signal: Signal, options: HrtemOptions, given: CandidateLattices, rng
) -> tuple[micrographs.Micrograph, ImageScale, list[FringeRegion], list[Crystal]]:
    """All that an image says of the lattices given. Raises NacreError (NotAssessable where there is no scale)."""
    if "x" not in signal or "y" not in signal:
        raise NotAssessable("the image has no scale", where=signal.where, do="give the reader option pixel_size")
    shot = micrographs.select_region(signal, ())
    scale = _make_uncalibrated(options)
    if options.core:
        scale = _calibrate_scale(shot, options, given.core) if given.core else _make_uncalibrated(options, given.why)
    boxes = _split_boxes(options.coating) or [_get_whole_box(shot)]
    labels = [f"coating {i}" if len(boxes) > 1 else "coating" for i in range(1, len(boxes) + 1)]
    regions = [
        _analyse_region(shot, label, box, scale, given.tried, options, rng)
        for label, box in zip(labels, boxes, strict=True)
    ]
    return shot, scale, regions, list(given.tried)


def _split_boxes(numbers: tuple[float, ...]) -> list[tuple[float, ...]]:
    if len(numbers) % 4:
        found = f"{len(numbers)} numbers"
        raise NacreError(
            "a region is x0, y0, x1, y1 in nm", where="option coating", found=found, expected="four per region"
        )
    return [tuple(numbers[i : i + 4]) for i in range(0, len(numbers), 4)]


def _get_whole_box(shot: micrographs.Micrograph) -> tuple[float, ...]:
    rows, columns = shot.values.shape
    return 0.0, 0.0, columns * shot.pixel * 1e3, rows * shot.pixel * 1e3


def _transform(shot: micrographs.Micrograph, box, name: str) -> Transform:
    part = micrographs.select_region(shot.signal, [v / 1e3 for v in box]) if box != _get_whole_box(shot) else shot
    try:
        return fringes.transform_region(part.values, 1e4 * shot.pixel)
    except ValueError as error:
        raise NotAssessable(
            f"{name}: {error}",
            where=shot.signal.where,
            expected=f"{fringes.LEAST_SIDE} pixels and more, with contrast",
            do="choose another region, or record it again",
        ) from None


def _find_spots(seen: Transform, shot: micrographs.Micrograph, options: HrtemOptions) -> Spots:
    low, high = _get_reach(options)
    if low >= 0.9 * min(seen.gy.max(), seen.gx.max()):
        raise NotAssessable(
            "the pixels are too large for lattice fringes",
            where=shot.signal.where,
            found=f"{1e3 * shot.pixel:.3g} nm",
            expected="less than a third of a spacing, 0.1 nm or so",
            do="record at a higher magnification",
        )
    return fringes.find_spots(seen, low, high, options.false_spots)


def _get_reach(options: HrtemOptions) -> tuple[float, float]:
    return 1 / options.d_max, 1 / options.d_min


def _make_lattice(crystal: Crystal, options: HrtemOptions) -> PhaseLattice:
    """Reflections that centring allows: those that glides and screws forbid appear in images by double scattering."""
    d_min = 0.94 * options.d_min
    operations = crystal.group.operations()
    limit = [int(np.ceil(edge / d_min)) for edge in crystal.cell[:3]]
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in limit), indexing="ij"), -1).reshape(-1, 3)
    grid = grid[np.any(grid != 0, axis=1)]
    centred = ~np.any((grid @ np.array(list(operations.cen_ops)).T) % 24, axis=1)
    grid = grid[centred]
    grid = grid[compute_d_spacing(grid, crystal.cell) >= d_min]
    rotations = np.array([operation.rot for operation in operations.sym_ops]) // 24
    images = np.concatenate([sign * grid @ rotations for sign in (1, -1)])  # (operations, n, 3)
    code = images @ np.array([1_000_000, 1000, 1])
    return PhaseLattice(grid[code[0] == code.max(axis=0)], grid, crystal.cell)


# --- the scale ----------------------------------------------------------------------------------------------


def _make_uncalibrated(options: HrtemOptions, words: str = "no region of the core is given") -> ImageScale:
    return ImageScale(fringes.make_prior_distortion(options.scale_tolerance / 200, STRAIN), None, None, words)


def _calibrate_scale(shot: micrographs.Micrograph, options: HrtemOptions, oxide: Crystal) -> ImageScale:
    """Scale and distortion by the core's fringes, where they are those of its lattice in one zone."""
    if len(options.core) != 4:
        raise NacreError(
            "a region is x0, y0, x1, y1 in nm", where="option core", found=f"{len(options.core)} numbers", expected="4"
        )
    seen = _transform(shot, options.core, "the core")
    spots = _find_spots(seen, shot, options)
    region = FringeRegion("core", options.core, seen, spots, spots.at, ())
    prior = fringes.make_prior_distortion(options.scale_tolerance / 200 + 0.005, STRAIN)
    bounds = Tolerance(0.02, 2.0, options.scale_tolerance / 100 + 0.01)
    doubt = zones.estimate_doubts(spots.strength)
    found = zones.search_zones(spots.at, doubt, _make_lattice(oxide, options), bounds, _get_reach(options))
    if not found or found[0].matched.sum() < 2 or found[0].evidence < MARGIN:
        words = f"the core's {len(spots.at)} spots do not fit a zone of {add_article(oxide.name)}"
        return replace(_make_uncalibrated(options, words), region=region)
    fits = [_fit_distortion(spots, zone, oxide, prior) for zone in found if found[0].evidence - zone.evidence < MARGIN]
    if max(abs(fit.values[0] - fits[0].values[0]) for fit in fits) > 0.007:
        words = f"the core's fringes fit several zones of {add_article(oxide.name)}, each with a scale of its own"
        return replace(_make_uncalibrated(options, words), region=region)
    return ImageScale(fits[0], found[0], replace(region, true=fits[0].apply(spots.at)), "", oxide.name)


def _fit_distortion(spots: Spots, zone: MatchedZone, oxide: Crystal, prior: Distortion) -> Distortion:
    used = zone.matched
    true = zones.project_in_plane(zone.hkl[used], oxide.cell)
    return fringes.fit_distortion(spots.at[used], spots.std[used], true, prior, CELL_ERROR)


# --- the coating --------------------------------------------------------------------------------------------


def _analyse_region(shot, label: str, box, scale: ImageScale, candidates, options: HrtemOptions, rng) -> FringeRegion:
    seen = _transform(shot, box, label)
    spots = _find_spots(seen, shot, options)
    true = scale.distortion.apply(spots.at)
    lattices = [_make_lattice(crystal, options) for crystal in candidates]
    bounds = [_choose_tolerance(crystal, scale, options) for crystal in candidates]
    grains, left = [], np.arange(len(true))
    while len(left) >= 2 and len(grains) < GRAINS:
        grain = _find_grain(true, spots.strength, left, candidates, lattices, bounds, options, rng)
        if grain is None or (grains and grain.ranked[0][1].matched.sum() < LEAST):
            break
        grains.append(grain)
        if not grain.sure:
            break
        left = np.setdiff1d(left, grain.spots)
    return FringeRegion(label, tuple(box), seen, spots, true, tuple(grains))


def _choose_tolerance(crystal: Crystal, scale: ImageScale, options: HrtemOptions) -> Tolerance:
    """As `spot_indexing` has it, with the scale free within what the core left open."""
    extra = spot_indexing.ESTIMATED if crystal.status == "estimated" else 0.0
    free = options.scale_tolerance / 100 if scale.zone is None else 2 * scale.distortion.scale_error()
    return Tolerance(options.length_tolerance / 100 + extra, options.angle_tolerance + 57 * extra, free)


def _find_grain(true, strength, left, candidates, lattices, bounds, options: HrtemOptions, rng) -> FringeGrain | None:
    """The lattice that explains most of the spots left, None where none explains two of them."""
    reach, doubt = _get_reach(options), zones.estimate_doubts(strength[left])
    ranked, axes = [], {}
    for crystal, lattice, tolerance in zip(candidates, lattices, bounds, strict=True):
        found = zones.search_zones(true[left], doubt, lattice, tolerance, reach)
        ranked += [(crystal.name, found[0])] if found and found[0].evidence > 0 else []
        axes[crystal.name] = _find_equal_axes(found, crystal)
    ranked.sort(key=lambda pair: -pair[1].evidence)
    if not ranked:
        return None
    name, zone = ranked[0]
    rivals = [n for n, z in ranked if get_formula(n) != get_formula(name) and zone.evidence - z.evidence < MARGIN]
    number = int(zone.matched.sum())
    rate = zones.estimate_chance(true[left], doubt, lattices, bounds, reach, zone.evidence, rng, options.trials)
    sure = number >= LEAST and rate <= spot_indexing.LIKELY and zone.evidence >= MARGIN and not rivals
    return FringeGrain(tuple(ranked), axes[name], left[zone.matched], rate, tuple(rivals), sure)


def _find_equal_axes(found: list[MatchedZone], crystal: Crystal) -> tuple[tuple[int, int, int], ...]:
    """Axes of zones that fit about as well as the first and are not the same by symmetry."""
    rotations = [np.array(operation.rot) // 24 for operation in crystal.group.operations().sym_ops]

    def standard(axis) -> tuple[int, ...]:
        return max(
            tuple(int(v) for v in sign * rotation @ np.array(axis)) for rotation in rotations for sign in (1, -1)
        )

    near = [zone for zone in found if found[0].evidence - zone.evidence < MARGIN]
    seen = {standard(zone.axis): zone.axis for zone in reversed(near)}
    return tuple(axis for key, axis in seen.items() if key != standard(near[0].axis))


def analyse(inputs: Mapping[str, Any], context: Context, options: HrtemOptions) -> list[Result]:
    """Phases and zones of the regions of one image. Raises NacreError."""
    (signal,) = micrographs.get_signals(inputs, "signal", "image", context.where)[:1]
    rng = np.random.default_rng([context.seed, 3])
    given = find_candidates(options.phases, options.composition, context, options.core_a, options.core_c)
    shot, scale, regions, tried = measure(signal, options, given, rng)
    return [
        Result(
            "hrtem",
            context.analysis,
            micrographs.make_subject(context),
            entries=tuple(_make_entries(scale, regions, micrographs.get_state(context))),
            curves=tuple(_tabulate_spots(region) for region in (*([scale.region] if scale.region else []), *regions)),
            figures=figures.draw(shot, scale, regions, context),
            checks=(*words.check_image(scale, regions, tried, options), *given.checks),
            citations=TECHNIQUE.citations,
            methods=_describe_methods(scale, options),
        )
    ]


def _make_entries(scale: ImageScale, regions: list[FringeRegion], state: dict) -> list[Entry]:
    found = []
    if scale.zone is not None:
        value = Quantity(1 / (1 + scale.distortion.values[0]), "1", float(np.sqrt(scale.distortion.covariance[0, 0])),
                         n=int(scale.zone.matched.sum()), basis="fit-covariance", origin="measured")  # fmt: skip
        found.append(Entry("image_scale", value, state | {"region": "core"}))
    for region in regions:
        count = Quantity(float(len(region.true)), "1", basis="none", origin="measured")
        found.append(Entry("fringe_spots", count, state | {"region": region.label}))
        for i, grain in enumerate(g for g in region.grains if g.sure):
            where = state | {"region": region.label + "abc"[i : i + 1] * (i > 0), "phase": grain.name}
            zone = grain.ranked[0][1]
            number = Quantity(float(zone.matched.sum()), "1", basis="none", origin="measured")
            rate = Quantity(100 * grain.rate, "%", n=None, basis="counting", origin="measured")
            residual = Quantity(100 * zone.residual, "%", n=len(grain.spots), basis="none", origin="measured")
            found += [Entry("indexed_spots", number, where), Entry("chance_match_rate", rate, where)]
            found.append(Entry("spot_residual", residual, where))
    return found


def _tabulate_spots(region: FringeRegion) -> Curve:
    length = np.linalg.norm(region.true, axis=1)
    planes = np.full(len(length), "", dtype=object)
    for grain in region.grains:
        for k, row in zip(grain.spots, grain.ranked[0][1].hkl[grain.ranked[0][1].matched], strict=True):
            planes[k] = f"{grain.name if grain.sure else '?'} {' '.join(map(str, row))}"
    columns = {
        "d": (1 / length, "Ang"),
        "std": (np.linalg.norm(region.spots.std, axis=1) / np.sqrt(2) / length**2, "Ang"),
        "angle": (np.degrees(np.arctan2(region.true[:, 1], region.true[:, 0])), "deg"),
        "strength": (region.spots.strength, "1"),
        "hkl": (planes.astype(str), "1"),
    }
    return Curve(f"spots of {region.label}", columns)


def _describe_methods(scale: ImageScale, options: HrtemOptions) -> str:
    how = (
        f"scale and distortion of the image were taken from the fringes of the core, {add_article(scale.lattice)}"
        if scale.zone
        else f"the scale was left free within {options.scale_tolerance:g} %"
    )
    return (
        "Regions of the high-resolution image were detrended, tapered (Hann) and Fourier transformed; spots are maxima "
        f"above the local background at a level at which noise makes {options.false_spots:g} per region; {how}. "
        f"Spots were indexed by consensus over pairs (tolerances {options.length_tolerance:g} % and "
        f"{options.angle_tolerance:g} deg); a phase is claimed from {LEAST} spots or more, chance matches were counted "
        f"on {options.trials} random patterns."
    )


TECHNIQUE = Technique(
    "hrtem",
    "Lattice fringes",
    ("image",),
    analyse,
    HrtemOptions,
    asked=True,
    vocabulary={
        "quantity": {
            "image_scale": {"unit": "1", "words": "true length over stated length", "symbol": "s",
                            "meaning": "scale of an image by fringes of a known lattice in it"},
            "fringe_spots": {"unit": "1", "words": "spots of lattice fringes", "symbol": "n",
                             "meaning": "spots of an image's transform above the noise, opposites counted once"},
            "indexed_spots": {"unit": "1", "words": "spots indexed", "symbol": "n",
                              "meaning": "spots that one grain of a phase explains; a claim needs four"},
        }
    },
    citations=(
        "K. J. Worsley, Local maxima and the expected Euler characteristic of excursion sets of chi2, F and t fields, "
        "Adv. Appl. Prob. 26 (1994) 13-42",
        "D. B. Williams, C. B. Carter, Transmission Electron Microscopy, 2nd ed., Springer 2009, chapters 18 and 28",
    ),
)  # fmt: skip
