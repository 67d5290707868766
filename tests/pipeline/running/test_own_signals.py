"""A file of several samples gives each measurement the signals of its own sample, by their labels."""

import numpy as np
import pytest

from nacre.core.errors import NacreError
from nacre.core.signal import table
from nacre.pipeline.running.own_signals import select_own

NAMES = {"bare": ("bare",), "lho": ("lho", "LHO-NCM85")}


def labelled(*labels):
    columns = {"wavenumber": (np.arange(3.0), "1/cm")}
    return [table("infrared", columns, metadata={"sample": label} if label else {}) for label in labels]


def chosen(labels, sample="lho"):
    return [s.metadata.get("sample", "") for s in select_own(labelled(*labels), sample, NAMES, "a.vms")]


def test_the_signals_of_the_sample_are_taken_and_the_others_counted():
    found = select_own(labelled("bare 1", "LHO 1", "LHO 2"), "lho", NAMES, "a.vms")
    assert [s.metadata["sample"] for s in found] == ["LHO 1", "LHO 2"]
    assert "of 3 spectra 1 are of others" in found[0].notes[0].text


@pytest.mark.parametrize("labels", [["bare"], ["anything", "anything"], ["", ""], ["lho 1", "lho 2"]])
def test_nothing_is_left_out_where_one_label_or_one_sample_is_named(labels):
    assert chosen(labels) == labels and not select_own(labelled(*labels), "lho", NAMES, "a.vms")[0].notes


def test_labels_of_no_sample_are_places_on_one_and_that_is_said():
    found = select_own(labelled("centre", "edge"), "lho", NAMES, "a.vms")
    assert len(found) == 2 and "none a sample of the study" in found[0].notes[0].text


def test_signals_without_a_label_stay():
    assert chosen(["bare", "lho", ""]) == ["lho", ""]


def test_a_file_of_other_samples_is_refused_with_its_labels():
    with pytest.raises(NacreError, match=r"a.vms.*nothing in the file is of sample 'lho'.*'bare 1', 'bare 2'"):
        select_own(labelled("bare 1", "bare 2"), "lho", NAMES, "a.vms")
