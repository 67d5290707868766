import pytest

from readers_truth import cell_test


@pytest.fixture(scope="session")
def truth():
    """A cell test whose charge and energy are known in closed form."""
    return cell_test()
