"""What is likely a slip in a study that is sound in itself: a mass in g among masses in mg, files nobody analyses."""

import statistics
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from nacre.core import registry
from nacre.core.context import Context
from nacre.core.display.wording import count, several
from nacre.core.study import Study
from nacre.pipeline.running.graph import Graph
from nacre.readers.reading import hash_file

APART = 5.0  # cells of one study are weighed out alike; a slip of a unit or a decimal point is a factor 10 or 1000
LOADING = (0.2, 200.0)  # mg/cm2, from thin films to thick pellets
ONE_C = (10.0, 5000.0)  # mA/g, from half the slowest intercalation to sulfur


def doubts(graph: Graph) -> list[str]:
    """Sentences on declared numbers that hardly can be meant."""
    study = graph.study
    masses = {name: q.value for name in study.cells if (q := _make_context(study, name).find("cam_mass", "mg"))}
    return [*_find_outliers(masses), *_check_loadings(study, masses), *_check_currents(study), *_find_twins(study)]


def _make_context(study: Study, cell: str) -> Context:
    one = study.cells[cell]
    return Context(cell=one, sample=study.samples.get(one.sample), inputs=study.inputs)


def _find_outliers(masses: Mapping[str, float]) -> Iterable[str]:
    """Masses far from the median; of two cells nobody can say which is wrong."""
    if len(masses) < 2:
        return
    usual = statistics.median(masses.values())
    for name, mass in masses.items():
        if not 1 / APART < mass / usual < APART:
            yield (
                f"cell '{name}': {mass:.4g} mg of active material, where the cells of this study hold {usual:.3g} mg "
                "(median). Look at the unit and the decimal point in cells.csv or study.toml."
            )


def _check_loadings(study: Study, masses: Mapping[str, float]) -> Iterable[str]:
    found: dict[str, list[str]] = {}
    for name, mass in masses.items():
        area = _make_context(study, name).find("area", "cm2")
        if area is not None and not LOADING[0] < mass / area.value < LOADING[1]:
            text = f"{mass:.3g} mg of active material on {area.value:.3g} cm2 are {mass / area.value:.3g} mg/cm2"
            found.setdefault(text, []).append(f"'{name}'")
    for text, names in found.items():
        cells = f"cell{'s' if names[1:] else ''} {several(names)}"
        yield f"{cells}: {text}, which no electrode holds. Look at the units of mass and diameter."


def _check_currents(study: Study) -> Iterable[str]:
    found: dict[float, list[str]] = {}
    for name in study.cells:
        one_c = _make_context(study, name).find("one_c", "mA/g")
        if one_c is not None and not ONE_C[0] < one_c.value < ONE_C[1]:
            found.setdefault(one_c.value, []).append(name)
    for value in found:
        yield f"one_c = {value:g} mA/g is no current of 1C that is known. Look at its unit; like 190 mA/g."


def _find_twins(study: Study) -> Iterable[str]:
    """Cells with the same file: a copy is no replicate, however well it agrees."""
    files = [(path, m) for m in study.measurements if m.cell for path in m.files if path.is_file()]
    sizes = Counter(path.stat().st_size for path, _ in files)
    found: dict[str, dict[str, str]] = {}
    for path, m in files:
        if sizes[path.stat().st_size] > 1:
            found.setdefault(hash_file(path), {}).setdefault(m.cell, path.name)
    for cells in found.values():
        if len(cells) > 1:
            names = several([f"'{cell}' ({file})" for cell, file in cells.items()])
            yield f"cells {names} have the same file, byte for byte: one cell is not {count(len(cells), 'cell')}."


def idle(graph: Graph, barren: Collection[str] = ()) -> list[str]:
    """Sentences on measurements that nothing is made of: their techniques wait to be asked.

    barren : nodes that ran and had nothing to analyse (a file of several kinds held none of theirs).
    """
    study = graph.study
    used = {name for node in graph.nodes.values() if node.name not in barren for name in node.measurements}
    techniques, readers = registry.techniques(study.folder), registry.readers(study.folder)
    rows: dict[tuple[str, ...], list[str]] = {}
    for measurement in study.measurements:
        if measurement.name in used or measurement.name in graph.failed:
            continue
        kinds = set(readers[graph.readers[measurement.name]].kinds)
        takes = tuple(t.name for t in techniques.values() if t.asked and kinds & set(t.accepts))
        rows.setdefault(takes, []).append(f"'{measurement.name}'")
    return [_wait(names, takes) for takes, names in rows.items()]


def _wait(names: list[str], takes: tuple[str, ...]) -> str:
    many = len(names) > 1
    what = f"measurement{'s' if many else ''} {several(names)}: no analysis uses {'them' if many else 'it'}"
    if takes:
        return f'{what}. Ask for one under [[analysis]] or with technique = "...": {", ".join(takes)}.'
    return f"{what}. Name it in the inputs of an [[analysis]], or take it out."
