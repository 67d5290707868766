"""`nacre new`: a folder of raw files -> study.toml and cells.csv, with blanks where only a person knows."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nacre.core import registry, vocabulary
from nacre.core.errors import NacreError, StudyError
from nacre.pipeline.expand import natural
from nacre.pipeline.keys import file_hash
from nacre.pipeline.naming import Named, clean, is_reference, read_names
from nacre.pipeline.store import write_atomic
from nacre.pipeline.work import read_file

CELL_KINDS = ("cycling", "impedance")
_IGNORED = (".toml", ".md", ".json", ".py", ".ini", ".lnk", ".docx", ".pdf", ".pptx", ".opju", ".ds_store")
Cells = dict[tuple[str, str], str]


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


def look(raw: Path, study_folder: Path | None = None) -> list[Seen]:
    """Every file below a folder, with the reader that takes it. Raises StudyError where the folder has no files."""
    if not raw.is_dir():
        raise StudyError("no such folder", where=str(raw), do="name the folder that holds the raw files")
    paths = [p for p in raw.rglob("*") if p.is_file() and not _not_raw(p.relative_to(raw).parts)]
    if not paths:
        raise StudyError("the folder holds no files", where=str(raw))
    readers = registry.readers(study_folder)
    first: dict[tuple[int, str], Path] = {}
    sizes = Counter(path.stat().st_size for path in paths)
    seen = []
    for path in sorted(paths, key=natural):
        one = _look(path, readers, study_folder)
        size = path.stat().st_size
        if one.kind and sizes[size] > 1:
            original = first.setdefault((size, file_hash(path)), path)
            if original != path:
                one = Seen(path, why_not=f"the same, byte for byte, as {original.name}.")
        seen.append(one)
    return seen


def _not_raw(parts: tuple[str, ...]) -> bool:
    return parts[0] in ("results", "plugins") or any(part.startswith((".", "~$")) for part in parts)


def _look(path: Path, readers, study_folder: Path | None) -> Seen:
    try:
        reader = registry.reader_for(path, readers)
        if len(reader.kinds) == 1:
            return Seen(path, reader.name, reader.kinds[0])
        # a format of several kinds: only the data tell
        return Seen(path, reader.name, read_file(path, reader.name, {}, study_folder)[0].kind)
    except NacreError as error:
        return Seen(path, why_not=str(error))


def new(folder: Path, raw: Path, name: str = "") -> NewStudy:
    """Writes study.toml and cells.csv into `folder` for the raw files below `raw`.

    Raises StudyError where a study is there already (nothing is overwritten) or no file can be read.
    """
    target = folder / "study.toml"
    for path in (target, folder / "cells.csv"):
        if path.exists():
            cure = "choose another folder, or edit that one"
            raise StudyError("there is a study here already", where=str(path), do=cure)
    seen = look(raw, folder if (folder / "plugins").is_dir() else None)
    known = [s for s in seen if s.kind]
    if not known:
        why = seen[0].why_not
        raise StudyError(
            "none of the files can be read", where=str(raw), found=f"{len(seen)} files", do=f"for example, {why}"
        )
    of_cells = {s.path for s in known if s.kind in CELL_KINDS}
    named = _same_samples({n.path: n for n in read_names([s.path for s in known], raw)}, of_cells)
    folder.mkdir(parents=True, exist_ok=True)
    cells = _cells([n for path, n in named.items() if path in of_cells])
    samples = list(dict.fromkeys(n.sample for n in named.values()))
    samples.sort(key=lambda sample: (not is_reference(sample), natural(Path(sample))))
    text = _study_text(name or folder.resolve().name, samples, known, named, cells, folder)
    cells_path = folder / "cells.csv" if cells else None
    if cells_path:
        write_atomic(cells_path, _cells_text(cells).encode("utf-8-sig"))  # the BOM lets Excel see UTF-8
    write_atomic(target, text.encode("utf-8"))
    blanks = tuple(_blanks(cells))
    return NewStudy(target, cells_path, tuple(seen), blanks)


def _cells(named: Sequence[Named]) -> Cells:
    """(sample, replicate) -> cell. A cell is called as the file names write it, where they write it in one piece."""
    written: dict[tuple[str, str], set[str]] = {}
    for n in named:
        written.setdefault((n.sample, n.replicate), set()).add(n.cell)
    cells: Cells = {}
    for (sample, replicate), ways in written.items():
        way = next(iter(ways)) if len(ways) == 1 else ""
        free = bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", way)) and way != sample and way not in cells.values()
        cells[sample, replicate] = way if free else f"{sample}-{replicate}"
    return cells


def _same_samples(named: dict[Path, Named], of_cells: set[Path]) -> dict[Path, Named]:
    """Files that are not of cells: `LHO.vms` is of the sample that cells write `LHO-NCM85`, if of one only."""
    samples = {named[path].sample for path in of_cells}
    made = dict(named)
    for path, n in named.items():
        own = set(n.sample.lower().split("-"))
        near = [s for s in samples if own <= set(s.lower().split("-")) or own >= set(s.lower().split("-"))]
        if path not in of_cells and n.sample not in samples and len(near) == 1:
            made[path] = replace(n, sample=near[0])
    return made


def _study_text(name: str, samples, known: Sequence[Seen], named, cells, folder: Path) -> str:
    guess = "" if is_reference(samples[0]) or len(samples) == 1 else "; a guess: name the right one"
    lines = [
        "# What this study is made of. `nacre check` names what is missing or wrong; `nacre run` does the rest.",
        "schema = 1",
        "",
        "[study]",
        f'name = "{_slug(name)}"',
        f'title = "{_escape(name)}"',
        f'reference = "{samples[0]}"  # the sample that the others are compared with{guess}',
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
        subject = cells[n.sample, n.replicate] if s.kind in CELL_KINDS else n.sample
        groups.setdefault((s.kind, n.part or s.kind, s.reader), {}).setdefault(subject, []).append(s.path)
    made = []
    parts = Counter(part for _, part, _ in groups)
    for (kind, part, reader), by_subject in groups.items():
        part = part if parts[part] == 1 else f"{part}-{reader}"
        role = "cell" if kind in CELL_KINDS else "sample"
        patterns = {subject: _patterns(paths, subject, role, folder) for subject, paths in by_subject.items()}
        common = {tuple(p) for p in patterns.values()}
        everyone = set(by_subject) == (set(cells.values()) if role == "cell" else {n.sample for n in named.values()})
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
        place = Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        place = path.as_posix()
    if re.search(r"[{}]", place):  # braces would be taken for a template's
        place = re.sub(r"[{}]", "?", re.sub(r"([\[*?])", r"[\1]", place))
    return place


def _quote(text: str) -> str:
    return f'"{_escape(text)}"'


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")


def _list(files: Sequence[str]) -> str:
    return _quote(files[0]) if len(files) == 1 else f"[{', '.join(map(_quote, files))}]"


def _slug(name: str) -> str:
    return clean(name) if re.search(r"[^\W_]", name) else "study"


def _cells_text(cells: Cells) -> str:
    rows = ["cell,sample,cam_mass / mg,comment", *(f"{cell},{sample},," for (sample, _), cell in cells.items())]
    return "\n".join(rows) + "\n"


def _blanks(cells: Cells) -> Iterable[str]:
    for cell in cells.values():
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
