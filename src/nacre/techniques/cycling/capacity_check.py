"""Whether a capacity per mass can be: a mass in the wrong unit gives a number like any other."""

from nacre.core.context import Context
from nacre.core.result import Check
from nacre.physics.chemistry import stoichiometry as st

LEAST = 0.15  # of the capacity that 1C stands for
EXCESS = 1.05  # of all lithium of the formula: a weighing and a formula may be off by so much
LITHIUM = st.compute_theoretical_capacity("Li") / 3600  # mAh/g: no host of lithium holds more than lithium itself


def check_capacity(passed: float, context: Context) -> list[Check]:
    """A failed check where the largest half cycle (mAh/g) is more than the active material holds, or a tenth of it.

    The least is a part of the capacity by which 1C is defined, where that is given: a sound cell of another mass.
    """
    most, what = _find_largest_capacity(context.text("cam"))
    cure = "look at the mass of active material, its unit and the formula"
    if passed >= EXCESS * most:
        text = f"{passed:.4g} mAh/g were charged or discharged, and {what} is {most:.3g} mAh/g"
        return [Check("fail", text, cure)]
    one_c = context.find("one_c", "mA/g")
    if one_c is None or not 0 < passed < LEAST * one_c.value:
        return []
    text = f"no half cycle passed more than {passed:.3g} mAh/g, of the {one_c.value:.3g} mAh/g that 1C is defined by"
    return [Check("fail", f"{text}: the cell was dead from the start, or its mass is wrong", cure)]


def _find_largest_capacity(cam: str) -> tuple[float, str]:
    try:
        formula = st.parse_formula(cam) if cam else {}
    except st.FormulaError:
        formula = {}  # a name; the ledger asks for a formula
    if formula.get("Li"):
        return st.compute_theoretical_capacity(formula, float(formula["Li"])) / 3600, f"all lithium of {cam}"
    return LITHIUM, "lithium itself, of which every material holds less,"
