"""`python -m nacre` is the command line, for those whose folder of scripts is not on the path."""

import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"


def nacre(*words: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "nacre", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_module_is_the_command_line():
    done = nacre("--help")
    assert done.returncode == 0
    assert "Usage: " in done.stdout and "sheet" in done.stdout


def test_its_errors_are_sentences(tmp_path):
    done = nacre("run", str(tmp_path / "nothing"))
    assert done.returncode == 2
    assert "nothing" in done.stderr and "Traceback" not in done.stderr
