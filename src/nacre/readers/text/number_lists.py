"""Numbers one after the other: the values of a spectrum in lines of text, with the place of what is none."""

from collections.abc import Sequence

import numpy as np

from nacre.core.errors import ReadError
from nacre.readers.text.cells import reason_missing

_SHOWN = 40


def read_numbers(lines: Sequence[str], where: str, first: int = 1, *, do: str = "export it again") -> np.ndarray:
    """
    All numbers of some lines, apart by blanks, tabs or commas.

    Parameters
    ----------
    lines : the lines, without their ends.
    where : the file's name, for messages.
    first : the number of the first line in its file.
    do : what the user can do where a cell is no number.

    Returns
    -------
    ndarray, shape (n,)
        The values in the lines' order.

    Raises
    ------
    ReadError
        Where a cell is no finite number: it says the line, the cell and, where it is known, what the cell means.
    """
    text = " ".join(lines).replace(",", " ")
    try:
        values = np.array(text.split(), float)
    except ValueError:
        raise _find_cell(lines, where, first, do) from None
    # Python takes 1_000 for a number, and "nan" and "inf" too
    if "_" in text or not np.all(np.isfinite(values)):
        raise _find_cell(lines, where, first, do)
    return values


def read_number(cell: str, what: str, where: str, *, do: str = "export it again") -> float:
    """One number. Raises ReadError that says what it is of (`what`), what was found and what that means."""
    if not _is_number(cell):
        raise ReadError(f"{what} is not a number", where=where, found=_describe(cell), do=do)
    return float(cell)


def _find_cell(lines: Sequence[str], where: str, first: int, do: str) -> ReadError:
    for number, line in enumerate(lines, first):
        for cell in line.replace(",", " ").split():
            if not _is_number(cell):
                return ReadError("a value is not a number", where=f"{where}:{number}", found=_describe(cell), do=do)
    return ReadError("a value is not a number", where=f"{where}:{first}", do=do)


def _is_number(cell: str) -> bool:
    try:
        return "_" not in cell and bool(np.isfinite(float(cell)))
    except ValueError:
        return False


def _describe(cell: str) -> str:
    shown = repr(cell.strip()[:_SHOWN])
    reason = reason_missing(cell)
    return shown if reason in ("not understood", "empty") else f"{shown} ({reason})"
