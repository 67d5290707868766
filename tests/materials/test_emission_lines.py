"""Emission lines: their own element's, and strong neighbours."""

from itertools import combinations

from nacre.materials import emission_lines as lines


def test_a_line_is_known_in_the_rounding_of_every_maker():
    assert lines.known("Hf", 277.336)
    assert lines.known("Ni", 231.604)
    assert lines.known("Ni", 231.61)
    assert lines.known("Hf", 277.43) is False
    assert lines.known("Xx", 500.0) is None


def test_a_neighbour_is_found_from_either_side():
    table, _ = lines._table()
    for a, b in combinations(table, 2):
        for x in table[a]:
            near = {line for other, line in lines.beside(a, x, [b])}
            assert near == {y for y in table[b] if abs(x - y) <= lines.BESIDE}


def test_an_element_is_no_neighbour_of_itself():
    assert lines.beside("B", 249.773, ["B"], within=1.0) == []


def test_the_table_says_that_it_was_not_checked():
    assert lines.status() in ("verified", "unverified")
