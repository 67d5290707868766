"""`nacre new`: a folder of raw files -> study.toml and cells.csv, with blanks where only a person knows."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nacre.core import files, vocabulary
from nacre.core.errors import NacreError, StudyError
from nacre.pipeline.discovery.inventory import NO_DATA, FoundFile, look
from nacre.pipeline.discovery.naming import NamedFile, clean, is_reference, read_names
from nacre.pipeline.loading.expand import natural
from nacre.pipeline.running.worker import read_file

CELL_KINDS = ("cycling", "impedance")
Cells = dict[tuple[str, str], str]


@dataclass(frozen=True)
class NewStudy:
    """What `nacre new` made: the files it wrote, what it read, what it left out, what is still blank.

    `samples` counts the files of each sample, as the names were understood; `raw` is the folder looked through.
    """

    study: Path
    cells: Path | None
    seen: tuple[FoundFile, ...]
    blanks: tuple[str, ...]
    raw: Path = Path(".")
    samples: Mapping[str, int] = field(default_factory=dict)


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
    named = _join_same_samples({n.path: n for n in read_names([s.path for s in known], raw)}, of_cells)
    folder.mkdir(parents=True, exist_ok=True)
    cells = _name_cells([n for path, n in named.items() if path in of_cells])
    shared = {
        s.path: found
        for s in known
        if (found := _find_samples_of_table(s, {n.sample for p, n in named.items() if p != s.path}))
    }
    counts = Counter(sample for path, n in named.items() for sample in shared.get(path, (n.sample,)))
    samples = list(dict.fromkeys(sample for path, n in named.items() for sample in shared.get(path, (n.sample,))))
    # labs write half a per cent as 05: it comes before 1
    samples.sort(key=lambda s: (not is_reference(s), natural(Path(re.sub(r"(?<!\d)0(\d)", r"0.\1", s)))))
    text = _write_study_text(name or folder.resolve().name, samples, known, named, cells, folder, shared)
    cells_path = folder / "cells.csv" if cells else None
    if cells_path:
        files.write(cells_path, _write_cells_text(cells).encode("utf-8-sig"))  # the BOM lets Excel see UTF-8
    files.write(target, text)
    blanks = tuple(_list_blanks(cells))
    return NewStudy(target, cells_path, tuple(seen), blanks, raw, {sample: counts[sample] for sample in samples})


def _find_samples_of_table(seen: FoundFile, samples: set[str]) -> tuple[str, ...]:
    """The samples that one table holds: those that its labels begin with, where there are two or more."""
    if seen.kind != "emission":
        return ()
    try:
        signal = read_file(seen.path, seen.reader, {}, None)[0]
    except NacreError:
        return ()
    labels = {str(label).lower() for label in signal["label"].values} if "label" in signal.variables else set()
    found = sorted(
        (s for s in samples if any(label.startswith(s.lower()) for label in labels)), key=lambda s: natural(Path(s))
    )
    return tuple(found) if len(found) > 1 else ()


def _name_cells(named: Sequence[NamedFile]) -> Cells:
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


def _join_same_samples(named: dict[Path, NamedFile], of_cells: set[Path]) -> dict[Path, NamedFile]:
    """Files that are not of cells: `LHO.vms` is of the sample that cells write `LHO-NCM85`, if of one only."""
    samples = {named[path].sample for path in of_cells}
    made = dict(named)
    for path, n in named.items():
        own = set(n.sample.lower().split("-"))
        near = [s for s in samples if own <= set(s.lower().split("-")) or own >= set(s.lower().split("-"))]
        if path not in of_cells and n.sample not in samples and len(near) == 1:
            made[path] = replace(n, sample=near[0])
    return made


def _write_study_text(name: str, samples, known: Sequence[FoundFile], named, cells, folder: Path, shared) -> str:
    guess = "" if is_reference(samples[0]) or len(samples) == 1 else "; a guess: name the right one"
    lines = [
        "# What this study is made of. `nacre check` names what is missing or wrong; `nacre run` does the rest.",
        "schema = 1",
        "",
        "[study]",
        f'name = "{_make_slug(name)}"',
        f'title = "{_escape(name)}"',
        f'reference = "{samples[0]}"  # the sample that the others are compared with{guess}',
    ]
    for sample in samples:
        lines += ["", "[[sample]]", f'name = "{sample}"', f'label = "{sample}"', f"# {_CAM}"]
    if cells:
        lines += ["", "[cell]  # what all cells share; what differs stands in cells.csv"]
        for key, hint in _SHARED:
            lines.append(f'{key} = ""  # FILL IN: {vocabulary.word("input", key).words}, like "{hint}"')
        lines += [f'# {key} = "{hint}"' for key, hint in _OPTIONAL]
    for text in _write_measurements([s for s in known if s.path not in shared], named, cells, folder):
        lines += ["", "[[measurement]]", *text]
    for path, of in shared.items():
        own = [f'name = "{named[path].part or "emission"}"', f"sample = [{', '.join(map(_quote, of))}]"]
        lines += ["", "[[measurement]]", *own, f"files = {_quote(_place(path, folder))}"]
    return "\n".join(lines) + "\n"


_SHARED = (("diameter", "10 mm"), ("one_c", "190 mA/g"))
_CAM = 'cam = "LiNi0.8Co0.1Mn0.1O2"  # its active material: many checks and the refinement follow from it'
_OPTIONAL = (
    ("counter_electrode", "Li4Ti5O12"),
    ("counter_potential", "1.55 V"),
    ("temperature", "45 degC"),
    ("pressure", "81 MPa"),
)


def _write_measurements(
    known: Sequence[FoundFile], named: dict[Path, NamedFile], cells, folder: Path
) -> list[list[str]]:
    """The lines of every [[measurement]]: one with {cell} where all names fit one pattern, else one per cell."""
    groups: dict[tuple[str, str, str], dict[str, list[Path]]] = {}
    for s in known:
        n = named[s.path]
        subject = cells[n.sample, n.replicate] if s.kind in CELL_KINDS else n.sample
        groups.setdefault((s.kind, n.part or s.kind, s.reader), {}).setdefault(subject, []).append(s.path)
    made = []
    parts = Counter(part for _, part, _ in groups)
    forced = {s.reader for s in known if s.named}
    for (kind, part, reader), by_subject in groups.items():
        part = part if parts[part] == 1 else f"{part}-{reader}"
        role = "cell" if kind in CELL_KINDS else "sample"
        patterns = {subject: _make_patterns(paths, subject, role, folder) for subject, paths in by_subject.items()}
        common = {tuple(p) for p in patterns.values()}
        everyone = set(by_subject) == (set(cells.values()) if role == "cell" else {n.sample for n in named.values()})
        if len(common) == 1 and len(by_subject) > 1 and all("{" in p for p in next(iter(common))):
            who = [] if everyone else [f"{role} = [{', '.join(_quote(s) for s in by_subject)}]"]
            made.append(
                [f'name = "{part}"', *who, f"files = {_list(next(iter(common)))}", *_write_reader(reader, forced)]
            )
            continue
        for subject, paths in by_subject.items():
            files = [_place(path, folder) for path in paths]
            made.append(
                [
                    f'name = "{part}"',
                    f"{role} = {_quote(subject)}",
                    f"files = {_list(files)}",
                    *_write_reader(reader, forced),
                ]
            )
    return made


def _write_reader(name: str, forced: set[str]) -> list[str]:
    return [f'reader = "{name}"'] if name in forced else []


def _make_patterns(paths: Sequence[Path], subject: str, role: str, folder: Path) -> list[str]:
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


def _make_slug(name: str) -> str:
    return clean(name) if re.search(r"[^\W_]", name) else "study"


def _write_cells_text(cells: Cells) -> str:
    rows = ["cell,sample,cam_mass / mg,comment", *(f"{cell},{sample},," for (sample, _), cell in cells.items())]
    return "\n".join(rows) + "\n"


def _list_blanks(cells: Cells) -> Iterable[str]:
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
    return [
        (_make_relative(s.path, made.raw), _explain_skip(s)) for s in made.seen if not s.kind and not _is_no_data(s)
    ]


def no_data(made: NewStudy) -> list[str]:
    """Files that by their endings are letters, notes and the system's own, and were not looked into."""
    return [_make_relative(s.path, made.raw) for s in made.seen if not s.kind and _is_no_data(s)]


def _is_no_data(seen: FoundFile) -> bool:
    return seen.path.suffix.lower() in NO_DATA


def _make_relative(path: Path, raw: Path) -> str:
    return path.relative_to(raw).as_posix() if path.is_relative_to(raw) else path.name


def _explain_skip(seen: FoundFile) -> str:
    return seen.why_not.removeprefix(f"{seen.path.name}: ")
