"""A test protocol in words: `charge at 0.1C to 2.75 V`, read into steps, and turned into currents of a cell.

    charge at 0.1C to 2.75 V            at a C-rate, A, mA, uA, mA/g or mA/cm2; `to` or `until` a voltage
    discharge at 2 mW to 1.35 V         or at a power: W, mW, mW/g or mW/cm2
    charge at 0.1C until 100 mAh/g      until a charge (Ah, mAh, mAh/g, mAh/cm2), at constant current
    hold at 2.75 V until C/20           until a current (as above), or for a time
    rest for 1 h
    discharge at 1C for 30 min or until 1.35 V
    repeat 200 times:                   the indented lines below, or the steps behind the colon, set apart by ;
        charge at 0.2C to 2.75 V
        discharge at 0.2C to 1.35 V

Lines or semicolons set steps apart; a repeat in the middle of a line takes the rest of it; what follows # is a remark.
Voltages are those of the cell, currents positive on charge. A charge or discharge needs an end; several ends may be
joined by `or`: the first reached counts.
"""

import difflib
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass

from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity, parse
from nacre.core.units import same_kind

KINDS = ("charge", "discharge", "hold", "rest")
_JOINTS = ("to", "until", "for", "or", "at")
_CURRENTS = ("A", "mA/g", "mA/cm2", "C-rate")
_POWERS = ("W", "mW/g", "mW/cm2")
_CHARGES = ("Ah", "mAh/g", "mAh/cm2")


@dataclass(frozen=True)
class StepOrder:
    """One step as written: `set` is its current or voltage, `ends` what may end it."""

    kind: str
    set: Quantity | None
    ends: tuple[Quantity, ...]
    text: str
    line: int


@dataclass(frozen=True)
class RepeatOrder:
    """Orders to run `times` times."""

    times: int
    body: tuple["StepOrder | RepeatOrder", ...]


Protocol = tuple[StepOrder | RepeatOrder, ...]


class CellSize(typing.Protocol):
    """What turns rates, specific and areal amounts into those of one cell: a recipe, or a `CurrentScale`."""

    @property
    def area(self) -> Quantity: ...

    @property
    def cam_mass(self) -> Quantity: ...

    def current(self, rate: Quantity) -> Quantity: ...


@dataclass(frozen=True)
class CurrentScale:
    """What turns rates, specific and areal amounts into those of one cell, where there is no recipe."""

    area: Quantity
    cam_mass: Quantity
    one_c: Quantity

    def current(self, rate: Quantity) -> Quantity:
        """Current of a C-rate, mA."""
        return Quantity(self.one_c.to("mA").value * rate.to("C-rate").value, "mA")


@dataclass(frozen=True)
class ProtocolStep:
    """One step for one cell: `current` in A or `power` in W (positive charges), `voltage` in V of a hold; ends in V,
    A and s.

    `number` counts the lines of the step table from 1; `text` is the step as written.
    """

    kind: str
    number: int
    current: float | None = None
    voltage: float | None = None
    until_voltage: float | None = None
    until_current: float | None = None
    until_time: float | None = None
    text: str = ""
    power: float | None = None


@dataclass(frozen=True)
class ProtocolLoop:
    """Steps to run `times` times."""

    times: int
    steps: tuple["ProtocolStep | ProtocolLoop", ...]


# --- reading ------------------------------------------------------------------------------------------------


def parse_protocol(text: str, where: str = "protocol") -> Protocol:
    """A protocol from its text. Raises NacreError with line and character, what was found, and what was meant."""
    lines = []
    for number, raw in enumerate(text.replace("\t", "    ").splitlines(), 1):
        body = raw.split("#")[0].rstrip()
        if body.strip():
            lines.append((number, len(body) - len(body.lstrip()), body))
    if not lines:
        raise NacreError("an empty protocol", where=where, expected='steps like "charge at 0.1C to 2.75 V"')
    orders, rest = _read_block(lines, lines[0][1], where)
    if rest:
        raise NacreError("the line is indented less than the first", where=f"{where}, line {rest[0][0]}")
    return tuple(orders)


def _read_block(lines, indent: int, where: str):
    """Orders of one indentation, and the lines left over."""
    orders: list[StepOrder | RepeatOrder] = []
    while lines and lines[0][1] >= indent:
        number, depth, body = lines[0]
        if depth > indent:
            raise NacreError(
                "the line is indented, but no `repeat ... times:` stands above it", where=f"{where}, line {number}"
            )
        lines = lines[1:]
        match = re.match(r"\s*repeat\b", body, re.IGNORECASE)
        if not match:
            orders += _read_orders(body, 0, number, where)
            continue
        times, at = _read_times(body, number, where)
        if body[at:].strip():
            orders.append(RepeatOrder(times, tuple(_read_orders(body, at, number, where))))
            continue
        if not lines or lines[0][1] <= indent:
            raise NacreError("nothing to repeat", where=f"{where}, line {number}", do="indent the lines to repeat")
        inner, lines = _read_block(lines, lines[0][1], where)
        orders.append(RepeatOrder(times, tuple(inner)))
    return orders, lines


def _read_times(body: str, line: int, where: str) -> tuple[int, int]:
    match = re.match(r"\s*repeat\s+(\d+)\s*(?:times|x)\s*:", body, re.IGNORECASE)
    if not match or not int(match[1]):
        raise NacreError(
            "cannot read the repetition",
            where=f"{where}, line {line}",
            found=body.strip(),
            expected="repeat 200 times:",
        )
    return int(match[1]), match.end()


def _read_orders(body: str, start: int, line: int, where: str) -> list[StepOrder | RepeatOrder]:
    """The steps of a line; a `repeat` among them takes all that follows it."""
    found: list[StepOrder | RepeatOrder] = []
    for match in re.finditer(r"[^;]+", body[start:]):
        here = start + match.start()
        if re.match(r"\s*repeat\b", match[0], re.IGNORECASE):
            times, at = _read_times(body[here:], line, where)
            inner = _read_orders(body, here + at, line, where)
            if not inner:
                raise NacreError(
                    "nothing to repeat", where=f"{where}, line {line}", do="write the steps behind the colon"
                )
            return [*found, RepeatOrder(times, tuple(inner))]
        if match[0].strip():
            lead = len(match[0]) - len(match[0].lstrip())
            found.append(_read_order(match[0].strip(), start + match.start() + lead + 1, line, where))
    return found


def _read_order(text: str, column: int, line: int, where: str) -> StepOrder:
    place = f"{where}, line {line}"
    word = re.match(r"\S+", text)[0]
    kind = word.lower()
    if kind not in KINDS:
        raise _describe_unknown(word, KINDS, column, place, "a step: charge, discharge, hold, rest or repeat")
    clauses = _split_clauses(text[len(word) :], column + len(word), place)
    if kind == "rest" and clauses and clauses[0][0] == "":
        clauses[0] = ("for", *clauses[0][1:])
    if kind != "rest" and (not clauses or clauses[0][0] != "at"):
        raise NacreError(f"'{kind}' needs `at`", where=place, found=text, expected=_write_example(kind))
    wanted = ("V",) if kind == "hold" else (*_CURRENTS, *_POWERS)
    setting = None
    if kind != "rest":
        setting = _read_quantity(clauses[0], wanted, place, _write_example(kind))
        clauses = clauses[1:]
    ends = tuple(_read_end(clause, kind, place) for clause in clauses)
    if not ends:
        raise NacreError(f"a {kind} without an end", where=place, found=text, expected=_write_example(kind))
    return StepOrder(kind, setting, ends, text, line)


def _split_clauses(text: str, column: int, place: str) -> list[tuple[str, str, int]]:
    """(joint, what follows it, character) of each part of a step."""
    found: list[tuple[str, str, int]] = []
    joint, words, at = "", [], column
    for match in re.finditer(r"\S+", text):
        word = match[0].lower()
        if word in _JOINTS:
            if words or joint == "at":
                found.append((joint, " ".join(words), at))
            joint, words, at = (joint if word == "or" else word), [], column + match.end() + 1
        elif word.isalpha() and word not in ("v", "h", "s", "a") and difflib.get_close_matches(word, _JOINTS, 1, 0.6):
            if not (words and re.fullmatch(r"[\d.]+", words[-1])):
                raise _describe_unknown(match[0], _JOINTS, column + match.start(), place, "to, until, for or or")
            words.append(match[0])
        else:
            words.append(match[0])
    if words:
        found.append((joint, " ".join(words), at))
    return found


def _describe_unknown(word: str, known, column: int, place: str, expected: str) -> NacreError:
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return NacreError(
        f"unknown word '{word}' at character {column}",
        where=place,
        expected=expected,
        do=f"did you mean '{near[0]}'?" if near else "",
    )


def _write_example(kind: str) -> str:
    return {"hold": "hold at 2.75 V until C/20", "rest": "rest for 1 h"}.get(kind, f"{kind} at 0.1C to 2.75 V")


def _read_quantity(clause: tuple[str, str, int], kinds: tuple[str, ...], place: str, example: str) -> Quantity:
    _, text, column = clause
    fraction = re.fullmatch(r"C\s*/\s*(\d+\.?\d*)", text)
    written = f"{1 / float(fraction[1]):.12g} C-rate" if fraction and float(fraction[1]) else text
    try:
        found = parse(written)
    except NacreError as error:
        raise NacreError(
            f"cannot read '{text}' at character {column}", where=place, expected=example, do=error.do
        ) from None
    if not any(same_kind(found.unit, kind) for kind in kinds):
        raise NacreError(
            f"'{text}' at character {column} measures the wrong thing", where=place, expected=f"{' or '.join(kinds)}"
        )
    if not found.value > 0 and "V" not in kinds:
        raise NacreError(
            f"'{text}' at character {column} must be above 0", where=place, do="the direction is in the word"
        )
    return found


def _read_end(clause: tuple[str, str, int], kind: str, place: str) -> Quantity:
    joint = clause[0]
    if joint == "for":
        return _read_quantity(clause, ("h",), place, "for 1 h")
    kinds = (*_CURRENTS, "h") if kind == "hold" else ("V", "h", *_CHARGES)
    if kind == "rest":
        kinds = ("h",)
    return _read_quantity(clause, kinds, place, _write_example(kind))


# --- for a cell ---------------------------------------------------------------------------------------------


def bind_to_cell(protocol: Protocol, cell: CellSize) -> tuple[ProtocolStep | ProtocolLoop, ...]:
    """The steps of a protocol with the currents of a cell. Raises NacreError where its 1C or mass is not known."""
    counter = iter(range(1, 1_000_000))
    return tuple(_bind_order(order, cell, counter) for order in protocol)


def _bind_order(order: StepOrder | RepeatOrder, cell: CellSize, counter: Iterator[int]) -> ProtocolStep | ProtocolLoop:
    if isinstance(order, RepeatOrder):
        return ProtocolLoop(order.times, tuple(_bind_order(inner, cell, counter) for inner in order.body))
    current = voltage = power = None
    sign = 1 if order.kind == "charge" else -1
    if order.kind == "hold":
        voltage = order.set.to("V").value
    elif order.set is not None and any(same_kind(order.set.unit, unit) for unit in _POWERS):
        power = sign * _convert_to_absolute(order.set, "W", "W/g", "W/cm2", cell)
    elif order.set is not None:
        current = convert_to_amperes(order.set, cell) * sign
    values: dict[str, float] = {}
    for end in order.ends:
        name, value = _convert_end(end, cell, current, order.text)
        values[name] = min(value, values[name]) if name == "until_time" and name in values else value
    return ProtocolStep(order.kind, next(counter), current, voltage, text=order.text, power=power, **values)


def _convert_end(end: Quantity, cell: CellSize, current: float | None, text: str) -> tuple[str, float]:
    """(name, value) of an end. At constant current a charge is a time."""
    if any(same_kind(end.unit, unit) for unit in _CHARGES):
        if current is None:
            raise NacreError("a charge ends a step at constant current only", found=text, do="give a voltage or a time")
        return "until_time", 3600 * _convert_to_absolute(end, "Ah", "Ah/g", "Ah/cm2", cell) / abs(current)
    if same_kind(end.unit, "V"):
        return "until_voltage", end.to("V").value
    if same_kind(end.unit, "h"):
        return "until_time", end.to("s").value
    return "until_current", convert_to_amperes(end, cell)


def convert_to_amperes(current: Quantity, cell: CellSize) -> float:
    """A current as written (C-rate, A, mA/g, mA/cm2) in A for a cell."""
    if same_kind(current.unit, "C-rate"):
        return cell.current(current).to("A").value
    return _convert_to_absolute(current, "A", "A/g", "A/cm2", cell)


def _convert_to_absolute(amount: Quantity, unit: str, per_mass: str, per_area: str, cell: CellSize) -> float:
    """An amount in `unit`, be it given per gram of active material, per area, or as it is."""
    if same_kind(amount.unit, per_mass):
        return amount.to(per_mass).value * cell.cam_mass.to("g").value
    if same_kind(amount.unit, per_area):
        return amount.to(per_area).value * cell.area.to("cm2").value
    return amount.to(unit).value


def unroll_steps(steps: tuple[ProtocolStep | ProtocolLoop, ...]) -> Iterator[ProtocolStep]:
    """Every step in the order of the test, loops run out."""
    for step in steps:
        if isinstance(step, ProtocolLoop):
            for _ in range(step.times):
                yield from unroll_steps(step.steps)
        else:
            yield step


# --- export -------------------------------------------------------------------------------------------------

_COLUMNS = ("step", "do", "current / mA", "voltage / V", "to voltage / V", "to current / mA", "time / h", "repeat")


def write_step_table(steps: tuple[ProtocolStep | ProtocolLoop, ...]) -> str:
    """The steps as csv text, one a row; a loop is one row more, as a cycler wants it: `steps 3-4, 200 times`."""
    rows: list[list[str]] = [list(_COLUMNS)]
    _fill_rows(steps, rows)
    if any(step.power is not None for step in unroll_steps(steps)):
        powers = {str(s.number): f"{1e3 * s.power:.6g}" for s in unroll_steps(steps) if s.power is not None}
        rows = [[*rows[0], "power / mW"], *([*row, powers.get(row[0], "")] for row in rows[1:])]
    return "\n".join(",".join(_quote(item) for item in row) for row in rows) + "\n"


def _fill_rows(steps: tuple[ProtocolStep | ProtocolLoop, ...], rows: list[list[str]]) -> list[int]:
    numbers = []
    for step in steps:
        if isinstance(step, ProtocolLoop):
            inner = _fill_rows(step.steps, rows)
            span = f"steps {inner[0]}-{inner[-1]}" if len(inner) > 1 else f"step {inner[0]}"
            rows.append(["", "repeat", "", "", "", "", "", f"{span}, {step.times} times"])
            numbers += inner
            continue
        values = (step.current, step.voltage, step.until_voltage, step.until_current, step.until_time)
        scales = (1e3, 1, 1, 1e3, 1 / 3600)
        cells = ["" if v is None else f"{v * s:.6g}" for v, s in zip(values, scales, strict=True)]
        rows.append([str(step.number), step.kind, *cells, ""])
        numbers.append(step.number)
    return numbers


def _quote(item: str) -> str:
    return f'"{item}"' if "," in item else item


def write_pybamm_experiment(steps: tuple[ProtocolStep | ProtocolLoop, ...]) -> str:
    """Python text of a `pybamm.Experiment` with the same steps, currents in mA; one pass of a loop is one cycle."""
    body = "\n    + ".join(_write_pybamm_parts(steps))
    return f"import pybamm\n\nexperiment = pybamm.Experiment(\n    {body}\n)\n"


def _write_pybamm_parts(steps: tuple[ProtocolStep | ProtocolLoop, ...]) -> list[str]:
    parts: list[str] = []
    for step in steps:
        if not isinstance(step, ProtocolLoop):
            parts.append(f'["{_write_pybamm_step(step)}"]')
        elif any(isinstance(inner, ProtocolLoop) for inner in step.steps):
            parts.append(f"({' + '.join(_write_pybamm_parts(step.steps))}) * {step.times}")
        else:
            lines = "".join(f'        "{_write_pybamm_step(inner)}",\n' for inner in step.steps)
            parts.append(f"[(\n{lines}    )] * {step.times}")
    return parts


def _write_pybamm_step(step: ProtocolStep) -> str:
    start = {"rest": "Rest", "hold": f"Hold at {step.voltage:.6g} V" if step.voltage is not None else ""}.get(step.kind)
    if start is None:
        amount = f"{abs(step.current) * 1e3:.8g} mA" if step.power is None else f"{abs(step.power):.8g} W"
        start = f"{step.kind.capitalize()} at {amount}"
    ends = []
    if step.until_time is not None:
        ends.append(f"for {step.until_time:.8g} seconds")
    if step.until_voltage is not None:
        ends.append(f"until {step.until_voltage:.6g} V")
    if step.until_current is not None:
        ends.append(f"until {step.until_current * 1e3:.8g} mA")
    return f"{start} {' or '.join(ends)}"
