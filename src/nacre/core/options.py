"""Options of a technique: declared once, as a frozen dataclass; everything else follows from the fields."""

import dataclasses
import math
import typing
from collections.abc import Mapping
from types import UnionType
from typing import Any

from nacre.core.errors import NacreError, did_you_mean
from nacre.core.quantity import parse


def option(default, help: str, *, unit: str = "", lo=None, hi=None, choices: tuple = ()):
    """A field of an options dataclass: its default, what it does, unit, bounds (inclusive) or choices."""
    metadata = {"help": help, "unit": unit, "lo": lo, "hi": hi, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class NoOptions:
    """A technique without choices."""


def resolve(kind: type, *layers: tuple[str, Mapping[str, Any]], where: str = "") -> tuple[Any, dict[str, str]]:
    """Options of `kind` from layers, later ones first in rank: `("study.toml", {...}), ("--set", {...})`.

    Returns the options and, per field, where its value came from ("default" or the layer's name). Text with
    a unit ("5 mV") is converted to the field's unit. Raises NacreError for unknown names, wrong types and
    values out of bounds.
    """
    fields = {f.name: f for f in dataclasses.fields(kind)}
    hints = typing.get_type_hints(kind)
    values, sources = {}, dict.fromkeys(fields, "default")
    for source, layer in layers:
        for name, raw in layer.items():
            if name not in fields:
                raise NacreError(f"unknown option '{name}'", where=where or source, do=did_you_mean(name, fields))
            values[name] = _read_value(fields[name], hints[name], raw, where or source)
            sources[name] = source
    return kind(**values), sources


def _read_value(field, hint, raw, where):
    meta, place = field.metadata, f"{where}: option '{field.name}'"
    value = _check_type(hint, meta.get("unit", ""), raw, place)
    numbers = value if isinstance(value, tuple) else (value,)
    choices = meta.get("choices")
    if choices and any(item is not None and item not in choices for item in numbers):
        known = [str(choice) for choice in meta["choices"]]
        cure = did_you_mean(str(value), known)
        raise NacreError("not one of the choices", where=place, found=f"'{raw}'", expected=", ".join(known), do=cure)
    lo, hi = meta.get("lo"), meta.get("hi")
    for number in numbers:
        low = lo is not None and number is not None and number < lo
        if low or (hi is not None and number is not None and number > hi):
            raise NacreError(
                "out of bounds", where=place, found=str(raw), expected=f"{lo} to {hi} {meta['unit']}".strip()
            )
    return value


_BOOLS = {True: True, False: False, "true": True, "false": False, "yes": True, "no": False}


def _check_type(hint, unit, raw, place):
    if isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union:
        inner = [arm for arm in typing.get_args(hint) if arm is not type(None)]
        return None if raw is None or raw == "none" else _check_type(inner[0], unit, raw, place)
    if typing.get_origin(hint) is tuple:
        if isinstance(raw, str):
            raw = [word.strip() for word in raw.split(",") if word.strip()]
        if not isinstance(raw, (list, tuple)):
            raw = [raw]
        kinds = typing.get_args(hint)
        if kinds[-1] is Ellipsis:  # any number of them
            kinds = (kinds[0],) * len(raw)
        if len(raw) != len(kinds):
            raise NacreError("wrong number of values", where=place, found=str(len(raw)), expected=str(len(kinds)))
        return tuple(_check_type(kind, unit, item, place) for kind, item in zip(kinds, raw, strict=True))
    try:
        if hint is bool:
            return _BOOLS[raw.strip().lower() if isinstance(raw, str) else raw]
        if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
            raise TypeError(raw)
        if hint is int:
            if float(raw) != int(float(raw)):
                raise ValueError(raw)
            return int(float(raw))
        if hint is float:
            if isinstance(raw, str) and not _is_number(raw):
                return parse(raw, unit or "1", where=place).value
            if math.isnan(float(raw)):
                raise ValueError(raw)
            return float(raw)
        return hint(raw)
    except (KeyError, TypeError, ValueError, OverflowError):
        kind = f"{hint.__name__} in {unit}" if unit else hint.__name__
        raise NacreError("wrong kind of value", where=place, found=f"'{raw}'", expected=kind) from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_dict(options) -> dict[str, Any]:
    return dataclasses.asdict(options)


def table(kind: type) -> list[dict[str, Any]]:
    """One row per option: name, type, default, unit, help, bounds, choices (for docs, schema and CLI)."""
    hints = typing.get_type_hints(kind)
    return [
        {"name": f.name, "type": str(getattr(hints[f.name], "__name__", hints[f.name])), "default": f.default}
        | dict(f.metadata)
        for f in dataclasses.fields(kind)
    ]
