"""The shape of results.json (schema 2), for programs that read it: `nacre schema --results` prints it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Number = float | None


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class QuantityRow(_Row):
    """One number: of a sample or cell, in a state. std None: nobody estimated it; 0: exact."""

    id: str
    sample: str
    cell: str
    measurement: str
    analysis: str
    technique: str
    name: str
    state: dict[str, Any]
    value: Number
    std: Number
    lo95: Number
    hi95: Number
    n: int | None
    unit: str
    basis: str
    origin: Literal["measured", "synthetic", "reported", "calibrated", "predicted", "derived"]


class ContrastRow(_Row):
    """Treated against reference; difference = treated - reference. `verdict` is the only one there is."""

    name: str
    state: dict[str, Any]
    measurement: str
    endpoint: Literal["primary", "secondary", "exploratory"]
    verdict: Literal["shown", "seen", "equal", "no_difference", "cannot_tell"]
    reference: str
    treated: str
    difference: Number
    lo95: Number
    hi95: Number
    p: Number
    p_adjusted: Number
    df: Number
    margin: Number
    p_equal: Number
    level: Literal["cell", "batch", "specimen"]
    ratio: Number
    n_reference: int
    n_treated: int
    reference_value: Number
    treated_value: Number
    effect: Number
    unit: str
    method: str
    origin: str
    quantities: list[str]


class TrendRow(_Row):
    """An endpoint over three and more doses of one coating; samples, doses, values and means in the order of doses."""

    name: str
    state: dict[str, Any]
    measurement: str
    endpoint: Literal["primary", "secondary"]
    verdict: Literal["shown", "seen", "no_difference", "cannot_tell"]
    shape: Literal["rises", "falls", "peak", "valley", "unclear", "none"]
    coating: str
    samples: list[str]
    doses: list[float]
    dose_unit: str
    values: list[list[float]]
    means: list[float]
    isotonic: list[float]
    unit: str
    p: Number
    p_monotone: Number
    p_adjusted: Number
    slope: Number
    slope_lo95: Number
    slope_hi95: Number
    line_at_zero: Number
    p_lack: Number
    turn: Number
    on_logs: bool
    level: Literal["cell", "batch", "specimen"]
    method: str
    comparable: str
    origin: str
    quantities: list[str]


class PreparationRow(_Row):
    """How the making of two samples differs besides the coating; `blank` is the sample that tells both apart."""

    reference: str
    treated: str
    coated: bool
    differs: list[str]
    blank: str
    declared: bool


class RelationRow(_Row):
    """One relation of the ledger on one evidence set; `needs`: which measurement would tell."""

    relation: str
    verdict: Literal["holds", "broken", "cannot_tell"]
    computed: Number
    stated: Number
    std: Number
    sigma: Number
    unit: str
    rule: str
    needs: str
    evidence: Literal["files", "reported", "declared"]
    words: str
    uses: list[str]
    techniques: list[str]
    synthetic: bool


class CheckRow(_Row):
    """What an analysis says of its own inputs or outcome; a failed analysis or file is one of status `fail`."""

    status: Literal["pass", "warn", "fail", "info"]
    text: str
    do: str
    analysis: str
    technique: str
    subject: str


class ResultsDocument(_Row):
    """results.json as a whole. `cycles` names the table of all cycles beside it, None where there is none."""

    schema_: Literal[2]
    study: str
    quantities: list[QuantityRow]
    cycles: str | None
    contrasts: list[ContrastRow]
    trends: list[TrendRow]
    preparations: list[PreparationRow]
    ledger: list[RelationRow]
    checks: list[CheckRow]

    model_config = ConfigDict(extra="forbid", alias_generator=lambda name: name.rstrip("_"))


def results_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of results.json."""
    made = ResultsDocument.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "results.json"}
