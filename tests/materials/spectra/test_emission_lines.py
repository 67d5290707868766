"""Emission lines: their own element's, and neighbours."""

import tomllib
from importlib.resources import files
from itertools import combinations

import pytest

from nacre.materials.spectra import emission_lines as lines

RAW = tomllib.loads(files("nacre.materials.spectra").joinpath("emission_lines.toml").read_text(encoding="utf-8"))
# angstrom in vacuum, NIST Atomic Spectra Database: Hf II, Zr II, Nb II, Ta II, Ni II, W II; B I, P I, Al I, Li I
VACUUM = {
    "Hf": [2642.20, 2774.18, 2821.05, 2739.57, 3400.78, 3439.23, 2572.44, 3496.75, 2401.51, 2497.74],
    "Zr": [3439.22, 3392.95, 2572.16, 3497.21, 3400.33, 2949.80],
    "Nb": [3095.08, 3164.32, 3131.70, 2697.86, 2572.10],
    "Ta": [2263.00, 2401.36, 2636.37, 2685.97, 2287.30, 2379.04, 2389.84, 2364.04, 2364.96, 2572.28, 2594.44],
    "Ni": [2316.75, 2217.17, 2166.23],
    "W": [2079.78056],
    "B": [2498.4755, 2497.5216, 2090.2346],
    "P": [2136.856, 2149.821],
    "Al": [3962.6409, 3083.0481, 3093.6077],
    "Li": [3233.59],
}


def air(vacuum: float) -> float:
    """nm in air of 15 degC from angstrom in vacuum: Peck and Reeder 1972."""
    s = (1e4 / vacuum) ** 2
    return vacuum / 10 / (1 + 8060.51e-8 + 2480990e-8 / (132.274 - s) + 17455.7e-8 / (39.32957 - s))


@pytest.mark.parametrize("element", VACUUM)
def test_the_lines_that_were_read_are_those_of_the_database(element):
    rows = [*RAW["line"][element], *RAW["also"].get(element, ())]
    for vacuum in VACUUM[element]:
        assert min(abs(air(vacuum) - row) for row in rows) < 0.0011, vacuum
    in_air = [row for row in rows if row > 200]
    assert len(in_air) == len(VACUUM[element]) or element == "Li"  # of lithium the others are unresolved pairs


def test_a_line_is_known_in_the_rounding_of_every_maker():
    assert lines.list_known("Hf", 277.336)
    assert lines.list_known("Ni", 231.604)
    assert lines.list_known("Ni", 231.61)
    assert lines.list_known("Hf", 277.43) is False
    assert lines.list_known("Xx", 500.0) is None


def test_a_neighbour_is_found_from_either_side():
    table = lines.load_lines()
    for a, b in combinations(table, 2):
        for x in table[a]:
            near = {line for other, line in lines.list_neighbours(a, x, [b])}
            assert near == {y for y in table[b] if abs(x - y) <= lines.BESIDE}


def test_each_weaker_line_is_there_for_a_neighbour():
    for element, rows in RAW["also"].items():
        others = [other for other in lines.load_lines() if other != element]
        for at in rows:
            assert lines.list_neighbours(element, at, others, weaker=False), (element, at)
    assert lines.load_lines(weaker=False)["Zr"] == (343.823, 339.198, 257.139, 349.621)


def test_hafnium_hides_zirconium_s_strongest_line():
    assert lines.list_neighbours("Zr", 343.823, ["Hf", "Ni"]) == [("Hf", 343.824)]
    assert lines.list_neighbours("Mn", 259.373, ["Ta"]) == [("Ta", 259.367)]
    assert lines.list_neighbours("Hf", 277.336, ["Zr", "Ni", "Co", "Mn", "Nb", "Ta"]) == []


def test_an_element_is_no_neighbour_of_itself():
    assert lines.list_neighbours("B", 249.773, ["B"], within=1.0) == []


def test_the_table_says_what_was_not_read_at_its_source():
    assert lines.list_unread(["Hf", "Zr", "Nb", "Xx"]) == []
    assert lines.list_unread(["Ni", "Co", "Hf", "Mn"]) == ["Co", "Mn", "Ni"]
