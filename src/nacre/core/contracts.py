"""What a reader, a technique and an ageing mechanism must offer. Each is one file that defines one of these objects.

A reader's file ends with `READER = Reader(...)`, a technique's with `TECHNIQUE = Technique(...)`, a mechanism's with
`MECHANISM = ...`, its class; nothing else anywhere needs to know of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from nacre.core.context import Context
from nacre.core.options import NoOptions
from nacre.core.result import Result
from nacre.core.signal import Signal

HEAD_BYTES = 65536
VIRTUAL_MARK = "NACRE VIRTUAL"


@dataclass(frozen=True)
class Head:
    """The beginning of a file, as a sniffer sees it."""

    path: Path
    start: bytes
    size: int

    @property
    def suffix(self) -> str:
        return self.path.suffix.lower()

    @property
    def text(self) -> str:
        """The start as text, whatever its encoding: for looking, not for reading."""
        if self.start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return self.start.decode("utf-16", errors="replace")
        return self.start.decode("utf-8-sig", errors="replace")

    @property
    def looks_binary(self) -> bool:
        return b"\0" in self.start[:4096] and self.start[:2] not in (b"\xff\xfe", b"\xfe\xff")

    @property
    def is_virtual(self) -> bool:
        """Whether a virtual instrument wrote this file (every one writes the mark near its start)."""
        return VIRTUAL_MARK.encode() in self.start or VIRTUAL_MARK.encode("utf-16-le") in self.start


@dataclass(frozen=True)
class Reader:
    """One instrument format.

    sniff : Head -> 0 (not mine) to 1 (certainly mine). Never raises, never reads further.
    read : (path, options) -> signals, of data and notes alone: `nacre.readers.reading` adds source and origin. Raises
        ReadError. `options` is an instance of `options`'s class.
    write : (signal, path) -> None where a virtual instrument needs one, else None.
    refuse : Head -> a sentence for a file of this maker that cannot be read as it is, naming the export that
        would make it readable; "" otherwise.
    """

    name: str
    words: str
    kinds: tuple[str, ...]
    suffixes: tuple[str, ...]
    sniff: Callable[[Head], float]
    read: Callable[[Path, Any], Sequence[Signal]]
    options: type = NoOptions
    write: Callable[[Signal, Path], None] | None = None
    refuse: Callable[[Head], str] = field(default=lambda head: "")


@dataclass(frozen=True)
class Technique:
    """One way to turn signals (and results of other techniques) into results.

    accepts : the kinds of Signal it takes. A measurement of such a kind is analysed without being asked, unless
        `asked` is set: then only an `[[analysis]]` in study.toml runs it.
    analyse : (inputs, context, options) -> results. `inputs` maps the names of study.toml to a Signal, a
        Result or a list of them; a plain measurement arrives as {"signal": Signal}, the parts of one that has
        several files as {"signal": [Signal, ...]} in the order of their start. Their arrays are read-only.
    needs : names of declared inputs without which it cannot run; `nacre check` asks for them beforehand. Where they
        depend on the options: options -> names.
    vocabulary : words of its own: {"quantity": {...}, "state": {...}, "input": {...}}.
    relations : what its quantities must fulfil together with others', as rows of the ledger (see evidence.relation).
    place : where the table of its quantities belongs in the reference paper's order ("Tab. S1").
    """

    name: str
    title: str
    accepts: tuple[str, ...]
    analyse: Callable[[Mapping[str, Any], Context, Any], list[Result]]
    options: type = NoOptions
    asked: bool = False
    needs: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    vocabulary: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    citations: tuple[str, ...] = ()
    relations: tuple[Mapping[str, Any], ...] = ()
    place: str = ""


class MechanismKind(Protocol):
    """The class of an ageing mechanism of the cell model (see `nacre.cell.ageing.slow_states` and docs/ageing.md).

    of : the numbers of a cell (`nacre.cell.parameters.CellParameters`) -> the mechanism, or None where they switch it
        off. A class may also have `numbers`: those of its own that may stand under [ageing], by name, each a
        `nacre.cell.parameters.ParameterSpec`.
    """

    name: str
    words: str
    citation: str

    @staticmethod
    def of(parameters: Any) -> Any: ...

    def advance(self, before: Any, after: Any, drive: Any) -> Any: ...
