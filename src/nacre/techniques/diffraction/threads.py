"""One thread for small linear algebra: many threads make a fit of a few dozen parameters several times slower."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

_SYMBOLS = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads")


@lru_cache(maxsize=1)
def _libraries() -> tuple:
    """(get, set) of every OpenBLAS that numpy and scipy brought; none where they use another library."""
    import numpy
    import scipy

    found = []
    for package in (numpy, scipy):
        home = Path(package.__file__).parent
        for folder in (home.parent / f"{package.__name__}.libs", home / ".dylibs"):
            for path in sorted(folder.glob("*openblas*")):
                library = ctypes.CDLL(str(path))
                for symbol in _SYMBOLS:
                    if hasattr(library, symbol.format("set")):
                        found.append((getattr(library, symbol.format("get")), getattr(library, symbol.format("set"))))
                        break
    return tuple(found)


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra in one thread while inside; as before afterwards."""
    try:
        libraries = _libraries()
    except OSError:  # a library that cannot be opened a second time: its own setting stays
        libraries = ()
    before = [get() for get, _ in libraries]
    for _, put in libraries:
        put(1)
    try:
        yield
    finally:
        for (_, put), n in zip(libraries, before, strict=True):
            put(n)
