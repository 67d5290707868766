"""results.json: everything a program may want to know of a run, in one file of the same bytes for the same results."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from nacre.core.outcome import Contrast, DoseTrend, LedgerRow, Outcome
from nacre.core.quantity import Quantity
from nacre.core.result import Result, Subject
from nacre.core.study import Reported, Study
from nacre.export.cycles import tables_of_cycles

SCHEMA = 2
CYCLES = "cycles.parquet"


def reported_id(row: Reported) -> str:
    """The id under which a published value stands among the quantities."""
    return row.id


def document(outcome: Outcome) -> dict[str, Any]:
    """Schema, study, quantities, cycles, contrasts, trends, preparations, ledger and checks, in a fixed order.

    What belongs to every cycle of a test stands in the table that "cycles" names, beside this file; None without one.
    """
    quantities = [row for result in outcome.results for row in _quantities(outcome.study, result)]
    quantities += [_reported(outcome.study, row) for row in outcome.study.reported]
    checks = [row for result in outcome.results for row in _checks(result)]
    checks += [_failure(failure) for failure in outcome.failures]
    return {
        "schema": SCHEMA,
        "study": outcome.study.name,
        "quantities": sorted(quantities, key=lambda row: _natural(row["id"])),
        "cycles": CYCLES if tables_of_cycles(outcome) else None,
        "contrasts": sorted((_contrast(c) for c in outcome.contrasts), key=_contrast_key),
        "trends": sorted((_trend(t) for t in outcome.trends), key=_trend_key),
        "preparations": [plain(vars(pair)) for pair in outcome.preparations],
        "ledger": sorted((_ledger(row) for row in outcome.ledger), key=lambda row: _natural(row["relation"])),
        "checks": sorted(checks, key=lambda row: _natural(f"{row['analysis']} {row['text']}")),
    }


def dumps(outcome: Outcome) -> str:
    """The document as JSON text, one record a line; what is not a finite number is null."""
    parts = []
    for key, value in document(outcome).items():
        if isinstance(value, list) and value:
            rows = ",\n  ".join(_json(row) for row in value)
            parts.append(f' "{key}": [\n  {rows}\n ]')
        else:
            parts.append(f' "{key}": {_json(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _json(value) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def plain(value) -> Any:
    """The value as JSON knows it: numpy numbers become Python's, NaN and infinities become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Quantity):
        return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _natural(text: str) -> tuple:
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", text) if part)


def _contrast_key(row) -> tuple:
    state = [f"{key}={value}" for key, value in sorted(row["state"].items())]
    return _natural(" ".join([row["name"], row["reference"], row["treated"], row["measurement"], *state]))


def _subject(study: Study, subject: Subject) -> dict[str, str]:
    sample = subject.sample or (study.cells[subject.cell].sample if subject.cell in study.cells else "")
    return {"sample": sample, "cell": subject.cell, "measurement": subject.measurement}


def _number(quantity: Quantity) -> dict[str, Any]:
    fields = ("value", "std", "lo95", "hi95", "n", "unit", "basis", "origin")
    return {name: plain(getattr(quantity, name)) for name in fields}


def _state(state: Mapping[str, Any]) -> dict[str, Any]:
    return plain(dict(sorted(state.items())))


def _quantities(study: Study, result: Result) -> list[dict[str, Any]]:
    return [
        {"id": result.entry_id(entry)}
        | _subject(study, entry.subject or result.subject)
        | {"analysis": result.analysis, "technique": result.technique, "name": entry.name}
        | {"state": _state(entry.state)}
        | _number(entry.quantity)
        for entry in result.entries
    ]


def _reported(study: Study, row: Reported) -> dict[str, Any]:
    return (
        {"id": reported_id(row)}
        | _subject(study, Subject(row.sample, row.cell))
        | {"analysis": "", "technique": "reported", "name": row.name, "state": _state(row.state)}
        | _number(row.quantity)
        | {"origin": "reported"}
    )


def _contrast(row: Contrast) -> dict[str, Any]:
    numbers = ["difference", "lo95", "hi95", "p", "p_adjusted", "df", "margin", "p_equal", "ratio"]
    numbers += ["n_reference", "n_treated"]
    more = ["reference_value", "treated_value", "effect"]
    return (
        {"name": row.name, "state": _state(row.state), "measurement": row.measurement}
        | {"endpoint": row.endpoint, "verdict": row.verdict, "reference": row.reference, "treated": row.treated}
        | {"level": row.level}
        | {name: plain(getattr(row, name)) for name in (*numbers, *more)}
        | {"unit": row.unit, "method": row.method, "origin": row.origin, "quantities": list(row.quantities)}
    )


def _trend(row: DoseTrend) -> dict[str, Any]:
    """Everything that a trend says, by the names of its fields."""
    return plain(vars(row)) | {"state": _state(row.state)}


def _trend_key(row) -> tuple:
    state = [f"{key}={value}" for key, value in sorted(row["state"].items())]
    return _natural(" ".join([row["coating"], row["name"], row["measurement"], *state]))


def _ledger(row: LedgerRow) -> dict[str, Any]:
    numbers = {name: plain(getattr(row, name)) for name in ("computed", "stated", "std", "sigma")}
    words = {name: getattr(row, name) for name in ("unit", "rule", "needs", "evidence", "words")}
    lists = {"uses": list(row.uses), "techniques": list(row.techniques), "synthetic": row.synthetic}
    return {"relation": row.relation, "verdict": row.verdict} | numbers | words | lists


def _checks(result: Result) -> list[dict[str, Any]]:
    about = {"analysis": result.analysis, "technique": result.technique, "subject": str(result.subject)}
    return [{"status": check.status, "text": check.text, "do": check.do} | about for check in result.checks]


def _failure(failure) -> dict[str, Any]:
    return {"status": "fail", "text": failure.error, "do": "", "analysis": failure.what, "technique": ""} | {
        "subject": failure.subject
    }
