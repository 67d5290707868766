"""Set up and run everything, with nothing but a Python: `python do.py demo`, `python do.py test`.

    demo          the reference study, end to end; prints the report's path
    test [ARGS]   all tests (--fast leaves the slow ones out, --coverage prints which lines ran; other words go to
                  pytest); `test --blas NAME [ARGS]` runs them with the kernels that OpenBLAS has for another
                  processor (Haswell, SkylakeX, ...): sums are rounded otherwise there. NAME `all`: each that this
                  machine can run, in turn
    lint          style, import rules
    types         static types (mypy)
    measure       how readable src is, in figures (--room NAME, --worst N, --check; see tools/measure.py)
    bench NAME    a race against a named peer (in an environment of its own)
    lowest        the fast tests with the lowest versions of dependencies that are allowed (an environment of its own)
    docs          build and check the documentation
    pins          write constraints.txt anew and check that wheels exist for every platform

The first call makes `.venv` here and installs Nacre into it; later calls start at once.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
OLDEST, NEWEST = (3, 11), (3, 14)
# what CI adds to it (an optional referee, an optional engine) it names in NACRE_EXTRAS
EXTRAS = ",".join(["dev", "xrd", *filter(None, os.environ.get("NACRE_EXTRAS", "").split(","))])


def fail(sentence):
    sys.exit(f"do.py: {sentence}")


def version_of(command):
    try:
        question = [*command, "-c", "import sys; print(*sys.version_info[:2])"]
        out = subprocess.run(question, check=False, capture_output=True, text=True, timeout=30)
        return tuple(int(word) for word in out.stdout.split())
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ()


def suitable_python():
    """The running Python where its version fits, else one found on this machine."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return [sys.executable]
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        candidates = [["py", f"-3.{minor}"]] if os.name == "nt" else [[f"python3.{minor}"]]
        for command in candidates:
            if shutil.which(command[0]) and version_of(command) == (3, minor):
                return command
    here = ".".join(map(str, sys.version_info[:3]))
    return fail(f"Nacre needs Python 3.11 to 3.14; this is {here} and no other was found. Install one from python.org.")


def venv_python():
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(*command, env=None):
    code = subprocess.run([str(word) for word in command], check=False, cwd=HERE, env=env).returncode
    if code:
        sys.exit(code)


def stamp_text():
    parts = [sys.version, str(HERE), EXTRAS]
    parts += [(HERE / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def ensure():
    """Make or refresh the environment; the stamp is written last, so a broken set-up is set up again."""
    stamp, wanted = VENV / "nacre-stamp", stamp_text()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted and venv_python().exists():
        return
    python = suitable_python()
    print("do.py: setting up .venv (once, about a minute) ...", flush=True)
    made = subprocess.run([*python, "-m", "venv", "--clear", str(VENV)], check=False, capture_output=True, text=True)
    if made.returncode:
        text = (made.stdout + made.stderr).strip()
        if "ensurepip" in text or "No module named venv" in text:
            minor = ".".join(map(str, version_of(python)))
            fail(f"this Python has no venv or pip; on Debian or Ubuntu: apt install python{minor}-venv, then again.")
        fail(f"could not make {VENV}: {text}")
    pip = [venv_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, "-c", "constraints.txt", "-e", f".[{EXTRAS}]")
    run(venv_python(), "-m", "nacre", "warm")
    stamp.write_text(wanted, encoding="utf-8")


def demo(args):
    ensure()
    run(venv_python(), "-m", "nacre", "demo", *args)


def test(args):
    ensure()
    args = [word for word in args if word != "--fast"] + (["-m", "not slow"] if "--fast" in args else [])
    # matrices of these tests are small: threads of the algebra library cost them more than they gain
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    run(venv_python(), *runner(args))
    if "--coverage" in args:
        run(venv_python(), "-m", "coverage", "report")


def runner(args):
    """What runs the tests: pytest, by itself or counting lines, or for --blas NAME a tool that sets the kernels."""
    if "--coverage" in args:
        return "-m", "coverage", "run", "-m", "pytest", *(word for word in args if word != "--coverage")
    if "--blas" not in args:
        return "-m", "pytest", *args
    at = args.index("--blas")
    if at + 1 == len(args):
        fail("--blas wants the name of a processor that OpenBLAS has kernels for, or all")
    return HERE / "tools" / "blas.py", args[at + 1], *args[:at], *args[at + 2 :]


def lint(args):
    ensure()
    run(venv_python(), "-m", "ruff", "check", *args, ".")
    run(venv_python(), "-m", "ruff", "format", "--check", ".")
    run(venv_python(), "-c", "from importlinter.cli import lint_imports_command as c; c()")


def types(args):
    ensure()
    run(venv_python(), "-m", "mypy", *args)


def measure(args):
    # needs the standard library alone, so it does not wait for an environment
    run(sys.executable, HERE / "tools" / "measure.py", *args)


def bench(args):
    races = sorted(path.stem for path in (HERE / "benchmarks").glob("[a-z]*.py"))
    if not args or args[0] not in races:
        fail(f"bench wants one of: {', '.join(races)}")
    ensure()
    run(venv_python(), HERE / "benchmarks" / f"{args[0]}.py", *args[1:])


def lowest(args):
    run(*suitable_python(), HERE / "tools" / "lowest.py", *args)


def docs(args):
    ensure()
    run(venv_python(), HERE / "docs" / "build.py", *args)


def pins(args):
    ensure()
    run(venv_python(), HERE / "tools" / "pins.py", *args)


VERBS = {verb.__name__: verb for verb in (demo, test, lint, types, measure, bench, lowest, docs, pins)}

if __name__ == "__main__":
    word, rest = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if word not in VERBS:
        print(__doc__)
        sys.exit(0 if word in ("", "help", "-h", "--help") else 2)
    VERBS[word](rest)
