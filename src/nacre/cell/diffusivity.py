"""How the diffusivity varies with the filling: D(x) = diffusivity times ratio(x), in a form that a text file can hold.

Kinds: `table` (x and ratio as lists; ln ratio is interpolated monotonely), `expression` (a formula in x, see
`expression`; low and high are the ends of its range). Beyond the range the ratio stays as it is at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from nacre.cell.expression import read_formula
from nacre.cell.potential import DeclaredCurve, read_curve
from nacre.physics import ocp

_KEYS = {"table": ("x", "ratio"), "expression": ("formula", "low", "high")}
INTERVALS = 2048


def _make_from_table(x, ratio) -> ocp.StoichiometryCurve:
    ratio = np.asarray(ratio, float)
    if not (ratio > 0.0).all():
        raise ValueError(f"the ratios must be positive; found {ratio.min():g}")
    return ocp.interpolate_table(x, np.log(ratio), INTERVALS)


def _make_from_expression(formula, low=0.0, high=1.0) -> ocp.StoichiometryCurve:
    x = np.linspace(low, high, INTERVALS + 1)
    ratio = read_formula(formula)(x)
    if not (np.isfinite(ratio).all() and (ratio > 0.0).all()):
        at = x[~(np.isfinite(ratio) & (ratio > 0.0))][0]
        raise ValueError(f"the formula must be positive; at x = {at:.4g} it is {read_formula(formula)(at):.4g}")
    return ocp.sample_function(lambda x: np.log(read_formula(formula)(x)), low, high, INTERVALS)


@dataclass(frozen=True, eq=False)
class DiffusivityShape(DeclaredCurve):
    """ln ratio(x)."""

    what = "diffusivity"
    makers = MappingProxyType({"table": _make_from_table, "expression": _make_from_expression})


def read_shape(row: Mapping, where: str) -> DiffusivityShape:
    """A shape from its table in a TOML file. Raises NacreError with what is missing, unknown or wrong."""
    return read_curve(DiffusivityShape, _KEYS, row, where)
