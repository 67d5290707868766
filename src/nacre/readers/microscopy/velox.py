"""Velox `.emd`: EDS spectrum images and STEM images of Thermo Fisher (FEI) microscopes.

Layout
------
HDF5 with a dataset `Version` (`{"format": "Velox", ...}`); other programs use the suffix too, and are refused. Below
`/Data` stand groups `Image`, `SpectrumStream`, `SpectrumImage`, `Spectrum`, with one entry per object, named by 32
hexadecimal digits. Each entry has `Data` and `Metadata`: JSON text in bytes filled up with zeros, one column per frame,
all values as text in SI units (`BinaryResult/PixelSize/width`, `Scan/ScanSize`, `Scan/ScanArea` as fractions of it,
`Optics/AccelerationVoltage`, `Detectors/*` with `Dispersion` and `OffsetEnergy` in eV).

- `Image`: Data (rows, columns, frames). Its name is the title of its display, else its detector. Images of complex
  numbers (Fourier transforms) are left out, with a note.
- `SpectrumStream`: one per detector segment; Data is a stream of events (see `_velox_stream`), `AcquisitionSettings`
  gives `bincount` (channels) and `RasterScanDefinition`, the *whole* scan field, of which a map may be a part.
  `FrameLocationTable` (newer versions) says where in the stream each frame begins.
- `Spectrum`: Data (channels, 1), the sum over the map of one detector segment.
- `SpectrumImage`: Velox's own compressed form, undocumented, not read. A file that was pruned on saving has this alone
  and no stream: its spectra cannot be had from it.

Energy of a channel: OffsetEnergy + channel * Dispersion. All detector segments are added. Unknown: the live time of a
map (the figures in the metadata are of one moment), and the gain of the images, whose numbers are arbitrary.

Result: one "spectrum_image" (`counts` on (y, x, energy)) per map, one "image" per image (`intensity`, the mean of the
frames, and `frames` where there are several); a "spectrum" per spectrum where there is no map.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import option
from nacre.core.signal import Note, Signal, Variable
from nacre.readers.damaged import explain_damage
from nacre.readers.microscopy import array_signals, velox_stream
from nacre.readers.microscopy.array_signals import Axis, Origin
from nacre.readers.microscopy.velox_writer import example, write  # noqa: F401  (the contract of readers looks for example here)

_LARGEST = 6 << 30  # bytes of a cube that a lab computer still holds


@dataclass(frozen=True)
class Options:
    """What to take of a Velox file."""

    energy_max: float = option(0.0, "highest energy to read, 0 for all", unit="keV", lo=0.0)
    bin_channels: int = option(1, "channels of the detector that make one of the spectrum", lo=1)
    images_only: bool = option(False, "read the images alone, also of a file whose spectra were pruned")


def sniff(head: Head) -> float:
    """HDF5 with the suffix .emd; sure where a Velox name stands near its start."""
    if not head.start.startswith(array_signals.HDF5) or head.suffix != ".emd":
        return 0.0
    known = b"Velox" in head.start or b"SpectrumStream" in head.start or b"Presentation" in head.start
    return 0.95 if known else 0.6


def read(path: Path, options: Options | None = None) -> list[Signal]:
    """Maps first, then images. Raises ReadError."""
    import h5py

    path, options = Path(path), options or Options()
    raw = array_signals.bytes_of(path)
    if not raw.startswith(array_signals.HDF5):
        raise ReadError("not an HDF5 file", where=path.name, found=f"it begins {raw[:8]!r}", expected="a Velox .emd")
    with explain_damage(path, "HDF5 file", "copy it again from the microscope"), h5py.File(path, "r") as file:
        _check(file, path.name)
        of = Origin(path.name, path.stem, _maker(file))
        return _signals(file["Data"], _titles(file), of, options)


def _maker(file) -> dict[str, str]:
    """Who made the file, where it is not the microscope."""
    return {"made_by": str(file.attrs["made by"])} if "made by" in file.attrs else {}


def _check(file, where: str) -> None:
    version = json.loads(_word(file["Version"])) if "Version" in file else {}
    if version.get("format") != "Velox" or "Data" not in file:
        raise ReadError(
            "an .emd file, but not of Velox",
            where=where,
            found=", ".join(sorted(file)[:8]) or "nothing",
            expected="Version with format Velox, and Data",
            do="if Berkeley's EMD or another program wrote it, export images as TIFF and spectra as .msa",
        )


def _word(dataset) -> str:
    value = dataset[()]
    value = value.ravel()[0] if isinstance(value, np.ndarray) else value
    return value.decode() if isinstance(value, bytes) else str(value)


def _metadata(entry, column: int = 0) -> dict:
    return json.loads(bytes(entry["Metadata"][:, column]).split(b"\0")[0])


def _titles(file) -> dict[str, str]:
    """Titles of the displays, by path of the image they show."""
    references = _entries(file, "SharedProperties", "ImageSeriesDataReference")
    paths = {reference.name: json.loads(_word(reference)) for reference in references}
    found: dict[str, str] = {}
    for display in _entries(file, "Displays", "ImageDisplay"):
        shown = json.loads(_word(display))
        path = paths.get(shown.get("data", ""), {}).get("dataPath", "")
        if path and shown.get("title"):
            found.setdefault(path, shown["title"])
    return found


def _entries(file, *names: str) -> list:
    for name in names:
        if name not in file:
            return []
        file = file[name]
    return list(file.values())


def _signals(data, titles: dict[str, str], of: Origin, options: Options) -> list[Signal]:
    streams = [entry for entry in _entries(data, "SpectrumStream") if entry["Data"].size]
    if "SpectrumImage" in data and not streams and not options.images_only:
        raise ReadError(
            "the spectra were pruned when the file was saved: it has no stream of events",
            where=of.where,
            found="SpectrumImage without SpectrumStream",
            do="save it from Velox without pruning, or set reader_options = { images_only = true } for its images",
        )
    signals = [_map(streams, data, of, options)] if streams and not options.images_only else []
    complex_ones = 0
    for entry in _entries(data, "Image"):
        if entry["Data"].dtype.kind in "uif":
            signals.append(_picture(entry, titles, of))
        else:
            complex_ones += 1
    if not streams and not options.images_only:
        signals += [_spectrum(entry, of) for entry in _entries(data, "Spectrum")]
    if not signals:
        raise ReadError("the file holds no image and no spectrum", where=of.where, found=", ".join(data) or "nothing")
    note = Note("info", f"{complex_ones} images of complex numbers (Fourier transforms) are left out")
    return [signal.with_notes(note) for signal in signals] if complex_ones else signals


def _map(streams: list, data, of: Origin, options: Options) -> Signal:
    """The sum of all detector segments; a spectrum where the stream has no scan."""
    metadata = _metadata(streams[0])
    settings = json.loads(_word(streams[0]["AcquisitionSettings"]))
    energy = _energy(metadata, of.where)
    numbers = [entry["Data"][()].ravel() for entry in streams]
    ended = [int((events == velox_stream.END).sum()) for events in numbers]
    if not ended[0]:
        scan = velox_stream.Scan(1, 1, 1)
    else:
        frames, first = _frames(streams[0], numbers[0])
        scan = velox_stream.scan_of(ended[0], frames, first, _sizes(metadata, settings, data), of.where)
    channels = _channels(int(settings["bincount"]), energy, options)
    cube = _cube(scan, channels, numbers, of.where)
    counted = [velox_stream.add_to(cube, events, scan, options.bin_channels) for events in numbers]
    axis = Axis("energy", "eV", energy.scale * options.bin_channels, _binned_offset(energy, options.bin_channels))
    about = _about(metadata) | {"frames": scan.frames, "segments": len(streams)}
    notes = _doubts(scan, ended, sum(beyond for _, beyond in counted), data, sum(map(sum, counted)))
    full = Origin(of.where, f"{of.name} EDS", of.metadata | about, notes)
    if not ended[0]:
        return array_signals.spectra(cube[0], axis, [], full)
    pixel = metadata["BinaryResult"]["PixelSize"]
    space = [Axis(name, "m", float(pixel[side])) for name, side in (("y", "height"), ("x", "width"))]
    return array_signals.spectra(cube.reshape(scan.rows, scan.columns, -1), axis, space, full)


def _frames(entry, events: np.ndarray) -> tuple[int | None, int | None]:
    """(frames as declared, pixels ended in the first where a second begins)."""
    declared = entry["Metadata"].shape[1]
    if "FrameLocationTable" not in entry or entry["FrameLocationTable"].size < 2:
        return declared if declared > 1 else None, None
    second = int(entry["FrameLocationTable"][()].ravel()[1])
    return declared if declared > 1 else None, int((events[:second] == velox_stream.END).sum())


def _sizes(metadata: dict, settings: dict, data) -> list[tuple[int, int]]:
    """Sizes (rows, columns) that a map may have by what the file says."""
    scan, field = metadata.get("Scan", {}), settings.get("RasterScanDefinition", {})
    found = []
    if "ScanArea" in scan and "ScanSize" in scan:
        area, size = scan["ScanArea"], scan["ScanSize"]
        high = (float(area["bottom"]) - float(area["top"])) * float(size["height"])
        wide = (float(area["right"]) - float(area["left"])) * float(size["width"])
        found.append((round(high), round(wide)))
    found += [entry["Data"].shape[:2] for entry in _entries(data, "Image")]
    if field:
        found.append((int(field["Height"]), int(field["Width"])))
    return found


def _energy(metadata: dict, where: str) -> Axis:
    """The energy axis that all X-ray detectors share. Raises ReadError where they do not, or none gives it."""
    xray = [d for d in metadata.get("Detectors", {}).values() if d.get("DetectorType") == "AnalyticalDetector"]
    axes = {(float(d["Dispersion"]), float(d["OffsetEnergy"])) for d in xray if "Dispersion" in d}
    if len(axes) != 1:
        raise ReadError(
            "the energy axis cannot be told",
            where=where,
            found=f"{len(axes)} different ones of {len(xray)} X-ray detectors",
            expected="one Dispersion and OffsetEnergy, the same for all",
        )
    ((step, offset),) = axes
    return Axis("energy", "eV", step, offset)


def _binned_offset(energy: Axis, step: int) -> float:
    """The middle of the first bin."""
    return energy.offset + energy.scale * (step - 1) / 2


def _channels(bincount: int, energy: Axis, options: Options) -> int:
    if options.energy_max:
        bincount = min(bincount, int((1e3 * options.energy_max - energy.offset) / energy.scale) + 1)
    return max(1, -(-bincount // options.bin_channels))


def _cube(scan: velox_stream.Scan, channels: int, numbers: list[np.ndarray], where: str) -> np.ndarray:
    """An empty cube (pixels, channels), of a type that no pixel can overflow."""
    kind = np.uint16 if velox_stream.busiest(numbers, scan) < 1 << 16 else np.uint32
    size = scan.pixels * channels * np.dtype(kind).itemsize
    if size > _LARGEST:
        raise ReadError(
            "the map is too large for memory",
            where=where,
            found=f"{scan.columns} x {scan.rows} pixels of {channels} channels, {size / 2**30:.1f} GiB",
            do='set reader_options = { energy_max = "12 keV", bin_channels = 2 }',
        )
    return np.zeros((scan.pixels, channels), kind)


def _doubts(scan: velox_stream.Scan, ended: list[int], beyond: int, data, total: int) -> tuple[Note, ...]:
    """What is odd about a map: frames cut short, segments that disagree, sums that the file states otherwise."""
    notes = []
    if scan.missing and scan.pixels > 1:
        notes.append(Note("info", f"the last of {scan.frames} frames lacks {scan.missing} of {scan.pixels} pixels"))
    if len(set(ended)) > 1:
        notes.append(Note("warning", f"the detector segments ended different numbers of pixels: {ended}"))
    if beyond:
        notes.append(Note("info", f"{beyond} events above the highest energy asked for are left out"))
    stated = sum(int(entry["Data"][()].sum()) for entry in _entries(data, "Spectrum"))
    if stated and stated != total:
        notes.append(Note("warning", f"the map holds {total} events, the spectra beside it in the file {stated}"))
    return tuple(notes)


def _about(metadata: dict) -> dict:
    """What is worth knowing of an acquisition; only what the file states."""
    places = {
        "beam_kV": ("Optics", "AccelerationVoltage", 1e-3),
        "beam_current_A": ("Optics", "ScreenCurrent", 1.0),
        "convergence_mrad": ("Optics", "BeamConvergence", 1e3),
        "dwell_time_s": ("Scan", "DwellTime", 1.0),
        "frame_time_s": ("Scan", "FrameTime", 1.0),
    }
    found = {
        name: factor * float(metadata[group][key])
        for name, (group, key, factor) in places.items()
        if key in metadata.get(group, {})
    }
    return found | {"detector": metadata.get("BinaryResult", {}).get("Detector", "")}


def _picture(entry, titles: dict[str, str], of: Origin) -> Signal:
    metadata = _metadata(entry)
    result = metadata.get("BinaryResult", {})
    size, unit = result.get("PixelSize", {}), result.get("PixelUnitX", "")
    pages = np.moveaxis(entry["Data"][()], -1, 0)
    title = titles.get(entry.name) or result.get("Detector") or "image"
    about = _about(metadata) | {"title": title, "frames": len(pages)}
    sides = (("y", "height"), ("x", "width"))
    space = [Axis(n, unit if unit == "m" else "", float(size.get(side, 0.0))) for n, side in sides]
    of = Origin(of.where, f"{of.name} {title}", of.metadata | about)
    if len(pages) == 1:
        return array_signals.image(pages[0], space, of)
    single = array_signals.image(pages.mean(axis=0, dtype=float), space, of)
    frames = {"frames": Variable(pages, "1", ("frame", "y", "x"))}
    return replace(single, variables={**single.variables, **frames})


def _spectrum(entry, of: Origin) -> Signal:
    metadata = _metadata(entry)
    about = _about(metadata)
    of = Origin(of.where, f"{of.name} {about['detector']}".strip(), of.metadata | about)
    return array_signals.spectra(entry["Data"][()].ravel(), _energy(metadata, of.where), [], of)


READER = Reader(
    name="velox",
    words="Velox EDS maps and STEM images (.emd)",
    kinds=("spectrum_image", "image", "spectrum"),
    suffixes=(".emd",),
    sniff=sniff,
    read=read,
    options=Options,
    write=write,
)
