"""Parts of the reference study, and the same with other raw files, in folders of their own."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from paper_truth import STUDY

ELECTRIC = ("rate", "eis", "icp", "impedance-pair")
EVERY_KIND = ("rate", "eis", "icp", "titration", "lithium-consumed", "xps", "ir", "carbonate", "stem", "shell", "top")
EVERY_KIND += ("map", "si640f", "line-standard", "hafnium", "surface-lho")
# the paper states no uncertainty of its masses; with one, capacities can be judged against published ones
WEIGHED = (
    ('composite_mass = "12 mg"', 'composite_mass = "12.00(3) mg"'),
    ('cam_fraction = "69.3 wt%"', 'cam_fraction = "69.3(2) wt%"'),
)


def part(folder: Path, keep: Iterable[str] = ELECTRIC, edits: Iterable[tuple[str, str]] = ()) -> Path:
    """The reference study with only the measurements and analyses named, their raw files, and changes to its words."""
    text = (STUDY / "study.toml").read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^(?=\[\[|# )", text)
    kept = [b for b in blocks if not b.startswith(("[[measurement]]", "[[analysis]]")) or _name(b) in keep]
    text = "".join(kept)
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    (folder / "raw").mkdir(parents=True)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    for template in re.findall(r'(?m)^files = "raw/(.*?)"', text):
        for path in (STUDY / "raw").glob(re.sub(r"\{.*?\}", "*", template)):
            shutil.copy(path, folder / "raw" / path.name)
    return folder


def _name(block: str) -> str:
    return re.search(r'(?m)^name = "(.*?)"', block)[1]


def exchange(folder: Path, one: str = "bare", other: str = "lho") -> Path:
    """The raw files of two samples change places, and their labels inside a common run."""

    def swapped(text: str) -> str:
        return re.sub(rf"\b({one}|{other})(?=[-_])", lambda m: other if m[1] == one else one, text)

    for path in sorted((folder / "raw").iterdir()):
        path.rename(path.with_name("+" + path.name))
    for path in sorted((folder / "raw").iterdir()):
        path.rename(path.with_name(swapped(path.name[1:])))
    run = folder / "raw" / "icp.csv"
    run.write_text(swapped(run.read_text(encoding="utf-8")), encoding="utf-8")
    return folder
