"""A changed version of anything that Nacre declares redoes the study and is named; nothing changed redoes nothing."""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from nacre.core.errors import NacreError
from nacre.pipeline.running import dependencies
from nacre.pipeline.running.run import Report, run
from pipeline import toys

ROOT = Path(__file__).resolve().parents[3]
NAMES = sorted({name for name, extra in dependencies.declared() if extra not in dependencies.TOOLS})
REAL = metadata.version


@pytest.fixture
def pretend(monkeypatch):
    """Pretends other versions than those installed ("" for none), as another start of Python would find them."""

    def forget():
        dependencies.all_versions.cache_clear()
        dependencies.versions.cache_clear()

    def set_versions(**others):
        others = {name.replace("_", "-"): version for name, version in others.items()}

        def version(name):
            if others.get(name) == "":
                raise metadata.PackageNotFoundError(name)
            return others.get(name) or REAL(name)

        monkeypatch.setattr(metadata, "version", version)
        forget()

    yield set_versions
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize("name", ["python", *NAMES, *dependencies.BENEATH])
def test_each_declared_package_is_in_the_key(monkeypatch, pretend, name):
    pretend(**dict.fromkeys([*NAMES, *dependencies.BENEATH], "1.0"))
    before = dependencies.all_versions()
    if name == "python":
        monkeypatch.setattr(dependencies.platform, "python_version", lambda: "3.0.0")
        dependencies.all_versions.cache_clear()
    else:
        pretend(**dict.fromkeys([*NAMES, *dependencies.BENEATH], "1.0") | {name: "1.1"})
    after = dependencies.all_versions()
    assert {key for key in before if before[key] != after[key]} == {name}


def test_what_is_declared_comes_from_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = dependencies.declared()
    assert len(found) == len(project["dependencies"]) + sum(map(len, project["optional-dependencies"].values()))
    assert {("brukeropus", ""), ("tifffile", ""), ("fastnda", "neware"), ("rosettasciio", "em")} <= set(found)


def test_tools_of_development_are_not_in_the_key(pretend):
    pretend(pytest="0.1", ruff="0.1", hypothesis="0.1", import_linter="0.1")
    assert not {"pytest", "ruff", "hypothesis", "import-linter"} & set(dependencies.all_versions())


def test_what_is_printed_stays_short(pretend):
    pretend(**dict.fromkeys(NAMES, "1.0"))
    printed = dependencies.versions()
    assert {"nacre", "numpy", "rietx"} <= set(printed) and not {"typer", "rich"} & set(printed)
    assert len(printed) <= 11


def test_installed_without_a_checkout_the_metadata_are_read(monkeypatch):
    monkeypatch.setattr(dependencies, "PACKAGE", Path("/somewhere/site-packages/nacre"))
    texts = ["NumPy>=2", "scikit_image<1; python_version > '3'", 'Rietx<2,>=1; extra == "xrd"', "ruff; extra == 'dev'"]
    monkeypatch.setattr(metadata, "requires", lambda name: texts)
    assert dependencies.declared() == [("numpy", ""), ("rietx", "xrd"), ("ruff", "dev"), ("scikit-image", "")]


def test_with_neither_metadata_nor_checkout_it_is_said(monkeypatch):
    def lost(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(dependencies, "PACKAGE", Path("/somewhere/site-packages/nacre"))
    monkeypatch.setattr(metadata, "requires", lost)
    with pytest.raises(
        NacreError, match=r"cannot determine which packages the results depend on.*Install Nacre with pip"
    ):
        dependencies.declared()


def test_a_pyproject_of_another_project_is_not_ours(tmp_path):
    other = tmp_path / "pyproject.toml"
    other.write_text('[project]\nname = "other"\ndependencies = ["requests"]\n', encoding="utf-8")
    assert dependencies._read_checkout(other) == []


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = toys.make(tmp_path_factory.mktemp("versions") / "study")
    run(folder)
    return folder


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        ("tifffile", "9.9", f"tifffile {REAL('tifffile')} -> 9.9"),
        ("rosettasciio", "9.9", "rosettasciio {} -> 9.9"),
        ("gemmi", "", f"gemmi {REAL('gemmi')} -> absent"),
    ],
)
def test_a_changed_version_redoes_the_study_and_is_named(study, pretend, name, version, words):
    run(study)
    here = dependencies.all_versions().get(name, "absent")
    pretend(**{name: version})
    report = Report()
    run(study, report=report)
    assert report.fresh == [] and len(report.redone) == 5
    expected = f"changed: dependencies ({words.format(here)})"
    assert report.redone["mean:lho-1:n"] == [expected]


def test_nothing_changed_nothing_redone(study, pretend):
    run(study)
    pretend()
    report = Report()
    run(study, report=report)
    assert report.redone == {} and len(report.fresh) == 5


CHANGED = """
import sys
from importlib import metadata

real = metadata.version
metadata.version = lambda name: "9.9" if name == "tifffile" else real(name)
from nacre.cli import main

main()
"""


def test_the_command_line_says_it_too(study):
    run(study)
    words = [sys.executable, "-c", CHANGED, "run", str(study), "--why", "--jobs", "1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    flat = " ".join(done.stdout.split())
    assert f"mean:lho-1:n: changed: dependencies (tifffile {REAL('tifffile')} -> 9.9)" in flat, done.stderr
