"""Of a file that holds several samples: the signals that are of the one a measurement is of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nacre.core.errors import NacreError
from nacre.core.labels import find_owner
from nacre.core.signal import Note, Signal


def select_own(signals: Sequence[Signal], sample: str, names: Mapping[str, Sequence[str]], where: str) -> list[Signal]:
    """
    The signals of one sample.

    A file may say of each signal which sample it is of (`metadata["sample"]`). Where it names several, those that are
    of this sample by name are taken; where it names none of the study's samples, the labels are of something else
    (spots, positions), and all are taken, with a note.

    Parameters
    ----------
    signals : of one file, in its order.
    sample : name of the sample that the measurement is of; "" where it is of none.
    names : per sample of the study what it may be called.
    where : the file, for messages.

    Raises
    ------
    NacreError
        Where the file names other samples of the study, but not this one, or a label may be of several.
    """
    labels = list(dict.fromkeys(_label_of(signal) for signal in signals))
    told = [label for label in labels if label]
    if len(told) < 2 or not sample:
        return list(signals)
    owners = {label: find_owner(label, names) for label in told}
    shown = ", ".join(f"'{label}'" for label in told[:8])
    if not any(owners.values()):
        return _with_note(signals, f"the file names {shown}, none a sample of the study: all are taken for '{sample}'")
    own = [signal for signal in signals if owners.get(_label_of(signal), sample) == sample]
    if not any(owner == sample for owner in owners.values()):
        raise NacreError(
            f"nothing in the file is of sample '{sample}'",
            where=where,
            found=shown,
            expected=" or ".join(f"'{name}'" for name in names.get(sample, (sample,))),
            do="give the sample the label that the file has (label = ...), or put the right file there",
        )
    left = len(signals) - len(own)
    return _with_note(own, f"of {len(signals)} spectra {left} are of others, by their labels") if left else own


def _label_of(signal: Signal) -> str:
    return str(signal.metadata.get("sample") or "").strip()


def _with_note(signals: Sequence[Signal], text: str) -> list[Signal]:
    """The signals, the first of them with a note."""
    first, *rest = signals
    return [replace(first, notes=(*first.notes, Note("info", text))), *rest]
