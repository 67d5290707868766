"""Which lattices fringes and spots may be of: those that the options name, else those that the sample declares."""

from dataclasses import dataclass, replace

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.result import Check
from nacre.materials import crystals as library
from nacre.materials.crystals import Crystal

LAYERED = "layered"
OXIDE = "layered oxide"


@dataclass(frozen=True)
class CandidateLattices:
    """The lattices to try, the core's own (None where it is not known, with `why`), and what to report about them."""

    tried: tuple[Crystal, ...]
    core: Crystal | None
    why: str = ""
    checks: tuple[Check, ...] = ()


def add_article(name: str) -> str:
    """A lattice's name in a sentence."""
    return f"the {name}" if name == OXIDE else name


def find_candidates(named: tuple[str, ...], formula: str, context: Context, a=None, c=None) -> CandidateLattices:
    """`named` are names of the table of structures, or "layered"; none: the coating's declared phases and the core.

    formula : of the core, "" takes the sample's `cam`; a, c : its lattice parameters in angstrom, where they are known.
    Raises NacreError where neither options nor sample say what to try.
    """
    formula = formula or context.text("cam")
    core, why = _find_core(formula, a, c)
    if named:
        tried = [_require_core(core, why, context) if name == LAYERED else library.find_crystal(name) for name in named]
        return CandidateLattices(tuple(tried), core, why)
    declared = _list_declared(context)
    found = {name: library.list_crystals_of(name) for name in declared}
    tried = [library.list_crystals()[key] for keys in found.values() for key in keys]
    if not tried and core is None:
        lost = f"no structure of {', '.join(declared)} in the table"
        raise NacreError(
            "no candidate phases",
            where=context.where,
            found=lost if declared else "no coating or core declared",
            expected=f"phases of the table: {', '.join(library.list_crystals())}",
            do='add phases = ["HfO2"] to [sample.coating] and cam = "..." to the sample, or give the option phases',
        )
    lacking = [name for name, keys in found.items() if not keys]
    do = "name a phase of the same structure in the option phases"
    checks = [Check("warn", f"no structure of {name} is in the table: it is not tried", do) for name in lacking]
    checks += [Check("info", f"{why}: spots of the core are not looked for")] if why else []
    return CandidateLattices((*tried, *([core] if core else [])), core, why, tuple(checks))


def _list_declared(context: Context) -> list[str]:
    """The coating's declared phases; where there are none, its precursor."""
    coating = context.sample.coating if context.sample else {}
    phases = coating.get("phases") or ([coating["precursor"]] if coating.get("precursor") else [])
    return list(dict.fromkeys(map(str, phases)))


def _find_core(formula: str, a: float | None, c: float | None) -> tuple[Crystal | None, str]:
    """The core's lattice: of the table, or that of layered oxides with nickel; or why it is not known."""
    if not formula:
        return None, "the core's formula is not given"
    keys = library.list_crystals_of(formula)
    if keys:
        crystal = library.list_crystals()[keys[0]]
        edges = (a or crystal.cell[0], a or crystal.cell[1], c or crystal.cell[2])
        return (replace(crystal, cell=(*edges, *crystal.cell[3:])) if a or c else crystal), ""
    given = {name: value for name, value in (("a", a), ("c", c)) if value}
    try:
        return replace(library.make_layered(formula, **given), name=OXIDE), ""
    except NacreError:
        return None, f"the lattice of {formula} is not known: it is no layered oxide with nickel, and not in the table"


def _require_core(core: Crystal | None, why: str, context: Context) -> Crystal:
    if core is None:
        do = 'add cam = "..." to the sample, give the option composition, or leave "layered" out'
        raise NacreError(why, where=context.where, expected="a formula like LiNi0.85Co0.10Mn0.05O2", do=do)
    return core
