"""The mark by which files of virtual instruments are known, so that synthetic is never taken for measured."""

from nacre.core.contracts import HEAD_BYTES, VIRTUAL_MARK


def origin_of(data: bytes) -> str:
    """ "synthetic" where the mark of a virtual instrument stands near the start of a (UTF-8) file, else "measured"."""
    return "synthetic" if VIRTUAL_MARK.encode() in data[:HEAD_BYTES] else "measured"
