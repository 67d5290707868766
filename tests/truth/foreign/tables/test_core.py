"""Readers on tables of all habits at once: no wrong number, no line lost unsaid, clean tables without a warning."""

import pytest

from truth.foreign.tables.reading import BAD, tally

N = 70


@pytest.mark.parametrize("kind", ["maccor", "impedance", "generic"])
def test_no_wrong_number_and_no_lost_line(kind, tmp_path):
    counts, examples = tally(kind, range(N), tmp_path)
    assert not {outcome: examples[outcome] for outcome in BAD if counts[outcome]}
    assert counts["refused"] < 0.15 * N, examples["refused"]


@pytest.mark.parametrize("kind", ["maccor", "impedance", "generic"])
def test_clean_tables_are_read_without_a_warning(kind, tmp_path):
    counts, examples = tally(kind, range(N), tmp_path, clean=True)
    assert counts["fine"] == N, examples
