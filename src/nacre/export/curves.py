"""Curves behind results as parquet tables, one file each; a column is called `name / unit`."""

import io

from nacre.core import columns
from nacre.core.display.style import VIRTUAL_TAG
from nacre.core.outcome import Outcome
from nacre.core.result import Curve, Result
from nacre.export.cycles import tables_of_cycles


def parquet(curve: Curve, result: Result) -> bytes:
    """The curve as a parquet file; its metadata say what it is of, and whether the data are virtual."""
    about = {"technique": result.technique, "analysis": result.analysis, "subject": str(result.subject)}
    about["data"] = VIRTUAL_TAG if result.origin == "synthetic" else result.origin
    stream = io.BytesIO()
    marks = {f"nacre.{key}": word for key, word in about.items()}
    columns.table_of(curve.columns).write_parquet(stream, metadata=marks)
    return stream.getvalue()


def named(outcome: Outcome) -> list[tuple[str, Result, Curve]]:
    """(readable name, result, curve) of every curve of the outcome; rows of cycles stand in cycles.parquet."""
    found, together = [], {id(curve) for _, curve in tables_of_cycles(outcome)}
    for result in outcome.results:
        label = result.analysis or f"{result.technique} {result.subject}".strip()
        own = [curve for curve in result.curves if id(curve) not in together]
        found += [(f"{label} {curve.name}", result, curve) for curve in own]
    return found
