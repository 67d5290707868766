"""Run a study: only what changed is redone, and being killed costs nothing but time."""

import datetime
import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacre.core import options as option_tools
from nacre.core import registry, vocabulary
from nacre.core.errors import NacreError
from nacre.core.outcome import Failure, Outcome
from nacre.core.result import Result, Subject
from nacre.core.study import Study
from nacre.evidence.contrasts.contrast import compare_samples
from nacre.evidence.contrasts.doses import dose_trends
from nacre.evidence.contrasts.preparation import compare_preparation, compared_pairs
from nacre.evidence.ledger import ledger
from nacre.pipeline.loading.load import load
from nacre.pipeline.running import cache_keys
from nacre.pipeline.running.dependencies import versions
from nacre.pipeline.running.graph import Graph, Node, build, context_of, files_of
from nacre.pipeline.running.lock import held
from nacre.pipeline.running.plausibility import doubts, idle
from nacre.pipeline.running.store import Store
from nacre.pipeline.running.worker import AnalysisDone, Task, run_task


@dataclass
class Progress:
    """What a run reports of itself: `event(kind, name, text)` with kind start, fresh, done, failed or note."""

    event: Callable[[str, str, str], None] = lambda kind, name, text: None
    total: Callable[[int], None] = lambda count: None


@dataclass
class Report:
    """What a run did: `redone` maps each analysis that ran to the reasons why."""

    redone: dict[str, list[str]] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)


def run(
    study: Study | str | Path,
    *,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    report: Report | None = None,
    results_folder: Path | None = None,
) -> Outcome:
    """Runs every analysis of a study and the evidence drawn from them.

    workers : processes at once (start method `spawn`; a script that asks for more than one needs the usual
    `if __name__ == "__main__"`). Results are kept in `results/.cache` beside study.toml; nothing is written
    elsewhere. One failed analysis is listed in `Outcome.failures`; it does not hinder the others.
    Raises StudyProblems where study.toml is wrong, StudyError where another process runs the same study.
    """
    study = study if isinstance(study, Study) else load(study)
    results_folder = results_folder or study.folder / "results"
    with held(results_folder), vocabulary.using(study.vocabulary):
        return _run(study, overrides, workers, progress, report, results_folder)


def _run(study: Study, overrides, workers, progress, report, results_folder: Path) -> Outcome:
    progress, report = progress or Progress(), report if report is not None else Report()
    graph = build(study, overrides)
    store = Store(results_folder / ".cache")
    progress.total(len(graph.nodes))
    runner = _Runner(graph, store, progress, report)
    runner.run(workers)
    results = runner.collect()
    from nacre.pipeline.running.kept_calibration import (
        kept_results,  # takes a second to import, and workers need none of it
    )

    store.sweep(set(runner.keys.values()))
    compared, unjoined = compare_samples(study, results)
    return Outcome(
        study=study,
        results=(*results, *kept_results(study)),
        contrasts=tuple(compared),
        trends=tuple(dose_trends(study, results)),
        preparations=tuple(compare_preparation(study, *pair) for pair in compared_pairs(study)),
        ledger=tuple(ledger(study, results)),
        failures=tuple(runner.failures()),
        doubts=tuple(doubts(graph)),
        idle=tuple(idle(graph, runner.barren)),
        unjoined=tuple(unjoined),
        versions=versions(),
        when=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
    )


class _Runner:
    """Walks the graph; a node is prepared once its upstream is done, since its key holds theirs."""

    def __init__(self, graph: Graph, store: Store, progress: Progress, report: Report):
        self.graph, self.store, self.progress, self.report = graph, store, progress, report
        self.keys: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self.parts: dict[str, dict[str, Any]] = {}
        self.barren: set[str] = set()  # nodes that ran and found nothing of their kind

    def run(self, workers: int) -> None:
        waiting = dict(self.graph.nodes)
        if workers <= 1:
            for node in waiting.values():
                task = self._prepare(node)
                if task:
                    self._note(run_task(task), task)
            return
        self._run_parallel(waiting, workers)

    def _run_parallel(self, waiting: dict[str, Node], workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        pool: ProcessPoolExecutor | None = None
        running: dict[Any, list[Task]] = {}
        try:
            while waiting or running:
                ready = [
                    n
                    for n in waiting.values()
                    if not any(up in waiting or self._is_running(up, running) for up in n.upstream)
                ]
                tasks = []
                for node in ready:
                    del waiting[node.name]
                    task = self._prepare(node)
                    if task:
                        tasks.append(task)
                if tasks and pool is None:
                    pool = ProcessPoolExecutor(min(workers, max(len(tasks), 2)), mp_context=context)
                for chunk in _group_by_files(tasks):
                    assert pool is not None  # there are tasks, so it was made
                    running[pool.submit(run_tasks, chunk)] = chunk
                if not running:
                    continue
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    self._collect_done(future, running.pop(future))
        finally:
            if pool is not None:
                pool.shutdown(cancel_futures=True)

    @staticmethod
    def _is_running(name: str, running: Mapping[Any, list[Task]]) -> bool:
        return any(task.name == name for chunk in running.values() for task in chunk)

    def _collect_done(self, future, chunk: list[Task]) -> None:
        try:
            outcomes = future.result()
        except Exception as error:  # a worker that died takes its chunk with it, not the run
            words = f"the worker process died ({type(error).__name__}); often too little memory"
            outcomes = [AnalysisDone(task.name, words) for task in chunk]
        for done, task in zip(outcomes, chunk, strict=True):
            self._note(done, task)

    def _prepare(self, node: Node) -> Task | None:
        """The task of a node, or None where its results are at hand, or cannot be had."""
        broken = [name for name in node.measurements if name in self.graph.failed]
        lost = [name for name in node.upstream if name in self.errors]
        if broken or lost:
            why = str(self.graph.failed[broken[0]]) if broken else f"it needs '{lost[0]}', which failed"
            self._fail(node.name, why)
            return None
        try:
            task, parts = self._make_task(node)
        except (NacreError, OSError) as error:
            self._fail(node.name, str(error))
            return None
        self.keys[node.name] = task.key
        if self.store.get(task.key) is not None:
            self.report.fresh.append(node.name)
            self.progress.event("fresh", node.name, "")
            self.store.remember(node.name, parts)
            return None
        self.report.redone[node.name] = _list_reasons(self.store.last(node.name), parts)
        self.parts[node.name] = parts
        self.progress.event("start", node.name, "; ".join(self.report.redone[node.name]))
        return task

    def _make_task(self, node: Node) -> tuple[Task, dict[str, Any]]:
        study = self.graph.study
        technique = registry.technique(node.technique, study.folder)
        options, sources = option_tools.resolve(technique.options, *node.options, where=node.name)
        context = context_of(self.graph, node)
        hashes = [(role, path.name, cache_keys.hash_file(path)) for role, path in files_of(self.graph, node)]
        upstream = {name: self.keys[name] for name in node.upstream}
        parts = cache_keys.key_parts(
            files=hashes,
            context=context,
            upstream=upstream,
            options=option_tools.as_dict(options),
            technique=node.technique,
            folder=study.folder,
        )
        parts["measurement"] = cache_keys.digest([parts["measurement"], node.asked])
        files = {
            role: tuple(self._make_source(name) for kind, name in refs if kind == "m")
            for role, refs in node.inputs.items()
            if any(kind == "m" for kind, _ in refs)
        }
        above = {
            role: tuple(self.keys[name] for kind, name in refs if kind == "n")
            for role, refs in node.inputs.items()
            if any(kind == "n" for kind, _ in refs)
        }
        subject = Subject(
            context.sample.name if context.sample else "",
            context.cell.name if context.cell else "",
            node.measurement,
        )
        task = Task(
            name=node.name,
            technique=node.technique,
            key=cache_keys.digest([node.name, parts])[:40],
            study_folder=study.folder,
            store_folder=self.store.folder,
            files=files,
            upstream=above,
            many=node.many,
            plain=node.plain,
            asked=node.asked,
            options=option_tools.as_dict(options),
            option_sources=sources,
            context=context,
            subject=subject,
            samples={name: self._sample_of(name) for name in node.measurements},
        )
        return task, parts

    def _sample_of(self, name: str) -> str:
        """The sample that a measurement is of, be it said of it or of its cell; "" where none is."""
        study, measurement = self.graph.study, self.graph.measurement(name)
        cell = study.cells.get(measurement.cell)
        return measurement.sample or (cell.sample if cell else "")

    def _make_source(self, name: str):
        measurement = self.graph.measurement(name)
        return name, self.graph.readers[name], measurement.reader_options, measurement.files

    def _note(self, done: AnalysisDone, task: Task) -> None:
        if done.error:
            self._fail(done.name, done.error)
            return
        self.store.remember(done.name, self.parts[done.name])
        self.progress.event("done", done.name, "")

    def _fail(self, name: str, error: str) -> None:
        self.errors[name] = error
        self.progress.event("failed", name, error)

    def collect(self) -> list[Result]:
        found = []
        for name in self.graph.nodes:
            if name in self.keys and name not in self.errors:
                results = self.store.get(self.keys[name]) or []
                found += results
                if not results:
                    self.barren.add(name)
        return found

    def failures(self) -> Iterable[Failure]:
        """Files that cannot be read, and analyses that failed for another reason."""
        spoken = set()
        for name, error in self.graph.failed.items():
            measurement = self.graph.measurement(name)
            spoken.add(str(error))
            yield Failure(f"measurement '{name}'", str(error), measurement.cell or measurement.sample)
        for name, words in self.errors.items():
            if words not in spoken:
                yield Failure(f"analysis '{name}'", words)


def run_tasks(tasks: list[Task]) -> list[AnalysisDone]:
    """Tasks on the same files, in one worker: a file is read once for all its techniques."""
    return [run_task(task) for task in tasks]


def _group_by_files(tasks: list[Task]) -> list[list[Task]]:
    groups: dict[Any, list[Task]] = {}
    for task in tasks:
        groups.setdefault(str(sorted(map(str, task.files.values()))), []).append(task)
    return list(groups.values())


def _list_reasons(last: Mapping[str, Any], parts: Mapping[str, Any]) -> list[str]:
    """Which parts of the key changed since the analysis last ran."""
    if not last:
        return ["never run before"]
    changed = [_change(name, last.get(name), value) for name, value in parts.items() if last.get(name) != value]
    return changed or ["its stored results were lost"]


def _change(name: str, old: Any, new: Any) -> str:
    """A changed part in words; of the dependencies, which."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return f"changed: {name}"
    which = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    words = [f"{key} {old.get(key, 'absent')} -> {new.get(key, 'absent')}" for key in which]
    return f"changed: {name} ({', '.join(words)})"


def default_workers() -> int:
    return max(1, os.cpu_count() or 1)
