"""tools/measure.py: figures of small pieces of code, counted by hand."""

import ast
import importlib.util
import json
import sys
from pathlib import Path
from textwrap import dedent

import pytest

TOOLS = Path(__file__).parents[1] / "tools"


def load(name):
    """A tool as a module, under its own name: measure imports cognitive, as it does when it is run as a script."""
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


cognitive = load("cognitive")
measure = load("measure")


def points(text):
    return cognitive.count_points(ast.parse(dedent(text)))


@pytest.mark.parametrize(
    "code, expected",
    [
        ("a = b", 0),
        ("if a:\n    b", 1),
        # if 1, elif 1, else 1
        ("if a:\n    b\nelif c:\n    d\nelse:\n    e", 3),
        # if 1, else 1, if within it 2
        ("if a:\n    b\nelse:\n    if c:\n        d", 4),
        # for 1, if 2, while 3
        ("for a in b:\n    if c:\n        while d:\n            e", 6),
        # for 1, its else 1
        ("for a in b:\n    c\nelse:\n    d", 2),
        # try none, except 1, if within 2, finally none
        ("try:\n    a\nexcept B:\n    if c:\n        d\nfinally:\n    e", 3),
        # match 1, if within a case 2
        ("match a:\n    case 1:\n        if b:\n            c\n    case _:\n        d", 3),
        ("a = b if c else d", 1),
        # the outer 1, the inner 2
        ("a = b if c else (d if e else f)", 3),
        ("a and b and c", 1),
        # and, or, and
        ("a and b or c and d", 3),
        ("a and (b and c)", 1),
        ("not (a and b)", 1),
    ],
)
def test_points_of_statements(code, expected):
    assert points(code) == expected


@pytest.mark.parametrize(
    "code, expected",
    [
        ("[a for a in b]", 1),
        ("[a for a in b if c]", 1),
        # for 1, for within it 2
        ("[a for b in c for a in b]", 3),
        # for 1, for within its value 2
        ("[[a for a in b] for b in c]", 3),
        # for 1, for that it walks over 1
        ("[a for a in [b for b in c]]", 2),
        # for 1, conditional expression within it 2
        ("{a: b if c else d for a in e}", 3),
    ],
)
def test_each_for_of_a_comprehension_is_a_loop(code, expected):
    assert points(code) == expected


def test_functions_within_functions_are_a_level_but_methods_and_decorators_are_not():
    assert points("def f():\n    if a:\n        b") == 1
    assert points("class A:\n    def f(self):\n        if a:\n            b") == 1
    assert points("def f():\n    x = 1\n    def g():\n        if a:\n            b\n    return g") == 2
    assert points("def f(h):\n    'says'\n    def g():\n        if a:\n            b\n    return g") == 1
    assert points("def f():\n    return lambda: a if b else c") == 2


def test_a_function_that_calls_itself_costs_a_point():
    assert points("def f(n):\n    return f(n - 1)") == 1
    assert points("class A:\n    def f(self):\n        return self.f()") == 1
    assert points("def f(a):\n    return a.f()") == 0


@pytest.mark.parametrize(
    "name, verb",
    [
        ("fit_peaks", True),
        ("_read", True),
        ("is_close", True),
        ("linearise", True),
        ("fit_of", False),
        ("peaks", False),
        ("_told", False),
        ("noise", False),
    ],
)
def test_verbs(name, verb):
    assert measure.starts_with_verb(name) is verb


def test_nested_counts_like_in_like_only():
    def nested(text):
        return measure.count_nested(ast.parse(text))

    assert nested("[[a for a in b] for b in c]") == 1
    assert nested("[{(a for a in b) for b in c} for c in d]") == 2
    assert nested("a if b else (c if d else e)") == 1
    assert nested("[a if b else c for a in d]") == 0
    assert nested("[a for b in c for a in b]") == 0


PIECE = '''"""What it says.

Two lines more.
"""
# why
A = 1  # unit

TEXT = """
# no comment
"""


def f(a):
    """One line."""
    return a
'''


def test_lines_of_code_and_comment():
    # A, the three of TEXT, def, return
    assert measure.count_lines(PIECE, ast.parse(PIECE)) == (6, 2)


def function(text):
    return ast.parse(dedent(text)).body[0]


DOCUMENTED = '''
def f(a):
    """Says.

    Parameters
    ----------
    a : float
        What it is, m.

    Returns
    -------
    float
    """
    return a
'''


def test_a_docstring_needs_the_sections_that_its_function_calls_for():
    assert measure.is_documented(function(DOCUMENTED))
    assert not measure.is_documented(function(DOCUMENTED.replace("Returns", "Gives")))
    assert not measure.is_documented(function(DOCUMENTED.replace("return a", "raise ValueError(a)")))
    assert measure.is_documented(function('def f():\n    """Says."""\n    print()'))
    assert not measure.is_documented(function("def f():\n    print()"))
    # what a function within raises is not raised by the outer one
    assert measure.needed_sections(function("def f():\n    def g():\n        raise E\n    g()")) == set()


SOURCE = {
    "plugin.py": "from nacre.core.one import offered\n",
    "core/one.py": "class A:\n    def fit(self): ...\n\n\n\ndef offered(a):\n    return a\n\n\ndef own(a): ...\n",
    "physics/two.py": "class A: ...\n\n\nclass B: ...\n",
}


@pytest.fixture
def source(tmp_path):
    for path, text in SOURCE.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def test_rooms_and_the_whole(source, capsys):
    assert measure.main(["--json"], source) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"nacre", "core", "physics", "all"}
    assert found["core"]["verbs"] == pytest.approx(100 / 3)
    assert found["core"]["ambiguous"] == 100 and found["physics"]["ambiguous"] == 50
    assert found["all"]["ambiguous"] == pytest.approx(200 / 3)
    assert found["core"]["documented"] == 0 and found["nacre"]["documented"] is None


def test_check_ends_with_1_where_a_bar_is_missed(source, capsys):
    assert measure.main(["--check"], source) == 1
    assert "measure: all misses the bar in verbs, ambiguous, comments, documented" in capsys.readouterr().err
    assert measure.main(["--check", "--room", "nacre"], source) == 1
    assert "misses the bar in comments" in capsys.readouterr().err
    good = "# why it is\nA = 1\n" + "B = 2\n" * 22
    (source / "plugin.py").write_text(good, encoding="utf-8")
    assert measure.main(["--check", "--room", "nacre"], source) == 0


def test_lists_name_the_place(source, capsys):
    measure.main(["--worst", "5", "--nouns"], source)
    text = capsys.readouterr().out
    assert "core/one.py:6 offered" in text and "names of several classes: A" in text
    assert "lacking sections of numpydoc (1):\n  core/one.py:6 offered" in text


def test_an_unknown_room_is_refused(source):
    with pytest.raises(SystemExit, match="no room 'attic' in src/nacre; there are core, physics, nacre"):
        measure.main(["--room", "attic"], source)
