"""What Nacre knows: formats, techniques, references, the schema of study.toml."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nacre.cli.console import PluginsOf, StudyPath, folder_of, say, say_columns


def formats(study: PluginsOf = None) -> None:
    """List the file formats that can be read."""
    from nacre.core.registry import readers

    known = readers(folder_of(study)).values()
    say_columns([(r.name, r.words, " ".join(r.suffixes), ", ".join(r.kinds)) for r in known])


def techniques(
    name: Annotated[str, typer.Argument(help="a technique, for its options")] = "",
    study: PluginsOf = None,
) -> None:
    """List the techniques, or the options of one."""
    from nacre.core import registry
    from nacre.core.options import table

    if not name:
        every = registry.techniques(folder_of(study)).values()
        say_columns([(t.name, t.title, ", ".join(t.accepts), "when asked for" if t.asked else "") for t in every])
        return
    technique = registry.technique(name, folder_of(study))
    say(f"{technique.name}: {technique.title}")
    for row in table(technique.options):
        bounds = f" [{row['lo']} to {row['hi']}]" if row["lo"] is not None or row["hi"] is not None else ""
        choices = f" ({', '.join(map(str, row['choices']))})" if row["choices"] else ""
        say(f"  {row['name']} = {row['default']} {row['unit']}{bounds}{choices}: {row['help']}")


def cite(study: StudyPath) -> None:
    """Print the references behind the results of a study, by what it uses."""
    from nacre.core import registry
    from nacre.pipeline.loading.load import load
    from nacre.pipeline.running.graph import build

    loaded = load(study)
    used = {node.technique for node in build(loaded).nodes.values()}
    for name, technique in registry.techniques(loaded.folder).items():
        if name in used:
            for citation in technique.citations:
                say(f"{name}: {citation}")


def schema(
    file: Annotated[Path | None, typer.Argument(help="where to write it (default: the terminal)")] = None,
    study: PluginsOf = None,
    results: Annotated[bool, typer.Option("--results", help="that of results.json instead")] = False,
) -> None:
    """The JSON schema of study.toml, for editors that complete and check."""
    import json

    from nacre.core import files
    from nacre.export.results_schema import results_schema
    from nacre.pipeline.loading.schema import study_schema

    text = json.dumps(results_schema() if results else study_schema(folder_of(study)), indent=2)
    if file:
        files.write(file, text + "\n")
    else:
        sys.stdout.write(text + "\n")
