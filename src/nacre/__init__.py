"""Nacre: from the raw files of a cathode-coating study to answers, each with an uncertainty and a trail back.

>>> study = nacre.load("study.toml")
>>> outcome = nacre.run(study)
>>> page = nacre.write(outcome)
"""

__version__ = "0.1.0"
__all__ = ["load", "run", "write"]


def __getattr__(name: str):
    # what needs numpy, polars and pydantic is imported when it is first asked for, so that `nacre --help` is quick
    if name == "load":
        from nacre.pipeline.load import load

        return load
    if name == "run":
        from nacre.pipeline.run import run

        return run
    raise AttributeError(f"module 'nacre' has no attribute '{name}'")


def write(outcome, folder=None):
    """Writes report, figures, tables and results of an outcome into `folder` (default: results/ of its study).

    Returns the path of report.html.
    """
    from pathlib import Path

    from nacre.export import write_all
    from nacre.report.html import render

    folder = Path(folder) if folder else outcome.study.folder / "results"
    write_all(outcome, folder, html=render(outcome))
    return folder / "report.html"
