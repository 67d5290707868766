"""Whether the current's sign, and its being there at all, fit the voltage's course."""

from dataclasses import replace

import numpy as np

from nacre.core.result import Check
from nacre.physics.cycling import record_checks
from nacre.physics.cycling.half_cycles import find_directions, integrate_charge
from nacre.techniques.cycling.record.rows import CyclingRecord

LEAST_ROWS = 10  # fewer records show no course of the voltage
LEAST_SPAN = 0.2  # V: of a flatter record the voltage says nothing about the sign
TURN = 0.4  # of the span: relaxation and polarisation turn a voltage by less
AGAINST = 0.95  # of the charge of a way: the current's sign contradicts the voltage
WHOLE_WAY = 0.9  # of the span: what no relaxation runs through
TURNS_OF_NOISE = 0.2  # changes of sign per record: a current that flickers about zero
NOISE_SPAN = 0.05  # V


def judge_direction(rows: CyclingRecord) -> CyclingRecord:
    """The record with currents that fit the voltage: turned where the voltage proves it, set to none where noise."""
    if rows.stopped:
        return rows
    there = np.isfinite(rows.voltage)
    flowing = there & (find_directions(rows.current) != 0)
    if there.sum() < LEAST_ROWS:
        return rows
    if flowing.any() and _is_noise(rows, flowing):
        text = f"the current only flickers about zero, by {np.abs(rows.current).max():.2g} A, at a steady voltage"
        return replace(rows, current=np.zeros(len(rows)), counted={}, checks=(*rows.checks, _warn(rows, text)))
    span = float(np.ptp(rows.voltage[there]))
    if span < LEAST_SPAN:
        return rows
    places = np.flatnonzero(there)
    ways = [
        (int(places[a]), int(places[b]), way)
        for a, b, way in record_checks.trace_directions(rows.voltage[there], TURN * span)
    ]
    return _turn_currents(_stop_without_current(rows, ways, span), ways)


def _warn(rows: CyclingRecord, text: str) -> Check:
    return Check("warn", f"{rows.where}: {text}", "it is taken as rest")


def _is_noise(rows: CyclingRecord, flowing: np.ndarray) -> bool:
    signs = np.sign(rows.current[flowing])
    turns = np.count_nonzero(np.diff(signs)) / max(len(signs) - 1, 1)
    return bool(turns > TURNS_OF_NOISE and len(signs) > 10 and np.ptp(rows.voltage[flowing]) < NOISE_SPAN)


def _stop_without_current(rows: CyclingRecord, ways: list[tuple[int, int, int]], span: float) -> CyclingRecord:
    """A voltage that runs through its whole range while no current is recorded: the current is not resolved."""
    silent = []
    for first, last, way in ways:
        still = np.abs(rows.current[first : last + 1]) <= 1e-3 * np.abs(rows.current).max(initial=0.0)
        moves = np.nan_to_num(np.diff(rows.voltage[first : last + 1]))[still[1:] & still[:-1]]
        if way * moves.sum() >= WHOLE_WAY * span:
            silent.append(rows.name_rows(first, last))
    if not silent:
        return rows
    text = f"{rows.where}: the voltage runs through {span:.2g} V in {silent[0]} while the current reads 0"
    text += "" if len(silent) == 1 else f", and {len(silent) - 1} times more"
    cure = "the current lies below the last digit of the file: export it with more digits"
    stopped = "no current is recorded while the voltage runs" if 2 * len(silent) >= len(ways) else ""
    return replace(rows, checks=(*rows.checks, Check("fail", text, cure)), stopped=rows.stopped or stopped)


def _turn_currents(rows: CyclingRecord, ways: list[tuple[int, int, int]]) -> CyclingRecord:
    """Currents of the ways on which the voltage went against them are turned round."""
    sign = find_directions(rows.current)
    passed = integrate_charge(rows.time, rows.current, sign, rows.breaks)
    current, turned = rows.current.copy(), []
    for first, last, way in ways:
        inside = slice(first, last + 1)
        total = passed[inside].sum()
        if total > 0 and passed[inside][sign[inside] == -way].sum() > AGAINST * total:
            current[inside] = way * np.abs(current[inside])
            turned.append((first, last))
    moved = float(sum(passed[a : b + 1].sum() for a, b in turned))
    if not turned or moved < 0.02 * passed.sum():
        return rows
    return replace(rows, current=current, checks=(*rows.checks, _report_turned(rows, turned, passed)))


def _report_turned(rows: CyclingRecord, turned: list[tuple[int, int]], passed: np.ndarray) -> Check:
    signs = set(np.sign(rows.current[passed > 0]).tolist())
    cure = "the voltage rises on charge and falls on discharge: currents were given the sign that it proves"
    if len(signs) == 1:
        return Check("warn", f"{rows.where}: the current bears no sign", cure)
    if sum(passed[a : b + 1].sum() for a, b in turned) > AGAINST * passed.sum():
        return Check("warn", f"{rows.where}: the voltage falls where the current charges, throughout", cure)
    first, last = turned[0]
    text = f"{rows.where}: the voltage goes against the current in {rows.name_rows(first, last)}"
    more = "" if len(turned) == 1 else f", and {len(turned) - 1} times more"
    return Check("warn", text + more, cure)
