"""Columns with units as a table (polars), which is imported when a table is asked for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl


def table_of(columns: Mapping[str, tuple[Any, str]]) -> "pl.DataFrame":
    """A table of columns `{name: (values, unit)}` of equal length, each called `name / unit` where it has a unit."""
    import polars as pl

    return pl.DataFrame({title(name, unit): np.asarray(values) for name, (values, unit) in columns.items()})


def title(name: str, unit: str) -> str:
    """`voltage / V`; the bare name without a unit, or where the name holds one."""
    return name if unit in ("", "1") or "/" in name else f"{name} / {unit}"
