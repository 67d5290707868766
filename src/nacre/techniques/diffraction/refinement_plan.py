"""The plan of a refinement: what is set free in which order, and the same in words."""

from collections.abc import Sequence
from dataclasses import replace

from nacre.core.errors import NacreError
from nacre.materials.crystals import Crystal
from nacre.techniques.diffraction.options import RietveldOptions
from nacre.techniques.diffraction.phases import parse_phase_texts
from nacre.techniques.diffraction.rietx_problem import DiffractometerModel, RefinementStep


def make_plan(
    crystals: Sequence[Crystal], machine: DiffractometerModel, options: RietveldOptions, texture=()
) -> tuple[RefinementStep, ...]:
    """The usual order (L. B. McCusker et al., J. Appl. Cryst. 32 (1999) 36), or the one the options give."""
    if options.plan:
        return tuple(_parse_step(text) for text in options.plan)
    steps = [
        *_plan_pattern(crystals[0], machine),
        *_plan_phases(options, crystals, texture),
        *_plan_structure(crystals[0]),
    ]
    if machine.geometry == "flat" and not machine.known:
        steps.append(RefinementStep("axial", ("axial",), "axial divergence"))
    if options.also_free:
        steps.append(RefinementStep("also", options.also_free, ", ".join(options.also_free)))
    return _leave_out_held(steps, options, crystals)


def _plan_pattern(main: Crystal, machine: DiffractometerModel) -> list[RefinementStep]:
    """Heights first, then places, then widths of the lines: each is hopeless before the one before it."""
    name = main.name
    steps = [
        RefinementStep("scale", ("scale", "background"), "scale factors and background"),
        RefinementStep("position", *_choose_position(machine)),
        RefinementStep("cell", (f"cell@{name}",), f"cell of {name}"),
    ]
    if not machine.known:
        steps.append(RefinementStep("width", ("width",), "width common to all lines (no line standard)"))
    steps.append(RefinementStep("size", (f"size@{name}",), "size broadening"))
    steps.append(RefinementStep("strain", (f"strain@{name}",), "strain broadening"))
    return steps


def _plan_phases(options: RietveldOptions, crystals: Sequence[Crystal], texture: Sequence[str]) -> list[RefinementStep]:
    """Preferred orientation, and cells and sizes of the minor phases."""
    steps, minor = [], crystals[1:]
    if texture:
        free = tuple(f"texture@{name}" for name in texture)
        steps.append(RefinementStep("texture", free, "preferred orientation"))
    if minor:
        cells = tuple(f"cell@{c.name}" for c in minor)
        steps.append(RefinementStep("minor cells", cells, "cells of the minor phases"))
        given = parse_phase_texts(options.crystallites, crystals, "HfO2: 8 nm")
        sizes = tuple(f"size@{c.name}" for c in minor if c.name not in given)
        steps.append(RefinementStep("minor sizes", sizes, "size broadening of the minor phases"))
    return steps


def _plan_structure(main: Crystal) -> list[RefinementStep]:
    """Atoms of the main phase: coordinates, displacements, antisites."""
    name, steps = main.name, []
    if main.free:
        text = f"coordinates {', '.join(main.free)}"
        steps.append(RefinementStep("coordinates", (f"coordinates@{name}",), text))
    steps.append(RefinementStep("displacements", (f"b@{name}",), "isotropic displacements, one per site"))
    if main.antisite:
        steps.append(RefinementStep("antisite", (f"antisite@{name}",), "Ni/Li antisites, occupancies tied"))
    return steps


def _leave_out_held(
    steps: Sequence[RefinementStep], options: RietveldOptions, crystals: Sequence[Crystal]
) -> tuple[RefinementStep, ...]:
    """The steps without what the option `hold` names, by item or by item and phase."""
    held = {_expand_name(item, crystals) for item in options.hold}
    kept = []
    for step in steps:
        free = tuple(item for item in step.free if item not in held and item.partition("@")[0] not in held)
        if free:
            kept.append(replace(step, free=free))
    return tuple(kept)


def _choose_position(machine: DiffractometerModel) -> tuple[tuple[str, ...], str]:
    """What moves all lines: a flat specimen stands too high or low, a capillary's scan begins beside its zero."""
    if machine.geometry == "flat" and machine.radius:
        return ("displacement",), "displacement of the specimen"
    return ("zero",), "zero of two theta"


def _expand_name(item: str, crystals: Sequence[Crystal]) -> str:
    return item.replace("@layered", f"@{crystals[0].name}")


def _parse_step(text: str) -> RefinementStep:
    name, colon, items = text.partition(":")
    free = tuple(item.strip() for item in items.split(",") if item.strip())
    if not colon or not free:
        raise NacreError("cannot read a step of the plan", found=f"'{text}'", expected="like 'cell: cell, zero'")
    return RefinementStep(name.strip(), free, ", ".join(free))


def describe_steps(steps: Sequence[RefinementStep]) -> str:
    """The plan as a sentence's end: each step frees what it names, beside all that is free already."""
    return "; then ".join(step.words or ", ".join(step.free) for step in steps)
