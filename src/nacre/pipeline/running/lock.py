"""One run at a time on a study: two would take each other's half-written files.

`results/.cache/run.lock` is held by a lock of the operating system, which ends with its process however that ends:
what a killed run leaves behind does not stop the next one. The file says who holds it, for people. It stays when the
run is over: to remove it would let a run that has just opened it lock a file that nobody else sees.
"""

import contextlib
import datetime
import errno
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nacre.core.errors import StudyError

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_BEYOND = 1 << 20  # on Windows a locked byte cannot be read by others, and the words at the start should be
_OURS: set[Path] = set()


@contextlib.contextmanager
def held(results: Path) -> Iterator[None]:
    """The study whose results are kept in `results` is this process's until the end of the block; blocks may be nested.

    Raises StudyError where another process holds it. Where the file system knows no locks, nothing is held.
    """
    path = (results / ".cache" / "run.lock").absolute()
    if path in _OURS:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)), "r+b") as stream:
        if not _lock(stream):
            raise StudyError(
                f"another run ({_holder(stream)}) works on this study",
                where=str(results.parent),
                do=f"wait for it, or delete {path} if none runs",
            )
        _OURS.add(path)
        try:
            _write(stream, {"process": os.getpid(), "host": platform.node(), "since": _now().isoformat()})
            yield
        finally:
            _OURS.discard(path)
            _write(stream, {})
            _unlock(stream)


def _lock(stream: BinaryIO) -> bool:
    """Whether the file is now ours."""
    try:
        if os.name == "nt":
            import msvcrt

            stream.seek(_BEYOND)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _TAKEN
    return True


def _unlock(stream: BinaryIO) -> None:
    """On Windows a lock should be given back before its file is closed; elsewhere closing gives it back."""
    if os.name == "nt":
        import msvcrt

        with contextlib.suppress(OSError):
            stream.seek(_BEYOND)
            msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)


def _write(stream: BinaryIO, words: dict[str, object]) -> None:
    stream.seek(0)
    stream.truncate()
    stream.write(json.dumps(words).encode())
    stream.flush()


def _holder(stream: BinaryIO) -> str:
    """Who holds the file, in words: "process 123 since 14:03", with the host and the day where they are others."""
    stream.seek(0)
    try:
        words = json.loads(stream.read())
        since = datetime.datetime.fromisoformat(words["since"])
        host = "" if words["host"] == platform.node() else f" on {words['host']}"
        day = "%H:%M" if since.date() == _now().date() else "%Y-%m-%d %H:%M"
        return f"process {words['process']}{host} since {since.strftime(day)}"
    except (OSError, ValueError, KeyError):
        return "which has not said its name"


def _now() -> datetime.datetime:
    return datetime.datetime.now().astimezone()
