"""Common instruments and what their data sheets or standards say of their accuracy, from instruments.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from nacre.core.errors import unknown


@dataclass(frozen=True)
class DataSheet:
    """One row: figures as written (see `nacre.core.lab`), their source, and whether they were seen there."""

    name: str
    role: str
    figures: Mapping[str, str]
    source: str
    verified: bool


@lru_cache(maxsize=1)
def data_sheets() -> dict[str, DataSheet]:
    """All rows of the table by name."""
    raw = tomllib.loads(files("nacre.materials").joinpath("instruments.toml").read_text(encoding="utf-8"))
    rows = [(role, row) for role, found in raw.items() for row in found]
    return {
        row["name"]: DataSheet(row["name"], role, row["figures"], row["source"], row["status"] == "verified")
        for role, row in rows
    }


def data_sheet(role: str, name: str, where: str = "") -> DataSheet:
    """The row of an instrument. Raises NacreError with did-you-mean among those of its role."""
    known = {row.name: row for row in data_sheets().values() if row.role == role}
    if name not in known:
        raise unknown(f"{role} in the table of instruments", name, known, where)
    return known[name]
