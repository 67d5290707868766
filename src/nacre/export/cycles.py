"""cycles.parquet: a row per cell, measurement and cycle, of all tests of a study in one table."""

import io

from nacre.core import tables
from nacre.core.display.style import VIRTUAL_TAG
from nacre.core.outcome import Outcome
from nacre.core.result import Curve, Result


def tables_of_cycles(outcome: Outcome) -> list[tuple[Result, Curve]]:
    """The curves named `cycles` with a row per cycle of one measurement, each with its result."""
    return tables.tables_of_cycles(outcome.results)


def cycles_parquet(outcome: Outcome) -> bytes:
    """The table of `Outcome.cycles` as one parquet file; its metadata say whether the data are virtual."""
    found = tables_of_cycles(outcome)
    origins = sorted({VIRTUAL_TAG if r.origin == "synthetic" else r.origin for r, _ in found})
    stream = io.BytesIO()
    about = {"nacre.study": outcome.study.name, "nacre.data": ", ".join(origins)}
    tables.cycles(outcome.results, outcome.study).write_parquet(stream, metadata=about)
    return stream.getvalue()
