"""What a study has, by evidence set: values found in files, or published ones; never both in one set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nacre.core.quantity import Quantity
from nacre.core.result import Result
from nacre.core.study import Study

SETS = ("reported", "files")

Pool = Mapping[tuple[str, str], "tuple[Fact, ...]"]  # by name and sample


@dataclass(frozen=True)
class Fact:
    """One value of the evidence: whose, in which state, from which technique and measurement."""

    id: str
    name: str
    sample: str
    cell: str
    state: Mapping[str, Any]
    quantity: Quantity
    technique: str = ""
    measurement: str = ""
    bound: str = ""  # "below" or "above": the value is only a bound
    about: bool = False
    synthetic: bool = field(default=False)


def facts(study: Study, results: Iterable[Result], which: str) -> list[Fact]:
    """The facts of one evidence set."""
    if which == "reported":
        return [
            Fact(
                row.id,
                row.name,
                row.sample,
                row.cell,
                row.state,
                row.quantity,
                "reported",
                bound=row.rule if row.rule in ("below", "above") else "",
                about=row.rule == "about",
            )
            for row in study.reported
        ]
    return [fact for result in results for fact in _facts_of(study, result)]


def _facts_of(study: Study, result: Result) -> Iterable[Fact]:
    for entry in result.entries:
        if entry.quantity.origin not in ("measured", "synthetic", "derived"):
            continue  # predictions and calibrations are judged elsewhere; they are no evidence
        subject = entry.subject or result.subject
        sample = subject.sample or (study.cells[subject.cell].sample if subject.cell in study.cells else "")
        synthetic = result.origin == "synthetic" or entry.quantity.origin == "synthetic"
        yield Fact(
            result.entry_id(entry),
            entry.name,
            sample,
            subject.cell,
            entry.state,
            entry.quantity,
            result.technique,
            subject.measurement,
            synthetic=synthetic,
        )


def pooled(found: Iterable[Fact]) -> Pool:
    """Facts by name and sample."""
    pool: dict[tuple[str, str], list[Fact]] = {}
    for fact in found:
        pool.setdefault((fact.name, fact.sample), []).append(fact)
    return {key: tuple(group) for key, group in pool.items()}


@dataclass(frozen=True)
class Match:
    """Facts that fit an operand. `near`: they do but for the state of charge they belong to."""

    facts: tuple[Fact, ...]
    near: bool = False


def match(pool: Pool, name: str, sample: str, cell: str, state: Mapping[str, Any], measurement: str) -> Match:
    """The facts named `name` of a sample (of one cell of it, where `cell` is given) whose state is as asked.

    A fact of the sample itself also fits a cell. Of several per cell, those of `measurement` come first, then the
    one of the lowest cycle: one fact per cell is returned.
    """
    named = [f for f in pool.get((name, sample), ()) if not cell or f.cell in ("", cell)]
    exact = [f for f in named if fits(f.state, state)]
    if exact:
        return Match(_one_per_cell(exact, measurement))
    loose = {key: value for key, value in state.items() if key != "at"}
    near = [f for f in named if fits(f.state, loose)] if "at" in state else []
    return Match(_one_per_cell(near, measurement), near=True)


def fits(have: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return all(have.get(key, "") == value for key, value in asked.items())


def _one_per_cell(found: list[Fact], measurement: str) -> tuple[Fact, ...]:
    chosen: dict[str, Fact] = {}
    for fact in sorted(found, key=lambda f: (f.measurement != measurement, f.state.get("cycle", 0), f.id)):
        chosen.setdefault(fact.cell, fact)
    return tuple(chosen.values())


def values_of(
    pool: Pool, name: str, sample: str, cell: str, state: Mapping[str, Any], key: str, measurement: str = ""
) -> list[Any]:
    """All values that the state `key` takes among the facts that are otherwise as asked (variables left open).

    Where `measurement` has any such fact, only those of that test count.
    """
    fixed = {k: v for k, v in state.items() if k != key and not (isinstance(v, str) and v[:1] == "$")}
    fixed = {k: v for k, v in fixed.items() if v not in ("lowest", "highest") and k != "at"}
    found = [
        f
        for f in pool.get((name, sample), ())
        if key in f.state and (not cell or f.cell in ("", cell)) and fits(f.state, fixed)
    ]
    same = [f for f in found if f.measurement == measurement]
    return sorted({f.state[key] for f in same or found}, key=lambda value: (isinstance(value, str), value))
