"""Bruker's hypermaps (.bcf) through RosettaSciIO.

Layout
------
A virtual file system (`AAMVHFSS` at its start) that holds an XML header and, per map, compressed spectra of every
pixel; the format is undocumented. RosettaSciIO (GPL-3, optional extra `em`) reads it: images and a cube of counts
(y, x, channel) with axes. It is imported inside of this reader only, and nothing of it is contained here.

A cube becomes maps by windows on element lines. The lines are those that the file itself names, or `lines`
(reader_options = { lines = ["Hf La1", "Ni Ka1"] }). A window is one peak width (FWHM) wide, centred on the line; no
background is taken off, and lines of other elements in the window are counted with it (the analysis guards that).

Result: one signal of kind "element_map" per cube (`energy`, `spectrum` with it), and one of kind "image" per image;
with reader_options = { cube = true } each cube also whole, as a "spectrum_image" of counts on (y, x, energy), which is
what techniques that tell elements apart by their lines take.
Uncertainty: that of counting; none is stated by the file.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import option
from nacre.core.signal import Note, Signal, Variable
from nacre.materials.spectra.xray_lines import compute_fwhm_ev, find_main_line
from nacre.readers.damaged import explain_damage
from nacre.readers.microscopy import array_signals, images
from nacre.readers.microscopy.array_signals import Axis, Origin

_MAGIC = b"AAMVHFSS"


@dataclass(frozen=True)
class Options:
    lines: tuple[str, ...] = option((), "element lines to make maps of; by default those the file names")
    cube: bool = option(False, "give the cube of spectra too, as a spectrum_image")


def sniff(head: Head) -> float:
    return 0.95 if head.start.startswith(_MAGIC) else 0.0


def read(path: Path, options: Options | None = None) -> list[Signal]:
    """Maps and images. Raises ReadError; also where the extra that reads the format is missing."""
    path, options = Path(path), options or Options()
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ReadError("cannot open the file", where=path.name, found=error.strerror or str(error)) from None
    if not raw.startswith(_MAGIC):
        raise ReadError("not a Bruker hypermap", where=path.name, found=f"it begins {raw[:8]!r}", expected="AAMVHFSS")
    try:
        from rsciio.bruker import file_reader
    except ImportError:
        raise ReadError(
            "a Bruker .bcf needs RosettaSciIO, which is not installed",
            where=path.name,
            do="install it: pip install 'nacre[em]' (GPL-3); or export the maps as TIFF from Esprit",
        ) from None
    with explain_damage(path, "Bruker hypermap", "copy it again, or export the maps as TIFF from Esprit"):
        parts = file_reader(str(path))
    signals = [_signal(part, path, options) for part in parts]
    if options.cube:
        signals += [_cube(part, path) for part in parts if np.ndim(part["data"]) == 3]
    return signals


def _cube(part: dict, path: Path) -> Signal:
    rows = sorted(part["axes"], key=lambda axis: axis.get("index_in_array", 0))
    axes = [Axis(str(a.get("name", "")), str(a.get("units", "")), float(a["scale"]), float(a["offset"])) for a in rows]
    microscope = part.get("metadata", {}).get("Acquisition_instrument", {})
    beam = [one["beam_energy"] for one in microscope.values() if "beam_energy" in one]
    about = {"beam_kV": float(beam[0])} if beam else {}
    return array_signals.signal(np.asarray(part["data"]), axes, Origin(path.name, f"{path.stem} EDS", about))


def _signal(part: dict, path: Path, options: Options) -> Signal:
    axes = sorted(part["axes"], key=lambda axis: axis.get("index_in_array", 0))
    pixel = _pixel(axes, path.name)
    data = np.asarray(part["data"])
    name = f"{path.stem} {part.get('metadata', {}).get('General', {}).get('title', '')}".strip()
    if data.ndim == 2:
        variables = {"intensity": Variable(data.astype(np.float32), "1", ("y", "x"))}
        return Signal("image", variables | images.axes(data.shape, pixel), {"pixel_um": pixel}, name=name)
    if data.ndim != 3:
        raise ReadError("not a map", where=path.name, found=f"an array of {data.ndim} axes")
    energy = _energy(axes[-1], data.shape[-1])
    sample = part.get("metadata", {}).get("Sample", {})
    wanted = options.lines or tuple(sample.get("elements", ()))
    variables, notes = {}, []
    for words in wanted:
        try:
            line = find_main_line(words)
        except NacreError as error:
            notes.append(Note("warning", f"no map of {words}: {error}"))
            continue
        half = 0.5e-3 * compute_fwhm_ev(line.energy)
        inside = np.abs(energy - line.energy) <= half
        counts = data[..., inside].sum(axis=-1)
        variables[f"{line.element} {line.name}"] = Variable(counts, "1", ("y", "x"), words=f"counts around {line}")
    variables |= images.axes(data.shape[:2], pixel)
    variables["spectrum"] = Variable(data.sum(axis=(0, 1), dtype=float), "1", ("channel",))
    variables["energy"] = Variable(energy, "keV", ("channel",))
    if not wanted:
        notes.append(Note("warning", "the file names no elements: give reader_options = { lines = [...] } for maps"))
    return Signal("element_map", variables, {"counts": "window"}, notes=tuple(notes), name=name)


def _pixel(axes: list[dict], where: str) -> float | None:
    scale = {"nm": 1e-3, "um": 1.0, "\u00b5m": 1.0, "\u03bcm": 1.0, "mm": 1e3, "m": 1e6}.get(str(axes[0].get("units")))
    return images.checked_pixel(scale * float(axes[0]["scale"]), where) if scale else None


def _energy(axis: dict, channels: int) -> np.ndarray:
    factor = 1e-3 if str(axis.get("units")) == "eV" else 1.0
    return factor * (float(axis.get("offset", 0.0)) + float(axis["scale"]) * np.arange(channels))


READER = Reader(
    name="bcf",
    words="Bruker hypermap (.bcf, with the extra em)",
    kinds=("element_map", "image", "spectrum_image"),
    suffixes=(".bcf",),
    sniff=sniff,
    read=read,
    options=Options,
)
