"""Everything that is wrong with a study, collected, so that all can be fixed at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from nacre.core.errors import NacreError, StudyError
from nacre.pipeline.loading.toml_lines import Path, line_of


@dataclass(frozen=True, order=True)
class StudyProblem:
    """One thing that is wrong (`level` error) or doubtful (warning)."""

    file: str
    line: int
    text: str
    level: str = "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass
class Problems:
    """A collector: `with problems.catch(path):` turns an error into a problem and goes on."""

    file: str
    lines: dict[Path, int] = field(default_factory=dict)
    found: list[StudyProblem] = field(default_factory=list)

    def add(self, path: Path, text: str, level: str = "error", file: str = "", line: int = 0) -> None:
        problem = StudyProblem(file or self.file, line or line_of(self.lines, path), text, level)
        if problem not in self.found:
            self.found.append(problem)

    @contextmanager
    def catch(self, path: Path, file: str = "", line: int = 0) -> Iterator[None]:
        try:
            yield
        except NacreError as error:
            self.add(path, str(error), file=file, line=line)

    @property
    def errors(self) -> list[StudyProblem]:
        return sorted(p for p in self.found if p.level == "error")

    def raise_if_any(self) -> None:
        if self.errors:
            raise StudyProblems(self.errors)


class StudyProblems(StudyError):
    """All that is wrong with a study: `problems` lists it."""

    def __init__(self, problems: list[StudyProblem]):
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))

    def __str__(self) -> str:
        return self.what

    def __reduce__(self):
        return StudyProblems, (self.problems,)
