"""The results folder: every file written beside its place first, then moved there whole."""

import csv
import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path

from nacre.core import files
from nacre.core.display import comparison_tables, style
from nacre.core.display.style import palette
from nacre.core.figure import Figure
from nacre.core.guard import Guard
from nacre.core.outcome import Outcome
from nacre.core.study import in_its_words
from nacre.export import cif, curves, cycles, latex, print_figures, results_json, word

LIST = "files.json"
REPORT = "report.html"
KINDS = ("svg", "pdf")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(1, 10))}
_Make = Callable[[], Sequence[tuple[str, bytes | None, str]]]  # (name, data or None to keep, what it was drawn from)


@in_its_words
def write_all(
    outcome: Outcome, folder: Path, report: Callable[[Outcome, Guard], str] | None = None, guard: Guard | None = None
) -> list[Path]:
    """Write results.json, curves, figures, tables and (where `report` is given) report.html into `folder`.

    What cannot be made or written costs itself alone and is noted in `guard`; `report(outcome, guard)` is called
    last, so that its page can name it. Files of an earlier run that this one did not make again are removed;
    `files.json` is the list of them, with SHA-256 (of a drawing: of what it was drawn from, and while that holds it
    is not drawn again). Returns the paths written or kept. Raises OSError where report.html cannot be written.
    """
    folder, guard = Path(folder), guard or Guard()
    before = _read_list(folder)
    now: dict[str, str] = {}
    for what, make in _make_products(outcome, folder, before, guard):
        for name, data, source in guard.attempt(what, make, instead=()):
            if guard.attempt(f"file {name}", _put, folder / name, data):
                now[name] = source or hashlib.sha256(data).hexdigest()
    for name in set(before) - set(now) - ({REPORT} if report else set()):
        guard.attempt(f"removing the outdated file {name}", (folder / name).unlink, True)
    if report:
        page = report(outcome, guard).encode()
        files.write(folder / REPORT, page)
        now[REPORT] = hashlib.sha256(page).hexdigest()
    files.write(folder / LIST, json.dumps(now, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return [folder / name for name in now]


def _put(path: Path, data: bytes | None) -> bool:
    if data is not None:
        files.write(path, data)
    return True


def _read_list(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    # a list that was tampered with must not lead out of the folder
    return {name: digest for name, digest in found.items() if not Path(name).is_absolute() and ".." not in name}


def _make_products(outcome: Outcome, folder: Path, before: dict[str, str], guard: Guard) -> Iterator[tuple[str, _Make]]:
    """(what it is, what makes its files), one by one; report.html is not among them."""
    yield "results.json", partial(_make_single, "results.json", results_json.dumps, outcome)
    if cycles.tables_of_cycles(outcome):
        yield results_json.CYCLES, partial(_make_single, results_json.CYCLES, cycles.cycles_parquet, outcome)
    yield from guard.attempt("curves", lambda: [*_make_curves(outcome)], instead=())
    yield from guard.attempt("CIF files", lambda: [*_make_structures(outcome)], instead=())
    yield from guard.attempt("tables", lambda: [*_make_tables(outcome, guard)], instead=())
    yield from guard.attempt("figures", lambda: [*_make_drawings(outcome, folder, before, guard)], instead=())


def _make_curves(outcome: Outcome) -> Iterator[tuple[str, _Make]]:
    taken = {Path(results_json.CYCLES).stem}
    for name, result, curve in curves.named(outcome):
        yield f"curve '{name}'", partial(_make_single, f"{unique(name, taken)}.parquet", curves.parquet, curve, result)


def _make_structures(outcome: Outcome) -> Iterator[tuple[str, _Make]]:
    taken: set[str] = set()
    for name, result in cif.named(outcome):
        yield f"CIF of '{name}'", partial(_make_single, f"{unique(name, taken)}.cif", cif.text, result)


def _make_drawings(outcome: Outcome, folder: Path, before: dict[str, str], guard: Guard) -> Iterator[tuple[str, _Make]]:
    figures, samples = _collect_figures(outcome, guard)
    taken: set[str] = set()
    for figure in figures:
        stem = f"figures/{unique(figure_name(figure), taken)}"
        called = comparison_tables.figure_words(figure)
        yield f"data of {called}", partial(_make_single, f"{stem}.csv", _write_data, figure, samples)
        yield f"print of {called}", partial(_print, figure, samples, stem, folder, before)


def _make_single(name: str, make: Callable[..., bytes | str], *args) -> list[tuple[str, bytes, str]]:
    """A product that is one file."""
    made = make(*args)
    return [(name, made if isinstance(made, bytes) else made.encode(), "")]


def _collect_figures(outcome: Outcome, guard: Guard) -> tuple[list[Figure], style.Palette]:
    figures = comparison_tables.figures(outcome, guard)
    return figures, palette(outcome.study, figures)


def write_figures(outcome: Outcome, folder: Path, columns: int, guard: Guard | None = None) -> list[Path]:
    """All figures one or two columns of a journal wide, as svg and pdf, into `folder`.

    Returns the paths written; `guard` names what could not be drawn or written.
    """
    guard = guard or Guard()
    figures, samples = _collect_figures(outcome, guard)
    taken: set[str] = set()
    written = []
    for figure in figures:
        stem = unique(figure_name(figure), taken)
        what = f"print of {comparison_tables.figure_words(figure)}"
        for kind, data in guard.attempt(what, print_figures.draw, figure, samples, columns, instead={}).items():
            path = folder / f"{stem}.{kind}"
            if guard.attempt(f"file {path.name}", _put, path, data):
                written.append(path)
    return written


def _make_tables(outcome: Outcome, guard: Guard) -> Iterator[tuple[str, _Make]]:
    made = comparison_tables.tables(outcome, guard)
    taken: set[str] = set()
    for table in made:
        stem = f"tables/{unique(f'{table.place} {table.key}'.replace('.', '').strip().lower(), taken)}"
        yield f"LaTeX of table '{table.title}'", partial(_make_single, f"{stem}.tex", latex.table, table)
        yield f"csv of table '{table.title}'", partial(_make_single, f"{stem}.csv", _write_spreadsheet, table)
    if made:
        yield "Word document of the tables", partial(_make_single, "tables/tables.docx", word.document, made)


def _write_spreadsheet(table: comparison_tables.ComparisonTable) -> bytes:
    return _write_csv(table).encode("utf-8-sig")


def _write_csv(table: comparison_tables.ComparisonTable) -> str:
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


def _write_data(figure: Figure, samples: style.Palette) -> bytes:
    return print_figures.table(figure, samples).encode("utf-8-sig")


def _print(figure: Figure, samples, stem: str, folder: Path, before: dict[str, str]) -> list[tuple]:
    """The drawings; they carry the hash of what they were drawn from, and are kept while it holds."""
    source = _fingerprint_figure(figure, samples)
    names = {kind: f"{stem}.{kind}" for kind in KINDS}
    if all(before.get(name) == source and (folder / name).exists() for name in names.values()):
        return [(name, None, source) for name in names.values()]
    return [(names[kind], data, source) for kind, data in print_figures.draw(figure, samples).items()]


def _fingerprint_figure(figure: Figure, samples) -> str:
    text = json.dumps(
        [results_json.plain(asdict(figure)), asdict(samples), _fingerprint_drawing()], sort_keys=True, default=str
    )
    return "from " + hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _fingerprint_drawing() -> str:
    code = b"".join(Path(str(module.__file__)).read_bytes() for module in (print_figures, style))
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
