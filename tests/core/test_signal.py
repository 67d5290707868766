import copy
import dataclasses
import pickle

import numpy as np
import pytest

from nacre.core.errors import NacreError
from nacre.core.signal import Note, Signal, Source, Variable, table


def image():
    return Signal(
        "image",
        {
            "intensity": Variable(np.arange(6.0).reshape(2, 3), "counts", ("y", "x")),
            "x": Variable(np.arange(3) * 0.1, "um", ("x",)),
        },
        metadata={"detector": "BSE"},
        source=Source("raw/a.tif", "0" * 64, "tiff"),
    )


def test_a_table_an_image_and_their_axes():
    assert image().sizes == {"y": 2, "x": 3}
    rows = table("cycling", {"Test Time / s": (np.arange(4), "s"), "Voltage / V": ([3.0, 3.1, 3.2, 3.3], "V")})
    assert rows.sizes == {"record": 4}
    assert "Voltage / V" in rows and "x" not in rows


def test_arrays_in_other_units():
    rows = table("cycling", {"u": (np.array([3, 4]), "V"), "t": (np.array([0.0, 45.0]), "degC")})
    assert rows.array("u", "mV") == pytest.approx([3000, 4000])
    assert rows.array("t", "K") == pytest.approx([273.15, 318.15])
    assert rows.array("u", "V") is rows["u"].values
    spread = Variable(np.array([1.0]), "V", ("n",), std=np.array([0.1])).to("mV")
    assert spread.std == pytest.approx([100.0])
    with pytest.raises(NacreError, match=r"'V' cannot become 's'"):
        rows.array("u", "s")


def test_axes_that_do_not_fit():
    with pytest.raises(NacreError, match=r"axes do not fit; found 1 axes; expected \('y', 'x'\)"):
        Variable(np.zeros(3), "1", ("y", "x"))
    with pytest.raises(NacreError, match=r"variable 'b' does not fit its axis 'record'; found 3; expected 2"):
        table("t", {"a": ([1, 2], "1"), "b": ([1, 2, 3], "1")})
    with pytest.raises(NacreError, match=r"std has another shape than its values; found \(2,\)"):
        Variable(np.zeros(3), "1", ("x",), std=np.zeros(2))
    with pytest.raises(NacreError, match=r"unknown unit 'Volt-ish'"):
        Variable(np.zeros(3), "Volt-ish", ("x",))


def test_a_missing_variable_gets_a_suggestion():
    with pytest.raises(NacreError, match=r"a.tif: no variable 'intensty'. Did you mean 'intensity'\?"):
        image().array("intensty", "counts")


@pytest.mark.parametrize("through", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_a_signal_travels_between_processes(through):
    signal = image().with_notes(Note("repair", "clock set back"))
    back = through(signal)
    assert back.kind == "image" and back.metadata == {"detector": "BSE"} and back.source == signal.source
    assert back.notes == (Note("repair", "clock set back"),)
    assert np.array_equal(back.array("intensity", "counts"), signal.array("intensity", "counts"))


@pytest.mark.parametrize("through", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_arrays_are_read_only_and_stay_so_on_the_way(through):
    columns = {"number": (np.arange(3.0), "V"), "text": (np.array(["a", None, "c"], dtype=object), "1")}
    signal = table("t", columns, metadata={"dark": np.zeros(3), "parts": ({"dark": np.zeros(3)},)})
    for one in (signal, through(signal), dataclasses.replace(through(signal), name="b")):
        arrays = (one["number"].values, one["text"].values, one.metadata["dark"], one.metadata["parts"][0]["dark"])
        for array in arrays:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = array[1]
    alone = through(Variable(np.arange(3.0), "V", ("x",), std=np.ones(3)))
    assert not alone.values.flags.writeable and not alone.std.flags.writeable


def test_the_arrays_a_signal_was_made_of_stay_their_maker_s():
    own = np.arange(3.0)
    signal = table("t", {"number": (own, "V")}, metadata={"own": own})
    own[0] = 5.0
    assert own.flags.writeable and not signal["number"].values.flags.writeable


def test_a_signal_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        image().variables["x"] = None
    with pytest.raises(TypeError):
        image().metadata["detector"] = "SE"
