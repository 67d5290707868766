"""Compile the few entry points with a cache on disk that notices a change in any file of this package.

numba's cache looks only at the file of the compiled function itself, not at the files of the functions that it calls;
a value in its closure is part of the key, so the entry points get a checksum of all sources there.
"""

import zlib
from pathlib import Path
from types import CellType, FunctionType

from numba import njit

from nacre.physics.p2d.simd import OPTIONS


def _checksum() -> int:
    value = 0
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        value = zlib.crc32(path.read_bytes(), value)
    return value


CHECKSUM = _checksum()


def entry(function: FunctionType):
    """njit with the cache, the checksum of the package's sources as a part of its key."""
    code = function.__code__.replace(co_freevars=("checksum",))
    stamped = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, (CellType(CHECKSUM),))
    stamped.__module__, stamped.__qualname__, stamped.__doc__ = (
        function.__module__,
        function.__qualname__,
        function.__doc__,
    )
    return njit(cache=True, **OPTIONS)(stamped)
