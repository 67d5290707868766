"""Readers, techniques and ageing mechanisms: the package's, those of installed packages, those of a study's plugins.

An installed package brings its own through entry points of the group `nacre.plugins`, each the name of a module that
defines READER, TECHNIQUE or MECHANISM as a file in `plugins/` does. What a study brings is known to that study alone.
"""

import hashlib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from nacre.core.contracts import HEAD_BYTES, Head, MechanismKind, Reader, Technique
from nacre.core.errors import NacreError, ReadError, did_you_mean, unknown
from nacre.core.unread_formats import advise
from nacre.core.vocabulary import Vocabulary, packaged

ENTRY_POINTS = "nacre.plugins"
KINDS = {"READER": Reader, "TECHNIQUE": Technique, "MECHANISM": MechanismKind}


@lru_cache(maxsize=4)
def _import_package(package: str, attribute: str) -> dict[str, Any]:
    """What the modules of a package and of its sub-rooms define under `attribute`, by name."""
    folder = importlib.import_module(package)
    modules = pkgutil.walk_packages(folder.__path__, f"{package}.")
    items = [getattr(importlib.import_module(module.name), attribute, None) for module in modules]
    return {item.name: item for item in sorted(filter(None, items), key=lambda item: item.name)}


@lru_cache(maxsize=64)
def _import_plugin(path: Path, digest: str):
    name = f"nacre_plugin_{path.stem}_{digest[:8]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        # not by the loader: it would take an older file of the same size and second out of __pycache__
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        line = frames[-1].lineno if frames else getattr(error, "lineno", 1)
        raise NacreError(
            "a plugin crashed while it was loaded",
            where=f"plugins/{path.name}:{line}",
            found=f"{type(error).__name__}: {error}",
            do="fix the plugin, or take the file out of plugins/",
        ) from error
    return module


@lru_cache(maxsize=1)
def installed() -> dict[str, ModuleType]:
    """Plugin modules of installed packages, by `package version: module`. Raises NacreError where one cannot load."""
    found = {}
    for entry in sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda entry: entry.value):
        owner = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an installed package"
        try:
            found[f"{owner}: {entry.value}"] = importlib.import_module(entry.value)
        except (Exception, SystemExit) as error:
            raise NacreError(
                "a plugin of an installed package crashed while it was loaded",
                where=f"{owner}: {entry.value}",
                found=f"{type(error).__name__}: {error}",
                do="update that package, or uninstall it",
            ) from error
    return found


def _import_plugins(folder: Path | None, attribute: str) -> dict[str, Any]:
    """What plugins define under `attribute`, by name; a study's own take precedence over installed ones."""
    brought = _gather_items(installed(), attribute)
    own = {f"plugins/{path.name}": _import_plugin(path, _digest(path)) for path in _list_files(folder)}
    return {**brought, **_gather_items(own, attribute)}


def _list_files(folder: Path | None) -> list[Path]:
    return sorted((folder / "plugins").glob("*.py")) if folder else []


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _gather_items(modules: Mapping[str, ModuleType], attribute: str) -> dict[str, Any]:
    found = {}
    for where, module in modules.items():
        item = getattr(module, attribute, None)
        if item is None and not any(hasattr(module, kind) for kind in KINDS):
            raise NacreError(
                "a plugin defines neither READER nor TECHNIQUE nor MECHANISM", where=where, do="see docs: add a reader"
            )
        if item is None:
            continue
        _check_kind(attribute, item, where)
        if item.name in found:
            raise NacreError(f"two plugins define '{item.name}'", where=where, do="rename one")
        found[item.name] = item
    return found


def _check_kind(attribute: str, item, where: str) -> None:
    if attribute == "MECHANISM":
        return _check_mechanism(item, where)
    kind = KINDS[attribute]
    if not isinstance(item, kind):
        raise NacreError(
            f"{attribute} is not a {kind.__name__}",
            where=where,
            found=type(item).__name__,
            do=f"write {attribute} = {kind.__name__}(...)",
        )
    return None


def _check_mechanism(item, where: str) -> None:
    lacks = [name for name in ("name", "words", "citation", "of", "advance") if not hasattr(item, name)]
    if not isinstance(item, type) or lacks:
        raise NacreError(
            "MECHANISM is not the class of an ageing mechanism",
            where=where,
            found=f"a class without {' and '.join(lacks)}" if isinstance(item, type) else type(item).__name__,
            expected="a class with name, words, citation, of(parameters) and advance(before, after, drive)",
            do="write MECHANISM = THE_CLASS; see docs: ageing",
        )


def readers(study_folder: Path | None = None) -> dict[str, Reader]:
    """All readers by name; a plugin's reader of the same name takes precedence."""
    return {**_import_package("nacre.readers", "READER"), **_import_plugins(study_folder, "READER")}


def techniques(study_folder: Path | None = None) -> dict[str, Technique]:
    """All techniques by name; a plugin's technique of the same name takes precedence."""
    return {**_import_package("nacre.techniques", "TECHNIQUE"), **_import_plugins(study_folder, "TECHNIQUE")}


def vocabulary(study_folder: Path | None = None) -> Vocabulary:
    """The package's words, and those of all techniques that a study knows, their titles among them.

    Raises NacreError where a technique gives a word that is known another unit.
    """
    own = tuple((path, _digest(path)) for path in _list_files(study_folder))
    return _build_vocabulary(study_folder if own else None, own)


@lru_cache(maxsize=64)
def _build_vocabulary(study_folder: Path | None, plugins: tuple[tuple[Path, str], ...]) -> Vocabulary:
    """`plugins`: what the answer depends on beside the folder, so that a changed file is seen."""
    found = packaged()
    for technique in techniques(study_folder).values():
        try:
            for kind, rows in technique.vocabulary.items():
                found = found.extended(kind, rows)
        except NacreError as error:
            raise error.at(f"vocabulary of technique '{technique.name}'") from None
        found = found.extended("technique", {technique.name: {"unit": "1", "words": technique.title}})
    return found


def technique(name: str, study_folder: Path | None = None, where: str = "") -> Technique:
    known = techniques(study_folder)
    if name not in known:
        raise unknown("technique", name, known, where)
    return known[name]


def mechanisms(study_folder: Path | None = None) -> dict[str, type[MechanismKind]]:
    """The classes of all ageing mechanisms by name. Raises NacreError where a plugin takes a name of the package."""
    known, own = (
        _import_package("nacre.cell.ageing.mechanisms", "MECHANISM"),
        _import_plugins(study_folder, "MECHANISM"),
    )
    for name, kind in own.items():
        if name in known:
            raise NacreError(
                f"'{name}' is the name of an ageing mechanism of the package",
                where=place(kind),
                do="give yours a name of its own; a rate of zero switches that of the package off",
            )
    return {**known, **own}


def place(kind: type) -> str:
    """`plugins/FILE` of a class that a plugin defines."""
    return f"plugins/{Path(getattr(sys.modules.get(kind.__module__), '__file__', None) or kind.__module__).name}"


def head(path: Path) -> Head:
    """The start of a file. Raises ReadError where there is none or it is empty."""
    try:
        with path.open("rb") as stream:
            start = stream.read(HEAD_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise ReadError("cannot open the file", where=str(path), found=error.strerror or str(error)) from None
    if not size:
        raise ReadError("the file is empty", where=path.name, found="0 bytes", do="export it again, or take it out")
    return Head(path, start, size)


def sniff(path: Path, known: Iterable[Reader]) -> list[tuple[float, Reader]]:
    """Readers that take the file, surest first. A sniffer that crashes takes nothing; it hinders no other."""
    start = head(path)
    scores = [(_score(reader, start), reader) for reader in known]
    return sorted(((s, r) for s, r in scores if s > 0), key=lambda pair: (-pair[0], pair[1].name))


def _score(reader: Reader, start: Head) -> float:
    try:
        return float(reader.sniff(start))
    except Exception:
        return 0.0


def _collect_advice(reader: Reader, start: Head) -> str:
    """What a reader knows to say of a file that none takes; a crash of its sniffer is reported here."""
    try:
        reader.sniff(start)
        return reader.refuse(start)
    except Exception as error:
        return f"reader '{reader.name}' crashed while it looked at the file ({type(error).__name__}: {error}); fix it"


def reader_for(path: Path, known: dict[str, Reader], wanted: str = "") -> Reader:
    """The reader of a file: the one named, else the one that fits best. Raises ReadError where none does, or two do."""
    if wanted:
        if wanted not in known:
            raise ReadError(f"unknown reader '{wanted}'", where=path.name, do=did_you_mean(wanted, known))
        return known[wanted]
    fits = sniff(path, known.values())
    if not fits:
        start = head(path)
        told = [_collect_advice(reader, start) for reader in known.values()]
        advice = list(filter(None, [*told, advise(start)]))
        kind = "binary data" if start.looks_binary else f"text that begins {start.text[:60]!r}"
        raise ReadError(
            "no reader knows this format",
            where=path.name,
            found=kind,
            do=advice[0] if advice else "see `nacre formats`, or put a reader into plugins/",
        )
    if len(fits) > 1 and fits[1][0] == fits[0][0]:
        names = [f"'{reader.name}'" for score, reader in fits if score == fits[0][0]]
        raise ReadError(
            f"{len(names)} readers fit this file equally well",
            where=path.name,
            found=" and ".join(names),
            do=f"say which in study.toml: reader = {names[0]}",
        )
    return fits[0][1]
