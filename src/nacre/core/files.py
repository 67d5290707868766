"""Files, written whole or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

UNFINISHED = ".tmp-"  # how the name of a file begins that a killed process left half-written


@contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """A stream for the new content of a file, which takes its place once all of it is on the disk.

    Whoever reads the file meanwhile, or after a crash, sees the old content or the new, never half of it. Folders
    that do not exist yet are made. Raises OSError, and leaves the old content, where it cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{UNFINISHED}{uuid.uuid4().hex}")
    try:
        with beside.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write(path: str | Path, content: bytes | str) -> None:
    """Bytes, or text as UTF-8 with its line ends as they are, into a file (see `replacing`)."""
    with replacing(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)
