"""The key of an analysis: a change in anything it depends on changes the key, and nothing else does."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from nacre.core import registry
from nacre.core.context import Context
from nacre.pipeline.running import dependencies
from nacre.readers.reading import hash_file


def digest(item: Any) -> str:
    """SHA-256 of the canonical JSON of a tree of plain values and dataclasses."""
    return hashlib.sha256(json.dumps(_make_plain(item), sort_keys=True).encode()).hexdigest()


def _make_plain(item: Any) -> Any:
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        return {f.name: _make_plain(getattr(item, f.name)) for f in dataclasses.fields(item)}
    if isinstance(item, Mapping):
        return {str(k): _make_plain(v) for k, v in item.items()}
    if isinstance(item, (list, tuple)):
        return [_make_plain(x) for x in item]
    if isinstance(item, float):
        return repr(item)
    return item if item is None or isinstance(item, (str, int, bool)) else str(item)


@lru_cache(maxsize=1)
def package_hash() -> str:
    """Hash of every source and data file of the package."""
    root = Path(__file__).parents[2]
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".toml", ".csv", ".json") and "__pycache__" not in path.parts:
            whole.update(str(path.relative_to(root).as_posix()).encode())
            whole.update(path.read_bytes())
    return whole.hexdigest()


def plugins_hash(folder: Path | None) -> str:
    """Digest of the plugins a study knows: its own files, and the packages and versions that bring others."""
    own = [(path.name, hash_file(path)) for path in sorted((folder / "plugins").glob("*.py"))] if folder else []
    return digest([*own, *registry.installed()])


def context_parts(context: Context) -> dict[str, Any]:
    """What an analysis knows of its sample and cell, without what is hashed elsewhere (files, their place)."""
    measurement = context.measurement
    declared = {}
    if measurement:
        names = ("name", "segments", "state", "kind", "reader", "reader_options")
        declared = {name: _make_plain(getattr(measurement, name)) for name in names}
    return {
        "sample": _make_plain(context.sample),
        "cell": _make_plain([context.cell, context.inputs]),
        "measurement": declared,
        "materials": _make_plain(context.materials),
        "others": {name: context_parts(other) for name, other in context.others.items()},
    }


def key_parts(
    *,
    files: Sequence[tuple[str, str, str]],
    context: Context,
    upstream: Mapping[str, str],
    options: Any,
    technique: str,
    folder: Path,
) -> dict[str, Any]:
    """The parts of a key, each as a digest, the dependencies as versions: `--why` names those that changed."""
    about = context_parts(context)
    return {
        "files": digest(files),
        "sample": digest(about["sample"]),
        "cell": digest(about["cell"]),
        "measurement": digest(about["measurement"]),
        "materials": digest(about["materials"]),
        "other samples": digest(about["others"]),
        "upstream results": digest(upstream),
        "options": digest([technique, options]),
        "seed": digest(context.seed),
        "nacre's code": package_hash(),
        "plugins": plugins_hash(folder),
        "dependencies": dependencies.all_versions(),
    }
