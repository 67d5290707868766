"""Large regular tables of plain numbers and text, parsed by a compiled loop on every processor.

Only what is plain is taken: as many cells in every line, and in columns of numbers an optional sign, digits and one
decimal mark, or nothing. Anything else anywhere gives None, and the caller turns to a parser that knows more. A
number is a whole one below 2^53 over a power of ten up to 10^22: both are exact, so that the quotient is rounded right.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import polars as pl
from numba import njit

LEAST = 4_000_000  # bytes below which compiling, or loading what was compiled, costs more than it saves
_POWERS = 10.0 ** np.arange(23)
_NEWLINE, _MINUS, _PLUS, _ZERO, _QUOTE = 10, 45, 43, 48, 34
_MOST = (1 << 53) // 10 - 1


@njit(cache=True, nogil=True)
def _lines(letters):
    count = 0
    for letter in letters:
        count += letter == _NEWLINE
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _parse(letters, separator, mark, is_text, powers, numbers, words, empty):
    """Fills numbers (columns, lines) and words; marks columns with empty cells. Length of words, -1 where not plain."""
    i, w, line, columns, end = 0, 0, 0, is_text.size, letters.size
    while i < end:
        k = 0
        for column in range(columns):
            stop = _NEWLINE if column == columns - 1 else separator
            if is_text[column]:
                letter = letters[i]
                while letter != separator and letter != _NEWLINE:
                    if letter == _QUOTE:
                        return -1
                    words[w] = letter
                    w += 1
                    i += 1
                    letter = letters[i]
                words[w] = separator
                w += 1
            else:
                letter, signed = letters[i], 0
                negative = letter == _MINUS
                if negative or letter == _PLUS:
                    signed = 1
                    i += 1
                    letter = letters[i]
                begin, whole, point = i, 0, -1
                while True:
                    digit = letter - _ZERO
                    if 0 <= digit <= 9:
                        if whole > _MOST:
                            return -1
                        whole = 10 * whole + digit
                    elif letter == mark and point < 0:
                        point = i
                    else:
                        break
                    i += 1
                    letter = letters[i]
                digits = i - begin - (point >= 0)
                if digits == 0:
                    if i > begin or signed:
                        return -1
                    empty[k] = True
                    numbers[k, line] = np.nan
                else:
                    after = i - point - 1 if point >= 0 else 0
                    if after >= powers.size:
                        return -1
                    value = whole / powers[after]
                    numbers[k, line] = -value if negative else value
                k += 1
            if letters[i] != stop:
                return -1
            i += 1
        if w:
            words[w - 1] = _NEWLINE
        line += 1
    return w


def parse(data: bytes, separator: str, comma: bool, kinds: Mapping[str, pl.DataType]) -> pl.DataFrame | None:
    """Columns as `kinds` says (text, or floats for all others), None where a cell is not plain.

    data : lines that each end in a line feed, without a header.
    """
    letters = np.frombuffer(data, np.uint8)
    bounds = _bounds(data)
    text = np.array([kind == pl.String for kind in kinds.values()])
    with ThreadPoolExecutor(len(bounds)) as pool:
        parts = [letters[a:b] for a, b in bounds]
        counts = list(pool.map(_lines, parts))
        ends = np.cumsum(counts)
        numbers, empty = np.empty((int((~text).sum()), int(ends[-1]))), np.zeros(int((~text).sum()), bool)

        def job(k: int) -> bytes | None:
            words = np.empty(len(parts[k]) + 1, np.uint8)
            mine = numbers[:, ends[k] - counts[k] : ends[k]]
            marks = ord(separator), ord("," if comma else ".")
            length = _parse(parts[k], *marks, text, _POWERS, mine, words, empty)
            return None if length < 0 else words[:length].tobytes()

        found = list(pool.map(job, range(len(parts))))
    words = [part for part in found if part is not None]
    if len(words) < len(found):
        return None
    return _frame(numbers, empty, b"".join(words), separator, kinds)


def _bounds(data: bytes) -> list[tuple[int, int]]:
    """Begin and end of about equal parts of whole lines, one per processor."""
    end = len(data)
    while end > 1 and data[end - 2 : end] == b"\n\n":
        end -= 1
    count = os.cpu_count() or 1
    cuts = [0, *(data.find(b"\n", end * k // count) + 1 for k in range(1, count)), end]
    return [(a, b) for a, b in pairwise(cuts) if b > a]


def _frame(numbers, empty, words: bytes, separator: str, kinds) -> pl.DataFrame | None:
    names = [name for name, kind in kinds.items() if kind == pl.String]
    texts = {}
    if names:
        schema = dict.fromkeys(names, pl.String)
        frame = pl.read_csv(words, schema=schema, separator=separator, quote_char=None, has_header=False)
        texts = {name: frame[name] for name in names}
        if frame.height != numbers.shape[1]:
            return None
    columns, k = [], 0
    for name in kinds:
        if name in texts:
            columns.append(texts[name])
        else:
            columns.append(pl.Series(name, numbers[k], nan_to_null=bool(empty[k])))
            k += 1
    return pl.DataFrame(columns)
