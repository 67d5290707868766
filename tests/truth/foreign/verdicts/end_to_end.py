"""Folders through the program as a user runs it, and the verdicts it wrote.

A run of 3 + 3 cells takes about 7 s of one core at 12 to 40 cycles and 10 s at 200 (without spectra; each spectrum adds
about 2.5 s): 20 null studies and 12 with an effect are some five minutes of a core, 50 of powders by ICP-OES three.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from truth.foreign.verdicts.cells import Plan, raise_capacities
from truth.foreign.verdicts.counting import Share, most_allowed
from truth.foreign.verdicts.folders import write_cycling_study
from truth.foreign.verdicts.powders import write_icp_study
from truth.foreign.verdicts.specimens import SpecimenPlan

SOURCE = Path(__file__).resolve().parents[4] / "src"
JUDGED = ("primary", "secondary")
HABITS = ("bdf", "maccor", "table")


def run_study(folder: Path) -> dict:
    """Run `nacre run` on a folder in a process of its own and give what results.json holds.

    Raises
    ------
    RuntimeError
        Where an analysis failed: a folder that is not read decides nothing.
    """
    places = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "nacre", "run", "--quiet", "-j", "1", str(folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": places}
    )
    if done.returncode:
        raise RuntimeError(f"{folder}: {done.stdout}{done.stderr}")
    return json.loads((folder / "results" / "results.json").read_text(encoding="utf-8"))


def list_claims(results: dict, verdict: str = "shown") -> list[dict]:
    """The contrasts among primary and secondary endpoints with this verdict."""
    return [c for c in results["contrasts"] if c["endpoint"] in JUDGED and c["verdict"] == verdict]


def find_verdicts(results: dict, name: str, **state: object) -> list[str]:
    """Verdicts on a quantity where the state holds what is given."""
    found = [c for c in results["contrasts"] if c["name"] == name and state.items() <= c["state"].items()]
    return [c["verdict"] for c in found]


def ask_folders(what: str, write: Callable, count: Callable, n: int, root: Path, seed: int) -> tuple[int, int]:
    """Write and run n studies; how many count, of how many."""
    hits = 0
    for i in range(n):
        folder = root / f"{what}-{i}"
        write(folder, np.random.default_rng([seed, i]), i)
        hits += count(run_study(folder))
    return hits, n


def measure_null_folders(root: Path, n: int = 20, seed: int = 101) -> Share:
    """Null studies of 3 + 3 cells in all habits with any false verdict: 20, at most 3."""

    def write(folder: Path, rng: np.random.Generator, i: int) -> None:
        write_cycling_study(folder, Plan(cycles=40), rng, HABITS[i % 3])

    hits, _ = ask_folders("null", write, lambda results: bool(list_claims(results)), n, root, seed)
    return Share("null folders", hits, n, most=3 if n == 20 else most_allowed(0.05, n))


def measure_effect_folders(root: Path, cycles: Iterable[int] = (12, 200, 1000), n: int = 4, seed: int = 102) -> Share:
    """Studies with 15 % more capacity, n of each length, the first discharge capacity shown: 12, at least 10."""
    hits = total = 0
    for k in cycles:

        def write(folder: Path, rng: np.random.Generator, i: int, k: int = k) -> None:
            write_cycling_study(folder, Plan(cycles=k, effects=raise_capacities(0.15)), rng, HABITS[i % 3])

        more, of = ask_folders(f"effect-{k}", write, _shows_first, n, root, seed + k)
        hits, total = hits + more, total + of
    return Share("folders with an effect", hits, total, least=total - round(total / 6))


def measure_powder_folders(root: Path, declared: str = "no", n: int = 50, seed: int = 103) -> Share:
    """One powder a side, five digests 3 to 5 % apart, any difference shown: none undeclared, else at most 6 of 50."""

    def write(folder: Path, rng: np.random.Generator, _: int) -> None:
        plan = SpecimenPlan(spot_sd=float(rng.uniform(0.03, 0.05)), declared=declared)
        write_icp_study(folder, plan, rng)

    hits, _ = ask_folders(f"powder-{declared}", write, _shows_any, n, root, seed)
    return Share(f"powders, declared: {declared}", hits, n, most=0 if declared == "no" else most_allowed(0.05, n))


def _shows_first(results: dict) -> bool:
    return "shown" in find_verdicts(results, "discharge_capacity", cycle=1)


def _shows_any(results: dict) -> bool:
    return any(c["verdict"] == "shown" for c in results["contrasts"])
