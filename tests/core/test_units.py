import tomllib
from importlib.resources import files

import numpy as np
import pytest

from nacre.core import units
from nacre.core.errors import NacreError

VOCABULARY = tomllib.loads(files("nacre.core").joinpath("vocabulary.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", VOCABULARY)
def test_every_unit_of_the_vocabulary_is_one(kind):
    for name, row in VOCABULARY[kind].items():
        assert units.check_unit(row["unit"]) == row["unit"], name
        assert units.same_kind(row["unit"], row["unit"])


@pytest.mark.parametrize(
    ("source", "target", "slope", "offset"),
    [
        ("mAh", "C", 3.6, 0),
        ("mAh/g", "Ah/kg", 1, 0),
        ("Ang3", "nm3", 1e-3, 0),
        ("Å", "Ang", 1, 0),
        ("µm", "um", 1, 0),
        ("degC", "K", 1, 273.15),
        ("degC/min", "K/h", 60, 0),
        ("ohm cm2", "Ω·cm²", 1, 0),
        ("%", "1", 0.01, 0),
        ("%/cycle", "%", 1, 0),
        ("mg cm-2", "mg/cm2", 1, 0),
        ("S cm^-1", "mS/cm", 1000, 0),
        ("cps", "counts/s", 1, 0),
        ("1/s", "Hz", 1, 0),
        ("deg", "mrad", np.pi / 180 * 1000, 0),
    ],
)
def test_conversions(source, target, slope, offset):
    assert units.linear(source, target) == pytest.approx((slope, offset))
    values = np.array([0.0, 1.0, 2.5])
    assert units.convert(values, source, target) == pytest.approx(values * slope + offset)


@pytest.mark.parametrize(("source", "target"), [("mAh", "mAh/g"), ("C-rate", "1/h"), ("counts", "1"), ("px", "nm")])
def test_different_kinds_do_not_mix(source, target):
    assert not units.same_kind(source, target)
    with pytest.raises(NacreError, match=f"'{source}' cannot become '{target}'"):
        units.linear(source, target)


@pytest.mark.parametrize("text", ["mgg", "2", "1 mg", "mAh//g", "(mg", "mg)", "mg**", "äö", "mg + g", "__import__"])
def test_what_is_no_unit_is_refused_in_words(text):
    with pytest.raises(NacreError, match=r"unknown unit"):
        units.check_unit(text)


@pytest.mark.parametrize("unit", ["m*9**9**9**9", "m**9**9", "m9^9^9"])
def test_a_number_raised_to_a_power_is_no_unit_and_refused_at_once(unit):
    with pytest.raises(NacreError, match="unknown unit"):
        units.check_unit(unit)
