"""How large an error that nobody estimated may be before it could change a verdict.

A number without an uncertainty does not make every comparison undecidable: 160 mAh/g is not 80 mAh/g, whatever the
cycler. The margin is the largest relative standard uncertainty of such numbers for which the verdict stands, beside all
that is known. Where no plausible error reaches it (the table of plausible errors), the verdict is given, with it.

Agreement has no margin: two numbers agree the more easily the worse they are known, so that "equal" is never claimed of
a number whose error nobody knows.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from nacre.materials.plausible import plausible_error


@dataclass(frozen=True)
class Margin:
    """What the known numbers say, and up to which relative standard uncertainty of the others that stands."""

    verdict: str
    error: float

    @property
    def percent(self) -> str:
        return f"{100 * self.error:.2g} %"


def margin(rule: str, apart: float, std: float, slack: float, reach: float, limit: float = 2.0) -> Margin | None:
    """The verdict that the known errors allow, and its margin; None where they allow none.

    rule : "equal", "at most" (apart <= 0) or "at least". apart : the difference, of standard uncertainty `std` and
    with `slack` hidden by rounding. reach : how much the difference changes per unit of relative error of the numbers
    that nobody estimated, all in the worst direction. limit : coverage factor.
    """
    excess = {"equal": abs(apart), "at most": apart, "at least": -apart}[rule]
    if rule == "equal" and excess <= slack + limit * std:
        return None
    room = abs(excess) - slack
    if room <= limit * std:
        return None
    error = math.sqrt((room / limit) ** 2 - std**2) / reach if reach else math.inf
    return Margin("broken" if excess > 0 else "holds", error)


def is_beyond_doubt(found: Margin, names: Iterable[str]) -> bool:
    """Whether no plausible error of these quantities reaches the margin; False where one is not in the table."""
    plausible = [plausible_error(name) for name in names]
    return all(error is not None and error < found.error for error in plausible)
