"""Wall clocks of cyclers: dates in any order and language, and what they prove about a test's own time.

A date such as 06/05/2021 does not say whether its day or its month comes first. What decides, in this order: a
number above 12; a month's name; a clock that would run backwards or leave the test's own time; a date of the file's
header that can be read in one way only; a decimal comma (no Windows region writes decimal commas together with the
month first). Dates with points have the day first everywhere. Where none does, the order is not told.
"""

import datetime
import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from nacre.core.signal import Note
from nacre.readers.text.numbers import unit_factor

_MONTHS = """
january jan januar jänner jän janvier janv enero ene gennaio gen januari
february feb februar février févr fév fevrier fevr febrero febbraio februari
march mar mars märz mär mrz marz marts maart mrt marzo
april apr avril avr abril abr aprile
may mai maj mei mayo maggio mag
june jun juni juin junio giugno giu
july jul juli juillet juil julio luglio lug
august aug août aout augusti augustus agosto ago
september sep sept septembre septiembre settembre set
october oct oktober okt octobre octubre ottobre ott
november nov novembre noviembre
december dec dezember dez desember des décembre déc diciembre dic dicembre
"""
MONTHS = {word: i for i, line in enumerate(_MONTHS.strip().splitlines(), 1) for word in line.split()}
_EPOCH = datetime.date(1970, 1, 1).toordinal()
_DAY = 86400.0
_ORDERS = ("dmy", "mdy")
_TIME = r"(\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?\s?[Mm]\.?)?)\s*$"


@dataclass(frozen=True)
class Clock:
    """Wall-clock seconds of every record, as read day first and month first (NaN where neither works).

    `orders` are the orders that every date of the file allows; where a month has a name, or the year comes first,
    the two readings are one. `dated` is False where the file gives the time of day only; `dotted` is True where all
    dates are written like 31.12.2024, which no country does with the month first.
    """

    seconds: dict[str, np.ndarray]
    orders: tuple[str, ...]
    dated: bool = True
    dotted: bool = False

    @property
    def one_reading(self) -> bool:
        if len(self.orders) == 1:
            return True
        first, second = self.seconds.values()
        return np.array_equal(first, second, equal_nan=True)


def read_date(text: str) -> dict[str, int]:
    """Days since 1970 of a date, for each order of day and month that it allows."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    words = (word.casefold() for word in re.findall(r"[^\W\d_]+", text))
    month = next((MONTHS[word] for word in words if word in MONTHS), None)
    if month is not None and len(numbers) >= 2:
        day, year = numbers[:2] if numbers[0] < 32 else numbers[1::-1]
        found = _days(year, month, day)
        return dict.fromkeys(_ORDERS, found) if found is not None else {}
    if month is not None or len(numbers) < 3:
        return {}
    if numbers[0] > 31:
        found = _days(*numbers[:3])
        return dict.fromkeys(_ORDERS, found) if found is not None else {}
    a, b, year = numbers[:3]
    both = {"dmy": _days(year, b, a), "mdy": _days(year, a, b)}
    return {order: days for order, days in both.items() if days is not None}


def _days(year: int, month: int, day: int) -> int | None:
    if year < 100:
        year += 2000 if year < 70 else 1900
    try:
        return datetime.date(year, month, day).toordinal() - _EPOCH
    except (ValueError, OverflowError):  # a damaged date may have very many digits
        return None


def read_clock(column: pl.Series) -> Clock | None:
    """The clock of a column of date-and-time text; None where it holds none."""
    fixed = _fixed_width(column)
    if fixed is None:
        parts = _split(column)
        time_of_day, dates = _time_of_day(parts["time"]), parts["date"].fill_null("")
    else:
        time_of_day, dates = fixed
    if not np.isfinite(time_of_day).any():
        return None
    known = {text: read_date(text) for text in dates.unique().to_list() if text.strip()}
    if not known:
        return Clock(dict.fromkeys(_ORDERS, _unrolled(time_of_day)), _ORDERS, dated=False)
    orders = tuple(order for order in _ORDERS if all(order in found for found in known.values()))
    if not orders:
        return None
    seconds = {}
    for order in orders:
        days = dates.replace_strict(
            list(known), [found[order] for found in known.values()], default=None, return_dtype=pl.Float64
        )
        seconds[order] = days.to_numpy() * _DAY + time_of_day
    dotted = all(re.match(r"\s*\d{1,2}\.\s?\d{1,2}\.\s?\d", text) for text in known)
    return Clock(seconds, orders, dotted=dotted)


def _fixed_width(column: pl.Series) -> tuple[np.ndarray, pl.Series] | None:
    """(time of day in s, dates) of a column that is all like `31/12/2024 23:59:59`, which is most; None of others."""
    if column.null_count() or not len(column) or not re.fullmatch(r"\S{8,10} \d\d:\d\d:\d\d", column[0]):
        return None
    width, joined = len(column[0]), column.str.join("").item().encode()
    if len(joined) != width * len(column) or column.str.len_bytes().min() != width:
        return None
    letters = np.frombuffer(joined, np.uint8).reshape(-1, width)
    digits = letters[:, width - 8 :].astype(np.int32) - 48
    marks, digits = digits[:, (2, 5)], digits[:, (0, 1, 3, 4, 6, 7)]
    if (marks != 10).any() or (letters[:, width - 9] != 32).any() or digits.min() < 0 or digits.max() > 9:
        return None
    seconds = digits @ np.array([36000, 3600, 600, 60, 10, 1], np.int32)
    return seconds.astype(float), column.str.slice(0, width - 9)


def _split(column: pl.Series) -> pl.DataFrame:
    column = column.str.strip_chars()
    sample = column.drop_nulls().head(50).to_list()
    if all(re.fullmatch(r"\S+ " + _TIME, text) for text in sample):
        both = column.str.splitn(" ", 2).struct
        return pl.DataFrame({"date": both.field("field_0"), "time": both.field("field_1")})
    return pl.DataFrame({"date": column.str.replace(_TIME, ""), "time": column.str.extract(_TIME)})


def _time_of_day(column: pl.Series) -> np.ndarray:
    sample = column.drop_nulls().head(50).to_list()
    if any(":" not in text for text in sample):
        column = column.str.replace_all(".", ":", literal=True)
    half = any(re.search("[AaPp]", text) for text in sample)
    core = column.str.strip_chars_end(" AaPpMm.") if half else column.str.strip_chars()
    fields = core.str.splitn(":", 3).struct
    hour, minute, second = (
        fields.field(f"field_{i}").str.replace(",", ".", literal=True).cast(pl.Float64, strict=False) for i in range(3)
    )
    hours = hour.fill_null(float("nan")).to_numpy()
    if half:
        afternoon = column.str.contains("[Pp]").fill_null(False).to_numpy()
        hours = hours % 12 + 12 * afternoon
    return hours * 3600 + minute.fill_null(float("nan")).to_numpy() * 60 + second.fill_null(0.0).to_numpy()


def _unrolled(time_of_day: np.ndarray) -> np.ndarray:
    """A time of day that falls by more than half a day has passed midnight."""
    rolls = np.zeros(len(time_of_day))
    rolls[1:] = np.diff(time_of_day) < -_DAY / 2
    return time_of_day + _DAY * np.cumsum(rolls)


def rate(clock: Clock, time: np.ndarray) -> float | None:
    """Seconds of wall clock per unit of test time: 1, 60 or 3600; None where the clock cannot tell."""
    return next((found for s in clock.seconds.values() if (found := _rate(s, time)) is not None), None)


def _rate(seconds: np.ndarray, time: np.ndarray) -> float | None:
    good = np.isfinite(seconds) & np.isfinite(time)
    seconds, time = seconds[good], time[good]
    if len(time) < 2:
        return None
    # the median over pieces of the run does not care for pauses; pieces must be long against the clock's 1 s
    for pieces in (200, 20, 1):
        at = np.unique(np.linspace(0, len(time) - 1, pieces + 1).astype(np.int64))
        d_clock, d_time = np.diff(seconds[at]), np.diff(time[at])
        long = (d_clock >= 5) & (d_time > 0)
        if long.sum() >= min(pieces, len(at) - 1) / 2:
            ratios = d_clock[long] / d_time[long]
            return unit_factor(float(np.median(ratios)), tolerance=0.02 + 1.5 / float(np.median(d_clock[long])))
    return None


def decide_order(clock: Clock, time: np.ndarray, header_dates: list[str], comma: bool) -> tuple[str, str]:
    """(order, why): which of day and month comes first; ("", why not) where the file does not tell.

    time : test time in s; header_dates : dates of the file's header, the start of the test first.
    """
    if clock.one_reading:
        return clock.orders[0], "the other makes no dates" if len(clock.orders) == 1 else ""
    jumps = {order: _jumps(clock.seconds[order], time) for order in clock.orders}
    best, worst = sorted(clock.orders, key=lambda order: jumps[order])
    if jumps[best] < jumps[worst]:
        return best, f"the other order makes the clock leave the test's own time {jumps[worst]} times"
    if clock.dotted:
        return "dmy", "dates with points have the day first"
    for text in header_dates:
        readings = read_date(re.sub(_TIME, "", text.strip()))
        if len(set(readings.values())) == 1 and len(readings) == 2:
            same = [o for o in clock.orders if abs(clock.seconds[o][0] / _DAY - readings[o]) < 2]
            if len(same) == 1:
                return same[0], f"the header's '{text}' says so"
        if len(readings) == 1:
            return next(iter(readings)), f"the header's '{text}' allows no other"
    if comma:
        return "dmy", "inferred, not proven: the file writes decimal commas"
    return "", "every date allows both orders, and nothing else in the file decides"


def _jumps(seconds: np.ndarray, time: np.ndarray) -> int:
    excess = np.diff(seconds) - np.diff(time)
    return int(np.sum(np.abs(excess[np.isfinite(excess)]) > _DAY / 2))


def against_test_time(seconds: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, list[Note]]:
    """The clock, mended where it was set back by an hour, and notes on how it agrees with the test's own time."""
    seconds, notes = _without_daylight_saving(seconds, time)
    good = np.flatnonzero(np.isfinite(seconds) & np.isfinite(time))
    if len(good) < 2:
        return seconds, notes
    excess = np.diff(seconds[good] - time[good])
    pauses = np.flatnonzero(excess > 60)
    drift = float(np.ptp(np.cumsum(np.delete(excess, pauses)))) if len(excess) > len(pauses) else 0.0
    hours = (time[good[-1]] - time[good[0]]) / 3600
    text = f"wall clock and test time agree to {drift:.3g} s over {hours:.4g} h"
    if len(pauses):
        text += f", {len(pauses)} pauses of {excess[pauses].sum() / 3600:.3g} h in all left out"
    if np.any(excess < -60):
        back = int(good[np.argmin(excess) + 1])
        notes.append(
            Note("warning", f"the wall clock stays behind the test time by {-excess.min():.0f} s at row {back}")
        )
    notes.append(Note("info" if drift < max(5.0, 36 * hours) else "warning", text))
    return seconds, notes


def _without_daylight_saving(seconds, time):
    excess = np.nan_to_num(np.diff(seconds) - np.diff(time))
    back = np.flatnonzero(np.abs(excess + 3600) <= 2)
    if not len(back):
        return seconds, []
    shift = np.zeros(len(seconds))
    shift[back + 1] = 3600
    text = f"the wall clock was set back by 1 h at row {back[0] + 1} (daylight saving) while the test time ran on"
    return seconds + np.cumsum(shift), [Note("repair", f"{text}; the later clock times keep the earlier zone")]
