"""Spots of a Fourier transform or an electron diffraction pattern, as a list (`.spots`, text).

The first line says what follows, with units; each further line is one spot:

    # spots: d / nm, angle / deg
    0.2825    0.0
    0.3146   71.9

    d       spacing of the planes: 1 over the distance of the spot from the centre, in nm or Ang
    angle   direction of the spot in the image, in deg, counted either way round, from anywhere

A centre-symmetric transform shows every spot twice; one of each pair is enough. Anything after a `#` is a comment.
Nothing is known of uncertainties: they are chosen as tolerances where the spots are indexed.
"""

import re
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.signal import Signal, table
from nacre.readers.diffraction.pattern import numbers
from nacre.readers.text import text_file

KIND = "spots"
_HEAD = re.compile(r"^#\s*spots:\s*d\s*/\s*(nm|Ang|Å)\s*,\s*angle\s*/\s*deg", re.IGNORECASE)


def sniff(head: Head) -> float:
    return 1.0 if not head.looks_binary and _HEAD.match(head.text) else 0.0


def read(path: Path, options=None) -> list[Signal]:
    """One signal of kind "spots". Raises ReadError."""
    path = Path(path)
    text = text_file.load(path)
    lines = text.data.decode(errors="replace").splitlines()
    first = lines[0] if lines else ""
    head = _HEAD.match(first)
    if not head:
        expected = "'# spots: d / nm, angle / deg'"
        raise ReadError("the first line does not say what the columns are", where=path.name, found=f"'{first[:50]}'",
                        expected=expected)  # fmt: skip
    rows = []
    for i, line in enumerate(lines[1:], 2):
        if not line.split("#")[0].strip():
            continue
        found = numbers(line)
        if found is None or len(found) != 2 or found[0] <= 0:
            raise ReadError(
                "a spot is not a spacing and an angle", where=f"{path.name}:{i}", found=f"'{line.strip()[:40]}'"
            )
        rows.append(found)
    if not rows:
        raise ReadError("the file holds no spots", where=path.name, expected="lines of spacing and angle")
    values = np.array(rows)
    unit = "nm" if head[1].lower() == "nm" else "Ang"
    columns = {"d": (values[:, 0], unit), "angle": (values[:, 1], "deg")}
    return [table(KIND, columns, axis="spot", name=path.stem)]


READER = Reader("spots", "list of spots of a Fourier transform (.spots)", (KIND,), (".spots",), sniff, read)
