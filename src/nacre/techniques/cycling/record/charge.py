"""The charge of each half cycle: every counter of the file held against the integral of the current and the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nacre.core.result import Check
from nacre.physics.cycling import half_cycles as seg
from nacre.physics.cycling import record_checks
from nacre.techniques.cycling.record.rows import CyclingRecord

AGREES = 0.005  # relative: a counter and the integral, logged as cyclers log
APART = 0.05  # relative: one of the two is wrong
COARSE = 0.01  # relative: the last digit of the current matters
TOO_COARSE = 0.1
WORD = {1: "charge", -1: "discharge"}


@dataclass(frozen=True)
class JudgedCharge:
    """Charge per row and half cycle in C, its standard uncertainty in C, whether it can be believed, and by whom.

    `counter` is the name of the counter taken, "" for the integral. `reasons` say of unsound half cycles why (n,).
    """

    passed: np.ndarray
    charge: np.ndarray
    doubt: np.ndarray
    sound: np.ndarray
    counter: str
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]

    def report(self, cycles: np.ndarray, runs: seg.HalfCycleRuns) -> list[Check]:
        """The checks, with half cycles named by their cycles."""
        found = list(self.checks)
        for reason in dict.fromkeys(r for r in self.reasons if r):
            mine = [k for k, r in enumerate(self.reasons) if r == reason]
            named = ", ".join(f"{WORD[int(runs.sign[k])]} {cycles[k]}" for k in mine[:4])
            more = "" if len(mine) <= 4 else f" and {len(mine) - 4} more"
            text = f"the charge of {named}{more} cannot be determined: {reason}"
            found.append(Check("fail", text, "look at the file there; other half cycles are not affected"))
        return found


def choose_rows(rows: CyclingRecord, integral: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Charge per row by the first counter, else the integral: enough to tell half cycles from pulses."""
    counted = next(iter(rows.counted.values()), None)
    return integral if counted is None else np.where(sign != 0, np.maximum(counted, 0.5 * integral), 0.0)


def judge_charge(
    rows: CyclingRecord, runs: seg.HalfCycleRuns, pulses: seg.HalfCycleRuns, integral: np.ndarray, sign: np.ndarray
) -> JudgedCharge:
    """The charge of each half cycle from what the file's statements have in common."""
    integral = seg.exclude_runs(integral, pulses)
    ours = runs.sums(integral)
    counted = {
        name: seg.exclude_runs(np.where(sign != 0, passed, 0.0), pulses) for name, passed in rows.counted.items()
    }
    gaps = _find_gaps(rows, runs, sign)
    coarse = _find_coarseness(rows, runs, sign, integral)
    against = _find_adverse(rows, runs, sign)
    if not counted:
        reasons = [a or g for a, g in zip(against, gaps, strict=True)]
        return _judge_integral(rows, runs, integral, ours, coarse, reasons)
    apart = {name: _compare(runs.sums(passed), ours) for name, passed in counted.items()}
    explained = np.array([bool(g) for g in gaps], bool) | (coarse > COARSE)
    name = min(apart, key=lambda n: (int(np.sum((apart[n] > APART) & ~explained)), list(apart).index(n)))
    return _judge_counter(rows, runs, counted, name, apart, (coarse, gaps, against))


def _compare(theirs: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """Relative distance of two charges (n,); 0 where both are none."""
    most = np.maximum(theirs, ours)
    return np.divide(np.abs(theirs - ours), most, out=np.zeros(len(ours)), where=most > 0)


def _judge_integral(
    rows: CyclingRecord,
    runs: seg.HalfCycleRuns,
    integral: np.ndarray,
    ours: np.ndarray,
    coarse: np.ndarray,
    reasons: list[str],
) -> JudgedCharge:
    doubt = np.hypot(_estimate_interval_error(rows, runs), ours * coarse / np.sqrt(3))
    too_coarse = f"the last digit of the current is more than {TOO_COARSE:.0%} of it, and no counter helps"
    reasons = [r or (too_coarse if c > TOO_COARSE else "") for r, c in zip(reasons, coarse, strict=True)]
    checks: tuple[Check, ...] = ()
    if len(coarse) and COARSE < coarse.max() <= TOO_COARSE:
        text = f"the current is written so coarsely that charges are known to {100 * coarse.max():.2g} %"
        checks = (Check("warn", text, "export the current with more digits, or the charge counter"),)
    return JudgedCharge(integral, ours, doubt, np.array([not r for r in reasons], bool), "", tuple(reasons), checks)


def _judge_counter(
    rows: CyclingRecord,
    runs: seg.HalfCycleRuns,
    counted: dict[str, np.ndarray],
    name: str,
    apart: dict[str, np.ndarray],
    evidence: tuple[np.ndarray, list[str], list[str]],
) -> JudgedCharge:
    coarse, gaps, against = evidence
    passed = counted[name]
    charge, mine = runs.sums(passed), apart[name]
    gap = np.array([bool(g) for g in gaps], bool)
    explained = (gap | (mine <= 1.1 * coarse)) & (mine > AGREES)
    wrong = (mine > APART) & ~explained
    reasons = list(against)
    for k in np.flatnonzero(wrong).tolist():
        reasons[k] = reasons[k] or "the charge counter and the integral of the current contradict each other"
    digit = rows.digits.get(name, 0.0) / np.sqrt(6)
    doubt = np.hypot(np.where(explained, 0.0, mine * charge / np.sqrt(3)), digit)
    checks = (*_report_agreement(mine, explained, wrong, gaps), *_compare_counters(runs, counted, name, wrong))
    return JudgedCharge(passed, charge, doubt, np.array([not r for r in reasons], bool), name, tuple(reasons), checks)


def _report_agreement(mine: np.ndarray, explained: np.ndarray, wrong: np.ndarray, gaps: Sequence[str]) -> list[Check]:
    if not len(mine):
        return []
    checks = []
    by_gap = np.array([bool(g) for g in gaps], bool) & explained
    if by_gap.any():
        text = f"records are missing in {by_gap.sum()} half cycles"
        checks.append(Check("warn", f"{text}: their charge is the counter's, which ran on", next(g for g in gaps if g)))
    rest = mine[~explained & ~wrong]
    worst = float(rest.max()) if rest.size else 0.0
    if explained.any() and not by_gap.any() and not wrong.any():
        text = "the current is written too coarsely to be integrated: charges are the counter's"
        return [*checks, Check("info", f"{text}, which differs by {100 * mine.max():.2g} %, within the last digit")]
    if worst <= AGREES and not wrong.any():
        text = "the cycler's charge counter and the integral of I dt agree within"
        return [*checks, Check("pass", f"{text} {100 * worst:.2g} % in every half cycle")]
    if worst > AGREES:
        text = (
            f"the cycler's charge counter and the integral of I dt differ by up to {100 * worst:.2g} % in a half cycle"
        )
        cure = "the counter was taken, the difference is in the uncertainty; look for missing rows"
        checks.append(Check("warn", text, cure))
    return checks


def _compare_counters(
    runs: seg.HalfCycleRuns, counted: dict[str, np.ndarray], name: str, wrong: np.ndarray
) -> list[Check]:
    """The other counters of the file, held against the one that was taken."""
    charge, checks = runs.sums(counted[name]), []
    for other, passed in counted.items():
        differ = _compare(runs.sums(passed), charge)[~wrong]
        if other != name and differ.size and differ.max() > APART:
            text = f"the counters {name} and {other} differ by up to {100 * differ.max():.2g} %; the first was taken"
            checks.append(Check("warn", text, "it agrees with the integral of the current"))
    return checks


def _find_gaps(rows: CyclingRecord, runs: seg.HalfCycleRuns, sign: np.ndarray) -> list[str]:
    """Of each half cycle, where records are missing or the clock is lost while current flows; "" where nowhere."""
    lost = np.array([k for k in rows.lost if sign[k] != 0 and sign[k - 1] != 0], int)
    found = []
    for first, last in zip(runs.first.tolist(), runs.last.tolist(), strict=True):
        inside = lost[(lost > first) & (lost <= last)]
        if inside.size:
            found.append(f"time falls at {_name_row(rows, int(inside[0]))}, while current flows")
            continue
        gaps = record_checks.find_gaps(rows.time[first : last + 1], sign[first : last + 1] != 0)
        gaps = gaps[~np.isin(gaps + first, rows.breaks)]
        words = [_describe_gap(rows, first + int(k)) for k in gaps[:1]]
        found.append(words[0] if words else "")
    return found


def _name_row(rows: CyclingRecord, row: int) -> str:
    return f"record {row + 1 if rows.number is None else rows.number[row]}"


def _describe_gap(rows: CyclingRecord, row: int) -> str:
    seconds = rows.time[row] - rows.time[row - 1]
    return f"records are missing, or the clock jumped: {seconds:.6g} s under current before {_name_row(rows, row)}"


def _find_coarseness(
    rows: CyclingRecord, runs: seg.HalfCycleRuns, sign: np.ndarray, integral: np.ndarray
) -> np.ndarray:
    """Half of the current's last digit over the current of each half cycle (n,)."""
    if not len(runs):
        return np.zeros(0)
    digit = record_checks.find_resolution(rows.current[sign != 0])
    size = seg.find_typical_current(rows.current, integral, runs)
    return np.divide(0.5 * digit, size, out=np.zeros(len(runs)), where=size > 0)


def _find_adverse(rows: CyclingRecord, runs: seg.HalfCycleRuns, sign: np.ndarray) -> list[str]:
    """Of each half cycle, whether its voltage goes far against its current; "" where not."""
    there = rows.voltage[np.isfinite(rows.voltage)]
    window = float(np.ptp(there)) if there.size else 0.0
    found = []
    for first, last, way in zip(runs.first.tolist(), runs.last.tolist(), runs.sign.tolist(), strict=True):
        flowing = sign[first : last + 1] == way
        back = record_checks.find_adverse(rows.voltage[first : last + 1][flowing], way)
        far = window > 0.2 and back > record_checks.ADVERSE * window
        text = f"the voltage goes {back:.2g} V against the current in {rows.name_rows(first, last)}"
        found.append(text if far else "")
    return found


def _estimate_interval_error(rows: CyclingRecord, runs: seg.HalfCycleRuns) -> np.ndarray:
    """A start and an end, each known within one logging interval."""
    found = [
        np.abs(rows.current[b]) * np.median(np.diff(rows.time[a : b + 1])) if b > a else 0.0
        for a, b in zip(runs.first, runs.last, strict=True)
    ]
    return np.array(found) * np.sqrt(2 / 12)
