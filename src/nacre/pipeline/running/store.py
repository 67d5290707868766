"""Results on disk: one file per key, written whole or not at all."""

import dataclasses
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nacre.core import figure, files, quantity, result, signal
from nacre.core.errors import NacreError

_CLASSES = {
    kind.__name__: kind
    for kind in (
        quantity.Quantity,
        signal.Source,
        figure.Axis,
        figure.Series,
        figure.Panel,
        figure.Figure,
        result.Subject,
        result.Entry,
        result.Check,
        result.Curve,
        result.Provenance,
        result.Result,
    )
}


def _encode(item: Any, arrays: list[np.ndarray]) -> Any:
    """JSON-ready form of dataclasses, mappings, sequences and arrays; arrays are moved out, by number."""
    if isinstance(item, np.ndarray):
        if item.dtype.kind == "O":
            return {"!": "objects", "v": [list(item.shape), [_encode(x, arrays) for x in item.ravel()]]}
        arrays.append(item)
        return {"!": "array", "v": len(arrays) - 1}
    if isinstance(item, np.generic):
        return _encode(item.item(), arrays)
    if type(item) in _CLASSES.values():
        values = {f.name: _encode(getattr(item, f.name), arrays) for f in dataclasses.fields(item)}
        return {"!": type(item).__name__, "v": values}
    if isinstance(item, Mapping):
        return {"!": "dict", "v": [[_encode(k, arrays), _encode(v, arrays)] for k, v in item.items()]}
    if isinstance(item, tuple):
        return {"!": "tuple", "v": [_encode(x, arrays) for x in item]}
    if isinstance(item, list):
        return [_encode(x, arrays) for x in item]
    if isinstance(item, Path):
        return str(item)
    if item is None or isinstance(item, (str, int, float, bool)):
        return item
    raise NacreError(f"a result cannot hold a {type(item).__name__}", expected="numbers, text, arrays, tuples, dicts")


def _decode(item: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(item, list):
        return [_decode(x, arrays) for x in item]
    if not isinstance(item, dict):
        return item
    tag, value = item["!"], item["v"]
    if tag == "array":
        return signal.freeze(arrays[f"a{value}"])
    if tag == "objects":
        array = np.empty(value[0], dtype=object)
        for i, x in enumerate(value[1]):
            array.flat[i] = _decode(x, arrays)
        return signal.freeze(array)
    if tag == "dict":
        return {_decode(k, arrays): _decode(v, arrays) for k, v in value}
    if tag == "tuple":
        return tuple(_decode(x, arrays) for x in value)
    return _CLASSES[tag](**{k: _decode(v, arrays) for k, v in value.items()})


def dumps(item: Any) -> bytes:
    """Any results, as bytes of an .npz archive."""
    arrays: list[np.ndarray] = []
    text = json.dumps(_encode(item, arrays), separators=(",", ":"))
    stream = io.BytesIO()
    named: dict[str, Any] = {f"a{i}": array for i, array in enumerate(arrays)}
    np.savez(stream, tree=np.frombuffer(text.encode(), np.uint8), **named)
    return stream.getvalue()


def loads(data: bytes) -> Any:
    """The results again; their arrays are read-only, as one analysis's results may go to several others."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return _decode(json.loads(archive["tree"].tobytes()), archive)


class Store:
    """The cache of a study: `results/.cache/KEY.npz`, and per analysis the parts of its last key."""

    def __init__(self, folder: Path):
        self.folder = folder

    def _make_path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"

    def get(self, key: str) -> list[result.Result] | None:
        """The results under a key; None where there are none, or where the file is damaged."""
        try:
            return loads(self._make_path(key).read_bytes())
        except Exception:  # a damaged archive fails in many ways, and each has the same cure
            return None

    def has(self, key: str) -> bool:
        return self._make_path(key).is_file()

    def put(self, key: str, results: list[result.Result]) -> None:
        files.write(self._make_path(key), dumps(results))

    def last(self, name: str) -> dict[str, Any]:
        """The parts of the key under which an analysis last ran, for `--why`."""
        try:
            return json.loads((self.folder / "why" / f"{_make_safe_name(name)}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def remember(self, name: str, parts: Mapping[str, Any]) -> None:
        files.write(self.folder / "why" / f"{_make_safe_name(name)}.json", json.dumps(parts, sort_keys=True))

    def sweep(self, keep: set[str]) -> None:
        """Removes what a killed run left half-written, and results no analysis asks for any more."""
        for path in self.folder.glob(f"**/{files.UNFINISHED}*"):
            path.unlink(missing_ok=True)
        for path in self.folder.glob("*.npz"):
            if path.stem not in keep:
                path.unlink(missing_ok=True)


def _make_safe_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)
