"""A number with its unit, its uncertainty, and where both come from.

The error of a quantity is held as signed contributions (`parts`) of named, independent sources: the mass of
one cell, one direction of a fit's covariance. Two quantities that share a source are correlated through it,
so `capacity / capacity` of one cell loses the error of the mass and `capacity / mass` keeps it, across
techniques, without anyone carrying covariance matrices about (GUM, JCGM 100:2008, 5.2 and F.1.2).
"""

import math
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from nacre.core import units
from nacre.core.errors import NacreError, did_you_mean
from nacre.core.notebook_hook import ShowsInNotebook

BASES = (
    "fit-covariance",
    "posterior",
    "replicates",
    "model-spread",
    "last-digit",
    "given",
    "propagated",
    "resolution",
    "counting",
    "none",
)
ORIGINS = ("measured", "synthetic", "reported", "calibrated", "predicted", "derived")
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Quantity(ShowsInNotebook):
    """A value with unit and uncertainty.

    `std` is None where nobody estimated it and 0 where the value is exact. `lo95`/`hi95` bound the central
    95 %. `n` counts what it was estimated from. `basis` says how the uncertainty came about and `origin`
    what the value is. `last_digit` is the unit of the last digit of a value given as text.
    """

    value: float
    unit: str = "1"
    std: float | None = None
    lo95: float | None = None
    hi95: float | None = None
    n: int | None = None
    basis: str = "given"
    origin: str = "derived"
    parts: Mapping[str, float] = field(default_factory=dict, compare=False, repr=False)
    last_digit: float | None = field(default=None, compare=False, repr=False)

    def __post_init__(self):
        for kind, word, known in (("basis", self.basis, BASES), ("origin", self.origin, ORIGINS)):
            if word not in known:
                raise NacreError(f"unknown {kind} '{word}'", do=did_you_mean(word, known))
        if self.std is not None and not self.std >= 0:
            raise NacreError("a standard deviation cannot be negative or NaN", found=str(self.std))
        if self.std and not self.parts:
            object.__setattr__(self, "parts", {f"own:{uuid.uuid4().hex}": self.std})
        if self.std is not None and self.lo95 is None and self.hi95 is None:
            object.__setattr__(self, "lo95", self.value - Z95 * self.std)
            object.__setattr__(self, "hi95", self.value + Z95 * self.std)

    def to(self, unit: str) -> "Quantity":
        """The same quantity in another unit. Raises NacreError where it measures something else."""
        if unit == self.unit:
            return self
        slope, offset = units.linear(self.unit, unit)
        lo, hi = (None if bound is None else bound * slope + offset for bound in (self.lo95, self.hi95))
        if slope < 0:
            lo, hi = hi, lo
        return replace(
            self,
            value=self.value * slope + offset,
            unit=unit,
            std=None if self.std is None else abs(slope) * self.std,
            lo95=lo,
            hi95=hi,
            parts={source: slope * part for source, part in self.parts.items()},
            last_digit=None if self.last_digit is None else abs(slope) * self.last_digit,
        )

    @property
    def bounded(self) -> bool:
        """Whether both ends of the 95 % interval are known."""
        return self.lo95 is not None and self.hi95 is not None

    def tagged(self, source: str) -> "Quantity":
        """The same quantity, its whole error named after one source (a weighing, a calibration)."""
        return replace(self, parts={source: self.std} if self.std else {})

    def marked(self, *, basis: str | None = None, origin: str | None = None) -> "Quantity":
        return replace(self, basis=basis or self.basis, origin=origin or self.origin)

    def __str__(self) -> str:
        return show(self)


def covariance(a: Quantity, b: Quantity) -> float:
    """Covariance of two quantities, in unit(a) x unit(b): what their shared error sources make."""
    small, large = sorted((a.parts, b.parts), key=len)
    return math.fsum(part * large[source] for source, part in small.items() if source in large)


def derive(
    function: Callable[..., float],
    *operands: Quantity,
    unit: str,
    basis: str = "propagated",
    origin: str = "derived",
    n: int | None = None,
) -> Quantity:
    """`function` of quantities, its error propagated to first order with all shared sources.

    The one place where quantities are computed with. `function` takes the operands' plain values, in the
    units they come in, and returns a value in `unit`. Where an operand's error is unknown the result's is
    (std None), unless the function does not depend on that operand.
    """
    values = [q.value for q in operands]
    value = float(function(*values))
    slopes = [_differentiate(function, values, i, q.std) for i, q in enumerate(operands)]
    if any(q.std is None and _depends_on(function, values, i) for i, q in enumerate(operands)):
        return Quantity(value, unit, n=n, basis="none", origin=origin)
    parts: dict[str, float] = {}
    for q, slope in zip(operands, slopes, strict=True):
        for source, part in q.parts.items():
            parts[source] = parts.get(source, 0.0) + slope * part
    std = math.sqrt(math.fsum(part * part for part in parts.values()))
    return Quantity(value, unit, std, n=n, basis=basis, origin=origin, parts=parts)


def weighted_sum(weights: Iterable[float], quantities: Iterable[Quantity], *, origin: str = "derived") -> Quantity:
    """Sum of weights times quantities of one unit, its error exact with all shared sources.

    Where an operand's error is unknown, so is the sum's, unless its weight is zero.
    """
    pairs = list(zip(weights, quantities, strict=True))
    unit = pairs[0][1].unit
    value = math.fsum(weight * q.value for weight, q in pairs)
    if any(q.std is None and weight for weight, q in pairs):
        return Quantity(value, unit, n=len(pairs), basis="none", origin=origin)
    parts: dict[str, float] = {}
    for weight, q in pairs:
        for source, part in q.parts.items():
            parts[source] = parts.get(source, 0.0) + weight * part
    std = math.sqrt(math.fsum(part * part for part in parts.values()))
    return Quantity(value, unit, std, n=len(pairs), basis="propagated", origin=origin, parts=parts)


def _depends_on(function, values, i) -> bool:
    """Whether the value moves with operand i, be it by less than first order (x * x at 0)."""
    value = float(function(*values))
    step = abs(values[i]) * 1e-3 or 1e-3
    moved = ([*values[:i], values[i] + sign * step, *values[i + 1 :]] for sign in (1, -1))
    return any(float(function(*other)) != value for other in moved)


def _differentiate(function, values, i, std) -> float:
    # never so small a step that rounding makes the slope
    step = max((std or 0.0) * 1e-2, abs(values[i]) * 1e-6) or 1e-9
    up, down = list(values), list(values)
    up[i] += step
    down[i] -= step
    return (float(function(*up)) - float(function(*down))) / (up[i] - down[i])


def correlated(
    names: Iterable[str],
    values: Iterable[float],
    covariance_matrix,
    unit: Iterable[str],
    *,
    source: str,
    basis: str = "fit-covariance",
    origin: str = "measured",
) -> dict[str, Quantity]:
    """Quantities of one fit, from its covariance matrix (n, n) in the units given.

    `source` names the fit (it must differ between fits). The matrix is split by eigenvalues, so that every
    pair of returned quantities has exactly the covariance given. Raises NacreError where it is not a
    covariance matrix.
    """
    import numpy as np

    names, values, unit = list(names), list(values), list(unit)
    matrix = np.asarray(covariance_matrix, float)
    if matrix.shape != (len(names), len(names)) or not np.all(np.isfinite(matrix)):
        raise NacreError("not a covariance matrix", found=f"shape {matrix.shape}", expected=f"{len(names)} finite rows")
    scale = np.sqrt(np.clip(np.diag(matrix), 0, None))
    safe = np.where(scale > 0, scale, 1.0)
    eigenvalues, vectors = np.linalg.eigh((matrix + matrix.T) / 2 / np.outer(safe, safe))
    if eigenvalues.min(initial=0.0) < -1e-6:
        raise NacreError("not a covariance matrix", found=f"an eigenvalue of {eigenvalues.min():.3g}", expected=">= 0")
    root = safe[:, None] * vectors * np.sqrt(np.clip(eigenvalues, 0, None))
    found = {}
    for i, name in enumerate(names):
        parts = {f"{source}#{k}": float(root[i, k]) for k in range(len(names)) if root[i, k] != 0.0}
        std = math.sqrt(math.fsum(part * part for part in parts.values()))
        found[name] = Quantity(float(values[i]), unit[i], std, basis=basis, origin=origin, parts=parts)
    return found


# --- text ---------------------------------------------------------------------------------------------------

_NUMBER = re.compile(
    r"""^\s*(?P<value>[+-]?(?:\d+\.?\d*|\.\d+))
        (?:\((?P<digits>\d+)\))?
        (?P<exponent>[eE][+-]?\d+)?
        (?:\s*(?:\+-|\+/-|±)\s*(?P<plus>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))?
        \s*(?P<unit>.*?)\s*$""",
    re.VERBOSE,
)

_RATE = re.compile(r"^\s*C\s*/\s*(\d+(?:\.\d+)?)\s*$")


def parse(text: str | float | int, unit: str | None = None, *, origin: str = "derived", where: str = "") -> Quantity:
    """A quantity from text: `8.32(5) mg`, `12 +- 0.5 nm`, `45 degC`, `0.1C` or `C/10`, `1 wt%`.

    `unit` is the unit wanted; the text must then carry a unit of the same kind. A bare number is taken only
    where `unit` is dimensionless. Raises NacreError with the text, and what it should look like.
    """
    example = f"like '8.32(5) {unit or 'mg'}' or '8.32 {unit or 'mg'}'"
    raw = str(text).replace("\N{MINUS SIGN}", "-")
    rate = _RATE.match(raw)
    if rate and float(rate[1]):
        return Quantity(1 / float(rate[1]), "C-rate", origin=origin).to(unit or "C-rate")
    match = _NUMBER.match(raw)
    twice = match is not None and match["digits"] and match["plus"]
    if match is None or twice or match["unit"].startswith((",", "(", ".")):
        cure = "use a decimal point" if re.match(r"^\s*[+-]?\d+,\d", raw) else ""
        raise NacreError("cannot read this as a quantity", where=where, found=f"'{raw}'", expected=example, do=cure)
    exponent = match["exponent"] or ""
    value = float(match["value"] + exponent)
    if not math.isfinite(value):
        raise NacreError("the number is too large", where=where, found=f"'{raw}'", expected=example)
    last_digit = 10.0 ** -len(match["value"].partition(".")[2]) * float("1" + exponent)
    std = None
    if match["digits"]:
        std = int(match["digits"]) * last_digit
    if match["plus"]:
        std = float(match["plus"])
    written = match["unit"]
    if written == "C":
        written = "C-rate"
    if not written:
        if unit is not None and not units.same_kind(unit, "1"):
            raise NacreError("a number without a unit", where=where, found=f"'{raw}'", expected=example)
        written = "1"
    try:
        units.check_unit(written)
        quantity = Quantity(value, written, std, origin=origin, last_digit=last_digit)
        return quantity if unit is None else quantity.to(unit)
    except NacreError as error:
        raise NacreError(
            error.what, where=where, found=f"'{raw}'", expected=example if unit else error.expected, do=error.do
        ) from None


def show(q: Quantity, *, with_unit: bool = True) -> str:
    """`8.32(5) mg`; without an uncertainty `8.32 mg`, to four significant digits."""
    tail = "" if q.unit == "1" or not with_unit else f" {q.unit}"
    if not math.isfinite(q.value):
        return f"{q.value}{tail}"
    if not q.std or not math.isfinite(q.std):
        return f"{_format_plain(q.value, q.last_digit)}{tail}"
    if q.std < max(1e-15 * abs(q.value), 1e-290):  # finer than a number can tell
        return f"{q.value:.15g}{tail}"
    decimals = -math.floor(math.log10(q.std))
    if q.std * 10**decimals < 2.95:  # two digits where one would round too coarsely
        decimals += 1
    digits = round(q.std * 10.0**decimals)
    if decimals >= 0 and abs(q.value) < 1e6 and decimals <= 7:
        return f"{q.value:.{decimals}f}({digits}){tail}"
    power = max(math.floor(math.log10(abs(q.value))) if q.value else -decimals, -decimals)
    shown = max(decimals + power, 0)
    return f"{q.value / 10.0**power:.{shown}f}({round(q.std / 10.0**power * 10**shown)})e{power}{tail}"


def _format_plain(value: float, last_digit: float | None) -> str:
    if last_digit and abs(value) < 1e6 and last_digit >= 1e-7:
        return f"{value:.{max(0, -math.floor(math.log10(last_digit) + 1e-9))}f}"
    return f"{value:.4g}"
