"""Cycles of a galvanostatic test: what may be chosen, their half cycles, charge per amount, Coulombic efficiency."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nacre.core.options import option
from nacre.core.quantity import Quantity, derive
from nacre.techniques.cycling import half_cycles as hc

# the amount a charge is divided by -> (declared input, its unit, unit of the result, names on discharge and charge)
PER = {
    "mass": ("cam_mass", "g", "mAh/g", {-1: "discharge_capacity", 1: "charge_capacity"}),
    "area": ("area", "cm2", "mAh/cm2", {-1: "areal_discharge_capacity", 1: "areal_charge_capacity"}),
    "nothing": ("", "1", "mAh", {-1: "discharge_charge", 1: "charge_charge"}),
}


@dataclass(frozen=True)
class CyclingOptions:
    """Options of `cycling`: what charge is divided by, how cycles are counted, the cycler's errors."""

    divide_by: tuple[str, ...] = option(
        ("mass", "area"), "what charge is divided by; the mass is that of active material", choices=tuple(PER)
    )
    starts_with: str = option(
        "auto", "half cycle that opens a cycle; auto: the first in the file", choices=("auto", "charge", "discharge")
    )
    cycles: str = option(
        "current", "cycles by the current's direction, or by the counter in the file", choices=("current", "file")
    )
    efficiency: str = option(
        "discharge/charge",
        "Coulombic efficiency: a discharge over the charge before it, or the reverse (negative-electrode half cells)",
        choices=("discharge/charge", "charge/discharge"),
    )
    current_gain_error: float | None = option(
        None,
        "relative standard uncertainty of the cycler's current reading",
        unit="%",
        lo=0.0,
        hi=10.0,
        lab="cycler.current_gain_error",
    )
    current_offset_error: float | None = option(
        None,
        "standard uncertainty of the zero of the cycler's current",
        unit="uA",
        lo=0.0,
        lab="cycler.current_offset_error",
    )
    voltage_error: float | None = option(
        None, "standard uncertainty of the cycler's voltage", unit="mV", lo=0.0, lab="cycler.voltage_error"
    )
    window_tolerance: float = option(5.0, "how near to its limit a half cycle must end", unit="mV", lo=0.0)
    smallest_half_cycle: float = option(
        1.0, "charge below which a stretch of current is a pulse, of the largest half cycle", unit="%", lo=0.0, hi=50.0
    )
    retention_at: tuple[int, ...] = option(
        (), "cycles given as quantities with their retention, beside the first and last of each segment", lo=1
    )
    every_cycle: bool = option(False, "give all of every cycle as quantities, not in the table of cycles alone")


@dataclass(frozen=True)
class CycleSide:
    """One direction of one cycle: its charge, its energy in J (NaN where unknown) and its current in A."""

    charge: Quantity
    joules: float
    amps: float = float("nan")

    @property
    def mean_voltage(self) -> float:
        coulombs = self.charge.value * hc.C_PER_MAH
        return self.joules / coulombs if coulombs > 0 else float("nan")


@dataclass(frozen=True)
class Cycle:
    """A cycle: its sides by sign, and the charge in the denominator of its Coulombic efficiency."""

    number: int
    part: hc.ProtocolPart
    sides: Mapping[int, CycleSide]
    before: Quantity | None

    @property
    def state(self) -> dict:
        return {"cycle": self.number, **self.part.state}


def get_numerator_sign(options: CyclingOptions) -> int:
    """Sign of the half cycle in the numerator of the Coulombic efficiency."""
    return -1 if options.efficiency == "discharge/charge" else 1


def assemble_cycles(
    half: hc.HalfCycles, parts: list[hc.ProtocolPart], options: CyclingOptions, source: str
) -> list[Cycle]:
    """The cycles of a test. A half cycle that the end of the file cut off is left out."""
    # options are in % and uA, charges in C
    gain = None if options.current_gain_error is None else options.current_gain_error / 100
    offset = None if options.current_offset_error is None else options.current_offset_error * 1e-6
    charges = hc.make_charges(half, source, gain, offset)
    top = get_numerator_sign(options)
    sides: dict[int, dict[int, CycleSide]] = {}
    before: dict[int, Quantity] = {}
    last: dict[int, Quantity] = {}
    for k in np.flatnonzero(half.complete).tolist():
        number, sign = int(half.cycle[k]), int(half.runs.sign[k])
        _add_half_cycle(sides.setdefault(number, {}), sign, charges[k], half, k)
        last[sign] = charges[k]
        # what came before the numerator's half cycle is its denominator, whatever cycle it was in
        if sign == top and -top in last:
            before[number] = last[-top]
    if options.cycles == "file":
        before = {number: mine[-top].charge for number, mine in sides.items() if -top in mine}
    by_cycle = {number: part for part in parts for number in part.cycles}
    return [Cycle(number, by_cycle[number], mine, before.get(number)) for number, mine in sorted(sides.items())]


def _add_half_cycle(mine: dict[int, CycleSide], sign: int, charge: Quantity, half: hc.HalfCycles, k: int):
    """One more half cycle of a cycle: only the file's own counter puts several of one direction into one."""
    joules = float(half.energy[k])
    if sign in mine:
        charge = derive(lambda a, b: a + b, mine[sign].charge, charge, unit="mAh", origin=charge.origin)
        joules += mine[sign].joules
    mine[sign] = CycleSide(charge, joules, float(half.current[k]))


def divide_charge(charge: Quantity, per: str, amounts: Mapping[str, Quantity]) -> Quantity:
    """A charge in mAh divided by what it is given per."""
    if per not in amounts:
        return charge
    unit = PER[per][2]
    return derive(lambda q, m: q / m, charge, amounts[per], unit=unit, origin=charge.origin, basis=charge.basis)


def compute_efficiency(cycle: Cycle, options: CyclingOptions) -> Quantity | None:
    """Coulombic efficiency in %. Its error is unknown where the accuracy of the current is not stated."""
    side = cycle.sides.get(get_numerator_sign(options))
    if side is None or cycle.before is None:
        return None
    return compute_ratio(side.charge, cycle.before)


def compute_ratio(a: Quantity, b: Quantity) -> Quantity:
    """One over the other in %: a stated gain of the current cancels, the error of its zero only at equal currents."""
    return derive(lambda x, y: 100 * x / y, a, b, unit="%", origin=a.origin)
