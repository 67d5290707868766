"""The verdict on a contrast: what may be claimed of a difference, once and for every place that prints it."""

from collections.abc import Collection
from dataclasses import replace

from nacre.core.display.differences import alike, within
from nacre.core.outcome import Contrast
from nacre.core.vocabulary import word

LEVEL = 0.05


def decided(row: Contrast, coating: Collection[str] = ()) -> Contrast:
    """The contrast with its endpoint and its verdict. coating : elements that the declared coatings bring.

    shown: the 95 % interval leaves out zero, and not by chance among the comparisons (adjusted p at most 5 %), and no
    check failed of data that a value without an uncertainty comes from. seen: the interval leaves out zero, or there is
    none and nothing known makes such a difference. no_difference: the interval holds zero. cannot_tell: there is no
    interval, and the uncertainty of the measurements, the scatter of the other side or the digits hold the difference.
    """
    endpoint = "secondary" if word("quantity", row.name).chapter_of(row.state, coating) else "exploratory"
    return replace(row, endpoint=endpoint, verdict=_verdict(row))


def _verdict(row: Contrast) -> str:
    if row.lo95 is None or row.hi95 is None:
        return "cannot_tell" if within(row) or alike(row) else "seen"
    if row.lo95 <= 0 <= row.hi95:
        return "no_difference"
    return "seen" if row.unfounded or by_chance(row) else "shown"


def by_chance(row: Contrast) -> bool:
    """Whether its interval leaves out zero by itself, and not beyond chance among all comparisons."""
    out = row.lo95 is not None and row.hi95 is not None and not row.lo95 <= 0 <= row.hi95
    return out and row.p_adjusted is not None and row.p_adjusted > LEVEL
