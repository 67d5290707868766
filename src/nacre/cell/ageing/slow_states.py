"""Ageing of a cell: its slow states, what drives them, and the set of mechanisms that change them.

A mechanism is a small class in one file (see `nacre.cell.ageing.mechanisms`): it has a name, words, a citation, and

    advance(before, after, drive) -> Aged

where `before` is the state when a piece of the test begins, `after` what the mechanisms ahead of it made of that, and
`drive` what the cell went through. A piece may be a part of a half cycle or many cycles; laws are integrated over it in
closed form or by the midpoint of `before` and `after`. Where it lets a current leak, the mechanism says so in
`Aged.leak`; charge that a side reaction has taken for good goes into `Aged.side_charge`.
"""

import math
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from nacre.cell.parameters import CellParameters
from nacre.core import registry
from nacre.core.errors import NacreError
from nacre.physics.constants import FARADAY, GAS

HOUR = 3600.0


@dataclass(frozen=True)
class SlowState:
    """The slow state of a cell. growth: (time of bare contact / 1 h) to the exponent of the law, the clock of all that
    the interphase drives; interphase: m grown since the start; contact, active, diffusivity: shares of the fresh
    cell's; series: ohm m2 added; leak: A/m2 that flows back inside the cell; side_charge: C/m2 that side reactions
    have taken for good; own: whatever a user's mechanism keeps."""

    seconds: float = 0.0
    growth: float = 0.0
    interphase: float = 0.0
    contact: float = 1.0
    active: float = 1.0
    diffusivity: float = 1.0
    series: float = 0.0
    leak: float = 0.0
    side_charge: float = 0.0
    own: Mapping[str, float] = field(default_factory=dict)

    @property
    def hours(self) -> float:
        return self.seconds / HOUR

    def changed(self, **values) -> "SlowState":
        """The same with other values; many times as quick as `dataclasses.replace`."""
        made = object.__new__(SlowState)
        made.__dict__.update(self.__dict__)
        made.__dict__.update(values)
        return made


@dataclass(frozen=True)
class Drive:
    """What a piece of the test did: seconds; kelvin; potential: the cathode's mean, V against Li+/Li; swing: the way
    that the mean filling of the cathode went, up and down added; half_cycles: how many charges and discharges, parts
    of them counted as parts; means: averages over time of what mechanisms sense, by their names."""

    seconds: float
    kelvin: float
    potential: float
    swing: float
    half_cycles: float
    means: Mapping[str, float] = field(default_factory=dict)


@runtime_checkable
class Mechanism(Protocol):
    """See the module's words. A mechanism may also have `sense(potential) -> array`: its average over time is then in
    `drive.means` under the mechanism's name."""

    name: str
    words: str
    citation: str

    def advance(self, before: SlowState, after: SlowState, drive: Drive) -> SlowState: ...


@dataclass(frozen=True)
class Ageing:
    """Mechanisms in the order in which they act; `first_charge` in C/m2 passes before the first lithium moves."""

    mechanisms: tuple[Mechanism, ...] = ()
    first_charge: float = 0.0
    leak: float = 0.0

    def __post_init__(self):
        names = [_name_mechanism(m) for m in self.mechanisms]
        for name in names:
            if names.count(name) > 1:
                raise NacreError(f"two ageing mechanisms are named '{name}'", do="rename one, or leave one out")

    @staticmethod
    def of(parameters: CellParameters, plus: Iterable[Mechanism] = ()) -> "Ageing":
        """The mechanisms that the numbers of [ageing] switch on, those of the study's plugins behind those of the
        package, and others behind them. Raises MechanismError where one crashes."""
        made = [_make_mechanism(kind, parameters) for kind in (*list_built_in(), *parameters.mechanisms)]
        mass = parameters.value("cell.cam_mass", "g") / parameters.area
        return Ageing(
            (*(m for m in made if m is not None), *plus),
            parameters.value("ageing.first_charge", "C/g") * mass,
            parameters.value("ageing.leak", "A/m2"),
        )

    def without(self, *names: str) -> "Ageing":
        """The same without some mechanisms, by name. Raises NacreError where one is not among them."""
        for name in names:
            if name not in [m.name for m in self.mechanisms]:
                known = ", ".join(m.name for m in self.mechanisms) or "none"
                raise NacreError(f"no ageing mechanism '{name}' is at work", expected=f"one of: {known}")
        return replace(self, mechanisms=tuple(m for m in self.mechanisms if m.name not in names))

    @property
    def start(self) -> SlowState:
        return SlowState(leak=self.leak)

    def advance(self, before: SlowState, drive: Drive) -> SlowState:
        """The state after a piece. Raises NacreError where a mechanism gives an impossible one, with its name."""
        after = start = before.changed(seconds=before.seconds + drive.seconds)
        try:
            for mechanism in self.mechanisms:
                after = mechanism.advance(before, after, drive)
            if _is_possible(after):
                return after
        except Exception:
            self._blame(before, start, drive)
            raise
        self._blame(before, start, drive)
        return after

    def _blame(self, before: SlowState, after: SlowState, drive: Drive) -> None:
        """Once more, slowly: raises NacreError with the name of the mechanism that is at fault."""
        for mechanism in self.mechanisms:
            try:
                after = mechanism.advance(before, after, drive)
            except NacreError:
                raise
            except ArithmeticError as error:
                raise _describe_impossible(mechanism, f"{type(error).__name__}: {error}") from error
            except Exception as error:
                raise _describe_crash(mechanism, "advance()", error) from error
            if not isinstance(after, SlowState):
                raise MechanismError(
                    f"advance() of the ageing mechanism '{mechanism.name}' gives no state",
                    found=type(after).__name__, expected="Aged", do="end it with return after.changed(...)",
                )  # fmt: skip
            if not _is_possible(after):
                raise _describe_impossible(mechanism, _describe(after))

    def senses(self, potential: np.ndarray) -> dict[str, np.ndarray]:
        """What the mechanisms sense at the cathode's potentials (n,), by name."""
        return {m.name: _sense(m, potential) for m in self._sensing}

    @property
    def _sensing(self):
        return [m for m in self.mechanisms if getattr(m, "sense", None) is not None]


class MechanismError(NacreError):
    """A mistake in a mechanism's file: to be mended there, and no property of the cell."""


def _make_mechanism(kind, parameters: CellParameters):
    try:
        return kind.of(parameters)
    except NacreError:
        raise
    except Exception as error:
        raise _describe_crash(kind, "of()", error) from error


def _sense(mechanism, potential: np.ndarray) -> np.ndarray:
    try:
        found = np.asarray(mechanism.sense(potential), float)
    except Exception as error:
        raise _describe_crash(mechanism, "sense()", error) from error
    if found.shape != potential.shape:
        raise MechanismError(f"sense() of the ageing mechanism '{mechanism.name}' gives no value for every potential",
                             found=f"shape {found.shape}", expected=f"shape {potential.shape}")  # fmt: skip
    return found


def _describe_crash(mechanism, what: str, error: Exception) -> MechanismError:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return MechanismError(
        f"{what} of the ageing mechanism '{mechanism.name}' crashed", where=f"{Path(last.filename).name}:{last.lineno}",
        found=f"{type(error).__name__}: {error}", do="mend it, or take the mechanism out",
    )  # fmt: skip


def _name_mechanism(mechanism) -> str:
    if not isinstance(mechanism, Mechanism):
        raise NacreError(
            "this is no ageing mechanism", found=type(mechanism).__name__,
            expected="name, words, citation and advance(before, after, drive)", do="see docs/ageing.md",
        )  # fmt: skip
    return mechanism.name


def _is_possible(a: SlowState) -> bool:
    low = a.contact > 0.0 and a.active > 0.0 and a.diffusivity > 0.0
    return low and a.contact <= 1.0 and a.active <= 1.0 and math.isfinite(a.series + a.interphase + a.diffusivity)


def _describe(a: SlowState) -> str:
    values = {f.name: getattr(a, f.name) for f in fields(a)}
    return ", ".join(f"{name} = {value:.3g}" for name, value in values.items() if isinstance(value, float))


def _describe_impossible(mechanism, found: str) -> NacreError:
    return NacreError(
        f"the ageing mechanism '{mechanism.name}' gives an impossible cell", found=found,
        expected="contact and active above 0 and at most 1, diffusivity above 0, all finite",
        do="lower its rate, or mend its advance()",
    )  # fmt: skip


@lru_cache(maxsize=1)
def list_built_in() -> tuple[type, ...]:
    """The mechanisms of the package, the interphase first: others follow its growth."""
    return tuple(sorted(registry.mechanisms().values(), key=lambda kind: (kind.name != "interphase", kind.name)))


def arrhenius_factor(energy: float, kelvin: float, reference: float) -> float:
    """exp(E/R (1/T_ref - 1/T)), E in J/mol."""
    return math.exp(energy / GAS * (1.0 / reference - 1.0 / kelvin))


def tafel_factor(share: float, potential: np.ndarray, reference: float, kelvin: float) -> np.ndarray:
    """exp(share F (E - E_ref) / RT)."""
    return np.exp(share * FARADAY / (GAS * kelvin) * (potential - reference))
