"""The plan of a refinement: what is set free in which order, and the same in words."""

from collections.abc import Sequence
from dataclasses import replace

from nacre.core.errors import NacreError
from nacre.materials.crystals import Crystal
from nacre.techniques.diffraction.options import RietveldOptions
from nacre.techniques.diffraction.phases import pairs
from nacre.techniques.diffraction.rietx_problem import Machine, Step


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
        given = pairs(options.crystallites, crystals, "HfO2: 8 nm")
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
