"""Readers of micrographs, masks and element maps: our own files back, real files, and files that cannot be used."""

import numpy as np
import pytest
import tifffile

from nacre.core.contracts import HEAD_BYTES
from nacre.core.errors import NacreError, NotAssessable, ReadError
from nacre.core.registry import reader_for, readers
from nacre.core.signal import Signal, Variable
from nacre.materials.spectra import xray_lines
from nacre.readers.microscopy import bcf, element_map, h5oina, images, label_mask, sem
from nacre.readers.reading import read

RNG = np.random.default_rng(0)
PLAIN = RNG.integers(30, 200, (60, 80)).astype(np.uint8)


def image(shape=(60, 80), pixel=0.025, **metadata) -> Signal:
    values = np.round(100 + 20 * RNG.standard_normal(shape)).clip(0, 255)
    variables = {"intensity": Variable(values, "1", ("y", "x"))} | images.axes(shape, pixel)
    return Signal("image", variables, metadata, origin="synthetic", name="virtual")


def zeiss(path, lines, array=PLAIN):
    text = ("\r\n".join(["", *lines]) + "\r\n\0").encode("cp1252")
    tifffile.imwrite(path, array, extratags=[(34118, "s", len(text), text, True)], metadata=None)
    return path


def test_an_image_comes_back_with_its_scale_and_voltage(tmp_path):
    sem.write(image(accelerating_voltage_kV=10.0, cell="bare-1"), tmp_path / "a.tif")
    (back,) = read(tmp_path / "a.tif")
    assert back.metadata["pixel_um"] == pytest.approx(0.025)
    assert back.metadata["accelerating_voltage_kV"] == 10.0 and back.metadata["cell"] == "bare-1"
    assert back.origin == "synthetic"
    assert b"NACRE VIRTUAL" in (tmp_path / "a.tif").read_bytes()[:HEAD_BYTES]


@pytest.mark.parametrize(
    ("lines", "um"),
    [
        (["AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 11.65 nm", "AP_PIXEL_SIZE", "Pixel Size = 5.8 nm"], 0.01165),
        (["AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 850.0 pm"], 0.00085),
        (["AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 2.615 \u00b5m"], 2.615),
        (["AP_PIXEL_SIZE", "Pixel Size = 5.8 nm", "AP_WIDTH", "Width = 8.000 \u00b5m"], 0.1),
    ],
)
def test_the_pixel_is_that_of_the_image_not_of_the_display(tmp_path, lines, um):
    (signal,) = sem.read(zeiss(tmp_path / "z.tif", lines))
    assert signal.metadata["pixel_um"] == pytest.approx(um, rel=1e-6)
    assert signal.array("x", "nm")[0] == pytest.approx(500 * um)


def test_an_image_without_a_scale_is_refused_until_it_is_given(tmp_path):
    tifffile.imwrite(tmp_path / "plain.tif", PLAIN, resolution=(72, 72))
    with pytest.raises(ReadError, match=r"plain.tif: the image has no pixel size.*reader_options = \{ pixel_size"):
        sem.read(tmp_path / "plain.tif")
    (signal,) = sem.read(tmp_path / "plain.tif", sem.Options(pixel_size=0.05))
    assert signal.array("x", "um")[-1] == pytest.approx(79.5 * 0.05)


def test_a_pixel_size_that_contradicts_the_file_is_taken_and_told(tmp_path):
    path = zeiss(tmp_path / "z.tif", ["AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 11.65 nm"])
    (signal,) = sem.read(path, sem.Options(pixel_size=0.02))
    assert signal.metadata["pixel_um"] == 0.02
    assert any("is not the file's, 0.01165 um" in note.text for note in signal.notes)


def test_an_image_of_imagej_says_its_own_unit(tmp_path):
    tifffile.imwrite(tmp_path / "ij.tif", PLAIN, imagej=True, resolution=(40.0, 40.0), metadata={"unit": "um"})
    assert sem.read(tmp_path / "ij.tif")[0].metadata["pixel_um"] == pytest.approx(0.025)


def test_a_colour_screenshot_is_refused_and_a_grey_jpeg_is_not(tmp_path):
    colour = np.stack([PLAIN, PLAIN // 2, 255 - PLAIN], axis=-1)
    tifffile.imwrite(tmp_path / "shot.tif", colour, photometric="rgb")
    with pytest.raises(ReadError, match=r"the picture is in colour.*a screenshot or an overlay holds no intensities"):
        sem.read(tmp_path / "shot.tif", sem.Options(pixel_size=0.1))
    tifffile.imwrite(tmp_path / "grey.tif", np.stack([PLAIN] * 3, axis=-1), photometric="rgb")
    (signal,) = sem.read(tmp_path / "grey.tif", sem.Options(pixel_size=0.1))
    assert np.array_equal(signal["intensity"].values, PLAIN)


def test_an_lzw_tiff_reads(tmp_path):
    from PIL import Image

    Image.fromarray(PLAIN).save(tmp_path / "lzw.tif", compression="tiff_lzw")
    (signal,) = sem.read(tmp_path / "lzw.tif", sem.Options(pixel_size=0.1))
    assert np.array_equal(signal["intensity"].values, PLAIN)


def test_a_burnt_data_bar_is_cut_off(tmp_path):
    picture = RNG.integers(30, 200, (400, 300)).astype(np.uint8)
    picture[360:] = 255
    picture[370:390:2, 40:120] = 0
    path = zeiss(tmp_path / "bar.tif", ["AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 10 nm"], picture)
    (signal,) = sem.read(path)
    assert 356 <= signal.sizes["y"] <= 360
    assert any("data bar is cut off" in note.text for note in signal.notes)
    assert sem.read(path, sem.Options(data_bar=0))[0].sizes["y"] == 400


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "um", "kv", "rows"),
    [
        ("test_tiff_Zeiss_SEM_1k.tif", 2.615, 25.0, (680, 700)),
        ("test_tiff_Zeiss_SEM_512pix.tif", 0.01165, 5.0, (345, 352)),
        ("FEI-Helios-Ebeam-8bits.tif", 3.3724, 5.0, (442, 442)),
    ],
)
def test_real_micrographs_have_their_scale_and_lose_their_bar(realdata, name, um, kv, rows):
    path = realdata / "em" / "rosettasciio" / name
    assert reader_for(path, readers()).name == "sem"
    (signal,) = sem.read(path)
    assert signal.metadata["pixel_um"] == pytest.approx(um, rel=1e-3)
    assert signal.metadata["accelerating_voltage_kV"] == kv
    assert rows[0] <= signal.sizes["y"] <= rows[1]


@pytest.mark.realdata
def test_real_pictures_and_sparse_labels(realdata):
    folder, known = realdata / "em" / "interactive-seg", readers()
    for name in ("0.tif", "4.jpg"):
        assert reader_for(folder / name, known).name == "sem"
        with pytest.raises(ReadError, match="has no pixel size"):
            sem.read(folder / name)
        assert sem.read(folder / name, sem.Options(pixel_size=0.01))[0].kind == "image"
    for name, classes in (
        ("0_ground_truth.tif", [85, 170, 255]),
        ("0_labels.tif", [0, 85, 170, 255]),
        ("4_labels.tif", [0, 85, 170, 255]),
    ):
        assert reader_for(folder / name, known).name == "label_mask"
        (mask,) = label_mask.read(folder / name)
        assert mask.metadata["classes"] == classes
    assert label_mask.read(folder / "0_labels.tif")[0].metadata["labelled"] == pytest.approx(0.01054, abs=1e-5)


@pytest.mark.realdata
def test_a_real_bruker_map_reads_with_the_extra_and_says_so_without(realdata):
    path = realdata / "em" / "rosettasciio" / "test_TEM.bcf"
    try:
        import rsciio  # noqa: F401
    except ImportError:
        with pytest.raises(ReadError, match=r"needs RosettaSciIO.*pip install 'nacre\[em\]'"):
            bcf.read(path)
    else:
        kinds = [signal.kind for signal in bcf.read(path)]
        assert kinds.count("image") >= 1 and kinds.count("element_map") == 1
        cube = bcf.read(path, bcf.Options(cube=True))[-1]
        assert cube.kind == "spectrum_image" and cube["counts"].values.shape == (64, 64, 2048)
        assert np.diff(cube.array("x", "nm"))[0] == pytest.approx(0.7710, abs=1e-4)
        spectrum = cube["counts"].values.sum(axis=(0, 1))
        energy = cube.array("energy", "keV")
        assert energy[spectrum.argmax()] == pytest.approx(1.740, abs=0.015)  # Si Ka


def test_a_micrograph_is_no_mask(tmp_path):
    tifffile.imwrite(tmp_path / "mask.tif", RNG.random((20, 20)).astype(np.float32))
    with pytest.raises(ReadError, match="holds whole numbers; found fractions"):
        label_mask.read(tmp_path / "mask.tif")
    tifffile.imwrite(tmp_path / "mask.tif", RNG.integers(0, 60000, (200, 200)).astype(np.uint16))
    with pytest.raises(ReadError, match="looks like a micrograph, not like labels"):
        label_mask.read(tmp_path / "mask.tif")


def maps(shape=(30, 40), **more) -> Signal:
    found = {n: Variable(RNG.poisson(m, shape), "1", ("y", "x")) for n, m in (("Hf La1", 2.0), ("Ni Ka1", 9.0))}
    return Signal("element_map", found | images.axes(shape, 0.2) | more, {"accelerating_voltage_kV": 20.0}, None, ())


def test_an_oxford_map_comes_back_as_counts(tmp_path):
    seen = {"electron_image": Variable(RNG.integers(0, 255, (30, 40)), "1", ("y", "x"))}
    signal = maps(**seen)
    h5oina.write(signal, tmp_path / "a.h5oina")
    (back,) = read(tmp_path / "a.h5oina")
    assert np.array_equal(back["Hf La1"].values, signal["Hf La1"].values)
    assert np.array_equal(back["electron_image"].values, seen["electron_image"].values)
    assert back.metadata["accelerating_voltage_kV"] == 20.0 and back.origin == "measured"
    assert back.array("x", "um")[0] == pytest.approx(0.1)


def test_rates_times_live_time_are_counts_and_spectra_are_summed(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "a.h5oina"
    h5oina.write(maps(), path)
    with h5py.File(path, "r+") as file:
        data, header = file["1/EDS/Data"], file["1/EDS/Header"]
        data["Live Time"][...] = 0.25
        data["Spectrum"] = np.ones((1200, 8), np.int32)
        header["Channel Width"], header["Start Channel"] = np.array([10.0]), np.array([-20.0])
        file["1/EDS/Data/Window Integral"].move("Hf La1", "Hf")
    (back,) = h5oina.read(path)
    assert back["Hf La1"].values.max() <= 4 and np.all(back["Hf La1"].values % 1 == 0)
    assert back["spectrum"].values.tolist() == [1200.0] * 8
    assert back.array("energy", "eV")[:2] == pytest.approx([-15.0, -5.0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.move("1/EDS/Data/Window Integral", "1/EDS/Data/Composition"), "holds no counts per element"),
        (lambda f: f["1/EDS/Header/Y Cells"].__setitem__(0, 1), "the acquisition is not a map"),
        (lambda f: f["1/EDS/Header/X Cells"].__setitem__(0, 41), r"does not fit the map; found 1200 values"),
        (lambda f: f["1/EDS/Header/Y Step"].__setitem__(0, 0.3), "pixels are not square"),
        (lambda f: f.move("1/EDS", "1/EBSD"), "neither EDS maps nor images; found EBSD"),
        (lambda f: f["Index"].attrs.__setitem__("Type", "Feature"), "a list of 1 particles"),
        (lambda f: f.pop("Format Version"), "not an Oxford file"),
    ],
)
def test_what_is_no_map_is_refused_in_words(tmp_path, change, words):
    h5py = pytest.importorskip("h5py")
    h5oina.write(maps(), tmp_path / "a.h5oina")
    with h5py.File(tmp_path / "a.h5oina", "r+") as file:
        change(file)
    with pytest.raises(ReadError, match=words):
        h5oina.read(tmp_path / "a.h5oina")


def test_maps_of_strangers_need_an_element_and_a_pixel(tmp_path):
    path = tmp_path / "site 3 Ni Ka1.csv"
    np.savetxt(path, RNG.poisson(3.0, (6, 5)), fmt="%d", delimiter=";", header="Ni Ka1")
    assert reader_for(path, readers()).name == "element_map"
    with pytest.raises(ReadError, match="the map has no pixel size"):
        element_map.read(path)
    (signal,) = element_map.read(path, element_map.Options(pixel_size=0.5))
    assert list(signal.variables) == ["Ni Ka1", "y", "x"] and signal.sizes == {"y": 6, "x": 5}
    other = path.rename(tmp_path / "map.csv")
    with pytest.raises(ReadError, match=r"not said which elements the maps show; found 1 maps and the names of none"):
        element_map.read(other, element_map.Options(pixel_size=0.5))
    with pytest.raises(ReadError, match="Li has no line that an EDS detector sees"):
        element_map.read(other, element_map.Options(pixel_size=0.5, elements=("Li K",)))
    other.write_text("1,2\n3\n")
    with pytest.raises(ReadError, match=r"the table is not a map; found rows of \[1, 2\]"):
        element_map.read(other, element_map.Options(pixel_size=0.5, elements=("Hf La1",)))


def test_lines_that_a_detector_cannot_tell_apart():
    hf = xray_lines.find_main_line("Hf L")
    assert (hf.name, hf.energy) == ("La1", 7.899)
    assert xray_lines.find_main_line("Hf", beam_kv=5.0).name == "Ma1"

    def seen(words, others):
        return [(o.of.name, f"{o.by.element} {o.by.name}") for o in xray_lines.find_overlaps(words, others)]

    assert seen("Hf M", ["Si", "Ni"]) == [("Ma1", "Si Ka1")]
    assert seen("Co K", ["Hf"])[0] == ("Ka1", "Hf Ll")
    assert seen("Hf L", ["Cu"])[0] == ("La1", "Cu Ka1")
    assert ("Ll", "Co Ka1") in seen("Hf L", ["Co", "Ni", "Mn"])
    assert not seen("Ni K", ["Mn", "O"])


def test_elements_without_a_line_are_refused_in_words():
    with pytest.raises(NotAssessable, match="Li has no line that an EDS detector sees"):
        xray_lines.find_main_line("Li")
    with pytest.raises(NacreError, match=r"O has no L line in the table; expected K"):
        xray_lines.parse_line("O La1")
    with pytest.raises(NacreError, match="not a line of an element; found 'hafnium'"):
        xray_lines.parse_line("hafnium")
    with pytest.raises(NacreError, match="unknown element 'Xx'"):
        xray_lines.list_lines("Xx")
