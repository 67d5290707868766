"""Old names of quantities, states and techniques: what they are called now, from old_names.toml."""

import re
import tomllib
from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=1)
def _load_table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("nacre.core").joinpath("old_names.toml").read_text(encoding="utf-8"))


def quantity(name: str, state: Mapping[str, Any], elements: Collection[str]) -> tuple[str, dict[str, Any]]:
    """The name and the state that a quantity has today; both as they are where they are not old.

    Parameters
    ----------
    name, state : as written, like "hf_content" and {}.
    elements : the symbols that `{element}` may stand for.

    Returns
    -------
    Like "element_content" and {"element": "Hf"}. The state may hold `{metal}`, `{oxide}` or `{product}`, which stand
    for those of a declared coating. What the state said stands before what the old name said.
    """
    small = {symbol.lower(): symbol for symbol in elements}
    for old, new in _load_table()["quantity"].items():
        symbol = _find_symbol(old, name, small)
        if symbol is not None:
            name, state = new["name"], {**_fill_template(new["state"], symbol), **state}
            break
    keys = _load_table()["state"].get(name, {})
    return name, {keys.get(key, key): value for key, value in state.items()}


def technique(name: str) -> str:
    """The registry's name of a technique that the ledger once called otherwise."""
    return _load_table()["technique"].get(name, name)


def _find_symbol(old: str, name: str, small: Mapping[str, str]) -> str | None:
    """The element for which `name` is the old name; "" where that holds none, None where it is another name."""
    if "{element}" not in old:
        return "" if name == old else None
    match = re.fullmatch(re.escape(old).replace(re.escape("{element}"), "([a-z]+)"), name)
    return small.get(match[1]) if match else None


def _fill_template(state: Mapping[str, str], symbol: str) -> dict[str, str]:
    return {key: value.replace("{Element}", symbol) for key, value in state.items()}
