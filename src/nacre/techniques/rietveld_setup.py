"""What a refinement starts from: options, the diffractometer, the phases, and the plan in words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.options import option
from nacre.core.quantity import parse
from nacre.core.result import Result
from nacre.core.signal import Signal
from nacre.materials import crystals as library
from nacre.materials.crystals import Crystal
from nacre.physics.crystal import two_theta as bragg
from nacre.techniques._rietx import Machine, Problem, Step

# K-alpha1, K-alpha2 in angstrom: G. Hoelzer et al., Phys. Rev. A 56 (1997) 4554; Mo, Ag: R. D. Deslattes et al. (2003)
ANODES = {
    "Cu": (1.5405929, 1.5444274),
    "Co": (1.788996, 1.792835),
    "Fe": (1.936041, 1.939973),
    "Cr": (2.289726, 2.293652),
    "Mo": (0.7093172, 0.7136074),
    "Ag": (0.5594218, 0.5638131),
}


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


Radiation = tuple[tuple[float, ...], tuple[float, ...]]


def problem_of(signal: Signal, context: Context, options: RietveldOptions, inputs: Mapping[str, Any]) -> Problem:
    """Pattern, phases, machine and plan of one refinement. Raises NacreError where something must be said first."""
    x, y, sigma = pattern_of(signal, options)
    crystals = crystals_of(context, options, inputs, signal)
    machine = machine_of(signal, options, inputs, crystals[0])
    starts = _sizes(options, crystals, machine)
    texture = _texture(options, crystals)
    steps = plan_of(crystals, machine, options, texture)
    return Problem(x, y, sigma, crystals, machine, steps, options.background, ranges(options), starts, texture)


# --- the pattern --------------------------------------------------------------------------------------------


def pattern_of(signal: Signal, options: RietveldOptions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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


def ranges(options: RietveldOptions) -> tuple[tuple[float, float], ...]:
    """The ranges left out, in deg."""
    found = []
    for text in options.excluded:
        match = re.fullmatch(r"\s*([\d.]+)\s*-\s*([\d.]+)\s*(?:deg)?\s*", text)
        if not match or float(match[2]) <= float(match[1]):
            raise NacreError("cannot read an excluded range", found=f"'{text}'", expected="like '12.1-12.9'")
        found.append((float(match[1]), float(match[2])))
    return tuple(found)


# --- the machine --------------------------------------------------------------------------------------------


def machine_of(signal: Signal, options: RietveldOptions, inputs: Mapping[str, Any], crystal: Crystal) -> Machine:
    """The diffractometer: from a line standard or a parameter file where there is one, else from the pattern's file."""
    standard = _standard(inputs.get("standard"))
    lengths, weights = radiation_of(signal, options, standard)
    base = Machine(lengths, weights, geometry=_geometry(signal, options), radius=_radius(signal, options))
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
        base = replace(base, w=_width(signal, options, base, crystal) ** 2)
    return replace(base, mu_r=_mu_r(options, base, crystal))


def _standard(given: Any) -> Any:
    """The result or the instrument parameters among what was given as the standard (an .EXP holds structures, too)."""
    for item in given if isinstance(given, list) else [given]:
        if isinstance(item, Result) or (isinstance(item, Signal) and item.kind == "diffractometer"):
            return item
    return None


def radiation_of(signal: Signal, options: RietveldOptions, standard: Any = None) -> Radiation:
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


def _geometry(signal: Signal, options: RietveldOptions) -> str:
    if options.geometry != "auto":
        return options.geometry
    if signal.metadata.get("geometry") == "reflection":
        return "flat"
    raise NacreError("the geometry is not known", where=signal.where, do='give geometry = "capillary" or "flat"')


def _radius(signal: Signal, options: RietveldOptions) -> float | None:
    found = options.radius if options.radius is not None else signal.metadata.get("goniometer_radius")
    if found is None and _geometry(signal, options) == "flat":
        raise NacreError(
            "the radius of the goniometer is not known, and a flat specimen's displacement needs it",
            where=signal.where,
            do='give radius = "217.5 mm"',
        )
    return found


def _width(signal: Signal, options: RietveldOptions, machine: Machine, crystal: Crystal) -> float:
    """FWHM in deg of the strongest line, seen above its surroundings: where to start from."""
    x, y, _ = pattern_of(signal, options)
    top = int(np.argmax(y))
    half = (y[top] + np.percentile(y, 20)) / 2
    below = np.flatnonzero(y < half)
    left, right = below[below < top].max(initial=0), below[below > top].min(initial=y.size - 1)
    step = float(np.median(np.diff(x)))
    return float(np.clip(0.7 * (x[right] - x[left]), 2 * step, 0.5))


def _mu_r(options: RietveldOptions, machine: Machine, crystal: Crystal) -> float:
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


# --- phases -------------------------------------------------------------------------------------------------


def crystals_of(
    context: Context, options: RietveldOptions, inputs: Mapping[str, Any], signal: Signal
) -> tuple[Crystal, ...]:
    """The phases by name: CIF inputs first, then the layered oxide, then the table. The main one comes first."""
    given = {}
    for role, item in inputs.items():
        for one in item if isinstance(item, list) else [item]:
            if isinstance(one, Signal) and one.kind == "crystal":
                crystal = library.with_shared_sites(library.from_signal(one))
                given[role if not isinstance(item, list) else crystal.name] = replace(
                    crystal, name=crystal.name or role
                )
                given[crystal.name] = given[role if not isinstance(item, list) else crystal.name]
    names = options.phases or (("layered",) if "phase" not in given else ("phase",))
    return tuple(_crystal(name, given, context, options, inputs, signal) for name in names)


def _crystal(name: str, given: Mapping[str, Crystal], context: Context, options, inputs, signal) -> Crystal:
    if name in given:
        return given[name]
    if name != "layered":
        return library.with_shared_sites(library.structure(name))
    formula = _measured_composition(inputs.get("composition")) or options.composition or context.text("cam")
    if not formula:
        raise NacreError(
            "the active material's formula is not given, and the layered model needs it",
            where=context.where,
            do='add cam = "LiNi0.85Co0.10Mn0.05O2" to the sample, or composition = "..." to the analysis',
        )
    label = context.sample.title if context.sample else "layered oxide"
    start = library.layered(formula, name=label)
    return replace(start, cell=_near(start, signal, options))


def _near(crystal: Crystal, signal: Signal, options: RietveldOptions) -> tuple[float, ...]:
    """A starting cell whose 003 and 104 lie on the strongest maxima near where they are expected, within 2 %."""
    x, y, _ = pattern_of(signal, options)
    wavelength = radiation_of(signal, options)[0][0]
    cell = np.array(crystal.cell)
    for hkl, edges in (((0, 0, 3), (2,)), ((1, 0, 1), (0, 1))):
        d = float(library.lattice.d_spacing(hkl, cell))
        low, high = (float(bragg(d * factor, wavelength)) for factor in (1.012, 0.988))
        inside = np.flatnonzero((x > low) & (x < high))
        if inside.size < 5:
            continue
        seen = wavelength / 2 / np.sin(np.radians(x[inside[np.argmax(y[inside])]] / 2))
        for edge in edges:
            cell[edge] *= seen / d
    return tuple(cell.tolist())


def _measured_composition(result: Any) -> str:
    """A formula from the metal fractions of an elemental analysis: entries whose state names an element."""
    if not isinstance(result, Result):
        return ""
    metals, names = ("Ni", "Co", "Mn", "Al"), ("metal_fraction", "molar_fraction")
    rows = [entry for entry in result.entries if entry.name in names and entry.state.get("element") in metals]
    found = {entry.state["element"]: entry.quantity.value for entry in rows}
    total = sum(found.values())
    if not total or "Ni" not in found:
        return ""
    return "Li" + "".join(f"{element}{n / total:.4f}" for element, n in found.items()) + "O2"


def _pairs(texts: Sequence[str], crystals: Sequence[Crystal], example: str) -> dict[str, str]:
    found = {}
    for text in texts:
        name, colon, rest = text.partition(":")
        if not colon or name.strip() not in {crystal.name for crystal in crystals} | {"layered"}:
            known = ", ".join(crystal.name for crystal in crystals)
            raise NacreError(
                "cannot read what is said of a phase", found=f"'{text}'", expected=f"'{example}'; phases: {known}"
            )
        found[crystals[0].name if name.strip() == "layered" else name.strip()] = rest.strip()
    return found


def _texture(options: RietveldOptions, crystals: Sequence[Crystal]) -> dict[str, tuple[int, int, int]]:
    rows = _pairs(options.texture, crystals, "NaxCoO2: 0 0 1")
    return {name: tuple(int(word) for word in text.split()) for name, text in rows.items()}


def _sizes(options: RietveldOptions, crystals: Sequence[Crystal], machine: Machine) -> dict[str, float]:
    """Starting broadening: crystallite sizes as given (else 1 um), scales of all phases."""
    rows = _pairs(options.crystallites, crystals, "HfO2: 8 nm")
    starts = {}
    for i, crystal in enumerate(crystals):
        size = parse(rows[crystal.name], "nm").value if crystal.name in rows else 0.0
        if size:
            starts[f"phases.{i}.lor_size"] = float(np.degrees(0.1 * machine.wavelengths[0] / size))
        if i:
            starts[f"phases.{i}.scale"] = 1e-6
    return starts


# --- the plan -----------------------------------------------------------------------------------------------


def plan_of(crystals: Sequence[Crystal], machine: Machine, options: RietveldOptions, texture=()) -> tuple[Step, ...]:
    """The usual order (L. B. McCusker et al., J. Appl. Cryst. 32 (1999) 36), or the one the options give."""
    if options.plan:
        return tuple(_written(text) for text in options.plan)
    main, minor = crystals[0], crystals[1:]
    steps = [
        Step("scale", ("scale", "background"), "scale factors and background"),
        Step("position", *_position(machine)),
        Step("cell", (f"cell@{main.name}",), f"cell of {main.name}"),
    ]
    if not machine.known:
        steps.append(Step("width", ("width",), "width common to all lines (no line standard)"))
    steps += [
        Step("size", (f"size@{main.name}",), "size broadening"),
        Step("strain", (f"strain@{main.name}",), "strain broadening"),
    ]
    if texture:
        steps.append(Step("texture", tuple(f"texture@{name}" for name in texture), "preferred orientation"))
    if minor:
        steps.append(Step("minor cells", tuple(f"cell@{c.name}" for c in minor), "cells of the minor phases"))
        given = _pairs(options.crystallites, crystals, "HfO2: 8 nm")
        sizes = tuple(f"size@{c.name}" for c in minor if c.name not in given)
        steps.append(Step("minor sizes", sizes, "size broadening of the minor phases"))
    if main.free:
        steps.append(Step("coordinates", (f"coordinates@{main.name}",), f"coordinates {', '.join(main.free)}"))
    steps.append(Step("displacements", (f"b@{main.name}",), "isotropic displacements, one per site"))
    if main.antisite:
        steps.append(Step("antisite", (f"antisite@{main.name}",), "Ni/Li antisites, occupancies tied"))
    if machine.geometry == "flat" and not machine.known:
        steps.append(Step("axial", ("axial",), "axial divergence"))
    if options.also_free:
        steps.append(Step("also", options.also_free, ", ".join(options.also_free)))
    held = {_full(item, crystals) for item in options.hold}
    kept = (replace(s, free=tuple(i for i in s.free if not held & {i, i.partition("@")[0]})) for s in steps)
    return tuple(step for step in kept if step.free)


def _position(machine: Machine) -> tuple[tuple[str, ...], str]:
    """What moves all lines: a flat specimen stands too high or low, a capillary's scan begins beside its zero."""
    if machine.geometry == "flat" and machine.radius:
        return ("displacement",), "displacement of the specimen"
    return ("zero",), "zero of two theta"


def _full(item: str, crystals: Sequence[Crystal]) -> str:
    return item.replace("@layered", f"@{crystals[0].name}")


def _written(text: str) -> Step:
    name, colon, items = text.partition(":")
    free = tuple(item.strip() for item in items.split(",") if item.strip())
    if not colon or not free:
        raise NacreError("cannot read a step of the plan", found=f"'{text}'", expected="like 'cell: cell, zero'")
    return Step(name.strip(), free, ", ".join(free))


def in_words(steps: Sequence[Step]) -> str:
    """The plan as a sentence's end: each step frees what it names, beside all that is free already."""
    return "; then ".join(step.words or ", ".join(step.free) for step in steps)
