import pytest

from nacre.core import vocabulary
from nacre.core.errors import NacreError


def test_every_word_says_what_it_is():
    own = vocabulary.packaged().tables
    for rows in own.values():
        for name, word in rows.items():
            assert word.words and word.unit, name
    assert all(word.meaning and word.symbol for word in own["quantity"].values())
    assert all(word.where in ("study", "sample", "cell") for word in own["input"].values())


def test_a_vocabulary_that_is_extended_leaves_the_first_alone():
    first = vocabulary.packaged()
    more = first.extended("quantity", {"pore_size": {"unit": "nm", "words": "pore size"}})
    assert more.word("quantity", "pore_size").unit == "nm" and "pore_size" not in first.words("quantity")
    again = more.extended("quantity", {"pore_size": {"unit": "um", "words": "pore size"}})
    assert again.word("quantity", "pore_size").unit == "nm", "the first stays"


def test_words_are_those_of_the_vocabulary_in_use():
    more = vocabulary.packaged().extended("quantity", {"pore_size": {"unit": "nm", "words": "pore size"}})
    other = vocabulary.packaged().extended("quantity", {"pore_size": {"unit": "mg", "words": "mass of pores"}})
    with vocabulary.using(more):
        vocabulary.check_name("pore_size", "um")
        with vocabulary.using(other):
            assert vocabulary.word("quantity", "pore_size").words == "mass of pores"
            with vocabulary.using(None):
                assert vocabulary.word("quantity", "pore_size").unit == "mg"
        assert vocabulary.word("quantity", "pore_size").unit == "nm"
    with pytest.raises(NacreError, match="unknown quantity name 'pore_size'"):
        vocabulary.word("quantity", "pore_size")


def test_without_a_study_the_words_of_the_packages_techniques_are_known():
    assert vocabulary.word(
        "quantity", "titrant_consumed" if "titrant_consumed" in vocabulary.words("quantity") else "ni_li"
    )
    assert vocabulary.word("technique", "cycling").words


@pytest.mark.parametrize(
    ("kind", "rows", "words"),
    [
        ("quantity", {"lattice_a": {"unit": "mg", "words": "a"}}, "'lattice_a' is already a word, in Ang; found mg"),
        ("quantity", {"x": {"unit": "mgg", "words": "a"}}, "unknown unit 'mgg'"),
        ("quantity", {"x": {"units": "mg"}}, "'x' is not a word; found units; expected unit, words"),
        (
            "quantities",
            {"x": {"unit": "mg", "words": "a"}},
            "unknown kind of word 'quantities'. Did you mean 'quantity'",
        ),
    ],
)
def test_words_that_clash_are_refused(kind, rows, words):
    with pytest.raises(NacreError, match=words):
        vocabulary.packaged().extended(kind, rows)
