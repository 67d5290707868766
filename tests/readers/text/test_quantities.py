"""Single numbers with units: the spellings of the foreign generator, and those of the cases that gave wrong answers."""

import math
from collections import Counter

import pytest

from nacre.core.errors import NacreError, ReadError
from nacre.readers.text.quantities import read_quantity
from truth.foreign.tables.quantities import draw_quantity, judge_quantity


def judge(seed):
    drawn = draw_quantity(seed)
    try:
        return judge_quantity(read_quantity(drawn.text, drawn.wanted), drawn)
    except NacreError as error:
        return judge_quantity(error, drawn)


def test_no_spelling_is_misread_or_guessed_or_refused_without_need():
    assert Counter(map(judge, range(2000))) == {"fine": 2000}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("0.15406 nm", "length", 1.5406e-10),
        ("4.1458e-11 m", "length", 4.1458e-11),
        ("1 234,5 mA", "current", 1.2345),
        ("1'234.5", "number", 1234.5),
        ("\u22123,5 °C", "temperature", 269.65),
        ("10x", "dilution", 10),
        ("1:10", "dilution", 10),
        ("1.02:03:04", "time", 93784),
        ("2.5 Å⁻¹", "scattering vector", 2.5e10),
        ("12,5 Grad", "angle", math.radians(12.5)),
        ("1486.6 eV", "energy", 1486.6 * 1.602176634e-19),
    ],
)
def test_quantities(text, kind, value):
    assert read_quantity(text, kind) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("52,345", "number", "'52,345', which is 52.345 or 52345"),
        ("12,345 nm", "length", "12.345 nm or 12345 nm"),
        ("12:30", "time", "45000 s .h:min. or 750 s .min:s."),
        ("1.5406", "length", "1.5406 nm or 1.5406 Å"),
        ("5 kg", "length", "h.txt: this is no length that can be read; found '5 kg'; expected like '0.15406 nm'"),
    ],
)
def test_what_is_open_or_nothing_is_refused_with_its_readings(text, kind, words):
    with pytest.raises(ReadError, match=words):
        read_quantity(text, kind, "h.txt")
