"""Everything a run of a study found: results, contrasts, ledger, and what failed. The report sees this and no more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nacre.core.result import Result
from nacre.core.study import Study

VERDICTS = ("holds", "broken", "cannot_tell")
# of a contrast: shown beyond chance; seen and not proven; shown to be equal within what matters; an interval that
# holds zero; no interval
CONTRAST_VERDICTS = ("shown", "seen", "equal", "no_difference", "cannot_tell")
ENDPOINTS = ("primary", "secondary", "exploratory")


@dataclass(frozen=True)
class Contrast:
    """One quantity, in one state, of the treated sample against the reference.

    difference = treated - reference; `lo95`, `hi95` bound it, None where replicates are too few to tell.
    `verdict` is one of CONTRAST_VERDICTS, and the only one: report, tables and exports print it. `endpoint` is one of
    ENDPOINTS, fixed before the data are seen. `p` and `df` belong to the test, `p_adjusted` is the p value after the
    rule for many comparisons, `margin` half the width of what counts as equal and `p_equal` the p value of the two
    one-sided tests against it, `level` what was counted (cell, batch, specimen), `method` how the interval came about.
    `measurement` is the test that the values come from, by its name within a cell or sample; "" where several, or none,
    are meant. `effect` is the standardised mean difference (Hedges g). `std` is the standard uncertainty of the
    difference from the measurements alone, without the spread between cells. `scatter95`, for one cell against several:
    how far one more of these would lie from their mean (95 %). `unfounded`: a check failed of data that a value without
    an uncertainty comes from.
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
    p: float | None = None
    p_adjusted: float | None = None
    df: float | None = None
    margin: float | None = None
    p_equal: float | None = None
    level: str = "cell"
    endpoint: str = "exploratory"
    verdict: str = "cannot_tell"
    measurement: str = ""
    scatter95: float | None = None
    unfounded: bool = False

    def __post_init__(self):
        if self.verdict not in CONTRAST_VERDICTS:
            raise ValueError(f"a contrast's verdict is one of {CONTRAST_VERDICTS}, not '{self.verdict}'")
        if self.endpoint not in ENDPOINTS:
            raise ValueError(f"an endpoint is one of {ENDPOINTS}, not '{self.endpoint}'")


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
