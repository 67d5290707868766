"""A run that is killed at any moment, and run again, ends where an undisturbed one ends, and leaves nothing behind."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nacre.core import registry, vocabulary
from nacre.pipeline.running.store import loads
from pipeline import toys

KILLS = 20
CELLS = 6
DRIVER = """
import json, sys
from pathlib import Path
from nacre.pipeline.running.run import Progress, run

if __name__ == "__main__":
    folder, workers = Path(sys.argv[1]), int(sys.argv[2])
    begun = Progress(total=lambda count: print(count, flush=True))
    outcome = run(folder, workers=workers, progress=begun)
    assert not outcome.failures, outcome.failures
    rows = [
        [r.entry_id(e), e.quantity.value, e.quantity.std, sorted(e.quantity.parts.items()), r.provenance.key]
        for r in outcome.results
        for e in r.entries
    ]
    rows += [[c.name, c.difference, c.lo95, c.hi95] for c in outcome.contrasts]
    print(json.dumps(rows))
"""


def make(folder: Path) -> Path:
    """The toy study with more cells, its technique slowed down so that a kill hits the work."""
    cells = "".join(f'\n[cell.{s}-{i}]\nsample = "{s}"\n' for s in ("bare", "lho") for i in range(2, 2 + CELLS // 2))
    toys.make(folder, textwrap.dedent(toys.STUDY) + cells)
    for s in ("bare", "lho"):
        for i in range(2, 2 + CELLS // 2):
            (folder / "raw" / f"{s}-{i}.num").write_text(f"NUMBERS\n{i}.0\n2.5\n3.0\n", encoding="utf-8")
    mean = folder / "plugins" / "mean.py"
    slow = toys.MEAN.replace("    mass = context", "    time.sleep(0.2)\n    mass = context").replace(
        "import numpy", "import time\nimport numpy", 1
    )
    mean.write_text(slow, encoding="utf-8")
    return folder


def start(driver: Path, folder: Path, workers: int) -> subprocess.Popen:
    source = Path(__file__).resolve().parents[3] / "src"
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(driver), str(folder), str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(source)},
        start_new_session=True,  # so that its workers can be killed with it
    )


def to_the_end(driver: Path, folder: Path, workers: int = 1):
    out, err = start(driver, folder, workers).communicate(timeout=120)
    return json.loads(out.splitlines()[-1]), err.decode(errors="replace")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="killing a process tree needs another tool there")
def test_twenty_kills_at_random_moments_change_nothing(tmp_path):
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER, encoding="utf-8")
    undisturbed, _ = to_the_end(driver, make(tmp_path / "undisturbed"))
    folder = make(tmp_path / "killed")
    registry.techniques(folder)  # a store is read with the words of the plugins known
    rng, hits = random.Random(20240611), 0
    for attempt in range(KILLS):
        process = start(driver, folder, workers=1 + attempt % 2)
        process.stdout.readline()  # the work begins; how long the imports took depends on the machine
        try:
            process.communicate(timeout=rng.uniform(0.0, 1.8))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            hits += 1
        else:  # it came to its end first: begin again
            assert process.returncode == 0
            shutil.rmtree(folder / "results")
        with vocabulary.using(registry.vocabulary(folder)):
            for path in folder.glob("results/.cache/*.npz"):
                assert loads(path.read_bytes()) is not None, "a store stands there whole or not at all"
    assert hits >= KILLS // 2
    assert (folder / "results").exists(), "the kills hit the work, not only the start"
    after, _ = to_the_end(driver, folder)
    assert after == undisturbed
    assert not list(folder.rglob(".tmp-*"))
    assert len(list(folder.glob("results/.cache/*.npz"))) == len(list((tmp_path / "undisturbed").rglob("*.npz")))
