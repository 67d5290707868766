"""study.toml and cells.csv -> Study: every mistake named at once, with its line."""

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nacre.cell.ageing.plugins import load_names
from nacre.cell.parameters import NAMES, ParameterSpec, collect_model_words
from nacre.cell.protocol import parse_protocol
from nacre.cell.recipe.build import check_model
from nacre.cell.recipe.coating import Coating, read_coating
from nacre.core import registry, vocabulary
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, StudyError, did_you_mean, unknown
from nacre.core.quantity import Quantity, parse
from nacre.core.study import Cell, PreparationStep, Reported, Sample, Study
from nacre.evidence.contrasts.endpoints import check_endpoints
from nacre.evidence.ledger import check_settings
from nacre.materials import load_builtin
from nacre.materials.plausible import refuse_implausible
from nacre.pipeline.loading.cells import read_cells
from nacre.pipeline.loading.consistent import check_together
from nacre.pipeline.loading.expand import expand_analyses, expand_measurements
from nacre.pipeline.loading.lab import read_lab
from nacre.pipeline.loading.measured_inputs import apply_lab
from nacre.pipeline.loading.problems import Problems, StudyProblems
from nacre.pipeline.loading.renew import renew
from nacre.pipeline.loading.study_file import StepPart, StudyFile
from nacre.pipeline.loading.toml_lines import line_map


def load(path: str | Path) -> Study:
    """The study in a folder that holds study.toml, or in that file.

    Raises StudyProblems with everything that is wrong, each with file:line, and StudyError where there is no
    study at all.
    """
    study, problems = read(path)
    problems.raise_if_any()
    return study


def find(path: str | Path) -> Path:
    """The study.toml meant by a folder or a file. Raises StudyError where there is none."""
    path = Path(path)
    file = path / "study.toml" if path.is_dir() else path
    if not file.is_file():
        where = str(path)
        raise StudyError("no study here", where=where, expected="a folder with study.toml", do="try `nacre new FOLDER`")
    return file


def read(path: str | Path) -> tuple[Study, Problems]:
    """The study as far as it can be made out, and all that is wrong with it. Raises only where nothing can be."""
    file = find(path)
    raw, problems = _parse(file)
    renew(raw, problems)
    shape = _validate(raw, problems)
    folder = file.parent.resolve()
    with problems.catch(()):
        registry.readers(folder)
    techniques: Mapping[str, Technique] = {}
    known: Mapping[str, ParameterSpec] = NAMES
    words = None
    with problems.catch(()):
        techniques = registry.techniques(folder)
        words = registry.vocabulary(folder)
    with problems.catch(()):
        known = load_names(folder)
        words = words and words.extended("quantity", collect_model_words(known))
    with vocabulary.using(words):
        study = _made(shape, folder, techniques, problems)
        _check_parts(study, shape, known, problems)
    return dataclasses.replace(study, vocabulary=words), problems


def _made(shape: StudyFile, folder: Path, techniques: Mapping[str, Technique], problems: Problems) -> Study:
    study = Study(
        name=shape.study.name,
        folder=folder,
        title=shape.study.title or shape.study.name,
        citation=shape.study.citation,
        authors=tuple(shape.study.authors),
        licence=shape.study.licence,
        seed=shape.study.seed,
        options=shape.options,
        materials=shape.material,
        extra={
            "ledger": shape.ledger,
            "model": shape.model,
            "calibration": shape.calibration,
            "endpoints": {"primary": shape.study.primary, "relevance": shape.study.relevance},
        },
        paper_numbers=shape.report.paper_numbers,
        lab=read_lab(shape.lab, folder, techniques, problems),
    )
    samples = _samples(shape, problems)
    defaults, cells = _cells(shape, folder, samples, problems)
    study = apply_lab(dataclasses.replace(study, inputs=defaults, samples=samples, cells=cells))
    study = dataclasses.replace(study, measurements=expand_measurements(shape, study, techniques, problems))
    return dataclasses.replace(
        study,
        analyses=expand_analyses(shape, study, techniques, problems),
        contrasts=_contrasts(shape, samples, problems),
        reported=_reported(shape, samples, problems),
    )


def _check_parts(study: Study, shape: StudyFile, known: Mapping[str, ParameterSpec], problems: Problems) -> None:
    """What is wrong with inputs together, and with the parts that stand for themselves: model, ledger, materials ..."""
    check_together(study, problems)
    with problems.catch(("model",)):
        check_model(shape.model, study.samples, known)
    with problems.catch(("ledger",)):
        check_settings(study)
    with problems.catch(("study",)):
        check_endpoints(study)
    if shape.calibration and not problems.errors:
        from nacre.evidence.calibrate.run import check  # takes a second to import

        with problems.catch(("calibration",)):
            check(study)
    for name, row in shape.material.items():
        with problems.catch(("material", name)):
            load_builtin().adding({name: row})


def _parse(file: Path) -> tuple[dict[str, Any], Problems]:
    data = file.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        where = f"{file.name}:{line}"
        raise StudyError(
            "not UTF-8 text", where=where, found=repr(data[error.start : error.end]), do="save it as UTF-8"
        ) from None
    text = text.replace("\r\n", "\n")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"not valid TOML: {error}", where=file.name, do=_toml_cure(str(error), text)) from None
    return raw, Problems(file.name, line_map(text))


def _toml_cure(error: str, text: str) -> str:
    """What people's editors do to TOML, and what to do about it."""
    at = re.search(r"line (\d+)", error)
    line = text.splitlines()[int(at[1]) - 1] if at and int(at[1]) <= text.count("\n") + 1 and text else ""
    if "\\" in line or "escape" in error:
        return "write Windows paths with / or in 'single quotes'"
    if re.search("[“”„‟«»]", line):
        return 'write plain quotes, "like this"; a word processor has turned them'
    if "overwrite" in error or "twice" in error:
        return f"what stands in this line was said before: {line.strip()}"
    if re.search(r"=\s*[^\s\"'\[{]", line):
        return 'write text and quantities in quotes, like diameter = "10 mm"'
    return "close the quotes that open in this line" if line.count('"') % 2 else ""


def _validate(raw: dict[str, Any], problems: Problems) -> StudyFile:
    try:
        return StudyFile.model_validate(raw)
    except ValidationError as error:
        for item in error.errors():
            path = tuple("schema" if part == "format" else part for part in item["loc"])
            problems.add(path, _pydantic_words(item, path, raw))
        raise StudyProblems(problems.errors) from None


def _pydantic_words(item: Mapping[str, Any], path: tuple, raw: dict[str, Any]) -> str:
    name = ".".join(str(part) for part in path)
    if item["type"] == "extra_forbidden":
        return str(unknown("key", str(path[-1]), _allowed(path)))
    if item["type"] == "missing":
        return f"'{path[-1]}' is missing" + (f" in [{'.'.join(map(str, path[:-1]))}]" if path[:-1] else "") + "."
    found = item.get("input")
    return f"'{name}': {item['msg'].lower()}; found {found!r}."


def _allowed(path: tuple) -> list[str]:
    """Keys that may stand where an unknown one was found."""
    model: Any = StudyFile
    for part in path[:-1]:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        model = next((arg for arg in getattr(annotation, "__args__", ()) if hasattr(arg, "model_fields")), annotation)
    return [field.alias or name for name, field in model.model_fields.items()]


def read_inputs(
    raw: Mapping[str, Any], tag: str, problems: Problems, path: tuple, file: str = "", line: int = 0
) -> dict[str, Quantity | str]:
    """Declared inputs, checked against the vocabulary. `tag` names their error source (they share it)."""
    inputs: dict[str, Quantity | str] = {}
    for name, value in raw.items():
        with problems.catch((*path, name), file, line):
            word = vocabulary.word("input", name)
            if value == "":  # a blank that `nacre new` left: not given
                continue
            if word.unit == "1" and isinstance(value, str) and _is_words(value, _NUMERAL):
                if name == "protocol":
                    parse_protocol(value)
                inputs[name] = value
            elif isinstance(value, (dict, list, bool)):
                raise NacreError(f"'{name}' cannot be {type(value).__name__}", expected=f'"... {word.unit}"')
            else:
                quantity = _positive(name, parse(value, word.unit, where=f"'{name}'"))
                refuse_implausible("input", name, quantity)
                inputs[name] = quantity.tagged(f"{tag}:{name}")
    return inputs


_ABOVE_ZERO = ("cam_mass", "composite_mass", "cam_fraction", "area", "diameter", "one_c", "theoretical_capacity")


def _positive(name: str, quantity: Quantity) -> Quantity:
    """What is divided by is above zero. Raises NacreError: a capacity per -8.3 mg would look like one."""
    if name in _ABOVE_ZERO and not quantity.value > 0:
        found = f"{quantity.value:g} {quantity.unit}"
        raise NacreError(f"'{name}' is not above zero", found=found, do="leave it empty where it is not known")
    return quantity


# a number and something that may be meant as its unit: "750 degZ", "8,3 mg"; not "2-propanol" or "5 % H2 in Ar"
_MEANT_AS_NUMBER = re.compile(r"[+-]?\d[\d.,]*(\(\d+\))?\s*(\w+|[^\W\d]\S*)?", re.ASCII)
_NUMERAL = re.compile(r"[+-]?\d[\d.,]*(\(\d+\))?", re.ASCII)


def _is_words(text: str, meant_as_number: re.Pattern = _MEANT_AS_NUMBER) -> bool:
    """Whether text is a name or a remark rather than a quantity, right or wrong."""
    try:
        parse(text)
    except NacreError:
        return not meant_as_number.fullmatch(text.strip())
    return False


def _samples(shape: StudyFile, problems: Problems) -> dict[str, Sample]:
    parts = {part.name: (i, part) for i, part in enumerate(shape.sample)}
    if len(parts) < len(shape.sample):
        names = [part.name for part in shape.sample]
        for i, part in enumerate(shape.sample):
            if part.name in names[:i]:
                problems.add(("sample", i, "name"), f"sample '{part.name}' is defined twice.")
    done: dict[str, Sample] = {}
    for name in parts:
        _sample(name, parts, done, (), problems)
    return {name: done[name] for name in parts if name in done}


def _sample(name, parts, done, above, problems) -> Sample | None:
    """One sample, those it is like first."""
    if name in done:
        return done[name]
    i, part = parts[name]
    path = ("sample", i)
    base = Sample(name)
    if part.like:
        if part.like in (*above, name):
            problems.add(
                (*path, "like"), f"samples are like each other in a circle: {' -> '.join((*above, name, part.like))}."
            )
        elif part.like not in parts:
            problems.add((*path, "like"), str(unknown("sample", part.like, parts)))
        else:
            base = _sample(part.like, parts, done, (*above, name), problems) or base
    inputs = read_inputs(part.model_extra or {}, f"sample:{name}", problems, path)
    steps = tuple(_step(step, f"step:{name}:{k}", (*path, "step", k), problems) for k, step in enumerate(part.step))
    coating = {**base.coating, **part.coating}
    with problems.catch((*path, "coating")):
        read_coating(coating, f"sample '{name}'")
    done[name] = Sample(name, part.label, {**base.inputs, **inputs}, base.steps + steps, coating)
    return done[name]


def _step(part: StepPart, tag: str, path: tuple, problems: Problems) -> PreparationStep:
    """Conditions of a step are free: text that reads as a quantity becomes one, other text stays words."""
    conditions: dict[str, Quantity | str] = {}
    for name, value in (part.model_extra or {}).items():
        if isinstance(value, str) and not _is_words(value):
            with problems.catch((*path, name)):
                quantity = parse(value, where=f"'{name}'").tagged(f"{tag}:{name}")
                conditions[name] = quantity
                refuse_implausible("condition", name, quantity)
        else:
            conditions[name] = str(value)
    return PreparationStep(part.do, conditions)


def _cells(shape: StudyFile, folder: Path, samples, problems: Problems):
    """Defaults of [cell], and the cells of [cell.NAME] and cells.csv."""
    defaults = {k: v for k, v in shape.cell.items() if not isinstance(v, dict)}
    tables = {k: v for k, v in shape.cell.items() if isinstance(v, dict)}
    shared = read_inputs(defaults, "study", problems, ("cell",))
    rows: list[tuple[str, dict, tuple, str, int]]
    rows = [(name, dict(row), ("cell", name), "", 0) for name, row in tables.items()]
    rows += [(row.pop("cell", ""), row, (), "cells.csv", line) for line, row in read_cells(folder, problems)]
    cells: dict[str, Cell] = {}
    for name, row, path, file, line in rows:
        if not re.fullmatch(r"\w[^:/\\*?\[\]{}<>|\"]*", name):
            text = f"a cell cannot be called '{name}'. Begin with a letter or digit, without : / \\ * ? [ ] {{ }}."
            problems.add(path, text, file=file, line=line)
        sample = row.pop("sample", "")
        if name in cells:
            problems.add(path, f"cell '{name}' is defined twice.", file=file, line=line)
        if sample not in samples:
            text = str(unknown("sample", sample, samples)) if sample else f"cell '{name}' does not say its sample."
            problems.add((*path, "sample"), text, file=file, line=line)
        cells[name] = Cell(name, sample, read_inputs(row, f"cell:{name}", problems, path, file, line))
    return shared, cells


def _contrasts(shape: StudyFile, samples, problems: Problems) -> tuple[tuple[str, str], ...]:
    """The contrasts named, else every other sample against the study's reference."""
    for i, part in enumerate(shape.contrast):
        for role in ("reference", "treated"):
            if getattr(part, role) not in samples:
                problems.add(("contrast", i, role), str(unknown("sample", getattr(part, role), samples)))
    reference = shape.study.reference
    if reference and reference not in samples:
        problems.add(("study", "reference"), str(unknown("sample", reference, samples)))
    if shape.contrast:
        return tuple((part.reference, part.treated) for part in shape.contrast)
    return tuple((reference, name) for name in samples if name != reference) if reference else ()


def _reported(shape: StudyFile, samples, problems: Problems) -> tuple[Reported, ...]:
    found = []
    for i, part in enumerate(shape.reported):
        path = ("reported", i)
        with problems.catch((*path, "name")):
            word = vocabulary.word("quantity", part.name)
            with problems.catch((*path, "state")):
                vocabulary.check_state(part.state)
            with problems.catch((*path, "value")):
                quantity = parse(part.value, word.unit, origin="reported").tagged(f"reported:{i}")
                state = _of_coating(part.state, samples.get(part.sample))
                found.append(Reported(part.sample, part.name, quantity, state, part.source, part.rule, part.cell))
        if part.sample not in samples:
            problems.add((*path, "sample"), f"unknown sample '{part.sample}'. {did_you_mean(part.sample, samples)}")
    return tuple(found)


def _of_coating(state: Mapping[str, Any], sample: Sample | None) -> dict[str, Any]:
    """A state with the phases of the sample's coating in place of {oxide}, {product} and {metal}.

    Raises NacreError where one is asked for that the study does not declare.
    """
    if not any(value in ("{oxide}", "{product}", "{metal}") for value in state.values()):
        return dict(state)
    coating = read_coating(sample.coating) if sample else Coating()
    known = {"{oxide}": coating.precursor, "{product}": coating.product, "{metal}": coating.metal}
    for key, value in state.items():
        if known.get(value, value) == "":
            raise NacreError(
                f"the coating's {value[1:-1]} is not declared", found=f'{key} = "{value}"', expected="a formula",
                do="add precursor and phases under [sample.coating], or write the formula",
            )  # fmt: skip
    return {key: known.get(value, value) for key, value in state.items()}
