"""Lines of a table that have another number of cells than its rows: joined with their neighbour, or cut short."""

import numpy as np
import polars as pl

_FEW = 0.01  # share of all lines up to which a width is an accident; what is commoner is a habit of the program
_NEWLINE = 10


def set_apart(body: bytes, separator: str) -> tuple[bytes, list[tuple[int, str]]]:
    """
    The lines whose number of cells is usual in a table, and the others.

    Parameters
    ----------
    body : lines of a table without its headings, each ending in a line feed. Blank lines stay.
    separator : one letter of ASCII.

    Returns
    -------
    (bytes, list of (int, str))
        The body with each odd line emptied, so that line numbers hold, and the odd lines: their number from 1 and text.
        A width is odd where at most one line, or one in a hundred, has it, and another is commoner.
    """
    letters = np.frombuffer(body, np.uint8)
    ends = np.flatnonzero(letters == _NEWLINE)
    if ends.size < 3:
        return body, []
    starts = np.concatenate([[0], ends[:-1] + 1])
    before = np.concatenate([[0], np.cumsum(letters == ord(separator))])
    cells = before[ends] - before[starts]
    widths, which, counts = np.unique(cells, return_inverse=True, return_counts=True)
    most = int(counts.max())
    rare = (counts <= max(1, _FEW * ends.size)) & (counts < most)
    places = np.flatnonzero(rare[which])
    odd = [(int(i), body[starts[i] : ends[i]]) for i in places if body[starts[i] : ends[i]].strip()]
    if not odd or widths.size == 1:
        return body, []
    parts, at = [], 0
    for i, _ in odd:
        parts.append(body[at : starts[i]])
        at = int(ends[i])
    parts.append(body[at:])
    return b"".join(parts), [(i + 1, line.decode(errors="replace").strip()) for i, line in odd]


def drop_empty(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that hold anything: an emptied line is no record."""
    return frame.filter(~pl.all_horizontal(pl.all().is_null()))
