"""What a package index shows of Nacre, and what its wheel tells a type checker."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_page_of_an_index_leads_nowhere_in_the_repository():
    text = (ROOT / PROJECT["readme"]).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert "import nacre" in text and not [link for link in links if not link.startswith("https://")]


def test_authors_and_version_are_those_to_cite():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert [f"  - name: {author['name']}" for author in PROJECT["authors"]] == re.findall(r"  - name: .+", citation)
    assert f"version: {PROJECT['version']}\n" in citation


def test_classifiers_name_each_python_that_is_allowed():
    minors = [int(m[1]) for text in PROJECT["classifiers"] if (m := re.search(r"Python :: 3\.(\d+)$", text))]
    assert PROJECT["requires-python"] == f">=3.{min(minors)},<3.{max(minors) + 1}"
    assert minors == list(range(min(minors), max(minors) + 1))


def test_types_are_offered_to_others():
    assert (ROOT / "src" / "nacre" / "py.typed").exists()


def test_one_workflow_calls_the_same_script_on_every_system():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert all(system in text for system in ("ubuntu-latest", "windows-latest", "macos-latest", '"3.11"', '"3.14"'))
    verbs = set(re.findall(r"python do\.py (\w+)", text))
    assert verbs == {"lint", "types", "measure", "docs", "test", "lowest"}
