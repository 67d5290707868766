"""Sections and fields of a BPX file, asked for by name, and its functions of one variable."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nacre.cell.expression import read_formula as read_expression
from nacre.cell.parameters import NAMES
from nacre.core.errors import NacreError, did_you_mean


def find_inside(tree: Mapping[str, Any], where: str, *path: str) -> Mapping[str, Any]:
    """A section. Raises NacreError where it is not there, with did-you-mean."""
    for depth, name in enumerate(path):
        if not isinstance(tree.get(name), Mapping):
            place = " > ".join((where, *path[:depth]))
            near = did_you_mean(name, tree)
            raise NacreError(f"the section '{name}' is missing", where=place, do=near or "it must be a block of fields")
        tree = tree[name]
    return tree


class BpxSection:
    """One block of fields: every field asked for is remembered, so that what nobody asked for can be told."""

    def __init__(self, made: Mapping[str, Any], where: str, place: str):
        self.made, self.file, self.place, self.asked = made, where, place, set()

    @property
    def where(self) -> str:
        return f"{self.file}: {self.place}"

    def raw(self, field: str):
        self.asked.add(field)
        return self.made.get(field)

    def number(self, field: str, instead: str = "") -> float:
        """A field that is needed: a finite number. `instead` is the number to give where the file lacks it."""
        value = self.raw(field)
        if value is None:
            raise self.lacking(field, instead)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise NacreError(
                f"'{field}' is no number", where=self.where, found=repr(value)[:60], expected="a finite number"
            )
        return float(value)

    def lacking(self, field: str, instead: str) -> NacreError:
        near = did_you_mean(field, self.made)
        do = near if near.startswith("did") else "add the field to the file"
        if instead:
            row = NAMES[instead]
            do += f"{' ' if do.endswith('?') else ', '}or give --set '{instead}=... {row.unit}'".replace(" 1'", "'")
        expected = f"{NAMES[instead].words}" if instead else ""
        return NacreError(f"the field '{field}' is missing", where=self.where, expected=expected, do=do)

    def source(self, field: str) -> str:
        return f"{self.file}: {self.place} > {field}"

    def left(self) -> list[str]:
        return [name for name in self.made if name not in self.asked and self.made[name] is not None]


def sample_curve(value, where: str):
    """A constant, an expression or a table as a function of x; a table is interpolated by straight lines."""
    if isinstance(value, str):
        return read_expression(value, where)
    if isinstance(value, Mapping):
        x, y = read_table(value, where)
        return lambda at: np.interp(at, x, y)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise NacreError("no number, expression or table", where=where, found=repr(value)[:60])
    return lambda at: np.full(np.shape(at), float(value))


def read_table(value: Mapping[str, Any], where: str) -> tuple[np.ndarray, np.ndarray]:
    try:
        x, y = (np.asarray(value[name], float) for name in "xy")
    except (KeyError, TypeError, ValueError):
        raise NacreError(
            "no table", where=where, found=repr(value)[:60], expected="x and y, lists of numbers"
        ) from None
    sound = x.ndim == 1 and x.shape == y.shape and x.size > 1 and np.isfinite([x, y]).all()
    if not sound or (np.diff(x[np.argsort(x)]) <= 0).any():
        raise NacreError(
            "a table that cannot be used", where=where, found=f"{x.size} x and {y.size} y",
            expected="as many x as y, two or more, finite, every x once",
        )  # fmt: skip
    order = np.argsort(x)
    return x[order], y[order]


def list_leaves(tree: Mapping[str, Any], place: str = ""):
    """(place, value) of every standard field."""
    for key, value in tree.items():
        here = f"{place} > {key}" if place else key
        if key == "User-defined":
            continue
        if isinstance(value, Mapping):
            yield from list_leaves(value, here)
        elif value is not None:
            yield here, value
