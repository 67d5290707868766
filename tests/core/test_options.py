import math
from dataclasses import dataclass

import pytest

from nacre.core.errors import NacreError
from nacre.core.options import as_dict, option, resolve, table


@dataclass(frozen=True)
class Options:
    window: float = option(5.0, "width of the smoothing window", unit="mV", lo=0.1, hi=50)
    rounds: int = option(3, "how often", lo=1, hi=10)
    robust: bool = option(False, "leave outliers out")
    model: str = option("shirley", "the background", choices=("shirley", "tougaard", "linear"))
    limit: float | None = option(None, "upper end", unit="V", hi=5)
    at: tuple[int, ...] = option((), "cycles", lo=1)
    span: tuple[float, float] = option((3.0, 4.2), "voltage window", unit="V")
    which: tuple[str, ...] = option(("a",), "parts", choices=("a", "b", "c"))


def one(name, raw):
    return getattr(resolve(Options, ("study.toml", {name: raw}))[0], name)


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("window", "5 mV", 5.0),
        ("window", "0.01 V", 10.0),
        ("window", "7.5", 7.5),
        ("window", 2, 2.0),
        ("rounds", "4", 4),
        ("rounds", 4.0, 4),
        ("robust", True, True),
        ("robust", "True", True),
        ("robust", "no", False),
        ("model", "linear", "linear"),
        ("limit", "none", None),
        ("limit", "4300 mV", 4.3),
        ("at", "1, 50,200", (1, 50, 200)),
        ("at", 7, (7,)),
        ("at", [], ()),
        ("at", "", ()),
        ("span", "2.5 V, 4200 mV", (2.5, 4.2)),
        ("which", "a,c", ("a", "c")),
    ],
)
def test_values_are_understood(name, raw, value):
    found = one(name, raw)
    assert found == pytest.approx(value) if isinstance(value, float) else found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("window", 100, "option 'window': out of bounds; found 100; expected 0.1 to 50 mV"),
        ("window", "1 V", "out of bounds; found 1 V"),
        ("window", "5 mA", "'mA' cannot become 'mV'"),
        ("window", "wide", "cannot read this as a quantity"),
        ("window", math.nan, "wrong kind of value"),
        ("window", "nan", "wrong kind of value"),
        ("window", True, "wrong kind of value; found 'True'; expected float in mV"),
        ("window", [5], "wrong kind of value"),
        ("rounds", 2.5, "wrong kind of value; found '2.5'; expected int"),
        ("rounds", math.inf, "wrong kind of value"),
        ("rounds", "many", "wrong kind of value"),
        ("rounds", 0, "out of bounds"),
        ("robust", "perhaps", "wrong kind of value; found 'perhaps'; expected bool"),
        ("robust", [], "wrong kind of value"),
        ("model", "shirly", "expected shirley, tougaard, linear. Did you mean 'shirley'"),
        ("model", ["linear"], "wrong kind of value"),
        ("limit", 6, "out of bounds"),
        ("at", [1, 0], "out of bounds"),
        ("at", "1,x", "wrong kind of value"),
        ("span", 3.0, "wrong number of values; found 1; expected 2"),
        ("which", "a,d", "not one of the choices"),
        ("windw", 1, "unknown option 'windw'. Did you mean 'window'"),
    ],
)
def test_what_is_wrong_is_said(name, raw, words):
    with pytest.raises(NacreError) as caught:
        one(name, raw)
    assert words in str(caught.value)
    assert str(caught.value).startswith("study.toml")


def test_later_layers_win_and_each_value_knows_its_source():
    layers = (("study.toml [options]", {"rounds": 4, "robust": True}), ("--set", {"rounds": "5"}))
    found, sources = resolve(Options, *layers, where="xps:lho")
    assert (found.rounds, found.robust, found.model) == (5, True, "shirley")
    assert (sources["rounds"], sources["robust"], sources["model"]) == ("--set", "study.toml [options]", "default")
    assert as_dict(found)["span"] == (3.0, 4.2)


def test_a_table_of_options_for_people():
    rows = {row["name"]: row for row in table(Options)}
    assert rows["window"]["unit"] == "mV" and rows["window"]["help"].startswith("width")
    assert rows["model"]["choices"] == ("shirley", "tougaard", "linear")
