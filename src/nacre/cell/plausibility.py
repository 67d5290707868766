"""What is doubtful about a cell model before it is solved, in words."""

import math

from nacre.cell.parameters import CellParameters
from nacre.core.errors import NacreError
from nacre.core.result import Check

ALLOWED_DIFFUSIVITY = 1e-20, 1e-9  # m2/s: beyond, a unit is wrong


def check_cell(p: CellParameters) -> list[Check]:
    """Units, fractions, window against the potentials, balance, times: pass, info, warn or fail each."""
    return [
        *_check_units(p),
        *_check_fractions(p),
        *_check_start(p),
        *_check_window(p),
        *_check_balance(p),
        *_check_times(p),
        *_check_drops(p),
    ]


def refuse_if_impossible(p: CellParameters) -> list[Check]:
    """The checks; raises NacreError with the first that fails."""
    found = check_cell(p)
    for check in found:
        if check.status == "fail":
            raise NacreError(check.text, where=p.name, do=check.do)
    return found


def _check_units(p: CellParameters) -> list[Check]:
    found = []
    for part in ("cathode", "anode"):
        d = p.value(f"{part}.diffusivity", "m2/s")
        low, high = ALLOWED_DIFFUSIVITY
        if not low <= d <= high:
            text = f"the {part}'s diffusivity is {1e4 * d:.3g} cm2/s"
            found.append(Check("warn", text, "was it meant in m2/s, or is it log10? 1e-13 to 1e-8 cm2/s are usual"))
        ionic = p.value(f"{part}.ionic_conductivity", "mS/cm")
        if ionic > 100:
            text = f"the {part}'s ionic conductivity is {ionic:.3g} mS/cm, above any solid electrolyte's"
            found.append(Check("warn", text, "check its unit"))
        radius = p.value(f"{part}.particle_diameter", "nm") / 2
        film = p.value(f"{part}.coating_thickness") + p.value(f"{part}.interphase_thickness")
        if film > 0.2 * radius:
            text = f"the films on the {part}'s particles ({film:.3g} nm) are thick for a radius of {radius:.3g} nm"
            found.append(Check("warn", text, "check the units; the model takes films as flat"))
        if p.value(f"{part}.thickness", "m") < 2 * radius * 1e-9:
            text = f"the {part} is thinner ({p.value(f'{part}.thickness'):.3g} um) than its particles"
            found.append(Check("warn", text, "check the mass, the area and the particle diameter"))
    return found


def _check_fractions(p: CellParameters) -> list[Check]:
    found = []
    for part in ("cathode", "anode"):
        share = p.value(f"{part}.volume_fraction")
        if share > 0.74:
            text = f"{100 * share:.3g} % of the {part}'s volume is active material, denser than packed spheres"
            found.append(Check("warn", text, "check the mass fractions, densities and porosity"))
    return found


def _check_start(p: CellParameters) -> list[Check]:
    found = []
    for part in ("cathode", "anode"):
        curve, x = p.potentials[part].curve, p.value(f"{part}.stoichiometry")
        if not curve.low <= x <= curve.high:
            known = f"its potential is known from {curve.low:g} to {curve.high:g}"
            text = f"the {part} starts at a filling of {x:g}, but {known}"
            found.append(Check("fail", text, f"give {part}.stoichiometry within it, or a longer potential"))
    return found


def _check_window(p: CellParameters) -> list[Check]:
    """Whether the potentials reach the cut-offs: else a test ends there, at a stoichiometry, and not by voltage."""
    lower, upper = p.value("cell.lower_voltage"), p.value("cell.upper_voltage")
    if lower >= upper:
        return [Check("fail", f"the lower voltage, {lower:g} V, is not below the upper, {upper:g} V", "swap them")]
    curve, plateau = p.potentials["cathode"].curve, float(p.potentials["anode"].curve(0.5))
    found = []
    top, bottom = float(curve.value[0]) - plateau, float(curve.value[-1]) - plateau
    if top < upper:
        text = f"the cathode's potential ends at {top:.3g} V of the cell, below the upper voltage of {upper:g} V"
        found.append(Check("warn", text, "a slow charge will end depleted; give a potential to lower fillings"))
    if bottom > lower:
        text = f"the cathode's potential ends at {bottom:.3g} V of the cell, above the lower voltage of {lower:g} V"
        found.append(Check("warn", text, "a slow discharge will end depleted; give a potential to higher fillings"))
    if not found:
        words = f"the potentials cover the window from {lower:g} to {upper:g} V"
        found.append(Check("pass", f"{words} (at half filling of the anode: {bottom:.3g} to {top:.3g} V)"))
    return found


def find_capacity_window(p: CellParameters) -> tuple[float, float]:
    """Fillings of the cathode at the upper and the lower voltage, at rest, with the anode on its plateau."""
    plateau = float(p.potentials["anode"].curve(0.5))
    ends = [p.potentials["cathode"].filling(p.value(f"cell.{n}_voltage") + plateau) for n in ("upper", "lower")]
    curve = p.potentials["cathode"].curve
    return tuple(end if math.isfinite(end) else edge for end, edge in zip(ends, (curve.low, curve.high), strict=True))


def _check_balance(p: CellParameters) -> list[Check]:
    top, bottom = find_capacity_window(p)
    start = p.value("cathode.stoichiometry")
    most = max(start, bottom) - top
    room = (1 - p.value("anode.stoichiometry")) * p.sites("anode")
    ratio = room / (most * p.sites("cathode")) if most > 0 else math.inf
    text = f"the anode has room for {ratio:.3g} times what the cathode gives between the cut-offs"
    if ratio < 1:
        return [Check("warn", text, "the anode fills before the upper voltage: check its mass and starting filling")]
    return [Check("pass", text)]


def _check_times(p: CellParameters) -> list[Check]:
    found = []
    for part in ("cathode", "anode"):
        radius, d = p.value(f"{part}.particle_diameter", "m") / 2, p.value(f"{part}.diffusivity", "m2/s")
        hours = radius**2 / d / 3600
        text = f"lithium needs R2/D = {hours:.3g} h to cross the {part}'s median particle"
        if hours > 1e4:
            found.append(Check("warn", text, "only its skin will take part: check the diameter and the diffusivity"))
        else:
            found.append(Check("info", text))
    return found


def _check_drops(p: CellParameters) -> list[Check]:
    cell, density = p.cell(), p.one_c / p.area
    layers = sum(e.thickness / e.ionic_conductivity / 3 for e in (cell.cathode, cell.anode))
    drop = density * (cell.resistance + layers)
    text = f"electrolyte and contacts take {1e3 * drop:.3g} mV at 1C ({1e4 * (cell.resistance + layers):.3g} ohm cm2)"
    if drop > p.value("cell.upper_voltage") - p.value("cell.lower_voltage"):
        return [Check("warn", text, "more than the whole window: check conductivities, thicknesses and their units")]
    return [Check("info", text)]
