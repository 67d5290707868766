"""cell.toml: all numbers of a cell model in one file, written and read without loss.

name = "lho-1"
[cathode]
contact = { value = "0.5", status = "assumed", source = "a trial" }
[cathode.potential]
kind = "table"
x = [...]
volts = [...]
status = "declared"
source = "our own half cell, C/50"
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

from nacre.cell.diffusivity import DiffusivityShape, read_shape
from nacre.cell.parameters import PARTS, CellParameters, ModelParameter, ParameterSpec, collect_names, read_number
from nacre.cell.potential import Potential, read_potential
from nacre.core import files
from nacre.core.errors import NacreError, did_you_mean
from nacre.core.quantity import Quantity

_HEAD = "# A cell model: every number with its unit, status and source. Change what you know better, then\n"
_HEAD += '# nacre simulate cell.toml --protocol "..."\n'


def write_text(parameters: CellParameters) -> str:
    """The file's text."""
    lines = [_HEAD, f"name = {_quote(parameters.name)}"]
    for part in PARTS:
        lines += ["", f"[{part}]"]
        mine = {n: p for n, p in parameters.numbers.items() if n.startswith(f"{part}.")}
        lines += [_write_row(name, mine[name], row) for name, row in parameters.names.items() if name in mine]
        if part in parameters.potentials:
            lines += ["", f"[{part}.potential]", *_write_form(parameters.potentials[part])]
        if part in parameters.shapes:
            lines += ["", f"[{part}.diffusivity_shape]", *_write_form(parameters.shapes[part])]
    return "\n".join(lines) + "\n"


def _write_row(name: str, parameter: ModelParameter, row: ParameterSpec) -> str:
    words = f"  # {row.words}"
    value, status, source = (_quote(t) for t in (_write_number(parameter.quantity), parameter.status, parameter.source))
    return f"{name.partition('.')[2]} = {{ value = {value}, status = {status}, source = {source} }}{words}"


def _write_number(quantity: Quantity) -> str:
    std = f" +- {quantity.std!r}" if quantity.std else ""
    return f"{float(quantity.value)!r}{std} {quantity.unit}".removesuffix(" 1")


def _write_form(form: Potential | DiffusivityShape) -> list[str]:
    rows = [f"{name} = {_write_plain(value)}" for name, value in form.numbers.items()]
    return [
        f"kind = {_quote(form.kind)}",
        *rows,
        f"status = {_quote(form.status)}",
        f"source = {_quote(form.source)}",
    ]


def _write_plain(value) -> str:
    if isinstance(value, str):
        return _quote(value)
    return f"[{', '.join(repr(float(v)) for v in value)}]" if isinstance(value, list | tuple) else repr(float(value))


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a TOML basic string


def save(parameters: CellParameters, path: Path) -> Path:
    files.write(path, write_text(parameters))
    return path


def load(path: Path, mechanisms: tuple[type, ...] = ()) -> CellParameters:
    """A cell from its file; mechanisms: classes of ageing mechanisms beside those of the package.

    Raises NacreError with the file, the parameter, what was found and what to do.
    """
    try:
        raw = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NacreError(f"this is no TOML file: {error}", where=str(path)) from None
    where = Path(path).name
    name = str(raw.pop("name", Path(path).stem))
    numbers: dict[str, ModelParameter] = {}
    potentials: dict[str, Potential] = {}
    shapes: dict[str, DiffusivityShape] = {}
    for part, rows in raw.items():
        if part not in PARTS or not isinstance(rows, Mapping):
            raise NacreError(f"unknown part '{part}'", where=where, do=did_you_mean(part, PARTS))
        for key, row in rows.items():
            if key == "potential":
                potentials[part] = read_potential(row, f"{where}, {part}")
            elif key == "diffusivity_shape":
                shapes[part] = read_shape(row, f"{where}, {part}")
            else:
                numbers[f"{part}.{key}"] = _read_parameter(f"{part}.{key}", row, where, collect_names(mechanisms))
    try:
        return CellParameters(name, numbers, potentials, shapes, mechanisms)
    except NacreError as error:
        raise error.at(where) from None


def _read_parameter(name: str, row, where: str, known: Mapping[str, ParameterSpec]) -> ModelParameter:
    if not isinstance(row, Mapping) or set(row) != {"value", "status", "source"}:
        raise NacreError(
            f"{name} must have value, status and source", where=where, found=str(row)[:60],
            do='write it as { value = "...", status = "assumed", source = "..." }',
        )  # fmt: skip
    return read_number(name, str(row["value"]), str(row["status"]), str(row["source"]), where, known)
