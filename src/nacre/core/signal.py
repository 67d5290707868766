"""Data as read from a file: variables with units on named axes, and where they came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from nacre.core import units
from nacre.core.columns import table_of
from nacre.core.errors import NacreError, did_you_mean
from nacre.core.notebook_hook import ShowsInNotebook

if TYPE_CHECKING:
    import polars as pl


def freeze(item: Any) -> Any:
    """An array as a read-only view of it, and dicts, lists and tuples with such views in place of their arrays.

    The array itself stays as it is: whoever made it may go on writing into it.
    """
    if isinstance(item, np.ndarray):
        return _read_only(item)
    if type(item) is dict:
        return {name: freeze(part) for name, part in item.items()}
    if type(item) in (list, tuple):
        return type(item)(freeze(part) for part in item)
    return item


def _read_only(array: np.ndarray) -> np.ndarray:
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True)
class Variable:
    """Values on named axes, in a unit. Text columns carry unit '1'.

    values : array, one axis per name in `dims`; std : same shape, or None where nobody estimated it. Both are
        read-only, so that no technique changes what the next one sees.
    """

    values: np.ndarray
    unit: str
    dims: tuple[str, ...]
    std: np.ndarray | None = None
    words: str = ""

    def __post_init__(self):
        if self.values.ndim != len(self.dims):
            raise NacreError("axes do not fit", found=f"{self.values.ndim} axes", expected=f"{self.dims}")
        if self.std is not None and self.std.shape != self.values.shape:
            raise NacreError("std has another shape than its values", found=f"{self.std.shape}")
        units.check_unit(self.unit)
        object.__setattr__(self, "values", freeze(self.values))
        object.__setattr__(self, "std", freeze(self.std))

    def to(self, unit: str) -> "Variable":
        """The same variable in another unit."""
        if unit == self.unit:
            return self
        slope, offset = units.linear(self.unit, unit)
        std = None if self.std is None else abs(slope) * self.std
        return replace(self, values=self.values * slope + offset, unit=unit, std=std)

    def __reduce__(self):
        # numpy does not pickle that an array is read-only: it is made so again
        return Variable, (self.values, self.unit, self.dims, self.std, self.words)


@dataclass(frozen=True)
class Note:
    """What a reader did or noticed: `info`, `repair` (the file proved it) or `warning`."""

    level: str
    text: str


@dataclass(frozen=True)
class Source:
    """The raw file behind a signal."""

    path: str
    sha256: str
    reader: str = ""


@dataclass(frozen=True)
class Signal(ShowsInNotebook):
    """A table, an image, a cube or an event stream, of one `kind` ("cycling", "spectrum", "image" ...).

    `origin` is "measured", or "synthetic" for a file made by a virtual instrument.
    """

    kind: str
    variables: Mapping[str, Variable]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source: Source | None = None
    notes: tuple[Note, ...] = ()
    origin: str = "measured"
    name: str = ""

    def __repr__(self) -> str:
        """One line, as it holds whole arrays."""
        sizes = ", ".join(f"{name} ({size})" for name, size in self.sizes.items())
        return f"<Signal of kind '{self.kind}', {self.where}: {len(self.variables)} variables on {sizes or 'no axis'}>"

    def __post_init__(self):
        object.__setattr__(self, "variables", MappingProxyType(dict(self.variables)))
        object.__setattr__(self, "metadata", MappingProxyType(freeze(dict(self.metadata))))
        sizes: dict[str, int] = {}
        for name, variable in self.variables.items():
            for dim, size in zip(variable.dims, variable.values.shape, strict=True):
                if sizes.setdefault(dim, size) != size:
                    raise NacreError(
                        f"variable '{name}' does not fit its axis '{dim}'", found=str(size), expected=str(sizes[dim])
                    )

    @property
    def sizes(self) -> dict[str, int]:
        """Length of every axis."""
        return {d: n for v in self.variables.values() for d, n in zip(v.dims, v.values.shape, strict=True)}

    @property
    def where(self) -> str:
        return Path(self.source.path).name if self.source else self.name or self.kind

    def __contains__(self, name: str) -> bool:
        return name in self.variables

    def __getitem__(self, name: str) -> Variable:
        if name not in self.variables:
            raise NacreError(f"no variable '{name}'", where=self.where, do=did_you_mean(name, self.variables))
        return self.variables[name]

    def array(self, name: str, unit: str) -> np.ndarray:
        """The values of one variable, in `unit`, read-only. Raises NacreError where it is absent or of another kind."""
        return self[name].to(unit).values

    def table(self) -> "pl.DataFrame":
        """All variables as a polars table, columns called `name / unit`.

        Raises NacreError where they do not lie on one axis (an image, a cube).
        """
        if len(self.sizes) != 1 or any(len(v.dims) != 1 for v in self.variables.values()):
            raise NacreError(
                f"this signal ({self.kind}) is no table", where=self.where, expected="variables on one axis",
                found=f"axes {', '.join(self.sizes) or 'none'}", do='take its arrays: signal.array("NAME", "UNIT")',
            )  # fmt: skip
        return table_of({name: (v.values, v.unit) for name, v in self.variables.items()})

    def with_notes(self, *notes: Note) -> "Signal":
        return replace(self, notes=(*self.notes, *notes))

    def __reduce__(self):
        parts = (self.kind, dict(self.variables), dict(self.metadata), self.source, self.notes, self.origin, self.name)
        return Signal, parts


def table(kind: str, columns: Mapping[str, tuple[np.ndarray, str]], *, axis: str = "record", **rest) -> Signal:
    """A Signal from columns `{name: (values, unit)}` of equal length on one axis."""
    variables = {name: Variable(np.asarray(values), unit, (axis,)) for name, (values, unit) in columns.items()}
    return Signal(kind, variables, **rest)
