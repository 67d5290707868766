import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.core.errors import NacreError
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Provenance, Result, Subject
from nacre.pipeline.running.store import Store, dumps, loads

text = st.text(max_size=12)
number = st.floats(allow_nan=True, allow_infinity=True)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | number | text,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
arrays = st.one_of(
    st.lists(number, max_size=5).map(np.array),
    st.lists(st.integers(-9, 9), min_size=6, max_size=6).map(lambda v: np.array(v).reshape(2, 3)),
    st.lists(st.booleans(), max_size=4).map(np.array),
    st.lists(text, min_size=1, max_size=4).map(lambda v: np.array([w.rstrip("\0") for w in v])),
    st.lists(st.none() | text | number, max_size=4).map(lambda v: np.array(v, dtype=object)),
    st.just(np.array([1 + 2j, 3j])),
    st.just(np.array(3.5)),
    st.just(np.zeros((0, 3))),
)
quantities = st.builds(
    Quantity,
    number,
    st.sampled_from(["mAh/g", "Ah/kg"]),
    st.none() | st.floats(0, 1e9),
    n=st.none() | st.integers(1, 9),
    parts=st.dictionaries(text, st.floats(-1, 1), max_size=2),
)
series = st.builds(Series, st.just("line"), arrays, arrays, label=text, z=st.none() | arrays, words=st.tuples(text))
panels = st.builds(
    Panel, st.builds(Axis, text), st.builds(Axis, text, limits=st.just((0.0, math.inf))), st.tuples(series)
)
figures = st.builds(Figure, text, text, st.tuples(panels | panels.map(lambda p: Panel(p.x, p.y, inset=p))))
results = st.builds(
    Result,
    text,
    text,
    st.builds(Subject, text, text),
    st.builds(Entry, st.just("discharge_capacity"), quantities, st.fixed_dictionaries({"cycle": st.integers()})).map(
        lambda e: (e,)
    ),
    st.builds(Curve, text, st.dictionaries(text, st.tuples(arrays, text), max_size=2)).map(lambda c: (c,)),
    figures.map(lambda f: (f,)),
    st.just((Check("warn", "text\n\N{GREEK SMALL LETTER MU}"),)),
    provenance=st.builds(Provenance, options=st.dictionaries(text, plain, max_size=3)),
)


def same(a, b) -> bool:
    """Equal, types and shapes included, NaN equal to NaN."""
    if isinstance(a, np.ndarray):
        if not isinstance(b, np.ndarray) or a.dtype != b.dtype or a.shape != b.shape:
            return False
        return all(same(x, y) for x, y in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if hasattr(a, "__dataclass_fields__"):
        return all(same(getattr(a, f), getattr(b, f)) for f in a.__dataclass_fields__)
    return a == b


@settings(deadline=None, max_examples=60)
@given(st.lists(results, max_size=2))
def test_results_come_back_as_they_were(items):
    assert same(loads(dumps(items)), items)


@settings(deadline=None)
@given(plain)
def test_any_tree_of_plain_values_comes_back(item):
    assert same(loads(dumps(item)), item)


def test_objects_of_any_shape_come_back():
    item = np.empty((2, 1), dtype=object)
    item[:, 0] = [(1, 2), "x"]
    assert same(loads(dumps(item)), item)
    assert same(loads(dumps({"n": np.float64(2.5), "i": np.int64(3)})), {"n": 2.5, "i": 3})


@pytest.mark.parametrize("item", [{1, 2}, 1j, b"x", object(), np.datetime64("2024-05-06")])
def test_what_cannot_come_back_is_refused_when_it_is_kept(item):
    with pytest.raises(NacreError, match=r"a result cannot hold a"):
        dumps([item])


def test_a_stranger_among_the_classes_is_refused_when_it_is_kept():
    from dataclasses import make_dataclass

    with pytest.raises(NacreError, match=r"a result cannot hold a Stranger"):
        dumps(make_dataclass("Stranger", ["x"])(1))


def test_a_damaged_file_is_as_good_as_none(tmp_path):
    store = Store(tmp_path)
    whole = dumps([Result("x", "y", entries=(Entry("species_ratio", Quantity(1.0, "1", 0.1)),))])
    rng = random.Random(5)
    damaged = [b"", b"junk", b"\x93NUMPY\x01\x00", b"PK\x05\x06" + b"\0" * 18]
    damaged += [whole[: rng.randrange(len(whole))] for _ in range(40)]
    for _ in range(150):
        at = rng.randrange(len(whole))
        damaged.append(whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :])
    for data in damaged:
        (tmp_path / "k.npz").write_bytes(data)
        found = store.get("k")
        assert found is None or same(found, loads(whole)), "half of a result is worse than none"
    assert store.get("nothing") is None


def test_sweeping_removes_what_nobody_asks_for_and_what_a_kill_left(tmp_path):
    store = Store(tmp_path)
    for key in ("a", "b"):
        store.put(key, [])
    store.remember("cycling:c1:rate", {"files": "x"})
    (tmp_path / ".tmp-1").write_bytes(b"half")
    (tmp_path / "why" / ".tmp-2").write_bytes(b"half")
    store.sweep({"a"})
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["a.npz", "cycling_c1_rate.json"]
    assert store.last("cycling:c1:rate") == {"files": "x"} and store.last("other") == {}
