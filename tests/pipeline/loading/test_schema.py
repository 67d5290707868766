"""The schema for editors says what loading says: it takes what loads and refuses a slip."""

import re
import textwrap
import tomllib

import pytest

from nacre.pipeline.loading.schema import study_schema
from pipeline import toys

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}


def complaints(value, schema, root, path="study"):
    """What a JSON schema (the part of draft 2020-12 that ours uses) objects to."""
    if "$ref" in schema:
        return complaints(value, root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root, path)
    if "anyOf" in schema:
        tried = [complaints(value, arm, root, path) for arm in schema["anyOf"]]
        return [] if any(not found for found in tried) else tried[0]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[k]) and (k == "boolean" or value is not True) for k in kinds):
        return [f"{path}: not {kinds}"]
    if ("const" in schema and value != schema["const"]) or ("enum" in schema and value not in schema["enum"]):
        return [f"{path}: {value!r} is not allowed"]
    found = []
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{path}: {value!r} does not fit {schema['pattern']}")
    if isinstance(value, list):
        for i, item in enumerate(value):
            found += complaints(item, schema.get("items", {}), root, f"{path}[{i}]")
    if isinstance(value, dict):
        found += [f"{path}: '{name}' is missing" for name in schema.get("required", ()) if name not in value]
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            if inner is False:
                found.append(f"{path}: unknown '{name}'")
            elif isinstance(inner, dict):
                found += complaints(item, inner, root, f"{path}.{name}")
    return found


def judge(folder, text):
    schema = study_schema(folder)
    return complaints(tomllib.loads(textwrap.dedent(text)), schema, schema)


@pytest.fixture
def folder(tmp_path):
    return toys.make(tmp_path / "study")


def test_the_toy_study_is_taken(folder):
    extra = """
    [options.mean]
    offset = "10 mV"
    [[reported]]
    sample = "lho"
    name = "discharge_capacity"
    value = "190(2) mAh/g"
    state = { cycle = 1 }
    """
    assert judge(folder, toys.STUDY) == []
    assert judge(folder, toys.STUDY + extra) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("schema = 1", "schema = 2", "study.schema: 2 is not allowed"),
        ('reference = "bare"', 'refrence = "bare"', "unknown 'refrence'"),
        ('label = "Bare"', 'particle_diametre = "5 um"', "unknown 'particle_diametre'"),
        ('cam_mass = "8.3(1) mg"', 'cam_mas = "8.3(1) mg"', "study.cell.cam_mas: not ['object']"),
        ('cam_mass = "8.1(1) mg"', 'cam_mas = "8.1(1) mg"', "unknown 'cam_mas'"),
        ('files = "raw/{cell}.num"', 'file = "raw/{cell}.num"', "'files' is missing"),
        ('technique = "joint"', 'technique = "jiont"', "'jiont' is not allowed"),
        ('name = "lho"', 'name = "l h o"', "does not fit"),
        ("seed = 3", 'seed = "three"', "seed: not ['integer']"),
        ("[cell]\n", "[options.mean]\n    ofset = 1\n    [cell]\n", "unknown 'ofset'"),
    ],
)
def test_a_slip_is_refused(folder, old, new, words):
    assert old in toys.STUDY
    found = judge(folder, toys.STUDY.replace(old, new, 1))
    assert any(words in complaint for complaint in found), found


def test_without_a_study_the_packages_own_words_are_known():
    assert "$schema" in study_schema() and "joint" not in str(study_schema()["$defs"]["AnalysisPart"])
