"""`do.py test --blas`: other processors' kernels are asked for by name, and what is really picked is checked."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def load(path):
    spec = importlib.util.spec_from_file_location(f"nacre_root_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


do, blas = load(ROOT / "do.py"), load(ROOT / "tools" / "blas.py")


def test_the_name_is_taken_out_of_what_goes_to_pytest():
    assert do.runner(["-k", "peak"]) == ("-m", "pytest", "-k", "peak")
    assert do.runner(["-k", "peak", "--blas", "Zen", "-x"]) == (ROOT / "tools" / "blas.py", "Zen", "-k", "peak", "-x")
    with pytest.raises(SystemExit, match="--blas wants the name of a processor"):
        do.runner(["--blas"])


def test_only_all_without_a_path_has_tests_of_its_own():
    assert blas.tests_of("Zen", ("-x",)) == ("-x",)
    assert blas.tests_of("all", ("tests/core::test_any",)) == ("tests/core::test_any",)
    chosen = blas.tests_of("all", ("-x", "-m", "not slow"))
    assert chosen[:3] == ["-x", "-m", "not slow"] and len(chosen) > 6
    assert all((ROOT / path).exists() for path in chosen[3:])


def test_an_unknown_name_is_refused_with_the_list():
    with pytest.raises(SystemExit) as caught:
        blas.choose("Skylark")
    assert "--blas Skylark: not a kind of processor that is known here; give one of Prescott" in caught.value.code
    assert "SkylakeX" in caught.value.code


def test_a_name_that_the_machine_cannot_run_is_refused_with_what_is_picked(monkeypatch):
    monkeypatch.setattr(blas, "picked", lambda name="": "Katmai" if name == "Prescott" else "Haswell")
    with pytest.raises(SystemExit) as caught:
        blas.choose("skylakex")
    assert caught.value.code == (
        "do.py: --blas SkylakeX: OpenBLAS picks Haswell for it on this machine; it can run Prescott, Haswell, Zen"
    )
    assert blas.choose("all") == ["Prescott", "Haswell"]  # Zen's are Haswell's here
    assert blas.choose("zen") == ["Zen"]


def test_where_no_library_tells_its_kernels_it_says_so(monkeypatch):
    monkeypatch.setattr(blas, "picked", lambda name="": "")
    with pytest.raises(SystemExit, match="carry no OpenBLAS that tells its kernels"):
        blas.choose("all")


@pytest.mark.skipif(sys.platform == "darwin", reason="numpy's wheels for a Mac use Accelerate")
def test_the_library_passes_over_a_name_that_it_does_not_know():
    assert blas.picked() and blas.picked("Skylark") == blas.picked()
