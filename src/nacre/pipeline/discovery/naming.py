"""What file names tell: which sample, which cell, which part of the test.

Labs write the sample, a cell number, the part of the test, a date, a channel and a restart number into a name, in
any order, some of it into the names of folders. What is the same in all names tells nothing; what is known to be
date, channel or part is set aside; numbers that are left count cells; the words that are left name the sample.
In doubt two files are taken for two cells: that is seen at once in cells.csv, two cells joined to one are not.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

# parts of a test that labs write into file names, by how the word begins (short ones must match whole)
PARTS = {
    "form": "formation",
    "rate": "rate",
    "crate": "rate",
    "age": "ageing",
    "ageing": "ageing",
    "aging": "ageing",
    "alterung": "ageing",
    "long": "ageing",
    "langzeit": "ageing",
    "lt": "ageing",
    "cyc": "cycling",
    "cycl": "cycling",
    "zykl": "cycling",
    "first": "first",
    "gcpl": "cycling",
    "gitt": "gitt",
    "ocv": "ocv",
    "check": "checkup",
    "rpt": "checkup",
    "eis": "eis",
    "peis": "eis",
    "geis": "eis",
    "impedan": "eis",
    "xrd": "xrd",
    "pxrd": "xrd",
    "xps": "xps",
    "sem": "sem",
    "eds": "eds",
    "edx": "eds",
    "tem": "tem",
    "stem": "stem",
    "haadf": "stem",
    "hrtem": "hrtem",
    "eels": "eels",
    "ir": "ir",
    "ftir": "ir",
    "atr": "ir",
    "icp": "icp",
    "titr": "titration",
}
REFERENCES = ("bare", "pristine", "uncoated", "reference", "ref", "blank", "unbeschichtet", "baseline")
_NOISE = re.compile(
    r"ch\d*|channel\d*|kanal\d*|raw|rohdaten|data|daten|export|copy|kopie|final|v\d+|test|measurement|messung|files?"
    r"|maccor|biologic|eclab|arbin|neware|basytec|gamry|\d{2}h\d{2}(m\d{2})?",
    re.IGNORECASE,
)
_DATES = re.compile(
    r"""(?<!\d)(?:(?:19|20)\d\d([-_. ]?)(?:0\d|1[0-2])\1(?:[0-2]\d|3[01])       # 2024-05-06, 20240506
        |(?:[0-2]\d|3[01])([-_.])(?:0\d|1[0-2])\2(?:20)?[1-3]\d                 # 06.05.2024
        |[1-3]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])                        # 240506
        |(?:19|20)\d\d)(?!\d)""",
    re.VERBOSE,
)
_COPY = re.compile(r"\s*(\(\d+\)|-\s*(Copy|Kopie)( \(\d+\))?)$", re.IGNORECASE)
_RATE = re.compile(r"(?<![A-Za-z0-9])(?:1?\d(?:[.,p]\d+)?|0[.,p]\d+)C(?![A-Za-z0-9])")
_ECLAB = re.compile(r"(?:_\d{2}_([A-Z]{2,6}))?_C\d{2}$")  # EC-Lab adds technique number, technique and channel
_TOKEN = re.compile(r"[^_\-\s.,()+#]+")
_CELL = re.compile(r"(?:cell|zelle|pellet|coin|no|nr|rep|pc|cc|c|z)(\d{1,3})", re.IGNORECASE)
_CELL_WORD = re.compile(r"cell|zelle|pellet|no|nr|rep", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,3}")
_GLUED = re.compile(r"([A-Za-z]{3,})(\d{1,2})")
_ELEMENT = re.compile(
    "H|Li|Be|B|C|N|O|F|Na|Mg|Al|Si|P|S|Cl|K|Ca|Sc|Ti|V|Cr|Mn|Fe|Co|Ni|Cu|Zn|Ga|Ge|As|Se|Br|Sr|Y|Zr|Nb|Mo|Ru|Rh|Pd|Ag"
    "|Cd|In|Sn|Sb|Te|I|Cs|Ba|La|Ce|Nd|Sm|Gd|Hf|Ta|W|Re|Ir|Pt|Au|Pb|Bi"
)


@dataclass(frozen=True)
class NamedFile:
    """One file, read by its name: `cell` is how the name writes the cell in one piece, "" where it does not."""

    path: Path
    sample: str
    replicate: str
    part: str
    cell: str


@dataclass(frozen=True)
class _Words:
    """The words of a name: those that may name the sample, the cell's number, the part.

    `text` is the bare stem, `tail` the word that numbers the cell, `mark` channel and date: they tell files apart
    that nothing else tells apart, `joined` groups of words that hyphens join (LHO-NCM85 in LHO-NCM85_cell1).
    """

    path: Path
    text: str
    sample: tuple[str, ...]
    replicate: str = ""
    part: str = ""
    tail: str = ""
    mark: str = ""
    joined: tuple[frozenset[str], ...] = ()


def read_names(paths: Sequence[Path], root: Path | None = None) -> list[NamedFile]:
    """Sample, replicate and part of every file, from what their names share and where they differ.

    root : the folder of raw files; names of folders below it count too.
    """
    found = [_classify_words(path, root) for path in paths]
    counts = Counter(word for words in found for word in {w.lower() for w in words.sample})
    shared = {word for word, n in counts.items() if n == len(found) > 1}
    spelt = {word.lower(): word for words in reversed(found) for word in words.sample}
    return _separate_cells([_name_file(words, shared, spelt) for words in found], found)


def _separate_cells(named: list[NamedFile], found: list[_Words]) -> list[NamedFile]:
    """Files without a cell number that differ in channel or date alone are taken for cells of their own."""
    marks: dict[tuple[str, str], list[str]] = {}
    for name, words in zip(named, found, strict=True):
        seen = marks.setdefault((name.sample, name.part), [])
        if not words.replicate and words.mark not in seen:
            seen.append(words.mark)
    made = []
    for name, words in zip(named, found, strict=True):
        seen = marks[name.sample, name.part]
        if not words.replicate and len(seen) > 1:
            name = replace(name, replicate=str(seen.index(words.mark) + 1), cell="")
        made.append(name)
    return made


def _name_file(words: _Words, shared: set[str], spelt: dict[str, str]) -> NamedFile:
    telling = {w.lower() for w in words.sample} - shared
    telling |= {w for group in words.joined if group & telling for w in group}
    own = [w for w in words.sample if w.lower() in telling]
    # what all names share tells nothing, unless nothing else is left, or only a number
    named = own if any(c.isalpha() for w in own for c in w) else words.sample
    sample = clean("-".join(dict.fromkeys(spelt[w.lower()] for w in named)))
    return NamedFile(words.path, sample, words.replicate or "1", words.part, _find_written_name(words, named))


def _find_written_name(words: _Words, named: Sequence[str]) -> str:
    """The piece of the file name that holds the sample's words and the cell's number, and nothing else."""
    pieces = list(_TOKEN.finditer(words.text))
    for own in filter(None, (list(named), list(words.sample))):
        ways = [[*own, words.tail], [words.tail, *own]] if words.tail else [own]
        if words.replicate and not words.tail:
            ways = [[*own[:-1], own[-1] + words.replicate]]
        for wanted in ways:
            for i in range(len(pieces) - len(wanted) + 1):
                if [piece[0] for piece in pieces[i : i + len(wanted)]] == wanted:
                    return words.text[pieces[i].start() : pieces[i + len(wanted) - 1].end()]
    return ""


def _classify_words(path: Path, root: Path | None) -> _Words:
    text = path.name if path.suffix[1:].isdigit() else path.stem
    text = _COPY.sub("", re.sub(r"\.\d+$", "", text))
    part, eclab = "", _ECLAB.search(text)
    channel = re.search(r"_C\d{2}$|(?<![A-Za-z])ch(annel)?\d+", text, re.IGNORECASE)
    suffix = path.suffix if path.suffix[1:].isdigit() else ""
    mark = "".join([channel[0] if channel else "", suffix, *(m[0] for m in _DATES.finditer(text))])
    if eclab:
        part, text = part_of(eclab[1] or ""), text[: eclab.start()]
    text, rates = _RATE.subn(" ", _DATES.sub(" ", text))
    folders = path.relative_to(root).parts[:-1] if root and path.is_relative_to(root) else ()
    kept: list[str] = []
    for folder in folders:
        _, words, seen = _sort(_DATES.sub(" ", folder))
        kept, part = kept + words, part or seen
    after, words, seen = _sort(text)
    part = seen or part or ("rate" if rates else "")
    tail, replicate, own = _number(words, after)
    if not replicate and not own and kept:  # a file that is called after its part alone
        tail, replicate, kept = _number(kept, False)
        tail = ""
    elif not replicate and kept:
        _, replicate, kept = _number(kept, False, explicit=True)
    lower = {w.lower() for w in own}
    sample = (*(w for w in kept if w.lower() not in lower), *own)
    joined = [group for folder in folders for group in re.split(r"[_\s]+", folder)]
    joined += re.split(r"[_\s]+", text) if re.search(r"[_\s]", text.strip()) else []
    groups = tuple(frozenset(w.lower() for w in _TOKEN.findall(group)) for group in joined if "-" in group)
    return _Words(path, text, sample, replicate.lstrip("0") or replicate, part, tail, mark, groups)


def _sort(text: str) -> tuple[bool, list[str], str]:
    """(whether a number follows the part's word, words that are neither noise nor part, part)."""
    part, words, after = "", [], False
    for match in _TOKEN.finditer(text):
        kind = part_of(match[0])
        if kind and not part:
            part = kind
        elif not kind and not _NOISE.fullmatch(match[0]):
            words.append(match[0])
            after = bool(part) and bool(_NUMBER.fullmatch(match[0]))
    return after, words, part


def _number(words: list[str], after_part: bool, *, explicit: bool = False) -> tuple[str, str, list[str]]:
    """(the word that numbers the cell, its number, the other words); a number of a restart is left out."""
    for i, word in enumerate(words):
        called = _CELL.fullmatch(word)
        if called and not is_formula(word):
            rest = [w for w in words[i + 1 :] if not (_NUMBER.fullmatch(w))]
            return word, called[1], words[:i] + rest
        if _CELL_WORD.fullmatch(word) and i + 1 < len(words) and _NUMBER.fullmatch(words[i + 1]):
            rest = [w for w in words[i + 2 :] if not (_NUMBER.fullmatch(w))]
            return "", words[i + 1], words[:i] + rest
    numbers = [i for i, word in enumerate(words) if _NUMBER.fullmatch(word)]
    if len(numbers) > 1 and (after_part or re.fullmatch(r"0\d", words[numbers[-1]])):
        before = words[numbers[-2]]
        if after_part or not before.startswith("0"):
            words = words[: numbers[-1]] + words[numbers[-1] + 1 :]
            numbers.pop()
    if numbers and (explicit or len(words) > 1 or numbers[-1] == 0):
        i = numbers[-1]
        return words[i], words[i], words[:i] + words[i + 1 :]
    glued = _GLUED.fullmatch(words[-1]) if words and not explicit else None
    if glued and not is_formula(words[-1]):
        return "", glued[2], [*words[:-1], glued[1]]
    return "", "", words


def part_of(word: str) -> str:
    """The part of a test, or the method, that a word names; "" where it names none."""
    bare = word.lower().rstrip("0123456789")
    starts = (kind for start, kind in PARTS.items() if bare == start or (len(start) > 3 and bare.startswith(start)))
    return next(starts, "")


def is_formula(word: str) -> bool:
    """NCM85, LCO2, HfO2, Li6PS5Cl: a number that belongs to the material's name."""
    if re.match(r"(NCM|NMC|NCA|LNO|LCO|LNMO|LTO|LPS|LLZO|LATP|LZO|LNbO)\w*$", word, re.IGNORECASE):
        return True
    pieces = re.findall(r"([A-Z][a-z]?)((?:[1-9]\d*)?)", word)
    whole = "".join(a + b for a, b in pieces) == word
    return whole and len(pieces) > 1 and all(_ELEMENT.fullmatch(symbol) for symbol, _ in pieces)


def clean(text: str) -> str:
    """Text as a name of a sample may be: umlauts spelt out, other marks dropped."""
    for letter, spelt in zip("äöüÄÖÜßµμ", ("ae", "oe", "ue", "Ae", "Oe", "Ue", "ss", "u", "u"), strict=True):
        text = unicodedata.normalize("NFC", text).replace(letter, spelt)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-._") or "sample"


def is_reference(sample: str) -> bool:
    return any(word in REFERENCES for word in re.split(r"[-_.]", sample.lower()))
