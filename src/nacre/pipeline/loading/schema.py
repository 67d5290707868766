"""The JSON schema of study.toml, made from the same declarations that check it."""

from pathlib import Path
from typing import Any

from nacre.cell.recipe.coating import KEYS as COATING_KEYS
from nacre.core import options as option_tools
from nacre.core import registry
from nacre.core.lab import ROLES
from nacre.materials.instruments import data_sheets
from nacre.pipeline.loading.study_file import StudyFile


def study_schema(folder: Path | None = None) -> dict[str, Any]:
    """A JSON schema (draft 2020-12): inputs from the vocabulary, options from the techniques.

    folder : of a study, whose plugins are then known too.
    """
    techniques, vocabulary = registry.techniques(folder), registry.vocabulary(folder)
    schema = StudyFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "study.toml"
    inputs = {
        name: {"type": ["string", "number"], "description": f'{word.words}, like "... {word.unit}"'}
        for name, word in sorted(vocabulary.words("input").items())
    }
    sample = schema["$defs"]["SamplePart"]
    sample["properties"] |= inputs
    sample["additionalProperties"] = False
    sample["properties"]["coating"] = {
        "type": "object",
        "properties": {key: {"description": words} for key, (_, words) in COATING_KEYS.items()},
        "additionalProperties": False,
    }
    cell = {"type": "object", "properties": {"sample": {"type": "string"}, **inputs}, "additionalProperties": False}
    schema["properties"]["cell"] = {
        "type": "object",
        "description": "defaults for all cells; a sub-table [cell.NAME] is one cell",
        "properties": inputs,
        "additionalProperties": cell,
    }
    schema["properties"]["lab"] = _lab_schema(techniques, vocabulary)
    schema["$defs"]["ReportedPart"]["properties"]["name"]["enum"] = sorted(vocabulary.words("quantity"))
    schema["$defs"]["AnalysisPart"]["properties"]["technique"]["enum"] = sorted(techniques)
    chosen = {name: _options_schema(technique.options) for name, technique in techniques.items()}
    per_technique = {"type": "object", "properties": chosen, "additionalProperties": {"type": "object"}}
    schema["properties"]["options"] = per_technique
    schema["$defs"]["MeasurementPart"]["properties"]["options"] = per_technique
    return schema


def _lab_schema(techniques, vocabulary) -> dict[str, Any]:
    """Instruments by role, each a name of the table or figures of its own."""
    named: dict[str, list[str]] = {}
    for sheet in data_sheets().values():
        named.setdefault(sheet.role, []).append(sheet.name)
    known = {name: {"type": ["string", "number"]} for name in sorted({*techniques, *vocabulary.words("quantity")})}
    roles = {role: _instrument_schema(figures, named.get(role, [])) for role, figures in ROLES.items()}
    again = {"type": "object", "properties": known, "additionalProperties": False}
    properties = {**roles, "reproducibility": {**again, "description": "standard deviations between specimens"}}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _instrument_schema(figures, names: list[str]) -> dict[str, Any]:
    own = {
        name: {"type": "string", "description": f'{kind}, like "... {unit}"'} for name, (unit, kind) in figures.items()
    }
    table = {"type": "object", "properties": {"instrument": {"enum": names}, **own}, "additionalProperties": False}
    return {"anyOf": [{"enum": names}, table]}


def _options_schema(kind: type) -> dict[str, Any]:
    rows = option_tools.table(kind)
    properties: dict[str, dict[str, Any]] = {}
    for row in rows:
        words = f"{row['help']} (default {row['default']} {row['unit']})".replace(" )", ")")
        properties[row["name"]] = {"description": words}
        if row["choices"]:
            properties[row["name"]]["enum"] = list(row["choices"])
    return {"type": "object", "properties": properties, "additionalProperties": False}
