"""Of several signals in a file, the one that is meant."""

import numpy as np
import pytest

from nacre.core.errors import NacreError
from nacre.core.signal import Signal, Variable
from nacre.techniques.microscopy import micrographs


def make_map(name, detector=""):
    counts = Variable(np.zeros((4, 5, 6)), "1", ("y", "x", "energy"))
    return Signal("spectrum_image", {"counts": counts}, {"detector": detector}, name=name)


MAPS = [make_map("site 1 EDS", "SuperX"), make_map("site 2 EDS", "SuperX"), make_map("site 2 EELS", "GIF")]


def test_the_only_map_needs_no_name_and_of_several_a_word_names_one():
    assert micrographs.pick_signal({"signal": MAPS[0]}, "signal", "", "a") is MAPS[0]
    assert micrographs.pick_signal({"signal": MAPS[:1]}, "signal", "", "a") is MAPS[0]
    assert micrographs.pick_signal({"signal": MAPS}, "signal", "gif", "a") is MAPS[2]
    assert micrographs.pick_signal({"signal": MAPS}, "signal", "Site 1", "a") is MAPS[0]


@pytest.mark.parametrize(("word", "meant"), [("", 3), ("site 2", 2), ("SuperX", 2), ("site 9", 0)])
def test_what_means_several_or_none_is_refused_with_their_names(word, meant):
    with pytest.raises(
        NacreError, match=rf"holds 3 signals, {meant} of which are meant.*'site 1 EDS SuperX' \(4 x 5 x 6\)"
    ):
        micrographs.pick_signal({"signal": MAPS}, "signal", word, "a")
