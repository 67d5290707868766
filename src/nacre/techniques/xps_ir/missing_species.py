"""A species that the table does not hold: one more line, tried everywhere, named where the counts want it."""

from dataclasses import replace

import numpy as np

from nacre.core.result import Check
from nacre.physics.xps_ir.fit import (
    PhotoelectronFit,
    PhotoelectronLine,
    SpectrumModel,
    SpectrumParameter,
    fit_spectrum,
)
from nacre.techniques.xps_ir.region_fit import RegionFit
from nacre.techniques.xps_ir.xps_models import name_area

# gain of AICc above which a line is no accident, although it was looked for at a dozen places
GAIN = 14.0
STEP = 0.5  # of the usual width: distance between the places tried
AREA, PLACE, WIDTH = "area unassigned", "position unassigned", "width unassigned"


def find_missing_species(fit: RegionFit) -> list[Check]:
    """A warning for every spectrum in which a line stands that no species of the region explains."""
    checks = []
    for s, one in enumerate(fit.sets):
        found = search_line(fit, s)
        if found is None:
            continue
        place, share = found.value(PLACE), 100 * _compute_share(fit, found, s)
        text = (
            f"{one.label}: {fit.region.name} holds a line at {place:.1f} eV that no species of the table explains "
            f"({share:.0f} % of the area)"
        )
        checks.append(Check("warn", text, "the shares leave this species out: find out what it is"))
    return checks


def search_line(fit: RegionFit, s: int = 0) -> PhotoelectronFit | None:
    """The most likely model with one more line in spectrum `s`, where the counts want such a line; else None."""
    best, fwhm = fit.ensemble.best, fit.region.fwhm
    x = fit.spectra[s].x
    places = np.arange(x[0] + fwhm, x[-1] - fwhm, STEP * fwhm)
    base = best.aicc()
    tried = [_fit_with_line(fit, float(place), s) for place in places]
    wanted = [f for f in tried if _is_line(f)]
    if not wanted:
        return None
    found = min(wanted, key=PhotoelectronFit.aicc)
    # data that are not counts scatter by the dispersion, so the gain is measured against it
    scatter = 1.0 if all(spectrum.counted for spectrum in fit.spectra) else max(found.reduced, 1.0)
    return found if (base - found.aicc()) / scatter > GAIN else None


def _fit_with_line(fit: RegionFit, place: float, s: int) -> PhotoelectronFit:
    best, fwhm, level = fit.ensemble.best, fit.region.fwhm, fit.region.level
    model = best.model
    parameters = (
        SpectrumParameter(AREA, 0.0, linear=True),
        SpectrumParameter(PLACE, place, place - STEP * fwhm, place + STEP * fwhm),
        SpectrumParameter(WIDTH, fwhm, 0.5 * fwhm, 2.0 * fwhm, (fwhm, 0.2 * fwhm)),
    )
    line = PhotoelectronLine(AREA, PLACE, WIDTH, "mix", spectrum=s)
    lines: tuple[PhotoelectronLine, ...] = (line,)
    if level.splitting:
        weak = level.ratio
        second = replace(line, area_factor=weak / (1 + weak), offset=level.splitting)
        lines = (replace(line, area_factor=1 / (1 + weak)), second)
    more = SpectrumModel(
        f"{model.name} and one more", model.parameters + parameters, model.lines + lines, model.backgrounds
    )
    return fit_spectrum(more, best.data)


def _is_line(fitted: PhotoelectronFit) -> bool:
    """Whether the line added is one: an area above zero by far, a place inside its reach."""
    inside = bool(fitted.free[fitted.model.index[PLACE]])
    return fitted.converged and inside and fitted.value(AREA) > 3 * fitted.std(AREA) > 0


def _compute_share(fit: RegionFit, fitted: PhotoelectronFit, s: int) -> float:
    known = sum(fitted.value(name_area(species.name, s)) for species in fit.region.species)
    return fitted.value(AREA) / (known + fitted.value(AREA))
