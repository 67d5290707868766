"""Whether each half cycle is whole: begun and ended as its like, not cut off by a file or an interruption."""

from dataclasses import dataclass

import numpy as np

from nacre.core.result import Check
from nacre.physics.cycling import half_cycles as seg
from nacre.techniques.cycling.record.rows import CyclingRecord

SHORT = 0.03  # V: a half cycle that ends so far before its like was ended by something else
ALIKE = 0.01  # V: half cycles that a voltage ended lie so close together
PART = 0.95  # of the charge of its like: what was cut passed less
LEAST_LIKE = 2
WORD = {1: "charge", -1: "discharge"}


@dataclass(frozen=True)
class JudgedEnds:
    """Which half cycles are whole (n,), and what is to be said of the others."""

    complete: np.ndarray
    checks: tuple[Check, ...]


def judge_ends(rows: CyclingRecord, runs: seg.HalfCycleRuns, charge: np.ndarray, cycles: np.ndarray) -> JudgedEnds:
    """Half cycles that the end of a file or an interruption cut off are marked: they are no capacities."""
    complete = np.ones(len(runs), bool)
    if not len(runs):
        return JudgedEnds(complete, ())
    complete[-1] = _reaches_its_end(rows, runs)
    cut = _find_interrupted(rows, runs, charge)
    late = _find_late(rows, runs, charge) & ~cut
    checks = []
    if cut.any():
        named = ", ".join(f"the {WORD[int(runs.sign[k])]} of cycle {cycles[k]}" for k in np.flatnonzero(cut)[:4])
        more = "" if cut.sum() <= 4 else f" and {cut.sum() - 4} more"
        text = f"{named}{more} ended before the voltage at which all others end: an interruption, not a capacity"
        checks.append(Check("warn", text, "it is in no number; give the file that goes on from there, if there is one"))
    if late.any():
        named = ", ".join(f"the {WORD[int(runs.sign[k])]} of cycle {cycles[k]}" for k in np.flatnonzero(late)[:4])
        text = f"the record of {named} begins late: its first records are missing"
        checks.append(Check("fail", text, "it is in no number; export the file again"))
    return JudgedEnds(complete & ~cut & ~late, tuple(checks))


def _reaches_its_end(rows: CyclingRecord, runs: seg.HalfCycleRuns) -> bool:
    """False for a last half cycle that runs to the end of the file short of where its like have ended."""
    like = np.flatnonzero(runs.sign[:-1] == runs.sign[-1])
    if not len(like) or runs.last[-1] < len(rows) - 1:
        return True
    reached = np.nanmedian(rows.voltage[runs.last[like]])
    short = runs.sign[-1] * (reached - rows.voltage[runs.last[-1]])
    return not short >= ALIKE


def _find_interrupted(rows: CyclingRecord, runs: seg.HalfCycleRuns, charge: np.ndarray) -> np.ndarray:
    """Half cycles that end short in voltage and charge where all others of their direction end at one voltage."""
    cut = np.zeros(len(runs), bool)
    volts = rows.voltage[runs.last]
    for sign in (1, -1):
        mine = np.flatnonzero((runs.sign == sign) & np.isfinite(volts))
        if len(mine) <= LEAST_LIKE:
            continue
        limit = float(np.median(volts[mine]))
        short = sign * (limit - volts[mine]) > SHORT
        usual = np.abs(volts[mine] - limit) < ALIKE
        # a protocol of several windows, or of times and charges, ends half cycles where it likes
        if not short.any() or short.sum() > max(1, 0.1 * len(mine)) or (short | usual).sum() < len(mine):
            continue
        for k in mine[short].tolist():
            near = mine[~short][np.argsort(np.abs(mine[~short] - k))[:2]]
            cut[k] = charge[k] < PART * np.median(charge[near])
    return cut


def _find_late(rows: CyclingRecord, runs: seg.HalfCycleRuns, charge: np.ndarray) -> np.ndarray:
    """Half cycles whose record begins when others of their direction and charge have been under way for long."""
    late = np.zeros(len(runs), bool)
    volts = rows.voltage[runs.first]
    for sign in (1, -1):
        mine = np.flatnonzero((runs.sign == sign) & np.isfinite(volts))
        # the first half cycle of a test begins where the cell stood
        mine = mine[mine > 0]
        if len(mine) <= LEAST_LIKE:
            continue
        usual = float(np.median(volts[mine]))
        spread = float(np.median(np.abs(volts[mine] - usual)))
        ahead = sign * (volts[mine] - usual) > max(SHORT, 5 * spread)
        for k in mine[ahead].tolist():
            near = mine[~ahead][np.argsort(np.abs(mine[~ahead] - k))[:2]]
            no_rest = runs.first[k] == runs.last[k - 1] + 1
            pause = rows.time[runs.first[k]] - rows.time[runs.last[k - 1]]
            usual_step = np.percentile(np.diff(rows.time[runs.first[k] : runs.last[k] + 1]), 90, method="higher")
            late[k] = no_rest and pause > 5 * usual_step and charge[k] < PART * np.median(charge[near])
    return late
