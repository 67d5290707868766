"""All that a run writes, in one call: for scripts and notebooks, which have no command line."""

import warnings
from pathlib import Path

from nacre.core.guard import Guard
from nacre.core.outcome import Outcome
from nacre.export import write_all
from nacre.report.html import render


def write(outcome: Outcome, folder: str | Path | None = None, guard: Guard | None = None) -> Path:
    """Writes report, figures, tables and results into `folder` (default: results/ of the study).

    What is empty or cannot be made is left out and named: in the report, and in `guard.left_out` where a guard is
    given, else as a warning each. Returns the path of report.html. Raises OSError where that cannot be written.
    """
    folder = Path(folder) if folder else outcome.study.folder / "results"
    kept = guard or Guard()
    write_all(outcome, folder, render, kept)
    if guard is None:
        for item in kept.left_out:
            warnings.warn(str(item), stacklevel=2)
    return folder / "report.html"
