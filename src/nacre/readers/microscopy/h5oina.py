"""Oxford Instruments' exchange format (.h5oina): EDS maps with their electron images.

Layout
------
HDF5. At the root `Format Version`, `Manufacturer`, `Index` (names of the acquisitions, "1" for a single one). Below
`/1/EDS` (or EDS1, EDS2 ... for several detectors) two groups. `Header`: `X Cells`, `Y Cells` (pixels), `X Step`,
`Y Step` (um), `Beam Voltage` (kV), `Channel Width` and `Start Channel` (eV), each an array of one. `Data`: one row per
pixel, row after row of the map: `Live Time` (s), `Spectrum` (pixels, channels; since version 7), and the groups
`Window Integral` (counts in an energy window over the live time), `Peak Area` (fitted peak over the live time), and
`Composition` (wt%), each with a dataset per line, named `Hf La1` or `Hf`, that bears `Atomic Number` and `X-ray Line`.
Pixels outside of the mapped area are NaN. `/1/Electron Image/Data/{SE,BSE,FSE}` holds images of the same layout.

Counts are what statistics need: the window integral times the live time, rounded; where there is none, the peak area
times the live time (a note says so: its scatter is that of a fit). Composition maps are left out. Line scans (one row)
and particle lists are refused.

Result: one signal of kind "element_map" (counts per line on (y, x), `electron_image` where it has the map's size, and
the summed `spectrum` on `energy` in keV), and one of kind "image" for each electron image of another size.

Source: Oxford Instruments NanoAnalysis HDF5 File Specification, versions 2 to 8 (github.com/oinanoanalysis/h5oina).
Written from the specification; files of the maker's own software were not at hand.
"""

from pathlib import Path

import numpy as np

from nacre.core.contracts import VIRTUAL_MARK, Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal, Variable
from nacre.readers.damaged import explain_damage
from nacre.readers.microscopy import images

_MAGIC = b"\x89HDF\r\n\x1a\n"


def sniff(head: Head) -> float:
    """An HDF5 file with the maker's suffix."""
    return 0.95 if head.start.startswith(_MAGIC) and head.suffix == ".h5oina" and head.size > 800 else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """The maps, and images of another size. Raises ReadError."""
    import h5py

    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ReadError("cannot open the file", where=path.name, found=error.strerror or str(error)) from None
    if not raw.startswith(_MAGIC):
        raise ReadError("not an HDF5 file", where=path.name, found=f"it begins {raw[:8]!r}", do=_CURE)
    with explain_damage(path, "HDF5 file", _CURE), h5py.File(path, "r") as file:
        about = {"software": _word(file, "Software Version")}
        return [s for name in _slices(file, path.name) for s in _signals(file[name], path, about)]


_CURE = "export the map again from AZtec (File, Export, H5OINA)"


def _word(group, name: str) -> str:
    if name not in group:
        return ""
    value = np.ravel(group[name][()])
    return value[0].decode() if value.size and isinstance(value[0], bytes) else str(value[0]) if value.size else ""


def _slices(file, where: str) -> list[str]:
    if "Format Version" not in file:
        raise ReadError("not an Oxford file", where=where, found=", ".join(file), expected="'Format Version'", do=_CURE)
    names = [name for name in file if "Data" not in name and hasattr(file[name], "keys")]
    kind = file["Index"].attrs.get("Type", "Single") if "Index" in file else "Single"
    if (kind.decode() if isinstance(kind, bytes) else str(kind)) == "Feature" or not names:
        found = f"a list of {len(names)} particles" if names else "no acquisition"
        raise ReadError("the file holds no map", where=where, found=found, do="export the map of the site")
    return names


def _signals(group, path: Path, about: dict[str, str]) -> list[Signal]:
    detectors = [name for name in group if name.startswith("EDS")]
    found = [_map(group[name], path, about, group) for name in detectors]
    electron_images = _images(group, path.name)
    size = (found[0].sizes["y"], found[0].sizes["x"]) if found else None
    for name, (values, step) in electron_images.items():
        if values.shape != size:
            variables = {"intensity": Variable(values, "1", ("y", "x"))} | images.axes(values.shape, step)
            metadata = {**about, "pixel_um": step, "detector": name}
            found.append(Signal("image", variables, metadata, name=f"{path.stem} {name}"))
    if not found:
        raise ReadError(
            "the file holds neither EDS maps nor images", where=path.name, found=", ".join(group), expected="EDS"
        )
    return found


def _number(header, name: str) -> float | None:
    return float(np.ravel(header[name][()])[0]) if name in header else None


def _shape(header, where: str) -> tuple[int, int, float]:
    columns, rows, x, y = (_number(header, n) for n in ("X Cells", "Y Cells", "X Step", "Y Step"))
    if not columns or not rows or rows < 2 or not x:
        found = f"{columns or 0:.0f} x {rows or 0:.0f} pixels of {x or 0:g} um"
        raise ReadError("the acquisition is not a map", where=where, found=found, expected="rows and columns")
    if y and abs(y / x - 1) > 1e-3:
        raise ReadError("the map's pixels are not square", where=where, found=f"{x:g} x {y:g} um")
    return int(rows), int(columns), x


def _map(group, path: Path, about: dict[str, str], parent) -> Signal:
    header, data, notes = group["Header"], group["Data"], []
    rows, columns, step = _shape(header, path.name)
    kind = next((name for name in ("Window Integral", "Peak Area") if name in data), "")
    if not kind or "Live Time" not in data:
        raise ReadError(
            "the file holds no counts per element",
            where=path.name,
            found=", ".join(data),
            expected="'Window Integral' or 'Peak Area', and 'Live Time'",
            do=_CURE,
        )
    if kind == "Peak Area":
        notes.append(Note("warning", "counts are fitted peak areas: they scatter more than counting alone makes them"))
    live = _plane(data["Live Time"], rows, columns, path.name)
    variables = {}
    for name, rate in data[kind].items():
        counts = _plane(rate, rows, columns, path.name) * live
        if kind == "Window Integral":
            counts = np.round(counts)
        variables[_line(name, rate)] = Variable(counts, "1", ("y", "x"), words=f"counts of {name}")
    variables |= images.axes((rows, columns), step) | _spectrum(header, data)
    for name, (values, _) in _images(parent, path.name).items():
        if values.shape == (rows, columns) and "electron_image" not in variables:
            variables["electron_image"] = Variable(values, "1", ("y", "x"), words=f"{name} image")
    metadata = {**about, "live_time_s": float(np.nansum(live)), "counts": kind}
    voltage = _number(header, "Beam Voltage")
    if voltage:
        metadata["accelerating_voltage_kV"] = voltage
    return Signal("element_map", variables, metadata, notes=tuple(notes), name=path.stem)


def _line(name: str, dataset) -> str:
    """ "Hf La1" of a dataset's name, completed by its attribute where the name is the element alone."""
    line = dataset.attrs.get("X-ray Line", "")
    line = line.decode() if isinstance(line, bytes) else str(np.ravel(line)[0]) if np.size(line) else ""
    return name if " " in name or not line else f"{name} {line}"


def _plane(dataset, rows: int, columns: int, where: str) -> np.ndarray:
    values = np.asarray(dataset[()], float).ravel()
    if values.size != rows * columns:
        raise ReadError(
            f"'{dataset.name.rsplit('/', 1)[-1]}' does not fit the map",
            where=where,
            found=f"{values.size} values",
            expected=f"{rows} x {columns} = {rows * columns}",
            do=_CURE,
        )
    return values.reshape(rows, columns)


def _spectrum(header, data) -> dict[str, Variable]:
    width, start = _number(header, "Channel Width"), _number(header, "Start Channel")
    if "Spectrum" not in data or not width or start is None:
        return {}
    total = np.asarray(data["Spectrum"][()], float).sum(axis=0)
    energy = 1e-3 * (start + width * (np.arange(total.size) + 0.5))
    return {
        "spectrum": Variable(total, "1", ("channel",), words="counts, sum of all pixels"),
        "energy": Variable(energy, "keV", ("channel",)),
    }


def _images(group, where: str) -> dict[str, tuple[np.ndarray, float]]:
    if "Electron Image" not in group:
        return {}
    inner = group["Electron Image"]
    rows, columns, step = _shape(inner["Header"], where)
    return {
        f"{kind} {name}": (_plane(dataset, rows, columns, where), step)
        for kind in ("SE", "BSE", "FSE")
        for name, dataset in inner["Data"].get(kind, {}).items()
    }


def write(signal: Signal, path: Path) -> None:
    """Maps (and `electron_image`) in the maker's layout, format version 7, one second of live time per pixel."""
    import h5py

    maps = [n for n, v in signal.variables.items() if v.dims == ("y", "x") and n != "electron_image"]
    rows, columns = signal.sizes["y"], signal.sizes["x"]
    step = images.pixel_of(signal)
    with h5py.File(path, "w") as file:
        # the mark is stored first, so that it stands near the start of the file
        made = f"nacre {VIRTUAL_MARK}" if signal.origin == "synthetic" else "nacre"
        for name, value in (("Software Version", made), ("Format Version", "7.0"), ("Index", "1")):
            file.create_dataset(name, data=np.array([value.encode()]))
        kv = float(signal.metadata.get("accelerating_voltage_kV", 0.0))
        _head(file, "1/EDS/Header", columns, rows, step, {"Beam Voltage": kv} if kv else {})
        data = file.create_group("1/EDS/Data")
        _store(data, "Live Time", np.ones(rows * columns, np.float32))
        for name in maps:
            dataset = _store(data, f"Window Integral/{name}", signal[name].values.ravel().astype(np.float32))
            dataset.attrs["X-ray Line"] = name.partition(" ")[2]
        if "electron_image" in signal:
            _head(file, "1/Electron Image/Header", columns, rows, step, {})
            image = images.smallest_type(signal["electron_image"].values)
            _store(file, "1/Electron Image/Data/SE/SE Image 1", image.ravel())


def _head(file, name: str, columns: int, rows: int, step: float, more: dict[str, float]) -> None:
    header = file.create_group(name)
    for key, value in ({"X Cells": columns, "Y Cells": rows}).items():
        header.create_dataset(key, data=np.array([value], np.int32))
    for key, value in ({"X Step": step, "Y Step": step} | more).items():
        header.create_dataset(key, data=np.array([value], np.float64))


def _store(group, name: str, values: np.ndarray):
    return group.create_dataset(name, data=values, compression="gzip", compression_opts=9, track_times=False)


def example() -> Signal:
    """Two small synthetic maps, for the checks that every reader with a writer passes."""
    rng = np.random.default_rng(7)
    maps = {
        name: Variable(rng.poisson(mean, (30, 40)), "1", ("y", "x")) for name, mean in (("Hf La1", 2), ("Ni Ka1", 9))
    }
    return Signal("element_map", maps | images.axes((30, 40), 0.2), origin="synthetic", name="virtual")


READER = Reader(
    name="h5oina",
    words="Oxford Instruments EDS map (.h5oina)",
    kinds=("element_map", "image"),
    suffixes=(".h5oina",),
    sniff=sniff,
    read=read,
    write=write,
)
