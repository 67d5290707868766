"""The shape of study.toml (pydantic): what may stand where. Meaning is checked in `load`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema


def _make_list(value: Any) -> Any:
    return value if isinstance(value, list) or value is None else [value]


_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Words = Annotated[list[str], BeforeValidator(_make_list), WithJsonSchema(_TEXTS)]


class TablePart(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StudyPart(TablePart):
    """What the study is."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="short name, without spaces")
    title: str = ""
    citation: str = Field("", description="the publication the study belongs to")
    authors: list[str] = Field([], description="who measured, for an export with its metadata")
    licence: str = Field("", description="the address of the licence under which the data may be used")
    reference: str = Field("", description="the sample that others are compared with")
    seed: int = Field(0, ge=0, description="seed of everything that draws random numbers")
    notes: str = ""
    primary: Words = Field(
        [],
        description='primary endpoints, like "discharge_capacity first" (default: it, and "capacity_retention last")',
    )
    relevance: dict[str, str] = Field(
        {}, description='differences below these do not matter: discharge_capacity = "3 %" or "5 mAh/g"'
    )


class StepPart(BaseModel):
    """One step of preparation: `do` and its conditions (`temperature = "750 degC"`, `gas = "O2"`)."""

    model_config = ConfigDict(extra="allow")
    do: str


class SamplePart(BaseModel):
    """A sample; keys beside these are inputs of the vocabulary."""

    model_config = ConfigDict(extra="allow")
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    label: str = ""
    like: str = Field("", description="the sample it inherits from; own steps follow the inherited ones")
    step: list[StepPart] = []
    coating: dict[str, Any] = {}


class SegmentPart(TablePart):
    """A named part of a cycling protocol."""

    name: str
    cycles: str | int = Field(description='"1-2", "3", or "13-" to the end')
    rate: str = Field("", description='nominal rate, "0.1C"')


class MeasurementPart(TablePart):
    """Raw files of one kind, for one or many cells or samples."""

    name: str = Field("", pattern=r"^[A-Za-z0-9_.-]*$", description="part of the id; by default the technique's name")
    files: Words = Field(description="globs below the study's folder; {sample} and {cell} are filled in")
    cell: Words = []
    sample: Words = []
    technique: Words = Field([], description="by default every technique that takes such data unasked")
    reader: str = ""
    reader_options: dict[str, Any] = {}
    segments: list[SegmentPart] = []
    options: dict[str, dict[str, Any]] = Field({}, description="options per technique, for this measurement")
    state: dict[str, str | int | float] = {}


class AnalysisPart(TablePart):
    """A technique on several named inputs: measurements or other analyses."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    technique: str
    inputs: dict[str, str | list[str]]
    options: dict[str, Any] = {}


class ContrastPart(TablePart):
    """Which sample is compared with which."""

    reference: str
    treated: str


class ReportedPart(TablePart):
    """A published value."""

    sample: str
    name: str
    value: str | float | int
    state: dict[str, str | int | float] = {}
    source: str = ""
    rule: Literal["", "two-sided", "below", "above", "about"] = ""
    cell: str = ""


class ReportPart(TablePart):
    """How the report looks."""

    paper_numbers: bool = Field(
        False, description="figures and tables carry the numbers of the reference paper (Fig. 4a, Tab. S1)"
    )


class StudyFile(TablePart):
    """study.toml as a whole."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    format: Literal[1] = Field(alias="schema", description="version of this format")
    study: StudyPart
    sample: list[SamplePart] = Field(min_length=1)
    cell: dict[str, Any] = Field({}, description="defaults for all cells; a sub-table [cell.NAME] is one cell")
    measurement: list[MeasurementPart] = []
    analysis: list[AnalysisPart] = []
    contrast: list[ContrastPart] = []
    reported: list[ReportedPart] = []
    options: dict[str, dict[str, Any]] = Field({}, description="options per technique, for the whole study")
    material: dict[str, dict[str, Any]] = Field({}, description="materials of the study's own")
    ledger: dict[str, Any] = {}
    model: dict[str, Any] = {}
    calibration: dict[str, Any] = {}
    lab: dict[str, Any] = Field({}, description="accuracies of the lab's instruments; or in a lab.toml further up")
    report: ReportPart = ReportPart()
