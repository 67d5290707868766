"""`import nacre`: what it shows, that it is quick, and that its functions are there."""

import pydoc
import subprocess
import sys
import time
from dataclasses import replace

import pytest

import nacre
from nacre.core.guard import Guard
from studies import bench

TYPES = {"CellModel", "Contrast", "NacreError", "Outcome", "Quantity", "Result", "Signal", "Study"}
NAMES = TYPES | {"calibrate", "check", "load", "new", "predict", "read", "run", "simulate", "write"}


def test_dir_and_help_show_every_name():
    assert set(dir(nacre)) >= NAMES and "import_module" not in dir(nacre)
    text = pydoc.plain(pydoc.render_doc(nacre))
    for name in NAMES:
        assert name in text and getattr(nacre, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        nacre.lod  # noqa: B018


def test_what_functions_take_give_and_raise_is_said():
    for name in ("calibrate", "check", "new", "predict", "read", "simulate", "write"):
        words = getattr(nacre, name).__doc__
        assert all(f"{part}\n" in words for part in ("Parameters", "Returns", "Raises")), name


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, nacre; dir(nacre); print([m for m in ('numpy', 'polars', 'scipy') if m in sys.modules])"
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]" and time.perf_counter() - began < 10


def test_a_study_is_made_checked_and_its_file_read(tmp_path):
    source = bench.batches(tmp_path)
    study = nacre.load(source)
    assert (
        [p for p in nacre.check(study) if p.level == "error"]
        == []
        == [p for p in nacre.check(source) if p.level == "error"]
    )
    made = nacre.new(tmp_path / "new", study.measurements[0].files[0].parent)
    assert made.study.is_file() and made.samples
    assert nacre.check(made.study), "masses are blank"
    with pytest.raises(nacre.NacreError, match="this is no study; found int"):
        nacre.check(3)


def test_a_simulation_is_written_beside_the_results_not_over_them(tmp_path):
    path = nacre.CellModel.load(sample="bare").export(tmp_path / "bare_cell.toml")
    outcome = nacre.simulate(path, "charge at 0.5C to 2.75 V; discharge at 0.5C to 1.35 V", "bare")
    assert outcome.failures == () and outcome.table(technique="cycling").height
    assert set(outcome.table()["origin"]) == {"predicted"}
    page = nacre.write(replace(outcome, results=outcome.results[:1]), guard=Guard())
    assert page == tmp_path / "simulation" / "report.html" and page.is_file()
