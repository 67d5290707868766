"""Run tests with the kernels that OpenBLAS has for one kind of processor, to see what hangs on how it rounds.

    python do.py test --blas NAME [ARGS]     all tests (or what ARGS say) with these kernels
    python do.py test --blas all [ARGS]      with each that this machine can run, in turn; without a path in ARGS, the
                                             tests that lean on linear algebra most

OpenBLAS carries kernels for many processors and picks some by OPENBLAS_CORETYPE. A name that it does not know, or that
the machine cannot run, it passes over in silence; so a child process computes with them and says what it got.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
# name: what the library calls these kernels (some processors share them, and it gives the first name that fits)
KERNELS = {
    "Prescott": ("prescott", "katmai", "core2"),
    "Nehalem": ("nehalem", "atom"),
    "Sandybridge": ("sandybridge", "bulldozer"),
    "Haswell": ("haswell", "zen"),
    "Zen": ("zen", "haswell"),
    "SkylakeX": ("skylakex",),
    "Cooperlake": ("cooperlake",),
    "SapphireRapids": ("sapphirerapids",),
    "ARMV8": ("armv8",),
    "NEOVERSEN1": ("neoversen1",),
    "NEOVERSEV1": ("neoversev1",),
}
FOLDERS = "tests/physics", "tests/cell", "tests/evidence/calibrate"
_GETTERS = "scipy_openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename"


def fail(sentence):
    sys.exit(f"do.py: {sentence}")


def libraries():
    """The OpenBLAS libraries that the wheels of numpy and scipy carry."""
    import numpy
    import scipy.linalg

    roots = [Path(package.__file__).parent for package in (numpy, scipy)]
    folders = [folder for root in roots for folder in (root.with_name(f"{root.name}.libs"), root / ".dylibs")]
    return [path for folder in folders for path in sorted(folder.glob("*openblas*"))]


def kernels_of(path):
    """The name of the kernels that a library works with in this process, or an empty one."""
    import ctypes

    library = ctypes.CDLL(str(path))
    getter = next((name for name in _GETTERS if hasattr(library, name)), None)
    if getter is None:
        return ""
    ask = getattr(library, getter)
    ask.argtypes, ask.restype = [], ctypes.c_char_p
    return ask().decode()


def say_kernels():
    """In the child: print what is picked, after a little work that stops a processor which lacks the instructions."""
    import numpy as np
    import scipy.linalg

    matrix = np.eye(64) + 1.0 / (1.0 + np.arange(4096.0).reshape(64, 64))
    np.linalg.solve(matrix, matrix @ matrix[0])
    scipy.linalg.lu_factor(matrix)
    print(*sorted({kernels_of(path) for path in libraries()} - {""}))


@cache
def picked(name=""):
    """The kernels that OpenBLAS picks where OPENBLAS_CORETYPE is `name`; empty where they cannot run or be told."""
    child = subprocess.run(
        [sys.executable, __file__, "--say"], check=False, capture_output=True, text=True, env=environment(name)
    )
    return child.stdout.strip() if child.returncode == 0 else ""


def environment(name):
    return {**os.environ, "OPENBLAS_CORETYPE": name}


def runnable():
    """{name: kernels} of all that this machine can run."""
    found = {name: picked(name) for name in KERNELS}
    return {name: kernels for name, kernels in found.items() if kernels.lower() in KERNELS[name]}


def choose(name):
    """The names to run with; each set of kernels once. Ends the program where there is none."""
    known = {each.lower(): each for each in KERNELS}
    if name != "all" and name.lower() not in known:
        fail(f"--blas {name}: not a kind of processor that is known here; give one of {', '.join(KERNELS)}, or all")
    if not picked():
        fail(
            "--blas: numpy and scipy carry no OpenBLAS that tells its kernels here (on a Mac they use Accelerate); "
            "install their wheels from PyPI"
        )
    can = runnable()
    if name == "all":
        return [each for each in can if each == next(first for first in can if can[first] == can[each])]
    name = known[name.lower()]
    if name not in can:
        got = picked(name) or "nothing that runs"
        fail(f"--blas {name}: OpenBLAS picks {got} for it on this machine; it can run {', '.join(can)}")
    return [name]


def tests_of(name, args):
    """What pytest gets: for `all` without a path among ARGS, the tests that lean on linear algebra most."""
    if name != "all" or any((HERE / word.partition("::")[0]).exists() for word in args):
        return args
    paths = [*FOLDERS, *sorted(str(path.relative_to(HERE)) for path in HERE.glob("tests/**/test_rietveld*.py"))]
    return [*args, *paths]


def main(name, *args):
    failed = []
    for each in choose(name):
        print(f"do.py: OPENBLAS_CORETYPE={each}, kernels {picked(each)}", flush=True)
        command = [sys.executable, "-m", "pytest", *tests_of(name, args)]
        if subprocess.run(command, check=False, cwd=HERE, env=environment(each)).returncode:
            failed.append(each)
    if failed:
        fail(f"tests failed with the kernels for {', '.join(failed)}")


if __name__ == "__main__":
    say_kernels() if sys.argv[1:] == ["--say"] else main(*sys.argv[1:])
