"""Measurements and analyses as declared -> as they will be run: templates filled in, globs matched."""

import fnmatch
import re
from collections.abc import Mapping
from pathlib import Path

from nacre.core import options as option_tools
from nacre.core import vocabulary
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, StudyError, did_you_mean, unknown
from nacre.core.quantity import parse
from nacre.core.study import Analysis, Measurement, Segment, Study
from nacre.pipeline.loading.problems import Problems
from nacre.pipeline.loading.study_file import MeasurementPart, SegmentPart, StudyFile


def expand_measurements(shape: StudyFile, study: Study, techniques, problems: Problems) -> tuple[Measurement, ...]:
    """One Measurement per cell or sample that a part speaks of."""
    found: dict[str, Measurement] = {}
    for i, part in enumerate(shape.measurement):
        path = ("measurement", i)
        _check_part(part, path, techniques, problems)
        segments = tuple(s for s in (_read_segment(seg, (*path, "segments"), problems) for seg in part.segments) if s)
        for sample, cell in _list_subjects(part, study, path, problems):
            with problems.catch((*path, "files")):
                files = _find_files(part, study, sample, cell)
                name = ":".join(word for word in (cell or sample, part.name or _make_default_name(part, files)) if word)
                if name in found:
                    text = f"measurement '{name}' is defined twice. Give each its own name."
                    problems.add(path, text)
                found[name] = Measurement(
                    name=name,
                    sample=sample,
                    cell=cell,
                    files=files,
                    reader=part.reader,
                    reader_options=part.reader_options,
                    techniques=tuple(part.technique),
                    segments=segments,
                    state=part.state,
                    line=problems.lines.get(path, 0),
                    options=part.options,
                )
    return tuple(found.values())


def _make_default_name(part: MeasurementPart, files: tuple[Path, ...]) -> str:
    return part.technique[0] if part.technique else files[0].suffix.lstrip(".").lower() or "data"


def _check_part(part: MeasurementPart, path: tuple, techniques: Mapping[str, Technique], problems: Problems) -> None:
    for name in part.technique:
        if name not in techniques:
            problems.add((*path, "technique"), str(unknown("technique", name, techniques)))
    for name, chosen in part.options.items():
        check_options(name, chosen, (*path, "options", name), techniques, problems)
    with problems.catch((*path, "state")):
        vocabulary.check_state(part.state)


def check_options(name: str, chosen: Mapping, path: tuple, techniques, problems: Problems) -> None:
    """Names, types and bounds of the options chosen for one technique."""
    if name not in techniques:
        problems.add(path, str(unknown("technique", name, techniques)))
        return
    for key, value in chosen.items():
        with problems.catch((*path, key)):
            option_tools.resolve(techniques[name].options, ("study.toml", {key: value}), where=name)


def _read_segment(part: SegmentPart, path: tuple, problems: Problems) -> Segment | None:
    match = re.fullmatch(r"\s*(\d+)\s*(-\s*(\d+)?\s*)?", str(part.cycles))
    if not match or (match[3] and int(match[3]) < int(match[1])):
        problems.add(path, f'segment \'{part.name}\': cycles \'{part.cycles}\' are not like "3", "1-2" or "13-".')
        return None
    first = int(match[1])
    last = None if match[2] else first  # "5-" goes on to the last cycle, "5" is one
    if match[3]:
        last = int(match[3])
    rate = None
    with problems.catch(path):
        rate = parse(part.rate, "C-rate", where=f"segment '{part.name}'") if part.rate else None
        rate = rate and rate.tagged(f"segment:{part.name}:rate")
    return Segment(part.name, first, last, rate)


def _list_subjects(part: MeasurementPart, study: Study, path: tuple, problems: Problems) -> list[tuple[str, str]]:
    """(sample, cell) pairs: those named, or all that the template's fields range over."""
    text = " ".join(part.files)
    for name in part.cell:
        if not fnmatch.filter(study.cells, name):
            problems.add((*path, "cell"), str(unknown("cell", name, study.cells)))
    for name in part.sample:
        if not fnmatch.filter(study.samples, name):
            problems.add((*path, "sample"), str(unknown("sample", name, study.samples)))
    bad = set(re.findall(r"\{(.*?)\}", text)) - {"sample", "cell"}
    if bad:
        problems.add((*path, "files"), f"unknown template field '{{{sorted(bad)[0]}}}'. Known: {{sample}}, {{cell}}.")
        return []
    samples = [
        s for s in study.samples if not part.sample or any(fnmatch.fnmatch(s, pattern) for pattern in part.sample)
    ]
    if part.cell or "{cell}" in text:
        cells = [
            c
            for c in study.cells.values()
            if c.sample in samples and (not part.cell or any(fnmatch.fnmatch(c.name, p) for p in part.cell))
        ]
        if not cells and not part.cell:
            books = [p.name for p in sorted(study.folder.glob("cells.xls*"))]
            cure = (
                f"{books[0]} is not read: save it as CSV, cells.csv."
                if books
                else "Add cells.csv, or [cell.NAME] tables."
            )
            problems.add(path, f"no cells are declared. {cure}")
        return [(c.sample, c.name) for c in cells]
    if part.sample or "{sample}" in text:
        return [(s, "") for s in samples]
    if len(study.samples) == 1:
        return [(samples[0], "")]
    problems.add(
        path, "which sample or cell is this of? Add sample = ... or cell = ..., or {sample} or {cell} in files."
    )
    return []


def _find_files(part: MeasurementPart, study: Study, sample: str, cell: str) -> tuple[Path, ...]:
    found: list[Path] = []
    if not part.files or not all(pattern.strip() for pattern in part.files):
        raise StudyError("no file is named", expected='files = "raw/{cell}*.txt" or the like')
    for pattern in part.files:
        filled = pattern.replace("\\", "/").replace("{sample}", sample).replace("{cell}", cell)
        matched = _match_glob(study.folder, filled)
        if not matched:
            raise StudyError(
                f"'{filled}' matches no file below the study's folder", do=_search_elsewhere(study, pattern, filled)
            )
        found += [path for path in matched if path not in found]
    return tuple(found)


def _search_elsewhere(study: Study, pattern: str, filled: str) -> str:
    """Where a file of that name lies now, or which name may be meant; never the file of another cell or sample."""
    name = Path(filled).name
    moved = [p for p in study.folder.rglob(name) if p.is_file() and "results" not in p.parts] if _is_plain(name) else []
    if moved:
        return f"a file of this name is at '{moved[0].relative_to(study.folder).as_posix()}'"
    others = Path(re.sub(r"\{(cell|sample)\}", "*", pattern.replace("\\", "/"))).name
    near = [p.name for p in _list_neighbours(study.folder, filled)]
    return did_you_mean(name, [n for n in near if "{" not in pattern or not fnmatch.fnmatch(n, others)])


def _is_plain(name: str) -> bool:
    return bool(name) and not re.search(r"[*?\[\]]", name)


def _match_glob(folder: Path, pattern: str) -> list[Path]:
    """Files that match, in natural order (run2 before run10). A name with [ ] in it is first taken as it is."""
    plain = folder / pattern
    if plain.is_file():
        return [plain]
    try:
        if Path(pattern).is_absolute():
            anchor = Path(Path(pattern).anchor)
            matched = anchor.glob(str(Path(pattern).relative_to(anchor)))
        else:
            matched = folder.glob(pattern)
        return sorted((p for p in matched if p.is_file()), key=natural)
    except (ValueError, IndexError, NotImplementedError) as error:
        raise StudyError(f"'{pattern}' is not a pattern of file names", found=str(error)) from None


def natural(path: Path) -> list:
    """Sort key of a path in which numbers count as numbers."""
    return [int(word) if word.isdigit() else word.lower() for word in re.split(r"(\d+)", str(path))]


def _list_neighbours(folder: Path, pattern: str) -> list[Path]:
    parent = (folder / pattern).parent
    return [p for p in parent.iterdir() if p.is_file()] if parent.is_dir() else []


def expand_analyses(shape: StudyFile, study: Study, techniques, problems: Problems) -> tuple[Analysis, ...]:
    """`[[analysis]]` with every input resolved to ids of measurements or analyses."""
    ids = [m.name for m in study.measurements]
    names = [part.name for part in shape.analysis]
    for name, chosen in shape.options.items():
        check_options(name, chosen, ("options", name), techniques, problems)
    found = []
    for i, part in enumerate(shape.analysis):
        path = ("analysis", i)
        if part.name in names[:i] or part.name in ids:
            problems.add((*path, "name"), f"'{part.name}' is already the name of a measurement or analysis.")
        if part.technique in techniques:
            check_options(part.technique, part.options, (*path, "options"), techniques, problems)
        else:
            problems.add((*path, "technique"), str(unknown("technique", part.technique, techniques)))
        inputs: dict[str, str | tuple[str, ...]] = {}
        for role, wanted in part.inputs.items():
            with problems.catch((*path, "inputs")):
                inputs[role] = _refer(wanted, ids, [n for n in names if n != part.name], techniques)
        found.append(Analysis(part.name, part.technique, inputs, part.options, problems.lines.get(path, 0)))
    _check_circles(found, problems)
    return tuple(found)


def _refer(wanted: str | list[str], ids: list[str], names: list[str], techniques) -> str | tuple[str, ...]:
    """Ids meant by a reference: an id, an analysis, `technique:id` of a plain analysis, or a pattern (a list)."""
    if isinstance(wanted, list):
        return tuple(one for item in wanted for one in _make_tuple(_refer(item, ids, names, techniques)))
    if wanted in ids or wanted in names:
        return wanted
    head, _, rest = wanted.partition(":")
    if rest in ids and head in techniques:
        return f"{head}:{rest}"
    matched = fnmatch.filter([*ids, *names], wanted)
    if any(c in wanted for c in "*?[") and matched:
        return tuple(sorted(matched, key=lambda name: natural(Path(name))))
    raise NacreError(f"unknown input '{wanted}'", do=did_you_mean(wanted, [*ids, *names]))


def _make_tuple(reference: str | tuple[str, ...]) -> tuple[str, ...]:
    return (reference,) if isinstance(reference, str) else reference


def _check_circles(analyses: list[Analysis], problems: Problems) -> None:
    needs = {a.name: {one for ref in a.inputs.values() for one in _make_tuple(ref)} for a in analyses}
    done: set[str] = set()
    while True:
        ready = {name for name, above in needs.items() if name not in done and not (above & needs.keys()) - done}
        if not ready:
            break
        done |= ready
    for i, analysis in enumerate(analyses):
        if analysis.name not in done:
            problems.add(("analysis", i, "inputs"), f"analysis '{analysis.name}' depends on itself.")
            return
