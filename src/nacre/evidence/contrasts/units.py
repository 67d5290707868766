"""What counts as one: cells of a sample, batches of a powder, else the one specimen that was looked at.

What repeats within a unit (spots, pictures, particles, pieces of one pellet, scans) says how well that unit is known.
It says nothing of how units differ, and a comparison of samples rests on the units alone.
"""

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nacre.core.quantity import Z95, Quantity, weighted_sum

REPEATS = ("batch", "piece", "spot", "picture", "repeat")  # states that tell repeats of one thing apart


@dataclass(frozen=True)
class Value:
    """One value of one sample. cell: it speaks of, "" for the sample itself; batch: of the powder, "" where nobody
    says; failed: a check of its data did.
    """

    id: str
    quantity: Quantity
    cell: str = ""
    batch: str = ""
    failed: bool = False

    @property
    def unfounded(self) -> bool:
        """A number without an uncertainty from data of which a check failed."""
        return self.failed and self.quantity.std is None and not self.quantity.bounded


@dataclass(frozen=True)
class Unit:
    """A cell, a batch or a specimen, with the mean of its values and how many they are."""

    quantity: Quantity
    repeats: int
    unfounded: bool


@dataclass(frozen=True)
class Side:
    """The units of one sample. level: cell, batch or specimen."""

    level: str
    units: tuple[Unit, ...]

    @property
    def values(self) -> list[float]:
        return [unit.quantity.value for unit in self.units]

    @property
    def quantities(self) -> list[Quantity]:
        return [unit.quantity for unit in self.units]

    def founded(self) -> "Side":
        """The same without units whose values are unfounded."""
        return replace(self, units=tuple(unit for unit in self.units if not unit.unfounded))


def split_state(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what the state says of the thing, what tells repeats of it apart)."""
    kept = {key: value for key, value in state.items() if key not in REPEATS}
    return kept, {key: value for key, value in state.items() if key in REPEATS}


def side_of(values: Iterable[Value]) -> Side:
    """The units behind the values of one sample. Cells come before batches, batches before the one specimen."""
    values = list(values)
    if any(value.cell for value in values):
        level, label = "cell", lambda value: value.cell or value.id
    elif any(value.batch for value in values):
        level, label = "batch", lambda value: value.batch
    else:
        level, label = "specimen", lambda value: ""
    groups: dict[str, list[Value]] = {}
    for value in values:
        groups.setdefault(label(value), []).append(value)
    return Side(level, tuple(_unit(group) for group in groups.values()))


def _unit(group: list[Value]) -> Unit:
    quantities = [value.quantity for value in group]
    mean = quantities[0] if len(group) == 1 else mean_of(quantities)
    return Unit(mean, len(group), any(value.unfounded for value in group))


def mean_of(quantities: list[Quantity]) -> Quantity:
    """The mean of repeats within a unit; its error is the larger of what they state and of what they scatter."""
    origin = "synthetic" if any(q.origin == "synthetic" for q in quantities) else quantities[0].origin
    stated = weighted_sum([1 / len(quantities)] * len(quantities), quantities, origin=origin)
    scatter = statistics.stdev(q.value for q in quantities) / math.sqrt(len(quantities))
    if stated.std is not None and stated.std >= scatter:
        return stated
    return Quantity(stated.value, stated.unit, scatter, n=len(quantities), basis="replicates", origin=origin)


def words_of_measurement(alone: Quantity) -> str:
    """How far the measurements alone leave a difference uncertain."""
    if alone.std is None:
        return "nobody estimated the uncertainty of the measurements"
    text = f"the measurements alone leave it uncertain by +- {Z95 * alone.std:.2g} {alone.unit} (95 %)"
    return text.replace(" 1 (", " (")
