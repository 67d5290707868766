"""Two runs at once on one study: the second says so and touches nothing; what a killed run leaves does not stop one."""

import datetime
import errno
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from nacre.core.errors import StudyError
from nacre.pipeline.running import lock
from nacre.pipeline.running.run import run
from pipeline import toys

SOURCE = Path(__file__).resolve().parents[3] / "src"
HOLDER = """
import sys
from pathlib import Path
from nacre.pipeline.running.lock import held

with held(Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.read()
"""


def python(*words: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([sys.executable, *words], env=environment, text=True, **pipes)


@pytest.fixture
def other(tmp_path):
    """A study, and another process that works on it."""
    folder = toys.make(tmp_path / "study")
    process = python("-c", HOLDER, str(folder / "results"))
    assert process.stdout.readline() == "mine\n"
    yield folder, process
    end(process)


def end(process: subprocess.Popen) -> None:
    process.kill()
    process.wait(timeout=60)
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def test_a_second_run_says_who_works_there_and_what_to_do(other):
    folder, process = other
    with pytest.raises(StudyError) as error:
        run(folder)
    said, path = str(error.value), folder / "results" / ".cache" / "run.lock"
    assert said.startswith(f"{folder}: another run (process {process.pid} since ")
    assert f"works on this study. Wait for it, or delete {path} if none runs." in said
    assert sorted(p.name for p in (folder / "results").rglob("*") if p.is_file()) == ["run.json", "run.lock"]


def test_from_the_command_line_too(other):
    folder, process = other
    second = python("-m", "nacre", "run", str(folder))
    out, err = second.communicate(timeout=120)
    assert second.returncode == 2
    assert f"another run (process {process.pid} since " in err and "Traceback" not in out + err
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    assert run(folder).results


def test_what_a_killed_run_left_does_not_stop_the_next(other):
    folder, process = other
    process.kill()
    process.wait(timeout=60)
    path = folder / "results" / ".cache" / "run.json"
    assert json.loads(path.read_text())["process"] == process.pid
    assert run(folder).results
    assert not path.exists()


def test_blocks_of_one_process_may_be_nested(tmp_path):
    path = tmp_path / ".cache" / "run.json"
    with lock.held(tmp_path):
        with lock.held(tmp_path):
            assert json.loads(path.read_text())["process"] == os.getpid()
        assert path.exists()  # the inner block gives nothing back
    with pytest.raises(RuntimeError, match="inside"), lock.held(tmp_path):
        raise RuntimeError("inside")
    with lock.held(tmp_path):
        pass
    assert not path.exists()


def test_the_lock_is_given_back_at_the_end_of_the_block(tmp_path):
    """Another process gets the study as soon as the block ends, not when this process does."""
    with lock.held(tmp_path):
        pass
    process = python("-c", HOLDER, str(tmp_path))
    assert process.stdout.readline() == "mine\n"
    with pytest.raises(StudyError, match=f"process {process.pid} since"), lock.held(tmp_path):
        pass
    end(process)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOTSUP])
def test_where_the_file_system_knows_no_locks_a_run_goes_on(tmp_path, monkeypatch, code):
    def refuse(self, *words, **more):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(lock.FileLock, "acquire", refuse)
    with lock.held(tmp_path), lock.held(tmp_path):
        pass


def test_another_failure_of_the_lock_is_said(tmp_path, monkeypatch):
    def refuse(self, *words, **more):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(lock.FileLock, "acquire", refuse)
    with pytest.raises(PermissionError), lock.held(tmp_path):
        pass


def test_the_holder_is_named_with_what_differs(tmp_path):
    now = datetime.datetime.now().astimezone()

    def words(**changes):
        told = {"process": 12, "host": platform.node(), "since": now.replace(hour=14, minute=3).isoformat()} | changes
        (tmp_path / "lock").write_text(json.dumps(told))
        return lock._read_holder(tmp_path / "lock")

    assert words() == "process 12 since 14:03"
    assert words(host="lab-2") == "process 12 on lab-2 since 14:03"
    assert words(since="2023-06-12T10:00:00+02:00") == "process 12 since 2023-06-12 10:00"
    assert lock._read_holder(tmp_path / "none") == "of unknown name"
    assert words(since="?") == "of unknown name"
