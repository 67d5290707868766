"""Annealing: a dosed oxide takes up lithium from what is on the powder, and from the powder itself last.

Amounts in mol, masses in kg. Each lithium source gives one reaction, balanced from the formulas, for instance
HfO2 + Li2CO3 -> Li2HfO3 + CO2. What is not named is inert, and atoms are conserved.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nacre.physics.chemistry.coating import CoatingError, not_negative, within
from nacre.physics.chemistry.reactions import Reaction, balance
from nacre.physics.chemistry.stoichiometry import composition, mass_fraction, molar_mass, parse_formula, write_formula

GASES = ("CO2", "H2O", "O2")


@dataclass(frozen=True)
class LithiumSource:
    """Lithium that annealing may use: a phase, its moles, and the phases that it leaves behind."""

    formula: str
    moles: float
    leaves: tuple[str, ...]
    lattice: bool = False


@dataclass(frozen=True)
class Annealing:
    """What annealing ends with.

    `moles` of every phase that is left or made, `steps` of (reaction, moles of oxide used in it), `conversion`
    of the oxide, and what limited it: "oxide" (all converted), "lithium" (sources used up) or "extent".
    """

    moles: Mapping[str, float]
    steps: tuple[tuple[Reaction, float], ...]
    conversion: float
    limiting: str

    @property
    def gas(self) -> dict[str, float]:
        """Moles of each gas that leaves."""
        return {phase: n for phase, n in self.moles.items() if phase in GASES}

    @property
    def solids(self) -> dict[str, float]:
        """Mass of each solid, kg."""
        return {phase: n * molar_mass(phase) for phase, n in self.moles.items() if phase not in GASES}


def residual(formula: str, moles: float) -> LithiumSource:
    """Residual lithium on the powder: Li2CO3 leaves CO2, LiOH leaves H2O, Li2O leaves nothing.

    Raises CoatingError where the phase holds no lithium or holds an element that these gases do not carry off.
    """
    atoms = parse_formula(formula)
    if "Li" not in atoms:
        raise CoatingError(f"{formula} is no lithium source: it holds no lithium; expected Li2CO3, LiOH, Li2O ...")
    others = set(atoms) - {"Li", "C", "H", "O"}
    if others:
        raise CoatingError(f"{formula} would leave {', '.join(sorted(others))} behind; name what it leaves")
    return LithiumSource(formula, moles, tuple(gas for e, gas in (("C", "CO2"), ("H", "H2O")) if e in atoms))


def lattice(formula: str, moles: float) -> LithiumSource:
    """Lithium of the layered oxide itself, taken last: LiMO2 leaves rock salt MO and oxygen.

    That is the end member of lithium loss at annealing temperature; how much rock salt forms is the answer,
    not an assumption about where it sits.
    """
    atoms = composition(formula)
    metals = {element: n for element, n in atoms.items() if element not in ("Li", "O")}
    if "Li" not in atoms or not metals:
        raise CoatingError(f"{formula} is no lithium source: expected a lithium metal oxide such as LiNiO2")
    return LithiumSource(formula, moles, (write_formula({**metals, "O": sum(metals.values())}), "O2"), lattice=True)


def anneal(
    oxide: str, product: str, moles: float, sources: Iterable[LithiumSource], max_conversion: float = 1.0
) -> Annealing:
    """Turns the oxide into the product with the sources in the order given, lattice lithium always last.

    Each source reacts until it or the oxide is used up; `max_conversion` stops earlier (slow kinetics).
    Raises CoatingError where there is no lithium source, BalanceError where the phases cannot react.
    """
    not_negative("the amount of oxide", moles)
    within("the largest conversion", max_conversion, 0, 1, closed=True)
    ordered = sorted(sources, key=lambda source: source.lattice)
    if not ordered:
        raise CoatingError(
            f"no lithium source: {oxide} -> {product} needs lithium; name residual Li2CO3, LiOH or the lattice"
        )
    left = {oxide: float(moles)}
    steps = []
    target = moles * max_conversion
    for source in ordered:
        not_negative(f"the amount of {source.formula}", source.moles)
        reaction = balance([oxide, source.formula], [product, *source.leaves])
        done = moles - left[oxide]
        extent = max(0.0, min(target - done, source.moles / -reaction[source.formula]))
        left[source.formula] = left.get(source.formula, 0.0) + source.moles
        for phase in reaction.coefficients:
            left[phase] = max(0.0, left.get(phase, 0.0) + extent * reaction[phase])
        steps.append((reaction, extent))
    used = sum(extent for _, extent in steps)
    return Annealing(left, tuple(steps), used / moles if moles else 0.0, _limit(used, moles, target))


def _limit(used: float, moles: float, target: float) -> str:
    tight = 1e-12 * max(moles, 1e-300)
    if used >= moles - tight:
        return "oxide"
    return "extent" if used >= target - tight else "lithium"


def metal_content(cam_mass, after: Annealing, metal: str) -> float:
    """Metal per mass of all solids after annealing: what an elemental analysis of the powder would find.

    `cam_mass` in kg is the powder that took no part; it is 0 where the lattice is among the sources.
    """
    solids = after.solids
    held = sum(m * mass_fraction(phase, metal) for phase, m in solids.items() if metal in parse_formula(phase))
    return held / (cam_mass + sum(solids.values()))
