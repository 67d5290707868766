"""Old names in study.toml: read as what they are called now, each with a note. The one place where that is done."""

from collections.abc import Iterator, Mapping
from typing import Any

from nacre.core import old_names
from nacre.physics.chemistry.elements import ATOMIC_WEIGHTS
from nacre.pipeline.loading.problems import Problems

# where tables that name a quantity stand: the keys of its name
_REPORTED = ("reported",)
_OBSERVABLES = ("calibration", "observable")
_RELATIONS = ("ledger", "relation")
# tables whose keys are names of quantities
_KEYED = (("lab", "reproducibility"), ("study", "relevance"))


def renew(raw: dict[str, Any], problems: Problems) -> None:
    """Put today's names into a study as it was parsed, wherever it names quantities or techniques of the ledger.

    raw : changed in place. Every old name becomes a warning that says the new one.
    """
    for place in (_REPORTED, _OBSERVABLES):
        for path, row in _list_rows(raw, place):
            _renew_quantity(row, "name", path, problems)
    for path, row in _list_rows(raw, _RELATIONS):
        operands = row.get("operands")
        for name, operand in operands.items() if isinstance(operands, Mapping) else ():
            if isinstance(operand, dict):
                _renew_quantity(operand, "quantity", (*path, "operands", name), problems)
        _renew_techniques(row, path, problems)
    for place in _KEYED:
        _renew_keys(raw, place, problems)


def _renew_keys(raw: Mapping[str, Any], place: tuple[str, str], problems: Problems) -> None:
    """Old names among the keys of a table. The new one holds for all elements and species, also those not named."""
    table = raw.get(place[0])
    table = table.get(place[1]) if isinstance(table, Mapping) else None
    if not isinstance(table, dict):
        return
    for name in list(table):
        new, _ = old_names.quantity(name, {}, ATOMIC_WEIGHTS)
        if new != name:
            table.setdefault(new, table.pop(name))
            text = f"'{name}' is called '{new}' now, for every element or species: read as that."
            problems.add((*place, name), text, "warning")


def _list_rows(raw: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[tuple[tuple, dict]]:
    """Path and table of each entry of an array of tables; what is not one is left to those who check the file."""
    found: Any = raw
    for key in place:
        found = found.get(key) if isinstance(found, Mapping) else None
    for i, row in enumerate(found if isinstance(found, list) else ()):
        if isinstance(row, dict):
            yield (*place, i), row


def _renew_quantity(row: dict[str, Any], key: str, path: tuple, problems: Problems) -> None:
    name, state = row.get(key), row.get("state", {})
    if not isinstance(name, str) or not isinstance(state, Mapping):
        return
    new, said = old_names.quantity(name, state, ATOMIC_WEIGHTS)
    if (new, said) == (name, dict(state)):
        return
    row[key], row["state"] = new, said
    words = ", ".join(f'{k} = "{v}"' for k, v in said.items())
    problems.add((*path, key), f"'{name}' is called '{new}' with state = {{ {words} }} now: read as that.", "warning")


def _renew_techniques(row: dict[str, Any], path: tuple, problems: Problems) -> None:
    old = row.get("techniques")
    if not isinstance(old, list):
        return
    row["techniques"] = [old_names.technique(name) if isinstance(name, str) else name for name in old]
    for name, new in zip(old, row["techniques"], strict=True):
        if name != new:
            problems.add(
                (*path, "techniques"), f"the technique '{name}' is called '{new}' now: read as that.", "warning"
            )
