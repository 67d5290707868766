"""The reference study that comes with the package, copied to where it can be run."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from nacre.core.errors import StudyError


def copy_demo(folder: Path) -> Path:
    """A copy of the reference study in `folder` (one made before is brought up to date; its results stay).

    Raises StudyError where the folder holds something else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "study.toml").is_file():
        raise StudyError("the folder holds something else", where=str(folder), do="name another: nacre demo FOLDER")
    with as_file(_find_source()) as source:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("results", "__pycache__"))
    return folder


def reference_study() -> Path:
    """The folder of the reference study, to be read only; `copy_demo` gives one to work in."""
    return Path(str(_find_source()))


def _find_source():
    """The study beside the checkout, or, in an installed package, inside it."""
    root = Path(__file__).resolve().parents[3] / "studies" / "lho-ncm85"
    return root if root.is_dir() else files("nacre").joinpath("studies/lho-ncm85")
