"""Which comparisons were the question beforehand: primary and secondary endpoints, and what counts as no difference.

They are fixed by endpoints.toml and by `[study] primary` and `[study.relevance]`, never by what the data say: a longer
test, or one more quantity of a technique, changes neither their number nor their level.
"""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from nacre.core.errors import NacreError, did_you_mean
from nacre.core.outcome import Contrast
from nacre.core.quantity import parse
from nacre.core.study import Study
from nacre.core.vocabulary import word
from nacre.physics.statistics.many_endpoints import make_primary_and_secondary

WHEN = ("first", "last", "each", "each_rate")
MOST_OF_ONE = 6  # comparisons that one row of endpoints.toml may bring


@dataclass(frozen=True)
class Endpoint:
    """A quantity and when it counts: at its first or last occurrence, in each state, or once per rate. `where` are
    states that have to hold."""

    name: str
    when: str = "each"
    where: Mapping[str, Any] = field(default_factory=dict)

    def chosen(self, rows: Sequence[Contrast], order: Sequence[str], coating: Collection[str] = ()) -> list[Contrast]:
        """The rows that this endpoint means.

        order : the tests of a cell in the order of its life. coating : elements of the declared coatings; of contents
        of elements only theirs are meant.
        """
        fit = [row for row in rows if row.name == self.name and _holds(row.state, self.where)]
        if fit and word("quantity", self.name).coating_only:
            fit = [row for row in fit if row.state.get("element") in coating]
        if self.when != "each":  # a row of a cycle has its moment, a row of a whole part at one rate has not
            fit = [row for row in fit if _has_moment(row)] or fit
        in_time = sorted(fit, key=lambda row: _moment(row, order))
        if self.when in ("first", "last"):
            return in_time[:1] if self.when == "first" else in_time[-1:]
        if self.when == "each_rate":
            return _first_of_each_rate(in_time)[:MOST_OF_ONE]
        return in_time[:MOST_OF_ONE]


def _holds(state: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return all(state.get(key) == value for key, value in asked.items())


def _has_moment(row: Contrast) -> bool:
    return "cycle" in row.state or "to_cycle" in row.state


def _moment(row: Contrast, order: Sequence[str]) -> tuple:
    place = order.index(row.measurement) if row.measurement in order else len(order)
    return place, row.state.get("cycle", row.state.get("to_cycle", 0)), str(sorted(row.state.items()))


def _first_of_each_rate(rows: Sequence[Contrast]) -> list[Contrast]:
    """Of the test with most rates, the first row of each; a rate that returns counts once."""
    tests: dict[str, dict[Any, Contrast]] = {}
    for row in rows:
        rate = row.state.get("rate_C")
        if rate is not None:
            tests.setdefault(row.measurement, {}).setdefault(rate, row)
    return list(max(tests.values(), key=len).values()) if tests else []


@dataclass(frozen=True)
class Relevance:
    """A difference smaller than this does not matter: `absolute` in the vocabulary's unit, or `relative` to the
    reference.
    """

    absolute: float | None = None
    relative: float | None = None
    why: str = ""

    def margin(self, reference: float) -> float:
        """Half the width of what counts as equal, in the vocabulary's unit."""
        return self.absolute if self.absolute is not None else abs((self.relative or 0.0) * reference)


@dataclass(frozen=True)
class Plan:
    """What was asked beforehand of a study."""

    primary: tuple[Endpoint, ...]
    secondary: tuple[Endpoint, ...]
    relevance: Mapping[str, Relevance]
    order: tuple[str, ...]
    coating: frozenset[str] = frozenset()

    def split(self, rows: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """(primary, secondary) among the contrasts of one pair of samples, or among joined values of several.

        What is primary is not secondary too.
        """
        primary = self._chosen(self.primary, rows)
        taken = {id(row) for row in primary}
        return primary, [row for row in self._chosen(self.secondary, rows) if id(row) not in taken]

    def _chosen(self, endpoints: Iterable[Endpoint], rows: Sequence[Contrast]) -> list[Contrast]:
        return _once(row for endpoint in endpoints for row in endpoint.chosen(rows, self.order, self.coating))


def share_level(primary: Sequence[str], secondary: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n,) and transitions (n, n) of a family of tests, by the quantities of its endpoints, primary ones first.

    Secondary endpoints of quantities that no primary one speaks of share a tenth of the level from the start. A
    capacity at another rate does not: it says again most of what the first capacity says.
    """
    own = [i for i, name in enumerate(secondary) if name not in primary]
    return make_primary_and_secondary(len(primary), len(secondary), own)


def _once(rows: Iterable[Contrast]) -> list[Contrast]:
    return list({id(row): row for row in rows}.values())


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(files("nacre.evidence.contrasts").joinpath("endpoints.toml").read_text(encoding="utf-8"))


def plan_of(study: Study) -> Plan:
    """The endpoints of a study, from its study.toml and the package's table. Raises NacreError with did-you-mean."""
    raw, table = study.extra.get("endpoints") or {}, _table()
    primary = tuple(_read(text) for text in raw.get("primary") or ()) or tuple(_of_row(row) for row in table["primary"])
    named = {(endpoint.name, endpoint.when) for endpoint in primary}
    rows = [_of_row(row) for row in (*table["primary"], *table["secondary"])]
    secondary = tuple(row for row in rows if (row.name, row.when) not in named)
    relevance = {name: Relevance(**row) for name, row in table["relevance"].items()}
    relevance |= {name: _read_relevance(name, text) for name, text in (raw.get("relevance") or {}).items()}
    tests = (m.name.removeprefix(f"{m.cell or m.sample}:") for m in study.measurements)
    return Plan(primary, secondary, relevance, tuple(dict.fromkeys(tests)), study.coating_elements)


def _of_row(row: Mapping[str, Any]) -> Endpoint:
    return Endpoint(row["name"], row.get("when", "each"), row.get("where", {}))


_ENDPOINT = re.compile(r"\s*(?P<name>\w+)(?:\s+(?:at\s+)?(?P<when>\w+))?\s*")


def _read(text: str) -> Endpoint:
    """`discharge_capacity first`, `capacity_retention last`, `r_cam_se` (each)."""
    found = _ENDPOINT.fullmatch(text)
    if not found:
        raise NacreError(
            "this is no endpoint", where="[study] primary", found=f"'{text}'", expected="'discharge_capacity first'"
        )
    word("quantity", found["name"], "[study] primary")
    when = found["when"] or "each"
    if when not in WHEN:
        raise NacreError(f"unknown time '{when}' of an endpoint", where="[study] primary", do=did_you_mean(when, WHEN))
    return Endpoint(found["name"], when)


def _read_relevance(name: str, text: str) -> Relevance:
    """`5 mAh/g`, or `3 %` of the reference; percent of a quantity given in percent are percentage points."""
    unit = word("quantity", name, "[study.relevance]").unit
    given = parse(str(text), where=f"[study.relevance] {name}")
    if given.unit == "%" and unit != "%":
        relevance = Relevance(relative=given.value / 100, why="declared")
    else:
        relevance = Relevance(absolute=given.to(unit).value, why="declared")
    if not (relevance.absolute or relevance.relative or 0.0) > 0.0:
        raise NacreError("what matters has to be above zero", where=f"[study.relevance] {name}", found=str(text))
    return relevance


def check_endpoints(study: Study) -> None:
    """Raises NacreError where study.toml names endpoints or relevances that nobody knows."""
    plan_of(study)
