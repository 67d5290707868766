"""The verdict on a contrast: what may be claimed of a difference, once and for every place that prints it."""

from dataclasses import replace

from nacre.core.display.differences import alike, within
from nacre.core.outcome import Contrast

LEVEL = 0.05


def decide(row: Contrast) -> Contrast:
    """The contrast with its verdict.

    shown: a primary or secondary endpoint whose p value, adjusted for the number of endpoints, is at most 5 %, from
    units of replication or specimens of a declared reproducibility, and data whose checks do not contradict it.
    equal: the 90 % interval lies within what matters (two one-sided tests at 5 %), whatever its p value.
    seen: the 95 % interval leaves out zero, or there is none and nothing known makes such a difference; not proven.
    no_difference: the interval holds zero. cannot_tell: there is no interval, and the uncertainty of the measurements,
    the scatter of the other side or the digits hold the difference.
    """
    return replace(row, verdict=_verdict(row))


def _verdict(row: Contrast) -> str:
    if row.p_equal is not None and row.p_equal <= LEVEL and not row.unfounded:
        return "equal"
    if row.lo95 is None or row.hi95 is None:
        return "cannot_tell" if within(row) or alike(row) else "seen"
    if row.lo95 <= 0 <= row.hi95:
        return "no_difference"
    return "shown" if is_shown(row) else "seen"


def is_shown(row: Contrast) -> bool:
    """Whether a difference is beyond chance among all that was asked beforehand."""
    tested = row.endpoint != "exploratory" and row.p_adjusted is not None and row.p_adjusted <= LEVEL
    return tested and not row.unfounded
