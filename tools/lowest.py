"""Run the fast tests with the lowest version of each dependency that pyproject.toml allows.

    python do.py lowest [ARGS]     ARGS go to pytest; without a path, all fast tests

An environment of its own (.venv-lowest) gets `name==bound` for each `name>=bound` of the project; what these need is
resolved by pip, and the tools of the tests are those of constraints.txt. Bounds hold for the oldest Python supported.
"""

import os
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
FOLDER = HERE / ".venv-lowest"
TOOLS = ("pytest", "hypothesis")


def lowest_of(requirement: str) -> str:
    """`name==bound` of a requirement `name>=bound...`; a requirement without a lower bound stays as it is."""
    found = re.match(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)", requirement)
    return f"{found[1]}=={found[2]}" if found else requirement


def pins_of_tools() -> list[str]:
    lines = (HERE / "constraints.txt").read_text(encoding="utf-8").split()
    return [line for line in lines if line.partition("==")[0] in TOOLS]


def make_environment(requirements: list[str]) -> Path:
    """Path of a Python that has these and the project itself."""
    venv.create(FOLDER, with_pip=True, clear=True)
    python = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *requirements, *pins_of_tools()], check=True, cwd=HERE)
    subprocess.run([*install, "--no-deps", "-e", "."], check=True, cwd=HERE)
    return python


def main() -> int:
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [lowest_of(text) for text in project["dependencies"]]
    print("lowest: " + ", ".join(requirements), flush=True)
    try:
        python = make_environment(requirements)
    except subprocess.CalledProcessError as error:
        return error.returncode
    tests = [str(python), "-m", "pytest", "-q", "-m", "not slow", *sys.argv[1:]]
    return subprocess.run(tests, check=False, cwd=HERE).returncode


if __name__ == "__main__":
    sys.exit(main())
