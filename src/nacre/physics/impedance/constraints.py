"""What the user knows about the parameters, turned into the linear map from free variables to log parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from .circuit import Circuit, find_arcs
from .spectrum import ImpedanceError


@dataclass(frozen=True)
class Constraints:
    """What is known beforehand, by parameter name.

    fixed: value; bounds: (low, high); ties: parameter -> (other parameter, factor), p = factor * other;
    order: chains of parameters whose values must not fall; start: value from which the fit begins (its sign is kept:
    a negative resistance starts, and stays, below zero).
    """

    fixed: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    ties: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    order: tuple[tuple[str, ...], ...] = ()
    start: Mapping[str, float] = field(default_factory=dict)

    def named(self):
        """Every parameter that is spoken of, apart from starting values."""
        tied = {name for pair in self.ties.items() for name in (pair[0], pair[1][0])}
        return {*self.fixed, *self.bounds, *tied, *(name for chain in self.order for name in chain)}


@dataclass(frozen=True)
class Sharing:
    """How the parameters of several spectra hang together.

    shared: one value for all; arrhenius: p(T) = p_ref exp(E_a/R (1/T - 1/T_ref)), with temperature [K], shape (s,).
    """

    shared: tuple[str, ...] = ()
    arrhenius: tuple[str, ...] = ()
    temperature: tuple[float, ...] = ()

    @property
    def reference_temperature(self):
        return len(self.temperature) / sum(1.0 / t for t in self.temperature)


@dataclass(frozen=True)
class LinearMap:
    """log|p| = constant + matrix phi for each spectrum; `variables` names the columns (parameter, spectrum)."""

    constant: np.ndarray
    sign: np.ndarray
    link: np.ndarray
    weight: np.ndarray
    low: np.ndarray
    high: np.ndarray
    variables: tuple[tuple[str, object], ...]

    @property
    def matrix(self):
        """Dense form, shape (spectra, parameters, variables)."""
        dense = np.zeros((*self.constant.shape, len(self.variables)))
        for (s, i, j), weight in zip(self.link, self.weight, strict=True):
            dense[s, i, j] += weight
        return dense

    def variables_for(self, log_values):
        """Free variables nearest to log parameters of shape (..., spectra, parameters)."""
        dense = self.matrix.reshape(-1, len(self.variables))
        flat = (log_values - self.constant).reshape(*log_values.shape[:-2], -1)
        return np.clip(flat @ np.linalg.pinv(dense).T, self.low, self.high)


def check_constraints(circuit: Circuit, known: Constraints):
    """Raise ImpedanceError for unknown names, zero or contradictory statements."""
    for name in (*known.named(), *known.start):
        circuit.index(name)
    for name, value in (*known.fixed.items(), *known.start.items()):
        if not np.isfinite(value) or value == 0:
            raise ImpedanceError(f"{name} is given as {value:g}: expected a finite number other than 0.")
    for name, (low, high) in known.bounds.items():
        if not 0 < low < high:
            raise ImpedanceError(f"bounds of {name} are {low:g} to {high:g}: expected 0 < low < high.")
    later = [name for chain in known.order for name in chain[1:]]
    for name in known.bounds:
        if name in known.fixed or name in known.ties or name in later:
            raise ImpedanceError(f"{name} is bounded and also fixed, tied or ordered: say one of them.")
    for name in (*known.ties, *later):
        if name in known.fixed or (name in known.ties and name in later):
            raise ImpedanceError(f"{name} is constrained twice (fixed, tied, ordered): say one of them.")


def build_linear_map(circuit: Circuit, known: Constraints, spectra=1, sharing: Sharing | None = None) -> LinearMap:
    """The map for `spectra` spectra of one circuit. Raises ImpedanceError for statements that contradict."""
    check_constraints(circuit, known)
    sharing = sharing or Sharing()
    _check_sharing(circuit, known, sharing, spectra)
    builder = _MapBuilder(circuit, known, sharing, spectra)
    rows = [(s, i, j, w) for s in range(spectra) for i in range(len(circuit.names)) for j, w in builder.row(i, s)]
    return LinearMap(
        builder.constant,
        builder.sign,
        np.array([row[:3] for row in rows], np.int64).reshape(-1, 3),
        np.array([row[3] for row in rows], float),
        np.array(builder.low, float),
        np.array(builder.high, float),
        tuple(builder.variables),
    )


def _check_sharing(circuit, known, sharing, spectra):
    for name in (*sharing.shared, *sharing.arrhenius):
        circuit.index(name)
        if name in known.fixed or name in known.ties or any(name in chain[1:] for chain in known.order):
            raise ImpedanceError(f"{name} is shared and also fixed, tied or ordered: say one of them.")
        if name in sharing.shared and name in sharing.arrhenius:
            raise ImpedanceError(f"{name} is both shared and Arrhenius: say one of them.")
    if sharing.arrhenius and (len(sharing.temperature) != spectra or min(sharing.temperature, default=0) <= 0):
        raise ImpedanceError(
            f"Arrhenius sharing needs the temperature in kelvin of each of the {spectra} spectra; "
            f"found {len(sharing.temperature)}."
        )
    if sharing.arrhenius and len(set(sharing.temperature)) < 2:
        raise ImpedanceError("Arrhenius sharing needs at least two different temperatures.")


class _MapBuilder:
    """Hands out variables while the rows of the map are written."""

    def __init__(self, circuit, known, sharing, spectra):
        self.circuit, self.known, self.sharing = circuit, known, sharing
        self.constant = np.zeros((spectra, len(circuit.names)))
        self.sign = np.ones_like(self.constant)
        self.variables, self.low, self.high, self.place = [], [], [], {}
        self.before = {b: a for chain in known.order for a, b in pairwise(chain)}
        for name, value in {**known.start, **known.fixed}.items():
            self.sign[:, circuit.index(name)] = np.sign(value)

    def variable(self, key, low, high):
        if key not in self.place:
            self.place[key] = len(self.variables)
            self.variables.append(key)
            self.low.append(low)
            self.high.append(high)
        return self.place[key]

    def row(self, i, s, depth=0):
        """Pairs (variable, weight) of parameter i in spectrum s; sets its constant."""
        name, slot = self.circuit.names[i], self.circuit.parameters[i].slot
        if depth > len(self.circuit.names):
            raise ImpedanceError(f"{name} is tied or ordered in a circle: break it somewhere.")
        if name in self.known.fixed:
            self.constant[s, i] = np.log(abs(self.known.fixed[name]))
            return []
        if name in self.known.ties:
            other, factor = self.known.ties[name]
            j = self.circuit.index(other)
            row = self.row(j, s, depth + 1)
            self.constant[s, i] = self.constant[s, j] + np.log(factor)
            self.sign[s, i] = self.sign[s, j]
            return row
        if name in self.before:
            j = self.circuit.index(self.before[name])
            row = self.row(j, s, depth + 1)
            self.constant[s, i] = self.constant[s, j]
            return [*row, (self.variable((f"{name} above {self.before[name]}", s), 0.0, 50.0), 1.0)]
        low, high = np.log(self.known.bounds.get(name, (slot.low, slot.high)))
        if name in self.sharing.arrhenius:
            reduced = self.sharing.reference_temperature / self.sharing.temperature[s] - 1.0
            return [
                (self.variable((name, "reference"), low, high), 1.0),
                (self.variable((name, "activation"), -500.0, 500.0), reduced),
            ]
        key = "shared" if name in self.sharing.shared else s
        return [(self.variable((name, key), low, high), 1.0)]


def sort_arcs(circuit: Circuit, known: Constraints, log_values):
    """Exchangeable arcs (R|Q), put in the order of their time constants: the first written is the fastest.

    log_values: shape (p,), log parameters; returns a copy. Arcs that the user has spoken of stay where they are.
    """
    names, out = circuit.names, log_values.copy()
    for symbol in "QC":
        group = []
        for r, store in find_arcs(circuit):
            places = [k for k, q in enumerate(circuit.parameters) if q.element in (r, store)]
            spoken = {names[k] for k in places} & (known.named() | set(known.start))
            if store.startswith(symbol) and not spoken:
                group.append(places)
        tau = [_compute_log_time_constant(circuit, log_values, places) for places in group]
        for target, source in zip(group, np.argsort(tau, kind="stable"), strict=True):
            for name_at in target:
                slot = circuit.parameters[name_at].slot.name
                out[name_at] = next(log_values[k] for k in group[source] if circuit.parameters[k].slot.name == slot)
    return out


def _compute_log_time_constant(circuit, log_values, places):
    by_slot = {circuit.parameters[k].slot.name: log_values[k] for k in places}
    product = by_slot["R"] + by_slot.get("Q", by_slot.get("C"))
    return product / np.exp(by_slot.get("n", 0.0))
