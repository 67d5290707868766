"""The study as an RO-Crate: every file described, every reference resolved."""

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from nacre.core.errors import NacreError
from nacre.core.result import Provenance
from nacre.export import ro_crate
from nacre.export.write import write_all
from report.demo_outcome import demo


@pytest.fixture
def packed(tmp_path):
    """(outcome, study folder, the crate's zip): one raw file inside the study, one far away."""
    folder = tmp_path / "study"
    (folder / "raw").mkdir(parents=True)
    (folder / "raw" / "über 1.txt").write_text("1 2 3\n", encoding="utf-8")
    (folder / "study.toml").write_text("schema = 1\n", encoding="utf-8")
    outcome = demo()
    files = (("raw/über 1.txt", "0"), ("/elsewhere/secret.txt", "0"), ("../outside.txt", "0"))
    first, second, *rest = outcome.results
    results = (replace(first, provenance=Provenance(files)), replace(second, provenance=Provenance(files[:1])), *rest)
    outcome = replace(outcome, results=results, study=replace(outcome.study, authors=("A. Person", "B. Person")))
    write_all(outcome, folder / "results")
    target = tmp_path / "crate.zip"
    count = ro_crate.write(outcome, folder, target)
    with zipfile.ZipFile(target) as archive:
        assert len(archive.namelist()) == count
    return outcome, folder, target


def graph(target: Path) -> dict[str, dict]:
    with zipfile.ZipFile(target) as archive:
        document = json.loads(archive.read(ro_crate.METADATA))
    assert document["@context"] == "https://w3id.org/ro/crate/1.1/context"
    return {entity["@id"]: entity for entity in document["@graph"]}


def references(value):
    if isinstance(value, dict):
        yield value["@id"]
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_file_is_described_with_its_hash(packed):
    _, _, target = packed
    entities = graph(target)
    parts = [part["@id"] for part in entities["./"]["hasPart"]]
    assert "raw/%C3%BCber%201.txt" in parts
    with zipfile.ZipFile(target) as archive:
        data = archive.read("raw/über 1.txt")
    about = entities["raw/%C3%BCber%201.txt"]
    assert about["sha256"] == hashlib.sha256(data).hexdigest()
    assert (about["contentSize"], about["encodingFormat"]) == ("6", "text/plain")


def test_every_reference_leads_somewhere_and_nothing_is_said_twice(packed):
    entities = graph(packed[2])
    known = {*entities, "https://w3id.org/ro/crate/1.1"}
    for entity in entities.values():
        for key, value in entity.items():
            if key not in ("@id", "@type"):
                wanted = set(references(value)) if isinstance(value, (dict, list)) else set()
                assert wanted <= known, (entity["@id"], key)


def test_what_lies_outside_the_study_stays_outside(packed):
    with zipfile.ZipFile(packed[2]) as archive:
        assert not [name for name in archive.namelist() if "secret" in name or "outside" in name or ".." in name]
    assert packed[0].results[0].provenance.files[1][0] == "/elsewhere/secret.txt"


def test_an_analysis_says_what_it_was_made_from_and_with(packed):
    entities = graph(packed[2])
    first = entities["#analysis-1"]
    assert first["@type"] == "CreateAction"
    assert first["object"] == {"@id": "raw/%C3%BCber%201.txt"}
    assert entities[first["instrument"]["@id"]]["softwareVersion"] == "0.1.0"
    assert first["result"]["@id"] in entities


def test_people_and_licence_are_the_study_s_own(packed):
    outcome, folder, target = packed
    entities = graph(target)
    assert [entities[a["@id"]]["name"] for a in entities["./"]["author"]] == ["A. Person", "B. Person"]
    assert "No licence is stated" in entities[entities["./"]["license"]["@id"]]["description"]
    address = "https://creativecommons.org/licenses/by/4.0/"
    open_ = replace(outcome, study=replace(outcome.study, licence=address))
    document = ro_crate.metadata(open_, folder, ro_crate.members(open_, folder))
    root = next(entity for entity in document["@graph"] if entity["@id"] == "./")
    assert root["license"] == {"@id": address}


def test_a_study_that_never_ran_makes_no_crate(tmp_path):
    (tmp_path / "study.toml").write_text("schema = 1\n", encoding="utf-8")
    with pytest.raises(NacreError, match=r"no results to put into a crate.*[Rr]un the study first"):
        ro_crate.write(demo(), tmp_path, tmp_path / "crate.zip")
