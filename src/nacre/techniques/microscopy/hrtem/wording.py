"""What is reported of lattice fringes: the scale, the phase of a region, or why it cannot be determined."""

from collections.abc import Sequence

import numpy as np

from nacre.core.result import Check
from nacre.materials.crystals import Crystal
from nacre.techniques.microscopy.hrtem.lattices import add_article

LEAST = 4  # spots for a claim: two fit most phases by chance, three often two of them


def check_image(scale, regions, candidates: Sequence[Crystal], options) -> list[Check]:
    """Everything reported of an image: its scale, each region, and cells that are estimated."""
    found = [_check_scale(scale, options)]
    for region in regions:
        found += _check_region(region)
    claimed = {n for region in regions for g in region.grains if g.sure for n, _ in g.ranked[:1]}
    for crystal in candidates:
        if crystal.name in claimed and crystal.status == "estimated":
            found.append(Check("info", f"the cell of {crystal.name} is estimated: {crystal.source}"))
    return found


def _check_scale(scale, options) -> Check:
    if scale.zone is None:
        text = f"{scale.words}: the scale of the image is taken as stated, within {options.scale_tolerance:g} %"
        return Check("warn", text, "give a region of the core in a zone where its fringes cross")
    s, p, q = scale.distortion.values
    axis = " ".join(map(str, scale.zone.axis))
    error = 100 * scale.distortion.scale_error()
    number = int(scale.zone.matched.sum())
    text = (
        f"the core's fringes ({number} spots, zone [{axis}] of {add_article(scale.lattice)}) say that "
        f"lengths are {1 / (1 + s):.4f} times the stated ones, distorted by {100 * np.hypot(p, q):.2f} %, "
        f"known to {error:.2f} %"
    )
    return Check("info", text)


def _check_region(region) -> list[Check]:
    number, name = len(region.true), region.label
    if not number:
        text = f"{name}: no lattice fringes: amorphous, or no crystal is near a zone"
        return [Check("warn", text, "no phase can be determined here; choose another region or tilt the sample")]
    if not region.grains:
        text = f"{name}: {number} spots, which none of the phases explains: the phase cannot be determined"
        return [Check("warn", text, "four spots of one grain are needed; choose another region, or try other phases")]
    found = [_check_grain(name, grain) for grain in region.grains]
    explained = {int(k) for grain in region.grains if grain.sure for k in grain.spots}
    if any(g.sure for g in region.grains) and number > len(explained):
        found.append(Check("info", f"{name}: {number - len(explained)} of {number} spots belong to no phase claimed"))
    return found


def _check_grain(name: str, grain) -> Check:
    zone, phase = grain.ranked[0][1], grain.name
    planes = ", ".join("(" + " ".join(map(str, row)) + ")" for row in zone.hkl[zone.matched])
    chance = f"random spots fit as well in {100 * grain.rate:.1f} % of trials"
    number = int(zone.matched.sum())
    if grain.sure:
        axis = "] or [".join(" ".join(map(str, axis)) for axis in (zone.axis, *grain.axes))
        return Check("pass", f"{name}: {phase} in zone [{axis}], {number} spots: {planes}; {chance}")
    if number < LEAST:
        text = f"{name}: {number} spots agree with {phase} ({planes}), but four are needed for a claim; {chance}"
        return Check("warn", text, "the phase cannot be determined: choose a region with more spots of one grain")
    if grain.rivals:
        others = " and ".join(grain.rivals)
        text = f"{name}: {phase} and {others} explain {number} spots alike: the phase cannot be determined; {chance}"
        return Check("warn", text, "record another zone, or use diffraction, Raman or XPS")
    text = f"{name}: {number} spots agree with {phase}, but {chance}: the phase cannot be determined"
    return Check("warn", text, "calibrate on the core's fringes, or choose a region with more spots")
