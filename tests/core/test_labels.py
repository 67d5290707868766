"""Whose a label is: by whole words and a number, never by how it begins."""

import pytest

from nacre.core.errors import NacreError
from nacre.core.labels import find_owner, match_labels

NAMES = {"NCM85": ("NCM85", "bare NCM85"), "NCM85-LHO": ("NCM85-LHO", "LHO@NCM85"), "control": ("control",)}


@pytest.mark.parametrize(
    ("label", "owner"),
    [
        ("NCM85", "NCM85"), ("NCM85-1", "NCM85"), ("ncm85_02", "NCM85"), ("NCM85 b", "NCM85"),
        ("NCM85-LHO", "NCM85-LHO"),
        ("NCM85-LHO-1", "NCM85-LHO"), ("ncm85 lho 3", "NCM85-LHO"), ("Digest NCM85 2", "NCM85"),
        ("control-1", "control"),
        ("Probe control a", "control"), ("LHO@NCM85 #2", "NCM85-LHO"), ("NCM85-LHO (2)", "NCM85-LHO"),
        ("NCM85-LHO_10x", "NCM85-LHO"), ("NCM85 1:10", "NCM85"), ("bare NCM85 rep2", "NCM85"), ("control2", "control"),
        ("NCM85-ZrO2-1", None), ("NCM852-1", None), ("QC control std", None), ("controlled", None), ("", None),
        ("NCM85-LHO-aged", None), ("Std 1", None),
    ],
)  # fmt: skip
def test_owner_of_a_label(label, owner):
    assert find_owner(label, NAMES) == owner


def test_labels_of_a_sample_once_each_in_the_files_order():
    labels = ["NCM85-2", "NCM85-LHO-1", "NCM85-1", "NCM85-2"]
    assert match_labels(labels, "NCM85", NAMES) == ["NCM85-2", "NCM85-1"]


def test_the_users_glob_alone_decides():
    assert match_labels(["A1", "B1", "A2"], "NCM85", NAMES, ("A*",)) == ["A1", "A2"]


def test_two_samples_of_one_name_are_named():
    with pytest.raises(NacreError, match=r"label 'LHO-1' may be of several samples; found 'a' and 'b'"):
        find_owner("LHO-1", {"a": ("a", "LHO"), "b": ("b", "LHO")})
