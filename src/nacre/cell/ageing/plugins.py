"""Ageing mechanisms of a study's own: files in its `plugins/` that end with `MECHANISM = ...` (docs/ageing.md).

Their numbers stand beside the others under [model.ageing], and are fitted as the others are; a cell carries the classes
with it (`CellParameters.mechanisms`), so that two studies in one program may have different ones.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from nacre.cell.parameters import NAMES, ParameterSpec, collect_names
from nacre.core import registry
from nacre.core.errors import NacreError
from nacre.core.units import check_unit


def load_mechanisms(folder: Path | None) -> tuple[type, ...]:
    """The classes in the plugins of a study's folder. Raises NacreError with the file where a name or a number cannot
    be, or is taken."""
    found = registry.mechanisms(folder)
    own = tuple(kind for name, kind in found.items() if kind is not registry.mechanisms().get(name))
    taken = dict.fromkeys(NAMES, "the package")
    for kind in own:
        _check_mechanism(kind, taken)
        taken |= dict.fromkeys((f"ageing.{name}" for name in getattr(kind, "numbers", {})), registry.place(kind))
    return own


def load_names(folder: Path | None) -> Mapping[str, ParameterSpec]:
    """All numbers that a cell of this study may have, by name."""
    return collect_names(load_mechanisms(folder))


def find_study_above(path: Path) -> Path | None:
    """The folder of the study that a file lies in, if any."""
    return next((folder for folder in path.resolve().parents if (folder / "study.toml").is_file()), None)


def _check_mechanism(kind: type, taken: Mapping[str, str]) -> None:
    where, numbers = registry.place(kind), getattr(kind, "numbers", {})
    if not isinstance(numbers, Mapping) or not all(isinstance(row, ParameterSpec) for row in numbers.values()):
        raise NacreError(
            f"the numbers of the ageing mechanism '{kind.name}' cannot be read", where=where, found=str(numbers)[:60],
            expected='numbers = {"my_rate": Name("1/h", "its words", default=0.0, at_low=True)}',
        )  # fmt: skip
    for name, row in numbers.items():
        if not re.fullmatch("[a-z][a-z0-9_]*", str(name)):
            raise NacreError("no name of a number", where=where, found=repr(name), expected="a-z, 0-9 and _")
        if f"ageing.{name}" in taken:
            raise NacreError(
                f"the number '{name}' of the ageing mechanism '{kind.name}' is taken", where=where,
                found=f"one of {taken[f'ageing.{name}']}", do="rename it",
            )  # fmt: skip
        _check_row(name, row, where)


def _check_row(name: str, row: ParameterSpec, where: str) -> None:
    try:
        check_unit(row.unit)
    except NacreError as error:
        raise error.at(f"{where}, {name}") from None
    default = row.default
    if default is None or not (row.low < default <= row.high or (row.at_low and default == row.low)):
        raise NacreError(
            f"the number '{name}' needs a default within its bounds", where=where, found=str(default),
            expected="what holds of a cell that does not give it", do="write default=0.0, at_low=True",
        )  # fmt: skip
