"""The task graph: every analysis to run, declared or plain, after what it needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from nacre.core import options as option_tools
from nacre.core import registry
from nacre.core.context import Context
from nacre.core.contracts import Reader, Technique
from nacre.core.errors import NacreError, unknown
from nacre.core.study import Analysis, Measurement, Study
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


Overrides = Mapping[str, Mapping[str, Any]]


def build(study: Study, overrides: Overrides | None = None) -> Graph:
    """All nodes of a study. `overrides` are options of `--set`, per technique.

    A measurement that no reader takes, or whose file is of another kind than is said of it, is in `failed`; it does
    not hinder the others.
    """
    overrides = overrides or {}
    techniques = registry.techniques(study.folder)
    _check_overrides(overrides, techniques)
    chosen, failed = _choose_readers(study)
    failed |= misplaced(study, chosen, techniques)
    builder = _NodeBuilder(study, techniques, overrides)
    sound = {name: reader for name, reader in chosen.items() if name not in failed}
    builder.add_plain_nodes(sound)
    for analysis in study.analyses:
        builder.add_declared_node(analysis)
    return Graph(study, _ordered(builder.nodes), {name: reader.name for name, reader in chosen.items()}, failed)


def _check_overrides(overrides: Overrides, techniques: Mapping[str, Technique]) -> None:
    for name, options in overrides.items():
        if name not in techniques:
            raise unknown("technique", name, techniques, "--set")
        option_tools.resolve(techniques[name].options, ("--set", options), where="--set")


def _choose_readers(study: Study) -> tuple[dict[str, Reader], dict[str, NacreError]]:
    """The reader of each measurement, and why there is none."""
    readers = registry.readers(study.folder)
    chosen: dict[str, Reader] = {}
    failed: dict[str, NacreError] = {}
    for measurement in study.measurements:
        try:
            chosen[measurement.name] = _reader(measurement, readers)
        except NacreError as error:
            failed[measurement.name] = error
    return chosen, failed


class _NodeBuilder:
    """Collects the nodes of a study: the plain ones first, for declared analyses refer to them."""

    def __init__(self, study: Study, techniques: Mapping[str, Technique], overrides: Overrides):
        self.study = study
        self.techniques = techniques
        self.overrides = overrides
        self.nodes: dict[str, Node] = {}
        self._measurements = {m.name: m for m in study.measurements}
        self._declared = {analysis.name for analysis in study.analyses}

    def add_plain_nodes(self, readers: Mapping[str, Reader]) -> None:
        """One node per measurement and technique that takes it.

        A measurement that a declared analysis takes is not analysed a second time, alone, by the same technique.
        """
        taken = {(a.technique, ref) for a in self.study.analyses for refs in a.inputs.values() for ref in _flat(refs)}
        for name, reader in readers.items():
            measurement = self._measurements[name]
            for technique in _techniques_for(measurement, reader, self.techniques):
                if (technique.name, name) not in taken:
                    self._add_plain_node(measurement, technique, asked=bool(measurement.techniques))

    def add_declared_node(self, analysis: Analysis) -> None:
        layers = _layers(self.study, self.techniques[analysis.technique], {}, self.overrides)
        layers.insert(-1, (f"study.toml:{analysis.line}", analysis.options))
        self.nodes[analysis.name] = Node(
            name=analysis.name,
            technique=analysis.technique,
            inputs={role: tuple(map(self._resolve_input, _flat(refs))) for role, refs in analysis.inputs.items()},
            options=tuple(layers),
            many=frozenset(role for role, refs in analysis.inputs.items() if not isinstance(refs, str)),
            line=analysis.line,
            plain=False,
        )

    def _resolve_input(self, ref: str) -> tuple[str, str]:
        """What an input refers to: ("m", measurement) or ("n", node).

        "technique:measurement" asks for that plain analysis, whether it runs unasked or not.
        """
        if ref in self._declared or ref in self.nodes:
            return "n", ref
        technique, _, measurement = ref.partition(":")
        if ref in self._measurements or measurement not in self._measurements:
            return "m", ref
        self._add_plain_node(self._measurements[measurement], self.techniques[technique])
        return "n", ref

    def _add_plain_node(self, measurement: Measurement, technique: Technique, *, asked: bool = True) -> None:
        layers = _layers(self.study, technique, measurement.options.get(technique.name, {}), self.overrides)
        name = f"{technique.name}:{measurement.name}"
        self.nodes[name] = Node(
            name=name,
            technique=technique.name,
            inputs={"signal": (("m", measurement.name),)},
            options=tuple(layers),
            measurement=measurement.name,
            line=measurement.line,
            asked=asked,
        )


def _flat(refs: str | tuple[str, ...]) -> tuple[str, ...]:
    return (refs,) if isinstance(refs, str) else refs


def _reader(measurement: Measurement, readers: Mapping[str, Reader]) -> Reader:
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


def _techniques_for(measurement, reader: Reader, techniques: Mapping[str, Technique]) -> list[Technique]:
    if measurement.techniques:
        return [techniques[name] for name in measurement.techniques]
    return [t for t in techniques.values() if not t.asked and set(t.accepts) & set(reader.kinds)]


def _layers(study: Study, technique: Technique, own: Mapping, overrides) -> list[tuple[str, Mapping[str, Any]]]:
    """Where options come from, later ones first in rank: the lab's instruments, the study, the measurement, --set."""
    return [
        *option_tools.lab_layers(technique.options, study.lab),
        ("study.toml [options]", study.options.get(technique.name, {})),
        ("study.toml [[measurement]]", own),
        ("--set", overrides.get(technique.name, {})),
    ]


def _ordered(nodes: dict[str, Node]) -> dict[str, Node]:
    """Nodes after those they need (a circle was refused when the study was loaded)."""
    done: dict[str, Node] = {}
    waiting = dict(nodes)
    while waiting:
        ready = [name for name, node in waiting.items() if all(up in done or up not in nodes for up in node.upstream)]
        if not ready:
            raise NacreError("analyses depend on each other in a circle", found=", ".join(waiting))
        for name in ready:
            done[name] = waiting.pop(name)
    return done


def context_of(graph: Graph, node: Node) -> Context:
    """What a node may know: of its one sample and cell, or, for several, of each by the role of the input."""
    base = _context(graph, node, _all_measurements(graph, node))
    if node.plain:
        return base
    others = {}
    for role, refs in node.inputs.items():
        reached = {ref: _reach(graph, kind, ref) for kind, ref in refs}
        others[role] = _context(graph, node, chain.from_iterable(reached.values()))
        if role in node.many:
            others |= {f"{role}/{ref}": _context(graph, node, names) for ref, names in reached.items()}
    return Context(**{**vars(base), "others": others})


def _context(graph: Graph, node: Node, names: Iterable[str]) -> Context:
    study = graph.study
    measurements = [graph.measurement(name) for name in names]
    sample = _only([m.sample for m in measurements])
    cell = _only([m.cell for m in measurements])
    return Context(
        study=study.name,
        sample=study.samples.get(sample),
        cell=study.cells.get(cell),
        measurement=measurements[0] if len(measurements) == 1 else None,
        inputs=study.inputs,
        materials=study.materials,
        seed=study.seed,
        analysis=node.name,
        names={name: tuple(filter(None, (name, one.label))) for name, one in study.samples.items()},
    )


def _only(names: list[str]) -> str:
    """The one name that is given, as often as it may be; "" where there are several or none."""
    given = set(filter(None, names))
    return given.pop() if len(given) == 1 else ""


def _reach(graph: Graph, kind: str, name: str) -> list[str]:
    """Measurements behind an input, through as many analyses as there are."""
    if kind == "m":
        return [name]
    node = graph.nodes.get(name)
    return _all_measurements(graph, node) if node else []


def _all_measurements(graph: Graph, node: Node) -> list[str]:
    refs = chain.from_iterable(node.inputs.values())
    found = chain.from_iterable(_reach(graph, kind, name) for kind, name in refs)
    return list(dict.fromkeys(found))


def files_of(graph: Graph, node: Node) -> list[tuple[str, Path]]:
    """(measurement, path) of every file a node reads itself."""
    return [(name, path) for name in node.measurements for path in graph.measurement(name).files]
