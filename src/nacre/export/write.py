"""The results folder: every file written beside its place first, then moved there whole."""

import csv
import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from nacre.core import files
from nacre.core.display import comparison_tables, style
from nacre.core.display.style import palette
from nacre.core.figure import Figure
from nacre.core.outcome import Outcome
from nacre.core.study import in_its_words
from nacre.export import cif, curves, cycles, latex, print_figures, results_json, word

LIST = "files.json"
KINDS = ("svg", "pdf")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(1, 10))}


@in_its_words
def write_all(outcome: Outcome, folder: Path, html: str = "") -> list[Path]:
    """Write results.json, curves, figures and (where `html` is given) report.html into `folder`.

    Files of an earlier run that this one did not make again are removed; `files.json` is the list of them, with
    SHA-256 (of a drawing: of what it was drawn from, and while that holds it is not drawn again). Returns the
    paths written or kept.
    """
    folder = Path(folder)
    before = _listed(folder)
    now: dict[str, str] = {}
    for name, data, source in _files(outcome, folder, before, html):
        now[name] = source or hashlib.sha256(data).hexdigest()
        if data is not None:
            files.write(folder / name, data)
    for name in set(before) - set(now):
        (folder / name).unlink(missing_ok=True)
    files.write(folder / LIST, json.dumps(now, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return [folder / name for name in now]


def _listed(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    # a list that was tampered with must not lead out of the folder
    return {name: digest for name, digest in found.items() if not Path(name).is_absolute() and ".." not in name}


def _files(
    outcome: Outcome, folder: Path, before: dict[str, str], html: str
) -> Iterator[tuple[str, bytes | None, str]]:
    yield "results.json", results_json.dumps(outcome).encode(), ""
    if cycles.tables_of_cycles(outcome):
        yield results_json.CYCLES, cycles.cycles_parquet(outcome), ""
    taken: set[str] = {Path(results_json.CYCLES).stem}
    for name, result, curve in curves.named(outcome):
        yield f"{unique(name, taken)}.parquet", curves.parquet(curve, result), ""
    taken = set()
    for name, data in cif.named(outcome):
        yield f"{unique(name, taken)}.cif", data.encode(), ""
    yield from _tables(outcome)
    taken = set()
    figures = comparison_tables.figures(outcome)
    samples = palette(outcome.study, figures)
    for figure in figures:
        stem = f"figures/{unique(figure_name(figure), taken)}"
        yield from _figure(figure, samples, stem, folder, before)
    if html:
        yield "report.html", html.encode(), ""


def write_figures(outcome: Outcome, folder: Path, columns: int) -> list[Path]:
    """All figures one or two columns of a journal wide, as svg and pdf, into `folder`."""
    figures = comparison_tables.figures(outcome)
    samples, taken, written = palette(outcome.study, figures), set(), []
    for figure in figures:
        stem = unique(figure_name(figure), taken)
        for kind, data in print_figures.draw(figure, samples, columns).items():
            written.append(folder / f"{stem}.{kind}")
            files.write(written[-1], data)
    return written


def _tables(outcome: Outcome) -> Iterator[tuple[str, bytes, str]]:
    made, taken = comparison_tables.tables(outcome), set()
    for table in made:
        stem = f"tables/{unique(f'{table.place} {table.key}'.replace('.', '').strip().lower(), taken)}"
        yield f"{stem}.tex", latex.table(table).encode(), ""
        yield f"{stem}.csv", _csv(table).encode("utf-8-sig"), ""
    if made:
        yield "tables/tables.docx", word.document(made), ""


def _csv(table: comparison_tables.Table) -> str:
    """Values and standard deviations in columns of their own, for a spreadsheet."""
    stream = io.StringIO()
    out = csv.writer(stream, lineterminator="\n")
    out.writerow(["quantity", "unit", "state", *(f"{t}{tail}" for t in table.columns for tail in ("", " (std)"))])
    for line in table.lines:
        pairs = [(None, None) if q is None else (q.value, q.std) for q in line.cells]
        out.writerow(
            [line.words, line.unit, line.state, *("" if v is None else repr(v) for pair in pairs for v in pair)]
        )
    return stream.getvalue()


def _figure(figure: Figure, samples, stem: str, folder: Path, before: dict[str, str]):
    """The figure's files; drawings carry the hash of what they were drawn from, and are kept while it holds."""
    yield f"{stem}.csv", print_figures.table(figure, samples).encode("utf-8-sig"), ""
    source = _fingerprint(figure, samples)
    if all(before.get(f"{stem}.{kind}") == source and (folder / f"{stem}.{kind}").exists() for kind in KINDS):
        yield from ((f"{stem}.{kind}", None, source) for kind in KINDS)
    else:
        yield from ((f"{stem}.{kind}", data, source) for kind, data in print_figures.draw(figure, samples).items())


def _fingerprint(figure: Figure, samples) -> str:
    text = json.dumps([results_json.plain(asdict(figure)), asdict(samples), _drawer()], sort_keys=True, default=str)
    return "from " + hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _drawer() -> str:
    code = b"".join(Path(module.__file__).read_bytes() for module in (print_figures, style))
    return f"{version('matplotlib')} {hashlib.sha256(code).hexdigest()}"


def figure_name(figure: Figure) -> str:
    """`Fig. 4a` and key `rate` make `fig_4a_rate`: sorted in a folder as in the paper."""
    return " ".join(word for word in (figure.place.replace(".", ""), figure.key) if word).lower()


def unique(name: str, taken: set[str]) -> str:
    """A file name that every system takes, and that no other of `taken` has (case does not count)."""
    text = unicodedata.normalize("NFC", name)
    safe = re.sub(r"[^\w.+-]+", "_", text).strip("._")[:100] or "unnamed"
    safe = f"{safe}_" if safe.split(".")[0].lower() in _RESERVED else safe
    count, trial = 2, safe
    while trial.lower() in taken:
        trial, count = f"{safe}-{count}", count + 1
    taken.add(trial.lower())
    return trial
