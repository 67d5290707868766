"""A BPX file as a cell: from the full copy it carries where Nacre wrote it, else from the standard fields.

Of the standard fields the model takes geometry, lithium sites, potentials, D(x), kinetics, conductivities (the
electrolyte's at its resting concentration), activation energies, the window and the state. What it has no place for is
returned in words. BPX 0.x (state inside Cell and Electrolyte) and 1.x are read. Sources: the BPX standard, 1.1, and
its definition of the reaction rate, i0 = F K sqrt(c/c0) sqrt(x (1 - x)).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacre.cell.exchange import fields, native
from nacre.cell.exchange.section import find_inside, list_leaves
from nacre.cell.exchange.to_bpx import write_bpx
from nacre.cell.parameters import CellParameters, read_number
from nacre.core.errors import NacreError, unknown

TAKE = ("auto", "nacre", "standard")


@dataclass(frozen=True, eq=False)
class Imported:
    """A cell, and in words what was left out of the file, taken otherwise than it stands there, or filled in."""

    parameters: CellParameters
    notes: tuple[str, ...] = ()


def read_bpx(source: Path | Mapping[str, Any], given: Mapping[str, str] | None = None, take: str = "auto") -> Imported:
    """A cell from a BPX file, or from its content.

    given : numbers that the file lacks or that are to replace its own, `{"cell.cam_mass": "12 g"}`.
    take : "nacre", the full copy; "standard", the standard fields; "auto", the copy where there is one.

    Parameters
    ----------
    source : Path | Mapping[str, Any]
        The file, or its content.
    given : Mapping[str, str] | None, optional
        Numbers with units that the file lacks, or that replace its own.
    take : str, optional
        "nacre" (the full copy), "standard" (the standard fields) or "auto".

    Returns
    -------
    Imported
        The cell model, and what was left out or taken otherwise.

    Raises
    ------
    NacreError
        With the file, the section and the field, what was expected and what to do.
    """
    if take not in TAKE:
        raise unknown("choice", take, TAKE, "take")
    where = "BPX" if isinstance(source, Mapping) else Path(source).name
    content = source if isinstance(source, Mapping) else _load_content(Path(source))
    fields.check_version(content, where)
    given = dict(given or {})
    made = {name: read_number(name, text, "declared", "given on import", where) for name, text in given.items()}
    copy = find_inside(content, where, "Parameterisation").get("User-defined") or {}
    copy = copy.get(native.BLOCK) if isinstance(copy, Mapping) else None
    if take == "nacre" and copy is None:
        raise NacreError(
            "the file carries no cell of Nacre", where=f"{where}: {native.WHERE}", do="take the standard fields instead"
        )
    if copy is None or take == "standard":
        return Imported(*fields.read_fields(content, where, made))
    cell = native.read_block(copy, where)
    if take == "auto":
        _check_agreement(content, write_bpx(cell), where)
    return Imported(cell.changed(given, "declared", "given on import") if given else cell)


def _load_content(path: Path) -> Mapping[str, Any]:
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise NacreError(f"this is no JSON file: {error}", where=path.name, do="BPX is read as JSON") from None
    if not isinstance(made, Mapping):
        raise NacreError("this is no BPX file", where=path.name, expected="Header and Parameterisation")
    return made


def _collect_fields(content: Mapping[str, Any]) -> dict[str, Any]:
    return dict(list_leaves({name: content.get(name, {}) for name in ("Parameterisation", "State")}))


def _check_agreement(found: Mapping[str, Any], copied: Mapping[str, Any], where: str) -> None:
    """The standard fields must still be those of the copy: who edits a field means it."""
    mine, theirs = _collect_fields(copied), _collect_fields(found)
    for place, value in mine.items():
        if place not in theirs or not _is_same(value, theirs[place]):
            raise NacreError(
                "a standard field and the full copy in the User-defined block disagree",
                where=f"{where}: {place}", found=str(theirs.get(place, "nothing"))[:60], expected=str(value)[:60],
                do="if the field was changed on purpose, take the standard fields (--take standard); "
                "else take the copy (--take nacre)",
            )  # fmt: skip


def _is_same(a: float | str | list[float], b: float | str | list[float]) -> bool:
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(_is_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, str) or isinstance(b, str | list):
        return a == b
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
