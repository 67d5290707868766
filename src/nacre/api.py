"""What the command line does, for scripts and notebooks: each function takes a study or its path.

A study stands for its folder here: what counts is what its study.toml says. `load`, `run` and `read` are functions of
their own rooms; the package's front door (`nacre`) has all of them.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nacre.core.errors import NacreError
from nacre.core.guard import Guard
from nacre.core.outcome import Outcome
from nacre.core.study import Study
from nacre.evidence.calibrate.run import Ask
from nacre.export import write_all
from nacre.pipeline.discovery import new as discovery
from nacre.pipeline.loading.problems import StudyProblem
from nacre.pipeline.modelling import calibrate as calibrating
from nacre.pipeline.modelling import simulate as simulating
from nacre.pipeline.running.check import check as find_problems
from nacre.report.html import render


def new(folder: str | Path, raw: str | Path | None = None, name: str = "") -> discovery.NewStudy:
    """
    Look through raw files and write study.toml and cells.csv, with blanks that only a person can fill.

    Parameters
    ----------
    folder : str or Path
        The study's folder; made where it does not exist.
    raw : str or Path, optional
        The folder of raw files; default: `folder` itself.
    name : str
        The study's name; default: that of the folder.

    Returns
    -------
    NewStudy
        The files written (`study`, `cells`), `samples` as the names were understood, and the `blanks`.

    Raises
    ------
    StudyError
        Where a study is there already (nothing is overwritten), or no file can be read.
    """
    return discovery.new(Path(folder), Path(raw or folder), name)


def check(study: Study | str | Path) -> list[StudyProblem]:
    """
    Everything that stands between a study and its results, before anything runs.

    Parameters
    ----------
    study : Study, str or Path
        A study, its folder or its study.toml.

    Returns
    -------
    list of Problem
        Each with `file`, `line`, `text` and `level` ("error" or "warning"); empty where the study is sound.

    Raises
    ------
    StudyError
        Where there is no study.
    """
    return find_problems(_path(study))[0]


def write(outcome: Outcome, folder: str | Path | None = None, guard: Guard | None = None) -> Path:
    """
    Write report, figures, tables and results into a folder.

    What is empty or cannot be made is left out and named in the report.

    Parameters
    ----------
    outcome : Outcome
        Of `run`, `simulate`, `calibrate` or `predict`.
    folder : str or Path, optional
        Default: results/ of the study, or the folder within it that a simulation, calibration or prediction has.
    guard : Guard, optional
        Its `left_out` then names what is left out; without it each is a warning.

    Returns
    -------
    Path
        report.html.

    Raises
    ------
    OSError
        Where that cannot be written.
    """
    folder = Path(folder or outcome.folder or outcome.study.folder / "results")
    kept = guard or Guard()
    write_all(outcome, folder, render, kept)
    if guard is None:
        for item in kept.left_out:
            warnings.warn(str(item), stacklevel=2)
    return folder / "report.html"


def simulate(study: Study | str | Path, protocol: str = "", sample: str | Sequence[str] = ()) -> Outcome:
    """
    Run a protocol on the cell model of a study's samples, and let the techniques see what it gives.

    Parameters
    ----------
    study : Study, str or Path
        A study, its folder or its study.toml; or a cell.toml.
    protocol : str
        In words, or the name of a file that holds it; default: the study's own.
    sample : str or several
        Default: all.

    Returns
    -------
    Outcome
        Predicted, not measured. `write` puts its files into results/simulation.

    Raises
    ------
    NacreError
        Where there is no protocol, or a number of the model is missing.
    """
    samples = [sample] if isinstance(sample, str) and sample else list(sample)
    subjects = simulating.find(_path(study), samples, protocol)
    return replace(simulating.simulate(subjects)[0], folder=subjects.folder)


def calibrate(study: Study | str | Path, *, starts: int = 0, rivals: bool = False, workers: int = 1) -> Outcome:
    """
    Fit the cell model to a study's evidence; `predict` then starts from it.

    Parameters
    ----------
    study : Study, str or Path
        A study with [calibration] in its study.toml, its folder or that file.
    starts : int
        Local searches; 0: as the study says.
    rivals : bool
        Fit competing explanations too (minutes).
    workers : int
        Threads.

    Returns
    -------
    Outcome
        The numbers with their uncertainties, and what the evidence does not determine. calibration.json and a
        cell.toml per sample are written into results/calibration.

    Raises
    ------
    NacreError
        Where the study asks for no calibration, or its evidence cannot be had.
    """
    outcome, _, _ = calibrating.calibrate(_path(study), Ask(starts, rivals, True, False, False, workers))
    return replace(outcome, folder=calibrating.folder_of(outcome.study))


def predict(study: Study | str | Path, cases: str | Sequence[str] = (), sample: str = "", draws: int = 48) -> Outcome:
    """
    What the calibrated model makes of cells that nobody has built, with intervals.

    Parameters
    ----------
    study : Study, str or Path
        A study that was calibrated, its folder or its study.toml.
    cases : str or several
        Such as ``"3 nm: cathode.coating_thickness = 3 nm"``; default: the cases of study.toml.
    sample : str
        Whose cell is changed.
    draws : int
        Draws behind the intervals.

    Returns
    -------
    Outcome
        `write` puts its files into results/prediction.

    Raises
    ------
    NacreError
        Where the study was not calibrated or has changed since, or no case is given.
    """
    texts = [cases] if isinstance(cases, str) and cases else list(cases)
    outcome, _ = calibrating.predict(_path(study), texts, sample, draws)
    return replace(outcome, folder=outcome.study.folder / "results" / "prediction")


def _path(study: Study | str | Path) -> Path:
    if isinstance(study, (str, Path)):
        return Path(study)
    if isinstance(study, Study):
        return study.folder
    raise NacreError("this is no study", found=type(study).__name__, expected="a study, its folder or its study.toml")
