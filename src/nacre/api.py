"""All that a run writes, in one call: for scripts and notebooks, which have no command line."""

from pathlib import Path

from nacre.core.outcome import Outcome
from nacre.export import write_all
from nacre.report.html import render


def write(outcome: Outcome, folder: str | Path | None = None) -> Path:
    """Writes report, figures, tables and results into `folder` (default: results/ of the study).

    Returns the path of report.html.
    """
    folder = Path(folder) if folder else outcome.study.folder / "results"
    write_all(outcome, folder, html=render(outcome))
    return folder / "report.html"
