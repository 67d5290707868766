"""cycles.parquet: a row per cell, measurement and cycle, of all tests of a study in one table."""

import io
from typing import TYPE_CHECKING

import numpy as np

from nacre.core.display.style import VIRTUAL_TAG
from nacre.core.outcome import Outcome
from nacre.core.result import Curve, Result

if TYPE_CHECKING:
    import polars as pl

WHO = ("sample", "cell", "measurement")
FIRST = (*WHO, "cycle", "rate_C", "segment", "whole")  # the rest follows in the order of the techniques


def tables_of_cycles(outcome: Outcome) -> list[tuple[Result, Curve]]:
    """The curves named `cycles` with a row per cycle of one measurement, each with its result."""
    return [
        (result, curve)
        for result in outcome.results
        for curve in result.curves
        if curve.name == "cycles" and result.subject.measurement and {"cycle", "whole"} <= set(curve.columns)
    ]


def cycles_parquet(outcome: Outcome) -> bytes:
    """All rows as one parquet file; a number's column is called `name / unit`, what a cycle does not have is null.

    `whole` is false where the file ends inside the cycle, or one of its half cycles is missing.
    """
    import polars as pl

    found = tables_of_cycles(outcome)
    frame = pl.concat([_make_frame(outcome, *pair) for pair in found], how="diagonal_relaxed")
    rest = [name for name in frame.columns if name not in FIRST]
    origins = sorted({VIRTUAL_TAG if r.origin == "synthetic" else r.origin for r, _ in found})
    stream = io.BytesIO()
    about = {"nacre.study": outcome.study.name, "nacre.data": ", ".join(origins)}
    frame.select(*FIRST, *rest).write_parquet(stream, metadata=about)
    return stream.getvalue()


def _make_frame(outcome: Outcome, result: Result, curve: Curve) -> "pl.DataFrame":
    import polars as pl

    subject, cells = result.subject, outcome.study.cells
    sample = subject.sample or (cells[subject.cell].sample if subject.cell in cells else "")
    rows = len(next(iter(curve.columns.values()))[0])
    who = dict(zip(WHO, (sample, subject.cell, subject.measurement), strict=True))
    columns = {_make_title(name, unit): np.asarray(values) for name, (values, unit) in curve.columns.items()}
    frame = pl.DataFrame({name: [word] * rows for name, word in who.items()} | columns)
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def _make_title(name: str, unit: str) -> str:
    return name if name in FIRST else f"{name} / {unit}"
