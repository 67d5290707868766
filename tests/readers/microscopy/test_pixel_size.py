"""The pixel size of a micrograph: every maker's statement, and the statements that contradict each other."""

import numpy as np
import pytest
import tifffile

from nacre.core.errors import ReadError
from nacre.readers.microscopy import sem

PLAIN = np.random.default_rng(3).integers(30, 200, (60, 80)).astype(np.uint8)


def write_fei(path, array=PLAIN, photometric="minisblack", **scan):
    lines = ["[Beam]", "HV=5000", "[Scan]", *(f"{key}={value}" for key, value in scan.items())]
    text = ("\r\n".join(lines) + "\r\n\0").encode()
    tags = [(34682, "s", len(text), text, True)]
    tifffile.imwrite(path, array, photometric=photometric, extratags=tags, metadata=None)
    return path


def write_zeiss(path, *lines):
    text = ("\r\n".join(["", *lines]) + "\r\n\0").encode("cp1252")
    tifffile.imwrite(path, PLAIN, extratags=[(34118, "s", len(text), text, True)], metadata=None)
    return path


def write_tescan(path, **sizes):
    text = b"\x01\x02[MAIN]\n" + "\n".join(f"{key}={value}" for key, value in sizes.items()).encode() + b"\n"
    tifffile.imwrite(path, PLAIN, extratags=[(50431, "B", len(text), text, True)], metadata=None)
    return path


def write_ome(path, **sizes):
    tifffile.imwrite(path, PLAIN, ome=True, metadata={"axes": "YX", **sizes})
    return path


def write_beside(path, text):
    tifffile.imwrite(path, PLAIN, metadata=None)
    path.with_suffix(".txt").write_text(text)
    return path


MAKERS = {
    "fei": lambda p: write_fei(p, PixelWidth=5e-9, PixelHeight=5e-9, HorFieldsize=80 * 5e-9),
    "zeiss": lambda p: write_zeiss(p, "AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 5 nm", "AP_WIDTH", "Width = 400 nm"),
    "tescan": lambda p: write_tescan(p, PixelSizeX=5e-9, PixelSizeY=5e-9),
    "ome": lambda p: write_ome(p, PhysicalSizeX=5.0, PhysicalSizeXUnit="nm", PhysicalSizeY=5.0, PhysicalSizeYUnit="nm"),
    "hitachi": lambda p: write_beside(p, "[SemImageFile]\nDataSize=80x60\nPixelSize=5.0\n"),
    "jeol": lambda p: write_beside(p, "$CM_FULL_SIZE 80 60\n$$SM_MICRON_BAR 40\n$$SM_MICRON_MARKER 200nm\n"),
}
CONTRADICTORY = {
    "fei halved": lambda p: write_fei(p, PixelWidth=2.5e-9, PixelHeight=2.5e-9, HorFieldsize=400e-9),
    "zeiss": lambda p: write_zeiss(p, "AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 5 nm", "AP_WIDTH", "Width = 800 nm"),
    "hitachi": lambda p: write_beside(p, "DataSize=1280x960\nPixelSize=5.0\n"),
    "jeol": lambda p: write_beside(p, "$CM_FULL_SIZE 160 120\n$$SM_MICRON_BAR 40\n$$SM_MICRON_MARKER 200nm\n"),
}
OBLONG = {
    "fei": lambda p: write_fei(p, PixelWidth=5e-9, PixelHeight=6.345e-9),
    "tescan": lambda p: write_tescan(p, PixelSizeX=5e-9, PixelSizeY=6e-9),
    "ome": lambda p: write_ome(p, PhysicalSizeX=5.0, PhysicalSizeXUnit="nm", PhysicalSizeY=6.0, PhysicalSizeYUnit="nm"),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_each_makers_size_is_read(tmp_path, maker):
    (signal,) = sem.read(MAKERS[maker](tmp_path / "a.tif"))
    assert signal.metadata["pixel_um"] == pytest.approx(0.005, rel=1e-6)


@pytest.mark.parametrize("maker", CONTRADICTORY)
def test_two_sizes_that_disagree_are_both_shown_and_neither_is_taken(tmp_path, maker):
    path = CONTRADICTORY[maker](tmp_path / "a.tif")
    with pytest.raises(ReadError, match=r"two pixel sizes.*found 0\.00\d+ um \(.*0\.0\d+ um \(.*reader_options"):
        sem.read(path)
    (signal,) = sem.read(path, sem.Options(pixel_size=0.01))
    assert signal.metadata["pixel_um"] == 0.01


@pytest.mark.parametrize("maker", OBLONG)
def test_pixels_that_are_not_square_are_refused(tmp_path, maker):
    path = OBLONG[maker](tmp_path / "a.tif")
    for options in (sem.Options(), sem.Options(pixel_size=0.005)):
        with pytest.raises(ReadError, match="not square"):
            sem.read(path, options)


def test_a_resolution_per_inch_is_that_of_a_print_whatever_program_wrote_it(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PLAIN, imagej=True, resolution=(72, 72), metadata={"unit": "inch"})
    with pytest.raises(ReadError, match="no pixel size; found a resolution per inch"):
        sem.read(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", PLAIN, imagej=True, resolution=(0.2, 0.2), metadata={"unit": "nm"})
    assert sem.read(tmp_path / "b.tif")[0].metadata["pixel_um"] == pytest.approx(0.005)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_picture_with_white_as_zero_is_turned_round(tmp_path, kind):
    array, size = PLAIN.astype(kind), {"PixelWidth": 5e-9, "PixelHeight": 5e-9}
    top = np.iinfo(kind).max
    dark = sem.read(write_fei(tmp_path / "a.tif", array, **size))[0]
    bright = sem.read(write_fei(tmp_path / "b.tif", top - array, "miniswhite", **size))[0]
    assert np.array_equal(dark["intensity"].values, bright["intensity"].values)


def test_a_bar_is_cut_off_where_an_older_tag_does_not_say_how_high_the_picture_is(tmp_path):
    page = np.random.default_rng(4).integers(30, 200, (480, 512)).astype(np.uint8)
    page[440:] = 0
    page[450:470, 20:200:7] = 255  # its writing
    size = {"PixelWidth": 5e-9, "PixelHeight": 5e-9}
    (signal,) = sem.read(write_fei(tmp_path / "a.tif", page, **size))
    assert 438 <= signal["intensity"].values.shape[0] <= 440  # with the frame of the bar
    assert any("data bar is cut off" in note.text for note in signal.notes)
    (signal,) = sem.read(write_fei(tmp_path / "b.tif", page[:440], **size))
    assert signal["intensity"].values.shape == (440, 512) and not signal.notes
