"""Pictures from TIFF, PNG and JPEG files as grey arrays, with the words for what cannot be used."""

import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nacre.core.contracts import VIRTUAL_MARK, Head
from nacre.core.errors import ReadError
from nacre.core.signal import Note, Signal, Variable
from nacre.readers.damaged import explain_damage
from nacre.readers.microscopy import pixel_size

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_OTHERS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg")
# difference between colour channels (of 255) at the 99.5th percentile: what JPEG compression makes of grey, and what
# is still a tint and not a colour
GREY, TINTED = 12, 100
WHITE_IS_ZERO = 0  # of the tag PhotometricInterpretation


@dataclass(frozen=True)
class Picture:
    """Pages of one picture file, (pages, rows, columns), with the file's tags as found."""

    pages: np.ndarray
    tags: dict[str, Any]
    notes: tuple[Note, ...] = ()

    @property
    def maker(self) -> dict[str, Any]:
        """What the description says of who made the picture, as metadata."""
        description = self.tags.get("description", {})
        return {key: description[key] for key in ("origin", "text") if key in description}


def is_tiff(head: Head) -> bool:
    return head.start[:4] in _TIFF and head.size > 100


def is_picture(head: Head) -> bool:
    return is_tiff(head) or (head.start.startswith(_OTHERS) and head.size > 60)


def declared_kind(head: Head) -> str:
    """The kind that our own writers put into the description of a TIFF; "" for a stranger's."""
    for kind in ("image", "label_mask", "element_map"):
        if is_tiff(head) and f'"nacre": "{kind}"'.encode() in head.start:
            return kind
    return ""


def load(path: Path) -> Picture:
    """All pages as found, greyed where the colours are equal. Raises ReadError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ReadError("cannot open the file", where=path.name, found=error.strerror or str(error)) from None
    if raw[:4] not in _TIFF and not raw.startswith(_OTHERS):
        raise ReadError(
            "the file is not a picture",
            where=path.name,
            found=f"it begins {raw[:8]!r}" if raw else "0 bytes",
            expected="TIFF, PNG or JPEG",
            do="export the image as TIFF from the instrument's own software",
        )
    with explain_damage(path, "picture", "copy or export it again"):
        pages, tags = _tiff(raw, path.name) if raw[:4] in _TIFF else (_pillow(raw), {})
    grey, notes = _grey(pages, path.name)
    return Picture(grey, tags, notes)


def _tiff(raw: bytes, where: str) -> tuple[np.ndarray, dict]:
    import tifffile

    with tifffile.TiffFile(io.BytesIO(raw)) as file:
        first = file.pages[0]
        for page in file.pages:
            ends = [o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=True)]
            if page.shape == first.shape and max(ends, default=0) > len(raw):
                raise ReadError(
                    "the file ends before its picture does",
                    where=where,
                    found=f"{len(raw)} bytes",
                    expected=f"at least {max(ends)}",
                    do="copy or export it again",
                )
        tags = {
            "zeiss": _mapping(file.sem_metadata),
            "fei": _mapping(file.fei_metadata),
            "imagej": _mapping(file.imagej_metadata),
            "description": _described(first.description),
            "ome": file.ome_metadata or "",
            "olympus": _mapping(file.sis_metadata),
            "tescan": _read_text_tag(first, pixel_size.TESCAN_TAG),
            "resolution": first.tags["XResolution"].value if "XResolution" in first.tags else None,
            "resolution_down": first.tags["YResolution"].value if "YResolution" in first.tags else None,
        }
        # colour-mapped twins and thumbnails that some programs add are of another shape or palette
        same = [p for p in file.pages if p.shape == first.shape and p.photometric == first.photometric]
        try:
            pages = _turn_round(np.stack([page.asarray() for page in same]), first.photometric)
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            pages = _pillow(raw)
    if pages.ndim == 4 and pages.shape[-1] == 1:
        pages = pages[..., 0]
    return pages, tags


def _mapping(found) -> dict:
    """The maker's tags; none where a damaged file holds something else in their place."""
    return found if isinstance(found, dict) else {}


def _read_text_tag(page: Any, code: int) -> str:
    """Text within a binary tag; "" where there is none."""
    if code not in page.tags:
        return ""
    value = page.tags[code].value
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _turn_round(pages: np.ndarray, photometric: int) -> np.ndarray:
    """Pages with black as the lowest number, where the file stores white as zero."""
    if photometric != WHITE_IS_ZERO:
        return pages
    if pages.dtype.kind == "b":
        return ~pages
    return np.iinfo(pages.dtype).max - pages if pages.dtype.kind == "u" else -pages


def _described(text: str) -> dict:
    try:
        found = json.loads(text)
    except ValueError:
        return {"text": text} if text else {}
    return found if isinstance(found, dict) else {"text": text}


def _pillow(raw: bytes) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(raw)) as picture:
        if picture.mode in ("P", "RGBA", "CMYK", "LA", "YCbCr"):
            return np.asarray(picture.convert("RGB"))[None]
        return np.asarray(picture)[None]


def _grey(pages: np.ndarray, where: str) -> tuple[np.ndarray, tuple[Note, ...]]:
    """(pages, rows, columns) of a picture without colour. Raises ReadError for a coloured one."""
    notes: tuple[Note, ...] = ()
    if pages.ndim == 4 and pages.shape[-1] in (3, 4):
        colours = pages[..., :3].astype(float)
        spread = float(np.percentile(colours.max(-1) - colours.min(-1), 99.5))
        if spread > TINTED:
            raise ReadError(
                "the picture is in colour",
                where=where,
                found=f"channels that differ by up to {spread:.0f} levels",
                expected="the grey image as recorded",
                do="give the file that the microscope saved; a screenshot or an overlay holds no intensities",
            )
        if spread > GREY:
            notes = (
                Note("warning", f"the picture is tinted (channels differ by up to {spread:.0f}): their mean is taken"),
            )
        pages = colours.mean(-1).round().astype(pages.dtype)
    if pages.ndim != 3 or 0 in pages.shape or pages.dtype.kind not in "uifb":
        found = f"shape {pages.shape}, numbers of type {pages.dtype}"
        raise ReadError("the file holds no picture", where=where, found=found, expected="rows and columns of grey")
    return pages, notes


def axes(shape: tuple[int, int], pixel_um: float | None) -> dict[str, Variable]:
    """Coordinates of pixel centres in um along y (rows) and x (columns); none where there is no scale."""
    if pixel_um is None:
        return {}
    return {
        name: Variable((np.arange(size) + 0.5) * pixel_um, "um", (name,), words=words)
        for name, size, words in (("y", shape[0], "down the image"), ("x", shape[1], "along the image"))
    }


def pixel_of(signal: Signal) -> float | None:
    """Pixel size in um that a signal's axes have, None where it has none."""
    return float(np.diff(signal.array("x", "um")[:2])[0]) if "x" in signal and signal["x"].values.size > 1 else None


def checked_pixel(value: float, where: str) -> float:
    """A pixel size in um that a micrograph can have. Raises ReadError."""
    if not math.isfinite(value) or not 1e-6 < value < 1e4:
        raise ReadError("the pixel size makes no sense", where=where, found=f"{value:g} um")
    return value


def save(path: Path, pages: np.ndarray, description: dict, *, synthetic: bool, extra: tuple = ()) -> None:
    """Pages (pages, rows, columns) as deflated TIFF; `description` stands as JSON in its first tag."""
    import tifffile

    mark = {"origin": VIRTUAL_MARK} if synthetic else {}
    tifffile.imwrite(
        path,
        pages if len(pages) > 1 else pages[0],
        photometric="minisblack",
        compression="zlib",
        compressionargs={"level": 9},
        predictor=pages.dtype.kind in "ui",
        description=json.dumps(mark | description),
        software="nacre",
        metadata=None,
        extratags=extra,
    )


def smallest_type(values: np.ndarray) -> np.ndarray:
    """The same values in the smallest of 8 bit, 16 bit and single precision that holds them."""
    whole = np.issubdtype(values.dtype, np.integer) or bool(np.all(values == np.round(values)))
    if whole and values.min() >= 0 and values.max() <= 65535:
        return values.astype(np.uint8 if values.max() <= 255 else np.uint16)
    return values.astype(np.float32)
