"""From a region of the species table to the models that are fitted: backgrounds, width ties, overlaps in and out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nacre.core.errors import NacreError, NotAssessable
from nacre.materials.spectra.xps_species import CoreLevelRegion, Species
from nacre.physics.xps_ir import ensemble as xps_ensemble
from nacre.physics.xps_ir import fit as xps_fit
from nacre.physics.xps_ir.fit import (
    PhotoelectronLine,
    SpectrumBackground,
    SpectrumData,
    SpectrumModel,
    SpectrumParameter,
)
from nacre.physics.xps_ir.line_shapes import MOST_TAIL

# name -> (step of Shirley, slope, loss of Tougaard, widths free, overlaps in)
VARIANTS = {
    "step": (True, False, False, False, False),
    "loss": (False, False, True, False, False),
    "step+slope": (True, True, False, False, False),
    "step+slope+widths": (True, True, False, True, False),
    "step+slope+overlap": (True, True, False, False, True),
    "step+slope+overlap+widths": (True, True, False, True, True),
}
MIX, MIX_SD = 0.3, 0.2
HOPELESS = 5.0  # reduced chi2 above which widened errors cannot save the model
TAIL_SD = 0.3  # in units of the width; none is the most likely
WIDTH_SD, SHIFT_SD, REACH = 0.5, 0.1, 1.0  # eV


@dataclass(frozen=True)
class XpsSpectrum:
    """One spectrum of a region on the calibrated binding-energy scale, counts or what stands for them.

    `scale` is what the intensities were divided by so that their scatter is that of counts; `counted` whether they
    are counts in truth.
    """

    x: np.ndarray
    y: np.ndarray
    scale: float = 1.0
    counted: bool = True


def list_candidates(
    region: CoreLevelRegion,
    spectra: int = 1,
    *,
    names: Sequence[str] = (),
    shapes: Sequence[str] = (),
    splitting: float | None = None,
    ratio: float | None = None,
) -> list[SpectrumModel]:
    """The models of a region, for one spectrum or several with shared positions, widths and shape.

    names : of VARIANTS, all that apply by default. shapes : of the lines, in turn, instead of the region's; a species
    with a shape of its own keeps it. splitting, ratio : instead of the level's, for a test of them; a
    splitting that the level cannot have is refused.
    """
    wanted = names or tuple(VARIANTS)
    chosen = [name for name in wanted if region.overlaps or not VARIANTS[name][4]]
    if region.level.splitting and splitting is not None:
        region.level.checked(splitting)
    gap = region.level.splitting if splitting is None else splitting
    weak = region.level.ratio if ratio is None else ratio
    return [
        _build_model(region, spectra, name, shape, gap, weak) for shape in shapes or (region.shape,) for name in chosen
    ]


def rebuild_model(model: SpectrumModel, region: CoreLevelRegion, spectra: int, **change: float) -> SpectrumModel:
    """A model of the ensemble with another `splitting` or `ratio`."""
    variant, _, shape = model.name.partition(", ")
    (found,) = list_candidates(region, spectra, names=(variant,), shapes=(shape or "sum",), **change)
    return found


def _build_model(
    region: CoreLevelRegion, spectra: int, variant: str, shape: str, gap: float, weak: float
) -> SpectrumModel:
    step, slope, loss, free, overlap = VARIANTS[variant]
    name = variant if shape == "sum" else f"{variant}, {shape}"
    parameters = [SpectrumParameter("mix", MIX, 0.0, 1.0, (MIX, MIX_SD))]
    if "tail" in {species.shape or shape for species in region.species}:
        parameters.append(SpectrumParameter("tail", 0.15, 0.0, MOST_TAIL, (0.0, TAIL_SD)))
    if not free:
        parameters.append(_make_width("width", region.fwhm))
    lines = []
    for species in region.species:
        parameters.append(_make_position(species))
        if free:
            parameters.append(_make_width(f"width {species.name}", region.fwhm * species.width_factor))
    for s in range(spectra):
        shift = f"shift {s}" if s else ""
        parameters += [SpectrumParameter(shift, 0.0, -0.6, 0.6, (0.0, SHIFT_SD))] if s else []
        for species in region.species:
            parameters.append(SpectrumParameter(name_area(species.name, s), 1.0, linear=True))
            lines += _make_lines(species, s, shift, free, gap, weak, species.shape or shape)
        parameters.append(SpectrumParameter(f"constant {s}", 1.0, linear=True))
        parameters += [SpectrumParameter(f"slope {s}", 0.0, linear=True)] if slope else []
        parameters += [SpectrumParameter(f"step {s}", 0.03, 0.0, 0.6)] if step else []
        parameters += [SpectrumParameter(f"loss {s}", 1000.0, 0.0, 20000.0)] if loss else []
    for other in region.overlaps if overlap else ():
        place = SpectrumParameter(
            f"position {other.name}", other.position, *_get_reach(other.position), (other.position, other.sd)
        )
        width = SpectrumParameter(f"width {other.name}", other.fwhm, 1.0, 8.0, (other.fwhm, other.fwhm_sd))
        parameters += [place, width]
        for s in range(spectra):
            parameters.append(SpectrumParameter(name_area(other.name, s), 1.0, linear=True))
            names = (name_area(other.name, s), place.name, width.name, "mix")
            lines.append(PhotoelectronLine(*names, spectrum=s, shift=f"shift {s}" if s else ""))
    grounds = tuple(SpectrumBackground(f"constant {s}", f"slope {s}", f"step {s}", f"loss {s}") for s in range(spectra))
    return SpectrumModel(name, tuple(parameters), tuple(lines), grounds)


def name_area(name: str, spectrum: int = 0) -> str:
    """Name of the parameter of a species' area in a spectrum."""
    return f"area {name} {spectrum}"


def name_width(model: SpectrumModel, species: Species) -> str:
    """Name of the parameter of a species' width."""
    return f"width {species.name}" if f"width {species.name}" in model.index else "width"


def _get_reach(position: float) -> tuple[float, float]:
    return position - 1.5 * REACH, position + 1.5 * REACH


def _make_width(name: str, fwhm: float) -> SpectrumParameter:
    return SpectrumParameter(name, fwhm, 0.3, 3.0 * fwhm, (fwhm, WIDTH_SD * fwhm / 1.6))


def _make_position(species: Species) -> SpectrumParameter:
    low, high = species.position - REACH, species.position + REACH
    return SpectrumParameter(f"position {species.name}", species.position, low, high, (species.position, species.sd))


def _make_lines(
    species: Species, s: int, shift: str, free: bool, gap: float, weak: float, shape: str
) -> list[PhotoelectronLine]:
    width = f"width {species.name}" if free else "width"
    names = (name_area(species.name, s), f"position {species.name}", width, "mix")
    factor = 1.0 if free else species.width_factor
    rest = {"width_factor": factor, "spectrum": s, "shift": shift, "shape": shape}
    rest |= {"tail": "tail"} if shape == "tail" else {}
    if not gap:
        return [PhotoelectronLine(*names, 1.0, 0.0, **rest)]
    return [
        PhotoelectronLine(*names, 1 / (1 + weak), 0.0, **rest),
        PhotoelectronLine(*names, weak / (1 + weak), gap, **rest),
    ]


def prepare_spectrum(
    energy: np.ndarray, intensity: np.ndarray, unit: str, region: CoreLevelRegion, where: str
) -> XpsSpectrum:
    """A scan (calibrated energies) cut to the region's window. Raises where it does not hold the region's lines."""
    low, high = float(energy.min()), float(energy.max())
    inside = (energy >= region.window[0]) & (energy <= region.window[1])
    expected = [(species.name, *line) for species in region.species for line in region.lines(species)]
    held = [at for *_, at in expected if low < at < high]
    if not held:
        raise NacreError(
            f"the spectrum called '{region.name}' does not hold that region",
            where=where,
            found=f"{low:.1f} to {high:.1f} eV",
            expected=f"lines of {region.name} at " + ", ".join(f"{at:.1f}" for *_, at in expected) + " eV",
            do="correct the name in the file, or leave the region out (option regions)",
        )
    for species, line, at in expected:
        if not low + 0.75 * region.fwhm <= at <= high - 0.75 * region.fwhm:
            raise NotAssessable(
                f"the window cuts the {line} line of {species}",
                where=where,
                found=f"a window from {low:.1f} to {high:.1f} eV, the line at {at:.1f} eV",
                do="measure a wider window, or leave the species out (option leave_out)",
            )
    x, y = energy[inside], np.asarray(intensity, float)[inside]
    if not np.all(np.isfinite(y)) or y.min() < 0:
        raise NacreError(
            "intensities must not be negative",
            where=f"{where}: {region.name}",
            found=f"{np.nanmin(y):g} at {x[np.nanargmin(y)]:.2f} eV",
            do="give the data as counted: a background must not be subtracted beforehand",
        )
    order = np.argsort(x)
    x, y = x[order], y[order]
    if unit == "counts":
        return XpsSpectrum(x, y)
    scale = xps_fit.estimate_noise_scale(y)
    return XpsSpectrum(x, y / scale, scale, counted=False)


def fit_all(models: Sequence[SpectrumModel], spectra: Sequence[XpsSpectrum]) -> xps_ensemble.ModelEnsemble:
    """All models fitted to the spectra together."""
    data = SpectrumData.of([(s.x, s.y) for s in spectra])
    fits = [xps_fit.fit_spectrum(model, data) for model in models]
    return xps_ensemble.weigh_fits(fits, counted=all(s.counted for s in spectra))
