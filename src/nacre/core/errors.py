"""Errors that say where, what was found, what was expected and what to do."""

import difflib
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path


class NacreError(Exception):
    """An error a user can act on.

    Parameters
    ----------
    what : one sentence on what is wrong.
    where : file:line, sample, cell or measurement.
    found, expected : what was there, and what should have been.
    do : the cure, as an instruction.
    """

    def __init__(self, what: str, *, where: str = "", found: str = "", expected: str = "", do: str = ""):
        self.what, self.where, self.found, self.expected, self.do = what, where, found, expected, do
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        for label, part in (("found", self.found), ("expected", self.expected)):
            if part:
                text += f"; {label} {part}"
        text = text.rstrip(".") + "."
        if not self.do:
            return text
        return f"{text} {self.do[:1].upper()}{self.do[1:]}" + ("" if self.do[-1] in ".?!" else ".")

    def __reduce__(self):
        # exceptions cross process borders in parallel runs; keyword-only arguments need help to do so
        return _rebuild, (type(self), self.what, self.where, self.found, self.expected, self.do)

    def at(self, where: str) -> "NacreError":
        """The same error, with the place put in front of the place it knew."""
        place = f"{where}: {self.where}" if self.where else where
        return type(self)(self.what, where=place, found=self.found, expected=self.expected, do=self.do)


def _rebuild(kind, what, where, found, expected, do):
    return kind(what, where=where, found=found, expected=expected, do=do)


class ReadError(NacreError):
    """A file that cannot be read as what it claims to be."""


class StudyError(NacreError):
    """Something wrong in study.toml or cells.csv."""


class NotAssessable(NacreError):
    """The data are sound, but do not hold the answer that was asked for."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the nearest known names, or the list of them where it is short."""
    known = sorted(set(known))
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.6)
    lowered = {word.lower(): word for word in known}
    if not near and name.lower() in lowered:
        near = [lowered[name.lower()]]
    if near:
        return "did you mean " + " or ".join(f"'{word}'" for word in near) + "?"
    if 0 < len(known) <= 12:
        return "known: " + ", ".join(known)
    return ""


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> NacreError:
    """The error for a name that nobody knows."""
    return NacreError(f"unknown {kind} '{name}'", where=where, do=did_you_mean(name, known))


def gathered(what: str, errors: Sequence[NacreError], where: str = "") -> NacreError:
    """One error for several, each on a line of its own; a single one as it is."""
    if len(errors) == 1:
        return errors[0]
    kind = NotAssessable if all(isinstance(error, NotAssessable) for error in errors) else NacreError
    return kind(f"{len(errors)} {what}", where=where, do="\n" + "\n".join(f"- {error}" for error in errors))


def crash_words(error: Exception, whose: str) -> str:
    """A sentence for an error nobody foresaw, with the place in the code."""
    return f"{whose} crashed at {place_of(error)}: {type(error).__name__}: {error}"


def is_of_a_library(error: BaseException) -> bool:
    """Whether an error is one that a compiled library raises past `except Exception`, not the end of the program."""
    return not isinstance(error, (Exception, KeyboardInterrupt, SystemExit, GeneratorExit))


def place_of(error: Exception) -> str:
    """`FILE:LINE` of the code that raised an error: of the last that is not a library's, where there is such."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    frame = (own or frames)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
