"""Element maps as other programs export them: TIFF (one element per page) or csv (rows and columns of numbers).

Layout
------
TIFF: a grey picture per element line; 8- or 16-bit counts, or single precision. csv: one number per pixel, rows down
the map, separated by comma, semicolon, tab or blanks; lines above the numbers are skipped.

Which element a map shows stands in `elements` (reader_options = { elements = ["Hf La1"] }, one per page), else in the
name of the file (`Hf La1.tif`, `site3_Ni_Ka1.csv`, `Map 2 - O K series.csv`). The pixel size stands in the option
`pixel_size` unless the file says it (ImageJ, or our own writer).

Values are taken for counts. Some programs export brightness instead, scaled and smoothed: such a map holds no counting
statistics, and an analysis that needs counts refuses it. `counts_per_level` turns levels into counts where it is known.

Result: one signal of kind "element_map" per file, a variable per element line on (y, x), unit 1. Uncertainty: that of
counting, which the analysis knows; none is stated by the file.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import option
from nacre.core.signal import Signal, Variable
from nacre.materials.spectra.xray_lines import parse_line
from nacre.readers.microscopy import images
from nacre.readers.text import text_file

_NAMED = re.compile(
    r"(?:^|[\s_.-])([A-Z][a-z]?)[\s_-]*([KLM])([ab\u03b1\u03b2]?\d?(?:,2)?)(?:[\s_-]*series)?(?:[\s_-]*\d+)?$"
)


@dataclass(frozen=True)
class Options:
    elements: tuple[str, ...] = option((), "element lines of the pages, in their order")
    pixel_size: float | None = option(None, "side of a pixel, where the file does not say it", unit="um", lo=1e-6)
    counts_per_level: float = option(1.0, "counts that one unit of the file stands for", lo=1e-9)


def sniff(head: Head) -> float:
    """Sure of our own maps; likely where the name of a picture or of a table of numbers is an element line."""
    kind = images.declared_kind(head)
    if kind:
        return 0.95 if kind == "element_map" else 0.0
    if not _line_of(head.path):
        return 0.0
    if images.is_tiff(head):
        return 0.7
    rows = [line for line in head.text.splitlines() if line.strip()][-3:]
    numeric = bool(rows) and all(re.fullmatch(r"[\d\s.,;eE+-]+", row) for row in rows)
    return 0.7 if head.suffix == ".csv" and not head.looks_binary and numeric else 0.0


def _line_of(path: Path) -> str:
    match = _NAMED.search(path.stem)
    return f"{match[1]} {match[2]}{match[3]}" if match else ""


def read(path: Path, options: Options | None = None) -> list[Signal]:
    """One signal of kind "element_map". Raises ReadError."""
    path, options = Path(path), options or Options()
    pages, own = _table(path) if path.suffix.lower() == ".csv" else _picture(path)
    named = options.elements or own.get("elements") or tuple(filter(None, [_line_of(path)]))
    if len(named) != len(pages):
        raise ReadError(
            "it is not said which elements the maps show",
            where=path.name,
            found=f"{len(pages)} maps and the names {', '.join(named) or 'of none'}",
            do='give them in study.toml: reader_options = { elements = ["Hf La1"] }',
        )
    pixel = options.pixel_size or own.get("pixel_um")
    if not pixel:
        raise ReadError(
            "the map has no pixel size",
            where=path.name,
            do='give it in study.toml: reader_options = { pixel_size = "0.2 um" }',
        )
    variables = {}
    for name, page in zip(named, pages, strict=True):
        try:
            parse_line(name)
        except NacreError as error:
            raise ReadError(str(error), where=path.name) from None
        variables[name] = Variable(page * options.counts_per_level, "1", ("y", "x"), words=f"counts of {name}")
    variables |= images.axes(pages.shape[1:], images.checked_pixel(float(pixel), path.name))
    keep = {k: v for k, v in own.items() if k not in ("nacre", "elements", "pixel_um")}
    return [Signal("element_map", variables, keep, name=path.stem)]


def _picture(path: Path):
    picture = images.load(path)
    description = dict(picture.tags.get("description", {}))
    if description.get("nacre") != "element_map":
        description = picture.maker
    return picture.pages.astype(float), description


def _table(path: Path):
    text = text_file.load(path)
    rows = []
    for line in text.data.decode(errors="replace").splitlines():
        cells = [cell for cell in re.split(r"[;,\t ]+", line.strip()) if cell]
        try:
            rows.append([float(cell) for cell in cells])
        except ValueError:
            if rows:
                raise ReadError(
                    "a row of the map is not numbers", where=path.name, found=repr(line[:60]), expected="counts"
                ) from None
    rows = [row for row in rows if row]
    if len(rows) < 2 or len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        lengths = sorted({len(row) for row in rows})
        raise ReadError(
            "the table is not a map", where=path.name, found=f"rows of {lengths or 'no'} numbers", expected="equal rows"
        )
    return np.array(rows)[None], {}


def write(signal: Signal, path: Path) -> None:
    """All maps of a signal as pages of one TIFF."""
    names = [name for name, v in signal.variables.items() if v.dims == ("y", "x")]
    pages = images.smallest_type(np.stack([signal[name].values for name in names]))
    description = {"nacre": "element_map", "elements": names, "pixel_um": images.pixel_of(signal)}
    keep = {k: v for k, v in signal.metadata.items() if isinstance(v, (str, int, float))}
    images.save(Path(path), pages, description | keep, synthetic=signal.origin == "synthetic")


def example() -> Signal:
    """Two small synthetic maps, for the checks that every reader with a writer passes."""
    rng = np.random.default_rng(6)
    maps = {
        name: Variable(rng.poisson(mean, (30, 40)), "1", ("y", "x")) for name, mean in (("Hf La1", 2), ("Ni Ka1", 9))
    }
    return Signal("element_map", maps | images.axes((30, 40), 0.2), origin="synthetic", name="virtual")


READER = Reader(
    name="element_map",
    words="element maps (TIFF, csv)",
    kinds=("element_map",),
    suffixes=(".tif", ".tiff", ".csv"),
    sniff=sniff,
    read=read,
    options=Options,
    write=write,
)
