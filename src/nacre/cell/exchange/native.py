"""The full copy of a cell inside a BPX file, under Parameterisation > User-defined > Nacre.

BPX lets a User-defined block hold numbers, formulas in x, tables {x, y} and blocks of these; words only under the key
`description`. So the copy is, by key:

    version      1
    cell         description: the cell's name
    numbers      one block per number, `part.name [unit]`: value (none where it is infinite), std where one is known,
                 description `status: source`
    potentials   one block per electrode: description `status: source`, and a block named after its kind with its
                 numbers; a table is {x, y}; the amounts and the widths of an msmr are tables over its volts
    diffusivity shapes   the same for the electrodes that have one

Numbers are written with all their digits, so that reading gives the same cell.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from nacre.cell.diffusivity import DiffusivityShape
from nacre.cell.parameters import NAMES, PARTS, CellParameters, ModelParameter
from nacre.cell.potential import Potential
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity

BLOCK, VERSION = "Nacre", 1
WHERE = f"Parameterisation > User-defined > {BLOCK}"
_ABOUT = (
    "A full copy of the cell as Nacre holds it. Nacre reads this block and not the fields beside it, and refuses the "
    "file where the two disagree. Descriptions are `status: source`."
)
_KEY = re.compile(r"(\S+) \[(.+)\]")


def write_block(p: CellParameters) -> dict[str, Any]:
    """The copy of a cell."""
    made: dict[str, Any] = {"description": _ABOUT, "version": VERSION, "cell": {"description": p.name}}
    made["numbers"] = {
        f"{n} [{p.numbers[n].quantity.unit}]": _write_number(p.numbers[n]) for n in NAMES if n in p.numbers
    }
    made["potentials"] = {part: _write_form(p.potentials[part]) for part in PARTS if part in p.potentials}
    if p.shapes:
        made["diffusivity shapes"] = {part: _write_form(p.shapes[part]) for part in PARTS if part in p.shapes}
    return made


def _write_number(number: ModelParameter) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if math.isfinite(number.quantity.value):
        row["value"] = float(number.quantity.value)
    if number.quantity.std is not None:
        row["std"] = float(number.quantity.std)
    return {**row, "description": f"{number.status}: {number.source}"}


_HEIGHT = {Potential: "volts", DiffusivityShape: "ratio"}  # what a table of x holds


def _write_form(form: Potential | DiffusivityShape) -> dict[str, Any]:
    n: dict[str, Any] = dict(form.numbers)
    if form.kind == "table":
        n = {"x": _write_list(n["x"]), "y": _write_list(n[_HEIGHT[type(form)]])}
    elif form.kind == "msmr":
        volts = _write_list(n.pop("volts"))
        n |= {name: {"x": volts, "y": _write_list(n[name])} for name in ("amounts", "widths")}
    return {"description": f"{form.status}: {form.source}", form.kind: n}


def _write_list(values) -> list[float]:
    return [float(value) for value in values]


def read_block(made: Mapping[str, Any], where: str) -> CellParameters:
    """The cell of a copy. Raises NacreError with the place and what is missing or unknown."""
    place = f"{where}: {WHERE}"
    if made.get("version") != VERSION:
        raise NacreError(
            f"unknown version of the {BLOCK} block", where=place, found=str(made.get("version")), expected=str(VERSION),
            do="read it with the version of Nacre that wrote it, or take the standard fields (--take standard)",
        )  # fmt: skip
    try:
        numbers = dict(_read_number(key, row, place) for key, row in made["numbers"].items())
        potentials = {part: _read_form(Potential, row) for part, row in made["potentials"].items()}
        shapes = {part: _read_form(DiffusivityShape, row) for part, row in made.get("diffusivity shapes", {}).items()}
        name = made["cell"]["description"]
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        what = f"'{error.args[0]}'" if isinstance(error, KeyError) else "an entry"
        raise NacreError(
            f"{what} of the {BLOCK} block is missing or not as it was written", where=place,
            do="take the standard fields instead (--take standard), or export the cell again",
        ) from error  # fmt: skip
    try:
        return CellParameters(name, numbers, potentials, shapes)
    except NacreError as error:
        raise error.at(place) from None


def _read_number(key: str, row: Mapping[str, Any], place: str) -> tuple[str, ModelParameter]:
    match = _KEY.fullmatch(key)
    if match is None:
        raise NacreError("cannot read this key", where=place, found=f"'{key}'", expected="'part.name [unit]'")
    status, _, source = row["description"].partition(": ")
    quantity = Quantity(float(row.get("value", math.inf)), match[2], row.get("std"))
    return match[1], ModelParameter(quantity, status, source)


def _read_form(make: type, row: Mapping[str, Any]):
    status, _, source = row["description"].partition(": ")
    kind = next(key for key in row if key != "description")
    n = dict(row[kind])
    if kind == "table":
        n = {"x": n["x"], _HEIGHT[make]: n["y"]}
    elif kind == "msmr":
        amounts, widths = n.pop("amounts"), n.pop("widths")
        n = {"amounts": amounts["y"], "volts": amounts["x"], "widths": widths["y"], **n}
    return make(kind, n, status, source)
