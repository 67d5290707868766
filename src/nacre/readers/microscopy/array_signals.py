"""Arrays of electron microscopes as signals: which axis is energy, which are the image, and are they counts.

Kinds: "image" (`intensity` on (y, x)), "spectrum_image" (`counts` or `intensity` on (y, x, energy)) and "spectrum"
(the same on (energy,)). x and y are centres of pixels in um, energy is in keV. Whole numbers that are nowhere negative
are `counts`; anything else is `intensity`, as its scatter is not that of counting. An array without a scale has no x
and y, and a note says so.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nacre.core.errors import ReadError
from nacre.core.signal import Note, Signal, Variable
from nacre.readers.microscopy import images

HDF5 = b"\x89HDF\r\n\x1a\n"
_TO_UM = {"m": 1e6, "mm": 1e3, "um": 1.0, "\u00b5m": 1.0, "\u03bcm": 1.0, "nm": 1e-3, "\u00c5": 1e-4, "A": 1e-4}
_TO_KEV = {"eV": 1e-3, "keV": 1.0}
_SCALELESS = Note("warning", "the file gives no scale: lengths in it cannot be told")


@dataclass(frozen=True)
class Axis:
    """An evenly spaced axis: coordinate of index i is offset + i * scale, in `unit` ("" where the file has none)."""

    name: str
    unit: str
    scale: float
    offset: float = 0.0

    @property
    def is_energy(self) -> bool:
        return self.unit in _TO_KEV


@dataclass(frozen=True)
class Origin:
    """Where an array comes from (`where`: its file, for messages), and what its file says of it."""

    where: str
    name: str
    metadata: dict[str, Any]
    notes: tuple[Note, ...] = ()


def bytes_of(path: Path) -> bytes:
    """The whole file. Raises ReadError where there is none."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReadError("cannot open the file", where=path.name, found=error.strerror or str(error)) from None


def signal(data: np.ndarray, axes: list[Axis], of: Origin) -> Signal:
    """An array with one Axis per dimension as a signal of the kind that its axes make it. Raises ReadError."""
    data, axes = _without_single(np.asarray(data), axes)
    if data.dtype.kind not in "uif":
        raise ReadError("the data are not real numbers", where=of.where, found=f"type {data.dtype}")
    if not data.size:
        raise ReadError("the file holds no data", where=of.where, found=f"shape {data.shape}")
    energies = [i for i, axis in enumerate(axes) if axis.is_energy]
    if len(axes) == 2 and not energies:
        return image(data, axes, of)
    if len(energies) != 1 or len(axes) not in (1, 3):
        words = ", ".join(f"{a.name or 'unnamed'} / {a.unit or 'no unit'} ({n})" for a, n in _sized(axes, data))
        raise ReadError(
            "the axes are neither those of an image, nor of a spectrum, nor of a map of spectra",
            where=of.where,
            found=words or "no axis",
            expected="y, x; energy; or y, x, energy, with energy in eV or keV",
            do="calibrate the axes in the instrument's software and export again",
        )
    (place,) = energies
    data = np.moveaxis(data, place, -1)
    space = [axis for i, axis in enumerate(axes) if i != place]
    return spectra(data, axes[place], space, of)


def spectra(data: np.ndarray, energy: Axis, space: list[Axis], of: Origin) -> Signal:
    """Kind "spectrum_image" for (y, x, energy) data with two axes in `space`, "spectrum" for (energy,) with none."""
    if not np.isfinite(energy.scale) or energy.scale <= 0 or not np.isfinite(energy.offset):
        raise ReadError("the energy axis makes no sense", where=of.where, found=f"{energy.scale:g} {energy.unit}/ch")
    dims = ("y", "x", "energy") if space else ("energy",)
    name = "counts" if are_counts(data) else "intensity"
    kev = (energy.offset + energy.scale * np.arange(data.shape[-1])) * _TO_KEV[energy.unit]
    variables = {name: Variable(data, "1", dims), "energy": Variable(kev, "keV", ("energy",))}
    kind = "spectrum_image" if space else "spectrum"
    more, metadata, notes = _placed(data.shape[:2], space, of) if space else ({}, of.metadata, of.notes)
    return Signal(kind, variables | more, metadata, notes=notes, name=of.name)


def image(data: np.ndarray, axes: list[Axis], of: Origin) -> Signal:
    """Kind "image" for (y, x) data."""
    more, metadata, notes = _placed(data.shape, axes, of)
    variables = {"intensity": Variable(data, "1", ("y", "x"))} | more
    return Signal("image", variables, metadata, notes=notes, name=of.name)


def are_counts(data: np.ndarray) -> bool:
    """Whether the numbers can be counts: whole and nowhere negative."""
    if data.dtype.kind == "u":
        return True
    if data.dtype.kind == "i":
        return bool(data.min() >= 0)
    return bool(np.all(np.isfinite(data)) and data.min() >= 0 and np.all(data == np.rint(data)))


def _placed(shape: tuple[int, int], axes: list[Axis], of: Origin) -> tuple[dict, dict, tuple[Note, ...]]:
    """x and y of the pixels, the metadata with the pixel size, and the notes."""
    sizes = [_TO_UM.get(a.unit, 0.0) * abs(a.scale) for a in axes]
    if 0.0 in sizes:
        return {}, of.metadata | {"pixel_um": None}, (*of.notes, _SCALELESS)
    down, along = (images.checked_pixel(size, of.where) for size in sizes)
    if abs(down / along - 1) > 1e-3:
        raise ReadError(
            "the pixels are not square",
            where=of.where,
            found=f"{1e3 * along:.4g} nm by {1e3 * down:.4g} nm",
            do="resample the map to square pixels in the instrument's software",
        )
    return images.axes(shape, along), of.metadata | {"pixel_um": along}, of.notes


def _without_single(data: np.ndarray, axes: list[Axis]) -> tuple[np.ndarray, list[Axis]]:
    """Axes of length one are left out where more than a map's three are there."""
    keep = [i for i, size in enumerate(data.shape) if size > 1 or data.ndim <= 3]
    return data.reshape([data.shape[i] for i in keep]), [axes[i] for i in keep]


def _sized(axes: list[Axis], data: np.ndarray) -> list[tuple[Axis, int]]:
    return list(zip(axes, data.shape, strict=True))
