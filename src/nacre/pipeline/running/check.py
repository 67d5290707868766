"""`nacre check`: everything that stands between a study and its results, at once, before anything runs."""

from pathlib import Path

from nacre.core import options as option_tools
from nacre.core import registry, vocabulary
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError
from nacre.core.study import Study
from nacre.pipeline.loading.load import read
from nacre.pipeline.loading.problems import Problems, StudyProblem
from nacre.pipeline.running.graph import Graph, Node, build, context_of
from nacre.pipeline.running.plausibility import doubts, idle
from nacre.pipeline.running.worker import read_file


def check(path: str | Path) -> tuple[list[StudyProblem], int]:
    """All problems of a study (errors and warnings), and how many analyses would run.

    Beside what loading finds: files that no reader takes, and inputs that a technique will ask for.
    Raises StudyError only where there is no study that could be looked at.
    """
    study, problems = read(path)
    if problems.errors:
        return sorted(problems.found), 0
    with vocabulary.using(study.vocabulary):
        return _look(study, problems)


def _look(study: Study, problems: Problems) -> tuple[list[StudyProblem], int]:
    graph = build(study)
    for name, error in graph.failed.items():
        line = graph.measurement(name).line
        problems.add((), str(error), line=line)
    for node in graph.nodes.values():
        technique = registry.technique(node.technique, study.folder)
        context = context_of(graph, node)
        for need in _needs(technique, node) if _has_data(graph, node, technique) else ():
            try:
                context.need(need, _check_unit(need), f"technique '{technique.name}'")
            except NacreError as error:
                problems.add((), str(error), line=node.line)
    for text in (*doubts(graph), *idle(graph)):
        problems.add((), text, level="warning")
    for cell in study.cells.values():
        if not any(m.cell == cell.name for m in study.measurements):
            problems.add((), f"cell '{cell.name}' has no measurement.", level="warning")
    return sorted(problems.found), len(graph.nodes)


def _needs(technique: Technique, node: Node) -> tuple[str, ...]:
    if not callable(technique.needs):
        return technique.needs
    return technique.needs(option_tools.resolve(technique.options, *node.options, where=node.name)[0])


def _has_data(graph: Graph, node: Node, technique: Technique) -> bool:
    """Whether the file holds what the technique takes: of a format of several kinds only the data tell."""
    if node.asked:
        return True
    measurement = graph.measurement(node.measurement)
    name, folder = graph.readers[measurement.name], graph.study.folder
    kinds = registry.readers(folder)[name].kinds
    if set(kinds) <= set(technique.accepts):
        return True
    try:
        found = {s.kind for s in read_file(measurement.files[0], name, measurement.reader_options, folder)}
    except NacreError:
        return False  # the run names the file
    return bool(found & set(technique.accepts))


def _check_unit(need: str) -> str:
    from nacre.core.vocabulary import word

    return word("input", need).unit
