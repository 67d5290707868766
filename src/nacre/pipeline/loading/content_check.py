"""Does a file hold what the study says of it? Else its values would be missing, or stand for another measurement's."""

from collections.abc import Mapping, Sequence

from nacre.core.contracts import Reader, Technique
from nacre.core.errors import NacreError
from nacre.core.study import Measurement, Study

CURE = "put the right file there"


def misplaced(
    study: Study, readers: Mapping[str, Reader], techniques: Mapping[str, Technique]
) -> dict[str, NacreError]:
    """Measurements whose files hold another kind of data than what is declared for them, or than their siblings'.

    What is declared: segments of a cycling protocol, options of a technique, an [[analysis]] of this one file.
    Siblings: what one [[measurement]] says of several samples or cells. Where two siblings differ, a file whose name is
    of another format than its content is the wrong one; where that does not tell, both are named.
    """
    found: dict[str, NacreError] = {}
    siblings: dict[tuple[int, str], list[Measurement]] = {}
    for measurement in study.measurements:
        reader = readers.get(measurement.name)
        if reader is None:
            continue
        why = _compare_with_declared(measurement, reader, techniques, study)
        if why:
            found[measurement.name] = why
        else:
            siblings.setdefault((measurement.line, _shorten(measurement)), []).append(measurement)
    for group in siblings.values():
        found |= _find_odd_ones(group, readers)
    return found


def _shorten(measurement: Measurement) -> str:
    return measurement.name.rpartition(":")[2]


def _describe_content(reader: Reader) -> str:
    return f"{' or '.join(reader.kinds)} (read as {reader.name})"


def _compare_with_declared(measurement: Measurement, reader: Reader, techniques, study: Study) -> NacreError | None:
    if measurement.techniques:
        return None  # what was asked for by name says itself what it cannot take
    wanted = {kind for name in measurement.options if name in techniques for kind in techniques[name].accepts}
    wanted |= {"cycling"} if measurement.segments else set()
    why = "segments" if measurement.segments else "options"
    if not wanted:
        wanted, why = _list_analysed(measurement, techniques, study), "analysis"
    if not wanted or wanted & set(reader.kinds):
        return None
    return NacreError(
        "the file is not of the kind that is declared for it",
        where=", ".join(path.name for path in measurement.files),
        found=_describe_content(reader),
        expected=f"{' or '.join(sorted(wanted))}, for its {why}",
        do=CURE,
    )


def _list_analysed(measurement: Measurement, techniques, study: Study) -> set[str]:
    """Kinds that declared analyses of this measurement alone take (beside others it may be of another, like masks)."""
    names = {m.name for m in study.measurements}
    wanted: set[str] = set()
    for analysis in study.analyses:
        refs = [ref for refs in analysis.inputs.values() for ref in ((refs,) if isinstance(refs, str) else refs)]
        if [ref for ref in refs if ref in names] == [measurement.name]:
            wanted |= set(techniques[analysis.technique].accepts)
    return wanted


def _find_odd_ones(group: Sequence[Measurement], readers: Mapping[str, Reader]) -> dict[str, NacreError]:
    kinds = {m.name: set(readers[m.name].kinds) for m in group}
    odd = [m for m in group if all(kinds[m.name].isdisjoint(kinds[o.name]) for o in group if o is not m)]
    if len(group) < 2 or not odd:
        return {}
    misnamed = [m for m in odd if not any(path.suffix.lower() in readers[m.name].suffixes for path in m.files)]
    if len(odd) == len(group) and 0 < len(misnamed) < len(odd):
        odd = misnamed
    return {m.name: _report_odd_one(m, next(o for o in group if o is not m), readers) for m in odd}


def _report_odd_one(measurement: Measurement, other: Measurement, readers: Mapping[str, Reader]) -> NacreError:
    return NacreError(
        "the file is of another kind than those of the same measurement",
        where=", ".join(path.name for path in measurement.files),
        found=_describe_content(readers[measurement.name]),
        expected=f"{_describe_content(readers[other.name])}, as for '{other.name}'",
        do=f"{CURE}, or declare it as a measurement of its own",
    )
