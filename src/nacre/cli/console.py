"""What all verbs share: the words of the console, and how a study is named on the command line."""

from pathlib import Path
from typing import Annotated

import typer

StudyPath = Annotated[Path, typer.Argument(help="a folder with study.toml, or that file")]
PluginsOf = Annotated[Path | None, typer.Option("--study", help="a study, whose plugins are known then too")]


def open_console():
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def folder_of(study: Path | None) -> Path | None:
    """The folder whose plugins are to be known; None: none."""
    from nacre.pipeline.loading.load import find

    return find(study).parent.resolve() if study else None


def say(text: str = "") -> None:
    open_console().print(text, markup=False)


def say_columns(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
