"""Units: text as scientists write it, converted by pint, which is used nowhere else."""

import re
from functools import lru_cache

from nacre.core.errors import NacreError, did_you_mean

# written form -> pint's form; percent kinds stay apart in print but are the same number
_ALIASES = {
    "1": "dimensionless",
    "": "dimensionless",
    "%": "percent",
    "wt%": "percent",
    "at%": "percent",
    "mol%": "percent",
    "vol%": "percent",
    "C-rate": "c_rate",
    "Å": "angstrom",
    "Ang": "angstrom",
    "°C": "degC",
    "deg": "degree",
    "px": "pixel_count",
    "counts": "detector_count",
    "cps": "detector_count/second",
    "arb": "arbitrary",
    "a.u.": "arbitrary",
    # a cycle of a test is counted; pint's is 2 pi of a turn
    "cycle": "dimensionless",
    "cycles": "dimensionless",
}
_POWER = re.compile(r"(?<=[A-Za-zÅ%])\^?(-?\d+)$")
_COMMON = ("mg", "g", "mAh/g", "mAh/cm2", "mA/g", "mA/cm2", "ohm cm2", "V", "mV", "nm", "um", "mm", "degC", "MPa", "h")


@lru_cache(maxsize=1)
def _make_registry():
    import pint

    registry = pint.UnitRegistry(cache_folder=None)
    for line in (
        "c_rate = [c_rate]",
        "detector_count = [detector_count]",
        "arbitrary = [arbitrary]",
        "pixel_count = [pixel_count]",
    ):
        registry.define(line)
    return registry


def _write_for_pint(unit: str) -> str:
    text = unit.strip().replace("µ", "u").replace("μ", "u").replace("Ω", "ohm").replace("·", " ").replace("²", "2")
    if text in _ALIASES:
        return _ALIASES[text]
    factors = ["*".join(map(_find_factor, part.split())) or "1" for part in re.split(r"\s*/\s*", text)]
    return factors[0] + "".join(f"/({factor})" for factor in factors[1:])


def _find_factor(word: str) -> str:
    """`cm2` -> cm**2, `Ang3` -> angstrom**3."""
    base, raised, power = _POWER.sub(r"**\1", word).partition("**")
    return _ALIASES.get(base, base) + raised + power


@lru_cache(maxsize=512)
def _parse(unit: str):
    if re.match(r"[+-]?\d", unit.strip()) and not re.match(r"1(\s*/|$)", unit.strip()):
        raise NacreError(f"unknown unit '{unit}'", do="a unit holds no number; only '1/s' and the like begin with 1")
    # what ends in a sign is no unit, nor is a number raised to a power: 9**9**9 would never be done
    if re.search(r"(/|\*\*|\^)\s*(/|$)|\d\s*(\*\*|\^)", unit):
        raise NacreError(f"unknown unit '{unit}'", do=did_you_mean(unit, _COMMON))
    try:
        return _make_registry().Unit(_write_for_pint(unit))
    except Exception as error:  # pint's tokeniser raises many kinds on malformed text
        raise NacreError(f"unknown unit '{unit}'", do=did_you_mean(unit, _COMMON)) from error


def check_unit(unit: str) -> str:
    """The unit as written, if it is one. Raises NacreError with did-you-mean."""
    _parse(unit)
    return unit


@lru_cache(maxsize=2048)
def linear(source: str, target: str) -> tuple[float, float]:
    """(slope, offset) such that `target value = slope * source value + offset`.

    Raises NacreError where the two do not measure the same thing.
    """
    if source == target:
        return 1.0, 0.0
    here, there = _parse(source), _parse(target)
    registry = _make_registry()
    if here.dimensionality != there.dimensionality:
        raise NacreError(
            f"'{source}' cannot become '{target}'",
            found=str(here.dimensionality),
            expected=str(there.dimensionality),
        )
    zero = registry.Quantity(0.0, here).to(there).magnitude
    one = registry.Quantity(1.0, here).to(there).magnitude
    return float(one - zero), float(zero)


def convert(value, source: str, target: str):
    """`value` (number or array) given in `source`, in `target`."""
    if source == target:
        return value
    slope, offset = linear(source, target)
    return value * slope + offset if offset else value * slope


def same_kind(a: str, b: str) -> bool:
    """Whether a value in `a` can be expressed in `b`."""
    return a == b or _parse(a).dimensionality == _parse(b).dimensionality
