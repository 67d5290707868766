"""What of two samples could not be compared, and why: sentences with counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nacre.core.display.wording import count
from nacre.evidence.contrasts.windows import Window, name_window

TECHNIQUES = ("cycling", "rate")  # that a peak, or a knee, is in one sample alone is a finding, and nothing to be said


@dataclass
class Held:
    """A condition under which something was measured, and how many quantities each sample has of it."""

    test: str
    state: Mapping[str, Any]
    counts: Counter = field(default_factory=Counter)
    met: bool = False
    windows: dict[str, set[Window]] = field(default_factory=lambda: defaultdict(set))


def say_unjoined(reference: str, treated: str, held: Iterable[Held]) -> list[str]:
    """One sentence for each reason why cycling quantities of two samples never meet."""
    held = [one for one in held if one.counts[reference] or one.counts[treated]]
    alone: dict[str, list[tuple[str, Held]]] = defaultdict(list)
    for one in held:
        if one.met:
            continue
        if one.counts[reference] and one.counts[treated]:
            alone["window"].append(("", one))
            continue
        owner, other = (reference, treated) if one.counts[reference] else (treated, reference)
        alone[_find_reason(one, [h for h in held if h.counts[other]])].append((owner, one))
    return [_SAY[reason](reference, treated, found) for reason, found in alone.items()]


def _find_reason(one: Held, others: list[Held]) -> str:
    """Why a condition has no counterpart among those of the other sample."""
    others = [other for other in others if other.test == one.test]
    if not others:
        return "test"
    rate = one.state.get("rate_C")
    if rate is not None and all(other.state.get("rate_C") != rate for other in others):
        return "rate"
    return "cycle"


def _count_all(found: list[tuple[str, Held]]) -> str:
    return count(sum(sum(one.counts.values()) for _, one in found), "quantity", "quantities")


def _list_alone(found: list[tuple[str, Held]], words) -> str:
    by_sample: dict[str, list[str]] = defaultdict(list)
    for sample, one in found:
        by_sample[sample].append(words(one))
    parts = []
    for sample, each in by_sample.items():
        unique = list(dict.fromkeys(each))
        more = f" and {len(unique) - 4} more" if len(unique) > 4 else ""
        parts.append(f"{sample} alone has {', '.join(unique[:4])}{more}")
    return "; ".join(parts)


def _say_window(reference: str, treated: str, found: list[tuple[str, Held]]) -> str:
    names = {
        sample: sorted({name_window(window) for _, one in found for window in one.windows[sample]})
        for sample in (reference, treated)
    }
    words = ", ".join(f"{sample}: {' and '.join(windows)}" for sample, windows in names.items())
    return f"{_count_all(found)} of {reference} and {treated} are not compared: the voltage windows differ ({words})"


def _say_rate(reference: str, treated: str, found: list[tuple[str, Held]]) -> str:
    words = _list_alone(found, lambda one: f"{one.state['rate_C']:g}C")
    return f"{_count_all(found)} of {reference} and {treated} are not compared: the C-rates differ ({words})"


def _say_test(reference: str, treated: str, found: list[tuple[str, Held]]) -> str:
    words = _list_alone(found, lambda one: f"the test '{one.test}'")
    return f"{_count_all(found)} of {reference} and {treated} are not compared: {words}"


def _say_cycle(reference: str, treated: str, found: list[tuple[str, Held]]) -> str:
    words = _list_alone(found, _name_place)
    return f"{_count_all(found)} of {reference} and {treated} are not compared: {words}"


def _name_place(one: Held) -> str:
    parts = [str(one.state["segment"])] if "segment" in one.state else []
    parts += [f"cycle {one.state['cycle']}"] if "cycle" in one.state else []
    return " ".join(parts) or (f"{one.state['rate_C']:g}C" if "rate_C" in one.state else "quantities of its own")


_SAY = {"window": _say_window, "rate": _say_rate, "test": _say_test, "cycle": _say_cycle}
