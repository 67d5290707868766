"""Equations and relations as data: what they compute, and what they refuse, in words."""

import math
import re
import tomllib
from pathlib import Path

import pytest

from nacre.core.errors import NacreError
from nacre.core.registry import techniques
from nacre.core.study import Study
from nacre.evidence.equation import parse_equation
from nacre.evidence.ledger import relations
from nacre.evidence.relation import OTHERS, builtin, read_relation, relations_of

ROW = {
    "id": "double",
    "words": "twice",
    "each": "sample",
    "unit": "V",
    "computed": "2 * v",
    "stated": "8",
    "operands": {"v": {"quantity": "mean_discharge_voltage"}},
}


def test_an_equation_is_arithmetic():
    equation = parse_equation("-a ** 2 / (b + 1) + asinh(sinh(2)) * min(a, b, 3) - sqrt(4)", {"a", "b"})
    assert equation({"a": 3.0, "b": 5.0}) == pytest.approx(-9 / 6 + 2 * 3 - 2)
    assert equation.names == {"a", "b"}


def test_an_equation_knows_formulas_and_constants():
    equation = parse_equation("mass_fraction(oxide, 'Hf') * faraday / pi")
    assert equation({"oxide": "HfO2"}) == pytest.approx(178.486 / 210.484 * 96485.332 / math.pi, rel=1e-5)
    assert parse_equation("theoretical_capacity('LiNiO2')")({}) == pytest.approx(96485.332 / 3.6 / 97.63, rel=1e-3)
    assert parse_equation("insertion_capacity('Li4Ti5O12')")({}) == pytest.approx(175.1, abs=0.1)
    assert parse_equation("insertion_capacity('Li2.0Ti2.5O6')")({}) == pytest.approx(175.1, abs=0.1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("__import__('os').system('ls')", "found '__import__' at character 1"),
        ("a.real", "found '.' at character 2, near 'a.real'"),
        ("[a for a in b]", "expected numbers, operands, pi, faraday, gas_constant, + - * / **, brackets, min()"),
        ("a if b else c", "found 'if' at character 3"),
        ("a < b", "found '<' at character 3"),
        ("open('x')", "found 'open' at character 1"),
        ("sqr(a)", "found 'sqr' at character 1, near 'sqr(a)'"),
        ("sqr(a)", "Did you mean 'sqrt'?"),
        ("a * (b", "found no closing bracket at character 7"),
        ("a * wnd", "found 'wnd' at character 5"),
        ("a * wnd", "Did you mean 'wind'?"),
        ("a + sqrt", "found 'sqrt' without brackets at character 5"),
        ("a + 'text'", "found 'text' outside a function's brackets at character 5"),
        ("True + 1", "found 'True' at character 1"),
        ("sqrt(a, key=b)", "found '=' at character 12"),
        ("a * 9**9**9", "found an exponent beyond 100 at character 6"),
    ],
)
def test_an_equation_that_is_none_is_refused(text, words):
    with pytest.raises(NacreError, match="the expression is not allowed") as caught:
        parse_equation(text, {"a", "b", "c", "wind"})
    assert words in str(caught.value)


def test_an_equation_that_cannot_be_computed_says_so():
    for text, words in (("1 / a", "division by zero"), ("log(a)", "math domain"), ("molar_mass('Hx')", "'Hx'")):
        with pytest.raises(NacreError, match="cannot be computed; found") as caught:
            parse_equation(text)({"a": 0.0})
        assert words in str(caught.value)
    with pytest.raises(NacreError, match="how much lithium Si takes up is not known"):
        parse_equation("insertion_capacity('Si')")({})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rule": "equals"}, "relation 'double': unknown rule 'equals'. Did you mean 'equal'"),
        ({"each": "samples"}, "unknown each 'samples'. Did you mean 'sample'"),
        ({"unit": "Volt"}, "unknown unit 'Volt'"),
        ({"compute": "2"}, "unknown key 'compute'. Did you mean 'computed'"),
        ({"operands": {"v": {"quantity": "mean_dicharge_voltage"}}}, "Did you mean 'mean_discharge_voltage'"),
        ({"operands": {"v": {"input": "cam_mas"}}}, "Did you mean 'cam_mass'"),
        ({"operands": {"v": {"value": "1"}}, "stated": "w"}, "'double': the expression is not allowed; found 'w'"),
        ({"operands": {"v": {"value": "1.5 V", "unit": "mAh"}}}, "'v': 'V' cannot become 'mAh'"),
        ({"operands": {"v": {"value": "1 V", "input": "area"}}}, "an operand is one thing; found input, value"),
        ({"operands": {"v": {"quantity": "r_bulk", "of": "bare"}}}, "unknown role 'bare'"),
        ({"operands": {"v": {"quantity": "r_bulk", "state": {"cylce": 1}}}}, "Did you mean 'cycle'"),
        ({"operands": {"v": {"relation": "n-over-q"}}}, "unknown relation 'n-over-q'. Did you mean 'n-over-p'"),
        ({"operands": {"v": {"relation": "double"}}}, "relations compute from each other in a circle; found double"),
    ],
)
def test_a_relation_that_is_wrong_is_refused_in_words(change, words):
    with pytest.raises(NacreError) as caught:
        relations_of([{**ROW, **change}])
    assert words in str(caught.value)


def test_units_cannot_be_mixed():
    """A relation in grams of a quantity in volts is refused when it is evaluated, not added up."""
    row = {**ROW, "operands": {"v": {"quantity": "mean_discharge_voltage", "unit": "mg"}}}
    with pytest.raises(NacreError, match="'mean_discharge_voltage' is in V, not like 'mg'"):
        read_relation(row)


def test_every_relation_of_the_package_is_sound():
    known = builtin()
    assert len(known) > 40
    for relation in known.values():
        assert relation.words[0].islower() or relation.words[:2].isupper() or relation.words.startswith("Li"), relation
        assert relation.techniques or relation.stated is None
    assert relations_of([]).keys() == known.keys()


def test_relations_call_techniques_by_the_registry_s_names(tmp_path):
    known = {*techniques(), *OTHERS}
    for relation in relations(Study("s", tmp_path)).values():
        assert set(relation.techniques) <= known, relation.id


def test_the_example_in_the_documentation_is_a_relation():
    page = (Path(__file__).parents[2] / "docs" / "techniques" / "ledger.md").read_text(encoding="utf-8")
    rows = [
        row
        for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
        for row in tomllib.loads(block).get("ledger", {}).get("relation", [])
    ]
    assert len(rows) == 1 and "my-balance" in relations_of(rows)
