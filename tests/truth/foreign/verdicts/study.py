"""What a rule is given, and what it is not told.

A `Study` is what a laboratory holds in its hands; the `Truth` beside it is known to the generator alone.
"""

from dataclasses import dataclass, field

import numpy as np

from truth.foreign.verdicts.endpoints import Endpoint

VERDICTS = ("shown", "seen", "equal", "no_difference", "cannot_tell")


@dataclass(frozen=True)
class Side:
    """One sample of a study.

    Attributes
    ----------
    name, dose
        The sample; how much coating it bears, in wt%.
    values
        Per endpoint, array (units, repeats) in the endpoint's unit: a unit is a cell, or a powder where there are no
        cells; repeats are spots or digests within it, one for cells. NaN: not measured.
    stated
        Per endpoint the stated standard uncertainty of each value, same shape; None where nobody stated any.
    capacities
        Discharge capacity of each cycle, mAh/g, array (units, cycles); None without cells.
    """

    name: str
    dose: float
    values: dict[str, np.ndarray]
    stated: dict[str, np.ndarray | None]
    capacities: np.ndarray | None = None


@dataclass(frozen=True)
class Study:
    """Endpoints and sides, the reference first.

    `shared` is, per endpoint, the relative standard uncertainty that all values of all sides have in common (die,
    mass fraction). `declared` is the reproducibility of a batch that the laboratory declares, as a relative standard
    deviation; empty where it declares none.
    """

    endpoints: tuple[Endpoint, ...]
    sides: tuple[Side, ...]
    cycles: int = 0
    shared: dict[str, float] = field(default_factory=dict)
    declared: dict[str, float] = field(default_factory=dict)

    @property
    def reference(self) -> Side:
        return self.sides[0]

    @property
    def treated(self) -> Side:
        """The last side: of a dose series the highest dose."""
        return self.sides[-1]


@dataclass(frozen=True)
class Truth:
    """What is so.

    `contrast` holds per endpoint one number for each side after the reference (logarithm of the ratio, or difference
    in the endpoint's unit). `trend` is "none", "monotone" or "turning". `batch_sd` is the relative standard deviation
    between batches of one recipe.
    """

    contrast: dict[str, tuple[float, ...]]
    trend: str = "none"
    batch_sd: float = 0.0

    def is_null(self, name: str) -> bool:
        return all(value == 0 for value in self.contrast[name])

    @property
    def nulls(self) -> tuple[str, ...]:
        """Endpoints in which no side differs from the reference."""
        return tuple(name for name in self.contrast if self.is_null(name))
