import pickle

from nacre.core.errors import NacreError, ReadError, did_you_mean


def test_an_error_says_where_what_found_expected_and_cure():
    error = NacreError("no mass", where="study.toml:4", found="nothing", expected='"8 mg"', do="add it")
    assert str(error) == 'study.toml:4: no mass; found nothing; expected "8 mg". Add it.'
    assert str(NacreError("no mass", do="did you mean 'x'?")) == "no mass. Did you mean 'x'?"
    assert str(error.at("cell 'c1'")).startswith("cell 'c1': study.toml:4: ")


def test_an_error_crosses_process_borders():
    error = pickle.loads(pickle.dumps(ReadError("cut", where="a.txt", found="3 columns", do="export again")))
    assert type(error) is ReadError and str(error) == "a.txt: cut; found 3 columns. Export again."


def test_did_you_mean():
    assert did_you_mean("Cycling", ["cycling", "xps"]) == "did you mean 'cycling'?"
    assert did_you_mean("XPS", ["cycling", "xps"]) == "did you mean 'xps'?"
    assert did_you_mean("q", ["cycling", "xps"]) == "known: cycling, xps"
    assert did_you_mean("q", []) == ""
