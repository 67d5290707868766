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
    main, minor = crystals[0], crystals[1:]
    steps = [
        RefinementStep("scale", ("scale", "background"), "scale factors and background"),
        RefinementStep("position", *_choose_position(machine)),
        RefinementStep("cell", (f"cell@{main.name}",), f"cell of {main.name}"),
    ]
    if not machine.known:
        steps.append(RefinementStep("width", ("width",), "width common to all lines (no line standard)"))
    steps += [
        RefinementStep("size", (f"size@{main.name}",), "size broadening"),
        RefinementStep("strain", (f"strain@{main.name}",), "strain broadening"),
    ]
    if texture:
        steps.append(RefinementStep("texture", tuple(f"texture@{name}" for name in texture), "preferred orientation"))
    if minor:
        steps.append(RefinementStep("minor cells", tuple(f"cell@{c.name}" for c in minor), "cells of the minor phases"))
        given = parse_phase_texts(options.crystallites, crystals, "HfO2: 8 nm")
        sizes = tuple(f"size@{c.name}" for c in minor if c.name not in given)
        steps.append(RefinementStep("minor sizes", sizes, "size broadening of the minor phases"))
    if main.free:
        steps.append(
            RefinementStep("coordinates", (f"coordinates@{main.name}",), f"coordinates {', '.join(main.free)}")
        )
    steps.append(RefinementStep("displacements", (f"b@{main.name}",), "isotropic displacements, one per site"))
    if main.antisite:
        steps.append(RefinementStep("antisite", (f"antisite@{main.name}",), "Ni/Li antisites, occupancies tied"))
    if machine.geometry == "flat" and not machine.known:
        steps.append(RefinementStep("axial", ("axial",), "axial divergence"))
    if options.also_free:
        steps.append(RefinementStep("also", options.also_free, ", ".join(options.also_free)))
    held = {_expand_name(item, crystals) for item in options.hold}
    kept = (replace(s, free=tuple(i for i in s.free if not held & {i, i.partition("@")[0]})) for s in steps)
    return tuple(step for step in kept if step.free)


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
