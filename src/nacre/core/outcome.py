"""Everything a run of a study found: results, contrasts, ledger, and what failed. The report sees this and no more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nacre.core.result import Result
from nacre.core.study import Study

VERDICTS = ("holds", "broken", "cannot_tell")


@dataclass(frozen=True)
class Contrast:
    """One quantity, in one state, of the treated sample against the reference.

    difference = treated - reference; `lo95`, `hi95` bound it, None where replicates are too few to tell.
    `effect` is the standardised mean difference (Hedges g), `method` how the interval came about, `p_adjusted` the
    p value after Holm's rule over the comparisons of the two samples that the findings tell, or over all others. `std`
    is the standard uncertainty of the difference from the measurements alone, without the spread between cells.
    `scatter95`, for one cell against several: how far one more of these would lie from their mean (95 %).
    """

    name: str
    reference: str
    treated: str
    difference: float
    unit: str
    state: Mapping[str, Any] = field(default_factory=dict)
    lo95: float | None = None
    hi95: float | None = None
    ratio: float | None = None
    n_reference: int = 1
    n_treated: int = 1
    effect: float | None = None
    method: str = ""
    quantities: tuple[str, ...] = ()
    reference_value: float | None = None
    treated_value: float | None = None
    origin: str = "measured"
    std: float | None = None
    p_adjusted: float | None = None
    scatter95: float | None = None


@dataclass(frozen=True)
class LedgerRow:
    """One relation between quantities, judged: holds, broken (by `sigma`), cannot_tell (`needs` would tell).

    `evidence` is the evidence set it was judged on: "files" or "reported", never both; "declared" where the study's
    declared inputs were enough. `synthetic`: a virtual file is behind it. `techniques` are those it ties together.
    """

    relation: str
    words: str
    verdict: str
    computed: float | None = None
    stated: float | None = None
    unit: str = ""
    sigma: float | None = None
    rule: str = ""
    uses: tuple[str, ...] = ()
    needs: str = ""
    evidence: str = "files"
    std: float | None = None
    techniques: tuple[str, ...] = ()
    synthetic: bool = False

    def __post_init__(self):
        if self.verdict not in VERDICTS:
            raise ValueError(f"a verdict is one of {VERDICTS}, not '{self.verdict}'")


@dataclass(frozen=True)
class Failure:
    """An analysis or a file that could not be used; the rest of the study goes on."""

    what: str
    error: str
    subject: str = ""


@dataclass(frozen=True)
class Outcome:
    """A study and all that was found.

    `doubts` are sentences on what was declared and hardly can be meant, `idle` on measurements that nothing came of.
    """

    study: Study
    results: tuple[Result, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    failures: tuple[Failure, ...] = ()
    doubts: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    when: str = ""

    def __repr__(self) -> str:
        """One line: a notebook prints what stands last in a cell, and an outcome holds every curve."""
        quantities = sum(len(result.entries) for result in self.results)
        return (
            f"<Outcome of '{self.study.name}': {len(self.results)} results, {quantities} quantities, "
            f"{len(self.contrasts)} contrasts, {len(self.failures)} failures>"
        )
