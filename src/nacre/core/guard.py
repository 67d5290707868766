"""What could not be shown, and why: a fault costs its own figure, table, section or file, and is named."""

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacre.core.errors import NacreError


class Empty(NacreError):
    """There is nothing to show, and nothing went wrong."""


@dataclass(frozen=True)
class LeftOut:
    """A product that is not there: what it is, why, and whether something failed (else it is only empty)."""

    what: str
    why: str
    failed: bool

    def __str__(self) -> str:
        return f"{'FAILED' if self.failed else 'LEFT OUT'} {self.what}: {self.why}"


class Guard:
    """Makes products one by one and keeps the account of those that could not be made; each is named once."""

    def __init__(self):
        self.left_out: list[LeftOut] = []

    @property
    def failed(self) -> bool:
        """Whether something failed; what is only empty does not count."""
        return any(item.failed for item in self.left_out)

    def attempt(self, what: str, make: Callable, *args: Any, instead: Any = None) -> Any:
        """What `make(*args)` returns; `instead` where it fails or raises Empty, and `what` is then noted."""
        try:
            return make(*args)
        except Empty as error:
            self.note(what, error.what)
        except Exception as error:  # whatever it is, the rest is still to be written
            self.note(what, why(error), failed=True)
        return instead

    def each(self, name: Callable[[Any], str], make: Callable, items: Iterable) -> list:
        """`make(item)` of all items for which it can be made; `name(item)` says what the others would have been."""
        made = []
        for item in items:
            # a list tells "made, and it is None" from "not made"
            made += self.attempt(name(item), lambda item=item: [make(item)], instead=[])
        return made

    def note(self, what: str, why: str, *, failed: bool = False) -> None:
        """Put down that something is left out."""
        item = LeftOut(what, why, failed)
        if item not in self.left_out:
            self.left_out.append(item)


class Unguarded(Guard):
    """Keeps no account: an error goes to whoever called, and what is empty is passed over."""

    def attempt(self, what: str, make: Callable, *args: Any, instead: Any = None) -> Any:
        try:
            return make(*args)
        except Empty:
            return instead

    def note(self, what: str, why: str, *, failed: bool = False) -> None:
        pass


UNGUARDED = Unguarded()


def why(error: Exception) -> str:
    """An error in words; of one that nobody foresaw also the place in the code."""
    if isinstance(error, NacreError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}. Is the file open in another program, or the disk full?"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}: {error}"
