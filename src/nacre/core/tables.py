"""Tables (polars) of what a study found: a row per quantity, per cycle, per contrast.

polars is imported when a table is asked for, so that importing the nouns of a study stays quick.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from nacre.core import vocabulary
from nacre.core.errors import unknown
from nacre.core.result import Curve, Entry, Result, Subject
from nacre.core.study import Study

if TYPE_CHECKING:
    import polars as pl

WHO = ("sample", "cell", "measurement")
OF_QUANTITY = ("value", "std", "lo95", "hi95", "unit", "n", "basis", "origin")
FIRST = (*WHO, "cycle", "rate_C", "segment", "whole")  # the rest follows in the order of the techniques


def quantities(
    results: Iterable[Result], study: Study, where: Mapping[str, Any], state: Mapping[str, Any]
) -> "pl.DataFrame":
    """
    A row per quantity.

    Parameters
    ----------
    results : iterable of Result
        Where the quantities are.
    study : Study
        Names the sample of each cell.
    where : mapping
        What a row must be: `name`, `technique`, `sample`, `cell`, `measurement`; each a word, several, or None for any.
    state : mapping
        What its state must hold, such as ``{"cycle": 1}``: a value, or several.

    Returns
    -------
    polars.DataFrame
        Columns sample, cell, measurement, technique, name, a column per key of the states, then value, std, lo95,
        hi95, unit, n, basis and origin. No row where words that are known do not occur together.

    Raises
    ------
    NacreError
        Where a name, a sample ... or a key of the state is unknown; it says which was probably meant.
    """
    rows = [_make_row(result, entry, study) for result in results for entry in result.entries]
    _refuse_unknown(rows, study, where, state)
    asked = {key: _make_tuple(value) for key, value in where.items() if value is not None}
    held = {key: _make_tuple(value) for key, value in state.items()}
    kept = [row for row in rows if _is_wanted(row, asked, held)]
    return _make_frame(kept, (*WHO, "technique", "name"), OF_QUANTITY)


def _is_wanted(row: Mapping[str, Any], asked: Mapping[str, tuple], held: Mapping[str, tuple]) -> bool:
    if not all(row[key] in values for key, values in asked.items()):
        return False
    return all(_is_one_of(row["state"].get(key), values) for key, values in held.items())


def _make_row(result: Result, entry: Entry, study: Study) -> dict[str, Any]:
    subject, q = entry.subject or result.subject, entry.quantity
    who = {"sample": find_sample(subject, study), "cell": subject.cell, "measurement": subject.measurement}
    numbers = {name: getattr(q, name) for name in OF_QUANTITY}
    if result.origin == "synthetic" and q.origin in ("derived", "measured"):  # what a virtual file gave stays marked
        numbers["origin"] = "synthetic"
    return {**who, "technique": result.technique, "name": entry.name, "state": dict(entry.state), **numbers}


def find_sample(subject: Subject, study: Study) -> str:
    """The sample that a subject belongs to: its own, or that of its cell; "" for neither."""
    if subject.sample or subject.cell not in study.cells:
        return subject.sample
    return study.cells[subject.cell].sample


def _make_tuple(value: Any) -> tuple:
    return tuple(value) if isinstance(value, (list, tuple, set, frozenset, range)) else (value,)


def _is_one_of(value: Any, wanted: tuple) -> bool:
    if isinstance(value, float):  # a rate of 1/3 need not be typed to the last digit
        return any(isinstance(w, (int, float)) and math.isclose(value, w, rel_tol=1e-6) for w in wanted)
    return value in wanted


def _refuse_unknown(rows: Sequence[Mapping], study: Study, where: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    # words that are known may be without a row: only what nobody knows is a mistake
    known = {"name": vocabulary.words("quantity"), "sample": study.samples, "cell": study.cells}
    for key, value in where.items():
        found = {row[key] for row in rows} | set(known.get(key, ()))
        for word in _make_tuple(value) if value is not None else ():
            if word not in found:
                raise unknown("quantity" if key == "name" else key, str(word), found - {""}, study.name)
    keys = {key for row in rows for key in row["state"]} | set(vocabulary.words("state"))
    for key in state:
        if key not in keys:
            raise unknown("column or key of a state", key, {*where, *keys}, study.name)


def _make_frame(rows: Sequence[Mapping[str, Any]], first: Sequence[str], last: Sequence[str]) -> "pl.DataFrame":
    """Rows as a table, the keys of their `state` as columns between the first and the last."""
    import polars as pl

    keys = list(dict.fromkeys(key for row in rows for key in row["state"]))
    columns = {name: [row[name] for row in rows] for name in first}
    columns |= {key: [row["state"].get(key) for row in rows] for key in keys if key not in (*first, *last)}
    columns |= {name: [row[name] for row in rows] for name in last}
    types = {**dict.fromkeys(_TEXT, pl.String), **dict.fromkeys(_REAL, pl.Float64), "n": pl.Int64}
    return pl.DataFrame([pl.Series(name, _unify_types(values), types.get(name)) for name, values in columns.items()])


_TEXT = (*WHO, "technique", "name", "unit", "basis", "origin", "reference", "treated", "verdict", "endpoint", "method")
_REAL = (
    *("value", "std", "lo95", "hi95", "difference", "ratio", "effect", "reference_value", "treated_value"),
    *("p", "p_adjusted", "df", "margin", "scatter95"),
)


def _unify_types(values: list) -> list:
    """Values of one type: of words and numbers in one column words are made, of whole and other numbers numbers."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    if len(kinds) > 1:
        return [None if value is None else str(value) for value in values]
    return values


# --- cycles and contrasts --------------------------------------------------------------------------------------


def tables_of_cycles(results: Iterable[Result]) -> list[tuple[Result, Curve]]:
    """The curves named `cycles` with a row per cycle of one measurement, each with its result."""
    return [
        (result, curve)
        for result in results
        for curve in result.curves
        if curve.name == "cycles" and result.subject.measurement and {"cycle", "whole"} <= set(curve.columns)
    ]


def cycles(results: Iterable[Result], study: Study) -> "pl.DataFrame":
    """A row per cell, measurement and cycle; a number's column is called `name / unit`, what a cycle lacks is null.

    `whole` is false where the file ends inside the cycle, or one of its half cycles is missing.
    """
    import polars as pl

    frames = [_make_cycles(result, curve, study) for result, curve in tables_of_cycles(results)]
    if not frames:
        return pl.DataFrame(schema=dict.fromkeys(WHO, pl.String) | {"cycle": pl.Int64, "whole": pl.Boolean})
    frame = pl.concat(frames, how="diagonal_relaxed")
    first = [name for name in FIRST if name in frame.columns]
    return frame.select(*first, *(name for name in frame.columns if name not in FIRST))


def _make_cycles(result: Result, curve: Curve, study: Study) -> "pl.DataFrame":
    import polars as pl

    subject = result.subject
    rows = len(next(iter(curve.columns.values()))[0])
    who = dict(zip(WHO, (find_sample(subject, study), subject.cell, subject.measurement), strict=True))
    columns = {_cycle_title(name, unit): np.asarray(values) for name, (values, unit) in curve.columns.items()}
    frame = pl.DataFrame({name: [word] * rows for name, word in who.items()} | columns)
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def _cycle_title(name: str, unit: str) -> str:
    return name if name in FIRST else f"{name} / {unit}"


def contrasts(found: Sequence[Any]) -> "pl.DataFrame":
    """A row per contrast: reference, treated, name, a column per key of the states, then all its numbers."""
    first = ("name", "reference", "treated")
    if not found:
        return _make_frame([], (*first, "difference", "unit", "lo95", "hi95", "p_adjusted", "verdict"), ())
    names = [field.name for field in fields(found[0]) if field.name not in (*first, "state", "quantities")]
    rows = [{name: getattr(row, name) for name in (*first, "state", *names)} for row in found]
    return _make_frame(rows, first, names)
