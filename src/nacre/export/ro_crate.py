"""The whole study as an RO-Crate: raw files, study file and results in one zip, with what was made from what.

RO-Crate 1.1 (S. Soiland-Reyes et al., Data Science 5 (2022) 97, https://w3id.org/ro/crate/1.1): the metadata are
JSON-LD; every analysis is a CreateAction from its raw files, by this package, to its results.
"""

import hashlib
import json
import mimetypes
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nacre.core.display.wording import technique_words
from nacre.core.errors import NacreError
from nacre.core.files import replacing
from nacre.core.outcome import Outcome
from nacre.core.result import Result

METADATA = "ro-crate-metadata.json"
RESULTS = "results/results.json"
_CRATE = "https://w3id.org/ro/crate/1.1"
_SOFTWARE = "#nacre"
_KEPT = (".toml", ".csv", ".md", ".py")  # of the study's own folder, beside its raw files and results
_TYPES = {".toml": "application/toml", ".parquet": "application/vnd.apache.parquet", ".cif": "chemical/x-cif"}
_MOMENT = (1980, 1, 1, 0, 0, 0)


def members(outcome: Outcome, folder: Path) -> list[Path]:
    """Files of the study that belong into the crate, relative to its folder: those it was made from and its results."""
    raw = {Path(file) for result in outcome.results for file, _ in result.provenance.files}
    own = {p.relative_to(folder) for p in folder.iterdir() if p.suffix in _KEPT and p.is_file()}
    made = {p.relative_to(folder) for p in (folder / "results").rglob("*") if p.is_file() and not _hidden(p, folder)}
    inside = {p for p in raw if not p.is_absolute() and ".." not in p.parts and (folder / p).is_file()}
    return sorted(inside | own | made)


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def metadata(outcome: Outcome, folder: Path, files: Iterable[Path]) -> dict[str, Any]:
    """The JSON-LD document of a crate with these files."""
    study, paths = outcome.study, [path.as_posix() for path in files]
    when = outcome.when or datetime.now(UTC).isoformat(timespec="seconds")
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": study.title or study.name,
        "description": f"Raw files, study file and results of {study.title or study.name}.",
        "datePublished": when[:10],
        "license": {"@id": study.licence or "#no-licence"},
        "hasPart": [{"@id": _id(path)} for path in paths],
        "mentions": [{"@id": f"#analysis-{i + 1}"} for i in range(len(outcome.results))],
    }
    people = [{"@id": f"#author-{i + 1}", "@type": "Person", "name": name} for i, name in enumerate(study.authors)]
    if people:
        root["author"] = _one_or_many([{"@id": person["@id"]} for person in people])
    graph = [
        {"@id": METADATA, "@type": "CreativeWork", "conformsTo": {"@id": _CRATE}, "about": {"@id": "./"}},
        root,
        _licence(study.licence),
        _software(outcome),
        *people,
        *(_file(folder, path) for path in paths),
        *(_action(result, i, set(paths), when) for i, result in enumerate(outcome.results)),
    ]
    return {"@context": f"{_CRATE}/context", "@graph": graph}


def write(outcome: Outcome, folder: Path, target: Path) -> int:
    """Write the crate as a zip; returns how many files it holds. Raises NacreError where results are not there yet."""
    files = members(outcome, folder)
    if Path(RESULTS) not in files:
        raise NacreError("there are no results to put into a crate", where=str(folder), do="run the study first")
    document = json.dumps(metadata(outcome, folder, files), indent=1, ensure_ascii=False)
    with replacing(target) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(METADATA, _MOMENT), document.encode(), zipfile.ZIP_DEFLATED)
        for path in files:
            entry = zipfile.ZipInfo(path.as_posix(), _MOMENT)
            archive.writestr(entry, (folder / path).read_bytes(), zipfile.ZIP_DEFLATED)
    return len(files) + 1


def _id(path: str) -> str:
    """A path as an identifier: spaces and the like as a URI spells them."""
    return quote(path)


def _licence(licence: str) -> dict[str, str]:
    if licence:
        return {"@id": licence, "@type": "CreativeWork", "name": licence}
    words = "No licence is stated: ask those who measured before these data are used again"
    return {"@id": "#no-licence", "@type": "CreativeWork", "name": "no licence stated", "description": words}


def _software(outcome: Outcome) -> dict[str, Any]:
    made = [f"{name} {version}" for name, version in outcome.versions.items()]
    version = outcome.versions.get("nacre", "")
    about = {"@id": _SOFTWARE, "@type": "SoftwareApplication", "name": "Nacre", "softwareVersion": version}
    return about | {"softwareRequirements": ", ".join(made)}


def _file(folder: Path, path: str) -> dict[str, Any]:
    data = (folder / path).read_bytes()
    kind = _TYPES.get(Path(path).suffix.lower()) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    about = {"@id": _id(path), "@type": "File", "name": Path(path).name, "contentSize": str(len(data))}
    return about | {"encodingFormat": kind, "sha256": hashlib.sha256(data).hexdigest()}


def _action(result: Result, i: int, inside: set[str], when: str) -> dict[str, Any]:
    subject = str(result.subject)
    used = [{"@id": _id(file)} for file, _ in result.provenance.files if file in inside]
    return {
        "@id": f"#analysis-{i + 1}",
        "@type": "CreateAction",
        "name": f"{technique_words(result.technique)}{f' of {subject}' if subject else ''}",
        "description": result.methods or technique_words(result.technique),
        "instrument": {"@id": _SOFTWARE},
        **({"object": _one_or_many(used)} if used else {}),
        "result": {"@id": RESULTS},
        "endTime": when,
        "additionalType": f"origin: {result.origin}",
    }


def _one_or_many(values: list) -> Any:
    """JSON-LD wants a single value to stand alone."""
    return values[0] if len(values) == 1 else values
