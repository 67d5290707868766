"""Phase transitions of the active material that dQ/dV shows: names, quantities and windows, from transitions.toml."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True)
class Transition:
    """One phase transition.

    peak : name of the quantity that is the voltage of its maximum. shift : name of the quantity that says how far that
    moved; "" where nobody follows it. window, charge : V against Li+/Li, see the table; no `charge` where not followed.
    """

    name: str
    peak: str
    window: tuple[float, float]
    shift: str = ""
    charge: tuple[float, ...] = ()


@lru_cache(maxsize=1)
def load_transitions() -> tuple[Transition, ...]:
    """All of the table, from the lithium-rich end on."""
    raw = tomllib.loads(files("nacre.materials").joinpath("transitions.toml").read_text(encoding="utf-8"))
    return tuple(
        Transition(row["name"], row["peak"], tuple(row["window"]), row.get("shift", ""), tuple(row.get("charge", ())))
        for row in raw["transition"]
    )


@lru_cache(maxsize=1)
def find_followed() -> Transition:
    """The transition whose peak on charge is followed over cycles and between samples."""
    (found,) = (transition for transition in load_transitions() if transition.shift)
    return found
