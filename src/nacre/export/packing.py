"""Which files of a study go into a crate, under which names, and the study file whose paths lead to them there.

A raw file may lie anywhere: what study.toml names outside the study's folder is stored as outside/N/..., one number
per folder named, and the packed study.toml says so in its `files`. A symbolic link is followed only within the study,
or within the folder outside that study.toml names; what it would drag in from elsewhere is left out and named.
"""

import json
import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from nacre.core.errors import NacreError
from nacre.core.guard import Guard
from nacre.core.outcome import Outcome

STUDY = "study.toml"
_KEPT = (".toml", ".csv", ".md", ".py")  # of the study's own folder, beside its raw files, plugins and results
_WILD = re.compile(r"[*?\[\]{}]")
_LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'")
_FILES = re.compile(rf"(?<![\w.-])files\s*=\s*(?:\[[^\]]*\]|{_LITERAL.pattern})")


@dataclass(frozen=True)
class Move:
    """A pattern of study.toml that would not lead to its files in a crate: they lie below `root`, go below `base`."""

    root: Path
    base: str
    rest: str

    @property
    def pattern(self) -> str:
        return "/".join(part for part in (self.base, self.rest) if part)


@dataclass
class Packing:
    """`files`: name in the crate -> where it is read. `study`: study.toml as packed, where its paths had to change."""

    files: dict[str, Path] = field(default_factory=dict)
    study: bytes | None = None

    def names(self, path: Path) -> list[str]:
        """Under which names a file is stored."""
        wanted = _make_absolute(path)
        return [name for name, source in self.files.items() if source == wanted]


def pack(outcome: Outcome, folder: Path, guard: Guard, crate: Path | None = None) -> Packing:
    """Everything of a study that belongs into a crate, itself left aside; `guard` names what does not go in.

    Raises NacreError where the paths in study.toml cannot be rewritten.
    """
    folder, packing = _make_absolute(folder), Packing()
    text = (folder / STUDY).read_text(encoding="utf-8-sig")
    moves = _plan_moves(text, folder)
    if moves:
        packing.study = _rewrite(text, moves).encode()
    for path in _list_used(outcome, folder):
        _take(packing, path, folder, moves, guard)
    for path in _list_own(folder):
        if crate is None or path != _make_absolute(crate):
            _add(packing, path.relative_to(folder).as_posix(), path, folder, guard)
    packing.files = dict(sorted(packing.files.items()))
    return packing


def _make_absolute(path: Path) -> Path:
    """Absolute and without `..`, links as they are."""
    return Path(os.path.abspath(path))


# --- which files ---------------------------------------------------------------------------------------------


def _list_used(outcome: Outcome, folder: Path) -> list[Path]:
    """Raw files of all measurements, and those that results say they come from."""
    files = [file for measurement in outcome.study.measurements for file in measurement.files]
    files += [Path(file) for result in outcome.results for file, _ in result.provenance.files]
    return sorted({_make_absolute(folder / file) for file in files})


def _list_own(folder: Path) -> list[Path]:
    """Study file, tables, notes, truth, plugins with all that lies beside them, results."""
    found = [path for path in folder.iterdir() if path.suffix in _KEPT]
    for room in ("plugins", "results"):
        below = (path for path in (folder / room).rglob("*") if "__pycache__" not in path.parts)
        found += [path for path in below if not _is_hidden(path, folder)]
    return [path for path in found if not path.is_dir()]


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _take(packing: Packing, path: Path, folder: Path, moves: dict[str, Move], guard: Guard) -> None:
    """A raw file, under every name by which the packed study.toml looks for it."""
    if path.is_relative_to(folder):
        _add(packing, path.relative_to(folder).as_posix(), path, folder, guard)
        return
    homes = [move for move in dict.fromkeys(moves.values()) if path.is_relative_to(move.root)]
    for move in homes:
        name = "/".join((move.base, path.relative_to(move.root).as_posix()))
        _add(packing, name, path, move.root, guard)
    if not homes:
        guard.note(
            f"file {path.name} in the crate", "it lies outside the study and no measurement in study.toml names it"
        )


def _add(packing: Packing, name: str, path: Path, root: Path, guard: Guard) -> None:
    """A file that is one, and lies below `root` also when links are followed."""
    what = f"file {name} in the crate"
    if not path.exists():
        guard.note(what, "it is not there, or its link leads nowhere", failed=True)
    elif not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        cure = "Name the place itself in study.toml, or put a copy there"
        guard.note(what, f"it is reached by a symbolic link that leads out of its folder. {cure}")
    elif not path.is_file():
        guard.note(what, "it is no regular file")
    else:
        packing.files[name] = path


# --- the study file ------------------------------------------------------------------------------------------


def _plan_moves(text: str, folder: Path) -> dict[str, Move]:
    """What is to be said in the crate instead of each pattern that leads out of the study or begins at the root."""
    bases: dict[Path, str] = {}
    moves = {}
    for pattern in _find_patterns(tomllib.loads(text)):
        path = PurePosixPath(pattern.replace("\\", "/"))
        if not (Path(path).is_absolute() or ".." in path.parts):
            continue
        fixed = next((i for i, part in enumerate(path.parts) if _WILD.search(part)), len(path.parts) - 1)
        root, rest = _make_absolute(folder / Path(*path.parts[:fixed])), "/".join(path.parts[fixed:])
        if ".." in rest.split("/"):
            raise NacreError(
                f"the pattern '{pattern}' goes up after a wildcard", where=STUDY, do="name the folder itself"
            )
        if root.is_relative_to(folder):
            base = root.relative_to(folder).as_posix()
            moves[pattern] = Move(root, "" if base == "." else base, rest)
        else:
            moves[pattern] = Move(root, bases.setdefault(root, f"{_choose_folder_name(folder)}/{len(bases) + 1}"), rest)
    return moves


def _choose_folder_name(folder: Path) -> str:
    """A folder's name that the study does not have yet."""
    name = "outside"
    while (folder / name).exists():
        name += "_"
    return name


def _find_patterns(document: dict) -> list[str]:
    found: list[str] = []
    for part in document.get("measurement", ()):
        files = part.get("files", ())
        found += [files] if isinstance(files, str) else files
    return list(dict.fromkeys(found))


def _rewrite(text: str, moves: dict[str, Move]) -> str:
    """study.toml with its patterns moved and every other letter as it was."""

    def literal(match: re.Match) -> str:
        pattern = tomllib.loads(f"x = {match[0]}")["x"]
        return json.dumps(moves[pattern].pattern, ensure_ascii=False) if pattern in moves else match[0]

    made = _FILES.sub(lambda match: _LITERAL.sub(literal, match[0]), text)
    if tomllib.loads(made) != _move_patterns(tomllib.loads(text), moves):
        where, do = STUDY, 'write each as files = "..." or files = ["...", "..."], without comments between'
        raise NacreError("the paths of raw files outside the study cannot be rewritten", where=where, do=do)
    return made


def _move_patterns(document: dict, moves: dict[str, Move]) -> dict:
    """What the rewritten file is to say."""
    new = {pattern: move.pattern for pattern, move in moves.items()}
    for part in document.get("measurement", ()):
        files = part.get("files", ())
        part["files"] = new.get(files, files) if isinstance(files, str) else [new.get(one, one) for one in files]
    return document
