"""What is wrong with a file that a library cannot read, in words for the person who has the file."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nacre.core.errors import NacreError, ReadError
from nacre.core.signal import Note

_LEAST_TAIL = 256  # bytes of zeros below which nothing is said of them
_SHARE_TAIL = 0.2  # of the file: padding and black bars of pictures fill up to a tenth of it
_CUT_HDF5 = re.compile(r"truncated file: eof = (\d+).*stored_eof = (\d+)")
_CAUSES = (
    (re.compile(r"filter returned failure|inflate|ran off end of input|decompress|zlib|lzw|deflat", re.I),
     "a compressed block that cannot be unpacked"),
    (re.compile(r"synchronously open|address of object|message|heap|b-tree|superblock|signature", re.I),
     "a broken entry in its table of contents"),
    (re.compile(r"crc|checksum|bad zip|not a zip|central directory|magic number for file", re.I),
     "an archive whose parts do not fit together"),
)  # fmt: skip


@contextlib.contextmanager
def explain_damage(path: Path, format_words: str, do: str) -> Iterator[None]:
    """Turn whatever a library raises on a damaged file into a ReadError that says what is wrong with the file.

    Parameters
    ----------
    path : the file that is read inside.
    format_words : what the file should be, like "HDF5 file" or "picture".
    do : what the user can do about it.

    Raises
    ------
    ReadError
        For every exception inside but those of the product itself, lack of memory and interruption.
    """
    try:
        yield
    except (NacreError, MemoryError):
        raise
    except Exception as error:
        raise ReadError(
            f"the {format_words} is damaged or cut", where=path.name, found=describe_damage(error), do=do
        ) from error


def describe_damage(error: Exception) -> str:
    """What an exception of a library says of the file, without the library's own words.

    Examples
    --------
    >>> describe_damage(KeyError("Metadata"))
    "no entry 'Metadata'"
    """
    text = str(error)
    cut = _CUT_HDF5.search(text)
    if cut:
        return f"{cut[1]} bytes of the {cut[2]} that it states"
    for pattern, words in _CAUSES:
        if pattern.search(text):
            return words
    if isinstance(error, KeyError):
        return f"no entry '{error.args[0]}'" if error.args else "an entry is missing"
    if isinstance(error, UnicodeError):
        return "bytes that are no text where text is expected"
    if isinstance(error, EOFError):
        return "the end of the file before the end of its data"
    return "parts that contradict each other"


def note_zero_tail(path: Path, size: int) -> tuple[Note, ...]:
    """A warning where a binary file ends in so many zero bytes that it was probably cut while it was copied.

    Parameters
    ----------
    path : the file.
    size : its length in bytes.
    """
    count = _count_trailing_zeros(path, size)
    if count < max(_LEAST_TAIL, _SHARE_TAIL * size):
        return ()
    text = f"the last {count} of {size} bytes are zeros: a file that was cut while it was copied looks like this"
    return (Note("warning", f"{text}; compare its size and hash with the original's"),)


def _count_trailing_zeros(path: Path, size: int) -> int:
    block, count = 1 << 20, 0
    with path.open("rb") as stream:
        for end in range(size, 0, -block):
            stream.seek(max(0, end - block))
            data = stream.read(min(block, end))
            kept = data.rstrip(b"\0")
            count += len(data) - len(kept)
            if kept:
                break
    return count


def count_zero_tail(counts: np.ndarray) -> int:
    """How many of the last counts are zeros that no source of counts gives: those of a file cut while it was copied.

    Zeros count where eight or more end the record and the mean of the fifty values before them is 5 or more: a
    Poisson count of that mean is zero with a probability below 1 %, eight in a row below 1e-17.

    Parameters
    ----------
    counts : shape (n,), counts or rates in the order of the record.
    """
    values = np.asarray(counts, float)
    there = np.flatnonzero(values != 0)
    if there.size == 0:
        return 0
    tail = values.size - 1 - int(there[-1])
    before = values[max(0, there[-1] - 49) : there[-1] + 1]
    return tail if tail >= 8 and before.mean() >= 5 else 0
