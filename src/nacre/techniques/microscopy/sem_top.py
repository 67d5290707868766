"""Powders in top view: sizes of secondary particles, primary grains on them, and the texture of their surface.

Sizes are those of particles seen whole, corrected for the edge of the field; they are projected, by number, and need
no model of what lies below. Texture is the contrast of brightness by wavelength, with the noise taken off: it compares
surfaces that were recorded alike (pixel, voltage, detector), before and after a coating, without an adjective.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage as ndi

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NotAssessable
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.options import option
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Result
from nacre.physics.micrograph import particles as pt
from nacre.physics.micrograph import texture as tx
from nacre.physics.micrograph.flatten import find_otsu_threshold
from nacre.techniques.microscopy import micrographs

LEAST_PARTICLES, LEAST_TILES = 8, 3
NARROW_GRAIN = 12
NOISY = 2.4  # pixels: shorter wavelengths give the floor of noise
PERCENTILES = (10, 50, 90)


@dataclass(frozen=True)
class SemTopOptions:
    smallest_particle: float = option(1.0, "diameter below which a bright spot is no particle", unit="um", lo=0.01)
    fine_band: tuple[float, float] = option((100.0, 300.0), "wavelengths of the fine texture", unit="nm")
    coarse_band: tuple[float, float] = option((300.0, 1000.0), "wavelengths of the coarse texture", unit="nm")
    tile: float = option(1.6, "side of the tiles that the spectrum is made from", unit="um", lo=0.05)
    grain_blur: float = option(1.5, "blur against noise before grains are parted, in pixels", lo=0.5, hi=10)
    region: tuple[float, ...] = option((), "part of the picture that is analysed: x0, y0, x1, y1", unit="um")


@dataclass(frozen=True)
class TopViewPicture:
    """One picture with its particles, texture tiles and grains (None where too few are seen)."""

    shot: micrographs.Micrograph
    labels: np.ndarray
    sizes: pt.Sizes
    inside: np.ndarray
    spectrum: tx.TexturePowerSpectrum | None
    grains: tx.Grains | None


def analyse(inputs: Mapping[str, Any], context: Context, options: SemTopOptions) -> list[Result]:
    """Sizes, grains and texture over all pictures of a measurement."""
    checks: list[Check] = []
    seen = [
        _analyse_picture(image, options, checks)
        for image in micrographs.get_signals(inputs, "signal", "image", context.where)
    ]
    if not any(s.labels.any() for s in seen):
        raise NotAssessable("no particle is found", where=context.where, do="check the option smallest_particle")
    where = micrographs.get_state(context)
    diameters = np.concatenate([s.sizes.diameters * s.shot.pixel for s in seen])
    weights = np.concatenate([s.sizes.weights for s in seen])
    entries = [*_report_sizes(diameters, weights, where, checks), *_report_grains(seen, where, checks)]
    entries += _report_texture(seen, options, where, checks)
    curves = [Curve("particles", {"diameter": (diameters, "um"), "weight": (weights, "1")})]
    return [
        Result(
            "sem_top",
            context.analysis,
            micrographs.make_subject(context),
            entries=tuple(entries),
            curves=(*curves, *_tabulate_spectra(seen)),
            figures=_draw_figures(seen, diameters, weights, context),
            checks=tuple(checks),
            citations=("R. E. Miles, in Stochastic Geometry, Wiley 1974, p. 228",),
            methods=_describe_methods(seen, diameters.size),
            origin="synthetic" if any(s.shot.signal.origin == "synthetic" for s in seen) else "measured",
        )
    ]


def _analyse_picture(image, options: SemTopOptions, checks: list[Check]) -> TopViewPicture:
    shot = micrographs.select_region(image, options.region)
    checks += micrographs.check_clipping(shot)
    smooth = ndi.gaussian_filter(shot.values, 1.0)
    mask = ndi.binary_fill_holes(ndi.binary_opening(smooth > find_otsu_threshold(smooth), iterations=2))
    smallest = int(np.pi / 4 * (options.smallest_particle / shot.pixel) ** 2)
    labels = pt.split_particles(mask, max(smallest, 12))
    # the bright rim of a particle is its shape, not its texture
    depth = ndi.distance_transform_edt(_separate_particles(labels))
    inner = depth > 0.35 * np.append(0, ndi.maximum(depth, labels, np.arange(1, labels.max() + 1)))[labels]
    inner &= labels > 0
    size = 2 * round(options.tile / shot.pixel / 2)
    spots = tx.place_tiles(inner, size) if size >= 16 else []
    spectrum = tx.compute_texture_spectrum(shot.values, spots) if len(spots) >= LEAST_TILES else None
    try:
        grains = tx.find_grains(shot.values, inner, options.grain_blur) if inner.any() else None
    except ValueError:
        grains = None
    return TopViewPicture(shot, labels, pt.measure_sizes(labels), inner, spectrum, grains)


def _separate_particles(labels: np.ndarray) -> np.ndarray:
    """Particles with the lines between touching ones cleared."""
    edge = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        other = np.roll(labels, 1, axis)
        edge |= (labels != other) & (labels > 0) & (other > 0)
    return (labels > 0) & ~edge


def _report_sizes(diameters, weights, where, checks: list[Check]) -> list[Entry]:
    if diameters.size < LEAST_PARTICLES:
        text = f"{diameters.size} particles are seen whole: too few for a size distribution"
        checks.append(Check("warn", text, "record at a lower magnification, or more fields"))
        return []
    parts = [p / 100 for p in PERCENTILES]
    found = pt.compute_percentiles(diameters, weights, parts)
    entries = []
    if any(end is None for row in found for end in row):
        text = f"{diameters.size} particles: the outer percentiles have no interval"
        checks.append(Check("info", text, "an interval needs 36 particles that are wholly in the field"))
    for percent, (value, lo, hi) in zip(PERCENTILES, found, strict=True):
        quantity = _make_diameter(value, lo, hi, int(diameters.size))
        entries.append(Entry("secondary_diameter", quantity, {**where, "percentile": percent}))
    text = "diameters are projected, and by number; a size from laser diffraction is by volume"
    checks.append(Check("info", text))
    return entries


def _make_diameter(value: float, lo: float | None, hi: float | None, n: int) -> Quantity:
    """A diameter with its interval; without one where too few particles are seen to determine it."""
    if lo is None or hi is None:
        return Quantity(value, "um", n=n, basis="none", origin="measured")
    return Quantity(value, "um", (hi - lo) / 3.92, lo, hi, n, basis="replicates", origin="measured")


def _report_grains(seen: list[TopViewPicture], where, checks: list[Check]) -> list[Entry]:
    found = [(s, s.grains) for s in seen if s.grains is not None]
    if not found:
        checks.append(Check("info", "primary grains cannot be distinguished at this pixel size and noise"))
        return []
    sizes = np.concatenate([1e3 * s.shot.pixel * g.diameters for s, g in found])
    (value, lo, hi) = pt.compute_percentiles(sizes, np.ones(sizes.size), [0.5])[0]
    if value < 1e3 * NARROW_GRAIN * found[0][0].shot.pixel:
        text = f"primary grains are fewer than {NARROW_GRAIN} pixels wide: their size is an upper bound"
        checks.append(Check("warn", text, "record at a higher magnification"))
    pixels = 500 * found[0][0].shot.pixel  # half a pixel on either side of a grain
    std = float(np.hypot((hi - lo) / 3.92, pixels / np.sqrt(3)))
    size = Quantity(value, "nm", std, n=int(sizes.size), basis="replicates", origin="measured")
    contrasts = np.array([g.boundary_contrast for _, g in found])
    error = float(
        np.hypot(np.mean([g.boundary_error for _, g in found]) / np.sqrt(len(found)), _compute_scatter(contrasts))
    )
    contrast = Quantity(
        100 * float(contrasts.mean()), "%", 100 * error, n=int(sizes.size), basis="replicates", origin="measured"
    )
    return [Entry("primary_diameter", size, where), Entry("boundary_contrast", contrast, where)]


def _compute_scatter(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else 0.0


def _report_texture(seen: list[TopViewPicture], options: SemTopOptions, where, checks: list[Check]) -> list[Entry]:
    known = [s for s in seen if s.spectrum is not None]
    if not known:
        checks.append(Check("info", "no tile lies wholly on a particle: the texture is not measured", "reduce tile"))
        return []
    entries = []
    for band, (shortest, longest) in (("fine", options.fine_band), ("coarse", options.coarse_band)):
        values, errors = [], []
        for s in known:
            pixel = 1e3 * s.shot.pixel
            if shortest < 0.999 * NOISY * pixel or longest > len(s.spectrum.frequency) * 2 * pixel:
                continue
            value, error = s.spectrum.contrast(shortest / pixel, longest / pixel)
            values.append(value)
            errors.append(np.nan if error is None else error)
        if not values:
            text = f"the {band} texture ({shortest:g} to {longest:g} nm) lies outside of what pixel and tile resolve"
            checks.append(Check("info", text))
            continue
        mean, n = float(np.mean(values)), len(values)
        error = float(np.hypot(np.nanmean(errors) / np.sqrt(n), _compute_scatter(np.array(values))))
        known_error = np.isfinite(error)
        tiles = sum(len(s.spectrum.power) for s in known)
        quantity = Quantity(
            100 * mean,
            "%",
            100 * error if known_error else None,
            n=tiles,
            basis="replicates" if known_error else "none",
            origin="measured",
        )
        entries.append(Entry("texture_contrast", quantity, {**where, "band": band}))
    return entries


def _tabulate_spectra(seen: list[TopViewPicture]) -> list[Curve]:
    known = [s for s in seen if s.spectrum is not None]
    if not known:
        return []
    first = known[0]
    columns = {
        "wavelength": (1e3 * first.shot.pixel / first.spectrum.frequency, "nm"),
        "power": (first.spectrum.power.mean(axis=0), "1"),
    }
    return [Curve("spectrum", columns)]


def _draw_figures(seen: list[TopViewPicture], diameters, weights, context: Context) -> tuple[Figure, ...]:
    from skimage.measure import find_contours

    shot, who = seen[0].shot, micrographs.make_subject(context)
    stage = str(micrographs.get_state(context).get("stage", ""))
    outlines = [c for i in range(1, seen[0].labels.max() + 1) for c in find_contours((seen[0].labels == i) * 1.0, 0.5)]
    panel = micrographs.draw_micrograph(shot, micrographs.draw_contours(outlines, shot, "particles"))
    caption = f"Top view (first of {len(seen)}), with the outlines of the particles."
    found = [micrographs.make_figure("sem-top", "Top view", (panel,), caption, "Fig. 2a", context)]
    if diameters.size >= LEAST_PARTICLES:
        at = np.linspace(0.95 * diameters.min(), 1.05 * diameters.max(), 160)
        share, lo, hi = (100 * part for part in pt.compute_cumulative(diameters, weights, at))
        band = Series("band", at, share, "", who.sample, stage, lo, hi, legend=False)
        series = Series("line", at, share, stage, who.sample, stage)
        panel = Panel(Axis("Diameter", "um"), Axis("Particles below", "%"), (band, series))
        text = "Cumulative distribution of the particles' diameters, by number, corrected for the field's edge, with "
        text += "its 95 % interval."
        found.append(Figure("sem-sizes", "Sizes of secondary particles", (panel,), text, "Fig. 2b", context.synthetic))
    known = [s for s in seen if s.spectrum is not None]
    if known:
        pixel, spectrum = 1e3 * known[0].shot.pixel, known[0].spectrum
        power = spectrum.power.mean(axis=0)
        good = power > 0
        series = Series("line", pixel / spectrum.frequency[good], power[good], stage, who.sample, stage)
        x = Axis("Wavelength", "nm", scale="log")
        panel = Panel(x, Axis("Power of relative brightness", "1", scale="log"), (series,))
        text = "Spectrum of the surface's brightness in top view, noise taken off."
        found.append(Figure("sem-texture", "Surface texture", (panel,), text, "Fig. 2d", context.synthetic))
    return tuple(found)


def _describe_methods(seen: list[TopViewPicture], n: int) -> str:
    return (
        f"Sizes of {n} secondary particles in top view ({len(seen)} images) are equivalent circle diameters of "
        "particles seen whole, after a watershed, weighted by the inverse of their chance to lie wholly inside the "
        "field. Texture is the rms of relative brightness within bands of wavelength, from tiles on the particles, "
        "with the floor of noise taken off."
    )


TECHNIQUE = Technique(
    "sem_top",
    "Particles and surface texture in top view",
    ("image",),
    analyse,
    SemTopOptions,
    asked=True,
)
