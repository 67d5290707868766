"""How large an error nobody estimated may be: the margin is where the rule itself turns."""

import math

import pytest

from nacre.core.quantity import Quantity
from nacre.evidence.judge import judge
from nacre.evidence.margins import Margin, is_beyond_doubt, margin
from nacre.evidence.relation import read_relation
from nacre.evidence.terms import Term, Value


@pytest.mark.parametrize(("apart", "std", "slack"), [(30.0, 2.0, 0.0), (-30.0, 0.0, 4.0), (12.0, 5.0, 1.0)])
def test_at_the_margin_the_known_rule_turns(apart, std, slack):
    found = margin("equal", apart, std, slack, reach=200.0)
    assert found.verdict == "broken"

    def is_broken(error):  # the ledger's rule with the error known
        return abs(apart) > slack + 2 * math.hypot(std, 200 * error)

    assert is_broken(0.999 * found.error) and not is_broken(1.001 * found.error)


def test_agreement_has_no_margin():
    assert margin("equal", 3.0, 2.0, 0.0, reach=200.0) is None
    assert margin("equal", 0.0, 0.0, 0.0, reach=200.0) is None


def test_a_bound_is_kept_or_broken_within_a_margin():
    assert margin("at most", -50.0, 0.0, 0.0, reach=100.0) == Margin("holds", 0.25)
    assert margin("at most", 50.0, 0.0, 0.0, reach=100.0) == Margin("broken", 0.25)
    assert margin("at least", 50.0, 0.0, 0.0, reach=100.0) == Margin("holds", 0.25)
    assert margin("at most", -3.0, 2.0, 0.0, reach=100.0) is None, "not firmly below"
    assert margin("at most", -3.0, 0.0, 0.0, reach=0.0).error == math.inf


def test_only_quantities_of_the_table_are_beyond_doubt():
    assert is_beyond_doubt(Margin("broken", 0.48), ["discharge_capacity"])
    assert not is_beyond_doubt(Margin("broken", 0.1), ["discharge_capacity"])
    assert not is_beyond_doubt(Margin("broken", 5.0), ["discharge_capacity", "h1_m_shift"]), "a difference near zero"


def row(stated, rule="equal", std=None, **value):
    operands = {name: {"quantity": "discharge_capacity", "unit": "mAh/g"} for name in ("a", "b")}
    relation = read_relation(
        {"id": "r", "words": "w", "each": "sample", "operands": operands, "computed": "a", "stated": "b",
         "unit": "mAh/g", "rule": rule}
    )  # fmt: skip
    left = Value(
        Quantity(180.0, "mAh/g", std, **value), ("a",), "discharge capacity", None, True, name="discharge_capacity"
    )
    right = Value(Quantity(stated, "mAh/g", 2.0), ("b",), "the stated", None, True, name="discharge_capacity")
    terms = (Term(lambda v: v["a"], {"a": left}), Term(lambda v: v["b"], {"b": right}))
    return judge(relation, *terms)


def test_a_number_without_an_uncertainty_is_judged_where_none_could_matter():
    found = row(90.0)
    assert found.verdict == "broken" and found.sigma is None
    assert found.rule == "broken: not equal, for any standard uncertainty of discharge capacity below 25 %"
    near = row(170.0)
    assert near.verdict == "cannot_tell"
    assert near.needs.startswith("an uncertainty of discharge capacity (broken for any standard uncertainty of")
    assert row(181.0).needs == "an uncertainty of discharge capacity"


def test_with_the_uncertainty_known_the_twin_is_judged_as_ever():
    assert row(90.0, std=2.0).verdict == "broken" and row(90.0, std=2.0).sigma > 2
    assert row(181.0, std=2.0).verdict == "holds"
    assert row(400.0, "at most").verdict == "holds" and row(190.0, "at most").verdict == "cannot_tell"


def test_a_known_part_counts_beside_an_unknown_one():
    alone, beside = row(90.0), row(90.0, parts={"known": 30.0}, missing={"gain": 1.0})
    assert alone.rule != beside.rule and beside.verdict == "cannot_tell"


def test_what_both_sides_share_need_not_be_known():
    shared = [Quantity(v, "mAh", None, parts={f"own {v}": 1.0}, missing={"gain": v}) for v in (180.0, 90.0)]
    relation = read_relation(
        {"id": "r", "words": "w", "each": "sample", "operands": {}, "computed": "1", "stated": "2", "unit": "1"}
    )  # fmt: skip
    values = {name: Value(q, (name,), name) for name, q in zip("ab", shared, strict=True)}
    ratio = Term(lambda v: v["a"] / v["b"], values)
    two = Term(lambda v: 2.0)
    found = judge(relation, ratio, two)
    assert found.verdict == "holds" and found.sigma == pytest.approx(0, abs=1e-6)
    assert judge(relation, Term(lambda v: v["a"] - v["b"], values), Term(lambda v: 90.0)).verdict == "cannot_tell"


def test_one_number_said_twice_confirms_nothing():
    relation = read_relation(
        {"id": "r", "words": "w", "each": "sample", "operands": {}, "computed": "1", "stated": "2", "unit": "1"}
    )  # fmt: skip
    charge = Quantity(1.2, "mAh", None, parts={"own": 0.01}, missing={"gain": 1.2})
    capacity = Quantity(150.0, "mAh/g", None, parts={"own": 1.25}, missing={"gain": 150.0})
    values = {name: Value(q, (name,), name) for name, q in (("charge", charge), ("capacity", capacity))}
    found = judge(relation, Term(lambda v: v["capacity"] / v["charge"], values), Term(lambda v: 125.0))
    assert (found.verdict, found.sigma, found.needs) == ("cannot_tell", None, "an uncertainty of charge, capacity")
