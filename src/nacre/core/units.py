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
}
_COMMON = ("mg", "g", "mAh/g", "mAh/cm2", "mA/g", "mA/cm2", "ohm cm2", "V", "mV", "nm", "um", "mm", "degC", "MPa", "h")


@lru_cache(maxsize=1)
def _registry():
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


def _to_pint_text(unit: str) -> str:
    text = unit.strip().replace("µ", "u").replace("μ", "u").replace("Ω", "ohm").replace("·", " ").replace("²", "2")
    if text in _ALIASES:
        return _ALIASES[text]
    factors = []
    for part in re.split(r"\s*/\s*", text):
        words = [re.sub(r"(?<=[A-Za-zÅ%])\^?(-?\d+)$", r"**\1", word) for word in part.split()]
        words = [_ALIASES.get(word, word) if "**" not in word else word.replace("Å", "angstrom") for word in words]
        factors.append("*".join(words) or "1")
    return factors[0] + "".join(f"/({factor})" for factor in factors[1:])


@lru_cache(maxsize=512)
def _parse(unit: str):
    import pint

    registry = _registry()
    try:
        return registry.Unit(_to_pint_text(unit))
    except (pint.errors.PintError, ValueError, TypeError, AssertionError, SyntaxError, AttributeError) as error:
        raise NacreError(f"unknown unit '{unit}'", do=did_you_mean(unit, _COMMON)) from error
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
    registry = _registry()
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
