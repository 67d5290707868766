"""The study as an RO-Crate: every file described, every reference resolved, every raw file found again elsewhere."""

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import nacre
from nacre.core.errors import NacreError
from nacre.core.guard import Guard
from nacre.core.result import Provenance
from nacre.export import ro_crate
from nacre.export.packing import pack
from nacre.export.write import write_all
from nacre.pipeline.running.check import check
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
    document = ro_crate.metadata(open_, folder, pack(open_, folder, Guard()))
    root = next(entity for entity in document["@graph"] if entity["@id"] == "./")
    assert root["license"] == {"@id": address}


def test_a_study_that_never_ran_makes_no_crate(tmp_path):
    (tmp_path / "study.toml").write_text("schema = 1\n", encoding="utf-8")
    with pytest.raises(NacreError, match=r"no results to put into a crate.*[Rr]un the study first"):
        ro_crate.write(demo(), tmp_path, tmp_path / "crate.zip")


STUDY = """
schema = 1
[study]
name = "far"
[[sample]]
name = "bare"
[[sample]]
name = "lho"  # its files = "nowhere" of this comment are nobody's
[cell.bare-1]
sample = "bare"
[cell.lho-1]
sample = "lho"
[[measurement]]
name = "rate"
technique = "cycling"
files = ["../lab raw/{cell}_rate*.txt"]  # beside the study
[[measurement]]
name = "ageing"
technique = "cycling"
cell = "lho-1"
files = '%(away)s/lho/ageing.txt'
[[measurement]]
name = "first"
technique = "cycling"
cell = "bare-1"
files = ["raw/own.txt", "raw/../raw/two.txt"]
"""


@pytest.fixture
def far(tmp_path):
    """A study whose raw files lie beside it, far away and inside: (outcome, folder)."""
    folder = tmp_path / "work" / "study"
    away = tmp_path / "archive"
    raws = {folder.parent / "lab raw": ("bare-1_rate.txt", "lho-1_rate.txt"), away / "lho": ("ageing.txt",)}
    raws[folder / "raw"] = ("own.txt", "two.txt")
    for room, names in raws.items():
        room.mkdir(parents=True)
        for name in names:
            (room / name).write_text(f"1 2 3 {name}\n", encoding="utf-8")
    (folder.parent / "lab raw" / "other.txt").write_text("of no measurement\n", encoding="utf-8")
    (folder / "plugins").mkdir()
    (folder / "plugins" / "table.dat").write_text("0\n", encoding="utf-8")
    (folder / "truth.toml").write_text("x = 1\n", encoding="utf-8")
    (folder / "study.toml").write_text(STUDY % {"away": away.as_posix()}, encoding="utf-8")
    outcome = replace(demo(cycles=3), study=nacre.load(folder))
    write_all(outcome, folder / "results")
    return outcome, folder


def unpacked(outcome, folder, where, guard=None) -> Path:
    ro_crate.write(outcome, folder, where.parent / "crate.zip", guard)
    with zipfile.ZipFile(where.parent / "crate.zip") as archive:
        assert not [name for name in archive.namelist() if name.startswith("/") or ".." in name.split("/")]
        archive.extractall(where)
    return where


def hashes(study) -> dict[str, list[tuple[str, str]]]:
    def of(path):
        return path.name, hashlib.sha256(path.read_bytes()).hexdigest()

    return {m.name: [of(path) for path in m.files] for m in study.measurements}


def test_a_crate_unpacked_elsewhere_is_the_same_study(far, tmp_path):
    outcome, folder = far
    guard = Guard()
    (tmp_path / "elsewhere").mkdir()
    there = unpacked(replace(outcome, results=()), folder, tmp_path / "elsewhere" / "crate", guard)
    again = nacre.load(there)
    assert hashes(again) == hashes(outcome.study)
    assert len(hashes(again)) == 4
    assert all(path.resolve().is_relative_to(there.resolve()) for m in again.measurements for path in m.files)
    before, after = ([p for p in check(place)[0] if p.level == "error"] for place in (folder, there))
    assert [str(p) for p in after] == [str(p) for p in before]
    assert (there / "plugins" / "table.dat").exists() and (there / "truth.toml").exists()
    assert not [*there.rglob("other.txt")] and str(tmp_path) not in (there / "study.toml").read_text(encoding="utf-8")
    assert 'files = "nowhere" of this comment' in (there / "study.toml").read_text(encoding="utf-8")
    assert (folder / "study.toml").read_text(encoding="utf-8").count("../lab raw") == 1
    assert not guard.left_out


def test_a_study_with_its_files_inside_is_packed_letter_by_letter(far, tmp_path):
    outcome, folder = far
    text = STUDY.split("[[measurement]]")[0] + '[[measurement]]\nname = "first"\ntechnique = "cycling"\n'
    text += 'cell = "bare-1"\nfiles = "raw/*.txt"\n'
    (folder / "study.toml").write_text(text, encoding="utf-8")
    outcome, guard = replace(outcome, study=nacre.load(folder), results=()), Guard()
    (tmp_path / "b").mkdir()
    there = unpacked(outcome, folder, tmp_path / "b" / "crate", guard)
    assert (there / "study.toml").read_bytes() == (folder / "study.toml").read_bytes()
    assert hashes(nacre.load(there)) == hashes(outcome.study)
    assert not guard.left_out


def test_links_that_lead_out_are_named_and_not_followed(far, tmp_path):
    outcome, folder = far
    secret = tmp_path / "secret.txt"
    secret.write_text("secret\n", encoding="utf-8")
    for link in (folder / "notes.md", folder / "plugins" / "x.dat", folder / "raw" / "own.txt"):
        link.unlink(missing_ok=True)
        link.symlink_to(secret)
    rate = folder.parent / "lab raw" / "lho-1_rate.txt"
    rate.unlink()
    rate.symlink_to(secret)
    (folder / "inside.md").symlink_to(folder / "truth.toml")
    guard = Guard()
    ro_crate.write(replace(outcome, results=()), folder, tmp_path / "crate.zip", guard)
    with zipfile.ZipFile(tmp_path / "crate.zip") as archive:
        assert not [name for name in archive.namelist() if archive.read(name) == b"secret\n"]
        assert archive.read("inside.md") == b"x = 1\n"
    named = sorted(item.what for item in guard.left_out)
    wanted = ("notes.md", "outside/1/lho-1_rate.txt", "plugins/x.dat", "raw/own.txt")
    assert named == [f"file {name} in the crate" for name in wanted]
    assert all("symbolic link" in item.why for item in guard.left_out)


def test_a_pattern_that_goes_up_after_a_wildcard_is_refused(far, tmp_path):
    outcome, folder = far
    text = (folder / "study.toml").read_text(encoding="utf-8").replace("../lab raw/{cell}", "../lab*/../{cell}")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(NacreError, match=r"goes up after a wildcard.*[Nn]ame the folder itself"):
        ro_crate.write(outcome, folder, tmp_path / "crate.zip")
