"""The points of a titration as labs export them, brought into the order of the acid added: each volume once, rising."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

FOLLOWS = -0.95  # rank correlation of what falls all the way, but for noise
DEPARTS = -0.8  # and of what does not


@dataclass(frozen=True)
class OrderedPoints:
    """Volumes of acid (m,) in L, each above the one before, pH (m,), times (m,) in s or None, and what was done."""

    acid: np.ndarray
    ph: np.ndarray
    time: np.ndarray | None
    words: tuple[str, ...] = ()


def order_points(acid: np.ndarray, ph: np.ndarray, time: np.ndarray | None = None) -> OrderedPoints:
    """
    Points in the order of the volume of acid.

    Volumes that stand in the file as single doses are added up; those out of order are sorted; of several readings at
    one volume the mean is taken.

    Raises
    ------
    ValueError
        Where the volumes neither rise, nor can be sorted or added up, so that the pH falls with them.
    """
    words = []
    known = np.isfinite(acid) & np.isfinite(ph)
    if not known.all():
        words.append(f"{int((~known).sum())} of {known.size} points without a volume or a pH are left out")
        acid, ph, time = acid[known], ph[known], None if time is None else time[known]
    if acid.size < 3:
        raise ValueError(f"{acid.size} points with a volume and a pH; a titration has at least 12")
    if (acid < 0).any():
        raise ValueError(f"a volume of acid of {1e3 * acid.min():g} mL; expected 0 or more")
    by_row, by_volume = _correlate_ranks(np.arange(acid.size), ph), _correlate_ranks(acid, ph)
    if by_row < FOLLOWS and not by_volume < DEPARTS:
        words.append("the volumes do not rise while the pH falls: they are taken as single doses and added up")
        acid = np.cumsum(acid)
    elif np.any(np.diff(acid) < 0):
        if by_volume > FOLLOWS:
            raise ValueError(
                "the volume of acid goes down in the course of the titration, and the pH does not fall with it: "
                "give one titration a file, with volumes that rise"
            )
        words.append("the points are not in the order of the volume: they are sorted")
        order = np.argsort(acid, kind="stable")
        acid, ph, time = acid[order], ph[order], None if time is None else time[order]
    volumes, place, counts = np.unique(acid, return_inverse=True, return_counts=True)
    if volumes.size < acid.size:
        words.append(f"{acid.size - volumes.size} volumes stand in the file again: the mean of their readings is taken")
        ph = np.bincount(place, ph) / counts
        time = None if time is None else np.bincount(place, time) / counts
    return OrderedPoints(volumes, ph, time, tuple(words))


def _correlate_ranks(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation; 0 where one of the two is the same all along."""
    first, second = rankdata(a), rankdata(b)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
