"""The cell model from Python: make a cell, change it, simulate, measure its impedance, age, sweep and export it.

>>> cell = nacre.CellModel.load("mystudy", sample="coated")
>>> thin = cell.change({"cathode.coating_thickness": "3 nm"})
>>> thin.simulate("charge at 0.1C to 2.75 V; discharge at 0.1C to 1.35 V")

docs/cell-model.md shows all of it.
"""

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nacre.cell import cell_toml
from nacre.cell.ageing.jumping import JumpSettings
from nacre.cell.ageing.lifetime import CYCLE_LIFE, KeptCycles, Lifetime, age
from nacre.cell.ageing.slow_states import Ageing
from nacre.cell.exchange import choose_options, collect_values, read_bpx, write_bpx
from nacre.cell.impedance import SWEEP, PredictedSpectrum, compute_spectrum, find_point
from nacre.cell.parameters import NAMES, CellParameters, ModelParameter, check_number, read_number
from nacre.cell.potential import Potential, read_potential
from nacre.cell.simulate import Simulation, SimulationSettings, simulate_protocol
from nacre.core import files
from nacre.core.columns import table_of
from nacre.core.errors import NacreError, gathered, unknown
from nacre.core.notebook_hook import ShowsInNotebook
from nacre.core.quantity import Quantity
from nacre.core.study import Study
from nacre.pipeline.demo import reference_study
from nacre.pipeline.modelling.simulate import Subjects, find
from nacre.pipeline.modelling.sweep import Swept, plan, run_all
from nacre.pipeline.modelling.sweep_result import runs

if TYPE_CHECKING:
    import polars as pl

FORMS = ("toml", "bpx", "pybamm")
REFERENCE = "lho-ncm85"
GIVEN = "given in Python"


class CellModel(ShowsInNotebook):
    """
    A cell of the single-ion porous-electrode model: its numbers, and what can be done with them.

    Made by `load` (a study, a cell.toml, a BPX file, the reference study) or `from_numbers`. A cell never changes:
    `change` gives another one.

    Parameters
    ----------
    parameters : CellParameters
        All numbers of the cell, each with unit, status and source.

    Attributes
    ----------
    parameters : CellParameters
        The same; `parameters.value("cathode.thickness", "um")` reads one.
    """

    def __init__(self, parameters: CellParameters):
        self.parameters = parameters

    def __repr__(self) -> str:
        return repr(self.parameters).replace("CellParameters", "CellModel", 1)

    def _repr_html_(self) -> str | None:
        return self.parameters._repr_html_()

    def __getitem__(self, name: str) -> Quantity:
        """A number by its name: `cell["cathode.thickness"]`; its default where it was not given."""
        if name in self.parameters.numbers:
            return self.parameters.numbers[name].quantity
        return Quantity(self.parameters.value(name), self.parameters.names[name].unit)

    @staticmethod
    def load(source: "str | Path | Study" = REFERENCE, sample: str = "") -> "CellModel":
        """
        A cell from a study or a file.

        Parameters
        ----------
        source : Study, str or Path
            A study (what counts is its file) or the path of one, a cell.toml, or a BPX file (.json; what the model
            has no place for is a warning each). Default: the package's reference study, whose samples are "bare" and
            "coated".
        sample : str
            Which sample, where a study has several.

        Returns
        -------
        CellModel
            The cell as it was built: discharged, where it comes out of a study.

        Raises
        ------
        NacreError
            Where there is none; where a study lacks what the model needs, with everything that is missing.
        """
        if str(source) == REFERENCE and not Path(REFERENCE).exists():
            source = reference_study()
        path = source.folder if isinstance(source, Study) else Path(source)
        if path.suffix.lower() == ".json":
            return _of_bpx(path)
        cells = find(path, [sample] if sample else [], "", needs_protocol=False).cells
        if len(cells) > 1:
            do = f'give one: CellModel.load("{path.name}", sample="{next(iter(cells))}")'
            raise NacreError("which sample?", where=str(path), expected=", ".join(cells), do=do)
        ((parameters, _),) = cells.values()
        return CellModel(parameters)

    @staticmethod
    def from_numbers(name: str, numbers: Mapping[str, Any], source: str = GIVEN) -> "CellModel":
        """
        A cell from numbers alone.

        Parameters
        ----------
        name : str
            What the cell is called.
        numbers : mapping
            Values by `part.name` as text with units (``{"cathode.thickness": "60 um"}``) or as Quantity, and
            "cathode.potential" and "anode.potential" against Li+/Li: a pair of arrays, filling (rising) and V, or a
            mapping as in cell.toml (``{"kind": "plateau", "volts": 0.62, ...}``).
        source : str
            Where the numbers come from.

        Returns
        -------
        CellModel
            Numbers that have a default and are not given take it (`nacre.cell.parameters.NAMES`).

        Raises
        ------
        NacreError
            With everything that is missing and everything that cannot be read, at once.
        """
        found, potentials, wrong = _read(numbers, name, source, NAMES)
        wanted = {
            key: f"{row.words}, {row.unit}".removesuffix(", 1") for key, row in NAMES.items() if row.default is None
        }
        wanted |= {f"{part}.potential": "the open-circuit potential against Li+/Li, V" for part in ("cathode", "anode")}
        lacking = [f"{key}  ({words})" for key, words in wanted.items() if key not in numbers]
        if lacking:
            wrong.append(NacreError(f"{len(lacking)} numbers are missing", do="give\n  " + "\n  ".join(lacking)))
        _raise(wrong, name)
        return CellModel(CellParameters(name, found, potentials))

    def change(
        self, changes: Mapping[str, Any], *, name: str = "", status: str = "assumed", source: str = "a trial"
    ) -> "CellModel":
        """
        The same cell with other numbers.

        Parameters
        ----------
        changes : mapping
            As in `from_numbers`: ``{"cathode.contact": "0.2", "cathode.coating_thickness": "3 nm"}``.
        name : str
            What the new cell is called; default: as this one.
        status, source : str
            What is written beside the new numbers.

        Returns
        -------
        CellModel
            Another cell; this one stays as it is.

        Raises
        ------
        NacreError
            With every name that is unknown and every value that cannot be read, at once.
        """
        p = self.parameters
        found, potentials, wrong = _read(changes, p.name, source, p.names, status)
        _raise(wrong, p.name)
        numbers, curves = {**p.numbers, **found}, {**p.potentials, **potentials}
        return CellModel(replace(p, name=name or p.name, numbers=numbers, potentials=curves))

    def simulate(self, protocol: str, *, points: int = 1000, tolerance: float = 1e-4) -> Simulation:
        """
        What a cycler would record.

        Parameters
        ----------
        protocol : str
            In words, as in study.toml: ``"charge at 0.1C to 2.75 V; discharge at 0.1C to 1.35 V"``.
        points : int
            Records of a full charge or discharge.
        tolerance : float
            Of the solver, relative.

        Returns
        -------
        Simulation
            `signal` (as read from a cycler's file), `steps`, `fields` over the depth, and `words` on how it ended.
        """
        return simulate_protocol(self.parameters, protocol, SimulationSettings(points=points, tolerance=tolerance))

    def impedance(
        self,
        *,
        soc: float | None = None,
        volts: float | None = None,
        after: Simulation | None = None,
        frequencies: Sequence[float] | np.ndarray = SWEEP,
    ) -> PredictedSpectrum:
        """
        The impedance in one state, with what causes it.

        Parameters
        ----------
        soc, volts, after
            One of: state of charge (0 to 1), rest voltage in V, the simulation whose end is the state.
        frequencies : array, (n,)
            Hz.

        Returns
        -------
        PredictedSpectrum
            `frequency` (Hz), `z` and `causes` (ohm cm2 of electrode area, complex, (n,) each), `signal` in ohm.
        """
        return compute_spectrum(
            self.parameters, find_point(self.parameters, soc=soc, volts=volts, after=after), frequencies
        )

    def age(
        self,
        protocol: str = CYCLE_LIFE,
        *,
        jump: bool = True,
        curves: Iterable[int] = (),
        resistances: Iterable[int] = (),
        ageing: Ageing | None = None,
    ) -> Lifetime:
        """
        A long test, in which the cell ages by the numbers under `ageing.`

        Parameters
        ----------
        protocol : str
            In words; default: a formation cycle at 0.1C, then 200 at 0.2C.
        jump : bool
            Simulate some cycles and integrate the slow changes between them (default), or simulate every cycle.
        curves, resistances : iterable of int
            Cycles whose curves, and whose resistance after the discharge, to keep.
        ageing : Ageing, optional
            The mechanisms that count; default: those that the numbers switch on.

        Returns
        -------
        Lifetime
            `table` (polars, a row per cycle), `curves`, `resistances`, `retention(cycle, reference)`, `words`.
        """
        watch = KeptCycles(tuple(curves), tuple(resistances))
        return age(self.parameters, protocol, ageing, JumpSettings() if jump else None, watch=watch)

    def sweep(
        self, values: Mapping[str, Sequence[Any]], protocol: str, *, paired: bool = False, threads: int = 0
    ) -> "pl.DataFrame":
        """
        Many cells through one protocol.

        Parameters
        ----------
        values : mapping
            The values of each number, text with units: ``{"cathode.contact": ["0.2", "0.5", "1"]}``.
        protocol : str
            As for `simulate`.
        paired : bool
            Whether the values of several numbers go in step; else every combination is run.
        threads : int
            Cells at once (0: one per processor).

        Returns
        -------
        polars.DataFrame
            A row per cell and step: the numbers swept, capacity, energy, voltages, how it ended. What fails in one
            cell is said in its rows.
        """
        p = self.parameters
        swept = [Swept(name, tuple(map(_text, many))) for name, many in values.items()]
        for one in swept:
            for text in one.values:
                made = read_number(one.name, text, "assumed", "swept", p.name, p.names)
                check_number(one.name, made, p.name, p.names)
        subjects = Subjects(Study(p.name, Path()), Path(), {p.name: (p, protocol)})
        return table_of(runs(run_all(subjects, plan([p.name], swept, paired=paired), threads=threads)).columns)

    def export(self, path: str | Path, form: str = "") -> Path:
        """
        Write the cell for others.

        Parameters
        ----------
        path : str or Path
            The file.
        form : str
            "toml" (cell.toml, nothing is lost), "bpx" (BPX 1.1) or "pybamm" (JSON of parameter values and options);
            default: "toml" for a file that ends so, else "bpx".

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        NacreError
            Where the form is unknown, or cannot hold this cell; it says what to change.
        """
        path = Path(path)
        form = form or ("toml" if path.suffix.lower() == ".toml" else "bpx")
        if form not in FORMS:
            raise unknown("form", form, FORMS, str(path))
        if form == "toml":
            return cell_toml.save(self.parameters, path)
        p = self.parameters
        made = write_bpx(p) if form == "bpx" else {"options": choose_options(p), "values": collect_values(p)}
        files.write(path, json.dumps(made, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        return path


# --- numbers from Python ---------------------------------------------------------------------------------------


def _read(given: Mapping[str, Any], where: str, source: str, known: Mapping, status: str = "declared"):
    """Numbers, potentials and what is wrong with either."""
    numbers: dict[str, ModelParameter] = {}
    potentials: dict[str, Potential] = {}
    wrong: list[NacreError] = []
    for name, value in given.items():
        part, _, what = name.partition(".")
        try:
            if what == "potential" and part in ("cathode", "anode"):
                potentials[part] = _potential(value, f"{where}, {name}", source, status)
                continue
            made = read_number(name, _text(value), status, source, where, known)
            check_number(name, made, where, known)
            numbers[name] = made
        except NacreError as error:
            wrong.append(error)
    return numbers, potentials, wrong


def _of_bpx(path: Path) -> CellModel:
    made = read_bpx(path)
    for note in made.notes:  # what the model has no place for must not be lost without a word
        warnings.warn(f"{path.name}: {note}", stacklevel=3)
    return CellModel(made.parameters)


def _text(value: Any) -> str:
    """A value as `parse` reads it: text as it is, a quantity with all its digits."""
    if not isinstance(value, Quantity):
        return str(value)
    std = f" +- {value.std!r}" if value.std else ""
    return f"{float(value.value)!r}{std} {value.unit}".removesuffix(" 1")


def _potential(value: Any, where: str, source: str, status: str) -> Potential:
    if isinstance(value, Potential):
        return value
    if isinstance(value, Mapping):
        return read_potential({"status": status, "source": source, **value}, where)
    try:
        x, volts = (list(map(float, column)) for column in value)
    except (TypeError, ValueError):
        raise NacreError(
            "cannot read the potential", where=where, found=type(value).__name__,
            expected="two arrays, filling and V, or a mapping with kind",
        ) from None  # fmt: skip
    return read_potential({"kind": "table", "x": x, "volts": volts, "status": status, "source": source}, where)


def _raise(wrong: Sequence[NacreError], where: str) -> None:
    """Raises what is wrong, all of it in one error."""
    if wrong:
        raise gathered("things are missing or wrong", wrong, where)
