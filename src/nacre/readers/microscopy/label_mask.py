"""Label masks that other programs draw: TIFF or PNG of whole numbers, one per class or per object.

Layout
------
A picture as large as the micrograph it belongs to. Ilastik, Fiji (Trainable Weka, Labkit), napari and others write
classes or objects as 8- or 16-bit numbers; 0 is what nobody labelled (sparse labels) or the background, which only the
analysis that takes the mask can know. Some programs spread the classes over the greys (85, 170, 255); the numbers are
kept as they are, and `classes` in the metadata lists them. A picture in colour, or one with fractions, is no mask.

A file is taken for a mask where our own writer says so, or where its name says so (label, mask, segment, ground truth);
name the reader in study.toml otherwise: reader = "label_mask".

A mask needs no pixel size: the analysis takes the image's. Where `pixel_size` is given it has axes in um.

Result: one signal of kind "label_mask", `label` on (y, x), per file. Uncertainty: none is stated.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import option
from nacre.core.signal import Note, Signal, Variable
from nacre.readers.microscopy import images

_NAMED = re.compile(r"label|mask|segment|ground.?truth|classes", re.IGNORECASE)
MANY = 4096  # more different numbers than a drawn mask has objects


@dataclass(frozen=True)
class Options:
    pixel_size: float | None = option(None, "side of a pixel, if the mask is to have axes", unit="um", lo=1e-6)


def sniff(head: Head) -> float:
    """Sure of our own masks; likely where the name of a picture says it is one."""
    kind = images.declared_kind(head)
    if kind:
        return 0.95 if kind == "label_mask" else 0.0
    return 0.7 if images.is_picture(head) and _NAMED.search(head.path.stem) else 0.0


def read(path: Path, options: Options | None = None) -> list[Signal]:
    """One signal of kind "label_mask". Raises ReadError."""
    path, options = Path(path), options or Options()
    picture = images.load(path)
    page = picture.pages[0]
    if page.dtype.kind == "f" and not np.all(page == np.round(page)):
        raise ReadError("a label mask holds whole numbers", where=path.name, found="fractions", do=_CURE)
    labels = page.astype(np.int32)
    classes = np.unique(labels)
    if classes.size > MANY or labels.min() < 0:
        found = f"{classes.size} different numbers, {labels.min()} to {labels.max()}"
        raise ReadError("this looks like a micrograph, not like labels", where=path.name, found=found, do=_CURE)
    own = picture.tags.get("description", {}).get("pixel_um")
    pixel = options.pixel_size or (float(own) if isinstance(own, (int, float)) else None)
    variables = {"label": Variable(labels, "1", ("y", "x"), words="class or object")}
    variables |= images.axes(labels.shape, pixel)
    labelled = {"classes": [int(v) for v in classes[:64]], "labelled": float((labels > 0).mean())}
    notes: tuple[Note, ...] = ()
    if classes.size == 1:
        notes = (Note("warning", f"every pixel bears the label {classes[0]}"),)
    return [Signal("label_mask", variables, picture.maker | labelled, notes=notes, name=path.stem)]


_CURE = "export the label image itself (TIFF or PNG with whole numbers), not a picture of it"


def write(signal: Signal, path: Path) -> None:
    """Labels as 8- or 16-bit TIFF."""
    pixel = images.pixel_of(signal)
    description = {"nacre": "label_mask"} | ({"pixel_um": pixel} if pixel else {})
    values = images.smallest_type(signal["label"].values)
    images.save(Path(path), values[None], description, synthetic=signal.origin == "synthetic")


def example() -> Signal:
    """A small synthetic mask, for the checks that every reader with a writer passes."""
    values = np.zeros((40, 50), np.int32)
    values[5:20, 5:20], values[25:35, 10:45] = 1, 2
    return Signal("label_mask", {"label": Variable(values, "1", ("y", "x"))}, origin="synthetic", name="virtual")


READER = Reader(
    name="label_mask",
    words="label mask of another program (TIFF, PNG)",
    kinds=("label_mask",),
    suffixes=(".tif", ".tiff", ".png"),
    sniff=sniff,
    read=read,
    options=Options,
    write=write,
)
