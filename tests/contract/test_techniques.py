"""What every technique keeps, whoever wrote it: the same checks for each, found through the registry."""

import ast
import dataclasses
import inspect
import sys
import types
import typing
from pathlib import Path

import pytest

from nacre.core import registry, units, vocabulary
from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError
from nacre.core.options import option, resolve, table

TECHNIQUES = registry.techniques()
KINDS = {kind for reader in registry.readers().values() for kind in reader.kinds}
SCALARS = (bool, int, float, str)
each = pytest.mark.parametrize("technique", TECHNIQUES.values(), ids=TECHNIQUES)


def test_the_registry_finds_techniques_by_their_own_names():
    assert all(isinstance(t, Technique) and t.name == name for name, t in TECHNIQUES.items())


@each
def test_it_says_what_it_is_and_takes(technique):
    assert technique.title and technique.accepts
    assert (sys.modules[technique.analyse.__module__].__doc__ or "").strip()
    assert all(isinstance(citation, str) and len(citation) > 20 for citation in technique.citations)


@each
def test_some_reader_gives_what_it_takes(technique):
    if not technique.asked and KINDS:
        assert set(technique.accepts) & KINDS, f"no reader gives {technique.accepts}"


@each
def test_what_it_needs_and_its_own_words_are_words(technique):
    for need in technique.needs(technique.options()) if callable(technique.needs) else technique.needs:
        vocabulary.word("input", need)
    for kind, rows in technique.vocabulary.items():
        for name, row in rows.items():
            units.check_unit(row["unit"])
            assert row.get("words"), f"{kind} {name}"


def _plain(hint) -> bool:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        arms = [arm for arm in typing.get_args(hint) if arm is not type(None)]
        return len(arms) == 1 and _plain(arms[0])
    if typing.get_origin(hint) is tuple:
        return all(arm is Ellipsis or _plain(arm) for arm in typing.get_args(hint))
    return hint in SCALARS


@each
def test_its_options_are_declared_once_and_their_defaults_fit(technique):
    kind = technique.options
    assert dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen
    hints = typing.get_type_hints(kind)
    for row in table(kind):
        name = row["name"]
        assert row.get("help"), f"option '{name}' has no help"
        assert _plain(hints[name]), f"option '{name}': {hints[name]} cannot be written in study.toml"
        if row["unit"]:
            units.check_unit(row["unit"])
        assert row["default"] is not dataclasses.MISSING, f"option '{name}' has no default"
        if row["default"] is not None:
            value = row["default"]
            assert getattr(resolve(kind, ("study.toml", {name: value}))[0], name) == value, "the default is refused"


@each
def test_a_wrong_option_is_refused_in_words(technique):
    with pytest.raises(NacreError, match=r"unknown option 'no_such_option'"):
        resolve(technique.options, ("study.toml", {"no_such_option": 1}))


def _emitted(path: Path) -> set[str]:
    """First arguments of `Entry("name", ...)` in a source file."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    named = (c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "Entry" and c.args)
    return {c.args[0].value for c in named if isinstance(c.args[0], ast.Constant) and isinstance(c.args[0].value, str)}


@each
def test_quantities_it_names_are_in_the_vocabulary(technique):
    for name in _emitted(Path(inspect.getsourcefile(technique.analyse))):
        vocabulary.word("quantity", name)


@each
def test_a_call_without_its_input_is_an_error_not_a_result(technique):
    """No technique makes up an answer from nothing."""
    with pytest.raises((NacreError, KeyError)):
        technique.analyse({}, Context(), technique.options())


def test_the_checks_themselves_catch_what_they_are_for():
    """A technique that does all wrong, so that these tests do not pass by being empty."""

    @dataclasses.dataclass(frozen=True)
    class Loose:
        x: int = option(0, "how often", lo=1)

    @dataclasses.dataclass(frozen=True)
    class Wide:
        x: dict = option(None, "anything")  # noqa: RUF009

    bad = Technique("bad", "", (), lambda i, c, o: [], options=Loose, needs=("no_such_input",))
    for check, error in (
        (test_it_says_what_it_is_and_takes, AssertionError),
        (test_what_it_needs_and_its_own_words_are_words, NacreError),
        (test_its_options_are_declared_once_and_their_defaults_fit, NacreError),
        (test_a_call_without_its_input_is_an_error_not_a_result, pytest.fail.Exception),
    ):
        with pytest.raises(error):
            check(bad)
    with pytest.raises(AssertionError, match=r"cannot be written in study.toml"):
        test_its_options_are_declared_once_and_their_defaults_fit(dataclasses.replace(bad, options=Wide))
