"""One analysis, done: read its files, run its technique, put the results into the store. Runs in a worker."""

import dataclasses
import os
import re
import warnings
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacre.core import options as option_tools
from nacre.core import registry, vocabulary
from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, crash_words, place_of
from nacre.core.result import Check, Entry, Provenance, Result, Subject
from nacre.core.signal import Note, Signal
from nacre.pipeline.running.cache_keys import plugins_hash
from nacre.pipeline.running.dependencies import versions
from nacre.pipeline.running.own_signals import select_own
from nacre.pipeline.running.store import Store
from nacre.readers.reading import hash_file, read_with


@dataclass(frozen=True)
class Task:
    """All a worker needs to run one node: plain data, nothing open.

    files : per role, (measurement, reader, reader options, paths); upstream : per role, keys of results;
    samples : of each measurement, the sample that it is of.
    """

    name: str
    technique: str
    key: str
    study_folder: Path
    store_folder: Path
    files: Mapping[str, tuple[tuple[str, str, Mapping[str, Any], tuple[Path, ...]], ...]]
    upstream: Mapping[str, tuple[str, ...]]
    many: frozenset[str]
    options: Mapping[str, Any]
    option_sources: Mapping[str, str]
    context: Context
    subject: Subject
    plain: bool = True
    asked: bool = True
    samples: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AnalysisDone:
    """What came of a task: nothing to say, or the error in words."""

    name: str
    error: str = ""


_SIGNALS: OrderedDict[tuple, list[Signal]] = OrderedDict()


def run_task(task: Task) -> AnalysisDone:
    """Runs a task. Never raises: a failure of one analysis is an answer, not a crash of the study."""
    try:
        technique = registry.technique(task.technique, task.study_folder)
        with vocabulary.using(registry.vocabulary(task.study_folder)):
            results = _analyse(task, technique)
        Store(task.store_folder).put(task.key, results)
    except NacreError as error:
        return AnalysisDone(task.name, str(error))
    except Exception as error:
        return AnalysisDone(task.name, _describe_technique_crash(error, task.technique))
    return AnalysisDone(task.name)


def _describe_technique_crash(error: Exception, technique: str) -> str:
    """What to say of a technique that raised what no technique should."""
    if isinstance(error, ValueError) and "read-only" in str(error):
        return str(_report_written_input(error, technique))
    words = crash_words(error, f"technique '{technique}'")
    return f"{words}. The other analyses are not affected."


def _report_written_input(error: ValueError, technique: str) -> NacreError:
    return NacreError(
        f"technique '{technique}' writes into its input, or into another array that is read-only",
        where=place_of(error),
        found=str(error),
        expected="arrays of signals and results left as they are, for other analyses see them as well",
        do="let it write into a copy: array.copy()",
    )


def _analyse(task: Task, technique: Technique) -> list[Result]:
    inputs: dict[str, Any] = {}
    signals: list[Signal] = []
    for role, sources in task.files.items():
        own = [signal for source in sources for signal in _read(source, task)]
        if task.plain:
            own = _select_accepted(own, task, technique)
            if not own:
                return []
        signals += own
        inputs[role] = own if role in task.many or len(own) > 1 else own[0]
    if signals and not task.upstream:
        _select_accepted(
            signals, task, technique
        )  # a role may take another kind, like masks; none at all is a wrong file
    results: list[Result] = []
    for role, keys in task.upstream.items():
        found = [result for key in keys for result in Store(task.store_folder).get(key) or []]
        results += found
        if role in task.files:
            inputs[role] = [*(inputs[role] if isinstance(inputs[role], list) else [inputs[role]]), *found]
        else:
            inputs[role] = found if role in task.many or len(found) != 1 else found[0]
    synthetic = any(s.origin == "synthetic" for s in signals) or any(r.origin == "synthetic" for r in results)
    context = dataclasses.replace(task.context, synthetic=synthetic)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        # the class of a plugin's options is known only here, in the worker
        made = technique.analyse(inputs, context, technique.options(**task.options))
    notes = [_note_check(note, signal) for signal in signals for note in signal.notes]
    notes += [
        Check("warn", f"{w.category.__name__}: {w.message}") for w in {str(w.message): w for w in caught}.values()
    ]
    finished = [
        _finish(task, result, signals, results, synthetic, notes if i == 0 else []) for i, result in enumerate(made)
    ]
    twice = [i for i, n in Counter(r.entry_id(e) for r in finished for e in r.entries).items() if n > 1]
    if twice:
        raise NacreError(f"technique '{task.technique}' gives '{twice[0]}' twice", do="tell them apart by their state")
    return _name_sources(finished, task.name)


_UNNAMED = re.compile(r"own:[0-9a-f]{32}")


def _name_sources(results: list[Result], name: str) -> list[Result]:
    """The results with their nameless error sources named after the analysis.

    An analysis that is run again then has the same sources as before, so that results which stand on its
    first run stay correlated with it.
    """
    names: dict[str, str] = {}

    def rename(source: str) -> str:
        return names.setdefault(source, f"{name}#{len(names)}") if _UNNAMED.fullmatch(source) else source

    def renamed(entry: Entry) -> Entry:
        q = entry.quantity
        parts, missing = ({rename(source): part for source, part in each.items()} for each in (q.parts, q.missing))
        return dataclasses.replace(entry, quantity=dataclasses.replace(q, parts=parts, missing=missing))

    return [dataclasses.replace(r, entries=tuple(map(renamed, r.entries))) for r in results]


def _select_accepted(signals: list[Signal], task: Task, technique: Technique) -> list[Signal]:
    """Those of a kind the technique takes: one format may hold several. Raises NacreError where it was asked for."""
    found = [signal for signal in signals if signal.kind in technique.accepts]
    if not found and task.asked:
        _refuse(signals, task.technique, technique)
    return found


def _refuse(signals: list[Signal], name: str, technique: Technique) -> None:
    kinds = ", ".join(dict.fromkeys(f"'{signal.kind}'" for signal in signals))
    raise NacreError(
        f"technique '{name}' cannot take this",
        where=signals[0].where,
        found=f"data of kind {kinds}",
        expected=" or ".join(f"'{kind}'" for kind in technique.accepts),
        do="put the right file there",
    )


def _note_check(note: Note, signal: Signal) -> Check:
    return Check("info" if note.level == "info" else "warn", f"{signal.where}: {note.text}")


def _read(source: tuple[str, str, Mapping[str, Any], tuple[Path, ...]], task: Task) -> list[Signal]:
    """All signals of a measurement, file by file; recently read ones are kept for its next technique."""
    name, reader, raw_options, paths = source
    folder, found = task.study_folder, []
    for path in paths:
        digest = hash_file(path)
        tag = (path, digest, reader, str(sorted(raw_options.items())), plugins_hash(folder))
        if tag not in _SIGNALS:
            _SIGNALS[tag] = read_file(path, reader, raw_options, folder, digest, f"measurement '{name}'")
            while len(_SIGNALS) > 8:
                _SIGNALS.popitem(last=False)
        found += select_own(_SIGNALS[tag], task.samples.get(name, ""), task.context.names, path.name)
    return found


def read_file(
    path: Path, reader_name: str, raw_options: Mapping[str, Any], folder: Path | None, digest: str = "", where: str = ""
) -> list[Signal]:
    """Signals of one file, as a study asks for it. Raises ReadError, whatever the reader raised."""
    reader = registry.readers(folder)[reader_name]
    options, _ = option_tools.resolve(reader.options, ("reader_options", raw_options), where=where)
    return read_with(reader, path, options, digest)


def _finish(task, result: Result, signals, upstream, synthetic: bool, notes: list[Check]) -> Result:
    """Adds what a technique need not know: subject, origin, provenance, reader's notes."""
    origin = "synthetic" if synthetic else result.origin
    files = [(s.source.path, s.source.sha256) for s in signals if s.source]
    files += [pair for r in upstream for pair in r.provenance.files]
    folder = str(task.study_folder)
    provenance = Provenance(
        files=tuple(dict.fromkeys((_make_relative(path, folder), sha) for path, sha in files)),
        reader=", ".join(dict.fromkeys(s.source.reader for s in signals if s.source)),
        options=task.options,
        option_sources=task.option_sources,
        versions=versions(),
        seed=task.context.seed,
        key=task.key,
    )
    entries = tuple(_mark_origin(entry, synthetic) for entry in result.entries)
    figures = tuple(dataclasses.replace(f, synthetic=f.synthetic or synthetic) for f in result.figures)
    return dataclasses.replace(
        result,
        analysis=task.name,
        subject=result.subject if result.subject != Subject() else task.subject,
        entries=entries,
        figures=figures,
        checks=(*result.checks, *notes),
        origin=origin,
        provenance=provenance,
    )


def _make_relative(path: str, folder: str) -> str:
    """A file as seen from the study, so that a mailed report names no folder of anybody's machine."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return Path(path).name


def _mark_origin(entry, synthetic: bool):
    if not synthetic or entry.quantity.origin not in ("measured", "derived"):
        return entry
    return dataclasses.replace(entry, quantity=dataclasses.replace(entry.quantity, origin="synthetic"))
