"""One thread for small linear algebra: many threads make a fit of a few dozen parameters several times slower."""

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def limit_threads() -> AbstractContextManager:
    """Linear algebra in one thread while inside; as before afterwards."""
    return threadpool_limits(1, user_api="blas")
