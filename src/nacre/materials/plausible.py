"""Which numbers of a study can be meant, and how wrong a quantity may plausibly be; from plausible.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from nacre.core import units
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity

KINDS = ("input", "condition")


@dataclass(frozen=True)
class Plausible:
    """The ranges of one declared number in `unit`, ends included. above : its lower hard end is excluded."""

    unit: str
    hard: tuple[float, float]
    usual: tuple[float, float] | None
    why: str
    above: bool = False

    def refuse(self, name: str, quantity: Quantity) -> None:
        """Raises NacreError where the number cannot be meant."""
        value = quantity.to(self.unit).value
        low, high = self.hard
        if low <= value <= high and not (self.above and value == low):
            return
        bound = "above" if self.above else "from"
        raise NacreError(
            f"'{name}' cannot be so",
            found=f"{quantity.value:g} {quantity.unit}".removesuffix(" 1"),
            expected=f"{bound} {low:g} to {high:g} {self.unit}".removesuffix(" 1") + f": {self.why}",
            do="look at its sign, its unit and the decimal point",
        )

    def doubt(self, quantity: Quantity) -> str:
        """Why the number is unusual; "" where it is not."""
        value = quantity.to(self.unit).value
        if self.usual is None or self.usual[0] <= value <= self.usual[1]:
            return ""
        low, high = self.usual
        return f"{low:g} to {high:g} {self.unit}".removesuffix(" 1") + f" is usual: {self.why}"


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    raw = tomllib.loads(files("nacre.materials").joinpath("plausible.toml").read_text(encoding="utf-8"))
    ranges = {kind: {name: _range(row) for name, row in raw[kind].items()} for kind in KINDS}
    return {**ranges, "error": raw["error"]}


def _range(row: Mapping[str, Any]) -> Plausible:
    usual = row.get("usual")
    return Plausible(row["unit"], tuple(row["hard"]), usual and tuple(usual), row["why"], row.get("above", False))


def plausible(kind: str, name: str) -> Plausible | None:
    """The ranges of an input, or of a condition of a step; None where the table has none."""
    return _table()[kind].get(name)


def refuse_implausible(kind: str, name: str, quantity: Quantity) -> None:
    """Raises NacreError where a declared number cannot be meant. What the table does not know passes."""
    found = plausible(kind, name)
    if found and units.same_kind(found.unit, quantity.unit):
        found.refuse(name, quantity)


def plausible_error(name: str) -> float | None:
    """The largest relative standard uncertainty that a quantity plausibly has; None where the table does not say."""
    return _table()["error"].get(name)
