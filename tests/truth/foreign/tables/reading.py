"""Write a draw to a file and have a reader of the product read it, as a user would."""

from pathlib import Path

from nacre.core import registry
from nacre.core.errors import NacreError
from truth.foreign.tables.truth import Draw

READER = {"maccor": "maccor", "impedance": "eis_csv", "generic": "table"}


def options_for(draw: Draw) -> dict:
    """What a user would say in study.toml: for a table of one's own, which column is which."""
    if draw.truth.kind != "generic":
        return {}
    main = draw.truth.tables[0]
    columns = tuple(f"{short(c.name)} = {c.head} [{c.written_unit}]" for c in main.columns)
    return {"columns": columns, "kind": "series"}


def short(name: str) -> str:
    return {"test_time_second": "time", "voltage_volt": "voltage", "current_ampere": "current"}.get(name, name)


def read_draw(draw: Draw, folder: Path):
    """The signals, or the NacreError in their stead. Any other exception is let through: it is a fault."""
    reader = registry.readers()[READER[draw.truth.kind]]
    path = Path(folder) / f"draw{draw.suffix}"
    path.write_bytes(draw.data)
    try:
        return list(reader.read(path, reader.options(**options_for(draw))))
    except NacreError as error:
        return error
