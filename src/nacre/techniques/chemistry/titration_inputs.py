"""Mass and acid of a titration: what the file, the study and the options state of them, held against each other."""

from collections.abc import Sequence
from dataclasses import dataclass

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.options import option
from nacre.core.quantity import Quantity, derive, parse
from nacre.core.result import Check
from nacre.core.signal import Signal

OTHER_MASS = 0.05  # two statements of one powder's mass differ by less
OTHER_ACID = 0.02  # and two of one acid's concentration: more than a titer's
LIKE_SOLUTION = 0.1  # a mass in g within this of a volume in mL is the mass of that volume of dilute solution
POLYPROTIC = {
    "sulfuric acid": ("h2so4", "sulfuric", "sulphuric", "schwefels"),
    "phosphoric acid": ("h3po4", "phosphor"),
    "oxalic acid": ("h2c2o4", "oxal"),
}


@dataclass(frozen=True)
class TitrationOptions:
    """Options of `titration`, and what belongs to one determination rather than to the sample."""

    mass: str = option("", "mass of powder of this determination, '2.0012(3) g'; else the file's, else the sample's")
    mass_error: float | None = option(
        None, "standard uncertainty of a mass given in the file", unit="mg", lo=0.0, lab="balance.weighing"
    )
    burette_error: float | None = option(
        None, "relative standard uncertainty of the volume dosed", unit="%", lo=0.0, hi=10.0, lab="burette.volume_error"
    )
    fit_uptake: bool = option(
        False, "whether CO2 taken up during the titration is fitted along (the file must hold the times)"
    )
    protons: int | None = option(
        None, "protons per molecule of the acid that count: 2 where the concentration is of H2SO4, 1 for a normality",
        lo=1, hi=3,
    )  # fmt: skip
    temperature: float | None = option(
        None, "temperature of the bath where the file holds none", unit="degC", lo=0, hi=60
    )


def get_mass(signal: Signal, context: Context, options: TitrationOptions) -> Quantity:
    """Mass of powder in g: of the option, else of the file, else declared. Raises NacreError where none is."""
    if options.mass:
        return parse(options.mass, "g", where="option 'mass'").tagged(f"titration:{context.analysis}:mass")
    declared = context.find("titration_mass", "g")
    in_file = _make_mass_in_file(signal, context, options)
    if in_file is not None:
        solution = _find_solution(in_file.value, signal, context)
        if declared is not None and (solution or _differ(in_file, declared) > OTHER_MASS):
            return _choose_mass(in_file, declared, solution, signal)
        if solution:
            raise NacreError(
                "the mass in the file is that of the solution titrated",
                where=signal.where,
                found=f"{in_file.value:g} g, and {solution}",
                expected="the mass of powder",
                do='declare titration_mass = "2.0000(2) g", or set the option mass',
            )
        return in_file
    found = context.need("titration_mass", "g", "the residual lithium per gram of powder")
    if not found.value > 0:
        raise NacreError("the mass of powder must be above 0", where=context.where, found=str(found))
    return found


def _make_mass_in_file(signal: Signal, context: Context, options: TitrationOptions) -> Quantity | None:
    stated = signal.metadata.get("sample_mass")
    if not stated:
        return None
    std = None if options.mass_error is None else options.mass_error * 1e-3
    return Quantity(float(stated), "g", std).tagged(f"titration:{context.analysis}:{signal.where}:mass")


def _differ(a: Quantity, b: Quantity) -> float:
    """Relative difference of two masses."""
    return abs(a.value / b.value - 1) if b.value else float("inf")


def _find_solution(mass: float, signal: Signal, context: Context) -> str:
    """The volume, in words, that a mass in g is the mass of as a dilute solution; "" where it is of none."""
    volumes = {name: context.find(name, "mL") for name in ("aliquot_volume", "extract_volume", "bath_volume")}
    stated = {name: q.value for name, q in volumes.items() if q is not None}
    if in_file := signal.metadata.get("titrated_volume"):
        stated["titrated volume of the file"] = float(in_file)
    near = [f"{name} is {v:g} mL" for name, v in stated.items() if abs(mass / v - 1) < LIKE_SOLUTION]
    return near[0] if near else ""


def _choose_mass(in_file: Quantity, declared: Quantity, solution: str, signal: Signal) -> Quantity:
    """The declared mass where the file's is of the solution. Raises NacreError where both may be of the powder."""
    if solution and _differ(in_file, declared) > OTHER_MASS:
        return declared
    raise NacreError(
        "two masses of powder are stated",
        where=signal.where,
        found=f"{in_file.value:g} g in the file, {declared} declared",
        expected=f"the same within {OTHER_MASS:.0%}",
        do='set the one of this determination: options = { titration = { mass = "2.0012(3) g" } }',
    )


def get_strength(signal: Signal, context: Context, options: TitrationOptions) -> Quantity:
    """Concentration of protons. Raises NacreError where the acid has several, and it is not said which count."""
    name = str(signal.metadata.get("titrant", ""))
    strength = _get_declared(signal, context, "titrant_concentration", "acid_concentration", "mol/L", "every amount")
    several = next((acid for acid, words in POLYPROTIC.items() if any(w in name.lower() for w in words)), "")
    if several and options.protons is None:
        raise NacreError(
            f"the acid is {several}, which gives more than one proton",
            where=signal.where,
            found=f"titrant '{name}' of {strength}",
            expected="what the concentration counts",
            do="set the option protons: 2 where it is of molecules, 1 where it is a normality",
        )
    protons = options.protons or 1
    return strength if protons == 1 else derive(lambda c: protons * c, strength, unit="mol/L")


def _get_declared(signal: Signal, context: Context, key: str, name: str, unit: str, why: str) -> Quantity:
    """A declared input, else what the file holds under `key` (its error unknown)."""
    found = context.find(name, unit)
    if found is None and signal.metadata.get(key):
        found = Quantity(float(signal.metadata[key]), unit)
    return found or context.need(name, unit, why)


def check_statements(signals: Sequence[Signal], context: Context, options: TitrationOptions) -> list[Check]:
    """Two statements of one thing, of which one was taken."""
    checks = []
    declared = context.find("titration_mass", "g")
    for signal in signals:
        in_file = _make_mass_in_file(signal, context, options)
        if options.mass or in_file is None or declared is None:
            continue
        solution = _find_solution(in_file.value, signal, context)
        if solution and _differ(in_file, declared) > OTHER_MASS:
            text = f"{signal.where}: the {in_file.value:g} g of the file are of the solution ({solution})"
            checks.append(Check("info", f"{text}; the powder is the {declared} declared"))
    stated, held = context.find("acid_concentration", "mol/L"), signals[0].metadata.get("titrant_concentration")
    if stated is not None and held and abs(float(held) / stated.value - 1) > OTHER_ACID:
        text = f"the acid declared is {stated}, that of the file {float(held):g} mol/L: the declared one is taken"
        checks.append(Check("warn", text, "correct the one that is wrong"))
    return checks
