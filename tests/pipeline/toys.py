"""Toy readers and techniques, each one file, as a user would put them into `plugins/`: the proof that a new kind
of data, a joint analysis and a chain need no change anywhere else."""

import textwrap
from pathlib import Path

NUMBERS_READER = '''
"""Toy format: the word NUMBERS, then one number per line."""
import numpy as np
from nacre.plugin import ReadError, Reader, table


def sniff(head):
    return 1.0 if head.text.startswith("NUMBERS") else 0.0


def read(path, options):
    lines = path.read_text(encoding="utf-8").split()
    try:
        values = np.array([float(line) for line in lines if line[0] not in "NAV"])
    except ValueError as error:
        raise ReadError("a line is not a number", found=str(error), do="export again") from None
    return [table("numbers", {"value": (values, "V")})]


READER = Reader("numbers", "toy numbers", ("numbers",), (".num",), sniff, read)
'''

MEAN = '''
"""Toy technique: the mean voltage of a file of numbers."""
from dataclasses import dataclass
import numpy as np
from nacre.plugin import Axis, Curve, Entry, Figure, Panel, Quantity, Result, Series, Technique, derive, option


@dataclass(frozen=True)
class Options:
    offset: float = option(0.0, "added to each value", unit="V", lo=-10, hi=10)


def analyse(inputs, context, options):
    values = inputs["signal"].array("value", "V") + options.offset
    if values.size < 2:
        raise ValueError("too few")
    mass = context.need("cam_mass", "g", "the toy mean")
    std = float(values.std(ddof=1) / np.sqrt(values.size))
    mean = Quantity(float(values.mean()), "V", std, n=values.size, basis="replicates", origin="measured")
    capacity = derive(lambda v, m: v / m, mean, mass, unit="mAh/g", origin="measured")
    entries = (
        Entry("mean_discharge_voltage", mean, {"cycle": 1}),
        Entry("discharge_capacity", capacity, {"cycle": 1}),
    )
    drawn = Series("line", np.arange(values.size), values, subject=context.sample.name)
    figure = Figure("toy", "toy", (Panel(Axis("record"), Axis("voltage", "V"), (drawn,)),))
    return [Result("mean", entries=entries, figures=(figure,), curves=(Curve("values", {"value": (values, "V")}),))]


TECHNIQUE = Technique("mean", "toy mean", ("numbers",), analyse, Options, needs=("cam_mass",))
'''

IMAGE_READER = '''
"""Toy image: PGM, plain."""
import numpy as np
from nacre.plugin import Reader, Signal, Variable


def read(path, options):
    words = path.read_text(encoding="utf-8").split()
    width, height = int(words[1]), int(words[2])
    pixels = np.array(words[4:], float).reshape(height, width)
    axes = {
        "y": Variable(np.arange(height) * 0.1, "um", ("y",)),
        "x": Variable(np.arange(width) * 0.1, "um", ("x",)),
    }
    return [Signal("image", {"intensity": Variable(pixels, "counts", ("y", "x")), **axes})]


READER = Reader("pgm", "toy image", ("image",), (".pgm",), lambda head: float(head.text.startswith("P2")), read)
'''

IMAGE = '''
"""Toy image technique: the dark part of a picture, with a word of its own in the vocabulary."""
import numpy as np
from nacre.plugin import Axis, Entry, Figure, Panel, Quantity, Result, Series, Technique


def analyse(inputs, context, options):
    image = inputs["signal"]
    pixels = image.array("intensity", "counts")
    dark = Quantity(100 * float((pixels < 5).mean()), "%", n=pixels.size, basis="none", origin="measured")
    heat = Series("heat", image.array("x", "um"), image.array("y", "um"), z=pixels)
    panel = Panel(Axis("x", "um", equal=True), Axis("y", "um"), (heat,))
    return [Result("darkness", entries=(Entry("dark_part", dark),), figures=(Figure("dark", "dark", (panel,)),))]


TECHNIQUE = Technique(
    "darkness", "toy image technique", ("image",), analyse,
    vocabulary={"quantity": {"dark_part": {"unit": "%", "words": "dark part"}}},
)
'''

JOINT = '''
"""Toy joint analysis of two samples: the ratio of their means, one result that speaks of both."""
from nacre.plugin import Entry, Quantity, Result, Subject, Technique


def analyse(inputs, context, options):
    means = {role: inputs[role].array("value", "V").mean() for role in ("a", "b")}
    entries = tuple(
        Entry(
            "mean_charge_voltage",
            Quantity(float(value), "V", 0.1, origin="measured"),
            {"cycle": 1},
            Subject(sample=context.others[role].sample.name, cell=context.others[role].cell.name),
        )
        for role, value in means.items()
    )
    return [Result("joint", entries=entries)]


TECHNIQUE = Technique("joint", "toy joint fit", ("numbers",), analyse, asked=True)
'''

CHAIN = '''
"""Toy chain: a standard's result calibrates the sample's analysis."""
from nacre.plugin import Entry, Quantity, Result, Technique, derive


def analyse(inputs, context, options):
    factor = inputs["standard"].get("mean_discharge_voltage")
    value = Quantity(float(inputs["sample"].array("value", "V").mean()), "V", 0.01)
    ratio = derive(lambda v, f: v / f, value, factor, unit="V", origin="measured")
    return [Result("calibrated", entries=(Entry("mean_charge_voltage", ratio, {"cycle": 2}),))]


TECHNIQUE = Technique("calibrated", "toy chain", ("numbers",), analyse, asked=True)
'''

ALL = {
    "numbers.py": NUMBERS_READER,
    "mean.py": MEAN,
    "pgm.py": IMAGE_READER,
    "darkness.py": IMAGE,
    "joint.py": JOINT,
    "calibrated.py": CHAIN,
}

STUDY = """
    schema = 1

    [study]
    name = "toy"
    reference = "bare"
    seed = 3

    [[sample]]
    name = "bare"
    label = "Bare"

    [[sample.step]]
    do = "heating"
    temperature = "750 degC"

    [[sample]]
    name = "lho"
    like = "bare"

    [[sample.step]]
    do = "coating"

    [cell]
    one_c = "190 mA/g"
    cam_mass = "8.3(1) mg"

    [cell.bare-1]
    sample = "bare"

    [cell.lho-1]
    sample = "lho"
    cam_mass = "8.1(1) mg"

    [[measurement]]
    name = "n"
    files = "raw/{cell}.num"

    [[measurement]]
    name = "sem"
    sample = "lho"
    files = "raw/*.pgm"

    [[analysis]]
    name = "both"
    technique = "joint"
    inputs = { a = "bare-1:n", b = "lho-1:n" }

    [[analysis]]
    name = "chain"
    technique = "calibrated"
    inputs = { standard = "mean:bare-1:n", sample = "lho-1:n" }
"""


def make(folder: Path, study: str = STUDY, plugins=ALL) -> Path:
    """A toy study in `folder`; returns the folder."""
    (folder / "raw").mkdir(parents=True)
    (folder / "plugins").mkdir()
    for name, text in plugins.items():
        (folder / "plugins" / name).write_text(text, encoding="utf-8")
    (folder / "study.toml").write_text(textwrap.dedent(study), encoding="utf-8")
    (folder / "raw" / "bare-1.num").write_text("NUMBERS\n1.0\n2.0\n3.0\n", encoding="utf-8")
    (folder / "raw" / "lho-1.num").write_text("NUMBERS\n2.0\n4.0\n6.0\n", encoding="utf-8")
    (folder / "raw" / "top.pgm").write_text("P2\n3 2\n255\n1 2 9 9 9 9\n", encoding="utf-8")
    return folder
