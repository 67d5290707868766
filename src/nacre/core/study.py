"""The nouns of a study: samples with their preparation, cells, measurements, analyses."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

from nacre.core.errors import unknown
from nacre.core.lab import Lab
from nacre.core.notebook_hook import ShowsInNotebook
from nacre.core.quantity import Quantity
from nacre.core.vocabulary import Vocabulary, using


@dataclass(frozen=True)
class PreparationStep:
    """One step of a sample's preparation: what was done, and its conditions (quantities or words)."""

    do: str
    conditions: Mapping[str, Quantity | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """A material under test: `inputs` are its declared quantities and words (particle size, active material)."""

    name: str
    label: str = ""
    inputs: Mapping[str, Quantity | str] = field(default_factory=dict)
    steps: tuple[PreparationStep, ...] = ()
    coating: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.label or self.name

    @property
    def coating_phases(self) -> tuple[str, ...]:
        """Formulas of the declared coating: the precursor, then its other phases."""
        phases = self.coating.get("phases", ())
        formulas = [self.coating.get("precursor", ""), *([phases] if isinstance(phases, str) else phases)]
        return tuple(dict.fromkeys(str(formula) for formula in formulas if formula))

    @property
    def coating_elements(self) -> frozenset[str]:
        """The elements that the declared coating brings: those of its phases beside Li, O, H and C."""
        found = {element for formula in self.coating_phases for element in re.findall(r"[A-Z][a-z]?", formula)}
        return frozenset(found - {"Li", "O", "H", "C"})


@dataclass(frozen=True)
class Cell:
    """One cell built from a sample: a replicate."""

    name: str
    sample: str
    inputs: Mapping[str, Quantity | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Segment:
    """A named part of a protocol: cycles `first` to `last` of a measurement, at a nominal rate."""

    name: str
    first: int
    last: int | None = None
    rate: Quantity | None = None


@dataclass(frozen=True)
class Measurement:
    """Raw files of one technique on one cell or sample."""

    name: str
    sample: str = ""
    cell: str = ""
    files: tuple[Path, ...] = ()
    kind: str = ""
    reader: str = ""
    reader_options: Mapping[str, Any] = field(default_factory=dict)
    techniques: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True)
class Analysis:
    """A technique applied to named inputs: each a measurement, another analysis, or a list of them."""

    name: str
    technique: str
    inputs: Mapping[str, str | tuple[str, ...]]
    options: Mapping[str, Any] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True)
class Reported:
    """A published value: it stands beside results, and is evidence of its own set."""

    sample: str
    name: str
    quantity: Quantity
    state: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    rule: str = ""
    cell: str = ""

    @property
    def id(self) -> str:
        """The id under which a published value stands among the quantities."""
        state = ",".join(f"{key}={value}" for key, value in sorted(self.state.items()))
        head = f"reported:{self.cell or self.sample or 'study'}"
        return re.sub(r"\s+", "_", f"{head}/{self.name}" + (f"@{state}" if state else ""))


@dataclass(frozen=True)
class Study(ShowsInNotebook):
    """Everything study.toml says, checked.

    paper_numbers : figures and tables bear the reference paper's numbers; other studies have figures of their own.
    lab : accuracies of the instruments, and reproducibilities, declared once for all studies of a laboratory.
    vocabulary : the words of the package and of the study's plugins; None: those of the package.
    """

    name: str
    folder: Path
    title: str = ""
    inputs: Mapping[str, Quantity | str] = field(default_factory=dict)
    samples: Mapping[str, Sample] = field(default_factory=dict)
    cells: Mapping[str, Cell] = field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()
    analyses: tuple[Analysis, ...] = ()
    contrasts: tuple[tuple[str, str], ...] = ()
    reported: tuple[Reported, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    materials: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    citation: str = ""
    authors: tuple[str, ...] = ()
    licence: str = ""
    paper_numbers: bool = False
    lab: Lab = field(default_factory=Lab)
    vocabulary: Vocabulary | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        """One line, as it holds every measurement and analysis."""
        return (
            f"<Study '{self.name}': {len(self.samples)} samples, {len(self.cells)} cells, "
            f"{len(self.measurements)} measurements>"
        )

    @property
    def coating_elements(self) -> frozenset[str]:
        """The elements that the coatings of all samples bring."""
        return frozenset().union(*(sample.coating_elements for sample in self.samples.values()))

    def sample(self, name: str) -> Sample:
        if name not in self.samples:
            raise unknown("sample", name, self.samples, self.name)
        return self.samples[name]

    def cell(self, name: str) -> Cell:
        if name not in self.cells:
            raise unknown("cell", name, self.cells, self.name)
        return self.cells[name]


def in_its_words(function: Callable) -> Callable:
    """Decorates a function whose first argument is a study, or has one: it runs under the study's vocabulary."""

    @wraps(function)
    def run(first, *args, **rest):
        with using(getattr(first, "study", first).vocabulary):
            return function(first, *args, **rest)

    return run
