"""Which cycles age a cell: those declared so, else the long runs at one rate, check-ups left out."""

from collections.abc import Sequence
from dataclasses import replace

from nacre.techniques.cycling import half_cycles as hc

AGEING = ("ageing", "aging", "cycling", "long")  # how the names of declared segments begin
LONG = 10  # cycles at one rate that nobody declared as anything
SHORTEST = 2  # cycles of a declared ageing segment: a first one and a last


def is_ageing(name: str) -> bool:
    """Whether a segment is declared as ageing, by its name."""
    return name.lower().startswith(AGEING)


def find_ageing(parts: Sequence[hc.ProtocolPart]) -> list[hc.ProtocolPart]:
    """The stretches of ageing among the parts of a test, in order, each as one part at one rate.

    A declared segment is one stretch, however short; cycles in it at another rate than most are check-ups. Elsewhere
    parts at one rate belong together where what comes between them is shorter than the part before it: a check-up
    interrupts ageing, a rate test does not. Stretches of fewer than ten cycles that nobody declared are left out.
    """
    found = []
    for name in dict.fromkeys(part.name for part in parts):
        mine = sorted((part for part in parts if part.name == name), key=lambda part: part.cycles[0])
        if is_ageing(name):
            found.append(_at_main_rate(mine))
        else:
            found += [part for part in _bridge_check_ups(mine) if len(part.cycles) >= LONG]
    return sorted((part for part in found if len(part.cycles) >= SHORTEST), key=lambda part: part.cycles)


def _at_main_rate(parts: list[hc.ProtocolPart]) -> hc.ProtocolPart:
    """All cycles of a segment that ran at its most frequent rate, as one part."""
    by_rate: dict[float | None, list[int]] = {}
    for part in parts:
        by_rate.setdefault(part.rate, []).extend(part.cycles)
    rate, cycles = max(by_rate.items(), key=lambda item: len(item[1]))
    return replace(parts[0], cycles=tuple(sorted(cycles)), rate=rate)


def _bridge_check_ups(parts: list[hc.ProtocolPart]) -> list[hc.ProtocolPart]:
    """Parts at one rate joined over short interruptions at another."""
    found: list[hc.ProtocolPart] = []
    latest: dict[float | None, tuple[int, int]] = {}  # place in `found` and length of the latest run at a rate
    for part in parts:
        place, length = latest.get(part.rate, (-1, 0))
        between = part.cycles[0] - found[place].cycles[-1] - 1 if length else 0
        if between < length:
            found[place] = replace(found[place], cycles=(*found[place].cycles, *part.cycles))
        else:
            place = len(found)
            found.append(part)
        latest[part.rate] = place, len(part.cycles)
    return found


def divide_table(cycles: Sequence[int], rates: Sequence[float], segments: Sequence[str]) -> list[hc.ProtocolPart]:
    """The parts of a test again from its table of cycles: number, C-rate (NaN: unknown) and segment of each cycle."""
    found: list[hc.ProtocolPart] = []
    for number, rate, name in zip(cycles, rates, segments, strict=True):
        known = float(rate) if rate == rate else None
        if found and (found[-1].rate, found[-1].name) == (known, name) and found[-1].cycles[-1] == number - 1:
            found[-1] = replace(found[-1], cycles=(*found[-1].cycles, int(number)))
        else:
            found.append(hc.ProtocolPart((int(number),), known, str(name)))
    return found
