"""Infrared bands with their limits and free stretches, from infrared_bands.toml."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True)
class Band:
    """A band: positions, the limits of its area, and stretches without bands on both sides (cm-1)."""

    name: str
    words: str
    at: tuple[float, ...]
    band: tuple[float, float]
    anchors: tuple[tuple[float, float], tuple[float, float]]
    source: str

    def inside(self, low: float, high: float) -> bool:
        """Whether a spectrum from low to high cm-1 shows the band and what is around it."""
        return low <= self.anchors[0][0] and self.anchors[1][1] <= high


@lru_cache(maxsize=1)
def load_bands() -> dict[str, Band]:
    """All bands by name."""
    raw = tomllib.loads(files("nacre.materials.spectra").joinpath("infrared_bands.toml").read_text("utf-8"))
    return {
        name: Band(
            name, row["words"], tuple(row["at"]), tuple(row["band"]), tuple(map(tuple, row["anchors"])), row["source"]
        )
        for name, row in raw.items()
    }
