"""Write a draw to a file and have a reader of the product read it, as a user would; tally many such readings."""

from collections import Counter
from pathlib import Path

from nacre.core import registry
from nacre.core.errors import NacreError
from truth.foreign.tables.judge import SEVERITY, Verdict, compare
from truth.foreign.tables.truth import Draw
from truth.foreign.tables.writer import draw

READER = {"maccor": "maccor", "impedance": "eis_csv", "generic": "table"}
BAD = ("escape", *SEVERITY[:-1])
EXAMPLES = 5


def options_for(made: Draw) -> dict:
    """What a user would say in study.toml: for a table of one's own, which column is which."""
    if made.truth.kind != "generic":
        return {}
    main = made.truth.tables[0]
    columns = tuple(f"{short(c.name)} = {c.head} [{c.written_unit}]" for c in main.columns)
    return {"columns": columns, "kind": "series"}


def short(name: str) -> str:
    return {"test_time_second": "time", "voltage_volt": "voltage", "current_ampere": "current"}.get(name, name)


def read_draw(made: Draw, folder: Path):
    """The signals, or the NacreError in their stead. Any other exception is let through: it is a fault."""
    reader = registry.readers()[READER[made.truth.kind]]
    path = Path(folder) / f"draw{made.suffix}"
    path.write_bytes(made.data)
    try:
        return list(reader.read(path, reader.options(**options_for(made))))
    except NacreError as error:
        return error


def judge_draw(made: Draw, folder: Path, clean: bool = False) -> Verdict:
    """Read one draw and judge it; an exception that is not the product's is an 'escape'."""
    try:
        outcome = read_draw(made, folder)
    except Exception as error:
        return Verdict("escape", f"{type(error).__name__}: {error}")
    return compare(outcome, made.truth, clean)


def tally(kind: str, seeds, folder: Path, clean: bool = False) -> tuple[Counter, dict[str, list[str]]]:
    """Read many draws back: how often each outcome came, and of each some examples (`seed: what`).

    For the property test: no outcome of `BAD` in 5,000 draws; for its twin: nothing but 'fine' in 2,000 clean ones.
    """
    counts, examples = Counter(), {}
    for seed in seeds:
        made = draw(seed, kind, clean)
        verdict = judge_draw(made, folder, clean)
        counts[verdict.outcome] += 1
        if len(examples.setdefault(verdict.outcome, [])) < EXAMPLES:
            examples[verdict.outcome].append(f"{kind} {seed}: {verdict.what}")
    return counts, examples
