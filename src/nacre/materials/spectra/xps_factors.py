"""Sensitivity factors of photoelectron lines, from xps_factors.toml: one named set, never mixed with another."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True)
class Factor:
    """The line an element is quantified on: energy (eV), distance of its partner, cross-section against C 1s."""

    element: str
    line: str
    energy: float
    gap: float
    factor: float
    under: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.element} {self.line}"


@lru_cache(maxsize=1)
def _load_raw() -> dict:
    return tomllib.loads(files("nacre.materials.spectra").joinpath("xps_factors.toml").read_text("utf-8"))


def read_set_name() -> str:
    """The name of the set of factors."""
    return _load_raw()["set"]["name"]


def read_photon_range() -> tuple[float, float]:
    """The photon energies (eV) the set holds for."""
    low, high = _load_raw()["set"]["photon_eV"]
    return low, high


@lru_cache(maxsize=1)
def load_factors() -> dict[str, Factor]:
    """Factors by element."""
    return {
        element: Factor(element, row["line"], row["energy"], row["gap"], row["factor"], tuple(row.get("under", ())))
        for element, row in _load_raw()["lines"].items()
    }


def load_imfp_inputs(material: str) -> tuple[float, float] | None:
    """(valence electrons per formula unit, band gap in eV) for TPP-2M, or None where they are not known."""
    row = _load_raw()["imfp"].get(material)
    return (row["valence"], row["bandgap"]) if row else None
