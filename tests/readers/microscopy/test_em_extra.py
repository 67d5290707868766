"""Bruker cubes as RosettaSciIO hands them over: a stand-in for it, which is not installed everywhere."""

import sys
import types

import numpy as np
import pytest

from nacre.core.errors import ReadError
from nacre.readers.microscopy import bcf

CUBE = np.arange(2 * 3 * 40, dtype=np.uint16).reshape(2, 3, 40)


@pytest.fixture
def hypermap(tmp_path, monkeypatch):
    """A file that begins like a .bcf, and a reader that gives a cube and an image for it."""

    def axis(i, name, units, scale, offset=0.0):
        return {"index_in_array": i, "name": name, "units": units, "scale": scale, "offset": offset}

    space = [axis(0, "height", "nm", 0.8), axis(1, "width", "nm", 0.8)]
    about = {"Acquisition_instrument": {"TEM": {"beam_energy": 200}}, "Sample": {"elements": ["Cu"]}}
    parts = [
        {"data": CUBE[..., 0], "axes": space, "metadata": {}},
        {"data": CUBE, "axes": [*space, axis(2, "Energy", "keV", 0.25, 0.1)], "metadata": about},
    ]
    fake = types.ModuleType("rsciio.bruker")
    fake.file_reader = lambda path: parts
    monkeypatch.setitem(sys.modules, "rsciio", types.ModuleType("rsciio"))
    monkeypatch.setitem(sys.modules, "rsciio.bruker", fake)
    path = tmp_path / "map.bcf"
    path.write_bytes(b"AAMVHFSS" + bytes(200))
    return path


def test_a_bruker_cube_is_given_whole_where_it_is_asked_for(hypermap):
    assert [s.kind for s in bcf.read(hypermap)] == ["image", "element_map"]
    cube = bcf.read(hypermap, bcf.Options(cube=True))[-1]
    assert cube.kind == "spectrum_image" and np.array_equal(cube["counts"].values, CUBE)
    assert cube.array("energy", "keV")[:2] == pytest.approx([0.1, 0.35])
    assert np.diff(cube.array("x", "nm"))[0] == pytest.approx(0.8) and cube.metadata["beam_kV"] == 200


def test_without_the_extra_a_sentence_says_what_to_install(hypermap, monkeypatch):
    monkeypatch.setitem(sys.modules, "rsciio.bruker", None)
    with pytest.raises(ReadError) as caught:
        bcf.read(hypermap, bcf.Options(cube=True))
    assert "pip install 'nacre[em]'" in str(caught.value) and "TIFF" in str(caught.value)
