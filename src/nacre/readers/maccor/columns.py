"""Columns of a MACCOR export by what they are, and the table that is made of them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from nacre.core.signal import Note
from nacre.readers.maccor.header import Layout
from nacre.readers.maccor.table import RawTable


@dataclass
class Table:
    """Columns under their final names, `{name: (values, unit)}`, with the notes gathered on the way."""

    columns: dict[str, tuple[np.ndarray, str]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def note(self, level: str, text: str) -> None:
        self.notes.append(Note(level, text))


class Columns:
    """Columns of the file by role."""

    def __init__(self, raw: RawTable, layout: Layout):
        self.raw, self.layout = raw, layout

    def series(self, role: str) -> pl.Series | None:
        place = self.layout.where(role)
        return None if place is None else self.raw.frame[f"c{place}"]

    def unit(self, role: str) -> str:
        place = self.layout.where(role)
        return "" if place is None else self.layout.columns[place].unit

    def name(self, role: str) -> str:
        place = self.layout.where(role)
        return "" if place is None else self.layout.columns[place].name

    def numbers(self, role: str) -> np.ndarray | None:
        series = self.series(role)
        return None if series is None else to_numbers(series)

    def whole(self, role: str) -> np.ndarray | None:
        """Whole numbers, a missing one taken from the record before."""
        series = self.series(role)
        if series is None:
            return None
        series = series.cast(pl.Float64, strict=False).fill_null(strategy="forward").fill_null(0)
        return series.round().cast(pl.Int64).to_numpy()


def to_numbers(series: pl.Series) -> np.ndarray:
    """Values as floats, NaN where there are none."""
    series = series.cast(pl.Float64, strict=False)
    return (series.fill_null(float("nan")) if series.null_count() else series).to_numpy()


def text_array(series: pl.Series) -> np.ndarray:
    """A text column as an array of fixed-width strings, "" where there is none."""
    series = series.fill_null("").str.strip_chars()
    words = series.unique().sort()
    codes = series.cast(pl.Enum(words)).to_physical().to_numpy()
    return np.array(words.to_list(), dtype=str)[codes]
