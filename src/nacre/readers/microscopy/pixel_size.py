"""The pixel size of a micrograph, by every statement that its maker left, each held against the others.

Layout
------
Zeiss: `AP_IMAGE_PIXEL_SIZE`; `AP_WIDTH` over the columns. (`AP_PIXEL_SIZE` is that of the display.)
FEI: `[Scan] PixelWidth`, `PixelHeight` and `HorFieldsize` in m. ImageJ: `unit` with XResolution and YResolution.
OME: `PhysicalSizeX`, `PhysicalSizeY` with their units (um where none is stated). Olympus SIS: `pixelsizex`,
`pixelsizey` in m. Tescan: `PixelSizeX`, `PixelSizeY` in m, as text within tag 50431. Hitachi: `PixelSize` in nm and
`DataSize`, in a text file of the picture's name. JEOL: `$$SM_MICRON_BAR` (pixels) and `$$SM_MICRON_MARKER` (its
length), in such a file as well.

A picture that was resampled keeps the tags of the one recorded: its pixel size times its columns is then no longer the
field's width. One that was cropped looks the same, so that neither number is taken: the user says which holds.

Sources: tags as found in files of the makers; OME-TIFF specification 2016-06.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacre.core import units
from nacre.core.errors import NacreError, ReadError

AGREE = 0.02  # two statements of one size; tags are rounded to two or three digits
SQUARE = 0.005
TESCAN_TAG = 50431
# what a printer's resolution is stated in: no microscope states its scale so
PRINTED = {"inch", "inches", "in", '"'}
MICRONS = {"micron": "um", "microns": "um", "micrometer": "um", "micrometre": "um"}


@dataclass(frozen=True)
class StatedPixel:
    """One statement of a file: the pixel's width and height (None: not stated) in um, and where it stands."""

    width: float
    words: str
    height: float | None = None


def find_pixel(tags: dict[str, Any], shape: tuple[int, int], path: Path) -> tuple[float | None, str]:
    """The side of a pixel in um, and the words for where it stands or why there is none.

    Parameters
    ----------
    tags : dict
        Tags of the picture by maker.
    shape : tuple of int
        Rows and columns.
    path : Path
        The picture, beside which some makers put a text file.

    Raises
    ------
    ReadError
        Where the file's statements contradict each other, or its pixels are not square.
    """
    found = [s for s in _list_statements(tags, shape, path) if s.width > 0 and s.width < float("inf")]
    if not found:
        return None, _describe_lack(tags)
    first = found[0]
    for one in found:
        if one.height and abs(one.height / one.width - 1) > SQUARE:
            raise ReadError(
                "the pixels are not square",
                where=path.name,
                found=f"{one.width:.5g} um along the rows, {one.height:.5g} um across ({one.words})",
                expected="the same size along both",
                do='resample the picture to square pixels and give reader_options = { pixel_size = "..." }',
            )
    for other in found[1:]:
        if abs(other.width / first.width - 1) > AGREE:
            raise ReadError(
                "the file states two pixel sizes: the picture was resampled or cropped after it was recorded",
                where=path.name,
                found=f"{first.width:.5g} um ({first.words}), {other.width:.5g} um ({other.words})",
                expected="the same size by both",
                do="measure the scale bar and give the right one: reader_options = { pixel_size = "
                f'"{1e3 * other.width:.4g} nm" }} if it was resampled, "{1e3 * first.width:.4g} nm" if it was cropped',
            )
    return first.width, first.words


def _list_statements(tags: dict[str, Any], shape: tuple[int, int], path: Path) -> Iterator[StatedPixel]:
    yield from _read_zeiss(tags.get("zeiss", {}), shape)
    yield from _read_fei(tags.get("fei", {}), shape)
    yield from _read_olympus(tags.get("olympus", {}))
    yield from _read_tescan(tags.get("tescan", ""))
    yield from _read_ome(tags.get("ome", ""))
    yield from _read_imagej(tags)
    yield from _read_text_beside(path, shape)
    own = tags.get("description", {}).get("pixel_um")
    if isinstance(own, (int, float)):
        yield StatedPixel(float(own), "description")


def _describe_lack(tags: dict[str, Any]) -> str:
    if str(tags.get("imagej", {}).get("unit", "")).strip().lower() in PRINTED:
        return "a resolution per inch, which is that of a print"
    return "no tag of Zeiss, FEI, Olympus, Tescan, OME or ImageJ, and no text file of Hitachi or JEOL, that states one"


def convert_length(value: Any, unit: str) -> float | None:
    """A length in um; None where it is none."""
    unit = str(unit).replace("\\u00B5", "u").replace("\u00b5", "u").replace("\u03bc", "u").strip()
    try:
        return float(value) * units.linear(MICRONS.get(unit.lower(), unit), "um")[0]
    except (TypeError, ValueError, NacreError):
        return None


def _read_zeiss(settings: dict, shape: tuple[int, int]) -> Iterator[StatedPixel]:
    for key, words, by in (
        ("ap_image_pixel_size", "AP_IMAGE_PIXEL_SIZE", 1),
        ("ap_width", "AP_WIDTH over the columns", shape[1]),
    ):
        entry = settings.get(key)
        if isinstance(entry, tuple) and len(entry) >= 3 and (length := convert_length(entry[1], entry[2])):
            yield StatedPixel(length / by, words)


def _read_fei(settings: dict, shape: tuple[int, int]) -> Iterator[StatedPixel]:
    for name in ("Scan", "EScan", "IScan"):
        section = settings.get(name)
        if not isinstance(section, dict):
            continue
        width, height, field = (section.get(key) for key in ("PixelWidth", "PixelHeight", "HorFieldsize"))
        if isinstance(width, (int, float)) and width > 0:
            tall = 1e6 * float(height) if isinstance(height, (int, float)) and height > 0 else None
            yield StatedPixel(1e6 * float(width), f"[{name}] PixelWidth", tall)
        if isinstance(field, (int, float)) and field > 0:
            yield StatedPixel(1e6 * float(field) / shape[1], f"[{name}] HorFieldsize over the columns")


def _read_olympus(settings: dict) -> Iterator[StatedPixel]:
    width, height = settings.get("pixelsizex"), settings.get("pixelsizey")
    if isinstance(width, (int, float)) and width > 0:
        yield StatedPixel(1e6 * width, "Olympus' pixelsizex", 1e6 * height if height else None)


def _read_tescan(text: str) -> Iterator[StatedPixel]:
    found = {axis: re.search(rf"PixelSize{axis}\s*=\s*([-+\d.eE]+)", text) for axis in "XY"}
    if found["X"]:
        height = convert_length(found["Y"][1], "m") if found["Y"] else None
        yield StatedPixel(convert_length(found["X"][1], "m") or 0.0, "Tescan's PixelSizeX", height)


def _read_ome(text: str) -> Iterator[StatedPixel]:
    sizes = {}
    for axis in "XY":
        size, unit = (re.search(rf'PhysicalSize{axis}{tail}="([^"]+)"', text) for tail in ("", "Unit"))
        sizes[axis] = convert_length(size[1], unit[1] if unit else "um") if size else None
    if sizes["X"]:
        yield StatedPixel(sizes["X"], "OME's PhysicalSizeX", sizes["Y"])


def _read_imagej(tags: dict[str, Any]) -> Iterator[StatedPixel]:
    unit = str(tags.get("imagej", {}).get("unit", ""))
    if unit.strip().lower() in PRINTED:
        return
    sizes = [_divide_resolution(tags.get(name), unit) for name in ("resolution", "resolution_down")]
    if sizes[0]:
        yield StatedPixel(sizes[0], "ImageJ's unit and XResolution", sizes[1])


def _divide_resolution(per: Any, unit: str) -> float | None:
    """um per pixel of (pixels, units); None where nothing is stated."""
    return convert_length(per[1] / per[0], unit) if unit and per and per[0] else None


def _read_text_beside(path: Path, shape: tuple[int, int]) -> Iterator[StatedPixel]:
    """What Hitachi and JEOL write beside a picture, in a text file of its name."""
    beside = next((p for p in (path.with_suffix(".txt"), path.with_suffix(".TXT")) if p.is_file()), None)
    if beside is None or beside.stat().st_size > 100_000:
        return
    raw = beside.read_bytes()
    text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1", errors="replace")
    if found := re.search(r"^PixelSize\s*=\s*([\d.eE+-]+)", text, re.MULTILINE):
        size = convert_length(found[1], "nm") or 0.0
        yield StatedPixel(size, f"PixelSize in {beside.name}")
        if columns := re.search(r"^DataSize\s*=\s*(\d+)\s*x", text, re.MULTILINE):
            yield StatedPixel(size * int(columns[1]) / shape[1], f"PixelSize times DataSize in {beside.name}")
    bar = re.search(r"^\$\$SM_MICRON_BAR\s+(\d+)", text, re.MULTILINE)
    marker = re.search(r"^\$\$SM_MICRON_MARKER\s+([\d.]+)\s*([a-z\u00b5]+)", text, re.MULTILINE)
    if bar and marker and int(bar[1]) > 0:
        size = (convert_length(marker[1], marker[2]) or 0.0) / int(bar[1])
        yield StatedPixel(size, f"SM_MICRON_BAR in {beside.name}")
        if columns := re.search(r"^\$CM_FULL_SIZE\s+(\d+)", text, re.MULTILINE):
            yield StatedPixel(size * int(columns[1]) / shape[1], f"SM_MICRON_BAR times CM_FULL_SIZE in {beside.name}")
