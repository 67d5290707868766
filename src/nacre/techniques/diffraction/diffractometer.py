"""The diffractometer that a refinement starts from: radiation, geometry, resolution, absorption."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nacre.core.errors import NacreError
from nacre.core.result import Result
from nacre.core.signal import Signal
from nacre.materials.crystals import Crystal
from nacre.techniques.diffraction.options import RietveldOptions, select_pattern
from nacre.techniques.diffraction.rietx_problem import DiffractometerModel

# K-alpha1, K-alpha2 in angstrom: G. Hoelzer et al., Phys. Rev. A 56 (1997) 4554; Mo, Ag: R. D. Deslattes et al. (2003)
ANODES = {
    "Cu": (1.5405929, 1.5444274),
    "Co": (1.788996, 1.792835),
    "Fe": (1.936041, 1.939973),
    "Cr": (2.289726, 2.293652),
    "Mo": (0.7093172, 0.7136074),
    "Ag": (0.5594218, 0.5638131),
}

Radiation = tuple[tuple[float, ...], tuple[float, ...]]


def describe_diffractometer(
    signal: Signal, options: RietveldOptions, inputs: Mapping[str, Any], crystal: Crystal
) -> DiffractometerModel:
    """The diffractometer: from a line standard or a parameter file where there is one, else from the pattern's file."""
    standard = _find_standard(inputs.get("standard"))
    lengths, weights = find_radiation(signal, options, standard)
    base = DiffractometerModel(
        lengths, weights, geometry=_get_geometry(signal, options), radius=_get_radius(signal, options)
    )
    if options.monochromator is not None:
        base = replace(base, polarisation=1 / (1 + np.cos(np.radians(options.monochromator)) ** 2))
    if isinstance(standard, Result):
        row = {name: float(values[0]) for name, (values, _) in standard.curve("instrument").columns.items()}
        if abs(row["wavelength"] / lengths[0] - 1) > 2e-4:
            raise NacreError(
                "the line standard was measured at another wavelength",
                where=signal.where,
                found=f"{row['wavelength']:.5f} Ang for the standard, {lengths[0]:.5f} Ang here",
                do="measure both in one setting, or give the wavelength of each",
            )
        names = ("u", "v", "w", "x", "y", "zero", "axial", "scale_error")
        source = f"line standard {standard.analysis}"
        base = replace(base, **{name: row[name] for name in names}, known=True, source=source)
    elif isinstance(standard, Signal):
        names = {name: float(standard[name].values[0]) for name in ("u", "v", "w", "x", "y", "zero")}
        polarisation = standard.metadata.get("polarisation", base.polarisation)
        base = replace(base, **names, polarisation=polarisation, known=True, source=standard.where)
    else:
        base = replace(base, w=_estimate_width(signal, options, base, crystal) ** 2)
    return replace(base, mu_r=_compute_mu_r(options, base, crystal))


def _find_standard(given: Any) -> Any:
    """The result or the instrument parameters among what was given as the standard (an .EXP holds structures, too)."""
    for item in given if isinstance(given, list) else [given]:
        if isinstance(item, Result) or (isinstance(item, Signal) and item.kind == "diffractometer"):
            return item
    return None


def find_radiation(signal: Signal, options: RietveldOptions, standard: Any = None) -> Radiation:
    """Wavelengths and weights. Raises NacreError where none is known, or file and option differ."""
    known = signal
    if not signal.metadata.get("wavelengths") and isinstance(standard, Signal):
        known = standard
    listed = tuple(known.metadata.get("wavelengths", ()))
    found: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    if options.wavelength is not None:
        found = (options.wavelength,), (1.0,)
    elif options.radiation != "auto":
        match = re.fullmatch(r"([A-Z][a-z])(1?)", options.radiation.strip())
        if not match or match[1] not in ANODES:
            raise NacreError(
                "unknown radiation", found=f"'{options.radiation}'", expected=f"{', '.join(ANODES)}, or Mo1"
            )
        found = (ANODES[match[1]][:1], (1.0,)) if match[2] else (ANODES[match[1]], (1.0, 0.5))
    if found and listed and abs(found[0][0] / listed[0] - 1) > 1e-3:
        raise NacreError(
            "the wavelength chosen is not that of the file",
            where=signal.where,
            found=f"{found[0][0]:.5f} Ang",
            expected=f"{listed[0]:.5f} Ang",
            do="take out the option, or correct the file",
        )
    if found is None and not listed:
        raise NacreError(
            "the wavelength is not known", where=signal.where, do='give radiation = "Mo1" or wavelength = "0.7093 Ang"'
        )
    return found or (listed, tuple(known.metadata.get("weights", (1.0,) * len(listed))))


def _get_geometry(signal: Signal, options: RietveldOptions) -> str:
    if options.geometry != "auto":
        return options.geometry
    if signal.metadata.get("geometry") == "reflection":
        return "flat"
    raise NacreError("the geometry is not known", where=signal.where, do='give geometry = "capillary" or "flat"')


def _get_radius(signal: Signal, options: RietveldOptions) -> float | None:
    found = options.radius if options.radius is not None else signal.metadata.get("goniometer_radius")
    if found is None and _get_geometry(signal, options) == "flat":
        raise NacreError(
            "the radius of the goniometer is not known, and a flat specimen's displacement needs it",
            where=signal.where,
            do='give radius = "217.5 mm"',
        )
    return found


def _estimate_width(signal: Signal, options: RietveldOptions, machine: DiffractometerModel, crystal: Crystal) -> float:
    """FWHM in deg of the strongest line, seen above its surroundings: where to start from."""
    x, y, _ = select_pattern(signal, options)
    top = int(np.argmax(y))
    half = (y[top] + np.percentile(y, 20)) / 2
    below = np.flatnonzero(y < half)
    left, right = below[below < top].max(initial=0), below[below > top].min(initial=y.size - 1)
    step = float(np.median(np.diff(x)))
    return float(np.clip(0.7 * (x[right] - x[left]), 2 * step, 0.5))


def _compute_mu_r(options: RietveldOptions, machine: DiffractometerModel, crystal: Crystal) -> float:
    if options.mu_r is not None:
        return options.mu_r
    if machine.geometry != "capillary" or options.capillary_diameter is None or options.packing is None:
        return 0.0
    found = crystal.absorption(machine.wavelengths[0]) * options.packing * options.capillary_diameter / 20
    if found > 3:
        raise NacreError(
            "the capillary absorbs too much",
            found=f"mu R = {found:.2f}",
            expected="up to 3",
            do="use a thinner capillary, or dilute the powder",
        )
    return found
