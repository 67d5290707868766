"""What to say of a file that no reader takes: what it is, by first bytes, words and suffix, and which export serves."""

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from nacre.core.contracts import Head

_NEAR_START = 8192


@lru_cache(maxsize=1)
def load_formats() -> tuple[dict[str, Any], ...]:
    """The rows of unread_formats.toml, their signatures as bytes."""
    text = files("nacre.core").joinpath("unread_formats.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["format"]
    return tuple(row | {key: tuple(map(_to_bytes, row.get(key, ()))) for key in ("start", "holds")} for row in rows)


def advise(head: Head) -> str:
    """One sentence on what a file is and which export to make; "" where nothing is known of it.

    Parameters
    ----------
    head : the file's name, first bytes and size.
    """
    if not head.start.strip(b"\0"):
        return "the file holds zeros alone: it was cut while it was copied; copy it again from the instrument"
    row = next((row for row in load_formats() if _fits(row, head)), None)
    return f"this is {row['words']}: {row['do']}" if row else ""


def _fits(row: dict[str, Any], head: Head) -> bool:
    suffixes = row.get("suffixes", ())
    if suffixes and head.suffix not in suffixes:
        return False
    # exports as text may begin with a mark of their encoding
    start = head.start.removeprefix(b"\xef\xbb\xbf").lstrip() if not head.looks_binary else head.start
    if row["start"] and start.startswith(row["start"]):
        return True
    near = head.start[:_NEAR_START]
    if row["holds"] and any(word in near or _as_utf16(word) in near for word in row["holds"]):
        return True
    return not row["start"] and not row["holds"]


def _as_utf16(word: bytes) -> bytes:
    return word.decode("latin-1").encode("utf-16-le")


def _to_bytes(text: str) -> bytes:
    r"""Text as bytes, `\xNN` as the byte that it names."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")
