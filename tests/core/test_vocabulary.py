import pytest

from nacre.core import vocabulary
from nacre.core.errors import NacreError


@pytest.fixture
def clean(monkeypatch):
    monkeypatch.setattr(vocabulary, "_EXTRA", {"quantity": {}, "state": {}, "input": {}})


def test_every_word_says_what_it_is():
    own = vocabulary._tables()  # plugins of other tests may have added words
    for rows in own.values():
        for name, word in rows.items():
            assert word.words and word.unit, name
    assert all(word.meaning and word.symbol for word in own["quantity"].values())
    assert all(word.where in ("study", "sample", "cell") for word in own["input"].values())


def test_a_technique_adds_words(clean):
    vocabulary.extend("quantity", {"pore_size": {"unit": "nm", "words": "pore size"}})
    assert vocabulary.word("quantity", "pore_size").unit == "nm"
    vocabulary.check_name("pore_size", "um")
    vocabulary.extend("quantity", {"pore_size": {"unit": "um", "words": "pore size"}})
    assert vocabulary.word("quantity", "pore_size").unit == "nm", "the first stays"


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
def test_words_that_clash_are_refused(clean, kind, rows, words):
    with pytest.raises(NacreError, match=words):
        vocabulary.extend(kind, rows)
