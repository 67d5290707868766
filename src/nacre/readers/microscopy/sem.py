"""Micrographs of scanning electron microscopes: TIFF of Zeiss and FEI (Thermo Fisher), ImageJ, other TIFF, PNG, JPEG.

Layout
------
The pixel size stands in the maker's tags (`pixel_size` lists them: Zeiss, FEI, Olympus SIS, Tescan, OME, ImageJ, and
the text files of Hitachi and JEOL). Where the file states it twice, as size and as width of the field, the two must
agree. Pixels that are not square are refused. The resolution of any other TIFF, and one per inch, is that of its print.

The data bar is burnt into the picture: rows at the bottom that are mostly of one grey, or with FEI what lies below
`[Image] ResolutionY` rows; they are cut off. A picture stored with white as zero is turned round.

A picture without a pixel size is refused until `reader_options = { pixel_size = "25 nm" }` gives it. A picture in
colour is refused; one whose channels are equal, or nearly so, is not in colour. Grey levels are those of the file,
without linearisation; what the detector's gamma did to them is not known.

Result: one signal of kind "image": `intensity` on (y, x), `x` and `y` in um. Uncertainty: none is stated; the pixel
size of a well-kept SEM is good to 1-3 %.

Sources: tags as listed by the Library of Congress (TIFF tag registry) and as found in files of both makers.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import option
from nacre.core.signal import Note, Signal, Variable
from nacre.readers.microscopy import images, pixel_size

LARGEST_BAR = 0.25  # of the rows
BAR_GREY = 0.45  # of a bar's row are of one grey
ZEISS_TAG = 34118


@dataclass(frozen=True)
class Options:
    pixel_size: float | None = option(None, "side of a pixel, where the file does not say it", unit="um", lo=1e-6)
    data_bar: int | None = option(None, "rows of the data bar at the bottom, to be cut off", lo=0)


def sniff(head: Head) -> float:
    """A picture is taken for a micrograph where nothing better is known of it."""
    if images.declared_kind(head) == "image":
        return 0.95
    return 0.5 if images.is_picture(head) else 0.0


def read(path: Path, options: Options | None = None) -> list[Signal]:
    """One signal of kind "image". Raises ReadError."""
    path, options = Path(path), options or Options()
    picture = images.load(path)
    page, notes = picture.pages[0], list(picture.notes)
    found, words = _find_pixel(picture, page.shape, path, options)
    pixel = _chosen(found, words, options, path.name, notes)
    page = _without_bar(page, picture, options, path.name, notes)
    if len(picture.pages) > 1:
        notes.append(Note("info", f"the first of {len(picture.pages)} pages is read"))
    variables = {"intensity": Variable(page.astype(np.float32), "1", ("y", "x"), words="grey level as stored")}
    depth = np.iinfo(page.dtype).max if page.dtype.kind in "ui" else None
    metadata = _metadata(picture) | {"pixel_um": pixel, "white": depth}
    variables |= images.axes(page.shape, pixel)
    return [Signal("image", variables, metadata, notes=tuple(notes), name=path.stem)]


def _find_pixel(
    picture: images.Picture, shape: tuple[int, int], path: Path, options: Options
) -> tuple[float | None, str]:
    """What the file states; where it contradicts itself, the size that the user gives stands alone."""
    try:
        return pixel_size.find_pixel(picture.tags, shape, path)
    except ReadError as error:
        if options.pixel_size is None or "not square" in str(error):
            raise
        return None, str(error)


def _chosen(found: float | None, words: str, options: Options, where: str, notes: list[Note]) -> float:
    given = options.pixel_size
    if found is None and given is None:
        raise ReadError(
            "the image has no pixel size",
            where=where,
            found=words,
            do='give it in study.toml: reader_options = { pixel_size = "25 nm" }',
        )
    if given is None:
        return images.checked_pixel(found, where)
    if found is not None and abs(given / found - 1) > 0.01:
        notes.append(Note("warning", f"the pixel size given, {given:g} um, is not the file's, {found:g} um ({words})"))
    return given


def _without_bar(page: np.ndarray, picture, options: Options, where: str, notes: list[Note]) -> np.ndarray:
    rows = _bar_rows(page, picture) if options.data_bar is None else options.data_bar
    if rows >= len(page):
        raise ReadError("the data bar is the whole image", where=where, found=f"{rows} of {len(page)} rows")
    if rows and options.data_bar is None:
        notes.append(Note("info", f"the data bar is cut off: {rows} rows at the bottom"))
    return page[: len(page) - rows]


def _bar_rows(page: np.ndarray, picture) -> int:
    image = picture.tags.get("fei", {}).get("Image", {})
    height = image.get("ResolutionY") if isinstance(image, dict) else None
    if isinstance(height, int) and 0 < height <= len(page):
        return len(page) - height
    made = any(picture.tags.get(maker) for maker in ("zeiss", "fei", "tescan", "olympus"))
    return burnt_bar(page) if made else 0


def burnt_bar(page: np.ndarray) -> int:
    """Rows of a data bar burnt into the bottom of a picture: a run of rows mostly of one and the same grey."""
    last = page[-max(3, round(LARGEST_BAR * len(page))) :]
    values, counts = np.unique(last[-max(3, len(page) // 25) :], return_counts=True)
    same = (last == values[counts.argmax()]).mean(axis=1) > BAR_GREY
    if same[-max(3, len(page) // 25) :].mean() < 0.7:
        return 0
    at = len(same)
    # text and frame lines break the run for a few rows
    while at > 0 and same[max(0, at - 4) : at].any():
        at -= 1
    first = at + int(np.argmax(same[at:]))
    inside = len(same) - first
    return 0 if inside >= len(last) else min(inside + 2, len(last))


def _metadata(picture: images.Picture) -> dict:
    zeiss, fei = picture.tags.get("zeiss", {}), picture.tags.get("fei", {})
    found: dict = {}
    for name, key in (("accelerating_voltage_kV", "ap_actualkv"), ("working_distance_mm", "ap_wd")):
        entry = zeiss.get(key)
        if isinstance(entry, tuple) and len(entry) >= 2:
            found[name] = entry[1]
    detector = zeiss.get("dp_detector_channel")
    if isinstance(detector, tuple) and len(detector) >= 2:
        found["detector"] = str(detector[1])
    beam = fei.get("Beam", {})
    if isinstance(beam, dict) and isinstance(beam.get("HV"), (int, float)):
        found["accelerating_voltage_kV"] = beam["HV"] / 1e3
    if isinstance(fei.get("Detectors"), dict):
        found["detector"] = str(fei["Detectors"].get("Name", ""))
    description = picture.tags.get("description", {})
    return found | {k: v for k, v in description.items() if k not in ("nacre", "pixel_um")}


def write(signal: Signal, path: Path) -> None:
    """An image as TIFF with the pixel size in Zeiss' tag. Raises NacreError where the signal has no scale."""
    values = signal["intensity"].values
    pixel = images.pixel_of(signal)
    if pixel is None:
        raise NacreError("an image without x in um cannot be written", where=signal.where)
    kv = signal.metadata.get("accelerating_voltage_kV")
    lines = ["", "AP_IMAGE_PIXEL_SIZE", f"Image Pixel Size = {1e3 * pixel:.6g} nm"]
    if kv is not None:
        lines += ["AP_ACTUALKV", f"EHT = {kv:.2f} kV"]
    text = ("\r\n".join(lines) + "\r\n\0").encode("cp1252")
    keep = {k: v for k, v in signal.metadata.items() if isinstance(v, (str, int, float)) and k not in ("white",)}
    description = {"nacre": "image"} | keep | {"pixel_um": pixel}
    tag = (ZEISS_TAG, "s", len(text), text, True)
    images.save(
        Path(path),
        images.smallest_type(values)[None],
        description,
        synthetic=signal.origin == "synthetic",
        extra=(tag,),
    )


def example() -> Signal:
    """A small synthetic image, for the checks that every reader with a writer passes."""
    rng = np.random.default_rng(5)
    values = np.round(60 + 20 * rng.random((48, 64)))
    variables = {"intensity": Variable(values, "1", ("y", "x"))} | images.axes(values.shape, 0.025)
    return Signal("image", variables, origin="synthetic", name="virtual")


READER = Reader(
    name="sem",
    words="micrograph (Zeiss or FEI TIFF, other TIFF, PNG, JPEG)",
    kinds=("image",),
    suffixes=images.SUFFIXES,
    sniff=sniff,
    read=read,
    options=Options,
    write=write,
)
