"""What the tests of whole studies share."""

import pytest

import nacre
from studies import reference


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """(folder, outcome) of the reference study with every kind of file and its cheaper analyses."""
    folder = reference.part(tmp_path_factory.mktemp("whole") / "study", reference.EVERY_KIND, reference.WEIGHED)
    return folder, nacre.run(folder)
