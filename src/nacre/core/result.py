"""What an analysis gives back: quantities, curves, figures, checks, and how it came about."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nacre.core.columns import table_of
from nacre.core.errors import NacreError
from nacre.core.figure import Figure
from nacre.core.notebook_hook import ShowsInNotebook
from nacre.core.quantity import Quantity, covariance
from nacre.core.vocabulary import check_name, check_state

if TYPE_CHECKING:
    import polars as pl

STATUSES = ("pass", "warn", "fail", "info")


@dataclass(frozen=True)
class Subject:
    """What a result is about. Empty words mean "not one": a joint result has no single sample."""

    sample: str = ""
    cell: str = ""
    measurement: str = ""

    def __str__(self) -> str:
        who = self.cell or self.sample
        if who and self.measurement.startswith(f"{who}:"):  # the id of a measurement names its cell already
            return self.measurement
        return ":".join(word for word in (who, self.measurement) if word)


@dataclass(frozen=True)
class Entry:
    """A quantity under a vocabulary name, in a state: `discharge_capacity` at cycle 1, 0.1C.

    `subject` differs from the result's only where one result speaks of several samples.
    """

    name: str
    quantity: Quantity
    state: Mapping[str, Any] = field(default_factory=dict)
    subject: Subject | None = None

    @property
    def key(self) -> tuple:
        """Name and state, hashable: what a contrast pairs over."""
        return self.name, tuple(sorted(self.state.items()))


@dataclass(frozen=True)
class Check:
    """A judgement the analysis passes on its own inputs or outcome."""

    status: str
    text: str
    do: str = ""

    def __post_init__(self):
        if self.status not in STATUSES:
            raise ValueError(f"a check is one of {STATUSES}, not '{self.status}'")


@dataclass(frozen=True)
class Curve:
    """A table behind a result: `columns[name] = (values, unit)`, all of one length."""

    name: str
    columns: Mapping[str, tuple[Any, str]]

    def table(self) -> "pl.DataFrame":
        """The curve as a polars table, columns called `name / unit`."""
        return table_of(self.columns)


@dataclass(frozen=True)
class Provenance:
    """What the result was made from and with."""

    files: tuple[tuple[str, str], ...] = ()
    reader: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    option_sources: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    key: str = ""


@dataclass(frozen=True)
class Result(ShowsInNotebook):
    """The outcome of one technique on named inputs.

    A technique fills entries (origin "measured"), curves, figures, checks, citations and methods; the pipeline adds
    `analysis`, `subject` where it is empty, `origin` and `provenance`, and marks what came from virtual files.
    `origin` is "synthetic" where any input file came from a virtual instrument. `methods` is a sentence or two
    for an experimental section.
    """

    technique: str
    analysis: str = ""
    subject: Subject = Subject()
    entries: tuple[Entry, ...] = ()
    curves: tuple[Curve, ...] = ()
    figures: tuple[Figure, ...] = ()
    checks: tuple[Check, ...] = ()
    citations: tuple[str, ...] = ()
    methods: str = ""
    origin: str = "measured"
    provenance: Provenance = Provenance()

    def __repr__(self) -> str:
        """One line, as it holds whole curves."""
        who = str(self.subject) or self.analysis
        return f"<Result of {self.technique}, {who}: {len(self.entries)} quantities, {len(self.curves)} curves>"

    def __post_init__(self):
        seen = set()
        for entry in self.entries:
            check_name(entry.name, entry.quantity.unit)
            check_state(entry.state)
            identity = (*entry.key, entry.subject)
            if identity in seen:
                raise NacreError(
                    f"'{entry.name}' is given twice in one state", where=self.analysis, found=f"{entry.state}"
                )
            seen.add(identity)

    def get(self, name: str, **state) -> Quantity:
        """The one quantity of this name whose state holds all that is asked. Raises NacreError otherwise."""
        named = (entry for entry in self.entries if entry.name == name)
        # an entry may say more of its state than was asked for
        found = [entry for entry in named if all(entry.state.get(key) == value for key, value in state.items())]
        if len(found) == 1:
            return found[0].quantity
        known = sorted({e.name for e in self.entries})
        wanted = f"{name} at {state}" if state else name
        where = f"{self.technique} {self.subject}".strip()
        if found:
            states = "; ".join(str(dict(e.state)) for e in found[:4])
            raise NacreError(f"several quantities '{wanted}'", where=where, found=states, do="say the state")
        raise NacreError(f"no quantity '{wanted}'", where=where, expected=f"one of {known}")

    def entry_id(self, entry: Entry) -> str:
        """The id under which an entry stands in results.json: unique in a study, the same in every run.

        The subject is named where the analysis does not name it already (`cycling:lho-1:rate` does).
        """
        state = ",".join(f"{k}={v}" for k, v in sorted(entry.state.items()))
        head, subject = self.analysis or self.technique, str(entry.subject or self.subject)
        if subject and f":{subject}:" not in f":{head}:":
            head = f"{head}:{subject}"
        return re.sub(r"\s+", "_", f"{head}/{entry.name}" + (f"@{state}" if state else ""))

    def covariance(self, entries: Iterable[Entry] | None = None):
        """Covariance matrix (n, n) of the entries, in the product of their units."""
        import numpy as np

        quantities = [entry.quantity for entry in (self.entries if entries is None else entries)]
        return np.array([[covariance(a, b) for b in quantities] for a in quantities])

    def curve(self, name: str) -> Curve:
        for curve in self.curves:
            if curve.name == name:
                return curve
        raise NacreError(f"no curve '{name}'", where=self.technique, expected=", ".join(c.name for c in self.curves))
