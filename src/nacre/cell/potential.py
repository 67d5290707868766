"""The open-circuit potential of an electrode against Li+/Li, in a form that a text file can hold.

Kinds: `msmr` (multi-species, multi-reaction model: M. Verbrugge et al., J. Electrochem. Soc. 164 (2017) E3243), `table`
(x and volts as lists), `plateau` (volts + rise exp(-x / rise_width) - drop exp(-(1 - x) / drop_width)), `expression` (a
formula in x in the words of `expression`, from low to high). An msmr may bear an end: - end_drop
exp(-(1 - x) / end_width), as the model itself never gets below its lowest reaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from nacre.cell.expression import read_formula
from nacre.core.errors import NacreError, did_you_mean
from nacre.physics import ocp

_KEYS = {
    "msmr": ("amounts", "volts", "widths", "kelvin", "low", "high", "end_drop", "end_width"),
    "table": ("x", "volts"),
    "plateau": ("volts", "rise", "rise_width", "drop", "drop_width"),
    "expression": ("formula", "low", "high"),
}


STATUSES = ("declared", "paper", "computed", "literature", "fitted", "assumed")


def check_status(status: str) -> None:
    if status not in STATUSES:
        raise NacreError(f"unknown status '{status}'", do=did_you_mean(status, STATUSES))


@dataclass(frozen=True, eq=False)
class DeclaredCurve:
    """A function of the stoichiometry by kind and numbers, as in the module's words, with status and source."""

    kind: str
    numbers: Mapping[str, float | str | list[float]]
    status: str
    source: str
    what: ClassVar[str]
    makers: ClassVar[Mapping[str, Callable[..., ocp.StoichiometryCurve]]]

    def __post_init__(self):
        check_status(self.status)

    @cached_property
    def curve(self) -> ocp.StoichiometryCurve:
        """The curve over x. Raises NacreError where the numbers make none."""
        try:
            return self.makers[self.kind](**self.numbers)
        except (ValueError, TypeError) as error:
            raise NacreError(f"no {self.what} of kind '{self.kind}' can be made: {error}", found=self.source) from None


def _make_msmr(amounts, volts, widths, kelvin, low, high, end_drop=0.0, end_width=1.0) -> ocp.StoichiometryCurve:
    if not len(amounts) == len(volts) == len(widths):
        raise ValueError(f"{len(amounts)} amounts, {len(volts)} volts and {len(widths)} widths")
    plain = ocp.invert_msmr(amounts, volts, widths, kelvin, low, high)
    if not end_drop:
        return plain
    fall = end_drop * np.exp(-(1 - plain.x) / end_width)
    return ocp.StoichiometryCurve(low, high, plain.value - fall, plain.slope - fall / end_width)


def _make_table(x, volts) -> ocp.StoichiometryCurve:
    return ocp.interpolate_table(x, volts)


def _make_plateau(volts, rise, rise_width, drop, drop_width) -> ocp.StoichiometryCurve:
    def potential(x):
        return volts + rise * np.exp(-x / rise_width) - drop * np.exp(-(1 - x) / drop_width)

    return ocp.sample_function(potential, 0.0, 1.0)


def _make_expression(formula, low=0.0, high=1.0) -> ocp.StoichiometryCurve:
    return ocp.sample_function(read_formula(formula), low, high)


@dataclass(frozen=True, eq=False)
class Potential(DeclaredCurve):
    """U(x) in V."""

    what = "potential"
    makers = MappingProxyType(
        {"msmr": _make_msmr, "table": _make_table, "plateau": _make_plateau, "expression": _make_expression}
    )

    def filling(self, volts: float) -> float:
        """The stoichiometry at a potential; NaN beyond the curve's ends. U falls with x."""
        x = self.curve.x
        u = self.curve.value
        if not u[-1] <= volts <= u[0]:
            return float("nan")
        return float(np.interp(-volts, -u, x))


def read_curve(made: type[DeclaredCurve], keys: Mapping[str, tuple[str, ...]], row: Mapping, where: str):
    """An object of kind, numbers, status and source from its table in a TOML file, its curve made once to be sure.

    Raises NacreError with what is missing, unknown or wrong.
    """
    row, what = dict(row), made.what
    kind, status, source = (str(row.pop(name, "")) for name in ("kind", "status", "source"))
    if kind not in keys:
        raise NacreError(f"unknown kind of {what} '{kind}'", where=where, expected=", ".join(keys))
    if not status or not source:
        raise NacreError(f"a {what} without status and source", where=where, do="say where it comes from")
    for name in row:
        if name not in keys[kind]:
            raise NacreError(f"unknown key '{name}'", where=where, do=did_you_mean(name, keys[kind]))
    found = made(kind, row, status, source)
    try:
        _ = found.curve
    except NacreError as error:
        raise error.at(where) from None
    return found


def read_potential(row: Mapping, where: str) -> Potential:
    """A potential from its table in a TOML file. Raises NacreError with what is missing, unknown or wrong."""
    made = read_curve(Potential, _KEYS, row, where)
    curve = made.curve
    if (np.diff(curve.value) > 1e-9).any():
        at = curve.x[1:][np.diff(curve.value) > 1e-9][0]
        raise NacreError(
            "the potential rises with the filling", where=where, found=f"at x = {at:.3g}",
            expected="volts that fall from empty to full", do="check the order and units of its columns",
        )  # fmt: skip
    return made
