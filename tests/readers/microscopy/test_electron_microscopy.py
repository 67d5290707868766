"""Velox .emd, .msa, .hspy and Gatan files: truth that is written here, real files, and files that must be refused."""

import json
import sys

import h5py
import numpy as np
import pytest

from nacre.core.errors import NacreError, ReadError
from nacre.core.signal import Signal, Variable
from nacre.readers.microscopy import digital_micrograph, hspy, msa, velox, velox_stream
from nacre.readers.reading import read

RNG = np.random.default_rng(7)


def words(caught) -> str:
    return str(caught.value)


# ---- the stream of events -------------------------------------------------------------------------------------------


def test_a_stream_is_read_pixel_by_pixel_as_it_was_counted():
    counts = RNG.poisson(0.3, (3, 4, 50))
    events = velox_stream.events(counts)
    assert (events == 65535).sum() == 12 and (events != 65535).sum() == counts.sum()
    scan = velox_stream.Scan(3, 4, 2)
    cube = np.zeros((12, 50), np.uint16)
    inside, beyond = velox_stream.add_to(cube, np.concatenate([events, events]), scan, 1)
    assert np.array_equal(cube.reshape(3, 4, 50), 2 * counts)
    assert (inside, beyond) == (2 * counts.sum(), 0)
    assert velox_stream.busiest([events], scan) == counts.sum(axis=-1).max()


@pytest.mark.parametrize(
    ("ended", "frames", "first", "rows", "missing"),
    [
        (512, 2, 256, (16, 16), 0),
        (319, 1, None, (16, 20), 0),  # the last pixel of a recording may lack its end
        (320, 1, None, (16, 20), 0),
        (1273, 5, None, (16, 16), 7),
        (128 * 128, None, None, (128, 128), 0),
    ],
)
def test_the_scanned_area_follows_from_the_ended_pixels(ended, frames, first, rows, missing):
    sizes = [(128, 128), (16, 20), (16, 16)] if rows != (16, 16) else [(512, 512), (16, 16)]
    scan = velox_stream.scan_of(ended, frames, first, sizes, "x.emd")
    assert (scan.rows, scan.columns) == rows and scan.missing == missing


def test_an_area_that_fits_nothing_is_refused():
    with pytest.raises(ReadError) as caught:
        velox_stream.scan_of(512, 1, None, [(16, 16)], "x.emd")
    assert "scanned area cannot be told" in words(caught) and "512 pixels in 1 frames; sizes 16 x 16" in words(caught)
    with pytest.raises(ReadError, match="no size in the file fits"):
        velox_stream.scan_of(512, 2, 200, [(16, 16)], "x.emd")


# ---- Velox ----------------------------------------------------------------------------------------------------------

PIXEL = 0.5e-9


def about(**changes) -> dict:
    energy = {"DetectorType": "AnalyticalDetector", "Dispersion": "10", "OffsetEnergy": "-250"}
    return {
        "BinaryResult": {
            "Detector": "EDS",
            "PixelSize": {"width": str(PIXEL), "height": str(PIXEL)},
            "PixelUnitX": "m",
        },
        "Scan": {
            "ScanSize": {"width": "40", "height": "30"},
            "ScanArea": {"left": "0.1", "top": "0.2", "right": "0.3", "bottom": "0.4"},
        },
        "Detectors": {"Detector-0": energy, "Detector-1": energy},
    } | changes


def entry_of(file, place: str, data, metadata: dict, frames: int = 1):
    entry = file.create_group(f"Data/{place}")
    entry["Data"] = data
    text = np.frombuffer(json.dumps(metadata).encode().ljust(4000, b"\0"), np.uint8)
    entry["Metadata"] = np.repeat(text[:, None], frames, axis=1)
    return entry


def emd(path, counts=None, *, frames=1, segments=1, cut=0, metadata=None, image=None):
    """A file with a map of `counts` per frame and segment, a part (8 columns, 6 rows) of a field of 40 x 30."""
    metadata = metadata or about()
    with h5py.File(path, "w") as file:
        file["Version"] = np.array([json.dumps({"version": "11", "format": "Velox"})], dtype=object)
        file.create_group("Data")
        for i in range(segments if counts is not None else 0):
            events = np.concatenate([velox_stream.events(counts)] * frames)
            entry = entry_of(file, f"SpectrumStream/{i}", events[: events.size - cut, None], metadata, frames)
            field = {"bincount": str(counts.shape[-1]), "RasterScanDefinition": {"Width": "40", "Height": "30"}}
            entry["AcquisitionSettings"] = np.array([json.dumps(field)], dtype=object)
        if image is not None:
            entry_of(file, "Image/1", image, metadata, image.shape[-1])
    return path


@pytest.fixture
def counts():
    return RNG.poisson(0.5, (6, 8, 40))


def test_a_map_is_the_sum_of_frames_and_segments_on_the_scanned_part(tmp_path, counts):
    (signal,) = read(emd(tmp_path / "a.emd", counts, frames=3, segments=2))
    assert signal.kind == "spectrum_image" and signal.origin == "measured"
    assert np.array_equal(signal["counts"].values, 6 * counts)
    assert signal["counts"].dims == ("y", "x", "energy")
    assert signal.array("energy", "eV") == pytest.approx(-250 + 10 * np.arange(40))
    assert np.diff(signal.array("x", "nm")) == pytest.approx(0.5)
    assert signal.metadata["frames"] == 3 and signal.metadata["segments"] == 2


def test_a_recording_that_was_stopped_says_what_it_lacks(tmp_path, counts):
    cut = velox_stream.events(counts[-1:, -3:]).size  # three pixels
    (signal,) = velox.read(emd(tmp_path / "a.emd", counts, frames=2, cut=cut))
    assert signal["counts"].values.sum() == 2 * counts.sum() - counts[-1, -3:].sum()
    assert "the last of 2 frames lacks 3 of 48 pixels" in signal.notes[0].text


def test_energy_can_be_cut_and_binned(tmp_path, counts):
    path = emd(tmp_path / "a.emd", counts)
    (signal,) = velox.read(path, velox.Options(energy_max=0.0, bin_channels=4))
    assert np.array_equal(signal["counts"].values, counts.reshape(6, 8, 10, 4).sum(-1))
    assert signal.array("energy", "eV")[:2] == pytest.approx([-235, -195])
    (signal,) = velox.read(path, velox.Options(energy_max=0.045))
    assert signal.array("energy", "eV")[-1] == pytest.approx(40)
    assert f"{counts[..., 30:].sum()} events above" in signal.notes[0].text


def test_a_stream_without_a_scan_is_a_spectrum(tmp_path, counts):
    path = emd(tmp_path / "a.emd", counts)
    with h5py.File(path, "a") as file:
        entry = file["Data/SpectrumStream/0"]
        events = entry["Data"][:, 0]
        del entry["Data"]
        entry["Data"] = events[events != 65535][:, None]
    (signal,) = velox.read(path)
    assert signal.kind == "spectrum"
    assert np.array_equal(signal["counts"].values, counts.sum(axis=(0, 1)))


def test_more_photons_in_a_pixel_than_16_bits_hold(tmp_path):
    counts = np.zeros((6, 8, 4), int)
    counts[2, 3, 1] = 70_000
    (signal,) = velox.read(emd(tmp_path / "a.emd", counts))
    assert signal["counts"].values[2, 3, 1] == 70_000


def test_images_keep_their_frames_and_complex_ones_are_left_out(tmp_path):
    frames = RNG.integers(0, 9, (4, 5, 3)).astype(np.uint16)
    path = emd(tmp_path / "a.emd", image=frames)
    with h5py.File(path, "a") as file:
        entry_of(file, "Image/2", np.zeros((4, 5, 1), [("re", "f4"), ("im", "f4")]), about())
    (signal,) = velox.read(path)
    assert signal.kind == "image" and "1 images of complex numbers" in signal.notes[0].text
    assert np.array_equal(signal["frames"].values, np.moveaxis(frames, -1, 0))
    assert signal["intensity"].values == pytest.approx(frames.mean(axis=-1))


def test_velox_files_that_cannot_be_read_say_why(tmp_path, counts):
    path = tmp_path / "berkeley.emd"
    with h5py.File(path, "w") as file:
        file.create_group("4DSTEM")
    with pytest.raises(ReadError) as caught:
        velox.read(path)
    assert "not of Velox" in words(caught) and "4DSTEM" in words(caught) and ".msa" in words(caught)
    axes = [{"DetectorType": "AnalyticalDetector", "Dispersion": s, "OffsetEnergy": "0"} for s in ("5", "10")]
    different = about(Detectors=dict(enumerate(axes)))
    with pytest.raises(ReadError) as caught:
        velox.read(emd(tmp_path / "a.emd", counts, metadata=different))
    assert "energy axis cannot be told" in words(caught) and "2 different ones of 2" in words(caught)
    with pytest.raises(ReadError, match="holds no image and no spectrum"):
        velox.read(emd(tmp_path / "b.emd"))


def test_a_pruned_file_is_told_from_a_map_and_its_images_can_be_asked_for(tmp_path):
    path = emd(tmp_path / "a.emd", image=np.ones((4, 5, 1), np.float32))
    with h5py.File(path, "a") as file:
        entry_of(file, "SpectrumImage/1", np.zeros((9, 1), np.uint8), about())
    with pytest.raises(ReadError) as caught:
        velox.read(path)
    assert "pruned" in words(caught) and "without pruning" in words(caught) and "images_only" in words(caught)
    assert [s.kind for s in velox.read(path, velox.Options(images_only=True))] == ["image"]


def test_a_map_without_counts_or_scale_is_not_written(tmp_path):
    flat = Signal("spectrum_image", {"counts": Variable(np.zeros((2, 2, 3), int), "1", ("y", "x", "energy"))})
    with pytest.raises(NacreError, match="a map of counts with a scale"):
        velox.write(flat, tmp_path / "a.emd")


# ---- msa ------------------------------------------------------------------------------------------------------------

MSA = """#FORMAT      : EMSA/MAS Spectral Data File
#NPOINTS     : {points}
#XUNITS      : {unit}
#BEAMKV   -kV: 200.0
#DATATYPE    : {kind}
#XPERCHAN    : 10
#OFFSET      : -20
#SPECTRUM    : here
{rows}
#ENDOFDATA   :
"""


def msa_file(path, rows, *, points=4, unit="eV", kind="Y"):
    path.write_text(MSA.format(points=points, unit=unit, kind=kind, rows=rows))
    return path


@pytest.mark.parametrize(
    ("kind", "rows"), [("Y", "1, 2\n3, 4"), ("Y", "1\n2\n3\n4"), ("XY", "-20 1\n-10 2\n0 3\n10 4"), ("Y", "1 2 3 4")]
)
def test_a_spectrum_in_columns_or_pairs(tmp_path, kind, rows):
    (signal,) = msa.read(msa_file(tmp_path / "a.msa", rows, kind=kind))
    assert signal.kind == "spectrum" and signal["counts"].values.tolist() == [1, 2, 3, 4]
    assert signal.array("energy", "eV") == pytest.approx([-20, -10, 0, 10])
    assert signal.metadata["beam_kV"] == 200.0


def test_numbers_that_are_no_counts_are_not_called_so(tmp_path):
    for rows in ("1 2 3 4.5", "1 2 3 -4"):
        (signal,) = msa.read(msa_file(tmp_path / "a.msa", rows))
        assert "intensity" in signal and "counts" not in signal


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"points": 5}, "found 4 numbers; expected 5"),
        ({"points": "many"}, "#NPOINTS is not a number"),
        ({"unit": "nm"}, "not a spectrum over energy; found #XUNITS 'nm'"),
        ({"rows": "1 2 x 4"}, "a.msa:9: a value is not a number"),
        ({"kind": "XY", "rows": "0 1 1 1 5 1 6 1"}, "not evenly spaced"),
    ],
)
def test_msa_files_that_cannot_be_read_say_why(tmp_path, changes, text):
    with pytest.raises(ReadError) as caught:
        msa.read(msa_file(tmp_path / "a.msa", **{"rows": "1 2 3 4"} | changes))
    assert text in words(caught)


def test_a_cut_msa_file_is_refused(tmp_path):
    path = msa_file(tmp_path / "a.msa", "1 2 3 4")
    path.write_text(path.read_text().replace("#ENDOFDATA   :", ""))
    with pytest.raises(ReadError, match="no line #ENDOFDATA"):
        msa.read(path)


# ---- HyperSpy -------------------------------------------------------------------------------------------------------


def hspy_file(path, data, axes):
    with h5py.File(path, "w") as file:
        entry = file.create_group("Experiments/map")
        entry["data"] = data
        for i, axis in enumerate(axes):
            entry.create_group(f"axis-{i}").attrs.update(axis)
        entry.create_group("metadata/Acquisition_instrument/TEM").attrs["beam_energy"] = 200.0
        entry["metadata/Sample/elements"] = np.array([b"Hf", b"Ni"])
    return path


def axis(unit: str, scale: float = 1.0) -> dict:
    return {"name": "a", "units": unit, "scale": scale, "offset": 0.0}


def test_the_kind_follows_from_the_units_wherever_the_energy_stands(tmp_path):
    data = RNG.integers(0, 9, (5, 3, 4))
    nm = axis("nm", 0.5)
    (signal,) = hspy.read(hspy_file(tmp_path / "a.hspy", data, [axis("eV", 10), nm, nm]))
    assert signal.kind == "spectrum_image" and np.array_equal(signal["counts"].values, np.moveaxis(data, 0, -1))
    assert signal.array("energy", "eV")[:2] == pytest.approx([0, 10])
    assert signal.metadata["elements"] == ("Hf", "Ni") and signal.metadata["beam_kV"] == 200.0
    (signal,) = hspy.read(hspy_file(tmp_path / "b.hspy", data[0], [nm, nm]))
    assert signal.kind == "image" and signal.metadata["pixel_um"] == pytest.approx(0.5e-3)
    (signal,) = hspy.read(hspy_file(tmp_path / "c.hspy", data[0, 0], [axis("keV", 0.01)]))
    assert signal.kind == "spectrum"


def test_an_image_without_a_scale_says_so(tmp_path):
    (signal,) = hspy.read(hspy_file(tmp_path / "a.hspy", np.ones((3, 4)), [axis("_None_"), axis("")]))
    assert "x" not in signal and "no scale" in signal.notes[0].text


@pytest.mark.parametrize(
    ("data", "axes", "text"),
    [
        (np.ones((3, 4, 5)), [axis("nm")] * 3, "neither those of an image"),
        (np.ones((3, 4)), [axis("nm"), axis("eV")], "a / nm (3), a / eV (4)"),
        (np.ones((3, 4)), [axis("nm"), axis("nm", 2.0)], "the pixels are not square; found 2 nm by 1 nm"),
        (np.ones(3), [{"name": "a", "units": "eV"}], "an axis is not uniform"),
        (np.ones(3), [axis("eV", 0.0)], "the energy axis makes no sense"),
        (np.ones((3, 4), complex), [axis("nm")] * 2, "not real numbers"),
    ],
)
def test_hyperspy_files_that_cannot_be_read_say_why(tmp_path, data, axes, text):
    with pytest.raises(ReadError) as caught:
        hspy.read(hspy_file(tmp_path / "a.hspy", data, axes))
    assert text in words(caught)


def test_hdf5_without_experiments_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.hspy", "w") as file:
        file.create_group("other")
    with pytest.raises(ReadError, match="holds no experiment of HyperSpy; found other"):
        hspy.read(tmp_path / "a.hspy")


# ---- Gatan ----------------------------------------------------------------------------------------------------------


def test_without_the_extra_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rsciio", None)
    monkeypatch.setitem(sys.modules, "rsciio.digitalmicrograph", None)
    path = tmp_path / "a.dm3"
    path.write_bytes(bytes([0, 0, 0, 3, 0, 0, 1, 0, 0, 0, 0, 1]) + bytes(200))
    with pytest.raises(ReadError) as caught:
        digital_micrograph.read(path)
    assert "pip install 'nacre[em]'" in words(caught) and ".msa" in words(caught)


# ---- real files -----------------------------------------------------------------------------------------------------


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("place", "total", "frames", "pixel_nm", "offset_ev"),
    [
        ("rosettasciio/Test SI 16x16 215 kx.emd", 42097, 2, 3.5992, -250),
        ("scifireaders/EMDReader_SpectrumImage_Si.emd", 6564, 5, 5.3024, -1000),
    ],
)
def test_real_velox_maps(realdata, place, total, frames, pixel_nm, offset_ev):
    signal, *images = velox.read(realdata / "em" / place)
    assert signal["counts"].values.shape == (16, 16, 4096) and signal["counts"].values.sum() == total
    assert signal.metadata["frames"] == frames
    assert np.diff(signal.array("x", "nm"))[0] == pytest.approx(pixel_nm, abs=5e-5)
    assert signal.array("energy", "eV")[0] == pytest.approx(offset_ev)
    assert not [note for note in signal.notes if note.level == "warning"]
    # the channel of zero energy holds the noise peak: a reader that misplaces the axis misses it
    spectrum = signal["counts"].values.sum(axis=(0, 1))
    assert abs(signal.array("energy", "eV")[spectrum.argmax()]) <= 30
    assert {image.kind for image in images} == {"image"} and images[-1].name.endswith("HAADF")


@pytest.mark.realdata
def test_a_real_pruned_velox_file(realdata):
    path = realdata / "em" / "rosettasciio" / "Test SI 16x16 ReducedData 215 kx.emd"
    with pytest.raises(ReadError, match="the spectra were pruned"):
        velox.read(path)
    titles = [s.metadata["title"] for s in velox.read(path, velox.Options(images_only=True))]
    assert sorted(titles) == ["C", "Ca", "Cu", "HAADF", "O"]


@pytest.mark.realdata
def test_real_hyperspy_maps(realdata):
    folder = realdata / "em" / "nist-hyperspy-tutorial"
    for name, pixels, total in (("core_shell", 64, 884071), ("bare_core", 84, 437439)):
        (signal,) = hspy.read(folder / f"{name}.hspy")
        assert signal["counts"].values.shape == (pixels, pixels, 992) and signal["counts"].values.sum() == total
        assert np.diff(signal.array("x", "nm"))[0] == pytest.approx(0.5)
        assert signal.array("energy", "keV")[:2] == pytest.approx([0.16, 0.18])


@pytest.mark.realdata
def test_real_msa_spectra(realdata):
    (low,) = msa.read(realdata / "em" / "exspy" / "lowloss_spectrum.msa")
    (core,) = msa.read(realdata / "em" / "exspy" / "coreloss_spectrum.msa")
    assert low["intensity"].values.size == core["counts"].values.size == 2048
    peak = low["intensity"].values.argmax()
    assert abs(low.array("energy", "eV")[peak]) < 1.0  # the zero-loss peak
    assert core.array("energy", "eV")[[0, -1]] == pytest.approx([360, 360 + 0.2 * 2047])
    assert core["counts"].values[:3].tolist() == [47179, 47304, 47325]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "kind", "shape", "step"),
    [
        ("EELS_SI.dm4", "spectrum_image", (2, 2, 2048), 1.0),
        ("test-EELS_spectrum.dm3", "spectrum", (2048,), 0.5),
        ("test_STEM_image.dm3", "image", (68, 68), 0.24854),
    ],
)
def test_real_gatan_files(realdata, name, kind, shape, step):
    path = realdata / "em" / "rosettasciio" / name
    try:
        import rsciio  # noqa: F401
    except ImportError:
        with pytest.raises(ReadError, match=r"pip install 'nacre\[em\]'"):
            digital_micrograph.read(path)
        return
    (signal,) = digital_micrograph.read(path)
    assert signal.kind == kind and signal["intensity"].values.shape == shape
    found = np.diff(signal.array("x", "nm") if kind == "image" else signal.array("energy", "eV"))
    assert found[0] == pytest.approx(step, rel=1e-4)
