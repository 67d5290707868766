"""Whose a label is: which of a study's samples a solution, a spectrum or a picture belongs to, by what it is called.

Labs call a solution by its sample and a number: `LHO-1`, `lho_2`, `Probe LHO a`, `LHO digest 3`. A label belongs to a
sample where its words are those of the sample's name, with nothing around them but such a number. `NCM85-LHO-1` is not
of a sample `NCM85`; where a label fits two names, the longer name counts; where it fits two samples alike, nobody's.
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence

from nacre.core.errors import NacreError

# words that number a repeat or say what was taken of a sample, in English and German
_WORDS_AROUND = """
    sample smp probe prb digest digests dig aufschluss solution soln lösung loesung rep repeat replicate wdh aliquot
    run no nr spot point pos position stelle messung measurement scan map spectrum dil dilution verd dup duplicate
    powder pulver
"""
_AROUND = frozenset(_WORDS_AROUND.split())
_NUMBERED = r"(?:r|rep|nr|no|digest|dig|probe|spot|pos|point)\d{1,3}"
_REPEAT = re.compile(rf"\d{{1,3}}|[a-h]|[ivx]{{1,4}}|x\d+|\d+x|\d+:\d+|{_NUMBERED}")
_GLUED = re.compile(r"(.*[^\W\d_])(\d{1,2}|[a-h])")
_APART = re.compile(r"[\s_\-./#()\[\],;]+")


def match_labels(
    labels: Iterable[str], sample: str, names: Mapping[str, Sequence[str]], patterns: Sequence[str] = ()
) -> list[str]:
    """
    The labels that are of one sample.

    Parameters
    ----------
    labels : as the file has them.
    sample : name of the sample in the study.
    names : per sample of the study what it may be called: its name, and its label.
    patterns : the user's own globs, like "LHO*"; where there are any, they alone decide.

    Returns
    -------
    list of str
        In the file's order, each once; empty where none is of the sample.

    Raises
    ------
    NacreError
        Where a label fits several samples equally well; it names them.
    """
    there = list(dict.fromkeys(labels))
    if patterns:
        return [label for label in there if any(fnmatch.fnmatchcase(label, pattern) for pattern in patterns)]
    return [label for label in there if find_owner(label, names) == sample]


def find_owner(label: str, names: Mapping[str, Sequence[str]]) -> str | None:
    """The sample that a label belongs to, None where it is none's. Raises NacreError where several fit alike."""
    fits = {sample: _fit(label, called) for sample, called in names.items()}
    best = max(fits.values(), default=0)
    owners = [sample for sample, fit in fits.items() if fit == best]
    if best == 0:
        return None
    if len(owners) > 1:
        raise NacreError(
            f"label '{label}' may be of several samples",
            found=" and ".join(f"'{owner}'" for owner in owners),
            expected="a name or label of one sample alone",
            do="give the samples different names, or say which labels are whose",
        )
    return owners[0]


def _fit(label: str, called: Sequence[str]) -> int:
    """How well a label fits what a sample is called: letters of the longest name that fits, more where it is whole."""
    return max((_fit_name(label, name) for name in called if name.strip()), default=0)


def _fit_name(label: str, name: str) -> int:
    words, wanted = _split(label), _split(name)
    if words == wanted:
        return 1000 + len(name)
    for read in (words, _part_glued(words)):
        rest = _take_away(read, wanted)
        if rest is not None and all(word in _AROUND or _REPEAT.fullmatch(word) for word in rest):
            return len("".join(wanted))
    return 0


def _split(text: str) -> list[str]:
    return [word for word in _APART.split(text.casefold().strip()) if word]


def _part_glued(words: list[str]) -> list[str]:
    """`lho1` as `lho`, `1`: only in the last word."""
    match = _GLUED.fullmatch(words[-1]) if words else None
    return [*words[:-1], match[1], match[2]] if match else words


def _take_away(words: list[str], wanted: list[str]) -> list[str] | None:
    """The words around those of the name where they stand together in the label, else None."""
    size = len(wanted)
    for start in range(len(words) - size + 1):
        if words[start : start + size] == wanted:
            return words[:start] + words[start + size :]
    return None
