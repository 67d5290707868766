"""Linear algebra in one thread for the time of a refinement, as before afterwards."""

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from nacre.techniques.diffraction.single_thread import limit_threads


def threads() -> set[int]:
    """How many threads each algebra library of this process has; one built without threads has no choice."""
    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return {library["num_threads"] for library in libraries if library.get("threading_layer") != "disabled"}


@pytest.fixture
def two_threads():
    import scipy.linalg  # noqa: F401  # brings an OpenBLAS of its own beside numpy's

    with threadpool_limits(2, user_api="blas"):
        assert threads() == {2}
        yield


@pytest.mark.usefixtures("two_threads")
def test_one_thread_inside_and_as_before_afterwards():
    with limit_threads():
        assert threads() == {1}
    assert threads() == {2}


@pytest.mark.usefixtures("two_threads")
def test_as_before_after_a_failure_too():
    with pytest.raises(ValueError, match="inside"), limit_threads():
        raise ValueError("inside")
    assert threads() == {2}
