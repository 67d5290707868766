"""`nacre new`: a folder of raw files -> study.toml and cells.csv, with blanks where only a person knows."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nacre.core import registry, vocabulary
from nacre.core.errors import ReadError, StudyError
from nacre.pipeline.expand import natural
from nacre.pipeline.naming import Named, is_reference, read_names

CELL_KINDS = ("cycling", "impedance")
_IGNORED = (".toml", ".csv", ".md", ".json", ".py", ".ini", ".lnk", ".xlsx", ".docx", ".pdf")


@dataclass(frozen=True)
class Seen:
    """One raw file: the reader that takes it and its kind, or why none does."""

    path: Path
    reader: str = ""
    kind: str = ""
    why_not: str = ""


@dataclass(frozen=True)
class NewStudy:
    """What `nacre new` made: the files it wrote, what it read, what it left out, what is still blank."""

    study: Path
    cells: Path | None
    seen: tuple[Seen, ...]
    blanks: tuple[str, ...]


def look(raw: Path) -> list[Seen]:
    """Every file below a folder, with the reader that takes it. Raises StudyError where the folder has no files."""
    if not raw.is_dir():
        raise StudyError("no such folder", where=str(raw), do="name the folder that holds the raw files")
    paths = [
        p for p in raw.rglob("*") if p.is_file() and not any(part.startswith(".") for part in p.parts[len(raw.parts) :])
    ]
    if not paths:
        raise StudyError("the folder holds no files", where=str(raw))
    readers = registry.readers()
    return [_look(path, readers) for path in sorted(paths, key=natural)]


def _look(path: Path, readers) -> Seen:
    try:
        reader = registry.reader_for(path, readers)
    except ReadError as error:
        return Seen(path, why_not=str(error))
    return Seen(path, reader.name, reader.kinds[0])


def new(folder: Path, raw: Path, name: str = "") -> NewStudy:
    """Writes study.toml and cells.csv into `folder` for the raw files below `raw`.

    Raises StudyError where a study is there already (nothing is overwritten) or no file can be read.
    """
    target = folder / "study.toml"
    if target.exists():
        raise StudyError(
            "there is a study here already", where=str(target), do="choose another folder, or edit that one"
        )
    seen = look(raw)
    known = [s for s in seen if s.kind]
    if not known:
        why = seen[0].why_not
        raise StudyError(
            "none of the files can be read", where=str(raw), found=f"{len(seen)} files", do=f"for example, {why}"
        )
    named = {n.path: n for kind in _kinds(known) for n in read_names([s.path for s in known if s.kind == kind])}
    folder.mkdir(parents=True, exist_ok=True)
    cells = _cells([named[s.path] for s in known if s.kind in CELL_KINDS])
    samples = list(dict.fromkeys(n.sample for n in named.values()))
    samples.sort(key=lambda sample: (not is_reference(sample), natural(Path(sample))))
    text = _study_text(name or folder.resolve().name, samples, known, named, cells, folder)
    target.write_text(text, encoding="utf-8", newline="\n")
    cells_path = None
    if cells:
        cells_path = folder / "cells.csv"
        cells_path.write_text(_cells_text(cells), encoding="utf-8-sig", newline="\n")  # the BOM lets Excel see UTF-8
    blanks = tuple(_blanks(cells))
    return NewStudy(target, cells_path, tuple(seen), blanks)


def _kinds(seen: Iterable[Seen]) -> list[str]:
    return list(dict.fromkeys(s.kind for s in seen))


def _cells(named: Sequence[Named]) -> dict[str, str]:
    """cell -> sample. A cell is called as the file names write it, where they write it in one piece."""
    written: dict[tuple[str, str], set[str]] = {}
    for n in named:
        written.setdefault((n.sample, n.replicate), set()).add(n.cell)
    cells = {}
    for (sample, replicate), ways in written.items():
        way = next(iter(ways)) if len(ways) == 1 else ""
        clean = bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", way))
        cells[way if clean and way != sample else f"{sample}-{replicate}"] = sample
    return cells


def _cell_of(n: Named, cells: dict[str, str]) -> str:
    return n.cell if n.cell in cells else f"{n.sample}-{n.replicate}"


def _study_text(name: str, samples, known: Sequence[Seen], named, cells, folder: Path) -> str:
    lines = [
        "# What this study is made of. `nacre check` names what is missing or wrong; `nacre run` does the rest.",
        "schema = 1",
        "",
        "[study]",
        f'name = "{_slug(name)}"',
        f'title = "{_escape(name)}"',
        f'reference = "{samples[0]}"  # the sample that the others are compared with',
    ]
    for sample in samples:
        lines += ["", "[[sample]]", f'name = "{sample}"', f'label = "{sample}"']
    if cells:
        lines += ["", "[cell]  # what all cells share; what differs stands in cells.csv"]
        for key, hint in _SHARED:
            lines.append(f'{key} = ""  # FILL IN: {vocabulary.word("input", key).words}, like "{hint}"')
        lines += [f'# {key} = "{hint}"' for key, hint in _OPTIONAL]
    for text in _measurements(known, named, cells, folder):
        lines += ["", "[[measurement]]", *text]
    return "\n".join(lines) + "\n"


_SHARED = (("diameter", "10 mm"), ("one_c", "190 mA/g"))
_OPTIONAL = (
    ("counter_electrode", "Li4Ti5O12"),
    ("counter_potential", "1.55 V"),
    ("temperature", "45 degC"),
    ("pressure", "81 MPa"),
)


def _measurements(known: Sequence[Seen], named: dict[Path, Named], cells, folder: Path) -> list[list[str]]:
    """The lines of every [[measurement]]: one with {cell} where all names fit one pattern, else one per cell."""
    groups: dict[tuple[str, str, str], dict[str, list[Path]]] = {}
    for s in known:
        n = named[s.path]
        subject = _cell_of(n, cells) if s.kind in CELL_KINDS else n.sample
        groups.setdefault((s.kind, n.part or s.kind, s.reader), {}).setdefault(subject, []).append(s.path)
    made = []
    for (kind, part, _), by_subject in groups.items():
        role = "cell" if kind in CELL_KINDS else "sample"
        patterns = {subject: _patterns(paths, subject, role, folder) for subject, paths in by_subject.items()}
        common = {tuple(p) for p in patterns.values()}
        everyone = len(by_subject) == len(cells if role == "cell" else {n.sample for n in named.values()})
        if len(common) == 1 and len(by_subject) > 1 and all("{" in p for p in next(iter(common))):
            who = [] if everyone else [f"{role} = [{', '.join(_quote(s) for s in by_subject)}]"]
            made.append([f'name = "{part}"', *who, f"files = {_list(next(iter(common)))}"])
            continue
        for subject, paths in by_subject.items():
            files = [_place(path, folder) for path in paths]
            made.append([f'name = "{part}"', f"{role} = {_quote(subject)}", f"files = {_list(files)}"])
    return made


def _patterns(paths: Sequence[Path], subject: str, role: str, folder: Path) -> list[str]:
    return [_place(path, folder).replace(subject, f"{{{role}}}") for path in paths]


def _place(path: Path, folder: Path) -> str:
    """The path as study.toml writes it: relative to the study where it can be, with / on every system."""
    path, folder = path.resolve(), folder.resolve()
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def _quote(text: str) -> str:
    return f'"{_escape(text)}"'


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _list(files: Sequence[str]) -> str:
    return _quote(files[0]) if len(files) == 1 else f"[{', '.join(map(_quote, files))}]"


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-._") or "study"


def _cells_text(cells: dict[str, str]) -> str:
    rows = ["cell,sample,cam_mass / mg,comment", *(f"{cell},{sample},," for cell, sample in cells.items())]
    return "\n".join(rows) + "\n"


def _blanks(cells: dict[str, str]) -> Iterable[str]:
    for cell in cells:
        yield f"cells.csv: {vocabulary.word('input', 'cam_mass').words} of '{cell}'"
    if cells:
        yield from (f"study.toml: {vocabulary.word('input', key).words}" for key, _ in _SHARED)


def summary(made: NewStudy) -> list[tuple[str, str]]:
    """(what, files) per reader, for people; and what no reader takes."""
    rows: dict[str, int] = {}
    for seen in made.seen:
        if seen.kind:
            rows[f"{seen.reader} ({seen.kind})"] = rows.get(f"{seen.reader} ({seen.kind})", 0) + 1
    return [(what, str(count)) for what, count in rows.items()]


def left_out(made: NewStudy) -> list[tuple[str, str]]:
    """(file, why) of what no reader takes, leaving out what is no raw file at all."""
    return [(s.path.name, s.why_not) for s in made.seen if not s.kind and s.path.suffix.lower() not in _IGNORED]
