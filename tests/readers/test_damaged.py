"""What a damaged file is told to be; zeros at its end are seen, and sound files are left alone."""

import struct
import zipfile

import numpy as np
import pytest

from nacre.core.errors import ReadError
from nacre.readers.damaged import count_zero_tail, describe_damage, explain_damage, note_zero_tail


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError("Unable to open file (truncated file: eof = 98, sblock->base_addr = 0, stored_eof = 1010)"),
            "98 bytes",
        ),
        (OSError("Can't read data (filter returned failure during read)"), "cannot be unpacked"),
        (KeyError("Metadata"), "no entry 'Metadata'"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), "no text"),
        (zipfile.BadZipFile("File is not a zip file"), "archive"),
        (EOFError(), "the end of the file"),
        (struct.error("unpack requires a buffer of 8 bytes"), "contradict"),
    ],
)
def test_causes_in_words_without_those_of_the_library(error, words):
    found = describe_damage(error)
    assert words in found and type(error).__name__ not in found


def test_own_errors_and_interruptions_pass(tmp_path):
    with pytest.raises(ReadError, match="mine"), explain_damage(tmp_path / "a.h5", "HDF5 file", "copy it"):
        raise ReadError("mine")
    with pytest.raises(KeyboardInterrupt), explain_damage(tmp_path / "a.h5", "HDF5 file", "copy it"):
        raise KeyboardInterrupt
    told = r"a\.h5: the HDF5 file is damaged or cut; found no entry 'x'\. Copy it"
    with pytest.raises(ReadError, match=told), explain_damage(tmp_path / "a.h5", "HDF5 file", "copy it"):
        raise KeyError("x")


@pytest.mark.parametrize(("zeros", "told"), [(0, False), (200, False), (900, False), (3000, True), (9000, True)])
def test_a_file_that_ends_in_many_zeros_is_told(tmp_path, zeros, told):
    """Padding and black bars fill up to a tenth of sound files; a fifth of the file is told."""
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(1, 251)) * 40 + bytes(zeros))
    assert bool(note_zero_tail(path, path.stat().st_size)) == told


def test_zeros_at_the_end_of_counts_and_its_false_alarms():
    """400 records of weak counts (mean 0.2 to 5) with nothing missing: a tail is never found; of strong ones always."""
    rng = np.random.default_rng(3)
    weak = [rng.poisson(rng.uniform(0.2, 5), 400) for _ in range(400)]
    assert sum(count_zero_tail(counts) > 0 for counts in weak) == 0
    for cut in (8, 50, 300):
        strong = rng.poisson(30, 400)
        strong[-cut:] = 0
        assert count_zero_tail(strong) == cut
    assert count_zero_tail(np.zeros(50)) == 0
