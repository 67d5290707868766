"""A file, read: what its reader found in it, with hash, origin and name, which no reader needs to know of."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nacre.core import options as option_tools
from nacre.core import registry
from nacre.core.contracts import VIRTUAL_MARK, Reader
from nacre.core.errors import NacreError, ReadError, is_of_a_library, place_of
from nacre.core.signal import Signal, Source
from nacre.readers.damaged import note_zero_tail


def read(
    path: str | Path,
    reader: str | Reader | None = None,
    options: Mapping[str, Any] | None = None,
    plugins_folder: str | Path | None = None,
) -> list[Signal]:
    """
    Reads a file of an instrument.

    Parameters
    ----------
    path : str or Path
        The file.
    reader : str or Reader, optional
        The reader to use, or its name. Without it the one that fits the file best.
    options : mapping, optional
        The reader's options, as `reader_options` of study.toml has them: a length may be a number in the option's
        unit or text such as ``"0.1 mm"``.
    plugins_folder : str or Path, optional
        The folder in which ``plugins/`` stands, like that of a study: readers there count beside those of the package.

    Returns
    -------
    list of Signal
        What the file holds, in the file's order, at least one. Each has its `source` (path, SHA-256, reader), the
        `origin` "synthetic" where a virtual instrument made the file, and a name. Its arrays are read-only.

    Raises
    ------
    ReadError
        Where the file is absent, empty, damaged or of no known format; it says what was found and what to do.
    NacreError
        Where an option is unknown or out of bounds.
    """
    path = Path(path)
    if not isinstance(reader, Reader):
        known = registry.readers(Path(plugins_folder) if plugins_folder else None)
        reader = registry.reader_for(path, known, reader or "")
    chosen, _ = option_tools.resolve(reader.options, ("reader_options", options or {}))
    return read_with(reader, path, chosen)


def read_with(reader: Reader, path: Path, options: Any, sha256: str = "") -> list[Signal]:
    """As `read`, where reader and options (an instance of the reader's class) and perhaps the hash are known."""
    start = registry.head(path)
    signals = _signals(reader, path, options)
    if start.looks_binary:
        signals[0] = signals[0].with_notes(*note_zero_tail(path, start.size))
    source = Source(str(path), sha256 or hash_file(path), reader.name)
    return [
        replace(
            signal,
            source=source,
            origin="synthetic" if start.is_virtual or _bears_mark(signal) else signal.origin,
            name=signal.name or path.stem,
        )
        for signal in signals
    ]


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _signals(reader: Reader, path: Path, options: Any) -> list[Signal]:
    """What the reader gives, checked. Raises ReadError, whatever the reader raised."""
    try:
        return _checked(reader.read(path, options))
    except NacreError as error:
        raise error if path.name in str(error) else error.at(path.name) from None
    except MemoryError:
        cure = "close other programs, or export a part of the data"
        raise ReadError("reading the file takes more memory than there is", where=path.name, do=cure) from None
    except Exception as error:
        raise ReadError(
            f"reader '{reader.name}' met something that it does not know",
            where=path.name,
            found=f"{type(error).__name__} at {place_of(error)}: {error}",
            expected=reader.words,
            do="the file may be damaged: export it again; if it is not, report this line",
        ) from error
    except BaseException as error:
        if not is_of_a_library(error):
            raise
        raise ReadError(
            f"a library that reader '{reader.name}' uses gave up on the file",
            where=path.name,
            found=str(error).splitlines()[0][:200] if str(error) else type(error).__name__,
            expected=reader.words,
            do="the file is probably damaged: copy or export it again",
        ) from None


def _checked(signals: Any) -> list[Signal]:
    if isinstance(signals, Signal):
        raise TypeError("a reader gives a list of signals, not one")
    signals = list(signals)
    if not signals:
        raise ReadError("the file holds no data", do="export it again, or take it out")
    strangers = [type(item).__name__ for item in signals if not isinstance(item, Signal)]
    if strangers:
        raise TypeError(f"a reader gives a list of signals, not of {strangers[0]}")
    return signals


def _bears_mark(signal: Signal) -> bool:
    """Whether a variable's name or the metadata bear the mark of virtual instruments.

    In parquet, workbooks, HDF5 and re-saved pictures the mark may stand far from the file's start, or compressed.
    """
    return any(VIRTUAL_MARK in name for name in signal.variables) or _has_mark(signal.metadata)


def _has_mark(item: Any) -> bool:
    if isinstance(item, str):
        return VIRTUAL_MARK in item
    if isinstance(item, Mapping):
        return any(_has_mark(part) for part in item.values())
    return isinstance(item, (list, tuple)) and any(_has_mark(part) for part in item)
