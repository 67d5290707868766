"""The driver of benchmarks/fuzz.py outlives its children: one that ends, one that sleeps, one that works too long."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = """
import os, sys, time
from pathlib import Path
sys.path[:0] = [{src!r}, {tests!r}]
from truth.foreign.tables import child as process

def read(name, path, options):
    word = open(path).read()
    if word == "end":
        os._exit(7)
    if word == "sleep":
        time.sleep(60)
    if word == "work":
        end = time.process_time() + 0.6
        while time.process_time() < end:
            pass
    if word == "shout":  # an error of the driver itself
        raise KeyError(word)
    return process.Reading("read", len(word), ("note of " + word,))

process.read = read
if __name__ == "__main__":
    child = process.Child()
    for word in ("fine", "end", "fine", "work", "sleep", "shout", "fine"):
        path = Path({folder!r}, "x.txt")
        path.write_text(word)
        answer = child.ask("any", path, {{}}, 10.0 if word != "sleep" else 2.0, 0.3)
        print(word, answer.status, answer.rows, answer.message)
    child.stop()
"""


@pytest.mark.slow
def test_a_child_that_dies_or_hangs_costs_one_file_only(tmp_path):
    words = {name: str(ROOT / name) for name in ("src", "tests")}
    script = tmp_path / "drive.py"
    script.write_text(SCRIPT.format(folder=str(tmp_path), **words), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=True)
    lines = [line.split(" ", 3) for line in done.stdout.splitlines()]
    assert [line[1] for line in lines] == ["read", "died", "read", "hang", "hang", "died", "read"], done.stdout
    assert "ended with 7" in lines[1][3]


@pytest.mark.slow
def test_it_prints_a_record_per_file_and_says_whether_there_was_a_fault(tmp_path):
    command = [sys.executable, str(ROOT / "benchmarks" / "fuzz.py"), "--reader", "eis_csv", "--count", "4", "--json"]
    env = {**os.environ, "NACRE_REALDATA": "", "PYTHONPATH": str(ROOT / "src")}
    runs = [
        subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=env, cwd=tmp_path)
        for _ in range(2)
    ]
    records = [json.loads(line) for line in runs[0].stdout.splitlines()]
    assert runs[0].stdout == runs[1].stdout, "equal seeds, equal outcomes"
    assert len(records) == 4 and runs[0].returncode in (0, 1), runs[0].stderr
    bad = {"silent line", "silent prefix", "silent zeros", "masked crash", "escape", "hang"}
    assert runs[0].returncode == any(record["outcome"] in bad for record in records)


@pytest.mark.slow
@pytest.mark.realdata
def test_a_hundred_damaged_files_of_every_reader_are_read_or_refused_in_words(tmp_path):
    """3,300 files: no line, prefix or zeros taken silently, no crash instead of a cause, nothing escapes or hangs."""
    command = [sys.executable, str(ROOT / "benchmarks" / "fuzz.py"), "--count", "100", "--seed", "0"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False, env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-6000:]
