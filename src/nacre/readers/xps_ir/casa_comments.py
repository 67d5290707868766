"""What CasaXPS writes into the comment lines of a VAMAS block: calibration, regions, components.

    Calib M = 281.17 A = 284.8 BE ADD
    CASA region (*W 4f*) (*Shirley*) 1446.87 1455.91 ...
    CASA comp (*W 4f WO3*) (*GL(40)*) Area a lo hi index multiplier MFWHM w lo hi index multiplier
         Position p lo hi index offset RSF ... MASS ... INDEX ... (*tag*) ...

The data of the block stay as recorded. Calibration lines are cumulative: each adds A - M to the binding energy.
Limits of regions and positions of components are kinetic energies on the calibrated scale, so binding energy =
photon energy - position. An index of -1 means free, another one names the component (from 0) that the value is
tied to, by the multiplier or offset; lo and hi are the limits of a free value (0 0: none). The measured energy of a
calibration line may be a range (`M = 280,281`); its shift is then not known and a warning says so. Meanings were
inferred from files: CasaXPS publishes none.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any

from nacre.core.signal import Note

_N = r"([-+\d.eE]+)"
_CALIB = re.compile(r"Calib\s+M\s*=\s*(\S+)\s+A\s*=\s*(\S+)\s+(BE|KE)\s*(ADD)?", re.IGNORECASE)
_REGION = re.compile(rf"CASA region\s*\(\*(.*?)\*\)\s*\(\*(.*?)\*\)\s*{_N}\s+{_N}\s+{_N}")
_COMPONENT = re.compile(
    rf"CASA comp\s*\(\*(.*?)\*\)\s*\(\*(.*?)\*\)\s*Area\s+{_N}\s+{_N}\s+{_N}\s+{_N}\s+{_N}"
    rf"\s+MFWHM\s+{_N}\s+{_N}\s+{_N}\s+{_N}\s+{_N}\s+Position\s+{_N}\s+{_N}\s+{_N}\s+{_N}\s+{_N}(?:\s+RSF\s+{_N})?"
)


@dataclass(frozen=True)
class CasaRegion:
    """A quantification region: binding energies in eV (calibrated), background type, sensitivity factor."""

    name: str
    background: str
    low: float
    high: float
    factor: float


@dataclass(frozen=True)
class CasaComponent:
    """A fitted component: area in counts per second x eV, FWHM and calibrated binding energy in eV.

    `area_of`, `width_of`, `position_of` give the component a value is tied to (None: free), with its multiplier or,
    for positions, offset on the binding-energy scale; `width_limits` and `position_limits` what a free one may be.
    """

    name: str
    shape: str
    area: float
    fwhm: float
    position: float
    area_of: tuple[int, float] | None
    width_of: tuple[int, float] | None
    position_of: tuple[int, float] | None
    factor: float | None
    width_limits: tuple[float, float] | None = None
    position_limits: tuple[float, float] | None = None


def parse(comments: list[str], photon: float | None) -> tuple[dict, list[Note]]:
    """Metadata `calibration_shift_eV`, `casa_regions` and `casa_components` of a block's comments, and notes."""
    found: dict[str, Any] = {}
    notes: list[Note] = []
    shift: float | None = None
    for line in comments:
        if match := _CALIB.search(line):
            try:
                step = float(match[2]) - float(match[1])
            except ValueError:
                notes.append(Note("warning", f"a calibration line without one measured energy is left out: '{line}'"))
                continue
            step = -step if match[3].upper() == "KE" else step
            shift = step + (shift or 0.0 if match[4] else 0.0)
    if shift is not None:
        found["calibration_shift_eV"] = shift
    if photon:
        text = "\n".join(comments)
        regions = [_region(match, photon) for match in _REGION.finditer(text)]
        components = [_component(match, photon) for match in _COMPONENT.finditer(text)]
        found |= {"casa_regions": regions} if regions else {}
        found |= {"casa_components": components} if components else {}
    return found, notes


def _region(match: re.Match, photon: float) -> dict:
    low, high = sorted((photon - float(match[3]), photon - float(match[4])))
    return asdict(CasaRegion(match[1], match[2], low, high, float(match[5])))


def _component(match: re.Match, photon: float) -> dict:
    values = [float(word) for word in match.groups()[2:17]]
    tied = [None if values[i] < 0 else (int(values[i]), values[i + 1]) for i in (3, 8, 13)]
    if tied[2]:
        tied[2] = (tied[2][0], -tied[2][1])
    factor = float(match[18]) if match[18] else None
    position = photon - values[10]
    width, place = (
        None if tied[t] or values[i] >= values[i + 1] else (values[i], values[i + 1]) for t, i in ((1, 6), (2, 11))
    )
    place = (photon - place[1], photon - place[0]) if place else None
    area_of, width_of, position_of = tied
    return asdict(
        CasaComponent(
            match[1], match[2], values[0], values[5], position, area_of, width_of, position_of, factor, width, place
        )
    )
