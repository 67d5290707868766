"""`nacre check`: everything that stands between a study and its results, at once, before anything runs."""

from pathlib import Path

from nacre.core import registry
from nacre.core.errors import NacreError
from nacre.pipeline.graph import build, context_of
from nacre.pipeline.load import read
from nacre.pipeline.problems import Problem


def check(path: str | Path) -> tuple[list[Problem], int]:
    """All problems of a study (errors and warnings), and how many analyses would run.

    Beside what loading finds: files that no reader takes, and inputs that a technique will ask for.
    Raises StudyError only where there is no study that could be looked at.
    """
    study, problems = read(path)
    if problems.errors:
        return sorted(problems.found), 0
    graph = build(study)
    for name, error in graph.failed.items():
        line = graph.measurement(name).line
        problems.add((), str(error), line=line)
    for node in graph.nodes.values():
        technique = registry.technique(node.technique, study.folder)
        context = context_of(graph, node)
        for need in technique.needs:
            try:
                context.need(need, _unit(need), f"technique '{technique.name}'")
            except NacreError as error:
                problems.add((), str(error), line=node.line)
    for cell in study.cells.values():
        if not any(m.cell == cell.name for m in study.measurements):
            problems.add((), f"cell '{cell.name}' has no measurement.", level="warning")
    return sorted(problems.found), len(graph.nodes)


def _unit(need: str) -> str:
    from nacre.core.vocabulary import word

    return word("input", need).unit
