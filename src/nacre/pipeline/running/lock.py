"""One run at a time on a study: two would take each other's half-written files.

`results/.cache/run.lock` is held by a lock of the operating system (`filelock.FileLock`), which ends with its process
however that ends: what a killed run leaves behind does not stop the next one. `run.json` beside it says who holds it,
for people: on Windows a locked file cannot be read.
"""

import contextlib
import datetime
import errno
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from nacre.core import files
from nacre.core.errors import StudyError

# a file system that knows no locks: some network drives
_LOCKLESS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}


@contextlib.contextmanager
def held(results: Path) -> Iterator[None]:
    """The study whose results are kept in `results` is this process's until the end of the block; blocks may be nested.

    Raises StudyError where another process holds it. Where the file system knows no locks, nothing is held.
    """
    folder = (results / ".cache").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    # one object per file in a process, which counts how often it was taken: so blocks may be nested
    lock = FileLock(folder / "run.lock", timeout=0, is_singleton=True)
    _take(lock, folder / "run.json", results.parent)
    try:
        if lock.lock_counter == 1:
            words = {"process": os.getpid(), "host": platform.node(), "since": _format_now().isoformat()}
            files.write(folder / "run.json", json.dumps(words))
        yield
    finally:
        if lock.lock_counter == 1:
            (folder / "run.json").unlink(missing_ok=True)
        lock.release()


def _take(lock: FileLock, words: Path, study: Path) -> None:
    try:
        lock.acquire()
    except Timeout:
        raise StudyError(
            f"another run ({_read_holder(words)}) works on this study",
            where=str(study),
            do=f"wait for it, or delete {lock.lock_file} if none runs",
        ) from None
    except OSError as error:
        if error.errno not in _LOCKLESS:
            raise


def _read_holder(path: Path) -> str:
    """Who holds the lock, in words: "process 123 since 14:03", with the host and the day where they are others."""
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
        since = datetime.datetime.fromisoformat(words["since"])
        host = "" if words["host"] == platform.node() else f" on {words['host']}"
        day = "%H:%M" if since.date() == _format_now().date() else "%Y-%m-%d %H:%M"
        return f"process {words['process']}{host} since {since.strftime(day)}"
    except (OSError, ValueError, KeyError):
        return "of unknown name"


def _format_now() -> datetime.datetime:
    return datetime.datetime.now().astimezone()
