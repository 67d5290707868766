"""Nominal C-rates of a study: those declared, else what the currents of all cells together say was meant.

A rate follows from a current and a weighed mass. Cells whose masses differ by some percent ran at one nominal rate,
though each of its own would be rounded to another number.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from nacre.core.study import Study
from nacre.evidence.contrasts.cell_tests import CellTest
from nacre.techniques.cycling.half_cycles import round_rate

GAP = 1.12  # neighbours further apart were set apart; masses of cells pressed alike scatter by some percent
SPAN = 1.25  # what one nominal rate may cover at most
NOISE = 1.03  # two rates of one cell closer than that are one

RateMap = Mapping[tuple[str, str, float], float]


@dataclass(frozen=True)
class _Level:
    """One rate of one test: as its quantities call it, as it was measured, and whether study.toml declares it."""

    owner: str
    test: str
    name: float
    measured: float
    declared: bool


def find_nominal_rates(
    study: Study, tests: Iterable[CellTest]
) -> tuple[dict[tuple[str, str, float], float], list[str]]:
    """({(owner, test, rate of a state): nominal rate}, sentences on rates that differ by name and are taken as one)."""
    clusters = _cluster(sorted(_levels(study, tests), key=lambda level: (level.measured, level.name)))
    names = _name_clusters(clusters)
    found: dict[tuple[str, str, float], float] = {}
    told: list[str] = []
    for cluster, name in zip(clusters, names, strict=True):
        found |= {(level.owner, level.test, level.name): name for level in cluster}
        apart = sorted({level.name for level in cluster})
        if len(apart) > 1:
            counts = ", ".join(f"{rate:g}C in {_count_owners(cluster, rate)}" for rate in apart)
            told.append(f"currents of {counts} are taken as one nominal rate, {name:g}C: masses alone set them apart")
    return found, told


def _count_owners(cluster: list[_Level], rate: float) -> str:
    n = len({level.owner for level in cluster if level.name == rate})
    return f"{n} cell" + "s" * (n > 1)


def _levels(study: Study, tests: Iterable[CellTest]) -> Iterable[_Level]:
    declared = {m.name: {s.rate.to("C-rate").value for s in m.segments if s.rate} for m in study.measurements}
    for test in tests:
        mine = declared.get(f"{test.owner}:{test.name}", declared.get(test.name, set()))
        for rate in sorted(test.rates):
            if rate > 0.0:
                known = rate in mine
                yield _Level(test.owner, test.name, rate, rate if known else _measure(test, rate), known)


def _measure(test: CellTest, rate: float) -> float:
    """The median of the unrounded rates of the cycles that are called `rate`."""
    measured = test.columns.get("measured_rate")
    if measured is None:
        return rate
    mine = measured[np.isclose(test.columns["rate_C"], rate)]
    mine = mine[np.isfinite(mine)]
    return float(np.median(mine)) if mine.size else rate


def _cluster(levels: list[_Level]) -> list[list[_Level]]:
    """Neighbours together, unless one cell or study.toml tells them apart. levels : rising."""
    clusters: list[list[_Level]] = []
    for level in levels:
        if clusters and _fits(level, clusters[-1]):
            clusters[-1].append(level)
        else:
            clusters.append([level])
    return clusters


def _fits(level: _Level, cluster: list[_Level]) -> bool:
    if all(level.name == other.name for other in cluster):
        return True
    if level.measured > GAP * cluster[-1].measured or level.measured > SPAN * cluster[0].measured:
        return False
    if level.declared and any(other.declared and other.name != level.name for other in cluster):
        return False
    own = [other for other in cluster if (other.owner, other.test) == (level.owner, level.test)]
    return all(level.measured <= NOISE * other.measured for other in own)


def _name_clusters(clusters: list[list[_Level]]) -> list[float]:
    """A rate for each: declared, the one name all have, else the rounded median; no two the same."""
    names: list[float] = []
    for cluster in clusters:
        declared = [level.name for level in cluster if level.declared]
        middle = math.exp(float(np.median([math.log(level.measured) for level in cluster])))
        all_names = {level.name for level in cluster}
        name = declared[0] if declared else round_rate(middle)
        name = cluster[0].name if len(all_names) == 1 else name
        names.append(float(f"{middle:.3g}") if name in names else name)
    return names
