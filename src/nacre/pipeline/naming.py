"""What file names tell: which sample, which cell, which part of the test."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# parts of a test that labs write into file names, by how the word begins
PARTS = {
    "form": "formation",
    "rate": "rate",
    "crate": "rate",
    "age": "ageing",
    "aging": "ageing",
    "long": "ageing",
    "lt": "ageing",
    "cyc": "cycling",
    "first": "first",
    "gcpl": "cycling",
    "ocv": "ocv",
    "check": "checkup",
    "rpt": "checkup",
    "eis": "eis",
    "peis": "eis",
    "xrd": "xrd",
    "xps": "xps",
    "sem": "sem",
    "eds": "eds",
    "tem": "tem",
    "stem": "stem",
    "hrtem": "hrtem",
    "eels": "eels",
    "ir": "ir",
    "atr": "ir",
    "icp": "icp",
    "titr": "titration",
}
REFERENCES = ("bare", "pristine", "uncoated", "reference", "ref", "blank", "unbeschichtet")
_NOISE = re.compile(r"^(\d{6}|\d{8}|ch?\d+|channel\d*|\d{4}|raw|data|export|copy|final|v\d+)$", re.IGNORECASE)
_TOKEN = re.compile(r"[^_\-\s.,()+]+")


@dataclass(frozen=True)
class Named:
    """One file, read by its name: `cell` is how the name writes the cell, "" where it writes none."""

    path: Path
    sample: str
    replicate: str
    part: str
    cell: str


def read_names(paths: Sequence[Path]) -> list[Named]:
    """Sample, replicate and part of every file, from what their names share and where they differ."""
    stems = [path.name if path.suffix[1:].isdigit() else path.stem for path in paths]
    stems = [re.sub(r"\.\d+$", "", stem) for stem in stems]
    counts = Counter(word for stem in stems for word in {t.lower() for t in _TOKEN.findall(stem)})
    shared = {word for word, n in counts.items() if n == len(paths) > 1 and not word.isdigit()}
    return [_read(path, stem, shared) for path, stem in zip(paths, stems, strict=True)]


def _read(path: Path, stem: str, shared: set[str]) -> Named:
    part, own = "", []
    for match in _TOKEN.finditer(stem):
        word = match[0].lower()
        kind = _part(word)
        if kind and not part:
            part = kind
        elif not kind and word not in shared and not _NOISE.match(word):
            own.append(match)
    if not own:
        return Named(path, _clean(stem), "1", part, _clean(stem) and stem)
    replicate = ""
    names = [m[0] for m in own]
    ending = re.fullmatch(r"(?:cell|c|no|nr|#|z|zelle)?#?(\d{1,3})", names[-1], re.IGNORECASE)
    glued = re.fullmatch(r"([A-Za-z]{3,})(\d{1,2})", names[-1])
    if ending and len(names) > 1:
        replicate, names = ending[1], names[:-1]
    elif glued and not _looks_like_formula(glued[1] + glued[2]):
        replicate, names[-1] = glued[2], glued[1]
    together = stem[own[0].start() : own[-1].end()]
    written = together if len(_TOKEN.findall(together)) == len(own) else ""
    return Named(path, _clean("-".join(names)), replicate.lstrip("0") or replicate or "1", part, written)


def _part(word: str) -> str:
    bare = word.rstrip("0123456789")
    return next(
        (kind for start, kind in PARTS.items() if bare == start or (len(start) > 3 and bare.startswith(start))), ""
    )


def _looks_like_formula(word: str) -> bool:
    """NCM85, LCO2, NMC811: a number that belongs to the material's name."""
    return bool(re.fullmatch(r"(NCM|NMC|NCA|LNO|LCO|LNMO|LTO|HfO|ZrO|TiO|Al2O|Nb2O)\w*", word, re.IGNORECASE))


def _clean(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-._") or "sample"


def is_reference(sample: str) -> bool:
    return any(word in REFERENCES for word in re.split(r"[-_.]", sample.lower()))
