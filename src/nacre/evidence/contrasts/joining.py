"""Values of several samples that may be compared: of one technique, test, quantity and state."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nacre.core.quantity import Quantity
from nacre.core.result import Entry, Result, Subject
from nacre.core.study import Study
from nacre.core.vocabulary import word
from nacre.evidence.contrasts.units import Value, split_state


@dataclass(frozen=True)
class Joined:
    """What may be compared: a quantity in a state, from one technique and one test of a cell's life, by sample."""

    technique: str
    measurement: str
    name: str
    state: Mapping[str, Any]
    values: Mapping[str, list[Value]]


def join(study: Study, results: Iterable[Result]) -> list[Joined]:
    """All values of samples, those together that may be compared, in the order of the results.

    Two techniques that measure one quantity are not each other's replicates, and two tests of a cell are never one
    state. A quantity that tells of the measurement, not of the sample, is left out.
    """
    found: dict[tuple, dict[str, list[Value]]] = defaultdict(lambda: defaultdict(list))
    states: dict[tuple, dict[str, Any]] = {}
    for result in results:
        failed = any(check.status == "fail" for check in result.checks)
        for entry in result.entries:
            subject = entry.subject or result.subject
            if not _is_compared(subject, entry):
                continue
            state, repeat = split_state(entry.state)
            key = result.technique, _test_of(subject), entry.name, tuple(sorted(state.items()))
            states[key] = state
            batch = str(repeat.get("batch", ""))
            value = Value(result.entry_id(entry), _in_vocabulary_unit(entry), subject.cell, batch, failed)
            found[key][subject.sample].append(value)
    return [Joined(key[0], key[1], key[2], states[key], dict(values)) for key, values in found.items()]


def _is_compared(subject: Subject, entry: Entry) -> bool:
    known = subject.sample and word("quantity", entry.name).compared
    return bool(known) and math.isfinite(entry.quantity.value)


def _test_of(subject: Subject) -> str:
    """The measurement by its name within the cell or sample, `rate` of `lho-1:rate`: two are never one state."""
    return subject.measurement.removeprefix(f"{subject.cell or subject.sample}:")


def _in_vocabulary_unit(entry: Entry) -> Quantity:
    return entry.quantity.to(word("quantity", entry.name).unit)
