"""How the diffusivity varies with the filling: D(x) = diffusivity times ratio(x), in a form that a text file can hold.

Kinds: `table` (x and ratio as lists; ln ratio is interpolated monotonely), `expression` (a formula in x, see
`expression`; low and high are the ends of its range). Beyond the range the ratio stays as it is at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from nacre.cell.expression import read
from nacre.cell.potential import DeclaredCurve, read_curve
from nacre.physics import ocp

_KEYS = {"table": ("x", "ratio"), "expression": ("formula", "low", "high")}
INTERVALS = 2048


def _table(x, ratio) -> ocp.Curve:
    ratio = np.asarray(ratio, float)
    if not (ratio > 0.0).all():
        raise ValueError(f"the ratios must be positive; found {ratio.min():g}")
    return ocp.from_table(x, np.log(ratio), INTERVALS)


def _expression(formula, low=0.0, high=1.0) -> ocp.Curve:
    x = np.linspace(low, high, INTERVALS + 1)
    ratio = read(formula)(x)
    if not (np.isfinite(ratio).all() and (ratio > 0.0).all()):
        at = x[~(np.isfinite(ratio) & (ratio > 0.0))][0]
        raise ValueError(f"the formula must be positive; at x = {at:.4g} it is {read(formula)(at):.4g}")
    return ocp.from_function(lambda x: np.log(read(formula)(x)), low, high, INTERVALS)


@dataclass(frozen=True, eq=False)
class Shape(DeclaredCurve):
    """ln ratio(x)."""

    what = "diffusivity"
    makers = MappingProxyType({"table": _table, "expression": _expression})


def read_shape(row: Mapping, where: str) -> Shape:
    """A shape from its table in a TOML file. Raises NacreError with what is missing, unknown or wrong."""
    return read_curve(Shape, _KEYS, row, where)
