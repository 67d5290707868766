"""Everything a run of a study found: results, contrasts, ledger, and what failed. The report sees this and no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nacre.core import tables
from nacre.core.notebook_hook import ShowsInNotebook
from nacre.core.result import Result
from nacre.core.study import Study, in_its_words

if TYPE_CHECKING:
    import polars as pl

VERDICTS = ("holds", "broken", "cannot_tell")
# of a contrast: shown beyond chance; seen and not proven; shown to be equal within what matters; an interval that
# holds zero; no interval
CONTRAST_VERDICTS = ("shown", "seen", "equal", "no_difference", "cannot_tell")
ENDPOINTS = ("primary", "secondary", "exploratory")
# of a trend over doses: which way it goes, or that this cannot be determined
TREND_SHAPES = ("rises", "falls", "peak", "valley", "unclear", "none")


@dataclass(frozen=True)
class Contrast(ShowsInNotebook):
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
class PairPreparation:
    """How the preparation of two samples differs besides the coating itself.

    `coated`: the treated sample has a coating that the reference lacks. `differs`: steps that only one of the two went
    through, or under other conditions, in words. `blank`: a sample that went through the treated one's steps without
    what makes the coating, "" where the study has none. `declared`: the study says how the two were made.
    """

    reference: str
    treated: str
    coated: bool = False
    differs: tuple[str, ...] = ()
    blank: str = ""
    declared: bool = True


@dataclass(frozen=True)
class DoseTrend:
    """One endpoint over the doses of one coating, in one state; dose 0 is the blank, or the reference.

    `samples`, `doses`, `values` (of each cell or batch), `means` and `isotonic` stand in the order of doses. `p` is the
    chance of such a shape without any dependence on the dose, `p_monotone` that of a rise or fall alone, `p_adjusted`
    holds among all trends of this series. `slope` is per unit of dose, with its interval, where a line is enough
    (`p_lack`: that it is); `on_logs`: of the logarithm. `turn`: the dose of the optimum of a
    peak or valley. `comparable`: "" or why the doses differ in more than the dose.
    """

    name: str
    unit: str
    coating: str
    samples: tuple[str, ...]
    doses: tuple[float, ...]
    dose_unit: str
    values: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]
    isotonic: tuple[float, ...]
    state: Mapping[str, Any] = field(default_factory=dict)
    measurement: str = ""
    endpoint: str = "secondary"
    verdict: str = "cannot_tell"
    shape: str = "none"
    p: float | None = None
    p_monotone: float | None = None
    p_adjusted: float | None = None
    slope: float | None = None
    slope_lo95: float | None = None
    slope_hi95: float | None = None
    line_at_zero: float | None = None
    p_lack: float | None = None
    turn: float | None = None
    on_logs: bool = False
    level: str = "cell"
    method: str = ""
    comparable: str = ""
    origin: str = "measured"
    quantities: tuple[str, ...] = ()

    def __post_init__(self):
        if self.verdict not in CONTRAST_VERDICTS:
            raise ValueError(f"a trend's verdict is one of {CONTRAST_VERDICTS}, not '{self.verdict}'")
        if self.shape not in TREND_SHAPES:
            raise ValueError(f"a trend's shape is one of {TREND_SHAPES}, not '{self.shape}'")


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
class Outcome(ShowsInNotebook):
    """A study and all that was found.

    `doubts` are sentences on what was declared and hardly can be meant, `idle` on measurements that nothing came of.
    `folder` is where its files belong; None: results/ of the study.
    """

    study: Study
    results: tuple[Result, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    trends: tuple[DoseTrend, ...] = ()
    preparations: tuple[PairPreparation, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    failures: tuple[Failure, ...] = ()
    doubts: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    when: str = ""
    folder: Path | None = None

    def __repr__(self) -> str:
        """One line: a notebook prints what stands last in a cell, and an outcome holds every curve."""
        quantities = sum(len(result.entries) for result in self.results)
        return (
            f"<Outcome of '{self.study.name}': {len(self.results)} results, {quantities} quantities, "
            f"{len(self.contrasts)} contrasts, {len(self.failures)} failures>"
        )

    @in_its_words
    def table(
        self,
        name: str | Sequence[str] | None = None,
        *,
        sample: str | Sequence[str] | None = None,
        cell: str | Sequence[str] | None = None,
        measurement: str | Sequence[str] | None = None,
        technique: str | Sequence[str] | None = None,
        **state: Any,
    ) -> "pl.DataFrame":
        """
        The quantities as a table, all of them or those asked for.

        Parameters
        ----------
        name, sample, cell, measurement, technique : str or several, optional
            What a row must be; a sample's rows include those of its cells.
        **state
            What its state must hold: ``cycle=1``, ``rate_C=0.1``; a value or several.

        Returns
        -------
        polars.DataFrame
            A row per quantity: sample, cell, measurement, technique, name, a column per key of the states, value, std,
            lo95, hi95, unit, n, basis, origin.

        Raises
        ------
        NacreError
            Where a word is unknown; it says which was probably meant.

        Examples
        --------
        >>> outcome.table("discharge_capacity", sample="bare", cycle=1)
        """
        where = {"name": name, "sample": sample, "cell": cell, "measurement": measurement, "technique": technique}
        return tables.quantities(self.results, self.study, where, state)

    def cycles(self) -> "pl.DataFrame":
        """A polars table with a row per cell, measurement and cycle: what cycles.parquet holds (docs/results.md)."""
        return tables.cycles(self.results, self.study)

    def contrast_table(self) -> "pl.DataFrame":
        """The contrasts as a polars table: a row each, a column per key of their states, all numbers of `Contrast`."""
        return tables.contrasts(self.contrasts)
