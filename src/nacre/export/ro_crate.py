"""The whole study as an RO-Crate: raw files, study file and results in one zip, with what was made from what.

RO-Crate 1.1 (S. Soiland-Reyes et al., Data Science 5 (2022) 97, https://w3id.org/ro/crate/1.1): the metadata are
JSON-LD; every analysis is a CreateAction from its raw files, by this package, to its results.
"""

import hashlib
import json
import mimetypes
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nacre.core.display.wording import technique_words
from nacre.core.errors import NacreError
from nacre.core.files import replacing
from nacre.core.guard import Guard
from nacre.core.outcome import Outcome
from nacre.core.result import Result
from nacre.export.packing import STUDY, Packing, pack

METADATA = "ro-crate-metadata.json"
RESULTS = "results/results.json"
_CRATE = "https://w3id.org/ro/crate/1.1"
_SOFTWARE = "#nacre"
_TYPES = {".toml": "application/toml", ".parquet": "application/vnd.apache.parquet", ".cif": "chemical/x-cif"}
_MOMENT = (1980, 1, 1, 0, 0, 0)


def metadata(outcome: Outcome, folder: Path, packing: Packing) -> dict[str, Any]:
    """The JSON-LD document of a crate with these files."""
    study, paths = outcome.study, list(packing.files)
    when = outcome.when or datetime.now(UTC).isoformat(timespec="seconds")
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": study.title or study.name,
        "description": f"Raw files, study file and results of {study.title or study.name}.",
        "datePublished": when[:10],
        "license": {"@id": study.licence or "#no-licence"},
        "hasPart": [{"@id": _make_id(path)} for path in paths],
        "mentions": [{"@id": f"#analysis-{i + 1}"} for i in range(len(outcome.results))],
    }
    people = [{"@id": f"#author-{i + 1}", "@type": "Person", "name": name} for i, name in enumerate(study.authors)]
    if people:
        root["author"] = _unwrap_single([{"@id": person["@id"]} for person in people])
    graph = [
        {"@id": METADATA, "@type": "CreativeWork", "conformsTo": {"@id": _CRATE}, "about": {"@id": "./"}},
        root,
        _find_licence(study.licence),
        _describe_software(outcome),
        *people,
        *(_describe_file(packing, path) for path in paths),
        *(_describe_action(result, i, folder, packing, when) for i, result in enumerate(outcome.results)),
    ]
    return {"@context": f"{_CRATE}/context", "@graph": graph}


def write(outcome: Outcome, folder: Path, target: Path, guard: Guard | None = None) -> int:
    """Write the crate as a zip; returns how many files it holds. Raises NacreError where results are not there yet.

    `guard` names what was left out.
    """
    if not (folder / RESULTS).is_file():
        raise NacreError("there are no results to put into a crate", where=str(folder), do="run the study first")
    packing = pack(outcome, folder, guard or Guard(), target)
    document = json.dumps(metadata(outcome, folder, packing), indent=1, ensure_ascii=False)
    with replacing(target) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(METADATA, _MOMENT), document.encode(), zipfile.ZIP_DEFLATED)
        for name in packing.files:
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), _read_packed(packing, name), zipfile.ZIP_DEFLATED)
    return len(packing.files) + 1


def _read_packed(packing: Packing, name: str) -> bytes:
    """A file as it is packed."""
    if name == STUDY and packing.study is not None:
        return packing.study
    return packing.files[name].read_bytes()


def _make_id(path: str) -> str:
    """A path as an identifier: spaces and the like as a URI spells them."""
    return quote(path)


def _find_licence(licence: str) -> dict[str, str]:
    if licence:
        return {"@id": licence, "@type": "CreativeWork", "name": licence}
    words = "No licence is stated: ask those who measured before these data are used again"
    return {"@id": "#no-licence", "@type": "CreativeWork", "name": "no licence stated", "description": words}


def _describe_software(outcome: Outcome) -> dict[str, Any]:
    made = [f"{name} {version}" for name, version in outcome.versions.items()]
    version = outcome.versions.get("nacre", "")
    about = {"@id": _SOFTWARE, "@type": "SoftwareApplication", "name": "Nacre", "softwareVersion": version}
    return about | {"softwareRequirements": ", ".join(made)}


def _describe_file(packing: Packing, path: str) -> dict[str, Any]:
    data = _read_packed(packing, path)
    kind = _TYPES.get(Path(path).suffix.lower()) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    about = {"@id": _make_id(path), "@type": "File", "name": Path(path).name, "contentSize": str(len(data))}
    if path == STUDY and packing.study is not None:
        about["description"] = "The study file; paths of raw files outside the study's folder are those of this crate."
    return about | {"encodingFormat": kind, "sha256": hashlib.sha256(data).hexdigest()}


def _describe_action(result: Result, i: int, folder: Path, packing: Packing, when: str) -> dict[str, Any]:
    subject = str(result.subject)
    files = [name for file, _ in result.provenance.files for name in packing.names(folder / file)]
    used = [{"@id": _make_id(name)} for name in dict.fromkeys(files)]
    return {
        "@id": f"#analysis-{i + 1}",
        "@type": "CreateAction",
        "name": f"{technique_words(result.technique)}{f' of {subject}' if subject else ''}",
        "description": result.methods or technique_words(result.technique),
        "instrument": {"@id": _SOFTWARE},
        **({"object": _unwrap_single(used)} if used else {}),
        "result": {"@id": RESULTS},
        "endTime": when,
        "additionalType": f"origin: {result.origin}",
    }


def _unwrap_single(values: list) -> Any:
    """JSON-LD wants a single value to stand alone."""
    return values[0] if len(values) == 1 else values
