"""Three and more samples side by side, as a dose series asks for: one row per quantity and state, one column each."""

from collections.abc import Callable

from nacre.core.display.wording import like, name_words, pretty_unit, state_words
from nacre.core.errors import NacreError
from nacre.core.outcome import Contrast, Outcome
from nacre.core.quantity import parse

MARKS = {"shown": "●", "seen": "○", "equal": "=", "no_difference": "–", "cannot_tell": "–"}
KEY = "● the difference from {} is shown, ○ seen and not proven, = shown to be equal, – cannot be determined"


def abreast(
    outcome: Outcome, rows: list[Contrast], title: Callable[[str], str]
) -> tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]] | None:
    """(words, heads, rows) of a table of contrasts; None where fewer than two samples are held against one reference.

    Samples stand by their dose where all treated ones declare one.
    """
    reference = _common_reference(rows)
    rows = [row for row in rows if row.reference == reference]
    treated = _sort_by_dose(outcome, list(dict.fromkeys(row.treated for row in rows)))
    if len(treated) < 2:
        return None
    lines: dict[tuple, dict[str, Contrast]] = {}
    for row in rows:
        if row.reference_value is not None and row.treated_value is not None:
            key = (row.name, tuple(sorted((k, str(v)) for k, v in row.state.items())))
            lines.setdefault(key, {})[row.treated] = row
    table = [_make_line(found, treated) for found in lines.values()]
    heads = ("", title(reference), *(title(sample) for sample in treated))
    return KEY.format(title(reference)), heads, tuple(table)


def _common_reference(rows: list[Contrast]) -> str:
    """What most samples are held against: a coated sample may be held against its blank as well."""
    treated = {name: {row.treated for row in rows if row.reference == name} for name in [row.reference for row in rows]}
    return max(treated, key=lambda name: len(treated[name]), default="")


def _make_line(found: dict[str, Contrast], treated: list[str]) -> tuple[str, ...]:
    first = next(iter(found.values()))
    unit, at = pretty_unit(first.unit), state_words(first.state, first.name)
    what = f"{name_words(first.name, first.state)}{f' / {unit}' if unit else ''}{f'; {at}' if at else ''}"
    values = [f"{_number(found[s].treated_value)} {MARKS[found[s].verdict]}" if s in found else "" for s in treated]
    return what, _number(first.reference_value), *values


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return like(value, abs(value) / 10 or 1.0)


def _sort_by_dose(outcome: Outcome, samples: list[str]) -> list[str]:
    """Samples in the order of what was meant to be put on them, where all say it; else as study.toml has them."""
    doses = {}
    for name in samples:
        try:
            doses[name] = parse(str(outcome.study.samples[name].coating["target"]))
        except (KeyError, NacreError):
            return samples
    if len({dose.unit for dose in doses.values()}) > 1:
        return samples
    return sorted(samples, key=lambda name: doses[name].value)
