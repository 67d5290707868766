"""X-ray emission lines: energies, families, and which of them an EDS detector cannot tell apart."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from nacre.core.errors import NacreError, NotAssessable, unknown

_WORDS = re.compile(r"^\s*([A-Z][a-z]?)(?:[\s_-]*([KLM])(?:[a-z\u03b1\u03b2\u03b3]\w*)?(?:[\s_-]*series)?)?\s*$")


@dataclass(frozen=True)
class XrayLine:
    """One line: element, name ("La1"), energy in keV, weight within its family in % of the strongest."""

    element: str
    name: str
    energy: float
    weight: float

    @property
    def family(self) -> str:
        return f"{self.element} {self.name[0]}"

    def __str__(self) -> str:
        return f"{self.element} {self.name} ({self.energy:.3f} keV)"


@lru_cache(maxsize=1)
def _load_table() -> tuple[dict[str, tuple[XrayLine, ...]], frozenset[str]]:
    raw = tomllib.loads(files("nacre.materials.spectra").joinpath("xray_lines.toml").read_text(encoding="utf-8"))
    rows: dict[str, tuple[XrayLine, ...]] = {}
    for element, lines in raw["line"].items():
        rows[element] = tuple(XrayLine(element, name, energy, weight) for name, (energy, weight) in lines.items())
    return rows, frozenset(raw["none"])


def list_lines(element: str, where: str = "") -> tuple[XrayLine, ...]:
    """All tabulated lines of an element.

    Raises NotAssessable for an element without a line that an EDS detector sees (Li), NacreError for one unknown.
    """
    table, none = _load_table()
    if element in none:
        raise NotAssessable(
            f"{element} has no line that an EDS detector sees",
            where=where,
            found="its K line lies below the detector's window" if element == "Li" else "",
            do="use another technique for it (EELS, ICP, XPS)",
        )
    if element not in table:
        raise unknown("element", element, table, where)
    return table[element]


def parse_line(words: str, where: str = "") -> tuple[str, str]:
    """(element, family letter or "") of "Hf La1", "Hf L series", "Hf_L", "Hf". Raises NacreError."""
    match = _WORDS.match(words)
    if not match:
        raise NacreError(
            "not a line of an element", where=where, found=f"'{words}'", expected="like 'Hf La1' or 'Ni K'"
        )
    element, family = match[1], match[2] or ""
    if family and not any(line.name[0] == family for line in list_lines(element, where)):
        has = sorted({line.name[0] for line in list_lines(element, where)})
        raise NacreError(f"{element} has no {family} line in the table", where=where, expected=" or ".join(has))
    return element, family


def find_main_line(words: str, beam_kv: float | None = None, where: str = "") -> XrayLine:
    """The strongest line of a family; of the families an undefined one has, the highest that the beam excites well."""
    element, family = parse_line(words, where)
    mine = [line for line in list_lines(element, where) if not family or line.name[0] == family]
    strong = [line for line in mine if line.weight >= 99]
    reached = [line for line in strong if beam_kv is None or line.energy * 1.5 < beam_kv]
    below = [line for line in reached if line.energy <= 10.0] or reached or strong
    return max(below, key=lambda line: line.energy)


@dataclass(frozen=True)
class XrayOverlap:
    """A line of another element beside the line `of` of a map's element."""

    of: XrayLine
    by: XrayLine
    distance_ev: float


def find_overlaps(
    words: str, others: Iterable[str], fwhm: float | None = None, least: float = 3.0
) -> list[XrayOverlap]:
    """Lines of other elements (weight >= `least` %) too close to a line of a map's family, main line first.

    `fwhm` of the detector in eV (default: that of a usual one at the line). Peaks closer than 1.3 FWHM are one peak to
    a window, and share counts in a fit.
    """
    main = find_main_line(words)
    family = [line for line in list_lines(main.element) if line.family == main.family and line.weight >= least]
    found = []
    for element in dict.fromkeys(others):
        if element == main.element or element in _load_table()[1] or element not in _load_table()[0]:
            continue
        for mine in family:
            reach = 1.3 * (fwhm or compute_fwhm_ev(mine.energy))
            distances = [
                (line, 1e3 * abs(line.energy - mine.energy)) for line in list_lines(element) if line.weight >= least
            ]
            found += [XrayOverlap(mine, line, distance) for line, distance in distances if distance < reach]
    return sorted(found, key=lambda o: (o.of != main, o.distance_ev))


def compute_fwhm_ev(energy: float, at_mn: float = 130.0) -> float:
    """Width of a peak at `energy` (keV) for a detector of width `at_mn` (eV) at Mn Ka.

    FWHM^2 = at_mn^2 + 2.5 (E - 5895 eV) eV: C. Fiori, D. Newbury, in Scanning Electron Microscopy I (1978) 401.
    """
    return float(max(at_mn**2 + 2.5 * (1e3 * energy - 5895.0), 40.0**2) ** 0.5)
