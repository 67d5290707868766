"""The rows of a cycling record, one file or several joined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nacre.core.result import Check

COLUMNS = ("time", "voltage", "current", "step", "cycle", "number")


@dataclass(frozen=True)
class CyclingRecord:
    """The records of one test, its files joined: time in s, voltage in V (NaN: not recorded), current in A (rows,).

    `counted` is the charge in C between each row and the one before by each of the file's counters, `digits` their last
    digits in C. `number` is each row's place in its file, from 1. `breaks` are the first rows of every file but the
    first: the record was interrupted before them. `lost` are rows before which the clock cannot be believed. `began` is
    the wall clock at the first row in s since 1970, NaN where the file has none. `stopped` says why no number can be
    taken from the record, "" where some can.
    """

    time: np.ndarray
    voltage: np.ndarray
    current: np.ndarray
    counted: Mapping[str, np.ndarray] = field(default_factory=dict)
    digits: Mapping[str, float] = field(default_factory=dict)
    step: np.ndarray | None = None
    cycle: np.ndarray | None = None
    number: np.ndarray | None = None
    breaks: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()
    where: str = ""
    origin: str = "measured"
    checks: tuple[Check, ...] = ()
    began: float = np.nan
    stopped: str = ""

    def __len__(self) -> int:
        return len(self.time)

    def name_rows(self, first: int, last: int) -> str:
        """Rows as a reader of the file would find them."""
        if self.number is None:
            return f"rows {first + 1} to {last + 1}"
        return f"records {self.number[first]} to {self.number[last]}"


def select_rows(rows: CyclingRecord, chosen: np.ndarray) -> CyclingRecord:
    """The rows chosen by a mask or by their places, in that order."""
    columns = {name: v[chosen] for name in COLUMNS if (v := getattr(rows, name)) is not None}
    return replace(rows, **columns, counted={name: v[chosen] for name, v in rows.counted.items()})


def concatenate(pieces: Sequence[CyclingRecord]) -> CyclingRecord:
    """One record from its pieces, whose times run on already; a counter that a piece lacks is dropped."""
    if len(pieces) == 1:
        return pieces[0]
    columns: dict[str, Any] = {name: _concatenate_column([getattr(p, name) for p in pieces]) for name in COLUMNS}
    shared = [name for name in pieces[0].counted if all(name in p.counted for p in pieces)]
    counted = {name: np.concatenate([p.counted[name] for p in pieces]) for name in shared}
    digits = {name: max(p.digits.get(name, 0.0) for p in pieces) for name in shared}
    origins = {p.origin for p in pieces}
    # a test is as little measured as the least measured of its files
    origin = next((o for o in ("predicted", "synthetic") if o in origins), "measured")
    first = np.cumsum([0, *(len(p) for p in pieces)])
    return CyclingRecord(
        **columns,
        counted=counted,
        digits=digits,
        breaks=tuple(int(row) for row in first[1:-1]),
        lost=tuple(int(start + row) for p, start in zip(pieces, first[:-1], strict=True) for row in p.lost),
        origin=origin,
        checks=tuple(check for p in pieces for check in p.checks),
        began=pieces[0].began,
        stopped=next((p.stopped for p in pieces if p.stopped), ""),
    )


def _concatenate_column(pieces: Sequence[Any]) -> Any:
    """One column of all files (rows,); None where a file lacks it."""
    return None if any(piece is None for piece in pieces) else np.concatenate(pieces)
