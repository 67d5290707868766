"""The files of a folder as `nacre new` sees them: which reader takes each, and why the others are left out."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from nacre.core import registry
from nacre.core.errors import NacreError, StudyError
from nacre.pipeline.loading.expand import natural
from nacre.pipeline.running.worker import read_file
from nacre.readers.reading import hash_file

WORKBOOKS = (
    ".xlsx",
    ".xls",
    ".ods",
)  # of which nothing but the cells tell what it is: a run, a titration, or somebody's notes
NO_DATA = (
    ".toml",
    ".md",
    ".json",
    ".py",
    ".ini",
    ".lnk",
    ".doc",
    ".docx",
    ".pdf",
    ".pptx",
    ".opju",
    ".ds_store",
    ".db",
)
_EXPORTS = {".mpt": ".mpr"}  # what a program writes as text beside its own file of the same run


@dataclass(frozen=True)
class FoundFile:
    """One raw file: the reader that takes it and its kind, or why none does.

    `named` where the reader must be named in study.toml, as another would be taken for the file.
    """

    path: Path
    reader: str = ""
    kind: str = ""
    why_not: str = ""
    named: bool = False


def look(raw: Path, study_folder: Path | None = None) -> list[FoundFile]:
    """Every file below a folder, with the reader that takes it. Raises StudyError where the folder has no files."""
    if not raw.is_dir():
        raise StudyError("no such folder", where=str(raw), do="name the folder that holds the raw files")
    paths = [p for p in raw.rglob("*") if p.is_file() and not _is_not_raw(p.relative_to(raw).parts)]
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
            original = first.setdefault((size, hash_file(path)), path)
            if original != path:
                one = FoundFile(path, why_not=f"the same, byte for byte, as {original.name}.")
        seen.append(one)
    return once(seen)


def _is_not_raw(parts: tuple[str, ...]) -> bool:
    return parts[0] in ("results", "plugins") or any(part.startswith((".", "~$")) for part in parts)


def _look(path: Path, readers, study_folder: Path | None) -> FoundFile:
    if path.suffix.lower() in WORKBOOKS:
        return _inspect_workbook(path, readers, study_folder)
    try:
        reader = registry.reader_for(path, readers)
        if len(reader.kinds) == 1:
            return FoundFile(path, reader.name, reader.kinds[0])
        # a format of several kinds: only the data tell
        return FoundFile(path, reader.name, read_file(path, reader.name, {}, study_folder)[0].kind)
    except NacreError as error:
        return FoundFile(path, why_not=str(error))


def _inspect_workbook(path: Path, readers, study_folder: Path | None) -> FoundFile:
    """The first reader that can make something of it."""
    fits = [reader.name for _, reader in registry.sniff(path, readers.values())]
    for name in fits:
        try:
            return FoundFile(path, name, read_file(path, name, {}, study_folder)[0].kind, named=name != fits[0])
        except NacreError:
            continue
    tried = f" ({', '.join(fits)} were tried)" if fits else ""
    return FoundFile(path, why_not=f"the workbook holds no table of an instrument that is known{tried}.")


def once(seen: list[FoundFile]) -> list[FoundFile]:
    """Without text exports of a file that is there itself: one run is not two."""
    own = {(s.path.with_suffix(""), s.path.suffix.lower(), s.kind) for s in seen if s.kind}
    made = []
    for s in seen:
        raw = _EXPORTS.get(s.path.suffix.lower(), "")
        if s.kind and (s.path.with_suffix(""), raw, s.kind) in own:
            s = replace(s, reader="", kind="", why_not=f"the text export of {s.path.stem}{raw}, which is taken.")
        made.append(s)
    return made
