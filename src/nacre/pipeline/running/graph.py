"""The task graph: every analysis to run, declared or plain, after what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacre.core import options as option_tools
from nacre.core import registry
from nacre.core.context import Context
from nacre.core.contracts import Reader, Technique
from nacre.core.errors import NacreError, unknown
from nacre.core.study import Measurement, Study
from nacre.pipeline.loading.content_check import misplaced


@dataclass(frozen=True)
class Node:
    """One analysis. `inputs` maps a role to ids of measurements ("m", id) and of nodes ("n", id).

    A role given as a list in study.toml arrives as a list (`many`). `asked` is False where a technique runs
    only because the reader may give such data.
    """

    name: str
    technique: str
    inputs: Mapping[str, tuple[tuple[str, str], ...]]
    options: tuple[tuple[str, Mapping[str, Any]], ...]
    many: frozenset[str] = frozenset()
    measurement: str = ""
    line: int = 0
    plain: bool = True
    asked: bool = True

    @property
    def measurements(self) -> tuple[str, ...]:
        return tuple(name for refs in self.inputs.values() for kind, name in refs if kind == "m")

    @property
    def upstream(self) -> tuple[str, ...]:
        return tuple(name for refs in self.inputs.values() for kind, name in refs if kind == "n")


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which each follows what it needs; `readers` and `failed` per measurement."""

    study: Study
    nodes: Mapping[str, Node]
    readers: Mapping[str, str]
    failed: Mapping[str, NacreError] = field(default_factory=dict)

    def measurement(self, name: str) -> Measurement:
        return next(m for m in self.study.measurements if m.name == name)


def build(study: Study, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Graph:
    """All nodes of a study. `overrides` are options of `--set`, per technique.

    A measurement that no reader takes, or whose file is of another kind than is said of it, is in `failed`; it does
    not hinder the others.
    """
    techniques, readers = registry.techniques(study.folder), registry.readers(study.folder)
    for name, options in (overrides or {}).items():
        if name not in techniques:
            raise unknown("technique", name, techniques, "--set")
        option_tools.resolve(techniques[name].options, ("--set", options), where="--set")
    chosen: dict[str, Reader] = {}
    failed: dict[str, NacreError] = {}
    for measurement in study.measurements:
        try:
            chosen[measurement.name] = _find_reader(measurement, readers)
        except NacreError as error:
            failed[measurement.name] = error
    failed |= misplaced(study, chosen, techniques)
    nodes: dict[str, Node] = {}
    # a measurement that a declared analysis takes is not analysed a second time, alone, by the same technique
    taken = {(a.technique, ref) for a in study.analyses for refs in a.inputs.values() for ref in _make_tuple(refs)}
    for measurement in study.measurements:
        if measurement.name in chosen and measurement.name not in failed:
            for technique in _find_techniques(measurement, chosen[measurement.name], techniques):
                if (technique.name, measurement.name) in taken:
                    continue
                asked = bool(measurement.techniques)
                node = _make_plain_node(measurement, technique, study, overrides or {}, asked=asked)
                nodes[node.name] = node
    by_name = {m.name: m for m in study.measurements}
    declared = {analysis.name for analysis in study.analyses}
    for analysis in study.analyses:
        layers = _list_layers(study, analysis.technique, {}, overrides or {})
        layers.insert(-1, (f"study.toml:{analysis.line}", analysis.options))
        roles, many = {}, set()
        for role, refs in analysis.inputs.items():
            if not isinstance(refs, str):
                many.add(role)
            for ref in _make_tuple(
                refs
            ):  # "technique:measurement" asks for that plain analysis, whether it runs unasked or not
                head, _, rest = ref.partition(":")
                if ref not in by_name and ref not in declared and ref not in nodes and rest in by_name:
                    nodes[ref] = _make_plain_node(by_name[rest], techniques[head], study, overrides or {})
            roles[role] = tuple(("n" if ref in declared or ref in nodes else "m", ref) for ref in _make_tuple(refs))
        nodes[analysis.name] = Node(
            analysis.name, analysis.technique, roles, tuple(layers), frozenset(many), line=analysis.line, plain=False
        )
    return Graph(study, _order_nodes(nodes), {name: reader.name for name, reader in chosen.items()}, failed)


def _make_tuple(refs: str | tuple[str, ...]) -> tuple[str, ...]:
    return (refs,) if isinstance(refs, str) else refs


def _find_reader(measurement: Measurement, readers: Mapping[str, Reader]) -> Reader:
    """The one reader of all files of a measurement."""
    found = [registry.reader_for(path, dict(readers), measurement.reader) for path in measurement.files]
    names = {reader.name for reader in found}
    if len(names) > 1:
        raise NacreError(
            "the files of one measurement are of different formats",
            found=", ".join(f"{p.name}: {r.name}" for p, r in zip(measurement.files, found, strict=True)),
            do="declare one measurement per format, or put the right file there",
        )
    return found[0]


def _find_techniques(measurement, reader: Reader, techniques: Mapping[str, Technique]) -> list[Technique]:
    if measurement.techniques:
        return [techniques[name] for name in measurement.techniques]
    return [t for t in techniques.values() if not t.asked and set(t.accepts) & set(reader.kinds)]


def _list_layers(study: Study, technique: str, own: Mapping, overrides: Mapping) -> list[tuple[str, Mapping[str, Any]]]:
    return [
        ("study.toml [options]", study.options.get(technique, {})),
        ("study.toml [[measurement]]", own),
        ("--set", overrides.get(technique, {})),
    ]


def _make_plain_node(measurement: Measurement, technique: Technique, study: Study, overrides, *, asked=True) -> Node:
    layers = _list_layers(study, technique.name, measurement.options.get(technique.name, {}), overrides)
    return Node(
        name=f"{technique.name}:{measurement.name}",
        technique=technique.name,
        inputs={"signal": (("m", measurement.name),)},
        options=tuple(layers),
        measurement=measurement.name,
        line=measurement.line,
        asked=asked,
    )


def _order_nodes(nodes: dict[str, Node]) -> dict[str, Node]:
    """Nodes after those they need (a circle was refused when the study was loaded)."""
    done: dict[str, Node] = {}
    waiting = dict(nodes)
    while waiting:
        open_ = nodes.keys() - done  # not yet placed
        ready = [name for name, node in waiting.items() if open_.isdisjoint(node.upstream)]
        if not ready:
            raise NacreError("analyses depend on each other in a circle", found=", ".join(waiting))
        for name in ready:
            done[name] = waiting.pop(name)
    return done


def context_of(graph: Graph, node: Node) -> Context:
    """What a node may know: of its one sample and cell, or, for several, of each by the role of the input."""
    study = graph.study
    names = _list_measurements(graph, node)
    measurements = [graph.measurement(name) for name in names]
    base = _make_context(study, measurements, node)
    if node.plain:
        return base
    others = {}
    for role, refs in node.inputs.items():
        inner = [graph.measurement(m) for kind, ref in refs for m in _find_measurements(graph, kind, ref)]
        others[role] = _make_context(study, inner, node)
        if role in node.many:
            for kind, ref in refs:
                others[f"{role}/{ref}"] = _make_context(
                    study, [graph.measurement(m) for m in _find_measurements(graph, kind, ref)], node
                )
    return Context(**{**vars(base), "others": others})


def _make_context(study: Study, measurements: list[Measurement], node: Node) -> Context:
    samples = {m.sample for m in measurements if m.sample}
    cells = {m.cell for m in measurements if m.cell}
    return Context(
        study=study.name,
        sample=study.samples.get(next(iter(samples))) if len(samples) == 1 else None,
        cell=study.cells.get(next(iter(cells))) if len(cells) == 1 else None,
        measurement=measurements[0] if len(measurements) == 1 else None,
        inputs=study.inputs,
        materials=study.materials,
        seed=study.seed,
        analysis=node.name,
    )


def _find_measurements(graph: Graph, kind: str, name: str) -> list[str]:
    """Measurements behind an input, through as many analyses as there are."""
    if kind == "m":
        return [name]
    node = graph.nodes.get(name)
    return _list_measurements(graph, node) if node else []


def _list_measurements(graph: Graph, node: Node) -> list[str]:
    found = [m for refs in node.inputs.values() for kind, name in refs for m in _find_measurements(graph, kind, name)]
    return list(dict.fromkeys(found))


def files_of(graph: Graph, node: Node) -> list[tuple[str, Path]]:
    """(measurement, path) of every file a node reads itself."""
    return [(name, path) for name in node.measurements for path in graph.measurement(name).files]
