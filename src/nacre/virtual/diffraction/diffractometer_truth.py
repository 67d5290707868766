"""The truth of virtual diffraction patterns, from a study's truth.toml."""

import tomllib
from dataclasses import replace
from pathlib import Path

from nacre.materials.crystals import Crystal, find_crystal, make_layered
from nacre.virtual.diffraction.diffractometer import Beam, DiffractionPowder, DiffractionScan

FORMULA = "LiNi0.85Co0.10Mn0.05O2"
STANDARD = "si640f"


def load_scans(path: Path) -> dict[str, DiffractionScan]:
    """Scans by name: the line standard, then the samples of [diffraction.*]. Raises KeyError for what is missing."""
    section = tomllib.loads(Path(path).read_text(encoding="utf-8"))["diffraction"]
    every = _read_values(section["every"])
    beam = Beam(wavelength=every["wavelength"], zero=every["zero"])
    found = {
        STANDARD: DiffractionScan(
            (DiffractionPowder(find_crystal("Si"), 1.0, 2000.0),), beam, "Si SRM 640f", "13-Mar-23 16:05"
        )
    }
    for sample in section:
        if sample != "every":
            found[sample] = _make_scan(sample, every | _read_values(section[sample]), beam)
    return found


def _read_values(rows) -> dict[str, float]:
    return {name: float(row["value"]) for name, row in rows.items()}


def _make_scan(sample: str, truth: dict[str, float], beam: Beam) -> DiffractionScan:
    oxide = find_oxide(truth)
    share = truth["hafnia"] / 100
    powders = [DiffractionPowder(oxide, 1 - share, truth["size"], truth["strain"] / 100)]
    if share:
        powders.append(DiffractionPowder(find_crystal("HfO2"), share, truth["hafnia_size"]))
    mu_r = oxide.absorption(beam.wavelength) * truth["packing"] * truth["capillary"] / 20
    return DiffractionScan(tuple(powders), replace(beam, mu_r=mu_r), f"{sample} NCM85")


def find_oxide(truth: dict[str, float]) -> Crystal:
    """The layered oxide of a sample's truth."""
    start = make_layered(FORMULA, a=truth["a"], c=truth["c"], z=truth["oxygen_z"], ni_li=truth["ni_li"] / 100)
    b = {"3b": truth["b_lithium"], "O": truth["b_oxygen"]}
    sites = (
        replace(s, b_iso=b.get("3b" if s.label.endswith("_b") else s.label, truth["b_metal"])) for s in start.sites
    )
    return replace(start, sites=tuple(sites))
