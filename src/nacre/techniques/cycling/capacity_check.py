"""Whether a capacity per mass can be: a mass in the wrong unit gives a number like any other."""

from nacre.core.context import Context
from nacre.core.result import Check
from nacre.physics.chemistry import stoichiometry as st

EXCESS = 1.05  # of all lithium of the formula: a weighing and a formula may be off by so much
LITHIUM = st.compute_theoretical_capacity("Li") / 3600  # mAh/g: no host of lithium holds more than lithium itself


def check_capacity(discharged: float, context: Context) -> list[Check]:
    """A failed check where more was discharged (mAh/g) than the active material's formula holds, or any material."""
    most, what = _find_largest_capacity(context.text("cam"))
    if discharged < EXCESS * most:
        return []
    text = f"{discharged:.4g} mAh/g were discharged, and {what} is {most:.3g} mAh/g"
    return [Check("fail", text, "look at the mass of active material, its unit and the formula")]


def _find_largest_capacity(cam: str) -> tuple[float, str]:
    try:
        formula = st.parse_formula(cam) if cam else {}
    except st.FormulaError:
        formula = {}  # a name; the ledger asks for a formula
    if formula.get("Li"):
        return st.compute_theoretical_capacity(formula, float(formula["Li"])) / 3600, f"all lithium of {cam}"
    return LITHIUM, "lithium itself, of which every material holds less,"
