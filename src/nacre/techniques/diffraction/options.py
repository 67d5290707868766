"""What may be chosen about a refinement, and the pattern within what was chosen."""

import re
from dataclasses import dataclass

import numpy as np

from nacre.core.errors import NacreError
from nacre.core.options import option
from nacre.core.signal import Signal


@dataclass(frozen=True)
class RietveldOptions:
    """What may be chosen about a refinement."""

    phases: tuple[str, ...] = option(
        (),
        "phases, the main one first: 'layered' (the sample's active material), names of the table, names of CIF inputs",
    )
    composition: str = option("", "formula of the layered oxide; empty: the sample's `cam`")
    geometry: str = option(
        "auto", "capillary (Debye-Scherrer) or flat (Bragg-Brentano)", choices=("auto", "capillary", "flat")
    )
    radiation: str = option("auto", "auto: as in the file; or an anode like Mo, or Mo1 for K-alpha1 alone")
    wavelength: float | None = option(
        None, "wavelength, where it is one line and not as in the file", unit="Ang", lo=0.05, hi=5
    )
    monochromator: float | None = option(
        None, "2 theta of the monochromator crystal, for polarisation", unit="deg", lo=0, hi=90
    )
    radius: float | None = option(None, "radius of the goniometer", unit="mm", lo=10)
    background: int = option(13, "terms of the Chebyshev background", lo=2, hi=36)
    two_theta_min: float | None = option(None, "begin of the range", unit="deg")
    two_theta_max: float | None = option(None, "end of the range", unit="deg")
    excluded: tuple[str, ...] = option((), "ranges left out, like '12.1-12.9'")
    plan: tuple[str, ...] = option((), "steps in place of the usual plan, each 'name: item, item@phase'")
    also_free: tuple[str, ...] = option((), "items to free at the end, like 'size@NiO' or 'displacement'")
    hold: tuple[str, ...] = option((), "items never to free, like 'cell@HfO2' or 'strain'")
    texture: tuple[str, ...] = option((), "March-Dollase axes, like 'NaxCoO2: 0 0 1'")
    crystallites: tuple[str, ...] = option(
        (), "sizes: the main phase starts from it, a minor one holds it: 'HfO2: 8 nm'"
    )
    mu_r: float | None = option(None, "absorption of the filled capillary, mu R", lo=0, hi=3)
    capillary_diameter: float | None = option(None, "inner diameter of the capillary", unit="mm", lo=0.05, hi=3)
    packing: float | None = option(None, "part of the capillary that is solid", lo=0.05, hi=0.75)
    counts: bool = option(False, "the intensities are counts, though the file does not show it")
    esd: str = option(
        "auto",
        "standard deviations: plain, inflated for serial correlation, or auto (inflated where there is some)",
        choices=("auto", "plain", "inflated"),
    )


def select_pattern(signal: Signal, options: RietveldOptions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(two_theta in deg, intensity, its standard uncertainty) within the range chosen."""
    x, y = signal.array("two_theta", "deg"), signal.array("intensity", "counts")
    std = signal["intensity"].std
    if std is None and not options.counts and not np.all(y == np.round(y)):
        raise NacreError(
            "the uncertainty of the intensities is not known",
            where=signal.where,
            found="intensities that are not whole numbers, without a third column",
            expected="counts, or a column of standard uncertainties",
            do="export .xye, or say counts = true where they are counts",
        )
    sigma = np.sqrt(np.maximum(y, 1.0)) if std is None else std
    low = x[0] if options.two_theta_min is None else options.two_theta_min
    high = x[-1] if options.two_theta_max is None else options.two_theta_max
    kept = (x >= low) & (x <= high)
    if kept.sum() < 50:
        raise NacreError(
            "the pattern is too short for the plan",
            where=signal.where,
            found=f"{int(kept.sum())} points from {low:g} to {high:g} deg",
            do="choose a range inside the scan",
        )
    return x[kept], y[kept], np.asarray(sigma)[kept]


def parse_ranges(options: RietveldOptions) -> tuple[tuple[float, float], ...]:
    """The ranges left out, in deg."""
    found = []
    for text in options.excluded:
        match = re.fullmatch(r"\s*([\d.]+)\s*-\s*([\d.]+)\s*(?:deg)?\s*", text)
        if not match or float(match[2]) <= float(match[1]):
            raise NacreError("cannot read an excluded range", found=f"'{text}'", expected="like '12.1-12.9'")
        found.append((float(match[1]), float(match[2])))
    return tuple(found)
